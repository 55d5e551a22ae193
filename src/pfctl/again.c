/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pfctl --restore and --follow: load again what was loaded, because another
 * program took it away, or because it means something else now. `gaol watch`
 * calls them; both find nothing to do most of the time.
 */
#include <errno.h>
#include <limits.h>

#include "net/net.h"
#include "pfctl/pfctl.h"

/* ---- restore ---- */

/* Rules that another version loaded are its own, as it made them. */
static bool
is_other_versions(const struct nft_status *s)
{
	return s->stamped && s->stamp.version != NFT_LABEL_VERSION;
}

static bool
is_whole(struct store *s, const struct nft_status *st)
{
	return st->present && !nft_status_drifted(st) &&
	    (st->enabled || !was_enabled(s));
}

static int
put_back(struct store *s, const struct world *w, uint64_t id, struct err *err)
{
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *rules = NULL;
	_cleanup_(str_clear) struct str text = STR_INIT;
	int r = store_get(s, id, "rules", &text, err);

	if (r == 0)
		r = parse_text("loaded", text.buf, w->env, &rules, err);
	if (r == 0)
		r = load_again(s, w, rules, id, was_enabled(s), err);
	/* Jails may have started since the world was read. */
	return r < 0 ? r : net_pf_sync(err);
}

static int
restore(struct pfctl *p _unused_, struct store *s, const struct world *w,
    struct err *err)
{
	struct nft_status st;
	struct err none = { 0 };
	uint64_t id;
	int r = nft_status_read(&st, err);

	if (r < 0 || is_whole(s, &st) || is_other_versions(&st))
		return r;
	r = store_get_loaded(s, &id, &none);
	if (r == -ENOENT)
		return 0; /* nothing was ever loaded */
	if (r == 0)
		r = put_back(s, w, id, &none);
	if (r < 0) {
		*err = none;
		return err_wrap(err, r,
		    "the rules that another program removed cannot be put "
		    "back: load them with pfctl -f");
	}
	puts("put back");
	return 0;
}

int
do_restore(struct pfctl *p)
{
	return with_store(p, restore);
}

/* ---- follow ---- */

/* What was added to tables, or taken from them, since the file was loaded,
 * stays. Tables that nobody can change are the file's. */
static void
keep_tables(struct pf_ruleset *rs, const struct pf_ruleset *old)
{
	for (struct pf_table *t = rs->tables; t; t = t->next) {
		const struct pf_table *o =
		    table_find(old, table_anchor(t), t->name);

		if (!o || t->is_const || t->automatic)
			continue;
		free(t->addr);
		free(t->af);
		t->addr = xmemdup(o->addr, o->n * sizeof(*o->addr));
		t->af = xmemdup(o->af, o->n * sizeof(*o->af));
		t->n = t->cap = o->n;
		t->init = true;
	}
}

/* Would it be other rules? */
static bool
differs(const struct current *old, const struct pf_ruleset *rs)
{
	_cleanup_(str_clear) struct str text = STR_INIT, before = STR_INIT;

	/* What packets put into tables is in neither's text, but in both. */
	current_print(&text, rs);
	current_print(&before, old->rules);
	return text.len != before.len ||
	    memcmp(text.buf, before.buf, text.len) != 0;
}

/* The loaded file, read in the world as it is now. */
static int
load_anew(struct pfctl *p, struct store *s, const struct world *w,
    struct current *old, struct err *err)
{
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *rs = NULL;
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *merged = NULL;
	_cleanup_(str_clear) struct str written = STR_INIT;
	struct pf_ruleset *all;
	int r;

	/* What they counted since would put them into another order. */
	if (load_read(p, w, old->rules, &written, &rs) < 0)
		return err_set(err, EINVAL,
		    "%s does not load with the addresses of now: the rules of "
		    "before stand",
		    p->file);
	keep_tables(rs, old->rules);
	if (merge_needed(p, old, rs)) {
		r = merge(p, old, rs, w->env, &merged, err);
		if (r < 0)
			return r;
	}
	all = merged ? merged : rs;
	since_carry(all, old->rules);
	if (!differs(old, all))
		return 0;
	load_take_source(p, w, rs, &written, old);
	r = load_ruleset(s, w, old, all, false, err);
	if (r == 0)
		printf("%s is loaded again\n", p->file);
	return r;
}

static int
follow_source(struct store *s, const struct world *w, struct current *old,
    struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT, random = STR_INIT;
	struct pfctl p = { .load = PF_LOAD_ALL, .optimize = PF_OPT_BASIC };
	char changed[PATH_MAX];
	int r;

	str_addmem(&text, old->source.buf, old->source.len);
	r = source_parse(&text, &p, &random, err);
	if (r == 0 && source_changed(&old->source, changed, sizeof(changed))) {
		printf("%s was edited since it was loaded, so it is not loaded "
		       "again by itself: pfctl -f %s\n",
		    changed, p.file);
	} else if (r == 0) {
		/* The same numbers make the same tables and keys. */
		w->noted->replay = &random;
		r = load_anew(&p, s, w, old, err);
		w->noted->replay = NULL;
	}
	strv_clear(&p.defines);
	return r;
}

static int
follow(struct pfctl *p _unused_, struct store *s, const struct world *w,
    struct err *err)
{
	_cleanup_(current_clear) struct current old = CURRENT_INIT;
	struct trial trial;
	int r;

	/* What is on trial goes as it came. */
	if (trial_read(s, &trial))
		return 0;
	r = current_read(s, w->env, &old, err);
	if (r == -ESTALE) {
		err_clear(err);
		return 0; /* that is --restore's */
	}
	if (r < 0 || !old.status.present || old.source.len == 0)
		return r;
	if (streq(old.source.buf, SOURCE_BOOT)) {
		puts("boot");
		return 0;
	}
	return follow_source(s, w, &old, err);
}

int
do_follow(struct pfctl *p)
{
	return with_store(p, follow);
}
