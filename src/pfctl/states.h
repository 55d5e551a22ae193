/* SPDX-License-Identifier: BSD-2-Clause */
/* The numbers of rules on states, turned into those that pfctl prints. */
#ifndef PFCTL_STATES_H
#define PFCTL_STATES_H

#include "pfctl/pfctl.h"

/* The file "ids" of a load: the first number, then for each number the rule's
 * list, its place in it, the place in main of the rule that called its anchor
 * (-1: none), and "/" with the anchor's path. */
struct rule_ids {
	uint32_t first;
	struct {
		int list;
		int nr;
		int top;
		char *path;
	} * v;
	size_t n, cap;
};

void ids_print(struct str *s, const struct pf_ruleset *rs,
    const struct pf_lowered *l, uint32_t first);

/* Of the load that is in the kernel; empty if there is none. */
void rule_ids_read(struct rule_ids *ids, struct store *s);
void rule_ids_clear(struct rule_ids *ids);
/* The filter rule's number, or -1 (a translation rule that passed by itself,
 * or a rule of an earlier load). */
int rule_number(const struct rule_ids *ids, uint32_t id);

#endif
