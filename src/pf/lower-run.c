/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs: rules that follow one another and begin with the same tests (the
 * interface, the protocol, the family). The tests are made once, in a rule
 * that jumps to a chain with the rest of them: less to load, and packets that
 * fail step over the whole run, as pf's own skip steps let them.
 */
#include "pf/lower-private.h"

/* What a run must save, in expressions, to be worth a chain of its own. */
enum { CHAIN_COST = 8 };

/* Expressions of each test: load and compare. */
enum { TEST_COST = 2 };

static bool
same_name(const char *a, const char *b)
{
	return a == b || (a && b && streq(a, b));
}

static bool
same_interface(const struct lw_match *a, const struct lw_match *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!same_name(a->rule[i]->ifname, b->rule[i]->ifname) ||
		    a->rule[i]->if_not != b->rule[i]->if_not)
			return false;
	return true;
}

static size_t
interface_tests(const struct lw *lw, const struct lw_match *m, int class)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += lw_tests_interface(lw, m->rule[i], class);
	return n;
}

/* Does the match begin with these tests, too? */
static bool
has_head(const struct lw_head *h, const struct lw_match *m)
{
	struct lw_variant v = { 0 };

	if (h->on && !same_interface(h->on, m))
		return false;
	return lw_agree(m, &v) && (!h->proto || h->proto == v.proto) &&
	    (!h->af || h->af == v.af);
}

/* Expressions that this head saves over its run; the run's length. */
static size_t
saving(const struct lw *lw, const struct lw_head *h,
    const struct lw_match *const *m, size_t n, int class, size_t *len)
{
	size_t tests = (h->on ? interface_tests(lw, m[0], class) : 0) +
	    (h->proto != 0) + (h->af != 0);
	size_t before, after;

	*len = 1;
	if (!tests)
		return 0;
	while (*len < n && has_head(h, m[*len]))
		(*len)++;
	before = *len * tests * TEST_COST;
	after = tests * TEST_COST + 1 + CHAIN_COST;
	return before > after ? before - after : 0;
}

size_t
lw_run(const struct lw *lw, const struct lw_match *const *m, size_t n,
    int class, const struct lw_head *known, struct lw_head *head)
{
	struct lw_variant first = { 0 };
	size_t best = 0, best_len = 1;

	if (!lw_agree(m[0], &first))
		return 1;
	for (unsigned int tests = 1; tests < 8; tests++) {
		const struct lw_head h = {
			.on = tests & 1 && !known->on ? m[0] : NULL,
			.proto = tests & 2 && !known->proto ? first.proto : 0,
			.af = tests & 4 && !known->af ? first.af : 0,
		};
		size_t len;
		size_t saved = saving(lw, &h, m, n, class, &len);

		if (saved > best) {
			best = saved;
			best_len = len;
			*head = h;
		}
	}
	return best_len;
}
