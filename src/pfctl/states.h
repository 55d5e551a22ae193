/* SPDX-License-Identifier: BSD-2-Clause */
/* States as pf has them, and the numbers of rules on them, turned into those
 * that pfctl prints. */
#ifndef PFCTL_STATES_H
#define PFCTL_STATES_H

#include <netdb.h>

#include "pfctl/pfctl.h"

/*
 * One entry is up to two of pf's states: one made by an in rule, one by an
 * out rule. `left` is what pf prints first: the end that is on this side.
 */
struct end {
	const uint8_t *addr;
	uint16_t port;
};
struct pf_view {
	bool out;
	bool turned; /* made by an answer: opened from the other side */
	struct end left, was, right; /* was: left before translation */
	uint32_t rule;
	const char *ifname; /* bound to, or "all" */
};
/* The state of `bit` (NFT_L_FWD, NFT_L_REV), which the entry must have; but
 * for its interface. */
void state_view(const struct nft_state *s, uint32_t bit, struct pf_view *v);
/* -r: the name of an address; false: it has none. */
bool host_name(char ret[NI_MAXHOST], const uint8_t *addr, uint8_t family);
/* The interface that it is bound to, "all" if to none. */
const char *state_if(
    const struct nft_state *s, uint32_t bit, const struct pf_env *env);

/* The file "ids" of a load: the first number, then for each number the rule's
 * list, its place in it, the place in main of the rule that called its anchor
 * (-1: none), and "/" with the anchor's path. */
struct rule_ids {
	uint32_t first;
	struct {
		int list;
		int nr;
		int top;
		char *path;
	} * v;
	size_t n, cap;
};

void ids_print(struct str *s, const struct pf_ruleset *rs,
    const struct pf_lowered *l, uint32_t first);

/* Of the load that is in the kernel; empty if there is none. */
void rule_ids_read(struct rule_ids *ids, struct store *s);
void rule_ids_clear(struct rule_ids *ids);
/* The filter rule's number, or -1 (a translation rule that passed by itself,
 * or a rule of an earlier load). */
int rule_number(const struct rule_ids *ids, uint32_t id);
/* The rule among those that are loaded, of whatever list; NULL: one of an
 * earlier load. */
const struct pf_rule *rule_of(
    const struct rule_ids *ids, const struct pf_ruleset *rules, uint32_t id);

/* The file "tags" of a load: their names by their numbers, a line each. */
int tags_write(const struct strv *tags, struct store *s, uint64_t load_id,
    struct err *err);
/* A load without such a file had none. */
void tags_read(struct strv *ret, struct store *s, uint64_t load_id);

/* ---- kill.c: networks of the command line ---- */

struct net {
	uint8_t family; /* 0: any */
	uint8_t addr[16];
	unsigned int bits;
};
bool net_has(const struct net *n, const uint8_t *addr, uint8_t family);

/* ---- sources.c ---- */

struct source {
	uint8_t family;
	uint8_t addr[16]; /* IPv4 as ::ffff:a.b.c.d */
	int nr;		  /* of the filter rule; -1: source-track global */
	uint32_t seconds; /* of the rule's rate, 0: it has none */
	unsigned states, conns; /* conns: handshakes that are over */
};
struct sources {
	const struct pf_ruleset *rules;
	struct rule_ids ids;
	struct source *v; /* by address */
	size_t n, cap;
};
/* Those that the loaded rules track, with what they have now. */
int sources_read(struct sources *ret, struct store *s,
    const struct pf_ruleset *rules, struct err *err);
void sources_clear(struct sources *all);
/* Those in the network (NULL: all) are tracked no more, their states are
 * nobody's; how many. */
int sources_forget(
    const struct sources *all, const struct net *net, struct err *err);

#endif
