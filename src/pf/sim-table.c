/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of the simulator: the longest prefix decides, "!" turns it round. */
#include "pf/sim-internal.h"

bool
sim_prefix_match(
    const union pf_ip *net, unsigned bits, const union pf_ip *ip, uint8_t af)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	(void)af;
	if (memcmp(net->b, ip->b, bytes) != 0)
		return false;
	return rest == 0 ||
	    ((net->b[bytes] ^ ip->b[bytes]) & (0xff00 >> rest) & 0xff) == 0;
}

/* Order: family, longest prefix first, address. */
static int
entry_cmp(const struct sim_entry *a, const struct sim_entry *b)
{
	if (a->af != b->af)
		return a->af < b->af ? -1 : 1;
	if (a->bits != b->bits)
		return a->bits > b->bits ? -1 : 1;
	return memcmp(&a->ip, &b->ip, sizeof(a->ip));
}

/* First place whose entry is not before `e`. */
static size_t
lower_bound(const struct sim_table *t, const struct sim_entry *e)
{
	size_t lo = 0, hi = t->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (entry_cmp(&t->v[mid], e) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static union pf_ip
cut(const union pf_ip *ip, unsigned bits)
{
	union pf_ip r = *ip;

	for (unsigned i = 0; i < 16; i++) {
		if (bits >= 8) {
			bits -= 8;
			continue;
		}
		r.b[i] &= (uint8_t)(0xff00 >> bits);
		bits = 0;
	}
	return r;
}

bool
sim_table_match(const struct sim_table *t, uint8_t af, const union pf_ip *ip)
{
	struct sim_entry probe = { .af = af, .bits = 255 };
	size_t i = lower_bound(t, &probe);

	/* One search for each prefix length that occurs. */
	while (i < t->n && t->v[i].af == af) {
		probe.bits = t->v[i].bits;
		probe.ip = cut(ip, probe.bits);
		i = lower_bound(t, &probe);
		if (i < t->n && entry_cmp(&t->v[i], &probe) == 0)
			return !t->v[i].neg;
		if (probe.bits == 0)
			break;
		probe.bits--;
		memset(&probe.ip, 0, sizeof(probe.ip));
		i = lower_bound(t, &probe);
	}
	return false;
}

bool
sim_table_add(struct sim_table *t, const struct sim_entry *e)
{
	size_t at = lower_bound(t, e);

	t->active = true;
	if (at < t->n && entry_cmp(&t->v[at], e) == 0)
		return false;
	(void)array_add(t);
	memmove(&t->v[at + 1], &t->v[at], (t->n - 1 - at) * sizeof(*t->v));
	t->v[at] = *e;
	return true;
}

bool
sim_table_del(struct sim_table *t, const struct sim_entry *e)
{
	size_t at = lower_bound(t, e);

	if (at == t->n || entry_cmp(&t->v[at], e) != 0)
		return false;
	t->n--;
	memmove(&t->v[at], &t->v[at + 1], (t->n - at) * sizeof(*t->v));
	return true;
}

void
sim_table_free(void *table)
{
	struct sim_table *t = table;

	array_clear(t);
	free(t);
}

static uint64_t
entry_size(const struct sim_entry *e)
{
	unsigned host = (e->af == AF_INET ? 32u : 128u) - e->bits;

	return host >= 63 ? UINT64_MAX / 4 : (uint64_t)1 << host;
}

uint64_t
sim_table_size(const struct sim_table *t, uint8_t af)
{
	uint64_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].af == af && !t->v[i].neg)
			n += entry_size(&t->v[i]);
	return n;
}

static union pf_ip
ip_plus(const union pf_ip *ip, uint8_t af, uint64_t n)
{
	union pf_ip r = *ip;

	for (int i = af == AF_INET ? 3 : 15; i >= 0 && n > 0; i--) {
		n += r.b[i];
		r.b[i] = (uint8_t)n;
		n >>= 8;
	}
	return r;
}

/* Pools walk a table in the order of its addresses. */
static int
address_cmp(const void *a, const void *b)
{
	const struct sim_entry *x = *(const struct sim_entry *const *)a;
	const struct sim_entry *y = *(const struct sim_entry *const *)b;

	return memcmp(&x->ip, &y->ip, sizeof(x->ip));
}

bool
sim_table_nth(
    const struct sim_table *t, uint8_t af, uint64_t n, union pf_ip *ret)
{
	_cleanup_free_ const struct sim_entry **order =
	    xcalloc(t->n + 1, sizeof(const struct sim_entry *));
	size_t k = 0;

	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].af == af && !t->v[i].neg)
			order[k++] = &t->v[i];
	qsort(order, k, sizeof(const struct sim_entry *), address_cmp);
	for (size_t i = 0; i < k; i++) {
		uint64_t size = entry_size(order[i]);

		if (n < size) {
			*ret = ip_plus(&order[i]->ip, af, n);
			return true;
		}
		n -= size;
	}
	return false;
}
