/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How altq and queue statements are printed.
 */
#include "pf/altq.h"

void
pf_altq_rate(struct str *s, double rate)
{
	static const char units[] = " KMG";
	int i;

	for (i = 0; rate >= 1000 && i < 3; i++)
		rate /= 1000;
	if ((int64_t)(rate * 100) % 100 != 0)
		str_printf(s, "%.2f%cb", rate, units[i]);
	else
		str_printf(s, "%lld%cb", (long long)rate, units[i]);
}

static void
add_share(struct str *s, const struct bandwidth *bw, uint64_t bits)
{
	if (bw->percent > 0)
		str_printf(s, "%u%%", bw->percent);
	else
		pf_altq_rate(s, (double)bits);
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
		str_printf(s, " target %d", (int)o->target);
	if (o->interval != 0)
		str_printf(s, " interval %d", (int)o->interval);
	if (o->ecn)
		str_add(s, "ecn");
	str_add(s, " ) ");
	return true;
}

static bool
add_sched(struct str *s, const struct altq *a, const struct queue_opts *o)
{
	if (pf_altq_has_curves(a->sched))
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
	pf_altq_rate(s, (double)bits);
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

void
pf_altq_say(struct parser *p, const struct altq *a, const struct queue_opts *o,
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

void
pf_queue_say(struct parser *p, const struct altq *a, const struct queue_opts *o,
    const struct queue_name *children, bool on)
{
	_cleanup_(str_clear) struct str s = STR_INIT;

	str_printf(&s, "queue %s ", a->name);
	if (on)
		str_printf(&s, "on %s ", a->ifname);
	if (pf_altq_has_bandwidth(a->sched))
		add_bandwidth(&s, &o->bw, a->bandwidth);
	if (a->priority != ALTQ_PRIORITY)
		str_printf(&s, "priority %u ", a->priority);
	if (a->qlimit != ALTQ_QLIMIT)
		str_printf(&s, "qlimit %u ", a->qlimit);
	(void)add_sched(&s, a, o);
	say_line(p, &s, "", children);
}
