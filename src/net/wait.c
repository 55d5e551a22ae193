/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for what the kernel leaves to its work queues. Both things take
 * well under a millisecond on an idle machine, and lost packets on a busy one.
 */
#include <errno.h>
#include <unistd.h>

#include "net/messages.h"

enum { TRIES = 2500, PAUSE_US = 200 };

/* Ask until `take` has found what was waited for: *arg is true then. */
static int
ask_until(struct rtnl *nl, void (*ask)(struct rtnl_batch *b, const void *what),
    const void *what, rtnl_answer *take, const char *text, struct err *err)
{
	for (int i = 0; i < TRIES; i++) {
		_cleanup_(rtnl_batch_clear) struct rtnl_batch b =
		    RTNL_BATCH_INIT;
		bool found = false;
		int r;

		ask(&b, what);
		r = rtnl_run_answers(nl, &b, take, &found, err);
		if (r < 0 || found)
			return r;
		usleep(PAUSE_US);
	}
	return err_set(err, ETIMEDOUT, "waited in vain for %s", text);
}

/* ---- the carrier ---- */

static void
ask_link(struct rtnl_batch *b, const void *what)
{
	net_msg_get_link(b, what);
}

static int
take_operstate(const struct nlmsghdr *m, void *arg)
{
	/* IF_OPER_UP; <linux/if.h> has it and cannot meet <net/if.h>. */
	enum { OPER_UP = 6 };
	const struct nlattr *attr;

	if (m->nlmsg_type != RTM_NEWLINK)
		return 0;
	mnl_attr_for_each(
	    attr, m, sizeof(struct ifinfomsg)) if (mnl_attr_get_type(attr) ==
		IFLA_OPERSTATE &&
	    mnl_attr_get_u8(attr) == OPER_UP) *
	    (bool *)arg = true;
	return 0;
}

/* What is sent over a link is dropped until the kernel has noticed that its
 * carrier came: one start in five lost its first packets. Since Linux 6.8
 * asking for the link makes it notice. */
int
net_wait_carrier(struct rtnl *nl, const char *ifname, struct err *err)
{
	return ask_until(
	    nl, ask_link, ifname, take_operstate, "the carrier", err);
}

/* ---- an address ---- */

static void
ask_route(struct rtnl_batch *b, const void *what)
{
	const struct net_addr *addr = what;
	/* Until it is there, the answer may be that there is no route. */
	struct nlmsghdr *m =
	    rtnl_add(b, RTM_GETROUTE, 0, ENETUNREACH, "look for a local route");
	struct rtmsg *rt = mnl_nlmsg_put_extra_header(m, sizeof(*rt));

	rt->rtm_family = addr->family;
	rt->rtm_dst_len = addr->plen;
	net_put_addr(m, RTA_DST, addr);
}

static int
take_local(const struct nlmsghdr *m, void *arg)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(m);

	if (m->nlmsg_type == RTM_NEWROUTE && rt->rtm_type == RTN_LOCAL)
		*(bool *)arg = true;
	return 0;
}

/* IPv4 has its local route when the address is added. IPv6 leaves even an
 * address without duplicate detection to the queue that does that. */
int
net_wait_local(struct rtnl *nl, const struct net_addr *addr, struct err *err)
{
	if (addr->family == AF_INET)
		return 0;
	return ask_until(nl, ask_route, addr, take_local, "an address", err);
}
