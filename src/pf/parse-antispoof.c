/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * antispoof = "antispoof" logquick "for" ( item | "{" item { [","] item } "}" )
 *             af { "label" WORD | "rtable" N }
 * item      = IF | "(" IF ")"
 *
 * For each interface two rules: its networks come in nowhere else, and
 * (unless it is a loopback) its own addresses come in nowhere.
 */
#include "pf/parse.h"

static int
parse_item(struct parser *p, void *arg)
{
	struct if_node ***end = arg, *n;
	bool dynamic = take_if(p, '(');

	if (pf_parse_if(p, &n) < 0 || (dynamic && expect(p, ')') < 0))
		return -1;
	n->dynamic = dynamic;
	**end = n;
	*end = &n->next;
	return 0;
}

struct antispoof {
	struct log_quick log;
	struct if_node *ifs;
	uint8_t af;
	const char *label;
	int16_t rtable;
};

static int
parse_opts(struct parser *p, struct antispoof *a)
{
	const char *label;

	for (;;) {
		if (take_if(p, K_LABEL)) {
			if (expect_string(p, &label) < 0)
				return -1;
			if (a->label != NULL)
				return pf_error(p, "label cannot be redefined");
			a->label = label;
		} else if (take_if(p, K_RTABLE)) {
			if (pf_parse_rtable_number(p, &a->rtable) < 0)
				return -1;
		} else {
			return 0;
		}
	}
}

/* The interface's networks (mods NETWORK) or addresses, now or at any time. */
static struct host *
source(struct parser *p, const struct if_node *i, unsigned mods)
{
	struct host *h;

	if (!i->dynamic)
		return pf_host_if(p, i->name, mods);
	h = arena_new(&p->tmp, struct host);
	h->kind = PF_ADDR_DYN;
	h->name = i->name;
	h->mods = (uint8_t)mods;
	h->bits = 128;
	h->tail = h;
	return h;
}

static int
add_rules(struct parser *p, const struct antispoof *a, const struct if_node *i,
    bool networks)
{
	struct if_node not_on = { .name = i->name, .neg = true };
	struct expand x = { 0 };
	struct pf_rule r;

	pf_rule_init(p, &r, PF_BLOCK);
	r.dir = PF_IN;
	r.log = a->log.log;
	r.log_if = a->log.log_if;
	r.quick = a->log.quick;
	r.af = a->af;
	r.rtable = a->rtable;
	if (pf_set_label(p, &r, a->label) < 0)
		return -1;
	x.ifs = networks ? &not_on : NULL;
	x.ft.src = source(p, i, networks ? PF_MOD_NETWORK : 0);
	/* Without addresses there is nothing to say. */
	return x.ft.src != NULL ? pf_expand(p, &r, &x) : 0;
}

int
pf_parse_antispoof(struct parser *p)
{
	struct antispoof a = { .rtable = -1 };
	struct if_node **end = &a.ifs;

	take(p);
	if (pf_parse_log_quick(p, &a.log) < 0 || expect(p, K_FOR) < 0 ||
	    pf_one_or_list(p, parse_item, &end) < 0)
		return -1;
	a.af = pf_parse_af(p);
	if (parse_opts(p, &a) < 0 || pf_end(p) < 0 ||
	    pf_section(p, SECTION_FILTER) < 0)
		return -1;
	for (const struct if_node *i = a.ifs; i != NULL; i = i->next) {
		if (add_rules(p, &a, i, true) < 0 ||
		    (!i->loopback && add_rules(p, &a, i, false) < 0))
			return -1;
	}
	return 0;
}
