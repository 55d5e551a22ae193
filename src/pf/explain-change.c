/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What would have to change to get the other verdict. A change is a few edits
 * of pf.conf: they are made in a draft of the rules, the packet is walked
 * through that, and only what works is told.
 */
#include "pf/explain-attempt.h"

enum { JAILS_MAX = 2 };

/* ---- it is blocked ---- */

/* In the middle of a connection only a state lets a packet pass. */
static bool
begins(const struct pf_packet *p)
{
	return p->proto != 6 ||
	    (p->flags & (PF_TH_SYN | PF_TH_ACK)) == PF_TH_SYN;
}

/* What the rules alone come to, when it passes them. */
static const char *
how_far(enum pf_ex_end end)
{
	switch (end) {
	case PF_EX_PASSES:
		return "to let it pass";
	case PF_EX_NO_LISTENER:
		return "to let it pass pf, though nobody listens there";
	case PF_EX_NOBODY:
		return "to let it pass pf, though nobody has that address";
	case PF_EX_JAIL_DOWN:
		return "to let it pass pf, though the jail is down";
	default:
		return "to let it pass pf, though it gets no further";
	}
}

static void
let_pass(struct ex *ex)
{
	struct ex_attempt t;
	bool works;

	if (!begins(&ex->q->packet))
		return;
	ex_try(&t, ex);
	works = ex_try_open(&t);
	(void)ex_try_end(&t, works, works ? how_far(t.walk.end) : NULL);
}

/* ---- translation ---- */

/* Where a translation rule goes: behind the others, before the first filter
 * rule. */
static const struct pf_rule *
first_filter(const struct ex *ex)
{
	const struct pf_rules *l = &ex->in->rules->main->list[PF_LIST_FILTER];

	return l->n > 0 ? l->v[0] : NULL;
}

static bool
put_translation(struct ex_attempt *t, const char *text)
{
	const struct pf_rule *f = first_filter(t->ex);

	if (!ex_draft_put(
		&t->draft, "", text, NULL, false, t->ex->in->machine->env))
		return false;
	if (f != NULL)
		ex_try_edit(t, PF_EX_BEFORE, f->file, f->line, text);
	else
		ex_try_edit(t, PF_EX_AT_END, NULL, 0, text);
	return true;
}

static const union pf_ip *
addr_of(const struct pf_jail *j, uint8_t af)
{
	for (size_t i = 0; i < j->addrs.n; i++)
		if (j->addrs.v[i].af == af)
			return &j->addrs.v[i].ip;
	return NULL;
}

/* A jail that is up and could be the one that was meant; its address. */
static const union pf_ip *
could_be(
    const struct ex *ex, const struct pf_jail *j, const struct pf_packet *p)
{
	const struct pf_machine *m = ex->in->machine;
	const union pf_ip *ip = j->up ? addr_of(j, p->af) : NULL;

	if (ip == NULL || sim_ip_eq(ip, &p->dst) ||
	    (ex->q->jail != NULL && streq(ex->q->jail, j->name)))
		return NULL;
	if (m->listeners_known &&
	    pf_machine_listener(m, j->name, p->proto, p->af, ip, p->dport) ==
		NULL)
		return NULL;
	return ip;
}

/* The statement with another address behind its arrow. False: what stands
 * there is no single address or macro. */
static bool
with_target(struct str *s, const char *statement, const char *ip)
{
	const char *arrow = strstr(statement, "->"), *at;
	size_t len;

	if (arrow == NULL)
		return false;
	at = arrow + 2 + strspn(arrow + 2, " \t");
	len = strcspn(at, " \t");
	if (len == 0 || strchr("{<(", *at) != NULL)
		return false;
	str_addmem(s, statement, (size_t)(at - statement));
	str_add(s, ip);
	str_add(s, at + len);
	return true;
}

static const struct pf_sim_event *
redirecting(const struct ex_walk *w)
{
	for (size_t i = 0; i < w->go.events.n; i++)
		if (w->go.events.v[i].nat != NULL &&
		    w->go.events.v[i].nat->action == PF_RDR)
			return &w->go.events.v[i];
	return NULL;
}

static bool
try_target(struct ex *ex, const struct pf_rule *r, const struct pf_jail *j,
    const union pf_ip *ip, uint8_t af)
{
	_cleanup_free_ char *statement =
	    ex_statement(&ex->files, r->file, r->line);
	_cleanup_(str_clear) struct str addr = STR_INIT, s = STR_INIT;
	struct ex_attempt t;
	bool works;

	ex_add_ip(&addr, af, ip);
	if (statement == NULL || !with_target(&s, statement, addr.buf))
		return false;
	ex_try(&t, ex);
	works =
	    ex_draft_put(&t.draft, "", s.buf, r, true, ex->in->machine->env);
	if (works) {
		ex_try_edit(&t, PF_EX_INSTEAD, r->file, r->line, s.buf);
		works = ex_try_open(&t) && t.walk.end == PF_EX_PASSES;
	}
	return ex_try_end(&t, works,
	    arena_printf(&ex->out->arena, "to reach the jail %s", j->name));
}

/* rdr leads to an address where nobody is or nobody listens: to whom else? */
static bool
other_targets(struct ex *ex, const struct ex_walk *w)
{
	const struct pf_sim_event *ev = redirecting(w);
	const struct pf_machine *m = ex->in->machine;
	int n = 0;

	for (size_t i = 0; ev != NULL && i < m->jails.n && n < JAILS_MAX; i++) {
		const struct pf_jail *j = &m->jails.v[i];
		const union pf_ip *ip = could_be(ex, j, &ev->judged);

		if (ip != NULL && try_target(ex, ev->nat, j, ip, ev->judged.af))
			n++;
	}
	return n > 0;
}

/* Is anybody up where rdr leads? */
static bool
leads_nowhere(const struct ex *ex, const struct ex_walk *w)
{
	const struct pf_sim_event *ev = redirecting(w);

	return ev != NULL && !ex_is_local(ex, ev->judged.af, &ev->judged.dst) &&
	    pf_machine_loopback(
		ex->in->machine, ev->judged.af, &ev->judged.dst) != NULL;
}

/* ---- a redirection that is missing ---- */

static void
rdr_rule(struct str *s, const struct pf_sim_event *ev, const union pf_ip *ip)
{
	const struct pf_packet *p = &ev->before;

	str_printf(
	    s, "rdr on %s %s", ev->ifname, p->af == AF_INET ? "inet" : "inet6");
	ex_add_proto(s, p);
	str_add(s, " from any to ");
	ex_add_ip(s, p->af, &p->dst);
	str_printf(s, " port %u -> ", p->dport);
	ex_add_ip(s, p->af, ip);
	str_printf(s, " port %u", p->dport);
}

/* On the interface where it comes in: for a packet of the machine's own that
 * is the loopback. */
static bool
try_redirect(struct ex *ex, const struct ex_walk *w,
    const struct pf_sim_event *ev, const struct pf_jail *j,
    const union pf_ip *ip)
{
	_cleanup_(str_clear) struct str s = STR_INIT;
	struct ex_attempt t;
	bool works;

	(void)w;
	rdr_rule(&s, ev, ip);
	ex_try(&t, ex);
	if (ev->skip)
		ex_try_unskip(&t, ev->ifname);
	works = put_translation(&t, s.buf) && ex_try_open(&t) &&
	    t.walk.end == PF_EX_PASSES;
	return ex_try_end(&t, works,
	    arena_printf(&ex->out->arena, "to reach the jail %s", j->name));
}

/* The look on the way in, where rdr is asked. */
static const struct pf_sim_event *
way_in(const struct ex_walk *w)
{
	for (size_t i = 0; i < w->go.events.n; i++)
		if (w->go.events.v[i].dir == PF_IN)
			return &w->go.events.v[i];
	return NULL;
}

/* It is for the host, where nobody listens; a jail has who does. */
static bool
redirect(struct ex *ex, const struct ex_walk *w)
{
	const struct pf_machine *m = ex->in->machine;
	const struct pf_packet *p = &w->arrives;
	const struct pf_sim_event *ev = way_in(w);
	int n = 0;

	if (!m->listeners_known || ev == NULL || w->to != NULL ||
	    ev->nat != NULL || !ex_is_local(ex, p->af, &p->dst) ||
	    pf_machine_listener(m, NULL, p->proto, p->af, &p->dst, p->dport))
		return false;
	for (size_t i = 0; i < m->jails.n && n < JAILS_MAX; i++) {
		const union pf_ip *ip = could_be(ex, &m->jails.v[i], p);

		if (ip != NULL && try_redirect(ex, w, ev, &m->jails.v[i], ip))
			n++;
	}
	return n > 0;
}

static void
is_blocked(struct ex *ex, const struct ex_walk *w)
{
	if (redirect(ex, w))
		return;
	if (leads_nowhere(ex, w) && other_targets(ex, w))
		return;
	let_pass(ex);
}

/* ---- a translation that is missing ---- */

static const struct pf_if_addr *
network_of(const struct ex *ex, const struct pf_packet *p)
{
	const struct pf_if *f =
	    pf_machine_loopback(ex->in->machine, p->af, &p->src);

	for (size_t k = 0; f != NULL && k < f->addrs.n; k++)
		if (f->addrs.v[k].af == p->af &&
		    f->addrs.v[k].bits < (p->af == AF_INET ? 32 : 128) &&
		    sim_prefix_match(
			&f->addrs.v[k].ip, f->addrs.v[k].bits, &p->src, p->af))
			return &f->addrs.v[k];
	return NULL;
}

static void
add_network(struct str *s, uint8_t af, const struct pf_if_addr *a)
{
	union pf_ip net = a->ip;

	for (unsigned i = 0; i < 16; i++)
		if (i * 8 >= a->bits)
			net.b[i] = 0;
		else if (i * 8 + 8 > a->bits)
			net.b[i] &= (uint8_t)(0xff00 >> (a->bits - i * 8));
	ex_add_ip(s, af, &net);
	str_printf(s, "/%u", a->bits);
}

static void
translate(struct ex *ex, const struct ex_walk *w)
{
	const struct pf_packet *p = &w->arrives;
	const struct pf_if *out = pf_env_if(ex->in->machine->env, w->out_if);
	const struct pf_if_addr *net = network_of(ex, p);
	_cleanup_(str_clear) struct str s = STR_INIT;
	struct ex_attempt t;
	bool works;

	if (net == NULL || out == NULL)
		return;
	str_printf(&s, "nat on %s %s from ", w->out_if,
	    p->af == AF_INET ? "inet" : "inet6");
	add_network(&s, p->af, net);
	str_printf(&s, " to any -> (%s)", w->out_if);
	ex_try(&t, ex);
	works = put_translation(&t, s.buf) && ex_try_open(&t) &&
	    t.walk.end == PF_EX_PASSES;
	(void)ex_try_end(&t, works, "to give it an address that answers find");
}

/* ---- it passes: what would close it ---- */

/* "rdr pass on ..", without its pass. */
static bool
without_pass(struct str *s, const char *statement)
{
	size_t word = strcspn(statement, " \t");
	const char *rest = statement + word + strspn(statement + word, " \t");

	if (!str_starts(rest, "pass") || strchr(" \t", rest[4]) == NULL)
		return false;
	str_addmem(s, statement, word);
	str_add(s, rest + 4);
	return true;
}

static bool
drop_pass(struct ex_attempt *t, const struct pf_sim_event *ev)
{
	const struct pf_rule *r = ev->nat;
	_cleanup_free_ char *statement =
	    ex_statement(&t->ex->files, r->file, r->line);
	_cleanup_(str_clear) struct str s = STR_INIT;

	if (statement == NULL || !without_pass(&s, statement) ||
	    !ex_draft_put(
		&t->draft, "", s.buf, r, true, t->ex->in->machine->env))
		return false;
	ex_try_edit(t, PF_EX_INSTEAD, r->file, r->line, s.buf);
	return true;
}

static bool
is_closed(struct ex_attempt *t)
{
	return ex_try_walk(t) && t->walk.end == PF_EX_BLOCKED;
}

/* The first look at which a rule could have blocked it. */
static const struct pf_sim_event *
judging(const struct ex_walk *w)
{
	for (size_t i = 0; i < w->go.events.n; i++)
		if (!w->go.events.v[i].skip)
			return &w->go.events.v[i];
	return w->go.events.n > 0 ? &w->go.events.v[0] : NULL;
}

static bool
close_up(struct ex_attempt *t, const struct ex_walk *w)
{
	const struct pf_sim_event *ev = judging(w);

	if (ev == NULL)
		return false;
	if (ev->skip)
		ex_try_unskip(t, ev->ifname);
	if (ev->nat != NULL && ev->nat->natpass) {
		if (!drop_pass(t, ev))
			return false;
		if (is_closed(t))
			return true;
		ev = judging(&t->walk);
	}
	return ev != NULL && ex_try_decide(t, "block", ev, false) &&
	    is_closed(t);
}

static void
let_not_pass(struct ex *ex, const struct ex_walk *w)
{
	struct ex_attempt t;

	if (ex->in->machine->pf_off || ex->in->known != NULL)
		return;
	ex_try(&t, ex);
	(void)ex_try_end(&t, close_up(&t, w), "to close it");
}

/* ---- what is no rule's matter ---- */

static void
advise(struct ex *ex, const char *text)
{
	struct pf_ex_change *c = array_add(&ex->out->changes);
	struct pf_ex_edit *e = array_add(&c->edits);

	e->how = PF_EX_DO;
	e->text = text;
}

static bool
listens_on_localhost(const struct ex *ex, const struct ex_walk *w)
{
	union pf_ip own = { .b = { 127, 0, 0, 1 } };

	if (w->arrives.af == AF_INET6)
		own = (union pf_ip){ .b[15] = 1 };
	return pf_machine_listener(ex->in->machine, w->to->name,
		   w->arrives.proto, w->arrives.af, &own,
		   w->arrives.dport) != NULL;
}

static void
nobody_listens(struct ex *ex, const struct ex_walk *w)
{
	struct arena *mem = &ex->out->arena;

	if (w->to == NULL) {
		(void)redirect(ex, w);
		return;
	}
	if (listens_on_localhost(ex, w))
		advise(ex,
		    arena_printf(mem,
			"it listens on the jail's own 127.0.0.1 only: "
			"iocage set localhost=jail %s, and restart the jail; "
			"or let the service listen on %s",
			w->to->name, ex_end(mem, &w->arrives, true)));
	else
		advise(ex,
		    arena_printf(mem, "start the service in the jail %s, on %s",
			w->to->name, ex_end(mem, &w->arrives, true)));
	(void)other_targets(ex, w);
}

static void
jail_is_down(struct ex *ex, const struct ex_walk *w)
{
	advise(ex, arena_printf(&ex->out->arena, "gaol start %s", w->to->name));
	(void)other_targets(ex, w);
}

static void
to_itself(struct ex *ex, const struct ex_walk *w)
{
	advise(ex,
	    arena_printf(&ex->out->arena, "in the jail %s, connect to %s",
		w->to->name, ex_end(&ex->out->arena, &w->arrives, true)));
}

static void
not_sent_on(struct ex *ex, const struct ex_walk *w)
{
	advise(ex,
	    w->arrives.af == AF_INET
		? "gateway_enable=\"YES\" in /etc/rc.conf, then gaol net up"
		: "ipv6_gateway_enable=\"YES\" in /etc/rc.conf, then gaol net "
		  "up");
}

static void
no_answer(struct ex *ex, const struct ex_walk *w)
{
	if (w->leaks)
		translate(ex, w);
	else
		let_pass(ex);
}

void
ex_changes(struct ex *ex, const struct ex_walk *w)
{
	switch (w->end) {
	case PF_EX_PASSES:
		let_not_pass(ex, w);
		break;
	case PF_EX_BLOCKED:
		is_blocked(ex, w);
		break;
	case PF_EX_NO_ANSWER:
		no_answer(ex, w);
		break;
	case PF_EX_NOBODY:
		(void)other_targets(ex, w);
		break;
	case PF_EX_JAIL_DOWN:
		jail_is_down(ex, w);
		break;
	case PF_EX_NO_LISTENER:
		nobody_listens(ex, w);
		break;
	case PF_EX_TO_ITSELF:
		to_itself(ex, w);
		break;
	case PF_EX_NOT_SENT_ON:
		not_sent_on(ex, w);
		break;
	case PF_EX_NO_ROUTE:
	case PF_EX_GUARD:
	case PF_EX_FOREIGN:
	case PF_EX_RP_FILTER:
	case PF_EX_OTHER:
		break;
	}
}
