/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine around pf, as far as it decides what becomes of a packet that
 * pf lets through: routes, forwarding, the jails and their addresses, and what
 * listens where. Plain data: on a running host it is read from the kernel
 * (host/host.h), in tests and examples it is written down beside the
 * interfaces, in the same file of facts (pf_facts_new):
 *
 *	route default|NET/LEN [via ADDR] dev IF
 *	forward inet|inet6 on|off	(on, if not said)
 *	jail NAME up|down [ADDR ..]
 *	listen NAME|host tcp|udp ADDR|* PORT [PROGRAM]
 *	listen none			(nothing listens anywhere)
 *	pf off				(disabled: rules are not asked)
 *
 * Without any `listen` line nothing is known of listeners, and nobody is told
 * that none is there. Without any `route` line what is not connected is taken
 * to be behind the only interface that is no loopback.
 *
 * A jail that is up holds its addresses as pf sees them: on the interface
 * they were declared on. In facts, one that no `addr` line has is put on the
 * loopback interface in whose network it lies.
 */
#ifndef PF_MACHINE_H
#define PF_MACHINE_H

#include "pf/sim.h"

struct pf_jail {
	const char *name;
	bool up;
	struct pf_ips addrs; /* as configured, if it is down */
};

/* A socket that waits for connections or datagrams. */
struct pf_listener {
	const char *jail;    /* NULL: the host */
	const char *program; /* NULL: not known */
	uint8_t proto;	     /* 6 or 17 */
	uint8_t af;	     /* AF_INET, AF_INET6; 0: both, by the wildcard */
	union pf_ip ip;	     /* all zero: any address */
	uint16_t port;
};

struct pf_machine {
	struct pf_env *env; /* borrowed */
	struct {
		struct pf_sim_route *v;
		size_t n, cap;
	} routes; /* besides the connected networks */
	struct {
		struct pf_jail *v;
		size_t n, cap;
	} jails;
	struct {
		struct pf_listener *v;
		size_t n, cap;
	} listeners;
	bool listeners_known, routes_known;
	bool forward4, forward6;
	bool pf_off;
	/* Whose socket it is, asked for the one listener that matters; NULL:
	 * nobody can tell more than `program`. */
	const char *(*program)(void *ctx, const struct pf_listener *l);
	void *program_ctx;
};

/* Free the arrays (names are borrowed). */
void pf_machine_clear(struct pf_machine *m);

/* By name; NULL: there is none. */
const struct pf_jail *pf_machine_jail(
    const struct pf_machine *m, const char *name);
/* The jail that has (or, if it is down, would have) this address, or NULL.
 * One that is up comes before one that is down. */
const struct pf_jail *pf_machine_holder(
    const struct pf_machine *m, uint8_t af, const union pf_ip *ip);
/* Who takes what is sent to this address and port of `jail` (NULL: the
 * host), or NULL. */
const struct pf_listener *pf_machine_listener(const struct pf_machine *m,
    const char *jail, uint8_t proto, uint8_t af, const union pf_ip *ip,
    uint16_t port);
/* A loopback interface in whose network the address lies, or NULL. */
const struct pf_if *pf_machine_loopback(
    const struct pf_machine *m, uint8_t af, const union pf_ip *ip);

/* The interface that packets to this address leave by; false: there is none.
 * What is the machine's own goes over a loopback. */
bool pf_machine_route(const struct pf_machine *m, uint8_t af,
    const union pf_ip *dst, const char **ret_if);
/* The host's or a jail's that is up. */
bool pf_machine_is_local(
    const struct pf_machine *m, uint8_t af, const union pf_ip *ip);
/* The only interface that is no loopback, or NULL if there are several. */
const struct pf_if *pf_machine_only(const struct pf_machine *m);

/* What the facts say of the machine; dies with them. */
struct pf_machine *pf_facts_machine(struct pf_facts *f);

#endif
