/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading rc.conf(5) without a shell.
 *
 * FreeBSD sources /etc/rc.conf with sh(1). The file is ours to read, never
 * to run: a pure scanner takes what is an assignment for the shell
 *
 *	name=value   name="value"   name='value'   name=a"b"'c'   a=1 b=2; c=3
 *
 * with comments, backslash escapes, continued lines and values over several
 * lines; a later assignment wins. `$name` and `${name}` stand for what the
 * file itself assigned above. Everything else that a shell would have to be
 * asked about (commands, substitutions, tilde, pipes) is refused with file
 * and line, and nothing of the file is used.
 *
 *	_cleanup_(rcconf_freep) struct rcconf *rc = NULL;
 *	r = rcconf_read_host(&rc, err);
 *	r = rcconf_bool(rc, "pf_enable", false, &pf, err);
 */
#ifndef CONF_RCCONF_H
#define CONF_RCCONF_H

#include "base/array.h"
#include "base/err.h"
#include "base/map.h"
#include "base/str.h"

#define RCCONF_PATH "/etc/rc.conf"
/* Read after it, if it is there; what it assigns wins. */
#define RCCONF_LOCAL_PATH "/etc/rc.conf.local"
/* A larger file is refused, and a longer value (they can grow by $name). */
#define RCCONF_SIZE_MAX (1024 * 1024)
#define RCCONF_VALUE_MAX (64 * 1024)

struct rcconf_var {
	char *name;
	char *value;
	const char *file; /* where it was last assigned, for messages */
	unsigned int line;
	size_t start, end; /* that "name=value" in the file, in bytes */
};

struct rcconf {
	struct map vars;   /* of struct rcconf_var, in order of assignment */
	struct strv files; /* the names that `file` above points to */
};

/* An empty one. */
struct rcconf *rcconf_new(void);
void rcconf_free(struct rcconf *rc);
void rcconf_freep(struct rcconf **rc);

/*
 * Add what `text` assigns to `rc`; `file` is the name for messages. Pure.
 * -EINVAL with "FILE:LINE: reason" and `rc` unchanged if any of it is
 * refused.
 */
int rcconf_parse(struct rcconf *rc, const char *file, const char *text,
    size_t len, struct err *err);

/* Read one file. -ENOENT if there is none. */
int rcconf_read(struct rcconf *rc, const char *path, struct err *err);

/* The host's: /etc/rc.conf, then /etc/rc.conf.local; one that is missing
 * counts as empty. */
int rcconf_read_host(struct rcconf **ret, struct err *err);

/* NULL if it was never assigned. Borrowed. */
const struct rcconf_var *rcconf_find(const struct rcconf *rc, const char *name);

/* The value, or `def` if it was never assigned. Borrowed. */
const char *rcconf_get(
    const struct rcconf *rc, const char *name, const char *def);

/*
 * YES, TRUE, ON, 1 and NO, FALSE, OFF, 0 in any case, as rc.subr(8) has
 * them; `def` if unset or empty. -EINVAL with file and line for other words.
 */
int rcconf_bool(const struct rcconf *rc, const char *name, bool def, bool *ret,
    struct err *err);

/*
 * What rc.conf(5) has where the file says nothing: FreeBSD's defaults of the
 * variables that gaol reads. NULL for all others.
 */
const char *rcconf_default(const char *name);

/*
 * The file's text with `name` assigned: the last assignment is replaced where
 * it stands, or a line added at the end; `value` NULL takes it out. All else
 * stays byte for byte. -EINVAL if the text is refused or the name is none.
 */
int rcconf_edit(const char *file, const char *text, size_t len,
    const char *name, const char *value, struct str *ret, struct err *err);

/* The same on a file, which is replaced as a whole and keeps its mode, or
 * made (0644) if there is none. */
int rcconf_write(
    const char *path, const char *name, const char *value, struct err *err);

/* Set an error that begins with the place of `var`; returns -code. */
int rcconf_err(struct err *err, int code, const struct rcconf_var *var,
    const char *fmt, ...) _printf_(4, 5);

#endif
