/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel side of pf: its tables in nf_tables, and the entries of
 * conntrack that are pf's states. Works on the network namespace the caller
 * is in. What the rules are is none of this module's business: it gets them
 * as data (nft/rule.h) from pf's lowering.
 *
 * ---- what stands in the kernel ----
 *
 * `table inet pf` holds nearly all; `table ip pf` and `table ip6 pf` hold what
 * the inet family has no expression for. Base chains are made once and never
 * deleted, and end in an explicit rule; a load empties and refills them in
 * one transaction, so that no packet ever meets half a ruleset. Disabled (as
 * by `pfctl -d`), the tables stay and sleep (the dormant flag).
 *
 * Each load writes a struct nft_stamp beside a rule: who loaded what. That is
 * how a ruleset in the kernel and its text on disk are tied together: if the
 * stamp is gone or another's, somebody else changed our tables.
 *
 * A pf state is two bits on a conntrack entry: see nft/rule.h.
 */
#ifndef NFT_NFT_H
#define NFT_NFT_H

#include "base/err.h"
#include "nft/batch.h"
#include "nft/rule.h"

/* What a load leaves in the kernel. */
struct nft_stamp {
	char magic[4];	    /* "gaol" */
	uint32_t version;   /* NFT_LABEL_VERSION */
	uint64_t load_id;   /* random, of this load */
	uint32_t next_rule; /* first rule number not yet used */
	uint32_t weight;    /* rules and references to chains, all tables */
};

/* What is in the kernel now. */
struct nft_status {
	bool present; /* our tables are there */
	bool enabled; /* .. and not dormant */
	bool stamped; /* `stamp` is what the last load left */
	struct nft_stamp stamp;
	uint32_t weight; /* as it is now */
	uint32_t genid;	 /* of nf_tables when this was read */
};

/* Read the state of our tables. Nothing there is no error. */
int nft_status_read(struct nft_status *ret, struct err *err);

/* Was the ruleset changed by somebody else since the load? */
bool nft_status_drifted(const struct nft_status *s);

/* A whole ruleset for the kernel. */
struct nft_load {
	const struct nft_table *table;
	size_t n_table;
	struct nft_stamp stamp; /* magic and n_rule are filled in here */
	bool enable; /* and wake the tables up in the same transaction */
};

/*
 * Replace our tables' content in one transaction. Whether they are enabled
 * stays as it is (unless `enable`), and tables that are not there yet are made
 * dormant. If others change nf_tables at the same time it is tried again. On
 * an error the old rules stand.
 *
 * The last rule of the first table carries the stamp: it is in NFT_PF_STAMP.
 */
int nft_load_commit(struct nft_load *load, struct err *err);

/* Wake the tables up or put them to sleep, all at once. Without tables:
 * -ENOENT. */
int nft_enable(bool on, struct err *err);

/* Delete our tables. Nothing there is no error. */
int nft_remove(struct err *err);

/* A counter of our inet table, by its name. */
struct nft_counter {
	const char *name;
	uint64_t packets, bytes; /* 0 if there is no such counter */
};
/* Read them; `reset`: and begin all of the table's again from 0. */
int nft_counters_read(
    struct nft_counter *counter, size_t n, bool reset, struct err *err);

/* What the rules counted, in no order; a rule may be there several times. */
struct nft_rule_count {
	uint32_t rule; /* its number; of a rule of an earlier load, too */
	enum nft_count what;
	uint64_t packets, bytes; /* NFT_COUNT_MADE: states in `packets` */
};
struct nft_rule_counts {
	struct nft_rule_count *v;
	size_t n, cap;
};
/* Without our table there are none. The caller array_clears it. */
int nft_rule_counts_read(struct nft_rule_counts *ret, struct err *err);

/* ---- who changes nf_tables ---- */

/* The end of a transaction, of whoever. */
struct nft_event {
	int pid;       /* 0: not known */
	char comm[32]; /* the program's name as it says it; "": not known */
};

/* A descriptor to poll that becomes readable after each transaction in this
 * network namespace, ours too. The caller closes it. */
int nft_events_open(struct err *err);
/* Take all that has come: 1 and the last of them, or 0 if there is none. */
int nft_events_read(int fd, struct nft_event *ret, struct err *err);

/* ---- the sets of interfaces' addresses ---- */

/* An address as pf counts it: a jail's belongs to the interface that it was
 * declared on. */
struct nft_addr {
	char ifname[16]; /* pf's name: lo0, lo1, em0 */
	bool loopback;	 /* that interface is lo0 or a cloned loopback */
	uint8_t family;	 /* AF_* */
	uint8_t plen;
	uint8_t addr[16], broadcast[16], peer[16];
	bool has_broadcast, has_peer;
};
struct nft_addrs {
	struct nft_addr *v;
	size_t n, cap;
};

/*
 * Fill in the elements of those of `set` that are sets of addresses by their
 * names (nft/rule.h), in the order of `addrs` for ":0". The elements live in
 * `arena`.
 */
struct arena;
void nft_addr_sets_fill(struct nft_set *set, size_t n_set,
    const struct nft_addrs *addrs, struct arena *arena);

/*
 * Make all such sets of the loaded rules what `addrs` says, in one
 * transaction: after a jail started or stopped, or an address changed.
 * Without our table nothing is done.
 */
int nft_addrs_sync(const struct nft_addrs *addrs, struct err *err);

/*
 * Replace the elements of sets of our inet table, in one transaction. Sets
 * that the loaded rules do not have are left out; what stays is never missed
 * by a packet.
 */
int nft_sets_replace(const struct nft_set *set, size_t n_set, struct err *err);

struct nft_elems {
	struct nft_elem *v;
	size_t n, cap;
};
/* What is in a set of our inet table now; a set that is not there is empty.
 * The caller clears the array. */
int nft_set_elems(const char *set, struct nft_elems *ret, struct err *err);

/* ---- states (conntrack) ---- */

struct nft_tuple {
	uint8_t family, proto; /* AF_*, IPPROTO_* */
	uint8_t src[16], dst[16];
	uint16_t sport,
	    dport; /* host's order; icmp: id, and type << 8 | code */
};

struct nft_state {
	struct nft_tuple orig, reply;
	uint32_t label[4];
	uint8_t tcp_state; /* TCP_CONNTRACK_* */
	bool seen_reply, assured;
	uint32_t timeout;	       /* seconds left */
	uint64_t start;		       /* ns since the epoch, 0: unknown */
	uint64_t packets[2], bytes[2]; /* of orig and reply */
	uint32_t id;
};
struct nft_states {
	struct nft_state *v;
	size_t n, cap;
};

/* All entries with one of our state bits, in the kernel's order. */
int nft_state_list(struct nft_states *ret, struct err *err);
void nft_states_clear(struct nft_states *s);

/*
 * Give a TCP connection from outside to this host, which was there before our
 * rules were, a state: its entry of before (if any) has no room for a label,
 * so a new one takes its place. 1: done; 0: it has a state already.
 */
int nft_state_adopt(const struct nft_tuple *conn, struct err *err);

/*
 * Delete entries. `kill` is asked for each entry of conntrack, ours or not
 * (label all zero: not ours). The number of deleted ones is the result.
 */
int nft_state_kill(bool (*kill)(const struct nft_state *s, void *arg),
    void *arg, struct err *err);

/*
 * Set bits in the third word of entries' labels: those that `bits` has for an
 * entry, which is asked for each. Bits of a label are never cleared.
 */
int nft_state_mark(uint32_t (*bits)(const struct nft_state *s, void *arg),
    void *arg, struct err *err);

/* ---- sources ---- */

/* Whose the state of `bit` is, as pf sees him: before the translation of an in
 * rule's, after that of an out rule's. IPv4 is ::ffff:a.b.c.d. */
void nft_state_source(const struct nft_state *s, uint32_t bit, uint8_t ret[16]);

/* Take sources out of the sets in which limited rules count them; `which` is
 * asked for each. */
int nft_sources_forget(bool (*which)(const uint8_t addr[16], void *arg),
    void *arg, struct err *err);

#endif
