/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables for people and for scripts. People get iocage's frame:
 *
 *	+-----+------+
 *	| JID | NAME |
 *	+=====+======+
 *	| 1   | web  |
 *	+-----+------+
 *
 * scripts (-H) get the same cells, one row a line, tabs between, no header.
 * Cells from outside are shown with control characters escaped.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/array.h"
#include "base/str.h"

struct table {
	size_t cols;
	struct strv cells; /* row after row; the first row is the header */
};

/* The header, NULL-terminated. */
void table_init(struct table *t, const char *const *header);
void table_clear(struct table *t);
/* The next cell, left to right; a row is complete after `cols` cells. */
void table_cell(struct table *t, const char *text);
/* Bytes for people: "1.5G". */
void table_cell_size(struct table *t, uint64_t bytes);
void table_cellf(struct table *t, const char *fmt, ...) _printf_(2, 3);
size_t table_rows(const struct table *t); /* without the header */
/* Sort the rows by a column, numbers inside names as numbers (a2 < a10). */
void table_sort(struct table *t, size_t col);

void table_frame(const struct table *t, struct str *out);
void table_tabs(const struct table *t, struct str *out);
/* Plain columns, two blanks between, header in capitals as given. */
void table_plain(const struct table *t, struct str *out);

/* Compare two names with the numbers in them as numbers. */
int natural_cmp(const char *a, const char *b);

#endif
