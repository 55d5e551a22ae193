/* SPDX-License-Identifier: BSD-2-Clause */
/* pfctl -s. */
#include <errno.h>

#include "pfctl/pfctl.h"

/* What most shows need. */
struct view {
	struct pfctl *p;
	struct store store;
	struct world world;
	struct current current;
};

static void
view_clear(struct view *v)
{
	current_clear(&v->current);
	store_close(&v->store);
	world_clear(&v->world);
}

static struct pf_anchor *
anchor_of(const struct view *v)
{
	const char *path = v->p->anchor ? v->p->anchor : "";

	return pf_anchor_find(v->current.rules, path);
}

/* In the kernel, the rules of each list count from 0. */
static void
number(struct pf_rules *list)
{
	for (size_t i = 0; i < list->n; i++)
		list->v[i]->nr = (uint32_t)i;
}

static void
show_lists(struct view *v, const enum pf_list *list, size_t n)
{
	_cleanup_(str_clear) struct str s = STR_INIT;
	struct pf_anchor *a = anchor_of(v);
	unsigned flags = PF_PRINT_PATHS;

	if (!a)
		return;
	if (v->p->verbose > 1)
		flags |= PF_PRINT_NR;
	if (v->p->numeric)
		flags |= PF_PRINT_NUMERIC;
	for (size_t i = 0; i < n; i++) {
		number(&a->list[list[i]]);
		pf_print_list(&s, a, list[i], flags, 0);
	}
	fputs(s.buf, stdout);
}

/* The rules are shown; that their counters are missing must be seen. */
static int
without_counters(const struct view *v)
{
	if (!v->p->verbose)
		return 0;
	complain("counters of rules are not built yet");
	return 1;
}

static int
show_rules(struct view *v, struct err *err)
{
	static const enum pf_list lists[] = { PF_LIST_SCRUB, PF_LIST_FILTER };

	(void)err;
	show_lists(v, lists, ARRAY_SIZE(lists));
	return without_counters(v);
}

static int
show_nat(struct view *v, struct err *err)
{
	static const enum pf_list lists[] = { PF_LIST_NAT, PF_LIST_RDR,
		PF_LIST_BINAT };

	(void)err;
	show_lists(v, lists, ARRAY_SIZE(lists));
	return without_counters(v);
}

static int
show_states_of(struct view *v, struct err *err)
{
	return show_states(v->p, &v->store, v->world.env, err);
}

static int
show_info_of(struct view *v, struct err *err)
{
	return show_info(v->p, &v->store, &v->current, err);
}

/* Everything that was loaded, tables as they are now, in the form in which
 * it can be loaded again (pf/normal.h). */
static int
show_loaded(struct view *v, struct err *err)
{
	(void)err;
	fputs(v->current.text.buf, stdout);
	return 0;
}

static int
show_running(struct view *v, struct err *err)
{
	(void)err;
	puts(v->current.status.enabled ? "Enabled" : "Disabled");
	return v->current.status.enabled ? 0 : 1;
}

static int
show_tables_of(struct view *v, struct err *err)
{
	(void)err;
	show_tables(v->p, v->current.rules);
	return 0;
}

static int
show_anchors(struct view *v, struct err *err)
{
	const char *top = v->p->anchor ? v->p->anchor : "";
	size_t len = strlen(top);

	(void)err;
	for (struct pf_anchor *a = v->current.rules->main; a; a = a->next) {
		const char *rest = a->path + len + (len ? 1 : 0);

		if (!a->path[0] || strncmp(a->path, top, len) != 0 ||
		    (len && a->path[len] != '/'))
			continue;
		if (!v->p->verbose && (strchr(rest, '/') || *rest == '_'))
			continue;
		printf("  %s\n", a->path);
	}
	return 0;
}

/* Rules that would track sources, and queues, do not load here: there are
 * none. */
static int
show_none(struct view *v _unused_, struct err *err _unused_)
{
	return 0;
}

/* A line is a label and the counters of its rule. */
static int
show_labels(struct view *v, struct err *err _unused_)
{
	const struct pf_anchor *a = anchor_of(v);
	const struct pf_rules *list = a ? &a->list[PF_LIST_FILTER] : NULL;

	for (size_t i = 0; list && i < list->n; i++)
		if (list->v[i]->label && *list->v[i]->label) {
			complain("counters of rules are not built yet");
			return 1;
		}
	return 0;
}

static int show_all(struct view *v, struct err *err);

static const struct show {
	const char *word;
	int (*show)(struct view *v, struct err *err);
} shows[] = {
	{ "rules", show_rules },
	{ "nat", show_nat },
	{ "states", show_states_of },
	{ "info", show_info_of },
	{ "Sources", show_none },
	{ "queue", show_none },
	{ "labels", show_labels },
	{ "Running", show_running },
	{ "loaded", show_loaded },
	{ "Tables", show_tables_of },
	{ "Anchors", show_anchors },
	{ "all", show_all },
};

static void
title(const char *text, bool *opened)
{
	printf("%s%s:\n", *opened ? "\n" : "", text);
	*opened = true;
}

static bool
any_translation(const struct view *v)
{
	const struct pf_anchor *a = anchor_of(v);

	return a &&
	    (a->list[PF_LIST_NAT].n || a->list[PF_LIST_RDR].n ||
		a->list[PF_LIST_BINAT].n);
}

/* Of what can be shown; that there is more must be seen. */
static int
show_all(struct view *v, struct err *err)
{
	bool opened = false;
	unsigned states;
	int r = states_now(&states, err);

	if (r < 0)
		return r;
	if (any_translation(v)) {
		title("TRANSLATION RULES", &opened);
		(void)show_nat(v, err);
	}
	title("FILTER RULES", &opened);
	(void)show_rules(v, err);
	if (states) {
		title("STATES", &opened);
		r = show_states_of(v, err);
		if (r < 0)
			return r;
	}
	title("INFO", &opened);
	r = show_info_of(v, err);
	if (r < 0)
		return r;
	title("TABLES", &opened);
	(void)show_tables_of(v, err);
	complain("-s labels, timeouts, memory and osfp are not built yet and "
		 "left out");
	return 1;
}

static const struct show *
show_find(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(shows); i++)
		if (streq(shows[i].word, word))
			return &shows[i];
	return NULL;
}

int
do_show(struct pfctl *p)
{
	_cleanup_(view_clear) struct view v = {
		.p = p,
		.store = STORE_INIT,
		.current = CURRENT_INIT,
	};
	const struct show *show = show_find(p->show);
	struct err err = { 0 };
	int r;

	if (!show) {
		complain("-s %s is not built yet", p->show);
		return 1;
	}
	r = world_read(p->facts, &v.world, &err);
	if (r == 0)
		r = store_open_read(&v.store, &err);
	if (r == 0)
		r = current_read(&v.store, v.world.env, &v.current, &err);
	if (r == 0)
		r = show->show(&v, &err);
	if (r < 0)
		complain("%s", err.msg);
	return r != 0;
}

static int
set_debug(
    struct pfctl *p, struct store *s, const struct world *w, struct err *err)
{
	const struct str word = { .buf = (char *)p->debug,
		.len = strlen(p->debug) };
	int r = store_put_common(s, DEBUG_LEVEL, &word, err);

	(void)w;
	if (r == 0)
		notice(p, "debug level set to '%s'\n", p->debug);
	return r;
}

/* The debug level has no meaning for the kernel's nf_tables: it is shown. */
int
do_debug(struct pfctl *p)
{
	return with_store(p, set_debug);
}
