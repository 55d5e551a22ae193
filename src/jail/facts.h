/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The facts file of one jail: what a start has done so far, one line each,
 * in the order in which it was done. jail.h describes the format.
 */
#ifndef JAIL_FACTS_H
#define JAIL_FACTS_H

#include "base/err.h"
#include "base/util.h"

#define FACTS_FORMAT 1

struct fact {
	char *key;
	char *value; /* behind the key, in the same allocation */
};

struct facts {
	int fd; /* open and locked, or -1: only read */
	char *name;
	struct fact *v;
	size_t n, cap;
};

#define FACTS_INIT       \
	{                \
		.fd = -1 \
	}

/* Make the file of a jail that has none, locked: -EEXIST if it has one. */
int facts_create(const char *name, struct facts *ret, struct err *err);

/*
 * Open and lock the file of a jail, and read it. -ENOENT if it has none,
 * -EBUSY if somebody holds the lock.
 */
int facts_open(const char *name, struct facts *ret, struct err *err);

/* Only read it, whoever works on it; *ret_busy tells whether somebody does. */
int facts_peek(
    const char *name, struct facts *ret, bool *ret_busy, struct err *err);

/* Write one more line; the value must not hold a newline (-EINVAL). */
int facts_add(struct facts *f, const char *key, struct err *err,
    const char *fmt, ...) _printf_(4, 5);

/* The value of the last line with this key, or NULL. */
const char *facts_get(const struct facts *f, const char *key);
/* Is there a line "KEY VALUE"? */
bool facts_has(const struct facts *f, const char *key, const char *value);

/* Remove the file: the jail is down. */
int facts_remove(struct facts *f, struct err *err);
/* Close (which unlocks) and forget. */
void facts_clear(struct facts *f);

/* 0, or -EINVAL with a sentence: a name that cannot be a file name here. */
int facts_check_name(const char *name, struct err *err);

#endif
