/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of explain share. */
#ifndef PF_EXPLAIN_INTERNAL_H
#define PF_EXPLAIN_INTERNAL_H

#include "pf/explain.h"
#include "pf/sim-internal.h"

/* ---- the walk (explain-walk.c) ---- */

/* One packet through one ruleset, there and back. */
struct ex_walk {
	struct pf_sim *sim;
	const char *in_if; /* comes in here; NULL: made here */
	bool inside;	   /* never leaves the jail or the host */
	struct pf_sim_result go;
	struct pf_sim_match *matches; /* of `go`; owned */
	struct pf_sim_result back;
	struct pf_sim_match *back_matches;
	bool asked_back; /* `back` is filled */
	enum pf_ex_end end;
	struct pf_packet arrives;
	bool has_arrived, leaves;
	const char *out_if;
	const struct pf_jail *to; /* whose the address is; NULL: the host */
	const struct pf_listener *listener;
	bool leaks; /* leaves with a jail's private address */
	struct pf_sim_route assumed[2]; /* where no routes are known */
};

int ex_walk(const struct pf_ex_input *in, const struct pf_ruleset *rules,
    const struct pf_question *q, struct ex_walk *ret, struct err *err);
void ex_walk_clear(struct ex_walk *w);
/* Is it out of the rules' hands: neither blocked nor cut off by them? */
bool ex_walk_passes_pf(const struct ex_walk *w);
/* The look that dropped it, or the answer; NULL: none did. */
const struct pf_sim_event *ex_walk_blocker(const struct ex_walk *w);

/* ---- the rules (explain-rules.c) ---- */

enum ex_field {
	EX_F_IF = 1,
	EX_F_DIR = 2,
	EX_F_AF = 4,
	EX_F_PROTO = 8,
	EX_F_SRC = 16,
	EX_F_SPORT = 32,
	EX_F_DST = 64,
	EX_F_DPORT = 128,
	EX_F_FLAGS = 256,
	EX_F_REST = 512, /* tag, user, type of service, .. */
};

/* What a rule asks for that the packet, at this look, has not: EX_F_*. */
unsigned ex_differs(struct pf_sim *sim, const struct sim_anchor *anchor,
    const struct sim_rule *sr, const struct pf_sim_event *ev,
    const struct pf_packet *p);

/* The files that the rules came from, read once. */
struct ex_files {
	const struct pf_env *env;
	struct map texts; /* name -> struct str */
};
void ex_files_init(struct ex_files *f, const struct pf_env *env);
void ex_files_clear(struct ex_files *f);
/* The statement that begins on a line, on one line; NULL: it can't be read. */
char *ex_statement(struct ex_files *f, const char *file, uint32_t line);
/* The line of `set skip` that names this interface or one of its groups; 0:
 * not found. */
uint32_t ex_skip_line(
    struct ex_files *f, const char *file, const struct pf_if *ifp);

/* Making the answer: what its files share. */
struct ex {
	const struct pf_ex_input *in;
	const struct pf_question *q;
	struct pf_explanation *out;
	struct ex_files files;
	const char *main_file; /* where the first rule came from, or NULL */
};

/* A rule for the answer; strings in its arena. */
struct pf_ex_rule ex_rule(struct ex *ex, const struct pf_rule *r);
/* Rules that would have matched but for one thing. */
void ex_near_filter(struct ex *ex, struct pf_sim *sim,
    const struct pf_sim_event *ev, struct pf_ex_rules *ret);
void ex_near_rdr(struct ex *ex, struct pf_sim *sim,
    const struct pf_sim_event *ev, struct pf_ex_rules *ret);
/* Filter rules that would decide if the filter were asked. */
void ex_unasked(struct ex *ex, struct pf_sim *sim,
    const struct pf_sim_event *ev, struct pf_ex_rules *ret);

/* ---- steps (explain.c) and changes (explain-change.c) ---- */

void ex_add_ip(struct str *s, uint8_t af, const union pf_ip *ip);
/* "192.168.0.2:3306", "[2001:db8::1]:80"; without a port the address. */
void ex_add_end(struct str *s, const struct pf_packet *p, bool dst);
char *ex_end(struct arena *a, const struct pf_packet *p, bool dst);

char *ex_ip(struct arena *a, uint8_t af, const union pf_ip *ip);

/* A step at the end; `text` is the arena's, or static. */
struct pf_ex_step *ex_add_step(
    struct ex *ex, enum pf_ex_kind kind, const char *text);
/* All steps of the i-th look (explain-event.c), or that of the filter alone,
 * with the matches of its walk. */
void ex_tell_event(struct ex *ex, const struct ex_walk *w, size_t i);
void ex_tell_filter(struct ex *ex, struct pf_sim *sim,
    const struct pf_sim_match *m, const struct pf_sim_event *ev);

void ex_changes(struct ex *ex, const struct ex_walk *w);

/* ---- a ruleset with changes (explain-draft.c) ---- */

struct ex_draft {
	struct pf_ruleset rs; /* a copy that borrows from the original */
	struct pf_anchor *anchors;
	size_t n_anchors;
	struct {
		struct pf_ruleset **v;
		size_t n, cap;
	} parsed; /* of the rules that were put in */
	struct {
		struct pf_rule ***v;
		size_t n, cap;
	} lists; /* that are not the original's */
};

void ex_draft_init(struct ex_draft *d, const struct pf_ruleset *rules);
void ex_draft_clear(struct ex_draft *d);
/*
 * Put the rules of a statement into the anchor of that path: before rule
 * `before` of the list (NULL: at the end), or in place of all rules of its
 * line. False: the text does not parse.
 */
bool ex_draft_put(struct ex_draft *d, const char *anchor, const char *text,
    const struct pf_rule *before, bool instead, const struct pf_env *env);
/* `set skip` without this interface (and its groups). */
void ex_draft_unskip(struct ex_draft *d, const struct pf_if *ifp);

#endif
