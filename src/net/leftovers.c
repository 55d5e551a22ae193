/* SPDX-License-Identifier: BSD-2-Clause */
/* What killed commands left in the network: links of jails that do not run,
 * and running jails without a guard. */
#include "net/internal.h"
#include "net/messages.h"

#include <linux/rtnetlink.h>

#include "base/array.h"
#include "base/finding.h"

/* Its routes, its neighbours and the jail's end go with it. */
static int
remove_link(const struct net_jail_link *link, struct err *err)
{
	_cleanup_(rtnl_batch_clear) struct rtnl_batch b = RTNL_BATCH_INIT;
	_cleanup_(net_jail_facts_clear) struct net_jail_facts facts = { 0 };
	_cleanup_(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct nlmsghdr *m;
	int r = net_jail_recover(link->jail, &facts, err);

	if (r == 0)
		r = net_jail_down(&facts, err);
	if (r == 0)
		r = rtnl_open(&nl, NETLINK_ROUTE, err);
	if (r < 0)
		return r;
	m = rtnl_add(&b, RTM_DELLINK, 0, RTNL_GONE, "remove %s", link->name);
	net_msg_put_link(m, link->index, false);
	return rtnl_run(&nl, &b, err);
}

static void
link_found(const struct net_jail_link *link, bool mend, struct findings *all)
{
	struct finding *f = finding_add(all, FINDING_WARNING, "left-link");
	struct err e = { 0 };

	finding_thing(f, "jail %s", link->jail);
	finding_what(
	    f, "its link %s is there, and it does not run", link->name);
	finding_why(f, "its addresses are taken");
	finding_fix(f, "ip link del %s", link->name);
	if (mend)
		finding_mended(f, remove_link(link, &e), &e);
}

static void
look_at_guard(bool mend, struct findings *all)
{
	struct err e = { 0 };
	struct finding *f;
	bool whole;

	if (net_guard_is_whole(&whole, &e) < 0) {
		findings_unchecked(all, "%s", e.msg);
		return;
	}
	if (whole)
		return;
	f = finding_add(all, FINDING_ERROR, "no-guard");
	finding_thing(f, "table inet " NET_GUARD_TABLE);
	finding_what(f, "the guard is gone while jails run");
	finding_why(f,
	    "nothing keeps them from sending with sources that are not "
	    "theirs; 'nft flush ruleset' does that");
	finding_fix(f, "gaol net up");
	if (mend)
		finding_mended(f, net_guard_ensure(&e), &e);
}

void
net_leftovers(const struct strv *running, bool mend, struct findings *all)
{
	_cleanup_(net_view_clear) struct net_view view = { 0 };
	struct err e = { 0 };

	if (net_view_read(&view, &e) < 0) {
		findings_unchecked(all, "%s", e.msg);
		return;
	}
	for (size_t i = 0; i < view.jails.n; i++)
		if (!strv_has(running, view.jails.v[i].jail))
			link_found(&view.jails.v[i], mend, all);
	if (running->n > 0 && view.jails.n > 0)
		look_at_guard(mend, all);
}
