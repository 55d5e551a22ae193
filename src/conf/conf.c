/* SPDX-License-Identifier: BSD-2-Clause */
/* config.json and defaults.json: reading, keeping what is unknown, writing. */
#include "conf/conf.h"

#include <errno.h>
#include <jansson.h>

#include "base/file.h"
#include "base/map.h"
#include "base/str.h"

enum { FILE_MAX = 1 << 20 };

struct conf {
	json_t *object;	  /* all of the file, as it was read */
	struct map texts; /* key to its value as text, owned */
};

struct conf *
conf_new(void)
{
	struct conf *conf = xcalloc(1, sizeof(*conf));

	conf->object = json_object();
	if (!conf->object)
		BUG("out of memory");
	map_init(&conf->texts, free);
	return conf;
}

struct conf *
conf_free(struct conf *conf)
{
	if (!conf)
		return NULL;
	json_decref(conf->object);
	map_clear(&conf->texts);
	free(conf);
	return NULL;
}

void
conf_freep(struct conf **conf)
{
	*conf = conf_free(*conf);
}

/* A value as text, or NULL for what has no such form (objects, arrays, null,
 * numbers with a fraction). */
static char *
value_text(const json_t *value)
{
	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	if (json_is_integer(value))
		return xasprintf("%lld", (long long)json_integer_value(value));
	if (json_is_boolean(value))
		return xstrdup(json_is_true(value) ? "1" : "0");
	return NULL;
}

static int
index_texts(struct conf *conf, const char *what, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(conf->object, key, value)
	{
		char *text = value_text(value);

		if (text)
			map_set(&conf->texts, key, text);
		else if (conf_prop_find(key))
			return err_set(err, EINVAL,
			    "%s: the value of '%s' is neither text, a whole "
			    "number nor a boolean",
			    what, key);
	}
	return 0;
}

int
conf_parse(const char *text, size_t len, const char *what, struct conf **ret,
    struct err *err)
{
	_cleanup_(conf_freep) struct conf *conf = conf_new();
	json_error_t e;
	json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);
	int r;

	if (!object)
		return err_set(err, EINVAL, "%s: line %d, column %d: %s", what,
		    e.line, e.column, e.text);
	json_decref(conf->object);
	conf->object = object;
	if (!json_is_object(object))
		return err_set(err, EINVAL,
		    "%s: it holds no object: '{' is expected", what);
	r = index_texts(conf, what, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(conf);
	return 0;
}

int
conf_read(int dirfd, const char *file, const char *what, struct conf **ret,
    struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	int r = file_read(dirfd, file, FILE_MAX, &text, err);

	if (r < 0)
		return err_wrap(err, r, "%s", what);
	return conf_parse(text.buf, text.len, what, ret, err);
}

char *
conf_text(const struct conf *conf)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	char *dump = json_dumps(conf->object, JSON_INDENT(4) | JSON_SORT_KEYS);

	if (!dump)
		BUG("a configuration cannot be written as JSON");
	str_printf(&text, "%s\n", dump);
	free(dump);
	return str_take(&text);
}

int
conf_write(
    int dirfd, const char *file, const struct conf *conf, struct err *err)
{
	_cleanup_free_ char *text = conf_text(conf);

	return file_replace(dirfd, file, text, strlen(text), 0644, err);
}

const char *
conf_own(const struct conf *conf, const char *name)
{
	return map_get(&conf->texts, name);
}

void
conf_put(struct conf *conf, const char *name, const char *value)
{
	const struct conf_prop *prop = conf_prop_find(name);
	json_t *json;

	/* iocage writes booleans as numbers and everything else as text. */
	if (prop && prop->type == CONF_BOOL)
		json = json_integer(streq(value, "1"));
	else
		json = json_string(value);
	if (!json || json_object_set_new(conf->object, name, json) < 0)
		BUG("value of '%s' is not UTF-8", name);
	map_set(&conf->texts, name, xstrdup(value));
}

void
conf_remove(struct conf *conf, const char *name)
{
	(void)json_object_del(conf->object, name);
	(void)map_remove(&conf->texts, name);
}

void
conf_unknown(const struct conf *conf, struct strv *ret)
{
	struct map names;
	const char *key;
	json_t *value;

	map_init(&names, NULL);
	json_object_foreach(conf->object, key, value) if (!conf_prop_find(key))
	    map_set(&names, key, NULL);
	map_sort(&names);
	for (size_t i = 0; i < names.n; i++)
		strv_add(ret, names.v[i].key);
	map_clear(&names);
}
