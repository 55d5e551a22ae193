/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of big-endian numbers (addresses) as ranges: put ranges in and take
 * ranges out in the order of time, then read them sorted, disjoint and not
 * even touching.
 *
 *	struct ranges r = { .len = 4 };
 *	ranges_add(&r, from, to);
 *	ranges_merge(&r);
 *	for (size_t i = 0; i < r.n; i++) ... r.v[i].from .. r.v[i].to
 *	array_clear(&r);
 */
#ifndef BASE_RANGES_H
#define BASE_RANGES_H

#include "base/util.h"

#define RANGE_LEN_MAX 16

struct range {
	uint8_t from[RANGE_LEN_MAX], to[RANGE_LEN_MAX]; /* with both ends */
};

struct ranges {
	struct range *v;
	size_t n, cap;
	size_t len; /* bytes of a number, 1 to RANGE_LEN_MAX */
};

void ranges_add(struct ranges *r, const uint8_t *from, const uint8_t *to);
/* The range that shares the first `bits` bits with addr. */
struct range range_prefix(const uint8_t *addr, size_t len, unsigned int bits);
/* Sort and join. */
void ranges_merge(struct ranges *r);
/* The same, but ranges that only touch stay two. */
void ranges_merge_overlapping(struct ranges *r);
/* Take a range out; merges first. */
void ranges_remove(struct ranges *r, const uint8_t *from, const uint8_t *to);

/* The next number; false if there is none (all bits were set). */
bool range_next(uint8_t *addr, size_t len);

#endif
