/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the plan to the kernel: what is too much or missing becomes a list of
 * operations, then they are done one after the other. Everything that can be refused is
 * refused while the list is made, so that a bad plan changes nothing.
 *
 * A cloned loopback is a dummy device, or where the kernel has none a bridge
 * without ports. It only holds the host's addresses and carries nothing.
 */
#include "net/internal.h"
#include "net/messages.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>

#include "base/array.h"

enum op_kind {
	OP_SYSCTL,
	OP_CREATE,
	OP_MTU,
	OP_UP,
	OP_ADDR,
	OP_GUARD,
	OP_REMOVE,
	OP_KEEP, /* only said */
};

struct op {
	enum op_kind kind;
	char *text; /* for people */
	char ifname[IFNAMSIZ];
	char *path, *value; /* OP_SYSCTL */
	unsigned int mtu;
	struct net_addr addr;
	const char *file; /* where rc.conf asks for it; NULL: forwarding */
	unsigned int line;
};

struct ops {
	struct op *v;
	size_t n, cap;
};

static void
ops_clear(struct ops *ops)
{
	for (size_t i = 0; i < ops->n; i++) {
		free(ops->v[i].text);
		free(ops->v[i].path);
		free(ops->v[i].value);
	}
	array_clear(ops);
}

/* ---- what is missing ---- */

static void
want_sysctl(struct ops *ops, const char *path, const char *value)
{
	int want = value[0] - '0', is;
	struct op *op;

	if (net_sysctl_read(path, &is) == 0 && is == want)
		return;
	op = array_add(ops);
	op->kind = OP_SYSCTL;
	op->path = xstrdup(path);
	op->value = xstrdup(value);
	op->text = xasprintf("set /proc/sys/net/%s to %s", path, value);
}

/* A forwarding host stops to take router advertisements unless told to go
 * on: an interface that lives by them would lose its addresses. */
static void
keep_router_advertisements(struct ops *ops, const struct net_view *view)
{
	for (size_t i = 0; i < view->n; i++) {
		_cleanup_free_ char *path =
		    xasprintf("ipv6/conf/%s/accept_ra", view->v[i].name);
		int on;

		if (!(view->v[i].flags & IFF_LOOPBACK) &&
		    net_sysctl_read(path, &on) == 0 && on == 1)
			want_sysctl(ops, path, "2");
	}
}

static void
want_forwarding(
    struct ops *ops, const struct net_plan *plan, const struct net_view *view)
{
	int on;

	if (plan->forward4)
		want_sysctl(ops, "ipv4/ip_forward", "1");
	if (!plan->forward6 ||
	    (net_sysctl_read("ipv6/conf/all/forwarding", &on) == 0 && on))
		return;
	keep_router_advertisements(ops, view);
	want_sysctl(ops, "ipv6/conf/all/forwarding", "1");
}

/* Somebody flushed nf_tables under running jails. */
static int
want_guard(struct ops *ops, const struct net_view *view, struct err *err)
{
	bool whole = true;
	int r = view->jails.n > 0 ? net_guard_is_whole(&whole, err) : 0;
	struct op *op;

	if (r < 0 || whole)
		return r;
	op = array_add(ops);
	op->kind = OP_GUARD;
	op->text = xstrdup("guard: make it again");
	return 0;
}

/* ---- what is too much ---- */

/* Through the wish of the interface alone, or of all. */
static bool
promotes(const struct net_if *ifp)
{
	_cleanup_free_ char *path =
	    xasprintf("ipv4/conf/%s/promote_secondaries", ifp->name);
	int one = 0, all = 0;

	(void)net_sysctl_read(path, &one);
	(void)net_sysctl_read("ipv4/conf/all/promote_secondaries", &all);
	return one || all;
}

static void
want_promotion(struct ops *ops, const struct net_if *ifp)
{
	_cleanup_free_ char *path =
	    xasprintf("ipv4/conf/%s/promote_secondaries", ifp->name);

	if (!promotes(ifp))
		want_sysctl(ops, path, "1");
}

static void
want_removal(struct ops *ops, const struct net_plan *plan,
    const struct net_if *ifp, const struct net_ifaddr *a)
{
	const char *jail = net_gateway_user(ifp, a);
	char buf[NET_ADDR_STRLEN];
	struct op *op;

	net_addr_format(&a->addr, true, buf);
	if (!jail && net_takes_along(plan, ifp, a))
		want_promotion(ops, ifp);
	op = array_add(ops);
	net_copy_ifname(op->ifname, ifp->name);
	op->addr = a->addr;
	op->kind = jail ? OP_KEEP : OP_REMOVE;
	op->text = jail
	    ? xasprintf("%s: %s stays until the jail '%s' stops: it is its "
			"gateway",
		  ifp->pf_name, buf, jail)
	    : xasprintf("%s: remove %s", ifp->pf_name, buf);
}

static void
want_removals(
    struct ops *ops, const struct net_plan *plan, const struct net_view *view)
{
	for (size_t i = 0; i < view->n; i++)
		for (size_t k = 0; k < view->v[i].n; k++)
			if (net_is_unwanted(
				plan, &view->v[i], &view->v[i].v[k]))
				want_removal(
				    ops, plan, &view->v[i], &view->v[i].v[k]);
}

/* ---- what is missing ---- */

static struct op *
want(struct ops *ops, enum op_kind kind, const struct net_plan_if *p,
    const char *ifname)
{
	struct op *op = array_add(ops);

	op->kind = kind;
	op->file = p->file;
	op->line = p->line;
	snprintf(op->ifname, sizeof(op->ifname), "%s", ifname);
	return op;
}

static const struct net_if *
find_if(const struct net_view *view, const char *name)
{
	const struct net_if *exact = net_view_if(view, name);

	for (size_t i = 0; i < view->n && !exact; i++)
		if (net_is_rc_name(name, view->v[i].name))
			exact = &view->v[i];
	return exact;
}

static bool
is_removed(const struct ops *ops, const struct net_addr *addr)
{
	for (size_t i = 0; i < ops->n; i++)
		if (ops->v[i].kind == OP_REMOVE &&
		    net_addr_same(&ops->v[i].addr, addr))
			return true;
	return false;
}

static int
want_addr(struct ops *ops, const struct net_view *view,
    const struct net_plan_if *p, const char *ifname,
    const struct net_plan_addr *a, struct err *err)
{
	const struct net_ifaddr *holder;
	const struct net_if *ifp = NULL;
	char buf[NET_ADDR_STRLEN];
	struct op *op;

	holder = net_view_holder(view, &a->addr, &ifp);
	if (holder && holder->jail)
		return err_set(err, EADDRINUSE,
		    "%s:%u: %s is in use by the "
		    "jail '%s'",
		    a->file, a->line, net_addr_format(&a->addr, false, buf),
		    holder->jail);
	if (holder && streq(ifp->name, ifname) &&
	    holder->addr.plen == a->addr.plen)
		return 0;
	if (holder && !is_removed(ops, &a->addr))
		return err_set(err, EADDRINUSE,
		    "%s:%u: %s is on %s with "
		    "the length %u already; remove it there first",
		    a->file, a->line, net_addr_format(&a->addr, true, buf),
		    ifp->pf_name, holder->addr.plen);
	op = want(ops, OP_ADDR, p, ifname);
	op->addr = a->addr;
	op->file = a->file;
	op->line = a->line;
	op->text = xasprintf("%s: add %s", net_pf_name(ifname),
	    net_addr_format(&a->addr, true, buf));
	return 0;
}

static int
want_if(struct ops *ops, const struct net_view *view,
    const struct net_plan_if *p, struct err *err)
{
	const struct net_if *ifp = find_if(view, p->name);
	const char *ifname = ifp ? ifp->name : p->name;

	if (!p->up && p->mtu == 0)
		return 0;
	if (!ifp && !p->cloned)
		return err_set(err, ENODEV,
		    "%s:%u: there is no interface "
		    "'%s'%s",
		    p->file, p->line, p->name,
		    net_is_cloned_lo(p->name) ? "; name it in cloned_interfaces"
					      : "");
	if (!ifp)
		want(ops, OP_CREATE, p, ifname)->text =
		    xasprintf("%s: create", ifname);
	if (p->mtu > 0 && (!ifp || ifp->mtu != p->mtu)) {
		struct op *op = want(ops, OP_MTU, p, ifname);

		op->mtu = p->mtu;
		op->text =
		    xasprintf("%s: set mtu %u", net_pf_name(ifname), p->mtu);
	}
	if (p->up && (!ifp || !(ifp->flags & IFF_UP)))
		want(ops, OP_UP, p, ifname)->text =
		    xasprintf("%s: set up", net_pf_name(ifname));
	for (size_t i = 0; i < p->n; i++) {
		int r = want_addr(ops, view, p, ifname, &p->v[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- doing it ---- */

static int
index_of(const struct op *op, struct err *err)
{
	unsigned int index = if_nametoindex(op->ifname);

	return index > 0 ? (int)index : err_errno(err, "%s", op->text);
}

/* `quiet`: a bridge that is a loopback asks nobody for multicast groups. */
static int
create_kind(struct rtnl *nl, const struct op *op, const char *kind, bool quiet,
    struct err *err)
{
	_cleanup_(rtnl_batch_clear) struct rtnl_batch b = RTNL_BATCH_INIT;
	struct nlmsghdr *m = rtnl_add(
	    &b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, EEXIST, "%s", op->text);
	struct nlattr *info, *data;

	mnl_nlmsg_put_extra_header(m, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(m, IFLA_IFNAME, op->ifname);
	info = mnl_attr_nest_start(m, IFLA_LINKINFO);
	mnl_attr_put_strz(m, IFLA_INFO_KIND, kind);
	if (quiet) {
		data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
		mnl_attr_put_u8(m, IFLA_BR_MCAST_SNOOPING, 0);
		mnl_attr_nest_end(m, data);
	}
	mnl_attr_nest_end(m, info);
	return rtnl_run(nl, &b, err);
}

/* A loopback has no neighbours to meet: no link-local address. */
static int
no_link_local(struct rtnl *nl, const struct op *op, struct err *err)
{
	_cleanup_(rtnl_batch_clear) struct rtnl_batch b = RTNL_BATCH_INIT;
	int index = index_of(op, err);
	struct nlmsghdr *m;

	if (index < 0 || !net_has_ipv6())
		return MIN(index, 0);
	m = rtnl_add(&b, RTM_NEWLINK, 0, 0, "%s", op->text);
	net_msg_put_link(m, index, false);
	net_msg_put_no_link_local(m);
	return rtnl_run(nl, &b, err);
}

static int
do_create(struct rtnl *nl, const struct op *op, struct err *err)
{
	int r;

	if (!net_is_cloned_lo(op->ifname))
		return create_kind(nl, op, "bridge", false, err);
	r = create_kind(nl, op, "dummy", false, err);
	if (r == -EOPNOTSUPP) {
		err_clear(err);
		r = create_kind(nl, op, "bridge", true, err);
	}
	if (r < 0)
		return r;
	return no_link_local(nl, op, err);
}

static int
do_link(struct rtnl *nl, const struct op *op, struct err *err)
{
	_cleanup_(rtnl_batch_clear) struct rtnl_batch b = RTNL_BATCH_INIT;
	int index = index_of(op, err);
	struct nlmsghdr *m;

	if (index < 0)
		return index;
	m = rtnl_add(&b, RTM_NEWLINK, 0, 0, "%s", op->text);
	net_msg_put_link(m, index, op->kind == OP_UP);
	if (op->kind == OP_MTU)
		mnl_attr_put_u32(m, IFLA_MTU, op->mtu);
	return rtnl_run(nl, &b, err);
}

static void
put_ifaddr(struct nlmsghdr *m, const struct op *op, int index)
{
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));

	info->ifa_family = op->addr.family;
	info->ifa_prefixlen = op->addr.plen;
	info->ifa_index = (uint32_t)index;
	net_put_addr(m, IFA_LOCAL, &op->addr);
	net_put_addr(m, IFA_ADDRESS, &op->addr);
}

static int
do_addr(struct rtnl *nl, const struct op *op, struct err *err)
{
	_cleanup_(rtnl_batch_clear) struct rtnl_batch b = RTNL_BATCH_INIT;
	int index = index_of(op, err);
	bool lo = net_is_cloned_lo(op->ifname);
	struct nlmsghdr *m;
	int r;

	if (index < 0)
		return index;
	m = rtnl_add(
	    &b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, EEXIST, "%s", op->text);
	put_ifaddr(m, op, index);
	mnl_attr_put_u8(m, IFA_PROTO, NET_ADDR_PROTO);
	if (!lo && op->addr.family == AF_INET && op->addr.plen < 31) {
		struct net_addr brd = net_addr_last(&op->addr);

		net_put_addr(m, IFA_BROADCAST, &brd);
	}
	/* A bridge without ports has no carrier, so that duplicate detection
	 * would never end; and there is nobody on a loopback to ask. */
	if (lo)
		mnl_attr_put_u32(m, IFA_FLAGS, IFA_F_NODAD);
	r = rtnl_run(nl, &b, err);
	return r < 0 || !lo ? r : net_wait_local(nl, &op->addr, err);
}

static int
do_remove(struct rtnl *nl, const struct op *op, struct err *err)
{
	_cleanup_(rtnl_batch_clear) struct rtnl_batch b = RTNL_BATCH_INIT;
	int index = index_of(op, err);
	struct nlmsghdr *m;

	if (index < 0)
		return index;
	/* The one before may have taken it along. */
	m = rtnl_add(&b, RTM_DELADDR, 0, EADDRNOTAVAIL, "%s", op->text);
	put_ifaddr(m, op, index);
	return rtnl_run(nl, &b, err);
}

static int
do_op(struct rtnl *nl, const struct op *op, struct err *err)
{
	switch (op->kind) {
	case OP_SYSCTL:
		return net_sysctl_write(op->path, op->value, err);
	case OP_CREATE:
		return do_create(nl, op, err);
	case OP_MTU:
	case OP_UP:
		return do_link(nl, op, err);
	case OP_ADDR:
		return do_addr(nl, op, err);
	case OP_GUARD:
		return net_guard_ensure(err);
	case OP_REMOVE:
		return do_remove(nl, op, err);
	case OP_KEEP:
		return 0;
	}
	BUG("operation %d", op->kind);
}

static int
do_all(const struct ops *ops, bool dry, void (*say)(const char *, void *),
    void *arg, struct err *err)
{
	_cleanup_(rtnl_close) struct rtnl nl = RTNL_INIT;
	int r = rtnl_open(&nl, NETLINK_ROUTE, err);

	for (size_t i = 0; i < ops->n && r == 0; i++) {
		const struct op *op = &ops->v[i];

		if (say)
			say(op->text, arg);
		if (dry)
			continue;
		r = do_op(&nl, op, err);
		if (r < 0 && op->file)
			err_wrap(err, r, "%s:%u", op->file, op->line);
	}
	return r;
}

int
net_up(const struct net_plan *plan, bool dry,
    void (*say)(const char *step, void *arg), void *arg, struct err *err)
{
	_cleanup_(net_view_clear) struct net_view view = { 0 };
	_cleanup_(ops_clear) struct ops ops = { 0 };
	int r = net_view_read(&view, err);

	if (r == 0)
		want_removals(&ops, plan, &view);
	for (size_t i = 0; i < plan->n && r == 0; i++)
		r = want_if(&ops, &view, &plan->v[i], err);
	if (r == 0)
		r = want_guard(&ops, &view, err);
	if (r < 0)
		return r;
	want_forwarding(&ops, plan, &view);
	r = do_all(&ops, dry, say, arg, err);
	if (r == 0 && !dry && ops.n > 0)
		r = net_pf_sync(err);
	return r;
}
