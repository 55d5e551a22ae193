/* SPDX-License-Identifier: BSD-2-Clause */
/* The optimiser's first passes: fewer rules. */
#include "pf/optimize.h"

enum { TABLE_MIN = 6 }; /* addresses from which on a table is faster */

/* ---- pass 1 ---- */

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && streq(a, b));
}

static bool
covers_port(const struct pf_ports *a, const struct pf_ports *b)
{
	return a->op == PF_OP_NONE ||
	    (a->op == b->op && a->a == b->a && a->b == b->b);
}

static bool
is_prefix(const struct pf_addr *a)
{
	return a->kind == PF_ADDR_IP || a->kind == PF_ADDR_ANY;
}

/* Are the first a->bits of b those of a? */
static bool
in_prefix(const struct pf_addr *a, const struct pf_addr *b)
{
	unsigned whole = a->bits / 8, rest = a->bits % 8;

	if (a->kind == PF_ADDR_ANY)
		return true;
	if (memcmp(a->ip.b, b->ip.b, whole) != 0)
		return false;
	return rest == 0 ||
	    ((a->ip.b[whole] ^ b->ip.b[whole]) >> (8 - rest)) == 0;
}

/* The original also takes "! 10/8" for containing "! 10.1/16", and puts
 * negated addresses into one negated table: both change what matches, so
 * both are left out here. */
static bool
covers_addr(const struct pf_addr *a, const struct pf_addr *b, bool same_af)
{
	if (a->kind == PF_ADDR_ANY && !a->neg && !b->neg)
		return true;
	if (is_prefix(a) && is_prefix(b) && !a->neg && !b->neg && same_af &&
	    a->bits < b->bits && in_prefix(a, b))
		return true;
	return pf_addr_equal(a, b);
}

static bool
same_ids(const struct pf_ids *a, const struct pf_ids *b)
{
	return a->op == b->op && a->a == b->a && a->b == b->b;
}

static bool
same_timeouts(const struct pf_rule *a, const struct pf_rule *b)
{
	static const struct pf_state none;
	const struct pf_state *s = a->state ? a->state : &none;
	const struct pf_state *t = b->state ? b->state : &none;

	return s == t ||
	    memcmp(s->timeout, t->timeout, sizeof(s->timeout)) == 0;
}

/* What is not an order of more and less: it must be equal. */
static bool
same_rest(const struct pf_rule *a, const struct pf_rule *b)
{
	return a->if_not == b->if_not && a->icmp_type == b->icmp_type &&
	    a->icmp_code == b->icmp_code && a->tos == b->tos &&
	    a->code4 == b->code4 && a->code6 == b->code6 &&
	    a->return_odd == b->return_odd && a->tagged_not == b->tagged_not &&
	    same_ids(&a->user, &b->user) && same_ids(&a->group, &b->group) &&
	    same_text(a->os, b->os) && same_text(a->tagged, b->tagged) &&
	    same_timeouts(a, b);
}

static bool
covers_flags(const struct pf_rule *a, const struct pf_rule *b)
{
	if (a->flags == 0 && a->flagset == 0)
		return true;
	return a->flags == b->flags && a->flagset == b->flagset;
}

/* Does `a` match every packet that `b` matches? Both are of one block. */
static bool
covers(const struct pf_rule *a, const struct pf_rule *b)
{
	if ((a->dir != PF_INOUT && a->dir != b->dir) ||
	    (a->proto != 0 && a->proto != b->proto) ||
	    (a->af != 0 && a->af != b->af))
		return false;
	if (!covers_port(&a->src.port, &b->src.port) ||
	    !covers_port(&a->dst.port, &b->dst.port) || !covers_flags(a, b))
		return false;
	if (a->ifname != NULL && !same_text(a->ifname, b->ifname))
		return false;
	return covers_addr(&a->src.addr, &b->src.addr, a->af == b->af) &&
	    covers_addr(&a->dst.addr, &b->dst.addr, a->af == b->af) &&
	    same_rest(a, b);
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

void
pf_opt_drop_subsets(struct opt_rules *block)
{
	for (size_t i = 0; i < block->n; i++) {
		for (size_t j = i + 1; block->v[i] && j < block->n; j++) {
			if (block->v[j] == NULL)
				continue;
			if (covers(block->v[i], block->v[j]))
				block->v[j] = NULL;
			else if (covers(block->v[j], block->v[i]))
				block->v[i] = NULL;
		}
	}
	drop_empty(block);
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

static bool
same_ports(const struct pf_ports *a, const struct pf_ports *b)
{
	return a->op == b->op && a->a == b->a && a->b == b->b;
}

/* Do the rules differ in nothing but addresses? */
static bool
differ_in_addrs(const struct pf_rule *a, const struct pf_rule *b)
{
	return a->af == b->af && a->dir == b->dir && a->proto == b->proto &&
	    a->flags == b->flags && a->flagset == b->flagset &&
	    same_ports(&a->src.port, &b->src.port) &&
	    same_ports(&a->dst.port, &b->dst.port) &&
	    a->src.addr.neg == b->src.addr.neg &&
	    a->dst.addr.neg == b->dst.addr.neg &&
	    same_text(a->ifname, b->ifname) && same_rest(a, b);
}

static bool
mergeable(struct pf_rule *a, struct pf_rule *b, bool src)
{
	const struct pf_addr *x = side(a, src), *y = side(b, src);

	return is_prefix(x) && is_prefix(y) && !x->neg && !y->neg &&
	    a->af != 0 && differ_in_addrs(a, b);
}

/* With -n the attempts are counted, in a load the tables; and the tables of
 * several loads must not have the same name. */
static const char *
table_name(struct optimizer *o, const struct merge *m)
{
	uint32_t made = o->rs->n_automatic++;

	if (o->opts->dry)
		return arena_printf(&o->rs->arena, "__automatic_%u", m->number);
	if (o->salt == 0)
		return arena_printf(&o->rs->arena, "__automatic_%u", made);
	return arena_printf(&o->rs->arena, "__automatic_%x_%u", o->salt, made);
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

/*
 * Each rule is in one attempt at most: `of[i]` is it. An attempt that gathers
 * too few addresses leaves its rules as they are.
 */
static void
gather(struct optimizer *o, struct opt_rules *block, struct merge **of,
    size_t i, struct merges *all)
{
	struct pf_rule *a = block->v[i];

	for (size_t j = i + 1; j < block->n; j++) {
		struct pf_rule *b = block->v[j];
		bool src_eq, dst_eq;

		if (of[j] != NULL)
			continue;
		src_eq = pf_addr_equal(&a->src.addr, &b->src.addr);
		dst_eq = pf_addr_equal(&a->dst.addr, &b->dst.addr);
		if (src_eq == dst_eq ||
		    (of[i] != NULL && of[i]->src == src_eq) ||
		    !mergeable(a, b, dst_eq))
			continue;
		if (of[i] == NULL)
			of[i] = merge_new(o, all, a, dst_eq);
		of[j] = of[i];
		*array_add(of[j]) = b;
	}
}

void
pf_opt_combine(struct optimizer *o, struct opt_rules *block)
{
	struct merge **of = xcalloc(block->n, sizeof(struct merge *));
	struct merges all = { 0 };

	for (size_t i = 0; i < block->n; i++)
		gather(o, block, of, i, &all);
	for (size_t i = 0; i < block->n; i++) {
		if (of[i] == NULL || of[i]->n < TABLE_MIN)
			continue;
		if (block->v[i] == of[i]->keeper)
			make_table(o, of[i]);
		else
			block->v[i] = NULL;
	}
	drop_empty(block);
	for (size_t i = 0; i < all.n; i++) {
		array_clear(all.v[i]);
		free(all.v[i]);
	}
	array_clear(&all);
	free(of);
}
