/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol pool: devices, create, list, destroy, import, export. */
#include <errno.h>

#include "base/json.h"
#include "base/table.h"
#include "cli/cli.h"
#include "jail/jail.h"
#include "store/store.h"

/*
 * devices
 */

static const char *const state_words[] = {
	[DEVICE_FREE] = "free",
	[DEVICE_TAKEN] = "taken",
	[DEVICE_BUSY] = "busy",
};

static void
cell_or_dash(struct table *t, const char *text)
{
	table_cell(t, text != NULL ? text : "-");
}

static void
cell_size(struct table *t, uint64_t bytes)
{
	_cleanup_(str_clear) struct str s = STR_INIT;

	str_add_size(&s, bytes);
	table_cell(t, s.buf);
}

static void
devices_json(const struct devices *devices, struct str *out)
{
	struct json j;

	json_init(&j, out);
	json_begin_doc(&j, "gaol.devices", 1);
	json_key(&j, "devices");
	json_open_array(&j);
	for (size_t i = 0; i < devices->n; i++) {
		const struct device *d = &devices->v[i];

		json_open_object(&j);
		json_kstr(&j, "device", d->node);
		json_kstr(&j, "disk", d->disk);
		json_key(&j, "size");
		json_uint(&j, d->size);
		json_kstr(&j, "type", d->type);
		json_kstr(&j, "label", d->label);
		json_kstr(&j, "content", d->content);
		json_kstr(&j, "uuid", d->uuid);
		json_kstr(&j, "state", state_words[d->state]);
		json_kstr(&j, "note", d->note);
		json_end(&j);
	}
	json_end_doc(&j);
}

static void
devices_table(const struct devices *devices, struct table *t)
{
	static const char *const header[] = { "DEVICE", "SIZE", "TYPE", "LABEL",
		"CONTENT", "STATE", "NOTE", NULL };

	table_init(t, header);
	for (size_t i = 0; i < devices->n; i++) {
		const struct device *d = &devices->v[i];

		table_cell(t, d->node);
		cell_size(t, d->size);
		cell_or_dash(t, d->type);
		cell_or_dash(t, d->label);
		cell_or_dash(t, d->content);
		table_cell(t, state_words[d->state]);
		cell_or_dash(t, d->note);
	}
}

static int
devices_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	_cleanup_(devices_clear) struct devices devices = { 0 };
	_cleanup_(table_clear) struct table t = { 0 };
	_cleanup_(str_clear) struct str out = STR_INIT;
	int r = devices_scan(&devices, err);

	(void)opts;
	(void)argc;
	(void)argv;
	if (r < 0)
		return r;
	if (c->json) {
		devices_json(&devices, &out);
	} else {
		devices_table(&devices, &t);
		(c->bare ? table_tabs : table_plain)(&t, &out);
	}
	fputs(out.buf, stdout);
	return 0;
}

static const struct cli_verb pool_devices = {
	.name = "devices",
	.args = "",
	.summary = "show disks and partitions, and which are free",
	.help = "'taken' has something on it, which 'pool create -f' would"
		" destroy; 'busy' is in use and is never taken.",
	.flags = CLI_ROOT | CLI_READS,
	.run = devices_run,
};

/*
 * create
 */

struct create_opts {
	bool force;
	const char *image, *dir;
	uint64_t size;
};

static const struct cli_opt create_options[] = {
	CLI_FLAG('f', "force", struct create_opts, force,
	    "take a device with what is on it"),
	CLI_STR(0, "image", "FILE", struct create_opts, image,
	    "make the pool in a new file"),
	CLI_SIZE(0, "size", "SIZE", struct create_opts, size,
	    "size of the image, as 8G"),
	CLI_STR(0, "dir", "DIR", struct create_opts, dir,
	    "make the pool in a directory that is empty or not there"),
	CLI_OPT_END
};

/* Exactly one of DEVICE, --image, --dir. */
static int
create_spec(const struct create_opts *o, int argc, char **argv,
    struct pool_spec *ret, struct err *err)
{
	int ways = (argc == 2) + (o->image != NULL) + (o->dir != NULL);

	if (ways != 1)
		return cli_usage(
		    err, "a pool is made on one of DEVICE, --image, --dir");
	if ((o->image != NULL) != (o->size > 0))
		return cli_usage(err, "--image and --size go together");
	if (o->force && argc != 2)
		return cli_usage(err, "-f is for a device");
	*ret = (struct pool_spec){
		.name = argv[0],
		.kind = o->image != NULL ? POOL_IMAGE
		    : o->dir != NULL	 ? POOL_DIR
					 : POOL_DEVICE,
		.source = o->image != NULL ? o->image
		    : o->dir != NULL	   ? o->dir
					   : argv[1],
		.size = o->size,
		.force = o->force,
	};
	return 0;
}

static int
create_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	_cleanup_(str_clear) struct str plan = STR_INIT;
	struct pool_spec spec;
	int r = create_spec(opts, argc, argv, &spec, err);

	if (r != 0)
		return r;
	r = pool_create(&spec, c->plan ? &plan : NULL, err);
	if (r < 0)
		return r;
	fputs(plan.buf, stdout);
	if (!c->plan)
		cli_say(c, "pool '%s' is made and mounted at /%s", argv[0],
		    argv[0]);
	return 0;
}

static const struct cli_verb pool_create_verb = {
	.name = "create",
	.args = "NAME DEVICE | NAME --image FILE --size SIZE | NAME --dir DIR",
	.summary = "make a pool and mount it at /NAME",
	.help = "A device or an image gets a btrfs. A directory stays what it"
		" is: clones share blocks where its file system can (xfs,"
		" btrfs), else they are copies.",
	.min_args = 1,
	.max_args = 2,
	.flags = CLI_ROOT | CLI_WRITES,
	.options = create_options,
	.opts_size = sizeof(struct create_opts),
	.run = create_run,
};

/*
 * list
 */

struct row {
	const struct pool *pool;
	struct store_usage usage;
	bool online;
	char clones[16];
};

/* What is not mounted has no sizes; what is mounted wrongly says why. */
static void
make_row(struct cli *c, const struct pool *pool, struct row *row)
{
	_cleanup_(pool_freep) struct pool *open = NULL;
	struct err err = { 0 };

	*row = (struct row){ .pool = pool };
	snprintf(row->clones, sizeof(row->clones), "%s",
	    pool->kind != POOL_DIR ? "snapshot"
		: pool->reflink	   ? "reflink"
				   : "copy");
	if (pool->making || !pool_is_mounted(pool))
		return;
	if (pool_open(pool->name, &open, &err) < 0 ||
	    store_usage(open, &row->usage, &err) < 0)
		cli_warn(c, "%s", err.msg);
	else
		row->online = true;
}

static void
pools_json(const struct row *rows, size_t n, struct str *out)
{
	struct json j;

	json_init(&j, out);
	json_begin_doc(&j, "gaol.pools", 1);
	json_key(&j, "pools");
	json_open_array(&j);
	for (size_t i = 0; i < n; i++) {
		const struct row *row = &rows[i];

		json_open_object(&j);
		json_kstr(&j, "name", row->pool->name);
		json_kbool(&j, "active", row->pool->active);
		json_kbool(&j, "online", row->online);
		json_kbool(&j, "making", row->pool->making);
		json_kstr(&j, "backend", store_backend(row->pool));
		json_kstr(&j, "clones", row->clones);
		json_kstr(&j, "source", row->pool->source);
		json_kstr(&j, "mountpoint", row->pool->path);
		if (row->online) {
			json_key(&j, "size");
			json_uint(&j, row->usage.size);
			json_key(&j, "used");
			json_uint(&j, row->usage.used);
			json_key(&j, "available");
			json_uint(&j, row->usage.avail);
		}
		json_end(&j);
	}
	json_end_doc(&j);
}

static const char *
row_state(const struct row *row)
{
	if (row->pool->making)
		return "MAKING";
	return row->online ? "ONLINE" : "OFFLINE";
}

static void
cell_usage(struct table *t, const struct row *row, uint64_t bytes)
{
	if (row->online)
		cell_size(t, bytes);
	else
		table_cell(t, "-");
}

static void
pools_table(const struct row *rows, size_t n, struct table *t)
{
	static const char *const header[] = { "NAME", "SIZE", "USED", "FREE",
		"BACKEND", "CLONES", "STATE", "ACTIVE", "SOURCE", NULL };

	table_init(t, header);
	for (size_t i = 0; i < n; i++) {
		const struct row *row = &rows[i];

		table_cell(t, row->pool->name);
		cell_usage(t, row, row->usage.size);
		cell_usage(t, row, row->usage.used);
		cell_usage(t, row, row->usage.avail);
		table_cell(t, store_backend(row->pool));
		table_cell(t, row->clones);
		table_cell(t, row_state(row));
		table_cell(t, row->pool->active ? "yes" : "no");
		table_cell(t, row->pool->source);
	}
}

static int
list_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	_cleanup_(pools_clear) struct pools pools = { 0 };
	_cleanup_(table_clear) struct table t = { 0 };
	_cleanup_(str_clear) struct str out = STR_INIT;
	_cleanup_free_ struct row *rows = NULL;
	int r = pools_load(&pools, err);

	(void)opts;
	(void)argc;
	(void)argv;
	if (r < 0)
		return r;
	rows = xcalloc(pools.n + 1, sizeof(*rows));
	for (size_t i = 0; i < pools.n; i++)
		make_row(c, pools.v[i], &rows[i]);
	if (c->json) {
		pools_json(rows, pools.n, &out);
	} else {
		pools_table(rows, pools.n, &t);
		(c->bare ? table_tabs : table_plain)(&t, &out);
	}
	fputs(out.buf, stdout);
	return 0;
}

static const struct cli_verb pool_list = {
	.name = "list",
	.args = "",
	.summary = "show the pools",
	.flags = CLI_ROOT | CLI_READS,
	.run = list_run,
};

/*
 * destroy, import, export
 */

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

static const struct cli_verb pool_destroy_verb = {
	.name = "destroy",
	.args = "NAME",
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

static void
import_failed(void *arg, const struct err *err)
{
	cli_error(arg, err);
}

static int
import_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	(void)opts;
	if (cli_step(c, "mount %s", argc > 0 ? argv[0] : "every pool"))
		return 0;
	if (argc > 0)
		return pool_import(argv[0], err);
	/* Each failure was told when it happened. */
	return pool_import_all(import_failed, c, NULL) < 0 ? 1 : 0;
}

static const struct cli_verb pool_import_verb = {
	.name = "import",
	.args = "[NAME]",
	.summary = "mount a pool again, or all (boot does)",
	.max_args = 1,
	.flags = CLI_ROOT | CLI_WRITES,
	.run = import_run,
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

static const struct cli_verb pool_export_verb = {
	.name = "export",
	.args = "NAME",
	.summary = "unmount a pool and keep it",
	.min_args = 1,
	.max_args = 1,
	.flags = CLI_ROOT | CLI_WRITES,
	.run = export_run,
};

static const struct cli_verb *const pool_subs[] = {
	&pool_devices,
	&pool_create_verb,
	&pool_list,
	&pool_destroy_verb,
	&pool_import_verb,
	&pool_export_verb,
	NULL,
};

const struct cli_verb cmd_pool = {
	.name = "pool",
	.args = "VERB",
	.summary = "storage pools: what jails and releases live on",
	.subs = pool_subs,
};
