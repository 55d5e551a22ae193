/* SPDX-License-Identifier: BSD-2-Clause */
/* The optimiser's first passes: fewer rules. */
#include "pf/opt-index.h"
#include "pf/optimize.h"

enum { TABLE_MIN = 6 }; /* addresses from which on a table is faster */

static bool
is_prefix(const struct pf_addr *a)
{
	return a->kind == PF_ADDR_IP || a->kind == PF_ADDR_ANY;
}

static void
drop_empty(struct opt_rules *block)
{
	size_t n = 0;

	for (size_t i = 0; i < block->n; i++) {
		if (block->v[i] != NULL)
			block->v[n++] = block->v[i];
	}
	block->n = n;
}

/* ---- pass 1 ---- */

/*
 * A rule contains another if each of its fields tests nothing or the same, or
 * a shorter prefix of the same address. So what a rule leaves open (its shape)
 * says which part of the other rule must be equal to it: rules are indexed by
 * that part, and each is looked for under every shape of its block.
 */
struct shape {
	uint32_t open;	   /* bits: fields that test nothing */
	uint16_t src, dst; /* length of a prefix, or OPEN, or WHOLE */
};

enum {
	OPEN_DIR = 1,
	OPEN_PROTO = 2,
	OPEN_AF = 4,
	OPEN_IF = 8,
	OPEN_SRC_PORT = 16,
	OPEN_DST_PORT = 32,
	OPEN_FLAGS = 64,

	OPEN = 0x100,  /* any */
	WHOLE = 0x101, /* must be the same address, whatever it is */
};

struct shapes {
	struct shape *v;
	size_t n, cap;
};

/* The original also takes "! 10/8" for containing "! 10.1/16", and puts
 * negated addresses into one negated table: both change what matches, so
 * both are left out here. */
static uint16_t
addr_shape(const struct pf_addr *a)
{
	if (a->neg || !is_prefix(a))
		return WHOLE;
	return a->kind == PF_ADDR_ANY ? OPEN : a->bits;
}

static struct shape
shape_of(const struct pf_rule *r)
{
	return (struct shape){
		.open = (r->dir == PF_INOUT ? OPEN_DIR : 0) |
		    (r->proto == 0 ? OPEN_PROTO : 0) |
		    (r->af == 0 ? OPEN_AF : 0) |
		    (r->ifname == NULL ? OPEN_IF : 0) |
		    (r->src.port.op == PF_OP_NONE ? OPEN_SRC_PORT : 0) |
		    (r->dst.port.op == PF_OP_NONE ? OPEN_DST_PORT : 0) |
		    (r->flags == 0 && r->flagset == 0 ? OPEN_FLAGS : 0),
		.src = addr_shape(&r->src.addr),
		.dst = addr_shape(&r->dst.addr),
	};
}

static bool
same_shape(const struct shape *a, const struct shape *b)
{
	return a->open == b->open && a->src == b->src && a->dst == b->dst;
}

/* False: no rule of that shape can contain this address. */
static bool
key_addr(struct str *key, const struct pf_addr *a, uint16_t want)
{
	if (want == OPEN)
		return !a->neg;
	if (want == WHOLE) {
		opt_key_addr(key, a);
		return true;
	}
	if (a->neg || a->kind != PF_ADDR_IP || a->bits < want)
		return false;
	opt_key_prefix(key, a, want);
	return true;
}

/* The part of a rule that one of that shape must equal to contain it. */
static bool
shape_key(struct str *key, const struct pf_rule *r, const struct shape *s,
    uint32_t number)
{
	str_reset(key);
	opt_key_num(key, number);
	if (!(s->open & OPEN_DIR))
		opt_key_num(key, r->dir);
	if (!(s->open & OPEN_PROTO))
		opt_key_num(key, r->proto);
	if (!(s->open & OPEN_AF))
		opt_key_num(key, r->af);
	if (!(s->open & OPEN_IF))
		opt_key_text(key, r->ifname);
	if (!(s->open & OPEN_SRC_PORT))
		opt_key_ports(key, &r->src.port);
	if (!(s->open & OPEN_DST_PORT))
		opt_key_ports(key, &r->dst.port);
	if (!(s->open & OPEN_FLAGS))
		opt_key_num(key, (uint32_t)r->flags << 8 | r->flagset);
	opt_key_rest(key, r);
	return key_addr(key, &r->src.addr, s->src) &&
	    key_addr(key, &r->dst.addr, s->dst);
}

static uint32_t
shape_number(struct shapes *all, const struct shape *s)
{
	for (size_t i = 0; i < all->n; i++) {
		if (same_shape(&all->v[i], s))
			return (uint32_t)i;
	}
	*array_add(all) = *s;
	return (uint32_t)all->n - 1;
}

/* Is another rule there that contains this one, or equals it and is first? */
static bool
is_contained(const struct opt_index *x, const struct shapes *all,
    const struct pf_rule *r, uint32_t place, struct str *key)
{
	for (uint32_t i = 0; i < all->n; i++) {
		const struct opt_entry *e;

		if (!shape_key(key, r, &all->v[i], i))
			continue;
		e = opt_index_get(x, key);
		if (e != NULL && e->v[0] != place)
			return true;
	}
	return false;
}

void
pf_opt_drop_subsets(struct opt_rules *block)
{
	_cleanup_(str_clear) struct str key = STR_INIT;
	_cleanup_(opt_index_clear) struct opt_index x;
	bool *drop = xcalloc(block->n, sizeof(*drop));
	struct shapes all = { 0 };

	opt_index_init(&x, block->n);
	for (uint32_t i = 0; i < block->n; i++) {
		const struct shape s = shape_of(block->v[i]);
		uint32_t number = shape_number(&all, &s);

		if (!shape_key(&key, block->v[i], &s, number))
			BUG("a rule does not contain itself");
		opt_index_add(&x, &key, i);
	}
	for (uint32_t i = 0; i < block->n; i++)
		drop[i] = is_contained(&x, &all, block->v[i], i, &key);
	for (size_t i = 0; i < block->n; i++) {
		if (drop[i])
			block->v[i] = NULL;
	}
	drop_empty(block);
	array_clear(&all);
	free(drop);
}

/* ---- pass 2 ---- */

struct merge { /* addresses that could be a table */
	struct pf_rule **v;
	size_t n, cap;
	uint32_t number; /* of the table's name: counts attempts */
	bool src;	 /* of the source; else the destination */
	struct pf_rule *keeper;
};

static struct pf_addr *
side(struct pf_rule *r, bool src)
{
	return src ? &r->src.addr : &r->dst.addr;
}

/* With -n the attempts are counted, in a load the tables; and the tables of
 * several loads must not have the same name. */
static const char *
table_name(struct optimizer *o, const struct merge *m)
{
	uint32_t made = o->rs->n_automatic++;

	if (o->opts->dry)
		return arena_printf(
		    &o->rs->arena, PF_OPT_TABLE "%u", m->number);
	if (o->salt == 0)
		return arena_printf(&o->rs->arena, PF_OPT_TABLE "%u", made);
	return arena_printf(&o->rs->arena, PF_OPT_TABLE "%x_%u", o->salt, made);
}

/* The table's name and content; the first rule gets the table. */
static void
make_table(struct optimizer *o, struct merge *m)
{
	struct pf_table *t = arena_new(&o->rs->arena, struct pf_table);
	struct pf_addr *addr = side(m->keeper, m->src);
	bool neg = addr->neg;

	t->name = table_name(o, m);
	t->anchor = o->rs->main->path;
	t->is_const = t->init = t->automatic = true;
	t->file = m->keeper->file;
	t->line = m->keeper->line;
	t->cap = t->n = m->n;
	t->addr = xcalloc(t->n, sizeof(*t->addr));
	t->af = xcalloc(t->n, sizeof(*t->af));
	for (size_t i = 0; i < m->n; i++) {
		t->addr[i] = *side(m->v[i], m->src);
		t->addr[i].neg = false;
		t->af[i] = m->v[i]->af;
	}
	*o->rs->tables_end = t;
	o->rs->tables_end = &t->next;
	*array_add(&o->anchor->automatic) = t;
	*addr = (struct pf_addr){
		.kind = PF_ADDR_TABLE, .neg = neg, .name = t->name
	};
}

struct merges {
	struct merge **v;
	size_t n, cap;
};

static struct merge *
merge_new(
    struct optimizer *o, struct merges *all, struct pf_rule *keeper, bool src)
{
	struct merge *m = xcalloc(1, sizeof(*m));

	m->src = src;
	m->number = o->rs->n_attempts++;
	m->keeper = keeper;
	*array_add(m) = keeper;
	*array_add(all) = m;
	return m;
}

/* Everything but the address of one side; false if that cannot be in a
 * table. */
static bool
merge_key(struct str *key, struct pf_rule *r, bool src)
{
	const struct pf_addr *a = side(r, src);

	if (r->af == 0 || !is_prefix(a) || a->neg)
		return false;
	str_reset(key);
	opt_key_num(key, src);
	opt_key_num(
	    key, r->af | (uint32_t)r->dir << 8 | (uint32_t)r->proto << 16);
	opt_key_num(key, (uint32_t)r->flags << 8 | r->flagset);
	opt_key_ports(key, &r->src.port);
	opt_key_ports(key, &r->dst.port);
	opt_key_text(key, r->ifname);
	opt_key_rest(key, r);
	opt_key_addr(key, side(r, !src));
	return true;
}

/* The first rule behind place i, in no attempt yet, that differs from it in
 * that side's address only; block->n if there is none. */
static uint32_t
partner(struct opt_entry *e, struct merge **of, uint32_t i, size_t none)
{
	if (e == NULL)
		return (uint32_t)none;
	while (
	    e->next < e->n && (e->v[e->next] <= i || of[e->v[e->next]] != NULL))
		e->next++;
	return e->next < e->n ? e->v[e->next] : (uint32_t)none;
}

struct combining {
	struct optimizer *o;
	struct opt_rules *block;
	struct merge **of; /* each rule is in one attempt at most */
	struct merges all;
	struct opt_index x;
	struct str key;
};

/* An attempt of the rule at place i, for the side whose partner is nearer. An
 * attempt that gathers too few addresses leaves its rules as they are. */
static void
gather(struct combining *c, uint32_t i)
{
	struct pf_rule *r = c->block->v[i];
	size_t none = c->block->n;
	struct opt_entry *by_dst = NULL, *by_src = NULL, *e;
	uint32_t dst, src, j;

	if (c->of[i] != NULL)
		return;
	if (merge_key(&c->key, r, false))
		by_dst = opt_index_get(&c->x, &c->key);
	if (merge_key(&c->key, r, true))
		by_src = opt_index_get(&c->x, &c->key);
	dst = partner(by_dst, c->of, i, none);
	src = partner(by_src, c->of, i, none);
	if (dst == none && src == none)
		return;
	e = dst < src ? by_dst : by_src;
	c->of[i] = merge_new(c->o, &c->all, r, e == by_src);
	while ((j = partner(e, c->of, i, none)) != none) {
		c->of[j] = c->of[i];
		*array_add(c->of[j]) = c->block->v[j];
	}
}

static void
combining_clear(struct combining *c)
{
	for (size_t i = 0; i < c->all.n; i++) {
		array_clear(c->all.v[i]);
		free(c->all.v[i]);
	}
	array_clear(&c->all);
	opt_index_clear(&c->x);
	str_clear(&c->key);
	free(c->of);
}

void
pf_opt_combine(struct optimizer *o, struct opt_rules *block)
{
	_cleanup_(combining_clear) struct combining c = {
		.o = o,
		.block = block,
		.of = xcalloc(block->n, sizeof(struct merge *)),
		.key = STR_INIT,
	};

	opt_index_init(&c.x, block->n * 2);
	for (uint32_t i = 0; i < block->n; i++) {
		for (int src = 0; src < 2; src++) {
			if (merge_key(&c.key, block->v[i], src))
				opt_index_add(&c.x, &c.key, i);
		}
	}
	for (uint32_t i = 0; i < block->n; i++)
		gather(&c, i);
	for (size_t i = 0; i < block->n; i++) {
		if (c.of[i] == NULL || c.of[i]->n < TABLE_MIN)
			continue;
		if (block->v[i] == c.of[i]->keeper)
			make_table(o, c.of[i]);
		else
			block->v[i] = NULL;
	}
	drop_empty(block);
}
