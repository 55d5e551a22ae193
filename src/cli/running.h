/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is loaded and running here, for the verbs that reason about it:
 * explain and check. Private to the program.
 */
#ifndef CLI_RUNNING_H
#define CLI_RUNNING_H

#include "cli/cli.h"
#include "host/host.h"

/* The rules that pfctl loaded, and where they were written. */
struct running {
	struct pf_ruleset *rules;  /* not optimised; empty: none are loaded */
	struct pf_ruleset *tables; /* the tables as they are; may be `rules` */
	bool enabled;
	/*
	 * The file they came from, if what it says now is what is loaded;
	 * else "loaded": the lines are those of `pfctl -s loaded`.
	 */
	char *file;
	bool from_file;
	/* What `rules` of a file have from `tables`, and what they had before:
	 * see lend(). */
	struct pf_anchor *last;
	struct pf_table *own;
	struct pf_env env; /* reads that file */
	struct str text;   /* what it reads, if it is "loaded" */
};

/*
 * Read it. The rules of rc.conf's pf_rules are taken as they are written, if
 * they are what is loaded. An error if another program has changed our
 * tables: what holds then is not known.
 */
int running_read(
    const struct pf_env *env, struct running *ret, struct err *err);
void running_clear(struct running *r);

/* The active pool's jails that do not run, into the machine. Without a pool,
 * or without the right to read it, there are none. */
void running_add_jails(struct cli *c, struct host *h);

#endif
