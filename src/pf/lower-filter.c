/* SPDX-License-Identifier: BSD-2-Clause */
/* The filter rules: one chain a direction and class of interface. */
#include "pf/lower-private.h"

/* The chain being filled. */
struct place {
	const char *chain;
	int class;
	bool out;
};

/* The state bit of a connection seen from here, by the packet's direction in
 * conntrack. */
static uint32_t
state_bit(bool out, bool reply)
{
	return out == reply ? NFT_L_FWD : NFT_L_REV;
}

static void
x_label_has(struct lw *lw, uint32_t bits)
{
	x_ct(lw, NFT_CT_LABELS, NFT_CT_NODIR, 0);
	x_mask_u32(lw, 2, 2, bits, 0);
	x_cmp_u32(lw, NFT_CMP_NEQ, 2, 0);
}

/* What belongs to a state passes. */
static void
put_state_check(struct lw *lw, const struct place *p)
{
	for (int reply = 0; reply < 2; reply++) {
		lw_begin(lw, LW_INET, p->chain);
		x_ct(lw, NFT_CT_DIRECTION, NFT_CT_NODIR, 0);
		x_cmp_u8(lw, NFT_CMP_EQ, 0, (uint8_t)reply);
		x_label_has(lw, state_bit(p->out, reply));
		x_verdict(lw, NF_ACCEPT, NULL);
		lw_end(lw);
	}
}

/*
 * Make a state. Which bit it is depends on the packet's direction; the mark
 * has both bits set for answers, which turns one bit into the other. A packet
 * without a conntrack entry (invalid) goes through here unhindered: pf makes
 * no state of most of these either.
 */
static void
x_make_state(struct lw *lw, bool out, uint32_t id)
{
	uint32_t words[4] = { 0 };
	struct nft_expr *x;

	words[out ? 1 : 0] = id;
	x_imm(lw, 0, words, sizeof(words));
	x_meta(lw, NFT_META_MARK, 2);
	x_mask_u32(lw, 2, 2, NFT_M_REPLY, state_bit(out, false));
	x = lw_add(lw, NFT_X_CT_SET);
	x->op = NFT_CT_LABELS;
	x->reg = 0;
}

/* ---- what a rule does ---- */

enum what {
	DECIDE,	    /* the rule's own verdict */
	TRANSLATED, /* the state that translation makes, then the verdict */
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

static void
put_action(struct lw *lw, const struct place *p, const struct lw_match *m,
    enum what what)
{
	const struct pf_rule *r = m->rule[m->n - 1];

	if (r->log)
		x_log(lw, r, p->out ? "out" : "in");
	if (r->action == PF_BLOCK) {
		put_block(lw, r);
		return;
	}
	if (r->keep != PF_NO_STATE || what == TRANSLATED)
		x_make_state(lw, p->out, m->id);
	x_verdict(lw, NF_ACCEPT, NULL);
}

static void
put_rule(struct lw *lw, const struct place *p, const struct lw_match *m,
    enum what what)
{
	struct lw_variant v[LW_VARIANTS];
	size_t n = lw_variants(m, v);

	for (size_t i = 0; i < n; i++) {
		lw_begin(lw, LW_INET, p->chain);
		lw_conditions(lw, m, &v[i], p->out, p->class);
		if (what == TRANSLATED)
			x_label_has(lw, p->out ? NFT_L_NAT : NFT_L_RDR);
		put_action(lw, p, m, what);
		lw_end(lw);
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
	if (p->out ? lw->any_nat : lw->any_rdr) {
		lw_begin(lw, LW_INET, p->chain);
		x_label_has(lw, p->out ? NFT_L_NAT : NFT_L_RDR);
		x_make_state(lw, p->out, UINT32_MAX);
		x_verdict(lw, NF_ACCEPT, NULL);
		lw_end(lw);
	}
	lw_begin(lw, LW_INET, p->chain);
	x_verdict(lw, NF_ACCEPT, NULL);
	lw_end(lw);
}

/* pf passes no packet with IP options unless the rule says allow-opts. */
static void
put_options(struct lw *lw, const struct place *p)
{
	struct nft_expr *x;

	lw_begin(lw, LW_INET, p->chain);
	x_nfproto(lw, AF_INET);
	x_payload(lw, NFT_PAYLOAD_NETWORK_HEADER, 0, 1, 0);
	x = lw_add(lw, NFT_X_BITWISE);
	x->reg = x->reg2 = 0;
	x->len = 1;
	x->data[0] = 0x0f;
	x_cmp_u8(lw, NFT_CMP_GT, 0, 5);
	x_verdict(lw, NF_DROP, NULL);
	lw_end(lw);
}

static void
put_chain(struct lw *lw, const struct place *p, const struct lw_matches *ms)
{
	lw_chain(lw, LW_INET, p->chain);
	if (p->class == LW_EXT)
		lw_skip_rules(lw, p->chain, p->out);
	put_options(lw, p);
	put_state_check(lw, p);
	/* From here on, packets are judged by rules. */
	lw_begin(lw, LW_INET, p->chain);
	x_ct(lw, NFT_CT_DIRECTION, NFT_CT_NODIR, 0);
	x_cmp_u8(lw, NFT_CMP_EQ, 0, 1);
	x_mark_change(lw, 0, NFT_M_REPLY);
	lw_end(lw);
	lw_untranslated(lw, p->chain, p->class, p->out);
	for (size_t i = 0; i < ms->n; i++) {
		const struct lw_match *m = &ms->v[i];

		if (!concerns(lw, p, m))
			continue;
		if (keeps_for_translation(lw, p, m->rule[m->n - 1]))
			put_rule(lw, p, m, TRANSLATED);
		put_rule(lw, p, m, DECIDE);
	}
	put_default(lw, p);
}

void
lw_filter(struct lw *lw)
{
	struct lw_matches ms = { 0 };

	lw_order_filter(lw, &ms);
	for (int class = LW_EXT; class < (int)lw->n_class; class ++) {
		for (int out = 0; out < 2; out++) {
			const struct place p = {
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
