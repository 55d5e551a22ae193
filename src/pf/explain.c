/* SPDX-License-Identifier: BSD-2-Clause */
/* The answer's steps, made from what a walk left behind. */
#include "pf/explain.h"

#include <arpa/inet.h>
#include <errno.h>

#include "pf/explain-internal.h"
#include "pf/names.h"

/* ---- addresses as text ---- */

void
ex_add_ip(struct str *s, uint8_t af, const union pf_ip *ip)
{
	char buf[INET6_ADDRSTRLEN];

	str_add(s,
	    inet_ntop(
		af == AF_INET ? AF_INET : AF_INET6, ip->b, buf, sizeof(buf)));
}

static bool
has_ports(const struct pf_packet *p)
{
	return p->proto == 6 || p->proto == 17;
}

void
ex_add_end(struct str *s, const struct pf_packet *p, bool dst)
{
	const union pf_ip *ip = dst ? &p->dst : &p->src;
	bool brackets = has_ports(p) && p->af == AF_INET6;

	str_add(s, brackets ? "[" : "");
	ex_add_ip(s, p->af, ip);
	str_add(s, brackets ? "]" : "");
	if (has_ports(p))
		str_printf(s, ":%u", dst ? p->dport : p->sport);
}

char *
ex_end(struct arena *a, const struct pf_packet *p, bool dst)
{
	_cleanup_(str_clear) struct str s = STR_INIT;

	ex_add_end(&s, p, dst);
	return arena_strdup(a, s.buf);
}

char *
ex_ip(struct arena *a, uint8_t af, const union pf_ip *ip)
{
	_cleanup_(str_clear) struct str s = STR_INIT;

	ex_add_ip(&s, af, ip);
	return arena_strdup(a, s.buf);
}

static const char *
line_name(struct ex *ex, const struct pf_ex_rule *r)
{
	return arena_printf(&ex->out->arena, "%s:%u", r->file, r->line);
}

static void
tell_sent(struct ex *ex, const struct ex_walk *w)
{
	for (size_t i = 0; i < w->go.returned.n; i++) {
		const struct pf_sim_returned *r = &w->go.returned.v[i];

		(void)ex_add_step(ex, PF_EX_SENT,
		    r->kind == PF_SENT_RST ? "the sender is told, by a RST"
			: r->kind == PF_SENT_ICMP
			? "the sender is told, by an ICMP error"
			: "pf answers by itself (synproxy)");
	}
}

/* ---- where it arrives ---- */

static const char *
place(struct ex *ex, const struct ex_walk *w)
{
	struct arena *mem = &ex->out->arena;

	if (w->to != NULL)
		return arena_printf(mem, "the jail %s at %s", w->to->name,
		    ex_end(mem, &w->arrives, true));
	return arena_printf(
	    mem, "the host itself at %s", ex_end(mem, &w->arrives, true));
}

static const char *
who_listens(struct ex *ex, const struct ex_walk *w)
{
	const struct pf_machine *m = ex->in->machine;
	const char *program = w->listener ? w->listener->program : NULL;

	if (w->end == PF_EX_NO_LISTENER)
		return ", where nobody listens";
	if (w->listener == NULL)
		return "";
	if (program == NULL && m->program != NULL)
		program = m->program(m->program_ctx, w->listener);
	return arena_printf(&ex->out->arena, ", where %s listens",
	    program ? program : "a program");
}

static const char *
seen_client(struct ex *ex, const struct ex_walk *w)
{
	struct arena *mem = &ex->out->arena;

	if (sim_ip_eq(&w->arrives.src, &ex->q->packet.src))
		return "";
	return arena_printf(mem, "; it sees %s as the client, not %s",
	    ex_ip(mem, w->arrives.af, &w->arrives.src),
	    ex_ip(mem, w->arrives.af, &ex->q->packet.src));
}

static void
tell_arrival(struct ex *ex, const struct ex_walk *w)
{
	struct arena *mem = &ex->out->arena;
	struct pf_ex_step *s;

	if (!w->has_arrived || w->end == PF_EX_NOT_SENT_ON)
		return;
	if (w->leaves) {
		s = ex_add_step(ex, PF_EX_REACHES,
		    arena_printf(mem, "leaves on %s, from %s to %s", w->out_if,
			ex_ip(mem, w->arrives.af, &w->arrives.src),
			ex_end(mem, &w->arrives, true)));
		s->ifname = w->out_if;
		return;
	}
	s = ex_add_step(ex, PF_EX_REACHES,
	    arena_printf(mem, "reaches %s%s%s", place(ex, w),
		who_listens(ex, w), seen_client(ex, w)));
	s->bad = w->end == PF_EX_NO_LISTENER;
}

/* The redirection that somebody may have expected. */
static void
tell_missing_rdr(struct ex *ex, const struct ex_walk *w)
{
	struct pf_ex_step *s;
	struct pf_ex_rules near = { 0 };

	if (w->to != NULL || w->leaves || w->go.events.n == 0 || w->inside)
		return;
	for (size_t i = 0; i < w->go.events.n; i++)
		if (w->go.events.v[i].nat != NULL)
			return;
	ex_near_rdr(ex, w->sim, &w->go.events.v[w->go.events.n - 1], &near);
	if (near.n == 0)
		return;
	s = ex_add_step(ex, PF_EX_TRANSLATE, "no rdr rule matches");
	s->near = near;
}

/* ---- the answer packet ---- */

static void
tell_back(struct ex *ex, const struct ex_walk *w)
{
	const struct pf_sim_event *ev = ex_walk_blocker(w);
	struct arena *mem = &ex->out->arena;
	struct pf_ex_step *s;

	if (w->leaks || !w->asked_back)
		return;
	if (w->end != PF_EX_NO_ANSWER) {
		(void)ex_add_step(ex, PF_EX_ANSWER, "the answer passes");
		return;
	}
	s = ex_add_step(ex, PF_EX_ANSWER, NULL);
	s->bad = true;
	if (ev == NULL) {
		s->text = "there is no way back for the answer";
		return;
	}
	s->dir = (uint8_t)ev->dir;
	s->ifname = ev->ifname;
	s->text = arena_printf(mem, "the answer is dropped, %s on %s",
	    ev->dir == PF_IN ? "in" : "out", ev->ifname);
	ex_tell_filter(ex, w->sim, w->back_matches, ev);
}

/* ---- what it comes to ---- */

static const char *
blocked_by(struct ex *ex, const struct ex_walk *w, const char *what)
{
	const struct pf_sim_event *ev = ex_walk_blocker(w);
	struct arena *mem = &ex->out->arena;
	struct pf_ex_rule r;

	if (ev == NULL)
		return arena_printf(mem, "%s dropped by pf", what);
	if (ev->rule == NULL)
		return arena_printf(mem, "%s dropped by pf (%s)", what,
		    pf_reason_name(ev->reason));
	r = ex_rule(ex, ev->rule);
	return arena_printf(mem, "%s blocked by %s", what, line_name(ex, &r));
}

static const char *
nobody_text(struct ex *ex, const struct ex_walk *w)
{
	struct arena *mem = &ex->out->arena;
	const struct pf_packet *p = &w->arrives;
	const struct pf_if *f =
	    pf_machine_loopback(ex->in->machine, p->af, &p->dst);

	return arena_printf(mem,
	    "nobody has the address %s (in the network "
	    "of %s)",
	    ex_ip(mem, p->af, &p->dst), f ? f->name : "?");
}

static const char *
no_answer_text(struct ex *ex, const struct ex_walk *w)
{
	if (!w->leaks)
		return ex_walk_blocker(w) ? blocked_by(ex, w, "the answer is")
					  : "the answer finds no way back";
	return arena_printf(&ex->out->arena,
	    "it leaves %s with a source that only this machine knows, %s: no "
	    "nat rule translates it, and no answer finds the way back",
	    w->out_if, ex_ip(&ex->out->arena, w->arrives.af, &w->arrives.src));
}

static const char *
summary(struct ex *ex, const struct ex_walk *w)
{
	struct arena *mem = &ex->out->arena;

	switch (w->end) {
	case PF_EX_PASSES:
		return "it gets through";
	case PF_EX_BLOCKED:
		return blocked_by(ex, w, "it is");
	case PF_EX_NO_ANSWER:
		return no_answer_text(ex, w);
	case PF_EX_NO_ROUTE:
		return arena_printf(mem, "there is no route to %s",
		    ex_ip(mem, w->arrives.af, &w->arrives.dst));
	case PF_EX_NOT_SENT_ON:
		return arena_printf(mem,
		    "it is for %s, and this machine does not forward %s",
		    ex_ip(mem, w->arrives.af, &w->arrives.dst),
		    w->arrives.af == AF_INET ? "IPv4" : "IPv6");
	case PF_EX_NOBODY:
		return nobody_text(ex, w);
	case PF_EX_JAIL_DOWN:
		return arena_printf(mem, "the jail %s is down", w->to->name);
	case PF_EX_NO_LISTENER:
		return arena_printf(mem, "nobody listens: %s", place(ex, w));
	case PF_EX_TO_ITSELF:
		return arena_printf(mem,
		    "the jail %s would talk to itself by way of rdr: it gets "
		    "the answer from itself, not from %s, and drops it",
		    w->to->name,
		    ex_ip(mem, ex->q->packet.af, &ex->q->packet.dst));
	case PF_EX_GUARD:
		return arena_printf(mem,
		    "%s is not an address of the jail %s: gaol's guard drops "
		    "what leaves a jail with another's",
		    ex_ip(mem, ex->q->packet.af, &ex->q->packet.src),
		    ex->q->jail);
	case PF_EX_RP_FILTER:
		return arena_printf(mem,
		    "it comes from outside with %s, an address of this "
		    "machine's own: the kernel drops it",
		    ex_ip(mem, ex->q->packet.af, &ex->q->packet.src));
	case PF_EX_FOREIGN:
	case PF_EX_OTHER:
		break;
	}
	return "the kernel drops it before pf sees it, or pf holds it: what "
	       "becomes of it can't be told";
}

static void
tell_all(struct ex *ex, const struct ex_walk *w)
{
	struct pf_ex_step *s;

	if (ex->in->known != NULL)
		(void)ex_add_step(ex, PF_EX_STATE, ex->in->known);
	else if (w->inside)
		(void)ex_add_step(ex, PF_EX_HOST,
		    "a jail's packets to itself stay in the jail: pf does not "
		    "see them");
	else if (ex->in->machine->pf_off)
		(void)ex_add_step(
		    ex, PF_EX_HOST, "pf is disabled: no rule is asked");
	for (size_t i = 0; i < w->go.events.n; i++)
		ex_tell_event(ex, w, i);
	tell_sent(ex, w);
	if (w->end != PF_EX_PASSES || w->to == NULL)
		tell_missing_rdr(ex, w);
	tell_arrival(ex, w);
	tell_back(ex, w);
	ex->out->end = w->end;
	ex->out->summary = summary(ex, w);
	if (w->end == PF_EX_PASSES || w->end == PF_EX_BLOCKED ||
	    w->end == PF_EX_NO_LISTENER ||
	    (w->end == PF_EX_NO_ANSWER && !w->leaks))
		return;
	s = ex_add_step(ex, PF_EX_HOST, ex->out->summary);
	s->bad = true;
}

/* ---- the question, said again ---- */

static const char *
question_text(struct ex *ex)
{
	const struct pf_packet *p = &ex->q->packet;
	_cleanup_(str_clear) struct str s = STR_INIT;

	if (p->proto == 1 || p->proto == 58)
		str_add(&s, "ping");
	else if (pf_proto_name(p->proto) != NULL)
		str_add(&s, pf_proto_name(p->proto));
	else
		str_printf(&s, "protocol %u", p->proto);
	str_addc(&s, ' ');
	if (ex->q->any_sport)
		ex_add_ip(&s, p->af, &p->src);
	else
		ex_add_end(&s, p, false);
	str_add(&s, " -> ");
	ex_add_end(&s, p, true);
	if (ex->q->dst_name != NULL)
		str_printf(&s, " (%s)", ex->q->dst_name);
	if (p->proto == 6 && p->flags != PF_TH_SYN) {
		str_add(&s, " flags ");
		pf_flags_add(&s, p->flags);
	}
	return arena_strdup(&ex->out->arena, s.buf);
}

static void
fill(struct ex *ex, const struct ex_walk *w)
{
	struct pf_explanation *out = ex->out;

	out->arrives = w->arrives;
	out->has_arrived = w->has_arrived;
	out->leaves = w->leaves;
	out->inside = w->inside;
	out->in_if = w->in_if;
	out->out_if = w->out_if;
	out->from_jail = ex->q->jail;
	out->to_jail = w->to ? w->to->name : NULL;
	if (w->assumed[0].ifname != NULL && w->in_if != NULL)
		strv_add_owned(&out->notes,
		    xasprintf("no routes are given: what is not connected is "
			      "taken to be behind %s",
			w->assumed[0].ifname));
	if (!ex->in->machine->listeners_known && !w->leaves && w->has_arrived)
		strv_add(&out->notes,
		    "it is not known whether anybody listens there");
}

static const char *
first_file(const struct pf_ruleset *rs)
{
	for (int l = 0; l < PF_LIST_COUNT; l++)
		if (rs->main->list[l].n > 0)
			return rs->main->list[l].v[0]->file;
	return NULL;
}

int
pf_explain(const struct pf_ex_input *in, const struct pf_question *q,
    struct pf_explanation **ret, struct err *err)
{
	struct ex ex = { .in = in, .q = q };
	struct ex_walk w;
	int r = ex_walk(in, in->rules, q, &w, err);

	if (r < 0)
		return r;
	ex.out = xcalloc(1, sizeof(*ex.out));
	ex.main_file = in->file ? in->file : first_file(in->rules);
	ex_files_init(&ex.files, in->env);
	ex.out->question = question_text(&ex);
	fill(&ex, &w);
	tell_all(&ex, &w);
	ex_changes(&ex, &w);
	ex_files_clear(&ex.files);
	ex_walk_clear(&w);
	*ret = ex.out;
	return 0;
}

void
pf_explanation_free(struct pf_explanation *ex)
{
	if (ex == NULL)
		return;
	for (size_t i = 0; i < ex->steps.n; i++) {
		array_clear(&ex->steps.v[i].overruled);
		array_clear(&ex->steps.v[i].near);
	}
	array_clear(&ex->steps);
	for (size_t i = 0; i < ex->changes.n; i++)
		array_clear(&ex->changes.v[i].edits);
	array_clear(&ex->changes);
	strv_clear(&ex->notes);
	arena_clear(&ex->arena);
	free(ex);
}

void
pf_explanation_freep(struct pf_explanation **ex)
{
	pf_explanation_free(*ex);
	*ex = NULL;
}

/* ---- for those who know more ---- */

void
pf_explanation_add(struct pf_explanation *ex, const char *text)
{
	struct pf_ex_step *s = array_add(&ex->steps);

	s->kind = PF_EX_HOST;
	s->text = arena_strdup(&ex->arena, text);
}

static void
drop_changes(struct pf_explanation *ex)
{
	for (size_t i = 0; i < ex->changes.n; i++)
		array_clear(&ex->changes.v[i].edits);
	array_clear(&ex->changes);
}

void
pf_explanation_fail(struct pf_explanation *ex, enum pf_ex_end end,
    const char *text, const char *cure)
{
	struct pf_ex_change *c;

	pf_explanation_add(ex, text);
	ex->steps.v[ex->steps.n - 1].bad = true;
	if (ex->end != PF_EX_PASSES)
		return;
	/* What would have closed it is no longer asked for. */
	drop_changes(ex);
	ex->end = end;
	ex->summary = arena_strdup(&ex->arena, text);
	if (cure == NULL || *cure == '\0')
		return;
	c = array_add(&ex->changes);
	while (*cure != '\0') {
		size_t len = strcspn(cure, "\n");
		struct pf_ex_edit *e = array_add(&c->edits);

		e->how = PF_EX_DO;
		e->text = arena_strndup(&ex->arena, cure, len);
		cure += len + (cure[len] == '\n');
	}
}
