/* SPDX-License-Identifier: BSD-2-Clause */
/* Trying a change: its edits made in a draft of the rules, and the packet
 * walked through that. */
#include "pf/explain-attempt.h"

enum { ROUNDS = 4 };

void
ex_try(struct ex_attempt *t, struct ex *ex)
{
	*t = (struct ex_attempt){ .ex = ex };
	ex_draft_init(&t->draft, ex->in->rules);
}

bool
ex_try_walk(struct ex_attempt *t)
{
	ex_walk_clear(&t->walk);
	return ex_walk(t->ex->in, &t->draft.rs, t->ex->q, &t->walk, NULL) == 0;
}

bool
ex_try_end(struct ex_attempt *t, bool works, const char *why)
{
	if (works && t->change.edits.n > 0) {
		t->change.why = why;
		t->change.tried = true;
		*array_add(&t->ex->out->changes) = t->change;
	} else {
		array_clear(&t->change.edits);
		works = false;
	}
	ex_walk_clear(&t->walk);
	ex_draft_clear(&t->draft);
	return works;
}

void
ex_try_edit(struct ex_attempt *t, enum pf_ex_how how, const char *file,
    uint32_t line, const char *text)
{
	struct pf_ex_edit *e = array_add(&t->change.edits);
	struct arena *mem = &t->ex->out->arena;

	e->how = how;
	e->file = file ? arena_strdup(mem, file) : t->ex->main_file;
	e->line = line;
	e->text = arena_strdup(mem, text);
}

/* ---- rules as text ---- */

bool
ex_is_local(const struct ex *ex, uint8_t af, const union pf_ip *ip)
{
	return pf_machine_is_local(ex->in->machine, af, ip);
}

static void
add_peer(struct ex *ex, struct str *s, const struct pf_packet *p, bool dst,
    bool precise, uint16_t port)
{
	const union pf_ip *ip = dst ? &p->dst : &p->src;

	str_add(s, dst ? " to " : " from ");
	if (precise || ex_is_local(ex, p->af, ip))
		ex_add_ip(s, p->af, ip);
	else
		str_add(s, "any");
	if (port != 0)
		str_printf(s, " port %u", port);
}

void
ex_add_proto(struct str *s, const struct pf_packet *p)
{
	const char *name = pf_proto_name(p->proto);

	if (name != NULL)
		str_printf(s, " proto %s", name);
	else
		str_printf(s, " proto %u", p->proto);
}

/* "pass in on em0 inet proto tcp from any to 192.168.0.2 port 3306" */
static void
filter_rule(struct ex *ex, struct str *s, const char *verb, bool quick,
    const struct pf_sim_event *ev, bool answer)
{
	const struct pf_packet *p = &ev->judged;
	bool ports = p->proto == 6 || p->proto == 17;
	const char *type = pf_icmp_type_name(p->icmp_type, p->af);

	str_printf(s, "%s %s%s on %s %s", verb, ev->dir == PF_IN ? "in" : "out",
	    quick ? " quick" : "", ev->ifname,
	    p->af == AF_INET ? "inet" : "inet6");
	ex_add_proto(s, p);
	add_peer(ex, s, p, false, false, ports && answer ? p->sport : 0);
	add_peer(ex, s, p, true, !answer, ports && !answer ? p->dport : 0);
	if ((p->proto == 1 || p->proto == 58) && type != NULL)
		str_printf(s, " %s %s",
		    p->proto == 1 ? "icmp-type" : "icmp6-type", type);
	if (answer && p->proto == 6)
		str_add(s, " flags any");
	if (answer)
		str_add(s, " no state");
}

static const char *
anchor_path(const struct pf_sim_event *ev)
{
	return ev->anchor ? ev->anchor->path : "";
}

bool
ex_try_decide(struct ex_attempt *t, const char *verb,
    const struct pf_sim_event *ev, bool answer)
{
	_cleanup_(str_clear) struct str s = STR_INIT;
	bool first =
	    ev->rule != NULL && (ev->rule->quick || anchor_path(ev)[0] != '\0');

	filter_rule(t->ex, &s, verb, first, ev, answer);
	if (!ex_draft_put(&t->draft, first ? anchor_path(ev) : "", s.buf,
		first ? ev->rule : NULL, false, t->ex->in->machine->env))
		return false;
	if (first)
		ex_try_edit(
		    t, PF_EX_BEFORE, ev->rule->file, ev->rule->line, s.buf);
	else
		ex_try_edit(t, PF_EX_AT_END, NULL, 0, s.buf);
	return true;
}

bool
ex_try_open(struct ex_attempt *t)
{
	for (int i = 0; i <= ROUNDS; i++) {
		const struct pf_sim_event *ev;

		if (!ex_try_walk(t))
			return false;
		if (ex_walk_passes_pf(&t->walk))
			return true;
		ev = ex_walk_blocker(&t->walk);
		if (ev == NULL || ev->rule == NULL || i == ROUNDS ||
		    !ex_try_decide(t, "pass", ev, t->walk.asked_back))
			return false;
	}
	return false;
}

/* The statement without the interface (and its groups); empty if nothing is
 * left to skip. */
static void
without_skip(struct str *s, const char *statement, const struct pf_if *ifp)
{
	_cleanup_(strv_clear) struct strv words = { 0 }, left = { 0 };

	strv_split(&words, statement, " \t{},");
	for (size_t i = 3; i < words.n; i++)
		if (!streq(words.v[i], ifp->name) &&
		    !strv_has(&ifp->groups, words.v[i]))
			strv_add(&left, words.v[i]);
	if (left.n == 0)
		return;
	str_add(s, left.n > 1 ? "set skip on {" : "set skip on");
	for (size_t i = 0; i < left.n; i++)
		str_printf(s, " %s", left.v[i]);
	str_add(s, left.n > 1 ? " }" : "");
}

void
ex_try_unskip(struct ex_attempt *t, const char *ifname)
{
	const struct pf_if *ifp = pf_env_if(t->ex->in->machine->env, ifname);
	uint32_t line =
	    ifp ? ex_skip_line(&t->ex->files, t->ex->main_file, ifp) : 0;
	_cleanup_free_ char *statement =
	    ex_statement(&t->ex->files, t->ex->main_file, line);
	_cleanup_(str_clear) struct str s = STR_INIT;

	if (ifp == NULL || statement == NULL)
		return;
	ex_draft_unskip(&t->draft, ifp);
	without_skip(&s, statement, ifp);
	ex_try_edit(t, PF_EX_INSTEAD, NULL, line, s.buf);
}
