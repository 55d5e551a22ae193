/* SPDX-License-Identifier: BSD-2-Clause */
/* The JSON writer. */
#include "base/json.h"

#include <inttypes.h>

void
json_init(struct json *j, struct str *out)
{
	*j = (struct json){ .out = out };
}

static void
newline(struct json *j)
{
	str_addc(j->out, '\n');
	for (int i = 0; i < j->depth; i++)
		str_add(j->out, "    ");
}

/* What stands between this value and the one before. */
static void
before_value(struct json *j)
{
	if (j->after_key) {
		j->after_key = false;
		return;
	}
	if (j->depth == 0)
		return;
	if (j->close[j->depth] == '}')
		BUG("JSON value without a key");
	if (j->comma[j->depth])
		str_addc(j->out, ',');
	j->comma[j->depth] = true;
	newline(j);
}

static void
open_nest(struct json *j, char open, char close)
{
	before_value(j);
	if (j->depth + 1 >= JSON_DEPTH)
		BUG("JSON nested too deeply");
	str_addc(j->out, open);
	j->depth++;
	j->comma[j->depth] = false;
	j->close[j->depth] = close;
}

void
json_open_object(struct json *j)
{
	open_nest(j, '{', '}');
}

void
json_open_array(struct json *j)
{
	open_nest(j, '[', ']');
}

void
json_end(struct json *j)
{
	char close;
	bool filled;

	if (j->depth == 0 || j->after_key)
		BUG("JSON end without a beginning");
	close = j->close[j->depth];
	filled = j->comma[j->depth];
	j->depth--;
	if (filled)
		newline(j);
	str_addc(j->out, close);
}

/* Length of the valid UTF-8 character at p, 0 if there is none. */
static size_t
utf8_valid(const unsigned char *p)
{
	size_t n;
	uint32_t c;

	if (p[0] < 0x80)
		return 1;
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	c = p[0] & (0x7f >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if ((n == 3 && c < 0x800) || (n == 4 && c < 0x10000) || c > 0x10ffff)
		return 0;
	return c >= 0xd800 && c <= 0xdfff ? 0 : n;
}

static void
add_escaped(struct str *out, unsigned char c)
{
	static const char from[] = "\"\\\n\t\r\b\f", to[] = "\"\\ntrbf";
	const char *at = strchr(from, c);

	if (c != '\0' && at != NULL)
		str_printf(out, "\\%c", to[at - from]);
	else
		str_printf(out, "\\u%04x", c);
}

static void
add_string(struct str *out, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	str_addc(out, '"');
	while (*p != '\0') {
		size_t n = utf8_valid(p);

		if (n == 0) {
			str_add(out, "\xef\xbf\xbd");
			p++;
		} else if (*p < 0x20 || *p == '"' || *p == '\\' || *p == 0x7f) {
			add_escaped(out, *p++);
		} else {
			str_addmem(out, p, n);
			p += n;
		}
	}
	str_addc(out, '"');
}

void
json_key(struct json *j, const char *key)
{
	if (j->depth == 0 || j->close[j->depth] != '}' || j->after_key)
		BUG("JSON key '%s' outside an object", key);
	if (j->comma[j->depth])
		str_addc(j->out, ',');
	j->comma[j->depth] = true;
	newline(j);
	add_string(j->out, key);
	str_add(j->out, ": ");
	j->after_key = true;
}

void
json_str(struct json *j, const char *s)
{
	if (s == NULL) {
		json_add_null(j);
		return;
	}
	before_value(j);
	add_string(j->out, s);
}

void
json_int(struct json *j, int64_t v)
{
	before_value(j);
	str_printf(j->out, "%" PRId64, v);
}

void
json_uint(struct json *j, uint64_t v)
{
	before_value(j);
	str_printf(j->out, "%" PRIu64, v);
}

void
json_bool(struct json *j, bool v)
{
	before_value(j);
	str_add(j->out, v ? "true" : "false");
}

void
json_add_null(struct json *j)
{
	before_value(j);
	str_add(j->out, "null");
}

void
json_kstr(struct json *j, const char *key, const char *s)
{
	json_key(j, key);
	json_str(j, s);
}

void
json_kint(struct json *j, const char *key, int64_t v)
{
	json_key(j, key);
	json_int(j, v);
}

void
json_kbool(struct json *j, const char *key, bool v)
{
	json_key(j, key);
	json_bool(j, v);
}

void
json_begin_doc(struct json *j, const char *schema, int version)
{
	json_open_object(j);
	json_kstr(j, "schema", schema);
	json_kint(j, "version", version);
}

void
json_end_doc(struct json *j)
{
	while (j->depth > 0)
		json_end(j);
	str_addc(j->out, '\n');
}
