/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state table: keys, making and ending states, time-outs, limits and
 * source nodes.
 *
 * A state has two keys: the connection as it is on the wire of the interface,
 * and as the box has it, behind the translation. Incoming packets are looked up
 * by the first, outgoing ones by the second.
 */
#include "pf/sim-internal.h"

uint32_t
sim_rand(struct pf_sim *sim)
{
	if (sim->random != NULL)
		return sim->random(sim->random_arg);
	/* xorshift: any sequence will do, and the same each time. */
	sim->seed ^= sim->seed << 13;
	sim->seed ^= sim->seed >> 17;
	sim->seed ^= sim->seed << 5;
	return sim->seed;
}

static uint32_t
key_hash(const struct sim_key *k)
{
	const uint32_t *w = (const uint32_t *)(const void *)k;
	uint32_t h = 0x9e3779b9;

	for (size_t i = 0; i < sizeof(*k) / sizeof(*w); i++) {
		h = (h ^ w[i]) * 0x85ebca6b;
		h ^= h >> 15;
	}
	return h;
}

/* Where states with that key are, or will be. */
static struct sim_state **
slot_of(const struct pf_sim *sim, int i, const struct sim_key *k)
{
	return &sim->hash[i][key_hash(k) & (sim->n_slots - 1)];
}

static bool
key_eq(const struct sim_key *a, const struct sim_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool
on_interface(const struct sim_state *s, const char *ifname)
{
	return s->if_id == 0 || streq(s->ifname, ifname);
}

struct sim_state *
sim_state_find(struct pf_sim *sim, const struct sim_key *k, enum pf_dir dir,
    const char *ifname)
{
	int i = dir == PF_IN ? KEY_WIRE : KEY_STACK;
	struct sim_state *floating = NULL;

	/* Those bound to an interface come before floating ones. */
	for (struct sim_state *s = *slot_of(sim, i, k); s != NULL;
	     s = s->chain[i]) {
		if (!key_eq(&s->key[i], k) || !on_interface(s, ifname))
			continue;
		if (s->if_id != 0)
			return s;
		if (floating == NULL)
			floating = s;
	}
	return floating;
}

bool
sim_state_any(struct pf_sim *sim, const struct sim_key *k)
{
	for (struct sim_state *s = *slot_of(sim, KEY_WIRE, k); s != NULL;
	     s = s->chain[KEY_WIRE])
		if (key_eq(&s->key[KEY_WIRE], k))
			return true;
	return false;
}

/* ---- ends ---- */

static void
unhash(struct pf_sim *sim, struct sim_state *s, int i)
{
	struct sim_state **p = slot_of(sim, i, &s->key[i]);

	while (*p != s)
		p = &(*p)->chain[i];
	*p = s->chain[i];
}

static void
node_release(struct sim_src_node *n, struct sim_state *s, uint64_t keep)
{
	if (n == NULL)
		return;
	if (s->src.counted && n == s->node && n->conn > 0)
		n->conn--;
	if (--n->states == 0)
		n->expire = keep;
}

static uint64_t
src_track(const struct pf_sim *sim, const struct sim_rule *r)
{
	uint32_t t = r->r->state ? r->r->state->timeout[PF_TM_SRC_TRACK] : 0;

	if (t == 0)
		t = sim->options.timeout[PF_TM_SRC_TRACK];
	return sim->now + t;
}

void
sim_state_unlink(struct pf_sim *sim, struct sim_state *s)
{
	unhash(sim, s, KEY_WIRE);
	unhash(sim, s, KEY_STACK);
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		sim->first = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	else
		sim->last = s->prev;
	if (s->node != NULL)
		node_release(s->node, s, src_track(sim, s->rule));
	if (s->nat_node != NULL)
		node_release(s->nat_node, s, src_track(sim, s->nat));
	if (s->rule != NULL)
		s->rule->states--;
	sim->n_states--;
	free(s);
}

static uint32_t
timeout_of(const struct pf_sim *sim, const struct sim_state *s)
{
	const struct pf_state *st = s->rule ? s->rule->r->state : NULL;

	if (st != NULL && st->timeout[s->tm] != 0)
		return st->timeout[s->tm];
	return sim->options.timeout_set[s->tm] ? sim->options.timeout[s->tm]
					       : pf_timeout_default(s->tm);
}

/* From adaptive.start states on, time-outs shrink; at adaptive.end to 0. */
static uint64_t
adapted(const struct pf_sim *sim, const struct sim_state *s)
{
	const struct pf_state *st = s->rule ? s->rule->r->state : NULL;
	uint64_t t = timeout_of(sim, s), n = sim->n_states;
	uint64_t start = sim->options.timeout[PF_TM_ADAPTIVE_START];
	uint64_t end = sim->options.timeout[PF_TM_ADAPTIVE_END];

	if (st != NULL && st->timeout[PF_TM_ADAPTIVE_START] != 0) {
		start = st->timeout[PF_TM_ADAPTIVE_START];
		end = st->timeout[PF_TM_ADAPTIVE_END];
		n = s->rule->states;
	}
	if (end == 0 || n <= start || start >= end)
		return t;
	return n >= end ? 0 : t * (end - n) / (end - start);
}

static void
nodes_expire(struct pf_sim *sim)
{
	for (struct sim_src_node **p = &sim->nodes; *p != NULL;) {
		struct sim_src_node *n = *p;

		if (n->states > 0 || n->expire > sim->now) {
			p = &n->next;
			continue;
		}
		*p = n->next;
		if (n->rule != NULL)
			((struct sim_rule *)(uintptr_t)n->rule)->src_nodes--;
		free(n);
	}
}

void
sim_states_expire(struct pf_sim *sim)
{
	for (struct sim_state *s = sim->first, *next; s != NULL; s = next) {
		next = s->next;
		if (s->touched + adapted(sim, s) <= sim->now)
			sim_state_unlink(sim, s);
	}
	nodes_expire(sim);
	sim_frags_expire(sim);
}

/* ---- source nodes ---- */

/* Without `source-track global` each rule has its own. */
static const struct sim_rule *
node_owner(const struct sim_rule *rule)
{
	const struct pf_state *st = rule->r->state;
	bool per_rule = (st != NULL && st->track == PF_TRACK_RULE) ||
	    (rule->r->pool != NULL && rule->r->pool->sticky);

	return per_rule ? rule : NULL;
}

struct sim_src_node *
sim_node_find(const struct pf_sim *sim, const struct sim_rule *rule,
    const union pf_ip *addr, uint8_t af)
{
	const struct sim_rule *owner = node_owner(rule);

	for (struct sim_src_node *n = sim->nodes; n != NULL; n = n->next)
		if (n->rule == owner && n->af == af &&
		    sim_ip_eq(&n->addr, addr))
			return n;
	return NULL;
}

struct sim_src_node *
sim_node_make(struct pf_sim *sim, struct sim_rule *rule,
    const union pf_ip *addr, uint8_t af)
{
	const struct pf_state *st = rule->r->state;
	struct sim_src_node *n;

	if (st != NULL && st->max_src_nodes != 0 &&
	    rule->src_nodes >= st->max_src_nodes)
		return NULL;
	n = xcalloc(1, sizeof(*n));
	n->rule = node_owner(rule);
	n->addr = *addr;
	n->af = af;
	n->rate_start = sim->now;
	n->next = sim->nodes;
	sim->nodes = n;
	if (n->rule != NULL)
		rule->src_nodes++;
	return n;
}

/* One more connection; decays over the period. True: over the limit. */
static bool
over_rate(
    const struct pf_sim *sim, struct sim_src_node *n, const struct pf_state *st)
{
	uint64_t diff = sim->now - n->rate_start;

	if (diff >= st->rate_seconds)
		n->rate_count = 0;
	else
		n->rate_count -=
		    (uint32_t)(n->rate_count * diff / st->rate_seconds);
	n->rate_count += 1000;
	n->rate_start = sim->now;
	return n->rate_count > st->rate * 1000;
}

static void
kill_states_of(struct pf_sim *sim, const struct sim_state *cause, bool global)
{
	const union pf_ip *bad =
	    &cause->key[KEY_WIRE].addr[cause->dir == PF_IN ? 0 : 1];

	for (struct sim_state *s = sim->first, *next; s != NULL; s = next) {
		const struct sim_key *k = &s->key[KEY_WIRE];

		next = s->next;
		if (s == cause || k->af != cause->key[KEY_WIRE].af ||
		    !sim_ip_eq(&k->addr[s->dir == PF_IN ? 0 : 1], bad) ||
		    (!global && s->rule != cause->rule))
			continue;
		sim_state_unlink(sim, s);
	}
}

static void
overload(struct sim_run *run, struct sim_state *s, const struct pf_state *st)
{
	struct sim_table *t;
	struct sim_entry e = { .af = run->p->af,
		.ip = s->key[KEY_WIRE].addr[s->dir == PF_IN ? 0 : 1] };

	if (st->overload == NULL)
		return;
	e.bits = e.af == AF_INET ? 32 : 128;
	t = map_get(&run->sim->tables, st->overload);
	if (t == NULL) {
		t = xcalloc(1, sizeof(*t));
		map_set(&run->sim->tables, st->overload, t);
	}
	(void)sim_table_add(t, &e);
	if (st->flush)
		kill_states_of(run->sim, s, st->flush_global);
}

bool
sim_conn_limit(struct sim_run *run, struct sim_state *s)
{
	const struct pf_state *st = s->rule->r->state;
	struct sim_src_node *n = s->node;
	bool bad = false;

	if (n == NULL || st == NULL)
		return false;
	n->conn++;
	s->src.counted = true;
	if (st->max_src_conn != 0 && st->max_src_conn < n->conn)
		bad = true;
	if (st->rate != 0 && over_rate(run->sim, n, st))
		bad = true;
	if (!bad)
		return false;
	overload(run, s, st);
	/* This one goes as well. */
	s->src.state = s->dst.state = TCPS_CLOSED;
	s->tm = PF_TM_TCP_CLOSED;
	s->touched = 0;
	return true;
}

/* ---- making ---- */

/* Two states cannot have the same key in the same direction on the same
 * interface; a tcp one that is over makes room. */
static bool
make_room(struct pf_sim *sim, const struct sim_state *new, int i)
{
	struct sim_state *s = *slot_of(sim, i, &new->key[i]), *next;

	for (; s != NULL; s = next) {
		next = s->chain[i];
		if (!key_eq(&s->key[i], &new->key[i]) ||
		    s->if_id != new->if_id || s->dir != new->dir)
			continue;
		if (new->key[i].proto != 6 || s->src.state < TCPS_FIN_WAIT_2 ||
		    s->dst.state < TCPS_FIN_WAIT_2)
			return false;
		sim_state_unlink(sim, s);
	}
	return true;
}

/* At the end of its chains: the first that was made is the first found. */
static void
chain(struct pf_sim *sim, struct sim_state *s)
{
	for (int i = 0; i < 2; i++) {
		struct sim_state **slot = slot_of(sim, i, &s->key[i]);

		while (*slot != NULL)
			slot = &(*slot)->chain[i];
		s->chain[i] = NULL;
		*slot = s;
	}
}

void
sim_states_grow(struct pf_sim *sim)
{
	sim->n_slots = sim->n_slots ? sim->n_slots * 4 : 64;
	for (int i = 0; i < 2; i++) {
		free(sim->hash[i]);
		sim->hash[i] = xcalloc(sim->n_slots, sizeof(*sim->hash[i]));
	}
	for (struct sim_state *s = sim->first; s != NULL; s = s->next)
		chain(sim, s);
}

static void
insert(struct pf_sim *sim, struct sim_state *s)
{
	if (sim->n_states >= sim->n_slots)
		sim_states_grow(sim);
	chain(sim, s);
	s->prev = sim->last;
	if (sim->last != NULL)
		sim->last->next = s;
	else
		sim->first = s;
	sim->last = s;
	sim->n_states++;
}

static bool
tracks_source(const struct pf_rule *r)
{
	return r->state != NULL && r->state->track != PF_TRACK_NONE;
}

/* The source node that a rule wants; false: the limit is reached. */
static bool
want_node(struct sim_run *run, struct sim_rule *rule, bool filter,
    const union pf_ip *addr, struct sim_src_node **ret)
{
	const struct pf_state *st = rule->r->state;
	bool wanted = (filter && tracks_source(rule->r)) ||
	    (rule->r->pool != NULL && rule->r->pool->sticky);

	*ret = NULL;
	if (!wanted)
		return true;
	*ret = sim_node_find(run->sim, rule, addr, run->p->af);
	if (*ret == NULL)
		*ret = sim_node_make(run->sim, rule, addr, run->p->af);
	else if (filter && st != NULL && st->max_src_states != 0 &&
	    (*ret)->states >= st->max_src_states)
		return false;
	return *ret != NULL;
}

static void
first_packet(struct sim_run *run, struct sim_state *s)
{
	const struct pf_packet *p = run->p;

	if (p->proto == 17) {
		s->src.state = ONE_SINGLE;
		s->tm = PF_TM_UDP_FIRST;
		return;
	}
	if (p->proto == 1 || p->proto == 58) {
		s->tm = PF_TM_ICMP_FIRST;
		return;
	}
	if (p->proto != 6) {
		s->src.state = ONE_SINGLE;
		s->tm = PF_TM_OTHER_FIRST;
		return;
	}
	s->src.seqlo = p->seq;
	s->src.seqhi = p->seq + p->len + 1;
	if ((p->flags & (PF_TH_SYN | PF_TH_ACK)) == PF_TH_SYN &&
	    run->rule != NULL && run->rule->r->keep == PF_MODULATE)
		while ((s->src.seqdiff = sim_rand(run->sim) - p->seq) == 0)
			;
	if (p->flags & PF_TH_SYN)
		s->src.seqhi++;
	if (p->flags & PF_TH_FIN)
		s->src.seqhi++;
	s->src.max_win = MAX(p->win, 1);
	s->dst.seqhi = 1;
	s->dst.max_win = 1;
	s->src.state = TCPS_SYN_SENT;
	s->dst.state = TCPS_CLOSED;
	s->tm = PF_TM_TCP_FIRST;
}

static void
choose_route(struct sim_run *run, struct sim_state *s)
{
	const struct pf_rule *r = run->rule ? run->rule->r : NULL;
	struct sim_src_node *none = NULL;

	if (r == NULL || r->route == PF_ROUTE_NONE || r->pool == NULL)
		return;
	s->rt_if = r->pool->hop[run->rule->hop % r->pool->n].ifname;
	if (r->pool->hop[0].addr.kind != PF_ADDR_ANY &&
	    sim_map_addr(run, run->rule, &run->p->src, &s->rt_via, &none))
		s->rt_has_via = true;
}

static enum pf_verdict
refuse(struct sim_run *run, enum pf_reason why)
{
	run->ev->reason = why;
	return PF_V_BLOCK;
}

static void
attach_nodes(struct sim_run *run, struct sim_state *s, struct sim_src_node *n,
    struct sim_src_node *nat)
{
	s->node = n;
	s->nat_node = nat;
	if (n != NULL)
		n->states++;
	if (nat != NULL) {
		nat->states++;
		nat->raddr =
		    s->key[run->dir == PF_IN ? KEY_STACK : KEY_WIRE].addr[1];
	}
}

static struct sim_state *
state_new(struct sim_run *run, const struct sim_key *before,
    const struct sim_key *after, struct sim_rule *rule)
{
	const struct pf_rule *r = rule->r;
	struct sim_state *s = xcalloc(1, sizeof(*s));

	s->dir = run->dir;
	s->key[KEY_WIRE] = run->dir == PF_IN ? *before : *after;
	s->key[KEY_STACK] = run->dir == PF_IN ? *after : *before;
	s->rule = rule;
	s->nat = run->nat;
	s->anchor = run->anchor;
	s->made_on = run->ifname;
	if (r->state != NULL && r->state->if_bound) {
		s->if_id = (uint16_t)sim_if_id(run->sim, run->ifname);
		s->ifname = run->ifname;
	}
	s->sloppy = r->state != NULL && r->state->sloppy;
	s->allow_opts = r->allow_opts;
	s->tag = run->state_tag;
	s->mss = run->p->mss;
	s->touched = run->sim->now;
	return s;
}

enum pf_verdict
sim_state_make(struct sim_run *run, const struct sim_key *before,
    const struct sim_key *after)
{
	struct sim_src_node *node = NULL, *nat_node = NULL;
	struct sim_rule *rule = run->rule;
	struct sim_state *s;

	if (rule == NULL) /* no filter rule: translation alone makes it */
		rule = &run->sim->no_rule;
	if (rule->r->state != NULL && rule->r->state->max != 0 &&
	    rule->states >= rule->r->state->max)
		return refuse(run, PF_R_STATE_LIMIT);
	if (!want_node(run, rule, true, &run->orig.src, &node))
		return refuse(run, PF_R_SRC_LIMIT);
	if (run->nat != NULL &&
	    !want_node(run, run->nat, false,
		&before->addr[run->dir == PF_IN ? 0 : 1], &nat_node))
		return refuse(run, PF_R_SRC_LIMIT);
	s = state_new(run, before, after, rule);
	first_packet(run, s);
	choose_route(run, s);
	if (!make_room(run->sim, s, KEY_WIRE) ||
	    !make_room(run->sim, s, KEY_STACK)) {
		free(s);
		return refuse(run, PF_R_STATE_INSERT);
	}
	insert(run->sim, s);
	attach_nodes(run, s, node, nat_node);
	rule->states++;
	run->state = s;
	run->ev->state = PF_S_NEW;
	return PF_V_PASS;
}

size_t
pf_sim_flush_states(struct pf_sim *sim)
{
	size_t n = sim->n_states;

	for (struct sim_state *s = sim->first, *next; s != NULL; s = next) {
		next = s->next;
		sim_state_unlink(sim, s);
	}
	return n;
}

size_t
pf_sim_state_count(const struct pf_sim *sim)
{
	return sim->n_states;
}
