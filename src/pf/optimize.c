/* SPDX-License-Identifier: BSD-2-Clause */
/* The optimiser: not built yet, and says so. */
#include <errno.h>

#include "pf/pf.h"

int
pf_optimize(struct pf_ruleset *rs, struct pf_anchor *a, enum pf_optimize level,
    struct err *err)
{
	(void)rs;
	(void)a;
	return err_set(err, EOPNOTSUPP,
	    "the optimizer level '%s' is not built yet: use -o none",
	    level == PF_OPT_BASIC ? "basic" : "profile");
}
