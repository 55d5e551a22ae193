/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol exec: run a program in a jail; its exit code is ours. */
#include <errno.h>

#include "cli/life.h"

struct exec_opts {
	bool start;
	const char *host_user;
	const char *jail_user;
};

static const struct cli_opt exec_options[] = {
	CLI_FLAG('f', "force", struct exec_opts, start,
	    "start the jail if it is not running"),
	CLI_STR('U', "jail_user", "USER", struct exec_opts, jail_user,
	    "run as USER of the jail"),
	CLI_STR('u', "host_user", "USER", struct exec_opts, host_user,
	    "the same: a jail knows no users but its own"),
	CLI_OPT_END
};

static int
exec_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	const struct exec_opts *o = opts;
	const char *const shell[] = { "/bin/sh", "-c", argv[1], NULL };
	struct jail_exec exec = { .argv = (const char *const *)argv + 1,
		.user = o->jail_user ? o->jail_user : o->host_user };
	_cleanup_free_ char *name = NULL;
	int r;

	if (o->host_user && o->jail_user)
		return err_set(err, EINVAL, "-u and -U exclude each other");
	r = cli_jail_name(c, argv[0], &name, err);
	if (r < 0)
		return r;
	if (argc == 2)
		exec.argv = shell;
	r = cli_ensure_running(c, name, o->start, err);
	return r < 0 ? r : jail_exec(name, &exec, err);
}

const struct cli_verb cmd_exec = {
	.name = "exec",
	.args = "JAIL COMMAND [ARGUMENT...]",
	.summary = "run a command in a running jail",
	.help = "The exit code is the command's, or 128 and the number of the"
		" signal that\nended it. A single word is given to /bin/sh"
		" -c.",
	.min_args = 2,
	.max_args = CLI_ANY,
	.flags = CLI_ROOT | CLI_POOL | CLI_ARGS_VERBATIM,
	.options = exec_options,
	.opts_size = sizeof(struct exec_opts),
	.run = exec_run,
};
