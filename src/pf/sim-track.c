/* SPDX-License-Identifier: BSD-2-Clause */
/* Does a packet belong to a state, and how does the state take it? */
#include "pf/sim-internal.h"

static uint8_t
icmp_proto(uint8_t af)
{
	return af == AF_INET ? 1 : 58;
}

/* Does this ICMP message tell of another packet? */
static bool
icmp_is_error(const struct pf_packet *p)
{
	if (p->proto != icmp_proto(p->af))
		return false;
	if (p->af == AF_INET)
		return p->icmp_type == 3 || p->icmp_type == 4 ||
		    p->icmp_type == 5 || p->icmp_type == 11 ||
		    p->icmp_type == 12;
	return p->icmp_type >= 1 && p->icmp_type <= 4;
}

/* A state that sends its packets elsewhere is not asked where they go. */
static bool
routed_elsewhere(const struct sim_run *run, const struct sim_state *s)
{
	const struct pf_rule *r = s->rule->r;

	if (run->dir != PF_OUT || s->rt_if == NULL)
		return false;
	return ((r->route == PF_ROUTE_TO && r->dir == PF_OUT) ||
		   (r->route == PF_REPLY_TO && r->dir == PF_IN)) &&
	    !streq(s->rt_if, run->ifname);
}

static void
belongs(struct sim_run *run, struct sim_state *s)
{
	run->state = s;
	run->rule = s->rule == &run->sim->no_rule ? NULL : s->rule;
	run->anchor = s->anchor;
	run->nat = s->nat;
	run->ev->state = PF_S_OLD;
}

/* Give the packet the addresses that the other side of pf knows it by. */
static void
translate(struct sim_run *run, const struct sim_state *s)
{
	if (memcmp(&s->key[0], &s->key[1], sizeof(s->key[0])) != 0)
		sim_apply_key(run->p,
		    &s->key[run->dir == PF_IN ? KEY_STACK : KEY_WIRE],
		    run->dir);
}

static bool
test_tcp(struct sim_run *run, struct sim_state *s)
{
	bool same = run->dir == s->dir;
	struct sim_peer *src = same ? &s->src : &s->dst;
	struct sim_peer *dst = same ? &s->dst : &s->src;

	if (s->src.state >= TCPS_PROXY_SRC) {
		belongs(run, s);
		if (sim_synproxy(run, s))
			return true;
	}
	/* A new connection on the ports of one that is over. */
	if ((run->p->flags & (PF_TH_SYN | PF_TH_ACK)) == PF_TH_SYN &&
	    dst->state >= TCPS_FIN_WAIT_2 && src->state >= TCPS_FIN_WAIT_2) {
		sim_state_unlink(run->sim, s);
		return false;
	}
	belongs(run, s);
	run->ev->verdict = sim_tcp_track(run, s, src, dst);
	if (run->ev->verdict == PF_V_PASS)
		translate(run, s);
	return true;
}

static void
test_other(struct sim_run *run, struct sim_state *s)
{
	bool same = run->dir == s->dir, udp = run->p->proto == 17;
	struct sim_peer *src = same ? &s->src : &s->dst;
	struct sim_peer *dst = same ? &s->dst : &s->src;
	bool multiple;

	belongs(run, s);
	if (src->state < ONE_SINGLE)
		src->state = ONE_SINGLE;
	if (dst->state == ONE_SINGLE)
		dst->state = ONE_MULTIPLE;
	s->touched = run->sim->now;
	multiple = src->state == ONE_MULTIPLE && dst->state == ONE_MULTIPLE;
	if (udp)
		s->tm = multiple ? PF_TM_UDP_MULTIPLE : PF_TM_UDP_SINGLE;
	else
		s->tm = multiple ? PF_TM_OTHER_MULTIPLE : PF_TM_OTHER_SINGLE;
	run->ev->verdict = PF_V_PASS;
	translate(run, s);
}

static void
test_icmp_query(struct sim_run *run, struct sim_state *s)
{
	belongs(run, s);
	s->touched = run->sim->now;
	s->tm = PF_TM_ICMP_ERROR;
	run->ev->verdict = PF_V_PASS;
	translate(run, s);
}

/* ---- errors: the quoted packet names the state ---- */

/* The quoted packet went the other way. */
static void
quote_key(const struct sim_run *run, struct sim_key *k)
{
	const struct pf_quote *q = &run->p->quote;
	unsigned s = run->dir == PF_IN ? 1 : 0, d = 1 - s;

	*k = (struct sim_key){ .af = run->p->af, .proto = q->proto };
	k->addr[s] = q->src;
	k->addr[d] = q->dst;
	if (q->proto == 6 || q->proto == 17) {
		k->port[s] = q->sport;
		k->port[d] = q->dport;
	} else if (q->proto == icmp_proto(run->p->af)) {
		k->port[0] = k->port[1] = q->sport;
	}
}

static bool
seq_geq(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) >= 0;
}

static bool
quote_fits(const struct sim_run *run, struct sim_state *s)
{
	bool same = run->dir == s->dir;
	const struct sim_peer *src = same ? &s->dst : &s->src;
	const struct sim_peer *dst = same ? &s->src : &s->dst;
	uint32_t seq = run->p->quote.seq - src->seqdiff;

	if (run->p->quote.proto != 6 || s->sloppy)
		return true;
	return seq_geq(src->seqhi, seq) &&
	    seq_geq(seq, src->seqlo - dst->max_win);
}

/* The quoted packet as the other side of pf knew it, and the sender or the
 * destination of the error if it was one of its ends. */
static void
translate_quote(struct sim_run *run, const struct sim_state *s)
{
	struct pf_packet *p = run->p;
	struct pf_quote *q = &p->quote;
	const struct sim_key *nk =
	    &s->key[run->dir == PF_IN ? KEY_STACK : KEY_WIRE];
	unsigned si = run->dir == PF_IN ? 1 : 0, di = 1 - si;
	union pf_ip qsrc = q->src, qdst = q->dst;

	if (memcmp(&s->key[0], &s->key[1], sizeof(s->key[0])) == 0)
		return;
	q->src = nk->addr[si];
	q->dst = nk->addr[di];
	if (q->proto == 6 || q->proto == 17) {
		q->sport = nk->port[si];
		q->dport = nk->port[di];
	} else if (q->proto == icmp_proto(p->af)) {
		q->sport = q->dport = nk->port[0];
	}
	if (!sim_ip_eq(&qsrc, &q->src))
		p->dst = nk->addr[si];
	if (!sim_ip_eq(&qdst, &q->dst))
		p->src = nk->addr[di];
}

static bool
test_icmp_error(struct sim_run *run)
{
	struct sim_state *s;
	struct sim_key k;

	if (!run->p->quotes) {
		/* Nothing is quoted: there is no state to ask for. */
		run->ev->reason = PF_R_SHORT;
		return false;
	}
	quote_key(run, &k);
	s = sim_state_find(run->sim, &k, run->dir, run->ifname);
	if (s == NULL)
		return false;
	belongs(run, s);
	if (!quote_fits(run, s)) {
		run->ev->reason = PF_R_STATE_MISMATCH;
		run->ev->verdict = PF_V_BLOCK;
		return true;
	}
	run->ev->verdict = PF_V_PASS;
	translate_quote(run, s);
	return true;
}

bool
sim_state_test(struct sim_run *run)
{
	struct sim_state *s;
	struct sim_key k;

	if (icmp_is_error(run->p))
		return test_icmp_error(run);
	sim_keys(run, run->p, &k);
	s = sim_state_find(run->sim, &k, run->dir, run->ifname);
	if (s == NULL)
		return false;
	if (routed_elsewhere(run, s)) {
		belongs(run, s);
		run->ev->verdict = PF_V_PASS;
		return true;
	}
	if (run->p->proto == 6)
		return test_tcp(run, s);
	if (run->p->proto == icmp_proto(run->p->af))
		test_icmp_query(run, s);
	else
		test_other(run, s);
	return true;
}
