/* SPDX-License-Identifier: BSD-2-Clause */
/* rc.conf(5) as a list of variables: the few words of sh(1) that it needs. */
#include "conf/rcconf.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <strings.h>

#include "base/file.h"

/*
 * One reading. Variables are collected in `vars` and given to `rc` at the
 * end, so that a refused file leaves no trace. `pending` are the assignments
 * of the command being read: the shell expands all of them before it makes
 * any, so `a=1 b=$a` does not see the new a.
 */
struct scan {
	const char *text, *p, *end;
	const char *file;
	unsigned int line;
	const struct rcconf *rc;
	struct map vars;
	struct map pending;
	struct err *err;
};

static void
var_free(void *p)
{
	struct rcconf_var *var = p;

	if (!var)
		return;
	free(var->name);
	free(var->value);
	free(var);
}

struct rcconf *
rcconf_new(void)
{
	struct rcconf *rc = xcalloc(1, sizeof(*rc));

	map_init(&rc->vars, var_free);
	return rc;
}

void
rcconf_free(struct rcconf *rc)
{
	if (!rc)
		return;
	map_clear(&rc->vars);
	strv_clear(&rc->files);
	free(rc);
}

void
rcconf_freep(struct rcconf **rc)
{
	rcconf_free(*rc);
}

/* ---- the scanner ---- */

static int _printf_(3, 4)
    refuse(struct scan *s, unsigned int line, const char *fmt, ...)
{
	_cleanup_(str_clear) struct str msg = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_vprintf(&msg, fmt, ap);
	va_end(ap);
	return err_set(s->err, EINVAL, "%s:%u: %s", s->file, line, msg.buf);
}

/* The next byte, or -1 at the end. */
static int
peek(const struct scan *s)
{
	return s->p < s->end ? (unsigned char)*s->p : -1;
}

static int
peek2(const struct scan *s)
{
	return s->p + 1 < s->end ? (unsigned char)s->p[1] : -1;
}

static int
next(struct scan *s)
{
	int c = peek(s);

	if (c < 0)
		return c;
	s->p++;
	if (c == '\n')
		s->line++;
	return c;
}

static bool
is_name_start(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_name(int c)
{
	return is_name_start(c) || (c >= '0' && c <= '9');
}

static bool
is_blank(int c)
{
	return c == ' ' || c == '\t';
}

/* The name that begins here, possibly empty; not copied. */
static size_t
take_name(struct scan *s, const char **ret)
{
	const char *start = s->p;

	if (is_name_start(peek(s)))
		while (is_name(peek(s)))
			s->p++;
	*ret = start;
	return (size_t)(s->p - start);
}

/* A `$` was read: add what it stands for. */
static int
scan_dollar(struct scan *s, struct str *value)
{
	_cleanup_free_ char *name = NULL;
	const struct rcconf_var *var;
	const char *start;
	bool brace = false;
	size_t len;
	int c = peek(s);

	if (c == '(')
		return refuse(s, s->line,
		    "$(...) would have to be run: "
		    "write the value itself");
	if (c == '\'' || (c >= '0' && c <= '9') ||
	    (c > 0 && strchr("@*#?-$!", c)))
		return refuse(s, s->line,
		    "$%c is known only to a running "
		    "shell: write the value itself",
		    c);
	if (c == '{') {
		brace = true;
		s->p++;
	}
	len = take_name(s, &start);
	if (len == 0 && !brace) {
		str_addc(value, '$');
		return 0;
	}
	if (brace && (len == 0 || peek(s) != '}'))
		return refuse(s, s->line,
		    "of ${...} only the plain ${name} "
		    "is understood");
	if (brace)
		s->p++;

	name = xstrndup(start, len);
	var = map_get(&s->vars, name);
	if (!var)
		var = map_get(&s->rc->vars, name);
	if (!var)
		return refuse(s, s->line,
		    "$%s is not assigned above, so its "
		    "value is not known",
		    name);
	str_add(value, var->value);
	return 0;
}

static int
scan_single(struct scan *s, struct str *value)
{
	unsigned int line = s->line;
	int c;

	while ((c = next(s)) != '\'') {
		if (c < 0)
			return refuse(s, line,
			    "the quote ' that opens here "
			    "is never closed");
		str_addc(value, (char)c);
	}
	return 0;
}

static int
scan_double(struct scan *s, struct str *value)
{
	unsigned int line = s->line;
	int c, r;

	while ((c = next(s)) != '"') {
		if (c < 0)
			return refuse(s, line,
			    "the quote \" that opens here "
			    "is never closed");
		if (c == '`')
			return refuse(s, s->line,
			    "`...` would have to be "
			    "run: write the value itself");
		if (c == '$') {
			r = scan_dollar(s, value);
			if (r < 0)
				return r;
			continue;
		}
		if (c == '\\' && peek(s) > 0 && strchr("$`\"\\\n", peek(s))) {
			c = next(s);
			if (c == '\n')
				continue;
		}
		str_addc(value, (char)c);
		if (value->len > RCCONF_VALUE_MAX)
			break;
	}
	return 0;
}

/* A byte that ends an unquoted word, or makes it something else. */
static int
scan_special(struct scan *s, int c)
{
	switch (c) {
	case '`':
		return refuse(s, s->line,
		    "`...` would have to be run: "
		    "write the value itself");
	case '\r':
		return refuse(s, s->line,
		    "carriage return: the file has DOS "
		    "line ends; convert it");
	case '(':
	case ')':
	case '|':
	case '&':
	case '<':
	case '>':
		return refuse(s, s->line,
		    "'%c' outside quotes makes this a "
		    "command; rc.conf is read, never run",
		    c);
	}
	return 0;
}

static int
scan_unquoted(struct scan *s, struct str *value, bool at_start)
{
	int c = next(s), r;

	switch (c) {
	case '\'':
		return scan_single(s, value);
	case '"':
		return scan_double(s, value);
	case '$':
		return scan_dollar(s, value);
	case '\\':
		c = next(s);
		if (c < 0)
			return refuse(s, s->line,
			    "the file ends in a "
			    "backslash");
		if (c != '\n')
			str_addc(value, (char)c);
		return 0;
	case '~':
		if (at_start)
			return refuse(s, s->line,
			    "~ stands for a home "
			    "directory only in a shell: write the path");
		break;
	}
	r = scan_special(s, c);
	if (r < 0)
		return r;
	str_addc(value, (char)c);
	return 0;
}

/* The word after `name=`. */
static int
scan_value(struct scan *s, struct str *value)
{
	bool at_start = true; /* where ~ would mean a directory */
	int c, r;

	while ((c = peek(s)) >= 0 && !is_blank(c) && c != '\n' && c != ';') {
		r = scan_unquoted(s, value, at_start);
		if (r < 0)
			return r;
		if (value->len > RCCONF_VALUE_MAX)
			return refuse(s, s->line,
			    "the value is longer than "
			    "%d bytes",
			    RCCONF_VALUE_MAX);
		at_start = c == ':';
	}
	return 0;
}

/* What stands here is no assignment: say what it seems to be. */
static int
refuse_command(struct scan *s)
{
	_cleanup_(str_clear) struct str seen = STR_INIT;
	_cleanup_free_ char *word = NULL;
	const char *start = s->p;
	int c = peek(s), r;

	r = scan_special(s, c);
	if (r < 0)
		return r;
	while (s->p < s->end && s->p - start < 40 && !is_blank(*s->p) &&
	    !strchr("\n;", *s->p))
		s->p++;
	word = xstrndup(start, (size_t)(s->p - start));
	str_add_visible(&seen, word);
	return refuse(s, s->line,
	    "'%s' is a command, not NAME=value; rc.conf "
	    "is read, never run",
	    seen.buf);
}

static int
scan_assignment(struct scan *s)
{
	_cleanup_(str_clear) struct str value = STR_INIT;
	const char *start = s->p, *name;
	unsigned int line = s->line;
	struct rcconf_var *var;
	size_t len;
	int r;

	len = take_name(s, &name);
	if (len == 0 || peek(s) != '=') {
		s->p = start;
		return refuse_command(s);
	}
	s->p++;
	r = scan_value(s, &value);
	if (r < 0)
		return r;

	var = xcalloc(1, sizeof(*var));
	var->name = xstrndup(name, len);
	var->value = str_take(&value);
	var->line = line;
	var->start = (size_t)(start - s->text);
	var->end = (size_t)(s->p - s->text);
	map_set(&s->pending, var->name, var);
	return 0;
}

/* The end of a command: what it assigned is now known. */
static void
commit(struct scan *s)
{
	for (size_t i = 0; i < s->pending.n; i++) {
		map_set(&s->vars, s->pending.v[i].key, s->pending.v[i].value);
		s->pending.v[i].value = NULL;
	}
	map_clear(&s->pending);
}

static void
skip_comment(struct scan *s)
{
	while (peek(s) >= 0 && peek(s) != '\n')
		s->p++;
}

static int
scan_file(struct scan *s)
{
	int c, r;

	while ((c = peek(s)) >= 0) {
		if (c == ';' && s->pending.n == 0)
			return refuse(s, s->line, "';' has nothing before it");
		if (c == '\n' || c == ';') {
			commit(s);
			next(s);
		} else if (is_blank(c)) {
			next(s);
		} else if (c == '\\' && peek2(s) == '\n') {
			next(s);
			next(s);
		} else if (c == '#') {
			skip_comment(s);
		} else {
			r = scan_assignment(s);
			if (r < 0)
				return r;
		}
	}
	commit(s);
	return 0;
}

/* ---- the public functions ---- */

static int
refuse_nul(const char *file, const char *text, size_t len, struct err *err)
{
	const char *nul = memchr(text, '\0', len);
	unsigned int line = 1;

	if (!nul)
		return 0;
	for (const char *p = text; p < nul; p++)
		line += *p == '\n';
	return err_set(
	    err, EINVAL, "%s:%u: NUL byte: this is no text file", file, line);
}

int
rcconf_parse(struct rcconf *rc, const char *file, const char *text, size_t len,
    struct err *err)
{
	struct scan s = {
		.text = text,
		.p = text,
		.end = text + len,
		.file = file,
		.line = 1,
		.rc = rc,
		.err = err,
	};
	int r = refuse_nul(file, text, len, err);

	if (r < 0)
		return r;
	map_init(&s.vars, var_free);
	map_init(&s.pending, var_free);
	r = scan_file(&s);
	if (r == 0) {
		strv_add(&rc->files, file);
		for (size_t i = 0; i < s.vars.n; i++) {
			struct rcconf_var *var = s.vars.v[i].value;

			var->file = rc->files.v[rc->files.n - 1];
			map_set(&rc->vars, var->name, var);
			s.vars.v[i].value = NULL;
		}
	}
	map_clear(&s.vars);
	map_clear(&s.pending);
	return r;
}

int
rcconf_read(struct rcconf *rc, const char *path, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	int r;

	r = file_read(AT_FDCWD, path, RCCONF_SIZE_MAX, &text, err);
	if (r < 0)
		return r;
	return rcconf_parse(rc, path, text.buf, text.len, err);
}

int
rcconf_read_host(struct rcconf **ret, struct err *err)
{
	static const char *const paths[] = { RCCONF_PATH, RCCONF_LOCAL_PATH };
	_cleanup_(rcconf_freep) struct rcconf *rc = rcconf_new();
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		r = rcconf_read(rc, paths[i], err);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	err_clear(err);
	*ret = TAKE_PTR(rc);
	return 0;
}

const struct rcconf_var *
rcconf_find(const struct rcconf *rc, const char *name)
{
	return map_get(&rc->vars, name);
}

const char *
rcconf_get(const struct rcconf *rc, const char *name, const char *def)
{
	const struct rcconf_var *var = rcconf_find(rc, name);

	return var ? var->value : def;
}

int
rcconf_bool(const struct rcconf *rc, const char *name, bool def, bool *ret,
    struct err *err)
{
	static const char *const words[] = { "no", "false", "off", "0", "yes",
		"true", "on", "1" };
	const struct rcconf_var *var = rcconf_find(rc, name);
	_cleanup_(str_clear) struct str seen = STR_INIT;

	if (!var || var->value[0] == '\0') {
		*ret = def;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasecmp(var->value, words[i]) == 0) {
			*ret = i >= ARRAY_SIZE(words) / 2;
			return 0;
		}
	str_add_visible(&seen, var->value);
	return rcconf_err(
	    err, EINVAL, var, "'%s' is neither YES nor NO", seen.buf);
}

const char *
rcconf_default(const char *name)
{
	static const char *const defaults[][2] = {
		{ "cloned_interfaces", "" },
		{ "gateway_enable", "NO" },
		{ "ipv6_gateway_enable", "NO" },
		{ "pf_enable", "NO" },
		{ "pf_rules", "/etc/pf.conf" },
		{ "pf_flags", "" },
		{ "iocage_enable", "NO" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
		if (streq(defaults[i][0], name))
			return defaults[i][1];
	return NULL;
}

/* ---- editing ---- */

static bool
is_whole_name(const char *name)
{
	size_t len = 0;

	if (!is_name_start((unsigned char)name[0]))
		return false;
	while (is_name((unsigned char)name[len]))
		len++;
	return name[len] == '\0';
}

/* name="value", as sysrc(8) writes it. */
static void
add_assignment(struct str *out, const char *name, const char *value)
{
	str_printf(out, "%s=\"", name);
	for (; *value != '\0'; value++) {
		if (strchr("\"\\$`", *value))
			str_addc(out, '\\');
		str_addc(out, *value);
	}
	str_addc(out, '"');
}

/* Without the assignment; a line that has nothing else goes with it. */
static void
cut_out(
    struct str *out, const char *text, size_t len, const struct rcconf_var *var)
{
	size_t from = var->start, to = var->end;

	while (from > 0 && is_blank((unsigned char)text[from - 1]))
		from--;
	while (to < len && is_blank((unsigned char)text[to]))
		to++;
	if ((from == 0 || text[from - 1] == '\n') &&
	    (to == len || text[to] == '\n')) {
		to += to < len;
	} else {
		from = var->start;
		to = var->end;
		/* "a=1; b=2": a lone ';' is no command of its own. */
		if (to < len && text[to] == ';')
			to++;
	}
	str_addmem(out, text, from);
	str_addmem(out, text + to, len - to);
}

int
rcconf_edit(const char *file, const char *text, size_t len, const char *name,
    const char *value, struct str *ret, struct err *err)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = rcconf_new();
	const struct rcconf_var *var;
	int r = rcconf_parse(rc, file, text, len, err);

	if (r < 0)
		return r;
	if (!is_whole_name(name))
		return err_set(
		    err, EINVAL, "'%s' is no name of a variable", name);
	str_reset(ret);
	var = rcconf_find(rc, name);
	if (var && value) {
		str_addmem(ret, text, var->start);
		add_assignment(ret, name, value);
		str_addmem(ret, text + var->end, len - var->end);
	} else if (var) {
		cut_out(ret, text, len, var);
	} else {
		str_addmem(ret, text, len);
		if (value && len > 0 && text[len - 1] != '\n')
			str_addc(ret, '\n');
		if (value) {
			add_assignment(ret, name, value);
			str_addc(ret, '\n');
		}
	}
	return 0;
}

int
rcconf_write(
    const char *path, const char *name, const char *value, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT, edited = STR_INIT;
	struct stat st = { .st_mode = 0644 };
	int r = file_read(AT_FDCWD, path, RCCONF_SIZE_MAX, &text, err);

	if (r < 0 && r != -ENOENT)
		return r;
	err_clear(err);
	(void)stat(path, &st);
	r = rcconf_edit(path, text.buf, text.len, name, value, &edited, err);
	if (r < 0)
		return r;
	return file_replace(
	    AT_FDCWD, path, edited.buf, edited.len, st.st_mode & 07777, err);
}

int
rcconf_err(struct err *err, int code, const struct rcconf_var *var,
    const char *fmt, ...)
{
	_cleanup_(str_clear) struct str msg = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_vprintf(&msg, fmt, ap);
	va_end(ap);
	return err_set(err, code, "%s:%u: %s: %s", var->file, var->line,
	    var->name, msg.buf);
}
