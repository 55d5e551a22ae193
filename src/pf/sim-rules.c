/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules as the simulator evaluates them: loading, and the walk over a list and
 * the anchors that it calls.
 */
#include <errno.h>

#include "pf/sim-internal.h"

/* ---- loading ---- */

static void
list_empty(struct sim_list *l)
{
	sim_index_free(l->index);
	l->index = NULL;
	l->n = 0;
	l->walks = 0;
}

static void
load_list(struct pf_sim *sim, struct sim_list *l, const struct pf_rules *rules)
{
	list_empty(l);
	for (size_t i = 0; i < rules->n; i++) {
		struct sim_rule *r = xcalloc(1, sizeof(*r));

		r->r = rules->v[i];
		r->nr = (uint32_t)i;
		r->if_id = (uint16_t)sim_if_id(sim, r->r->ifname);
		*array_add(l) = r;
		*array_add(&sim->rules) = r;
	}
}

struct sim_anchor *
sim_anchor_get(struct pf_sim *sim, const char *path)
{
	struct sim_anchor *a = map_get(&sim->anchors, path);

	if (a == NULL) {
		a = xcalloc(1, sizeof(*a));
		a->path = xstrdup(path);
		map_set(&sim->anchors, path, a);
	}
	return a;
}

/* The path of an anchor of a ruleset that was loaded into `base`. */
static void
full_path(struct str *s, const char *base, const char *path)
{
	str_reset(s);
	str_add(s, base);
	if (base[0] != '\0' && path[0] != '\0')
		str_addc(s, '/');
	str_add(s, path);
}

static void
load_tables(struct pf_sim *sim, const char *base, const struct pf_ruleset *rs)
{
	_cleanup_(str_clear) struct str key = STR_INIT;

	for (const struct pf_table *t = rs->tables; t != NULL; t = t->next) {
		struct sim_table *st;

		full_path(&key, base[0] ? base : t->anchor, t->name);
		st = map_get(&sim->tables, key.buf);
		if (st == NULL) {
			st = xcalloc(1, sizeof(*st));
			map_set(&sim->tables, key.buf, st);
		}
		st->active = true;
		if (!t->init)
			continue;
		st->n = 0;
		for (size_t i = 0; i < t->n; i++) {
			const struct pf_addr *a = &t->addr[i];
			struct sim_entry e = { .ip = a->ip,
				.af = t->af[i],
				.bits = a->kind == PF_ADDR_ANY ? 0 : a->bits,
				.neg = a->neg };

			(void)sim_table_add(st, &e);
		}
	}
}

/* Which interfaces of the box match which names of rules. */
static void
match_interfaces(struct pf_sim *sim)
{
	for (size_t i = 0; i < sim->env->ifs.n; i++) {
		const struct pf_if *ifp = &sim->env->ifs.v[i];

		free(sim->if_match[i]);
		sim->if_match[i] = xcalloc(sim->n_ids + 1, 1);
		sim->if_match[i][0] = 1;
		for (size_t k = 0; k < sim->ids.n; k++) {
			const char *name = sim->ids.v[k].key;
			uintptr_t id = (uintptr_t)sim->ids.v[k].value;

			sim->if_match[i][id] = streq(name, ifp->name) ||
			    strv_has(&ifp->groups, name);
		}
		sim->if_skip[i] = false;
		for (size_t k = 0; k < sim->options.skip.n; k++)
			sim->if_skip[i] |=
			    streq(sim->options.skip.v[k], ifp->name) ||
			    strv_has(&ifp->groups, sim->options.skip.v[k]);
	}
}

int
pf_sim_load(struct pf_sim *sim, const char *anchor, const struct pf_ruleset *rs,
    struct err *err)
{
	_cleanup_(str_clear) struct str path = STR_INIT;

	if (rs->main == NULL)
		return err_set(err, EINVAL, "the ruleset has no rules");
	if (anchor[0] == '\0')
		sim->options = rs->options;
	for (const struct pf_anchor *a = rs->main; a != NULL; a = a->next) {
		struct sim_anchor *sa;

		full_path(&path, anchor, a == rs->main ? "" : a->path);
		if (a != rs->main && !a->loaded)
			continue;
		sa = sim_anchor_get(sim, path.buf);
		sa->from = a;
		for (int l = 0; l < PF_LIST_COUNT; l++)
			load_list(sim, &sa->list[l], &a->list[l]);
	}
	load_tables(sim, anchor, rs);
	match_interfaces(sim);
	return 0;
}

static void
flush_list(struct pf_sim *sim, const char *anchor, enum pf_list list)
{
	struct sim_anchor *a = map_get(&sim->anchors, anchor);

	if (a != NULL)
		list_empty(&a->list[list]);
}

void
pf_sim_flush_rules(struct pf_sim *sim, const char *anchor)
{
	flush_list(sim, anchor, PF_LIST_FILTER);
	flush_list(sim, anchor, PF_LIST_SCRUB);
}

void
pf_sim_flush_nat(struct pf_sim *sim, const char *anchor)
{
	flush_list(sim, anchor, PF_LIST_NAT);
	flush_list(sim, anchor, PF_LIST_RDR);
	flush_list(sim, anchor, PF_LIST_BINAT);
}

void
pf_sim_flush_all(struct pf_sim *sim)
{
	pf_sim_flush_rules(sim, "");
	pf_sim_flush_nat(sim, "");
	(void)pf_sim_flush_states(sim);
	map_clear(&sim->tables);
	memset(sim->if_skip, 0, sim->env->ifs.n * sizeof(*sim->if_skip));
}

/* ---- the walk ---- */

/* From how many rules and how many walks on a list gets an index. */
enum { INDEX_RULES = 16, INDEX_WALKS = 4 };

/*
 * One level of the walk: a list, and where in it. A wildcard anchor ("x/ *"
 * without the blank) has a list for each child.
 */
struct frame {
	const struct sim_anchor *anchor; /* whose list it is */
	const struct sim_list *list;
	size_t i;
	const struct sim_index *index; /* of the list, or NULL */
	struct sim_cursor cursor;
	struct sim_rule *call; /* the anchor rule that led here, or NULL */
	struct strv children;  /* of a wildcard, in order of their names */
	size_t child;
	bool matched; /* in one of the children so far */
};

struct walk {
	struct sim_run *run;
	enum pf_list list;
	bool ports; /* are the packet's ports known? */
	struct frame v[SIM_ANCHOR_DEPTH];
	size_t n;
	bool matched; /* since the innermost anchor was entered */
};

static int
name_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The anchors one level below `path`. */
static void
find_children(const struct pf_sim *sim, const char *path, struct strv *ret)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < sim->anchors.n; i++) {
		const char *p = sim->anchors.v[i].key;

		if (len > 0 && (strncmp(p, path, len) != 0 || p[len] != '/'))
			continue;
		p += len > 0 ? len + 1 : 0;
		if (*p == '\0')
			continue;
		if (strchr(p, '/') == NULL)
			strv_add(ret, sim->anchors.v[i].key);
	}
	if (ret->n > 1)
		qsort(ret->v, ret->n, sizeof(*ret->v), name_cmp);
}

/* Building an index pays when a list is walked often. A binat rule matches
 * by other fields on the way in. */
static const struct sim_index *
index_of(const struct walk *w, struct sim_list *l)
{
	if (l->index == NULL && l->n >= INDEX_RULES &&
	    w->list != PF_LIST_BINAT && ++l->walks > INDEX_WALKS)
		l->index = sim_index_new(w->run->sim, l);
	return l->index;
}

static void
frame_list(struct walk *w, struct frame *f, struct sim_anchor *anchor)
{
	f->anchor = anchor;
	f->list = anchor ? &anchor->list[w->list] : NULL;
	f->i = 0;
	f->index = anchor ? index_of(w, &anchor->list[w->list]) : NULL;
	f->cursor = (struct sim_cursor){ 0 };
}

static struct sim_anchor *
anchor_at(const struct walk *w, const char *path)
{
	return map_get(&w->run->sim->anchors, path);
}

static void
walk_begin(struct walk *w, struct sim_run *run, enum pf_list list, bool ports)
{
	w->run = run;
	w->list = list;
	w->ports = ports;
	w->matched = false;
	w->n = 1;
	w->v[0] = (struct frame){ 0 };
	frame_list(w, &w->v[0], run->sim->main);
	run->tag = run->p->tag;
	run->tag_asked = false;
}

static void
step_into(struct walk *w, struct sim_rule *call)
{
	_cleanup_(str_clear) struct str path = STR_INIT;
	struct frame *top = &w->v[w->n - 1], *f;
	bool wild = pf_anchor_target(top->anchor->path, call->r, &path);

	w->matched = false;
	if (w->n == SIM_ANCHOR_DEPTH) {
		top->i++;
		return;
	}
	f = &w->v[w->n++];
	*f = (struct frame){ .call = call };
	if (!wild) {
		frame_list(w, f, anchor_at(w, path.buf));
		return;
	}
	find_children(w->run->sim, path.buf, &f->children);
	if (f->children.n > 0)
		frame_list(w, f, anchor_at(w, f->children.v[0]));
}

/* Leave the frames that are at their end. True: the walk is over, because an
 * anchor rule with quick had a match. */
static bool
step_out(struct walk *w)
{
	while (w->n > 0) {
		struct frame *f = &w->v[w->n - 1];

		if (f->index != NULL)
			f->i = sim_index_next(
			    f->index, &f->cursor, w->run, w->ports, f->i);
		if (f->list != NULL && f->i < f->list->n)
			return false;
		f->matched |= w->matched;
		w->matched = false;
		if (f->child + 1 < f->children.n) {
			frame_list(
			    w, f, anchor_at(w, f->children.v[++f->child]));
			continue;
		}
		strv_clear(&f->children);
		w->n--;
		if (w->n == 0)
			return true;
		w->matched = f->matched;
		w->v[w->n - 1].i++;
		if (f->matched && f->call->r->quick)
			return true;
	}
	return true;
}

static void
walk_end(struct walk *w)
{
	while (w->n > 0)
		strv_clear(&w->v[--w->n].children);
}

/* ---- does a rule match ---- */

/* The fields that all kinds of rules have. */
static bool
fields_match(struct sim_run *run, const struct sim_anchor *anchor,
    const struct sim_rule *sr, bool ports)
{
	const struct pf_rule *r = sr->r;
	const struct pf_packet *p = run->p;

	if (sr->if_id != 0 && (bool)run->if_match[sr->if_id] == r->if_not)
		return false;
	if ((r->dir != PF_INOUT && r->dir != run->dir) ||
	    (r->af != 0 && r->af != p->af) ||
	    (r->proto != 0 && r->proto != p->proto))
		return false;
	if (ports &&
	    ((r->dst.port.op && !sim_ports_match(&r->dst.port, p->dport)) ||
		(r->src.port.op && !sim_ports_match(&r->src.port, p->sport))))
		return false;
	if ((r->src.addr.kind != PF_ADDR_ANY || r->src.addr.neg) &&
	    !sim_addr_match(
		run->sim, anchor, &r->src.addr, &p->src, p->af, run->ifname))
		return false;
	return (r->dst.addr.kind == PF_ADDR_ANY && !r->dst.addr.neg) ||
	    sim_addr_match(
		run->sim, anchor, &r->dst.addr, &p->dst, p->af, NULL);
}

static bool
tag_matches(struct sim_run *run, const struct pf_rule *r)
{
	bool same;

	if (r->tagged == NULL)
		return true;
	run->tag_asked = true;
	same = run->tag != NULL && streq(run->tag, r->tagged);
	return same != r->tagged_not;
}

static bool
id_matches(const struct pf_ids *ids, uint32_t id)
{
	switch ((enum pf_op)ids->op) {
	case PF_OP_NONE:
		return true;
	case PF_OP_EQ:
		return id == ids->a;
	case PF_OP_NE:
		return id != ids->a;
	case PF_OP_LT:
		return id < ids->a;
	case PF_OP_LE:
		return id <= ids->a;
	case PF_OP_GT:
		return id > ids->a;
	case PF_OP_GE:
		return id >= ids->a;
	case PF_OP_IN:
		return id > ids->a && id < ids->b;
	case PF_OP_OUT:
		return id < ids->a || id > ids->b;
	case PF_OP_RANGE:
		return id >= ids->a && id <= ids->b;
	}
	return false;
}

/* With an unknown owner only = unknown and != something can match. */
static bool
owner_matches(const struct pf_ids *ids, uint32_t id)
{
	if (id == PF_ID_UNKNOWN && ids->op != PF_OP_EQ && ids->op != PF_OP_NE &&
	    ids->op != PF_OP_NONE)
		return false;
	return id_matches(ids, id);
}

static bool
has_ports(const struct pf_packet *p)
{
	return p->proto == 6 || p->proto == 17;
}

static bool
is_icmp(const struct pf_packet *p)
{
	return p->proto == (p->af == AF_INET ? 1 : 58);
}

/* The rest of a filter rule. */
static bool
filter_rest(struct sim_run *run, const struct pf_rule *r)
{
	const struct pf_packet *p = run->p;

	if (is_icmp(p) &&
	    ((r->icmp_type >= 0 && r->icmp_type != p->icmp_type) ||
		(r->icmp_code >= 0 && r->icmp_code != p->icmp_code)))
		return false;
	if (r->tos != 0 && r->tos != p->tos)
		return false;
	if (r->fragment)
		return false;
	if (p->proto == 6 && (p->flags & r->flagset) != r->flags)
		return false;
	if (has_ports(p) &&
	    (!owner_matches(&r->user, p->uid) ||
		!owner_matches(&r->group, p->gid)))
		return false;
	if (r->prio >= 0 && r->prio != 0)
		return false; /* VLAN priority: packets here have none */
	if (r->prob != 0 && r->prob <= sim_rand(run->sim))
		return false;
	if (!tag_matches(run, r))
		return false;
	/* Without fingerprints every system is unknown. */
	if (r->os != NULL &&
	    (p->proto != 6 || (p->flags & 0x12) != PF_TH_SYN ||
		!streq(r->os, "unknown")))
		return false;
	return true;
}

/* Of a fragment nothing but the IP header is known. */
static bool
fragment_rest(struct sim_run *run, const struct pf_rule *r)
{
	const struct pf_packet *p = run->p;

	if ((r->tos != 0 && r->tos != p->tos) || r->os != NULL)
		return false;
	if (has_ports(p) && (r->src.port.op || r->dst.port.op))
		return false;
	if (p->proto == 6 && r->flagset != 0)
		return false;
	if (is_icmp(p) && (r->icmp_type >= 0 || r->icmp_code >= 0))
		return false;
	if (r->prob != 0 && r->prob <= sim_rand(run->sim))
		return false;
	return tag_matches(run, r);
}

static void
trace(struct sim_run *run, const struct sim_rule *sr,
    const struct sim_anchor *anchor)
{
	struct pf_sim_match *m;

	if (!run->sim->trace)
		return;
	m = array_add(&run->sim->matches);
	m->rule = sr->r;
	m->anchor = anchor->from;
}

/* The last rule that matches, or the first of those with quick. `rest` looks
 * at what only some rules have. */
static void
last_match(struct sim_run *run, bool ports,
    bool (*rest)(struct sim_run *run, const struct pf_rule *r))
{
	struct walk w;

	walk_begin(&w, run, PF_LIST_FILTER, ports);
	while (!step_out(&w)) {
		struct frame *f = &w.v[w.n - 1];
		struct sim_rule *sr = f->list->v[f->i];
		const struct pf_rule *r = sr->r;

		if (!fields_match(run, f->anchor, sr, ports) || !rest(run, r)) {
			f->i++;
			continue;
		}
		if (r->tag != NULL) {
			run->tag = r->tag;
			run->tag_asked = true;
		}
		if (r->anchor_call) {
			step_into(&w, sr);
			continue;
		}
		w.matched = true;
		run->rule = sr;
		run->anchor = f->anchor;
		trace(run, sr, f->anchor);
		if (r->quick)
			break;
		f->i++;
	}
	walk_end(&w);
	run->p->tag = run->tag;
	/* A tag from before that no rule asked for is not the state's. */
	run->state_tag = run->tag_asked ? run->tag : NULL;
}

void
sim_filter(struct sim_run *run)
{
	last_match(run, has_ports(run->p), filter_rest);
}

/* A fragment that was not put together: no ports, no flags, no state. */
void
sim_fragment_filter(struct sim_run *run)
{
	last_match(run, false, fragment_rest);
}

/* ---- translation and scrub: the first match decides ---- */

/* binat works both ways: from outside its target is the destination. */
static bool
binat_in_matches(struct sim_run *run, const struct sim_anchor *anchor,
    const struct sim_rule *sr)
{
	const struct pf_rule *r = sr->r;
	const struct pf_packet *p = run->p;

	if (sr->if_id != 0 && (bool)run->if_match[sr->if_id] == r->if_not)
		return false;
	if ((r->af != 0 && r->af != p->af) ||
	    (r->proto != 0 && r->proto != p->proto))
		return false;
	if (!sim_addr_match(
		run->sim, anchor, &r->dst.addr, &p->src, p->af, run->ifname))
		return false;
	/* "no binat" has no target: it stops what it is written for only on
	 * the way out. */
	return r->pool == NULL || r->pool->n == 0 ||
	    sim_addr_match(
		run->sim, anchor, &r->pool->hop[0].addr, &p->dst, p->af, NULL);
}

struct sim_rule *
sim_translate_find(struct sim_run *run, enum pf_list list)
{
	struct sim_rule *found = NULL;
	struct walk w;

	walk_begin(&w, run, list, has_ports(run->p));
	while (found == NULL && !step_out(&w)) {
		struct frame *f = &w.v[w.n - 1];
		struct sim_rule *sr = f->list->v[f->i];
		bool back = run->dir == PF_IN && sr->r->action == PF_BINAT &&
		    !sr->r->anchor_call;
		bool match = back ? binat_in_matches(run, f->anchor, sr)
				  : fields_match(run, f->anchor, sr, w.ports);

		if (!match || !tag_matches(run, sr->r)) {
			f->i++;
			continue;
		}
		if (sr->r->tag != NULL)
			run->tag = sr->r->tag;
		if (sr->r->anchor_call) {
			step_into(&w, sr);
			continue;
		}
		found = sr;
		run->nat_anchor = f->anchor;
		trace(run, sr, f->anchor);
	}
	walk_end(&w);
	run->p->tag = run->tag;
	return found;
}

struct sim_rule *
sim_scrub_find(struct sim_run *run, bool tcp)
{
	struct sim_anchor *main = run->sim->main;
	const struct sim_list *l = &main->list[PF_LIST_SCRUB];

	run->tag = run->p->tag;
	for (size_t i = 0; i < l->n; i++) {
		if (fields_match(run, main, l->v[i], tcp) &&
		    tag_matches(run, l->v[i]->r))
			return l->v[i];
	}
	return NULL;
}
