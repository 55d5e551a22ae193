/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A table's change, whole or not at all for whoever looks: what is kept as the
 * loaded rules and the kernel's sets are two places. The rules as they will be
 * are written down before the first of them is touched, and the next pfctl ends
 * what a killed one began.
 *
 * The file "change": the number of the load that it is of, a space, the
 * table's name; its anchor; the rules in their normal form.
 */
#include <errno.h>
#include <inttypes.h>

#include "pfctl/pfctl.h"

#define CHANGE "change"

static int
replace_sets(const struct pf_table *t, struct err *err)
{
	_cleanup_(arena_clear) struct arena arena = { 0 };
	static const uint8_t afs[] = { AF_INET, AF_INET6 };
	struct nft_set sets[2 * ARRAY_SIZE(afs)];
	char filled[ARRAY_SIZE(afs)][OVERLOAD_SET_LEN];

	/* What packets put in is among the addresses now. */
	for (size_t i = 0; i < ARRAY_SIZE(afs); i++) {
		pf_lower_table(t, afs[i], &arena, &sets[i]);
		overload_set_name(filled[i], t->name, afs[i]);
		sets[ARRAY_SIZE(afs) + i] =
		    (struct nft_set){ .name = filled[i] };
	}
	return nft_sets_replace(sets, ARRAY_SIZE(sets), err);
}

static int
end(struct store *s, uint64_t load_id, const struct str *rules, struct err *err)
{
	int r = store_put(s, load_id, "rules", rules, err);

	return r < 0 ? r : store_remove_common(s, CHANGE, err);
}

int
change_table(struct store *s, const struct current *c, const struct pf_table *t,
    struct err *err)
{
	_cleanup_(str_clear) struct str rules = STR_INIT, text = STR_INIT;
	uint64_t load_id = c->status.stamp.load_id;
	int r;

	current_print(&rules, c->rules);
	str_printf(&text, "%016" PRIx64 " %s\n%s\n", load_id, t->name,
	    table_anchor(t));
	str_addmem(&text, rules.buf, rules.len);
	r = store_put_common(s, CHANGE, &text, err);
	if (r < 0)
		return r;
	r = replace_sets(t, err);
	if (r < 0) {
		(void)store_remove_common(s, CHANGE, NULL);
		return r;
	}
	return end(s, load_id, &rules, err);
}

/* ---- what a killed pfctl left ---- */

struct change {
	uint64_t load_id;
	char name[PF_TABLE_MAX + 1];
	const char *anchor, *rules;
};

/* Cuts the text where its lines end. */
static bool
change_parse(char *text, struct change *ret)
{
	char *anchor = strchr(text, '\n');
	char *rules = anchor ? strchr(anchor + 1, '\n') : NULL;

	if (!rules ||
	    sscanf(text, "%" SCNx64 " %31s", &ret->load_id, ret->name) != 2)
		return false;
	*rules = '\0';
	ret->anchor = anchor + 1;
	ret->rules = rules + 1;
	return true;
}

static int
redo(struct store *s, const struct world *w, const struct change *c,
    struct err *err)
{
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *rs = NULL;
	_cleanup_(str_clear) struct str rules = STR_INIT;
	const struct pf_table *t;
	int r = parse_text("change", c->rules, w->env, &rs, err);

	if (r < 0)
		return r;
	t = table_find(rs, c->anchor, c->name);
	if (t)
		r = replace_sets(t, err);
	if (r < 0)
		return r;
	str_add(&rules, c->rules);
	return end(s, c->load_id, &rules, err);
}

/* Other rules were loaded since, or another program changed these: then there
 * is nothing to end. */
static int
finish(struct pfctl *p _unused_, struct store *s, const struct world *w,
    struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	struct nft_status st = { 0 };
	struct change c;
	int r = store_get_common(s, CHANGE, &text, err);

	if (r == -ENOENT)
		return 0; /* another was quicker */
	if (r == 0)
		r = nft_status_read(&st, err);
	if (r < 0)
		return r;
	if (!change_parse(text.buf, &c) || !st.present ||
	    nft_status_drifted(&st) || st.stamp.load_id != c.load_id)
		return store_remove_common(s, CHANGE, err);
	return redo(s, w, &c, err);
}

bool
change_is_left(struct store *s)
{
	return store_has(s, CHANGE);
}

int
change_settle(struct pfctl *p)
{
	_cleanup_(store_close) struct store s = STORE_INIT;
	bool left = store_open_read(&s, NULL) == 0 && change_is_left(&s);

	store_close(&s);
	return left ? with_store(p, finish) : 0;
}
