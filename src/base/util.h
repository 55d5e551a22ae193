/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The few macros and allocation helpers that every file uses.
 *
 * Ownership is written with _cleanup_(): the block that declares a variable
 * releases it, and hands it over, once and visibly, with TAKE_PTR or TAKE_FD.
 */
#ifndef BASE_UTIL_H
#define BASE_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(fmt, first) __attribute__((format(printf, fmt, first)))
#define _noreturn_ __attribute__((noreturn))
#define _unused_ __attribute__((unused))
#define _must_check_ __attribute__((warn_unused_result))

/* Yield the pointer and forget it, so that the cleanup finds NULL. */
#define TAKE_PTR(p)                            \
	({                                     \
		__typeof__(p) take_ptr_ = (p); \
		(p) = NULL;                    \
		take_ptr_;                     \
	})

/* Yield the descriptor and forget it, so that the cleanup finds -1. */
#define TAKE_FD(fd)                  \
	({                           \
		int take_fd_ = (fd); \
		(fd) = -1;           \
		take_fd_;            \
	})

/*
 * A promise of our own was broken: say where and abort. Never for anything
 * that a user, a file or the kernel can cause.
 */
#define BUG(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
_noreturn_ void bug_at(const char *file, int line, const char *fmt, ...)
    _printf_(3, 4);

/* These abort when memory is out; the result is never NULL. */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
/* Like reallocarray(3). */
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
void *xmemdup(const void *p, size_t size);
/* sprintf into fresh memory, owned by the caller. */
char *xasprintf(const char *fmt, ...) _printf_(1, 2);

/* Cleanups: close the descriptor if it is one (errno is kept), free, fclose,
 * closedir. */
void closep(int *fd);
void freep(void *p);
void fclosep(FILE **f);
void closedirp(void *dirp);

#define _cleanup_close_ _cleanup_(closep)
#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_fclose_ _cleanup_(fclosep)
#define _cleanup_closedir_ _cleanup_(closedirp)

static inline bool
streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static inline bool
str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

#endif
