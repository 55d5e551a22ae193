/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lowering: pf's expanded rules to nf_tables' rules, as data. Pure like the
 * rest of pf; a header of its own because only pfctl needs nft's types.
 *
 * ---- the scheme ----
 *
 * pf lets the last matching rule decide, nf_tables the first. So all quick
 * rules come first, in order, then the others backwards; anchors are put in
 * their place in both passes.
 *
 * A packet is judged where pf would see it, by base chains that never go away
 * (those of scrub come with its first rule):
 *
 *	scrub_in	prerouting		scrub, before rdr
 *	scrub_out	postrouting		scrub, before nat
 *	scrub_lout	input			scrub out, jail to host
 *	rdr, rdr_out	nat prerouting, output	rdr (and binat inwards)
 *	nat, nat_in	nat postrouting, input	nat (and binat outwards)
 *	in		prerouting		in, but for packets from jails
 *	out		postrouting		out
 *	jin		postrouting		in, of packets to a jail
 *	lout, lin	input			out and in, jail to host
 *	ret_*		behind each of these	tells senders of `block return`
 *
 * FreeBSD's jails share the host's stack. What passes between two addresses
 * of the machine, jails included, goes out and comes in over the loopback
 * that owns the destination: lo1 if it is declared there, else lo0. Such
 * packets meet the rules in chains LO_in, LO_out (one pair for all loopbacks
 * if no rule tells them apart); all others those in ext_in, ext_out. Between
 * a jail and the outside, only the outer interface is evaluated.
 *
 * States are bits in conntrack's label, see nft/nft.h.
 */
#ifndef PF_LOWER_H
#define PF_LOWER_H

#include "nft/rule.h"
#include "pf/pf.h"

/* The parts of nft/nft.h that lowered rules depend on, given by the caller
 * so that this module does not need nft. */
struct pf_lower_opts {
	uint32_t jail_group; /* interface group of jails' host ends */
	uint32_t first_rule; /* number of the first rule, > 0 */
	/* The tags of the load before, whose numbers states may bear; or
	 * NULL. */
	const struct strv *tags;
};

/* What pf's `set limit frags` counts costs Linux so many bytes: a fragment of
 * full size with what the kernel keeps about it. */
#define PF_FRAG_BYTES 2304

enum pf_need_kind {
	PF_NEED_IS,
	PF_NEED_AT_LEAST, /* only to be fast: left where it is read-only */
	PF_NEED_AT_MOST,
};

/* A sysctl that the rules need to work as pf's do. They are set in order and
 * given back the other way round. */
struct pf_need {
	char path[96]; /* below /proc/sys */
	const char *value;
	const char *why;
	enum pf_need_kind kind;
	/* "FILE:LINE: set limit .." that cannot hold without; NULL: a kernel
	 * that has no such setting needs none. */
	const char *line;
};

struct pf_lowered {
	struct arena arena;
	struct nft_table table[3]; /* inet first */
	size_t n_table;
	/* Whose number is first_rule + i? A rule has as many as there are ways
	 * through anchors to it. */
	struct {
		struct pf_lowered_id {
			const struct pf_rule *rule;
			const struct pf_rule *top; /* in main, by which it was
						      called; or NULL */
		} * v;
		size_t n, cap;
	} ids;
	/* Tags by their numbers, from 1 on: those of the load before, too. */
	struct strv tags;
	struct {
		struct pf_need *v;
		size_t n, cap;
	} needs;
	struct {
		struct nft_timeout *v;
		size_t n, cap;
	} timeouts;
	/* Storage behind the tables. */
	struct {
		const char **v;
		size_t n, cap;
	} counters;
	struct {
		struct nft_expr *v;
		size_t n, cap;
	} exprs;
	struct {
		struct nft_rule *v;
		size_t n, cap;
	} rules[3];
	struct {
		size_t *v; /* where each rule's expressions begin */
		size_t n, cap;
	} first[3];
	struct {
		struct nft_chain *v;
		size_t n, cap;
	} chains[3];
	struct {
		struct nft_set *v;
		size_t n, cap;
	} sets;
};

/*
 * Lower a ruleset. What cannot be expressed exactly, or is not built yet, is
 * told as "FILE:LINE: what and why", one line each, in `msgs` (err says how
 * many), and -ENOTSUP comes back. The result borrows from the ruleset, which
 * must outlive it.
 *
 * Sets that hold interfaces' addresses are declared and left empty: see
 * pf_addr_set.
 */
int pf_lower(const struct pf_ruleset *rs, const struct pf_env *env,
    const struct pf_lower_opts *opts, struct pf_lowered **ret, struct str *msgs,
    struct err *err);
void pf_lowered_free(struct pf_lowered *l);
void pf_lowered_freep(struct pf_lowered **l);

/* The set of one family of a table's addresses, as the rules look it up. */
void pf_lower_table(const struct pf_table *t, uint8_t af, struct arena *arena,
    struct nft_set *ret);

/* Is it pf's time-out that is in force (or its default, because another one
 * of the protocol is set), not conntrack's own? */
bool pf_timeout_holds(const struct pf_options *o, enum pf_tm tm);

/* The rules as text, one expression a line, for tests and the curious. */
void pf_lowered_print(struct str *s, const struct pf_lowered *l);

#endif
