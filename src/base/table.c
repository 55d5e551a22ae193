/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables for people and for scripts. */
#include "base/table.h"

#include <ctype.h>
#include <stdarg.h>

void
table_init(struct table *t, const char *const *header)
{
	*t = (struct table){ 0 };
	for (; *header != NULL; header++, t->cols++)
		strv_add(&t->cells, *header);
}

void
table_clear(struct table *t)
{
	strv_clear(&t->cells);
}

void
table_cell(struct table *t, const char *text)
{
	struct str s = STR_INIT;

	str_add_visible(&s, text);
	strv_add_owned(&t->cells, str_take(&s));
}

void
table_cell_size(struct table *t, uint64_t bytes)
{
	_cleanup_(str_clear) struct str s = STR_INIT;

	str_add_size(&s, bytes);
	table_cell(t, s.buf);
}

void
table_cellf(struct table *t, const char *fmt, ...)
{
	_cleanup_(str_clear) struct str s = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_vprintf(&s, fmt, ap);
	va_end(ap);
	table_cell(t, s.buf);
}

size_t
table_rows(const struct table *t)
{
	return t->cells.n / t->cols - 1;
}

static size_t
digits(const char *s)
{
	size_t n = 0;

	while (isdigit((unsigned char)s[n]))
		n++;
	return n;
}

static const char *
skip_zeros(const char *s)
{
	while (s[0] == '0' && isdigit((unsigned char)s[1]))
		s++;
	return s;
}

int
natural_cmp(const char *a, const char *b)
{
	const char *a0 = a, *b0 = b;

	while (*a != '\0' && *b != '\0') {
		size_t na, nb;
		int c;

		if (!isdigit((unsigned char)*a) ||
		    !isdigit((unsigned char)*b)) {
			if (*a != *b)
				return (unsigned char)*a - (unsigned char)*b;
			a++;
			b++;
			continue;
		}
		a = skip_zeros(a);
		b = skip_zeros(b);
		na = digits(a);
		nb = digits(b);
		if (na != nb)
			return na < nb ? -1 : 1;
		c = strncmp(a, b, na);
		if (c != 0)
			return c;
		a += na;
		b += nb;
	}
	if (*a != *b)
		return *a == '\0' ? -1 : 1;
	return strcmp(a0, b0); /* 01 and 1: some order, always the same */
}

struct row_ref {
	char **cells;
	size_t col;
};

static int
row_cmp(const void *pa, const void *pb)
{
	const struct row_ref *a = pa, *b = pb;
	int c = natural_cmp(a->cells[a->col], b->cells[b->col]);

	/* Rows of equal keys keep their order. */
	return c != 0 ? c : a->cells < b->cells ? -1 : 1;
}

void
table_sort(struct table *t, size_t col)
{
	size_t rows = table_rows(t), cols = t->cols;
	_cleanup_free_ struct row_ref *refs = xcalloc(rows, sizeof(*refs));
	char **sorted = xcalloc(t->cells.n, sizeof(*sorted));

	for (size_t i = 0; i < rows; i++)
		refs[i] = (struct row_ref){ &t->cells.v[(i + 1) * cols], col };
	qsort(refs, rows, sizeof(*refs), row_cmp);
	memcpy(sorted, t->cells.v, cols * sizeof(*sorted));
	for (size_t i = 0; i < rows; i++)
		memcpy(&sorted[(i + 1) * cols], refs[i].cells,
		    cols * sizeof(*sorted));
	free(t->cells.v);
	t->cells.v = sorted;
	t->cells.cap = t->cells.n;
}

/* Characters, not bytes: continuation bytes of UTF-8 take no room. */
static size_t
width(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static size_t *
column_widths(const struct table *t)
{
	size_t *w = xcalloc(t->cols, sizeof(*w));

	for (size_t i = 0; i < t->cells.n; i++)
		w[i % t->cols] = MAX(w[i % t->cols], width(t->cells.v[i]));
	return w;
}

static void
pad(struct str *out, char c, size_t n)
{
	while (n-- > 0)
		str_addc(out, c);
}

static void
frame_rule(const struct table *t, const size_t *w, char c, struct str *out)
{
	for (size_t i = 0; i < t->cols; i++) {
		str_addc(out, '+');
		pad(out, c, w[i] + 2);
	}
	str_add(out, "+\n");
}

void
table_frame(const struct table *t, struct str *out)
{
	_cleanup_free_ size_t *w = column_widths(t);

	frame_rule(t, w, '-', out);
	for (size_t i = 0; i < t->cells.n; i++) {
		str_add(out, "| ");
		str_add(out, t->cells.v[i]);
		pad(out, ' ', w[i % t->cols] - width(t->cells.v[i]) + 1);
		if (i % t->cols < t->cols - 1)
			continue;
		str_add(out, "|\n");
		frame_rule(t, w, i < t->cols ? '=' : '-', out);
	}
}

void
table_tabs(const struct table *t, struct str *out)
{
	for (size_t i = t->cols; i < t->cells.n; i++) {
		str_add(out, t->cells.v[i]);
		str_addc(out, (i + 1) % t->cols ? '\t' : '\n');
	}
}

void
table_plain(const struct table *t, struct str *out)
{
	_cleanup_free_ size_t *w = column_widths(t);

	for (size_t i = 0; i < t->cells.n; i++) {
		size_t col = i % t->cols;

		str_add(out, t->cells.v[i]);
		if (col < t->cols - 1)
			pad(out, ' ', w[col] - width(t->cells.v[i]) + 2);
		else
			str_addc(out, '\n');
	}
}
