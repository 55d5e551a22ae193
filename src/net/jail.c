/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A jail's network: a veth pair, routed.
 *
 *	host					jail's namespace
 *	jail-mydb  (group, alias, no address)	lo1  192.168.0.2/32
 *	route 192.168.0.2/32 over jail-mydb	default via 192.168.0.1
 *	neighbour 192.168.0.2: the jail's MAC	neighbour 192.168.0.1
 *
 * Routed, because a bridge slows with its ports and changes its MAC with
 * them. Neighbours are static both ways: the gateway's address sits on lo1
 * and not on the veth, so with arp_ignore=1 on the host, and always in IPv6,
 * nobody would answer for it.
 *
 * The host end goes with the jail's namespace, which the kernel takes apart
 * some milliseconds after its last process. Deleting the pair ourselves would
 * wait for that (13 to 26 ms), so a stop takes away its routes and its alias,
 * and leaves the rest to the kernel. Without routes the guard lets nothing
 * out of it.
 */
#include "net/internal.h"
#include "net/messages.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/veth.h>
#include <sys/random.h>

#include "base/array.h"
#include "base/guard.h"
#include "base/steps.h"

struct up {
	const struct net_jail_spec *spec;
	struct net_jail_facts *facts;
	struct net_view view;
	struct net_places places;
	struct rtnl host;
	uint8_t host_mac[6], jail_mac[6];
	int jail_index; /* of the jail's end, in its namespace */
	bool ipv6;	/* the kernel has it */
};

static void
up_clear(struct up *up)
{
	net_view_clear(&up->view);
	array_clear(&up->places);
	rtnl_close(&up->host);
}

/* ---- step: the pair ---- */

/* A locally administered, unicast address. Ours, so that no manager of links
 * thinks it should give one. */
static int
random_mac(uint8_t mac[6], struct err *err)
{
	if (getrandom(mac, 6, 0) != 6)
		return err_errno(err, "cannot get random bytes");
	mac[0] = (uint8_t)((mac[0] & 0xfc) | 0x02);
	return 0;
}

/* "jail-NAME", cut to what fits; the n-th try ends in ".n": the host end of
 * a jail that was just stopped may still be on its way out. */
static void
host_end_name(const char *jail, unsigned int try, char ret[IFNAMSIZ])
{
	char suffix[8] = "";
	int room;

	if (try > 0)
		snprintf(suffix, sizeof(suffix), ".%u", try);
	room = (int)(IFNAMSIZ - 1 - strlen("jail-") - strlen(suffix));
	snprintf(ret, IFNAMSIZ, "jail-%.*s%s", room, jail, suffix);
}

static void
add_pair(struct rtnl_batch *b, const struct up *up, unsigned int mtu)
{
	const struct net_jail_facts *facts = up->facts;
	struct nlmsghdr *m = rtnl_add(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
	    0, "make the veth pair %s and %s", facts->ifname, facts->inside);
	struct nlattr *info, *data, *peer;

	net_msg_put_link(m, 0, false);
	mnl_attr_put_strz(m, IFLA_IFNAME, facts->ifname);
	mnl_attr_put_u32(m, IFLA_GROUP, NET_GROUP);
	mnl_attr_put_u32(m, IFLA_MTU, mtu);
	mnl_attr_put(m, IFLA_ADDRESS, 6, up->host_mac);
	info = mnl_attr_nest_start(m, IFLA_LINKINFO);
	mnl_attr_put_strz(m, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(m, VETH_INFO_PEER);
	net_msg_put_link(m, 0, false);
	mnl_attr_put_strz(m, IFLA_IFNAME, facts->inside);
	mnl_attr_put_u32(m, IFLA_MTU, mtu);
	mnl_attr_put(m, IFLA_ADDRESS, 6, up->jail_mac);
	mnl_attr_put_u32(m, IFLA_NET_NS_FD, (uint32_t)up->spec->netns_fd);
	mnl_attr_nest_end(m, peer);
	mnl_attr_nest_end(m, data);
	mnl_attr_nest_end(m, info);
}

static int
take_index(const struct nlmsghdr *m, void *arg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(m);

	if (m->nlmsg_type == RTM_NEWLINK)
		*(int *)arg = info->ifi_index;
	return 0;
}

/* The mtu of what the jail's packets will pass; lo's own has no meaning
 * outside, and is more than a veth can have. */
static unsigned int
pair_mtu(const struct up *up)
{
	const struct net_if *ifp = up->places.v[0].ifp;

	return ifp->flags & IFF_LOOPBACK ? 1500 : ifp->mtu;
}

static int
make_pair(struct up *up, unsigned int try, struct err *err)
{
	_cleanup_(rtnl_batch_clear) struct rtnl_batch b = RTNL_BATCH_INIT;
	int index = 0, r;

	host_end_name(up->spec->name, try, up->facts->ifname);
	add_pair(&b, up, pair_mtu(up));
	net_msg_get_link(&b, up->facts->ifname);
	r = rtnl_run_answers(&up->host, &b, take_index, &index, err);
	if (r == 0)
		up->facts->ifindex = index;
	return r;
}

/* Only after a failure: a stop leaves the pair to the kernel. */
static int
link_undo(void *ctx, struct err *err)
{
	_cleanup_(rtnl_batch_clear) struct rtnl_batch b = RTNL_BATCH_INIT;
	struct up *up = ctx;
	struct nlmsghdr *m = rtnl_add(
	    &b, RTM_DELLINK, 0, RTNL_GONE, "remove %s", up->facts->ifname);

	net_msg_put_link(m, up->facts->ifindex, false);
	return rtnl_run(&up->host, &b, err);
}

static int
link_run(void *ctx, struct err *err)
{
	struct up *up = ctx;
	int r;

	r = random_mac(up->host_mac, err);
	if (r == 0)
		r = random_mac(up->jail_mac, err);
	if (r < 0)
		return r;
	for (unsigned int try = 0; try < 100; try++) {
		r = make_pair(up, try, err);
		if (r == 0)
			err_clear(err);
		if (r != -EEXIST)
			break;
	}
	if (r < 0 || up->spec->made == NULL)
		return r;
	r = up->spec->made(up->spec->arg, up->facts, err);
	if (r < 0)
		(void)link_undo(up, NULL);
	return r;
}

/* ---- step: the guard ---- */

/* One for all jails: there is nothing to undo. */
static int
guard_run(void *ctx _unused_, struct err *err)
{
	return net_guard_ensure(err);
}

/* ---- step: the host's side ---- */

/* A jail's packets are forwarded even where gateway_enable is off, as a jail
 * on FreeBSD reaches its neighbours without it. */
static void
put_forwarding(struct nlmsghdr *m)
{
	struct nlattr *spec, *inet, *conf;

	spec = mnl_attr_nest_start(m, IFLA_AF_SPEC);
	inet = mnl_attr_nest_start(m, AF_INET);
	conf = mnl_attr_nest_start(m, IFLA_INET_CONF);
	mnl_attr_put_u32(m, IPV4_DEVCONF_FORWARDING, 1);
	mnl_attr_nest_end(m, conf);
	mnl_attr_nest_end(m, inet);
	mnl_attr_nest_end(m, spec);
}

/* Every neighbour on the link is written down: what a jail with raw sockets
 * claims to be is not learned, and cannot fill the host's table. */
static void
put_no_arp(struct ifinfomsg *info)
{
	if (guard_off("arp"))
		return;
	info->ifi_flags |= IFF_NOARP;
	info->ifi_change |= IFF_NOARP;
}

/*
 * The host talks to its jails from its address in their network. Not on a real
 * interface: when its address changes, by DHCP, the kernel removes the routes
 * that name it as their source.
 */
static const struct net_addr *
host_source(const struct net_place *place)
{
	return place->ifp->cloned_lo ? &place->gateway : NULL;
}

static int
host_run(void *ctx, struct err *err)
{
	_cleanup_(rtnl_batch_clear) struct rtnl_batch b = RTNL_BATCH_INIT;
	_cleanup_(str_clear) struct str alias = STR_INIT;
	struct up *up = ctx;
	int index = up->facts->ifindex, r;
	struct nlmsghdr *m;

	r = net_alias_write(up->spec->name, &up->facts->addrs, &alias, err);
	if (r < 0)
		return r;
	net_msg_alias(&b, index, alias.buf, false);
	m = rtnl_add(&b, RTM_NEWLINK, 0, 0, "configure %s", up->facts->ifname);
	put_no_arp(net_msg_put_link(m, index, false));
	put_forwarding(m);
	if (up->ipv6) {
		/* Of two attributes of one kind the kernel takes the last. */
		m = rtnl_add(
		    &b, RTM_NEWLINK, 0, 0, "configure %s", up->facts->ifname);
		net_msg_put_link(m, index, false);
		net_msg_put_no_link_local(m);
	}
	net_msg_link_up(&b, index, up->facts->ifname);
	for (size_t i = 0; i < up->places.n; i++) {
		net_msg_neighbour(
		    &b, index, &up->places.v[i].addr, up->jail_mac);
		net_msg_host_route(&b, &up->places.v[i].addr,
		    host_source(&up->places.v[i]), index);
	}
	return rtnl_run(&up->host, &b, err);
}

/* ---- step: the jail's side ---- */

/* The default route of one family, by its first address's gateway. */
static void
add_default(struct rtnl_batch *b, const struct up *up, int family)
{
	struct net_addr any = { .family = (uint8_t)family };
	const struct net_place *place = NULL;
	struct nlmsghdr *m;
	struct rtmsg *rt;
	char buf[NET_ADDR_STRLEN];

	for (size_t i = 0; i < up->places.n && !place; i++)
		if (up->places.v[i].addr.family == family)
			place = &up->places.v[i];
	if (!place)
		return;
	net_msg_neighbour(b, up->jail_index, &place->gateway, up->host_mac);
	m = rtnl_add(b, RTM_NEWROUTE, NLM_F_CREATE, 0, "default route via %s",
	    net_addr_format(&place->gateway, false, buf));
	rt = net_msg_put_route(m, &any, up->jail_index);
	rt->rtm_scope = RT_SCOPE_UNIVERSE;
	rt->rtm_flags = RTNH_F_ONLINK;
	net_put_addr(m, RTA_GATEWAY, &place->gateway);
	/* As on FreeBSD, what binds to no address sends from the first. */
	net_put_addr(m, RTA_PREFSRC, &place->addr);
}

static void
add_loopback_up(struct rtnl_batch *b)
{
	net_msg_link_up(b, 1, "lo");
}

static int
configure_inside(struct up *up, struct rtnl *nl, struct err *err)
{
	_cleanup_(rtnl_batch_clear) struct rtnl_batch b = RTNL_BATCH_INIT;
	struct nlmsghdr *m;
	int r;

	add_loopback_up(&b);
	net_msg_get_link(&b, up->facts->inside);
	r = rtnl_run_answers(nl, &b, take_index, &up->jail_index, err);
	if (r < 0)
		return r;
	if (up->ipv6) {
		m = rtnl_add(
		    &b, RTM_NEWLINK, 0, 0, "configure %s", up->facts->inside);
		net_msg_put_link(m, up->jail_index, false);
		net_msg_put_no_link_local(m);
	}
	net_msg_link_up(&b, up->jail_index, up->facts->inside);
	for (size_t i = 0; i < up->places.n; i++)
		net_msg_jail_address(&b, up->jail_index, &up->places.v[i].addr);
	add_default(&b, up, AF_INET);
	add_default(&b, up, AF_INET6);
	r = rtnl_run(nl, &b, err);
	for (size_t i = 0; i < up->places.n && r == 0; i++)
		r = net_wait_local(nl, &up->places.v[i].addr, err);
	return r;
}

/*
 * FreeBSD lets a jail's root bind any port. Here jail root has no capability
 * over the namespace, so all its ports are unprivileged instead. Nobody may
 * open ping sockets: like raw sockets, they are off in a jail.
 */
static int
set_inside_sysctls(struct err *err)
{
	int r = net_sysctl_write("ipv4/ip_unprivileged_port_start", "0", err);

	if (r == 0)
		r = net_sysctl_write("ipv4/ping_group_range", "1 0", err);
	return r;
}

static int
inside_run(void *ctx, struct err *err)
{
	_cleanup_(rtnl_close) struct rtnl nl = RTNL_INIT;
	_cleanup_(net_ns_leave) int back = -1;
	struct up *up = ctx;
	int r;

	r = net_ns_enter(up->spec->netns_fd, &back, err);
	if (r == 0)
		r = rtnl_open(&nl, NETLINK_ROUTE, err);
	if (r == 0)
		r = set_inside_sysctls(err);
	if (r == 0)
		r = configure_inside(up, &nl, err);
	return r;
}

/* ---- step: the carrier ---- */

/* The host end was set up when its peer was still down; the other end comes up
 * with its carrier there and has no such gap. */
static int
carrier_run(void *ctx, struct err *err)
{
	struct up *up = ctx;

	return net_wait_carrier(&up->host, up->facts->ifname, err);
}

/* ---- step: proxy ARP and ND ---- */

static int
proxy_run(void *ctx, struct err *err)
{
	_cleanup_(rtnl_batch_clear) struct rtnl_batch b = RTNL_BATCH_INIT;
	struct up *up = ctx;

	for (size_t i = 0; i < up->places.n; i++) {
		const struct net_place *p = &up->places.v[i];

		if (p->proxy && p->addr.family == AF_INET6) {
			int r = net_proxy_on(p->ifp->name, err);

			if (r < 0)
				return r;
		}
		if (p->proxy)
			net_msg_proxy(
			    &b, RTM_NEWNEIGH, &p->addr, p->ifp->index);
	}
	return rtnl_run(&up->host, &b, err);
}

static bool
proxy_wanted(const void *ctx)
{
	const struct up *up = ctx;

	for (size_t i = 0; i < up->places.n; i++)
		if (up->places.v[i].proxy)
			return true;
	return false;
}

/* Entries of interfaces that have gone went with them. */
static void
add_proxy_ends(struct rtnl_batch *b, const struct net_jail_facts *facts)
{
	for (size_t i = 0; i < facts->addrs.n; i++) {
		const struct net_jail_addr *a = &facts->addrs.v[i];
		unsigned int index = if_nametoindex(net_kernel_name(a->ifname));

		if (index > 0 && !net_is_cloned_lo(a->ifname))
			net_msg_proxy(b, RTM_DELNEIGH, &a->addr, (int)index);
	}
}

/* When the entries are gone: those that need it no more. */
static int
proxies_off(
    struct rtnl *nl, const struct net_jail_facts *facts, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < facts->addrs.n && r == 0; i++) {
		const struct net_jail_addr *a = &facts->addrs.v[i];

		if (a->addr.family == AF_INET6 && !net_is_cloned_lo(a->ifname))
			r = net_proxy_off(nl, net_kernel_name(a->ifname), err);
	}
	return r;
}

static int
proxy_undo(void *ctx, struct err *err)
{
	_cleanup_(rtnl_batch_clear) struct rtnl_batch b = RTNL_BATCH_INIT;
	struct up *up = ctx;
	int r;

	add_proxy_ends(&b, up->facts);
	r = rtnl_run(&up->host, &b, err);
	return r < 0 ? r : proxies_off(&up->host, up->facts, err);
}

/* ---- pf ---- */

static int
sync_pf(void *ctx _unused_, struct err *err)
{
	return net_pf_sync(err);
}

/* ---- up and down ---- */

/* The guard comes before the addresses: there is no moment in which the
 * jail's end is up and its sources are not looked at. */
static const struct step net_steps_v[] = {
	/* Walked back last, when the addresses are gone. */
	{ "forget", "tell pf that the addresses are gone", NULL, sync_pf,
	    NULL },
	{ "link", "make the veth pair", link_run, link_undo, NULL },
	{ "guard", "guard the jail's sources", guard_run, NULL, NULL },
	{ "host", "set the host's side up", host_run, NULL, NULL },
	{ "tell", "tell pf the jail's addresses", sync_pf, NULL, NULL },
	{ "inside", "set the jail's side up", inside_run, NULL, NULL },
	{ "carrier", "wait for the carrier", carrier_run, NULL, NULL },
	{ "proxy", "answer for the jail's addresses", proxy_run, proxy_undo,
	    proxy_wanted },
};

const struct steps net_jail_steps = {
	.name = "net",
	.v = net_steps_v,
	.n = ARRAY_SIZE(net_steps_v),
};

static int
loopback_only(const struct net_jail_spec *spec, struct err *err)
{
	_cleanup_(rtnl_batch_clear) struct rtnl_batch b = RTNL_BATCH_INIT;
	_cleanup_(rtnl_close) struct rtnl nl = RTNL_INIT;
	_cleanup_(net_ns_leave) int back = -1;
	int r;

	r = net_ns_enter(spec->netns_fd, &back, err);
	if (r == 0)
		r = rtnl_open(&nl, NETLINK_ROUTE, err);
	if (r == 0)
		r = set_inside_sysctls(err);
	if (r < 0)
		return r;
	add_loopback_up(&b);
	return rtnl_run(&nl, &b, err);
}

/* What a jail of this name left that ended without a stop. */
static int
clear_leftovers(struct up *up, struct err *err)
{
	for (size_t j = 0; j < up->view.jails.n; j++) {
		const struct net_jail_link *jail = &up->view.jails.v[j];
		struct net_jail_facts facts = { .ifindex = jail->index };
		int r;

		if (!streq(jail->jail, up->spec->name))
			continue;
		for (size_t i = 0; i < jail->addrs.n; i++)
			array_add(&facts.addrs)->addr = jail->addrs.v[i];
		r = net_jail_down(&facts, err);
		net_jail_facts_clear(&facts);
		if (r < 0)
			return r;
	}
	return 0;
}

static void
fill_facts(const struct up *up, struct net_jail_facts *facts)
{
	for (size_t i = 0; i < up->places.n; i++) {
		struct net_jail_addr *a = array_add(&facts->addrs);

		net_copy_ifname(a->ifname, up->places.v[i].ifp->pf_name);
		a->addr = up->places.v[i].addr;
	}
	net_copy_ifname(facts->inside, facts->addrs.v[0].ifname);
}

int
net_jail_up(const struct net_jail_spec *spec, struct net_jail_facts *ret,
    struct err *err)
{
	_cleanup_(net_jail_facts_clear) struct net_jail_facts facts = { 0 };
	_cleanup_(up_clear) struct up up = {
		.spec = spec,
		.facts = &facts,
		.host = RTNL_INIT,
		.ipv6 = net_has_ipv6(),
	};
	int r;

	if (spec->addrs->n == 0) {
		*ret = (struct net_jail_facts){ 0 };
		return loopback_only(spec, err);
	}
	r = net_view_read_for(spec->addrs, &up.view, err);
	if (r == 0)
		r = net_jail_place(
		    &up.view, spec->name, spec->addrs, &up.places, err);
	if (r == 0)
		r = clear_leftovers(&up, err);
	if (r == 0)
		r = rtnl_open(&up.host, NETLINK_ROUTE, err);
	if (r < 0)
		return r;
	fill_facts(&up, &facts);
	r = steps_run(&net_jail_steps, &up, err);
	if (r < 0)
		return r;
	*ret = facts;
	facts = (struct net_jail_facts){ 0 };
	return 0;
}

int
net_jail_down(const struct net_jail_facts *facts, struct err *err)
{
	_cleanup_(rtnl_batch_clear) struct rtnl_batch b = RTNL_BATCH_INIT;
	_cleanup_(rtnl_close) struct rtnl nl = RTNL_INIT;
	int r;

	if (facts->ifindex == 0)
		return 0;
	r = rtnl_open(&nl, NETLINK_ROUTE, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < facts->addrs.n; i++)
		net_msg_del_route(&b, &facts->addrs.v[i].addr, facts->ifindex);
	add_proxy_ends(&b, facts);
	net_msg_alias(&b, facts->ifindex, "", true);
	r = rtnl_run(&nl, &b, err);
	if (r == 0)
		r = proxies_off(&nl, facts, err);
	if (r == 0)
		r = net_pf_sync(err);
	return r;
}
