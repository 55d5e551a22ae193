/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of verbs, in the order help shows them. */
#include "cli/cli.h"

extern const struct cli_verb cmd_activate;
extern const struct cli_verb cmd_completion;
extern const struct cli_verb cmd_fetch;
extern const struct cli_verb cmd_net;
extern const struct cli_verb cmd_pool;

const struct cli_verb *const cli_verbs[] = {
	&cmd_net,
	&cmd_pool,
	&cmd_activate,
	&cmd_fetch,
	&cmd_completion,
	NULL,
};
