/* SPDX-License-Identifier: BSD-2-Clause */
/* Making one jail, as an array of steps. Private to the program. */
#ifndef CLI_CREATE_H
#define CLI_CREATE_H

#include "base/steps.h"
#include "cli/assign.h"
#include "cli/cli.h"

struct cli_creation {
	struct cli *c;
	const char *name;
	const char *release; /* STORE_EMPTY: none */
	const struct cli_assigns *assigns;
	struct store_new *new; /* while it is being made */
};

extern const struct steps cli_create_steps;

/* May a jail have this name: the rule, taken, or not to be told apart from
 * another's. */
int cli_name_is_free(struct cli *c, const char *name, struct err *err);

/* Make it; on failure nothing is left. With c->plan print the steps. */
int cli_create(struct cli_creation *creation, struct err *err);

#endif
