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

static const char *
anchor_path(const struct view *v)
{
	return v->p->anchor ? v->p->anchor : "";
}

static struct pf_anchor *
anchor_of(const struct view *v)
{
	return pf_anchor_find(v->current.rules, anchor_path(v));
}

/* In the kernel, the rules of each list count from 0. */
static void
number(struct pf_rules *list)
{
	for (size_t i = 0; i < list->n; i++)
		list->v[i]->nr = (uint32_t)i;
}

static unsigned
print_flags(const struct pfctl *p)
{
	return PF_PRINT_PATHS | (p->verbose > 1 ? PF_PRINT_NR : 0) |
	    (p->numeric ? PF_PRINT_NUMERIC : 0);
}

static void show_anchor_rules(
    const struct view *v, struct str *s, const char *path, int depth);

/* What unnamed braces hold is shown with their rule; what other anchors hold
 * with -a '*'. The original looks at the last "_" of the name only. */
static bool
opens_braces(const struct pfctl *p, const struct pf_rule *r)
{
	const char *low = r->anchor_call ? strrchr(r->anchor_name, '_') : NULL;

	return (low && (low == r->anchor_name || low[-1] == '/')) ||
	    (r->anchor_call && p->recurse);
}

static void
indent(const struct view *v, struct str *s, int depth)
{
	for (int i = 0; i < depth && !v->p->verbose; i++)
		str_add(s, "  ");
}

/* With braces an anchor is called by the last part of its name, and looked for
 * below the one it stands in, as the original does. */
static void
show_rule(const struct view *v, struct str *s, const struct pf_rule *r,
    const char *path, int depth)
{
	bool braces = opens_braces(v->p, r);
	const char *slash = braces ? strrchr(r->anchor_name, '/') : NULL;
	struct pf_rule shown = *r;

	if (slash)
		shown.anchor_name = slash + 1;
	indent(v, s, depth);
	pf_print_rule(s, &shown, print_flags(v->p));
	str_add(s, braces ? " {\n" : "\n");
	if (!braces)
		return;
	_cleanup_free_ char *inner =
	    xasprintf("%s%s%s", path, *path ? "/" : "", shown.anchor_name);

	show_anchor_rules(v, s, inner, depth + 1);
	indent(v, s, depth);
	str_add(s, "}\n");
}

static void
show_list(const struct view *v, struct str *s, struct pf_rules *list,
    const char *path, int depth)
{
	number(list);
	for (size_t i = 0; i < list->n; i++)
		show_rule(v, s, list->v[i], path, depth);
}

/* NULL if it holds no rules; that it is not there at all is told in the words
 * of the system call that 12.1 makes. */
static struct pf_anchor *
anchor_at(const struct view *v, const char *path)
{
	if (!anchor_is_there(v->current.rules, path))
		complain("DIOCGETRULES: Invalid argument");
	return pf_anchor_find(v->current.rules, path);
}

static void
show_anchor_rules(
    const struct view *v, struct str *s, const char *path, int depth)
{
	struct pf_anchor *a = anchor_at(v, path);

	if (!a)
		return;
	show_list(v, s, &a->list[PF_LIST_SCRUB], path, depth);
	show_list(v, s, &a->list[PF_LIST_FILTER], path, depth);
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
show_rules(struct view *v, struct err *err _unused_)
{
	_cleanup_(str_clear) struct str s = STR_INIT;

	show_anchor_rules(v, &s, anchor_path(v), 0);
	fputs(s.buf, stdout);
	return without_counters(v);
}

static int
show_nat(struct view *v, struct err *err _unused_)
{
	struct pf_anchor *a = anchor_at(v, anchor_path(v));
	_cleanup_(str_clear) struct str s = STR_INIT;

	for (int l = PF_LIST_NAT; a && l <= PF_LIST_BINAT; l++) {
		number(&a->list[l]);
		for (size_t i = 0; i < a->list[l].n; i++) {
			pf_print_rule(&s, a->list[l].v[i], print_flags(v->p));
			str_addc(&s, '\n');
		}
	}
	fputs(s.buf, stdout);
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
show_anchors_of(struct view *v, struct err *err _unused_)
{
	show_anchors(v->p, v->current.rules);
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

static int
show_timeouts_of(struct view *v _unused_, struct err *err)
{
	return show_timeouts(err);
}

static int
show_memory_of(struct view *v _unused_, struct err *err)
{
	return show_memory(err);
}

static int
show_interfaces_of(struct view *v, struct err *err)
{
	return show_interfaces(v->p, v->world.env, v->current.rules, err);
}

static int
show_osfp_of(struct view *v _unused_, struct err *err _unused_)
{
	show_osfp(false);
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
	{ "timeouts", show_timeouts_of },
	{ "memory", show_memory_of },
	{ "osfp", show_osfp_of },
	{ "Interfaces", show_interfaces_of },
	{ "Running", show_running },
	{ "loaded", show_loaded },
	{ "Tables", show_tables_of },
	{ "Anchors", show_anchors_of },
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
