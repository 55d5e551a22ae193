/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A growing string. `buf` is always a valid, NUL-terminated C string, also
 * before the first byte was added, so it can be printed at any time; it may
 * hold NUL bytes itself, `len` counts them.
 *
 *	_cleanup_(str_clear) struct str s = STR_INIT;
 *	str_printf(&s, "%s:%d", file, line);
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>

#include "base/util.h"

struct str {
	char *buf;  /* never NULL; the shared empty string while cap == 0 */
	size_t len; /* bytes without the final NUL */
	size_t cap; /* bytes allocated, 0: buf is not ours to free */
};

extern char str_empty[1];
#define STR_INIT                 \
	{                        \
		.buf = str_empty \
	}

void str_init(struct str *s);
/* Free the memory; the string is empty and usable again. */
void str_clear(struct str *s);
/* Empty it, keep the memory. */
void str_reset(struct str *s);
void str_add(struct str *s, const char *text);
void str_addc(struct str *s, char c);
void str_addmem(struct str *s, const void *mem, size_t len);
/* A number in decimal, much sooner than str_printf does it. */
void str_addu(struct str *s, uint32_t n);
void str_printf(struct str *s, const char *fmt, ...) _printf_(2, 3);
void str_vprintf(struct str *s, const char *fmt, va_list ap) _printf_(2, 0);
/* Cut to `len` bytes (BUG if it is shorter). */
void str_cut(struct str *s, size_t len);
/* Hand the buffer over (to be freed by the caller) and leave `s` empty. */
char *str_take(struct str *s);

/* Edit distance, for "did you mean". */
size_t str_distance(const char *a, const char *b);

/*
 * The word of `words` (NULL-terminated) that is nearest to `seen`, or NULL if
 * none is near enough to be what was meant.
 */
const char *str_nearest(const char *seen, const char *const *words);

/* A decimal number that fills the whole string, within [min, max]; 0 or
 * -EINVAL / -ERANGE. */
int str_to_i64(const char *s, int64_t min, int64_t max, int64_t *ret);

/* "10", "64k", "1.5G" (powers of 1024; b k m g t p, any case) to bytes;
 * 0 or -EINVAL / -ERANGE. */
int str_to_size(const char *s, uint64_t *ret);

/* Bytes for people: "1.5G", as FreeBSD's humanize_number prints them. */
void str_add_size(struct str *s, uint64_t bytes);

/* Add `text` with everything that a terminal could take as a command
 * (control characters, bytes that are no UTF-8) as \xNN. */
void str_add_visible(struct str *s, const char *text);

#endif
