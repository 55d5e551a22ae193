/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log (all): each packet of a state is logged for the rule that made it, which
 * is found by its number in the label. (What makes a state, or has none, is
 * logged by the rule itself.)
 */
#include "pf/lower-private.h"

bool
lw_logs_states(const struct pf_rule *r)
{
	return (r->log & PF_LOG_ALL) && r->action == PF_PASS &&
	    r->keep != PF_NO_STATE;
}

static const char *
chain_of(struct lw *lw, bool out, uint32_t bit)
{
	return arena_printf(lw->arena, "log_%s_%s",
	    bit == NFT_L_FWD ? "fwd" : "rev", out ? "out" : "in");
}

void
lw_log_of_state(struct lw *lw, const char *chain, bool out, uint32_t bit)
{
	if (!lw->any_log_all)
		return;
	lw_begin(lw, LW_INET, chain);
	x_verdict(lw, NFT_JUMP, chain_of(lw, out, bit));
	lw_end(lw);
}

/* The in rule's number is in the first word, the out rule's in the second. A
 * state that was made by an answer has but the other one. */
static void
put_rule(struct lw *lw, const struct lw_match *m, bool out, uint32_t bit)
{
	size_t own = bit == NFT_L_FWD ? 0 : 1;

	for (size_t word = 0; word < 2; word++) {
		lw_begin(lw, LW_INET, chain_of(lw, out, bit));
		if (word != own)
			x_label_test(lw, NFT_CMP_EQ, own, UINT32_MAX, 0);
		x_label_test(lw, NFT_CMP_EQ, word, UINT32_MAX, m->id);
		x_log(lw, m->rule[m->n - 1], out ? "out" : "in");
		lw_end(lw);
	}
}

void
lw_log_all(struct lw *lw, const struct lw_matches *ms)
{
	static const uint32_t bits[] = { NFT_L_FWD, NFT_L_REV };

	if (!lw->any_log_all)
		return;
	for (int out = 0; out < 2; out++) {
		for (size_t k = 0; k < 2; k++) {
			lw_chain(lw, LW_INET, chain_of(lw, out, bits[k]));
			for (size_t i = 0; i < ms->n; i++) {
				const struct lw_match *m = &ms->v[i];

				if (!m->tags &&
				    lw_logs_states(m->rule[m->n - 1]))
					put_rule(lw, m, out, bits[k]);
			}
		}
	}
}
