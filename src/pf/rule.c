/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making rules: anchors to hold them, defaults, lengths, families and pools.
 */
#include <stdio.h>

#include "pf/parse.h"

enum pf_list
pf_list_of(enum pf_action action)
{
	switch (action) {
	case PF_SCRUB:
	case PF_NO_SCRUB:
		return PF_LIST_SCRUB;
	case PF_NAT:
	case PF_NO_NAT:
		return PF_LIST_NAT;
	case PF_RDR:
	case PF_NO_RDR:
		return PF_LIST_RDR;
	case PF_BINAT:
	case PF_NO_BINAT:
		return PF_LIST_BINAT;
	case PF_PASS:
	case PF_BLOCK:
		return PF_LIST_FILTER;
	}
	BUG("action %d", (int)action);
}

struct pf_anchor *
pf_anchor_new(struct pf_ruleset *rs, const char *path, const char *name)
{
	struct pf_anchor *a = arena_new(&rs->arena, struct pf_anchor);

	a->path = arena_strdup(&rs->arena, path);
	a->name = arena_strdup(&rs->arena, name);
	if (rs->main == NULL)
		rs->main = a;
	else
		rs->last->next = a;
	rs->last = a;
	return a;
}

struct pf_anchor *
pf_anchor_find(const struct pf_ruleset *rs, const char *path)
{
	for (struct pf_anchor *a = rs->main; a != NULL; a = a->next) {
		if (streq(a->path, path))
			return a;
	}
	return NULL;
}

bool
pf_anchor_target(const char *from, const struct pf_rule *r, struct str *path)
{
	const char *name = r->anchor_name;
	size_t len;

	str_reset(path);
	if (r->anchor != NULL) {
		str_add(path, r->anchor->path);
		return false;
	}
	if (name[0] == '/') {
		name++;
	} else if (from[0] != '\0') {
		str_add(path, from);
		str_addc(path, '/');
	}
	str_add(path, name);
	len = path->len;
	if (len == 0 || path->buf[len - 1] != '*' ||
	    (len > 1 && path->buf[len - 2] != '/'))
		return false;
	str_cut(path, len == 1 ? 0 : len - 2);
	return true;
}

void
pf_ruleset_free(struct pf_ruleset *rs)
{
	if (rs == NULL)
		return;
	for (struct pf_anchor *a = rs->main; a != NULL; a = a->next) {
		for (int i = 0; i < PF_LIST_COUNT; i++)
			array_clear(&a->list[i]);
		array_clear(&a->automatic);
	}
	for (struct pf_table *t = rs->tables; t != NULL; t = t->next) {
		free(t->addr);
		free(t->af);
		free(t->since);
	}
	strv_clear(&rs->options.skip);
	array_clear(&rs->macros);
	arena_clear(&rs->arena);
	free(rs);
}

void
pf_ruleset_freep(struct pf_ruleset **rs)
{
	pf_ruleset_free(*rs);
}

/* ---- rules ---- */

void
pf_rule_init(struct parser *p, struct pf_rule *r, uint8_t action)
{
	*r = (struct pf_rule){
		.action = action,
		.rtable = -1,
		.prio = -1,
		.set_prio = { -1, -1 },
		.icmp_type = -1,
		.icmp_code = -1,
		.line = p->line_begin,
		.file = p->file->name,
	};
}

struct pf_rule *
pf_rule_add(struct parser *p, const struct pf_rule *r)
{
	struct pf_rule *copy = arena_memdup(&p->rs->arena, r, sizeof(*r));

	*array_add(&p->anchor->list[pf_list_of(r->action)]) = copy;
	return copy;
}

int
pf_set_label(struct parser *p, struct pf_rule *r, const char *label)
{
	if (label == NULL || *label == '\0')
		return 0;
	if (strlen(label) > PF_NAME_MAX)
		return pf_error(
		    p, "rule label too long (max %d chars)", PF_NAME_MAX);
	r->label = pf_keep(p, label);
	return 0;
}

int
pf_set_tags(struct parser *p, struct pf_rule *r, const char *tag,
    const char *tagged, bool tagged_not)
{
	if ((tag != NULL && strlen(tag) > PF_NAME_MAX) ||
	    (tagged != NULL && strlen(tagged) > PF_NAME_MAX))
		return pf_error(p, "tag too long, max %d chars", PF_NAME_MAX);
	r->tag = tag != NULL && *tag != '\0' ? pf_keep(p, tag) : NULL;
	r->tagged =
	    tagged != NULL && *tagged != '\0' ? pf_keep(p, tagged) : NULL;
	r->tagged_not = tagged_not;
	return 0;
}

/* ---- families ---- */

void
pf_decide_af(const struct host *h, uint8_t *af)
{
	uint8_t first;

	if (*af != 0 || h == NULL)
		return;
	first = h->af;
	for (; h != NULL; h = h->next) {
		if (h->af != first)
			return;
	}
	*af = first;
}

void
pf_drop_other_af(struct host **list, uint8_t *af)
{
	struct host *kept = NULL, *h, *next;

	for (h = *list; h != NULL; h = next) {
		next = h->next;
		if (*af != 0 && h->af != 0 && h->af != *af)
			continue;
		if (h->af != 0 && *af == 0)
			*af = h->af;
		h->next = NULL;
		h->tail = h;
		pf_host_append(&kept, h);
	}
	*list = kept;
}

/* Only the first of the hosts is looked at, as the original does. */
int
pf_check_mask(struct parser *p, struct host *h, uint8_t af)
{
	if (h == NULL || h->kind == PF_ADDR_TABLE || h->kind == PF_ADDR_RANGE ||
	    af != AF_INET || h->bits <= 32)
		return 0;
	if (h->kind == PF_ADDR_DYN) {
		pf_host_mask(h, 32);
		return 0;
	}
	pf_note(p, "netmask %u invalid for IPv4 address", h->bits);
	return -1;
}

/* ---- pools ---- */

static bool
is_table(const struct host *h)
{
	return h->kind == PF_ADDR_TABLE;
}

/* An interface that may have more addresses than one: "em0", not "em:0". */
bool
pf_dyn_multi(const struct host *h)
{
	size_t n;

	if (h->kind != PF_ADDR_DYN)
		return false;
	n = strlen(h->name);
	return !(h->mods & PF_MOD_NOALIAS) || h->name[n - 1] < '0' ||
	    h->name[n - 1] > '9';
}

/* The first of the list that is such is an error: `fmt` has a %s for its name. */
static int
refuse(struct parser *p, const struct host *h,
    bool (*is_such)(const struct host *h), const char *fmt)
{
	char msg[256];

	for (; h != NULL; h = h->next) {
		if (!is_such(h))
			continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(msg, sizeof(msg), fmt, h->name);
#pragma GCC diagnostic pop
		return pf_error(p, "%s", msg);
	}
	return 0;
}

int
pf_refuse_table(struct parser *p, const struct host *h, const char *fmt)
{
	return refuse(p, h, is_table, fmt);
}

int
pf_refuse_alias(struct parser *p, const struct host *h, const char *fmt)
{
	return refuse(p, h, pf_dyn_multi, fmt);
}

int
pf_check_redirect(struct parser *p, const struct host *list, uint8_t af)
{
	for (const struct host *h = list; af == 0 && h != NULL; h = h->next) {
		if (h->kind != PF_ADDR_TABLE && h->kind != PF_ADDR_DYN)
			return pf_error(p,
			    "address family not given and translation address "
			    "expands to multiple address families");
	}
	if (list == NULL)
		return pf_error(p,
		    "no translation address with matching address family "
		    "found.");
	return 0;
}

void
pf_addr_from_host(struct pf_addr *a, const struct host *h)
{
	*a = (struct pf_addr){
		.kind = h->kind,
		.neg = h->neg,
		.bits = h->bits,
		.mods = h->mods,
	};
	if (h->kind == PF_ADDR_TABLE || h->kind == PF_ADDR_DYN) {
		a->name = h->name;
		return;
	}
	a->ip = h->ip;
	if (h->kind == PF_ADDR_RANGE)
		a->last = h->last;
	else if (h->kind == PF_ADDR_IP && h->bits == 0)
		a->kind = PF_ADDR_ANY;
}

struct pf_pool *
pf_pool_new(
    struct parser *p, const struct host *hosts, const struct pool_opts *opts)
{
	struct pf_pool *pool = arena_new(&p->rs->arena, struct pf_pool);
	uint32_t n = 0;

	for (const struct host *h = hosts; h != NULL; h = h->next)
		n++;
	pool->hop = arena_array(&p->rs->arena, struct pf_hop, n);
	for (const struct host *h = hosts; h != NULL; h = h->next) {
		struct pf_hop *hop = &pool->hop[pool->n++];

		pf_addr_from_host(&hop->addr, h);
		hop->ifname = h->ifname;
	}
	pool->type = opts->type;
	pool->sticky = opts->sticky;
	memcpy(pool->key, opts->key, sizeof(pool->key));
	return pool;
}
