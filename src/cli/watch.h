/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gaol watch: what its loop and its parts share. Private to the program.
 *
 * There is no state that matters: each part compares what is with what ought
 * to be (pfctl's store, the facts of the jails, the kernel's addresses), and
 * events only say when to look. So it may die and come back at any time.
 *
 * Times are milliseconds of CLOCK_MONOTONIC; WATCH_NEVER is no time.
 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include <poll.h>

#include "cli/cli.h"
#include "jail/jail.h"
#include "nft/nft.h"

#define WATCH_NEVER INT64_MAX

int64_t watch_now(void);
/* The earlier of the two. */
void watch_at(int64_t *due, int64_t when);

/* ---- watch-rules.c: what others do to our tables; addresses ---- */

/* How often we put back what somebody takes away. */
struct watch_patience {
	int64_t last; /* when we last did; 0: never */
	unsigned n;   /* how often, without a quiet minute in between */
	int64_t wait; /* before the next time */
};

/* When may it be done the next time? 0: at once. Pure. */
int64_t watch_patience_until(const struct watch_patience *p);
/* It was done now. */
void watch_patience_note(struct watch_patience *p, int64_t now);

struct watch_rules {
	struct cli *c;
	int events;	       /* of nf_tables */
	int addresses;	       /* events of rtnetlink */
	int64_t check_due;     /* look at our tables */
	int64_t addresses_due; /* look at the addresses */
	int64_t retry_due;     /* the file that did not load at boot */
	int64_t retry_wait;
	int64_t checked; /* when we last looked */
	size_t jails;	 /* that ran at the last look */
	bool looked;	 /* `seen` is what was all right */
	bool restored;	 /* something, by this look */
	bool waiting;	 /* it was said that we wait */
	struct nft_status seen;
	struct nft_event who; /* made the last transaction */
	struct watch_patience patience;
	char *known; /* all addresses, as text */
};

int watch_rules_init(struct watch_rules *w, struct cli *c, struct err *err);
void watch_rules_clear(struct watch_rules *w);
/* Take what the descriptors have to tell. */
int watch_rules_take(struct watch_rules *w, struct err *err);
int64_t watch_rules_due(const struct watch_rules *w);
/* Do what is due. `jails`: how many run, for the guard. */
void watch_rules_run(struct watch_rules *w, size_t jails);

/* ---- watch-jails.c: jails that die ---- */

struct watch_jail {
	char *name;
	int pidfd;   /* of gaol-init; -1: it has ended */
	int cleaner; /* pidfd of the process that clears up; -1: none */
	pid_t cleaner_pid;
	int64_t retry_due; /* clearing up failed */
	int64_t retry_wait;
	bool seen; /* by the last look */
};

struct watch_jails {
	struct cli *c;
	int inotify;
	int dir; /* watch number of JAIL_RUN_DIR; -1: none */
	int64_t due;
	struct watch_jail *v;
	size_t n, cap;
};

int watch_jails_init(struct watch_jails *w, struct cli *c, struct err *err);
void watch_jails_clear(struct watch_jails *w);
/* The descriptors to poll, and what came of it. */
size_t watch_jails_fds(const struct watch_jails *w, struct pollfd *fds);
void watch_jails_take(struct watch_jails *w, const struct pollfd *fds);
int64_t watch_jails_due(const struct watch_jails *w);
void watch_jails_run(struct watch_jails *w);
/* How many run. */
size_t watch_jails_up(const struct watch_jails *w);

#endif
