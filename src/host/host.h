/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * This host, as pf's engine wants it described: its interfaces with the
 * jails' addresses on them (struct pf_env), and the machine around pf (struct
 * pf_machine: routes, forwarding, jails, what listens). Read from the kernel
 * once; nothing is changed. Works on the network namespace the caller is in.
 *
 *	_cleanup_(host_clear) struct host h = { 0 };
 *
 *	r = host_read(&h, err);			all of it
 *	r = host_read_interfaces(&h, err);	h.env only
 *
 * All strings live in the arena, until host_clear.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "net/net.h"
#include "pf/machine.h"

struct host {
	struct pf_env env;
	struct pf_machine machine; /* its env is the one above */
	struct net_view view;	   /* what they were made from */
	/* Each listener's socket, in the order of machine.listeners. */
	struct {
		uint64_t *v;
		size_t n, cap;
	} inodes;
	char *warning; /* a sentence on what could not be read, or NULL */
	struct arena arena;
};

/* Interfaces, addresses, groups; names, services, users and files by the C
 * library. */
int host_read_interfaces(struct host *h, struct err *err);
/* That and the machine. Whether pf is enabled is left to the caller. */
int host_read(struct host *h, struct err *err);
void host_clear(struct host *h);

/* The functions of an environment by which this host is asked for names,
 * services, users, files and random numbers. Their ctx is not looked at. */
void host_functions(struct pf_env *env);

/* A jail that does not run, by its properties (NULL: none). One that is in
 * the machine already, or whose addresses can't be read, is left out. */
void host_add_jail(struct host *h, const char *name, const char *ip4_addr,
    const char *ip6_addr);

/* The name of a program that has this listener's socket open, in the arena,
 * or NULL. Walks over all processes: for the one that matters. */
const char *host_listener_program(struct host *h, const struct pf_listener *l);

#endif
