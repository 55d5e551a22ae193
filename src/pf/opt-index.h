/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An index of rules by parts of what they match, for the optimiser: keys are
 * bytes, put together field by field. Private to pf.
 */
#ifndef PF_OPT_INDEX_H
#define PF_OPT_INDEX_H

#include "pf/pf.h"

struct opt_entry {
	struct opt_entry *chain;
	uint32_t hash;
	size_t len;
	uint32_t *v; /* places of the rules with this key, ascending */
	size_t n, cap;
	size_t next; /* for the user: v before it is done with */
	uint8_t key[];
};

struct opt_index {
	struct arena mem;
	struct opt_entry **slots;
	size_t n_slots; /* a power of two */
};

/* Room for about n keys. */
void opt_index_init(struct opt_index *x, size_t n);
void opt_index_clear(struct opt_index *x);
/* NULL if the key is not there. */
struct opt_entry *opt_index_get(
    const struct opt_index *x, const struct str *key);
void opt_index_add(struct opt_index *x, const struct str *key, uint32_t place);

/* Fields of a key; each ends where the next begins, whatever is in it. */
void opt_key_num(struct str *key, uint32_t n);
void opt_key_text(struct str *key, const char *s);
/* An address as it is, and one cut to `bits`. */
void opt_key_addr(struct str *key, const struct pf_addr *a);
void opt_key_prefix(struct str *key, const struct pf_addr *a, unsigned bits);
void opt_key_ports(struct str *key, const struct pf_ports *p);
/* What the passes never treat as more or less: ids, ICMP, tags .. */
void opt_key_rest(struct str *key, const struct pf_rule *r);

#endif
