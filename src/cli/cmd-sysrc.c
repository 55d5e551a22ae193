/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol sysrc: read and change the host's rc.conf, as sysrc(8) does. */
#include <errno.h>

#include "cli/cli.h"
#include "conf/rcconf.h"

struct sysrc_opts {
	bool value_only;
	bool all;
	bool remove;
	const char *file;
};

static const struct cli_opt sysrc_options[] = {
	CLI_FLAG('n', NULL, struct sysrc_opts, value_only,
	    "print values without names"),
	CLI_FLAG('a', NULL, struct sysrc_opts, all,
	    "print everything that the file assigns"),
	CLI_FLAG('x', NULL, struct sysrc_opts, remove,
	    "take variables out of the file"),
	CLI_STR('f', NULL, "FILE", struct sysrc_opts, file,
	    "use this file instead of " RCCONF_PATH),
	CLI_OPT_END
};

static void
show(struct cli *c, const struct sysrc_opts *o, const char *name,
    const char *value)
{
	if (o->value_only)
		cli_say(c, "%s", value);
	else
		cli_say(c, "%s: %s", name, value);
}

/* ---- reading ---- */

static int
read_vars(const struct sysrc_opts *o, struct rcconf **ret, struct err *err)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = NULL;
	int r;

	if (!o->file)
		return rcconf_read_host(ret, err);
	rc = rcconf_new();
	r = rcconf_read(rc, o->file, err);
	if (r == 0)
		*ret = TAKE_PTR(rc);
	return r;
}

static int
get_one(struct cli *c, const struct sysrc_opts *o, const struct rcconf *rc,
    const char *name, struct err *err)
{
	const char *value = rcconf_get(rc, name, rcconf_default(name));

	if (!value)
		return err_set(err, ENOENT, "unknown variable '%s'", name);
	show(c, o, name, value);
	return 0;
}

/* ---- writing ---- */

static int
set_one(
    struct cli *c, const struct sysrc_opts *o, const char *arg, struct err *err)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = NULL;
	const char *path = o->file ? o->file : RCCONF_PATH, *old;
	const char *eq = strchr(arg, '=');
	_cleanup_free_ char *name = xstrndup(arg, (size_t)(eq - arg));
	int r = read_vars(o, &rc, err);

	if (r == -ENOENT)
		rc = rcconf_new();
	else if (r < 0)
		return r;
	old = rcconf_get(rc, name, rcconf_default(name));
	if (cli_step(c, "set %s=\"%s\" in %s", name, eq + 1, path))
		return 0;
	r = rcconf_write(path, name, eq + 1, err);
	if (r < 0)
		return r;
	cli_say(c, "%s: %s -> %s", name, old ? old : "", eq + 1);
	return 0;
}

static int
remove_one(struct cli *c, const struct sysrc_opts *o, const char *name,
    struct err *err)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = NULL;
	const char *path = o->file ? o->file : RCCONF_PATH;
	int r = read_vars(o, &rc, err);

	if (r < 0)
		return r;
	if (!rcconf_find(rc, name))
		return err_set(
		    err, ENOENT, "%s does not assign '%s'", path, name);
	if (cli_step(c, "take %s out of %s", name, path))
		return 0;
	return rcconf_write(path, name, NULL, err);
}

/* ---- the verb ---- */

static int
show_all(struct cli *c, const struct sysrc_opts *o, struct err *err)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = NULL;
	int r = read_vars(o, &rc, err);

	for (size_t i = 0; r == 0 && i < rc->vars.n; i++) {
		const struct rcconf_var *var = rc->vars.v[i].value;

		show(c, o, var->name, var->value);
	}
	return r;
}

static int
get_words(struct cli *c, const struct sysrc_opts *o, const char *name,
    struct err *err)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = NULL;
	int r = read_vars(o, &rc, err);

	return r < 0 ? r : get_one(c, o, rc, name, err);
}

static int
sysrc_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	const struct sysrc_opts *o = opts;
	int r = 0;

	if (o->all)
		return show_all(c, o, err);
	if (argc == 0)
		return cli_usage(err, "name a variable, or -a for all");
	for (int i = 0; i < argc && r == 0; i++) {
		if (o->remove)
			r = remove_one(c, o, argv[i], err);
		else if (strchr(argv[i], '='))
			r = set_one(c, o, argv[i], err);
		else
			r = get_words(c, o, argv[i], err);
	}
	return r;
}

const struct cli_verb cmd_sysrc = {
	.name = "sysrc",
	.args = "NAME[=VALUE]...",
	.summary = "read or change variables of /etc/rc.conf",
	.help = "The file is read and edited, never run; an assignment is"
		" replaced where it stands, and everything else stays.",
	.max_args = CLI_ANY,
	.flags = CLI_WRITES,
	.options = sysrc_options,
	.opts_size = sizeof(struct sysrc_opts),
	.run = sysrc_run,
};
