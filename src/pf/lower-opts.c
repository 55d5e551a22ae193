/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IP options: pf passes no packet with any unless the rule says allow-opts, or
 * the one that made its state did. If none says so, no rule need be asked.
 */
#include "pf/lower-private.h"

bool
lw_allows_opts(const struct pf_rule *r)
{
	return r->allow_opts;
}

static void
x_has(struct lw *lw)
{
	x_nfproto(lw, AF_INET);
	x_payload(lw, NFT_PAYLOAD_NETWORK_HEADER, 0, 1, 0);
	x_mask_u8(lw, 0x0f);
	x_cmp_u8(lw, NFT_CMP_GT, 0, 5);
}

static void
x_drop(struct lw *lw)
{
	x_count(lw, NFT_N_OPTIONS);
	x_verdict(lw, NF_DROP, NULL);
}

static void
put_drop(struct lw *lw, const char *chain)
{
	lw_begin(lw, LW_INET, chain);
	x_has(lw);
	x_drop(lw);
	lw_end(lw);
}

void
lw_opts_before_rules(struct lw *lw, const char *chain)
{
	if (!lw->any_opts)
		put_drop(lw, chain);
}

void
lw_opts_behind_rules(struct lw *lw, const char *chain)
{
	if (lw->any_opts)
		put_drop(lw, chain);
}

bool
lw_opts_forbids(const struct lw *lw, const struct pf_rule *r)
{
	return lw->any_opts && r->action == PF_PASS && !r->allow_opts;
}

void
x_opts_drop(struct lw *lw, const struct pf_rule *r, bool out)
{
	x_has(lw);
	if (r->log)
		x_log(lw, r, out ? "out" : "in");
	x_drop(lw);
}

/* ---- states ---- */

void
lw_opts_of_state(struct lw *lw, const char *chain, uint32_t bit)
{
	lw_begin(lw, LW_INET, chain);
	x_has(lw);
	x_label_test(lw, NFT_CMP_EQ, 2, NFT_L_OPTS(bit), 0);
	x_drop(lw);
	lw_end(lw);
}

static void
put_made(struct lw *lw, const char *chain, uint32_t id, bool out, uint8_t reply,
    uint32_t bit)
{
	lw_begin(lw, LW_INET, chain);
	x_direction(lw, reply);
	x_label_test(lw, NFT_CMP_EQ, out ? 1 : 0, UINT32_MAX, id);
	x_label_add(lw, NFT_L_OPTS(bit));
	lw_end(lw);
}

void
lw_opts_made(struct lw *lw, const char *chain, const struct lw_matches *ms,
    bool out, uint8_t reply, uint32_t bit)
{
	for (size_t i = 0; i < ms->n; i++) {
		const struct lw_match *m = &ms->v[i];
		const struct pf_rule *r = m->rule[m->n - 1];

		if (!m->tags && r->allow_opts && r->keep != PF_NO_STATE)
			put_made(lw, chain, m->id, out, reply, bit);
	}
}
