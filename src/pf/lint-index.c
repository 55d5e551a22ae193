/* SPDX-License-Identifier: BSD-2-Clause */
/* Lint's index of rules by the ports and hosts that they name. */
#include "pf/lint-index.h"

#include <netinet/in.h>

enum { SRC_HOST = 1, DST_HOST = 2, SRC_PORT = 4, DST_PORT = 8 };

/* ---- what a rule names ---- */

static bool
is_host(const struct pf_addr *a, uint8_t af)
{
	return a->kind == PF_ADDR_IP && !a->neg &&
	    ((af == AF_INET && a->bits == 32) ||
		(af == AF_INET6 && a->bits == 128));
}

static unsigned int
class_of(const struct pf_rule *r)
{
	return (is_host(&r->src.addr, r->af) ? SRC_HOST : 0) |
	    (is_host(&r->dst.addr, r->af) ? DST_HOST : 0) |
	    (r->src.port.op == PF_OP_EQ ? SRC_PORT : 0) |
	    (r->dst.port.op == PF_OP_EQ ? DST_PORT : 0);
}

/* A range may be of one host or port, or of none, and then be within what is
 * named otherwise. */
static bool
is_odd(const struct pf_rule *r)
{
	const struct pf_ports *ports[] = { &r->src.port, &r->dst.port };

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		if (ports[i]->op != PF_OP_NONE && ports[i]->op != PF_OP_EQ)
			return true;
	return r->src.addr.kind == PF_ADDR_RANGE ||
	    r->dst.addr.kind == PF_ADDR_RANGE;
}

static uint32_t
mix(uint32_t h, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 16777619u;
	return h;
}

/* Of what the rule names of this class. */
static size_t
slot_of(const struct lint_index *x, const struct pf_rule *r, unsigned int class)
{
	uint32_t h = mix(2166136261u, &class, sizeof(class));

	if (class & SRC_HOST)
		h = mix(h, &r->src.addr.ip, sizeof(r->src.addr.ip));
	if (class & DST_HOST)
		h = mix(h, &r->dst.addr.ip, sizeof(r->dst.addr.ip));
	if (class & SRC_PORT)
		h = mix(h, &r->src.port.a, sizeof(r->src.port.a));
	if (class & DST_PORT)
		h = mix(h, &r->dst.port.a, sizeof(r->dst.port.a));
	return h & (x->n_slots - 1);
}

/* ---- the index ---- */

/* From the last rule on, so that each chain is in the order of the list. */
void
lint_index_init(struct lint_index *x, const struct pf_rules *list)
{
	*x = (struct lint_index){ .list = list, .n_slots = 16 };
	while (x->n_slots < list->n * 2)
		x->n_slots *= 2;
	x->slot = xcalloc(x->n_slots, sizeof(*x->slot));
	x->next = xcalloc(list->n + 1, sizeof(*x->next));
	x->class_of = xcalloc(list->n + 1, sizeof(*x->class_of));
	for (size_t i = list->n; i > 0; i--) {
		unsigned int class = class_of(list->v[i - 1]);
		size_t slot = slot_of(x, list->v[i - 1], class);

		x->used[class] = true;
		x->class_of[i - 1] = (uint8_t) class;
		x->next[i - 1] = x->slot[slot];
		x->slot[slot] = (uint32_t)i;
	}
}

void
lint_index_clear(struct lint_index *x)
{
	free(x->slot);
	free(x->next);
	free(x->class_of);
	*x = (struct lint_index){ 0 };
}

/* ---- the walk ---- */

/* Past what stands before `from`, and what is in the chain by chance. */
static uint32_t
settle(
    const struct lint_index *x, uint32_t head, unsigned int class, size_t from)
{
	while (head != 0 && (head - 1 < from || x->class_of[head - 1] != class))
		head = x->next[head - 1];
	return head;
}

void
lint_walk_init(struct lint_walk *w, const struct lint_index *x,
    const struct pf_rule *r, size_t from)
{
	unsigned int has = class_of(r);

	*w = (struct lint_walk){ .x = x, .all = is_odd(r), .at = from };
	for (unsigned int c = 0; !w->all && c < LINT_CLASSES; c++) {
		uint32_t head;

		if (!x->used[c] || (c & has) != c)
			continue;
		head = settle(x, x->slot[slot_of(x, r, c)], c, from);
		if (head == 0)
			continue;
		w->class[w->n] = (uint8_t)c;
		w->head[w->n++] = head;
	}
}

size_t
lint_walk_next(struct lint_walk *w)
{
	const struct lint_index *x = w->x;
	uint32_t first = 0;
	uint8_t of = 0;

	if (w->all)
		return w->at < x->list->n ? w->at++ : x->list->n;
	for (uint8_t i = 0; i < w->n; i++)
		if (w->head[i] != 0 && (first == 0 || w->head[i] < first)) {
			first = w->head[i];
			of = i;
		}
	if (first == 0)
		return x->list->n;
	w->head[of] = settle(x, x->next[first - 1], w->class[of], 0);
	return first - 1;
}
