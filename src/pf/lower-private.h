/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the lowering share. */
#ifndef PF_LOWER_PRIVATE_H
#define PF_LOWER_PRIVATE_H

/* Before the kernel's headers, which know the two together only so. */
#include <netinet/in.h>

#include <linux/netfilter.h>

#include "base/ranges.h"
#include "nft/rule.h"
#include "pf/lower.h"

/* Index into table[]. */
enum { LW_INET, LW_IP, LW_IP6, LW_TABLES };

/* A loopback, as pf sees it. */
struct lw_loop {
	const char *name; /* pf's: lo0, lo1 */
	bool skip;	  /* set skip on it */
};

/* How a sender is told that he is blocked; the index is in the mark. */
struct lw_way {
	bool rst;  /* TCP gets an RST .. */
	bool icmp; /* .. and what gets none gets an ICMP error */
	uint8_t code4, code6;
	uint8_t ttl; /* of the RST; 0: the system's */
};

/* What the rules of a run have in common. */
struct lw_head {
	const struct lw_match *on; /* the interfaces of this one, or NULL */
	uint8_t proto, af;	   /* 0: not in common */
};

/*
 * One rule with those of the anchors around it: all their conditions hold
 * together. The last one decides.
 */
enum { LW_DEPTH = 32 };
struct lw_match {
	const struct pf_rule *rule[LW_DEPTH];
	size_t n;
	uint32_t id; /* number of the last, for labels */
	bool tags;   /* asked for the last one's tag, not for its verdict */
};
struct lw_matches {
	struct lw_match *v;
	size_t n, cap;
};

/* A rule with limits, in one direction. */
struct lw_limit {
	const struct pf_rule *r;
	bool out;
	unsigned nr; /* in the names of its chains and sets */
};
/* States of the rule with this number are judged when they are open. */
struct lw_judged {
	uint32_t id;
	bool out;
	unsigned nr;
};
/* A tag of the rules and its number. */
struct lw_tag {
	const char *name;
	unsigned int nr;
};
struct lw_numbers {
	uint32_t *v;
	size_t n, cap;
};

/* Where packets are evaluated: on one of the loopbacks, on all of them when
 * no rule tells them apart, or anywhere else. */
enum { LW_EXT = -1 };

struct lw {
	const struct pf_ruleset *rs;
	const struct pf_env *env;
	const struct pf_lower_opts *opts;
	struct pf_lowered *out;
	struct arena *arena; /* the result's */
	struct str *msgs;
	unsigned errors;

	struct {
		struct lw_loop *v;
		size_t n, cap;
	} loops;	/* lo0 first */
	bool one_loop;	/* the rules do not tell loopbacks apart */
	size_t n_class; /* of loopbacks: 1 or loops.n */

	struct {
		struct lw_way *v;
		size_t n, cap;
	} ways;
	struct lw_matches nat, rdr, binat;
	bool any_opts;	       /* some rules allow IP options */
	bool any_log_all;      /* packets of some states are logged */
	bool any_bound;	       /* some states are bound to interfaces */
	bool any_nat, any_rdr; /* there are such rules (with binat) */

	/* Those that rules set or test: see lower-tags.c. */
	struct {
		struct lw_tag *v;
		size_t n, cap;
	} tags;

	/* Limits: see lower-limit.c. */
	struct {
		struct lw_limit *v;
		size_t n, cap;
	} limits;
	struct {
		struct lw_judged *v;
		size_t n, cap;
	} judged;
	struct lw_numbers src_states; /* maxima of sources of all rules */
	struct strv overload;	      /* tables that packets fill */
	uint32_t max_sources;	      /* set limit src-nodes; 0: none */
	bool any_judged, any_flush, any_flush_rule;
	unsigned n_keep; /* chains that make states within limits */

	/* The rule being written. */
	int table;
	const char *chain;
	size_t first;
	const struct nft_tag *tag; /* or NULL */
};

/* One way for a match to be true; nf_tables has no "or". */
struct lw_variant {
	struct lw_head head; /* tested already */
	uint8_t af;	     /* AF_INET, AF_INET6, 0: any */
	uint8_t proto;	     /* 0: any */
	bool no_tcp;	     /* any but TCP, which the rule's flags are for */
	bool reply;	     /* packets in the direction of answers only */
	uint8_t filled;	     /* of the tables that packets fill: bit i says
				that the i-th has it from a packet */
};

/* ---- lower.c ---- */

/* Is any filter rule like that? */
bool lw_any_filter(const struct lw *lw, bool (*like)(const struct pf_rule *r));
/* Tell that `r` cannot be lowered. */
void lw_error(struct lw *lw, const struct pf_rule *r, const char *fmt, ...)
    _printf_(3, 4);
/* The same of what is no rule. */
void lw_error_at(struct lw *lw, const char *file, uint32_t line,
    const char *fmt, ...) _printf_(4, 5);

/* ---- lower-emit.c: writing rules, expression by expression ---- */

void lw_chain(struct lw *lw, int table, const char *name);
void lw_base_chain(struct lw *lw, int table, const char *name, const char *type,
    uint32_t hook, int32_t prio);
/* Each rule is written between these two. */
void lw_begin(struct lw *lw, int table, const char *chain);
void lw_end(struct lw *lw);
struct nft_expr *lw_add(struct lw *lw, enum nft_expr_kind kind);

void x_meta(struct lw *lw, int key, uint8_t reg);
void x_ct(struct lw *lw, int key, uint8_t dir, uint8_t reg);
void x_payload(struct lw *lw, enum nft_payload_bases base, uint16_t offset,
    uint8_t len, uint8_t reg);
/* Register 0 into the IP header; `csum`: where its checksum lies, or
 * NFT_NOCSUM. */
void x_payload_set(struct lw *lw, uint16_t offset, uint8_t len, uint8_t csum);
void x_cmp(struct lw *lw, int op, uint8_t reg, const void *data, uint8_t len);
void x_cmp_u8(struct lw *lw, int op, uint8_t reg, uint8_t v);
void x_cmp_u32(struct lw *lw, int op, uint8_t reg, uint32_t v);
void x_mask_u32(
    struct lw *lw, uint8_t reg, uint8_t to, uint32_t mask, uint32_t xor);
/* Of register 0, in place. */
void x_mask_u8(struct lw *lw, uint8_t mask);
/* Of the TCP flags `of`, compared. */
void x_tcp_flags(struct lw *lw, uint8_t of, int op, uint8_t flags);
/* Two bytes of the IP header: and, then xor. The checksum of IPv4 counts pairs
 * of bytes, so both of a pair are written. */
void x_ip_edit(
    struct lw *lw, uint8_t af, uint16_t offset, uint16_t mask, uint16_t xor);
void x_set_ttl(struct lw *lw, uint8_t af, uint8_t ttl);
void x_imm(struct lw *lw, uint8_t reg, const void *data, uint8_t len);
void x_imm_port(struct lw *lw, uint8_t reg, uint16_t port);
void x_verdict(struct lw *lw, int verdict, const char *chain);
void x_lookup(struct lw *lw, uint8_t reg, const char *set, bool inv);
void x_lookup_map(struct lw *lw, uint8_t reg, const char *map, uint8_t to);
void x_count(struct lw *lw, const char *counter);
/* One more for the rule whose number is in the four registers from `reg` on,
 * which hold a label without its other words. */
void x_count_by(struct lw *lw, enum nft_count what, uint8_t reg);
/* The rule being written counts for the rule of this number. */
void x_own_count(struct lw *lw, enum nft_count what, uint32_t id);
void x_reject(struct lw *lw, int type, uint8_t code);
void x_log(struct lw *lw, const struct pf_rule *r, const char *dir);
/* Are these bits of the mark set? Ends the rule if not. */
void x_mark_has(struct lw *lw, uint32_t bits);
/* mark = (mark & ~clear) ^ set */
void x_mark_change(struct lw *lw, uint32_t clear, uint32_t set);
/* The direction in conntrack, 1: an answer's. */
void x_direction(struct lw *lw, uint8_t reply);
/* The four registers from 0 on into the label, and flags of its word 2; bits
 * are set, never cleared. */
void x_label_write(struct lw *lw);
void x_label_add(struct lw *lw, uint32_t flags);
/* Of this word of the label, masked and compared; the rule ends if there is
 * no entry. */
void x_label_test(
    struct lw *lw, int op, size_t word, uint32_t mask, uint32_t value);
void x_nfproto(struct lw *lw, uint8_t af);
void x_l4proto(struct lw *lw, int op, uint8_t proto);
void x_ifname(struct lw *lw, bool out, bool neg, const char *name);

/* ---- lower-sets.c ---- */

/* Name of the set of a table's addresses of one family. */
const char *lw_table_set(struct lw *lw, const char *table, uint8_t af);
/* .. of those that packets put into it. */
const char *lw_overload_set(struct lw *lw, const char *table, uint8_t af);
/* .. of sources that packets fill; size 0: as many as come. */
const char *lw_source_set(
    struct lw *lw, const char *name, uint32_t size, uint32_t flags);
/* .. of `size` sources, each with whose it is before it. */
const char *lw_all_sources_set(struct lw *lw, uint32_t size);
/* .. of the sources whose states are over, all or those of a rule. */
const char *lw_flush_set(struct lw *lw, bool global);
/* .. of an interface's addresses, (if:mods)/bits. */
const char *lw_dyn_set(struct lw *lw, const struct pf_addr *a, uint8_t af);
/* .. of what a loopback owns. */
const char *lw_own_set(struct lw *lw, const char *loop, uint8_t af);
/* .. of the names of a group's interfaces that are no loopbacks. */
const char *lw_group_set(struct lw *lw, const char *group);
/* .. of what rules counted, by their numbers. */
const char *lw_count_set(struct lw *lw, enum nft_count what);
/* A map from the interfaces' names to their numbers, in both halves. */
const char *lw_if_map(struct lw *lw);
/* A set of (name, number) of all interfaces, the number in either half. */
const char *lw_if_set(struct lw *lw);
/* A map from port to port: low..low+n-1 to new_low.. */
const char *lw_port_map(struct lw *lw, uint16_t low, uint16_t high,
    uint16_t new_low, uint16_t new_high);
/* A map from 0.. to addresses, of one family. */
const char *lw_addr_map(
    struct lw *lw, const union pf_ip *ip, size_t n, uint8_t af);

/* ---- lower-match.c: conditions ---- */

/* Can a rule on this interface (NULL: any) see packets of the class? */
bool lw_on_class(const struct lw *lw, const char *ifname, bool neg, int class);
/* All variants of a match; 0: it never matches. */
enum { LW_VARIANTS = 16 };
size_t lw_variants(struct lw *lw, const struct lw_match *m,
    struct lw_variant v[static LW_VARIANTS]);
/* The family and protocol on which all rules of a match agree, in `v`;
 * false: it never matches. */
bool lw_agree(const struct lw_match *m, struct lw_variant *v);
/* Does the rule test the packet's interface, in a chain of this class? */
bool lw_tests_interface(
    const struct lw *lw, const struct pf_rule *r, int class);
/* The tests of a head as expressions. */
void lw_head(struct lw *lw, const struct lw_head *h, bool out, int class);
/* The conditions of a match as expressions. `out`: in a chain of packets
 * going out; class: LW_EXT or a loopback's. */
void lw_conditions(struct lw *lw, const struct lw_match *m,
    const struct lw_variant *v, bool out, int class);

/* ---- lower-run.c ---- */

/* How many of the matches, from the first on, are best put in a chain of
 * their own behind the tests of *head; 1: none. `known` is tested already and
 * not part of *head. */
size_t lw_run(const struct lw *lw, const struct lw_match *const *m, size_t n,
    int class, const struct lw_head *known, struct lw_head *head);

/* ---- lower-order.c ---- */

/* The matches of a list in the order in which the first decides. */
void lw_order_filter(struct lw *lw, struct lw_matches *ret);
/* .. of a list in which the first decides in pf, too. */
void lw_order_plain(struct lw *lw, enum pf_list list, struct lw_matches *ret);

/* ---- lower-filter.c, lower-nat.c, lower-base.c, lower-check.c ---- */

void lw_filter(struct lw *lw);
/* Does the rule bind its states to an interface? */
bool lw_is_bound(const struct pf_rule *r);
void lw_nat_collect(struct lw *lw);
void lw_nat(struct lw *lw);
/* In a filter chain: drop what should have been translated and was not. */
void lw_untranslated(struct lw *lw, const char *chain, int class, bool out);

/* ---- lower-scrub.c ---- */

/* Do rules look at packets of this direction? Then there are chains for it,
 * ext_scrub_in and so on: lw_class_chain. */
bool lw_scrubs(const struct lw *lw, bool out);
void lw_scrub(struct lw *lw);

/* ---- lower-tags.c ---- */

/* Number the tags of all rules; before all others. */
void lw_tags_collect(struct lw *lw);
/* Can a filter rule's tag be known when the others are asked? */
void lw_tags_check(struct lw *lw, const struct lw_match *m);
/* Give the packet this tag, in place of what it has. */
void x_tag_set(struct lw *lw, const char *name);
/* Has the packet the tag that the rule wants? */
void x_tag_test(struct lw *lw, const struct pf_rule *r);
/* The same of a state's tag: in a chain for packets of states with this bit,
 * before all else; */
void lw_tags_of_state(struct lw *lw, const char *chain, uint32_t bit);
/* .. and in a chain where one is made, by packets that have this direction in
 * conntrack. */
void lw_tags_made(
    struct lw *lw, const char *chain, uint8_t reply, uint32_t bit);
/* The chains behind these. */
void lw_tags(struct lw *lw);

/* ---- lower-opts.c ---- */

/* Is this such a rule? */
bool lw_allows_opts(const struct pf_rule *r);
/* In a filter chain, behind the test for states; and for what no rule
 * matches. */
void lw_opts_before_rules(struct lw *lw, const char *chain);
void lw_opts_behind_rules(struct lw *lw, const char *chain);
/* Must a rule with these conditions and x_opts_drop come before this one? */
bool lw_opts_forbids(const struct lw *lw, const struct pf_rule *r);
void x_opts_drop(struct lw *lw, const struct pf_rule *r, bool out);
/* In a chain for packets of states with this bit; */
void lw_opts_of_state(struct lw *lw, const char *chain, uint32_t bit);
/* .. and in one where some are made, by packets that have this direction in
 * conntrack. */
void lw_opts_made(struct lw *lw, const char *chain, const struct lw_matches *ms,
    bool out, uint8_t reply, uint32_t bit);

/* ---- lower-log.c ---- */

/* Is this such a rule? */
bool lw_logs_states(const struct pf_rule *r);
/* In a chain for packets of states with this bit. */
void lw_log_of_state(struct lw *lw, const char *chain, bool out, uint32_t bit);
/* The chains behind that. */
void lw_log_all(struct lw *lw, const struct lw_matches *ms);

/* ---- lower-timeout.c ---- */

/* Do states of the rule (NULL: of none) live otherwise than conntrack's? */
bool lw_has_timeouts(const struct lw *lw, const struct pf_rule *r);
/* Give the entry that this packet makes the time-outs of the rule. */
void x_timeouts(struct lw *lw, const struct pf_rule *r);
void lw_check_timeouts(struct lw *lw);
void lw_check_rule_timeouts(struct lw *lw, const struct pf_rule *r);

/* ---- lower-limit.c ---- */

/* What the rules have of limits; before all others. */
void lw_limits_collect(struct lw *lw);
/* Do packets put addresses into the table? */
bool lw_is_overload(const struct lw *lw, const char *table);
/* Are the states of this rule, or those of its sources, counted? */
bool lw_is_limited(const struct lw *lw, const struct pf_rule *r);
/* The chain that drops what is too much, for states that bear this number. */
const char *lw_limit_chain(
    struct lw *lw, const struct pf_rule *r, uint32_t id, bool out);
/* In a filter chain before the test for states, and where one was made. */
void lw_limits_before_states(struct lw *lw, const char *chain, bool out);
void lw_limits_made(struct lw *lw, const char *chain, bool out);
/* All their chains; after the filter rules. */
void lw_limits(struct lw *lw);

/* The most addresses that a pool may have. */
enum { LW_POOL_MAX = 256 };
/* The single addresses of a prefix, at most LW_POOL_MAX in all; how many. */
size_t lw_prefix_addrs(const struct pf_addr *a, uint8_t af, union pf_ip *ip);
/* .. of (if:mods) as the environment has them now. */
size_t lw_if_addrs(
    const struct lw *lw, const struct pf_addr *a, uint8_t af, union pf_ip *ip);

/* Does a rule redirect to 127.0.0.1? */
bool lw_any_localnet(const struct lw *lw);
/* Does the kernel's masquerade do what the rule says? */
bool lw_is_masquerade(const struct lw *lw, const struct pf_rule *r);

#define NF_CT_STATE_INVALID_BIT 1u /* of NFT_CT_STATE */
void lw_base(struct lw *lw);
void lw_check(struct lw *lw);

/* "ext_in", "lo1_in", "lo_in" */
const char *lw_class_chain(const struct lw *lw, int class, const char *what);
bool lw_class_skipped(const struct lw *lw, int class);
uint8_t lw_way(struct lw *lw, const struct pf_rule *r);
/* The skipped interfaces that are no loopbacks pass everything. */
void lw_skip_rules(struct lw *lw, const char *chain, bool out);

#endif
