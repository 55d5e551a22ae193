/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The optimiser's last pass: rules that agree in a field go side by side, so
 * that one test passes over all of them.
 *
 * For each field the rules of a block are grouped by their value. The field
 * with the largest group wins; its rules go to the end of what is done, and
 * if they are more than two they are ordered among themselves first. This is
 * repeated with the rules that are left until no two agree in anything.
 */
#include "pf/optimize.h"

enum field {
	BY_IFACE,
	BY_DIR,
	BY_AF,
	BY_PROTO,
	BY_SRC,
	BY_SRC_PORT,
	BY_DST,
	BY_DST_PORT,
	N_FIELDS
};

struct item {
	struct pf_rule *rule;
	struct group *group[N_FIELDS];
	bool gone;
};

/* Items with one value of a field, in order. */
struct group {
	struct item **v;
	size_t n, cap;
	size_t count; /* that are not gone; 0: the field does not help */
	struct group *prev, *next; /* larger ones first */
	struct group *chain;	   /* of the hash */
	uint32_t hash;
	uint8_t key[64];
	size_t key_len;
};

struct field_groups {
	struct group *first, *last;
	struct group **slots;
	size_t n_slots; /* a power of two */
};

/* ---- values ---- */

struct key {
	uint8_t b[64];
	size_t len; /* 0: agrees with nothing */
};

static void
key_add(struct key *k, const void *mem, size_t len)
{
	if (k->len + len > sizeof(k->b))
		BUG("a key of the optimiser is too long");
	memcpy(k->b + k->len, mem, len);
	k->len += len;
}

static void
key_addr(struct key *k, const struct pf_addr *a)
{
	if (a->kind == PF_ADDR_ANY || a->kind == PF_ADDR_RANGE)
		return;
	key_add(k, &a->kind, 1);
	key_add(k, &a->neg, 1);
	if (a->kind == PF_ADDR_IP) {
		static const union pf_ip zero;

		if (memcmp(&a->ip, &zero, sizeof(zero)) == 0) {
			k->len = 0;
			return;
		}
		key_add(k, &a->bits, 1);
		key_add(k, &a->ip, sizeof(a->ip));
	} else if (a->kind == PF_ADDR_TABLE || a->kind == PF_ADDR_DYN) {
		/* Modifiers make no difference, as in the original. */
		key_add(k, &a->bits, 1);
		key_add(k, a->name, strlen(a->name));
	}
}

static void
key_port(struct key *k, const struct pf_ports *p)
{
	if (p->op == PF_OP_NONE)
		return;
	key_add(k, &p->op, 1);
	key_add(k, &p->a, sizeof(p->a));
	key_add(k, &p->b, sizeof(p->b));
}

static void
key_byte(struct key *k, uint8_t b)
{
	if (b != 0)
		key_add(k, &b, 1);
}

static void
field_key(const struct pf_rule *r, enum field f, struct key *k)
{
	bool not = r->if_not;

	k->len = 0;
	switch (f) {
	case BY_IFACE:
		if (r->ifname == NULL)
			return;
		key_add(k, &not, sizeof(not ));
		key_add(k, r->ifname, strlen(r->ifname));
		return;
	case BY_DIR:
		key_byte(k, r->dir);
		return;
	case BY_AF:
		key_byte(k, r->af);
		return;
	case BY_PROTO:
		key_byte(k, r->proto);
		return;
	case BY_SRC:
		key_addr(k, &r->src.addr);
		return;
	case BY_SRC_PORT:
		key_port(k, &r->src.port);
		return;
	case BY_DST:
		key_addr(k, &r->dst.addr);
		return;
	case BY_DST_PORT:
		key_port(k, &r->dst.port);
		return;
	case N_FIELDS:
		return;
	}
}

/* ---- groups, sorted by count ---- */

static void
unlink_group(struct field_groups *fg, struct group *g)
{
	if (g->prev != NULL)
		g->prev->next = g->next;
	else
		fg->first = g->next;
	if (g->next != NULL)
		g->next->prev = g->prev;
	else
		fg->last = g->prev;
	g->prev = g->next = NULL;
}

static void
link_after(struct field_groups *fg, struct group *g, struct group *prev)
{
	g->prev = prev;
	g->next = prev ? prev->next : fg->first;
	if (g->next != NULL)
		g->next->prev = g;
	else
		fg->last = g;
	if (prev != NULL)
		prev->next = g;
	else
		fg->first = g;
}

static void
grew(struct field_groups *fg, struct group *g)
{
	struct group *prev = g->prev;

	if (prev == NULL || prev->count >= g->count)
		return;
	unlink_group(fg, g);
	while (prev != NULL && prev->count < g->count)
		prev = prev->prev;
	link_after(fg, g, prev);
}

static void
shrank(struct field_groups *fg, struct group *g)
{
	struct group *after = NULL, *next;

	for (next = g->next; next && next->count > g->count; next = next->next)
		after = next;
	if (after == NULL)
		return;
	unlink_group(fg, g);
	link_after(fg, g, after);
}

static uint32_t
key_hash(const struct key *k)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < k->len; i++)
		h = (h ^ k->b[i]) * 16777619u;
	return h;
}

static struct group *
group_of(struct arena *mem, struct field_groups *fg, const struct key *k)
{
	uint32_t hash = key_hash(k);
	struct group **slot = &fg->slots[hash & (fg->n_slots - 1)], *g;

	for (g = *slot; k->len > 0 && g != NULL; g = g->chain) {
		if (g->hash == hash && g->key_len == k->len &&
		    memcmp(g->key, k->b, k->len) == 0)
			return g;
	}
	g = arena_new(mem, struct group);
	g->hash = hash;
	g->key_len = k->len;
	memcpy(g->key, k->b, k->len);
	if (k->len > 0) {
		g->chain = *slot;
		*slot = g;
	}
	link_after(fg, g, fg->last);
	return g;
}

static void
make_groups(struct arena *mem, struct field_groups *fg, enum field f,
    struct item *items, size_t n)
{
	struct key k;

	*fg = (struct field_groups){ .n_slots = 1 };
	while (fg->n_slots < n * 2)
		fg->n_slots *= 2;
	fg->slots = arena_array(mem, struct group *, fg->n_slots);
	for (size_t i = 0; i < n; i++) {
		struct group *g;

		field_key(items[i].rule, f, &k);
		g = group_of(mem, fg, &k);
		items[i].group[f] = g;
		*array_add(g) = &items[i];
		g->count++;
		grew(fg, g);
	}
}

/* ---- ordering ---- */

struct work {
	struct arena mem;
	struct field_groups fields[N_FIELDS];
	struct item *items;
	size_t n;
};

/* The field with the largest group; N_FIELDS if no two rules agree. */
static enum field
best_field(const struct work *w)
{
	enum field best = N_FIELDS;
	size_t largest = 1;

	for (int f = 0; f < N_FIELDS; f++) {
		const struct group *g = w->fields[f].first;

		if (g != NULL && g->count > largest) {
			largest = g->count;
			best = f;
		}
	}
	return best;
}

/* Fields in which all rules agree or all differ are of no use. */
static bool
ignore_useless(struct work *w)
{
	bool some = false;

	for (int f = 0; f < N_FIELDS; f++) {
		struct group *g = w->fields[f].first;

		if (g->count == w->n || g->count == 1)
			g->count = 0;
		else
			some = true;
	}
	return some;
}

static void
take_out(struct work *w, struct item *it, enum field chosen)
{
	it->gone = true;
	for (int f = 0; f < N_FIELDS; f++) {
		struct field_groups *fg = &w->fields[f];
		struct group *g = it->group[f];

		if (f == (int)chosen || fg->first == NULL ||
		    fg->first->count <= 1)
			continue;
		g->count--;
		shrank(fg, g);
	}
}

static void
work_clear(struct work *w)
{
	for (size_t i = 0; i < w->n; i++) {
		for (int f = 0; f < N_FIELDS; f++) {
			if (w->items[i].group[f] != NULL)
				array_clear(w->items[i].group[f]);
		}
	}
	arena_clear(&w->mem);
}

/* The rules that are left, in their order. */
static void
leave(const struct work *w, struct opt_rules *rest)
{
	for (size_t i = 0; i < w->n; i++) {
		if (!w->items[i].gone)
			*array_add(rest) = w->items[i].rule;
	}
}

/* Order some rules: those of groups of more than two go to `done`, the others
 * stay behind in `rest`. */
static void
order(struct work *w, struct opt_rules *rest, struct opt_rules *done)
{
	enum field f;

	while ((f = best_field(w)) != N_FIELDS) {
		struct field_groups *fg = &w->fields[f];
		struct group *g = fg->first;
		struct opt_rules mine = { 0 };
		struct opt_rules *to = g->count > 2 ? &mine : rest;

		unlink_group(fg, g);
		for (size_t i = 0; i < g->n; i++) {
			if (g->v[i]->gone)
				continue;
			*array_add(to) = g->v[i]->rule;
			take_out(w, g->v[i], f);
		}
		if (mine.v != NULL)
			pf_opt_reorder(&mine, done);
		array_clear(&mine);
	}
	leave(w, rest);
}

static void
append(struct opt_rules *to, const struct opt_rules *from)
{
	for (size_t i = 0; from->v != NULL && i < from->n; i++)
		*array_add(to) = from->v[i];
}

void
pf_opt_reorder(struct opt_rules *block, struct opt_rules *done)
{
	_cleanup_(work_clear) struct work w = { .n = block->n };
	struct opt_rules rest = { 0 };

	w.items = arena_array(&w.mem, struct item, w.n);
	for (size_t i = 0; i < w.n; i++)
		w.items[i].rule = block->v[i];
	for (int f = 0; f < N_FIELDS; f++)
		make_groups(&w.mem, &w.fields[f], f, w.items, w.n);
	if (w.n > 0 && ignore_useless(&w))
		order(&w, &rest, done);
	else
		leave(&w, &rest);
	append(done, &rest);
	array_clear(&rest);
}
