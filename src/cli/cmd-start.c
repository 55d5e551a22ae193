/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol start */
#include <errno.h>

#include "cli/life.h"

struct start_opts {
	bool rc;
	bool ignore;
};

static const struct cli_opt start_options[] = {
	CLI_FLAG(0, "rc", struct start_opts, rc,
	    "start those with boot=on, by priority"),
	CLI_FLAG('i', "ignore", struct start_opts, ignore,
	    "succeed even if some do not start"),
	CLI_OPT_END
};

struct start_arg {
	bool several; /* the user did not name each jail */
};

static int
start_one(struct cli *c, const char *name, const void *arg, struct err *err)
{
	const struct start_arg *a = arg;
	int r = cli_start(c, name, err);

	/* Of several, one that another depends on was started with that. */
	return r == -EALREADY && a->several ? 0 : r;
}

static int
start_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	const struct start_opts *o = opts;
	const struct cli_choice choice = {
		.argc = argc, .argv = argv, .rc = o->rc
	};
	const struct start_arg arg = { .several = o->rc ||
		    (argc == 1 && streq(argv[0], "ALL")) };
	struct strv names = { 0 };
	int r = cli_choose(c, &choice, &names, err);

	if (r == 0)
		r = cli_each(c, &names, o->ignore, start_one, &arg, err);
	strv_clear(&names);
	return r;
}

const struct cli_verb cmd_start = {
	.name = "start",
	.args = "JAIL... | ALL",
	.summary = "start jails",
	.help = "Jails that one depends on are started before it. Of ALL and"
		" --rc, the lowest priority comes first.",
	.max_args = CLI_ANY,
	.flags = CLI_ROOT | CLI_POOL | CLI_WRITES,
	.options = start_options,
	.opts_size = sizeof(struct start_opts),
	.run = start_run,
};
