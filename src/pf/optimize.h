/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the optimiser's passes share. Private to pf.
 *
 * A superblock is a run of rules that may change places: they differ only in
 * what they match, not in what they do.
 */
#ifndef PF_OPTIMIZE_H
#define PF_OPTIMIZE_H

#include "pf/pf.h"

struct opt_rules {
	struct pf_rule **v;
	size_t n, cap;
};

struct optimizer {
	struct pf_ruleset *rs;
	struct pf_anchor *anchor;
	const struct pf_opts *opts;
	const struct pf_env *env;
	uint32_t salt; /* in the names of tables of a live load, 0: none */
};

/* How the names of tables that it makes begin. */
#define PF_OPT_TABLE "__automatic_"

/* Do two addresses of rules of these families say the same? */
bool pf_addr_equal(const struct pf_addr *a, const struct pf_addr *b);

/* Pass 1: drop rules that equal or are contained in another. */
void pf_opt_drop_subsets(struct opt_rules *block);
/* Pass 2: rules that differ in one address become one with a table. */
void pf_opt_combine(struct optimizer *o, struct opt_rules *block);
/* Pass 3: alike rules side by side; appended to `done`. */
void pf_opt_reorder(struct opt_rules *block, struct opt_rules *done);
/* Pass 4, in place of the third for quick rules of -o profile: by packets,
 * most first. False, and nothing is done, if none of them counted any. */
bool pf_opt_by_packets(
    struct optimizer *o, const struct opt_rules *block, struct opt_rules *done);

#endif
