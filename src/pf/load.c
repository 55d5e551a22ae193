/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What pfctl -f does short of the kernel: read the file, optimise, print,
 * and then each file of a `load anchor`.
 */
#include <errno.h>

#include "pf/altq.h"
#include "pf/parse.h"

static void
parser_init(struct parser *p, const struct pf_opts *opts,
    const struct pf_env *env, const struct pf_out *out)
{
	*p = (struct parser){ .opts = opts, .env = env, .out = out };
	str_init(&p->line);
	str_init(&p->word);
	str_init(&p->unread);
	map_init(&p->macros, NULL);
	map_init(&p->anchors, NULL);
	map_init(&p->os_names, NULL);
	p->loads_end = &p->loads;
	p->altqs_end = &p->altqs;
	p->optimize_given = opts->optimize_given;
	p->rs = xcalloc(1, sizeof(*p->rs));
	p->rs->tables_end = &p->rs->tables;
	p->rs->queues_end = &p->rs->queues;
	p->rs->options.optimize = (uint8_t)opts->optimize;
}

static void
parser_clear(struct parser *p)
{
	pf_files_clear(p);
	pf_ruleset_free(p->rs);
	arena_clear(&p->tmp);
	str_clear(&p->line);
	str_clear(&p->word);
	str_clear(&p->unread);
	map_clear(&p->macros);
	map_clear(&p->anchors);
	map_clear(&p->os_names);
}

/* -D name=value: split at the last "=". A bad one is told and left out. */
static void
define_macros(struct parser *p)
{
	const char *const *d = p->opts->defines;

	for (; d != NULL && *d != NULL; d++) {
		const char *eq = strrchr(*d, '=');

		if (eq == NULL) {
			pf_warn(p, "could not parse macro definition %s", *d);
			continue;
		}
		pf_macro_set(p, arena_strndup(&p->tmp, *d, (size_t)(eq - *d)),
		    eq + 1, true);
	}
}

/* Each file begins anew, but for what set state-policy and state-defaults
 * said. */
static void
begin_file(struct parser *p, struct pf_anchor *a)
{
	p->have = false;
	p->quiet = 0;
	p->section = SECTION_NONE;
	p->require_order = true;
	p->block_policy = p->fail_policy = PF_BLOCK_DROP;
	p->depth = 0;
	p->stack[0] = p->anchor = a;
	p->stack[1] = NULL;
	a->loaded = true;
	map_set(&p->anchors, a->path, a);
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool
wants_list(const struct parser *p, enum pf_list list)
{
	if (list == PF_LIST_SCRUB || list == PF_LIST_FILTER)
		return (p->opts->load & PF_LOAD_FILTER) != 0;
	return (p->opts->load & PF_LOAD_NAT) != 0;
}

/* Lists that were not wanted are as if they had not been there. */
static void
drop_unwanted(struct parser *p)
{
	for (struct pf_anchor *a = p->rs->main; a != NULL; a = a->next) {
		for (int i = 0; i < PF_LIST_COUNT; i++) {
			if (!wants_list(p, i))
				array_clear(&a->list[i]);
		}
	}
}

static void
print_lists(struct parser *p, struct pf_anchor *a, int from, int to)
{
	unsigned flags = (p->opts->verbose >= 2 ? PF_PRINT_NR : 0) |
	    (p->opts->numeric ? PF_PRINT_NUMERIC : 0);
	_cleanup_(str_clear) struct str s = STR_INIT;

	if (p->opts->verbose == 0)
		return;
	for (int i = from; i < to; i++)
		pf_print_list(&s, a, i, flags, 0);
	pf_put(p, PF_STDOUT, &s);
}

static void
keep_written(const struct parser *p, struct pf_anchor *a)
{
	struct str *s = p->opts->written;

	if (s == NULL)
		return;
	for (size_t i = 0; a == p->rs->main && i < p->rs->options.skip.n; i++)
		str_printf(s, "skip %s\n", p->rs->options.skip.v[i]);
	str_printf(s, "anchor %s\n", a->path);
	for (int i = 0; i < PF_LIST_COUNT; i++)
		pf_print_list(s, a, i, PF_PRINT_PATHS | PF_PRINT_NUMERIC, 0);
}

/* An anchor and those in its braces, in the order in which they are shown. */
static void
optimize(struct parser *p, struct pf_anchor *a)
{
	const struct pf_rules *list = &a->list[PF_LIST_FILTER];

	if (!(p->opts->load & PF_LOAD_FILTER))
		return;
	pf_optimize(p->rs, a, p->rs->options.optimize, p->opts, p->env);
	for (size_t i = 0; i < list->n; i++) {
		if (list->v[i]->anchor != NULL)
			optimize(p, list->v[i]->anchor);
	}
}

/* One file into one anchor: read, and show what came of it. */
static int
load_file(
    struct parser *p, const char *file, struct pf_anchor *a, struct err *err)
{
	begin_file(p, a);
	if (pf_parse_file(p, file) < 0) {
		if (!p->opts->dry && !p->fatal)
			pf_warn(p,
			    "Syntax error in config file: pf rules "
			    "not loaded");
		return err_set(err, EINVAL, "%s: %u error%s", file,
		    MAX(p->rs->errors, 1u), p->rs->errors > 1 ? "s" : "");
	}
	drop_unwanted(p);
	print_lists(p, a, PF_LIST_SCRUB, PF_LIST_FILTER);
	keep_written(p, a);
	optimize(p, a);
	print_lists(p, a, PF_LIST_FILTER, PF_LIST_COUNT);
	/* In a load nothing comes of queues, so nothing can be wrong. */
	if (p->opts->dry && (p->opts->load & PF_LOAD_ALTQ) &&
	    pf_altq_check(p) < 0) {
		pf_warn(p, "errors in altq config");
		return err_set(err, EINVAL, "%s: errors in altq config", file);
	}
	return 0;
}

/* load anchor NAME from FILE; macros of the main file are gone by then. */
static int
load_anchors(struct parser *p, struct err *err)
{
	for (struct load_anchor *l = p->loads; l != NULL; l = l->next) {
		struct pf_anchor *a = map_get(&p->anchors, l->name);
		int r;

		if (p->opts->verbose > 0)
			pf_note(
			    p, "\nLoading anchor %s from %s", l->name, l->file);
		if (a == NULL)
			a = pf_anchor_new(p->rs, l->name, base_name(l->name));
		pf_macros_forget(p);
		r = load_file(p, l->file, a, err);
		if (r < 0) {
			pf_warn(p, "load anchors");
			return r;
		}
	}
	return 0;
}

int
pf_load(const char *file, const struct pf_opts *opts, const struct pf_env *env,
    const struct pf_out *out, struct pf_ruleset **ret, struct err *err)
{
	const char *path = opts->anchor ? opts->anchor : "";
	struct pf_opts mine = *opts;
	struct pf_anchor *top;
	_cleanup_(parser_clear) struct parser p;
	int r;

	if (*path != '\0') /* an anchor has neither options nor queues */
		mine.load &= PF_LOAD_FILTER | PF_LOAD_NAT | PF_LOAD_TABLE;
	parser_init(&p, &mine, env, out);
	define_macros(&p);
	top = pf_anchor_new(p.rs, path, base_name(path));
	r = load_file(&p, file, top, err);
	if (r == 0 && *path == '\0')
		r = load_anchors(&p, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(p.rs);
	return 0;
}
