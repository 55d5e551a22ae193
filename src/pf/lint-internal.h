/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of lint share. Private to pf. */
#ifndef PF_LINT_INTERNAL_H
#define PF_LINT_INTERNAL_H

#include "pf/explain-internal.h"
#include "pf/lint.h"

struct lint {
	const struct pf_lint_input *in;
	struct findings *all;
	struct ex_files files;
	const char *main_file; /* that the main rules came from, or NULL */
};

/* ---- lint.c: findings about rules ---- */

/* A finding at a line, with the statement as it is written there. */
struct finding *lint_at(struct lint *l, enum finding_level level,
    const char *code, const char *file, uint32_t line);
struct finding *lint_rule(struct lint *l, enum finding_level level,
    const char *code, const struct pf_rule *r);
/* "192.168.0.0/24", "192.168.0.1"; in `buf`. */
enum { LINT_IP_STRLEN = 64 };
const char *lint_ip(
    uint8_t af, const union pf_ip *ip, unsigned bits, char buf[LINT_IP_STRLEN]);

/* ---- lint-cover.c: is one rule as wide as another? ---- */

/* Does `a` match every packet that `b` matches, whatever came before? */
bool lint_covers(
    const struct pf_env *env, const struct pf_rule *a, const struct pf_rule *b);
/* The same, but for what `flags` of `a` leave out. */
bool lint_covers_but_flags(
    const struct pf_env *env, const struct pf_rule *a, const struct pf_rule *b);
/* Is the network within this side of a rule, or could it be? */
bool lint_addr_has(const struct pf_env *env, const struct pf_addr *a,
    uint8_t af, const union pf_ip *ip, unsigned bits);

/* Does this name an interface or a group that it is in? */
bool lint_if_is(const struct pf_if *ifp, const char *name);
/* Is the interface (or all of the group) in `set skip on`? */
bool lint_skipped(const struct lint *l, const char *ifname);

/* Behind the last rule that comes from the same statement as rule `i`. */
size_t lint_statement_end(const struct pf_rules *list, size_t i);

/* ---- what is looked for ---- */

void lint_order(struct lint *l);     /* lint-order.c */
void lint_translate(struct lint *l); /* lint-nat.c */
void lint_jails(struct lint *l);     /* lint-jails.c */
void lint_six(struct lint *l);	     /* lint-six.c */
void lint_names(struct lint *l);     /* lint-names.c */

#endif
