/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol get: one property or all, of one jail, of all, or of the defaults. */
#include <errno.h>

#include "base/json.h"
#include "base/map.h"
#include "base/table.h"
#include "cli/jails.h"
#include "store/store.h"

struct get_opts {
	bool all;
	bool recursive;
	bool state;
	bool jid;
	bool pool;
};

static const struct cli_opt get_options[] = {
	CLI_FLAG('a', "all", struct get_opts, all, "every property"),
	CLI_FLAG('r', "recursive", struct get_opts, recursive,
	    "of every jail, as a table"),
	CLI_FLAG('s', "state", struct get_opts, state, "up or down"),
	CLI_FLAG('j', "jid", struct get_opts, jid, "the jail's number"),
	CLI_FLAG('p', "pool", struct get_opts, pool, "the active pool"),
	CLI_OPT_END
};

/* state and jid are no properties, but are asked for as if they were. */
static char *
kernel_value(const struct cli_jail *jail, const char *name)
{
	if (streq(name, "state"))
		return xstrdup(cli_jail_is_up(jail) ? "up" : "down");
	if (!streq(name, "jid"))
		return NULL;
	return cli_jail_is_up(jail) ? xasprintf("%d", (int)jail->state.init_pid)
				    : xstrdup("-");
}

static char *
value_of(const struct cli_jail *jail, const char *name)
{
	char *text = kernel_value(jail, name);
	const char *value = text ? NULL : cli_jail_get(jail, name);

	return value ? xstrdup(value) : text;
}

static int
print_one(const struct cli_jail *jail, const char *name, struct err *err)
{
	_cleanup_free_ char *value = value_of(jail, name);
	_cleanup_(str_clear) struct str visible = STR_INIT;

	if (!value)
		return conf_prop_unknown(name, err);
	str_add_visible(&visible, value);
	printf("%s\n", visible.buf);
	return 0;
}

/* All names that have a value: the table's, the files' own, and state. */
static void
all_names(const struct cli_jail *jail, struct map *names)
{
	const struct conf *files[] = { jail->conf, jail->defaults };
	const struct conf_prop *p;
	struct strv unknown = { 0 };
	size_t n;

	map_init(names, NULL);
	p = conf_props(&n);
	for (size_t i = 0; i < n; i++)
		map_set(names, p[i].name, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (files[i])
			conf_unknown(files[i], &unknown);
	for (size_t i = 0; i < unknown.n; i++)
		map_set(names, unknown.v[i], NULL);
	if (jail->name)
		map_set(names, "state", NULL);
	map_sort(names);
	strv_clear(&unknown);
}

static void
print_all(const struct cli_jail *jail)
{
	struct map names;

	all_names(jail, &names);
	for (size_t i = 0; i < names.n; i++) {
		_cleanup_free_ char *value = value_of(jail, names.v[i].key);
		_cleanup_(str_clear) struct str line = STR_INIT;

		if (!value)
			continue; /* an unknown key that holds no text */
		str_add_visible(&line, names.v[i].key);
		str_addc(&line, ':');
		str_add_visible(&line, value);
		printf("%s\n", line.buf);
	}
	map_clear(&names);
}

static const char *
source_of(const struct cli_jail *jail, const char *name)
{
	if (jail->conf && conf_own(jail->conf, name))
		return "jail";
	if (jail->defaults && conf_own(jail->defaults, name))
		return "defaults";
	return conf_prop_find(name) ? "built-in" : "kernel";
}

static void
value_to_json(struct json *j, const struct cli_jail *jail, const char *name)
{
	const struct conf_prop *p = conf_prop_find(name);
	_cleanup_free_ char *value = value_of(jail, name);

	if (!value)
		return;
	json_key(j, name);
	json_open_object(j);
	json_kstr(j, "value", value);
	json_kstr(j, "source", source_of(jail, name));
	if (p) {
		json_kstr(j, "type", conf_type_name(p->type));
		json_kstr(j, "answer", conf_answer_name(p->answer));
		json_kstr(j, "when", conf_when_name(p->when));
		json_kstr(j, "meaning", p->text);
	}
	if (p && p->why)
		json_kstr(j, "why", p->why);
	json_end(j);
}

static int
print_json(const struct cli_jail *jail, const char *name, struct err *err)
{
	_cleanup_(str_clear) struct str out = STR_INIT;
	_cleanup_free_ char *value = name ? value_of(jail, name) : NULL;
	struct map names;
	struct json j;

	if (name && !value)
		return conf_prop_unknown(name, err);
	json_init(&j, &out);
	json_begin_doc(&j, "gaol.properties", 1);
	json_kstr(&j, "jail", jail->name ? jail->name : "default");
	json_key(&j, "properties");
	json_open_object(&j);
	all_names(jail, &names);
	for (size_t i = 0; i < names.n; i++)
		if (!name)
			value_to_json(&j, jail, names.v[i].key);
	if (name)
		value_to_json(&j, jail, name);
	map_clear(&names);
	json_end(&j);
	json_end_doc(&j);
	fputs(out.buf, stdout);
	return 0;
}

/* name NULL: all of them. */
static int
print_jail(struct cli *c, const struct cli_jail *jail, const char *name,
    struct err *err)
{
	if (c->json)
		return print_json(jail, name, err);
	if (name)
		return print_one(jail, name, err);
	print_all(jail);
	return 0;
}

static void
recursive_json(const struct cli_jails *jails, const char *name)
{
	_cleanup_(str_clear) struct str out = STR_INIT;
	struct json j;

	json_init(&j, &out);
	json_begin_doc(&j, "gaol.property", 1);
	json_kstr(&j, "property", name);
	json_key(&j, "jails");
	json_open_object(&j);
	for (size_t i = 0; i < jails->n; i++) {
		_cleanup_free_ char *value = value_of(&jails->v[i], name);

		json_kstr(
		    &j, jails->v[i].name, jails->v[i].corrupt ? NULL : value);
	}
	json_end(&j);
	json_end_doc(&j);
	fputs(out.buf, stdout);
}

static void
recursive_table(struct cli *c, const struct cli_jails *jails, const char *name)
{
	_cleanup_free_ char *column = xasprintf("PROP - %s", name);
	const char *const columns[] = { "NAME", column, NULL };
	_cleanup_(str_clear) struct str out = STR_INIT;
	struct table t;

	table_init(&t, columns);
	for (size_t i = 0; i < jails->n; i++) {
		_cleanup_free_ char *value = value_of(&jails->v[i], name);

		table_cell(&t, jails->v[i].name);
		table_cell(&t,
		    jails->v[i].corrupt ? "N/A"
			: value		? value
					: "-");
	}
	table_sort(&t, 0);
	if (c->bare)
		table_tabs(&t, &out);
	else
		table_frame(&t, &out);
	fputs(out.buf, stdout);
	table_clear(&t);
}

static int
get_recursive(struct cli *c, const char *name, struct err *err)
{
	struct cli_jails jails = { 0 };
	int r;

	if (!conf_prop_find(name) && !streq(name, "state") &&
	    !streq(name, "jid"))
		return conf_prop_unknown(name, err);
	r = cli_jails_read(c, &jails, err);
	if (r < 0)
		return r;
	if (c->json)
		recursive_json(&jails, name);
	else
		recursive_table(c, &jails, name);
	cli_jails_clear(&jails);
	return 0;
}

static int
get_from(struct cli *c, const char *name, const char *word, struct err *err)
{
	struct cli_jail jail = { .dir_fd = -1 };
	int r;

	if (streq(word, "default"))
		r = cli_defaults_read(c, &jail.defaults, err);
	else
		r = cli_jail_open(c, word, false, &jail, err);
	if (r < 0)
		return r;
	if (!jail.name && name && (streq(name, "state") || streq(name, "jid")))
		r = err_set(err, EINVAL, "the defaults have no %s", name);
	else
		r = print_jail(c, &jail, name, err);
	cli_jail_clear(&jail);
	return r;
}

static int
get_run(struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	const struct get_opts *o = opts;
	const char *asked = o->state ? "state" : o->jid ? "jid" : NULL;

	if (o->all && o->recursive)
		return err_set(err, EINVAL, "-a and -r exclude each other");
	if (o->pool && argc == 0) {
		printf("%s\n", c->pool->name);
		return 0;
	}
	if (o->recursive && argc == 1)
		return get_recursive(c, argv[0], err);
	if ((o->all || asked) && argc == 1)
		return get_from(c, asked, argv[0], err);
	if (argc == 2 && !o->all && !o->recursive && !o->pool && !asked)
		return get_from(
		    c, streq(argv[0], "all") ? NULL : argv[0], argv[1], err);
	return cli_usage(err,
	    "a property and a jail are wanted: get PROPERTY "
	    "JAIL, get all JAIL, or get -r PROPERTY");
}

const struct cli_verb cmd_get = {
	.name = "get",
	.args = "PROPERTY JAIL | all JAIL",
	.summary = "show what a jail is set to",
	.help = "JAIL may be 'default': what holds where a jail says nothing.",
	.max_args = 2,
	.flags = CLI_ROOT | CLI_POOL | CLI_READS,
	.options = get_options,
	.opts_size = sizeof(struct get_opts),
	.run = get_run,
};
