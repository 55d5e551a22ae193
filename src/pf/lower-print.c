/* SPDX-License-Identifier: BSD-2-Clause */
/* Lowered rules as text: a rule a line, its expressions in their order. */
#include "pf/lower-private.h"

static const char *
word(const char *const *words, size_t n, int i)
{
	return i >= 0 && (size_t)i < n && words[i] ? words[i] : "?";
}

static const char *
meta_word(int key)
{
	static const char *const words[] = {
		[NFT_META_NFPROTO] = "nfproto",
		[NFT_META_L4PROTO] = "l4proto",
		[NFT_META_MARK] = "mark",
		[NFT_META_IIF] = "iif",
		[NFT_META_OIF] = "oif",
		[NFT_META_IIFNAME] = "iifname",
		[NFT_META_OIFNAME] = "oifname",
		[NFT_META_SKUID] = "skuid",
		[NFT_META_SKGID] = "skgid",
		[NFT_META_IIFGROUP] = "iifgroup",
		[NFT_META_OIFGROUP] = "oifgroup",
	};

	return word(words, ARRAY_SIZE(words), key);
}

static const char *
ct_word(int key)
{
	static const char *const words[] = {
		[NFT_CT_STATE] = "state",
		[NFT_CT_DIRECTION] = "direction",
		[NFT_CT_STATUS] = "status",
		[NFT_CT_LABELS] = "label",
		[NFT_CT_SRC_IP] = "src",
		[NFT_CT_DST_IP] = "dst",
		[NFT_CT_SRC_IP6] = "src6",
		[NFT_CT_DST_IP6] = "dst6",
		[NFT_CT_PROTO_SRC] = "sport",
		[NFT_CT_PROTO_DST] = "dport",
	};

	return word(words, ARRAY_SIZE(words), key);
}

static const char *
cmp_word(int op)
{
	static const char *const words[] = { "==", "!=", "<", "<=", ">", ">=" };

	return word(words, ARRAY_SIZE(words), op);
}

static void
put_hex(struct str *s, const uint8_t *data, size_t len)
{
	str_add(s, " 0x");
	for (size_t i = 0; i < len; i++)
		str_printf(s, "%02x", data[i]);
}

static void
put_verdict(struct str *s, const struct nft_expr *x)
{
	switch (x->op) {
	case NF_ACCEPT:
		str_add(s, "accept");
		break;
	case NF_DROP:
		str_add(s, "drop");
		break;
	case NFT_RETURN:
		str_add(s, "return");
		break;
	default:
		str_printf(
		    s, "%s %s", x->op == NFT_JUMP ? "jump" : "goto", x->name);
	}
}

static void
put_load(struct str *s, const struct nft_expr *x)
{
	static const char *const bases[] = { "ll", "nh", "th" };

	switch (x->kind) {
	case NFT_X_META:
		str_printf(s, "r%d = meta %s", x->reg, meta_word(x->op));
		break;
	case NFT_X_CT:
		str_printf(s, "r%d = ct %s", x->reg, ct_word(x->op));
		if (x->dir != NFT_CT_NODIR)
			str_add(s, x->dir ? " of reply" : " of original");
		break;
	case NFT_X_PAYLOAD:
		str_printf(s, "r%d = %s+%d,%d", x->reg,
		    word(bases, ARRAY_SIZE(bases), x->base), x->offset, x->len);
		break;
	case NFT_X_IMMEDIATE:
		str_printf(s, "r%d =", x->reg);
		put_hex(s, x->data, x->len);
		break;
	case NFT_X_FIB:
		str_printf(s, "r%d = fib %d %u", x->reg, x->op, x->num);
		break;
	default:
		str_printf(s, "r%d = %s %u",
		    x->reg2 == NFT_NOREG ? x->reg : x->reg2,
		    x->kind == NFT_X_NUMGEN ? "count" : "hash", x->num);
	}
}

static void
put_store(struct str *s, const struct nft_expr *x)
{
	if (x->kind == NFT_X_META_SET)
		str_printf(s, "meta %s = r%d", meta_word(x->op), x->reg);
	else if (x->kind == NFT_X_CT_SET)
		str_printf(s, "ct %s = r%d", ct_word(x->op), x->reg);
	else if (x->kind == NFT_X_TCPOPT_SET)
		str_printf(s, "tcp option %d+%d,%d = r%d", x->op, x->offset,
		    x->len, x->reg);
	else
		str_printf(s, "packet+%d,%d = r%d", x->offset, x->len, x->reg);
}

static void
put_test(struct str *s, const struct nft_expr *x)
{
	if (x->kind == NFT_X_CMP) {
		str_printf(s, "r%d %s", x->reg, cmp_word(x->op));
		put_hex(s, x->data, x->len);
	} else if (x->kind == NFT_X_RANGE) {
		str_printf(s, "r%d %s", x->reg,
		    x->op == NFT_RANGE_EQ ? "in" : "not in");
		put_hex(s, x->data, x->len);
		put_hex(s, x->data2, x->len);
	} else if (x->reg2 != NFT_NOREG) {
		str_printf(s, "r%d = %s[r%d]", x->reg2, x->name, x->reg);
	} else {
		str_printf(
		    s, "r%d %s @%s", x->reg, x->inv ? "not in" : "in", x->name);
	}
}

static void
put_nat(struct str *s, const struct nft_expr *x)
{
	if (x->kind == NFT_X_MASQ)
		str_add(s, "masquerade");
	else
		str_printf(s, "%s r%d", x->op == NFT_NAT_SNAT ? "snat" : "dnat",
		    x->reg);
	if (x->reg2 != NFT_NOREG)
		str_printf(s, "-r%d", x->reg2);
	if (x->reg3 != NFT_NOREG)
		str_printf(s, " port r%d", x->reg3);
	if (x->reg4 != NFT_NOREG)
		str_printf(s, "-r%d", x->reg4);
	if (x->flags)
		str_printf(s, " flags 0x%x", x->flags);
}

static void
put_dynset(struct str *s, const struct nft_expr *x)
{
	str_printf(
	    s, "%sadd r%d to @%s", x->inv ? "cannot " : "", x->reg, x->name);
	if (x->num)
		str_printf(s, " for %u s", x->num);
	if (x->len)
		str_add(s, ", each");
}

static void
put_expr(struct str *s, const struct nft_expr *x)
{
	switch ((enum nft_expr_kind)x->kind) {
	case NFT_X_META_SET:
	case NFT_X_CT_SET:
	case NFT_X_PAYLOAD_SET:
	case NFT_X_TCPOPT_SET:
		put_store(s, x);
		break;
	case NFT_X_CMP:
	case NFT_X_RANGE:
	case NFT_X_LOOKUP:
		put_test(s, x);
		break;
	case NFT_X_BITWISE:
		str_printf(s, "r%d = r%d &", x->reg2, x->reg);
		put_hex(s, x->data, x->len);
		str_add(s, " ^");
		put_hex(s, x->data2, x->len);
		break;
	case NFT_X_BYTEORDER:
		str_printf(s, "r%d = swapped r%d", x->reg2, x->reg);
		break;
	case NFT_X_VERDICT:
		put_verdict(s, x);
		break;
	case NFT_X_COUNT:
		str_printf(s, "count %s", x->name);
		break;
	case NFT_X_COUNT_BY:
		str_printf(s, "%s[r%d] counts", x->name, x->reg);
		break;
	case NFT_X_COUNTER:
		str_add(s, "counter");
		break;
	case NFT_X_TIMEOUT:
		str_printf(s, "lives by %s", x->name);
		break;
	case NFT_X_LOG:
		str_printf(s, "log to %u \"%s\"", x->num, x->name);
		break;
	case NFT_X_REJECT:
		str_printf(s, "reject %d %u", x->op, x->num);
		break;
	case NFT_X_NAT:
	case NFT_X_MASQ:
		put_nat(s, x);
		break;
	case NFT_X_DYNSET:
		put_dynset(s, x);
		break;
	case NFT_X_LIMIT:
		str_printf(s, "over %u in %u s", x->num, x->num2);
		break;
	case NFT_X_CONNLIMIT:
		str_printf(s, "over %u connections", x->num);
		break;
	case NFT_X_DUP:
		str_printf(s, "copy to r%d", x->reg);
		break;
	default:
		put_load(s, x);
	}
}

void
pf_lowered_print(struct str *s, const struct pf_lowered *l)
{
	for (size_t t = 0; t < l->n_table; t++) {
		const struct nft_table *table = &l->table[t];

		for (size_t i = 0; i < table->n_rule; i++) {
			const struct nft_rule *r = &table->rule[i];

			str_printf(s, "%s:", r->chain);
			for (size_t k = 0; k < r->n_expr; k++) {
				str_addc(s, ' ');
				put_expr(s, &r->expr[k]);
				str_add(s, k + 1 < r->n_expr ? ";" : "\n");
			}
		}
	}
}
