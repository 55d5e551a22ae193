/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * altq  = "altq" on { queue-opt } "queue" children
 * queue = "queue" WORD on { queue-opt } [ children ]
 * queue-opt = "bandwidth" B | "priority" N | "qlimit" N | "tbrsize" N
 *           | scheduler
 * children  = WORD | "{" WORD { [","] WORD } "}"
 */
#include <limits.h>

#include "pf/altq.h"

/* B = NUMBER | NUMBER ( "b" | "Kb" | "Mb" | "Gb" | "%" ) */
static int
parse_bandwidth(struct parser *p, struct bandwidth *ret)
{
	static const struct {
		const char *name;
		double factor;
	} units[] = { { "b", 1 }, { "K", 1e3 }, { "M", 1e6 }, { "G", 1e9 } };
	const char *word;
	char *unit;
	double bps;

	*ret = (struct bandwidth){ 0 };
	if (peek(p) == T_NUMBER) {
		if (p->tok.num < 0 || p->tok.num == INT64_MAX) {
			take(p);
			return pf_error(p, "bandwidth number too big");
		}
		ret->absolute = (uint64_t)p->tok.num;
		take(p);
		return 0;
	}
	if (expect_string(p, &word) < 0)
		return -1;
	bps = strtod(word, &unit);
	if (strlen(unit) > 1 &&
	    (streq(unit + 1, "Bit") || streq(unit + 1, "B") ||
		streq(unit + 1, "bit") || streq(unit + 1, "b")))
		unit[1] = '\0';
	if (streq(unit, "%")) {
		if (!(bps >= 0 && bps <= 100))
			return pf_error(p, "bandwidth spec out of range");
		ret->percent = (uint32_t)bps;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (!streq(unit, units[i].name))
			continue;
		bps *= units[i].factor;
		if (!(bps >= 0 && bps < 9.2e18))
			return pf_error(p, "bandwidth spec out of range");
		ret->absolute = (uint64_t)bps;
		return 0;
	}
	return pf_error(p, "unknown unit %s", unit);
}

/* ---- schedulers ---- */

struct sched_arg {
	struct queue_opts *o;
	const char *name;
	int (*other)(struct parser *p, struct queue_opts *o, int keyword);
	unsigned allowed; /* QF_* */
};

static const struct {
	const char *word;
	unsigned flags;
} flag_words[] = {
	{ "default", QF_DEFAULT },
	{ "borrow", QF_BORROW },
	{ "red", QF_RED },
	{ "ecn", QF_RED | QF_ECN },
	{ "rio", QF_RIO },
	{ "codel", QF_CODEL },
};

/* A flag's word, or what `other` knows. */
static int
parse_sched_item(struct parser *p, void *arg)
{
	struct sched_arg *a = arg;
	const char *word;

	if (peek(p) != T_STRING) {
		if (a->other == NULL)
			return pf_syntax(p);
		return a->other(p, a->o, peek(p));
	}
	if (expect_string(p, &word) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(flag_words); i++) {
		if (streq(flag_words[i].word, word) &&
		    (flag_words[i].flags & ~a->allowed) == 0) {
			a->o->flags |= flag_words[i].flags;
			return 0;
		}
	}
	return pf_error(p, "unknown %s flag \"%s\"", a->name, word);
}

/* ( "linkshare" | "realtime" | "upperlimit" )
 * ( B | "(" B [","] N [","] B ")" ) */
static int
parse_curve(struct parser *p, struct queue_opts *o, int keyword)
{
	struct curve *c = keyword == K_LINKSHARE ? &o->link
	    : keyword == K_REALTIME		 ? &o->real
						 : &o->upper;
	int64_t d = 0;

	if (keyword != K_LINKSHARE && keyword != K_REALTIME &&
	    keyword != K_UPPERLIMIT)
		return pf_syntax(p);
	take(p);
	if (!take_if(p, '(')) {
		if (parse_bandwidth(p, &c->m2) < 0)
			return -1;
	} else {
		if (parse_bandwidth(p, &c->m1) < 0)
			return -1;
		(void)take_if(p, ',');
		if (expect_number(p, &d) < 0)
			return -1;
		(void)take_if(p, ',');
		if (parse_bandwidth(p, &c->m2) < 0 || expect(p, ')') < 0)
			return -1;
		if (d < 0 || d > INT_MAX)
			return pf_error(p, "timing in curve out of range");
	}
	if (c->used)
		return pf_error(
		    p, "%s already specified", pf_keyword_name(keyword));
	c->used = true;
	c->d = (uint32_t)d;
	return 0;
}

/* "buckets" N | "hogs" B | "linkshare" .. */
static int
parse_fairq_other(struct parser *p, struct queue_opts *o, int keyword)
{
	struct bandwidth hogs;
	int64_t n;

	switch (keyword) {
	case K_BUCKETS:
		take(p);
		return pf_number(p, &n);
	case K_HOGS:
		take(p);
		return parse_bandwidth(p, &hogs);
	case K_LINKSHARE:
		return parse_curve(p, o, keyword);
	default:
		return pf_syntax(p);
	}
}

/* "target" N | "interval" N | "ecn" */
static int
parse_codel_item(struct parser *p, void *arg)
{
	struct queue_opts *o = arg;
	uint32_t *value = peek(p) == K_TARGET ? &o->target : &o->interval;
	const char *word;
	int keyword = peek(p);
	int64_t n;

	if (keyword == T_STRING) {
		if (expect_string(p, &word) < 0)
			return -1;
		if (!streq(word, "ecn"))
			return pf_error(p, "unknown codel option \"%s\"", word);
		o->ecn = true;
		return 0;
	}
	if (keyword != K_TARGET && keyword != K_INTERVAL)
		return pf_syntax(p);
	take(p);
	if (pf_number(p, &n) < 0)
		return -1;
	if (*value != 0)
		return pf_error(
		    p, "%s already specified", pf_keyword_name(keyword));
	*value = (uint32_t)n;
	return 0;
}

/* ( "cbq" | "priq" | "hfsc" | "fairq" | "codelq" ) [ "(" .. ")" ] */
static int
parse_scheduler(struct parser *p, struct queue_opts *o)
{
	static const unsigned common =
	    QF_DEFAULT | QF_RED | QF_ECN | QF_RIO | QF_CODEL;
	struct sched_arg a = { .o = o, .allowed = common };
	int keyword = peek(p), r = 0;
	uint8_t had = o->sched;

	a.name = pf_keyword_name(keyword);
	take(p);
	switch (keyword) {
	case K_CBQ:
		o->sched = PF_SCHED_CBQ;
		a.allowed |= QF_BORROW;
		break;
	case K_PRIQ:
		o->sched = PF_SCHED_PRIQ;
		break;
	case K_HFSC:
		o->sched = PF_SCHED_HFSC;
		a.other = parse_curve;
		break;
	case K_FAIRQ:
		o->sched = PF_SCHED_FAIRQ;
		a.other = parse_fairq_other;
		break;
	default:
		o->sched = PF_SCHED_CODEL;
		break;
	}
	if (take_if(p, '(')) {
		if (o->sched == PF_SCHED_CODEL)
			r = pf_paren_list(p, parse_codel_item, o);
		else
			r = pf_paren_list(p, parse_sched_item, &a);
	}
	if (r == 0 && had != PF_SCHED_NONE)
		r = pf_error(p, "scheduler cannot be respecified");
	return r;
}

/* ---- options ---- */

struct seen {
	bool bandwidth, priority, qlimit, tbrsize;
};

static int
parse_value(
    struct parser *p, const char *name, int64_t max, bool *seen, uint32_t *ret)
{
	int64_t n;

	take(p);
	if (expect_number(p, &n) < 0)
		return -1;
	if (*seen)
		return pf_error(p, "%s cannot be respecified", name);
	*seen = true;
	if (n < 0 || n > max) {
		if (max == UINT32_MAX)
			return pf_error(
			    p, "tbrsize too big: max %u", UINT32_MAX);
		return pf_error(p, "%s out of range: max %d", name, (int)max);
	}
	*ret = (uint32_t)n;
	return 0;
}

static int
parse_queue_opt(struct parser *p, struct queue_opts *o, struct seen *seen)
{
	struct bandwidth bw;

	switch (peek(p)) {
	case K_BANDWIDTH:
		take(p);
		if (parse_bandwidth(p, &bw) < 0)
			return -1;
		if (seen->bandwidth)
			return pf_error(p, "bandwidth cannot be respecified");
		seen->bandwidth = true;
		o->bw = bw;
		return 0;
	case K_PRIORITY:
		return parse_value(
		    p, "priority", 255, &seen->priority, &o->priority);
	case K_QLIMIT:
		return parse_value(
		    p, "qlimit", 65535, &seen->qlimit, &o->qlimit);
	case K_TBRSIZE:
		return parse_value(
		    p, "tbrsize", UINT32_MAX, &seen->tbrsize, &o->tbrsize);
	case K_CBQ:
	case K_PRIQ:
	case K_HFSC:
	case K_FAIRQ:
	case K_CODELQ:
		return parse_scheduler(p, o);
	default:
		return 1;
	}
}

static int
parse_queue_opts(struct parser *p, struct queue_opts *o)
{
	struct seen seen = { 0 };
	int r;

	*o = (struct queue_opts){
		.priority = ALTQ_PRIORITY,
		.qlimit = ALTQ_QLIMIT,
		.bw.percent = 100,
	};
	while ((r = parse_queue_opt(p, o, &seen)) == 0)
		;
	return r < 0 ? -1 : 0;
}

static int
parse_child(struct parser *p, void *arg)
{
	struct queue_name ***end = arg, *n;
	const char *name;

	if (expect_string(p, &name) < 0)
		return -1;
	if (strlen(name) > PF_NAME_MAX)
		return pf_error(p, "queue name '%s' too long (max %d chars)",
		    name, PF_NAME_MAX);
	n = arena_new(&p->tmp, struct queue_name);
	n->name = pf_keep(p, name);
	**end = n;
	*end = &n->next;
	return 0;
}

static int
parse_children(struct parser *p, struct queue_name **ret)
{
	struct queue_name **end = ret;

	*ret = NULL;
	if (peek(p) != T_STRING && peek(p) != '{')
		return 0;
	return pf_one_or_list(p, parse_child, &end);
}

int
pf_parse_altq(struct parser *p)
{
	struct queue_name *children;
	struct queue_opts o;
	struct if_node *ifs;

	take(p);
	if (pf_parse_on(p, &ifs) < 0 || parse_queue_opts(p, &o) < 0 ||
	    expect(p, K_QUEUE) < 0 || parse_children(p, &children) < 0 ||
	    (children == NULL && pf_end(p) < 0))
		return -1;
	if (pf_section(p, SECTION_QUEUE) < 0)
		return -1;
	if (o.sched == PF_SCHED_NONE)
		return pf_error(p, "no scheduler specified!");
	if (children == NULL && o.sched != PF_SCHED_CODEL)
		return pf_error(p, "no child queues specified");
	return pf_altq_define(p, ifs, children, &o);
}

int
pf_parse_queue(struct parser *p)
{
	struct queue_name *children;
	struct queue_opts o;
	struct if_node *ifs;
	const char *name;

	take(p);
	if (expect_string(p, &name) < 0 || pf_parse_on(p, &ifs) < 0 ||
	    parse_queue_opts(p, &o) < 0 || parse_children(p, &children) < 0 ||
	    (children == NULL && pf_end(p) < 0))
		return -1;
	if (pf_section(p, SECTION_QUEUE) < 0)
		return -1;
	if (strlen(name) > PF_NAME_MAX)
		return pf_error(
		    p, "queue name too long (max %d chars)", PF_NAME_MAX);
	if (o.tbrsize != 0)
		return pf_error(p, "cannot specify tbrsize for queue");
	if (pf_queue_define(p, name, ifs, children, &o) < 0)
		return pf_error(p, "errors in queue definition");
	return 0;
}
