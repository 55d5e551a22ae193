/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way of a packet through the box: routing, forwarding, the loopbacks, and
 * when pf looks at it.
 */
#include "pf/sim-internal.h"

enum { ICMP_UNREACH = 3, ICMP_TIMEX = 11, MTU_HEADER = 20 };

/* The interface that has this address, or NULL. */
const struct pf_if *
sim_env_owner(const struct pf_env *env, uint8_t af, const union pf_ip *ip)
{
	for (size_t i = 0; i < env->ifs.n; i++) {
		const struct pf_if *ifp = &env->ifs.v[i];

		for (size_t k = 0; k < ifp->addrs.n; k++)
			if (ifp->addrs.v[k].af == af &&
			    sim_ip_eq(&ifp->addrs.v[k].ip, ip))
				return ifp;
	}
	return NULL;
}

bool
sim_is_local(const struct pf_sim *sim, uint8_t af, const union pf_ip *ip,
    const struct pf_if **ret_if)
{
	const struct pf_if *owner = sim_env_owner(sim->env, af, ip);

	if (owner != NULL && ret_if != NULL)
		*ret_if = owner;
	return owner != NULL;
}

/* The loopback that packets to an own address go over: its own if it is on
 * one, else the first. */
static const char *
loop_of(const struct pf_env *env, const struct pf_if *owner)
{
	if (owner->flags & PF_IF_LOOPBACK)
		return owner->name;
	for (size_t i = 0; i < env->ifs.n; i++)
		if (env->ifs.v[i].flags & PF_IF_LOOPBACK)
			return env->ifs.v[i].name;
	return owner->name;
}

/* The length of the prefix by which an interface's address leads to `dst`, or
 * -1: its network, or the other end of the link. */
static int
addr_leads(const struct pf_if_addr *a, uint8_t af, const union pf_ip *dst)
{
	if (a->af != af)
		return -1;
	if (a->has_peer && sim_ip_eq(&a->peer, dst))
		return af == AF_INET ? 32 : 128;
	return sim_prefix_match(&a->ip, a->bits, dst, af) ? a->bits : -1;
}

bool
sim_find_route(const struct pf_env *env, const struct pf_sim_route *route,
    size_t n_route, uint8_t af, const union pf_ip *dst, const char **ret_if,
    union pf_ip *ret_via)
{
	const struct pf_if *owner = sim_env_owner(env, af, dst);
	int best = -1;

	if (owner != NULL) {
		*ret_if = loop_of(env, owner);
		*ret_via = *dst;
		return true;
	}
	for (size_t i = 0; i < env->ifs.n; i++) {
		const struct pf_if *ifp = &env->ifs.v[i];

		/* A loopback holds addresses, its networks lead nowhere. */
		if (ifp->flags & PF_IF_LOOPBACK)
			continue;
		for (size_t k = 0; k < ifp->addrs.n; k++) {
			const struct pf_if_addr *a = &ifp->addrs.v[k];
			int bits = addr_leads(a, af, dst);

			if (bits <= best)
				continue;
			best = bits;
			*ret_if = ifp->name;
			*ret_via = *dst;
		}
	}
	for (size_t i = 0; i < n_route; i++) {
		const struct pf_sim_route *r = &route[i];

		if (r->af != af || r->bits <= best ||
		    !sim_prefix_match(&r->net, r->bits, dst, af))
			continue;
		best = r->bits;
		*ret_if = r->ifname;
		*ret_via = r->has_via ? r->via : *dst;
	}
	return best >= 0;
}

bool
sim_route(const struct pf_sim *sim, uint8_t af, const union pf_ip *dst,
    const char **ret_if, union pf_ip *ret_via)
{
	return sim_find_route(sim->env, sim->box.route, sim->box.n_route, af,
	    dst, ret_if, ret_via);
}

static bool
is_loopback(const struct pf_sim *sim, const char *ifname)
{
	const struct pf_if *ifp = pf_env_if(sim->env, ifname);

	return ifp != NULL && (ifp->flags & PF_IF_LOOPBACK);
}

/* For all: broadcast of a network, or of everything, or multicast. */
static bool
is_for_all(const struct pf_sim *sim, const struct pf_packet *p)
{
	if (p->af == AF_INET6)
		return p->dst.b[0] == 0xff;
	if ((p->dst.b[0] & 0xf0) == 0xe0 || p->dst.w[0] == 0xffffffff)
		return true;
	for (size_t i = 0; sim->box.directed && i < sim->env->ifs.n; i++) {
		const struct pf_if *ifp = &sim->env->ifs.v[i];

		for (size_t k = 0; k < ifp->addrs.n; k++)
			if (ifp->addrs.v[k].af == AF_INET &&
			    ifp->addrs.v[k].bits < 31 &&
			    sim_ip_eq(&ifp->addrs.v[k].broadcast, &p->dst))
				return true;
	}
	return false;
}

/* ---- out ---- */

static void
blocked(struct pf_sim_result *res, enum pf_verdict v, enum pf_dir dir,
    const char *ifname)
{
	res->end = v == PF_V_HOLD ? PF_E_HELD : PF_E_BLOCK;
	res->at_dir = dir;
	res->at_if = ifname;
}

static uint32_t
packet_len(const struct pf_packet *p)
{
	uint32_t head = p->proto == 6 ? 20u + (p->mss ? 4 : 0)
	    : p->proto == 17 || p->proto == 1 || p->proto == 58 ? 8
								: 0;

	return head + p->len;
}

static void
on_wire(const char *ifname, const union pf_ip *via, const struct pf_packet *p,
    struct pf_sim_result *res)
{
	struct pf_sim_wire *w = array_add(&res->wire);

	w->ifname = ifname;
	w->via = *via;
	w->packet = *p;
}

/* What is larger than the link is cut; pf never sees the pieces. */
static void
cut_to_fit(const struct pf_sim *sim, const char *ifname, const union pf_ip *via,
    const struct pf_packet *p, struct pf_sim_result *res)
{
	const struct pf_if *ifp = pf_env_if(sim->env, ifname);
	uint32_t mtu = ifp != NULL && ifp->mtu ? ifp->mtu : 1500;
	uint32_t total = p->frag ? p->frag_len : packet_len(p);
	uint32_t room = (mtu - MTU_HEADER - p->ipopt) & ~7u;

	if (total + MTU_HEADER + p->ipopt <= mtu || p->af != AF_INET) {
		on_wire(ifname, via, p, res);
		return;
	}
	for (uint32_t off = 0; off < total; off += room) {
		struct pf_packet f = *p;

		f.frag = true;
		f.frag_off = (uint16_t)(p->frag_off + off);
		f.frag_len = (uint16_t)MIN(room, total - off);
		f.frag_more = off + room < total || p->frag_more;
		if (!p->frag && off == 0)
			f.len = f.frag_len - (packet_len(p) - p->len);
		on_wire(ifname, via, &f, res);
	}
}

static void
sent(const struct pf_sim *sim, const char *ifname, const union pf_ip *via,
    const struct pf_packet *p, struct pf_sim_result *res)
{
	res->end = PF_E_SENT;
	res->final = *p;
	cut_to_fit(sim, ifname, via, p, res);
}

static void arrive(struct pf_sim *sim, const char *ifname, struct pf_packet *p,
    struct pf_sim_result *res);

/* Over the link of a route-to rule, past pf's out rules if it is another. */
static void
routed_by_rule(struct pf_sim *sim, const char *from,
    const struct sim_path *path, struct pf_packet *p, struct pf_sim_result *res)
{
	struct sim_path again;

	if (!streq(from, path->ifname)) {
		enum pf_verdict v =
		    sim_test(sim, PF_OUT, path->ifname, p, res, &again);

		if (v != PF_V_PASS) {
			blocked(res, v, PF_OUT, path->ifname);
			return;
		}
	}
	sent(sim, path->ifname, &path->via, p, res);
}

/* A copy of a dup-to rule: what becomes of it is no part of the packet's own
 * end, only what left is kept. */
static void
send_copy(struct pf_sim *sim, const char *from, const struct sim_path *path,
    const struct pf_packet *p, struct pf_sim_result *res)
{
	struct pf_sim_result copy = { 0 };
	struct pf_packet q = *p;

	routed_by_rule(sim, from, path, &q, &copy);
	for (size_t i = 0; i < copy.events.n; i++)
		*array_add(&res->events) = copy.events.v[i];
	for (size_t i = 0; i < copy.wire.n; i++)
		*array_add(&res->wire) = copy.wire.v[i];
	for (size_t i = 0; i < copy.returned.n; i++)
		*array_add(&res->returned) = copy.returned.v[i];
	pf_sim_result_clear(&copy);
}

static void
leave(struct pf_sim *sim, struct pf_packet *p, bool forwarded,
    struct pf_sim_result *res)
{
	union pf_ip via, dst = p->dst;
	const char *ifname;
	struct sim_path path;
	enum pf_verdict v;

	if (!sim_route(sim, p->af, &p->dst, &ifname, &via)) {
		res->end = PF_E_NOROUTE;
		return;
	}
	v = sim_test(sim, PF_OUT, ifname, p, res, &path);
	if (v != PF_V_PASS) {
		blocked(res, v, PF_OUT, ifname);
		res->refused = !forwarded;
		return;
	}
	if (res->events.n > 0 && res->events.v[res->events.n - 1].taken &&
	    path.ifname == NULL) {
		res->end = PF_E_HELD;
		return;
	}
	if (path.ifname != NULL && path.dup)
		send_copy(sim, ifname, &path, p, res);
	else if (path.ifname != NULL) {
		routed_by_rule(sim, ifname, &path, p, res);
		return;
	}
	/* Translated to another destination: routed again, not judged again. */
	if (!sim_ip_eq(&dst, &p->dst)) {
		if (sim_is_local(sim, p->af, &p->dst, NULL)) {
			res->end = PF_E_LOCAL;
			res->final = *p;
			return;
		}
		if (!sim_route(sim, p->af, &p->dst, &ifname, &via)) {
			res->end = PF_E_NOROUTE;
			return;
		}
	}
	if (is_loopback(sim, ifname))
		arrive(sim, ifname, p, res);
	else
		sent(sim, ifname, &via, p, res);
}

/* ---- in ---- */

/* The stack's own ICMP error about a packet that it cannot send on. */
static void
stack_error(struct pf_sim *sim, uint8_t type, uint8_t code,
    const struct pf_packet *about, struct pf_sim_result *res)
{
	struct pf_sim_result own = { 0 };
	struct pf_packet e;

	if (!sim_icmp_error(sim, about, type, code, &e))
		return;
	leave(sim, &e, true, &own);
	for (size_t i = 0; i < own.events.n; i++)
		*array_add(&res->stack) = own.events.v[i];
	pf_sim_result_clear(&own);
}

static void
deliver(struct pf_sim *sim, struct pf_packet *p, struct pf_sim_result *res)
{
	bool forward = p->af == AF_INET ? sim->box.forward4 : sim->box.forward6;

	res->final = *p;
	if (sim_is_local(sim, p->af, &p->dst, NULL)) {
		res->end = PF_E_LOCAL;
		return;
	}
	res->end = PF_E_IN;
	if (is_for_all(sim, p) || !forward)
		return;
	if (p->ttl <= 1) {
		stack_error(sim, ICMP_TIMEX, 0, p, res);
		return;
	}
	p->ttl--;
	leave(sim, p, true, res);
}

static void
arrive(struct pf_sim *sim, const char *ifname, struct pf_packet *p,
    struct pf_sim_result *res)
{
	struct sim_path path;
	enum pf_verdict v = sim_test(sim, PF_IN, ifname, p, res, &path);

	if (v != PF_V_PASS) {
		blocked(res, v, PF_IN, ifname);
		return;
	}
	if (path.ifname != NULL && path.dup) {
		send_copy(sim, ifname, &path, p, res);
	} else if (path.ifname != NULL) {
		routed_by_rule(sim, ifname, &path, p, res);
		return;
	} else if (res->events.n > 0 &&
	    res->events.v[res->events.n - 1].taken) {
		res->end = PF_E_HELD;
		return;
	}
	deliver(sim, p, res);
}

static bool
is_127(const union pf_ip *ip)
{
	return ip->b[0] == 127;
}

void
pf_sim_in(struct pf_sim *sim, const char *ifname, const struct pf_packet *p,
    struct pf_sim_result *ret)
{
	struct pf_packet q = *p;

	sim->matches.n = 0;
	*ret = (struct pf_sim_result){ .end = PF_E_UNSEEN };
	if (p->af == AF_INET && !is_loopback(sim, ifname) &&
	    (is_127(&p->src) || is_127(&p->dst)))
		return;
	arrive(sim, ifname, &q, ret);
}

void
pf_sim_out(
    struct pf_sim *sim, const struct pf_packet *p, struct pf_sim_result *ret)
{
	struct pf_packet q = *p;

	sim->matches.n = 0;
	*ret = (struct pf_sim_result){ .end = PF_E_UNSEEN };
	leave(sim, &q, false, ret);
}

void
sim_send_own(struct pf_sim *sim, enum pf_sent_kind kind,
    const struct pf_packet *p, struct pf_sim_result *res)
{
	struct pf_sim_returned r = { .kind = kind, .packet = *p };
	struct pf_sim_result looped = { 0 };
	struct pf_packet q = *p;
	struct sim_path path;
	union pf_ip via;

	if (!sim_route(sim, p->af, &p->dst, &r.ifname, &via))
		return;
	if (!is_loopback(sim, r.ifname)) {
		*array_add(&res->returned) = r;
		return;
	}
	/* Its mark is lost on the loopback: pf looks at it there. */
	r.in = r.ifname;
	r.verdict = sim_test(sim, PF_IN, r.ifname, &q, &looped, &path);
	*array_add(&res->returned) = r;
	for (size_t i = 0; i < looped.returned.n; i++)
		*array_add(&res->returned) = looped.returned.v[i];
	pf_sim_result_clear(&looped);
}

void
pf_sim_result_clear(struct pf_sim_result *r)
{
	array_clear(&r->events);
	array_clear(&r->wire);
	array_clear(&r->returned);
	array_clear(&r->stack);
}
