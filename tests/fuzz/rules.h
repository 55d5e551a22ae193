/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For fuzz targets that make rules of a small vocabulary and judge packets of
 * the same vocabulary: the input as a source of choices, and what a filter
 * rule matches, written as plainly as can be, to be compared with.
 */
#ifndef FUZZ_RULES_H
#define FUZZ_RULES_H

#include <netinet/in.h>

#include "pf/sim.h"

/* ---- choices ---- */

struct input {
	const uint8_t *data;
	size_t size;
	uint32_t state; /* of the random numbers that follow from all of it */
};

/* 0 when the input is used up. */
static inline uint32_t
byte(struct input *in)
{
	if (in->size == 0)
		return 0;
	in->size--;
	in->state = in->state * 31 + *in->data;
	return *in->data++;
}

static inline uint32_t
dice(struct input *in, uint32_t n)
{
	in->state = in->state * 1664525 + 1013904223;
	return (in->state >> 8) % n;
}

static inline const char *
choose(struct input *in, const char *const *words, size_t n)
{
	return words[byte(in) % n];
}

/* One of the words, by the next byte; the first when the input is used up. */
#define PICK(in, ...)                                                \
	({                                                           \
		static const char *const words_[] = { __VA_ARGS__ }; \
		choose((in), words_, ARRAY_SIZE(words_));            \
	})

#define WORD(in, s, ...) str_add((s), PICK((in), __VA_ARGS__))

/* ---- what a filter rule matches ---- */

struct at { /* where a packet is looked at */
	enum pf_dir dir;
	const struct pf_if *ifp;
	bool no_route; /* neither of its addresses has a route */
};

static inline bool
naive_prefix(const union pf_ip *ip, const struct pf_addr *a)
{
	unsigned whole = a->bits / 8, rest = a->bits % 8;

	return memcmp(ip->b, a->ip.b, whole) == 0 &&
	    (rest == 0 || (ip->b[whole] ^ a->ip.b[whole]) >> (8 - rest) == 0);
}

/* The longest prefix of the table decides. */
static inline bool
naive_table(const struct pf_ruleset *rs, const char *name, uint8_t af,
    const union pf_ip *ip)
{
	int best = -1;
	bool in = false;

	for (const struct pf_table *t = rs->tables; t; t = t->next) {
		if (!streq(t->name, name))
			continue;
		for (size_t i = 0; i < t->n; i++) {
			if (t->af[i] != af || !naive_prefix(ip, &t->addr[i]) ||
			    (int)t->addr[i].bits <= best)
				continue;
			best = t->addr[i].bits;
			in = !t->addr[i].neg;
		}
	}
	return in;
}

static inline bool
naive_addr(const struct pf_ruleset *rs, const struct pf_addr *a, uint8_t af,
    const union pf_ip *ip, const struct at *at)
{
	bool m = true;

	switch ((enum pf_addr_kind)a->kind) {
	case PF_ADDR_ANY:
		break;
	case PF_ADDR_IP:
		m = naive_prefix(ip, a);
		break;
	case PF_ADDR_TABLE:
		m = naive_table(rs, a->name, af, ip);
		break;
	case PF_ADDR_NOROUTE:
		m = at->no_route;
		break;
	default:
		BUG("an address of kind %d", a->kind);
	}
	return m != a->neg;
}

static inline bool
naive_ports(const struct pf_ports *t, uint16_t port)
{
	switch ((enum pf_op)t->op) {
	case PF_OP_NONE:
		return true;
	case PF_OP_EQ:
		return port == t->a;
	case PF_OP_NE:
		return port != t->a;
	case PF_OP_LT:
		return port < t->a;
	case PF_OP_LE:
		return port <= t->a;
	case PF_OP_GT:
		return port > t->a;
	case PF_OP_GE:
		return port >= t->a;
	case PF_OP_IN:
		return port > t->a && port < t->b;
	case PF_OP_OUT:
		return port < t->a || port > t->b;
	case PF_OP_RANGE:
		return port >= t->a && port <= t->b;
	}
	BUG("operator %d", t->op);
}

static inline bool
naive_matches(const struct pf_ruleset *rs, const struct pf_rule *r,
    const struct pf_packet *p, const struct at *at)
{
	bool on = r->ifname == NULL || streq(r->ifname, at->ifp->name) ||
	    strv_has(&at->ifp->groups, r->ifname);

	return on != r->if_not && (r->dir == PF_INOUT || r->dir == at->dir) &&
	    (r->af == 0 || r->af == p->af) &&
	    (r->proto == 0 || r->proto == p->proto) &&
	    naive_addr(rs, &r->src.addr, p->af, &p->src, at) &&
	    naive_addr(rs, &r->dst.addr, p->af, &p->dst, at) &&
	    naive_ports(&r->src.port, p->sport) &&
	    naive_ports(&r->dst.port, p->dport) &&
	    (p->proto != IPPROTO_TCP || (p->flags & r->flagset) == r->flags) &&
	    (r->icmp_type < 0 || r->icmp_type == p->icmp_type) &&
	    (r->tagged == NULL ||
		(p->tag != NULL && streq(p->tag, r->tagged)) != r->tagged_not);
}

/* The last rule that matches, or the first of those with quick; the packet
 * gets the tags of all that match on the way. NULL: none. */
static inline const struct pf_rule *
naive_judge(
    const struct pf_ruleset *rs, struct pf_packet *p, const struct at *at)
{
	const struct pf_rules *list = &rs->main->list[PF_LIST_FILTER];
	const struct pf_rule *hit = NULL;

	for (size_t i = 0; i < list->n && (hit == NULL || !hit->quick); i++) {
		if (!naive_matches(rs, list->v[i], p, at))
			continue;
		hit = list->v[i];
		if (hit->tag != NULL)
			p->tag = hit->tag;
	}
	return hit;
}

#endif
