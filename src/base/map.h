/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hash map from strings to pointers that keeps the order of insertion:
 * walking `v` from 0 to n-1 visits the entries as they were added.
 *
 * Keys are copied. Values are borrowed unless free_value is set, which is
 * then called for each value that is replaced, removed or cleared. The hash
 * is seeded at random, so that hostile keys cannot make it slow.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/util.h"

struct map_entry {
	char *key;
	void *value;
	uint32_t hash;
};

struct map {
	struct map_entry *v; /* in order of insertion */
	size_t n, cap;
	uint32_t *slots; /* index + 1 into v, 0: empty */
	size_t n_slots;	 /* a power of two, or 0 */
	uint32_t seed;
	void (*free_value)(void *);
};

void map_init(struct map *m, void (*free_value)(void *));
void map_clear(struct map *m);
/* NULL if there is none. */
void *map_get(const struct map *m, const char *key);
bool map_has(const struct map *m, const char *key);
/* Add, or replace the value and keep the place. */
void map_set(struct map *m, const char *key, void *value);
/* True if it was there. Costs a walk over all entries. */
bool map_remove(struct map *m, const char *key);
/* Sort the entries by key (strcmp). */
void map_sort(struct map *m);

#endif
