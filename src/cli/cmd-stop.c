/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol stop */
#include "cli/life.h"

struct stop_opts {
	bool rc;
	bool force;
	bool ignore;
};

static const struct cli_opt stop_options[] = {
	CLI_FLAG(0, "rc", struct stop_opts, rc,
	    "stop those with boot=on, by priority"),
	CLI_FLAG('f', "force", struct stop_opts, force,
	    "skip the hooks and exec_stop, and kill at once"),
	CLI_FLAG('i', "ignore", struct stop_opts, ignore,
	    "succeed even if some do not stop"),
	CLI_OPT_END
};

static int
stop_one(struct cli *c, const char *name, const void *arg, struct err *err)
{
	const struct stop_opts *o = arg;

	return cli_stop(c, name, o->force, err);
}

static int
stop_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	const struct stop_opts *o = opts;
	const struct cli_choice choice = { .argc = argc,
		.argv = argv,
		.rc = o->rc,
		.backwards = true,
		.running = true };
	struct strv names = { 0 };
	int r = cli_choose(c, &choice, &names, err);

	if (r == 0)
		r = cli_each(c, &names, o->ignore, stop_one, o, err);
	strv_clear(&names);
	return r;
}

const struct cli_verb cmd_stop = {
	.name = "stop",
	.args = "JAIL... | ALL",
	.summary = "stop jails",
	.help = "Of ALL and --rc, the highest priority comes first.",
	.max_args = CLI_ANY,
	.flags = CLI_ROOT | CLI_POOL | CLI_WRITES,
	.options = stop_options,
	.opts_size = sizeof(struct stop_opts),
	.run = stop_run,
};
