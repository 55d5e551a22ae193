/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a load leaves alone: with a main ruleset the anchors that were loaded
 * by themselves and the tables that persist, with an anchor all the rest,
 * with -N, -R, -O the other parts. New and old are put together as text.
 */
#include "pfctl/pfctl.h"

struct parts {
	const struct pfctl *p;
	const struct pf_ruleset *old, *new;
	const char *target; /* path of the anchor that is loaded */
};

/* What was in a table that is defined without addresses stays in it. */
static const struct pf_table *
content_of(const struct pf_ruleset *old, const struct pf_table *t)
{
	return t->init ? NULL : table_find(old, table_anchor(t), t->name);
}

bool
merge_needed(const struct pfctl *p, const struct current *old,
    const struct pf_ruleset *rs)
{
	const struct pf_table *t;

	if (p->anchor && p->anchor[0])
		return true;
	if (!old->status.present)
		return false;
	if (p->load != PF_LOAD_ALL || p->merge)
		return true;
	for (struct pf_anchor *a = old->rules->main->next; a; a = a->next)
		if (!a->braces && a->loaded)
			return true;
	for (t = old->rules->tables; t; t = t->next)
		if (t->persist)
			return true;
	for (t = rs->tables; t; t = t->next)
		if (content_of(old->rules, t))
			return true;
	return false;
}

static void
print_table(struct str *s, const struct parts *m, const struct pf_table *t)
{
	const struct pf_table *old = content_of(m->old, t);
	struct pf_table both = *t;

	if (old) {
		both.addr = old->addr;
		both.af = old->af;
		both.n = old->n;
	}
	current_print_table(s, &both);
}

static void
print_tables(struct str *s, const struct parts *m, const char *path)
{
	bool target = streq(path, m->target);
	bool wanted = target && (m->p->load & PF_LOAD_TABLE);
	const struct pf_table *t;

	for (t = m->old->tables; t; t = t->next) {
		if (!streq(table_anchor(t), path) || (wanted && !t->persist))
			continue;
		if (!wanted || !table_find(m->new, path, t->name))
			current_print_table(s, t);
	}
	for (t = m->new->tables; wanted &&t; t = t->next)
		if (streq(table_anchor(t), path))
			print_table(s, m, t);
}

static bool
list_is_loaded(const struct parts *m, enum pf_list list)
{
	bool filter = list == PF_LIST_FILTER || list == PF_LIST_SCRUB;

	return m->p->load & (filter ? PF_LOAD_FILTER : PF_LOAD_NAT);
}

static void
print_lists(struct str *s, const struct parts *m, const char *path)
{
	struct pf_anchor *old = pf_anchor_find(m->old, path);
	struct pf_anchor *new = pf_anchor_find(m->new, path);
	bool loaded = new &&new->loaded;

	for (int list = 0; list < PF_LIST_COUNT; list++) {
		struct pf_anchor *from = old;

		if (loaded && list_is_loaded(m, (enum pf_list)list))
			from = new;
		if (from)
			pf_print_list(s, from, (enum pf_list)list,
			    PF_PRINT_PATHS | PF_PRINT_NUMERIC, 0);
	}
}

static void
print_anchors(struct str *s, const struct parts *m, const struct pf_ruleset *rs,
    const struct pf_ruleset *unless)
{
	for (struct pf_anchor *a = rs->main; a; a = a->next) {
		struct pf_anchor *other =
		    unless ? pf_anchor_find(unless, a->path) : NULL;

		if (!a->path[0] || a->braces || !a->loaded ||
		    (other && other->loaded))
			continue;
		current_print_anchor_line(s, a->path);
		print_tables(s, m, a->path);
		print_lists(s, m, a->path);
	}
}

/* -m: those that are not given stay. */
static void
keep_limits(struct pf_options *o, const struct pf_options *old)
{
	for (int i = 0; i < PF_LIMIT_COUNT; i++)
		if (!o->limit_set[i]) {
			o->limit_set[i] = old->limit_set[i];
			o->limit[i] = old->limit[i];
		}
}

int
merge(const struct pfctl *p, const struct current *old,
    const struct pf_ruleset *rs, const struct pf_env *env,
    struct pf_ruleset **ret, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	const struct parts m = {
		.p = p,
		.old = old->rules,
		.new = rs,
		.target = p->anchor ? p->anchor : "",
	};
	bool main = !m.target[0];
	struct pf_options options = main && (p->load & PF_LOAD_OPTION)
	    ? rs->options
	    : old->rules->options;

	if (p->merge)
		keep_limits(&options, &old->rules->options);
	current_print_options(&text, &options);
	print_tables(&text, &m, "");
	print_lists(&text, &m, "");
	print_anchors(&text, &m, rs, NULL);
	print_anchors(&text, &m, old->rules, rs);
	return parse_text("merged", text.buf, env, ret, err);
}
