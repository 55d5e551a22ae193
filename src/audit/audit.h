/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gaol-audit: what root in a hostile jail would try, as a table of probes.
 *
 * A static program (musl), which `gaol audit` puts into a throw-away clone of
 * a jail and runs there, once for each probe. It never trusts the jail: all
 * that it needs of the host's side it is told, or asks for.
 *
 *	gaol-audit list			"NAME<TAB>TRIES<TAB>GUARD" for each
 *	gaol-audit run NAME KEY=VALUE..	one probe; its last line of output is
 *					"held WHY", "open WHY" or "absent WHY"
 *	gaol-audit start		the clone's exec_start: leaves one
 *					process that waits, as services do
 *	gaol-audit whoami		see files.c
 *
 * While a probe runs it may say "ask WORD..." on standard output; the host
 * does what the word means and answers with one line on standard input.
 *
 * No probe may do harm where its guard is missing: it stops as soon as it
 * knows that it would get through. A call that would change the host is made
 * with arguments that the kernel refuses only after it has looked at the
 * caller's rights.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include <stddef.h>

enum result {
	HELD,	/* tried and refused */
	OPEN,	/* got through */
	ABSENT, /* cannot be tried here: why */
};

struct audit {
	char **params; /* KEY=VALUE, NULL-terminated */
	char why[200];
};

struct probe {
	const char *name;
	const char *tries; /* what it tries, for people */
	const char *guard; /* what should hold it */
	enum result (*run)(struct audit *a);
};

#define PROBES_END                     \
	{                              \
		NULL, NULL, NULL, NULL \
	}

/* By subject; each ends with PROBES_END. */
extern const struct probe file_probes[], kernel_file_probes[], process_probes[],
    call_probes[], network_probes[], exhaustion_probes[];

/* What the host told: NULL, or 0 for a number, if it did not. */
const char *param(const struct audit *a, const char *key);
long param_number(const struct audit *a, const char *key);

/* Ask the host and return its answer: static, "" if it has none. */
__attribute__((format(printf, 1, 2))) const char *ask(const char *fmt, ...);

/* The result and a reason in a->why. */
__attribute__((format(printf, 3, 4))) enum result conclude(
    struct audit *a, enum result result, const char *fmt, ...);

/*
 * Judge what a system call returned: -1 is HELD with errno's text, ABSENT for
 * ENOSYS and ENODEV; the rest is OPEN.
 */
enum result judge(struct audit *a, long r);
/* The same for a call that was made with wrong arguments: `past` is the errno
 * that only a caller with the right to do it gets. */
enum result judge_past(struct audit *a, long r, int past);
/* The same for a call that the filter answers with ENOSYS: HELD. */
enum result judge_hidden(struct audit *a, long r);

/* Can this file be opened so? Nothing is read or written. */
enum result try_open(struct audit *a, const char *path, int flags);

/* A copy of this program in a new file of the jail's with this mode; 0 or -1.
 */
int copy_self(const char *path, unsigned int mode);

#endif
