/* SPDX-License-Identifier: BSD-2-Clause */
/* The routes of the kernel's main table. */
#include <errno.h>
#include <linux/rtnetlink.h>

#include "net/internal.h"

struct reading {
	struct net_routes *to;
	const struct net_view *view;
};

static const char *
name_of(const struct net_view *view, int index)
{
	for (size_t i = 0; i < view->n; i++)
		if (view->v[i].index == index)
			return view->v[i].pf_name;
	return NULL;
}

static const struct nlattr *
find_attr(const struct nlmsghdr *m, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, m, sizeof(struct rtmsg))
	{
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

/* The hop of a route with several: the first. */
static int
first_hop(const struct nlattr *multipath, const struct nlattr **ret_via)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(multipath);
	const struct nlattr *a = (const struct nlattr *)RTNH_DATA(hop);

	if (mnl_attr_get_payload_len(multipath) < sizeof(*hop))
		return 0;
	if (hop->rtnh_len > sizeof(*hop) && mnl_attr_get_type(a) == RTA_GATEWAY)
		*ret_via = a;
	return hop->rtnh_ifindex;
}

static int
on_route(const struct nlmsghdr *m, void *arg)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(m);
	struct reading *rd = arg;
	const struct nlattr *dst = find_attr(m, RTA_DST);
	const struct nlattr *via = find_attr(m, RTA_GATEWAY);
	const struct nlattr *oif = find_attr(m, RTA_OIF);
	const struct nlattr *prio = find_attr(m, RTA_PRIORITY);
	const struct nlattr *hops = find_attr(m, RTA_MULTIPATH);
	struct net_route route = { 0 };
	const char *name;

	if (info->rtm_table != RT_TABLE_MAIN || info->rtm_type != RTN_UNICAST)
		return 0;
	name = name_of(rd->view,
	    oif	       ? (int)mnl_attr_get_u32(oif)
		: hops ? first_hop(hops, &via)
		       : 0);
	if (name == NULL)
		return 0; /* over a jail's link, or none of the view's */
	route.net.family = info->rtm_family;
	route.net.plen = info->rtm_dst_len;
	if (dst != NULL &&
	    !net_get_addr(dst, info->rtm_family, info->rtm_dst_len, &route.net))
		return 0;
	if (via != NULL)
		(void)net_get_addr(via, info->rtm_family,
		    info->rtm_family == AF_INET ? 32 : 128, &route.via);
	net_copy_ifname(route.ifname, name);
	route.metric = prio ? mnl_attr_get_u32(prio) : 0;
	*array_add(rd->to) = route;
	return 0;
}

static void
again(void *arg)
{
	struct reading *rd = arg;

	rd->to->n = 0;
}

int
net_routes_read(
    const struct net_view *view, struct net_routes *ret, struct err *err)
{
	_cleanup_(rtnl_close) struct rtnl nl = RTNL_INIT;
	const struct rtmsg all = { 0 };
	struct net_routes routes = { 0 };
	struct reading rd = { &routes, view };
	int r = rtnl_open(&nl, NETLINK_ROUTE, err);

	if (r == 0)
		r = rtnl_dump(&nl, RTM_GETROUTE, &all, sizeof(all), on_route,
		    again, &rd, err);
	if (r < 0) {
		array_clear(&routes);
		return r;
	}
	*ret = routes;
	return 0;
}
