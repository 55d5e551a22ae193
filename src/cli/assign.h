/* SPDX-License-Identifier: BSD-2-Clause */
/* PROPERTY=VALUE words of set and create. Private to the program. */
#ifndef CLI_ASSIGN_H
#define CLI_ASSIGN_H

#include "base/array.h"
#include "base/err.h"

struct cli_assign {
	char *name;
	char *value; /* checked and canonical */
};

struct cli_assigns {
	struct cli_assign *v;
	size_t n, cap;
};

/* All words or none: the first that is wrong is the error. A property that is
 * named twice keeps the later value. */
int cli_assigns_parse(
    int argc, char **argv, struct cli_assigns *ret, struct err *err);
void cli_assigns_clear(struct cli_assigns *as);
/* NULL if the property is not among them. */
const char *cli_assigns_get(const struct cli_assigns *as, const char *name);

#endif
