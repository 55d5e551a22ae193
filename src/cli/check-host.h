/* SPDX-License-Identifier: BSD-2-Clause */
/* This host as `gaol check` looks at it. Private to the program. */
#ifndef CLI_CHECK_HOST_H
#define CLI_CHECK_HOST_H

#include "check/check.h"
#include "cli/running.h"
#include "nft/foreign.h"

struct check_host {
	struct check_system sys;
	struct host host;
	struct rcconf *rc;
	struct net_plan plan;
	struct pf_ruleset *rules; /* of the file */
	char *rules_file;
	struct arena arena; /* texts */
};

/*
 * Read it. What is broken so that it cannot be read (rc.conf, pf.conf) is a
 * finding, and what may not be read goes to the list's `unchecked`; an error
 * only if the kernel itself cannot be asked. `file` NULL is what rc.conf's
 * pf_rules says.
 */
int check_host_read(struct cli *c, const char *file, struct check_host *ret,
    struct findings *all, struct err *err);
void check_host_clear(struct check_host *h);

/* The rules of a file, as written, into *ret; what is wrong with them is a
 * finding, and *ret stays NULL. */
void check_load_rules(const char *file, const struct pf_env *env,
    struct pf_ruleset **ret, struct findings *all);

/* check-jails.c: configuration and files of all jails. */
void check_read_jails(
    struct cli *c, struct check_host *h, struct findings *all);
/* check-foreign.c: other programs' chains in the way of jails' packets. */
void check_read_foreign(struct check_host *h, struct findings *all);

#endif
