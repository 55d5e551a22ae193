/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for things that die together: take pieces, free all at once.
 * Pieces are zeroed and aligned for any type; they cannot be freed singly.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/util.h"

struct arena {
	struct arena_block *head;
	size_t used;  /* bytes handed out of the head block */
	size_t total; /* bytes allocated from the system, for the curious */
};

void *arena_alloc(struct arena *a, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
void *arena_memdup(struct arena *a, const void *p, size_t size);
char *arena_printf(struct arena *a, const char *fmt, ...) _printf_(2, 3);
/* Free every piece; the arena is empty and usable again. */
void arena_clear(struct arena *a);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) \
	((type *)arena_alloc((a), sizeof(type) * (size_t)(n)))

#endif
