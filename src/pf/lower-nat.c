/* SPDX-License-Identifier: BSD-2-Clause */
/* Translation: nat, rdr and binat, one chain a direction and class. */
#include "pf/lower-private.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_nat.h>

/* Registers of a translation: addresses in 4 and 8, ports in 12 and 13. */
enum { R_ADDR = 4, R_ADDR2 = 8, R_PORT = 12, R_PORT2 = 13 };

struct place {
	const char *chain;
	int class;
	bool out; /* source translation */
};

/* ---- the target ---- */

static uint8_t
addr_len(uint8_t af)
{
	return af == AF_INET ? 4 : 16;
}

/*
 * All single addresses of a pool. More than POOL_MAX was refused before. Taken
 * in turn, pf begins with the second target: its counter starts at no address
 * at all, which is not in the first, so it goes on to the next.
 */
static size_t
pool_addrs(struct lw *lw, const struct pf_rule *r, union pf_ip *ip)
{
	uint32_t skip = r->pool->type == PF_POOL_ROUNDROBIN;
	size_t n = 0;

	for (uint32_t i = 0; i < r->pool->n; i++) {
		const struct pf_addr *a =
		    &r->pool->hop[(i + skip) % r->pool->n].addr;

		if (a->kind == PF_ADDR_IP)
			n += lw_prefix_addrs(a, r->af, ip + n);
		else
			n += lw_if_addrs(lw, a, r->af, ip + n);
	}
	return n;
}

/* Load the address to translate to: always the same, in turn, by chance, or
 * by a hash of the source. */
static void
x_pool_addr(struct lw *lw, const struct pf_rule *r)
{
	union pf_ip ip[LW_POOL_MAX];
	size_t n = pool_addrs(lw, r, ip);
	struct nft_expr *x;

	if (n == 1) {
		x_imm(lw, R_ADDR, ip[0].b, addr_len(r->af));
		return;
	}
	if (r->pool->type == PF_POOL_SRCHASH) {
		x_payload(lw, NFT_PAYLOAD_NETWORK_HEADER,
		    r->af == AF_INET ? 12 : 8, addr_len(r->af), 0);
		x = lw_add(lw, NFT_X_HASH);
		x->len = addr_len(r->af);
		x->reg2 = 0;
		memcpy(&x->num2, r->pool->key, sizeof(x->num2));
	} else {
		x = lw_add(lw, NFT_X_NUMGEN);
		x->op = r->pool->type == PF_POOL_RANDOM ? NFT_NG_RANDOM
							: NFT_NG_INCREMENTAL;
	}
	x->reg = 0;
	x->num = (uint32_t)n;
	x_lookup_map(lw, 0, lw_addr_map(lw, ip, n, r->af), R_ADDR);
}

/* Does a source network become another, address by address? */
static bool
is_prefix(const struct pf_rule *r)
{
	return r->pool->type == PF_POOL_BITMASK ||
	    (r->action == PF_BINAT &&
		r->src.addr.bits < (r->af == AF_INET ? 32 : 128));
}

/* The network part is replaced, the rest stays. */
static void
x_prefix(struct lw *lw, const struct pf_addr *a, uint8_t af)
{
	struct range range = range_prefix(a->ip.b, addr_len(af), a->bits);

	x_imm(lw, R_ADDR, range.from, addr_len(af));
	x_imm(lw, R_ADDR2, range.to, addr_len(af));
}

static struct nft_expr *
x_nat(struct lw *lw, const struct pf_rule *r, bool out)
{
	struct nft_expr *x = lw_add(lw, NFT_X_NAT);

	x->op = out ? NFT_NAT_SNAT : NFT_NAT_DNAT;
	x->family = r->af == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;
	x->reg = R_ADDR;
	return x;
}

/* The interface's own address, whatever it is when a packet leaves: the
 * kernel's masquerade does that, where the interface has only one. */
bool
lw_is_masquerade(const struct lw *lw, const struct pf_rule *r)
{
	const struct pf_addr *a = &r->pool->hop[0].addr;
	union pf_ip ip[LW_POOL_MAX];

	return r->action == PF_NAT && r->pool->n == 1 &&
	    a->kind == PF_ADDR_DYN && r->ifname && !r->if_not &&
	    streq(r->ifname, a->name) && !(a->mods & ~PF_MOD_NOALIAS) &&
	    lw_on_class(lw, r->ifname, false, LW_EXT) &&
	    ((a->mods & PF_MOD_NOALIAS) || lw_if_addrs(lw, a, r->af, ip) < 2);
}

static void
put_nat(struct lw *lw, const struct pf_rule *r)
{
	const struct pf_pool *pool = r->pool;
	bool masq = lw_is_masquerade(lw, r);
	bool prefix = is_prefix(r);
	struct nft_expr *x;

	if (!masq && prefix)
		x_prefix(lw, &pool->hop[0].addr, r->af);
	else if (!masq)
		x_pool_addr(lw, r);
	if (pool->low) {
		x_imm_port(lw, R_PORT, pool->low);
		x_imm_port(lw, R_PORT2, pool->high ? pool->high : pool->low);
	}
	if (masq)
		x = lw_add(lw, NFT_X_MASQ);
	else
		x = x_nat(lw, r, true);
	if (prefix) {
		x->reg2 = R_ADDR2;
		x->flags |= NF_NAT_RANGE_NETMAP;
	}
	if (!pool->low)
		return;
	x->reg3 = R_PORT;
	x->reg4 = R_PORT2;
	if (pool->high > pool->low)
		x->flags |= NF_NAT_RANGE_PROTO_RANDOM;
}

/* The ports that the rule catches. */
static void
caught_ports(const struct pf_rule *r, uint16_t *low, uint16_t *high)
{
	const struct pf_ports *d = &r->dst.port;

	*low = d->op == PF_OP_NONE ? 0 : d->a;
	*high = d->op == PF_OP_NONE ? 65535
	    : d->op == PF_OP_RANGE  ? d->b
				    : d->a;
}

static void
put_rdr(struct lw *lw, const struct pf_rule *r)
{
	const struct pf_pool *pool = r->pool;
	bool port = pool->low != 0;
	bool range = port && pool->high > pool->low;
	bool prefix = pool->type == PF_POOL_BITMASK;
	struct nft_expr *x;
	uint16_t low, high;

	if (prefix)
		x_prefix(lw, &pool->hop[0].addr, r->af);
	else
		x_pool_addr(lw, r);
	caught_ports(r, &low, &high);
	if (range && low == pool->low && high == pool->high)
		port = false; /* onto itself */
	else if (range) {
		x_payload(lw, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 0);
		x_lookup_map(lw, 0,
		    lw_port_map(lw, low, high, pool->low, pool->high), R_PORT);
	} else if (port) {
		x_imm_port(lw, R_PORT, pool->low);
	}
	x = x_nat(lw, r, false);
	if (prefix) {
		x->reg2 = R_ADDR2;
		x->flags |= NF_NAT_RANGE_NETMAP;
	}
	if (port)
		x->reg3 = R_PORT;
}

/* ---- rules ---- */

static bool
is_no(const struct pf_rule *r)
{
	return r->action == PF_NO_NAT || r->action == PF_NO_RDR ||
	    r->action == PF_NO_BINAT;
}

/* The nat hooks see the first packet only, which is never an answer. */
static void
x_label(struct lw *lw, const struct lw_match *m, bool out)
{
	const struct pf_rule *r = m->rule[m->n - 1];
	uint32_t words[4] = { 0 };

	words[2] = out ? NFT_L_NAT : NFT_L_RDR;
	if (r->natpass) {
		words[out ? 1 : 0] = m->id;
		words[2] |= out ? NFT_L_REV : NFT_L_FWD;
	}
	x_imm(lw, 0, words, sizeof(words));
	x_label_write(lw);
	if (r->natpass) {
		x_count(lw, NFT_N_INSERT);
		x_own_count(lw, NFT_COUNT_MADE, m->id);
		x_timeouts(lw, NULL);
	}
	/* pf looks for a state that has the port which it is about to take. */
	if (r->action == PF_NAT)
		x_count(lw, NFT_N_SEARCH);
}

/* A binat rule seen from outside: it catches what is for the address it
 * translates to, and translates to the one it catches. */
static void
turn_binat(struct pf_rule *turned, struct pf_pool *pool, struct pf_hop *hop,
    const struct pf_rule *r)
{
	*turned = *r;
	*pool = *r->pool;
	*hop = (struct pf_hop){ .addr = r->src.addr };
	pool->hop = hop;
	pool->n = 1;
	if (r->src.addr.bits < (r->af == AF_INET ? 32 : 128))
		pool->type = PF_POOL_BITMASK;
	turned->src = r->dst;
	turned->dst = (struct pf_peer){ .addr = r->pool->hop[0].addr };
	turned->pool = pool;
}

static void
put_translation(struct lw *lw, const struct place *p, const struct lw_match *m)
{
	const struct pf_rule *r = m->rule[m->n - 1];

	if (r->log)
		x_log(lw, r, p->out ? "out" : "in");
	if (r->tag)
		x_tag_set(lw, r->tag);
	if (is_no(r)) {
		/* No binat does not keep the nat rules away. */
		x_verdict(lw, r->action == PF_NO_BINAT ? NFT_RETURN : NF_ACCEPT,
		    NULL);
		return;
	}
	x_label(lw, m, p->out);
	if (p->out)
		put_nat(lw, r);
	else
		put_rdr(lw, r);
}

/* `drop`: see lw_untranslated. */
static void
put_rule(struct lw *lw, const struct place *p, const struct lw_match *given,
    bool drop)
{
	const struct pf_rule *r = given->rule[given->n - 1];
	struct lw_match m = *given;
	struct lw_variant v[LW_VARIANTS];
	struct pf_rule turned;
	struct pf_pool pool;
	struct pf_hop hop;
	size_t n;

	for (size_t i = 0; i < m.n; i++)
		if (!lw_on_class(
			lw, m.rule[i]->ifname, m.rule[i]->if_not, p->class))
			return;
	if (r->action == PF_BINAT && !p->out) {
		turn_binat(&turned, &pool, &hop, r);
		m.rule[m.n - 1] = &turned;
	}
	n = lw_variants(lw, &m, v);
	for (size_t i = 0; i < n; i++) {
		lw_begin(lw, LW_INET, p->chain);
		lw_conditions(lw, &m, &v[i], p->out, p->class);
		if (drop && is_no(r) && r->tag)
			x_tag_set(lw, r->tag);
		if (drop)
			x_verdict(lw, is_no(r) ? NFT_RETURN : NF_DROP, NULL);
		else
			put_translation(lw, p, &m);
		lw_end(lw);
	}
}

static void
put_list(struct lw *lw, const struct place *p, const struct lw_matches *ms,
    bool drop)
{
	for (size_t i = 0; i < ms->n; i++)
		put_rule(lw, p, &ms->v[i], drop);
}

static void
jump(struct lw *lw, const char *from, const char *to)
{
	lw_begin(lw, LW_INET, from);
	x_verdict(lw, NFT_JUMP, to);
	lw_end(lw);
}

static void
put_chain(struct lw *lw, int class, bool out)
{
	const struct place p = {
		.chain = lw_class_chain(lw, class, out ? "nat" : "rdr"),
		.class = class,
		.out = out,
	};
	struct place b = p;
	const struct lw_matches *first = out ? &lw->binat : &lw->rdr;
	const struct lw_matches *second = out ? &lw->nat : &lw->binat;

	lw_chain(lw, LW_INET, p.chain);
	if (class == LW_EXT)
		lw_skip_rules(lw, p.chain, out);
	b.chain = lw_class_chain(lw, class, out ? "binat_out" : "binat_in");
	if (lw->binat.n)
		lw_chain(lw, LW_INET, b.chain);
	put_list(lw, first == &lw->binat ? &b : &p, first, false);
	if (lw->binat.n)
		jump(lw, p.chain, b.chain);
	put_list(lw, second == &lw->binat ? &b : &p, second, false);
	lw_begin(lw, LW_INET, p.chain);
	x_verdict(lw, NF_ACCEPT, NULL);
	lw_end(lw);
}

/*
 * What conntrack calls invalid (SYN with FIN, an answer without a question)
 * has no entry and is never translated, where pf would. It must not get out
 * with a jail's address, nor in untranslated: it is dropped.
 */
void
lw_untranslated(struct lw *lw, const char *chain, int class, bool out)
{
	const struct place p = {
		.chain = lw_class_chain(
		    lw, class, out ? "invalid_out" : "invalid_in"),
		.class = class,
		.out = out,
	};
	struct place b = p;

	if (!(out ? lw->any_nat : lw->any_rdr))
		return;
	lw_chain(lw, LW_INET, p.chain);
	lw_begin(lw, LW_INET, chain);
	x_ct(lw, NFT_CT_STATE, NFT_CT_NODIR, 0);
	x_mask_u32(lw, 0, 0, NF_CT_STATE_INVALID_BIT, 0);
	x_cmp_u32(lw, NFT_CMP_NEQ, 0, 0);
	x_verdict(lw, NFT_JUMP, p.chain);
	lw_end(lw);
	b.chain = lw_class_chain(
	    lw, class, out ? "invalid_binat_out" : "invalid_binat_in");
	if (lw->binat.n) {
		lw_chain(lw, LW_INET, b.chain);
		put_list(lw, &b, &lw->binat, true);
	}
	if (lw->binat.n && out)
		jump(lw, p.chain, b.chain);
	put_list(lw, &p, out ? &lw->nat : &lw->rdr, true);
	if (lw->binat.n && !out)
		jump(lw, p.chain, b.chain);
}

void
lw_nat_collect(struct lw *lw)
{
	lw_order_plain(lw, PF_LIST_NAT, &lw->nat);
	lw_order_plain(lw, PF_LIST_RDR, &lw->rdr);
	lw_order_plain(lw, PF_LIST_BINAT, &lw->binat);
	lw->any_nat = lw->nat.n || lw->binat.n;
	lw->any_rdr = lw->rdr.n || lw->binat.n;
}

void
lw_nat(struct lw *lw)
{
	for (int class = LW_EXT; class < (int)lw->n_class; class ++) {
		if (lw_class_skipped(lw, class))
			continue;
		put_chain(lw, class, true);
		put_chain(lw, class, false);
	}
}
