/* SPDX-License-Identifier: BSD-2-Clause */
/* The arena: a chain of blocks, the newest first. */
#include "base/arena.h"

#include <stdarg.h>

enum { ARENA_ALIGN = 16, ARENA_MIN = 4096, ARENA_MAX = 1 << 20 };

struct arena_block {
	struct arena_block *next;
	size_t size;
	_Alignas(ARENA_ALIGN) char mem[];
};

static void
arena_add_block(struct arena *a, size_t size)
{
	size_t want = a->head ? MIN(a->head->size * 2, (size_t)ARENA_MAX)
			      : (size_t)ARENA_MIN;
	struct arena_block *b;

	want = MAX(want, size);
	b = xcalloc(1, sizeof(*b) + want);
	b->size = want;
	b->next = a->head;
	a->head = b;
	a->used = 0;
	a->total += sizeof(*b) + want;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	void *p;

	if (size > SIZE_MAX / 2)
		BUG("arena_alloc of %zu bytes", size);
	size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (a->head == NULL || a->head->size - a->used < size)
		arena_add_block(a, size);
	p = a->head->mem + a->used;
	a->used += size;
	return p;
}

void *
arena_memdup(struct arena *a, const void *p, size_t size)
{
	void *copy = arena_alloc(a, size);

	if (size > 0)
		memcpy(copy, p, size);
	return copy;
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy = arena_alloc(a, len + 1);

	memcpy(copy, s, len);
	return copy;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_memdup(a, s, strlen(s) + 1);
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *s;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		BUG("bad format '%s'", fmt);
	s = arena_alloc(a, (size_t)n + 1);
	(void)vsnprintf(s, (size_t)n + 1, fmt, again);
	va_end(again);
	return s;
}

void
arena_clear(struct arena *a)
{
	struct arena_block *b = a->head;

	while (b != NULL) {
		struct arena_block *next = b->next;

		free(b);
		b = next;
	}
	*a = (struct arena){ 0 };
}
