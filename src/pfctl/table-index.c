/* SPDX-License-Identifier: BSD-2-Clause */
/* The addresses of a table in order, so that one is found among many. */
#include "pfctl/pfctl.h"

#include <stdlib.h>

/* 0: the same address, with or without "!". */
static int
addr_cmp(const struct pf_table *a, size_t i, const struct pf_table *b, size_t k)
{
	const struct pf_addr *x = &a->addr[i], *y = &b->addr[k];
	int c = a->af[i] - b->af[k];

	if (c == 0)
		c = (int)x->kind - (int)y->kind;
	if (c == 0)
		c = (int)x->bits - (int)y->bits;
	return c != 0 ? c : memcmp(&x->ip, &y->ip, sizeof(x->ip));
}

/* Equal ones by their place in the table. */
static int
place_cmp(const void *a, const void *b, void *table)
{
	size_t i = *(const size_t *)a, k = *(const size_t *)b;
	int c = addr_cmp(table, i, table, k);

	return c != 0 ? c : (i > k) - (i < k);
}

void
table_index_make(struct table_index *ret, struct pf_table *t)
{
	*ret = (struct table_index){
		.table = t,
		.place = xcalloc(t->n + 1, sizeof(*ret->place)),
		.n = t->n,
	};
	for (size_t i = 0; i < t->n; i++)
		ret->place[i] = i;
	qsort_r(ret->place, ret->n, sizeof(*ret->place), place_cmp, t);
}

void
table_index_clear(struct table_index *x)
{
	free(x->place);
	*x = (struct table_index){ 0 };
}

ssize_t
table_index_find(
    const struct table_index *x, const struct pf_table *from, size_t i)
{
	size_t low = 0, high = x->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (addr_cmp(x->table, x->place[mid], from, i) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == x->n || addr_cmp(x->table, x->place[low], from, i) != 0)
		return -1;
	return (ssize_t)x->place[low];
}
