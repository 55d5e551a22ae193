/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of big-endian numbers as ranges. */
#include "base/ranges.h"

#include "base/array.h"

void
ranges_add(struct ranges *r, const uint8_t *from, const uint8_t *to)
{
	struct range *new = array_add(r);

	memcpy(new->from, from, r->len);
	memcpy(new->to, to, r->len);
}

struct range
range_prefix(const uint8_t *addr, size_t len, unsigned int bits)
{
	struct range r = { 0 };

	for (size_t i = 0; i < len; i++) {
		unsigned int left = bits > i * 8 ? bits - (unsigned)i * 8 : 0;
		uint8_t mask = left >= 8 ? 0xff : (uint8_t)(0xff00 >> left);

		r.from[i] = addr[i] & mask;
		r.to[i] = addr[i] | (uint8_t)~mask;
	}
	return r;
}

bool
range_next(uint8_t *addr, size_t len)
{
	for (size_t i = len; i-- > 0;)
		if (++addr[i])
			return true;
	return false;
}

static bool
range_prev(uint8_t *addr, size_t len)
{
	for (size_t i = len; i-- > 0;)
		if (addr[i]--)
			return true;
	return false;
}

static int
by_from(const void *a, const void *b)
{
	return memcmp(((const struct range *)a)->from,
	    ((const struct range *)b)->from, RANGE_LEN_MAX);
}

/* Does `b`, which begins no earlier, begin within `a` or right behind it? */
static bool
touches(const struct range *a, const struct range *b, size_t len)
{
	uint8_t next[RANGE_LEN_MAX];

	memcpy(next, a->to, len);
	return !range_next(next, len) || memcmp(b->from, next, len) <= 0;
}

static bool
overlaps(const struct range *a, const struct range *b, size_t len)
{
	return memcmp(b->from, a->to, len) <= 0;
}

static void
merge(struct ranges *r,
    bool (*joins)(const struct range *, const struct range *, size_t))
{
	size_t n = 0;

	if (r->n < 2)
		return;
	qsort(r->v, r->n, sizeof(*r->v), by_from);
	for (size_t i = 1; i < r->n; i++) {
		if (!joins(&r->v[n], &r->v[i], r->len))
			r->v[++n] = r->v[i];
		else if (memcmp(r->v[i].to, r->v[n].to, r->len) > 0)
			memcpy(r->v[n].to, r->v[i].to, r->len);
	}
	r->n = n + 1;
}

void
ranges_merge(struct ranges *r)
{
	merge(r, touches);
}

void
ranges_merge_overlapping(struct ranges *r)
{
	merge(r, overlaps);
}

void
ranges_remove(struct ranges *r, const uint8_t *from, const uint8_t *to)
{
	struct ranges left = { .len = r->len };
	uint8_t edge[RANGE_LEN_MAX];

	ranges_merge(r);
	for (size_t i = 0; i < r->n; i++) {
		const struct range *old = &r->v[i];

		if (memcmp(old->to, from, r->len) < 0 ||
		    memcmp(old->from, to, r->len) > 0) {
			ranges_add(&left, old->from, old->to);
			continue;
		}
		memcpy(edge, from, r->len);
		if (memcmp(old->from, from, r->len) < 0 &&
		    range_prev(edge, r->len))
			ranges_add(&left, old->from, edge);
		memcpy(edge, to, r->len);
		if (memcmp(old->to, to, r->len) > 0 && range_next(edge, r->len))
			ranges_add(&left, edge, old->to);
	}
	free(r->v);
	*r = left;
}
