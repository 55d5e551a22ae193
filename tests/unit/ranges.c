/* SPDX-License-Identifier: BSD-2-Clause */
/* Ranges of addresses: joined, cut, at the edges of the number space. */
#include "base/ranges.h"

#include "base/array.h"
#include "base/str.h"
#include "tap.h"

static void
prefix(struct ranges *r, uint8_t a, uint8_t b, uint8_t c, uint8_t d,
    unsigned int bits, bool out)
{
	const uint8_t addr[4] = { a, b, c, d };
	struct range x = range_prefix(addr, 4, bits);

	if (out)
		ranges_remove(r, x.from, x.to);
	else
		ranges_add(r, x.from, x.to);
}

static char *
show(const struct ranges *r)
{
	struct str s = STR_INIT;

	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < 8; k++)
			str_printf(&s, "%d%s",
			    k < 4 ? r->v[i].from[k] : r->v[i].to[k - 4],
			    k == 7	 ? " "
				: k == 3 ? "-"
					 : ".");
	return str_take(&s);
}

static void
want(struct ranges *r, const char *text, const char *what)
{
	_cleanup_free_ char *got = NULL;

	ranges_merge(r);
	got = show(r);
	is_str(got, text, "%s", what);
	array_clear(r);
}

/* Neighbours stay two, what overlaps becomes one. */
static void
test_overlapping(void)
{
	struct ranges r = { .len = 4 };
	const uint8_t a[] = { 10, 0, 0, 1 }, b[] = { 10, 0, 0, 2 },
		      c[] = { 10, 0, 0, 3 }, d[] = { 10, 0, 0, 5 };

	ranges_add(&r, b, b);
	ranges_add(&r, a, a);
	ranges_merge_overlapping(&r);
	is_int(r.n, 2, "addresses that touch stay apart");
	ranges_add(&r, b, d);
	ranges_add(&r, c, c);
	ranges_merge_overlapping(&r);
	is_int(r.n, 2, "one inside another goes into it");
	ok(memcmp(r.v[1].from, b, 4) == 0 && memcmp(r.v[1].to, d, 4) == 0,
	    "and the whole stays");
	array_clear(&r);
}

int
main(void)
{
	struct ranges r = { .len = 4 };

	test_overlapping();

	prefix(&r, 10, 0, 1, 0, 24, false);
	prefix(&r, 10, 0, 0, 7, 24, false);
	want(&r, "10.0.0.0-10.0.1.255 ", "neighbours are joined");

	prefix(&r, 10, 0, 0, 0, 8, false);
	prefix(&r, 10, 1, 2, 3, 32, true);
	want(&r, "10.0.0.0-10.1.2.2 10.1.2.4-10.255.255.255 ",
	    "a hole in the middle");

	prefix(&r, 0, 0, 0, 0, 0, false);
	prefix(&r, 0, 0, 0, 0, 1, true);
	want(&r, "128.0.0.0-255.255.255.255 ", "half of everything");

	prefix(&r, 255, 255, 255, 255, 32, false);
	prefix(&r, 0, 0, 0, 0, 32, false);
	want(&r, "0.0.0.0-0.0.0.0 255.255.255.255-255.255.255.255 ",
	    "the ends do not touch around the corner");

	prefix(&r, 10, 0, 0, 0, 24, false);
	prefix(&r, 10, 0, 0, 0, 8, true);
	want(&r, "", "taken out by a larger one");

	prefix(&r, 10, 0, 0, 0, 8, false);
	prefix(&r, 10, 9, 0, 0, 16, false);
	prefix(&r, 11, 0, 0, 0, 8, false);
	want(&r, "10.0.0.0-11.255.255.255 ", "contained ones vanish");
	return done_testing();
}
