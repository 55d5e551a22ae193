/* SPDX-License-Identifier: BSD-2-Clause */
/* The optimiser: dividing a list into superblocks, and its passes in order. */
#include "pf/optimize.h"

#include <strings.h>

bool
pf_addr_equal(const struct pf_addr *a, const struct pf_addr *b)
{
	if (a->kind != b->kind || a->neg != b->neg || a->bits != b->bits)
		return false;
	switch ((enum pf_addr_kind)a->kind) {
	case PF_ADDR_IP:
		return memcmp(&a->ip, &b->ip, sizeof(a->ip)) == 0;
	case PF_ADDR_RANGE:
		return memcmp(&a->ip, &b->ip, sizeof(a->ip)) == 0 &&
		    memcmp(&a->last, &b->last, sizeof(a->last)) == 0;
	case PF_ADDR_TABLE:
	case PF_ADDR_DYN:
		return a->mods == b->mods && streq(a->name, b->name);
	default:
		return true;
	}
}

static bool
same_name(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && streq(a, b));
}

/* Rules whose place matters: each is a block of its own. */
static bool
is_barrier(const struct pf_rule *r)
{
	const struct pf_state *st = r->state;

	if (r->label != NULL || r->prob != 0 || r->anchor_call)
		return true;
	return st != NULL &&
	    (st->max != 0 || st->max_src_nodes != 0 ||
		st->max_src_states != 0 || st->max_src_conn != 0 ||
		st->rate != 0 || st->track == PF_TRACK_RULE);
}

/* Do the state options do the same? Time-outs may differ. */
static bool
same_state_flags(const struct pf_rule *a, const struct pf_rule *b)
{
	static const struct pf_state none;
	const struct pf_state *s = a->state ? a->state : &none;
	const struct pf_state *t = b->state ? b->state : &none;

	return s->no_sync == t->no_sync && s->if_bound == t->if_bound &&
	    s->sloppy == t->sloppy && s->track == t->track &&
	    s->flush == t->flush && s->flush_global == t->flush_global &&
	    same_name(s->overload, t->overload);
}

/* Do two rules do the same to the packets that they match? */
static bool
same_effect(const struct pf_rule *a, const struct pf_rule *b)
{
	return a->action == b->action && a->keep == b->keep &&
	    a->quick == b->quick && a->log == b->log &&
	    a->log_if == b->log_if && a->block == b->block &&
	    a->return_ttl == b->return_ttl && a->allow_opts == b->allow_opts &&
	    a->fragment == b->fragment && a->rtable == b->rtable &&
	    a->prio == b->prio && a->set_prio[0] == b->set_prio[0] &&
	    a->set_prio[1] == b->set_prio[1] && a->divert == b->divert &&
	    a->pool == NULL && b->pool == NULL && same_name(a->tag, b->tag) &&
	    same_name(a->queue, b->queue) && same_name(a->pqueue, b->pqueue) &&
	    same_state_flags(a, b);
}

/* An interface may join a group at any time: nothing moves across that. */
static bool
groups_allow(
    const struct optimizer *o, const struct pf_rule *a, const struct pf_rule *b)
{
	const char *s = a->ifname ? a->ifname : "";
	const char *t = b->ifname ? b->ifname : "";

	if (strcasecmp(s, t) == 0)
		return true;
	return !(*s != '\0' && pf_env_is_group(o->env, s)) &&
	    !(*t != '\0' && pf_env_is_group(o->env, t));
}

static bool
joins(const struct optimizer *o, const struct opt_rules *block,
    const struct pf_rule *r)
{
	const struct pf_rule *first = block->n > 0 ? block->v[0] : NULL;

	return first != NULL && !is_barrier(first) && !is_barrier(r) &&
	    same_effect(first, r) && groups_allow(o, first, r);
}

/* Without tables (-R) there is nothing to combine addresses in. */
static void
optimize_block(struct optimizer *o, struct opt_rules *block,
    enum pf_optimize level, struct opt_rules *done)
{
	if (block->n > 1) {
		pf_opt_drop_subsets(block);
		if (o->opts->load & PF_LOAD_TABLE)
			pf_opt_combine(o, block);
		if (level != PF_OPT_PROFILE || !block->v[0]->quick ||
		    !pf_opt_by_packets(o, block, done))
			pf_opt_reorder(block, done);
	} else if (block->n == 1) {
		*array_add(done) = block->v[0];
	}
	block->n = 0;
}

void
pf_optimize(struct pf_ruleset *rs, struct pf_anchor *a, enum pf_optimize level,
    const struct pf_opts *opts, const struct pf_env *env)
{
	struct optimizer o = {
		.rs = rs, .anchor = a, .opts = opts, .env = env
	};
	struct pf_rules *list = &a->list[PF_LIST_FILTER];
	struct opt_rules block = { 0 }, done = { 0 };

	if (level == PF_OPT_NONE || a->optimized)
		return;
	a->optimized = true;
	if (!opts->dry && env->random != NULL)
		env->random(env->ctx, &o.salt, sizeof(o.salt));
	for (size_t i = 0; i < list->n; i++) {
		if (!joins(&o, &block, list->v[i]))
			optimize_block(&o, &block, level, &done);
		*array_add(&block) = list->v[i];
	}
	optimize_block(&o, &block, level, &done);
	for (size_t i = 0; i < done.n; i++) {
		done.v[i]->nr = (uint32_t)i;
		list->v[i] = done.v[i];
	}
	list->n = done.n;
	array_clear(&block);
	array_clear(&done);
}
