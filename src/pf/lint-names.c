/* SPDX-License-Identifier: BSD-2-Clause */
/* Lint: what is declared and never used, and what is used and not declared. */
#include "pf/lint-internal.h"

/* ---- macros ---- */

static void
lint_macros(struct lint *l)
{
	const struct pf_ruleset *rs = l->in->rules;

	for (size_t i = 0; i < rs->macros.n; i++) {
		const struct pf_macro *m = &rs->macros.v[i];
		struct finding *f;

		if (m->used || m->file == NULL)
			continue;
		f = lint_at(l, FINDING_NOTE, "macro-unused", m->file, m->line);
		finding_what(f, "macro %s is never used", m->name);
		finding_why(
		    f, "a rule that was meant to use it may be missing");
		finding_fix(f, "use it as $%s, or delete the line", m->name);
	}
}

/* ---- tables ---- */

struct uses {
	struct map read; /* name -> the first rule that asks for it */
	struct map full; /* names of those */
	bool calls;	 /* an anchor's rules are not all here */
};

static void
use_addr(struct uses *u, const struct pf_addr *a, const struct pf_rule *r)
{
	if (a->kind == PF_ADDR_TABLE && !map_has(&u->read, a->name))
		map_set(&u->read, a->name, (void *)(uintptr_t)r);
}

static void
use_rule(struct uses *u, const struct pf_rule *r)
{
	use_addr(u, &r->src.addr, r);
	use_addr(u, &r->dst.addr, r);
	for (uint32_t i = 0; r->pool != NULL && i < r->pool->n; i++)
		use_addr(u, &r->pool->hop[i].addr, r);
	if (r->state != NULL && r->state->overload != NULL)
		map_set(&u->full, r->state->overload, (void *)(uintptr_t)r);
	if (r->anchor_call && r->anchor == NULL)
		u->calls = true;
}

static void
find_uses(const struct pf_ruleset *rs, struct uses *u)
{
	map_init(&u->read, NULL);
	map_init(&u->full, NULL);
	for (const struct pf_anchor *a = rs->main; a != NULL; a = a->next)
		for (int i = 0; i < PF_LIST_COUNT; i++)
			for (size_t k = 0; k < a->list[i].n; k++)
				use_rule(u, a->list[i].v[k]);
}

static void
lint_unread(struct lint *l, const struct pf_table *t, const struct uses *u)
{
	struct finding *f;

	if (t->automatic || map_has(&u->read, t->name) || u->calls)
		return;
	f = lint_at(l, FINDING_WARNING, "table-unused", t->file, t->line);
	if (map_has(&u->full, t->name)) {
		finding_what(f,
		    "table <%s> is filled by overload, and no rule asks for "
		    "it",
		    t->name);
		finding_why(f, "whoever gets into it is not blocked");
		finding_fix(f, "add: block in quick from <%s>", t->name);
		return;
	}
	f->level = FINDING_NOTE;
	finding_what(f, "no rule uses table <%s>", t->name);
	finding_why(f, "its addresses have no effect");
	finding_fix(f, "name <%s> in a rule, or delete the line", t->name);
}

static const struct pf_table *
table_of(const struct pf_ruleset *rs, const char *name)
{
	for (const struct pf_table *t = rs->tables; t != NULL; t = t->next)
		if (streq(t->name, name))
			return t;
	return NULL;
}

static const char *
nearest(const struct pf_ruleset *rs, const char *name)
{
	_cleanup_(strv_clear) struct strv names = { 0 };

	for (const struct pf_table *t = rs->tables; t != NULL; t = t->next)
		strv_add(&names, t->name);
	name = str_nearest(name, (const char *const *)strv_argv(&names));
	return name ? table_of(rs, name)->name : NULL;
}

static void
lint_undeclared(struct lint *l, const char *name, const struct pf_rule *r)
{
	const char *near = nearest(l->in->rules, name);
	struct finding *f =
	    lint_rule(l, FINDING_WARNING, "table-undeclared", r);

	finding_what(f, "table <%s> is not declared: it is empty", name);
	finding_why(f,
	    "until somebody fills it with pfctl -T add, the rule matches %s",
	    (r->src.addr.kind == PF_ADDR_TABLE && r->src.addr.neg) ||
		    (r->dst.addr.kind == PF_ADDR_TABLE && r->dst.addr.neg)
		? "as if it were not there"
		: "nothing");
	if (near != NULL)
		finding_fix(f, "there is a table <%s>: is it meant?", near);
	else
		finding_fix(f, "declare it: table <%s> persist", name);
}

static void
lint_tables(struct lint *l)
{
	const struct pf_ruleset *rs = l->in->rules;
	struct uses u = { 0 };

	find_uses(rs, &u);
	for (const struct pf_table *t = rs->tables; t != NULL; t = t->next)
		lint_unread(l, t, &u);
	for (size_t i = 0; i < u.read.n; i++) {
		const char *name = u.read.v[i].key;

		if (table_of(rs, name) == NULL && !map_has(&u.full, name))
			lint_undeclared(l, name, u.read.v[i].value);
	}
	map_clear(&u.read);
	map_clear(&u.full);
}

void
lint_names(struct lint *l)
{
	lint_macros(l);
	lint_tables(l);
}
