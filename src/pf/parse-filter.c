/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter = action dir logquick on route af proto from-to { filter-opt }
 */
#include <netinet/in.h>

#include "pf/names.h"
#include "pf/parse.h"

enum { /* what is returned when nothing else is said */
	UNREACH4 = 3,
	UNREACH4_PORT = 3,
	UNREACH6 = 1,
	UNREACH6_PORT = 4,
};

/* ---- action ---- */

/* NUMBER | WORD: a code of "unreachable" */
static int
parse_return_code(struct parser *p, uint8_t af, uint8_t *ret)
{
	int type = af == AF_INET ? UNREACH4 : UNREACH6, code;
	const char *name;
	unsigned long n;
	int64_t number;

	if (peek(p) == T_NUMBER) {
		if (expect_number(p, &number) < 0)
			return -1;
		if (number < 0 || number > 255)
			return pf_error(
			    p, "invalid icmp code %lu", (unsigned long)number);
		*ret = (uint8_t)number;
		return 0;
	}
	if (expect_string(p, &name) < 0)
		return -1;
	if (!pf_strtoul(name, &n)) {
		code = pf_icmp_code_number(type, name, af);
		if (code < 0)
			return pf_error(p, "unknown icmp code %s", name);
		n = (unsigned long)code;
	}
	if (n > 255)
		return pf_error(p, "invalid icmp code %lu", n);
	*ret = (uint8_t)n;
	return 0;
}

/* "return-icmp" [ "(" code [ [","] code6 ] ")" ] | "return-icmp6" [ "(" code6
 * ")" ] */
static int
parse_return_icmp(struct parser *p, struct pf_rule *r)
{
	bool v6 = peek(p) == K_RETURN_ICMP6;

	take(p);
	r->block = PF_BLOCK_ICMP;
	r->code4 = UNREACH4_PORT;
	r->code6 = UNREACH6_PORT;
	if (!take_if(p, '('))
		return 0;
	if (v6) {
		if (parse_return_code(p, AF_INET6, &r->code6) < 0)
			return -1;
		return expect(p, ')');
	}
	if (parse_return_code(p, AF_INET, &r->code4) < 0)
		return -1;
	if (take_if(p, ')')) {
		r->code6 = UNREACH4_PORT; /* as the original has it */
		r->return_odd = true;
		return 0;
	}
	(void)take_if(p, ',');
	if (parse_return_code(p, AF_INET6, &r->code6) < 0)
		return -1;
	return expect(p, ')');
}

/* "return-rst" [ "(" "ttl" N ")" ] */
static int
parse_return_rst(struct parser *p, struct pf_rule *r)
{
	int64_t ttl;

	take(p);
	r->block = PF_BLOCK_RST;
	if (!take_if(p, '('))
		return 0;
	if (expect(p, K_TTL) < 0 || expect_number(p, &ttl) < 0 ||
	    expect(p, ')') < 0)
		return -1;
	if (ttl < 0 || ttl > 255)
		return pf_error(p, "illegal ttl value %d", (int)ttl);
	r->return_ttl = (uint8_t)ttl;
	return 0;
}

static void
set_policy(struct pf_rule *r, uint8_t policy)
{
	r->block = policy;
	if (policy == PF_BLOCK_DROP)
		return;
	r->code4 = UNREACH4_PORT;
	r->code6 = UNREACH6_PORT;
}

/* action = "pass" | "block" [ "drop" | "return" | return-rst | return-icmp ] */
static int
parse_action(struct parser *p, struct pf_rule *r)
{
	if (take_if(p, K_PASS)) {
		pf_rule_init(p, r, PF_PASS);
		set_policy(r, p->fail_policy);
		return 0;
	}
	take(p);
	pf_rule_init(p, r, PF_BLOCK);
	switch (peek(p)) {
	case K_DROP:
		take(p);
		return 0;
	case K_RETURN:
		take(p);
		set_policy(r, PF_BLOCK_RETURN);
		return 0;
	case K_RETURN_RST:
		return parse_return_rst(p, r);
	case K_RETURN_ICMP:
	case K_RETURN_ICMP6:
		return parse_return_icmp(p, r);
	default:
		set_policy(r, p->block_policy);
		return 0;
	}
}

/* ---- what is checked and completed ---- */

/* Flags and fingerprints are of TCP. `anchor` changes a word. */
int
pf_check_tcp(struct parser *p, const struct filter_opts *o,
    const struct proto_node *protos, const struct os_node *os, bool anchor)
{
	bool flags = o->flags != 0 || o->flagset != 0;
	const struct proto_node *n = protos;

	if ((o->flags & o->flagset) != o->flags)
		return pf_error(p, "flags always false");
	if (!flags && os == NULL)
		return 0;
	while (n != NULL && n->proto != IPPROTO_TCP)
		n = n->next;
	if (n != NULL || protos == NULL)
		return 0;
	if (flags)
		pf_error(p, "flags only apply to tcp");
	if (os != NULL)
		pf_error(p, "OS fingerprinting only %s to tcp",
		    anchor ? "applies" : "apply");
	return -1;
}

void
pf_set_plain_opts(struct pf_rule *r, const struct filter_opts *o)
{
	r->prob = o->prob;
	r->rtable = o->rtable;
	r->prio = (int8_t)o->prio;
	r->set_prio[0] = (int8_t)o->set_prio[0];
	r->set_prio[1] = (int8_t)o->set_prio[1];
	r->flags = o->flags;
	r->flagset = o->flagset;
	r->tos = o->tos;
}

/* A pass rule keeps state if nothing is said, and a stateful one looks for
 * the first packet of a connection. */
static int
set_state(struct parser *p, struct pf_rule *r, const struct filter_opts *o)
{
	const struct state_opt *opts = o->state;

	r->keep = o->keep;
	if (r->action == PF_PASS && !o->has_keep) {
		r->keep = PF_KEEP;
		opts = p->state_defaults;
	}
	if (r->action == PF_PASS && r->keep != PF_NO_STATE && !o->has_flags &&
	    !o->fragment) {
		r->flags = PF_TH_SYN;
		r->flagset = PF_TH_SYN | PF_TH_ACK;
	}
	return pf_state_new(p, opts, r->keep != PF_NO_STATE, &r->state);
}

static int
set_route(struct parser *p, struct pf_rule *r, struct route *rt)
{
	struct pool_opts *opts = &rt->opts;
	bool round;

	if (rt->kind == PF_ROUTE_NONE)
		return 0;
	if (r->dir == PF_INOUT)
		return pf_error(p,
		    "direction must be explicit with rules that specify "
		    "routing");
	r->route = rt->kind;
	pf_decide_af(rt->hosts, &r->af);
	pf_drop_other_af(&rt->hosts, &r->af);
	if (rt->hosts == NULL)
		return pf_error(p,
		    "no routing address with matching address family found.");
	if (opts->type == PF_POOL_NONE &&
	    (rt->hosts->next != NULL || rt->hosts->kind == PF_ADDR_TABLE ||
		pf_dyn_multi(rt->hosts)))
		opts->type = PF_POOL_ROUNDROBIN;
	round = opts->type == PF_POOL_ROUNDROBIN;
	if (!round &&
	    (pf_refuse_table(p, rt->hosts,
		 "tables are only supported in round-robin routing pools") <
		    0 ||
		pf_refuse_alias(p, rt->hosts,
		    "interface (%s) is only supported in round-robin "
		    "routing pools") < 0))
		return -1;
	if (!round && rt->hosts->next != NULL)
		return pf_error(p, "r.rpool.opts must be PF_POOL_ROUNDROBIN");
	r->pool = pf_pool_new(p, rt->hosts, opts);
	return 0;
}

static int
set_queues(struct parser *p, struct pf_rule *r, const struct filter_opts *o)
{
	if (o->queue != NULL && strlen(o->queue) > PF_NAME_MAX)
		return pf_error(
		    p, "rule qname too long (max %d chars)", PF_NAME_MAX);
	if (o->pqueue != NULL && strlen(o->pqueue) > PF_NAME_MAX)
		return pf_error(
		    p, "rule pqname too long (max %d chars)", PF_NAME_MAX);
	if (o->queue != NULL && *o->queue != '\0')
		r->queue = pf_keep(p, o->queue);
	if (o->pqueue != NULL && *o->pqueue != '\0')
		r->pqueue = pf_keep(p, o->pqueue);
	return 0;
}

static int
add_filter(struct parser *p, struct pf_rule *r, struct expand *x,
    const struct filter_opts *o, struct route *rt)
{
	if (pf_section(p, SECTION_FILTER) < 0)
		return -1;
	pf_set_plain_opts(r, o);
	if (pf_set_tags(p, r, o->tag, o->tagged, o->tagged_not) < 0 ||
	    pf_set_label(p, r, o->label) < 0 ||
	    pf_check_tcp(p, o, x->protos, x->ft.os, false) < 0 ||
	    set_state(p, r, o) < 0)
		return -1;
	r->fragment = o->fragment;
	r->allow_opts = o->allow_opts;
	r->divert = o->divert;
	pf_decide_af(x->ft.src, &r->af);
	pf_decide_af(x->ft.dst, &r->af);
	if (set_route(p, r, rt) < 0 || set_queues(p, r, o) < 0)
		return -1;
	x->icmps = o->icmps;
	x->users = o->users;
	x->groups = o->groups;
	return pf_expand(p, r, x);
}

int
pf_parse_filter(struct parser *p)
{
	struct log_quick log = { 0 };
	struct route rt = { 0 };
	struct expand x = { 0 };
	struct filter_opts o;
	struct pf_rule r;

	if (parse_action(p, &r) < 0)
		return -1;
	r.dir = pf_parse_dir(p);
	if (pf_parse_log_quick(p, &log) < 0 || pf_parse_on(p, &x.ifs) < 0 ||
	    pf_parse_route(p, &rt) < 0)
		return -1;
	r.log = log.log;
	r.log_if = log.log_if;
	r.quick = log.quick;
	r.af = pf_parse_af(p);
	if (pf_parse_proto(p, &x.protos) < 0 ||
	    pf_parse_from_to(p, &x.ft) < 0 || pf_parse_filter_opts(p, &o) < 0 ||
	    pf_end(p) < 0)
		return -1;
	return add_filter(p, &r, &x, &o, &rt);
}
