/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol destroy: jails, or with -r releases. */
#include <errno.h>

#include "cli/life.h"
#include "cli/logs.h"
#include "cli/releases.h"
#include "store/store.h"

struct destroy_opts {
	bool force;
	bool recursive;
	bool releases;
};

static const struct cli_opt destroy_options[] = {
	CLI_FLAG('f', "force", struct destroy_opts, force,
	    "do not ask, and stop it if it runs"),
	CLI_FLAG('R', "recursive", struct destroy_opts, recursive,
	    "with all that was cloned from it"),
	CLI_FLAG(
	    'r', "release", struct destroy_opts, releases, "destroy releases"),
	CLI_OPT_END
};

static int
destroy_opened(struct cli *c, const struct cli_jail *jail,
    const struct destroy_opts *o, struct err *err)
{
	bool down = jail->state.status == JAIL_DOWN;
	int r = 0;

	if (cli_jail_is_up(jail) && !o->force)
		return err_set(err, EBUSY,
		    "jail '%s' is running; stop it first, or use -f",
		    jail->name);
	if (c->plan) {
		if (!down)
			(void)cli_step(c, "stop jail '%s'", jail->name);
		(void)cli_step(
		    c, "destroy jail '%s' with its files", jail->name);
		return 0;
	}
	if (!o->force &&
	    !cli_confirm(c,
		"This will destroy jail '%s' with "
		"its files. Are you sure?",
		jail->name))
		return 0;
	if (!down)
		r = cli_stop_locked(c, jail->name, false, err);
	if (r < 0)
		return r;
	/* First: whoever is killed in between leaves a jail without a log,
	 * which can be destroyed again, and no log without a jail. */
	cli_logs_remove(c, jail->name);
	r = store_jail_destroy(c->pool, jail->name, err);
	if (r < 0)
		return r;
	cli_say(c, "Destroying %s", jail->name);
	return 0;
}

static int
destroy_jail(struct cli *c, const char *name, const void *arg, struct err *err)
{
	struct cli_jail jail;
	int r = cli_jail_open_any(c, name, !c->plan, &jail, err);

	if (r < 0)
		return r;
	r = destroy_opened(c, &jail, arg, err);
	cli_jail_clear(&jail);
	return r;
}

static int
look_up(
    struct cli *c, int argc, char **argv, struct strv *names, struct err *err)
{
	for (int i = 0; i < argc; i++) {
		char *name = NULL;
		int r = cli_jail_name(c, argv[i], &name, err);

		if (r < 0)
			return r;
		strv_add_owned(names, name);
	}
	return 0;
}

static int
destroy_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	_cleanup_(strv_clear) struct strv names = { 0 };
	const struct destroy_opts *o = opts;
	int r;

	if (o->releases)
		return releases_destroy(c, argc, argv, o->force, err);
	r = look_up(c, argc, argv, &names, err);
	if (r < 0)
		return r;
	return cli_each(c, &names, false, destroy_jail, o, err);
}

const struct cli_verb cmd_destroy = {
	.name = "destroy",
	.args = "JAIL... | -r RELEASE...",
	.summary = "destroy jails or releases",
	.help = "Jails share nothing with the release or jail that they were"
		" cloned from: nothing\nelse goes with them, so -R changes"
		" nothing and is there for scripts.",
	.min_args = 1,
	.max_args = CLI_ANY,
	.flags = CLI_ROOT | CLI_POOL | CLI_WRITES,
	.options = destroy_options,
	.opts_size = sizeof(struct destroy_opts),
	.run = destroy_run,
};
