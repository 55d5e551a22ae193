/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An index of rules for lint: which of them could cover a rule? Private to
 * lint.
 *
 * A rule that names one port or one host as such covers only rules that name
 * the same. Which of these it names is its class; within a class rules are
 * hashed by what they name, and a rule is looked up once in each class. What
 * comes out is more than covers it, never less: ask lint_covers of each.
 */
#ifndef PF_LINT_INDEX_H
#define PF_LINT_INDEX_H

#include "pf/lint-internal.h"

enum { LINT_CLASSES = 16 };

struct lint_index {
	const struct pf_rules *list; /* borrowed */
	uint32_t *slot;		     /* the first rule of each chain + 1 */
	uint32_t *next;		     /* of each rule, the next + 1; 0: none */
	size_t n_slots;		     /* a power of two */
	uint8_t *class_of;	     /* of each rule */
	bool used[LINT_CLASSES];
};

void lint_index_init(struct lint_index *x, const struct pf_rules *list);
void lint_index_clear(struct lint_index *x);

/* A walk over the rules that could cover one, in the order of the list. */
struct lint_walk {
	const struct lint_index *x;
	uint32_t head[LINT_CLASSES]; /* as in slot */
	uint8_t class[LINT_CLASSES];
	uint8_t n;
	bool all; /* what it names tells nothing: go through all, by `at` */
	size_t at;
};

/* From rule `from` of the list on. */
void lint_walk_init(struct lint_walk *w, const struct lint_index *x,
    const struct pf_rule *r, size_t from);
/* The place of the next one; the number of rules when there is none. */
size_t lint_walk_next(struct lint_walk *w);

#endif
