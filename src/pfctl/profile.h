/* SPDX-License-Identifier: BSD-2-Clause */
/* Where struct pf_profile, which -o profile goes by, comes from. */
#ifndef PFCTL_PROFILE_H
#define PFCTL_PROFILE_H

#include "pfctl/pfctl.h"

struct profile_source {
	const struct world *world;
	/* Not NULL: rules that are to stay in the order they are in; else the
	 * counters of those that run are asked. */
	const struct pf_ruleset *in_order;
	bool asked;
	struct pf_profile profile;
};

/* For struct pf_opts, with a struct profile_source: read when it is first
 * asked for. If the counters cannot be read, that is told, and none is known. */
const struct pf_profile *profile_get(void *ctx);
void profile_source_clear(struct profile_source *src);

#endif
