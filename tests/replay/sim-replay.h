/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the replay share: a recording that is played, and the
 * comparison of what came of a packet with what was recorded. */
#ifndef REPLAY_SIM_H
#define REPLAY_SIM_H

#include <jansson.h>

#include "pf/sim.h"

/* A random value of the original's, p1, p2, ..., and ours. */
struct binding {
	char name[16];
	uint32_t value;
};

struct sent_packet {
	bool valid;
	bool local;	    /* ended inside the box */
	const char *ifname; /* else: left by it */
	struct pf_packet final;
};

struct replay {
	const char *name;
	json_t *doc;
	struct pf_facts *facts;
	struct pf_env *env;
	struct pf_sim *sim;
	struct {
		struct pf_ruleset **v;
		size_t n, cap;
	} rulesets;
	struct sent_packet *sent;
	struct strv texts; /* that rulesets were read from */
	struct {
		struct binding *v;
		size_t n, cap;
	} bound;
	struct str diff;
	const char *text; /* that the ruleset is read from */
	bool no_seq;	  /* modulate, synproxy: sequence numbers are random */
	uint64_t now;
	int passed, failed;
};

/* ---- sim-check.c ---- */

/* Add a difference to those of this packet. */
void differ(struct replay *rp, const char *fmt, ...) _printf_(2, 3);

/* "FSRPAUEW", those that are set; at most 8 letters and a 0. */
void flags_text(uint8_t f, char *buf);
/* "local", "sent", ... */
const char *end_name(enum pf_sim_end end);

/* A look of pf, the packet's end, what left, what pf sent by itself. */
void check_event(
    struct replay *rp, size_t i, json_t *want, const struct pf_sim_event *e);
void check_end(
    struct replay *rp, json_t *want, const struct pf_sim_result *res);
void check_wire(
    struct replay *rp, json_t *want, const struct pf_sim_result *res);
void check_returned(
    struct replay *rp, json_t *want, const struct pf_sim_result *res);

/* ---- sim-record.c ---- */

/* Complete a packet's entry with what came of it. */
void record_result(json_t *want, const struct pf_sim_result *res);

#endif
