/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol pool devices: disks and partitions, and which are free. */
#include "base/json.h"
#include "base/table.h"
#include "cli/cli.h"
#include "store/store.h"

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
		table_cell_size(t, d->size);
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

const struct cli_verb cmd_pool_devices = {
	.name = "devices",
	.args = "",
	.summary = "show disks and partitions, and which are free",
	.help = "'taken' has something on it, which 'pool create -f' would"
		" destroy; 'busy' is in use and is never taken.",
	.flags = CLI_ROOT | CLI_READS,
	.run = devices_run,
};
