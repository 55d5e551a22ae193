/* SPDX-License-Identifier: BSD-2-Clause */
/* The numbers of rules on states, turned into those that pfctl prints; and
 * those of tags. */
#include "pfctl/states.h"

#include <stdlib.h>

/* ---- writing ---- */

struct place {
	const struct pf_rule *rule;
	const char *path;
	size_t nr;
};
struct places {
	struct place *v;
	size_t n, cap;
};

static int
by_rule(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static void
find_places(const struct pf_ruleset *rs, struct places *ret)
{
	for (struct pf_anchor *a = rs->main; a; a = a->next)
		for (int list = 0; list < PF_LIST_COUNT; list++)
			for (size_t i = 0; i < a->list[list].n; i++)
				*array_add(ret) =
				    (struct place){ a->list[list].v[i], a->path,
					    i };
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_rule);
}

static const struct place *
place_of(const struct places *all, const struct pf_rule *r)
{
	const struct place key = { .rule = r };

	if (!r || !all->n)
		return NULL;
	return bsearch(&key, all->v, all->n, sizeof(key), by_rule);
}

void
ids_print(struct str *s, const struct pf_ruleset *rs,
    const struct pf_lowered *l, uint32_t first)
{
	struct places all = { 0 };

	find_places(rs, &all);
	str_printf(s, "%u\n", first);
	for (size_t i = 0; i < l->ids.n; i++) {
		const struct pf_rule *r = l->ids.v[i].rule;
		const struct place *at = place_of(&all, r);
		const struct place *top = place_of(&all, l->ids.v[i].top);

		if (!at)
			BUG("a rule that is in no list");
		str_printf(s, "%d %zu %d /%s\n",
		    (int)pf_list_of((enum pf_action)r->action), at->nr,
		    top ? (int)top->nr : -1, at->path);
	}
	array_clear(&all);
}

/* ---- reading ---- */

void
rule_ids_read(struct rule_ids *ids, struct store *s)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	struct nft_status status;
	const char *at;
	int list, nr, top, len;

	if (nft_status_read(&status, NULL) < 0 || !status.stamped ||
	    store_get(s, status.stamp.load_id, "ids", &text, NULL) < 0)
		return;
	at = text.buf;
	if (sscanf(at, "%u\n%n", &ids->first, &len) != 1)
		return;
	at += len;
	while (sscanf(at, "%d %d %d /%n", &list, &nr, &top, &len) == 3) {
		size_t path = strcspn(at + len, "\n");

		(void)array_add(ids);
		ids->v[ids->n - 1].list = list;
		ids->v[ids->n - 1].nr = nr;
		ids->v[ids->n - 1].top = top;
		ids->v[ids->n - 1].path = xstrndup(at + len, path);
		at += (size_t)len + path;
		at += *at == '\n';
	}
}

void
rule_ids_clear(struct rule_ids *ids)
{
	for (size_t i = 0; i < ids->n; i++)
		free(ids->v[i].path);
	array_clear(ids);
}

const struct pf_rule *
rule_of(const struct rule_ids *ids, const struct pf_ruleset *rules, uint32_t id)
{
	size_t i = id - ids->first;
	const struct pf_anchor *a;

	if (id < ids->first || i >= ids->n)
		return NULL;
	a = pf_anchor_find(rules, ids->v[i].path);
	if (!a || (size_t)ids->v[i].nr >= a->list[ids->v[i].list].n)
		BUG("a number of a rule that is not loaded");
	return a->list[ids->v[i].list].v[ids->v[i].nr];
}

int
rule_number(const struct rule_ids *ids, uint32_t id)
{
	size_t i = id - ids->first;

	if (id < ids->first || i >= ids->n || ids->v[i].list != PF_LIST_FILTER)
		return -1;
	return ids->v[i].nr;
}

/* ---- tags ---- */

int
tags_write(
    const struct strv *tags, struct store *s, uint64_t load_id, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;

	for (size_t i = 0; i < tags->n; i++)
		str_printf(&text, "%s\n", tags->v[i]);
	return store_put(s, load_id, "tags", &text, err);
}

void
tags_read(struct strv *ret, struct store *s, uint64_t load_id)
{
	_cleanup_(str_clear) struct str text = STR_INIT;

	if (store_get(s, load_id, "tags", &text, NULL) == 0)
		strv_split(ret, text.buf, "\n");
}
