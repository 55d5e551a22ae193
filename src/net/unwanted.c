/* SPDX-License-Identifier: BSD-2-Clause */
/* Which addresses net_up put on an interface that rc.conf no longer has, and
 * what would come of removing one. */
#include "net/internal.h"

static bool
plan_if_has(const struct net_plan_if *p, const struct net_addr *addr)
{
	for (size_t i = 0; i < p->n; i++)
		if (net_addr_same(&p->v[i].addr, addr) &&
		    p->v[i].addr.plen == addr->plen)
			return true;
	return false;
}

/* A name of rc.conf can stand for several interfaces: any of them will do. */
static bool
plan_has(const struct net_plan *plan, const struct net_if *ifp,
    const struct net_addr *addr)
{
	for (size_t i = 0; i < plan->n; i++) {
		const char *name = plan->v[i].name;

		if ((streq(net_kernel_name(name), ifp->name) ||
			net_is_rc_name(name, ifp->name)) &&
		    plan_if_has(&plan->v[i], addr))
			return true;
	}
	return false;
}

bool
net_is_unwanted(const struct net_plan *plan, const struct net_if *ifp,
    const struct net_ifaddr *a)
{
	if (!a->ours || a->jail || plan->blank ||
	    (plan->partial && !ifp->cloned_lo))
		return false;
	return !plan_has(plan, ifp, &a->addr);
}

const char *
net_gateway_user(const struct net_if *ifp, const struct net_ifaddr *a)
{
	for (size_t i = 0; i < ifp->n; i++)
		if (ifp->v[i].jail && net_network_of(ifp, &ifp->v[i].addr) == a)
			return ifp->v[i].jail;
	return NULL;
}

static bool
same_network(const struct net_addr *a, const struct net_addr *b)
{
	return a->plen == b->plen && net_addr_within(a, b);
}

bool
net_takes_along(const struct net_plan *plan, const struct net_if *ifp,
    const struct net_ifaddr *a)
{
	/* The kernel lists them in the order in which they came. */
	for (const struct net_ifaddr *b = a + 1; b < ifp->v + ifp->n; b++)
		if (a->addr.family == AF_INET && !b->jail &&
		    same_network(&a->addr, &b->addr) &&
		    (!net_is_unwanted(plan, ifp, b) ||
			net_gateway_user(ifp, b)))
			return true;
	return false;
}
