/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet through the engine and the machine around it, there and back, and
 * where it ends. Nothing is told here: the answer's steps are made from what
 * this leaves behind, and changes are tried by walking again.
 */
#include <arpa/inet.h>
#include <errno.h>

#include "pf/explain-internal.h"

/* ---- the engine ---- */

/* Where nothing is known of routes: all behind the one interface. */
static void
assume_routes(struct ex_walk *w, const struct pf_machine *m)
{
	const struct pf_if *only = pf_machine_only(m);

	for (int i = 0; i < 2; i++)
		w->assumed[i] = (struct pf_sim_route){
			.af = i ? AF_INET6 : AF_INET,
			.ifname = only ? only->name : NULL,
		};
}

static void
use_tables(struct pf_sim *sim, const struct pf_ruleset *tables)
{
	for (const struct pf_table *t = tables->tables; t; t = t->next) {
		_cleanup_(str_clear) struct str name = STR_INIT;

		if (t->automatic)
			continue;
		if (t->anchor && t->anchor[0])
			str_printf(&name, "%s/", t->anchor);
		str_add(&name, t->name);
		if (pf_sim_table_flush(sim, name.buf) < 0)
			continue;
		for (size_t i = 0; i < t->n; i++)
			(void)pf_sim_table_add(
			    sim, name.buf, &t->addr[i], t->af[i]);
	}
}

static int
make_sim(struct ex_walk *w, const struct pf_ex_input *in,
    const struct pf_ruleset *rules, struct err *err)
{
	const struct pf_machine *m = in->machine;
	struct pf_sim_box box = { .env = m->env,
		.route = m->routes.v,
		.n_route = m->routes.n,
		.forward4 = m->forward4,
		.forward6 = m->forward6 };

	if (!m->routes_known && pf_machine_only(m) != NULL) {
		assume_routes(w, m);
		box.route = w->assumed;
		box.n_route = 2;
	}
	w->sim = pf_sim_new(&box);
	pf_sim_enable(w->sim, !m->pf_off);
	pf_sim_trace(w->sim, true);
	if (pf_sim_load(w->sim, "", rules, err) < 0)
		return -EINVAL;
	if (in->tables != NULL)
		use_tables(w->sim, in->tables);
	return 0;
}

/* ---- where it comes from ---- */

static bool
loopback(const struct pf_machine *m, const char *ifname)
{
	const struct pf_if *f = pf_env_if(m->env, ifname);

	return f != NULL && (f->flags & PF_IF_LOOPBACK);
}

static int
no_sender(const struct pf_question *q, const char *net_of, struct err *err)
{
	char buf[INET6_ADDRSTRLEN];

	inet_ntop(q->packet.af, q->packet.src.b, buf, sizeof(buf));
	if (net_of != NULL)
		return err_set(err, EINVAL,
		    "nobody has the address %s in the network of %s; if a "
		    "packet with it comes from outside, say where: on em0, "
		    "for instance",
		    buf, net_of);
	return err_set(err, EINVAL,
	    "it is not known on which interface %s comes in: say on IF", buf);
}

static int
find_way_in(struct ex_walk *w, const struct pf_machine *m,
    const struct pf_question *q, struct err *err)
{
	const struct pf_packet *p = &q->packet;
	const struct pf_if *f;
	bool local = pf_machine_is_local(m, p->af, &p->src);
	union pf_ip via;

	if (q->from_here)
		return 0;
	w->in_if = q->ifname;
	if (q->ifname != NULL) {
		if (local && loopback(m, q->ifname))
			w->in_if = NULL;
		return 0;
	}
	f = pf_machine_loopback(m, p->af, &p->src);
	if (f != NULL)
		return no_sender(q, f->name, err);
	if (!sim_route(w->sim, p->af, &p->src, &w->in_if, &via)) {
		f = pf_machine_only(m);
		if (f == NULL)
			return no_sender(q, NULL, err);
		w->in_if = f->name;
	}
	return 0;
}

/* ---- where it ends ---- */

static bool
is_127(const struct pf_packet *p)
{
	static const union pf_ip one = { .b[15] = 1 };

	return p->af == AF_INET ? p->dst.b[0] == 127 : sim_ip_eq(&p->dst, &one);
}

/* It stays where it was made: a jail to its own address or loopback. */
static bool
stays_inside(const struct pf_ex_input *in, const struct pf_question *q)
{
	const struct pf_packet *p = &q->packet;
	const struct pf_jail *j;

	if (q->jail == NULL)
		return false;
	if (is_127(p))
		return true;
	j = pf_machine_holder(in->machine, p->af, &p->dst);
	return j != NULL && streq(j->name, q->jail);
}

static bool
has_ports(const struct pf_packet *p)
{
	return p->proto == 6 || p->proto == 17;
}

/* At an address of the machine's own. */
static enum pf_ex_end
delivered(struct ex_walk *w, const struct pf_machine *m)
{
	const struct pf_packet *p = &w->arrives;
	const char *jail = w->to ? w->to->name : NULL;

	if (!has_ports(p) || !m->listeners_known)
		return PF_EX_PASSES;
	w->listener =
	    pf_machine_listener(m, jail, p->proto, p->af, &p->dst, p->dport);
	return w->listener ? PF_EX_PASSES : PF_EX_NO_LISTENER;
}

static enum pf_ex_end
nobody(struct ex_walk *w)
{
	w->has_arrived = false;
	return w->to ? PF_EX_JAIL_DOWN : PF_EX_NOBODY;
}

static bool
is_private(const struct pf_packet *p)
{
	const uint8_t *b = p->src.b;

	if (p->af == AF_INET6)
		return (b[0] & 0xfe) == 0xfc;
	return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
	    (b[0] == 192 && b[1] == 168);
}

static enum pf_ex_end
left(struct ex_walk *w, const struct pf_machine *m)
{
	const struct pf_packet *p = &w->arrives;

	w->leaves = true;
	w->out_if = w->go.wire.n > 0 ? w->go.wire.v[0].ifname : NULL;
	w->leaks =
	    is_private(p) && pf_machine_loopback(m, p->af, &p->src) != NULL;
	return w->leaks ? PF_EX_NO_ANSWER : PF_EX_PASSES;
}

/* The network of a loopback leads nowhere, whatever the routes say. */
static bool
is_nobodys(struct ex_walk *w, const struct pf_machine *m)
{
	const struct pf_sim_event *last;
	const struct pf_packet *p;

	p = &w->arrives;
	if (w->go.end != PF_E_SENT && w->go.end != PF_E_NOROUTE) {
		last = w->go.events.n > 0 ? &w->go.events.v[w->go.events.n - 1]
					  : NULL;
		if (w->go.end != PF_E_BLOCK || last == NULL ||
		    last->dir != PF_OUT)
			return false;
		p = &last->before;
	}
	return !pf_machine_is_local(m, p->af, &p->dst) &&
	    pf_machine_loopback(m, p->af, &p->dst) != NULL;
}

/* The look on the way out over a route that is none. */
static void
forget_last_out(struct ex_walk *w)
{
	if (w->go.events.n > 0 &&
	    w->go.events.v[w->go.events.n - 1].dir == PF_OUT)
		w->go.events.n--;
}

static void
where_it_is(
    struct ex_walk *w, const struct pf_machine *m, const struct pf_question *q)
{
	const struct pf_sim_event *last =
	    w->go.events.n > 0 ? &w->go.events.v[w->go.events.n - 1] : NULL;

	w->arrives = w->go.final;
	if (w->go.end != PF_E_LOCAL && w->go.end != PF_E_SENT &&
	    w->go.end != PF_E_IN)
		w->arrives = last ? last->before : q->packet;
	w->has_arrived = w->go.end == PF_E_LOCAL || w->go.end == PF_E_SENT;
	w->to = pf_machine_holder(m, w->arrives.af, &w->arrives.dst);
}

static enum pf_ex_end
judge(
    struct ex_walk *w, const struct pf_machine *m, const struct pf_question *q)
{
	where_it_is(w, m, q);
	if (is_nobodys(w, m)) {
		forget_last_out(w);
		return nobody(w);
	}
	switch (w->go.end) {
	case PF_E_LOCAL:
		if (w->to != NULL && q->jail != NULL &&
		    streq(w->to->name, q->jail) &&
		    sim_ip_eq(&w->arrives.src, &q->packet.src))
			return PF_EX_TO_ITSELF;
		return delivered(w, m);
	case PF_E_SENT:
		return left(w, m);
	case PF_E_BLOCK:
		return PF_EX_BLOCKED;
	case PF_E_NOROUTE:
		return PF_EX_NO_ROUTE;
	case PF_E_IN:
		return PF_EX_NOT_SENT_ON;
	case PF_E_HELD:
	case PF_E_UNSEEN:
		break;
	}
	return PF_EX_OTHER;
}

/* ---- the way back ---- */

static struct pf_packet
answer_to(const struct pf_packet *p)
{
	struct pf_packet a = *p;

	a.src = p->dst;
	a.dst = p->src;
	a.sport = p->dport;
	a.dport = p->sport;
	a.ttl = 64;
	a.seq = 5000;
	a.ack = p->seq + 1;
	if (p->proto == 6)
		a.flags = PF_TH_SYN | PF_TH_ACK;
	if (p->proto == 1)
		a.icmp_type = 0;
	if (p->proto == 58)
		a.icmp_type = 129;
	return a;
}

static struct pf_sim_match *
take_matches(const struct pf_sim *sim)
{
	return sim->matches.n == 0
	    ? NULL
	    : xmemdup(sim->matches.v, sim->matches.n * sizeof(*sim->matches.v));
}

static void
walk_back(struct ex_walk *w)
{
	struct pf_packet a =
	    answer_to(w->leaves && w->go.wire.n > 0 ? &w->go.wire.v[0].packet
						    : &w->arrives);

	/* A packet in the middle of a connection asks for no answer. */
	if (w->arrives.proto == 6 &&
	    (w->arrives.flags & (PF_TH_SYN | PF_TH_ACK)) != PF_TH_SYN)
		return;
	if (!has_ports(&a) && a.proto != 1 && a.proto != 58)
		return;
	if (w->leaves)
		pf_sim_in(w->sim, w->out_if, &a, &w->back);
	else
		pf_sim_out(w->sim, &a, &w->back);
	w->back_matches = take_matches(w->sim);
	w->asked_back = true;
	if (w->back.end == PF_E_BLOCK || w->back.end == PF_E_NOROUTE ||
	    w->back.end == PF_E_IN)
		w->end = PF_EX_NO_ANSWER;
}

/* ---- all of it ---- */

static bool
wrong_source(const struct pf_ex_input *in, const struct pf_question *q)
{
	const struct pf_jail *j;

	if (q->jail == NULL)
		return false;
	j = pf_machine_holder(in->machine, q->packet.af, &q->packet.src);
	return j == NULL || !streq(j->name, q->jail);
}

static void
walk_inside(struct ex_walk *w, const struct pf_ex_input *in,
    const struct pf_question *q)
{
	w->inside = true;
	w->arrives = q->packet;
	w->has_arrived = true;
	w->to = pf_machine_jail(in->machine, q->jail);
	w->end = delivered(w, in->machine);
}

/* What needs no engine: true if that is the end. */
static bool
ends_at_once(struct ex_walk *w, const struct pf_ex_input *in,
    const struct pf_question *q)
{
	const struct pf_jail *j =
	    q->jail ? pf_machine_jail(in->machine, q->jail) : NULL;

	w->arrives = q->packet;
	if (j != NULL && !j->up) {
		w->end = PF_EX_JAIL_DOWN;
		w->to = j;
		return true;
	}
	if (in->known != NULL) {
		w->end = PF_EX_PASSES;
		return true;
	}
	if (wrong_source(in, q)) {
		w->end = PF_EX_GUARD;
		return true;
	}
	if (stays_inside(in, q)) {
		walk_inside(w, in, q);
		return true;
	}
	return false;
}

/* A jail is a host of its own to the kernel: what goes to or from one is
 * forwarded, unless the host is the other end. */
static bool
is_forwarded(const struct ex_walk *w, const struct pf_question *q)
{
	return w->has_arrived && (w->in_if != NULL || q->jail != NULL) &&
	    (w->leaves || w->to != NULL);
}

static bool
forwards(const struct pf_machine *m, uint8_t af)
{
	return af == AF_INET ? m->forward4 : m->forward6;
}

/* From outside with an address of the machine's own: the kernel drops it, and
 * an answer could not go out. */
static bool
is_martian(const struct ex_walk *w, const struct pf_machine *m)
{
	return w->has_arrived && w->in_if != NULL &&
	    pf_machine_is_local(m, w->arrives.af, &w->arrives.src);
}

int
ex_walk(const struct pf_ex_input *in, const struct pf_ruleset *rules,
    const struct pf_question *q, struct ex_walk *w, struct err *err)
{
	int r;

	*w = (struct ex_walk){ 0 };
	r = make_sim(w, in, rules, err);
	if (r == 0)
		r = find_way_in(w, in->machine, q, err);
	if (r < 0) {
		ex_walk_clear(w);
		return r;
	}
	if (ends_at_once(w, in, q))
		return 0;
	if (w->in_if != NULL)
		pf_sim_in(w->sim, w->in_if, &q->packet, &w->go);
	else
		pf_sim_out(w->sim, &q->packet, &w->go);
	w->matches = take_matches(w->sim);
	w->end = judge(w, in->machine, q);
	if (is_martian(w, in->machine))
		w->end = PF_EX_RP_FILTER;
	else if (is_forwarded(w, q) && w->end != PF_EX_BLOCKED &&
	    !forwards(in->machine, w->arrives.af))
		w->end = PF_EX_NOT_SENT_ON;
	if (w->end == PF_EX_PASSES)
		walk_back(w);
	return 0;
}

void
ex_walk_clear(struct ex_walk *w)
{
	pf_sim_result_clear(&w->go);
	pf_sim_result_clear(&w->back);
	free(w->matches);
	free(w->back_matches);
	pf_sim_freep(&w->sim);
	*w = (struct ex_walk){ 0 };
}

const struct pf_sim_event *
ex_walk_blocker(const struct ex_walk *w)
{
	const struct pf_sim_result *res =
	    w->end == PF_EX_NO_ANSWER ? &w->back : &w->go;

	if (w->end != PF_EX_BLOCKED && w->end != PF_EX_NO_ANSWER)
		return NULL;
	if (res->events.n == 0 ||
	    res->events.v[res->events.n - 1].verdict != PF_V_BLOCK)
		return NULL;
	return &res->events.v[res->events.n - 1];
}

bool
ex_walk_passes_pf(const struct ex_walk *w)
{
	return w->end != PF_EX_BLOCKED && w->end != PF_EX_NO_ANSWER;
}
