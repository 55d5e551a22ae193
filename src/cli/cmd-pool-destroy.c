/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol pool destroy and export: what takes a pool away. */
#include <errno.h>

#include "cli/cli.h"
#include "jail/jail.h"
#include "store/store.h"

struct destroy_opts {
	bool force;
};

static const struct cli_opt destroy_options[] = {
	CLI_FLAG('f', "force", struct destroy_opts, force, "do not ask"),
	CLI_OPT_END
};

/* The pool's jails, as far as it can be told. */
static void
jails_of(const char *name, struct strv *ret)
{
	_cleanup_(pool_freep) struct pool *pool = NULL;

	if (pool_open(name, &pool, NULL) == 0 && pool->ioc_fd >= 0)
		(void)store_jail_list(pool, ret, NULL);
}

/* May the pool be taken away? A jail keeps its root mounted in a namespace of
 * its own: that of a running one is not, whatever the kernel would allow. */
static int
may_go(const char *name, struct strv *jails, struct err *err)
{
	_cleanup_(jail_states_clear) struct jail_states states = { 0 };
	int r = pool_exists(name, err);

	if (r == 0)
		r = jail_states_read(&states, err);
	if (r < 0)
		return r;
	jails_of(name, jails);
	for (size_t i = 0; i < states.n; i++)
		if (strv_has(jails, states.v[i].name))
			return err_set(err, EBUSY,
			    "pool '%s': its jail '%s' is running: "
			    "iocage stop %s",
			    name, states.v[i].name, states.v[i].name);
	return 0;
}

/* " with its 2 jails (db, web)" */
static void
say_jails(const struct strv *jails, struct str *out)
{
	if (jails->n == 0)
		return;
	str_printf(
	    out, " with its %zu jail%s (", jails->n, jails->n == 1 ? "" : "s");
	for (size_t i = 0; i < jails->n; i++)
		str_printf(out, "%s%s", i > 0 ? ", " : "", jails->v[i]);
	str_add(out, ")");
}

static int
destroy_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	const struct destroy_opts *o = opts;
	_cleanup_(strv_clear) struct strv jails = { 0 };
	_cleanup_(str_clear) struct str lost = STR_INIT;
	int r = may_go(argv[0], &jails, err);

	(void)argc;
	if (r < 0)
		return r;
	if (cli_step(c, "unmount pool '%s', remove all it holds, forget it",
		argv[0]))
		return 0;
	say_jails(&jails, &lost);
	if (!o->force && !c->force &&
	    !cli_confirm(c, "destroy pool '%s'%s?", argv[0], lost.buf))
		return 0;
	r = pool_destroy(argv[0], err);
	if (r == 0)
		cli_say(c, "pool '%s' is destroyed", argv[0]);
	return r;
}

const struct cli_verb cmd_pool_destroy = {
	.name = "destroy",
	.args = "POOL",
	.summary = "remove a pool with everything in it",
	.help = "A device is free again, an image file is deleted, a directory"
		" stays and is emptied.",
	.min_args = 1,
	.max_args = 1,
	.flags = CLI_ROOT | CLI_WRITES,
	.options = destroy_options,
	.opts_size = sizeof(struct destroy_opts),
	.run = destroy_run,
};

static int
export_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	_cleanup_(strv_clear) struct strv jails = { 0 };
	int r = may_go(argv[0], &jails, err);

	(void)opts;
	(void)argc;
	if (r < 0 || cli_step(c, "unmount pool '%s'", argv[0]))
		return r;
	return pool_export(argv[0], err);
}

const struct cli_verb cmd_pool_export = {
	.name = "export",
	.args = "POOL",
	.summary = "unmount a pool and keep it",
	.min_args = 1,
	.max_args = 1,
	.flags = CLI_ROOT | CLI_WRITES,
	.run = export_run,
};
