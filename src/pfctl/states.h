/* SPDX-License-Identifier: BSD-2-Clause */
/* States as pf has them, and the numbers of rules on them, turned into those
 * that pfctl prints. */
#ifndef PFCTL_STATES_H
#define PFCTL_STATES_H

#include "pfctl/pfctl.h"

/*
 * One entry is up to two of pf's states: one made by an in rule, one by an
 * out rule. `left` is what pf prints first: the end that is on this side.
 */
struct end {
	const uint8_t *addr;
	uint16_t port;
};
struct pf_view {
	bool out;
	bool turned; /* made by an answer: opened from the other side */
	struct end left, was, right; /* was: left before translation */
	uint32_t rule;
	const char *ifname; /* bound to, or "all" */
};
/* The state of `bit` (NFT_L_FWD, NFT_L_REV), which the entry must have; but
 * for its interface. */
void state_view(const struct nft_state *s, uint32_t bit, struct pf_view *v);
/* The interface that it is bound to, "all" if to none. */
const char *state_if(
    const struct nft_state *s, uint32_t bit, const struct pf_env *env);

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
