/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing JSON. One writer for every --json: pretty-printed with 4 blanks,
 * strings checked to be UTF-8 (other bytes become U+FFFD). Misnesting is a
 * BUG. Documents for scripts begin with json_begin_doc, which puts the
 * schema's name and version first:
 *
 *	{
 *	    "schema": "gaol.jails", "version": 1, ...
 *
 * (Reading JSON is jansson's, in conf.)
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/str.h"

enum { JSON_DEPTH = 32 };

struct json {
	struct str *out;
	int depth;
	bool comma[JSON_DEPTH]; /* something stands before at this depth */
	char close[JSON_DEPTH]; /* '}' or ']' */
	bool after_key;
};

/* Write into `out`, which outlives the writer. */
void json_init(struct json *j, struct str *out);
/* An open object with "schema" and "version" in it. */
void json_begin_doc(struct json *j, const char *schema, int version);
/* Close everything that is open and end the line. */
void json_end_doc(struct json *j);

void json_open_object(struct json *j);
void json_open_array(struct json *j);
void json_end(struct json *j); /* of either */
void json_key(struct json *j, const char *key);

void json_str(struct json *j, const char *s); /* NULL writes null */
void json_int(struct json *j, int64_t v);
void json_uint(struct json *j, uint64_t v);
void json_bool(struct json *j, bool v);
void json_add_null(struct json *j);

/* Key and value in one. */
void json_kstr(struct json *j, const char *key, const char *s);
void json_kint(struct json *j, const char *key, int64_t v);
void json_kbool(struct json *j, const char *key, bool v);

#endif
