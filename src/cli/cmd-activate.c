/* SPDX-License-Identifier: BSD-2-Clause */
/* iocage activate: choose the pool that jails are made in. */
#include "cli/cli.h"
#include "store/store.h"

static int
activate_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	int r;

	(void)opts;
	(void)argc;
	if (cli_step(c, "lay out /%s/iocage and make pool '%s' the active one",
		argv[0], argv[0]))
		return 0;
	r = pool_activate(argv[0], err);
	if (r == 0)
		cli_say(c, "pool '%s' successfully activated", argv[0]);
	return r;
}

const struct cli_verb cmd_activate = {
	.name = "activate",
	.args = "POOL",
	.summary = "choose the pool that jails are made in",
	.min_args = 1,
	.max_args = 1,
	.flags = CLI_ROOT | CLI_WRITES,
	.run = activate_run,
};
