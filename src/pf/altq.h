/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * altq and queue statements: read, evaluated and printed as the original
 * does; on Linux nothing comes of them. Private to pf.
 */
#ifndef PF_ALTQ_H
#define PF_ALTQ_H

#include "pf/parse.h"

enum {
	ALTQ_QLIMIT = 50,
	ALTQ_PRIORITY = 1,
};

/* Flags of a queue, in the order in which they are printed. */
enum {
	QF_RED = 1,
	QF_ECN = 2,
	QF_RIO = 4,
	QF_CODEL = 8,
	QF_BORROW = 16,
	QF_ROOT = 32,
	QF_DEFAULT = 64,
};

struct bandwidth { /* bits a second, or per cent of the parent's */
	uint64_t absolute;
	uint32_t percent;
};

struct curve { /* of hfsc */
	bool used;
	struct bandwidth m1, m2;
	uint32_t d;
};

struct queue_opts {
	uint8_t sched; /* enum pf_sched */
	unsigned flags;
	struct curve link, real, upper;
	uint32_t target, interval; /* codel */
	bool ecn;
	struct bandwidth bw;
	uint32_t priority, qlimit, tbrsize;
};

struct queue_name {
	const char *name;
	struct queue_name *next;
};

/* A service curve, evaluated: bits a second in the first d milliseconds and
 * after them. */
struct sc {
	uint64_t m1, m2;
	uint32_t d;
};

struct sc_sum { /* the curves of a queue's children */
	struct sc curve;
	struct sc_sum *next;
};

/* An interface's altq (name NULL) or one of its queues. */
struct altq {
	const char *ifname, *name, *parent;
	uint8_t sched;
	unsigned flags;
	uint64_t if_bandwidth, bandwidth;
	uint32_t priority, qlimit, tbrsize;
	struct sc link, real, upper;
	bool defined; /* not only named as a child */
	/* what its children were promised */
	uint64_t child_bandwidth;
	struct sc_sum *links, *reals;
	struct altq *next;
};

/* The statements, once read. -1 after telling. */
int pf_altq_define(struct parser *p, const struct if_node *ifs,
    const struct queue_name *children, struct queue_opts *o);
int pf_queue_define(struct parser *p, const char *name,
    const struct if_node *ifs, const struct queue_name *children,
    const struct queue_opts *o);
/* Has each interface one default queue? Tells and returns -1 if not. */
int pf_altq_check(struct parser *p);
/* Do queues of this scheduler have a bandwidth, and service curves? */
static inline bool
pf_altq_has_bandwidth(uint8_t sched)
{
	return sched == PF_SCHED_CBQ || sched == PF_SCHED_HFSC ||
	    sched == PF_SCHED_FAIRQ;
}

static inline bool
pf_altq_has_curves(uint8_t sched)
{
	return sched == PF_SCHED_HFSC || sched == PF_SCHED_FAIRQ;
}

/* With -v: the statement as it was understood; a queue's with or without the
 * interface it is on. */
void pf_altq_say(struct parser *p, const struct altq *a,
    const struct queue_opts *o, const struct queue_name *children);
void pf_queue_say(struct parser *p, const struct altq *a,
    const struct queue_opts *o, const struct queue_name *children, bool on);
/* Append "20Mb", "1.50Mb": bits a second. */
void pf_altq_rate(struct str *s, double rate);
/* Do the curves of hfsc's or fairq's queue fit those of its parent (NULL: it
 * is the root) and of the interface? Tells and returns -1 if not. */
int pf_altq_curves(struct parser *p, struct altq *a, struct altq *parent);

#endif
