/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting and stopping jails as verbs do it: from the configuration, with
 * what they depend on, one or many. Private to the program. */
#ifndef CLI_LIFE_H
#define CLI_LIFE_H

#include "cli/jails.h"
#include "net/net.h"

/*
 * Start a jail, those it depends on first, and print iocage's lines. With
 * c->plan the steps are printed and nothing is done. A jail that is up is an
 * error (EALREADY).
 */
int cli_start(struct cli *c, const char *name, struct err *err);

/* What jail_start wants, with what it borrows: made of a jail's properties,
 * which must outlive it. Clear it also when the making failed. */
struct cli_spec {
	struct jail_spec spec;
	struct net_jail_addrs addrs;
	char *init_path;
};

int cli_spec_make(struct cli *c, const struct cli_jail *jail,
    struct cli_spec *ret, struct err *err);
void cli_spec_clear(struct cli_spec *s);

/* Stop a jail, or clear what a killed start left; force: no hooks. One that
 * is down is an error (ESRCH). */
int cli_stop(struct cli *c, const char *name, bool force, struct err *err);

/* The same for a jail that the caller has opened with its lock. */
int cli_stop_locked(
    struct cli *c, const char *name, bool force, struct err *err);

/* Is it up? With `start` it is started if not; else ESRCH. For console, exec. */
int cli_ensure_running(
    struct cli *c, const char *name, bool start, struct err *err);

/* What a jail is set to, as the engine wants it; borrows from `jail`. Name,
 * settings and hooks, but neither descriptors nor addresses. */
void cli_spec_fill(struct jail_spec *spec, const struct cli_jail *jail);

/* Which jails a command line means. */
struct cli_choice {
	int argc; /* the words, or the one word ALL */
	char **argv;
	bool rc;	/* --rc: those with boot=on */
	bool backwards; /* the order of stop */
	bool running;	/* of ALL and --rc, take those that are up; else
			   those that are not */
};

/*
 * The names, in order. Words are looked up before anything is done, so that a
 * wrong one changes nothing.
 */
int cli_choose(struct cli *c, const struct cli_choice *choice,
    struct strv *ret_names, struct err *err);

/*
 * Do something with each. A failure is printed and the others still have
 * their turn; the result is then -EIO and counts the failures, or with
 * `ignore` 0. A single name's failure is the result itself.
 */
typedef int cli_action(
    struct cli *c, const char *name, const void *arg, struct err *err);
int cli_each(struct cli *c, const struct strv *names, bool ignore,
    cli_action *action, const void *arg, struct err *err);

/* `start --rc`, for boot. */
int cli_start_boot(struct cli *c, struct err *err);

#endif
