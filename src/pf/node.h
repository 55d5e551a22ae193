/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parser collects before rules are made of it: lists of nodes that
 * live until the statement ends. Private to pf.
 */
#ifndef PF_NODE_H
#define PF_NODE_H

#include "pf/pf.h"

/* An address of a list. Of lists of these the first knows the last. */
struct host {
	uint8_t kind; /* enum pf_addr_kind; never ANY: 0/0 is IP with 0 bits */
	uint8_t af;   /* 0: fits both */
	uint8_t bits; /* may be more than 32 with IPv4: found out later */
	uint8_t mods;
	bool neg;
	uint32_t ifindex;   /* scope of a link-local address, 0: none */
	const char *name;   /* TABLE, DYN */
	const char *ifname; /* of a route, or NULL */
	union pf_ip ip, last;
	struct host *next, *tail;
};

struct if_node {
	const char *name;
	bool neg, dynamic, loopback;
	struct if_node *next;
};

struct proto_node {
	uint8_t proto;
	struct proto_node *next;
};

struct port_node {
	struct pf_ports port;
	struct port_node *next;
};

struct os_node {
	const char *name;
	struct os_node *next;
};

struct id_node {
	struct pf_ids ids;
	struct id_node *next, *tail;
};

struct icmp_node {
	int16_t type, code; /* -1: none */
	uint8_t proto;
	struct icmp_node *next;
};

enum state_opt_kind {
	ST_MAX,
	ST_NO_SYNC,
	ST_TRACK,
	ST_MAX_SRC_STATES,
	ST_MAX_SRC_CONN,
	ST_MAX_SRC_CONN_RATE,
	ST_OVERLOAD,
	ST_MAX_SRC_NODES,
	ST_LOCK,
	ST_SLOPPY,
	ST_TIMEOUT,
};

/* Those of set state-defaults live as long as the ruleset. */
struct state_opt {
	uint8_t kind;
	uint8_t tm;	    /* ST_TIMEOUT */
	uint8_t track;	    /* ST_TRACK: enum pf_srctrack */
	bool if_bound;	    /* ST_LOCK */
	bool flush, global; /* ST_OVERLOAD */
	uint32_t value, seconds;
	const char *table;
	struct state_opt *next;
};

struct filter_opts {
	struct id_node *users, *groups;
	struct icmp_node *icmps;
	struct state_opt *state;
	const char *label, *tag, *tagged, *queue, *pqueue;
	uint32_t prob;
	uint16_t divert;
	int16_t rtable, prio, set_prio[2]; /* -1: not given */
	uint8_t flags, flagset, tos, keep;
	bool has_flags, has_icmp, has_tos, has_keep, tagged_not;
	bool fragment, allow_opts;
};

#endif
