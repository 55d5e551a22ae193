/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The base chains: where in the kernel each packet is judged, and by which
 * of the chains of rules. See lower.h for the table.
 */
#include "pf/lower-private.h"

#include <linux/netfilter/nf_conntrack_common.h>

/* Linux's lo has this index in every network namespace. */
enum { LO_INDEX = 1 };

static void
go(struct lw *lw, const char *chain)
{
	if (chain)
		x_verdict(lw, NFT_GOTO, chain);
	else
		x_verdict(lw, NF_ACCEPT, NULL);
}

static void
always(struct lw *lw, const char *from, const char *to)
{
	lw_begin(lw, LW_INET, from);
	go(lw, to);
	lw_end(lw);
}

/* NULL: everything there passes. */
static const char *
class_target(struct lw *lw, int class, const char *what)
{
	if (lw_class_skipped(lw, class))
		return NULL;
	return lw_class_chain(lw, class, what);
}

/* ---- which loopback: by who owns the destination ---- */

static void
x_daddr(struct lw *lw, uint8_t af)
{
	x_payload(lw, NFT_PAYLOAD_NETWORK_HEADER, af == AF_INET ? 16 : 24,
	    af == AF_INET ? 4 : 16, 0);
}

/* What was redirected counts by its destination before that: FreeBSD chose
 * the loopback first. */
static void
x_redirected(struct lw *lw)
{
	x_direction(lw, 0);
	x_ct(lw, NFT_CT_STATUS, NFT_CT_NODIR, 0);
	x_mask_u32(lw, 0, 0, IPS_DST_NAT, 0);
	x_cmp_u32(lw, NFT_CMP_NEQ, 0, 0);
}

static void
x_orig_daddr(struct lw *lw, uint8_t af)
{
	x_ct(lw, af == AF_INET ? NFT_CT_DST_IP : NFT_CT_DST_IP6, 0, 0);
}

static void
put_owner(struct lw *lw, const char *chain, const char *what, uint8_t af,
    bool redirected)
{
	for (size_t i = 1; i < lw->loops.n; i++) {
		lw_begin(lw, LW_INET, chain);
		x_nfproto(lw, af);
		if (redirected) {
			x_redirected(lw);
			x_orig_daddr(lw, af);
		} else {
			x_daddr(lw, af);
		}
		x_lookup(lw, 0, lw_own_set(lw, lw->loops.v[i].name, af), false);
		go(lw, class_target(lw, (int)i, what));
		lw_end(lw);
	}
	if (!redirected)
		return;
	lw_begin(lw, LW_INET, chain);
	x_nfproto(lw, af);
	x_redirected(lw);
	go(lw, class_target(lw, 0, what));
	lw_end(lw);
}

/* The chain that finds the loopback's chain; NULL: all passes. */
static const char *
owner_chain(struct lw *lw, const char *what)
{
	static const uint8_t afs[] = { AF_INET, AF_INET6 };
	const char *chain;

	if (lw->one_loop)
		return class_target(lw, 0, what);
	chain = arena_printf(lw->arena, "own_%s", what);
	lw_chain(lw, LW_INET, chain);
	for (size_t i = 0; i < 2; i++) {
		if (lw->any_rdr)
			put_owner(lw, chain, what, afs[i], true);
		put_owner(lw, chain, what, afs[i], false);
	}
	always(lw, chain, class_target(lw, 0, what));
	return chain;
}

/* Redirection happens before it is known where a packet goes: what is for no
 * address of this machine meets no loopback. */
static const char *
owner_rdr_chain(struct lw *lw)
{
	static const uint8_t afs[] = { AF_INET, AF_INET6 };
	static const char chain[] = "own_rdr";

	lw_chain(lw, LW_INET, chain);
	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < lw->loops.n; i++) {
			lw_begin(lw, LW_INET, chain);
			x_nfproto(lw, afs[k]);
			x_daddr(lw, afs[k]);
			x_lookup(lw, 0,
			    lw_own_set(lw, lw->loops.v[i].name, afs[k]), false);
			go(lw, class_target(lw, (int)i, "rdr"));
			lw_end(lw);
		}
	}
	always(lw, chain, NULL);
	return chain;
}

/* ---- conditions on where a packet comes from and goes to ---- */

static void
x_jail(struct lw *lw, bool out)
{
	x_meta(lw, out ? NFT_META_OIFGROUP : NFT_META_IIFGROUP, 0);
	x_cmp_u32(lw, NFT_CMP_EQ, 0, lw->opts->jail_group);
}

static void
put_from_jail(struct lw *lw, const char *base, const char *to)
{
	lw_begin(lw, LW_INET, base);
	x_jail(lw, false);
	go(lw, to);
	lw_end(lw);
}

static void
put_loopback(struct lw *lw, const char *base, bool out, const char *to)
{
	lw_begin(lw, LW_INET, base);
	x_meta(lw, out ? NFT_META_OIF : NFT_META_IIF, 0);
	x_cmp_u32(lw, NFT_CMP_EQ, 0, LO_INDEX);
	go(lw, to);
	lw_end(lw);
}

/* On the way to a jail: from the host (no interface) and from jails it goes
 * over a loopback; from outside it was judged when it came in. */
static void
put_to_jail(struct lw *lw, const char *base, const char *to, bool rest)
{
	lw_begin(lw, LW_INET, base);
	x_jail(lw, true);
	x_meta(lw, NFT_META_IIF, 0);
	x_cmp_u32(lw, NFT_CMP_EQ, 0, 0);
	go(lw, to);
	lw_end(lw);
	lw_begin(lw, LW_INET, base);
	x_jail(lw, true);
	x_jail(lw, false);
	go(lw, to);
	lw_end(lw);
	if (!rest)
		return;
	lw_begin(lw, LW_INET, base);
	x_jail(lw, true);
	x_verdict(lw, NF_ACCEPT, NULL);
	lw_end(lw);
}

/* What pf made itself, and what an earlier chain blocked, is not judged. */
static void
put_marked(struct lw *lw, const char *base, uint32_t bits)
{
	lw_begin(lw, LW_INET, base);
	x_mark_has(lw, bits);
	x_verdict(lw, NF_ACCEPT, NULL);
	lw_end(lw);
}

/* ---- set loginterface ---- */

/* Are the interface's packets judged, or skipped? */
static bool
counts_interface(const struct lw *lw)
{
	const struct pf_options *o = &lw->rs->options;
	const struct pf_if *f =
	    o->log_if ? pf_env_if(lw->env, o->log_if) : NULL;

	if (!o->log_if || strv_has(&o->skip, o->log_if))
		return false;
	for (size_t i = 0; f && i < f->groups.n; i++)
		if (strv_has(&o->skip, f->groups.v[i]))
			return false;
	return true;
}

/* Count a packet that was seen, or one that passed, where only those still
 * come: blocked is the rest. */
static void
put_interface_count(struct lw *lw, const char *base, bool out, bool passed)
{
	const char *ifname = lw->rs->options.log_if;

	if (!counts_interface(lw))
		return;
	for (int v6 = 0; v6 < 2; v6++) {
		char name[NFT_N_IF_LEN];
		const char *counter;

		nft_if_counter(name, ifname, out, passed, v6);
		counter = arena_strdup(lw->arena, name);
		*array_add(&lw->out->counters) = counter;
		lw_begin(lw, LW_INET, base);
		x_ifname(lw, out, false, ifname);
		x_nfproto(lw, v6 ? AF_INET6 : AF_INET);
		x_count(lw, counter);
		lw_end(lw);
	}
}

/* ---- the chains ---- */

static void
put_translation(struct lw *lw)
{
	const char *own = owner_chain(lw, "nat");
	const char *rdr = owner_rdr_chain(lw);

	lw_base_chain(lw, LW_INET, "rdr", "nat", NF_INET_PRE_ROUTING, -100);
	put_from_jail(lw, "rdr", rdr);
	always(lw, "rdr", "ext_rdr");
	lw_base_chain(lw, LW_INET, "rdr_out", "nat", NF_INET_LOCAL_OUT, -100);
	always(lw, "rdr_out", rdr);
	lw_base_chain(lw, LW_INET, "nat", "nat", NF_INET_POST_ROUTING, 100);
	put_to_jail(lw, "nat", own, true);
	put_loopback(lw, "nat", true, own);
	always(lw, "nat", "ext_nat");
	lw_base_chain(lw, LW_INET, "nat_in", "nat", NF_INET_LOCAL_IN, 100);
	put_from_jail(lw, "nat_in", own);
	always(lw, "nat_in", NULL);
}

/*
 * For rdr to 127.0.0.1, route_localnet lets packets from outside reach the
 * host's loopback: only those that were redirected may.
 */
static void
put_martian(struct lw *lw)
{
	static const char chain[] = "martian";

	lw_chain(lw, LW_INET, chain);
	lw_begin(lw, LW_INET, chain);
	x_ct(lw, NFT_CT_STATUS, NFT_CT_NODIR, 0);
	x_mask_u32(lw, 0, 0, IPS_DST_NAT, 0);
	x_cmp_u32(lw, NFT_CMP_NEQ, 0, 0);
	x_verdict(lw, NFT_RETURN, NULL);
	lw_end(lw);
	lw_begin(lw, LW_INET, chain);
	x_verdict(lw, NF_DROP, NULL);
	lw_end(lw);

	lw_begin(lw, LW_INET, NFT_PF_STAMP);
	x_nfproto(lw, AF_INET);
	x_payload(lw, NFT_PAYLOAD_NETWORK_HEADER, 16, 1, 0);
	x_cmp_u8(lw, NFT_CMP_EQ, 0, 127);
	x_meta(lw, NFT_META_IIF, 0);
	x_cmp_u32(lw, NFT_CMP_NEQ, 0, LO_INDEX);
	x_verdict(lw, NFT_JUMP, chain);
	lw_end(lw);
}

/* Before translation, as pf does it. What comes in over a loopback has been
 * translated when it went out: there it is asked in the filter chain. */
static void
put_scrub(struct lw *lw)
{
	const char *out;

	if (lw_scrubs(lw, false)) {
		lw_base_chain(lw, LW_INET, "scrub_in", "filter",
		    NF_INET_PRE_ROUTING, -150);
		put_interface_count(lw, "scrub_in", false, false);
		put_from_jail(lw, "scrub_in", NULL);
		put_loopback(lw, "scrub_in", false, NULL);
		always(lw, "scrub_in", "ext_scrub_in");
	}
	if (!lw_scrubs(lw, true))
		return;
	out = owner_chain(lw, "scrub_out");
	lw_base_chain(
	    lw, LW_INET, "scrub_out", "filter", NF_INET_POST_ROUTING, 90);
	put_marked(lw, "scrub_out", NFT_M_OWN);
	put_interface_count(lw, "scrub_out", true, false);
	put_to_jail(lw, "scrub_out", out, true);
	put_loopback(lw, "scrub_out", true, out);
	always(lw, "scrub_out", "ext_scrub_out");
	lw_base_chain(
	    lw, LW_INET, "scrub_lout", "filter", NF_INET_LOCAL_IN, 90);
	put_from_jail(lw, "scrub_lout", out);
}

static void
put_filter(struct lw *lw)
{
	static const uint32_t done = NFT_M_OWN | NFT_M_RETURN;
	const char *in = owner_chain(lw, "in");
	const char *out = owner_chain(lw, "out");

	lw_base_chain(lw, LW_INET, "out", "filter", NF_INET_POST_ROUTING, 110);
	put_marked(lw, "out", NFT_M_OWN);
	if (!lw_scrubs(lw, true))
		put_interface_count(lw, "out", true, false);
	put_to_jail(lw, "out", out, true);
	put_loopback(lw, "out", true, out);
	always(lw, "out", "ext_out");

	lw_base_chain(lw, LW_INET, "jin", "filter", NF_INET_POST_ROUTING, 111);
	put_marked(lw, "jin", done);
	put_interface_count(lw, "jin", true, true);
	put_to_jail(lw, "jin", in, false);
	always(lw, "jin", NULL);

	lw_base_chain(lw, LW_INET, "lout", "filter", NF_INET_LOCAL_IN, 110);
	put_marked(lw, "lout", NFT_M_OWN);
	put_from_jail(lw, "lout", out);
	always(lw, "lout", NULL);

	lw_base_chain(lw, LW_INET, "lin", "filter", NF_INET_LOCAL_IN, 111);
	put_marked(lw, "lin", done);
	put_from_jail(lw, "lin", in);
	always(lw, "lin", NULL);

	lw_base_chain(
	    lw, LW_INET, NFT_PF_STAMP, "filter", NF_INET_PRE_ROUTING, -90);
	put_marked(lw, NFT_PF_STAMP, NFT_M_OWN);
	if (!lw_scrubs(lw, false))
		put_interface_count(lw, NFT_PF_STAMP, false, false);
	if (lw_any_localnet(lw))
		put_martian(lw);
	put_from_jail(lw, NFT_PF_STAMP, NULL); /* judged further on */
	put_loopback(lw, NFT_PF_STAMP, false, in);
}

/* ---- telling the sender ---- */

/* The mark is copied to what `reject` sends (fwmark_reflect), so that pf
 * knows it for its own. */
static void
x_now_own(struct lw *lw)
{
	x_mark_change(lw, NFT_M_ALL & ~NFT_M_KIND, NFT_M_OWN);
}

static void
x_is_way(struct lw *lw, size_t way)
{
	x_meta(lw, NFT_META_MARK, 0);
	x_mask_u32(lw, 0, 0, NFT_M_KIND, 0);
	x_cmp_u32(lw, NFT_CMP_EQ, 0, (uint32_t)way << NFT_M_KIND_SHIFT);
}

static void
put_rst(struct lw *lw, size_t way)
{
	lw_begin(lw, LW_INET, "ret");
	x_is_way(lw, way);
	x_l4proto(lw, NFT_CMP_EQ, IPPROTO_TCP);
	x_tcp_flags(lw, PF_TH_RST, NFT_CMP_EQ, 0);
	x_now_own(lw);
	x_reject(lw, NFT_REJECT_TCP_RST, 0);
	lw_end(lw);
}

static void
put_icmp(struct lw *lw, size_t way, uint8_t af)
{
	const struct lw_way *w = &lw->ways.v[way];
	bool v4 = af == AF_INET;

	lw_begin(lw, LW_INET, "ret");
	x_is_way(lw, way);
	x_nfproto(lw, af);
	x_l4proto(lw, NFT_CMP_NEQ, v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	x_now_own(lw);
	x_reject(lw, NFT_REJECT_ICMP_UNREACH, v4 ? w->code4 : w->code6);
	lw_end(lw);
}

/* An RST with a ttl of its own, on its way out. */
static void
put_ttl(struct lw *lw, size_t way, uint8_t af)
{
	lw_begin(lw, LW_INET, "ret_out");
	x_mark_has(lw, NFT_M_OWN);
	x_is_way(lw, way);
	x_nfproto(lw, af);
	x_set_ttl(lw, af, lw->ways.v[way].ttl);
	lw_end(lw);
}

static void
put_ret_hook(struct lw *lw, const char *name, uint32_t hook, int32_t prio)
{
	lw_base_chain(lw, LW_INET, name, "filter", hook, prio);
	if (!lw->ways.n)
		return;
	lw_begin(lw, LW_INET, name);
	x_mark_has(lw, NFT_M_RETURN);
	x_verdict(lw, NFT_GOTO, "ret");
	lw_end(lw);
}

/* The kernel's own answer has the mark of what it answers (fwmark_reflect),
 * but not its tag. */
static void
put_untagged(struct lw *lw, const char *chain)
{
	if (!lw->tags.n)
		return;
	lw_begin(lw, LW_INET, chain);
	x_mark_has(lw, NFT_M_TAG);
	x_meta(lw, NFT_META_MARK, 0);
	x_mask_u32(lw, 0, 0, NFT_M_OWN | NFT_M_RETURN, 0);
	x_cmp_u32(lw, NFT_CMP_EQ, 0, 0);
	x_mark_change(lw, NFT_M_TAG, 0);
	lw_end(lw);
}

static void
put_ret(struct lw *lw)
{
	if (lw->ways.n)
		lw_chain(lw, LW_INET, "ret");
	for (size_t i = 0; i < lw->ways.n; i++) {
		if (lw->ways.v[i].rst)
			put_rst(lw, i);
		if (lw->ways.v[i].icmp) {
			put_icmp(lw, i, AF_INET);
			put_icmp(lw, i, AF_INET6);
		}
	}
	if (lw->ways.n) {
		lw_begin(lw, LW_INET, "ret");
		x_verdict(lw, NF_DROP, NULL);
		lw_end(lw);
	}
	put_ret_hook(lw, "ret_in", NF_INET_PRE_ROUTING, -89);
	put_interface_count(lw, "ret_in", false, true);
	put_ret_hook(lw, "ret_lin", NF_INET_LOCAL_IN, 112);
	/* The copies that retout makes; before conntrack sees them. */
	put_ret_hook(lw, "ret_out", NF_INET_LOCAL_OUT, -400);
	put_untagged(lw, "ret_out");
	for (size_t i = 0; i < lw->ways.n; i++) {
		if (!lw->ways.v[i].ttl)
			continue;
		put_ttl(lw, i, AF_INET);
		put_ttl(lw, i, AF_INET6);
	}
}

/*
 * No expression can reject in postrouting. So the packet is given back the
 * addresses its sender gave it, a copy is sent towards its destination, and
 * the copy is rejected as it passes the output hook. `dup` is missing in
 * inet: this is in tables of its own.
 */
static void
put_untranslate(struct lw *lw, int table, uint8_t dir, bool dst)
{
	bool v4 = table == LW_IP;
	uint8_t len = v4 ? 4 : 16;
	uint16_t src_at = v4 ? 12 : 8;
	int key = dst ? (v4 ? NFT_CT_DST_IP : NFT_CT_DST_IP6)
		      : (v4 ? NFT_CT_SRC_IP : NFT_CT_SRC_IP6);
	struct nft_expr *x;

	lw_begin(lw, table, "retout");
	x_direction(lw, dir);
	x_ct(lw, key, dir, 0);
	x = lw_add(lw, NFT_X_PAYLOAD_SET);
	x->base = NFT_PAYLOAD_NETWORK_HEADER;
	x->offset = dst ? (uint16_t)(src_at + len) : src_at;
	x->len = len;
	x->reg = 0;
	x->csum = v4 ? 10 : NFT_NOCSUM;
	x->l4csum = 1;
	lw_end(lw);
}

static void
put_untranslate_port(
    struct lw *lw, int table, uint8_t proto, uint8_t dir, bool dst)
{
	struct nft_expr *x;

	lw_begin(lw, table, "retout");
	x_l4proto(lw, NFT_CMP_EQ, proto);
	x_direction(lw, dir);
	x_ct(lw, dst ? NFT_CT_PROTO_DST : NFT_CT_PROTO_SRC, dir, 0);
	x = lw_add(lw, NFT_X_PAYLOAD_SET);
	x->base = NFT_PAYLOAD_TRANSPORT_HEADER;
	x->offset = dst ? 2 : 0;
	x->len = 2;
	x->reg = 0;
	x->csum = proto == IPPROTO_TCP ? 16 : 6;
	lw_end(lw);
}

static void
put_retout(struct lw *lw, int table)
{
	struct nft_expr *x;

	lw_base_chain(lw, table, "retout", "filter", NF_INET_POST_ROUTING, 120);
	if (!lw->ways.n)
		return;
	lw_begin(lw, table, "retout");
	x_meta(lw, NFT_META_MARK, 0);
	x_mask_u32(lw, 0, 0, NFT_M_RETURN, 0);
	x_cmp_u32(lw, NFT_CMP_EQ, 0, 0);
	x_verdict(lw, NF_ACCEPT, NULL);
	lw_end(lw);
	for (uint8_t dir = 0; dir < 2; dir++) {
		for (int dst = 0; dst < 2; dst++) {
			put_untranslate(lw, table, dir, dst);
			put_untranslate_port(lw, table, IPPROTO_TCP, dir, dst);
			put_untranslate_port(lw, table, IPPROTO_UDP, dir, dst);
		}
	}
	lw_begin(lw, table, "retout");
	x_daddr(lw, table == LW_IP ? AF_INET : AF_INET6);
	x = lw_add(lw, NFT_X_DUP);
	x->reg = 0;
	x_verdict(lw, NF_DROP, NULL);
	lw_end(lw);
}

void
lw_base(struct lw *lw)
{
	put_translation(lw);
	put_scrub(lw);
	put_filter(lw);
	put_ret(lw);
	put_retout(lw, LW_IP);
	put_retout(lw, LW_IP6);
	/* The very last rule of the table: it carries the stamp. */
	always(lw, NFT_PF_STAMP, "ext_in");
}
