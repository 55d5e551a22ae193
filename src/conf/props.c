/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking properties up, and the value that counts for a jail. */
#include "base/str.h"
#include "conf/table.h"

const struct conf_prop *
conf_props(size_t *ret_n)
{
	*ret_n = conf_table_n;
	return conf_table;
}

static int
compare_name(const void *name, const void *row)
{
	return strcmp(name, ((const struct conf_prop *)row)->name);
}

const struct conf_prop *
conf_prop_find(const char *name)
{
	return bsearch(name, conf_table, conf_table_n, sizeof(conf_table[0]),
	    compare_name);
}

const char *
conf_type_name(enum conf_type type)
{
	static const char *const names[] = { "text", "boolean", "number",
		"choice", "size", "limit" };

	return names[type];
}

const char *
conf_answer_name(enum conf_answer answer)
{
	static const char *const names[] = { "enforced", "accepted",
		"refused" };

	return names[answer];
}

const char *
conf_when_name(enum conf_when when)
{
	static const char *const names[] = { "start", "boot", "now", "record" };

	return names[when];
}

const char *
conf_get(const struct conf *jail, const struct conf *defaults, const char *name)
{
	const struct conf_prop *prop;
	const char *value = jail ? conf_own(jail, name) : NULL;

	if (!value && defaults)
		value = conf_own(defaults, name);
	if (value)
		return value;
	prop = conf_prop_find(name);
	return prop ? prop->def : NULL;
}

bool
conf_get_bool(
    const struct conf *jail, const struct conf *defaults, const char *name)
{
	const char *value = conf_get(jail, defaults, name);

	return value && streq(value, "1");
}

int64_t
conf_get_int(
    const struct conf *jail, const struct conf *defaults, const char *name)
{
	const struct conf_prop *prop = conf_prop_find(name);
	int64_t n;

	if (!prop || prop->type != CONF_INT)
		BUG("property '%s' is no number", name);
	if (str_to_i64(
		conf_get(jail, defaults, name), prop->min, prop->max, &n) < 0)
		(void)str_to_i64(prop->def, prop->min, prop->max, &n);
	return n;
}

void
conf_fill(struct conf *conf)
{
	for (size_t i = 0; i < conf_table_n; i++) {
		const struct conf_prop *prop = &conf_table[i];
		bool record = prop->when == CONF_RECORD &&
		    !streq(prop->name, "CONFIG_VERSION");

		if (!record && !conf_own(conf, prop->name))
			conf_put(conf, prop->name, prop->def);
	}
}

int
conf_check(const struct conf *jail, const struct conf *defaults,
    void (*warn)(void *arg, const char *sentence), void *arg, struct err *err)
{
	int r;

	for (size_t i = 0; i < conf_table_n; i++) {
		const struct conf_prop *prop = &conf_table[i];
		const char *value = conf_get(jail, defaults, prop->name);

		if (prop->when == CONF_RECORD || streq(value, prop->def))
			continue;
		r = conf_value_recheck(prop->name, value, err);
		if (r < 0)
			return r;
		if (prop->answer == CONF_ACCEPTED && warn) {
			_cleanup_free_ char *text = xasprintf(
			    "property '%s' is '%s' without effect: %s",
			    prop->name, value, prop->why);

			warn(arg, text);
		}
	}
	return 0;
}
