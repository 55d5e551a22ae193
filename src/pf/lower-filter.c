/* SPDX-License-Identifier: BSD-2-Clause */
/* The filter rules: one chain a direction and class of interface. */
#include "pf/lower-private.h"

/* The chain being filled. */
struct place {
	const char *chain;
	int class;
	bool out;
	struct lw_head head; /* tested on the way there */
	size_t runs;	     /* chains that hang on it */
};

/* The state bit of a connection seen from here, by the packet's direction in
 * conntrack. */
static uint32_t
state_bit(bool out, bool reply)
{
	return out == reply ? NFT_L_FWD : NFT_L_REV;
}

/* Does the label have any of these flags? */
static void
x_label_has(struct lw *lw, uint32_t bits)
{
	x_label_test(lw, NFT_CMP_NEQ, 2, bits, 0);
}

/* The half of word 3 that says which interface a state is bound to. */
static uint32_t
half(uint32_t bit)
{
	return bit == NFT_L_FWD ? 0xffffu : 0xffff0000u;
}

static void
put_ifname(struct lw *lw, bool out, uint8_t reg)
{
	x_meta(lw, out ? NFT_META_OIFNAME : NFT_META_IIFNAME, reg);
}

/* Registers of the label where an interface's name comes before it. */
enum { R_NAME = 0, R_AFTER_NAME = 4 };

/* Where a packet goes on that belongs to a state: see put_state. */
static const char *
state_chain(bool out, uint32_t bit)
{
	if (bit == NFT_L_FWD)
		return out ? "fwd_out" : "fwd_in";
	return out ? "rev_out" : "rev_in";
}

static enum nft_count
count_of(bool out)
{
	return out ? NFT_COUNT_OUT : NFT_COUNT_IN;
}

/* One more packet for the rule whose number is in this word of the label; the
 * rule ends if it is 0. */
static void
x_count_state(struct lw *lw, bool out, size_t word)
{
	x_label_test(lw, NFT_CMP_NEQ, word, UINT32_MAX, 0);
	x_count_by(lw, count_of(out), 0);
}

/* A packet of a state counts for the rule that made it. That is the in rule
 * of FWD and the out rule of REV, unless the state was made by an answer. */
static void
put_state(struct lw *lw, bool out, uint32_t bit)
{
	const char *chain = state_chain(out, bit);
	size_t own = bit == NFT_L_FWD ? 0 : 1;

	lw_chain(lw, LW_INET, chain);
	lw_tags_of_state(lw, chain, bit);
	lw_log_of_state(lw, chain, out, bit);
	lw_opts_of_state(lw, chain, bit);
	lw_begin(lw, LW_INET, chain);
	x_count_state(lw, out, own);
	x_verdict(lw, NF_ACCEPT, NULL);
	lw_end(lw);
	lw_begin(lw, LW_INET, chain);
	x_label_test(lw, NFT_CMP_EQ, own, UINT32_MAX, 0);
	x_count_state(lw, out, !own);
	x_verdict(lw, NF_ACCEPT, NULL);
	lw_end(lw);
	/* No room for a counter is no reason to drop. */
	lw_begin(lw, LW_INET, chain);
	x_verdict(lw, NF_ACCEPT, NULL);
	lw_end(lw);
}

/* A state that is bound lets packets through on its interface alone. */
static void
put_bound_check(struct lw *lw, const struct place *p, uint8_t dir, uint32_t bit)
{
	lw_begin(lw, LW_INET, p->chain);
	x_direction(lw, dir);
	x_ct(lw, NFT_CT_LABELS, NFT_CT_NODIR, R_AFTER_NAME);
	x_mask_u32(lw, R_AFTER_NAME + 2, R_AFTER_NAME + 2,
	    bit | (lw->any_judged ? NFT_L_DEAD(bit) : 0), 0);
	x_cmp_u32(lw, NFT_CMP_EQ, R_AFTER_NAME + 2, bit);
	x_mask_u32(lw, R_AFTER_NAME + 3, R_AFTER_NAME, half(bit), 0);
	if (p->class == LW_EXT) {
		put_ifname(lw, p->out, R_NAME);
		x_lookup(lw, R_NAME, lw_if_set(lw), false);
	} else {
		x_cmp_u32(lw, NFT_CMP_EQ, R_AFTER_NAME,
		    (nft_if_number(lw->loops.v[p->class].name) * 0x10001u) &
			half(bit));
	}
	x_verdict(lw, NFT_GOTO, state_chain(p->out, bit));
	lw_end(lw);
}

/* What belongs to a state passes. */
static void
put_state_check(struct lw *lw, const struct place *p)
{
	for (int reply = 0; reply < 2; reply++) {
		uint32_t bit = state_bit(p->out, reply);

		lw_begin(lw, LW_INET, p->chain);
		x_direction(lw, reply);
		if (lw->any_judged)
			x_label_test(lw, NFT_CMP_EQ, 2, NFT_L_DEAD(bit), 0);
		x_label_has(lw, bit);
		if (lw->any_bound)
			x_label_test(lw, NFT_CMP_EQ, 3, half(bit), 0);
		x_verdict(lw, NFT_GOTO, state_chain(p->out, bit));
		lw_end(lw);
		if (lw->any_bound)
			put_bound_check(lw, p, (uint8_t)reply, bit);
	}
}

/* How a state finds the interface it is bound to. */
enum bind {
	FLOATING,
	BY_RULE, /* the rule, or the loopback's chain, says which */
	BY_NAME, /* looked up by the packet's */
};

/* Where a packet goes on that makes a state: see put_made. */
static const char *
made_chain(const struct place *p)
{
	return p->out ? "made_out" : "made_in";
}

/* .. of which other time-outs are set for all than conntrack's. */
static const char *
kept_chain(const struct place *p)
{
	return p->out ? "kept_out" : "kept_in";
}

/* How long the state lives: by the rule's own time-outs, or in a chain of
 * its own by those that are set for all, if they are. */
static void
put_lifetime(struct lw *lw, const struct place *p, const struct pf_rule *r)
{
	bool own = false;

	for (int tm = 0; r && r->state && tm < PF_TM_COUNT; tm++)
		own |= r->state->timeout[tm] != 0;
	if (own)
		x_timeouts(lw, r);
	x_verdict(lw, NFT_GOTO,
	    own || !lw_has_timeouts(lw, NULL) ? made_chain(p) : kept_chain(p));
}

/* The time-outs that are set for all; a rule that passed the packet before,
 * on another interface, may have set its own. */
static void
put_kept(struct lw *lw, const struct place *p)
{
	const char *chain = kept_chain(p);

	if (!lw_has_timeouts(lw, NULL))
		return;
	lw_chain(lw, LW_INET, chain);
	lw_begin(lw, LW_INET, chain);
	x_label_test(lw, NFT_CMP_EQ, 2, NFT_L_STATE, 0);
	x_timeouts(lw, NULL);
	lw_end(lw);
	lw_begin(lw, LW_INET, chain);
	x_verdict(lw, NFT_GOTO, made_chain(p));
	lw_end(lw);
}

/* Make a state: the rule's number here, the rest where it goes on to. */
static void
x_make_state(struct lw *lw, const struct place *p, const struct lw_match *m,
    enum bind bind, bool reply)
{
	const struct pf_rule *r = m ? m->rule[m->n - 1] : NULL;
	uint32_t mask = half(state_bit(p->out, reply));
	uint32_t words[4] = { 0 };

	words[p->out ? 1 : 0] = m ? m->id : UINT32_MAX;
	if (bind == BY_RULE) {
		const char *name =
		    p->class == LW_EXT ? r->ifname : lw->loops.v[p->class].name;

		words[3] = nft_if_number(name) * 0x10001u & mask;
	}
	x_imm(lw, 0, words, sizeof(words));
	if (bind == BY_NAME) {
		put_ifname(lw, p->out, 4);
		x_lookup_map(lw, 4, lw_if_map(lw), 3);
		x_mask_u32(lw, 3, 3, mask, 0);
	}
	x_label_write(lw);
	put_lifetime(lw, p, r);
}

/*
 * The state bit depends on the packet's direction. A packet without a
 * conntrack entry (invalid) goes through here unhindered: pf makes no state
 * of most of these either.
 */
static void
put_made(struct lw *lw, const struct place *p, const struct lw_matches *ms)
{
	const char *chain = made_chain(p);

	lw_chain(lw, LW_INET, chain);
	lw_begin(lw, LW_INET, chain);
	x_count_state(lw, p->out, p->out ? 1 : 0);
	x_count_by(lw, NFT_COUNT_MADE, 0);
	lw_end(lw);
	lw_limits_made(lw, chain, p->out);
	for (int reply = 0; reply < 2; reply++) {
		uint32_t bit = state_bit(p->out, reply);

		lw_tags_made(lw, chain, (uint8_t)reply, bit);
		lw_opts_made(lw, chain, ms, p->out, (uint8_t)reply, bit);
		lw_begin(lw, LW_INET, chain);
		x_direction(lw, reply);
		x_label_add(lw, bit);
		x_count(lw, NFT_N_INSERT);
		x_verdict(lw, NF_ACCEPT, NULL);
		lw_end(lw);
	}
	lw_begin(lw, LW_INET, chain);
	x_verdict(lw, NF_ACCEPT, NULL);
	lw_end(lw);
}

/* ---- what a rule does ---- */

enum what {
	DECIDE,	    /* the rule's own verdict */
	TRANSLATED, /* the state that translation makes, then the verdict */
	OPTIONS,    /* nothing with IP options passes */
};

static void
put_block(struct lw *lw, const struct pf_rule *r)
{
	if (r->block == PF_BLOCK_DROP) {
		x_verdict(lw, NF_DROP, NULL);
		return;
	}
	x_mark_change(lw, NFT_M_KIND | NFT_M_RETURN,
	    NFT_M_RETURN | (uint32_t)lw_way(lw, r) << NFT_M_KIND_SHIFT);
	x_verdict(lw, NF_ACCEPT, NULL);
}

bool
lw_is_bound(const struct pf_rule *r)
{
	return r->action == PF_PASS && r->keep != PF_NO_STATE && r->state &&
	    r->state->if_bound;
}

static enum bind
bind_of(const struct lw *lw, const struct place *p, const struct pf_rule *r)
{
	if (!lw_is_bound(r))
		return FLOATING;
	if (p->class != LW_EXT)
		return BY_RULE;
	if (r->ifname && !r->if_not &&
	    (pf_env_if(lw->env, r->ifname) ||
		!pf_env_is_group(lw->env, r->ifname)))
		return BY_RULE;
	return BY_NAME;
}

static const char *
keep_chain(struct lw *lw, unsigned nr)
{
	return arena_printf(lw->arena, "keep_%u", nr);
}

/* Make a state if the rule's limits let it. */
static void
put_keep(struct lw *lw, const struct place *p, const struct lw_match *m,
    enum bind bind, bool reply)
{
	const char *chain = keep_chain(lw, lw->n_keep++);

	lw_chain(lw, LW_INET, chain);
	lw_begin(lw, LW_INET, chain);
	x_verdict(
	    lw, NFT_JUMP, lw_limit_chain(lw, m->rule[m->n - 1], m->id, p->out));
	lw_end(lw);
	lw_begin(lw, LW_INET, chain);
	x_make_state(lw, p, m, bind, reply);
	lw_end(lw);
}

static void
put_action(struct lw *lw, const struct place *p, const struct lw_match *m,
    enum what what, enum bind bind, bool reply)
{
	const struct pf_rule *r = m->rule[m->n - 1];

	if (r->log)
		x_log(lw, r, p->out ? "out" : "in");
	/* Without quick its tag is set already. */
	if (r->tag && r->quick)
		x_tag_set(lw, r->tag);
	if (r->action == PF_PASS &&
	    (r->keep != PF_NO_STATE || what == TRANSLATED)) {
		if (lw_is_limited(lw, r))
			x_verdict(lw, NFT_GOTO, keep_chain(lw, lw->n_keep));
		else
			x_make_state(lw, p, m, bind, reply);
		return;
	}
	x_own_count(lw, count_of(p->out), m->id);
	if (r->action == PF_BLOCK)
		put_block(lw, r);
	else
		x_verdict(lw, NF_ACCEPT, NULL);
}

static void
put_one(struct lw *lw, const struct place *p, const struct lw_match *m,
    const struct lw_variant *v, enum what what, enum bind bind)
{
	lw_begin(lw, LW_INET, p->chain);
	lw_conditions(lw, m, v, p->out, p->class);
	if (what == OPTIONS) {
		x_opts_drop(lw, m->rule[m->n - 1], p->out);
		lw_end(lw);
		return;
	}
	if (what == TRANSLATED)
		x_label_has(lw, p->out ? NFT_L_NAT : NFT_L_RDR);
	put_action(lw, p, m, what, bind, v->reply);
	lw_end(lw);
	if (lw_is_limited(lw, m->rule[m->n - 1]))
		put_keep(lw, p, m, bind, v->reply);
}

/* Answers are bound in the other half, so they need a rule of their own; and
 * an interface that nobody knew at the load is bound to none. */
static void
put_bound(struct lw *lw, const struct place *p, const struct lw_match *m,
    const struct lw_variant *v, enum bind bind)
{
	struct lw_variant answers = *v;

	answers.reply = true;
	put_one(lw, p, m, &answers, DECIDE, bind);
	put_one(lw, p, m, v, DECIDE, bind);
	if (bind == BY_NAME)
		put_one(lw, p, m, v, DECIDE, FLOATING);
}

static void
put_rule(struct lw *lw, const struct place *p, const struct lw_match *m,
    enum what what)
{
	enum bind bind = bind_of(lw, p, m->rule[m->n - 1]);
	struct lw_variant v[LW_VARIANTS];
	size_t n = lw_variants(lw, m, v);

	for (size_t i = 0; i < n; i++) {
		v[i].head = p->head;
		if (bind == FLOATING || what != DECIDE)
			put_one(lw, p, m, &v[i], what, FLOATING);
		else
			put_bound(lw, p, m, &v[i], bind);
	}
}

/* Can the rule see the packets of this chain? */
static bool
concerns(const struct lw *lw, const struct place *p, const struct lw_match *m)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct pf_rule *r = m->rule[i];

		if (r->dir == (p->out ? PF_IN : PF_OUT) ||
		    !lw_on_class(lw, r->ifname, r->if_not, p->class))
			return false;
		if (r->fragment)
			return false; /* all were put together */
		/* What goes over a loopback is this machine's and has a
		 * route. */
		if (p->class != LW_EXT &&
		    (r->src.addr.kind == PF_ADDR_NOROUTE ||
			r->dst.addr.kind == PF_ADDR_NOROUTE))
			return false;
	}
	return true;
}

/* pf makes a state of whatever it translated, also when the rule that passes
 * it keeps none. */
static bool
keeps_for_translation(
    const struct lw *lw, const struct place *p, const struct pf_rule *r)
{
	return (p->out ? lw->any_nat : lw->any_rdr) && r->action == PF_PASS &&
	    r->keep == PF_NO_STATE;
}

static void
put_default(struct lw *lw, const struct place *p)
{
	lw_opts_behind_rules(lw, p->chain);
	if (p->out ? lw->any_nat : lw->any_rdr) {
		lw_begin(lw, LW_INET, p->chain);
		x_label_has(lw, p->out ? NFT_L_NAT : NFT_L_RDR);
		x_make_state(lw, p, NULL, FLOATING, false);
		lw_end(lw);
	}
	lw_begin(lw, LW_INET, p->chain);
	x_verdict(lw, NF_ACCEPT, NULL);
	lw_end(lw);
}

/* The tag that the rule sets, if it matches. */
static void
put_tag(struct lw *lw, const struct place *p, const struct lw_match *m)
{
	struct lw_variant v[LW_VARIANTS];
	size_t n = lw_variants(lw, m, v);

	for (size_t i = 0; i < n; i++) {
		v[i].head = p->head;
		lw_begin(lw, LW_INET, p->chain);
		lw_conditions(lw, m, &v[i], p->out, p->class);
		x_tag_set(lw, m->rule[m->n - 1]->tag);
		lw_end(lw);
	}
}

static void
put_match(struct lw *lw, const struct place *p, const struct lw_match *m)
{
	if (m->tags) {
		put_tag(lw, p, m);
		return;
	}
	if (lw_opts_forbids(lw, m->rule[m->n - 1]))
		put_rule(lw, p, m, OPTIONS);
	if (keeps_for_translation(lw, p, m->rule[m->n - 1]))
		put_rule(lw, p, m, TRANSLATED);
	put_rule(lw, p, m, DECIDE);
}

static void put_list(
    struct lw *lw, struct place *p, const struct lw_match *const *m, size_t n);

/* Several matches behind the tests that they share. */
static void
put_run(struct lw *lw, struct place *p, const struct lw_match *const *m,
    size_t n, const struct lw_head *head)
{
	struct place run = *p;

	run.chain = arena_printf(lw->arena, "%s_%zu", p->chain, ++p->runs);
	run.runs = 0;
	run.head = (struct lw_head){
		.on = head->on ? head->on : p->head.on,
		.proto = head->proto | p->head.proto,
		.af = head->af | p->head.af,
	};
	lw_chain(lw, LW_INET, run.chain);
	lw_begin(lw, LW_INET, p->chain);
	lw_head(lw, head, p->out, p->class);
	x_verdict(lw, NFT_JUMP, run.chain);
	lw_end(lw);
	put_list(lw, &run, m, n);
}

static void
put_list(
    struct lw *lw, struct place *p, const struct lw_match *const *m, size_t n)
{
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		struct lw_head head = { 0 };

		len = lw_run(lw, m + i, n - i, p->class, &p->head, &head);
		if (len > 1)
			put_run(lw, p, m + i, len, &head);
		else
			put_match(lw, p, m[i]);
	}
}

static void
put_matches(struct lw *lw, struct place *p, const struct lw_matches *ms)
{
	_cleanup_free_ const struct lw_match **m = xcalloc(ms->n, sizeof(*m));
	size_t n = 0;

	for (size_t i = 0; i < ms->n; i++)
		if (concerns(lw, p, &ms->v[i]))
			m[n++] = &ms->v[i];
	put_list(lw, p, m, n);
}

/* What comes in over a loopback: see lower-base.c. */
static void
put_scrub(struct lw *lw, const struct place *p)
{
	lw_begin(lw, LW_INET, p->chain);
	x_verdict(lw, NFT_JUMP, lw_class_chain(lw, p->class, "scrub_in"));
	lw_end(lw);
}

static void
put_chain(struct lw *lw, struct place *p, const struct lw_matches *ms)
{
	lw_chain(lw, LW_INET, p->chain);
	if (p->class == LW_EXT)
		lw_skip_rules(lw, p->chain, p->out);
	else if (!p->out && lw_scrubs(lw, false))
		put_scrub(lw, p);
	lw_begin(lw, LW_INET, p->chain);
	x_count(lw, NFT_N_SEARCH);
	lw_end(lw);
	lw_limits_before_states(lw, p->chain, p->out);
	put_state_check(lw, p);
	lw_opts_before_rules(lw, p->chain);
	/* From here on, packets are judged by rules. */
	lw_begin(lw, LW_INET, p->chain);
	x_count(lw, NFT_N_MATCH);
	lw_end(lw);
	lw_untranslated(lw, p->chain, p->class, p->out);
	put_matches(lw, p, ms);
	put_default(lw, p);
}

void
lw_filter(struct lw *lw)
{
	struct lw_matches ms = { 0 };

	lw_order_filter(lw, &ms);
	lw_log_all(lw, &ms);
	for (int out = 0; out < 2; out++) {
		put_state(lw, out, NFT_L_FWD);
		put_state(lw, out, NFT_L_REV);
		put_made(lw, &(struct place){ .out = out }, &ms);
		put_kept(lw, &(struct place){ .out = out });
	}
	for (int class = LW_EXT; class < (int)lw->n_class; class ++) {
		for (int out = 0; out < 2; out++) {
			struct place p = {
				.chain = lw_class_chain(
				    lw, class, out ? "out" : "in"),
				.class = class,
				.out = out,
			};

			if (!lw_class_skipped(lw, class))
				put_chain(lw, &p, &ms);
		}
	}
	array_clear(&ms);
}
