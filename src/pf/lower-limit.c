/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits of states and sources: `keep state (max .., max-src-.., overload ..)`.
 *
 * A rule that has some sends what it passes to a chain of its own: first the
 * jump to the limits, which drop what is too much, then the state is made.
 * What counts are living entries of conntrack (connlimit).
 *
 * max-src-conn and max-src-conn-rate are judged when the handshake is over, so
 * that nobody can make another's address overload with SYNs: conntrack calls
 * the connection assured from that packet on. It finds its rule by the number
 * in its label, and a bit says that it was counted.
 *
 * Addresses of both families are in one set, IPv4 as ::ffff:a.b.c.d.
 */
#include "pf/lower-private.h"

#include <linux/netfilter/nf_conntrack_common.h>

static bool
judges_handshake(const struct pf_state *s)
{
	return s->max_src_conn || (s->rate && s->rate_seconds);
}

static bool
counts_globally(const struct pf_state *s)
{
	return s->track == PF_TRACK_GLOBAL;
}

/* Does each source take one of `set limit src-nodes`? */
static bool
has_node(const struct lw *lw, const struct pf_state *s)
{
	return lw->max_sources && s->track != PF_TRACK_NONE;
}

bool
lw_is_limited(const struct lw *lw, const struct pf_rule *r)
{
	const struct pf_state *s = r->state;

	if (!s || r->action != PF_PASS || r->keep == PF_NO_STATE)
		return false;
	return s->max || s->max_src_nodes || s->max_src_states ||
	    judges_handshake(s) || (counts_globally(s) && lw->src_states.n) ||
	    has_node(lw, s);
}

/* ---- what the rules have of these ---- */

static void
add_once(struct lw_numbers *list, uint32_t number)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i] == number)
			return;
	*array_add(list) = number;
}

bool
lw_is_overload(const struct lw *lw, const char *table)
{
	return strv_has(&lw->overload, table);
}

static void
collect_rule(struct lw *lw, const struct pf_rule *r)
{
	const struct pf_state *s = r->state;

	if (!s || r->action != PF_PASS || r->keep == PF_NO_STATE)
		return;
	if (counts_globally(s) && s->max_src_states)
		add_once(&lw->src_states, s->max_src_states);
	if (!judges_handshake(s))
		return;
	lw->any_judged = true;
	lw->any_flush |= s->flush_global;
	lw->any_flush_rule |= s->flush && !s->flush_global;
	if (s->overload && !lw_is_overload(lw, s->overload))
		strv_add(&lw->overload, s->overload);
}

void
lw_limits_collect(struct lw *lw)
{
	for (struct pf_anchor *a = lw->rs->main; a; a = a->next) {
		const struct pf_rules *list = &a->list[PF_LIST_FILTER];

		for (size_t i = 0; i < list->n; i++)
			collect_rule(lw, list->v[i]);
	}
}

/* ---- sources ---- */

/* The packet's source in five registers, behind a word that is the caller's;
 * the rule ends for packets of the other family. */
enum { R_KEY = 8, R_SRC = 9 };
static const uint8_t afs[] = { AF_INET, AF_INET6 };

static void
x_source(struct lw *lw, uint8_t af)
{
	static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff };

	x_nfproto(lw, af);
	if (af == AF_INET) {
		x_imm(lw, R_SRC, mapped, sizeof(mapped));
		x_payload(lw, NFT_PAYLOAD_NETWORK_HEADER, 12, 4, R_SRC + 3);
	} else {
		x_payload(lw, NFT_PAYLOAD_NETWORK_HEADER, 8, 16, R_SRC);
	}
}

static struct nft_expr *
x_dynset(struct lw *lw, int op, uint8_t reg, const char *set)
{
	struct nft_expr *x = lw_add(lw, NFT_X_DYNSET);

	x->op = op;
	x->reg = reg;
	x->name = set;
	return x;
}

/* The source's own count of connections is over `max`. */
static void
x_source_over(struct lw *lw, const char *set, uint32_t max)
{
	x_dynset(lw, NFT_DYNSET_OP_ADD, R_SRC, set)->len = 1;
	lw_add(lw, NFT_X_CONNLIMIT)->num = max;
}

/* ---- limits of a rule ---- */

static struct lw_limit *
limit_of(struct lw *lw, const struct pf_rule *r, bool out)
{
	struct lw_limit *l;

	for (size_t i = 0; i < lw->limits.n; i++) {
		l = &lw->limits.v[i];
		if (l->r == r && l->out == out)
			return l;
	}
	l = array_add(&lw->limits);
	*l = (struct lw_limit){
		.r = r, .out = out, .nr = (unsigned)lw->limits.n
	};
	return l;
}

/* Sets outlive a load: what they hold is told by the name. */
static const char *
set_name(struct lw *lw, const struct lw_limit *l, const char *what, uint32_t n)
{
	return lw_source_set(
	    lw, arena_printf(lw->arena, "%s_%u_%u", what, l->nr, n), 0, 0);
}

static void
add_judged(struct lw *lw, uint32_t id, bool out, unsigned nr)
{
	for (size_t i = 0; i < lw->judged.n; i++)
		if (lw->judged.v[i].id == id && lw->judged.v[i].out == out)
			return;
	*array_add(&lw->judged) = (struct lw_judged){ id, out, nr };
}

const char *
lw_limit_chain(struct lw *lw, const struct pf_rule *r, uint32_t id, bool out)
{
	struct lw_limit *l = limit_of(lw, r, out);

	if (judges_handshake(r->state))
		add_judged(lw, id, out, l->nr);
	return arena_printf(lw->arena, "limit_%u", l->nr);
}

/* max: the states of the rule. */
static void
put_max(struct lw *lw, const char *chain, uint32_t max)
{
	lw_begin(lw, LW_INET, chain);
	lw_add(lw, NFT_X_CONNLIMIT)->num = max;
	x_count(lw, NFT_N_MAX);
	x_verdict(lw, NF_DROP, NULL);
	lw_end(lw);
}

/* Drop if the set has room for no more sources. They leave it with their last
 * state. `whose`: a word before the source, or NULL for those of one rule. */
static void
put_room(
    struct lw *lw, const char *chain, const char *set, const uint32_t *whose)
{
	for (size_t i = 0; i < ARRAY_SIZE(afs); i++) {
		struct nft_expr *x;

		lw_begin(lw, LW_INET, chain);
		x_source(lw, afs[i]);
		if (whose)
			x_imm(lw, R_KEY, whose, sizeof(*whose));
		x = x_dynset(lw, NFT_DYNSET_OP_ADD, whose ? R_KEY : R_SRC, set);
		x->inv = true;
		x->len = 1;
		lw_add(lw, NFT_X_CONNLIMIT)->num = UINT32_MAX;
		if (!whose)
			x_count(lw, NFT_N_MAX_NODES);
		x_count(lw, NFT_N_SRC_LIMIT);
		x_verdict(lw, NF_DROP, NULL);
		lw_end(lw);
	}
}

/* max-src-nodes */
static void
put_nodes(struct lw *lw, const struct lw_limit *l, const char *chain)
{
	uint32_t max = l->r->state->max_src_nodes;

	put_room(lw, chain,
	    lw_source_set(
		lw, arena_printf(lw->arena, "nodes_%u_%u", l->nr, max), max, 0),
	    NULL);
}

/* set limit src-nodes: a source is one for all rules together, and one for
 * each rule that tracks its own. */
static void
put_all_nodes(struct lw *lw, const struct lw_limit *l, const char *chain)
{
	uint32_t whose = counts_globally(l->r->state) ? 0 : l->nr;

	put_room(lw, chain, lw_all_sources_set(lw, lw->max_sources), &whose);
}

/* One more connection of its source; `drop`: unless there are too many. */
static void
put_count(
    struct lw *lw, const char *chain, const char *set, uint32_t max, bool drop)
{
	for (size_t i = 0; i < ARRAY_SIZE(afs); i++) {
		lw_begin(lw, LW_INET, chain);
		x_source(lw, afs[i]);
		x_source_over(lw, set, max);
		if (drop) {
			x_count(lw, NFT_N_MAX_STATES);
			x_count(lw, NFT_N_SRC_LIMIT);
			x_verdict(lw, NF_DROP, NULL);
		}
		lw_end(lw);
	}
}

/* Sources of all rules together are counted once for each number that a rule
 * has as its maximum: the kernel keeps the maximum with the count. */
static void
put_global(struct lw *lw, const char *chain, uint32_t max)
{
	for (int own = 1; own >= 0; own--) {
		for (size_t i = 0; i < lw->src_states.n; i++) {
			uint32_t n = lw->src_states.v[i];

			if ((n == max) != own)
				continue;
			put_count(lw, chain,
			    lw_source_set(lw,
				arena_printf(lw->arena, "states_%u", n), 0, 0),
			    n, own);
		}
	}
}

static void
put_limits(struct lw *lw, const struct lw_limit *l)
{
	const struct pf_state *s = l->r->state;
	const char *chain = arena_printf(lw->arena, "limit_%u", l->nr);

	lw_chain(lw, LW_INET, chain);
	if (s->max)
		put_max(lw, chain, s->max);
	if (has_node(lw, s))
		put_all_nodes(lw, l, chain);
	if (s->max_src_nodes)
		put_nodes(lw, l, chain);
	if (counts_globally(s))
		put_global(lw, chain, s->max_src_states);
	else if (s->max_src_states)
		put_count(lw, chain,
		    set_name(lw, l, "states", s->max_src_states),
		    s->max_src_states, true);
	/* Judged later; but it can only be counted as long as it is new. */
	if (s->max_src_conn)
		put_count(lw, chain, set_name(lw, l, "conn", s->max_src_conn),
		    s->max_src_conn, false);
}

/* ---- the end of the handshake ---- */

static uint32_t
bit_of(bool out)
{
	return out ? NFT_L_REV : NFT_L_FWD;
}

static const char *
judge_chain(bool out)
{
	return out ? "judge_out" : "judge_in";
}

/* The label of what comes from the opener, if it has none of these flags. */
static void
x_opener_label(struct lw *lw, uint32_t flags)
{
	x_direction(lw, 0);
	x_ct(lw, NFT_CT_LABELS, NFT_CT_NODIR, 0);
	x_mask_u32(lw, 2, 4, flags, 0);
	x_cmp_u32(lw, NFT_CMP_EQ, 4, 0);
}

static void
put_judge(struct lw *lw, const char *chain, bool out)
{
	uint32_t bit = bit_of(out);

	lw_begin(lw, LW_INET, chain);
	x_l4proto(lw, NFT_CMP_EQ, IPPROTO_TCP);
	x_ct(lw, NFT_CT_STATUS, NFT_CT_NODIR, 0);
	x_mask_u32(lw, 0, 0, IPS_ASSURED, 0);
	x_cmp_u32(lw, NFT_CMP_NEQ, 0, 0);
	x_opener_label(lw, NFT_L_COUNTED(bit) | NFT_L_DEAD(bit));
	x_verdict(lw, NFT_JUMP, judge_chain(out));
	lw_end(lw);
}

/* Over its limits: the source goes into the table, and this state ends. */
static void
put_overload(struct lw *lw, const char *chain, const char *table, uint8_t af)
{
	uint8_t len = af == AF_INET ? 4 : 16;

	lw_begin(lw, LW_INET, chain);
	x_nfproto(lw, af);
	x_payload(
	    lw, NFT_PAYLOAD_NETWORK_HEADER, af == AF_INET ? 12 : 8, len, 0);
	/* It stays; but what has an end has a beginning that can be told. */
	x_dynset(lw, NFT_DYNSET_OP_ADD, 0, lw_overload_set(lw, table, af))
	    ->num = NFT_OVERLOAD_SECONDS;
	lw_end(lw);
}

/* flush global: the key is the source; flush: the rule's number before it. */
static void
put_flush(struct lw *lw, const char *chain, bool out, bool global)
{
	for (size_t i = 0; i < ARRAY_SIZE(afs); i++) {
		lw_begin(lw, LW_INET, chain);
		if (!global) {
			x_ct(lw, NFT_CT_LABELS, NFT_CT_NODIR, 0);
			x_mask_u32(lw, out ? 1 : 0, R_KEY, UINT32_MAX, 0);
		}
		x_source(lw, afs[i]);
		x_dynset(lw, NFT_DYNSET_OP_ADD, global ? R_SRC : R_KEY,
		    lw_flush_set(lw, global));
		lw_end(lw);
	}
}

static void
put_over(struct lw *lw, const struct lw_limit *l, const char *chain)
{
	const struct pf_state *s = l->r->state;

	lw_chain(lw, LW_INET, chain);
	if (s->overload)
		for (size_t i = 0; i < ARRAY_SIZE(afs); i++)
			put_overload(lw, chain, s->overload, afs[i]);
	if (s->overload && s->flush)
		put_flush(lw, chain, l->out, s->flush_global);
	lw_begin(lw, LW_INET, chain);
	if (s->overload)
		x_count(lw, NFT_N_OVERLOAD);
	if (s->overload && s->flush)
		x_count(lw, NFT_N_FLUSH);
	x_count(lw, NFT_N_SRC_LIMIT);
	x_label_add(lw, NFT_L_DEAD(bit_of(l->out)));
	x_verdict(lw, NF_DROP, NULL);
	lw_end(lw);
}

static void
put_rate(struct lw *lw, const struct lw_limit *l, const char *chain,
    const char *over)
{
	const struct pf_state *s = l->r->state;
	const char *set = lw_source_set(lw,
	    arena_printf(
		lw->arena, "rate_%u_%u_%u", l->nr, s->rate, s->rate_seconds),
	    0, NFT_SET_TIMEOUT);

	for (size_t i = 0; i < ARRAY_SIZE(afs); i++) {
		struct nft_expr *x;

		lw_begin(lw, LW_INET, chain);
		x_source(lw, afs[i]);
		/* After that long its bucket is full again. */
		x = x_dynset(lw, NFT_DYNSET_OP_UPDATE, R_SRC, set);
		x->num = s->rate_seconds;
		x->len = 1;
		x = lw_add(lw, NFT_X_LIMIT);
		x->num = s->rate;
		x->num2 = s->rate_seconds;
		x_count(lw, NFT_N_MAX_RATE);
		x_verdict(lw, NFT_GOTO, over);
		lw_end(lw);
	}
}

static void
put_conn(struct lw *lw, const struct lw_limit *l, const char *chain,
    const char *over)
{
	uint32_t max = l->r->state->max_src_conn;
	const char *set = set_name(lw, l, "conn", max);

	for (size_t i = 0; i < ARRAY_SIZE(afs); i++) {
		lw_begin(lw, LW_INET, chain);
		x_source(lw, afs[i]);
		x_source_over(lw, set, max);
		x_count(lw, NFT_N_MAX_CONN);
		x_verdict(lw, NFT_GOTO, over);
		lw_end(lw);
	}
}

static void
put_judgement(struct lw *lw, const struct lw_limit *l)
{
	const struct pf_state *s = l->r->state;
	const char *chain = arena_printf(lw->arena, "judge_%u", l->nr);
	const char *over = arena_printf(lw->arena, "over_%u", l->nr);

	lw_chain(lw, LW_INET, chain);
	if (s->rate && s->rate_seconds)
		put_rate(lw, l, chain, over);
	if (s->max_src_conn)
		put_conn(lw, l, chain, over);
	put_over(lw, l, over);
}

/* By the rule's number to where its connections are judged. Each is looked
 * for once. */
static void
put_judges(struct lw *lw, bool out)
{
	const char *chain = judge_chain(out);

	lw_chain(lw, LW_INET, chain);
	lw_begin(lw, LW_INET, chain);
	x_label_add(lw, NFT_L_COUNTED(bit_of(out)));
	lw_end(lw);
	for (size_t i = 0; i < lw->judged.n; i++) {
		const struct lw_judged *j = &lw->judged.v[i];

		if (j->out != out)
			continue;
		lw_begin(lw, LW_INET, chain);
		x_ct(lw, NFT_CT_LABELS, NFT_CT_NODIR, 0);
		x_cmp_u32(lw, NFT_CMP_EQ, out ? 1 : 0, j->id);
		x_verdict(
		    lw, NFT_GOTO, arena_printf(lw->arena, "judge_%u", j->nr));
		lw_end(lw);
	}
}

/* ---- flushed sources ---- */

static void
x_is_flushed(struct lw *lw, bool out, bool global, uint8_t af)
{
	if (!global)
		x_mask_u32(lw, out ? 1 : 0, R_KEY, UINT32_MAX, 0);
	x_source(lw, af);
	x_lookup(lw, global ? R_SRC : R_KEY, lw_flush_set(lw, global), false);
}

/* What a flushed source sends on a state of before ends that state. */
static void
put_flushed(struct lw *lw, const char *chain, bool out, bool global)
{
	uint32_t bit = bit_of(out);

	for (size_t i = 0; i < ARRAY_SIZE(afs); i++) {
		lw_begin(lw, LW_INET, chain);
		x_opener_label(lw, NFT_L_DEAD(bit) | NFT_L_LATER(bit));
		x_is_flushed(lw, out, global, afs[i]);
		x_label_add(lw, NFT_L_DEAD(bit));
		lw_end(lw);
	}
}

void
lw_limits_before_states(struct lw *lw, const char *chain, bool out)
{
	if (lw->any_flush)
		put_flushed(lw, chain, out, true);
	if (lw->any_flush_rule)
		put_flushed(lw, chain, out, false);
	if (lw->any_judged)
		put_judge(lw, chain, out);
}

/* A state that begins after its source was flushed is not meant. */
void
lw_limits_made(struct lw *lw, const char *chain, bool out)
{
	const bool any[] = { lw->any_flush_rule, lw->any_flush };

	for (int global = 0; global < 2; global++) {
		for (size_t i = 0; any[global] && i < ARRAY_SIZE(afs); i++) {
			lw_begin(lw, LW_INET, chain);
			x_opener_label(lw, 0);
			x_is_flushed(lw, out, global, afs[i]);
			x_label_add(lw, NFT_L_LATER(bit_of(out)));
			lw_end(lw);
		}
	}
}

void
lw_limits(struct lw *lw)
{
	for (size_t i = 0; i < lw->limits.n; i++) {
		put_limits(lw, &lw->limits.v[i]);
		if (judges_handshake(lw->limits.v[i].r->state))
			put_judgement(lw, &lw->limits.v[i]);
	}
	if (lw->any_judged)
		for (int out = 0; out < 2; out++)
			put_judges(lw, out);
}
