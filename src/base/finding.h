/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a check found: each finding says what is wrong, where, why it matters
 * and what to do about it. Whoever looks for something adds to a list, the
 * programs print it.
 *
 *	struct findings all = { 0 };
 *	struct finding *f = finding_add(&all, FINDING_WARNING, "rdr-to-nobody");
 *	finding_at(f, "/etc/pf.conf", 12);
 *	finding_what(f, "rdr to %s, which nobody has", ip);
 *	finding_why(f, "...");
 *	finding_fix(f, "...");
 *	findings_sort(&all);
 *	findings_text(&all, &out);
 *	findings_clear(&all);
 *
 * Sentences begin in lower case and have no full stop. A pointer from
 * finding_add is good until the next one.
 */
#ifndef BASE_FINDING_H
#define BASE_FINDING_H

#include "base/array.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

enum finding_level {
	FINDING_NOTE,	 /* does no harm, but says something that is not so */
	FINDING_WARNING, /* may do something else than was meant */
	FINDING_ERROR,	 /* does not do what it says */
};

struct finding {
	enum finding_level level;
	/* Short, stable name of the kind: for scripts. Not owned. */
	const char *code;
	/* Where: a line of a file, or a thing ("jail mydb", "lo1"). */
	char *file;
	uint32_t line; /* 0: the file as a whole */
	char *thing;
	char *source; /* the line as written, or NULL */
	char *what, *why, *fix;
	bool mended; /* by `gaol check --repair` */
};

struct findings {
	struct finding *v;
	size_t n, cap;
	struct strv unchecked; /* what could not be looked at, and why */
};

struct finding *finding_add(
    struct findings *all, enum finding_level level, const char *code);
void finding_at(struct finding *f, const char *file, uint32_t line);
void finding_thing(struct finding *f, const char *fmt, ...) _printf_(2, 3);
/* It was tried to mend it: with 0 it is, else the fix is the reason why not. */
void finding_mended(struct finding *f, int r, const struct err *e);
void finding_source(struct finding *f, const char *text);
void finding_what(struct finding *f, const char *fmt, ...) _printf_(2, 3);
void finding_why(struct finding *f, const char *fmt, ...) _printf_(2, 3);
void finding_fix(struct finding *f, const char *fmt, ...) _printf_(2, 3);

/* Something could not be looked at: one sentence, with the reason. */
void findings_unchecked(struct findings *all, const char *fmt, ...)
    _printf_(2, 3);

/* By file and line, things behind the files; what is worse comes first where
 * the place is the same. */
void findings_sort(struct findings *all);
void findings_clear(struct findings *all);

/* "error", "warning", "note". */
const char *finding_level_name(enum finding_level level);

/* 0: nothing was found; 1: something that is not mended; 2: not all could be
 * looked at. */
int findings_exit_code(const struct findings *all);

/* For people: a line each, below it (80 columns wide) why and what to do; a
 * last line that counts. */
void findings_text(const struct findings *all, struct str *out);
/* "findings": [...] and "unchecked": [...] into an open object. */
void findings_json(const struct findings *all, struct json *j);

#endif
