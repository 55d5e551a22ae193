/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The view: links, addresses and host routes of the kernel, put together as
 * pf's and people's interfaces. Nothing is remembered between two readings.
 */
#include "net/internal.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "base/array.h"

/* The view in the making; aliases[i] belongs to view->jails.v[i]. */
struct reading {
	struct net_view *view;
	struct {
		struct net_alias *v;
		size_t n, cap;
	} aliases;
};

static void
aliases_clear(struct reading *rd)
{
	for (size_t i = 0; i < rd->aliases.n; i++)
		net_alias_clear(&rd->aliases.v[i]);
	array_clear(&rd->aliases);
}

static void
reading_reset(struct reading *rd)
{
	net_view_clear(rd->view);
	aliases_clear(rd);
}

/* ---- links ---- */

/* The attributes of a link message that the view needs. */
struct link_attrs {
	const char *name, *alias, *kind;
	const struct nlattr *mac;
	uint32_t mtu, group;
};

static int
link_attr(const struct nlattr *attr, void *arg)
{
	struct link_attrs *l = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		l->name = mnl_attr_get_str(attr);
		break;
	case IFLA_IFALIAS:
		l->alias = mnl_attr_get_str(attr);
		break;
	case IFLA_ADDRESS:
		l->mac = attr;
		break;
	case IFLA_MTU:
		l->mtu = mnl_attr_get_u32(attr);
		break;
	case IFLA_GROUP:
		l->group = mnl_attr_get_u32(attr);
		break;
	case IFLA_LINKINFO: {
		const struct nlattr *inner;

		mnl_attr_for_each_nested(
		    inner, attr) if (mnl_attr_get_type(inner) == IFLA_INFO_KIND)
		    l->kind = mnl_attr_get_str(inner);
		break;
	}
	}
	return MNL_CB_OK;
}

static void
add_jail_link(struct reading *rd, int index, const struct link_attrs *l)
{
	struct net_alias alias = { 0 };
	struct net_jail_link *jail;

	if (!l->alias || !net_alias_read(l->alias, &alias))
		return; /* on its way out */
	jail = array_add(&rd->view->jails);
	jail->index = index;
	net_copy_ifname(jail->name, l->name);
	jail->jail = xstrdup(alias.jail);
	*array_add(&rd->aliases) = alias;
}

static void
add_if(struct reading *rd, const struct ifinfomsg *info,
    const struct link_attrs *l)
{
	struct net_if *i = array_add(rd->view);

	i->index = info->ifi_index;
	i->flags = info->ifi_flags;
	i->mtu = l->mtu;
	net_copy_ifname(i->name, l->name);
	net_copy_ifname(i->pf_name, net_pf_name(l->name));
	snprintf(i->kind, sizeof(i->kind), "%s", l->kind ? l->kind : "");
	i->cloned_lo = net_is_cloned_lo(l->name) &&
	    (streq(i->kind, "dummy") || streq(i->kind, "bridge"));
	if (l->mac && mnl_attr_get_payload_len(l->mac) == sizeof(i->mac)) {
		memcpy(i->mac, mnl_attr_get_payload(l->mac), sizeof(i->mac));
		i->has_mac = true;
	}
}

static int
on_link(const struct nlmsghdr *m, void *arg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(m);
	struct link_attrs l = { 0 };

	mnl_attr_parse(m, sizeof(*info), link_attr, &l);
	if (!l.name)
		return -EBADMSG;
	if (l.group == NET_GROUP)
		add_jail_link(arg, info->ifi_index, &l);
	else
		add_if(arg, info, &l);
	return 0;
}

/* ---- addresses ---- */

static struct net_if *
if_by_index(struct net_view *view, int index)
{
	for (size_t i = 0; i < view->n; i++)
		if (view->v[i].index == index)
			return &view->v[i];
	return NULL;
}

static int
on_addr(const struct nlmsghdr *m, void *arg)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(m);
	const struct nlattr *attr, *local = NULL, *address = NULL, *brd = NULL;
	struct reading *rd = arg;
	struct net_if *i = if_by_index(rd->view, (int)info->ifa_index);
	struct net_ifaddr a = { 0 };

	if (!i)
		return 0; /* on a host end, or it came after the links */
	mnl_attr_for_each(attr, m, sizeof(*info))
	{
		switch (mnl_attr_get_type(attr)) {
		case IFA_LOCAL:
			local = attr;
			break;
		case IFA_ADDRESS:
			address = attr;
			break;
		case IFA_BROADCAST:
			brd = attr;
			break;
		case IFA_FLAGS:
			a.tentative = mnl_attr_get_u32(attr) &
			    (IFA_F_TENTATIVE | IFA_F_DADFAILED);
			break;
		case IFA_PROTO:
			a.ours = mnl_attr_get_u8(attr) == NET_ADDR_PROTO;
			break;
		}
	}
	if (!local)
		local = address;
	if (!local ||
	    !net_get_addr(
		local, info->ifa_family, info->ifa_prefixlen, &a.addr))
		return 0;
	if (address &&
	    net_get_addr(
		address, info->ifa_family, info->ifa_prefixlen, &a.peer) &&
	    net_addr_same(&a.addr, &a.peer))
		a.peer.family = 0;
	if (brd)
		(void)net_get_addr(
		    brd, info->ifa_family, info->ifa_prefixlen, &a.brd);
	*array_add(i) = a;
	return 0;
}

/* ---- the jails' addresses ---- */

static void
add_jail_addr(struct reading *rd, size_t j, const struct net_addr *addr)
{
	struct net_jail_link *jail = &rd->view->jails.v[j];
	const char *name =
	    net_kernel_name(net_alias_ifname(&rd->aliases.v[j], addr));
	struct net_ifaddr a = { .addr = *addr, .jail = jail->jail };

	*array_add(&jail->addrs) = *addr;
	for (size_t i = 0; i < rd->view->n; i++)
		if (streq(rd->view->v[i].name, name))
			*array_add(&rd->view->v[i]) = a;
}

static int
on_route(const struct nlmsghdr *m, void *arg)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(m);
	struct reading *rd = arg;
	const struct nlattr *attr, *dst = NULL;
	struct net_addr addr;
	int oif = 0;

	if (info->rtm_table != RT_TABLE_MAIN || info->rtm_type != RTN_UNICAST)
		return 0;
	mnl_attr_for_each(attr, m, sizeof(*info))
	{
		if (mnl_attr_get_type(attr) == RTA_DST)
			dst = attr;
		if (mnl_attr_get_type(attr) == RTA_OIF)
			oif = (int)mnl_attr_get_u32(attr);
	}
	if (!dst ||
	    !net_get_addr(dst, info->rtm_family, info->rtm_dst_len, &addr) ||
	    addr.plen != net_addr_bits(&addr))
		return 0;
	for (size_t j = 0; j < rd->view->jails.n; j++)
		if (rd->view->jails.v[j].index == oif)
			add_jail_addr(rd, j, &addr);
	return 0;
}

/* ---- the whole ---- */

static void
again_links(void *arg)
{
	reading_reset(arg);
}

static void
again_addrs(void *arg)
{
	struct reading *rd = arg;

	for (size_t i = 0; i < rd->view->n; i++)
		array_clear(&rd->view->v[i]);
}

static void
again_routes(void *arg)
{
	struct reading *rd = arg;

	for (size_t j = 0; j < rd->view->jails.n; j++)
		array_clear(&rd->view->jails.v[j].addrs);
	for (size_t i = 0; i < rd->view->n; i++) {
		struct net_if *ifp = &rd->view->v[i];
		size_t n = 0;

		while (n < ifp->n && !ifp->v[n].jail)
			n++;
		ifp->n = n; /* the host's own come first */
	}
}

static int
dump_links(struct rtnl *nl, struct reading *rd, struct err *err)
{
	/* Counters are most of a link's message and nobody wants them. */
	struct {
		struct ifinfomsg info;
		struct nlattr attr;
		uint32_t mask;
	} req = {
		.attr = { .nla_len = 8, .nla_type = IFLA_EXT_MASK },
		.mask = RTEXT_FILTER_SKIP_STATS,
	};

	return rtnl_dump(
	    nl, RTM_GETLINK, &req, sizeof(req), on_link, again_links, rd, err);
}

static int
addr_order(const void *a, const void *b)
{
	return net_addr_cmp(a, b);
}

int
net_view_read(struct net_view *ret, struct err *err)
{
	_cleanup_(rtnl_close) struct rtnl nl = RTNL_INIT;
	_cleanup_(net_view_clear) struct net_view view = { 0 };
	struct reading rd = { .view = &view };
	struct ifaddrmsg addrs = { 0 };
	struct rtmsg routes = { 0 };
	int r;

	r = rtnl_open(&nl, NETLINK_ROUTE, err);
	if (r == 0)
		r = dump_links(&nl, &rd, err);
	if (r == 0)
		r = rtnl_dump(&nl, RTM_GETADDR, &addrs, sizeof(addrs), on_addr,
		    again_addrs, &rd, err);
	if (r == 0 && view.jails.n > 0)
		r = rtnl_dump(&nl, RTM_GETROUTE, &routes, sizeof(routes),
		    on_route, again_routes, &rd, err);
	aliases_clear(&rd);
	if (r < 0)
		return r;
	for (size_t j = 0; j < view.jails.n; j++)
		if (view.jails.v[j].addrs.n > 1)
			qsort(view.jails.v[j].addrs.v, view.jails.v[j].addrs.n,
			    sizeof(struct net_addr), addr_order);
	*ret = view;
	view = (struct net_view){ 0 };
	return 0;
}

/* ---- a part of it ---- */

struct indexes {
	int *v;
	size_t n, cap;
};

static int
on_addr_index(const struct nlmsghdr *m, void *arg)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(m);
	struct indexes *ix = arg;

	for (size_t i = 0; i < ix->n; i++)
		if (ix->v[i] == (int)info->ifa_index)
			return 0;
	*array_add(ix) = (int)info->ifa_index;
	return 0;
}

static void
again_indexes(void *arg)
{
	array_clear((struct indexes *)arg);
}

/* Ask for a link, by index or by name. */
static void
add_get_link(struct rtnl_batch *b, int index, const char *name)
{
	struct nlmsghdr *m = rtnl_add(b, RTM_GETLINK, 0, RTNL_GONE,
	    "find interface %s", name ? name : "by its index");
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));

	info->ifi_index = index;
	if (name)
		mnl_attr_put_strz(m, IFLA_IFNAME, name);
	mnl_attr_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

/* A link of the batch above; one that was asked for twice counts once. */
static int
on_found_link(const struct nlmsghdr *m, void *arg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(m);
	struct reading *rd = arg;

	if (m->nlmsg_type != RTM_NEWLINK ||
	    if_by_index(rd->view, info->ifi_index))
		return 0;
	return on_link(m, arg);
}

/* The interfaces that have addresses, and those that are named. */
static int
read_own_links(struct rtnl *nl, struct reading *rd,
    const struct net_jail_addrs *addrs, struct err *err)
{
	_cleanup_(rtnl_batch_clear) struct rtnl_batch b = RTNL_BATCH_INIT;
	struct ifaddrmsg all = { 0 };
	struct indexes ix = { 0 };
	int r = rtnl_dump(nl, RTM_GETADDR, &all, sizeof(all), on_addr_index,
	    again_indexes, &ix, err);

	for (size_t i = 0; i < ix.n && r == 0; i++)
		add_get_link(&b, ix.v[i], NULL);
	for (size_t i = 0; i < addrs->n && r == 0; i++)
		if (addrs->v[i].ifname[0] != '\0')
			add_get_link(
			    &b, 0, net_kernel_name(addrs->v[i].ifname));
	array_clear(&ix);
	if (r < 0)
		return r;
	return rtnl_run_answers(nl, &b, on_found_link, rd, err);
}

struct match {
	struct net_addr addr;
	int oif; /* 0: no host route */
};

static int
on_match(const struct nlmsghdr *m, void *arg)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(m);
	struct match *match = arg;
	const struct nlattr *attr;

	if (m->nlmsg_type != RTM_NEWROUTE || info->rtm_type != RTN_UNICAST ||
	    info->rtm_dst_len != net_addr_bits(&match->addr))
		return 0;
	mnl_attr_for_each(attr, m, sizeof(*info)) if (mnl_attr_get_type(attr) ==
	    RTA_OIF) match->oif = (int)mnl_attr_get_u32(attr);
	return 0;
}

/* The jail that holds this address, if one does: the host route says it. */
static int
read_holder(struct rtnl *nl, struct reading *rd, const struct net_addr *addr,
    struct err *err)
{
	_cleanup_(rtnl_batch_clear) struct rtnl_batch b = RTNL_BATCH_INIT;
	struct match match = { .addr = *addr };
	struct nlmsghdr *m;
	struct rtmsg *rt;
	size_t n = rd->view->jails.n;
	int r;

	m = rtnl_add(&b, RTM_GETROUTE, 0, 0, "look for a route");
	rt = mnl_nlmsg_put_extra_header(m, sizeof(*rt));
	rt->rtm_family = addr->family;
	rt->rtm_dst_len = addr->plen;
	rt->rtm_flags = RTM_F_FIB_MATCH | RTM_F_LOOKUP_TABLE;
	net_put_addr(m, RTA_DST, addr);
	r = rtnl_run_answers(nl, &b, on_match, &match, err);
	if (r < 0 || match.oif == 0) /* failed: there is no route */
		return r == -ENOMEM || r == -ENOBUFS ? r : 0;
	add_get_link(&b, match.oif, NULL);
	r = rtnl_run_answers(nl, &b, on_found_link, rd, err);
	if (r == 0 && rd->view->jails.n > n)
		add_jail_addr(rd, n, addr);
	return r;
}

int
net_view_read_for(
    const struct net_jail_addrs *addrs, struct net_view *ret, struct err *err)
{
	_cleanup_(rtnl_close) struct rtnl nl = RTNL_INIT;
	_cleanup_(net_view_clear) struct net_view view = { 0 };
	struct reading rd = { .view = &view };
	struct ifaddrmsg all = { 0 };
	int r;

	r = rtnl_open(&nl, NETLINK_ROUTE, err);
	if (r == 0)
		r = read_own_links(&nl, &rd, addrs, err);
	if (r == 0)
		r = rtnl_dump(&nl, RTM_GETADDR, &all, sizeof(all), on_addr,
		    again_addrs, &rd, err);
	for (size_t i = 0; i < addrs->n && r == 0; i++)
		r = read_holder(&nl, &rd, &addrs->v[i].addr, err);
	aliases_clear(&rd);
	if (r < 0)
		return r;
	err_clear(err);
	*ret = view;
	view = (struct net_view){ 0 };
	return 0;
}

void
net_view_clear(struct net_view *view)
{
	for (size_t i = 0; i < view->n; i++)
		array_clear(&view->v[i]);
	array_clear(view);
	for (size_t j = 0; j < view->jails.n; j++) {
		free(view->jails.v[j].jail);
		array_clear(&view->jails.v[j].addrs);
	}
	array_clear(&view->jails);
}

const struct net_if *
net_view_if(const struct net_view *view, const char *name)
{
	for (size_t i = 0; i < view->n; i++)
		if (streq(view->v[i].name, net_kernel_name(name)))
			return &view->v[i];
	return NULL;
}

const struct net_ifaddr *
net_view_holder(const struct net_view *view, const struct net_addr *addr,
    const struct net_if **ret_if)
{
	for (size_t i = 0; i < view->n; i++)
		for (size_t k = 0; k < view->v[i].n; k++)
			if (net_addr_same(&view->v[i].v[k].addr, addr)) {
				if (ret_if)
					*ret_if = &view->v[i];
				return &view->v[i].v[k];
			}
	return NULL;
}
