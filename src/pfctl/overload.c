/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What packets did to the loaded rules: sources that went over a limit stand
 * in sets of the kernel (nft/rule.h). Here they become addresses of their
 * tables, and the states of flushed sources are deleted.
 */
#include "base/array.h"
#include "pfctl/pfctl.h"

#include <errno.h>

static bool
names(const struct pf_rule *r, const struct pf_table *t)
{
	return r->state && r->state->overload &&
	    streq(r->state->overload, t->name);
}

static bool
any_rule(const struct pf_ruleset *rs,
    bool (*is)(const struct pf_rule *r, const struct pf_table *t),
    const struct pf_table *t)
{
	for (struct pf_anchor *a = rs->main; a; a = a->next) {
		const struct pf_rules *list = &a->list[PF_LIST_FILTER];

		for (size_t i = 0; i < list->n; i++)
			if (is(list->v[i], t))
				return true;
	}
	return false;
}

static bool
flushes(const struct pf_rule *r, const struct pf_table *t _unused_)
{
	return r->state && r->state->flush;
}

static void
add(const struct pf_ruleset *rs, struct pf_table *t,
    const struct table_index *before, const uint8_t *ip, uint8_t af,
    int64_t since)
{
	size_t len = af == AF_INET ? 4 : 16;
	struct pf_addr a = { .kind = PF_ADDR_IP, .bits = (uint8_t)(len * 8) };
	const struct pf_table one = { .addr = &a, .af = &af, .n = 1 };

	memcpy(a.ip.b, ip, len);
	/* The kernel's set has room of its own: pf would have had none. */
	if (table_index_find(before, &one, 0) < 0 && tables_room(rs) > 0)
		table_append(t, &a, af, since);
}

void
overload_set_name(char buf[OVERLOAD_SET_LEN], const char *table, uint8_t af)
{
	snprintf(
	    buf, OVERLOAD_SET_LEN, "over%d_%s", af == AF_INET ? 4 : 6, table);
}

static int
read_into(const struct pf_ruleset *rs, struct pf_table *t, struct err *err)
{
	_cleanup_(table_index_clear) struct table_index before = { 0 };
	static const uint8_t afs[] = { AF_INET, AF_INET6 };
	int r = 0;

	table_index_make(&before, t);
	for (size_t i = 0; i < ARRAY_SIZE(afs) && r == 0; i++) {
		struct nft_elems e = { 0 };
		char name[OVERLOAD_SET_LEN];

		overload_set_name(name, t->name, afs[i]);
		r = nft_set_elems(name, &e, err);
		for (size_t k = 0; r == 0 && k < e.n; k++)
			add(rs, t, &before, e.v[k].key, afs[i],
			    since_now() + e.v[k].left - NFT_OVERLOAD_SECONDS);
		array_clear(&e);
	}
	return r;
}

int
overload_read(struct pf_ruleset *rs, struct err *err)
{
	int r = 0;

	for (struct pf_table *t = rs->tables; t && r == 0; t = t->next)
		if (any_rule(rs, names, t))
			r = read_into(rs, t, err);
	return r;
}

/* ---- flushed sources ---- */

struct flushed {
	struct nft_elems all, rule;
};

static bool
holds(const struct nft_elems *e, const uint8_t *key, size_t len)
{
	for (size_t i = 0; i < e->n; i++)
		if (memcmp(e->v[i].key, key, len) == 0)
			return true;
	return false;
}

static bool
is_flushed(const struct nft_state *s, void *arg)
{
	static const uint32_t bits[] = { NFT_L_FWD, NFT_L_REV };
	const struct flushed *f = arg;
	uint8_t key[20];

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		if (s->label[2] & NFT_L_DEAD(bits[i]))
			return true;
		if (!(s->label[2] & bits[i]) ||
		    (s->label[2] & NFT_L_LATER(bits[i])))
			continue;
		memcpy(key, &s->label[i], 4);
		nft_state_source(s, bits[i], key + 4);
		if (holds(&f->all, key + 4, 16) || holds(&f->rule, key, 20))
			return true;
	}
	return false;
}

static int
settle(struct flushed *f, struct err *err)
{
	const struct nft_set empty[] = {
		{ .name = NFT_S_FLUSHED },
		{ .name = NFT_S_FLUSHED_RULE },
	};
	int r = nft_set_elems(NFT_S_FLUSHED, &f->all, err);

	if (r == 0)
		r = nft_set_elems(NFT_S_FLUSHED_RULE, &f->rule, err);
	if (r < 0 || f->all.n + f->rule.n == 0)
		return r;
	r = nft_state_kill(is_flushed, f, err);
	return r < 0 ? r : nft_sets_replace(empty, ARRAY_SIZE(empty), err);
}

int
overload_settle(const struct pf_ruleset *rs, struct err *err)
{
	struct flushed f = { 0 };
	int r;

	if (!any_rule(rs, flushes, NULL))
		return 0;
	r = settle(&f, err);
	array_clear(&f.all);
	array_clear(&f.rule);
	return r;
}
