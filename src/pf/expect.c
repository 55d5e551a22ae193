/* SPDX-License-Identifier: BSD-2-Clause */
/* Trying expectations on a ruleset. */
#include <arpa/inet.h>

#include "pf/expect.h"
#include "pf/explain-internal.h"

struct trying {
	const struct pf_ex_input *in;
	const struct pf_expect *e;
	struct ex_walk walk;
	struct ex_files files;
	struct str *got;
};

/* ---- which rule ---- */

/* "..." and its one character stand for any text, in a row for one. */
static size_t
dots(const char *p)
{
	if (str_starts(p, "..."))
		return 3;
	return str_starts(p, "\xe2\x80\xa6") ? 3 : 0;
}

static bool
matches(const char *pattern, const char *text)
{
	const char *again = NULL, *from = NULL;

	/* As shells match "*": go back to the last one, one further on. */
	while (*text) {
		size_t n = dots(pattern);

		if (n > 0) {
			pattern += n;
			again = pattern;
			from = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (again != NULL) {
			pattern = again;
			text = ++from;
		} else {
			return false;
		}
	}
	while (dots(pattern) > 0)
		pattern += dots(pattern);
	return *pattern == '\0';
}

static bool
is_rule(struct trying *t, const struct pf_rule *r)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_(str_clear) struct str s = STR_INIT;

	if (r == NULL)
		return false;
	text = ex_statement(&t->files, r->file, r->line);
	pf_print_rule(&s, r, 0);
	return matches(t->e->by, s.buf) || (text && matches(t->e->by, text));
}

/* The rule that decided at one look: the translation, if its `pass` did. */
static const struct pf_rule *
decider(const struct pf_sim_event *ev)
{
	return ev->nat != NULL && ev->nat->natpass ? ev->nat : ev->rule;
}

static bool
decided_by(struct trying *t)
{
	const struct pf_sim_event *blocker = ex_walk_blocker(&t->walk);

	if (t->e->by == NULL)
		return true;
	if (blocker != NULL)
		return is_rule(t, decider(blocker));
	for (size_t i = 0; i < t->walk.go.events.n; i++)
		if (is_rule(t, decider(&t->walk.go.events.v[i])))
			return true;
	return false;
}

/* ---- what happened ---- */

static enum pf_expect_want
outcome(const struct trying *t)
{
	switch (t->walk.end) {
	case PF_EX_PASSES:
	case PF_EX_NO_LISTENER:
		return PF_WANT_PASSES;
	case PF_EX_NOBODY:
		/* Where no jail is described, any may have the address. */
		return t->in->machine->jails.n == 0 ? PF_WANT_PASSES
						    : PF_WANT_LOST;
	case PF_EX_BLOCKED:
	case PF_EX_NO_ANSWER:
		return t->walk.leaks ? PF_WANT_LOST : PF_WANT_BLOCKED;
	default:
		return PF_WANT_LOST;
	}
}

static bool
is_end(const struct pf_expect *e, const struct pf_packet *p, bool dst)
{
	return (e->af == 0 ||
		   (e->af == p->af &&
		       sim_ip_eq(&e->ip, dst ? &p->dst : &p->src))) &&
	    (e->port == 0 || e->port == (dst ? p->dport : p->sport));
}

static bool
is_as_wanted(struct trying *t)
{
	const struct pf_expect *e = t->e;
	const struct ex_walk *w = &t->walk;
	enum pf_expect_want is = outcome(t);

	switch (e->want) {
	case PF_WANT_ARRIVES:
		return is == PF_WANT_PASSES && is_end(e, &w->arrives, true) &&
		    decided_by(t);
	case PF_WANT_LEAVES:
		return is == PF_WANT_PASSES && w->leaves &&
		    is_end(e, &w->arrives, false) &&
		    (e->out_if == NULL ||
			(w->out_if && streq(w->out_if, e->out_if))) &&
		    decided_by(t);
	default:
		return is == e->want && decided_by(t);
	}
}

/* ---- what is said of it ---- */

static void
add_rule(struct trying *t, const struct pf_rule *r)
{
	_cleanup_free_ char *text = NULL;

	if (r == NULL) {
		str_add(t->got, ", by no rule");
		return;
	}
	text = ex_statement(&t->files, r->file, r->line);
	str_printf(t->got, ", by %s:%u: ", r->file ? r->file : "?", r->line);
	if (text != NULL)
		str_add(t->got, text);
	else
		pf_print_rule(t->got, r, 0);
}

static void
add_deciders(struct trying *t)
{
	const struct pf_sim_event *blocker = ex_walk_blocker(&t->walk);

	if (blocker != NULL) {
		add_rule(t, decider(blocker));
		return;
	}
	for (size_t i = 0; i < t->walk.go.events.n; i++) {
		const struct pf_sim_event *ev = &t->walk.go.events.v[i];

		if (ev->skip)
			str_printf(t->got, ", %s is skipped", ev->ifname);
		else if (ev->state != PF_S_OLD)
			add_rule(t, decider(ev));
	}
}

static void
add_passes(struct trying *t)
{
	const struct ex_walk *w = &t->walk;

	if (w->leaves) {
		str_printf(
		    t->got, "leaves on %s as ", w->out_if ? w->out_if : "?");
		if (t->e->port != 0)
			ex_add_end(t->got, &w->arrives, false);
		else /* any port does */
			ex_add_ip(t->got, w->arrives.af, &w->arrives.src);
	} else {
		str_add(t->got, "arrives at ");
		ex_add_end(t->got, &w->arrives, true);
	}
	add_deciders(t);
}

static void
say(struct trying *t)
{
	const struct ex_walk *w = &t->walk;

	switch (outcome(t)) {
	case PF_WANT_PASSES:
		add_passes(t);
		return;
	case PF_WANT_BLOCKED:
		str_add(t->got,
		    w->end == PF_EX_NO_ANSWER ? "its answer is blocked"
					      : "is blocked");
		add_deciders(t);
		return;
	default:
		break;
	}
	if (w->leaks)
		str_printf(t->got,
		    "is lost: leaves on %s with its private source, no answer "
		    "finds back",
		    w->out_if ? w->out_if : "?");
	else
		str_printf(t->got, "is lost (%s)", pf_ex_end_name(w->end));
	add_deciders(t);
}

int
pf_expect_try(const struct pf_ex_input *in, const struct pf_expect *e,
    struct str *got, struct err *err)
{
	struct trying t = { .in = in, .e = e, .got = got };
	int r = ex_walk(in, in->rules, &e->question, &t.walk, err);

	if (r < 0)
		return r;
	ex_files_init(&t.files, in->env);
	r = is_as_wanted(&t);
	if (!r)
		say(&t);
	ex_files_clear(&t.files);
	ex_walk_clear(&t.walk);
	return r;
}
