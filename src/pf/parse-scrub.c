/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scrub = [ "no" ] "scrub" dir logquick on af proto from-to { scrub-opt }
 */
#include <strings.h>

#include "pf/parse.h"

struct scrub_opts {
	bool no_df, random_id, reassemble_tcp, fragment, tagged_not;
	int min_ttl, max_mss, set_tos; /* -1: not given */
	int16_t rtable;
	const char *tagged;
};

/* A number that may be given once, in 0 .. max. */
static int
parse_once(struct parser *p, const char *name, int64_t max, int *ret)
{
	int64_t n;

	take(p);
	if (expect_number(p, &n) < 0)
		return -1;
	if (*ret >= 0)
		return pf_error(p, "%s cannot be respecified", name);
	if (n < 0 || n > max)
		return pf_error(p, "illegal %s value %d", name, (int)n);
	*ret = (int)n;
	return 0;
}

static int
set_once(struct parser *p, bool *flag, const char *name)
{
	if (*flag)
		return pf_error(p, "%s cannot be respecified", name);
	*flag = true;
	return 0;
}

/* "fragment" ( "reassemble" | "crop" | "drop-ovl" ): all the same today */
static int
parse_fragment(struct parser *p, struct scrub_opts *o)
{
	take(p);
	if (!take_if(p, K_REASSEMBLE) && !take_if(p, K_CROP) &&
	    expect(p, K_DROP_OVL) < 0)
		return -1;
	return set_once(p, &o->fragment, "fragcache");
}

/* "reassemble" "tcp" */
static int
parse_reassemble(struct parser *p, struct scrub_opts *o)
{
	const char *what;

	take(p);
	if (expect_string(p, &what) < 0)
		return -1;
	if (strcasecmp(what, "tcp") != 0)
		return pf_error(
		    p, "scrub reassemble supports only tcp, not '%s'", what);
	return set_once(p, &o->reassemble_tcp, "reassemble tcp");
}

static int
parse_set_tos(struct parser *p, struct scrub_opts *o)
{
	int tos;

	take(p);
	if (pf_parse_tos(p, &tos) < 0)
		return -1;
	if (o->set_tos >= 0)
		return pf_error(p, "set-tos cannot be respecified");
	o->set_tos = tos;
	return 0;
}

/* [ "!" ] "tagged" WORDS */
static int
parse_tagged(struct parser *p, struct scrub_opts *o)
{
	o->tagged_not = take_if(p, '!');
	if (expect(p, K_TAGGED) < 0)
		return -1;
	return pf_strings(p, &o->tagged);
}

/* { "no-df" | "min-ttl" N | "max-mss" N | "set-tos" tos | "fragment" .. |
 *   "reassemble" "tcp" | "random-id" | "rtable" N | [ "!" ] "tagged" W } */
static int
parse_scrub_opts(struct parser *p, struct scrub_opts *o)
{
	for (;;) {
		int r;

		switch (peek(p)) {
		case K_NO_DF:
			take(p);
			r = set_once(p, &o->no_df, "no-df");
			break;
		case K_RANDOM_ID:
			take(p);
			r = set_once(p, &o->random_id, "random-id");
			break;
		case K_MIN_TTL:
			r = parse_once(p, "min-ttl", 255, &o->min_ttl);
			break;
		case K_MAX_MSS:
			r = parse_once(p, "max-mss", 65535, &o->max_mss);
			break;
		case K_SET_TOS:
			r = parse_set_tos(p, o);
			break;
		case K_FRAGMENT:
			r = parse_fragment(p, o);
			break;
		case K_REASSEMBLE:
			r = parse_reassemble(p, o);
			break;
		case K_RTABLE:
			take(p);
			r = pf_parse_rtable_number(p, &o->rtable);
			break;
		case '!':
		case K_TAGGED:
			r = parse_tagged(p, o);
			break;
		default:
			return 0;
		}
		if (r < 0)
			return -1;
	}
}

static int
add_scrub(struct parser *p, bool no, enum pf_dir dir,
    const struct log_quick *log, uint8_t af, struct expand *x,
    const struct scrub_opts *o)
{
	struct pf_rule r;

	if (pf_section(p, SECTION_SCRUB) < 0)
		return -1;
	pf_rule_init(p, &r, no ? PF_NO_SCRUB : PF_SCRUB);
	r.dir = dir;
	r.log = log->log;
	r.log_if = log->log_if;
	r.af = af;
	if (log->quick)
		return pf_error(p, "scrub rules do not support 'quick'");
	if (o->reassemble_tcp && dir != PF_INOUT)
		return pf_error(
		    p, "reassemble tcp rules can not specify direction");
	r.no_df = o->no_df;
	r.random_id = o->random_id;
	r.reassemble_tcp = o->reassemble_tcp;
	r.min_ttl = (uint8_t)MAX(o->min_ttl, 0);
	r.max_mss = (uint16_t)MAX(o->max_mss, 0);
	r.has_set_tos = o->set_tos >= 0;
	r.set_tos = (uint8_t)MAX(o->set_tos, 0);
	r.rtable = o->rtable;
	if (pf_set_tags(p, &r, NULL, o->tagged, o->tagged_not) < 0)
		return -1;
	return pf_expand(p, &r, x);
}

int
pf_parse_scrub(struct parser *p, bool no)
{
	struct scrub_opts o = {
		.min_ttl = -1,
		.max_mss = -1,
		.set_tos = -1,
		.rtable = -1,
	};
	struct log_quick log = { 0 };
	struct expand x = { 0 };
	enum pf_dir dir;
	uint8_t af;

	take(p);
	dir = pf_parse_dir(p);
	if (pf_parse_log_quick(p, &log) < 0 || pf_parse_on(p, &x.ifs) < 0)
		return -1;
	af = pf_parse_af(p);
	if (pf_parse_proto(p, &x.protos) < 0 ||
	    pf_parse_from_to(p, &x.ft) < 0 || parse_scrub_opts(p, &o) < 0 ||
	    pf_end(p) < 0)
		return -1;
	return add_scrub(p, no, dir, &log, af, &x, &o);
}
