/* SPDX-License-Identifier: BSD-2-Clause */
/* Expressions of a rule as netlink attributes: one small function a kind. */
#include "nft/private.h"

#include <linux/netfilter.h>

static void
put_reg(struct nft_batch *b, uint16_t type, uint8_t reg)
{
	nl_put_be32(b, type, NFT_REG32_00 + reg);
}

static void
put_reg_if(struct nft_batch *b, uint16_t type, uint8_t reg)
{
	if (reg != NFT_NOREG)
		put_reg(b, type, reg);
}

static void
put_value(struct nft_batch *b, uint16_t type, const uint8_t *mem, size_t len)
{
	size_t nest = nl_nest(b, type);

	nl_put(b, NFTA_DATA_VALUE, mem, len);
	nl_nest_end(b, nest);
}

static void
put_verdict(struct nft_batch *b, uint16_t type, int32_t code, const char *chain)
{
	size_t data = nl_nest(b, type);
	size_t verdict = nl_nest(b, NFTA_DATA_VERDICT);

	nl_put_be32(b, NFTA_VERDICT_CODE, (uint32_t)code);
	if (code == NFT_JUMP || code == NFT_GOTO)
		nl_put_str(b, NFTA_VERDICT_CHAIN, chain);
	nl_nest_end(b, verdict);
	nl_nest_end(b, data);
}

static void
put_meta(struct nft_batch *b, const struct nft_expr *x)
{
	nl_put_be32(b, NFTA_META_KEY, (uint32_t)x->op);
	put_reg(b, x->kind == NFT_X_META_SET ? NFTA_META_SREG : NFTA_META_DREG,
	    x->reg);
}

static void
put_payload(struct nft_batch *b, const struct nft_expr *x)
{
	put_reg(b, NFTA_PAYLOAD_DREG, x->reg);
	nl_put_be32(b, NFTA_PAYLOAD_BASE, x->base);
	nl_put_be32(b, NFTA_PAYLOAD_OFFSET, x->offset);
	nl_put_be32(b, NFTA_PAYLOAD_LEN, x->len);
}

static void
put_payload_set(struct nft_batch *b, const struct nft_expr *x)
{
	put_reg(b, NFTA_PAYLOAD_SREG, x->reg);
	nl_put_be32(b, NFTA_PAYLOAD_BASE, x->base);
	nl_put_be32(b, NFTA_PAYLOAD_OFFSET, x->offset);
	nl_put_be32(b, NFTA_PAYLOAD_LEN, x->len);
	if (x->csum != NFT_NOCSUM) {
		nl_put_be32(b, NFTA_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET);
		nl_put_be32(b, NFTA_PAYLOAD_CSUM_OFFSET, x->csum);
	}
	if (x->l4csum)
		nl_put_be32(
		    b, NFTA_PAYLOAD_CSUM_FLAGS, NFT_PAYLOAD_L4CSUM_PSEUDOHDR);
}

static void
put_tcpopt_set(struct nft_batch *b, const struct nft_expr *x)
{
	put_reg(b, NFTA_EXTHDR_SREG, x->reg);
	nl_put_u8(b, NFTA_EXTHDR_TYPE, (uint8_t)x->op);
	nl_put_be32(b, NFTA_EXTHDR_OFFSET, x->offset);
	nl_put_be32(b, NFTA_EXTHDR_LEN, x->len);
	nl_put_be32(b, NFTA_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT);
}

static void
put_ct(struct nft_batch *b, const struct nft_expr *x)
{
	nl_put_be32(b, NFTA_CT_KEY, (uint32_t)x->op);
	put_reg(
	    b, x->kind == NFT_X_CT_SET ? NFTA_CT_SREG : NFTA_CT_DREG, x->reg);
	if (x->dir != NFT_CT_NODIR)
		nl_put_u8(b, NFTA_CT_DIRECTION, x->dir);
}

static void
put_cmp(struct nft_batch *b, const struct nft_expr *x)
{
	put_reg(b, NFTA_CMP_SREG, x->reg);
	nl_put_be32(b, NFTA_CMP_OP, (uint32_t)x->op);
	put_value(b, NFTA_CMP_DATA, x->data, x->len);
}

static void
put_range(struct nft_batch *b, const struct nft_expr *x)
{
	put_reg(b, NFTA_RANGE_SREG, x->reg);
	nl_put_be32(b, NFTA_RANGE_OP, (uint32_t)x->op);
	put_value(b, NFTA_RANGE_FROM_DATA, x->data, x->len);
	put_value(b, NFTA_RANGE_TO_DATA, x->data2, x->len);
}

static void
put_bitwise(struct nft_batch *b, const struct nft_expr *x)
{
	put_reg(b, NFTA_BITWISE_SREG, x->reg);
	put_reg(b, NFTA_BITWISE_DREG, x->reg2);
	nl_put_be32(b, NFTA_BITWISE_LEN, x->len);
	put_value(b, NFTA_BITWISE_MASK, x->data, x->len);
	put_value(b, NFTA_BITWISE_XOR, x->data2, x->len);
}

static void
put_immediate(struct nft_batch *b, const struct nft_expr *x)
{
	put_reg(b, NFTA_IMMEDIATE_DREG, x->reg);
	put_value(b, NFTA_IMMEDIATE_DATA, x->data, x->len);
}

static void
put_lookup(struct nft_batch *b, const struct nft_expr *x)
{
	nl_put_str(b, NFTA_LOOKUP_SET, x->name);
	put_reg(b, NFTA_LOOKUP_SREG, x->reg);
	put_reg_if(b, NFTA_LOOKUP_DREG, x->reg2);
	if (x->inv)
		nl_put_be32(b, NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
}

static void
put_rule_verdict(struct nft_batch *b, const struct nft_expr *x)
{
	nl_put_be32(b, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	put_verdict(b, NFTA_IMMEDIATE_DATA, x->op, x->name);
}

static void
put_counter(struct nft_batch *b, const struct nft_expr *x)
{
	(void)b;
	(void)x;
}

static void
put_count(struct nft_batch *b, const struct nft_expr *x)
{
	nl_put_be32(b, NFTA_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
	nl_put_str(b, NFTA_OBJREF_IMM_NAME, x->name);
}

static void
put_count_by(struct nft_batch *b, const struct nft_expr *x)
{
	size_t expr;

	nl_put_str(b, NFTA_DYNSET_SET_NAME, x->name);
	nl_put_be32(b, NFTA_DYNSET_OP, NFT_DYNSET_OP_ADD);
	put_reg(b, NFTA_DYNSET_SREG_KEY, x->reg);
	expr = nl_nest(b, NFTA_DYNSET_EXPR);
	nl_put_str(b, NFTA_EXPR_NAME, "counter");
	nl_nest_end(b, nl_nest(b, NFTA_EXPR_DATA));
	nl_nest_end(b, expr);
}

static void
put_timeout(struct nft_batch *b, const struct nft_expr *x)
{
	nl_put_be32(b, NFTA_OBJREF_IMM_TYPE, NFT_OBJECT_CT_TIMEOUT);
	nl_put_str(b, NFTA_OBJREF_IMM_NAME, x->name);
}

static void
put_log(struct nft_batch *b, const struct nft_expr *x)
{
	nl_put_be16(b, NFTA_LOG_GROUP, (uint16_t)x->num);
	if (x->name)
		nl_put_str(b, NFTA_LOG_PREFIX, x->name);
}

static void
put_reject(struct nft_batch *b, const struct nft_expr *x)
{
	nl_put_be32(b, NFTA_REJECT_TYPE, (uint32_t)x->op);
	nl_put_u8(b, NFTA_REJECT_ICMP_CODE, (uint8_t)x->num);
}

static void
put_nat(struct nft_batch *b, const struct nft_expr *x)
{
	nl_put_be32(b, NFTA_NAT_TYPE, (uint32_t)x->op);
	nl_put_be32(b, NFTA_NAT_FAMILY, x->family);
	put_reg_if(b, NFTA_NAT_REG_ADDR_MIN, x->reg);
	put_reg_if(b, NFTA_NAT_REG_ADDR_MAX, x->reg2);
	put_reg_if(b, NFTA_NAT_REG_PROTO_MIN, x->reg3);
	put_reg_if(b, NFTA_NAT_REG_PROTO_MAX, x->reg4);
	if (x->flags)
		nl_put_be32(b, NFTA_NAT_FLAGS, x->flags);
}

static void
put_masq(struct nft_batch *b, const struct nft_expr *x)
{
	if (x->flags)
		nl_put_be32(b, NFTA_MASQ_FLAGS, x->flags);
	put_reg_if(b, NFTA_MASQ_REG_PROTO_MIN, x->reg3);
	put_reg_if(b, NFTA_MASQ_REG_PROTO_MAX, x->reg4);
}

static void
put_numgen(struct nft_batch *b, const struct nft_expr *x)
{
	put_reg(b, NFTA_NG_DREG, x->reg);
	nl_put_be32(b, NFTA_NG_MODULUS, x->num);
	nl_put_be32(b, NFTA_NG_TYPE, (uint32_t)x->op);
	nl_put_be32(b, NFTA_NG_OFFSET, x->num2);
}

static void
put_hash(struct nft_batch *b, const struct nft_expr *x)
{
	put_reg(b, NFTA_HASH_SREG, x->reg);
	put_reg(b, NFTA_HASH_DREG, x->reg2);
	nl_put_be32(b, NFTA_HASH_LEN, x->len);
	nl_put_be32(b, NFTA_HASH_MODULUS, x->num);
	nl_put_be32(b, NFTA_HASH_SEED, x->num2);
	nl_put_be32(b, NFTA_HASH_TYPE, NFT_HASH_JENKINS);
}

static void
put_dup(struct nft_batch *b, const struct nft_expr *x)
{
	put_reg(b, NFTA_DUP_SREG_ADDR, x->reg);
}

static void
put_fib(struct nft_batch *b, const struct nft_expr *x)
{
	put_reg(b, NFTA_FIB_DREG, x->reg);
	nl_put_be32(b, NFTA_FIB_RESULT, (uint32_t)x->op);
	nl_put_be32(b, NFTA_FIB_FLAGS, x->num);
}

static void
put_byteorder(struct nft_batch *b, const struct nft_expr *x)
{
	put_reg(b, NFTA_BYTEORDER_SREG, x->reg);
	put_reg(b, NFTA_BYTEORDER_DREG, x->reg2);
	nl_put_be32(b, NFTA_BYTEORDER_OP, (uint32_t)x->op);
	nl_put_be32(b, NFTA_BYTEORDER_LEN, x->len);
	nl_put_be32(b, NFTA_BYTEORDER_SIZE, x->base);
}

static void put_one(struct nft_batch *b, const struct nft_expr *x);

static void
put_dynset(struct nft_batch *b, const struct nft_expr *x)
{
	nl_put_str(b, NFTA_DYNSET_SET_NAME, x->name);
	nl_put_be32(b, NFTA_DYNSET_OP, (uint32_t)x->op);
	put_reg(b, NFTA_DYNSET_SREG_KEY, x->reg);
	if (x->num)
		nl_put_be64(b, NFTA_DYNSET_TIMEOUT, x->num * 1000ull);
	if (x->inv)
		nl_put_be32(b, NFTA_DYNSET_FLAGS, NFT_DYNSET_F_INV);
	if (x->len) {
		size_t nest = nl_nest(b, NFTA_DYNSET_EXPR);

		put_one(b, x + 1);
		nl_nest_end(b, nest);
	}
}

/* A bucket of as many tokens as packets are allowed at once. */
static void
put_limit(struct nft_batch *b, const struct nft_expr *x)
{
	nl_put_be64(b, NFTA_LIMIT_RATE, x->num);
	nl_put_be64(b, NFTA_LIMIT_UNIT, x->num2);
	nl_put_be32(b, NFTA_LIMIT_BURST, x->num);
	nl_put_be32(b, NFTA_LIMIT_TYPE, NFT_LIMIT_PKTS);
	nl_put_be32(b, NFTA_LIMIT_FLAGS, NFT_LIMIT_F_INV);
}

static void
put_connlimit(struct nft_batch *b, const struct nft_expr *x)
{
	nl_put_be32(b, NFTA_CONNLIMIT_COUNT, x->num);
	nl_put_be32(b, NFTA_CONNLIMIT_FLAGS, NFT_CONNLIMIT_F_INV);
}

static const struct {
	const char *name; /* the kernel's name of the expression */
	void (*put)(struct nft_batch *b, const struct nft_expr *x);
} kinds[] = {
	[NFT_X_META] = { "meta", put_meta },
	[NFT_X_META_SET] = { "meta", put_meta },
	[NFT_X_PAYLOAD] = { "payload", put_payload },
	[NFT_X_PAYLOAD_SET] = { "payload", put_payload_set },
	[NFT_X_TCPOPT_SET] = { "exthdr", put_tcpopt_set },
	[NFT_X_CT] = { "ct", put_ct },
	[NFT_X_CT_SET] = { "ct", put_ct },
	[NFT_X_CMP] = { "cmp", put_cmp },
	[NFT_X_RANGE] = { "range", put_range },
	[NFT_X_BITWISE] = { "bitwise", put_bitwise },
	[NFT_X_IMMEDIATE] = { "immediate", put_immediate },
	[NFT_X_LOOKUP] = { "lookup", put_lookup },
	[NFT_X_VERDICT] = { "immediate", put_rule_verdict },
	[NFT_X_COUNTER] = { "counter", put_counter },
	[NFT_X_COUNT] = { "objref", put_count },
	[NFT_X_COUNT_BY] = { "dynset", put_count_by },
	[NFT_X_TIMEOUT] = { "objref", put_timeout },
	[NFT_X_LOG] = { "log", put_log },
	[NFT_X_REJECT] = { "reject", put_reject },
	[NFT_X_NAT] = { "nat", put_nat },
	[NFT_X_MASQ] = { "masq", put_masq },
	[NFT_X_NUMGEN] = { "numgen", put_numgen },
	[NFT_X_HASH] = { "hash", put_hash },
	[NFT_X_DUP] = { "dup", put_dup },
	[NFT_X_FIB] = { "fib", put_fib },
	[NFT_X_BYTEORDER] = { "byteorder", put_byteorder },
	[NFT_X_DYNSET] = { "dynset", put_dynset },
	[NFT_X_LIMIT] = { "limit", put_limit },
	[NFT_X_CONNLIMIT] = { "connlimit", put_connlimit },
};

static void
put_one(struct nft_batch *b, const struct nft_expr *x)
{
	size_t data;

	nl_put_str(b, NFTA_EXPR_NAME, kinds[x->kind].name);
	data = nl_nest(b, NFTA_EXPR_DATA);
	kinds[x->kind].put(b, x);
	nl_nest_end(b, data);
}

void
nl_put_exprs(struct nft_batch *b, const struct nft_expr *x, size_t n_expr)
{
	for (size_t i = 0; i < n_expr; i++) {
		size_t elem = nl_nest(b, NFTA_LIST_ELEM);

		put_one(b, &x[i]);
		nl_nest_end(b, elem);
		if (x[i].kind == NFT_X_DYNSET)
			i += x[i].len;
	}
}
