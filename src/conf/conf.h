/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a jail is set to: the table of properties, and config.json.
 *
 * Every property of iocage's, and gaol's own, is one row of one table. `get`,
 * `set`, `create`, `start`, validation and documentation read the row, so
 * that they agree. What Linux answers to a property is one of three words:
 * enforced; accepted (kept for round trips, with one warning at start when it
 * is not at its default); refused (it cannot be set to anything but its
 * default, and the reason is said).
 *
 * Values are text in their canonical form: booleans are "0" and "1".
 *
 * A jail's config.json is thin: it holds what differs from defaults.json,
 * which holds what differs from (or repeats) the built-in defaults. Unknown
 * keys, and values of any JSON type in them, are kept as they are. Files are
 * UTF-8, 4 blanks of indent, keys sorted, as iocage writes them.
 *
 * Reading is pure but for the file itself, and writes nothing.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include "base/array.h"
#include "base/err.h"
#include "base/util.h"

/* ---- the table (props.c) ---- */

enum conf_type {
	CONF_TEXT,   /* anything printable on one line */
	CONF_BOOL,   /* on/off, yes/no, true/false, 1/0 */
	CONF_INT,    /* a whole number, min to max */
	CONF_CHOICE, /* one of `choices` */
	CONF_SIZE,   /* "none" or 512M, 8G */
	CONF_LIMIT,  /* "off" or ACTION=AMOUNT: deny=512M */
};

enum conf_answer {
	CONF_ENFORCED,
	CONF_ACCEPTED,
	CONF_REFUSED,
};

enum conf_when {
	CONF_START,  /* at the next start */
	CONF_BOOT,   /* at the next boot, or `start --rc` */
	CONF_NOW,    /* at once: gaol reads it each time */
	CONF_RECORD, /* gaol's own bookkeeping; not for users to set */
};

struct conf_prop {
	const char *name;
	enum conf_type type;
	const char *def;	    /* the built-in default, canonical */
	int64_t min, max;	    /* CONF_INT */
	const char *const *choices; /* CONF_CHOICE; NULL-terminated */
	enum conf_when when;
	enum conf_answer answer;
	const char *text; /* one sentence: what it means on Linux */
	const char *why;  /* accepted, refused: why; NULL when enforced */
	/* A further rule for a canonical value, or NULL. */
	int (*check)(const char *value, struct err *err);
};

/* All rows, sorted by name. */
const struct conf_prop *conf_props(size_t *ret_n);
/* NULL if there is none of that name. */
const struct conf_prop *conf_prop_find(const char *name);

/* -EINVAL and the sentence for a name that is no property: the nearest one. */
int conf_prop_unknown(const char *name, struct err *err);

const char *conf_type_name(enum conf_type type);
const char *conf_answer_name(enum conf_answer answer);
const char *conf_when_name(enum conf_when when);

/* ---- values (value.c, pure) ---- */

/*
 * Check a value that a user wants for a property and make it canonical
 * ("yes" is "1"). Refused are unknown properties (the nearest name is said),
 * values out of range, bookkeeping, and what Linux cannot do. The caller frees
 * *ret.
 */
int conf_value_check(
    const char *name, const char *value, char **ret, struct err *err);

/* The same for a value that stands in a file: bookkeeping is allowed, unknown
 * properties are fine. Called before a start. */
int conf_value_recheck(const char *name, const char *value, struct err *err);

/* "NAME=VALUE" into its halves; *ret_name is the caller's to free, the value
 * points into `word`. */
int conf_assignment(
    const char *word, char **ret_name, const char **ret_value, struct err *err);

/* A CONF_LIMIT value. */
struct conf_limit {
	char action[16]; /* "deny", "throttle", ...; "" is off */
	uint64_t amount;
};
int conf_limit_parse(
    const char *value, struct conf_limit *ret, struct err *err);

/* May a jail be called this? [A-Za-z0-9][A-Za-z0-9._-]*, at most 63 bytes,
 * none of the words that verbs give a meaning (default, help, ALL). */
int conf_name_check(const char *name, struct err *err);
/* The name with each '.' as '_': two jails whose names agree in this form
 * cannot be told apart by the kernel's tools. Caller frees. */
char *conf_name_fold(const char *name);

/* ---- config.json (conf.c) ---- */

struct conf; /* one config.json or defaults.json */

#define CONF_FILE "config.json"
#define CONF_DEFAULTS_FILE "defaults.json"

/* An empty one. */
struct conf *conf_new(void);
struct conf *conf_free(struct conf *conf);
void conf_freep(struct conf **conf);

/*
 * Parse a text. `what` begins the sentence, which names line and column. Known
 * properties must be text, whole numbers or booleans; their values are not
 * judged here.
 */
int conf_parse(const char *text, size_t len, const char *what,
    struct conf **ret, struct err *err);

/* Read a file of at most 1 MiB below dirfd; -ENOENT if there is none. */
int conf_read(int dirfd, const char *file, const char *what, struct conf **ret,
    struct err *err);

/* Replace the file (write, fsync, rename). */
int conf_write(
    int dirfd, const char *file, const struct conf *conf, struct err *err);

/* The text that conf_write writes; the caller frees it. */
char *conf_text(const struct conf *conf);

/* What the file itself says, or NULL. Borrowed until the key is set again. */
const char *conf_own(const struct conf *conf, const char *name);
/* Set a canonical value, or remove it. */
void conf_put(struct conf *conf, const char *name, const char *value);
void conf_remove(struct conf *conf, const char *name);

/* The keys of a file that are no property, sorted. */
void conf_unknown(const struct conf *conf, struct strv *ret);

/* The value that counts: the jail's, else defaults.json's, else the built-in
 * one; NULL only for a name that is no property and in neither file. Either
 * file may be NULL. */
const char *conf_get(
    const struct conf *jail, const struct conf *defaults, const char *name);
bool conf_get_bool(
    const struct conf *jail, const struct conf *defaults, const char *name);
/* A CONF_INT; a value that is no number counts as the built-in default. */
int64_t conf_get_int(
    const struct conf *jail, const struct conf *defaults, const char *name);

/* Add every built-in default that it lacks: a whole defaults.json. */
void conf_fill(struct conf *conf);

/*
 * Before a start: judge every value of a jail. The first that is wrong or
 * refused is the error; `warn` is told one sentence for each that is accepted
 * without effect.
 */
int conf_check(const struct conf *jail, const struct conf *defaults,
    void (*warn)(void *arg, const char *sentence), void *arg, struct err *err);

#endif
