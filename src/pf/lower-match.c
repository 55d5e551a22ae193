/* SPDX-License-Identifier: BSD-2-Clause */
/* The conditions of a rule as expressions. */
#include "pf/lower-private.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>

/* ---- interfaces ---- */

static bool
loop_in(const struct lw *lw, const struct lw_loop *loop, const char *ifname)
{
	const struct pf_if *f;

	if (streq(loop->name, ifname))
		return true;
	f = pf_env_if(lw->env, loop->name);
	if (pf_env_if(lw->env, ifname))
		return false;
	/* "lo" is the group of all loopbacks, also of one not there yet. */
	return streq(ifname, "lo") || (f && strv_has(&f->groups, ifname));
}

/* Are there interfaces in that group that are no loopbacks? */
static bool
has_others(const struct lw *lw, const char *group)
{
	for (size_t i = 0; i < lw->env->ifs.n; i++) {
		const struct pf_if *f = &lw->env->ifs.v[i];

		if (!(f->flags & PF_IF_LOOPBACK) && strv_has(&f->groups, group))
			return true;
	}
	return false;
}

bool
lw_on_class(const struct lw *lw, const char *ifname, bool neg, int class)
{
	bool any = false;

	if (!ifname)
		return true;
	for (size_t i = 0; i < lw->loops.n; i++) {
		bool in = loop_in(lw, &lw->loops.v[i], ifname);

		if (class == (int)i || (class >= 0 && lw->one_loop))
			return in != neg;
		any |= in;
	}
	/* Elsewhere: a name that means only loopbacks never matches. */
	return !any || neg || has_others(lw, ifname);
}

/* On the loopbacks the chain itself says which one it is. */
bool
lw_tests_interface(const struct lw *lw, const struct pf_rule *r, int class)
{
	if (!r->ifname || class != LW_EXT)
		return false;
	for (size_t i = 0; i < lw->loops.n; i++)
		if (streq(lw->loops.v[i].name, r->ifname))
			return false; /* "on ! lo0": true for all others */
	return true;
}

static void
put_interface(struct lw *lw, const struct pf_rule *r, bool out, int class)
{
	if (!lw_tests_interface(lw, r, class))
		return;
	if (!pf_env_if(lw->env, r->ifname) &&
	    pf_env_is_group(lw->env, r->ifname)) {
		x_meta(lw, out ? NFT_META_OIFNAME : NFT_META_IIFNAME, 0);
		x_lookup(lw, 0, lw_group_set(lw, r->ifname), r->if_not);
		return;
	}
	x_ifname(lw, out, r->if_not, r->ifname);
}

/* ---- variants ---- */

static bool
has_family(const struct pf_addr *a)
{
	return a->kind != PF_ADDR_ANY && a->kind != PF_ADDR_NOROUTE;
}

/* "! any" is nothing. */
static bool
is_nothing(const struct pf_addr *a)
{
	return a->kind == PF_ADDR_ANY && a->neg;
}

/* A rule without a protocol tests its TCP flags on TCP packets only. */
static bool
splits_tcp(const struct lw_match *m)
{
	bool proto = false, flags = false;

	for (size_t i = 0; i < m->n; i++) {
		proto |= m->rule[i]->proto != 0;
		flags |= m->rule[i]->flagset != 0;
	}
	return flags && !proto;
}

bool
lw_agree(const struct lw_match *m, struct lw_variant *v)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct pf_rule *r = m->rule[i];

		if ((r->af && v->af && r->af != v->af) ||
		    (r->proto && v->proto && r->proto != v->proto) ||
		    is_nothing(&r->src.addr) || is_nothing(&r->dst.addr))
			return false;
		v->af = v->af ? v->af : r->af;
		v->proto = v->proto ? v->proto : r->proto;
	}
	return true;
}

/* Addresses are tested, so the family must be known. */
static bool
needs_af(const struct lw_match *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (has_family(&m->rule[i]->src.addr) ||
		    has_family(&m->rule[i]->dst.addr))
			return true;
	return false;
}

/* How many tables that packets fill must have an address of this? (Not to
 * have it is one test after the other.) */
static unsigned
count_filled(const struct lw *lw, const struct pf_addr *a)
{
	return a->kind == PF_ADDR_TABLE && !a->neg &&
	    lw_is_overload(lw, a->name);
}

/* Such a table is two sets: either the one has the address or the other. */
static size_t
split_filled(
    struct lw *lw, const struct lw_match *m, struct lw_variant *v, size_t n)
{
	unsigned filled = 0;

	for (size_t i = 0; i < m->n; i++)
		filled += count_filled(lw, &m->rule[i]->src.addr) +
		    count_filled(lw, &m->rule[i]->dst.addr);
	if (filled && n << filled > LW_VARIANTS) {
		lw_error(lw, m->rule[m->n - 1],
		    "%u tables of overload rules are tested together: at most "
		    "2 work",
		    filled);
		return n;
	}
	for (unsigned bit = 0; bit < filled; bit++, n *= 2)
		for (size_t i = 0; i < n; i++) {
			v[n + i] = v[i];
			v[n + i].filled |= (uint8_t)(1u << bit);
		}
	return n;
}

size_t
lw_variants(struct lw *lw, const struct lw_match *m,
    struct lw_variant v[static LW_VARIANTS])
{
	struct lw_variant base = { 0 };
	size_t n = 0;

	if (!lw_agree(m, &base))
		return 0;
	v[n++] = base;
	if (!base.af && needs_af(m)) {
		v[0].af = AF_INET;
		v[n] = base;
		v[n++].af = AF_INET6;
	}
	if (splits_tcp(m)) {
		size_t half = n;

		for (size_t i = 0; i < half; i++) {
			v[n] = v[i];
			v[n++].no_tcp = true;
			v[i].proto = IPPROTO_TCP;
		}
	}
	return split_filled(lw, m, v, n);
}

/* ---- addresses ---- */

static void
put_prefix(struct lw *lw, const struct pf_addr *a, uint8_t len)
{
	struct nft_expr *x;
	uint8_t zero[16] = { 0 }, mask[16] = { 0 };

	if (a->bits % 8) {
		for (unsigned int i = 0; i < a->bits; i++)
			mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
		x = lw_add(lw, NFT_X_BITWISE);
		x->reg = x->reg2 = 0;
		x->len = len;
		memcpy(x->data, mask, len);
		memcpy(x->data2, zero, len);
	}
	x_cmp(lw, a->neg ? NFT_CMP_NEQ : NFT_CMP_EQ, 0, a->ip.b, len);
}

static void
x_fib(struct lw *lw, int result, uint32_t flags, int op, uint32_t value)
{
	struct nft_expr *x = lw_add(lw, NFT_X_FIB);

	x->op = result;
	x->num = flags;
	x->reg = 0;
	x_cmp_u32(lw, op, 0, value);
}

/* Is there no route to the address? To the kernel's lookup of a device,
 * addresses of its own have none, hence the second question. */
static void
put_no_route(struct lw *lw, bool dst)
{
	uint32_t side = dst ? NFTA_FIB_F_DADDR : NFTA_FIB_F_SADDR;

	x_fib(lw, NFT_FIB_RESULT_OIF, side, NFT_CMP_EQ, 0);
	x_fib(lw, NFT_FIB_RESULT_ADDRTYPE, side, NFT_CMP_EQ, RTN_UNICAST);
}

/* Did the packet come in where no answer would go out? Over a loopback comes
 * what is this machine's; an answer goes over the one that owns its sender. */
static void
put_urpf(struct lw *lw, uint8_t af, bool neg, int class)
{
	if (class != LW_EXT) {
		x_payload(lw, NFT_PAYLOAD_NETWORK_HEADER,
		    af == AF_INET ? 12 : 8, af == AF_INET ? 4 : 16, 0);
		x_lookup(
		    lw, 0, lw_own_set(lw, lw->loops.v[class].name, af), !neg);
		return;
	}
	x_fib(lw, NFT_FIB_RESULT_OIF, NFTA_FIB_F_SADDR | NFTA_FIB_F_IIF,
	    neg ? NFT_CMP_NEQ : NFT_CMP_EQ, 0);
}

/* `filled`: the address is looked for among those that packets put in. */
static void
put_table(struct lw *lw, const struct pf_addr *a, uint8_t af, bool filled)
{
	if (!filled)
		x_lookup(lw, 0, lw_table_set(lw, a->name, af), a->neg);
	if (lw_is_overload(lw, a->name) && (a->neg || filled))
		x_lookup(lw, 0, lw_overload_set(lw, a->name, af), a->neg);
}

static void
put_addr(struct lw *lw, const struct pf_addr *a, uint8_t af, bool dst,
    int class, bool filled)
{
	uint8_t len = af == AF_INET ? 4 : 16;
	uint16_t offset = af == AF_INET ? (dst ? 16 : 12) : (dst ? 24 : 8);
	struct nft_expr *x;

	if (a->kind == PF_ADDR_ANY)
		return;
	if (a->kind == PF_ADDR_NOROUTE) {
		put_no_route(lw, dst);
		return;
	}
	if (a->kind == PF_ADDR_URPF) {
		put_urpf(lw, af, a->neg, class);
		return;
	}
	/* A prefix of whole bytes needs no mask: load fewer bytes. */
	if (a->kind == PF_ADDR_IP && a->bits % 8 == 0)
		len = a->bits / 8;
	x_payload(lw, NFT_PAYLOAD_NETWORK_HEADER, offset, len, 0);
	switch ((enum pf_addr_kind)a->kind) {
	case PF_ADDR_IP:
		put_prefix(lw, a, len);
		break;
	case PF_ADDR_RANGE:
		x = lw_add(lw, NFT_X_RANGE);
		x->op = a->neg ? NFT_RANGE_NEQ : NFT_RANGE_EQ;
		x->reg = 0;
		x->len = len;
		memcpy(x->data, a->ip.b, len);
		memcpy(x->data2, a->last.b, len);
		break;
	case PF_ADDR_TABLE:
		put_table(lw, a, af, filled);
		break;
	case PF_ADDR_DYN:
		x_lookup(lw, 0, lw_dyn_set(lw, a, af), a->neg);
		break;
	default:
		BUG("address of kind %d", a->kind);
	}
}

/* ---- ports ---- */

static void
put_port_range(struct lw *lw, int op, uint16_t a, uint16_t b)
{
	struct nft_expr *x = lw_add(lw, NFT_X_RANGE);
	uint16_t low = htons(a), high = htons(b);

	x->op = op;
	x->reg = 0;
	x->len = 2;
	memcpy(x->data, &low, 2);
	memcpy(x->data2, &high, 2);
}

static void
put_port(struct lw *lw, const struct pf_ports *p, bool dst)
{
	static const int ops[] = {
		[PF_OP_EQ] = NFT_CMP_EQ,
		[PF_OP_NE] = NFT_CMP_NEQ,
		[PF_OP_LT] = NFT_CMP_LT,
		[PF_OP_LE] = NFT_CMP_LTE,
		[PF_OP_GT] = NFT_CMP_GT,
		[PF_OP_GE] = NFT_CMP_GTE,
	};
	uint16_t be = htons(p->a);

	if (p->op == PF_OP_NONE)
		return;
	x_payload(lw, NFT_PAYLOAD_TRANSPORT_HEADER, dst ? 2 : 0, 2, 0);
	switch ((enum pf_op)p->op) {
	case PF_OP_IN:
		/* Nothing lies between neighbours: a range that is empty. */
		if (p->b - p->a < 2)
			put_port_range(lw, NFT_RANGE_NEQ, 0, 65535);
		else
			put_port_range(lw, NFT_RANGE_EQ, p->a + 1, p->b - 1);
		break;
	case PF_OP_OUT:
		put_port_range(lw, NFT_RANGE_NEQ, p->a, p->b);
		break;
	case PF_OP_RANGE:
		put_port_range(lw, NFT_RANGE_EQ, p->a, p->b);
		break;
	default:
		x_cmp(lw, ops[p->op], 0, &be, 2);
	}
}

/* ---- the rest ---- */

static void
put_flags(struct lw *lw, const struct pf_rule *r)
{
	x_tcp_flags(lw, r->flagset, NFT_CMP_EQ, r->flags);
}

static void
put_icmp(struct lw *lw, const struct pf_rule *r)
{
	if (r->icmp_type >= 0) {
		x_payload(lw, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, 0);
		x_cmp_u8(lw, NFT_CMP_EQ, 0, (uint8_t)r->icmp_type);
	}
	if (r->icmp_code >= 0) {
		x_payload(lw, NFT_PAYLOAD_TRANSPORT_HEADER, 1, 1, 0);
		x_cmp_u8(lw, NFT_CMP_EQ, 0, (uint8_t)r->icmp_code);
	}
}

/* pf sees no TOS in IPv6 packets. */
static void
put_tos(struct lw *lw, const struct pf_rule *r, uint8_t af)
{
	if (!r->tos)
		return;
	if (!af)
		x_nfproto(lw, AF_INET);
	x_payload(lw, NFT_PAYLOAD_NETWORK_HEADER, 1, 1, 0);
	x_cmp_u8(lw, NFT_CMP_EQ, 0, r->tos);
}

static int
id_op(uint8_t op)
{
	return op == PF_OP_NE ? NFT_CMP_NEQ : NFT_CMP_EQ;
}

static void
put_ids(struct lw *lw, const struct pf_rule *r)
{
	if (r->user.op) {
		x_meta(lw, NFT_META_SKUID, 0);
		x_cmp_u32(lw, id_op(r->user.op), 0, r->user.a);
	}
	if (r->group.op) {
		x_meta(lw, NFT_META_SKGID, 0);
		x_cmp_u32(lw, id_op(r->group.op), 0, r->group.a);
	}
}

/* A number below prob, compared in network byte order. */
static void
put_probability(struct lw *lw, const struct pf_rule *r)
{
	uint32_t be = htonl(r->prob);
	struct nft_expr *x;

	if (!r->prob)
		return;
	x = lw_add(lw, NFT_X_NUMGEN);
	x->op = NFT_NG_RANDOM;
	x->num = UINT32_MAX;
	x->reg = 0;
	x = lw_add(lw, NFT_X_BYTEORDER);
	x->op = NFT_BYTEORDER_HTON;
	x->reg = x->reg2 = 0;
	x->len = 4;
	x->base = 4;
	x_cmp(lw, NFT_CMP_LT, 0, &be, 4);
}

void
lw_head(struct lw *lw, const struct lw_head *h, bool out, int class)
{
	for (size_t i = 0; h->on && i < h->on->n; i++)
		put_interface(lw, h->on->rule[i], out, class);
	if (h->proto)
		x_l4proto(lw, NFT_CMP_EQ, h->proto);
	if (h->af)
		x_nfproto(lw, h->af);
}

/* The tests that a match begins with, but for those already made. */
static void
put_begin(struct lw *lw, const struct lw_match *m, const struct lw_variant *v,
    bool out, int class)
{
	const struct lw_head left = {
		.on = v->head.on ? NULL : m,
		.proto = v->head.proto ? 0 : v->proto,
		.af = v->head.af ? 0 : v->af,
	};

	lw_head(lw, &left, out, class);
}

/* The cheap tests first, and those that most packets fail. */
void
lw_conditions(struct lw *lw, const struct lw_match *m,
    const struct lw_variant *v, bool out, int class)
{
	unsigned filled = v->filled;

	put_begin(lw, m, v, out, class);
	if (v->no_tcp)
		x_l4proto(lw, NFT_CMP_NEQ, IPPROTO_TCP);
	for (size_t i = 0; i < m->n; i++) {
		const struct pf_rule *r = m->rule[i];

		put_port(lw, &r->dst.port, true);
		put_port(lw, &r->src.port, false);
		put_addr(lw, &r->src.addr, v->af, false, class, filled & 1);
		filled >>= count_filled(lw, &r->src.addr);
		put_addr(lw, &r->dst.addr, v->af, true, class, filled & 1);
		filled >>= count_filled(lw, &r->dst.addr);
		if (r->flagset && !v->no_tcp && v->proto == IPPROTO_TCP)
			put_flags(lw, r);
		put_icmp(lw, r);
		put_tos(lw, r, v->af);
		put_ids(lw, r);
		x_tag_test(lw, r);
		put_probability(lw, r);
	}
	if (v->reply) {
		x_direction(lw, 1);
	}
}
