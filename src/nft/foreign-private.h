/* SPDX-License-Identifier: BSD-2-Clause */
/* Others' rules as foreign_judge walks them: what it follows of an expression,
 * and a name for the rest. Filled by foreign-rule.c. */
#ifndef NFT_FOREIGN_PRIVATE_H
#define NFT_FOREIGN_PRIVATE_H

#include <libmnl/libmnl.h>

#include "nft/foreign.h"

enum foreign_kind {
	FX_META,      /* key -> dreg */
	FX_PAYLOAD,   /* len bytes at base, offset -> dreg */
	FX_CT,	      /* key -> dreg */
	FX_IMMEDIATE, /* data -> dreg */
	FX_BITWISE,   /* (sreg & data) ^ data2 -> dreg */
	FX_CMP,	      /* op, data */
	FX_RANGE,     /* op, data .. data2 */
	FX_LOOKUP,    /* sreg in set `name`; a map's value is not followed */
	FX_VMAP,      /* sreg in set `name`: its verdict */
	FX_DST_TYPE,  /* RTN_* of the destination -> dreg */
	FX_CT_STATE,  /* iptables' -m conntrack --ctstate: `mask` */
	FX_ADDRTYPE,  /* iptables' -m addrtype --dst-type: `mask` */
	FX_VERDICT,   /* op, to chain `name` */
	FX_REJECT,
	FX_QUEUE,  /* a program decides */
	FX_OPAQUE, /* may match or not: `name` */
};

/* The kernel's registers as bytes. */
enum { FX_REGS = 64 };

struct foreign_expr {
	uint8_t kind;	    /* enum foreign_kind */
	uint8_t sreg, dreg; /* byte offsets */
	uint8_t len;
	uint8_t base, offset;
	bool inv;
	int32_t op; /* NFT_CMP_*, NFT_RANGE_*, NFT_META_*, a verdict */
	uint32_t mask;
	const char *name;
	uint8_t data[16], data2[16];
};

struct foreign_rule {
	uint64_t handle;
	struct foreign_expr *expr;
	size_t n_expr, cap_expr;
};

struct foreign_elem {
	const uint8_t *key;
	bool end;      /* interval: the first value behind it */
	bool wide;     /* a range of its own (concatenations) */
	bool catchall; /* what nothing else matches */
	int32_t verdict;
	const char *chain;
};

/* The attributes of one level by their number; later ones are left out. */
struct foreign_attrs {
	const struct nlattr *v[32];
};
struct foreign_attrs foreign_attrs(const struct nlattr *nest);
struct foreign_attrs foreign_msg_attrs(const struct nlmsghdr *h);

uint32_t foreign_u32(const struct nlattr *attr); /* NULL: 0 */

/* A verdict (NFTA_DATA_VERDICT): code, and the chain of a jump or NULL. */
int32_t foreign_verdict(
    const struct nlattr *verdict, struct arena *arena, const char **chain);

/* What a rule asks and does, from NFTA_RULE_EXPRESSIONS. */
void foreign_rule_read(
    struct foreign *f, struct foreign_rule *rule, const struct nlattr *exprs);

void foreign_kernel_read(struct foreign_kernel *k);
/* Add a word to a space-separated list, once, if there is room. */
void foreign_word_add(char *list, size_t size, const char *word);

bool foreign_is_iptables(const struct foreign_table *t);
/* Owners by name; a chain's, given its table's. */
enum foreign_owner foreign_table_owner(const struct foreign_table *t);
enum foreign_owner foreign_chain_owner(
    const struct foreign_table *t, const char *chain);
/* ---- foreign-match.c ---- */

enum foreign_answer { FOREIGN_NO, FOREIGN_YES, FOREIGN_MAYBE };

/* A packet, and the registers as far as a rule has come. */
struct foreign_match {
	const struct foreign_table *t;
	const struct foreign_packet *p;
	uint8_t reg[FX_REGS];
	bool known[FX_REGS];
};

void foreign_forget(struct foreign_match *m);
/* Does the expression match? What only loads does. */
enum foreign_answer foreign_ask(
    struct foreign_match *m, const struct foreign_expr *x);
/* Is the register in the set? `ret`: the element, if it is for sure. */
enum foreign_answer foreign_find(struct foreign_match *m,
    const struct foreign_expr *x, const struct foreign_elem **ret);
const struct foreign_set *foreign_set_named(
    const struct foreign_table *t, const char *name);

/* Whom to talk to about a chain that drops. */
enum foreign_owner foreign_ruling_owner(const struct foreign_ruling *r);

#endif
