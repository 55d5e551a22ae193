/* SPDX-License-Identifier: BSD-2-Clause */
/* What the rules that are loaded counted. */
#ifndef PFCTL_COUNTS_H
#define PFCTL_COUNTS_H

#include "base/map.h"
#include "pfctl/pfctl.h"

/* Of one rule. */
struct count {
	uint64_t packets[2], bytes[2]; /* in, out */
	uint64_t made;		       /* states ever */
	unsigned states;	       /* .. that live */
};

/* Of all, since the load or the last -z. */
struct counts {
	struct map rules; /* of struct count, by list, number, and anchor */
	struct str loaders;
};

#define COUNTS_INIT                                                  \
	{                                                            \
		.rules = { .free_value = free }, .loaders = STR_INIT \
	}

int counts_read(struct store *s, const struct nft_status *status,
    struct counts *ret, struct err *err);
void counts_clear(struct counts *c);

/* Are the rule's packets counted? Those of rules that translate only, and of
 * scrub, are not. */
bool counts_are_kept(const struct pf_rule *r);
/* Of the rule at place `nr` of a list; all 0 if it counted nothing. */
struct count counts_of(const struct counts *c, const struct pf_anchor *a,
    enum pf_list list, size_t nr);
/* Who loaded the rules of this anchor. */
void counts_loader(
    const struct counts *c, const struct pf_anchor *a, unsigned *uid, int *pid);

/* The filter rules of an anchor begin again at 0 (-z). */
int counts_zero(struct store *s, const struct nft_status *status,
    const struct pf_anchor *a, struct err *err);

/* The rules of a load were made anew: they count from 0 without that. */
int counts_restart(struct store *s, uint64_t load_id, struct err *err);

/* Note that we load the rules of `anchor` ("": all; NULL: none), beside who
 * loaded the others; `old`: the load before, or 0. */
int loaders_write(struct store *s, uint64_t old, uint64_t load_id,
    const char *anchor, struct err *err);

#endif
