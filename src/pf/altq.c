/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What altq and queue statements mean: bandwidths, parents, checks.
 */
#include "pf/altq.h"

#include <limits.h>

enum { CBQ_PRIORITIES = 8, PRIQ_PRIORITIES = 16 };

static uint64_t
bandwidth_of(const struct bandwidth *bw, uint64_t whole)
{
	if (bw->absolute > 0)
		return bw->absolute;
	return whole / 100 * bw->percent;
}

static struct altq *
altq_find(const struct parser *p, const char *ifname, const char *name)
{
	for (struct altq *a = p->altqs; a != NULL; a = a->next) {
		if (!a->defined || !streq(a->ifname, ifname))
			continue;
		if (name == NULL ? a->name == NULL
				 : a->name != NULL && streq(a->name, name))
			return a;
	}
	return NULL;
}

static struct altq *
altq_add(struct parser *p, const struct altq *from)
{
	struct altq *a = arena_memdup(&p->rs->arena, from, sizeof(*from));
	struct pf_queue *q = arena_new(&p->rs->arena, struct pf_queue);

	a->next = NULL;
	*p->altqs_end = a;
	p->altqs_end = &a->next;
	if (!a->defined)
		return a;
	q->ifname = a->ifname;
	q->name = a->name;
	q->sched = a->sched;
	q->file = p->file->name;
	q->line = p->line_begin;
	*p->rs->queues_end = q;
	p->rs->queues_end = &q->next;
	return a;
}

static void
eval_opts(struct altq *a, const struct queue_opts *o, uint64_t whole)
{
	if (o->sched == PF_SCHED_NONE)
		return;
	a->flags = o->flags;
	if (!pf_altq_has_curves(o->sched))
		return;
	a->link.m1 = bandwidth_of(&o->link.m1, whole);
	a->link.m2 = bandwidth_of(&o->link.m2, whole);
	a->link.d = o->link.d;
	a->real.m1 = bandwidth_of(&o->real.m1, whole);
	a->real.m2 = bandwidth_of(&o->real.m2, whole);
	a->real.d = o->real.d;
	a->upper.m1 = bandwidth_of(&o->upper.m1, whole);
	a->upper.m2 = bandwidth_of(&o->upper.m2, whole);
	a->upper.d = o->upper.d;
}

static uint32_t
mtu_of(struct parser *p, const struct altq *a)
{
	const struct pf_if *i = pf_env_if(p->env, a->ifname);

	return i != NULL && i->mtu > 0 ? i->mtu : 1500;
}

/* How many bytes may leave at once: the faster, the more packets. */
static uint32_t
default_tbrsize(struct parser *p, const struct altq *a)
{
	uint64_t rate = a->if_bandwidth;

	return mtu_of(p, a) *
	    (rate <= 1000000		 ? 1
		    : rate <= 10000000	 ? 4
		    : rate <= 200000000	 ? 8
		    : rate <= 2500000000 ? 24
					 : 128);
}

static int
eval_altq(struct parser *p, struct altq *a, const struct queue_opts *o)
{
	const struct pf_if *i = pf_env_if(p->env, a->ifname);
	int r = 0;

	a->if_bandwidth = o->bw.absolute;
	if (a->if_bandwidth == 0) {
		uint64_t speed = i != NULL ? i->speed : 0;

		if (speed == 0) {
			pf_note(p,
			    "interface %s does not know its bandwidth, "
			    "please specify an absolute bandwidth",
			    a->ifname);
			r = -1;
		}
		a->if_bandwidth = bandwidth_of(&o->bw, speed);
		if (a->if_bandwidth == 0)
			a->if_bandwidth = speed;
	}
	if (a->sched != PF_SCHED_HFSC && a->if_bandwidth > UINT32_MAX) {
		a->if_bandwidth = UINT32_MAX;
		/* the empty line behind it is the original's */
		pf_warn(p,
		    "interface %s bandwidth limited to %u bps because "
		    "selected scheduler is 32-bit limited\n",
		    a->ifname, UINT32_MAX);
	}
	eval_opts(a, o, a->if_bandwidth);
	if (a->tbrsize == 0)
		a->tbrsize = default_tbrsize(p, a);
	return r;
}

/* Warn if the children of a queue get more than it has. (hfsc looks at their
 * curves instead.) */
static int
check_share(struct parser *p, const struct altq *a, struct altq *parent)
{
	if (a->bandwidth > parent->bandwidth) {
		pf_warn(p, "bandwidth for %s higher than parent", a->name);
		return -1;
	}
	parent->child_bandwidth += a->bandwidth;
	if (parent->child_bandwidth > parent->bandwidth)
		pf_warn(p,
		    "the sum of the child bandwidth (%llu) higher than "
		    "parent \"%s\" (%llu)",
		    (unsigned long long)parent->child_bandwidth, parent->name,
		    (unsigned long long)parent->bandwidth);
	return 0;
}

static int
check_bandwidth(struct parser *p, struct altq *a, const struct bandwidth *bw,
    struct altq *parent)
{
	a->bandwidth =
	    bandwidth_of(bw, parent ? parent->bandwidth : a->if_bandwidth);
	if (a->bandwidth > a->if_bandwidth) {
		pf_note(p, "bandwidth for %s higher than interface", a->name);
		return -1;
	}
	if (parent == NULL || a->sched == PF_SCHED_HFSC)
		return 0;
	return check_share(p, a, parent);
}

/* cbq counts the nanoseconds of a packet in an int. */
static int
check_cbq(struct parser *p, const struct altq *a)
{
	_cleanup_(str_clear) struct str rate = STR_INIT;
	double least = 8e9 * mtu_of(p, a) / INT_MAX;

	if (a->priority >= CBQ_PRIORITIES) {
		pf_warn(p, "priority out of range: max %d", CBQ_PRIORITIES - 1);
		return -1;
	}
	if (a->bandwidth == 0 || (double)a->bandwidth >= least)
		return 0;
	pf_altq_rate(&rate, least);
	pf_warn(p, "queue bandwidth must be larger than %s", rate.buf);
	pf_note(p, "cbq: queue %s is too slow!", a->name);
	return 0;
}

static int
check_priq(struct parser *p, const struct altq *a)
{
	if (a->priority >= PRIQ_PRIORITIES) {
		pf_warn(
		    p, "priority out of range: max %d", PRIQ_PRIORITIES - 1);
		return -1;
	}
	for (const struct altq *q = p->altqs; q != NULL; q = q->next) {
		if (q->defined && q->name != NULL &&
		    streq(q->ifname, a->ifname) && q->priority == a->priority) {
			pf_warn(p,
			    "%s does not have a unique priority on "
			    "interface %s",
			    a->name, a->ifname);
			return -1;
		}
	}
	return 0;
}

static int
check_sched(struct parser *p, struct altq *a, struct altq *parent)
{
	switch (a->sched) {
	case PF_SCHED_CBQ:
		return check_cbq(p, a);
	case PF_SCHED_PRIQ:
		return check_priq(p, a);
	case PF_SCHED_HFSC:
	case PF_SCHED_FAIRQ:
		return pf_altq_curves(p, a, parent);
	default:
		return 0;
	}
}

static int
eval_queue(struct parser *p, struct altq *a, const struct bandwidth *bw,
    const struct queue_opts *o)
{
	const struct altq *top = altq_find(p, a->ifname, NULL);
	struct altq *parent = NULL;

	if (top == NULL) {
		pf_note(p, "altq not defined on %s", a->ifname);
		return -1;
	}
	a->sched = top->sched;
	a->if_bandwidth = top->if_bandwidth;
	if (altq_find(p, a->ifname, a->name) != NULL) {
		pf_note(p, "queue %s already exists on interface %s", a->name,
		    a->ifname);
		return -1;
	}
	if (a->parent != NULL) {
		parent = altq_find(p, a->ifname, a->parent);
		if (parent == NULL) {
			pf_note(p, "parent %s not found for %s", a->parent,
			    a->name);
			return -1;
		}
	}
	if (pf_altq_has_bandwidth(a->sched) &&
	    check_bandwidth(p, a, bw, parent) < 0)
		return -1;
	eval_opts(a, o, parent ? parent->bandwidth : a->if_bandwidth);
	return check_sched(p, a, parent);
}

/* ---- statements ---- */

/* A queue that is named as a child and waits for its own statement. */
static void
expect_queue(struct parser *p, const struct altq *top, const char *name,
    const char *parent)
{
	struct altq a = {
		.ifname = top->ifname,
		.name = name,
		.parent = parent,
		.sched = top->sched,
	};

	(void)altq_add(p, &a);
}

static int
define_on(struct parser *p, const char *ifname,
    const struct queue_name *children, struct queue_opts *o)
{
	struct altq a = {
		.ifname = ifname,
		.sched = o->sched,
		.qlimit = o->qlimit,
		.tbrsize = o->tbrsize,
		.defined = true,
	};
	struct altq root = { .ifname = ifname, .defined = true };
	const char *parent = NULL;
	int r = eval_altq(p, &a, o);

	if (r == 0)
		(void)altq_add(p, &a);
	pf_altq_say(p, &a, o, children);
	if (pf_altq_has_bandwidth(a.sched)) {
		struct bandwidth all = { .absolute = a.if_bandwidth };

		parent = arena_printf(&p->rs->arena, "root_%s", ifname);
		root.name = parent;
		root.qlimit = a.qlimit;
		if (eval_queue(p, &root, &all, o) < 0)
			r = -1;
		else
			(void)altq_add(p, &root);
	}
	for (; children != NULL; children = children->next)
		expect_queue(p, &a, children->name, parent);
	return r;
}

int
pf_altq_define(struct parser *p, const struct if_node *ifs,
    const struct queue_name *children, struct queue_opts *o)
{
	int r = 0;

	if (!(p->opts->load & PF_LOAD_ALTQ))
		return 0;
	if (ifs == NULL)
		return pf_error(p, "altq needs 'on' and an interface");
	for (; ifs != NULL; ifs = ifs->next) {
		if (ifs->neg)
			r = pf_error(
			    p, "altq on ! <interface> is not supported");
		else if (define_on(p, ifs->name, children, o) < 0)
			r = -1;
	}
	return r;
}

static int
check_queue(struct parser *p, const struct altq *wait,
    const struct queue_name *children, const struct queue_opts *o)
{
	if (o->sched != PF_SCHED_NONE && o->sched != wait->sched)
		return pf_error(
		    p, "exactly one scheduler type per interface allowed");
	if (wait->sched != PF_SCHED_PRIQ)
		return 0;
	if (children != NULL)
		return pf_error(p, "priq queues cannot have child queues");
	if (o->bw.absolute > 0 || o->bw.percent < 100)
		return pf_error(p, "priq doesn't take bandwidth");
	return 0;
}

/* The statement of a queue that its parent named on that interface. */
static int
define_queue(struct parser *p, const struct altq *wait,
    const struct queue_name *children, const struct queue_opts *o, bool say,
    bool on)
{
	struct altq a = *wait;
	int r = 0;

	a.defined = true;
	a.priority = o->priority;
	a.qlimit = o->qlimit;
	if (eval_queue(p, &a, &o->bw, o) < 0)
		r = -1;
	else
		(void)altq_add(p, &a);
	for (const struct queue_name *c = children; c != NULL; c = c->next) {
		if (streq(c->name, a.name))
			r = pf_error(p, "queue cannot have itself as child");
		else
			expect_queue(p, &a, c->name, a.name);
	}
	if (say)
		pf_queue_say(p, &a, o, children, on);
	return r;
}

static bool
fits(const struct if_node *i, const struct altq *wait)
{
	if (i == NULL)
		return true;
	return streq(i->name, wait->ifname) != i->neg;
}

int
pf_queue_define(struct parser *p, const char *name, const struct if_node *ifs,
    const struct queue_name *children, const struct queue_opts *o)
{
	const struct if_node *i = ifs;
	int found = 0, r = 0;

	if (!(p->opts->load & PF_LOAD_ALTQ))
		return 0;
	if (p->altqs == NULL)
		return pf_error(p, "queue %s has no parent", name);
	do {
		for (struct altq *q = p->altqs; q != NULL; q = q->next) {
			if (q->defined || !streq(q->name, name) || !fits(i, q))
				continue;
			found++;
			if (check_queue(p, q, children, o) < 0)
				return -1;
			if (define_queue(p, q, children, o,
				i != NULL || found == 1, i != NULL) < 0)
				r = -1;
		}
		i = i ? i->next : NULL;
	} while (i != NULL);
	if (found == 0)
		return pf_error(p, "queue %s has no parent", name);
	return r;
}

/* A root with curves can't be the default queue: it has children. */
static unsigned
count_default(const struct parser *p, const char *ifname)
{
	unsigned n = 0;

	for (const struct altq *q = p->altqs; q != NULL; q = q->next) {
		if (!q->defined || q->name == NULL ||
		    !streq(q->ifname, ifname) || !(q->flags & QF_DEFAULT))
			continue;
		if (q->parent != NULL || !pf_altq_has_curves(q->sched))
			n++;
	}
	return n;
}

int
pf_altq_check(struct parser *p)
{
	int r = 0;

	for (const struct altq *a = p->altqs; a != NULL; a = a->next) {
		if (!a->defined || a->name != NULL ||
		    a->sched == PF_SCHED_CODEL)
			continue;
		if (count_default(p, a->ifname) == 1)
			continue;
		pf_warn(p, "should have one default queue on %s", a->ifname);
		r = -1;
	}
	return r;
}
