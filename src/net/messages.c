/* SPDX-License-Identifier: BSD-2-Clause */
/* The rtnetlink messages that net sends: links, addresses, routes,
 * neighbours. */
#include "net/messages.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>

struct ifinfomsg *
net_msg_put_link(struct nlmsghdr *m, int index, bool set_up)
{
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));

	info->ifi_family = AF_UNSPEC;
	info->ifi_index = index;
	if (set_up)
		info->ifi_flags = info->ifi_change = IFF_UP;
	return info;
}

void
net_msg_link_up(struct rtnl_batch *b, int index, const char *name)
{
	struct nlmsghdr *m = rtnl_add(b, RTM_NEWLINK, 0, 0, "%s: set up", name);

	net_msg_put_link(m, index, true);
}

void
net_msg_put_no_link_local(struct nlmsghdr *m)
{
	struct nlattr *spec, *inet6;

	spec = mnl_attr_nest_start(m, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(m, AF_INET6);
	mnl_attr_put_u8(m, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(m, inet6);
	mnl_attr_nest_end(m, spec);
}

void
net_msg_neighbour(struct rtnl_batch *b, int index, const struct net_addr *addr,
    const uint8_t mac[6])
{
	char buf[NET_ADDR_STRLEN];
	struct nlmsghdr *m =
	    rtnl_add(b, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, 0,
		"neighbour %s", net_addr_format(addr, false, buf));
	struct ndmsg *nd = mnl_nlmsg_put_extra_header(m, sizeof(*nd));

	nd->ndm_family = addr->family;
	nd->ndm_ifindex = index;
	nd->ndm_state = NUD_PERMANENT;
	net_put_addr(m, NDA_DST, addr);
	mnl_attr_put(m, NDA_LLADDR, 6, mac);
}

struct rtmsg *
net_msg_put_route(struct nlmsghdr *m, const struct net_addr *dst, int index)
{
	struct rtmsg *rt = mnl_nlmsg_put_extra_header(m, sizeof(*rt));

	rt->rtm_family = dst->family;
	rt->rtm_dst_len = dst->plen;
	rt->rtm_table = RT_TABLE_MAIN;
	rt->rtm_protocol = RTPROT_STATIC;
	rt->rtm_type = RTN_UNICAST;
	if (dst->plen > 0)
		net_put_addr(m, RTA_DST, dst);
	mnl_attr_put_u32(m, RTA_OIF, (uint32_t)index);
	return rt;
}

void
net_msg_host_route(struct rtnl_batch *b, const struct net_addr *addr,
    const struct net_addr *src, int index)
{
	char buf[NET_ADDR_STRLEN];
	/* EXCL: of two jails that want one address at once, one fails. */
	struct nlmsghdr *m =
	    rtnl_add(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, 0,
		"route to %s", net_addr_format(addr, false, buf));
	struct rtmsg *rt = net_msg_put_route(m, addr, index);

	rt->rtm_scope =
	    addr->family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	if (src)
		net_put_addr(m, RTA_PREFSRC, src);
}

void
net_msg_del_route(struct rtnl_batch *b, const struct net_addr *addr, int index)
{
	char buf[NET_ADDR_STRLEN];
	struct nlmsghdr *m = rtnl_add(b, RTM_DELROUTE, 0, RTNL_GONE,
	    "remove the route to %s", net_addr_format(addr, false, buf));
	struct rtmsg *rt = net_msg_put_route(m, addr, index);

	rt->rtm_scope = RT_SCOPE_NOWHERE;
	rt->rtm_protocol = RTPROT_UNSPEC;
}

void
net_msg_alias(struct rtnl_batch *b, int index, const char *alias, bool gone_ok)
{
	struct nlmsghdr *m = rtnl_add(b, RTM_NEWLINK, 0,
	    gone_ok ? RTNL_GONE : 0, "set the host end's alias");

	net_msg_put_link(m, index, false);
	mnl_attr_put(m, IFLA_IFALIAS, strlen(alias), alias);
}

void
net_msg_get_link(struct rtnl_batch *b, const char *name)
{
	struct nlmsghdr *m = rtnl_add(b, RTM_GETLINK, 0, 0, "find %s", name);

	net_msg_put_link(m, 0, false);
	mnl_attr_put_strz(m, IFLA_IFNAME, name);
	mnl_attr_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

void
net_msg_jail_address(
    struct rtnl_batch *b, int index, const struct net_addr *addr)
{
	char buf[NET_ADDR_STRLEN];
	struct nlmsghdr *m = rtnl_add(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL,
	    0, "add %s", net_addr_format(addr, false, buf));
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));

	info->ifa_family = addr->family;
	info->ifa_prefixlen = addr->plen;
	info->ifa_scope = RT_SCOPE_UNIVERSE;
	info->ifa_index = (uint32_t)index;
	net_put_addr(m, IFA_LOCAL, addr);
	net_put_addr(m, IFA_ADDRESS, addr);
	mnl_attr_put_u32(m, IFA_FLAGS, IFA_F_NODAD | IFA_F_PERMANENT);
}

void
net_msg_proxy(
    struct rtnl_batch *b, uint16_t type, const struct net_addr *addr, int index)
{
	bool add = type == RTM_NEWNEIGH;
	char buf[NET_ADDR_STRLEN];
	struct nlmsghdr *m =
	    rtnl_add(b, type, add ? NLM_F_CREATE | NLM_F_REPLACE : 0,
		add ? 0 : RTNL_GONE, "%s answering for %s",
		add ? "start" : "stop", net_addr_format(addr, false, buf));
	struct ndmsg *nd = mnl_nlmsg_put_extra_header(m, sizeof(*nd));

	nd->ndm_family = addr->family;
	nd->ndm_ifindex = index;
	nd->ndm_flags = NTF_PROXY;
	nd->ndm_state = NUD_PERMANENT;
	net_put_addr(m, NDA_DST, addr);
}
