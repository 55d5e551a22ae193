/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The error object: the sentence for the person, beside the negative errno
 * for the caller.
 *
 * A function that can fail returns 0 (or a count) or a negative errno and
 * takes `struct err *err` last. Whoever finds the failure sets the sentence,
 * with what, where, why and, if there is one, the next step; lower case, no
 * full stop, no program name. A layer above wraps once, only to add a fact.
 * Nobody but the programs (cli, pfctl, libexec) prints.
 *
 *	r = pool_read_manifest(pool, err);
 *	if (r < 0)
 *		return err_wrap(err, r, "pool '%s'", name);
 *
 * A struct err is a plain value (`struct err err = { 0 };`) without heap
 * memory: nothing to free, and it crosses a pipe as it is. A NULL err is
 * allowed everywhere: the caller does not want the sentence.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/util.h"

#define ERR_MSG_MAX 1024

struct err {
	int code;	       /* positive errno, 0: no error */
	char msg[ERR_MSG_MAX]; /* the sentence, cut when too long */
};

/* Set a sentence of our own with a code: err_set(err, EEXIST, "jail '%s'..").
 * Returns -code. */
int err_set(struct err *err, int code, const char *fmt, ...) _printf_(3, 4);

/* The same for a system call that just failed: the sentence ends in
 * ": strerror(errno)". Returns -errno. */
int err_errno(struct err *err, const char *fmt, ...) _printf_(2, 3);

/* The same with the code given instead of errno (code may be negative, as it
 * came from a function of ours that sets no sentence). */
int err_code(struct err *err, int code, const char *fmt, ...) _printf_(3, 4);

/* Put "fact: " before the sentence and return r unchanged. */
int err_wrap(struct err *err, int r, const char *fmt, ...) _printf_(3, 4);

void err_clear(struct err *err);

/* A static analyser sees one file at a time: tell it what comes back. */
#if defined(__clang_analyzer__) && !defined(ERR_C)
#define err_set(...) ((void)err_set(__VA_ARGS__), -1)
#define err_errno(...) ((void)err_errno(__VA_ARGS__), -1)
#define err_code(...) ((void)err_code(__VA_ARGS__), -1)
#define err_wrap(err, r, ...) ((void)err_wrap((err), (r), __VA_ARGS__), (r))
#endif

#endif
