/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Growing arrays, typed by macro.
 *
 *	struct words { char **v; size_t n, cap; };
 *	struct words w = { 0 };
 *	*array_add(&w) = xstrdup("x");		(memory of the new one is zero)
 *	for (size_t i = 0; i < w.n; i++) ...
 *	array_clear(&w);			(the elements' own memory is yours)
 *
 * Any struct with the members v, n, cap is an array; n == cap == 0 and
 * v == NULL is the empty one. A pointer to an element is good until the next
 * array_add.
 */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include "base/util.h"

/* Make room for one more element of `size` bytes; used by array_add. */
void *array_grow(void *v, size_t n, size_t *cap, size_t size);

/* Pointer to a new, zeroed element at the end. */
#define array_add(a)                                                      \
	((a)->v = array_grow((a)->v, (a)->n, &(a)->cap, sizeof(*(a)->v)), \
	    &(a)->v[(a)->n++])

#define array_clear(a)                 \
	do {                           \
		free((a)->v);          \
		(a)->v = NULL;         \
		(a)->n = (a)->cap = 0; \
	} while (0)

/* A list of owned strings. */
struct strv {
	char **v;
	size_t n, cap;
};

void strv_add(struct strv *sv, const char *s);
/* The list takes the string over. */
void strv_add_owned(struct strv *sv, char *s);
void strv_clear(struct strv *sv);
bool strv_has(const struct strv *sv, const char *s);
/* The NULL-terminated form that exec and others want: adds a NULL behind the
 * last element (not counted in n). */
char **strv_argv(struct strv *sv);
/* Split at any byte of `seps`; empty pieces are left out. */
void strv_split(struct strv *sv, const char *text, const char *seps);

#endif
