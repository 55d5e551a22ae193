/* SPDX-License-Identifier: BSD-2-Clause */
/* pfctl -s. */
#include <errno.h>

#include "pf/normal.h"
#include "pfctl/counts.h"
#include "pfctl/states.h"

/* What most shows need. */
struct view {
	struct pfctl *p;
	struct store store;
	struct world world;
	struct current current;
	struct counts counts; /* read if they are shown */
	bool counts_read;
};

static void
view_clear(struct view *v)
{
	counts_clear(&v->counts);
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

/* ---- what rules counted ---- */

static int
need_counts(struct view *v, struct err *err)
{
	int r = 0;

	if (!v->counts_read)
		r = counts_read(&v->store, &v->current.status, &v->counts, err);
	v->counts_read = r == 0;
	return r;
}

static void
print_numbers(struct str *s, const struct count *c)
{
	str_printf(s,
	    "  [ Evaluations: %-8s  Packets: %-8ju  Bytes: %-10ju  "
	    "States: %-6u]\n",
	    "-", (uintmax_t)(c->packets[0] + c->packets[1]),
	    (uintmax_t)(c->bytes[0] + c->bytes[1]), c->states);
}

/* Below each rule, with -v. What is not counted is "-": the columns stay. */
static void
show_counts(const struct view *v, struct str *s, const struct pf_anchor *a,
    enum pf_list list, size_t nr)
{
	struct count c = counts_of(&v->counts, a, list, nr);
	bool kept = counts_are_kept(a->list[list].v[nr]);
	unsigned uid;
	int pid;

	if (!v->p->verbose)
		return;
	if (kept)
		print_numbers(s, &c);
	else
		str_printf(s,
		    "  [ Evaluations: %-8s  Packets: %-8s  Bytes: %-10s  "
		    "States: %-6s]\n",
		    "-", "-", "-", "-");
	counts_loader(&v->counts, a, &uid, &pid);
	str_printf(
	    s, "  [ Inserted: uid %u pid %d State Creations: ", uid, pid);
	if (kept)
		str_printf(s, "%-6ju]\n", (uintmax_t)c.made);
	else
		str_printf(s, "%-6s]\n", "-");
}

/* ---- rules ---- */

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
show_rule(const struct view *v, struct str *s, const struct pf_anchor *a,
    enum pf_list list, size_t nr, const char *path, int depth)
{
	const struct pf_rule *r = a->list[list].v[nr];
	bool braces = opens_braces(v->p, r);
	const char *slash = braces ? strrchr(r->anchor_name, '/') : NULL;
	struct pf_rule shown = *r;

	if (slash)
		shown.anchor_name = slash + 1;
	indent(v, s, depth);
	pf_print_rule(s, &shown, print_flags(v->p));
	str_add(s, braces ? " {\n" : "\n");
	show_counts(v, s, a, list, nr);
	if (!braces)
		return;
	_cleanup_free_ char *inner =
	    xasprintf("%s%s%s", path, *path ? "/" : "", shown.anchor_name);

	show_anchor_rules(v, s, inner, depth + 1);
	indent(v, s, depth);
	str_add(s, "}\n");
}

static void
show_list(const struct view *v, struct str *s, struct pf_anchor *a,
    enum pf_list list, const char *path, int depth)
{
	number(&a->list[list]);
	for (size_t i = 0; i < a->list[list].n; i++)
		show_rule(v, s, a, list, i, path, depth);
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
	show_list(v, s, a, PF_LIST_SCRUB, path, depth);
	show_list(v, s, a, PF_LIST_FILTER, path, depth);
}

static int
show_rules(struct view *v, struct err *err)
{
	_cleanup_(str_clear) struct str s = STR_INIT;
	int r = v->p->verbose ? need_counts(v, err) : 0;

	if (r < 0)
		return r;
	show_anchor_rules(v, &s, anchor_path(v), 0);
	fputs(s.buf, stdout);
	return 0;
}

static int
show_nat(struct view *v, struct err *err)
{
	struct pf_anchor *a = anchor_at(v, anchor_path(v));
	_cleanup_(str_clear) struct str s = STR_INIT;
	int r = v->p->verbose ? need_counts(v, err) : 0;

	for (int l = PF_LIST_NAT; r == 0 && a && l <= PF_LIST_BINAT; l++) {
		number(&a->list[l]);
		for (size_t i = 0; i < a->list[l].n; i++) {
			pf_print_rule(&s, a->list[l].v[i], print_flags(v->p));
			str_addc(&s, '\n');
			show_counts(v, &s, a, (enum pf_list)l, i);
		}
	}
	fputs(s.buf, stdout);
	return r;
}

static int
show_states_of(struct view *v, struct err *err)
{
	return show_states(v->p, &v->store, v->world.env, err);
}

static int
show_sources_of(struct view *v, struct err *err)
{
	return show_sources(v->p, &v->store, v->current.rules, err);
}

static int
show_info_of(struct view *v, struct err *err)
{
	return show_info(v->p, &v->store, &v->current, err);
}

/* What is loaded is a text that is kept: the rules are read only if packets
 * put something into tables. */
static int
text_of_now(struct view *v, struct err *err)
{
	struct current *c = &v->current;
	int r;

	if (!strstr(c->text.buf, "overload <"))
		return 0;
	r = current_parse(c, v->world.env, err);
	if (r < 0)
		return r;
	str_reset(&c->text);
	current_print(&c->text, c->rules);
	return 0;
}

/* Everything that was loaded, tables as they are now, in the form in which
 * it can be loaded again (pf/normal.h). */
static int
show_loaded(struct view *v, struct err *err)
{
	int r = text_of_now(v, err);

	if (r == 0)
		fputs(v->current.text.buf, stdout);
	return r;
}

/* A source-hash without a key got one of these. */
static void
show_random(const char *source)
{
	const char *line = strstr(source, "\nrandom ");

	if (line) {
		line += strlen("\nrandom ");
		printf(
		    PF_NORMAL_RANDOM "%.*s\n", (int)strcspn(line, "\n"), line);
	}
}

/*
 * By that `gaol explain` knows whether a file still says what is loaded: the
 * rules as it has them, behind what it does not have, or not as it is now:
 * tables, and anchors that were loaded by themselves.
 */
static int
show_written(struct view *v, struct err *err)
{
	struct current *c = &v->current;
	int r = c->written.len > 0 ? text_of_now(v, err) : 0;
	bool others = false;

	if (r < 0 || c->written.len == 0)
		return r;
	for (const char *line = c->text.buf, *next; *line; line = next) {
		bool anchor = str_starts(line, PF_NORMAL_ANCHOR);
		size_t len = strcspn(line, "\n");

		next = line + len + (line[len] == '\n');
		if (anchor)
			others = !current_is_of_file(c, line);
		if (anchor || others || str_starts(line, "table <"))
			(void)fwrite(line, 1, (size_t)(next - line), stdout);
	}
	show_random(c->source.buf);
	printf(PF_NORMAL_WRITTEN "%s", c->written.buf);
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

/* Rules that would track sources, queues, and rules that ask for a system's
 * fingerprint do not load here: there are none. */
static int
show_none(struct view *v _unused_, struct err *err _unused_)
{
	return 0;
}

static bool
any_label(struct view *v)
{
	const struct pf_anchor *a = anchor_of(v);
	const struct pf_rules *list = a ? &a->list[PF_LIST_FILTER] : NULL;

	for (size_t i = 0; list && i < list->n; i++)
		if (list->v[i]->label && *list->v[i]->label)
			return true;
	return false;
}

/* A line is a label and what its rule counted: evaluations, packets, bytes,
 * the two of what came in, the two of what went out, states made. */
static int
show_labels(struct view *v, struct err *err)
{
	const struct pf_anchor *a = anchor_of(v);
	int r = need_counts(v, err);

	for (size_t i = 0; r == 0 && a && i < a->list[PF_LIST_FILTER].n; i++) {
		const char *label = a->list[PF_LIST_FILTER].v[i]->label;
		struct count c = counts_of(&v->counts, a, PF_LIST_FILTER, i);

		if (!label || !*label)
			continue;
		printf("%s - %ju %ju %ju %ju %ju %ju %ju\n", label,
		    (uintmax_t)(c.packets[0] + c.packets[1]),
		    (uintmax_t)(c.bytes[0] + c.bytes[1]),
		    (uintmax_t)c.packets[0], (uintmax_t)c.bytes[0],
		    (uintmax_t)c.packets[1], (uintmax_t)c.bytes[1],
		    (uintmax_t)c.made);
	}
	return r;
}

static int
show_timeouts_of(struct view *v, struct err *err)
{
	return show_timeouts(&v->current.rules->options, err);
}

static int
show_memory_of(struct view *v, struct err *err)
{
	return show_memory(&v->current.rules->options, err);
}

static int
show_interfaces_of(struct view *v, struct err *err)
{
	return show_interfaces(v->p, v->world.env, v->current.rules, err);
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
	{ "Sources", show_sources_of },
	{ "queue", show_none },
	{ "labels", show_labels },
	{ "timeouts", show_timeouts_of },
	{ "memory", show_memory_of },
	{ "osfp", show_none },
	{ "Interfaces", show_interfaces_of },
	{ "Running", show_running },
	{ "loaded", show_loaded },
	{ "written", show_written },
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
any_translation(struct view *v)
{
	const struct pf_anchor *a = anchor_of(v);

	return a &&
	    (a->list[PF_LIST_NAT].n || a->list[PF_LIST_RDR].n ||
		a->list[PF_LIST_BINAT].n);
}

static bool
any_state(struct view *v _unused_)
{
	unsigned states;

	return states_now(&states, NULL) == 0 && states > 0;
}

static bool
any_source(struct view *v)
{
	_cleanup_(sources_clear) struct sources all = { 0 };

	return sources_read(&all, &v->store, v->current.rules, NULL) == 0 &&
	    all.n > 0;
}

/* Parts without a condition have a title even if there is nothing below. That
 * of fingerprints has none, and there are none. */
static int
show_all(struct view *v, struct err *err)
{
	static const struct {
		const char *title;
		bool (*wanted)(struct view *v);
		int (*show)(struct view *v, struct err *err);
	} parts[] = {
		{ "TRANSLATION RULES", any_translation, show_nat },
		{ "FILTER RULES", NULL, show_rules },
		{ "STATES", any_state, show_states_of },
		{ "SOURCE TRACKING NODES", any_source, show_sources_of },
		{ "INFO", NULL, show_info_of },
		{ "LABEL COUNTERS", any_label, show_labels },
		{ "TIMEOUTS", NULL, show_timeouts_of },
		{ "LIMITS", NULL, show_memory_of },
		{ "TABLES", NULL, show_tables_of },
	};
	bool opened = false;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		int r;

		if (parts[i].wanted && !parts[i].wanted(v))
			continue;
		title(parts[i].title, &opened);
		r = parts[i].show(v, err);
		if (r < 0)
			return r;
	}
	return 0;
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
		.counts = COUNTS_INIT,
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
		r = current_read_text(&v.store, &v.current, &err);
	if (r == 0 && show->show != show_loaded && show->show != show_written)
		r = current_parse(&v.current, v.world.env, &err);
	if (r == 0)
		r = show->show(&v, &err);
	if (r < 0)
		complain("%s", err.msg);
	return r != 0;
}

static int
clear_counters(
    struct pfctl *p, struct store *s, const struct world *w, struct err *err)
{
	_cleanup_(current_clear) struct current c = CURRENT_INIT;
	const struct pf_anchor *a;
	int r = current_read(s, w->env, &c, err);

	if (r < 0)
		return r;
	a = pf_anchor_find(c.rules, p->anchor ? p->anchor : "");
	if (!a || !c.status.stamped)
		return 0; /* there are no rules */
	return counts_zero(s, &c.status, a, err);
}

/* -z: after what -s shows. */
int
do_clear(struct pfctl *p)
{
	return with_store(p, clear_counters);
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
