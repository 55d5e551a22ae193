/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol stop */
#include <errno.h>

#include "cli/life.h"
#include "cli/recover.h"
#include "store/store.h"

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

/* ---- without the pool ---- */

/* The names that are meant, of jails that run or left something. */
static int
choose_running(
    const struct cli_choice *choice, struct strv *ret, struct err *err)
{
	_cleanup_(jail_states_clear) struct jail_states states = { 0 };
	bool all =
	    choice->rc || (choice->argc == 1 && streq(choice->argv[0], "ALL"));
	int r = jail_states_read(&states, err);

	for (size_t i = 0; r == 0 && all && i < states.n; i++)
		strv_add(ret, states.v[i].name);
	for (int i = 0; r == 0 && !all && i < choice->argc; i++)
		strv_add(ret, choice->argv[i]);
	return r;
}

static int
stop_by_facts(struct cli *c, const char *name, const void *arg, struct err *err)
{
	const struct stop_opts *o = arg;
	struct jail_state state = { 0 };
	int r = jail_state_read(name, &state, err);

	if (r == 0 && state.status == JAIL_DOWN)
		r = err_set(err, ESRCH, "jail '%s' is not running", name);
	if (r == 0 && state.status == JAIL_LOST)
		r = cli_recover(c, name, err);
	jail_state_clear(&state);
	if (r < 0 || cli_step(c, "stop jail '%s'", name))
		return r;
	return cli_stop_locked(c, name, o->force, err);
}

/* The disk that the jails are on may be gone; they still end in order. What
 * they are set to is out of reach, and so is the order of their priorities. */
static int
stop_without_pool(struct cli *c, const struct stop_opts *o,
    const struct cli_choice *choice, const struct err *why, struct err *err)
{
	_cleanup_(strv_clear) struct strv names = { 0 };
	int r = choose_running(choice, &names, err);

	if (r < 0)
		return r;
	if (names.n == 0) {
		*err = *why;
		return -why->code;
	}
	cli_warn(c, "%s; stopping by what /run/gaol has", why->msg);
	return cli_each(c, &names, o->ignore, stop_by_facts, o, err);
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
	struct err why = { 0 };
	int r;

	if (pool_open_active(&c->pool, &why) < 0)
		return stop_without_pool(c, o, &choice, &why, err);
	r = cli_choose(c, &choice, &names, err);
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
	.flags = CLI_ROOT | CLI_WRITES, /* the pool, if it is there */
	.options = stop_options,
	.opts_size = sizeof(struct stop_opts),
	.run = stop_run,
};
