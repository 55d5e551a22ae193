/* SPDX-License-Identifier: BSD-2-Clause */
/* Judging values: types, ranges, the rules of single properties, names. */
#include <ctype.h>
#include <errno.h>
#include <strings.h>

#include "base/str.h"
#include "conf/table.h"

enum {
	VALUE_MAX = 4096,    /* bytes of one value */
	NAME_MAX_BYTES = 63, /* a jail's name: also its host name */
};

static bool
is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (strcasecmp(word, *list) == 0)
			return true;
	return false;
}

/* "new, inherit or disable" */
static void
add_choices(struct str *out, const char *const *choices)
{
	for (size_t i = 0; choices[i]; i++) {
		if (i > 0)
			str_add(out, choices[i + 1] ? ", " : " or ");
		str_add(out, choices[i]);
	}
}

static int
canon_bool(const char *value, char **ret, struct err *err)
{
	static const char *const yes[] = { "1", "on", "yes", "true", NULL };
	static const char *const no[] = { "0", "off", "no", "false", NULL };

	if (!is_one_of(value, yes) && !is_one_of(value, no))
		return err_set(err, EINVAL,
		    "'%s' is neither on nor off (1/0, yes/no, true/false)",
		    value);
	*ret = xstrdup(is_one_of(value, yes) ? "1" : "0");
	return 0;
}

static int
canon_int(const struct conf_prop *prop, const char *value, char **ret,
    struct err *err)
{
	int64_t n;

	if (str_to_i64(value, prop->min, prop->max, &n) < 0)
		return err_set(err, EINVAL,
		    "'%s' is not a whole number from %lld to %lld", value,
		    (long long)prop->min, (long long)prop->max);
	*ret = xasprintf("%lld", (long long)n);
	return 0;
}

static int
canon_choice(const struct conf_prop *prop, const char *value, char **ret,
    struct err *err)
{
	_cleanup_(str_clear) struct str words = STR_INIT;

	for (size_t i = 0; prop->choices[i]; i++)
		if (streq(prop->choices[i], value)) {
			*ret = xstrdup(value);
			return 0;
		}
	add_choices(&words, prop->choices);
	return err_set(err, EINVAL, "'%s' is not %s", value, words.buf);
}

static int
canon_size(const char *value, char **ret, struct err *err)
{
	uint64_t size;

	if (!streq(value, "none") &&
	    (str_to_size(value, &size) < 0 || size == 0))
		return err_set(err, EINVAL,
		    "'%s' is neither none nor a size such as 512M or 8G",
		    value);
	*ret = xstrdup(value);
	return 0;
}

int
conf_limit_parse(const char *value, struct conf_limit *ret, struct err *err)
{
	const char *eq = strchr(value, '=');
	size_t len = eq ? (size_t)(eq - value) : 0;
	struct conf_limit limit = { 0 };

	if (streq(value, "off")) {
		*ret = limit;
		return 0;
	}
	if (len == 0 || len >= sizeof(limit.action) ||
	    str_to_size(eq + 1, &limit.amount) < 0 || limit.amount == 0)
		return err_set(err, EINVAL,
		    "'%s' is neither off nor ACTION=AMOUNT such as deny=512M",
		    value);
	memcpy(limit.action, value, len);
	*ret = limit;
	return 0;
}

static int
canon_limit(const char *value, char **ret, struct err *err)
{
	static const char *const actions[] = { "deny", "log", "devctl",
		"throttle", NULL };
	struct conf_limit limit;
	int r = conf_limit_parse(value, &limit, err);

	if (r < 0)
		return r;
	if (limit.action[0] && !is_one_of(limit.action, actions) &&
	    !str_starts(limit.action, "sig"))
		return err_set(err, EINVAL,
		    "'%s' begins with no action that limits have: deny, log, "
		    "devctl, throttle or a signal",
		    value);
	*ret = xstrdup(value);
	return 0;
}

static int
canon_text(const char *value, char **ret, struct err *err)
{
	_cleanup_(str_clear) struct str visible = STR_INIT;

	str_add_visible(&visible, value);
	if (!streq(visible.buf, value))
		return err_set(err, EINVAL,
		    "the value holds a byte that is not printable UTF-8: %s",
		    visible.buf);
	*ret = xstrdup(value);
	return 0;
}

static int
canonical(const struct conf_prop *prop, const char *value, char **ret,
    struct err *err)
{
	switch (prop->type) {
	case CONF_BOOL:
		return canon_bool(value, ret, err);
	case CONF_INT:
		return canon_int(prop, value, ret, err);
	case CONF_CHOICE:
		return canon_choice(prop, value, ret, err);
	case CONF_SIZE:
		return canon_size(value, ret, err);
	case CONF_LIMIT:
		return canon_limit(value, ret, err);
	case CONF_TEXT:
		return canon_text(value, ret, err);
	}
	BUG("property type %d", prop->type);
}

/* The type's rule, the row's own rule, and what Linux answers. */
static int
judge(const struct conf_prop *prop, const char *value, char **ret,
    struct err *err)
{
	_cleanup_free_ char *canon = NULL;
	int r = 0;

	if (strlen(value) > VALUE_MAX)
		r = err_set(
		    err, E2BIG, "the value is longer than %d bytes", VALUE_MAX);
	if (r == 0)
		r = canonical(prop, value, &canon, err);
	if (r == 0 && prop->check && !streq(canon, prop->def))
		r = prop->check(canon, err);
	if (r < 0)
		return err_wrap(err, r, "property '%s'", prop->name);
	if (prop->answer == CONF_REFUSED && !streq(canon, prop->def))
		return err_set(err, ENOTSUP, "property '%s' cannot be '%s': %s",
		    prop->name, canon, prop->why);
	*ret = TAKE_PTR(canon);
	return 0;
}

int
conf_prop_unknown(const char *name, struct err *err)
{
	struct {
		const char **v;
		size_t n, cap;
	} names = { 0 };
	const char *near;

	for (size_t i = 0; i < conf_table_n; i++)
		*array_add(&names) = conf_table[i].name;
	*array_add(&names) = NULL;
	near = str_nearest(name, names.v);
	array_clear(&names);
	return err_set(err, EINVAL, "there is no property '%s'%s%s%s", name,
	    near ? "; did you mean '" : " (`get all JAIL` lists them)",
	    near ? near : "", near ? "'?" : "");
}

int
conf_value_check(
    const char *name, const char *value, char **ret, struct err *err)
{
	const struct conf_prop *prop = conf_prop_find(name);

	if (!prop)
		return conf_prop_unknown(name, err);
	if (prop->when == CONF_RECORD)
		return err_set(err, EPERM,
		    "property '%s' is kept by gaol itself and cannot be set",
		    name);
	return judge(prop, value, ret, err);
}

int
conf_value_recheck(const char *name, const char *value, struct err *err)
{
	const struct conf_prop *prop = conf_prop_find(name);
	_cleanup_free_ char *canon = NULL;

	if (!prop || prop->when == CONF_RECORD)
		return 0;
	return judge(prop, value, &canon, err);
}

int
conf_assignment(
    const char *word, char **ret_name, const char **ret_value, struct err *err)
{
	const char *eq = strchr(word, '=');

	if (!eq || eq == word)
		return err_set(err, EINVAL,
		    "'%s' is not of the form PROPERTY=VALUE", word);
	*ret_name = xstrndup(word, (size_t)(eq - word));
	*ret_value = eq + 1;
	return 0;
}

/* ---- names ---- */

int
conf_name_check(const char *name, struct err *err)
{
	static const char *const reserved[] = { "default", "help", "all",
		"none", NULL };

	if (name[0] == '\0')
		return err_set(err, EINVAL, "the name of a jail is empty");
	if (strlen(name) > NAME_MAX_BYTES)
		return err_set(err, EINVAL,
		    "the name '%.20s...' has %zu bytes; %d is the most", name,
		    strlen(name), NAME_MAX_BYTES);
	if (is_one_of(name, reserved))
		return err_set(err, EINVAL,
		    "'%s' cannot be the name of a jail: the word has a meaning "
		    "on the command line",
		    name);
	if (!isascii((unsigned char)name[0]) ||
	    !isalnum((unsigned char)name[0]))
		return err_set(err, EINVAL,
		    "the name '%s' does not begin with a letter or a digit",
		    name);
	for (const char *c = name; *c; c++)
		if (!isascii((unsigned char)*c) ||
		    (!isalnum((unsigned char)*c) && !strchr("._-", *c)))
			return err_set(err, EINVAL,
			    "the name '%s' holds something else than letters, "
			    "digits, '.', '_' and '-'",
			    name);
	return 0;
}

char *
conf_name_fold(const char *name)
{
	char *fold = xstrdup(name);

	for (char *c = fold; *c; c++)
		if (*c == '.')
			*c = '_';
	return fold;
}

/* ---- the rules that rows name ---- */

int
conf_rule_depends(const char *value, struct err *err)
{
	struct strv names = { 0 };
	int r = 0;

	strv_split(&names, value, " ");
	for (size_t i = 0; i < names.n && r == 0; i++)
		r = conf_name_check(names.v[i], err);
	strv_clear(&names);
	return r;
}

int
conf_rule_hostname(const char *value, struct err *err)
{
	if (strlen(value) > 64)
		return err_set(err, EINVAL,
		    "'%.20s...' has %zu bytes; the kernel allows 64", value,
		    strlen(value));
	for (const char *c = value; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr(".-_", *c))
			return err_set(err, EINVAL,
			    "'%s' is no host name: letters, digits, '.', '-' "
			    "and '_' are",
			    value);
	return 0;
}

int
conf_rule_login(const char *value, struct err *err)
{
	const char *user = value;

	if (str_starts(value, "-f"))
		for (user = value + 2; *user == ' ';)
			user++;
	if (user != value && *user && !strchr(user, ' ') && *user != '-')
		return 0;
	return err_set(err, ENOTSUP, "'%s' is not -f USER", value);
}

int
conf_rule_deny(const char *value, struct err *err)
{
	if (str_starts(value, "deny="))
		return 0;
	return err_set(
	    err, ENOTSUP, "'%s': only deny=AMOUNT is built yet", value);
}

int
conf_rule_statfs(const char *value, struct err *err)
{
	if (!streq(value, "0"))
		return 0;
	return err_set(err, ENOTSUP,
	    "a jail cannot see the host's mounts; 1 and 2 are possible");
}

int
conf_rule_resolver(const char *value, struct err *err)
{
	if (value[0] == '/' || streq(value, "none") || strchr(value, ';') ||
	    str_starts(value, "nameserver "))
		return 0;
	return err_set(err, EINVAL,
	    "'%s' is neither none, a file with its whole path, nor lines of "
	    "resolv.conf with ';' between",
	    value);
}
