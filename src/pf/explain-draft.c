/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ruleset with changes, to be tried in the engine: a shallow copy of the
 * original in which the lists that change are new. The original is not
 * touched and must outlive it.
 */
#include "pf/explain-internal.h"

void
ex_draft_init(struct ex_draft *d, const struct pf_ruleset *rules)
{
	size_t n = 0;

	*d = (struct ex_draft){ .rs = *rules };
	for (struct pf_anchor *a = rules->main; a != NULL; a = a->next)
		n++;
	d->anchors = xcalloc(n, sizeof(*d->anchors));
	d->n_anchors = n;
	n = 0;
	for (struct pf_anchor *a = rules->main; a != NULL; a = a->next, n++) {
		d->anchors[n] = *a;
		if (a->next != NULL)
			d->anchors[n].next = &d->anchors[n + 1];
	}
	d->rs.main = d->anchors;
	memset(&d->rs.options.skip, 0, sizeof(d->rs.options.skip));
	for (size_t i = 0; i < rules->options.skip.n; i++)
		strv_add(&d->rs.options.skip, rules->options.skip.v[i]);
}

void
ex_draft_clear(struct ex_draft *d)
{
	strv_clear(&d->rs.options.skip);
	for (size_t i = 0; i < d->parsed.n; i++)
		pf_ruleset_free(d->parsed.v[i]);
	array_clear(&d->parsed);
	for (size_t i = 0; i < d->lists.n; i++)
		free(d->lists.v[i]);
	array_clear(&d->lists);
	free(d->anchors);
	*d = (struct ex_draft){ 0 };
}

/* ---- parsing a statement by itself ---- */

static int
read_text(void *ctx, const char *path, struct str *ret)
{
	(void)path;
	str_add(ret, ctx);
	return 0;
}

static struct pf_ruleset *
parse(struct ex_draft *d, const char *text, const struct pf_env *env)
{
	const struct pf_opts opts = { .load = PF_LOAD_ALL,
		.optimize_given = true,
		.optimize = PF_OPT_NONE };
	_cleanup_(str_clear) struct str s = STR_INIT;
	struct pf_ruleset *rs = NULL;
	struct pf_env e = *env;

	for (size_t i = 0; i < d->rs.macros.n; i++) {
		const struct pf_macro *m = &d->rs.macros.v[i];

		if (!m->replaced && strchr(m->value, '"') == NULL)
			str_printf(&s, "%s = \"%s\"\n", m->name, m->value);
	}
	str_printf(&s, "%s\n", text);
	e.ctx = s.buf;
	e.read = read_text;
	e.resolve = NULL;
	e.service = NULL;
	e.user = e.group = NULL;
	if (pf_load("-", &opts, &e, NULL, &rs, NULL) < 0)
		return NULL;
	*array_add(&d->parsed) = rs;
	return rs;
}

/* ---- putting rules in ---- */

static struct pf_anchor *
anchor_of(struct ex_draft *d, const char *path)
{
	for (size_t i = 0; i < d->n_anchors; i++)
		if (streq(d->anchors[i].path, path))
			return &d->anchors[i];
	return NULL;
}

static bool
same_statement(const struct pf_rule *a, const struct pf_rule *b)
{
	return b != NULL && a->line == b->line && a->file != NULL &&
	    b->file != NULL && streq(a->file, b->file);
}

static void
put_list(struct ex_draft *d, struct pf_rules *list, const struct pf_rules *new,
    const struct pf_rule *before, bool instead)
{
	struct pf_rules out = { 0 };
	bool done = false;

	for (size_t i = 0; i <= list->n; i++) {
		const struct pf_rule *r = i < list->n ? list->v[i] : NULL;
		bool here =
		    r != NULL && (r == before || same_statement(r, before));

		if (!done && (here || r == NULL)) {
			for (size_t k = 0; k < new->n; k++)
				*array_add(&out) = new->v[k];
			done = true;
		}
		if (r != NULL && !(here && instead))
			*array_add(&out) = list->v[i];
	}
	*array_add(&d->lists) = out.v;
	*list = out;
}

bool
ex_draft_put(struct ex_draft *d, const char *anchor, const char *text,
    const struct pf_rule *before, bool instead, const struct pf_env *env)
{
	struct pf_anchor *a = anchor_of(d, anchor);
	const struct pf_ruleset *rs = a ? parse(d, text, env) : NULL;
	bool any = false;

	if (rs == NULL)
		return false;
	for (int l = 0; l < PF_LIST_COUNT; l++) {
		const struct pf_rules *new = &rs->main->list[l];

		if (new->n == 0)
			continue;
		any = true;
		put_list(d, &a->list[l], new, before, instead);
	}
	return any;
}

void
ex_draft_unskip(struct ex_draft *d, const struct pf_if *ifp)
{
	struct strv *skip = &d->rs.options.skip;
	struct strv left = { 0 };

	for (size_t i = 0; i < skip->n; i++)
		if (!streq(skip->v[i], ifp->name) &&
		    !strv_has(&ifp->groups, skip->v[i]))
			strv_add(&left, skip->v[i]);
	strv_clear(skip);
	*skip = left;
}
