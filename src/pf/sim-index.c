/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which rules of a long list may match a packet, without asking each.
 *
 * A list is divided into chunks of 256 rules. In a chunk, each field of a
 * packet (protocol, port, addresses) is looked up among the places where the
 * answer changes, which gives a set of rules, one bit each; what is in all the
 * sets may match. The sets may hold too many rules (what is negated, a table,
 * the low half of an IPv6 address are not looked at), never too few: each rule
 * is tested whole afterwards. Memory and time to build are linear in the
 * rules.
 */
#include "pf/sim-internal.h"

enum { WORDS = SIM_CHUNK / 64 };

enum field { F_PROTO, F_DPORT, F_SRC4, F_DST4, F_SRC6, F_DST6, F_COUNT };

/* From from[i] to before from[i + 1] the rules bits[i] may match; from[0] is
 * 0. */
struct spans {
	uint64_t *from;
	struct sim_bits *bits;
	size_t n;
};

struct chunk {
	struct sim_bits way[2][2]; /* out or in, IPv6 or IPv4 */
	struct sim_bits *on;	   /* each interface of the environment */
	struct spans field[F_COUNT];
};

struct sim_index {
	struct chunk *v;
	size_t n;
};

static void
set_bit(struct sim_bits *b, size_t i)
{
	b->w[i / 64] |= (uint64_t)1 << (i % 64);
}

/* ---- building ---- */

/* The numbers that a rule may match in a field. */
struct range {
	uint64_t low, high;
};

static const struct range everything = { 0, UINT64_MAX };

static uint64_t
number_of(const union pf_ip *ip, uint8_t af)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < (af == AF_INET ? 4 : 8); i++)
		n = n << 8 | ip->b[i];
	return n;
}

static struct range
addr_range(const struct pf_rule *r, const struct pf_addr *a, uint8_t af)
{
	unsigned width = af == AF_INET ? 32 : 64;
	struct range g;

	if (a->neg || r->af != af)
		return everything;
	if (a->kind == PF_ADDR_RANGE)
		return (struct range){ number_of(&a->ip, af),
			number_of(&a->last, af) };
	if (a->kind != PF_ADDR_IP)
		return everything;
	g.low = g.high = number_of(&a->ip, af);
	if (a->bits < width)
		g.high |= UINT64_MAX >> (64 - width + a->bits);
	return g;
}

static struct range
port_range(const struct pf_ports *p)
{
	switch ((enum pf_op)p->op) {
	case PF_OP_EQ:
		return (struct range){ p->a, p->a };
	case PF_OP_RANGE:
	case PF_OP_IN:
		return (struct range){ p->a, p->b };
	case PF_OP_LT:
	case PF_OP_LE:
		return (struct range){ 0, p->a };
	case PF_OP_GT:
	case PF_OP_GE:
		return (struct range){ p->a, UINT16_MAX };
	case PF_OP_NONE:
	case PF_OP_NE:
	case PF_OP_OUT:
		break;
	}
	return everything;
}

static struct range
range_of(const struct pf_rule *r, enum field f)
{
	switch (f) {
	case F_PROTO:
		return r->proto ? (struct range){ r->proto, r->proto }
				: everything;
	case F_DPORT:
		return port_range(&r->dst.port);
	case F_SRC4:
		return addr_range(r, &r->src.addr, AF_INET);
	case F_DST4:
		return addr_range(r, &r->dst.addr, AF_INET);
	case F_SRC6:
		return addr_range(r, &r->src.addr, AF_INET6);
	case F_DST6:
		return addr_range(r, &r->dst.addr, AF_INET6);
	case F_COUNT:
		break;
	}
	return everything;
}

struct edge { /* where a rule begins to match, or ends */
	uint64_t at;
	size_t rule;
};

static int
edge_cmp(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* Go through the edges in order; each turns its rule on or off. */
static void
spans_fill(struct spans *s, struct edge *edge, size_t n)
{
	struct sim_bits now = { { 0 } };

	qsort(edge, n, sizeof(*edge), edge_cmp);
	s->from = xcalloc(n + 1, sizeof(*s->from));
	s->bits = xcalloc(n + 1, sizeof(*s->bits));
	for (size_t i = 0; i < n; i++) {
		now.w[edge[i].rule / 64] ^= (uint64_t)1 << edge[i].rule % 64;
		if (i + 1 < n && edge[i + 1].at == edge[i].at)
			continue;
		s->from[s->n] = edge[i].at;
		s->bits[s->n++] = now;
	}
}

static void
spans_build(
    struct spans *s, struct sim_rule *const *rule, size_t n, enum field f)
{
	struct edge edge[2 * SIM_CHUNK + 1];
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		struct range g = range_of(rule[i]->r, f);

		if (g.low > g.high)
			continue; /* "port 9:1" */
		edge[k++] = (struct edge){ g.low, i };
		if (g.high != UINT64_MAX)
			edge[k++] = (struct edge){ g.high + 1, i };
	}
	spans_fill(s, edge, k);
}

static void
chunk_build(const struct pf_sim *sim, struct chunk *c,
    struct sim_rule *const *rule, size_t n)
{
	size_t n_ifs = sim->env->ifs.n;

	c->on = xcalloc(n_ifs, sizeof(*c->on));
	for (size_t i = 0; i < n; i++) {
		const struct pf_rule *r = rule[i]->r;

		for (int in = 0; in < 2; in++) {
			if (r->dir == (in ? PF_OUT : PF_IN))
				continue;
			if (r->af != AF_INET)
				set_bit(&c->way[in][0], i);
			if (r->af != AF_INET6)
				set_bit(&c->way[in][1], i);
		}
		for (size_t k = 0; k < n_ifs; k++)
			if (rule[i]->if_id == 0 ||
			    sim->if_match[k][rule[i]->if_id] != r->if_not)
				set_bit(&c->on[k], i);
	}
	for (int f = 0; f < F_COUNT; f++)
		spans_build(&c->field[f], rule, n, (enum field)f);
}

struct sim_index *
sim_index_new(const struct pf_sim *sim, const struct sim_list *l)
{
	struct sim_index *x = xcalloc(1, sizeof(*x));

	x->n = (l->n + SIM_CHUNK - 1) / SIM_CHUNK;
	x->v = xcalloc(x->n, sizeof(*x->v));
	for (size_t i = 0; i < x->n; i++)
		chunk_build(sim, &x->v[i], &l->v[i * SIM_CHUNK],
		    MIN(l->n - i * SIM_CHUNK, (size_t)SIM_CHUNK));
	return x;
}

void
sim_index_free(struct sim_index *x)
{
	for (size_t i = 0; x != NULL && i < x->n; i++) {
		free(x->v[i].on);
		for (int f = 0; f < F_COUNT; f++) {
			free(x->v[i].field[f].from);
			free(x->v[i].field[f].bits);
		}
	}
	if (x != NULL)
		free(x->v);
	free(x);
}

/* ---- asking ---- */

/* Leave in `b` what may match that number; false: nothing is left. */
static bool
narrow(struct sim_bits *b, const struct spans *s, uint64_t n)
{
	size_t low = 0, count = s->n;
	uint64_t any = 0;

	if (count == 0 || n < s->from[0])
		return false;
	while (count > 1) { /* from[low] <= n holds */
		size_t half = count / 2;

		low = s->from[low + half] <= n ? low + half : low;
		count -= half;
	}
	for (int i = 0; i < WORDS; i++)
		any |= b->w[i] &= s->bits[low].w[i];
	return any != 0;
}

static bool
may_match(const struct chunk *c, const struct sim_run *run, bool ports,
    struct sim_bits *b)
{
	const struct pf_packet *p = run->p;
	bool v4 = p->af == AF_INET;

	*b = c->way[run->dir == PF_IN][v4];
	for (int i = 0; i < WORDS; i++)
		b->w[i] &= c->on[run->if_index].w[i];
	return narrow(b, &c->field[F_PROTO], p->proto) &&
	    (!ports || narrow(b, &c->field[F_DPORT], p->dport)) &&
	    narrow(b, &c->field[v4 ? F_SRC4 : F_SRC6],
		number_of(&p->src, p->af)) &&
	    narrow(
		b, &c->field[v4 ? F_DST4 : F_DST6], number_of(&p->dst, p->af));
}

size_t
sim_index_next(const struct sim_index *x, struct sim_cursor *cur,
    const struct sim_run *run, bool ports, size_t i)
{
	for (; i < x->n * SIM_CHUNK; i = (i / SIM_CHUNK + 1) * SIM_CHUNK) {
		struct sim_bits *b = &cur->may;
		size_t k = i % SIM_CHUNK / 64;
		uint64_t w;

		if (cur->chunk != i / SIM_CHUNK + 1) {
			cur->chunk = i / SIM_CHUNK + 1;
			if (!may_match(&x->v[i / SIM_CHUNK], run, ports, b)) {
				*b = (struct sim_bits){ { 0 } };
				continue;
			}
		}
		w = b->w[k] & UINT64_MAX << i % 64;
		while (w == 0 && ++k < WORDS)
			w = b->w[k];
		if (w != 0)
			return i / SIM_CHUNK * SIM_CHUNK + k * 64 +
			    (size_t)__builtin_ctzll(w);
	}
	return SIZE_MAX;
}
