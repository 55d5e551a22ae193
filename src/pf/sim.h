/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pf as a pure engine: a ruleset, a described box, a packet, and what pf says
 * of it and why. No system call is made: the clock and chance are passed in.
 *
 *	sim = pf_sim_new(&box);
 *	pf_sim_load(sim, "", ruleset);
 *	pf_sim_in(sim, "em0", &packet, &result);	from outside
 *	pf_sim_out(sim, &packet, &result);		made by the box itself
 *	... result.events: each look of pf at the packet, in order
 *	pf_sim_result_clear(&result);
 *
 * A packet passes pf as often as on FreeBSD 12.1: in and out when it is
 * forwarded, out and in over the loopback interface that owns the destination
 * when both ends are the box's own.
 *
 * Rulesets, environments and interface names are borrowed and must outlive
 * the simulator, or the next pf_sim_load of the same anchor.
 */
#ifndef PF_SIM_H
#define PF_SIM_H

#include "pf/pf.h"

/* ---- packets --------------------------------------------------------------- */

/* What an ICMP error quotes: a header and 8 bytes. */
struct pf_quote {
	uint8_t proto;
	union pf_ip src, dst;
	uint16_t sport, dport; /* icmp: the id in both */
	uint8_t icmp_type, icmp_code;
	uint32_t seq; /* tcp */
};

struct pf_packet {
	uint8_t af, proto;
	union pf_ip src, dst;
	uint16_t sport, dport; /* tcp, udp; host order */
	uint8_t flags;	       /* tcp: PF_TH_* */
	uint32_t seq, ack;
	uint16_t win, mss; /* mss 0: the option is not there */
	uint8_t icmp_type, icmp_code;
	uint16_t icmp_id;
	uint32_t len; /* bytes of payload after the transport header */
	uint8_t ttl, tos;
	bool df;
	bool badsum;   /* the transport checksum is wrong */
	uint8_t ipopt; /* bytes of IP options */
	uint16_t ipid;

	/* A fragment: these bytes of the transport segment. */
	bool frag;
	uint16_t frag_off, frag_len;
	bool frag_more;

	bool quotes; /* an ICMP error with a quoted packet */
	struct pf_quote quote;

	/* Not on the wire. */
	uint32_t uid, gid; /* of the socket; PF_ID_UNKNOWN */
	const char *tag;   /* pf's, or NULL */
};

/* ---- what happened ---------------------------------------------------------- */

enum pf_verdict { PF_V_PASS, PF_V_BLOCK, PF_V_HOLD };

enum pf_reason {
	PF_R_MATCH,
	PF_R_BAD_OFFSET,
	PF_R_FRAGMENT,
	PF_R_SHORT,
	PF_R_NORMALIZE,
	PF_R_MEMORY,
	PF_R_TIMESTAMP,
	PF_R_CONGESTION,
	PF_R_IP_OPTION,
	PF_R_CHECKSUM,
	PF_R_STATE_MISMATCH,
	PF_R_STATE_INSERT,
	PF_R_STATE_LIMIT,
	PF_R_SRC_LIMIT,
	PF_R_SYNPROXY,
	PF_R_MAP_FAILED,
	PF_R_COUNT
};

/* "match", "state-mismatch", ...: as pfctl -s info names them. */
const char *pf_reason_name(enum pf_reason r);

enum pf_state_use { PF_S_NONE, PF_S_NEW, PF_S_OLD };

/* One rule that was looked at and matched: see pf_sim_trace. */
struct pf_sim_match {
	const struct pf_rule *rule;
	const struct pf_anchor *anchor;
};

/* One look of pf at a packet. */
struct pf_sim_event {
	enum pf_dir dir;
	const char *ifname;
	struct pf_packet before, after;
	struct pf_packet judged; /* with pf_sim_trace: as the filter saw it */
	enum pf_verdict verdict;
	enum pf_reason reason;
	enum pf_state_use state;
	bool skip;  /* set skip: not evaluated */
	bool taken; /* pf took the packet over: route-to, synproxy */
	const struct pf_rule *rule;	/* that decided; NULL: none */
	const struct pf_anchor *anchor; /* the rule's; NULL: none */
	const struct pf_rule *nat;	/* that translates, or NULL */
	const struct pf_rule *scrub;	/* that normalised, or NULL */
	uint32_t rule_nr, nat_nr;	/* in the list of its kind; nat_nr
					    counts each of nat, rdr, binat */
	size_t match, n_match; /* with pf_sim_trace: which of its matches */
};

/* A packet on the wire, or one that pf sent by itself. */
struct pf_sim_wire {
	const char *ifname;
	union pf_ip via; /* next hop */
	struct pf_packet packet;
};

enum pf_sent_kind { PF_SENT_RST, PF_SENT_ICMP, PF_SENT_SYNACK, PF_SENT_TCP };

struct pf_sim_returned {
	enum pf_sent_kind kind;
	const char *ifname;
	struct pf_packet packet;
	const char *in;		 /* loopback it came back in over, or NULL */
	enum pf_verdict verdict; /* there */
};

enum pf_sim_end {
	PF_E_LOCAL,   /* let in, for the box itself */
	PF_E_SENT,    /* left the box */
	PF_E_BLOCK,   /* dropped by pf */
	PF_E_IN,      /* let in, but neither ours nor forwarded */
	PF_E_HELD,    /* a fragment, synproxy */
	PF_E_UNSEEN,  /* never came to pf */
	PF_E_NOROUTE, /* nowhere to send it */
};

struct pf_sim_result {
	enum pf_sim_end end;
	struct {
		struct pf_sim_event *v;
		size_t n, cap;
	} events;
	struct {
		struct pf_sim_wire *v;
		size_t n, cap;
	} wire;
	struct {
		struct pf_sim_returned *v;
		size_t n, cap;
	} returned;
	/* The stack's own ICMP errors, as pf let them out or not. */
	struct {
		struct pf_sim_event *v;
		size_t n, cap;
	} stack;
	struct pf_packet final; /* LOCAL, SENT, IN: as handed on */
	enum pf_dir at_dir;	/* BLOCK, HELD: where */
	const char *at_if;
	bool refused; /* a local sender was told EACCES */
};

void pf_sim_result_clear(struct pf_sim_result *r);

/* ---- the box ------------------------------------------------------------------ */

struct pf_sim_route {
	union pf_ip net;
	uint8_t af, bits;
	const char *ifname;
	union pf_ip via;
	bool has_via;
};

struct pf_sim_box {
	const struct pf_env *env;	  /* interfaces, addresses, groups */
	const struct pf_sim_route *route; /* besides the connected networks */
	size_t n_route;
	bool forward4, forward6;
	bool directed; /* takes broadcasts to its networks for itself */
};

struct pf_sim;

struct pf_sim *pf_sim_new(const struct pf_sim_box *box);
void pf_sim_free(struct pf_sim *sim);
void pf_sim_freep(struct pf_sim **sim);

/*
 * Use a ruleset: the main one ("" and all anchors in it) or the content of
 * one anchor, which replaces what that anchor had. States stay.
 */
int pf_sim_load(struct pf_sim *sim, const char *anchor,
    const struct pf_ruleset *rs, struct err *err);
/* Empty the lists of an anchor: filter and scrub, or translation. */
void pf_sim_flush_rules(struct pf_sim *sim, const char *anchor);
void pf_sim_flush_nat(struct pf_sim *sim, const char *anchor);
size_t pf_sim_flush_states(struct pf_sim *sim);
/* All of that in the main ruleset, its tables, and `set skip`. */
void pf_sim_flush_all(struct pf_sim *sim);

void pf_sim_enable(struct pf_sim *sim, bool on);

/* Seconds since some start, rising. Expires what is over. */
void pf_sim_clock(struct pf_sim *sim, uint64_t seconds);
uint64_t pf_sim_now(const struct pf_sim *sim);
/* Where random numbers come from; without it a fixed sequence. */
void pf_sim_random(struct pf_sim *sim, uint32_t (*next)(void *arg), void *arg);

/*
 * Write down every translation and filter rule that matches, in the order in
 * which they are asked; those of the last packet, until the next. An event
 * tells which are its own.
 */
void pf_sim_trace(struct pf_sim *sim, bool on);
const struct pf_sim_match *pf_sim_matches(const struct pf_sim *sim);

/* ---- packets through it ----------------------------------------------------------- */

/* From outside, addressed to the box's link. `ret` is filled, not added to. */
void pf_sim_in(struct pf_sim *sim, const char *ifname,
    const struct pf_packet *p, struct pf_sim_result *ret);
/* Made by the box itself. */
void pf_sim_out(
    struct pf_sim *sim, const struct pf_packet *p, struct pf_sim_result *ret);

/* ---- tables and states --------------------------------------------------------------- */

/* The number of addresses that changed, or -ENOENT. */
int pf_sim_table_add(
    struct pf_sim *sim, const char *name, const struct pf_addr *a, uint8_t af);
int pf_sim_table_del(
    struct pf_sim *sim, const char *name, const struct pf_addr *a, uint8_t af);
int pf_sim_table_flush(struct pf_sim *sim, const char *name);
bool pf_sim_table_match(
    struct pf_sim *sim, const char *name, uint8_t af, const union pf_ip *ip);

/* One line a state, as pfctl -s states prints it, in order of creation. */
void pf_sim_states(const struct pf_sim *sim, struct str *out);
size_t pf_sim_state_count(const struct pf_sim *sim);

#endif
