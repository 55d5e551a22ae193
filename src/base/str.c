/* SPDX-License-Identifier: BSD-2-Clause */
/* The growing string and a few questions about strings. */
#include "base/str.h"

#include <ctype.h>
#include <errno.h>

char str_empty[1];

void
str_init(struct str *s)
{
	*s = (struct str)STR_INIT;
}

void
str_clear(struct str *s)
{
	if (s->cap > 0)
		free(s->buf);
	str_init(s);
}

void
str_reset(struct str *s)
{
	s->len = 0;
	if (s->cap > 0)
		s->buf[0] = '\0';
}

/* Room for `more` bytes and the NUL. */
static void
str_grow(struct str *s, size_t more)
{
	size_t need = s->len + more + 1;
	size_t cap = s->cap ? s->cap : 64;

	if (need <= s->cap)
		return;
	while (cap < need)
		cap *= 2;
	s->buf = xreallocarray(s->cap ? s->buf : NULL, cap, 1);
	s->cap = cap;
}

void
str_addmem(struct str *s, const void *mem, size_t len)
{
	if (len == 0)
		return;
	str_grow(s, len);
	memcpy(s->buf + s->len, mem, len);
	s->len += len;
	s->buf[s->len] = '\0';
}

void
str_add(struct str *s, const char *text)
{
	str_addmem(s, text, strlen(text));
}

void
str_addc(struct str *s, char c)
{
	if (s->len + 1 >= s->cap)
		str_grow(s, 1);
	s->buf[s->len++] = c;
	s->buf[s->len] = '\0';
}

void
str_addu(struct str *s, uint32_t n)
{
	char digits[10];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	str_addmem(s, digits + at, sizeof(digits) - at);
}

void
str_vprintf(struct str *s, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	str_grow(s, 63);
	n = vsnprintf(s->buf + s->len, s->cap - s->len, fmt, ap);
	if (n < 0)
		BUG("bad format '%s'", fmt);
	if ((size_t)n >= s->cap - s->len) {
		str_grow(s, (size_t)n);
		(void)vsnprintf(s->buf + s->len, s->cap - s->len, fmt, again);
	}
	va_end(again);
	s->len += (size_t)n;
}

void
str_printf(struct str *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_vprintf(s, fmt, ap);
	va_end(ap);
}

void
str_cut(struct str *s, size_t len)
{
	if (len > s->len)
		BUG("cut of %zu bytes to %zu", s->len, len);
	s->len = len;
	if (s->cap > 0)
		s->buf[len] = '\0';
}

char *
str_take(struct str *s)
{
	char *buf = s->cap ? s->buf : xstrdup("");

	str_init(s);
	return buf;
}

size_t
str_distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	_cleanup_free_ size_t *row = xcalloc(lb + 1, sizeof(*row));

	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diag = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t same = diag + (a[i - 1] != b[j - 1]);

			diag = row[j];
			row[j] = MIN(MIN(row[j], row[j - 1]) + 1, same);
		}
	}
	return row[lb];
}

const char *
str_nearest(const char *seen, const char *const *words)
{
	const char *best = NULL;
	size_t best_d = strlen(seen) / 3 + 1;

	if (strlen(seen) > 64)
		return NULL;
	for (; *words != NULL; words++) {
		size_t d = str_distance(seen, *words);

		if (d <= best_d && d < strlen(*words) &&
		    (best == NULL || d < best_d)) {
			best = *words;
			best_d = d;
		}
	}
	return best;
}

int
str_to_i64(const char *s, int64_t min, int64_t max, int64_t *ret)
{
	char *end;
	long long v;

	if (!isdigit((unsigned char)s[s[0] == '-']))
		return -EINVAL;
	errno = 0;
	v = strtoll(s, &end, 10);
	if (*end != '\0')
		return -EINVAL;
	if (errno == ERANGE || v < min || v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

static const char size_units[] = "bkmgtp";

int
str_to_size(const char *s, uint64_t *ret)
{
	char *end;
	const char *unit;
	long double v;

	if (!isdigit((unsigned char)s[0]))
		return -EINVAL;
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		return -EINVAL;
	v = strtold(s, &end);
	if (*end != '\0') {
		unit = strchr(size_units, tolower((unsigned char)*end));
		if (unit == NULL || end[1] != '\0')
			return -EINVAL;
		for (; unit > size_units; unit--)
			v *= 1024;
	}
	if (v >= 18446744073709551615.0L)
		return -ERANGE;
	*ret = (uint64_t)v;
	return 0;
}

void
str_add_size(struct str *s, uint64_t bytes)
{
	static const char units[] = "BKMGTPE";
	double v = (double)bytes;
	size_t u = 0;

	while (v >= 999.5 && u + 2 < sizeof(units)) {
		v /= 1024;
		u++;
	}
	if (u > 0 && v < 9.95)
		str_printf(s, "%.1f%c", v, units[u]);
	else
		str_printf(s, "%.0f%c", v, units[u]);
}

/* Length of the UTF-8 character at p, 0 if there is none. */
static size_t
utf8_len(const unsigned char *p)
{
	size_t n = p[0] < 0x80	    ? 1
	    : (p[0] & 0xe0) == 0xc0 ? 2
	    : (p[0] & 0xf0) == 0xe0 ? 3
	    : (p[0] & 0xf8) == 0xf0 ? 4
				    : 0;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* C1 controls are commands to a terminal as well. */
	if (n == 2 && (p[0] < 0xc2 || (p[0] == 0xc2 && p[1] < 0xa0)))
		return 0;
	return n;
}

void
str_add_visible(struct str *s, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p != '\0') {
		size_t n = utf8_len(p);

		if (n == 0 || *p < 0x20 || *p == 0x7f) {
			str_printf(s, "\\x%02x", *p);
			p++;
			continue;
		}
		str_addmem(s, p, n);
		p += n;
	}
}
