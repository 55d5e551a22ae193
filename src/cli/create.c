/* SPDX-License-Identifier: BSD-2-Clause */
/* Making one jail: its tree is made aside, filled, and shown at once. */
#include "cli/create.h"

#include <errno.h>

#include "base/file.h"
#include "conf/conf.h"
#include "store/store.h"

static int
step_clone(void *ctx, struct err *err)
{
	struct cli_creation *n = ctx;

	return store_jail_begin(n->c->pool, n->name, n->release, &n->new, err);
}

static int
undo_clone(void *ctx, struct err *err)
{
	struct cli_creation *n = ctx;

	(void)err;
	n->new = store_new_free(n->new);
	return 0;
}

/* What iocage's thin configuration holds, and what was asked for. */
static struct conf *
make_config(const struct cli_creation *n)
{
	const char *release = n->release ? n->release : "EMPTY";
	_cleanup_free_ char *host = xstrdup(n->name);
	_cleanup_free_ char *data = xasprintf("iocage/jails/%s/data", n->name);
	struct conf *conf = conf_new();

	for (char *h = host; *h; h++)
		if (*h == '_')
			*h = '-';
	conf_put(conf, "host_hostname", host);
	conf_put(conf, "host_hostuuid", n->name);
	conf_put(conf, "release", release);
	conf_put(conf, "cloned_release", release);
	conf_put(conf, "jail_zfs_dataset", data);
	for (size_t i = 0; i < n->assigns->n; i++)
		conf_put(conf, n->assigns->v[i].name, n->assigns->v[i].value);
	return conf;
}

static int
step_config(void *ctx, struct err *err)
{
	struct cli_creation *n = ctx;
	_cleanup_(conf_freep) struct conf *conf = make_config(n);

	return conf_write(n->new->fd, CONF_FILE, conf, err);
}

static int
step_fstab(void *ctx, struct err *err)
{
	struct cli_creation *n = ctx;

	return file_replace(n->new->fd, "fstab", "", 0, 0644, err);
}

static int
step_commit(void *ctx, struct err *err)
{
	struct cli_creation *n = ctx;

	return store_jail_commit(n->new, err);
}

static int
undo_commit(void *ctx, struct err *err)
{
	struct cli_creation *n = ctx;

	return store_jail_destroy(n->c->pool, n->name, err);
}

/* config.json and fstab need no undo: they go with the tree. */
static const struct step create_steps[] = {
	{ .name = "clone",
	    .text = "make the jail's tree from the release",
	    .run = step_clone,
	    .undo = undo_clone },
	{ .name = "config",
	    .text = "write its config.json",
	    .run = step_config },
	{ .name = "fstab", .text = "write its fstab", .run = step_fstab },
	{ .name = "commit",
	    .text = "show it among the jails",
	    .run = step_commit,
	    .undo = undo_commit },
};

const struct steps cli_create_steps = {
	.name = "create",
	.v = create_steps,
	.n = ARRAY_SIZE(create_steps),
};

int
cli_name_is_free(struct cli *c, const char *name, struct err *err)
{
	_cleanup_(strv_clear) struct strv names = { 0 };
	_cleanup_free_ char *fold = conf_name_fold(name);
	int r = conf_name_check(name, err);

	if (r == 0)
		r = store_jail_list(c->pool, &names, err);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_free_ char *other = conf_name_fold(names.v[i]);

		if (streq(names.v[i], name))
			r = err_set(
			    err, EEXIST, "jail '%s' already exists", name);
		else if (streq(other, fold))
			r = err_set(err, EEXIST,
			    "the name '%s' differs from "
			    "jail '%s' only in '.' and '_', which count as "
			    "the same",
			    name, names.v[i]);
	}
	return r;
}

static void
print_plan(const struct cli_creation *n)
{
	_cleanup_(str_clear) struct str plan = STR_INIT;

	steps_plan(&cli_create_steps, n, &plan);
	(void)cli_step(n->c, "create jail '%s' from %s:", n->name,
	    n->release ? n->release : "nothing");
	cli_lines(n->c, "  ", plan.buf);
}

int
cli_create(struct cli_creation *creation, struct err *err)
{
	int r;

	if (creation->c->plan) {
		print_plan(creation);
		return 0;
	}
	r = steps_run(&cli_create_steps, creation, err);
	if (r < 0)
		return err_wrap(
		    err, r, "cannot create jail '%s'", creation->name);
	creation->new = store_new_free(creation->new);
	return 0;
}
