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
 * What is not known (NULL, a `known` that is false) is not held against the
 * host. Findings are base/finding.h's.
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include "base/finding.h"
#include "conf/rcconf.h"
#include "net/net.h"
#include "pf/machine.h"

/* A jail, besides its addresses, which are in the machine. */
struct check_jail {
	const char *name;
	bool up;
	bool boot;	       /* the property: started at boot */
	const char *ip4, *ip6; /* ip4_addr, ip6_addr as configured, or NULL */
	bool resolv_known;     /* its resolv.conf was looked for */
	bool resolv_missing;
	struct strv resolvers; /* name servers in it */
	/* A resolv.conf beside its root, where it is of no use: the path. */
	const char *beside;
	bool routes_known;
	bool route4, route6; /* it has a default route */
	uint32_t mtu;	     /* of its interface, 0: not known */
};

/* A script or unit of the boot. */
struct check_service {
	const char *name; /* "pf", "iocage", "gaol-network" */
	bool enabled;
};

/* Another program's chain that drops what pf lets through. */
struct check_foreign {
	const char *what; /* a sentence */
	const char *cure; /* commands, one a line; or NULL */
};

enum check_pf {
	CHECK_PF_UNKNOWN,
	CHECK_PF_NONE,	  /* no rules of ours are in the kernel */
	CHECK_PF_OFF,	  /* they are, and pf is disabled */
	CHECK_PF_ON,	  /* enabled, and what the file says */
	CHECK_PF_OTHER,	  /* enabled, and the file says something else */
	CHECK_PF_DRIFTED, /* another program has changed our tables */
};

struct check_system {
	const struct pf_machine *machine;
	const struct pf_ruleset *rules; /* not optimised; NULL: none */
	const struct pf_env *env;	/* gives the rules' file; or NULL */
	const char *rules_file;
	enum check_pf pf;
	const struct rcconf *rc;     /* rc.conf; NULL: not known */
	const struct net_plan *plan; /* its network; NULL: not known */
	struct {
		struct check_jail *v;
		size_t n, cap;
	} jails;
	struct {
		struct check_service *v;
		size_t n, cap;
	} services; /* those whose state is known */
	struct {
		struct check_foreign *v;
		size_t n, cap;
	} foreign;
	/* What else changes what pf sees; lists of words, "" or NULL: none. */
	const char *legacy;  /* tables of iptables-legacy in use */
	const char *helpers; /* conntrack helpers that rules attach */
	bool bridge_filter;  /* bridges show their packets to pf */
};

/* Free the arrays (strings are borrowed but for those in a strv). */
void check_system_clear(struct check_system *sys);

/* By name; made if it is not there. The pointer is good until the next. */
struct check_jail *check_jail(struct check_system *sys, const char *name);

/* All checks, pf's lint of the rules among them. */
void check_system(const struct check_system *sys, struct findings *all);

/*
 * A system written down: the lines of a file of facts (pf.h, machine.h), and
 *
 *	rc NAME=VALUE			a line of rc.conf
 *	config JAIL [IF|]ADDR[/LEN]	its ip4_addr or ip6_addr
 *	boot JAIL			it is to be started at boot
 *	resolver JAIL ADDR ..|missing	its resolv.conf
 *	beside JAIL PATH		a resolv.conf beside its root
 *	inside JAIL mtu N|noroute	its interface; it has no default route
 *	service NAME enabled|disabled	a script of the boot
 *	loaded none|off|on|other|drifted	pf's rules in the kernel
 *	foreign SENTENCE		a chain of another program drops
 *	legacy TABLE...			of iptables-legacy, in use
 *	helpers NAME...			of conntrack, attached by somebody
 *	bridge-filter			net.bridge.bridge-nf-call-iptables is on
 */
struct check_facts {
	struct check_system sys;
	struct pf_facts *pf;
	struct rcconf *rc;
	struct net_plan plan;
	struct arena arena;
};
int check_facts_read(const char *text, const char *name,
    struct check_facts *ret, struct err *err);
void check_facts_clear(struct check_facts *f);

#endif
