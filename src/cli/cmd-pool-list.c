/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol pool list: the pools, as a table, tabs or JSON. */
#include "base/json.h"
#include "base/table.h"
#include "cli/cli.h"
#include "store/store.h"

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
		table_cell_size(t, bytes);
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

const struct cli_verb cmd_pool_list = {
	.name = "list",
	.args = "",
	.summary = "show the pools",
	.flags = CLI_ROOT | CLI_READS,
	.run = list_run,
};
