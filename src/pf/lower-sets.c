/* SPDX-License-Identifier: BSD-2-Clause */
/* The sets and maps that lowered rules look things up in. Each is made when
 * it is first asked for. */
#include "pf/lower-private.h"

#include <arpa/inet.h>

#include "base/ranges.h"

/* What the kernel gives a set that rules fill and that has no size. */
enum { SET_ROOM = 65535 };

static struct nft_set *
find_set(struct lw *lw, const char *name)
{
	for (size_t i = 0; i < lw->out->sets.n; i++)
		if (streq(lw->out->sets.v[i].name, name))
			return &lw->out->sets.v[i];
	return NULL;
}

static struct nft_set *
new_set(struct lw *lw, const char *name, uint32_t flags, uint32_t type,
    uint32_t len)
{
	struct nft_set *set = array_add(&lw->out->sets);

	*set = (struct nft_set){
		.name = name,
		.flags = flags,
		.key_type = type,
		.key_len = len,
	};
	return set;
}

static struct nft_set *
new_addr_set(struct lw *lw, const char *name, uint8_t af)
{
	if (af == AF_INET)
		return new_set(lw, name, NFT_SET_INTERVAL, NFT_TYPE_IPV4, 4);
	return new_set(lw, name, NFT_SET_INTERVAL, NFT_TYPE_IPV6, 16);
}

/* ---- tables ---- */

static const struct pf_table *
find_table(const struct lw *lw, const char *name)
{
	const struct pf_table *t;

	for (t = lw->rs->tables; t; t = t->next)
		if (streq(t->name, name) && t->init)
			return t;
	return NULL;
}

static int
shortest_first(const void *a, const void *b)
{
	const struct pf_addr *const *x = a, *const *y = b;

	return (int)(*x)->bits - (int)(*y)->bits;
}

/*
 * In a table the longest prefix that holds an address decides, and may say no.
 * So shorter ones are put in first, and longer ones put in or taken out.
 */
static void
flatten(const struct pf_table *t, uint8_t af, struct ranges *ret)
{
	struct {
		const struct pf_addr **v;
		size_t n, cap;
	} list = { 0 };

	for (size_t i = 0; i < t->n; i++)
		if (t->addr[i].kind == PF_ADDR_IP ? t->af[i] == af
						  : !t->af[i] || t->af[i] == af)
			*array_add(&list) = &t->addr[i];
	if (list.n)
		qsort(list.v, list.n, sizeof(*list.v), shortest_first);
	for (size_t i = 0; i < list.n; i++) {
		const struct pf_addr *a = list.v[i];
		struct range r = range_prefix(
		    a->ip.b, ret->len, a->kind == PF_ADDR_ANY ? 0 : a->bits);

		if (a->neg)
			ranges_remove(ret, r.from, r.to);
		else
			ranges_add(ret, r.from, r.to);
	}
	ranges_merge(ret);
	array_clear(&list);
}

/* Each range is two elements: its first value, and the first behind it. */
static void
fill_ranges(struct arena *arena, struct nft_set *set, const struct ranges *r)
{
	struct nft_elem *e = arena_array(arena, struct nft_elem, r->n * 2);
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		memcpy(e[n++].key, r->v[i].from, r->len);
		memcpy(e[n].key, r->v[i].to, r->len);
		if (range_next(e[n].key, r->len))
			e[n++].end = true;
	}
	set->elem = e;
	set->n_elem = n;
}

static const char *
table_set_name(struct arena *arena, const char *table, uint8_t af)
{
	return arena_printf(arena, "table%d_%s", af == AF_INET ? 4 : 6, table);
}

void
pf_lower_table(const struct pf_table *t, uint8_t af, struct arena *arena,
    struct nft_set *ret)
{
	struct ranges r = { .len = af == AF_INET ? 4 : 16 };

	*ret = (struct nft_set){
		.name = table_set_name(arena, t->name, af),
		.flags = NFT_SET_INTERVAL,
		.key_type = af == AF_INET ? NFT_TYPE_IPV4 : NFT_TYPE_IPV6,
		.key_len = (uint32_t)r.len,
	};
	flatten(t, af, &r);
	fill_ranges(arena, ret, &r);
	array_clear(&r);
}

const char *
lw_table_set(struct lw *lw, const char *table, uint8_t af)
{
	const struct pf_table *t = find_table(lw, table);
	const char *name = table_set_name(lw->arena, table, af);
	struct nft_set *set = find_set(lw, name);

	if (set)
		return set->name;
	if (!t) /* empty until somebody fills it */
		return new_addr_set(lw, name, af)->name;
	set = array_add(&lw->out->sets);
	pf_lower_table(t, af, lw->arena, set);
	return set->name;
}

const char *
lw_overload_set(struct lw *lw, const char *table, uint8_t af)
{
	const char *name =
	    arena_printf(lw->arena, "over%d_%s", af == AF_INET ? 4 : 6, table);

	uint32_t max = lw->rs->options.limit[PF_LIMIT_TABLE_ENTRIES];
	struct nft_set *set = find_set(lw, name);

	if (!set) {
		set = new_addr_set(lw, name, af);
		set->flags = NFT_SET_EVAL | NFT_SET_TIMEOUT;
		set->size = max < SET_ROOM ? max : 0;
	}
	return name;
}

const char *
lw_source_set(struct lw *lw, const char *name, uint32_t size, uint32_t flags)
{
	/* As many as may be counted find room. A set keeps the size that it
	 * was made with (Linux 6.1), so one of another size is another. */
	if (size == 0 && lw->max_sources > SET_ROOM) {
		size = lw->max_sources;
		name = arena_printf(lw->arena, "%s_%u", name, size);
	}
	if (!find_set(lw, name))
		new_set(lw, name, NFT_SET_EVAL | flags, NFT_TYPE_IPV6, 16)
		    ->size = size;
	return name;
}

const char *
lw_all_sources_set(struct lw *lw, uint32_t size)
{
	const char *name = arena_printf(lw->arena, "sources_%u", size);

	if (!find_set(lw, name))
		new_set(lw, name, NFT_SET_EVAL,
		    NFT_TYPE_MARK << 6 | NFT_TYPE_IPV6, 20)
		    ->size = size;
	return name;
}

const char *
lw_flush_set(struct lw *lw, bool global)
{
	static const char rule[] = NFT_S_FLUSHED_RULE;

	if (global)
		return lw_source_set(lw, NFT_S_FLUSHED, 0, 0);
	if (!find_set(lw, rule))
		new_set(lw, rule, NFT_SET_EVAL,
		    NFT_TYPE_MARK << 6 | NFT_TYPE_IPV6, 20);
	return rule;
}

/* ---- addresses of interfaces: the names are nft/rule.h's ---- */

static const char *
addr_set(struct lw *lw, const char *name, uint8_t af)
{
	if (!find_set(lw, name))
		new_addr_set(lw, name, af);
	return name;
}

const char *
lw_dyn_set(struct lw *lw, const struct pf_addr *a, uint8_t af)
{
	unsigned int full = af == AF_INET ? 32 : 128;
	char name[NFT_ADDR_SET_LEN];

	nft_dyn_set_name(name, af == AF_INET6, a->mods,
	    MIN((unsigned)a->bits, full), a->name);
	return addr_set(lw, arena_strdup(lw->arena, name), af);
}

const char *
lw_own_set(struct lw *lw, const char *loop, uint8_t af)
{
	char name[NFT_ADDR_SET_LEN];

	nft_own_set_name(name, af == AF_INET6, loop);
	return addr_set(lw, arena_strdup(lw->arena, name), af);
}

/* ---- names ---- */

static bool
in_group(const struct pf_if *i, const char *group)
{
	for (size_t k = 0; k < i->groups.n; k++)
		if (streq(i->groups.v[k], group))
			return true;
	return false;
}

const char *
lw_group_set(struct lw *lw, const char *group)
{
	const char *name = arena_printf(lw->arena, "group_%s", group);
	struct nft_set *set = find_set(lw, name);
	struct nft_elem *e;
	size_t n = 0;

	if (set)
		return set->name;
	e = arena_array(lw->arena, struct nft_elem, lw->env->ifs.n);
	for (size_t i = 0; i < lw->env->ifs.n; i++) {
		const struct pf_if *f = &lw->env->ifs.v[i];

		if (in_group(f, group) && !(f->flags & PF_IF_LOOPBACK))
			strncpy((char *)e[n++].key, f->name, 15);
	}
	set = new_set(lw, name, 0, NFT_TYPE_IFNAME, 16);
	set->elem = e;
	set->n_elem = n;
	return name;
}

/* ---- what rules counted ---- */

/* Numbers of rules of earlier loads come back as long as their states live:
 * there may be more elements than rules. */
enum { COUNT_SET_SIZE = 1 << 20 };

const char *
lw_count_set(struct lw *lw, enum nft_count what)
{
	static const char *const names[] = { NFT_COUNT_SETS };

	if (!find_set(lw, names[what]))
		new_set(lw, names[what], NFT_SET_EVAL, NFT_TYPE_IPV6, 16)
		    ->size = COUNT_SET_SIZE;
	return names[what];
}

/* ---- interfaces by number ---- */

/* Every interface but the loopbacks; those that rules name may be missing
 * now and come later. */
static size_t
if_names(const struct lw *lw, const char ***ret)
{
	struct {
		const char **v;
		size_t n, cap;
	} names = { 0 };

	for (size_t i = 0; i < lw->env->ifs.n; i++)
		if (!(lw->env->ifs.v[i].flags & PF_IF_LOOPBACK))
			*array_add(&names) = lw->env->ifs.v[i].name;
	*ret = names.v;
	return names.n;
}

const char *
lw_if_map(struct lw *lw)
{
	static const char name[] = "ifnum";
	_cleanup_free_ const char **names = NULL;
	struct nft_elem *e;
	struct nft_set *set;
	size_t n;

	if (find_set(lw, name))
		return name;
	n = if_names(lw, &names);
	e = arena_array(lw->arena, struct nft_elem, n);
	for (size_t i = 0; i < n; i++) {
		uint32_t number = nft_if_number(names[i]) * 0x10001u;

		strncpy((char *)e[i].key, names[i], 15);
		memcpy(e[i].data, &number, sizeof(number));
	}
	set = new_set(lw, name, NFT_SET_MAP, NFT_TYPE_IFNAME, 16);
	set->data_type = NFT_TYPE_MARK;
	set->data_len = 4;
	set->elem = e;
	set->n_elem = n;
	return name;
}

const char *
lw_if_set(struct lw *lw)
{
	static const char name[] = "bound";
	_cleanup_free_ const char **names = NULL;
	struct nft_elem *e;
	struct nft_set *set;
	size_t n;

	if (find_set(lw, name))
		return name;
	n = if_names(lw, &names);
	e = arena_array(lw->arena, struct nft_elem, 2 * n);
	for (size_t i = 0; i < 2 * n; i++) {
		uint32_t number = nft_if_number(names[i / 2]);

		number <<= i % 2 ? 16 : 0;
		strncpy((char *)e[i].key, names[i / 2], 15);
		memcpy(e[i].key + 16, &number, sizeof(number));
	}
	/* Types in a concatenation take six bits each. */
	set = new_set(lw, name, 0, NFT_TYPE_IFNAME << 6 | NFT_TYPE_MARK, 20);
	set->elem = e;
	set->n_elem = 2 * n;
	return name;
}

/* ---- maps ---- */

const char *
lw_port_map(struct lw *lw, uint16_t low, uint16_t high, uint16_t new_low,
    uint16_t new_high)
{
	const char *name = arena_printf(
	    lw->arena, "ports_%u_%u_%u_%u", low, high, new_low, new_high);
	size_t n = (size_t)(high - low) + 1;
	unsigned int width = (unsigned)(new_high - new_low) + 1;
	struct nft_elem *e;
	struct nft_set *set;

	if (find_set(lw, name))
		return name;
	e = arena_array(lw->arena, struct nft_elem, n);
	for (size_t i = 0; i < n; i++) {
		uint16_t from = htons((uint16_t)(low + i));
		uint16_t to = htons((uint16_t)(new_low + i % width));

		memcpy(e[i].key, &from, sizeof(from));
		memcpy(e[i].data, &to, sizeof(to));
	}
	set = new_set(lw, name, NFT_SET_MAP, NFT_TYPE_PORT, 2);
	set->data_type = NFT_TYPE_PORT;
	set->data_len = 2;
	set->elem = e;
	set->n_elem = n;
	return name;
}

const char *
lw_addr_map(struct lw *lw, const union pf_ip *ip, size_t n, uint8_t af)
{
	/* Sets outlive a load: the name must tell their shape. */
	const char *name = arena_printf(
	    lw->arena, "pool%d_%zu", af == AF_INET ? 4 : 6, lw->out->sets.n);
	struct nft_elem *e = arena_array(lw->arena, struct nft_elem, n);
	uint8_t len = af == AF_INET ? 4 : 16;
	struct nft_set *set;

	for (size_t i = 0; i < n; i++) {
		uint32_t key = (uint32_t)i; /* numgen counts in host order */

		memcpy(e[i].key, &key, sizeof(key));
		memcpy(e[i].data, ip[i].b, len);
	}
	set = new_set(lw, name, NFT_SET_MAP, NFT_TYPE_MARK, 4);
	set->data_type = af == AF_INET ? NFT_TYPE_IPV4 : NFT_TYPE_IPV6;
	set->data_len = len;
	set->elem = e;
	set->n_elem = n;
	return name;
}
