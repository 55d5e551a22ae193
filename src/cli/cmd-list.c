/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol list: jails or releases, as iocage's tables, tabs or JSON. */
#include <errno.h>

#include "base/json.h"
#include "base/table.h"
#include "cli/jails.h"
#include "cli/releases.h"

struct list_opts {
	bool full;
	bool quick;
	bool releases;
	const char *sort;
};

static const struct cli_opt list_options[] = {
	CLI_FLAG('l', "long", struct list_opts, full, "show all columns"),
	CLI_FLAG('q', "quick", struct list_opts, quick,
	    "show name and address only"),
	CLI_FLAG('r', "release", struct list_opts, releases,
	    "list the releases that were fetched"),
	CLI_FLAG('b', "base", struct list_opts, releases, "the same"),
	CLI_STR('s', "sort", "COLUMN", struct list_opts, sort,
	    "sort by this column"),
	CLI_OPT_END
};

/* The columns' names are iocage's; -s takes them in small letters. */
static const char *const short_columns[] = { "JID", "NAME", "STATE", "RELEASE",
	"IP4", NULL };
static const char *const full_columns[] = { "JID", "NAME", "BOOT", "STATE",
	"TYPE", "RELEASE", "IP4", "IP6", "TEMPLATE", "BASEJAIL", NULL };
static const char *const quick_columns[] = { "NAME", "IP4", NULL };

/* "lo1|192.168.0.2/24,lo1|192.168.0.3" as "192.168.0.2,192.168.0.3". */
static void
bare_addresses(const char *value, struct str *out)
{
	while (*value) {
		size_t len = strcspn(value, ",");
		const char *bar = memchr(value, '|', len);
		const char *from = bar ? bar + 1 : value;
		size_t n = strcspn(from, ",/");

		if (out->len)
			str_addc(out, ',');
		str_addmem(out, from, n);
		value += len + (value[len] == ',');
	}
}

static char *
addresses(const struct cli_jail *jail, const char *property, bool full)
{
	_cleanup_(str_clear) struct str out = STR_INIT;
	const char *value = cli_jail_get(jail, property);

	if (streq(value, "none") || !*value)
		return xstrdup("-");
	if (full)
		return xstrdup(value);
	bare_addresses(value, &out);
	return str_take(&out);
}

static const char *
on_off(const struct cli_jail *jail, const char *property)
{
	return conf_get_bool(jail->conf, jail->defaults, property) ? "on"
								   : "off";
}

/* One cell, by the column's name. The caller frees it. */
static char *
cell(const struct cli_jail *jail, const char *column, bool full)
{
	if (streq(column, "NAME"))
		return xstrdup(jail->name);
	if (streq(column, "STATE"))
		return xstrdup(jail->corrupt   ? "CORRUPT"
			: cli_jail_is_up(jail) ? "up"
					       : "down");
	if (streq(column, "JID"))
		return cli_jail_is_up(jail)
		    ? xasprintf("%d", (int)jail->state.init_pid)
		    : xstrdup("None");
	if (jail->corrupt)
		return xstrdup("N/A");
	if (streq(column, "RELEASE"))
		return xstrdup(cli_jail_get(jail, "release"));
	if (streq(column, "IP4"))
		return addresses(jail, "ip4_addr", full);
	if (streq(column, "IP6"))
		return addresses(jail, "ip6_addr", full);
	if (streq(column, "BOOT"))
		return xstrdup(on_off(jail, "boot"));
	if (streq(column, "TYPE"))
		return xstrdup(cli_jail_get(jail, "type"));
	if (streq(column, "TEMPLATE"))
		return xstrdup("-");
	if (streq(column, "BASEJAIL"))
		return xstrdup(
		    streq(on_off(jail, "basejail"), "on") ? "yes" : "no");
	BUG("column '%s'", column);
}

/* The column that -s names, among those that are shown. */
static int
sort_column(
    const char *const *columns, const char *word, size_t *ret, struct err *err)
{
	_cleanup_(str_clear) struct str known = STR_INIT;

	for (size_t i = 0; columns[i]; i++) {
		_cleanup_free_ char *key = xstrdup(columns[i]);

		for (char *k = key; *k; k++)
			*k |= ' '; /* all are capital letters or digits */
		if (streq(word ? word : "name", key)) {
			*ret = i;
			return 0;
		}
		str_printf(&known, "%s%s", i ? ", " : "", key);
	}
	return err_set(err, EINVAL,
	    "cannot sort by '%s'; these columns are "
	    "shown: %s",
	    word, known.buf);
}

static void
print_table(struct cli *c, const struct table *t)
{
	_cleanup_(str_clear) struct str out = STR_INIT;

	if (c->bare)
		table_tabs(t, &out);
	else
		table_frame(t, &out);
	fputs(out.buf, stdout);
}

static int
list_table(struct cli *c, const struct list_opts *o,
    const struct cli_jails *jails, struct err *err)
{
	const char *const *columns = o->full ? full_columns
	    : o->quick			     ? quick_columns
					     : short_columns;
	struct table t;
	size_t by = 0;
	int r = sort_column(columns, o->sort, &by, err);

	if (r < 0)
		return r;
	table_init(&t, columns);
	for (size_t i = 0; i < jails->n; i++)
		for (size_t k = 0; columns[k]; k++) {
			_cleanup_free_ char *text =
			    cell(&jails->v[i], columns[k], o->full);

			table_cell(&t, text);
		}
	table_sort(&t, by);
	print_table(c, &t);
	table_clear(&t);
	return 0;
}

static void
jail_to_json(struct json *j, const struct cli_jail *jail)
{
	bool up = cli_jail_is_up(jail);

	json_open_object(j);
	json_kstr(j, "name", jail->name);
	json_kstr(j, "state", jail->corrupt ? "corrupt" : up ? "up" : "down");
	json_key(j, "jid");
	if (up)
		json_int(j, jail->state.init_pid);
	else
		json_add_null(j);
	if (jail->corrupt) {
		json_kstr(j, "error", jail->corrupt);
	} else {
		json_kstr(j, "release", cli_jail_get(jail, "release"));
		json_kstr(j, "type", cli_jail_get(jail, "type"));
		json_kbool(j, "boot", streq(on_off(jail, "boot"), "on"));
		json_kint(j, "priority",
		    conf_get_int(jail->conf, jail->defaults, "priority"));
		json_kstr(j, "ip4_addr", cli_jail_get(jail, "ip4_addr"));
		json_kstr(j, "ip6_addr", cli_jail_get(jail, "ip6_addr"));
	}
	json_end(j);
}

static int
compare_jails(const void *a, const void *b)
{
	return natural_cmp(((const struct cli_jail *)a)->name,
	    ((const struct cli_jail *)b)->name);
}

static void
list_json(struct cli_jails *jails)
{
	_cleanup_(str_clear) struct str out = STR_INIT;
	struct json j;

	if (jails->n > 0)
		qsort(jails->v, jails->n, sizeof(jails->v[0]), compare_jails);
	json_init(&j, &out);
	json_begin_doc(&j, "gaol.jails", 1);
	json_key(&j, "jails");
	json_open_array(&j);
	for (size_t i = 0; i < jails->n; i++)
		jail_to_json(&j, &jails->v[i]);
	json_end(&j);
	json_end_doc(&j);
	fputs(out.buf, stdout);
}

static int
list_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	const struct list_opts *o = opts;
	struct cli_jails jails = { 0 };
	int r;

	(void)argc;
	(void)argv;
	if (o->releases)
		return releases_list(c, err);
	r = cli_jails_read(c, &jails, err);
	if (r < 0)
		return r;
	if (c->json)
		list_json(&jails);
	else
		r = list_table(c, o, &jails, err);
	cli_jails_clear(&jails);
	return r;
}

const struct cli_verb cmd_list = {
	.name = "list",
	.summary = "list jails or releases",
	.flags = CLI_ROOT | CLI_POOL | CLI_READS,
	.options = list_options,
	.opts_size = sizeof(struct list_opts),
	.run = list_run,
};
