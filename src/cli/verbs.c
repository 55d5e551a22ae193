/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of verbs, in the order help shows them. */
#include "cli/cli.h"

extern const struct cli_verb cmd_completion;

const struct cli_verb *const cli_verbs[] = {
	&cmd_completion,
	NULL,
};
