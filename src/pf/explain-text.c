/* SPDX-License-Identifier: BSD-2-Clause */
/* An answer for people. */
#include "pf/explain.h"

static const char *const end_names[] = {
	[PF_EX_PASSES] = "passes",
	[PF_EX_BLOCKED] = "blocked",
	[PF_EX_NO_ANSWER] = "no-answer",
	[PF_EX_NO_ROUTE] = "no-route",
	[PF_EX_NOT_SENT_ON] = "not-forwarded",
	[PF_EX_NOBODY] = "nobody",
	[PF_EX_JAIL_DOWN] = "jail-down",
	[PF_EX_NO_LISTENER] = "no-listener",
	[PF_EX_TO_ITSELF] = "to-itself",
	[PF_EX_GUARD] = "guard",
	[PF_EX_FOREIGN] = "foreign",
	[PF_EX_RP_FILTER] = "rp-filter",
	[PF_EX_OTHER] = "other",
};

const char *
pf_ex_end_name(enum pf_ex_end e)
{
	return end_names[e];
}

/* The word in front of a step; NULL: a heading. */
static const char *
label(const struct pf_ex_step *s)
{
	switch (s->kind) {
	case PF_EX_SKIP:
		return "skip";
	case PF_EX_SCRUB:
		return "scrub";
	case PF_EX_STATE:
	case PF_EX_MADE:
		return "state";
	case PF_EX_TRANSLATE:
		return "nat/rdr";
	case PF_EX_FILTER:
		return "filter";
	case PF_EX_SENT:
		return "return";
	case PF_EX_HOST:
		return "host";
	case PF_EX_COMES:
	case PF_EX_REACHES:
	case PF_EX_ANSWER:
		break;
	}
	return NULL;
}

static void
add_place(struct str *out, const struct pf_ex_rule *r)
{
	if (r->file != NULL)
		str_printf(out, "%s:%u: ", r->file, r->line);
	str_add_visible(out, r->text);
}

static void
add_others(struct str *out, const struct pf_ex_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++) {
		str_add(out, "            ");
		add_place(out, &rules->v[i]);
		if (rules->v[i].note != NULL)
			str_printf(out, "\n              %s", rules->v[i].note);
		str_addc(out, '\n');
	}
}

static void
add_step(struct str *out, const struct pf_ex_step *s)
{
	const char *word = label(s);

	if (word == NULL) {
		str_printf(out, "%s\n", s->text);
		return;
	}
	str_printf(out, "  %-8s", word);
	if (s->rule.line > 0) {
		add_place(out, &s->rule);
		if (s->text != NULL)
			str_printf(out, "\n          %s", s->text);
	} else if (s->text != NULL) {
		str_add(out, s->text);
	}
	str_addc(out, '\n');
	add_others(out, &s->overruled);
	add_others(out, &s->near);
}

static void
add_edit(struct str *out, const struct pf_ex_edit *e)
{
	const char *file = e->file ? e->file : "pf.conf";

	switch (e->how) {
	case PF_EX_BEFORE:
		str_printf(out, "  before %s:%u:\n", file, e->line);
		break;
	case PF_EX_AT_END:
		str_printf(out, "  at the end of %s:\n", file);
		break;
	case PF_EX_INSTEAD:
		str_printf(out,
		    e->text[0] ? "  instead of %s:%u:\n" : "  delete %s:%u\n",
		    file, e->line);
		break;
	case PF_EX_DO:
		break;
	}
	if (e->text[0] != '\0') {
		str_add(out, e->how == PF_EX_DO ? "  " : "    ");
		str_add_visible(out, e->text);
		str_addc(out, '\n');
	}
}

static void
add_change(struct str *out, const struct pf_ex_change *c)
{
	str_addc(out, '\n');
	if (c->why != NULL)
		str_printf(out, "%c%s (tried, it works):\n",
		    c->why[0] - 'a' + 'A', c->why + 1);
	else
		str_add(out, "What to do:\n");
	for (size_t i = 0; i < c->edits.n; i++)
		add_edit(out, &c->edits.v[i]);
}

/* The summary is the last step's own sentence. */
static bool
said_already(const struct pf_explanation *ex)
{
	const struct pf_ex_step *last =
	    ex->steps.n > 0 ? &ex->steps.v[ex->steps.n - 1] : NULL;

	return last != NULL && last->bad && last->text != NULL &&
	    streq(last->text, ex->summary);
}

void
pf_explanation_text(const struct pf_explanation *ex, struct str *out)
{
	str_printf(out, "%s\n\n", ex->question);
	for (size_t i = 0; i < ex->steps.n; i++)
		add_step(out, &ex->steps.v[i]);
	for (size_t i = 0; i < ex->notes.n; i++)
		str_printf(out, "(%s)\n", ex->notes.v[i]);
	if (ex->end == PF_EX_PASSES)
		str_add(out, "\nIt gets through.\n");
	else if (said_already(ex))
		str_add(out, "\nIt does not get through.\n");
	else
		str_printf(
		    out, "\nIt does not get through: %s.\n", ex->summary);
	for (size_t i = 0; i < ex->changes.n; i++)
		add_change(out, &ex->changes.v[i]);
}
