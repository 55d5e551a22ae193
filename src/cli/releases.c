/* SPDX-License-Identifier: BSD-2-Clause */
/* Releases in list and destroy. */
#include "cli/releases.h"

#include "base/json.h"
#include "base/table.h"
#include "store/store.h"

static void
print_json(const struct strv *names, struct str *out)
{
	struct json j;

	json_init(&j, out);
	json_begin_doc(&j, "gaol.releases", 1);
	json_key(&j, "releases");
	json_open_array(&j);
	for (size_t i = 0; i < names->n; i++) {
		json_open_object(&j);
		json_kstr(&j, "name", names->v[i]);
		json_end(&j);
	}
	json_end_doc(&j);
}

static void
print_table(const struct strv *names, bool bare, struct str *out)
{
	static const char *const header[] = { "Bases fetched", NULL };
	_cleanup_(table_clear) struct table t = { 0 };

	table_init(&t, header);
	for (size_t i = 0; i < names->n; i++)
		table_cell(&t, names->v[i]);
	table_sort(&t, 0);
	(bare ? table_tabs : table_frame)(&t, out);
}

int
releases_list(struct cli *c, struct err *err)
{
	_cleanup_(strv_clear) struct strv names = { 0 };
	_cleanup_(str_clear) struct str out = STR_INIT;
	int r = store_release_list(c->pool, &names, err);

	if (r < 0)
		return r;
	if (c->json)
		print_json(&names, &out);
	else
		print_table(&names, c->bare, &out);
	fputs(out.buf, stdout);
	return 0;
}

static int
destroy_one(struct cli *c, const char *name, bool force, struct err *err)
{
	int r;

	if (!store_release_exists(c->pool, name))
		return store_release_destroy(c->pool, name, err);
	if (cli_step(c, "destroy release %s", name))
		return 0;
	if (!force && !cli_confirm(c, "destroy release %s?", name))
		return 0;
	r = store_release_destroy(c->pool, name, err);
	if (r == 0)
		cli_say(c, "release %s is destroyed", name);
	return r;
}

int
releases_destroy(
    struct cli *c, int argc, char **argv, bool force, struct err *err)
{
	struct err first = { 0 };
	int ret = 0;

	for (int i = 0; i < argc; i++) {
		struct err here = { 0 };
		int r = destroy_one(c, argv[i], force, &here);

		if (r == 0)
			continue;
		if (ret == 0) {
			ret = r;
			first = here;
		} else {
			cli_error(c, &here);
		}
	}
	if (ret < 0 && err != NULL)
		*err = first;
	return ret;
}
