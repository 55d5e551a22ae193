/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scrub: what it changes in packets. (Conntrack puts fragments together before
 * anything here is asked.)
 *
 * Of each packet pf asks the rules twice, and the first that matches decides:
 * once for the IP header, which knows no ports; and once more, with ports, for
 * the TCP header. So each class of interfaces has a chain for either question,
 * whose rules go to a chain with the edits. `no scrub` returns.
 *
 *	ext_scrub_in	asks both
 *	ext_norm_in	  whose IP header is changed by which rule
 *	norm_N		    the edits of the N-th rule
 *	ext_seg_in	  whose TCP header is looked at by which rule
 *	seg, seg_MSS	    drop flags that make no sense, lower the MSS
 */
#include "pf/lower-private.h"

#include <netinet/tcp.h>

struct place {
	int class;
	bool out;
};

static const struct pf_rules *
rules(const struct lw *lw)
{
	return &lw->rs->main->list[PF_LIST_SCRUB];
}

bool
lw_scrubs(const struct lw *lw, bool out)
{
	for (size_t i = 0; i < rules(lw)->n; i++) {
		const struct pf_rule *r = rules(lw)->v[i];

		if (r->action == PF_SCRUB && r->dir != (out ? PF_IN : PF_OUT))
			return true;
	}
	return false;
}

static bool
edits4(const struct pf_rule *r)
{
	return r->action == PF_SCRUB && r->af != AF_INET6 &&
	    (r->no_df || r->min_ttl || r->has_set_tos || r->random_id);
}

static bool
edits6(const struct pf_rule *r)
{
	return r->action == PF_SCRUB && r->af != AF_INET && r->min_ttl;
}

/* ---- the edits ---- */

static void
begin_edit(struct lw *lw, const char *chain, uint8_t af)
{
	lw_begin(lw, LW_INET, chain);
	x_nfproto(lw, af);
}

static void
put_no_df(struct lw *lw, const char *chain)
{
	begin_edit(lw, chain, AF_INET);
	x_payload(lw, NFT_PAYLOAD_NETWORK_HEADER, 6, 1, 0);
	x_mask_u8(lw, 0x40);
	x_cmp_u8(lw, NFT_CMP_NEQ, 0, 0);
	x_ip_edit(lw, AF_INET, 6, 0xbfff, 0);
	lw_end(lw);
}

static void
put_min_ttl(struct lw *lw, const char *chain, uint8_t af, uint8_t min)
{
	begin_edit(lw, chain, af);
	x_payload(lw, NFT_PAYLOAD_NETWORK_HEADER, af == AF_INET ? 8 : 7, 1, 0);
	x_cmp_u8(lw, NFT_CMP_LT, 0, min);
	x_set_ttl(lw, af, min);
	lw_end(lw);
}

/* The two bits of ECN stay, unless the rule sets them. */
static void
put_tos(struct lw *lw, const char *chain, uint8_t tos)
{
	begin_edit(lw, chain, AF_INET);
	x_ip_edit(lw, AF_INET, 0, (uint16_t)(0xff00 | (3 & ~tos)), tos);
	lw_end(lw);
}

/* All four bytes of the number are random, so any two of them will do. */
static void
put_random_id(struct lw *lw, const char *chain)
{
	struct nft_expr *x;

	begin_edit(lw, chain, AF_INET);
	x = lw_add(lw, NFT_X_NUMGEN);
	x->op = NFT_NG_RANDOM;
	x->num = UINT32_MAX;
	x->reg = 0;
	x_payload_set(lw, 4, 2, 10);
	lw_end(lw);
}

static const char *
norm_chain(const struct lw *lw, size_t i)
{
	return arena_printf(lw->arena, "norm_%zu", i);
}

static void
put_norm(struct lw *lw, size_t i)
{
	const struct pf_rule *r = rules(lw)->v[i];
	const char *chain = norm_chain(lw, i);

	lw_chain(lw, LW_INET, chain);
	if (edits4(r) && r->no_df)
		put_no_df(lw, chain);
	if (edits4(r) && r->min_ttl)
		put_min_ttl(lw, chain, AF_INET, r->min_ttl);
	if (edits4(r) && r->has_set_tos)
		put_tos(lw, chain, r->set_tos);
	if (edits4(r) && r->random_id)
		put_random_id(lw, chain);
	if (edits6(r))
		put_min_ttl(lw, chain, AF_INET6, r->min_ttl);
}

/* ---- TCP ---- */

/* Combinations of flags that no honest stack sends are dropped: SYN with RST
 * or FIN; none of SYN, ACK and RST; FIN, PUSH or URG without ACK. */
static void
put_seg(struct lw *lw)
{
	static const char chain[] = "seg";

	lw_chain(lw, LW_INET, chain);
	/* What nearly all are: an ACK that neither begins nor ends. */
	lw_begin(lw, LW_INET, chain);
	x_tcp_flags(lw, PF_TH_SYN | PF_TH_ACK | PF_TH_RST | PF_TH_FIN,
	    NFT_CMP_EQ, PF_TH_ACK);
	x_verdict(lw, NFT_RETURN, NULL);
	lw_end(lw);
	lw_begin(lw, LW_INET, chain);
	x_tcp_flags(lw, PF_TH_SYN, NFT_CMP_NEQ, 0);
	x_tcp_flags(lw, PF_TH_RST | PF_TH_FIN, NFT_CMP_NEQ, 0);
	x_verdict(lw, NF_DROP, NULL);
	lw_end(lw);
	lw_begin(lw, LW_INET, chain);
	x_tcp_flags(lw, PF_TH_SYN | PF_TH_ACK | PF_TH_RST, NFT_CMP_EQ, 0);
	x_verdict(lw, NF_DROP, NULL);
	lw_end(lw);
	lw_begin(lw, LW_INET, chain);
	x_tcp_flags(lw, PF_TH_ACK, NFT_CMP_EQ, 0);
	x_tcp_flags(lw, PF_TH_FIN | PF_TH_PUSH | PF_TH_URG, NFT_CMP_NEQ, 0);
	x_verdict(lw, NF_DROP, NULL);
	lw_end(lw);
}

static const char *
seg_chain(const struct lw *lw, uint16_t mss)
{
	return mss ? arena_printf(lw->arena, "seg_%u", mss) : "seg";
}

/* The kernel mends the checksum, and never raises an MSS. */
static void
put_seg_mss(struct lw *lw, uint16_t mss)
{
	const char *chain = seg_chain(lw, mss);
	struct nft_expr *x;

	lw_chain(lw, LW_INET, chain);
	lw_begin(lw, LW_INET, chain);
	x_verdict(lw, NFT_JUMP, "seg");
	lw_end(lw);
	lw_begin(lw, LW_INET, chain);
	x_imm_port(lw, 0, mss);
	x = lw_add(lw, NFT_X_TCPOPT_SET);
	x->op = TCPOPT_MAXSEG;
	x->offset = 2;
	x->len = 2;
	x->reg = 0;
	lw_end(lw);
}

/* A chain each for the values that rules have. */
static void
put_segs(struct lw *lw)
{
	put_seg(lw);
	for (size_t i = 0; i < rules(lw)->n; i++) {
		uint16_t mss = rules(lw)->v[i]->max_mss;
		bool known = mss == 0;

		for (size_t k = 0; k < i; k++)
			known |= rules(lw)->v[k]->max_mss == mss;
		if (!known)
			put_seg_mss(lw, mss);
	}
}

/* ---- which rule ---- */

static bool
concerns(const struct lw *lw, const struct place *p, const struct pf_rule *r)
{
	return r->dir != (p->out ? PF_IN : PF_OUT) &&
	    lw_on_class(lw, r->ifname, r->if_not, p->class);
}

/* What matches `r` goes on to the chain `to`; NULL: returns. `head` is tested
 * already. */
static void
put_rule(struct lw *lw, const struct place *p, const char *chain,
    const struct pf_rule *r, const struct lw_head *head, const char *to)
{
	const struct lw_match m = { .rule = { r }, .n = 1 };
	struct lw_variant v[LW_VARIANTS];
	size_t n = lw_variants(lw, &m, v);

	for (size_t i = 0; i < n; i++) {
		v[i].head = *head;
		lw_begin(lw, LW_INET, chain);
		lw_conditions(lw, &m, &v[i], p->out, p->class);
		x_verdict(lw, to ? NFT_GOTO : NFT_RETURN, to);
		lw_end(lw);
	}
}

static void
put_norm_rules(struct lw *lw, const struct place *p, const char *chain)
{
	lw_chain(lw, LW_INET, chain);
	for (size_t i = 0; i < rules(lw)->n; i++) {
		const struct pf_rule *r = rules(lw)->v[i];
		struct pf_rule portless = *r;

		portless.src.port = portless.dst.port = (struct pf_ports){ 0 };
		if (concerns(lw, p, r))
			put_rule(lw, p, chain, &portless,
			    &(struct lw_head){ 0 },
			    edits4(r) || edits6(r) ? norm_chain(lw, i) : NULL);
	}
}

static void
put_seg_rules(struct lw *lw, const struct place *p, const char *chain)
{
	static const struct lw_head tcp = { .proto = IPPROTO_TCP };

	lw_chain(lw, LW_INET, chain);
	for (size_t i = 0; i < rules(lw)->n; i++) {
		const struct pf_rule *r = rules(lw)->v[i];

		if (concerns(lw, p, r) &&
		    (!r->proto || r->proto == IPPROTO_TCP))
			put_rule(lw, p, chain, r, &tcp,
			    r->action == PF_SCRUB ? seg_chain(lw, r->max_mss)
						  : NULL);
	}
}

static bool
any_edits(const struct lw *lw, const struct place *p)
{
	for (size_t i = 0; i < rules(lw)->n; i++) {
		const struct pf_rule *r = rules(lw)->v[i];

		if (concerns(lw, p, r) && (edits4(r) || edits6(r)))
			return true;
	}
	return false;
}

static void
put_class(struct lw *lw, const struct place *p)
{
	const char *dir = p->out ? "out" : "in";
	const char *chain = lw_class_chain(
	    lw, p->class, arena_printf(lw->arena, "scrub_%s", dir));
	const char *norm = lw_class_chain(
	    lw, p->class, arena_printf(lw->arena, "norm_%s", dir));
	const char *seg = lw_class_chain(
	    lw, p->class, arena_printf(lw->arena, "seg_%s", dir));

	lw_chain(lw, LW_INET, chain);
	if (p->class == LW_EXT)
		lw_skip_rules(lw, chain, p->out);
	if (any_edits(lw, p)) {
		put_norm_rules(lw, p, norm);
		lw_begin(lw, LW_INET, chain);
		x_verdict(lw, NFT_JUMP, norm);
		lw_end(lw);
	}
	put_seg_rules(lw, p, seg);
	lw_begin(lw, LW_INET, chain);
	x_l4proto(lw, NFT_CMP_EQ, IPPROTO_TCP);
	x_verdict(lw, NFT_GOTO, seg);
	lw_end(lw);
}

void
lw_scrub(struct lw *lw)
{
	if (!lw_scrubs(lw, false) && !lw_scrubs(lw, true))
		return;
	put_segs(lw);
	for (size_t i = 0; i < rules(lw)->n; i++)
		if (edits4(rules(lw)->v[i]) || edits6(rules(lw)->v[i]))
			put_norm(lw, i);
	for (int class = LW_EXT; class < (int)lw->n_class; class ++) {
		if (lw_class_skipped(lw, class))
			continue;
		for (int out = 0; out < 2; out++)
			if (lw_scrubs(lw, out))
				put_class(lw,
				    &(struct place){
					.class = class, .out = out });
	}
}
