/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What altq and queue statements mean: bandwidths, parents, checks; and how
 * they are printed.
 */
#include "pf/altq.h"

#include <stdio.h>

enum { CBQ_PRIORITIES = 8, PRIQ_PRIORITIES = 16 };

static bool
has_bandwidth(uint8_t sched)
{
	return sched == PF_SCHED_CBQ || sched == PF_SCHED_HFSC ||
	    sched == PF_SCHED_FAIRQ;
}

static bool
has_curves(uint8_t sched)
{
	return sched == PF_SCHED_HFSC || sched == PF_SCHED_FAIRQ;
}

static uint64_t
bandwidth_of(const struct bandwidth *bw, uint64_t whole)
{
	if (bw->absolute > 0)
		return bw->absolute;
	return whole / 100 * bw->percent;
}

/* ---- printing ---- */

/* "20Mb", "1.50Mb": bits a second. */
static void
add_rate(struct str *s, uint64_t bits)
{
	static const char units[] = " KMG";
	double rate = (double)bits;
	int i;

	for (i = 0; rate >= 1000 && i < 3; i++)
		rate /= 1000;
	if ((int)(rate * 100) % 100 != 0)
		str_printf(s, "%.2f%cb", rate, units[i]);
	else
		str_printf(s, "%d%cb", (int)rate, units[i]);
}

static void
add_share(struct str *s, const struct bandwidth *bw, uint64_t bits)
{
	if (bw->percent > 0)
		str_printf(s, "%u%%", bw->percent);
	else
		add_rate(s, bits);
}

static void
add_flags(struct str *s, unsigned flags)
{
	static const char *const words[] = { "red", "ecn", "rio", "codel",
		"borrow", "root", "default" };

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		if (flags & (1u << i))
			str_printf(s, " %s", words[i]);
	}
}

static void
add_curve(struct str *s, const char *name, const struct curve *c, uint64_t m1,
    uint64_t m2)
{
	if (m2 == 0)
		return;
	str_printf(s, " %s", name);
	if (c->d != 0) {
		str_addc(s, '(');
		add_share(s, &c->m1, m1);
		str_printf(s, " %u", c->d);
	}
	str_addc(s, ' ');
	add_share(s, &c->m2, m2);
	if (c->d != 0)
		str_addc(s, ')');
}

static const char *
sched_name(uint8_t sched)
{
	static const char *const names[] = {
		[PF_SCHED_NONE] = "",
		[PF_SCHED_CBQ] = "cbq",
		[PF_SCHED_PRIQ] = "priq",
		[PF_SCHED_HFSC] = "hfsc",
		[PF_SCHED_FAIRQ] = "fairq",
		[PF_SCHED_CODEL] = "codel",
	};

	return names[sched];
}

/* "hfsc( default ) ", "fairq( .. ) "; false if there is nothing in the parentheses. */
static bool
add_hfsc(struct str *s, const struct altq *a, const struct queue_opts *o)
{
	bool link =
	    a->link.m2 != 0 && (a->link.m2 != a->bandwidth || a->link.d != 0);

	if (a->flags == 0 && a->real.m2 == 0 && a->upper.m2 == 0 && !link)
		return false;
	str_printf(s, "%s(", sched_name(a->sched));
	add_flags(s, a->flags);
	add_curve(s, "realtime", &o->real, a->real.m1, a->real.m2);
	if (link)
		add_curve(s, "linkshare", &o->link, a->link.m1, a->link.m2);
	add_curve(s, "upperlimit", &o->upper, a->upper.m1, a->upper.m2);
	str_add(s, " ) ");
	return true;
}

static bool
add_codel(struct str *s, const struct queue_opts *o)
{
	if (o->target == 0 && o->interval == 0 && !o->ecn)
		return false;
	str_add(s, "codel(");
	if (o->target != 0)
		str_printf(s, " target %u", o->target);
	if (o->interval != 0)
		str_printf(s, " interval %u", o->interval);
	if (o->ecn)
		str_add(s, "ecn");
	str_add(s, " ) ");
	return true;
}

static bool
add_sched(struct str *s, const struct altq *a, const struct queue_opts *o)
{
	if (has_curves(a->sched))
		return add_hfsc(s, a, o);
	if (a->sched == PF_SCHED_CODEL)
		return add_codel(s, o);
	if ((a->flags & ~(unsigned)QF_ROOT) == 0 && !(a->flags & QF_ROOT))
		return false;
	str_printf(s, "%s(", sched_name(a->sched));
	add_flags(s, a->flags);
	str_add(s, " ) ");
	return true;
}

static void
add_bandwidth(struct str *s, const struct bandwidth *bw, uint64_t bits)
{
	if (bw->percent > 0) {
		if (bw->percent < 100)
			str_printf(s, "bandwidth %u%% ", bw->percent);
		return;
	}
	str_add(s, "bandwidth ");
	add_rate(s, bits);
	str_addc(s, ' ');
}

static void
say_line(struct parser *p, struct str *s, const char *word,
    const struct queue_name *children)
{
	if (children != NULL) {
		str_printf(s, "%s{ ", word);
		for (; children != NULL; children = children->next)
			str_printf(s, "%s ", children->name);
		str_addc(s, '}');
	}
	pf_say(p, "%s\n", s->buf);
}

static void
say_altq(struct parser *p, const struct altq *a, const struct queue_opts *o,
    const struct queue_name *children)
{
	_cleanup_(str_clear) struct str s = STR_INIT;

	str_printf(&s, "altq on %s ", a->ifname);
	if (!add_sched(&s, a, o))
		str_printf(&s, "%s ", sched_name(a->sched));
	add_bandwidth(&s, &o->bw, a->if_bandwidth);
	if (a->qlimit != ALTQ_QLIMIT)
		str_printf(&s, "qlimit %u ", a->qlimit);
	str_printf(&s, "tbrsize %u ", a->tbrsize);
	say_line(p, &s, "queue ", children);
}

static void
say_queue(struct parser *p, const struct altq *a, const struct queue_opts *o,
    const struct queue_name *children, bool on)
{
	_cleanup_(str_clear) struct str s = STR_INIT;

	str_printf(&s, "queue %s ", a->name);
	if (on)
		str_printf(&s, "on %s ", a->ifname);
	if (has_bandwidth(a->sched))
		add_bandwidth(&s, &o->bw, a->bandwidth);
	if (a->priority != ALTQ_PRIORITY)
		str_printf(&s, "priority %u ", a->priority);
	if (a->qlimit != ALTQ_QLIMIT)
		str_printf(&s, "qlimit %u ", a->qlimit);
	(void)add_sched(&s, a, o);
	say_line(p, &s, "", children);
}

/* ---- evaluating ---- */

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
	if (!has_curves(o->sched))
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

/* How many bytes may leave at once: the faster, the more packets. */
static uint32_t
default_tbrsize(struct parser *p, const struct altq *a)
{
	const struct pf_if *i = pf_env_if(p->env, a->ifname);
	uint32_t mtu = i != NULL && i->mtu > 0 ? i->mtu : 1500;
	uint64_t rate = a->if_bandwidth;

	return mtu *
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
	eval_opts(a, o, a->if_bandwidth);
	if (a->tbrsize == 0)
		a->tbrsize = default_tbrsize(p, a);
	return r;
}

/* Warn if the children of a queue get more than it has. */
static int
check_share(struct parser *p, const struct altq *a, const struct altq *parent)
{
	uint64_t sum = a->bandwidth;

	if (a->bandwidth > parent->bandwidth) {
		pf_warn(p, "bandwidth for %s higher than parent", a->name);
		return -1;
	}
	for (const struct altq *q = p->altqs; q != NULL; q = q->next) {
		if (q->defined && q->name != NULL && q->parent != NULL &&
		    streq(q->ifname, a->ifname) && streq(q->parent, a->parent))
			sum += q->bandwidth;
	}
	if (sum > parent->bandwidth)
		pf_warn(p,
		    "the sum of the child bandwidth (%llu) higher than "
		    "parent \"%s\" (%llu)",
		    (unsigned long long)sum, parent->name,
		    (unsigned long long)parent->bandwidth);
	return 0;
}

static int
check_priority(struct parser *p, const struct altq *a)
{
	uint32_t max =
	    a->sched == PF_SCHED_CBQ ? CBQ_PRIORITIES : PRIQ_PRIORITIES;

	if (a->sched != PF_SCHED_CBQ && a->sched != PF_SCHED_PRIQ)
		return 0;
	if (a->priority >= max) {
		pf_warn(p, "priority out of range: max %u", max - 1);
		return -1;
	}
	for (const struct altq *q = p->altqs;
	     a->sched == PF_SCHED_PRIQ && q != NULL; q = q->next) {
		if (q->defined && q->name != NULL &&
		    streq(q->ifname, a->ifname) && q->priority == a->priority) {
			pf_warn(p, "%s and %s have the same priority", q->name,
			    a->name);
			return -1;
		}
	}
	return 0;
}

static int
check_hfsc(struct parser *p, struct altq *a)
{
	if (!has_curves(a->sched))
		return 0;
	if (a->parent == NULL) {
		a->link.m1 = a->link.m2 = a->if_bandwidth;
		return 0;
	}
	if (a->link.m2 == 0)
		a->link.m2 = a->bandwidth;
	if ((a->real.m1 > 0 && a->real.m2 == 0) ||
	    (a->upper.m1 > 0 && a->upper.m2 == 0)) {
		pf_warn(p, "m2 is zero for %s", a->name);
		return -1;
	}
	if ((a->real.m1 != 0 && a->real.m1 < a->real.m2) ||
	    (a->link.m1 != 0 && a->link.m1 < a->link.m2) ||
	    (a->upper.m1 != 0 && a->upper.m1 < a->upper.m2)) {
		pf_warn(p, "m1 must be zero for convex curve: %s", a->name);
		return -1;
	}
	if (a->upper.m1 > a->if_bandwidth || a->upper.m2 > a->if_bandwidth) {
		pf_warn(p, "upper-limit larger than interface bandwidth");
		return -1;
	}
	if (a->real.m2 != 0 && a->upper.m2 != 0 && a->real.m2 > a->upper.m2) {
		pf_warn(p, "upper-limit sc smaller than real-time sc");
		return -1;
	}
	return 0;
}

static int
eval_queue(struct parser *p, struct altq *a, const struct bandwidth *bw,
    const struct queue_opts *o)
{
	const struct altq *top = altq_find(p, a->ifname, NULL), *parent = NULL;
	uint64_t whole;

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
	whole = parent ? parent->bandwidth : a->if_bandwidth;
	if (has_bandwidth(a->sched)) {
		a->bandwidth = bandwidth_of(bw, whole);
		if (a->bandwidth > a->if_bandwidth) {
			pf_note(p, "bandwidth for %s higher than interface",
			    a->name);
			return -1;
		}
		if (parent != NULL && check_share(p, a, parent) < 0)
			return -1;
	}
	eval_opts(a, o, whole);
	if (check_priority(p, a) < 0)
		return -1;
	return check_hfsc(p, a);
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
	say_altq(p, &a, o, children);
	if (has_bandwidth(a.sched)) {
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
		say_queue(p, &a, o, children, on);
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

static unsigned
count_default(const struct parser *p, const char *ifname)
{
	unsigned n = 0;

	for (const struct altq *q = p->altqs; q != NULL; q = q->next) {
		if (q->defined && q->name != NULL && streq(q->ifname, ifname) &&
		    (q->flags & QF_DEFAULT))
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
