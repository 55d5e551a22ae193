/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps of one look of pf at the packet: skip, scrub, state, translation,
 * filter, and the state that is made. */
#include "pf/explain-internal.h"

/* ---- adding steps ---- */

struct pf_ex_step *
ex_add_step(struct ex *ex, enum pf_ex_kind kind, const char *text)
{
	struct pf_ex_step *s = array_add(&ex->out->steps);

	s->kind = kind;
	s->text = text;
	return s;
}

/* ---- its parts ---- */

static const char *
sender(struct ex *ex, const struct ex_walk *w)
{
	(void)w;
	if (ex->q->jail != NULL)
		return arena_printf(
		    &ex->out->arena, "jail %s sends it", ex->q->jail);
	return "the host sends it";
}

/* Over which loopback, and why it is not the outer interface. */
static const char *
over_loopback(struct ex *ex, const struct pf_sim_event *ev)
{
	const struct pf_if *on = pf_env_if(ex->in->machine->env, ev->ifname);
	const struct pf_if *owner =
	    sim_env_owner(ex->in->machine->env, ev->before.af, &ev->before.dst);

	if (on == NULL || !(on->flags & PF_IF_LOOPBACK) || owner == NULL ||
	    owner == on)
		return "";
	return arena_printf(&ex->out->arena,
	    " (%s is this machine's own, so not over %s)",
	    ex_ip(&ex->out->arena, ev->before.af, &ev->before.dst),
	    owner->name);
}

static void
tell_heading(struct ex *ex, const struct ex_walk *w, size_t i)
{
	const struct pf_sim_event *ev = &w->go.events.v[i];
	struct arena *mem = &ex->out->arena;
	struct pf_ex_step *s = ex_add_step(ex, PF_EX_COMES, NULL);

	s->dir = (uint8_t)ev->dir;
	s->ifname = ev->ifname;
	if (i > 0)
		s->text = arena_printf(mem, "%s on %s",
		    ev->dir == PF_IN ? "comes in" : "goes out", ev->ifname);
	else if (ev->dir == PF_IN)
		s->text = arena_printf(mem, "comes in on %s", ev->ifname);
	else
		s->text = arena_printf(mem, "%s, out on %s%s", sender(ex, w),
		    ev->ifname, over_loopback(ex, ev));
}

static void
tell_skip(struct ex *ex, const struct ex_walk *w, const struct pf_sim_event *ev)
{
	const struct pf_if *ifp = pf_env_if(ex->in->machine->env, ev->ifname);
	uint32_t line = ifp ? ex_skip_line(&ex->files, ex->main_file, ifp) : 0;
	struct pf_ex_step *s = ex_add_step(ex, PF_EX_SKIP,
	    arena_printf(
		&ex->out->arena, "no rule is asked on %s", ev->ifname));

	if (line > 0) {
		_cleanup_free_ char *text =
		    ex_statement(&ex->files, ex->main_file, line);

		s->rule.file = ex->main_file;
		s->rule.line = line;
		s->rule.text = s->rule.rule =
		    arena_strdup(&ex->out->arena, text);
	}
	ex_unasked(ex, w->sim, ev, &s->overruled);
}

static const char *
translation(struct ex *ex, const struct pf_sim_event *ev)
{
	struct arena *mem = &ex->out->arena;
	const struct pf_packet *a = &ev->before, *b = &ev->judged;

	if (!sim_ip_eq(&a->dst, &b->dst) || a->dport != b->dport)
		return arena_printf(
		    mem, "it is for %s now", ex_end(mem, b, true));
	if (!sim_ip_eq(&a->src, &b->src))
		return arena_printf(
		    mem, "its source is %s now", ex_ip(mem, b->af, &b->src));
	if (a->sport != b->sport)
		return "its source port is another now";
	return "not translated";
}

static void
tell_translation(
    struct ex *ex, const struct ex_walk *w, const struct pf_sim_event *ev)
{
	const struct pf_sim_match *m = &w->matches[ev->match];
	struct pf_ex_step *s;

	if (ev->nat != NULL) {
		s = ex_add_step(ex, PF_EX_TRANSLATE, translation(ex, ev));
		s->rule = ex_rule(ex, ev->nat);
		return;
	}
	/* "no rdr" and "no nat" stop the search, and translate nothing. */
	for (size_t i = 0; i < ev->n_match; i++) {
		enum pf_action a = (enum pf_action)m[i].rule->action;

		if (a != PF_NO_NAT && a != PF_NO_RDR && a != PF_NO_BINAT)
			continue;
		s = ex_add_step(ex, PF_EX_TRANSLATE, "not translated");
		s->rule = ex_rule(ex, m[i].rule);
	}
}

static bool
is_filter(const struct pf_rule *r)
{
	return r->action == PF_PASS || r->action == PF_BLOCK;
}

/* Those that matched before the one that decides. */
static void
tell_overruled(struct ex *ex, const struct pf_sim_match *m,
    const struct pf_sim_event *ev, struct pf_ex_rules *ret)
{
	for (size_t i = 0; i < ev->n_match; i++) {
		if (!is_filter(m[ev->match + i].rule) ||
		    m[ev->match + i].rule == ev->rule)
			continue;
		*array_add(ret) = ex_rule(ex, m[ev->match + i].rule);
		ret->v[ret->n - 1].note = "is overruled";
	}
}

static const char *
filter_text(const struct pf_sim_event *ev)
{
	if (ev->verdict == PF_V_PASS)
		return ev->rule ? "passes it"
				: "no rule matches, and pf passes what no "
				  "rule speaks of";
	if (ev->reason != PF_R_MATCH)
		return NULL;
	return ev->rule ? "blocks it" : "pf drops it";
}

void
ex_tell_filter(struct ex *ex, struct pf_sim *sim, const struct pf_sim_match *m,
    const struct pf_sim_event *ev)
{
	struct pf_ex_step *s;

	if (ev->nat != NULL && ev->nat->natpass) {
		s = ex_add_step(ex, PF_EX_FILTER,
		    arena_printf(&ex->out->arena,
			"not asked: the %s rule says \"pass\"",
			ev->nat->action == PF_RDR ? "rdr" : "nat"));
		ex_unasked(ex, sim, ev, &s->overruled);
		return;
	}
	s = ex_add_step(ex, PF_EX_FILTER, filter_text(ev));
	s->bad = ev->verdict != PF_V_PASS;
	if (s->text == NULL)
		s->text = arena_printf(&ex->out->arena, "pf drops it: %s",
		    pf_reason_name(ev->reason));
	if (ev->rule != NULL)
		s->rule = ex_rule(ex, ev->rule);
	tell_overruled(ex, m, ev, &s->overruled);
	if (s->bad)
		ex_near_filter(ex, sim, ev, &s->near);
}

static void
tell_state(struct ex *ex, const struct pf_sim_event *ev)
{
	struct pf_ex_step *s;

	if (ev->verdict != PF_V_PASS) {
		s = ex_add_step(ex, PF_EX_STATE,
		    arena_printf(&ex->out->arena,
			"it does not fit the state that knows it: %s",
			pf_reason_name(ev->reason)));
		s->bad = true;
		return;
	}
	(void)ex_add_step(ex, PF_EX_STATE,
	    "known by the state that was made: no rule is asked again");
}

static void
tell_made(struct ex *ex, const struct pf_sim_event *ev)
{
	if (ev->verdict != PF_V_PASS || ev->before.frag)
		return;
	(void)ex_add_step(ex, PF_EX_MADE,
	    ev->state == PF_S_NEW
		? "made: answers, and what follows, pass without rules"
		: "none is made: every packet, answers too, is judged by "
		  "itself");
}

static bool
changed_by_scrub(const struct pf_sim_event *ev)
{
	return ev->scrub != NULL;
}

void
ex_tell_event(struct ex *ex, const struct ex_walk *w, size_t i)
{
	const struct pf_sim_event *ev = &w->go.events.v[i];
	struct pf_ex_step *s;

	tell_heading(ex, w, i);
	if (ev->skip) {
		tell_skip(ex, w, ev);
		return;
	}
	if (changed_by_scrub(ev)) {
		s = ex_add_step(ex, PF_EX_SCRUB, NULL);
		s->rule = ex_rule(ex, ev->scrub);
	}
	if (ev->state == PF_S_OLD) {
		tell_state(ex, ev);
		return;
	}
	tell_translation(ex, w, ev);
	ex_tell_filter(ex, w->sim, w->matches, ev);
	tell_made(ex, ev);
}
