/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is one rule as wide as another, field by field? "No" may mean "not known":
 * what is said to be covered is.
 */
#include <netinet/in.h>

#include "pf/lint-internal.h"
#include "pf/optimize.h"

/* ---- addresses and ports ---- */

static int
cmp_ip(const union pf_ip *a, const union pf_ip *b)
{
	return memcmp(a, b, sizeof(*a));
}

/* First and last address of what one address of a rule means. */
static bool
bounds(const struct pf_addr *a, uint8_t len, union pf_ip *lo, union pf_ip *hi)
{
	*lo = *hi = a->ip;
	if (a->kind == PF_ADDR_RANGE) {
		*hi = a->last;
		return true;
	}
	if (a->kind != PF_ADDR_IP)
		return false;
	for (unsigned bit = a->bits; bit < len * 8u; bit++)
		hi->b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return true;
}

/* Both of one family; in IPv4's the last twelve bytes are zero, so that the
 * longer of the two lengths does for both. */
static bool
within(const struct pf_addr *a, const struct pf_addr *b, uint8_t len)
{
	union pf_ip alo, ahi, blo, bhi;

	return bounds(a, len, &alo, &ahi) && bounds(b, len, &blo, &bhi) &&
	    cmp_ip(&alo, &blo) <= 0 && cmp_ip(&bhi, &ahi) <= 0;
}

static bool
covers_addr(const struct pf_addr *a, const struct pf_addr *b, uint8_t af)
{
	if (a->kind == PF_ADDR_ANY)
		return !a->neg;
	if (a->neg || b->neg)
		return a->neg == b->neg && pf_addr_equal(a, b);
	if (pf_addr_equal(a, b))
		return true;
	return af != 0 && within(a, b, af == AF_INET ? 4 : 16);
}

/* A comparison as the range of ports that it means. */
static bool
port_range(const struct pf_ports *p, int *lo, int *hi)
{
	*lo = 0;
	*hi = 65535;
	switch ((enum pf_op)p->op) {
	case PF_OP_EQ:
		*lo = *hi = p->a;
		return true;
	case PF_OP_LT:
		*hi = p->a - 1;
		return true;
	case PF_OP_LE:
		*hi = p->a;
		return true;
	case PF_OP_GT:
		*lo = p->a + 1;
		return true;
	case PF_OP_GE:
		*lo = p->a;
		return true;
	case PF_OP_IN:
		*lo = p->a + 1;
		*hi = p->b - 1;
		return true;
	case PF_OP_RANGE:
		*lo = p->a;
		*hi = p->b;
		return true;
	case PF_OP_NONE:
	case PF_OP_NE:
	case PF_OP_OUT:
		break;
	}
	return false;
}

static bool
covers_ports(const struct pf_ports *a, const struct pf_ports *b)
{
	int alo, ahi, blo, bhi;

	if (a->op == PF_OP_NONE)
		return true;
	if (a->op == b->op && a->a == b->a && a->b == b->b)
		return true;
	return port_range(a, &alo, &ahi) && port_range(b, &blo, &bhi) &&
	    alo <= blo && bhi <= ahi;
}

/* ---- interfaces ---- */

bool
lint_if_is(const struct pf_if *ifp, const char *name)
{
	return streq(ifp->name, name) || strv_has(&ifp->groups, name);
}

static bool
covers_if(
    const struct pf_env *env, const struct pf_rule *a, const struct pf_rule *b)
{
	const struct pf_if *ifp;

	if (a->ifname == NULL)
		return true;
	if (b->ifname == NULL || a->if_not != b->if_not)
		return false;
	if (streq(a->ifname, b->ifname))
		return true;
	ifp = a->if_not ? NULL : pf_env_if(env, b->ifname);
	return ifp != NULL && lint_if_is(ifp, a->ifname);
}

bool
lint_skipped(const struct lint *l, const char *ifname)
{
	const struct strv *skip = &l->in->rules->options.skip;
	const struct pf_env *env = l->in->machine->env;
	size_t members = 0;

	if (strv_has(skip, ifname))
		return true;
	for (size_t i = 0; i < env->ifs.n; i++) {
		const struct pf_if *ifp = &env->ifs.v[i];
		bool in_skip = false;

		if (!lint_if_is(ifp, ifname))
			continue;
		members++;
		for (size_t k = 0; k < skip->n; k++)
			in_skip = in_skip || lint_if_is(ifp, skip->v[k]);
		if (!in_skip)
			return false;
	}
	return members > 0;
}

/* ---- the rest ---- */

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && streq(a, b));
}

static bool
covers_ids(const struct pf_ids *a, const struct pf_ids *b)
{
	return a->op == PF_OP_NONE ||
	    (a->op == b->op && a->a == b->a && a->b == b->b);
}

/* What a rule demands of the flags, the other demands too; only tcp has
 * some. */
static bool
covers_flags(const struct pf_rule *a, const struct pf_rule *b)
{
	if (a->flagset == 0 || (b->proto != 0 && b->proto != IPPROTO_TCP))
		return true;
	return (a->flagset & ~b->flagset) == 0 &&
	    (b->flags & a->flagset) == a->flags;
}

static bool
covers_icmp(const struct pf_rule *a, const struct pf_rule *b)
{
	return (a->icmp_type < 0 || a->icmp_type == b->icmp_type) &&
	    (a->icmp_code < 0 || a->icmp_code == b->icmp_code);
}

/* A tag may have changed between the two rules, and chance is chance: a rule
 * with these covers nothing. */
static bool
covers_rest(const struct pf_rule *a, const struct pf_rule *b)
{
	return !a->anchor_call && !b->anchor_call && a->prob == 0 &&
	    a->tagged == NULL && (!a->fragment || b->fragment) &&
	    (a->tos == 0 || a->tos == b->tos) &&
	    (a->prio < 0 || a->prio == b->prio) &&
	    (a->os == NULL || same_text(a->os, b->os)) &&
	    covers_ids(&a->user, &b->user) &&
	    covers_ids(&a->group, &b->group) && covers_icmp(a, b);
}

bool
lint_covers_but_flags(
    const struct pf_env *env, const struct pf_rule *a, const struct pf_rule *b)
{
	return (a->dir == PF_INOUT || a->dir == b->dir) &&
	    (a->af == 0 || a->af == b->af) &&
	    (a->proto == 0 || a->proto == b->proto) && covers_if(env, a, b) &&
	    covers_addr(&a->src.addr, &b->src.addr, b->af) &&
	    covers_addr(&a->dst.addr, &b->dst.addr, b->af) &&
	    covers_ports(&a->src.port, &b->src.port) &&
	    covers_ports(&a->dst.port, &b->dst.port) && covers_rest(a, b);
}

bool
lint_covers(
    const struct pf_env *env, const struct pf_rule *a, const struct pf_rule *b)
{
	return covers_flags(a, b) && lint_covers_but_flags(env, a, b);
}

/* ---- networks ---- */

static bool
overlaps(
    const struct pf_addr *a, const union pf_ip *ip, unsigned bits, uint8_t af)
{
	const struct pf_addr net = {
		.kind = PF_ADDR_IP, .bits = (uint8_t)bits, .ip = *ip
	};
	union pf_ip alo, ahi, blo, bhi;
	uint8_t len = af == AF_INET ? 4 : 16;

	return bounds(a, len, &alo, &ahi) && bounds(&net, len, &blo, &bhi) &&
	    cmp_ip(&alo, &bhi) <= 0 && cmp_ip(&blo, &ahi) <= 0;
}

static bool
dyn_has(const struct pf_env *env, const struct pf_addr *a, uint8_t af,
    const union pf_ip *ip)
{
	for (size_t i = 0; i < env->ifs.n; i++) {
		const struct pf_if *ifp = &env->ifs.v[i];

		if (!streq(a->name, "self") && !lint_if_is(ifp, a->name))
			continue;
		for (size_t k = 0; k < ifp->addrs.n; k++)
			if (ifp->addrs.v[k].af == af &&
			    sim_prefix_match(&ifp->addrs.v[k].ip,
				a->mods & PF_MOD_NETWORK ? ifp->addrs.v[k].bits
							 : a->bits,
				ip, af))
				return true;
	}
	return false;
}

/* Tables and what depends on the routes may hold anything. */
bool
lint_addr_has(const struct pf_env *env, const struct pf_addr *a, uint8_t af,
    const union pf_ip *ip, unsigned bits)
{
	bool has = true;

	if (a->kind == PF_ADDR_IP || a->kind == PF_ADDR_RANGE)
		has = overlaps(a, ip, bits, af);
	else if (a->kind == PF_ADDR_DYN)
		has = dyn_has(env, a, af, ip);
	else if (a->kind != PF_ADDR_ANY)
		return true;
	return has != a->neg;
}
