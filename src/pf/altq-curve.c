/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Admission of hfsc's and fairq's queues: do the service curves of a queue's
 * children, added up, fit what there is to give?
 *
 * A curve says how many bits a queue may have sent x milliseconds after it
 * became busy: m1 * x in the first d milliseconds, and m2 for each one after.
 */
#include "pf/altq.h"

static double
curve_at(const struct sc *c, double x)
{
	if (x <= c->d)
		return x * (double)c->m1;
	return c->d * (double)c->m1 + (x - c->d) * (double)c->m2;
}

static double
sum_at(const struct sc_sum *sum, double x)
{
	double y = 0;

	for (const struct sc_sum *s = sum; s != NULL; s = s->next)
		y += curve_at(&s->curve, x);
	return y;
}

/*
 * Does the sum stay under `limit`? It bends where one of its curves does, so
 * that is where to look, and at its slope behind the last bend. A bend of
 * `limit` counts if it lies behind them all: the original's measure.
 */
static bool
fits_under(const struct sc_sum *sum, const struct sc *limit)
{
	uint32_t last = 0;
	double slope = 0;

	for (const struct sc_sum *s = sum; s != NULL; s = s->next) {
		uint32_t d = s->curve.d;

		if (sum_at(sum, d) > curve_at(limit, d))
			return false;
		slope += (double)s->curve.m2;
		last = MAX(last, d);
	}
	if (slope > (double)limit->m2)
		return false;
	return limit->d <= last ||
	    sum_at(sum, limit->d) <= curve_at(limit, limit->d);
}

/* A curve that doesn't fit stays in the sum, as with the original: its
 * siblings are told, too. */
static bool
admit(struct parser *p, struct sc_sum **sum, const struct sc *curve,
    const struct sc *limit)
{
	struct sc_sum *s = arena_new(&p->rs->arena, struct sc_sum);

	s->curve = *curve;
	s->next = *sum;
	*sum = s;
	return fits_under(s, limit);
}

static bool
lacks_m2(const struct sc *c)
{
	return c->m1 > 0 && c->m2 == 0;
}

static bool
is_steeper_later(const struct sc *c)
{
	return c->m1 != 0 && c->m1 < c->m2;
}

static int
check_shape(struct parser *p, const struct altq *a)
{
	if (lacks_m2(&a->real) || lacks_m2(&a->link) || lacks_m2(&a->upper)) {
		pf_warn(p, "m2 is zero for %s", a->name);
		return -1;
	}
	if (is_steeper_later(&a->real) || is_steeper_later(&a->link) ||
	    is_steeper_later(&a->upper)) {
		pf_warn(p, "m1 must be zero for convex curve: %s", a->name);
		return -1;
	}
	return 0;
}

/* A fifth of the interface is never promised in real time. */
static int
check_real(struct parser *p, const struct altq *a, struct altq *parent)
{
	_cleanup_(str_clear) struct str rate = STR_INIT;
	struct sc limit = { .m2 = a->if_bandwidth / 100 * 80 };

	if (a->real.m2 == 0 || admit(p, &parent->reals, &a->real, &limit))
		return 0;
	pf_altq_rate(&rate, (double)limit.m2);
	pf_warn(p, "real-time sc exceeds 80%% of the interface bandwidth (%s)",
	    rate.buf);
	return -1;
}

static int
check_link(struct parser *p, const struct altq *a, struct altq *parent)
{
	if (a->link.m2 == 0 ||
	    admit(p, &parent->links, &a->link, &parent->link))
		return 0;
	pf_warn(p, "%s sc exceeds parent's sc",
	    a->sched == PF_SCHED_HFSC ? "linkshare" : "link-sharing");
	return -1;
}

static int
check_upper(struct parser *p, const struct altq *a)
{
	if (a->upper.m1 > a->if_bandwidth || a->upper.m2 > a->if_bandwidth) {
		pf_warn(p, "upper-limit larger than interface bandwidth");
		return -1;
	}
	if (a->upper.m2 != 0 && a->real.m2 > a->upper.m2) {
		pf_warn(p, "upper-limit sc smaller than real-time sc");
		return -1;
	}
	return 0;
}

int
pf_altq_curves(struct parser *p, struct altq *a, struct altq *parent)
{
	if (parent == NULL) {
		a->link = (struct sc){
			.m1 = a->if_bandwidth,
			.m2 = a->if_bandwidth,
		};
		return 0;
	}
	if (parent->flags & QF_DEFAULT) {
		pf_warn(p, "adding %s would make default queue %s not a leaf",
		    a->name, a->parent);
		return -1;
	}
	if (a->link.m2 == 0)
		a->link.m2 = a->bandwidth;
	if (a->sched == PF_SCHED_HFSC && check_shape(p, a) < 0)
		return -1;
	if (check_real(p, a, parent) < 0 || check_link(p, a, parent) < 0)
		return -1;
	return check_upper(p, a);
}
