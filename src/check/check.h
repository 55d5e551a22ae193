/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is this host as it says it is? The faults of a whole system: between
 * rc.conf and the kernel, between pf.conf and the jails behind it, between a
 * jail and the network that it needs. (What can be seen in pf.conf alone is
 * pf's own: pf/lint.h.)
 *
 * Pure: a struct check_system describes the host, and nothing is asked of it.
 * On a running host the program fills it; in tests, and for `gaol check
 * --facts`, it is written down in a file.
 *
 *	check_system(&sys, &found);	adds to a list of findings
 *
 * Findings are base/finding.h's.
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include "base/finding.h"
#include "pf/machine.h"

struct net_plan;

/* What is known of a jail besides its addresses. */
struct check_jail {
	const char *name;
	bool up, boot;	/* it runs; it is to be started at boot */
	struct strv ip; /* as configured: "lo1|192.168.0.2/24" */
	/* Name servers in its resolv.conf; none: the file names none. */
	struct strv resolvers;
	bool resolv_missing; /* it has no resolv.conf */
	/* A resolv.conf beside its root, where it is of no use: the path. */
	const char *resolv_beside;
	bool vnet;	     /* a network of its own: most is not for us */
	bool route4, route6; /* it has a default route */
	bool routes_known;
	uint32_t mtu; /* of its interface, 0: not known */
};

/* A service that boot should start. */
struct check_service {
	const char *name; /* "pf", "iocage" */
	bool known;	  /* whether it is enabled could be found out */
	bool enabled;
};

/* Another program's chain that drops what pf lets through. */
struct check_foreign {
	const char *what; /* a sentence */
	const char *cure; /* commands, one a line; or NULL */
};

struct check_system {
	const struct pf_machine *machine;
	const struct pf_ruleset *rules; /* not optimised; NULL: none */
	const char *rules_file;		/* for what has no line */
	/* rc.conf as a plan; NULL: there is none, or it could not be read. */
	const struct net_plan *plan;
	const char *rc_file;
	bool pf_enable, iocage_enable; /* what it says of these */
	uint32_t pf_line, iocage_line; /* and where; 0: nowhere */
	struct {
		struct check_jail *v;
		size_t n, cap;
	} jails;
	struct {
		struct check_service *v;
		size_t n, cap;
	} services;
	struct {
		struct check_foreign *v;
		size_t n, cap;
	} foreign;
};

/* Free the arrays (strings are borrowed but for those in a strv). */
void check_system_clear(struct check_system *sys);

/* All checks. */
void check_system(const struct check_system *sys, struct findings *all);

#endif
