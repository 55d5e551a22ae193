/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A change that is tried before it is told. Private to explain.
 *
 *	ex_try(&t, ex);
 *	... put rules into t.draft, tell the edits with ex_try_edit
 *	works = ex_try_open(&t) && t.walk.end == PF_EX_PASSES;
 *	ex_try_end(&t, works, "to let it pass");
 */
#ifndef PF_EXPLAIN_ATTEMPT_H
#define PF_EXPLAIN_ATTEMPT_H

#include "pf/explain-internal.h"

/* A change while it is being tried. */
struct ex_attempt {
	struct ex *ex;
	struct ex_draft draft;
	struct pf_ex_change change;
	struct ex_walk walk; /* of the draft as it is now */
};

void ex_try(struct ex_attempt *t, struct ex *ex);
/* Told if it works, dropped if not; returns which. */
bool ex_try_end(struct ex_attempt *t, bool works, const char *why);
/* One of its edits; without a file it is the main one. */
void ex_try_edit(struct ex_attempt *t, enum pf_ex_how how, const char *file,
    uint32_t line, const char *text);
/* Walk the packet through the draft as it is now, into t->walk. */
bool ex_try_walk(struct ex_attempt *t);

/*
 * Put in a filter rule that decides instead of the one that did: at the end,
 * where the last match wins, or with quick in front of one that ends the
 * search. `answer`: it is for the way back.
 */
bool ex_try_decide(struct ex_attempt *t, const char *verb,
    const struct pf_sim_event *ev, bool answer);
/* Rules that let it pass wherever it is blocked now, on its way and back. */
bool ex_try_open(struct ex_attempt *t);
/* `set skip` without this interface. */
void ex_try_unskip(struct ex_attempt *t, const char *ifname);

bool ex_is_local(const struct ex *ex, uint8_t af, const union pf_ip *ip);
/* " proto tcp" */
void ex_add_proto(struct str *s, const struct pf_packet *p);

#endif
