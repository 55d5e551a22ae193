/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings of a check: collecting, sorting, printing. */
#include "base/finding.h"

#include "base/table.h"

enum { WIDTH = 80 };

struct finding *
finding_add(struct findings *all, enum finding_level level, const char *code)
{
	struct finding *f = array_add(all);

	f->level = level;
	f->code = code;
	return f;
}

static void
set(char **to, const char *fmt, va_list ap)
{
	_cleanup_(str_clear) struct str s = STR_INIT;

	str_vprintf(&s, fmt, ap);
	free(*to);
	*to = str_take(&s);
}

#define SETTER(NAME, MEMBER)                               \
	void NAME(struct finding *f, const char *fmt, ...) \
	{                                                  \
		va_list ap;                                \
                                                           \
		va_start(ap, fmt);                         \
		set(&f->MEMBER, fmt, ap);                  \
		va_end(ap);                                \
	}

SETTER(finding_thing, thing)
SETTER(finding_what, what)
SETTER(finding_why, why)
SETTER(finding_fix, fix)

void
finding_at(struct finding *f, const char *file, uint32_t line)
{
	free(f->file);
	f->file = xstrdup(file);
	f->line = line;
}

void
finding_mended(struct finding *f, int r, const struct err *e)
{
	f->mended = r == 0;
	if (r < 0)
		finding_fix(f, "it could not be mended: %s", e->msg);
}

void
finding_source(struct finding *f, const char *text)
{
	free(f->source);
	f->source = text ? xstrdup(text) : NULL;
}

void
findings_unchecked(struct findings *all, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	set(&text, fmt, ap);
	va_end(ap);
	strv_add_owned(&all->unchecked, text);
}

void
findings_clear(struct findings *all)
{
	for (size_t i = 0; i < all->n; i++) {
		struct finding *f = &all->v[i];

		free(f->file);
		free(f->thing);
		free(f->source);
		free(f->what);
		free(f->why);
		free(f->fix);
	}
	array_clear(all);
	strv_clear(&all->unchecked);
}

/* ---- order ---- */

static int
cmp_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL) /* what has no file comes last */
		return (a == NULL) - (b == NULL);
	return natural_cmp(a, b);
}

static int
cmp_finding(const struct finding *a, const struct finding *b)
{
	int r = cmp_text(a->file, b->file);

	if (r == 0 && a->line != b->line)
		r = a->line < b->line ? -1 : 1;
	if (r == 0)
		r = cmp_text(a->thing, b->thing);
	if (r == 0)
		r = (int)b->level - (int)a->level;
	return r;
}

/* By insertion: the order of equals stays, and the lists are short. */
void
findings_sort(struct findings *all)
{
	for (size_t i = 1; i < all->n; i++) {
		struct finding f = all->v[i];
		size_t k = i;

		for (; k > 0 && cmp_finding(&all->v[k - 1], &f) > 0; k--)
			all->v[k] = all->v[k - 1];
		all->v[k] = f;
	}
}

/* ---- output ---- */

const char *
finding_level_name(enum finding_level level)
{
	static const char *const names[] = { "note", "warning", "error" };

	return names[level];
}

int
findings_exit_code(const struct findings *all)
{
	if (all->unchecked.n > 0)
		return 2;
	for (size_t i = 0; i < all->n; i++)
		if (!all->v[i].mended)
			return 1;
	return 0;
}

/* Fill lines at blanks. The first one begins with `first`, the others are
 * indented as far. */
static void
add_filled(struct str *out, const char *first, const char *text)
{
	size_t indent = strlen(first), col = indent;

	str_add(out, first);
	while (*text) {
		size_t len = strcspn(text, " \n");

		if (col > indent && col + 1 + len > WIDTH) {
			str_printf(out, "\n%*s", (int)indent, "");
			col = indent;
		} else if (col > indent) {
			str_addc(out, ' ');
			col++;
		}
		str_addmem(out, text, len);
		col += len;
		text += len;
		if (*text == '\n') {
			str_printf(out, "\n%*s", (int)indent, "");
			col = indent;
		}
		if (*text)
			text++;
	}
	str_addc(out, '\n');
}

/* On one line, however long: editors read it. */
static void
add_head(struct str *out, const struct finding *f)
{
	_cleanup_(str_clear) struct str s = STR_INIT;

	if (f->file)
		str_printf(&s, "%s:", f->file);
	if (f->file && f->line > 0)
		str_printf(&s, "%u:", f->line);
	if (f->thing)
		str_printf(&s, "%s%s:", s.len ? " " : "", f->thing);
	str_printf(&s, "%s%s: %s%s", s.len ? " " : "",
	    finding_level_name(f->level), f->what,
	    f->mended ? " (mended)" : "");
	str_add_visible(out, s.buf);
	str_addc(out, '\n');
}

static void
add_finding(struct str *out, const struct finding *f)
{
	_cleanup_(str_clear) struct str source = STR_INIT;

	add_head(out, f);
	if (f->source) {
		str_add_visible(&source, f->source);
		str_printf(out, "    | %s\n", source.buf);
	}
	if (f->why)
		add_filled(out, "    why: ", f->why);
	if (f->fix)
		add_filled(out, "    fix: ", f->fix);
}

static void
add_count(struct str *out, size_t n, const char *word, const char **sep)
{
	if (n == 0)
		return;
	str_printf(out, "%s%zu %s%s", *sep, n, word, n == 1 ? "" : "s");
	*sep = ", ";
}

static void
add_summary(struct str *out, const struct findings *all)
{
	size_t count[3] = { 0 };
	const char *sep = "";

	for (size_t i = 0; i < all->n; i++)
		count[all->v[i].level]++;
	if (all->n == 0)
		str_add(out, "nothing found");
	for (int i = FINDING_ERROR; i >= FINDING_NOTE; i--)
		add_count(out, count[i],
		    finding_level_name((enum finding_level)i), &sep);
	if (all->unchecked.n > 0)
		str_printf(out, ", %zu not looked at", all->unchecked.n);
	str_addc(out, '\n');
}

void
findings_text(const struct findings *all, struct str *out)
{
	for (size_t i = 0; i < all->n; i++)
		add_finding(out, &all->v[i]);
	for (size_t i = 0; i < all->unchecked.n; i++)
		add_filled(out, "not looked at: ", all->unchecked.v[i]);
	add_summary(out, all);
}

static void
json_finding(const struct finding *f, struct json *j)
{
	json_open_object(j);
	json_kstr(j, "level", finding_level_name(f->level));
	json_kstr(j, "code", f->code);
	json_kstr(j, "file", f->file);
	json_key(j, "line");
	if (f->file && f->line > 0)
		json_uint(j, f->line);
	else
		json_add_null(j);
	json_kstr(j, "thing", f->thing);
	json_kstr(j, "source", f->source);
	json_kstr(j, "what", f->what);
	json_kstr(j, "why", f->why);
	json_kstr(j, "fix", f->fix);
	json_kbool(j, "mended", f->mended);
	json_end(j);
}

void
findings_json(const struct findings *all, struct json *j)
{
	json_key(j, "findings");
	json_open_array(j);
	for (size_t i = 0; i < all->n; i++)
		json_finding(&all->v[i], j);
	json_end(j);
	json_key(j, "unchecked");
	json_open_array(j);
	for (size_t i = 0; i < all->unchecked.n; i++)
		json_str(j, all->unchecked.v[i]);
	json_end(j);
}
