/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol restart */
#include "cli/life.h"

static int
restart_one(struct cli *c, const char *name, const void *arg, struct err *err)
{
	int r;

	(void)arg;
	r = cli_stop(c, name, false, err);
	if (r < 0)
		return r;
	if (cli_step(c, "start jail '%s' again", name))
		return 0;
	return cli_start(c, name, err);
}

static int
restart_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	const struct cli_choice choice = {
		.argc = argc, .argv = argv, .running = true
	};
	struct strv names = { 0 };
	int r = cli_choose(c, &choice, &names, err);

	(void)opts;
	if (r == 0)
		r = cli_each(c, &names, false, restart_one, NULL, err);
	strv_clear(&names);
	return r;
}

const struct cli_verb cmd_restart = {
	.name = "restart",
	.args = "JAIL... | ALL",
	.summary = "stop running jails and start them again",
	.min_args = 1,
	.max_args = CLI_ANY,
	.flags = CLI_ROOT | CLI_POOL | CLI_WRITES,
	.run = restart_run,
};
