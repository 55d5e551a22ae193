/* SPDX-License-Identifier: BSD-2-Clause */
/* Others' rules, from netlink to what foreign_judge follows. */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_conntrack.h>

#include "base/array.h"
#include "nft/foreign-private.h"

/* ---- attributes ---- */

static int
collect(const struct nlattr *attr, void *arg)
{
	struct foreign_attrs *a = arg;
	uint16_t type = mnl_attr_get_type(attr);

	if (type < ARRAY_SIZE(a->v))
		a->v[type] = attr;
	return MNL_CB_OK;
}

struct foreign_attrs
foreign_attrs(const struct nlattr *nest)
{
	struct foreign_attrs a = { 0 };

	if (nest)
		(void)mnl_attr_parse_nested(nest, collect, &a);
	return a;
}

struct foreign_attrs
foreign_msg_attrs(const struct nlmsghdr *h)
{
	struct foreign_attrs a = { 0 };

	(void)mnl_attr_parse(h, sizeof(struct nfgenmsg), collect, &a);
	return a;
}

uint32_t
foreign_u32(const struct nlattr *attr)
{
	return attr ? ntohl(mnl_attr_get_u32(attr)) : 0;
}

int32_t
foreign_verdict(
    const struct nlattr *verdict, struct arena *arena, const char **chain)
{
	struct foreign_attrs a = foreign_attrs(verdict);

	*chain = a.v[NFTA_VERDICT_CHAIN]
	    ? arena_strdup(arena, mnl_attr_get_str(a.v[NFTA_VERDICT_CHAIN]))
	    : NULL;
	return (int32_t)foreign_u32(a.v[NFTA_VERDICT_CODE]);
}

/* Register numbers are of two kinds: four of 16 bytes, and sixteen of 4. */
static uint8_t
reg_offset(const struct nlattr *attr)
{
	uint32_t reg = foreign_u32(attr);
	uint32_t at = 0;

	if (reg >= NFT_REG_1 && reg <= NFT_REG_4)
		at = (reg - NFT_REG_1) * NFT_REG_SIZE;
	else if (reg >= NFT_REG32_00)
		at = (reg - NFT_REG32_00) * NFT_REG32_SIZE;
	return at < FX_REGS ? (uint8_t)at : 0;
}

/* The value of a NFTA_DATA_VALUE; returns its length. */
static uint8_t
data_value(const struct nlattr *data, uint8_t ret[16])
{
	struct foreign_attrs a = foreign_attrs(data);
	size_t len;

	if (!a.v[NFTA_DATA_VALUE])
		return 0;
	len = MIN(mnl_attr_get_payload_len(a.v[NFTA_DATA_VALUE]), 16u);
	memcpy(ret, mnl_attr_get_payload(a.v[NFTA_DATA_VALUE]), len);
	return (uint8_t)len;
}

/* ---- expressions ---- */

struct rule_reader {
	struct foreign *f;
	struct foreign_rule *rule;
};

static struct foreign_expr *
add(struct rule_reader *rd, enum foreign_kind kind)
{
	struct foreign_rule *r = rd->rule;
	struct foreign_expr *x;

	r->expr =
	    array_grow(r->expr, r->n_expr, &r->cap_expr, sizeof(*r->expr));
	x = &r->expr[r->n_expr++];
	memset(x, 0, sizeof(*x));
	x->kind = (uint8_t)kind;
	return x;
}

static void
add_opaque(struct rule_reader *rd, const char *name)
{
	add(rd, FX_OPAQUE)->name = arena_strdup(&rd->f->arena, name);
}

static void
read_meta(struct rule_reader *rd, const struct foreign_attrs *a)
{
	struct foreign_expr *x;

	if (!a->v[NFTA_META_DREG])
		return; /* it writes */
	x = add(rd, FX_META);
	x->op = (int32_t)foreign_u32(a->v[NFTA_META_KEY]);
	x->dreg = reg_offset(a->v[NFTA_META_DREG]);
}

static void
read_payload(struct rule_reader *rd, const struct foreign_attrs *a)
{
	struct foreign_expr *x;

	if (!a->v[NFTA_PAYLOAD_DREG])
		return;
	x = add(rd, FX_PAYLOAD);
	x->dreg = reg_offset(a->v[NFTA_PAYLOAD_DREG]);
	x->base = (uint8_t)foreign_u32(a->v[NFTA_PAYLOAD_BASE]);
	x->offset = (uint8_t)MIN(foreign_u32(a->v[NFTA_PAYLOAD_OFFSET]), 255u);
	x->len = (uint8_t)MIN(
	    foreign_u32(a->v[NFTA_PAYLOAD_LEN]), (uint32_t)FX_REGS);
}

static void
read_ct(struct rule_reader *rd, const struct foreign_attrs *a)
{
	struct foreign_expr *x;

	if (!a->v[NFTA_CT_DREG])
		return;
	x = add(rd, FX_CT);
	x->op = (int32_t)foreign_u32(a->v[NFTA_CT_KEY]);
	x->dreg = reg_offset(a->v[NFTA_CT_DREG]);
}

static void
read_cmp(struct rule_reader *rd, const struct foreign_attrs *a)
{
	struct foreign_expr *x = add(rd, FX_CMP);

	x->sreg = reg_offset(a->v[NFTA_CMP_SREG]);
	x->op = (int32_t)foreign_u32(a->v[NFTA_CMP_OP]);
	x->len = data_value(a->v[NFTA_CMP_DATA], x->data);
}

static void
read_range(struct rule_reader *rd, const struct foreign_attrs *a)
{
	struct foreign_expr *x = add(rd, FX_RANGE);

	x->sreg = reg_offset(a->v[NFTA_RANGE_SREG]);
	x->op = (int32_t)foreign_u32(a->v[NFTA_RANGE_OP]);
	x->len = data_value(a->v[NFTA_RANGE_FROM_DATA], x->data);
	(void)data_value(a->v[NFTA_RANGE_TO_DATA], x->data2);
}

static void
read_bitwise(struct rule_reader *rd, const struct foreign_attrs *a)
{
	struct foreign_expr *x;

	if (foreign_u32(a->v[NFTA_BITWISE_OP]) != NFT_BITWISE_BOOL) {
		add_opaque(rd, "a shift");
		return;
	}
	x = add(rd, FX_BITWISE);
	x->sreg = reg_offset(a->v[NFTA_BITWISE_SREG]);
	x->dreg = reg_offset(a->v[NFTA_BITWISE_DREG]);
	x->len = data_value(a->v[NFTA_BITWISE_MASK], x->data);
	(void)data_value(a->v[NFTA_BITWISE_XOR], x->data2);
}

static void
read_lookup(struct rule_reader *rd, const struct foreign_attrs *a)
{
	bool map = a->v[NFTA_LOOKUP_DREG];
	bool verdict =
	    map && foreign_u32(a->v[NFTA_LOOKUP_DREG]) == NFT_REG_VERDICT;
	struct foreign_expr *x;

	if (!a->v[NFTA_LOOKUP_SET] || (map && !verdict)) {
		add_opaque(rd, "a map");
		return;
	}
	x = add(rd, verdict ? FX_VMAP : FX_LOOKUP);
	x->sreg = reg_offset(a->v[NFTA_LOOKUP_SREG]);
	x->inv = foreign_u32(a->v[NFTA_LOOKUP_FLAGS]) & NFT_LOOKUP_F_INV;
	x->name = arena_strdup(
	    &rd->f->arena, mnl_attr_get_str(a->v[NFTA_LOOKUP_SET]));
}

static void
read_immediate(struct rule_reader *rd, const struct foreign_attrs *a)
{
	struct foreign_attrs d = foreign_attrs(a->v[NFTA_IMMEDIATE_DATA]);
	struct foreign_expr *x;

	if (d.v[NFTA_DATA_VERDICT]) {
		x = add(rd, FX_VERDICT);
		x->op = foreign_verdict(
		    d.v[NFTA_DATA_VERDICT], &rd->f->arena, &x->name);
		return;
	}
	x = add(rd, FX_IMMEDIATE);
	x->dreg = reg_offset(a->v[NFTA_IMMEDIATE_DREG]);
	x->len = data_value(a->v[NFTA_IMMEDIATE_DATA], x->data);
}

/* Only "what kind of destination is it" is followed. */
static void
read_fib(struct rule_reader *rd, const struct foreign_attrs *a)
{
	struct foreign_expr *x;

	if (foreign_u32(a->v[NFTA_FIB_RESULT]) != NFT_FIB_RESULT_ADDRTYPE ||
	    foreign_u32(a->v[NFTA_FIB_FLAGS]) != NFTA_FIB_F_DADDR) {
		add_opaque(rd, "fib");
		return;
	}
	x = add(rd, FX_DST_TYPE);
	x->dreg = reg_offset(a->v[NFTA_FIB_DREG]);
}

static void
read_reject(struct rule_reader *rd, const struct foreign_attrs *a _unused_)
{
	(void)add(rd, FX_REJECT);
}

static void
read_queue(struct rule_reader *rd, const struct foreign_attrs *a _unused_)
{
	(void)add(rd, FX_QUEUE);
}

/* Counters and the like change nothing; limits and quotas may end a rule. */
static void
read_objref(struct rule_reader *rd, const struct foreign_attrs *a)
{
	switch (foreign_u32(a->v[NFTA_OBJREF_IMM_TYPE])) {
	case NFT_OBJECT_QUOTA:
		add_opaque(rd, "quota");
		break;
	case NFT_OBJECT_LIMIT:
		add_opaque(rd, "limit");
		break;
	case NFT_OBJECT_CONNLIMIT:
		add_opaque(rd, "ct count");
		break;
	case NFT_OBJECT_UNSPEC: /* by a map */
		add_opaque(rd, "an object map");
		break;
	default:
		break;
	}
}

/* ---- iptables' own matches and targets ---- */

static bool
read_ctstate(struct rule_reader *rd, const struct nlattr *info)
{
	const struct xt_conntrack_mtinfo3 *m;

	if (!info || mnl_attr_get_payload_len(info) < sizeof(*m))
		return false;
	m = mnl_attr_get_payload(info);
	if (m->match_flags != XT_CONNTRACK_STATE &&
	    m->match_flags != (XT_CONNTRACK_STATE | XT_CONNTRACK_STATE_ALIAS))
		return false;
	*add(rd, FX_CT_STATE) = (struct foreign_expr){
		.kind = FX_CT_STATE,
		.mask = m->state_mask,
		.inv = m->invert_flags & XT_CONNTRACK_STATE,
	};
	return true;
}

static bool
read_addrtype(struct rule_reader *rd, const struct nlattr *info)
{
	const struct xt_addrtype_info_v1 *m;

	if (!info || mnl_attr_get_payload_len(info) < sizeof(*m))
		return false;
	m = mnl_attr_get_payload(info);
	if (m->source || !m->dest ||
	    (m->flags & ~(uint32_t)XT_ADDRTYPE_INVERT_DEST))
		return false;
	*add(rd, FX_ADDRTYPE) = (struct foreign_expr){
		.kind = FX_ADDRTYPE,
		.mask = m->dest,
		.inv = m->flags & XT_ADDRTYPE_INVERT_DEST,
	};
	return true;
}

static void
read_match(struct rule_reader *rd, const struct foreign_attrs *a)
{
	const char *name = a->v[NFTA_MATCH_NAME]
	    ? mnl_attr_get_str(a->v[NFTA_MATCH_NAME])
	    : "";

	if (streq(name, "comment"))
		return;
	if (streq(name, "conntrack") &&
	    foreign_u32(a->v[NFTA_MATCH_REV]) == 3 &&
	    read_ctstate(rd, a->v[NFTA_MATCH_INFO]))
		return;
	if (streq(name, "addrtype") && foreign_u32(a->v[NFTA_MATCH_REV]) == 1 &&
	    read_addrtype(rd, a->v[NFTA_MATCH_INFO]))
		return;
	add_opaque(rd, name);
}

static void
read_ct_target(struct rule_reader *rd, const struct nlattr *info)
{
	const struct xt_ct_target_info_v1 *t;
	struct foreign_kernel *k = &rd->f->kernel;

	if (!info || mnl_attr_get_payload_len(info) < sizeof(*t))
		return;
	t = mnl_attr_get_payload(info);
	if (memchr(t->helper, '\0', sizeof(t->helper)))
		foreign_word_add(k->helpers, sizeof(k->helpers), t->helper);
}

static void
read_target(struct rule_reader *rd, const struct foreign_attrs *a)
{
	static const char *const goes_on[] = { "LOG", "NFLOG", "MARK",
		"CONNMARK", "CT", "NOTRACK", "TCPMSS", "SET", "CLASSIFY",
		"AUDIT", "DSCP", "TOS", "TTL", "HL", "CHECKSUM", "TRACE",
		"CONNSECMARK", "SECMARK", "TEE", "IDLETIMER", "LED", "HMARK",
		"RATEEST", "TCPOPTSTRIP", "ECN" };
	const char *name = a->v[NFTA_TARGET_NAME]
	    ? mnl_attr_get_str(a->v[NFTA_TARGET_NAME])
	    : "";

	if (streq(name, "REJECT")) {
		(void)add(rd, FX_REJECT);
		return;
	}
	if (streq(name, "CT"))
		read_ct_target(rd, a->v[NFTA_TARGET_INFO]);
	for (size_t i = 0; i < ARRAY_SIZE(goes_on); i++)
		if (streq(name, goes_on[i]))
			return;
	(void)add(rd, FX_QUEUE);
}

/* ---- a rule ---- */

static void
read_nothing(
    struct rule_reader *rd _unused_, const struct foreign_attrs *a _unused_)
{
}

static const struct {
	const char *name;
	void (*read)(struct rule_reader *rd, const struct foreign_attrs *a);
} readers[] = {
	{ "meta", read_meta },
	{ "payload", read_payload },
	{ "ct", read_ct },
	{ "cmp", read_cmp },
	{ "range", read_range },
	{ "bitwise", read_bitwise },
	{ "lookup", read_lookup },
	{ "immediate", read_immediate },
	{ "fib", read_fib },
	{ "reject", read_reject },
	{ "queue", read_queue },
	{ "objref", read_objref },
	{ "match", read_match },
	{ "target", read_target },
	{ "counter", read_nothing },
	{ "last", read_nothing },
	{ "log", read_nothing },
	{ "notrack", read_nothing },
	{ "dup", read_nothing },
	{ "flow_offload", read_nothing },
	{ "masq", read_nothing },
	{ "nat", read_nothing },
	{ "redir", read_nothing },
	{ "tproxy", read_nothing },
};

static void
read_expr(struct rule_reader *rd, const struct nlattr *elem)
{
	struct foreign_attrs e = foreign_attrs(elem);
	struct foreign_attrs a = foreign_attrs(e.v[NFTA_EXPR_DATA]);
	const char *name =
	    e.v[NFTA_EXPR_NAME] ? mnl_attr_get_str(e.v[NFTA_EXPR_NAME]) : "?";

	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		if (streq(name, readers[i].name)) {
			readers[i].read(rd, &a);
			return;
		}
	}
	add_opaque(rd, name);
}

void
foreign_rule_read(
    struct foreign *f, struct foreign_rule *rule, const struct nlattr *exprs)
{
	struct rule_reader rd = { f, rule };
	const struct nlattr *elem;

	mnl_attr_for_each_nested(elem, exprs) read_expr(&rd, elem);
}
