/* SPDX-License-Identifier: BSD-2-Clause */
/* Does an address, a port, an interface match a part of a rule? */
#include "pf/sim-internal.h"

uint32_t
sim_if_id(struct pf_sim *sim, const char *name)
{
	uintptr_t id;

	if (name == NULL)
		return 0;
	id = (uintptr_t)map_get(&sim->ids, name);
	if (id == 0) {
		id = ++sim->n_ids;
		map_set(&sim->ids, name, (void *)id);
	}
	return (uint32_t)id;
}

bool
sim_ports_match(const struct pf_ports *p, uint16_t port)
{
	switch ((enum pf_op)p->op) {
	case PF_OP_NONE:
		return true;
	case PF_OP_EQ:
		return port == p->a;
	case PF_OP_NE:
		return port != p->a;
	case PF_OP_LT:
		return port < p->a;
	case PF_OP_LE:
		return port <= p->a;
	case PF_OP_GT:
		return port > p->a;
	case PF_OP_GE:
		return port >= p->a;
	case PF_OP_IN:
		return port > p->a && port < p->b;
	case PF_OP_OUT:
		return port < p->a || port > p->b;
	case PF_OP_RANGE:
		return port >= p->a && port <= p->b;
	}
	return false;
}

/* ---- (IF): the addresses of an interface or group ---- */

static bool
in_group(const struct pf_if *ifp, const char *name)
{
	return streq(name, "self") || streq(ifp->name, name) ||
	    strv_has(&ifp->groups, name);
}

static bool
link_local(const struct pf_if_addr *a)
{
	return a->af == AF_INET6 && a->ip.b[0] == 0xfe &&
	    (a->ip.b[1] & 0xc0) == 0x80;
}

static void
dyn_add(struct sim_dyn *d, const struct pf_if_addr *ia, uint8_t mods,
    unsigned want_bits)
{
	unsigned full = ia->af == AF_INET ? 32 : 128;
	struct sim_entry e = { .af = ia->af, .ip = ia->ip, .bits = full };
	struct sim_entry masked = e;

	if (mods & PF_MOD_BROADCAST) {
		if (sim_ip_zero(&ia->broadcast))
			return;
		e.ip = ia->broadcast;
	}
	if (mods & PF_MOD_PEER) {
		if (!ia->has_peer)
			return;
		e.ip = ia->peer;
	}
	if (mods & PF_MOD_NETWORK)
		e.bits = ia->bits;
	else if (want_bits < full)
		e.bits = (uint8_t)want_bits;
	masked = e;
	for (unsigned i = 0; i < 16; i++)
		if (i * 8 >= e.bits)
			masked.ip.b[i] = 0;
		else if (i * 8 + 8 > e.bits)
			masked.ip.b[i] &= (uint8_t)(0xff00 >> (e.bits - i * 8));
	sim_table_add(&d->table, &masked);
	if (ia->af == AF_INET && !d->has4) {
		d->first4 = e.ip;
		d->has4 = true;
	} else if (ia->af == AF_INET6 && !d->has6) {
		d->first6 = e.ip;
		d->has6 = true;
	}
}

static void
dyn_fill(const struct pf_sim *sim, struct sim_dyn *d, const struct pf_addr *a)
{
	for (size_t i = 0; i < sim->env->ifs.n; i++) {
		const struct pf_if *ifp = &sim->env->ifs.v[i];
		bool got4 = false, got6 = false;

		if (!in_group(ifp, a->name))
			continue;
		for (size_t k = 0; k < ifp->addrs.n; k++) {
			const struct pf_if_addr *ia = &ifp->addrs.v[k];
			bool *got = ia->af == AF_INET ? &got4 : &got6;

			if (link_local(ia))
				continue;
			if ((a->mods & PF_MOD_NOALIAS) && *got)
				continue;
			*got = true;
			dyn_add(d, ia, a->mods, a->bits);
		}
	}
}

const struct sim_dyn *
sim_dyn_get(struct pf_sim *sim, const struct pf_addr *a)
{
	char key[96];
	struct sim_dyn *d;

	(void)snprintf(key, sizeof(key), "%s:%u/%u", a->name, a->mods, a->bits);
	d = map_get(&sim->dyns, key);
	if (d == NULL) {
		d = xcalloc(1, sizeof(*d));
		dyn_fill(sim, d, a);
		map_set(&sim->dyns, key, d);
	}
	return d;
}

const struct sim_table *
sim_table_get(
    const struct pf_sim *sim, const struct sim_anchor *a, const char *name)
{
	char key[PF_PATH_MAX + PF_TABLE_MAX + 2];
	const struct sim_table *t;

	/* An anchor's own table comes before the main one's. */
	if (a != NULL && a->path[0] != '\0') {
		(void)snprintf(key, sizeof(key), "%s/%s", a->path, name);
		t = map_get(&sim->tables, key);
		if (t != NULL)
			return t;
	}
	return map_get(&sim->tables, name);
}

static bool
range_match(const struct pf_addr *a, const union pf_ip *ip, uint8_t af)
{
	size_t n = af == AF_INET ? 4 : 16;

	return memcmp(a->ip.b, ip->b, n) <= 0 &&
	    memcmp(ip->b, a->last.b, n) <= 0;
}

static bool
plain_match(struct pf_sim *sim, const struct sim_anchor *anchor,
    const struct pf_addr *a, const union pf_ip *ip, uint8_t af,
    const char *in_if)
{
	const struct sim_table *t;
	const char *ifname;
	union pf_ip via;

	switch ((enum pf_addr_kind)a->kind) {
	case PF_ADDR_ANY:
		return true;
	case PF_ADDR_IP:
		return sim_prefix_match(&a->ip, a->bits, ip, af);
	case PF_ADDR_RANGE:
		return range_match(a, ip, af);
	case PF_ADDR_TABLE:
		t = sim_table_get(sim, anchor, a->name);
		return t != NULL && sim_table_match(t, af, ip);
	case PF_ADDR_DYN:
		return sim_table_match(&sim_dyn_get(sim, a)->table, af, ip);
	case PF_ADDR_NOROUTE:
		return !sim_route(sim, af, ip, &ifname, &via);
	case PF_ADDR_URPF:
		return in_if == NULL ||
		    !sim_route(sim, af, ip, &ifname, &via) ||
		    !streq(ifname, in_if);
	}
	return false;
}

bool
sim_addr_match(struct pf_sim *sim, const struct sim_anchor *anchor,
    const struct pf_addr *a, const union pf_ip *ip, uint8_t af,
    const char *in_if)
{
	return plain_match(sim, anchor, a, ip, af, in_if) != a->neg;
}
