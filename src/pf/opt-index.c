/* SPDX-License-Identifier: BSD-2-Clause */
/* The optimiser's index: chained hashing over keys of bytes. */
#include "pf/opt-index.h"

static uint32_t
hash_of(const struct str *key)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < key->len; i++)
		h = (h ^ (uint8_t)key->buf[i]) * 16777619u;
	return h;
}

void
opt_index_init(struct opt_index *x, size_t n)
{
	*x = (struct opt_index){ .n_slots = 16 };
	while (x->n_slots < n)
		x->n_slots *= 2;
	x->slots = arena_array(&x->mem, struct opt_entry *, x->n_slots);
}

void
opt_index_clear(struct opt_index *x)
{
	for (size_t i = 0; i < x->n_slots; i++) {
		for (struct opt_entry *e = x->slots[i]; e; e = e->chain)
			free(e->v);
	}
	arena_clear(&x->mem);
}

static struct opt_entry *
find(const struct opt_index *x, const struct str *key, uint32_t hash)
{
	struct opt_entry *e = x->slots[hash & (x->n_slots - 1)];

	for (; e != NULL; e = e->chain) {
		if (e->hash == hash && e->len == key->len &&
		    memcmp(e->key, key->buf, key->len) == 0)
			return e;
	}
	return NULL;
}

struct opt_entry *
opt_index_get(const struct opt_index *x, const struct str *key)
{
	return find(x, key, hash_of(key));
}

void
opt_index_add(struct opt_index *x, const struct str *key, uint32_t place)
{
	uint32_t hash = hash_of(key);
	struct opt_entry *e = find(x, key, hash);
	struct opt_entry **slot = &x->slots[hash & (x->n_slots - 1)];

	if (e == NULL) {
		e = arena_alloc(&x->mem, sizeof(*e) + key->len);
		e->hash = hash;
		e->len = key->len;
		memcpy(e->key, key->buf, key->len);
		e->chain = *slot;
		*slot = e;
	}
	*array_add(e) = place;
}

/* ---- fields ---- */

void
opt_key_num(struct str *key, uint32_t n)
{
	str_addmem(key, &n, sizeof(n));
}

void
opt_key_text(struct str *key, const char *s)
{
	uint32_t len = s != NULL ? (uint32_t)strlen(s) : UINT32_MAX;

	opt_key_num(key, len);
	if (s != NULL)
		str_addmem(key, s, len);
}

void
opt_key_addr(struct str *key, const struct pf_addr *a)
{
	opt_key_num(key,
	    a->kind | (uint32_t)a->neg << 8 | (uint32_t)a->bits << 16 |
		(uint32_t)a->mods << 24);
	switch ((enum pf_addr_kind)a->kind) {
	case PF_ADDR_IP:
		str_addmem(key, &a->ip, sizeof(a->ip));
		return;
	case PF_ADDR_RANGE:
		str_addmem(key, &a->ip, sizeof(a->ip));
		str_addmem(key, &a->last, sizeof(a->last));
		return;
	case PF_ADDR_TABLE:
	case PF_ADDR_DYN:
		opt_key_text(key, a->name);
		return;
	default:
		return;
	}
}

void
opt_key_prefix(struct str *key, const struct pf_addr *a, unsigned bits)
{
	union pf_ip ip = a->ip;

	for (unsigned i = 0; i < sizeof(ip.b); i++) {
		unsigned keep = bits > i * 8 ? MIN(bits - i * 8, 8u) : 0;

		ip.b[i] &= (uint8_t)(0xff00 >> keep);
	}
	str_addmem(key, &ip, sizeof(ip));
}

void
opt_key_ports(struct str *key, const struct pf_ports *p)
{
	opt_key_num(key, p->op);
	opt_key_num(key, (uint32_t)p->a << 16 | p->b);
}

static void
key_ids(struct str *key, const struct pf_ids *ids)
{
	opt_key_num(key, ids->op);
	opt_key_num(key, ids->a);
	opt_key_num(key, ids->b);
}

void
opt_key_rest(struct str *key, const struct pf_rule *r)
{
	static const struct pf_state none;
	const struct pf_state *st = r->state ? r->state : &none;

	opt_key_num(key,
	    r->if_not | (uint32_t)r->tagged_not << 1 |
		(uint32_t)r->return_odd << 2 | (uint32_t)r->tos << 8 |
		(uint32_t)r->code4 << 16 | (uint32_t)r->code6 << 24);
	opt_key_num(key,
	    (uint32_t)(uint16_t)r->icmp_type << 16 | (uint16_t)r->icmp_code);
	key_ids(key, &r->user);
	key_ids(key, &r->group);
	opt_key_text(key, r->os);
	opt_key_text(key, r->tagged);
	str_addmem(key, st->timeout, sizeof(st->timeout));
}
