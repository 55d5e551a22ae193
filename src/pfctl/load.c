/* SPDX-License-Identifier: BSD-2-Clause */
/* pfctl -f: from a file to the kernel, as steps that can be walked back. */
#include <sys/random.h>

#include <errno.h>
#include <unistd.h>

#include "base/file.h"
#include "base/steps.h"
#include "net/net.h"
#include "pfctl/counts.h"
#include "pfctl/pfctl.h"
#include "pfctl/profile.h"
#include "pfctl/states.h"

struct load {
	const struct pfctl *p;
	struct store *store;
	const struct world *world;
	const struct pf_ruleset *rules;
	const struct pf_ruleset
	    *written; /* of a file, before a merge; or NULL */
	struct pf_lowered *lowered;
	struct str msgs; /* what cannot be lowered */
	struct str text; /* normal form */
	struct sysctls_before before;
	struct nft_load nft;
	bool enable;
	bool on_trial; /* these begin a trial */
	bool for_good; /* these end one */
	struct trial trial, trial_before;
	bool had_trial;
	struct current *old; /* what is loaded now */
};

/* ---- steps ---- */

/* `tags` are those of the load before. */
static int
lower(const struct world *w, const struct pf_ruleset *rs, uint32_t first,
    const struct strv *tags, struct pf_lowered **ret, struct str *msgs,
    struct err *err)
{
	const struct pf_lower_opts opts = { NET_GROUP, first, tags };
	struct nft_addrs addrs = { 0 };
	int r = pf_lower(rs, w->env, &opts, ret, msgs, err);

	if (r < 0)
		return r;
	world_addrs(w, &addrs);
	nft_addr_sets_fill(
	    (*ret)->sets.v, (*ret)->sets.n, &addrs, &(*ret)->arena);
	array_clear(&addrs);
	return 0;
}

static void
set_nft(struct nft_load *nft, const struct pf_lowered *l, uint32_t first,
    bool enable)
{
	*nft = (struct nft_load){
		.table = l->table,
		.n_table = l->n_table,
		.enable = enable,
		.stamp = { .next_rule = first + (uint32_t)l->ids.n },
	};
	if (getrandom(&nft->stamp.load_id, sizeof(nft->stamp.load_id), 0) < 0)
		BUG("no random numbers");
}

/* A message is to name the line of the file, not one of a merged text. */
static void
tell_as_written(struct load *l)
{
	_cleanup_(pf_lowered_freep) struct pf_lowered *lowered = NULL;
	_cleanup_(str_clear) struct str msgs = STR_INIT;

	if (!l->written ||
	    (lower(l->world, l->written, 1, NULL, &lowered, &msgs, NULL) == 0 &&
		sysctls_check(lowered, &msgs, NULL) == 0))
		return;
	str_reset(&l->msgs);
	str_add(&l->msgs, msgs.buf);
}

static int
step_lower(void *ctx, struct err *err)
{
	struct load *l = ctx;
	const struct nft_status *st = &l->old->status;
	/* Numbers are not used twice while states may bear them. */
	uint32_t first = st->stamped ? st->stamp.next_rule : 1;
	_cleanup_(strv_clear) struct strv tags = { 0 };
	int r;

	if (st->stamped)
		tags_read(&tags, l->store, st->stamp.load_id);
	r = lower(l->world, l->rules, first, &tags, &l->lowered, &l->msgs, err);
	if (r == 0)
		r = sysctls_check(l->lowered, &l->msgs, err);
	if (r < 0) {
		tell_as_written(l);
		return r;
	}
	set_nft(&l->nft, l->lowered, first, l->enable);
	return 0;
}

/* Rules that nobody's command line asked for stay whose they were. */
static int
keep_loaders(const struct load *l, struct err *err)
{
	const struct nft_status *old = &l->old->status;
	const char *anchor = l->p && l->p->anchor ? l->p->anchor : "";

	return loaders_write(l->store, old->stamped ? old->stamp.load_id : 0,
	    l->nft.stamp.load_id, l->p ? anchor : NULL, err);
}

/* Rules that are no longer those of a file are not what it has. */
static int
keep_written(const struct load *l, struct err *err)
{
	const struct current *old = l->old;

	if (old->written.len == 0 || !current_has_file(old, l->text.buf))
		return 0;
	return store_put(
	    l->store, l->nft.stamp.load_id, "written", &old->written, err);
}

static int
step_keep(void *ctx, struct err *err)
{
	_cleanup_(str_clear) struct str ids = STR_INIT;
	struct load *l = ctx;
	int r;

	current_print(&l->text, l->rules);
	r = store_put(l->store, l->nft.stamp.load_id, "rules", &l->text, err);
	if (r < 0)
		return r;
	ids_print(&ids, l->rules, l->lowered,
	    l->nft.stamp.next_rule - (uint32_t)l->lowered->ids.n);
	r = store_put(l->store, l->nft.stamp.load_id, "ids", &ids, err);
	if (r == 0 && l->lowered->tags.n)
		r = tags_write(
		    &l->lowered->tags, l->store, l->nft.stamp.load_id, err);
	if (r == 0)
		r = keep_loaders(l, err);
	if (r == 0)
		r = keep_written(l, err);
	if (r < 0 || l->old->source.len == 0)
		return r;
	return store_put(
	    l->store, l->nft.stamp.load_id, "source", &l->old->source, err);
}

static int
undo_keep(void *ctx, struct err *err)
{
	struct load *l = ctx;

	return store_remove(l->store, l->nft.stamp.load_id, err);
}

static bool
will_be_enabled(const void *ctx)
{
	const struct load *l = ctx;

	return l->enable || l->old->status.enabled;
}

static int
step_sysctl(void *ctx, struct err *err)
{
	struct load *l = ctx;

	return sysctls_apply(l->store, l->lowered, &l->before, err);
}

static int
undo_sysctl(void *ctx, struct err *err)
{
	struct load *l = ctx;

	return sysctls_undo(l->store, &l->before, err);
}

static int
step_commit(void *ctx, struct err *err)
{
	struct load *l = ctx;
	int r = overload_settle(l->old->rules, err);

	return r < 0 ? r : nft_load_commit(&l->nft, err);
}

int
load_again(struct store *s, const struct world *w, const struct pf_ruleset *rs,
    uint64_t load_id, bool enable, struct err *err)
{
	_cleanup_(pf_lowered_freep) struct pf_lowered *lowered = NULL;
	_cleanup_(sysctls_before_clear) struct sysctls_before before = { 0 };
	_cleanup_(str_clear) struct str msgs = STR_INIT;
	_cleanup_(str_clear) struct str ids = STR_INIT;
	_cleanup_(strv_clear) struct strv tags = { 0 };
	struct nft_status now;
	struct nft_load nft;
	uint32_t first = 1;
	int r = nft_status_read(&now, err);

	if (r < 0)
		return r;
	/* Under their old numbers; of the others none is used again. */
	if (store_get(s, load_id, "ids", &ids, NULL) == 0)
		(void)sscanf(ids.buf, "%u", &first);
	tags_read(&tags, s, load_id);
	r = lower(w, rs, first, &tags, &lowered, &msgs, err);
	if (r == 0 && enable)
		r = sysctls_apply(s, lowered, &before, err);
	if (r < 0)
		return r;
	set_nft(&nft, lowered, first, enable);
	nft.stamp.load_id = load_id;
	if (now.stamped)
		nft.stamp.next_rule =
		    MAX(nft.stamp.next_rule, now.stamp.next_rule);
	r = nft_load_commit(&nft, err);
	if (r == 0)
		r = counts_restart(s, load_id, err);
	return r < 0 ? r : store_note_loaded(s, load_id, err);
}

static int
undo_commit(void *ctx, struct err *err)
{
	struct load *l = ctx;
	const struct nft_status *st = &l->old->status;
	int r;

	if (!st->present)
		return nft_remove(err);
	r = load_again(
	    l->store, l->world, l->old->rules, st->stamp.load_id, false, err);
	if (r == 0 && l->enable && !st->enabled)
		r = nft_enable(false, err);
	return r;
}

static bool
is_on_trial(const void *ctx)
{
	const struct load *l = ctx;

	return l->on_trial;
}

static int
step_trial(void *ctx, struct err *err)
{
	struct load *l = ctx;

	l->had_trial = trial_read(l->store, &l->trial_before);
	trial_plan(l->p, l->store, l->old, &l->trial);
	return trial_begin(l->p, l->store, &l->trial, err);
}

static int
undo_trial(void *ctx, struct err *err)
{
	struct load *l = ctx;

	if (l->had_trial)
		return trial_write(l->store, &l->trial_before, err);
	trial_unmark();
	return trial_remove(l->store, err);
}

/* There is nothing to undo: a clock without its trial does nothing. */
static int
step_clock(void *ctx, struct err *err)
{
	struct load *l = ctx;

	return trial_start_clock(&l->trial, err);
}

static const struct step load_steps[] = {
	{ .name = "lower",
	    .text = "turn the rules into nf_tables' rules",
	    .run = step_lower },
	{ .name = "keep",
	    .text = "write down what is loaded",
	    .run = step_keep,
	    .undo = undo_keep },
	{ .name = "trial",
	    .text = "write down which rules come back",
	    .run = step_trial,
	    .undo = undo_trial,
	    .wanted = is_on_trial },
	{ .name = "clock",
	    .text = "start the clock of the trial",
	    .run = step_clock,
	    .wanted = is_on_trial },
	{ .name = "sysctl",
	    .text = "set what the rules need in the kernel",
	    .run = step_sysctl,
	    .undo = undo_sysctl,
	    .wanted = will_be_enabled },
	{ .name = "commit",
	    .text = "hand the rules to the kernel",
	    .run = step_commit,
	    .undo = undo_commit },
};
static const struct steps load_work = {
	.name = "pf-load", .v = load_steps, .n = ARRAY_SIZE(load_steps)
};

static void
load_clear(struct load *l)
{
	pf_lowered_freep(&l->lowered);
	str_clear(&l->msgs);
	str_clear(&l->text);
	sysctls_before_clear(&l->before);
}

/* What was loaded for good is kept for the next boot, what is on trial is
 * not; what may come back is kept as well. */
static void
keep_for_later(struct load *l)
{
	uint64_t keep[2] = { l->nft.stamp.load_id };
	struct err err = { 0 };
	struct trial trial;
	bool on_trial = trial_read(l->store, &trial);

	if (on_trial && l->for_good) {
		on_trial = trial_remove(l->store, &err) < 0;
		if (on_trial)
			complain("%s", err.msg);
	}
	if (on_trial)
		keep[1] = trial.old_load;
	store_keep_only(l->store, keep, on_trial ? 2 : 1);
	if (on_trial)
		return;
	if (l->for_good && !l->world->facts)
		trial_unmark();
	/* The rules hold, whatever becomes of the copy. */
	if (last_save(l->world, &l->text, &err) < 0)
		complain(
		    "the next boot will begin with older rules: %s", err.msg);
}

static int
load_it(struct load *l, struct err *err)
{
	int r = steps_run(&load_work, l, err);

	if (r < 0) {
		fputs(l->msgs.buf, stderr);
		return r;
	}
	r = store_note_loaded(l->store, l->nft.stamp.load_id, err);
	keep_for_later(l);
	/* New tables count from 0, whatever states there are. */
	if (!l->old->status.present && (r = counted_begin(l->store, err)) < 0)
		return r;
	l->old->status.enabled |= l->enable;
	/* Jails may have started since the world was read. */
	return r < 0 || l->world->facts ? r : net_pf_sync(err);
}

/* Rules of a file are on trial with --confirm, else for good; those of no
 * command line (`p` NULL) leave a trial as it is. */
static int
load_rules(const struct pfctl *p, struct store *s, const struct world *w,
    struct current *old, struct pf_ruleset *rs,
    const struct pf_ruleset *written, bool enable, struct err *err)
{
	bool emptied = p && p->flush && (flush_parse(p->flush) & FLUSH_TABLES);
	_cleanup_(load_clear) struct load l = {
		.p = p,
		.store = s,
		.world = w,
		.rules = rs,
		.written = written,
		.msgs = STR_INIT,
		.text = STR_INIT,
		.enable = enable,
		.on_trial = p && p->confirm,
		.for_good = p && !p->confirm,
		.old = old,
	};

	since_carry(rs, emptied ? NULL : old->rules);
	return load_it(&l, err);
}

int
load_ruleset(struct store *s, const struct world *w, struct current *old,
    struct pf_ruleset *rs, bool enable, struct err *err)
{
	return load_rules(NULL, s, w, old, rs, NULL, enable, err);
}

/* ---- reading the file ---- */

static void
put(void *ctx, enum pf_stream stream, const char *text, size_t len)
{
	(void)ctx;
	(void)fwrite(text, 1, len, stream == PF_STDOUT ? stdout : stderr);
}

int
load_read(struct pfctl *p, const struct world *w,
    const struct pf_ruleset *in_order, struct str *ret_written,
    struct pf_ruleset **ret)
{
	_cleanup_(profile_source_clear) struct profile_source profile = {
		.world = w, .in_order = in_order, .profile = PF_PROFILE_INIT
	};
	const struct pf_opts opts = {
		.anchor = p->anchor,
		.load = p->load,
		.verbose = p->json ? 0 : p->verbose,
		.numeric = p->numeric,
		.dry = p->dry,
		.terminal = isatty(STDERR_FILENO),
		.optimize_given = p->optimize_given,
		.optimize = p->optimize,
		.defines = (const char *const *)strv_argv(&p->defines),
		.written = ret_written,
		.profile = profile_get,
		.profile_ctx = &profile,
	};
	const struct pf_out out = { put, NULL };
	struct err err = { 0 };

	return pf_load(p->file, &opts, w->env, &out, ret, &err);
}

static void
print_json(const struct pf_ruleset *rs)
{
	_cleanup_(str_clear) struct str s = STR_INIT;

	pf_json(&s, rs);
	(void)fwrite(s.buf, 1, s.len, stdout);
}

/* -n: read, and say also what could not be loaded here. (Not for a world
 * that is only described: it may be another system's.) */
static int
check_only(struct pfctl *p, const struct world *w, const struct pf_ruleset *rs)
{
	_cleanup_(pf_lowered_freep) struct pf_lowered *lowered = NULL;
	_cleanup_(str_clear) struct str msgs = STR_INIT;
	const struct pf_lower_opts opts = { NET_GROUP, 1, NULL };

	if (p->facts || pf_lower(rs, w->env, &opts, &lowered, &msgs, NULL) == 0)
		return 0;
	fputs(msgs.buf, stderr);
	return 1;
}

static void
forget(struct current *old, const struct pf_env *env)
{
	struct err err = { 0 };

	pf_ruleset_freep(&old->rules);
	str_reset(&old->text);
	str_reset(&old->written);
	if (parse_text("nothing", "", env, &old->rules, &err) < 0)
		BUG("%s", err.msg);
}

static unsigned
count_tables(const struct pf_ruleset *rs)
{
	unsigned n = 0;

	for (const struct pf_table *t = rs->tables; t; t = t->next)
		n += t->init || t->persist;
	return n;
}

void
load_take_source(const struct pfctl *p, const struct world *w,
    const struct pf_ruleset *rs, struct str *written, struct current *old)
{
	str_reset(&old->source);
	source_print(p, w, &old->source);
	/* A part of a file is not what is loaded, and the last rules of before
	 * the boot are no file of the administrator's. */
	if (p->facts || p->load != PF_LOAD_ALL || p->merge)
		return;
	str_clear(&old->written);
	old->written = *written;
	str_init(written);
	str_reset(&old->text);
	current_print(&old->text, rs);
}

static int
load_file(struct pfctl *p, const struct world *w, struct store *s,
    struct pf_ruleset *rs, struct str *written, struct err *err)
{
	_cleanup_(current_clear) struct current old = CURRENT_INIT;
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *merged = NULL;
	bool enable = false;
	unsigned n_tables;
	int r = current_read(s, w->env, &old, err);

	/* A load mends that, and what was enabled is so again. */
	if (r == -ESTALE || r == -ENOENT) {
		forget(&old, w->env);
		enable = !old.status.enabled && was_enabled(s);
	} else if (r < 0) {
		return r;
	}
	n_tables = count_tables(old.rules);
	if (!p->flush && merge_needed(p, &old, rs)) {
		r = merge(p, &old, rs, w->env, &merged, err);
		if (r < 0)
			return r;
	}
	/* The level of the file holds, or the usual one. */
	r = p->merge ? 0 : store_remove_common(s, DEBUG_LEVEL, err);
	if (r < 0)
		return r;
	if (!p->anchor || !p->anchor[0])
		load_take_source(p, w, rs, written, &old);
	r = load_rules(p, s, w, &old, merged ? merged : rs, rs, enable, err);
	if (r < 0)
		return r;
	if (p->flush)
		r = flush_rest(p, s, w,
		    flush_parse(p->flush) & ~(p->confirm ? FLUSH_WAITS : 0u),
		    &n_tables, err);
	if (p->confirm)
		notice(p,
		    "pfctl: the rules of before come back in %u seconds; to "
		    "keep these: pfctl --confirm\n",
		    p->confirm);
	if (r == 0 && old.status.enabled)
		warn_foreign(p);
	return r;
}

static int
load_in_world(struct pfctl *p, const struct world *w)
{
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *rs = NULL;
	_cleanup_(store_close) struct store store = STORE_INIT;
	_cleanup_(str_clear) struct str written = STR_INIT;
	struct err err = { 0 };
	int r;

	if (load_read(p, w, NULL, p->dry ? NULL : &written, &rs) < 0)
		return 1; /* told line by line */
	if (p->json)
		print_json(rs);
	if (p->dry)
		return check_only(p, w, rs);
	r = store_open(&store, &err);
	if (r == 0)
		r = load_file(p, w, &store, rs, &written, &err);
	if (r < 0) {
		complain("%s: pf rules not loaded", err.msg);
		return 1;
	}
	return 0;
}

int
do_load(struct pfctl *p)
{
	struct world w;
	struct err err = { 0 };
	int rc;

	if (world_read(p->facts, &w, &err) < 0) {
		complain("%s", err.msg);
		return 1;
	}
	rc = load_in_world(p, &w);
	world_clear(&w);
	return rc;
}
