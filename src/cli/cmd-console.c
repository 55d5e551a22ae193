/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol console: a login shell in a jail. */
#include <unistd.h>

#include "cli/life.h"

struct console_opts {
	bool start;
};

static const struct cli_opt console_options[] = {
	CLI_FLAG('f', "force", struct console_opts, start,
	    "start the jail if it is not running"),
	CLI_OPT_END
};

/* The USER of login_flags "-f USER", which its rule has checked. */
static const char *
login_user(const struct cli_jail *jail)
{
	const char *user = cli_jail_get(jail, "login_flags") + strlen("-f");

	return user + strspn(user, " ");
}

static int
console_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	const struct console_opts *o = opts;
	struct cli_jail jail;
	/* What is piped in goes to the shell as it is: a terminal would make
	 * characters of it that nobody typed. */
	struct jail_exec exec = { .console = isatty(STDIN_FILENO) };
	int r = cli_jail_open(c, argv[0], false, &jail, err);

	(void)argc;
	if (r < 0)
		return r;
	r = conf_value_recheck(
	    "login_flags", cli_jail_get(&jail, "login_flags"), err);
	if (r == 0)
		r = cli_ensure_running(c, jail.name, o->start, err);
	exec.user = r == 0 ? login_user(&jail) : NULL;
	if (r == 0)
		r = jail_exec(jail.name, &exec, err);
	cli_jail_clear(&jail);
	return r;
}

const struct cli_verb cmd_console = {
	.name = "console",
	.args = "JAIL",
	.summary = "log in to a running jail",
	.min_args = 1,
	.max_args = 1,
	.flags = CLI_ROOT | CLI_POOL,
	.options = console_options,
	.opts_size = sizeof(struct console_opts),
	.run = console_run,
};
