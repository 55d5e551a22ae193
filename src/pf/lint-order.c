/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lint: rules that never decide, because of where they stand.
 *
 * A statement is told only if each rule that it was expanded to is without
 * effect, each because of a rule of another statement: that one of a list's
 * combinations is contained in something else is what lists are for.
 */
#include "pf/lint-index.h"
#include "pf/lint-internal.h"

enum fate { LIVES, BEHIND_QUICK, OVERRULED, BEHIND_FIRST, SKIPPED, UNFILTERED };

struct doom {
	enum fate fate;
	const struct pf_rule *by; /* NULL: SKIPPED */
};

static bool
same_statement(const struct pf_rule *a, const struct pf_rule *b)
{
	return a->line == b->line && a->file != NULL && b->file != NULL &&
	    streq(a->file, b->file);
}

/* What a rule does to packets that another one decides. */
static bool
acts_in_passing(const struct pf_rule *r)
{
	return r->tag != NULL || r->rtable >= 0 || r->anchor_call;
}

/* ---- filter rules ---- */

static struct doom
fate_of_filter(const struct lint *l, const struct lint_index *x, size_t i)
{
	const struct pf_env *env = l->in->machine->env;
	const struct pf_rules *list = x->list;
	const struct pf_rule *r = list->v[i];
	struct lint_walk w;
	size_t k;

	lint_walk_init(&w, x, r, 0);
	while ((k = lint_walk_next(&w)) < i)
		if (list->v[k]->quick && !same_statement(list->v[k], r) &&
		    lint_covers(env, list->v[k], r))
			return (struct doom){ BEHIND_QUICK, list->v[k] };
	if (r->quick || acts_in_passing(r))
		return (struct doom){ LIVES, NULL };
	lint_walk_init(&w, x, r, i + 1);
	while ((k = lint_walk_next(&w)) < list->n)
		if (!same_statement(list->v[k], r) &&
		    lint_covers(env, list->v[k], r))
			return (struct doom){ OVERRULED, list->v[k] };
	return (struct doom){ LIVES, NULL };
}

/* ---- translation: the first that matches ---- */

static struct doom
fate_of_nat(const struct lint *l, const struct lint_index *x, size_t i)
{
	const struct pf_rules *list = x->list;
	const struct pf_rule *r = list->v[i];
	struct lint_walk w;
	size_t k;

	lint_walk_init(&w, x, r, 0);
	while ((k = lint_walk_next(&w)) < i)
		if (!same_statement(list->v[k], r) &&
		    lint_covers(l->in->machine->env, list->v[k], r))
			return (struct doom){ BEHIND_FIRST, list->v[k] };
	return (struct doom){ LIVES, NULL };
}

/* ---- rules that pass their packets by the filter ---- */

static bool
translates(const struct pf_rule *r)
{
	return r->action == PF_RDR || r->action == PF_NAT ||
	    r->action == PF_BINAT;
}

/* Does every translation in that direction pass? Only then is nobody left
 * who could come to a filter rule with a new address. */
static bool
all_pass(const struct pf_rules *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i]->anchor_call || !translates(list->v[i]) ||
		    !list->v[i]->natpass)
			return false;
	return true;
}

/* What is sent to where it would be sent anyway is not translated, and comes
 * to the filter. */
static bool
has_target(
    const struct lint *l, const struct pf_rule *rdr, const struct pf_rule *r)
{
	for (uint32_t i = 0; rdr->pool != NULL && i < rdr->pool->n; i++) {
		const struct pf_addr *a = &rdr->pool->hop[i].addr;

		if (a->kind != PF_ADDR_IP ||
		    lint_addr_has(l->in->machine->env, &r->dst.addr, rdr->af,
			&a->ip, a->bits))
			return true;
	}
	return rdr->pool == NULL;
}

/*
 * The translation that lets everything that a filter rule could match pass by
 * it, or NULL. Only of rules with a port: fragments are not translated, but
 * filtered, and match no port.
 */
static const struct pf_rule *
passed_by(const struct lint *l, const struct pf_rule *r)
{
	const struct pf_anchor *a = l->in->rules->main;
	const struct pf_rules *list = &a->list[PF_LIST_RDR];

	if (r->dir != PF_IN || r->dst.port.op == PF_OP_NONE ||
	    !all_pass(list) || a->list[PF_LIST_BINAT].n > 0)
		return NULL;
	for (size_t i = 0; i < list->n; i++)
		if (lint_covers(l->in->machine->env, list->v[i], r) &&
		    !has_target(l, list->v[i], r))
			return list->v[i];
	return NULL;
}

/* ---- one statement ---- */

static struct doom
fate_of(const struct lint *l, const struct lint_index *x, size_t i,
    enum pf_list kind)
{
	const struct pf_rule *r = x->list->v[i];
	const struct pf_rule *by;

	if (r->anchor_call)
		return (struct doom){ LIVES, NULL };
	if (r->ifname != NULL && !r->if_not && lint_skipped(l, r->ifname))
		return (struct doom){ SKIPPED, NULL };
	/* binat is asked from both sides. */
	if (kind == PF_LIST_BINAT)
		return (struct doom){ LIVES, NULL };
	if (kind != PF_LIST_FILTER)
		return fate_of_nat(l, x, i);
	by = passed_by(l, r);
	if (by != NULL)
		return (struct doom){ UNFILTERED, by };
	return fate_of_filter(l, x, i);
}

static const char *
word_of(const struct pf_rule *r)
{
	static const char *const words[] = { "pass", "block", "scrub",
		"no scrub", "nat", "no nat", "binat", "no binat", "rdr",
		"no rdr" };

	return words[r->action];
}

/* "line 5", or with the file if that is another one. */
static void
add_place(struct str *s, const struct pf_rule *by, const struct pf_rule *r)
{
	if (by->file != NULL && r->file != NULL && streq(by->file, r->file))
		str_printf(s, "line %u", by->line);
	else
		str_printf(s, "%s:%u", by->file ? by->file : "", by->line);
}

static void
say_skipped(struct finding *f, const struct pf_rule *r)
{
	finding_what(f, "never asked: %s is skipped", r->ifname);
	finding_why(f,
	    "on an interface of `set skip` no rule is asked, and everything "
	    "passes");
	finding_fix(f, "delete it, or take %s out of `set skip`", r->ifname);
}

static void
say_why(struct finding *f, const struct pf_rule *r, const struct doom *d)
{
	_cleanup_(str_clear) struct str at = STR_INIT;

	if (d->by != NULL)
		add_place(&at, d->by, r);
	switch (d->fate) {
	case LIVES:
		break;
	case SKIPPED:
		say_skipped(f, r);
		break;
	case BEHIND_QUICK:
		finding_what(f,
		    "never asked: %s has quick and matches all that this "
		    "matches",
		    at.buf);
		finding_why(f, "what it says does not happen");
		finding_fix(f, "move it before %s, or delete it", at.buf);
		break;
	case OVERRULED:
		finding_what(f,
		    "never decides: %s comes later and matches all that this "
		    "matches",
		    at.buf);
		finding_why(f, "without quick the last rule that matches wins");
		finding_fix(
		    f, "move it behind %s, add quick, or delete it", at.buf);
		break;
	case BEHIND_FIRST:
		finding_what(f,
		    "never asked: %s comes first and matches all that this "
		    "matches",
		    at.buf);
		finding_why(
		    f, "the first %s rule that matches wins", word_of(r));
		finding_fix(f, "move it before %s, or delete it", at.buf);
		break;
	case UNFILTERED:
		finding_what(f,
		    "never asked: %s is `%s pass`, and what it translates is "
		    "not filtered",
		    at.buf, word_of(d->by));
		finding_why(f, "what it says does not happen");
		finding_fix(f,
		    "write `%s` without pass on %s, and here the address "
		    "that it translates to",
		    word_of(d->by), at.buf);
		break;
	}
}

/* A rule of the same kind stands in for it: nothing is lost but a line. */
static bool
is_repeated(const struct pf_rule *r, const struct doom *d)
{
	if (d->by == NULL)
		return r->action == PF_PASS;
	return (r->action == PF_PASS || r->action == PF_BLOCK) &&
	    d->by->action == r->action && d->by->block == r->block;
}

static void
tell(struct lint *l, const struct pf_rule *r, const struct doom *d)
{
	bool repeated = is_repeated(r, d);
	enum finding_level level = repeated ? FINDING_NOTE : FINDING_WARNING;
	struct finding *f =
	    lint_rule(l, level, repeated ? "rule-redundant" : "rule-never", r);

	say_why(f, r, d);
	if (repeated && d->by != NULL)
		finding_why(f, "both do the same (%s)", word_of(r));
}

size_t
lint_statement_end(const struct pf_rules *list, size_t i)
{
	size_t end = i + 1;

	while (end < list->n && same_statement(list->v[i], list->v[end]))
		end++;
	return end;
}

static void
lint_list(struct lint *l, const struct lint_index *x, enum pf_list kind)
{
	const struct pf_rules *list = x->list;

	for (size_t i = 0, end; i < list->n; i = end) {
		struct doom first = { LIVES, NULL };

		end = lint_statement_end(list, i);
		for (size_t k = i; k < end; k++) {
			struct doom d = fate_of(l, x, k, kind);

			if (k == i)
				first = d;
			if (d.fate == LIVES) {
				first.fate = LIVES;
				break;
			}
		}
		if (first.fate != LIVES)
			tell(l, list->v[i], &first);
	}
}

/* ---- a block that is undone ---- */

/*
 * Pass rules test the flags of tcp, if they do not say otherwise, and so do
 * not match all that a block rule does. But what they leave to it are only
 * packets that belong to no connection and begin none.
 */
static bool
undoes(const struct lint *l, const struct pf_rule *by, const struct pf_rule *r)
{
	const struct pf_env *env = l->in->machine->env;

	return by->action == PF_PASS && !same_statement(by, r) &&
	    by->keep != PF_NO_STATE && by->flags == PF_TH_SYN &&
	    r->flagset == 0 && !lint_covers(env, by, r) &&
	    lint_covers_but_flags(env, by, r);
}

static void
tell_undone(struct lint *l, const struct pf_rule *r, const struct pf_rule *by,
    bool before)
{
	_cleanup_(str_clear) struct str at = STR_INIT;
	struct finding *f = lint_rule(l, FINDING_WARNING, "block-undone", r);

	add_place(&at, by, r);
	finding_what(f, "%s lets every new connection of these pass%s", at.buf,
	    before ? " before this is asked" : " again");
	finding_why(f,
	    "%s; what is still blocked are tcp packets of no connection",
	    before ? "with quick the first rule that matches wins"
		   : "without quick the last rule that matches wins");
	if (before)
		finding_fix(f, "move it before %s, or delete it", at.buf);
	else
		finding_fix(f,
		    "say on %s what may pass (`pass out`, `to port ..`), move "
		    "this behind it, or delete this",
		    at.buf);
}

/* The rule that undoes this one; NULL: none. *before: it comes first. */
static const struct pf_rule *
undone_by(
    const struct lint *l, const struct lint_index *x, size_t i, bool *before)
{
	const struct pf_rules *list = x->list;
	const struct pf_rule *r = list->v[i];
	struct lint_walk w;
	size_t k;

	/* `block out` and `pass out` is how some write that all may. */
	if (r->action != PF_BLOCK || r->dir == PF_OUT || r->anchor_call)
		return NULL;
	lint_walk_init(&w, x, r, 0);
	while ((k = lint_walk_next(&w)) < list->n) {
		*before = k < i;
		if (k == i || (*before && !list->v[k]->quick) ||
		    (!*before && r->quick))
			continue;
		if (undoes(l, list->v[k], r))
			return list->v[k];
	}
	return NULL;
}

static void
lint_undone(struct lint *l, const struct lint_index *x, size_t i, size_t end)
{
	bool before, other;
	const struct pf_rule *by = undone_by(l, x, i, &before);

	for (size_t k = i + 1; by != NULL && k < end; k++)
		if (undone_by(l, x, k, &other) == NULL)
			return;
	if (by != NULL)
		tell_undone(l, x->list->v[i], by, before);
}

static void
lint_one(struct lint *l, const struct pf_rules *list, enum pf_list kind)
{
	struct lint_index x;

	lint_index_init(&x, list);
	lint_list(l, &x, kind);
	lint_index_clear(&x);
}

static void
lint_blocks(struct lint *l, const struct pf_rules *filter)
{
	struct lint_index x;

	lint_index_init(&x, filter);
	for (size_t i = 0, end; i < filter->n; i = end) {
		end = lint_statement_end(filter, i);
		lint_undone(l, &x, i, end);
	}
	lint_index_clear(&x);
}

void
lint_order(struct lint *l)
{
	for (struct pf_anchor *a = l->in->rules->main; a; a = a->next) {
		for (int i = PF_LIST_NAT; i < PF_LIST_COUNT; i++)
			lint_one(l, &a->list[i], (enum pf_list)i);
		lint_blocks(l, &a->list[PF_LIST_FILTER]);
	}
}
