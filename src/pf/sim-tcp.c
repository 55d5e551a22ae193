/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does a TCP packet fit its connection? Each end has a window in which its
 * sequence numbers may lie, made from what the other end has acknowledged and
 * offered (Guido van Rooij, "Real Stateful TCP Packet Filtering in IP Filter").
 */
#include "pf/sim-internal.h"

#define MAX_ACK_WINDOW (0xffff + 1500)

static bool
seq_geq(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) >= 0;
}

static bool
seq_gt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

/* The parts of a segment that the window is about. */
struct segment {
	uint32_t seq, end, ack;
	uint32_t orig_seq;
	uint16_t win;
	uint8_t flags;
};

static void
slide(struct sim_peer *src, struct sim_peer *dst, const struct segment *g)
{
	if (src->max_win < g->win)
		src->max_win = g->win;
	if (seq_gt(g->end, src->seqlo))
		src->seqlo = g->end;
	if (seq_geq(g->ack + g->win, dst->seqhi))
		dst->seqhi = g->ack + MAX((uint32_t)g->win, 1u);
}

static void
set_timeout(struct sim_state *s, uint64_t now)
{
	uint8_t a = s->src.state, b = s->dst.state;

	s->touched = now;
	if (a >= TCPS_FIN_WAIT_2 && b >= TCPS_FIN_WAIT_2)
		s->tm = PF_TM_TCP_CLOSED;
	else if (a >= TCPS_CLOSING && b >= TCPS_CLOSING)
		s->tm = PF_TM_TCP_FINWAIT;
	else if (a < TCPS_ESTABLISHED || b < TCPS_ESTABLISHED)
		s->tm = PF_TM_TCP_OPENING;
	else if (a >= TCPS_CLOSING || b >= TCPS_CLOSING)
		s->tm = PF_TM_TCP_CLOSING;
	else
		s->tm = PF_TM_TCP_ESTABLISHED;
}

/* The first packet that this end sends. */
static void
first_from(struct sim_run *run, struct sim_peer *src, struct sim_peer *dst,
    struct segment *g)
{
	uint32_t room;

	if (dst->seqdiff != 0 && src->seqdiff == 0) {
		while ((src->seqdiff = sim_rand(run->sim) - g->seq) == 0)
			;
	}
	src->seqlo = g->seq;
	if (src->state < TCPS_SYN_SENT)
		src->state = TCPS_SYN_SENT;
	room = MAX(1u, (uint32_t)dst->max_win);
	if (src->seqhi == 1 || seq_geq(g->end + room, src->seqhi))
		src->seqhi = g->end + room;
	if (g->win > src->max_win)
		src->max_win = g->win;
}

static struct segment
segment_of(const struct pf_packet *p, const struct sim_peer *dst)
{
	struct segment g = { .seq = p->seq,
		.orig_seq = p->seq,
		.ack = p->ack - dst->seqdiff,
		.win = p->win,
		.flags = p->flags };

	g.end = p->seq + p->len + ((p->flags & PF_TH_SYN) ? 1 : 0) +
	    ((p->flags & PF_TH_FIN) ? 1 : 0);
	return g;
}

/* An acknowledgment that says nothing counts as the last one seen. */
static void
settle_ack(struct segment *g, const struct pf_packet *p,
    const struct sim_peer *src, const struct sim_peer *dst)
{
	bool rst_ack =
	    (g->flags & (PF_TH_ACK | PF_TH_RST)) == (PF_TH_ACK | PF_TH_RST);

	if (!(g->flags & PF_TH_ACK) || (p->ack == 0 && rst_ack) ||
	    dst->state < TCPS_SYN_SENT)
		g->ack = dst->seqlo;
	if (g->seq == g->end)
		g->seq = g->end = src->seqlo;
}

/* `exact`: a reset must have the very number that is expected; so after
 * scrub only. */
static bool
in_window(const struct segment *g, const struct sim_peer *src,
    const struct sim_peer *dst, bool exact)
{
	int32_t skew = (int32_t)(dst->seqlo - g->ack);

	return seq_geq(src->seqhi, g->end) &&
	    seq_geq(g->seq, src->seqlo - (dst->max_win)) &&
	    skew >= -MAX_ACK_WINDOW && skew <= MAX_ACK_WINDOW &&
	    (!(g->flags & PF_TH_RST) || !exact || g->orig_seq == src->seqlo ||
		g->orig_seq == src->seqlo + 1 || g->orig_seq + 1 == src->seqlo);
}

/* Not in the window, but near it, while the connection begins or ends. */
static bool
near_window(const struct segment *g, const struct sim_peer *src,
    const struct sim_peer *dst)
{
	return (dst->state < TCPS_SYN_SENT || dst->state >= TCPS_FIN_WAIT_2 ||
		   src->state >= TCPS_FIN_WAIT_2) &&
	    seq_geq(src->seqhi + MAX_ACK_WINDOW, g->end) &&
	    seq_geq(g->seq, src->seqlo - MAX_ACK_WINDOW);
}

/* What the flags say of the two ends. True: one connection too many. */
static bool
advance(struct sim_run *run, struct sim_state *s, struct sim_peer *src,
    struct sim_peer *dst, uint8_t flags)
{
	if ((flags & PF_TH_SYN) && src->state < TCPS_SYN_SENT)
		src->state = TCPS_SYN_SENT;
	if ((flags & PF_TH_FIN) && src->state < TCPS_CLOSING)
		src->state = TCPS_CLOSING;
	if (flags & PF_TH_ACK) {
		if (dst->state == TCPS_SYN_SENT) {
			dst->state = TCPS_ESTABLISHED;
			if (src->state == TCPS_ESTABLISHED &&
			    sim_conn_limit(run, s))
				return true;
		} else if (dst->state == TCPS_CLOSING) {
			dst->state = TCPS_FIN_WAIT_2;
		}
	}
	if (flags & PF_TH_RST)
		src->state = dst->state = TCPS_TIME_WAIT;
	return false;
}

/* Sequence numbers of a `modulate state` connection are shifted. */
static void
modulate(
    struct pf_packet *p, const struct sim_peer *src, const struct sim_peer *dst)
{
	p->seq += src->seqdiff;
	if (p->flags & PF_TH_ACK)
		p->ack -= dst->seqdiff;
}

/* In a handshake the sender is told, and may begin anew. */
static enum pf_verdict
no_fit(struct sim_run *run, struct sim_state *s, struct sim_peer *src,
    const struct segment *g)
{
	struct pf_packet rst = { .af = run->p->af,
		.proto = 6,
		.src = run->p->dst,
		.dst = run->p->src,
		.sport = run->p->dport,
		.dport = run->p->sport,
		.flags = PF_TH_RST,
		.seq = run->p->ack,
		.ttl = 64,
		.tos = 0x10,
		.df = true };

	if (s->dst.state == TCPS_SYN_SENT && s->src.state == TCPS_SYN_SENT) {
		src->seqlo = 0;
		src->seqhi = 1;
		src->max_win = 1;
		if (!(g->flags & PF_TH_RST))
			sim_send_tcp(run, PF_SENT_RST, &rst);
	}
	run->ev->reason = PF_R_STATE_MISMATCH;
	return PF_V_BLOCK;
}

/* Only half of the packets may be seen: what an answer shows is believed.
 * True: one connection too many. */
static bool
believe(struct sim_run *run, struct sim_state *s, struct sim_peer *src,
    struct sim_peer *dst)
{
	if (src->state == TCPS_SYN_SENT && dst->state < TCPS_SYN_SENT) {
		dst->state = src->state = TCPS_ESTABLISHED;
		return s->node != NULL && sim_conn_limit(run, s);
	}
	if (src->state == TCPS_CLOSING && dst->state == TCPS_ESTABLISHED &&
	    dst->seqlo == 0)
		dst->state = TCPS_CLOSING;
	return false;
}

/* Without looking at sequence numbers. */
static enum pf_verdict
track_sloppy(struct sim_run *run, struct sim_state *s, struct sim_peer *src,
    struct sim_peer *dst)
{
	uint8_t flags = run->p->flags, was = dst->state;
	bool limit = advance(run, s, src, dst, flags);

	if (!limit && (flags & PF_TH_ACK) && was != TCPS_SYN_SENT &&
	    was != TCPS_CLOSING)
		limit = believe(run, s, src, dst);
	if (limit) {
		run->ev->reason = PF_R_SRC_LIMIT;
		return PF_V_BLOCK;
	}
	set_timeout(s, run->sim->now);
	return PF_V_PASS;
}

enum pf_verdict
sim_tcp_track(struct sim_run *run, struct sim_state *s, struct sim_peer *src,
    struct sim_peer *dst)
{
	struct segment g;

	if (s->sloppy)
		return track_sloppy(run, s, src, dst);
	g = segment_of(run->p, dst);
	if (src->seqlo == 0)
		first_from(run, src, dst, &g);
	settle_ack(&g, run->p, src, dst);
	if (in_window(&g, src, dst, run->ev->scrub != NULL)) {
		slide(src, dst, &g);
		if (advance(run, s, src, dst, g.flags)) {
			run->ev->reason = PF_R_SRC_LIMIT;
			return PF_V_BLOCK;
		}
		set_timeout(s, run->sim->now);
	} else if (near_window(&g, src, dst)) {
		slide(src, dst, &g);
		if ((g.flags & PF_TH_FIN) && src->state < TCPS_CLOSING)
			src->state = TCPS_CLOSING;
		if (g.flags & PF_TH_RST)
			src->state = dst->state = TCPS_TIME_WAIT;
	} else {
		return no_fit(run, s, src, &g);
	}
	modulate(run->p, src, dst);
	return PF_V_PASS;
}

/* ---- synproxy: pf makes the handshake itself, with both ends ---- */

static void
send_syn_ack(struct sim_run *run, const struct sim_state *s)
{
	struct pf_packet p = { .af = run->p->af,
		.proto = 6,
		.src = run->p->dst,
		.dst = run->p->src,
		.sport = run->p->dport,
		.dport = run->p->sport,
		.flags = PF_TH_SYN | PF_TH_ACK,
		.seq = s->src.seqhi,
		.ack = s->src.seqlo + 1,
		.mss = s->mss,
		.ttl = 64,
		.tos = 0x10,
		.df = true };

	sim_send_tcp(run, PF_SENT_SYNACK, &p);
}

/* A segment of pf's own between the two ends of a state. */
static void
send_between(struct sim_run *run, const struct sim_state *s, bool to_server,
    uint8_t flags, uint32_t seq, uint32_t ack, uint16_t win)
{
	const struct sim_key *k = &s->key[to_server ? KEY_STACK : KEY_WIRE];
	struct pf_packet p = { .af = k->af,
		.proto = 6,
		.flags = flags,
		.seq = seq,
		.ack = ack,
		.win = win,
		.ttl = 64,
		.tos = 0x10,
		.df = true,
		.mss = flags == PF_TH_SYN ? s->mss : 0 };
	unsigned from = (s->dir == PF_IN) == to_server ? 0 : 1;

	p.src = k->addr[from];
	p.sport = k->port[from];
	p.dst = k->addr[1 - from];
	p.dport = k->port[1 - from];
	sim_send_tcp(run, PF_SENT_TCP, &p);
}

static bool
proxy_drop(struct sim_run *run, bool take)
{
	run->ev->reason = PF_R_SYNPROXY;
	run->ev->state = PF_S_NEW; /* until the handshake is over */
	run->ev->verdict = take ? PF_V_PASS : PF_V_BLOCK;
	run->ev->taken = take;
	return true;
}

/* The client's side of the handshake. */
static bool
proxy_client(struct sim_run *run, struct sim_state *s)
{
	const struct pf_packet *p = run->p;

	if (run->dir != s->dir)
		return proxy_drop(run, true);
	if (p->flags & PF_TH_SYN) {
		if (p->seq != s->src.seqlo)
			return proxy_drop(run, false);
		send_syn_ack(run, s);
		return proxy_drop(run, true);
	}
	if ((p->flags & (PF_TH_ACK | PF_TH_RST | PF_TH_FIN)) != PF_TH_ACK ||
	    p->ack != s->src.seqhi + 1 || p->seq != s->src.seqlo + 1)
		return proxy_drop(run, false);
	if (s->node != NULL && sim_conn_limit(run, s)) {
		run->ev->reason = PF_R_SRC_LIMIT;
		run->ev->verdict = PF_V_BLOCK;
		return true;
	}
	s->src.state = TCPS_PROXY_DST;
	return false;
}

static bool
proxy_server(struct sim_run *run, struct sim_state *s)
{
	const struct pf_packet *p = run->p;
	uint8_t f = p->flags & (PF_TH_SYN | PF_TH_ACK);

	if (run->dir == s->dir) {
		if (f != PF_TH_ACK || p->ack != s->src.seqhi + 1 ||
		    p->seq != s->src.seqlo + 1)
			return proxy_drop(run, false);
		s->src.max_win = MAX(p->win, 1);
		if (s->dst.seqhi == 1)
			s->dst.seqhi = sim_rand(run->sim);
		send_between(
		    run, s, true, PF_TH_SYN, s->dst.seqhi, 0, s->src.max_win);
		return proxy_drop(run, true);
	}
	if (f != (PF_TH_SYN | PF_TH_ACK) || p->ack != s->dst.seqhi + 1)
		return proxy_drop(run, false);
	s->dst.max_win = MAX(p->win, 1);
	s->dst.seqlo = p->seq;
	send_between(
	    run, s, true, PF_TH_ACK, p->ack, p->seq + 1, s->src.max_win);
	send_between(run, s, false, PF_TH_ACK, s->src.seqhi + 1,
	    s->src.seqlo + 1, s->dst.max_win);
	s->src.seqdiff = s->dst.seqhi - s->src.seqlo;
	s->dst.seqdiff = s->src.seqhi - s->dst.seqlo;
	s->src.seqhi = s->src.seqlo + s->dst.max_win;
	s->dst.seqhi = s->dst.seqlo + s->src.max_win;
	s->src.state = s->dst.state = TCPS_ESTABLISHED;
	return proxy_drop(run, true);
}

/* True: the packet was for the proxy, the event has the verdict. */
bool
sim_synproxy(struct sim_run *run, struct sim_state *s)
{
	if (s->src.state == TCPS_PROXY_SRC && proxy_client(run, s))
		return true;
	return s->src.state == TCPS_PROXY_DST && proxy_server(run, s);
}
