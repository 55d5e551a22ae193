/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State options: reading "(max 10, no-sync ..)" and turning a list of them
 * into what a rule holds.
 */
#include "pf/names.h"
#include "pf/parse.h"

enum { RATE_MAX = 4294967 }; /* the kernel counts in thousandths */

static bool
starts_state_opt(int kind)
{
	switch (kind) {
	case K_MAX:
	case K_NO_SYNC:
	case K_MAX_SRC_STATES:
	case K_MAX_SRC_CONN:
	case K_MAX_SRC_CONN_RATE:
	case K_OVERLOAD:
	case K_MAX_SRC_NODES:
	case K_SOURCE_TRACK:
	case K_IF_BOUND:
	case K_FLOATING:
	case K_SLOPPY:
	case T_STRING:
		return true;
	default:
		return false;
	}
}

static int
parse_count(struct parser *p, uint32_t *ret)
{
	int64_t n;

	if (expect_number(p, &n) < 0)
		return -1;
	if (n < 0 || n > UINT32_MAX)
		return pf_error(p, "only positive values permitted");
	*ret = (uint32_t)n;
	return 0;
}

/* "max-src-conn-rate" NUMBER "/" NUMBER */
static int
parse_rate(struct parser *p, struct state_opt *o)
{
	int64_t limit, seconds;

	if (expect_number(p, &limit) < 0 || expect(p, '/') < 0 ||
	    expect_number(p, &seconds) < 0)
		return -1;
	if (limit < 0 || limit > UINT32_MAX || seconds < 0 ||
	    seconds > UINT32_MAX)
		return pf_error(p, "only positive values permitted");
	o->value = (uint32_t)limit;
	o->seconds = (uint32_t)seconds;
	return 0;
}

/* "overload" "<" WORD ">" [ "flush" [ "global" ] ] */
static int
parse_overload(struct parser *p, struct state_opt *o)
{
	const char *name;

	if (expect(p, '<') < 0 || expect_string(p, &name) < 0 ||
	    expect(p, '>') < 0)
		return -1;
	o->flush = take_if(p, K_FLUSH);
	o->global = o->flush && take_if(p, K_GLOBAL);
	if (strlen(name) > PF_TABLE_MAX)
		return pf_error(p, "table name '%s' too long", name);
	o->table = pf_keep(p, name);
	return 0;
}

/* TIMEOUT NUMBER: a time-out of states, that is one with a dot in its name */
static int
parse_state_timeout(struct parser *p, struct state_opt *o)
{
	const char *name;
	int tm = -1;

	if (expect_string(p, &name) < 0 || parse_count(p, &o->value) < 0)
		return -1;
	for (int i = 0; i < PF_TM_COUNT; i++) {
		if (streq(pf_timeout_name(i), name))
			tm = i;
	}
	if (tm < 0)
		return pf_error(p, "illegal timeout name %s", name);
	if (strchr(name, '.') == NULL)
		return pf_error(p, "illegal state timeout %s", name);
	o->tm = (uint8_t)tm;
	return 0;
}

static void
parse_track(struct parser *p, struct state_opt *o)
{
	o->track = PF_TRACK_NONE; /* by what the other options need */
	if (take_if(p, K_RULE))
		o->track = PF_TRACK_RULE;
	else if (take_if(p, K_GLOBAL))
		o->track = PF_TRACK_GLOBAL;
}

/* Keywords that are followed by a plain count, or by nothing. */
static const struct {
	int keyword;
	enum state_opt_kind kind;
} state_words[] = {
	{ K_MAX, ST_MAX },
	{ K_MAX_SRC_STATES, ST_MAX_SRC_STATES },
	{ K_MAX_SRC_CONN, ST_MAX_SRC_CONN },
	{ K_MAX_SRC_NODES, ST_MAX_SRC_NODES },
	{ K_MAX_SRC_CONN_RATE, ST_MAX_SRC_CONN_RATE },
	{ K_OVERLOAD, ST_OVERLOAD },
	{ K_SOURCE_TRACK, ST_TRACK },
	{ K_NO_SYNC, ST_NO_SYNC },
	{ K_SLOPPY, ST_SLOPPY },
	{ K_IF_BOUND, ST_LOCK },
	{ K_FLOATING, ST_LOCK },
};

static int
parse_state_words(struct parser *p, struct state_opt *o)
{
	int keyword = peek(p);

	take(p);
	for (size_t i = 0; i < ARRAY_SIZE(state_words); i++) {
		if (state_words[i].keyword == keyword)
			o->kind = (uint8_t)state_words[i].kind;
	}
	o->if_bound = keyword == K_IF_BOUND;
	switch (o->kind) {
	case ST_MAX:
	case ST_MAX_SRC_STATES:
	case ST_MAX_SRC_CONN:
	case ST_MAX_SRC_NODES:
		return parse_count(p, &o->value);
	case ST_MAX_SRC_CONN_RATE:
		return parse_rate(p, o);
	case ST_OVERLOAD:
		return parse_overload(p, o);
	case ST_TRACK:
		parse_track(p, o);
		return 0;
	default:
		return 0;
	}
}

/* state-opt = "max" N | "no-sync" | "max-src-states" N | "max-src-conn" N
 *           | "max-src-conn-rate" N "/" N | "max-src-nodes" N
 *           | "overload" "<" T ">" .. | "source-track" [ "rule" | "global" ]
 *           | "if-bound" | "floating" | "sloppy" | TIMEOUT N */
static int
parse_state_item(struct parser *p, void *arg)
{
	struct state_opt ***end = arg;
	struct state_opt *o = arena_new(&p->rs->arena, struct state_opt);

	if (!starts_state_opt(peek(p)))
		return pf_syntax(p);
	if (peek(p) == T_STRING) {
		o->kind = ST_TIMEOUT;
		if (parse_state_timeout(p, o) < 0)
			return -1;
	} else if (parse_state_words(p, o) < 0) {
		return -1;
	}
	**end = o;
	*end = &o->next;
	return 0;
}

int
pf_parse_state_list(struct parser *p, bool paren, struct state_opt **ret)
{
	struct state_opt **end = ret;

	*ret = NULL;
	if (paren)
		return pf_paren_list(p, parse_state_item, &end);
	do {
		if (parse_state_item(p, &end) < 0)
			return -1;
	} while (take_if(p, ',') || starts_state_opt(peek(p)));
	return 0;
}

/* ---- what a rule holds ---- */

static int
twice(struct parser *p, const char *name)
{
	return pf_error(p, "state option '%s' multiple definitions", name);
}

/* An option that counts something per source. */
static int
apply_src(struct parser *p, const char *name, uint32_t value, uint32_t *ret)
{
	if (*ret != 0)
		return twice(p, name);
	if (value == 0)
		return pf_error(p, "'%s' must be > 0", name);
	*ret = value;
	return 0;
}

static int
apply_rate(struct parser *p, const struct state_opt *o, struct pf_state *st)
{
	if (st->rate != 0)
		return twice(p, "max-src-conn-rate");
	if (o->value == 0 || o->seconds == 0)
		return pf_error(p, "'max-src-conn-rate' values must be > 0");
	if (o->value > RATE_MAX)
		return pf_error(p,
		    "'max-src-conn-rate' maximum rate must be < %u", RATE_MAX);
	st->rate = o->value;
	st->rate_seconds = o->seconds;
	return 0;
}

static int
apply_overload(struct parser *p, const struct state_opt *o, struct pf_state *st)
{
	if (st->overload != NULL)
		return pf_error(p, "multiple 'overload' table definitions");
	st->overload = o->table;
	st->flush = o->flush;
	st->flush_global = o->global;
	return 0;
}

static int
apply_timeout(struct parser *p, const struct state_opt *o, struct pf_state *st)
{
	if (st->timeout[o->tm] != 0)
		return pf_error(p, "state timeout %s multiple definitions",
		    pf_timeout_name(o->tm));
	st->timeout[o->tm] = o->value;
	return 0;
}

struct seen { /* options whose absence means something */
	bool track, lock, adaptive;
};

static int
apply_flag(struct parser *p, const struct state_opt *o, struct pf_state *st,
    struct seen *seen)
{
	switch (o->kind) {
	case ST_NO_SYNC:
		if (st->no_sync)
			return twice(p, "sync");
		st->no_sync = true;
		return 0;
	case ST_TRACK:
		if (seen->track)
			return twice(p, "source-track");
		seen->track = true;
		st->track = o->track;
		return 0;
	case ST_LOCK:
		if (seen->lock)
			return pf_error(
			    p, "state locking option: multiple definitions");
		seen->lock = true;
		st->if_bound = o->if_bound;
		return 0;
	default:
		if (st->sloppy)
			return pf_error(
			    p, "state sloppy option: multiple definitions");
		st->sloppy = true;
		return 0;
	}
}

static int
apply(struct parser *p, const struct state_opt *o, struct pf_state *st,
    struct seen *seen)
{
	switch (o->kind) {
	case ST_MAX:
		if (st->max != 0)
			return twice(p, "max");
		st->max = o->value;
		return 0;
	case ST_MAX_SRC_STATES:
		return apply_src(
		    p, "max-src-states", o->value, &st->max_src_states);
	case ST_MAX_SRC_CONN:
		return apply_src(
		    p, "max-src-conn", o->value, &st->max_src_conn);
	case ST_MAX_SRC_NODES:
		return apply_src(
		    p, "max-src-nodes", o->value, &st->max_src_nodes);
	case ST_MAX_SRC_CONN_RATE:
		return apply_rate(p, o, st);
	case ST_OVERLOAD:
		return apply_overload(p, o, st);
	case ST_TIMEOUT:
		if (o->tm == PF_TM_ADAPTIVE_START ||
		    o->tm == PF_TM_ADAPTIVE_END)
			seen->adaptive = true;
		return apply_timeout(p, o, st);
	default:
		return apply_flag(p, o, st, seen);
	}
}

/* Options that imply others, and those that exclude source-track global. */
static int
complete_track(struct parser *p, struct pf_state *st, bool given)
{
	bool rule =
	    st->max_src_conn != 0 || st->rate != 0 || st->max_src_nodes != 0;
	bool global = st->track == PF_TRACK_GLOBAL;
	const char *bad = NULL;

	if (!given && !rule && st->max_src_states == 0)
		return 0;
	if (global && st->max_src_nodes != 0)
		bad = "max-src-nodes";
	else if (global && st->max_src_conn != 0)
		bad = "max-src-conn";
	else if (global && st->rate_seconds != 0)
		bad = "max-src-conn-rate";
	if (bad != NULL)
		return pf_error(
		    p, "'%s' is incompatible with 'source-track global'", bad);
	if (st->timeout[PF_TM_SRC_TRACK] < st->rate_seconds)
		st->timeout[PF_TM_SRC_TRACK] = st->rate_seconds;
	if (rule)
		st->track = PF_TRACK_RULE;
	else if (st->track == PF_TRACK_NONE)
		st->track = PF_TRACK_GLOBAL;
	return 0;
}

int
pf_state_new(struct parser *p, const struct state_opt *list, bool stateful,
    const struct pf_state **ret)
{
	struct seen seen = { 0 };
	struct pf_state st = { 0 };

	for (const struct state_opt *o = list; o != NULL; o = o->next) {
		if (apply(p, o, &st, &seen) < 0)
			return -1;
	}
	if (st.max != 0 && !seen.adaptive) {
		st.timeout[PF_TM_ADAPTIVE_START] = st.max / 10 * 6;
		st.timeout[PF_TM_ADAPTIVE_END] = st.max / 10 * 12;
	}
	if (complete_track(p, &st, seen.track) < 0)
		return -1;
	if (stateful && !seen.lock)
		st.if_bound = p->if_bound;
	*ret = list == NULL && !st.if_bound
	    ? NULL
	    : arena_memdup(&p->rs->arena, &st, sizeof(st));
	return 0;
}
