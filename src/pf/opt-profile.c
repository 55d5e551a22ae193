/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pass 4 of -o profile: quick rules of a block by the packets that they
 * counted while they ran.
 *
 * FreeBSD 12.1 compares the rules byte by byte, and in what the kernel gives
 * back the process that loaded a rule is one of the bytes: no rule is ever
 * found again, and profile does what basic does. This does what its manual
 * promises.
 */
#include "pf/optimize.h"

/* ---- which rule is which ---- */

static const struct pf_table *
automatic_table(const struct pf_ruleset *rs, const struct pf_addr *a)
{
	if (a->kind != PF_ADDR_TABLE || !str_starts(a->name, PF_OPT_TABLE))
		return NULL;
	for (const struct pf_table *t = rs->tables; t != NULL; t = t->next) {
		if (streq(t->name, a->name))
			return t;
	}
	return NULL;
}

/* The addresses in place of an automatic table's name; `s` holds them. */
static void
open_table(struct str *s, const struct pf_ruleset *rs, struct pf_addr *a)
{
	const struct pf_table *t = automatic_table(rs, a);

	for (size_t i = 0; t != NULL && i < t->n; i++) {
		str_addc(s, ' ');
		pf_print_addr(s, &t->addr[i], t->af[i], 0);
	}
	if (t != NULL)
		a->name = s->buf;
}

static void
rule_key(struct str *key, const struct pf_ruleset *rs,
    const struct pf_anchor *a, const struct pf_rule *r)
{
	_cleanup_(str_clear) struct str src = STR_INIT, dst = STR_INIT;
	struct pf_rule shown = *r;

	open_table(&src, rs, &shown.src.addr);
	open_table(&dst, rs, &shown.dst.addr);
	str_reset(key);
	str_printf(key, "%s\n", a->path);
	pf_print_rule(key, &shown, 0);
}

void
pf_profile_add(struct pf_profile *p, const struct pf_ruleset *rs,
    const struct pf_anchor *a, const struct pf_rule *r, uint64_t packets)
{
	_cleanup_(str_clear) struct str key = STR_INIT;
	uint64_t *n;

	rule_key(&key, rs, a, r);
	n = map_get(&p->packets, key.buf);
	if (n == NULL) {
		n = xcalloc(1, sizeof(*n));
		map_set(&p->packets, key.buf, n);
	}
	*n += packets;
}

void
pf_profile_add_order(struct pf_profile *p, const struct pf_ruleset *rs)
{
	for (const struct pf_anchor *a = rs->main; a != NULL; a = a->next) {
		const struct pf_rules *list = &a->list[PF_LIST_FILTER];

		for (size_t i = 0; i < list->n; i++)
			pf_profile_add(p, rs, a, list->v[i], list->n - i);
	}
}

void
pf_profile_clear(struct pf_profile *p)
{
	map_clear(&p->packets);
}

/* ---- ordering ---- */

struct counted {
	struct pf_rule *rule;
	uint64_t packets;
	size_t place;
};

static int
most_first(const void *a, const void *b)
{
	const struct counted *x = a, *y = b;

	if (x->packets != y->packets)
		return x->packets > y->packets ? -1 : 1;
	return x->place < y->place ? -1 : 1;
}

/* False: none of them counted a packet. */
static bool
count(const struct optimizer *o, const struct opt_rules *block,
    const struct pf_profile *p, struct counted *v)
{
	_cleanup_(str_clear) struct str key = STR_INIT;
	bool any = false;

	for (size_t i = 0; i < block->n; i++) {
		const uint64_t *n;

		rule_key(&key, o->rs, o->anchor, block->v[i]);
		n = map_get(&p->packets, key.buf);
		v[i] = (struct counted){
			.rule = block->v[i], .packets = n ? *n : 0, .place = i
		};
		any = any || v[i].packets > 0;
	}
	return any;
}

bool
pf_opt_by_packets(
    struct optimizer *o, const struct opt_rules *block, struct opt_rules *done)
{
	const struct pf_opts *opts = o->opts;
	const struct pf_profile *p =
	    opts->profile ? opts->profile(opts->profile_ctx) : NULL;
	_cleanup_free_ struct counted *v = xcalloc(block->n, sizeof(*v));

	if (p == NULL || !count(o, block, p, v))
		return false;
	qsort(v, block->n, sizeof(*v), most_first);
	for (size_t i = 0; i < block->n; i++)
		*array_add(done) = v[i].rule;
	return true;
}
