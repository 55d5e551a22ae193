/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time-outs. A state's life is that of its entry in conntrack, which has
 * time-outs by protocol and by its own names of a connection's phases. They
 * are given to an entry with the packet that makes it, as an object of our
 * table: nothing of the whole network namespace changes.
 *
 * As soon as one time-out of a protocol is set, all of that protocol are pf's;
 * without any, conntrack's own stay and no rule is longer than before.
 */
#include "pf/lower-private.h"

#include <linux/netfilter/nfnetlink_cttimeout.h>

/* The larger of two of pf's phases where conntrack knows only one. */
struct phase {
	uint8_t attr; /* CTA_TIMEOUT_* */
	uint8_t tm, also;
};

static const struct phase tcp[] = {
	{ CTA_TIMEOUT_TCP_SYN_SENT, PF_TM_TCP_FIRST, PF_TM_TCP_FIRST },
	{ CTA_TIMEOUT_TCP_SYN_RECV, PF_TM_TCP_OPENING, PF_TM_TCP_OPENING },
	{ CTA_TIMEOUT_TCP_ESTABLISHED, PF_TM_TCP_ESTABLISHED,
	    PF_TM_TCP_ESTABLISHED },
	/* One side has closed. */
	{ CTA_TIMEOUT_TCP_FIN_WAIT, PF_TM_TCP_CLOSING, PF_TM_TCP_CLOSING },
	{ CTA_TIMEOUT_TCP_CLOSE_WAIT, PF_TM_TCP_CLOSING, PF_TM_TCP_CLOSING },
	/* Both have; then both know of it, or there was an RST. */
	{ CTA_TIMEOUT_TCP_LAST_ACK, PF_TM_TCP_FINWAIT, PF_TM_TCP_FINWAIT },
	{ CTA_TIMEOUT_TCP_TIME_WAIT, PF_TM_TCP_CLOSED, PF_TM_TCP_CLOSED },
	{ CTA_TIMEOUT_TCP_CLOSE, PF_TM_TCP_CLOSED, PF_TM_TCP_CLOSED },
	{ CTA_TIMEOUT_TCP_SYN_SENT2, PF_TM_TCP_OPENING, PF_TM_TCP_OPENING },
	/* These only ever shorten others, which pf does not do. */
	{ CTA_TIMEOUT_TCP_RETRANS, PF_TM_TCP_ESTABLISHED,
	    PF_TM_TCP_ESTABLISHED },
	{ CTA_TIMEOUT_TCP_UNACK, PF_TM_TCP_ESTABLISHED, PF_TM_TCP_ESTABLISHED },
};
static const struct phase udp[] = {
	{ CTA_TIMEOUT_UDP_UNREPLIED, PF_TM_UDP_FIRST, PF_TM_UDP_SINGLE },
	{ CTA_TIMEOUT_UDP_REPLIED, PF_TM_UDP_MULTIPLE, PF_TM_UDP_MULTIPLE },
};
static const struct phase icmp[] = {
	{ CTA_TIMEOUT_ICMP_TIMEOUT, PF_TM_ICMP_FIRST, PF_TM_ICMP_ERROR },
};

static const struct protocol {
	uint8_t proto;
	enum pf_tm first, last; /* pf's time-outs of it */
	const struct phase *phase;
	size_t n;
} protocols[] = {
	{ IPPROTO_TCP, PF_TM_TCP_FIRST, PF_TM_TCP_CLOSED, tcp,
	    ARRAY_SIZE(tcp) },
	{ IPPROTO_UDP, PF_TM_UDP_FIRST, PF_TM_UDP_MULTIPLE, udp,
	    ARRAY_SIZE(udp) },
	{ IPPROTO_ICMP, PF_TM_ICMP_FIRST, PF_TM_ICMP_ERROR, icmp,
	    ARRAY_SIZE(icmp) },
	{ IPPROTO_ICMPV6, PF_TM_ICMP_FIRST, PF_TM_ICMP_ERROR, icmp,
	    ARRAY_SIZE(icmp) },
};

/* What a state of this rule (NULL: of none) lives in that phase. */
static uint32_t
seconds(const struct lw *lw, const struct pf_rule *r, uint8_t tm)
{
	const struct pf_options *o = &lw->rs->options;

	if (r && r->state && r->state->timeout[tm])
		return r->state->timeout[tm];
	return o->timeout_set[tm] ? o->timeout[tm]
				  : pf_timeout_default((enum pf_tm)tm);
}

static bool
is_set(const struct lw *lw, const struct pf_rule *r, const struct protocol *p)
{
	for (unsigned int tm = p->first; tm <= p->last; tm++)
		if (lw->rs->options.timeout_set[tm] ||
		    (r && r->state && r->state->timeout[tm]))
			return true;
	return false;
}

bool
pf_timeout_holds(const struct pf_options *o, enum pf_tm tm)
{
	const struct lw lw = { .rs = &(struct pf_ruleset){ .options = *o } };

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (tm >= protocols[i].first && tm <= protocols[i].last)
			return is_set(&lw, NULL, &protocols[i]);
	return o->timeout_set[tm];
}

/* An object is told by what it says: one that is there is never changed. */
static const char *
object(struct lw *lw, const struct pf_rule *r, const struct protocol *p)
{
	struct nft_timeout t = { .proto = p->proto };
	_cleanup_(str_clear) struct str name = STR_INIT;

	str_printf(&name, "timeout_%u", p->proto);
	for (size_t i = 0; i < p->n; i++) {
		uint32_t a = seconds(lw, r, p->phase[i].tm);
		uint32_t b = seconds(lw, r, p->phase[i].also);

		t.seconds[p->phase[i].attr] = a > b ? a : b;
		str_printf(&name, "_%u", a > b ? a : b);
	}
	for (size_t i = 0; i < lw->out->timeouts.n; i++)
		if (streq(lw->out->timeouts.v[i].name, name.buf))
			return lw->out->timeouts.v[i].name;
	t.name = arena_strdup(lw->arena, name.buf);
	*array_add(&lw->out->timeouts) = t;
	return t.name;
}

bool
lw_has_timeouts(const struct lw *lw, const struct pf_rule *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (is_set(lw, r, &protocols[i]))
			return true;
	return false;
}

/* Each object applies to packets of its protocol alone, and to an entry that
 * this packet makes. */
void
x_timeouts(struct lw *lw, const struct pf_rule *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		const struct protocol *p = &protocols[i];

		if (r && r->proto && r->proto != p->proto)
			continue;
		if (is_set(lw, r, p))
			lw_add(lw, NFT_X_TIMEOUT)->name = object(lw, r, p);
	}
}

/* ---- what cannot be done ---- */

static bool
is_other(int tm)
{
	return tm >= PF_TM_OTHER_FIRST && tm <= PF_TM_OTHER_MULTIPLE;
}

/* Can a packet of another protocol match this rule? */
static bool
sees_others(const struct pf_rule *r)
{
	if (!r->proto)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].proto == r->proto)
			return false;
	return true;
}

/* Nothing, or why `tm` cannot be `n`. */
static const char *
objection(int tm, uint32_t n)
{
	if (is_other(tm))
		return "conntrack has one time-out for all other protocols, "
		       "net.netfilter.nf_conntrack_generic_timeout, of the "
		       "whole network namespace";
	if (tm == PF_TM_ADAPTIVE_START || tm == PF_TM_ADAPTIVE_END)
		return n ? "conntrack's time-outs do not shrink with the "
			   "number of states"
			 : NULL;
	if (tm == PF_TM_SRC_TRACK)
		return n ? "sources are not tracked after their last state"
			 : NULL;
	if (tm == PF_TM_FRAG)
		return "fragments wait as long as net.ipv4.ipfrag_time says, "
		       "in the whole network namespace";
	/* Only `reassemble tcp` and the purge look at these. */
	if (tm == PF_TM_TCP_TSDIFF || tm == PF_TM_INTERVAL)
		return NULL;
	return n ? NULL : "a state of no seconds would never be found";
}

void
lw_check_timeouts(struct lw *lw)
{
	const struct pf_options *o = &lw->rs->options;

	for (int tm = 0; tm < PF_TM_COUNT; tm++) {
		const char *why;

		if (!o->timeout_set[tm] ||
		    o->timeout[tm] == pf_timeout_default((enum pf_tm)tm))
			continue;
		why = objection(tm, o->timeout[tm]);
		if (why)
			lw_error(lw, NULL,
			    "set timeout %s %u cannot be done: %s",
			    pf_timeout_name((enum pf_tm)tm), o->timeout[tm],
			    why);
	}
}

/* A limit sets time-outs that nobody wrote: states would go sooner when there
 * are many, and sources stay for the time of their rate. */
static bool
is_implied(const struct pf_state *s, int tm)
{
	if (tm == PF_TM_SRC_TRACK)
		return s->timeout[tm] == s->rate_seconds;
	if (tm == PF_TM_ADAPTIVE_START)
		return s->timeout[tm] == s->max / 10 * 6;
	return tm == PF_TM_ADAPTIVE_END && s->timeout[tm] == s->max / 10 * 12;
}

void
lw_check_rule_timeouts(struct lw *lw, const struct pf_rule *r)
{
	for (int tm = 0; tm < PF_TM_COUNT; tm++) {
		uint32_t n = r->state->timeout[tm];
		bool given = n && !is_implied(r->state, tm);
		const char *why = given ? objection(tm, n) : NULL;

		if (why && (!is_other(tm) || sees_others(r)))
			lw_error(lw, r, "%s %u cannot be done: %s",
			    pf_timeout_name((enum pf_tm)tm), n, why);
	}
}
