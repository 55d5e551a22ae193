/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What others' filter chains do with one packet. Everything that a rule looks
 * at is known, or known to be unknown: a rule then may match, and the walk
 * goes on both ways at once. Its result is the set of what can happen.
 */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "base/array.h"
#include "nft/foreign-private.h"

/* What can become of a packet, as bits. */
enum { CAN_ACCEPT = 1, CAN_DROP = 2, CAN_GO_ON = 4, CAN_LEAVE = 8 };
enum answer { NO, YES, MAYBE };

/* The kernel's limit of nested jumps, and ours of rules looked at. */
enum { DEPTH = 16, BUDGET = 100000 };
/* An interface's name as the kernel loads it. */
enum { NAME_LEN = 16 };

struct place {
	const struct foreign_chain *chain;
	size_t rule;
	bool reject;
};

struct walk {
	const struct foreign_table *t;
	const struct foreign_packet *p;
	uint8_t reg[FX_REGS];
	bool known[FX_REGS];
	const char *unknown; /* first thing not followed that mattered */
	bool dropped;	     /* `drop` is the first place that drops */
	struct place drop;
	unsigned int rules;
};

/* ---- registers ---- */

static void
reg_forget(struct walk *w, size_t at, size_t len)
{
	for (size_t i = at; i < MIN(at + len, (size_t)FX_REGS); i++)
		w->known[i] = false;
}

static void
reg_set(struct walk *w, size_t at, const void *mem, size_t len)
{
	if (at + len > FX_REGS)
		return;
	memcpy(w->reg + at, mem, len);
	for (size_t i = at; i < at + len; i++)
		w->known[i] = true;
}

static void
reg_set_u32(struct walk *w, size_t at, uint32_t v)
{
	reg_set(w, at, &v, sizeof(v));
}

/* One byte, as the kernel stores it: the register's rest is zero. */
static void
reg_set_u8(struct walk *w, size_t at, uint8_t v)
{
	const uint8_t mem[4] = { v };

	reg_set(w, at, mem, sizeof(mem));
}

static bool
reg_known(const struct walk *w, size_t at, size_t len)
{
	if (at + len > FX_REGS)
		return false;
	for (size_t i = at; i < at + len; i++)
		if (!w->known[i])
			return false;
	return true;
}

/* ---- what is loaded ---- */

static void
load_name(struct walk *w, size_t at, const char *name)
{
	char mem[NAME_LEN] = { 0 };

	snprintf(mem, sizeof(mem), "%s", name);
	reg_set(w, at, mem, sizeof(mem));
}

static void
load_index(struct walk *w, size_t at, uint32_t index, const char *name)
{
	if (index || !name[0])
		reg_set_u32(w, at, index);
}

static void
load_meta(struct walk *w, const struct foreign_expr *x)
{
	const struct foreign_packet *p = w->p;
	uint16_t ethertype = htons(p->family == AF_INET ? 0x0800 : 0x86dd);

	reg_forget(w, x->dreg, NAME_LEN);
	switch (x->op) {
	case NFT_META_IIFNAME:
		load_name(w, x->dreg, p->iifname);
		break;
	case NFT_META_OIFNAME:
		load_name(w, x->dreg, p->oifname);
		break;
	case NFT_META_IIF:
		load_index(w, x->dreg, p->iif, p->iifname);
		break;
	case NFT_META_OIF:
		load_index(w, x->dreg, p->oif, p->oifname);
		break;
	case NFT_META_IIFGROUP:
		reg_set_u32(w, x->dreg, p->iifgroup);
		break;
	case NFT_META_OIFGROUP:
		reg_set_u32(w, x->dreg, p->oifgroup);
		break;
	case NFT_META_NFPROTO:
		reg_set_u8(w, x->dreg,
		    p->family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6);
		break;
	case NFT_META_L4PROTO:
		if (p->proto)
			reg_set_u8(w, x->dreg, p->proto);
		break;
	case NFT_META_PROTOCOL:
		reg_set(w, x->dreg, &ethertype, sizeof(ethertype));
		break;
	default:
		break;
	}
}

/* The header's bytes that are known, at their offsets. */
struct header {
	uint8_t mem[40];
	bool known[40];
};

static void
header_put(struct header *h, size_t at, const void *mem, size_t len)
{
	memcpy(h->mem + at, mem, len);
	for (size_t i = at; i < at + len; i++)
		h->known[i] = true;
}

static void
header_put_addr(struct header *h, size_t at, const uint8_t *addr, size_t len)
{
	static const uint8_t zero[16];

	if (memcmp(addr, zero, len) != 0)
		header_put(h, at, addr, len);
}

static struct header
network_header(const struct foreign_packet *p)
{
	struct header h = { 0 };
	bool v4 = p->family == AF_INET;
	size_t len = v4 ? 4 : 16;

	header_put_addr(&h, v4 ? 12 : 8, p->src, len);
	header_put_addr(&h, v4 ? 16 : 24, p->dst, len);
	if (p->proto)
		header_put(&h, v4 ? 9 : 6, &p->proto, 1);
	return h;
}

static struct header
transport_header(const struct foreign_packet *p)
{
	struct header h = { 0 };
	uint16_t sport = htons(p->sport), dport = htons(p->dport);

	if (p->sport)
		header_put(&h, 0, &sport, sizeof(sport));
	if (p->dport)
		header_put(&h, 2, &dport, sizeof(dport));
	return h;
}

static void
load_payload(struct walk *w, const struct foreign_expr *x)
{
	struct header h = { 0 };

	if (x->base == NFT_PAYLOAD_NETWORK_HEADER)
		h = network_header(w->p);
	else if (x->base == NFT_PAYLOAD_TRANSPORT_HEADER)
		h = transport_header(w->p);
	reg_forget(w, x->dreg, (x->len + 3u) & ~3u);
	for (size_t i = 0; i < x->len; i++) {
		size_t from = x->offset + i, to = x->dreg + i;

		if (from < sizeof(h.mem) && to < FX_REGS && h.known[from]) {
			w->reg[to] = h.mem[from];
			w->known[to] = true;
		}
	}
	/* The kernel zeroes what is left of the last word. */
	for (size_t i = x->dreg + x->len; i % 4 && i < FX_REGS; i++) {
		w->reg[i] = 0;
		w->known[i] = true;
	}
}

/* The first packet of a connection is new. */
static void
load_ct(struct walk *w, const struct foreign_expr *x)
{
	uint32_t status = 0;

	reg_forget(w, x->dreg, 16);
	switch (x->op) {
	case NFT_CT_STATE:
		reg_set_u32(w, x->dreg, NF_CT_STATE_BIT(IP_CT_NEW));
		break;
	case NFT_CT_DIRECTION:
		reg_set_u8(w, x->dreg, IP_CT_DIR_ORIGINAL);
		break;
	case NFT_CT_STATUS:
		if (w->p->dnat)
			status |= IPS_DST_NAT | IPS_DST_NAT_DONE;
		if (w->p->snat)
			status |= IPS_SRC_NAT | IPS_SRC_NAT_DONE;
		reg_set_u32(w, x->dreg, status);
		break;
	default:
		break;
	}
}

/* RTN_*: at the input hook the destination is the host's. Elsewhere it may be
 * (before routing) or is not. */
static uint32_t
dst_type(const struct foreign_packet *p)
{
	switch (p->hook) {
	case NF_INET_LOCAL_IN:
		return RTN_LOCAL;
	case NF_INET_FORWARD:
		return RTN_UNICAST;
	default:
		return RTN_UNSPEC;
	}
}

static void
load_dst_type(struct walk *w, const struct foreign_expr *x)
{
	uint32_t type = dst_type(w->p);

	if (type != RTN_UNSPEC)
		reg_set_u32(w, x->dreg, type);
	else
		reg_forget(w, x->dreg, sizeof(type));
}

static void
bitwise(struct walk *w, const struct foreign_expr *x)
{
	for (size_t i = 0; i < x->len; i++) {
		size_t from = x->sreg + i, to = x->dreg + i;

		if (from >= FX_REGS || to >= FX_REGS)
			return;
		/* What is masked away need not be known. */
		w->known[to] = w->known[from] || !x->data[i];
		w->reg[to] =
		    (uint8_t)((w->reg[from] & x->data[i]) ^ x->data2[i]);
	}
}

/* ---- what is asked ---- */

static enum answer
answer_not(enum answer a)
{
	return a == MAYBE ? MAYBE : a == YES ? NO : YES;
}

/* Is the register equal to these bytes? */
static enum answer
equal(const struct walk *w, size_t at, const uint8_t *mem, size_t len)
{
	bool all = true;

	if (at + len > FX_REGS)
		return MAYBE;
	for (size_t i = 0; i < len; i++) {
		if (!w->known[at + i])
			all = false;
		else if (w->reg[at + i] != mem[i])
			return NO;
	}
	return all ? YES : MAYBE;
}

static enum answer
compare(const struct walk *w, const struct foreign_expr *x)
{
	int d;

	if (x->op == NFT_CMP_EQ)
		return equal(w, x->sreg, x->data, x->len);
	if (x->op == NFT_CMP_NEQ)
		return answer_not(equal(w, x->sreg, x->data, x->len));
	if (!reg_known(w, x->sreg, x->len))
		return MAYBE;
	d = memcmp(w->reg + x->sreg, x->data, x->len);
	switch (x->op) {
	case NFT_CMP_LT:
		return d < 0 ? YES : NO;
	case NFT_CMP_LTE:
		return d <= 0 ? YES : NO;
	case NFT_CMP_GT:
		return d > 0 ? YES : NO;
	default:
		return d >= 0 ? YES : NO;
	}
}

static enum answer
in_range(const struct walk *w, const struct foreign_expr *x)
{
	bool in;

	if (!reg_known(w, x->sreg, x->len))
		return MAYBE;
	in = memcmp(w->reg + x->sreg, x->data, x->len) >= 0 &&
	    memcmp(w->reg + x->sreg, x->data2, x->len) <= 0;
	return in == (x->op == NFT_RANGE_EQ) ? YES : NO;
}

/* iptables numbers the states its own way. */
static enum answer
in_ctstate(const struct walk *w, const struct foreign_expr *x)
{
	uint32_t state = XT_CONNTRACK_STATE_BIT(IP_CT_NEW);

	if (w->p->dnat)
		state |= XT_CONNTRACK_STATE_DNAT;
	if (w->p->snat)
		state |= XT_CONNTRACK_STATE_SNAT;
	return !!(state & x->mask) == !x->inv ? YES : NO;
}

static enum answer
is_addrtype(const struct walk *w, const struct foreign_expr *x)
{
	uint32_t type = dst_type(w->p);

	if (type == RTN_UNSPEC)
		return MAYBE;
	return !!(x->mask & 1u << type) == !x->inv ? YES : NO;
}

static const struct foreign_set *
set_of(const struct foreign_table *t, const char *name)
{
	for (size_t i = 0; i < t->n_set; i++)
		if (streq(t->set[i].name, name))
			return &t->set[i];
	return NULL;
}

/* The element of an interval set that the register falls behind: the one
 * with the greatest key that is not above. */
static const struct foreign_elem *
interval_find(const struct walk *w, size_t at, const struct foreign_set *s)
{
	const struct foreign_elem *best = NULL;

	for (size_t i = 0; i < s->n_elem; i++) {
		const struct foreign_elem *e = &s->elem[i];

		if (e->catchall || memcmp(e->key, w->reg + at, s->key_len) > 0)
			continue;
		/* Where one range ends and the next begins, the begin. */
		if (!best || memcmp(e->key, best->key, s->key_len) > 0 ||
		    (best->end && memcmp(e->key, best->key, s->key_len) == 0))
			best = e;
	}
	return best && !best->end ? best : NULL;
}

static enum answer
exact_find(const struct walk *w, size_t at, const struct foreign_set *s,
    const struct foreign_elem **ret)
{
	enum answer best = NO;

	for (size_t i = 0; i < s->n_elem && best != YES; i++) {
		const struct foreign_elem *e = &s->elem[i];
		enum answer a = e->catchall ? NO
		    : e->wide		    ? MAYBE
					    : equal(w, at, e->key, s->key_len);

		if (a == NO)
			continue;
		best = a;
		*ret = e;
	}
	return best;
}

/* Is the register in the set? `ret`: the element, if it is for sure. */
static enum answer
find(struct walk *w, const struct foreign_expr *x,
    const struct foreign_elem **ret)
{
	const struct foreign_set *s = set_of(w->t, x->name);
	enum answer a;

	*ret = NULL;
	if (!s)
		return MAYBE;
	if (!s->interval) {
		a = exact_find(w, x->sreg, s, ret);
	} else if (s->n_elem && s->elem[0].wide) {
		a = MAYBE;
	} else if (!reg_known(w, x->sreg, s->key_len)) {
		a = s->n_elem ? MAYBE : NO;
	} else {
		*ret = interval_find(w, x->sreg, s);
		a = *ret ? YES : NO;
	}
	for (size_t i = 0; i < s->n_elem && a == NO; i++) {
		if (s->elem[i].catchall) {
			*ret = &s->elem[i];
			a = YES;
		}
	}
	return a;
}

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
	const struct foreign_chain *next = chain_named(w->t, to);

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
    int depth, enum answer *found)
{
	const struct foreign_set *s = set_of(w->t, x->name);
	const struct foreign_elem *e;
	unsigned int can = 0;

	*found = find(w, x, &e);
	if (*found == NO)
		return CAN_GO_ON;
	if (*found == YES)
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
    int depth, enum answer *sure, unsigned int *can)
{
	*sure = YES;
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

static enum answer
ask(struct walk *w, const struct foreign_expr *x)
{
	const struct foreign_elem *e;

	switch (x->kind) {
	case FX_META:
		load_meta(w, x);
		return YES;
	case FX_PAYLOAD:
		load_payload(w, x);
		return YES;
	case FX_CT:
		load_ct(w, x);
		return YES;
	case FX_DST_TYPE:
		load_dst_type(w, x);
		return YES;
	case FX_IMMEDIATE:
		reg_set(w, x->dreg, x->data, x->len);
		return YES;
	case FX_BITWISE:
		bitwise(w, x);
		return YES;
	case FX_CMP:
		return compare(w, x);
	case FX_RANGE:
		return in_range(w, x);
	case FX_CT_STATE:
		return in_ctstate(w, x);
	case FX_ADDRTYPE:
		return is_addrtype(w, x);
	case FX_LOOKUP:
		return x->inv ? answer_not(find(w, x, &e)) : find(w, x, &e);
	default:
		reg_forget(w, 0, FX_REGS);
		return MAYBE;
	}
}

/* What one rule can do; CAN_GO_ON: to the next one. */
static unsigned int
walk_rule(struct walk *w, const struct place *at, int depth)
{
	const struct foreign_rule *r = &at->chain->rule[at->rule];
	const char *unknown = NULL;
	unsigned int can;
	enum answer a;

	reg_forget(w, 0, FX_REGS);
	for (size_t i = 0; i < r->n_expr; i++) {
		const struct foreign_expr *x = &r->expr[i];

		if (decide(w, at, x, depth, &a, &can)) {
			if (a == MAYBE && !unknown)
				unknown = "a verdict map";
			if (!unknown)
				return can;
			if (!w->unknown && can != CAN_GO_ON)
				w->unknown = unknown;
			return can | CAN_GO_ON;
		}
		a = ask(w, x);
		if (a == NO)
			return CAN_GO_ON;
		if (a == MAYBE && !unknown)
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
		struct walk w = { .t = bases.v[i].table, .p = p };
		unsigned int can = walk_base(&w, bases.v[i].chain);

		if (can == CAN_DROP)
			ruling_set(ret, &bases.v[i], &w, true);
		else if ((can & CAN_DROP) && ret->word == FOREIGN_PASSES)
			ruling_set(ret, &bases.v[i], &w, false);
	}
	array_clear(&bases);
}
