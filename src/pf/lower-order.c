/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From pf's order to nf_tables': in pf the last match decides (unless it is
 * quick), here the first one does.
 */
#include "pf/lower-private.h"

enum pass { QUICK, SLOW };

struct walk {
	struct lw *lw;
	struct lw_matches *ret;
	struct lw_match at; /* the anchors around */
};

static void
add(struct walk *w, const struct pf_rule *r)
{
	struct lw_match *m = array_add(w->ret);

	*m = w->at;
	m->rule[m->n++] = r;
	m->id = w->lw->opts->first_rule + (uint32_t)w->lw->out->ids.n;
	*array_add(&w->lw->out->ids) = (struct pf_lowered_id){ .rule = r,
		.top = m->n > 1 ? m->rule[0] : NULL };
}

/* Its tag is set where pf sets it. */
static void
add_tag(struct walk *w, const struct pf_rule *r)
{
	struct lw_match *m = array_add(w->ret);

	*m = w->at;
	m->rule[m->n++] = r;
	m->tags = true;
	lw_tags_check(w->lw, m);
}

/* ---- anchors by name ---- */

struct anchors {
	struct pf_anchor **v;
	size_t n, cap;
};

static int
by_name(const void *a, const void *b)
{
	const struct pf_anchor *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* The children of the anchor with this path, in the order of their names. */
static void
add_children(
    const struct lw *lw, const char *path, size_t len, struct anchors *ret)
{
	struct pf_anchor *a;

	for (a = lw->rs->main; a; a = a->next) {
		const char *rest = a->path + len;

		if (!a->path[0] || strncmp(a->path, path, len) != 0)
			continue;
		if (len && *rest++ != '/')
			continue;
		if (*rest && !strchr(rest, '/'))
			*array_add(ret) = a;
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
}

/* What a rule like anchor "x" calls: there may be nothing in it yet. */
static void
find_anchors(const struct lw *lw, const struct pf_anchor *from,
    const struct pf_rule *r, struct anchors *ret)
{
	_cleanup_(str_clear) struct str path = STR_INIT;
	struct pf_anchor *one = r->anchor;

	if (!one && pf_anchor_target(from->path, r, &path)) {
		add_children(lw, path.buf, path.len, ret);
		return;
	}
	if (!one)
		one = pf_anchor_find(lw->rs, path.buf);
	if (one)
		*array_add(ret) = one;
}

/* ---- the two passes ---- */

static void visit(struct walk *w, const struct pf_anchor *a, enum pass pass);

/* What an anchor holds, in its place. An anchor that is quick itself ends
 * the evaluation if anything in it matched: both passes at once. */
static void
enter(struct walk *w, const struct pf_rule *r, const struct pf_anchor *a,
    enum pass pass)
{
	if (w->at.n + 2 > LW_DEPTH) {
		lw_error(w->lw, r, "anchors are nested more than %d deep",
		    LW_DEPTH - 2);
		return;
	}
	w->at.rule[w->at.n++] = r;
	if (!r->quick) {
		visit(w, a, pass);
	} else if (pass == QUICK) {
		visit(w, a, QUICK);
		visit(w, a, SLOW);
	}
	w->at.n--;
}

/* Several anchors (by "*") follow one another as if each had its rule. */
static void
call(struct walk *w, const struct pf_anchor *from, const struct pf_rule *r,
    enum pass pass)
{
	struct anchors list = { 0 };

	find_anchors(w->lw, from, r, &list);
	for (size_t i = 0; i < list.n; i++)
		enter(w, r, list.v[pass == QUICK ? i : list.n - 1 - i], pass);
	array_clear(&list);
}

static void
visit(struct walk *w, const struct pf_anchor *a, enum pass pass)
{
	const struct pf_rules *list = &a->list[PF_LIST_FILTER];

	for (size_t i = 0; i < list->n; i++) {
		const struct pf_rule *r =
		    list->v[pass == QUICK ? i : list->n - 1 - i];

		if (r->anchor_call)
			call(w, a, r, pass);
		else if (r->quick == (pass == QUICK))
			add(w, r);
		else if (pass == QUICK && r->tag)
			add_tag(w, r);
	}
}

void
lw_order_filter(struct lw *lw, struct lw_matches *ret)
{
	struct walk w = { .lw = lw, .ret = ret };

	visit(&w, lw->rs->main, QUICK);
	visit(&w, lw->rs->main, SLOW);
}

/* ---- lists in which pf, too, takes the first ---- */

static void visit_plain(
    struct walk *w, const struct pf_anchor *a, enum pf_list list);

static void
call_plain(struct walk *w, const struct pf_anchor *from,
    const struct pf_rule *r, enum pf_list list)
{
	struct anchors anchors = { 0 };

	if (w->at.n + 2 > LW_DEPTH)
		return;
	find_anchors(w->lw, from, r, &anchors);
	w->at.rule[w->at.n++] = r;
	for (size_t i = 0; i < anchors.n; i++)
		visit_plain(w, anchors.v[i], list);
	w->at.n--;
	array_clear(&anchors);
}

static void
visit_plain(struct walk *w, const struct pf_anchor *a, enum pf_list list)
{
	for (size_t i = 0; i < a->list[list].n; i++) {
		const struct pf_rule *r = a->list[list].v[i];

		if (r->anchor_call)
			call_plain(w, a, r, list);
		else
			add(w, r);
	}
}

void
lw_order_plain(struct lw *lw, enum pf_list list, struct lw_matches *ret)
{
	struct walk w = { .lw = lw, .ret = ret };

	visit_plain(&w, lw->rs->main, list);
}
