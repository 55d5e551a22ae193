/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What others' filter chains do with one packet. A rule that may match is
 * followed both ways at once, so the result of a walk is the set of what can
 * happen.
 */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <sys/socket.h>

#include "base/array.h"
#include "nft/foreign-private.h"

/* What can become of a packet, as bits. */
enum { CAN_ACCEPT = 1, CAN_DROP = 2, CAN_GO_ON = 4, CAN_LEAVE = 8 };

/* The kernel's limit of nested jumps, and ours of rules looked at. */
enum { DEPTH = 16, BUDGET = 100000 };

struct place {
	const struct foreign_chain *chain;
	size_t rule;
	bool reject;
};

struct walk {
	struct foreign_match m;
	const char *unknown; /* first thing not followed that mattered */
	bool dropped;	     /* `drop` is the first place that drops */
	struct place drop;
	unsigned int rules;
};

/* ---- the walk ---- */

static unsigned int walk_chain(
    struct walk *w, const struct foreign_chain *c, int depth);

static const struct foreign_chain *
chain_named(const struct foreign_table *t, const char *name)
{
	for (size_t i = 0; name && i < t->n_chain; i++)
		if (streq(t->chain[i].name, name))
			return &t->chain[i];
	return NULL;
}

static unsigned int
drop(struct walk *w, const struct place *at, bool reject)
{
	if (!w->dropped) {
		w->drop = *at;
		w->drop.reject = reject;
	}
	w->dropped = true;
	return CAN_DROP;
}

/* A program decides. */
static unsigned int
queue(struct walk *w, const struct place *at)
{
	if (!w->unknown)
		w->unknown = "a queue to a program";
	return drop(w, at, false) | CAN_ACCEPT;
}

static unsigned int
jump(struct walk *w, const char *to, int depth)
{
	const struct foreign_chain *next = chain_named(w->m.t, to);

	if (next && depth < DEPTH)
		return walk_chain(w, next, depth + 1);
	return CAN_ACCEPT | CAN_DROP | CAN_GO_ON;
}

/* What a verdict of the rule at `at` can lead to. */
static unsigned int
follow(struct walk *w, const struct place *at, int32_t verdict, const char *to,
    int depth)
{
	unsigned int can;

	switch (verdict) {
	case NF_ACCEPT:
		return CAN_ACCEPT;
	case NF_DROP:
		return drop(w, at, false);
	case NFT_JUMP:
		return jump(w, to, depth);
	case NFT_GOTO:
		can = jump(w, to, depth);
		return can & CAN_GO_ON ? (can ^ CAN_GO_ON) | CAN_LEAVE : can;
	case NFT_RETURN:
		return CAN_LEAVE;
	case NFT_CONTINUE:
	case NFT_BREAK:
		return CAN_GO_ON;
	default:
		return queue(w, at);
	}
}

/* A verdict map: what the packet's element says, or all of them can. */
static unsigned int
follow_map(struct walk *w, const struct place *at, const struct foreign_expr *x,
    int depth, enum foreign_answer *found)
{
	const struct foreign_set *s = foreign_set_named(w->m.t, x->name);
	const struct foreign_elem *e;
	unsigned int can = 0;

	*found = foreign_find(&w->m, x, &e);
	if (*found == FOREIGN_NO)
		return CAN_GO_ON;
	if (*found == FOREIGN_YES)
		return follow(w, at, e->verdict, e->chain, depth);
	for (size_t i = 0; s && i < s->n_elem; i++)
		if (!s->elem[i].end)
			can |= follow(
			    w, at, s->elem[i].verdict, s->elem[i].chain, depth);
	return s ? can : CAN_ACCEPT | CAN_DROP;
}

/* Does the expression decide, once the rule has come to it? */
static bool
decide(struct walk *w, const struct place *at, const struct foreign_expr *x,
    int depth, enum foreign_answer *sure, unsigned int *can)
{
	*sure = FOREIGN_YES;
	switch (x->kind) {
	case FX_VERDICT:
		*can = follow(w, at, x->op, x->name, depth);
		return true;
	case FX_REJECT:
		*can = drop(w, at, true);
		return true;
	case FX_QUEUE:
		*can = queue(w, at);
		return true;
	case FX_VMAP:
		*can = follow_map(w, at, x, depth, sure);
		return true;
	default:
		return false;
	}
}

/* What one rule can do; CAN_GO_ON: to the next one. */
static unsigned int
walk_rule(struct walk *w, const struct place *at, int depth)
{
	const struct foreign_rule *r = &at->chain->rule[at->rule];
	const char *unknown = NULL;
	unsigned int can;
	enum foreign_answer a;

	foreign_forget(&w->m);
	for (size_t i = 0; i < r->n_expr; i++) {
		const struct foreign_expr *x = &r->expr[i];

		if (decide(w, at, x, depth, &a, &can)) {
			if (a == FOREIGN_MAYBE && !unknown)
				unknown = "a verdict map";
			if (!unknown)
				return can;
			if (!w->unknown && can != CAN_GO_ON)
				w->unknown = unknown;
			return can | CAN_GO_ON;
		}
		a = foreign_ask(&w->m, x);
		if (a == FOREIGN_NO)
			return CAN_GO_ON;
		if (a == FOREIGN_MAYBE && !unknown)
			unknown = x->kind == FX_OPAQUE ? x->name : "a match";
	}
	return CAN_GO_ON;
}

/* What a chain can do; CAN_GO_ON: behind the jump that led here. */
static unsigned int
walk_chain(struct walk *w, const struct foreign_chain *c, int depth)
{
	unsigned int all = 0;

	for (size_t i = 0; i < c->n_rule; i++) {
		struct place at = { c, i, false };
		unsigned int can;

		if (++w->rules > BUDGET) {
			w->unknown = "more rules than are followed";
			return CAN_ACCEPT | CAN_DROP | CAN_GO_ON;
		}
		can = walk_rule(w, &at, depth);
		all |= can & (CAN_ACCEPT | CAN_DROP);
		if (can & CAN_LEAVE)
			all |= CAN_GO_ON;
		if (!(can & CAN_GO_ON))
			return all;
	}
	return all | CAN_GO_ON;
}

static unsigned int
walk_base(struct walk *w, const struct foreign_chain *c)
{
	struct place policy = { c, c->n_rule, false };
	unsigned int can = walk_chain(w, c, 0);

	if (!(can & CAN_GO_ON))
		return can;
	can &= CAN_ACCEPT | CAN_DROP;
	return can | (c->policy_drop ? drop(w, &policy, false) : CAN_ACCEPT);
}

/* ---- all chains of a hook ---- */

struct bases {
	struct base {
		const struct foreign_table *table;
		const struct foreign_chain *chain;
	} * v;
	size_t n, cap;
};

static int
by_prio(const void *a, const void *b)
{
	const struct base *x = a, *y = b;

	return (x->chain->prio > y->chain->prio) -
	    (x->chain->prio < y->chain->prio);
}

static bool
sees(const struct foreign_table *t, const struct foreign_packet *p)
{
	return !t->dormant &&
	    (t->family == NFPROTO_INET ||
		t->family ==
		    (p->family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6));
}

static void
collect_bases(
    const struct foreign *f, const struct foreign_packet *p, struct bases *ret)
{
	for (size_t i = 0; i < f->n_table; i++) {
		const struct foreign_table *t = &f->table[i];

		for (size_t k = 0; sees(t, p) && k < t->n_chain; k++)
			if (t->chain[k].base && t->chain[k].hook == p->hook &&
			    streq(t->chain[k].type, "filter"))
				*array_add(ret) =
				    (struct base){ t, &t->chain[k] };
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_prio);
}

static void
ruling_set(struct foreign_ruling *ret, const struct base *b,
    const struct walk *w, bool sure)
{
	const struct place *at = &w->drop;
	const struct foreign_chain *c = at->chain ? at->chain : b->chain;

	*ret = (struct foreign_ruling){
		.word = sure ? FOREIGN_DROPS : FOREIGN_DEPENDS,
		.table = b->table,
		.base = b->chain,
		.chain = c,
		.rule = at->rule,
		.handle = at->rule < c->n_rule ? c->rule[at->rule].handle : 0,
		.reject = at->reject,
	};
	ret->owner = foreign_ruling_owner(ret);
	if (!sure)
		snprintf(ret->match, sizeof(ret->match), "%s",
		    w->unknown ? w->unknown : "a chain that is gone");
}

void
foreign_judge(const struct foreign *f, const struct foreign_packet *p,
    struct foreign_ruling *ret)
{
	struct bases bases = { 0 };

	*ret = (struct foreign_ruling){ .word = FOREIGN_PASSES };
	collect_bases(f, p, &bases);
	for (size_t i = 0; i < bases.n && ret->word != FOREIGN_DROPS; i++) {
		struct walk w = { .m = { bases.v[i].table, p } };
		unsigned int can = walk_base(&w, bases.v[i].chain);

		if (can == CAN_DROP)
			ruling_set(ret, &bases.v[i], &w, true);
		else if ((can & CAN_DROP) && ret->word == FOREIGN_PASSES)
			ruling_set(ret, &bases.v[i], &w, false);
	}
	array_clear(&bases);
}
