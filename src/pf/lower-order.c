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
	*array_add(&w->lw->out->ids) = r;
}

static void visit(struct walk *w, const struct pf_anchor *a, enum pass pass);

/* What an anchor holds, in its place. An anchor that is quick itself ends
 * the evaluation if anything in it matched: both passes at once. */
static void
enter(struct walk *w, const struct pf_rule *r, enum pass pass)
{
	if (!r->anchor)
		return; /* nothing was loaded into it */
	if (w->at.n + 2 > LW_DEPTH) {
		lw_error(w->lw, r, "anchors are nested more than %d deep",
		    LW_DEPTH - 2);
		return;
	}
	w->at.rule[w->at.n++] = r;
	if (!r->quick) {
		visit(w, r->anchor, pass);
	} else if (pass == QUICK) {
		visit(w, r->anchor, QUICK);
		visit(w, r->anchor, SLOW);
	}
	w->at.n--;
}

static void
visit(struct walk *w, const struct pf_anchor *a, enum pass pass)
{
	const struct pf_rules *list = &a->list[PF_LIST_FILTER];

	for (size_t i = 0; i < list->n; i++) {
		const struct pf_rule *r =
		    list->v[pass == QUICK ? i : list->n - 1 - i];

		if (r->anchor_call)
			enter(w, r, pass);
		else if (r->quick == (pass == QUICK))
			add(w, r);
	}
}

void
lw_order_filter(struct lw *lw, struct lw_matches *ret)
{
	struct walk w = { .lw = lw, .ret = ret };

	visit(&w, lw->rs->main, QUICK);
	visit(&w, lw->rs->main, SLOW);
}

static void
visit_plain(struct walk *w, const struct pf_anchor *a, enum pf_list list)
{
	for (size_t i = 0; i < a->list[list].n; i++) {
		const struct pf_rule *r = a->list[list].v[i];

		if (!r->anchor_call) {
			add(w, r);
		} else if (r->anchor && w->at.n + 2 <= LW_DEPTH) {
			w->at.rule[w->at.n++] = r;
			visit_plain(w, r->anchor, list);
			w->at.n--;
		}
	}
}

void
lw_order_plain(struct lw *lw, enum pf_list list, struct lw_matches *ret)
{
	struct walk w = { .lw = lw, .ret = ret };

	visit_plain(&w, lw->rs->main, list);
}
