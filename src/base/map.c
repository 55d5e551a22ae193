/* SPDX-License-Identifier: BSD-2-Clause */
/* The ordered hash map: open addressing over an array in insertion order. */
#include "base/map.h"

#include <sys/random.h>

#include "base/array.h"

void
map_init(struct map *m, void (*free_value)(void *))
{
	*m = (struct map){ .free_value = free_value };
	if (getrandom(&m->seed, sizeof(m->seed), GRND_NONBLOCK) < 0)
		m->seed = (uint32_t)(uintptr_t)m;
}

static uint32_t
map_hash(const struct map *m, const char *key)
{
	uint32_t h = m->seed ^ 2166136261u;

	for (; *key != '\0'; key++) {
		h = (h ^ (unsigned char)*key) * 16777619u;
		h ^= h >> 15;
	}
	return h;
}

/* The slot that holds the key, or the empty one where it belongs. */
static size_t
map_slot(const struct map *m, const char *key, uint32_t hash)
{
	size_t i = hash & (m->n_slots - 1);

	while (m->slots[i] != 0) {
		const struct map_entry *e = &m->v[m->slots[i] - 1];

		if (e->hash == hash && streq(e->key, key))
			break;
		i = (i + 1) & (m->n_slots - 1);
	}
	return i;
}

static void
map_rebuild(struct map *m, size_t n_slots)
{
	free(m->slots);
	m->slots = xcalloc(n_slots, sizeof(*m->slots));
	m->n_slots = n_slots;
	for (size_t i = 0; i < m->n; i++) {
		size_t s = map_slot(m, m->v[i].key, m->v[i].hash);

		m->slots[s] = (uint32_t)i + 1;
	}
}

static struct map_entry *
map_find(const struct map *m, const char *key)
{
	size_t s;

	if (m->n == 0)
		return NULL;
	s = map_slot(m, key, map_hash(m, key));
	return m->slots[s] ? &m->v[m->slots[s] - 1] : NULL;
}

void *
map_get(const struct map *m, const char *key)
{
	struct map_entry *e = map_find(m, key);

	return e ? e->value : NULL;
}

bool
map_has(const struct map *m, const char *key)
{
	return map_find(m, key) != NULL;
}

static void
map_drop_value(const struct map *m, struct map_entry *e)
{
	if (m->free_value != NULL && e->value != NULL)
		m->free_value(e->value);
}

void
map_set(struct map *m, const char *key, void *value)
{
	struct map_entry *e = map_find(m, key);

	if (e != NULL) {
		map_drop_value(m, e);
		e->value = value;
		return;
	}
	if ((m->n + 1) * 2 > m->n_slots)
		map_rebuild(m, m->n_slots ? m->n_slots * 2 : 16);
	e = array_add(m);
	e->key = xstrdup(key);
	e->value = value;
	e->hash = map_hash(m, key);
	m->slots[map_slot(m, key, e->hash)] = (uint32_t)m->n;
}

bool
map_remove(struct map *m, const char *key)
{
	struct map_entry *e = map_find(m, key);

	if (e == NULL)
		return false;
	map_drop_value(m, e);
	free(e->key);
	m->n--;
	memmove(e, e + 1, (size_t)(&m->v[m->n] - e) * sizeof(*e));
	map_rebuild(m, m->n_slots);
	return true;
}

static int
entry_cmp(const void *a, const void *b)
{
	return strcmp(((const struct map_entry *)a)->key,
	    ((const struct map_entry *)b)->key);
}

void
map_sort(struct map *m)
{
	if (m->n == 0)
		return;
	qsort(m->v, m->n, sizeof(*m->v), entry_cmp);
	map_rebuild(m, m->n_slots);
}

void
map_clear(struct map *m)
{
	for (size_t i = 0; i < m->n; i++) {
		map_drop_value(m, &m->v[i]);
		free(m->v[i].key);
	}
	free(m->v);
	free(m->slots);
	*m = (struct map){ .free_value = m->free_value, .seed = m->seed };
}
