/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing nf_tables rules, expression by expression. */
#include "pf/lower-private.h"

#include <arpa/inet.h>

void
lw_base_chain(struct lw *lw, int table, const char *name, const char *type,
    uint32_t hook, int32_t prio)
{
	*array_add(&lw->out->chains[table]) = (struct nft_chain){
		.name = arena_strdup(lw->arena, name),
		.type = type,
		.hook = hook,
		.prio = prio,
	};
}

void
lw_chain(struct lw *lw, int table, const char *name)
{
	lw_base_chain(lw, table, name, NULL, 0, 0);
}

void
lw_begin(struct lw *lw, int table, const char *chain)
{
	lw->table = table;
	lw->chain = chain;
	lw->first = lw->out->exprs.n;
	lw->tag = NULL;
}

struct nft_expr *
lw_add(struct lw *lw, enum nft_expr_kind kind)
{
	struct nft_expr *x = array_add(&lw->out->exprs);

	x->kind = (uint8_t)kind;
	x->reg2 = x->reg3 = x->reg4 = NFT_NOREG;
	x->dir = NFT_CT_NODIR;
	x->csum = NFT_NOCSUM;
	return x;
}

void
lw_end(struct lw *lw)
{
	/* The array of expressions may still move: lower.c turns numbers into
	 * pointers. */
	*array_add(&lw->out->first[lw->table]) = lw->first;
	*array_add(&lw->out->rules[lw->table]) = (struct nft_rule){
		.chain = lw->chain,
		.n_expr = lw->out->exprs.n - lw->first,
		.userdata = lw->tag,
		.userdata_len = lw->tag ? sizeof(*lw->tag) : 0,
	};
}

void
x_meta(struct lw *lw, int key, uint8_t reg)
{
	struct nft_expr *x = lw_add(lw, NFT_X_META);

	x->op = key;
	x->reg = reg;
}

void
x_ct(struct lw *lw, int key, uint8_t dir, uint8_t reg)
{
	struct nft_expr *x = lw_add(lw, NFT_X_CT);

	x->op = key;
	x->dir = dir;
	x->reg = reg;
}

void
x_payload(struct lw *lw, enum nft_payload_bases base, uint16_t offset,
    uint8_t len, uint8_t reg)
{
	struct nft_expr *x = lw_add(lw, NFT_X_PAYLOAD);

	x->base = (uint8_t)base;
	x->offset = offset;
	x->len = len;
	x->reg = reg;
}

void
x_payload_set(struct lw *lw, uint16_t offset, uint8_t len, uint8_t csum)
{
	struct nft_expr *x = lw_add(lw, NFT_X_PAYLOAD_SET);

	x->base = NFT_PAYLOAD_NETWORK_HEADER;
	x->offset = offset;
	x->len = len;
	x->reg = 0;
	x->csum = csum;
}

void
x_cmp(struct lw *lw, int op, uint8_t reg, const void *data, uint8_t len)
{
	struct nft_expr *x = lw_add(lw, NFT_X_CMP);

	x->op = op;
	x->reg = reg;
	x->len = len;
	memcpy(x->data, data, len);
}

void
x_cmp_u8(struct lw *lw, int op, uint8_t reg, uint8_t v)
{
	x_cmp(lw, op, reg, &v, sizeof(v));
}

void
x_cmp_u32(struct lw *lw, int op, uint8_t reg, uint32_t v)
{
	x_cmp(lw, op, reg, &v, sizeof(v));
}

void
x_mask_u8(struct lw *lw, uint8_t mask)
{
	struct nft_expr *x = lw_add(lw, NFT_X_BITWISE);

	x->reg = x->reg2 = 0;
	x->len = sizeof(mask);
	x->data[0] = mask;
}

void
x_tcp_flags(struct lw *lw, uint8_t of, int op, uint8_t flags)
{
	x_payload(lw, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1, 0);
	x_mask_u8(lw, of);
	x_cmp_u8(lw, op, 0, flags);
}

void
x_ip_edit(
    struct lw *lw, uint8_t af, uint16_t offset, uint16_t mask, uint16_t xor)
{
	struct nft_expr *x;
	uint16_t be;

	x_payload(lw, NFT_PAYLOAD_NETWORK_HEADER, offset, 2, 0);
	x = lw_add(lw, NFT_X_BITWISE);
	x->reg = x->reg2 = 0;
	x->len = 2;
	be = htons(mask);
	memcpy(x->data, &be, 2);
	be = htons(xor);
	memcpy(x->data2, &be, 2);
	x_payload_set(lw, offset, 2, af == AF_INET ? 10 : NFT_NOCSUM);
}

/* The byte beside is the protocol: behind the ttl in IPv4, before it in
 * IPv6. */
void
x_set_ttl(struct lw *lw, uint8_t af, uint8_t ttl)
{
	if (af == AF_INET)
		x_ip_edit(lw, af, 8, 0x00ff, (uint16_t)(ttl << 8));
	else
		x_ip_edit(lw, af, 6, 0xff00, ttl);
}

void
x_mask_u32(struct lw *lw, uint8_t reg, uint8_t to, uint32_t mask, uint32_t xor)
{
	struct nft_expr *x = lw_add(lw, NFT_X_BITWISE);

	x->reg = reg;
	x->reg2 = to;
	x->len = sizeof(mask);
	memcpy(x->data, &mask, sizeof(mask));
	memcpy(x->data2, &xor, sizeof(xor));
}

void
x_imm(struct lw *lw, uint8_t reg, const void *data, uint8_t len)
{
	struct nft_expr *x = lw_add(lw, NFT_X_IMMEDIATE);

	x->reg = reg;
	x->len = len;
	memcpy(x->data, data, len);
}

void
x_imm_port(struct lw *lw, uint8_t reg, uint16_t port)
{
	uint16_t be = htons(port);

	x_imm(lw, reg, &be, sizeof(be));
}

void
x_verdict(struct lw *lw, int verdict, const char *chain)
{
	struct nft_expr *x = lw_add(lw, NFT_X_VERDICT);

	x->op = verdict;
	x->name = chain;
}

void
x_lookup(struct lw *lw, uint8_t reg, const char *set, bool inv)
{
	struct nft_expr *x = lw_add(lw, NFT_X_LOOKUP);

	x->reg = reg;
	x->name = set;
	x->inv = inv;
}

void
x_lookup_map(struct lw *lw, uint8_t reg, const char *map, uint8_t to)
{
	struct nft_expr *x = lw_add(lw, NFT_X_LOOKUP);

	x->reg = reg;
	x->reg2 = to;
	x->name = map;
}

void
x_count(struct lw *lw, const char *counter)
{
	lw_add(lw, NFT_X_COUNT)->name = counter;
}

void
x_count_by(struct lw *lw, enum nft_count what, uint8_t reg)
{
	const char *set = lw_count_set(lw, what);
	struct nft_expr *x = lw_add(lw, NFT_X_COUNT_BY);

	x->reg = reg;
	x->name = set;
}

void
x_own_count(struct lw *lw, enum nft_count what, uint32_t id)
{
	struct nft_tag *tag = arena_alloc(lw->arena, sizeof(*tag));

	*tag = (struct nft_tag){ .type = NFT_TAG,
		.len = sizeof(*tag) - 2,
		.count = (uint8_t)what,
		.rule = id };
	lw->tag = tag;
	(void)lw_add(lw, NFT_X_COUNTER);
}

void
x_reject(struct lw *lw, int type, uint8_t code)
{
	struct nft_expr *x = lw_add(lw, NFT_X_REJECT);

	x->op = type;
	x->num = code;
}

static const char *
action_word(enum pf_action action)
{
	switch (action) {
	case PF_PASS:
		return "pass";
	case PF_BLOCK:
		return "block";
	case PF_NAT:
		return "nat";
	case PF_RDR:
		return "rdr";
	case PF_BINAT:
		return "binat";
	default:
		return "no";
	}
}

void
x_log(struct lw *lw, const struct pf_rule *r, const char *dir)
{
	struct nft_expr *x = lw_add(lw, NFT_X_LOG);

	x->num = r->log_if;
	x->name = arena_printf(
	    lw->arena, "pf rule %u %s %s", r->nr, action_word(r->action), dir);
}

void
x_mark_has(struct lw *lw, uint32_t bits)
{
	x_meta(lw, NFT_META_MARK, 0);
	x_mask_u32(lw, 0, 0, bits, 0);
	x_cmp_u32(lw, NFT_CMP_NEQ, 0, 0);
}

void
x_mark_change(struct lw *lw, uint32_t clear, uint32_t set)
{
	struct nft_expr *x;

	x_meta(lw, NFT_META_MARK, 0);
	x_mask_u32(lw, 0, 0, ~(clear | set), set);
	x = lw_add(lw, NFT_X_META_SET);
	x->op = NFT_META_MARK;
	x->reg = 0;
}

void
x_direction(struct lw *lw, uint8_t reply)
{
	x_ct(lw, NFT_CT_DIRECTION, NFT_CT_NODIR, 0);
	x_cmp_u8(lw, NFT_CMP_EQ, 0, reply);
}

void
x_label_write(struct lw *lw)
{
	struct nft_expr *x = lw_add(lw, NFT_X_CT_SET);

	x->op = NFT_CT_LABELS;
	x->reg = 0;
}

void
x_label_add(struct lw *lw, uint32_t flags)
{
	const uint32_t words[4] = { [2] = flags };

	x_imm(lw, 0, words, sizeof(words));
	x_label_write(lw);
}

/* The whole label is masked and compared, which is how the nft program can
 * print it. */
void
x_label_test(struct lw *lw, int op, size_t word, uint32_t mask, uint32_t value)
{
	uint32_t masks[4] = { 0 }, values[4] = { 0 };
	struct nft_expr *x;

	masks[word] = mask;
	values[word] = value;
	x_ct(lw, NFT_CT_LABELS, NFT_CT_NODIR, 0);
	x = lw_add(lw, NFT_X_BITWISE);
	x->reg = x->reg2 = 0;
	x->len = sizeof(masks);
	memcpy(x->data, masks, sizeof(masks));
	x_cmp(lw, op, 0, values, sizeof(values));
}

void
x_nfproto(struct lw *lw, uint8_t af)
{
	x_meta(lw, NFT_META_NFPROTO, 0);
	x_cmp_u8(
	    lw, NFT_CMP_EQ, 0, af == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6);
}

void
x_l4proto(struct lw *lw, int op, uint8_t proto)
{
	x_meta(lw, NFT_META_L4PROTO, 0);
	x_cmp_u8(lw, op, 0, proto);
}

void
x_ifname(struct lw *lw, bool out, bool neg, const char *name)
{
	char buf[16] = { 0 };

	snprintf(buf, sizeof(buf), "%s", name);
	x_meta(lw, out ? NFT_META_OIFNAME : NFT_META_IIFNAME, 0);
	x_cmp(lw, neg ? NFT_CMP_NEQ : NFT_CMP_EQ, 0, buf, sizeof(buf));
}
