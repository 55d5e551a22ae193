/* SPDX-License-Identifier: BSD-2-Clause */
/* The numbers of rules on states, turned into those that pfctl prints. */
#ifndef PFCTL_STATES_H
#define PFCTL_STATES_H

#include "pfctl/pfctl.h"

/* The file "ids" of a load: the first number, then for each rule its list and
 * its place in it. */
struct rule_ids {
	uint32_t first;
	struct {
		int list;
		int nr;
	} * v;
	size_t n, cap;
};

/* Of the load that is in the kernel; empty if there is none. */
void rule_ids_read(struct rule_ids *ids, struct store *s);
void rule_ids_clear(struct rule_ids *ids);
/* The filter rule's number, or -1 (a translation rule that passed by itself,
 * or a rule of an earlier load). */
int rule_number(const struct rule_ids *ids, uint32_t id);

#endif
