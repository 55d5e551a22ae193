/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of filter rules and anchors, in any order.
 */
#include <errno.h>
#include <math.h>
#include <netinet/in.h>

#include "pf/names.h"
#include "pf/parse.h"

enum { PRIO_MAX = 7 };

/* ---- user, group ---- */

struct id_arg {
	struct id_node *list;
	bool group;
};

/* id = WORD | NUMBER; "unknown" is no one's */
static int
parse_id(struct parser *p, bool group, uint32_t *ret)
{
	bool (*find)(void *, const char *, uint32_t *) =
	    group ? p->env->group : p->env->user;
	const char *name;
	int64_t n;

	if (peek(p) == T_NUMBER) {
		if (expect_number(p, &n) < 0)
			return -1;
		if (n < 0 || n >= PF_ID_UNKNOWN)
			return pf_error(p, "illegal %s value %lu",
			    group ? "gid" : "uid", (unsigned long)n);
		*ret = (uint32_t)n;
		return 0;
	}
	if (expect_string(p, &name) < 0)
		return -1;
	if (streq(name, "unknown"))
		*ret = PF_ID_UNKNOWN;
	else if (find == NULL || !find(p->env->ctx, name, ret))
		return pf_error(
		    p, "unknown %s %s", group ? "group" : "user", name);
	return 0;
}

/* id-item = [ unary-op ] id | id ( "><" | "<>" ) id */
static int
parse_id_item(struct parser *p, void *arg)
{
	struct id_arg *list = arg;
	struct id_node *n = arena_new(&p->tmp, struct id_node);
	struct pf_ids *ids = &n->ids;
	bool unknown;

	if (pf_parse_unary_op(p, &ids->op) < 0 ||
	    parse_id(p, list->group, &ids->a) < 0)
		return -1;
	ids->b = ids->a;
	unknown = ids->a == PF_ID_UNKNOWN;
	if (ids->op == PF_OP_NONE && peek(p) == T_BINARY_OP) {
		ids->op = (uint8_t)p->tok.num;
		take(p);
		if (parse_id(p, list->group, &ids->b) < 0)
			return -1;
		unknown |= ids->b == PF_ID_UNKNOWN;
	} else if (ids->op == PF_OP_NONE) {
		ids->op = PF_OP_EQ;
	}
	if (unknown && ids->op != PF_OP_EQ && ids->op != PF_OP_NE)
		return pf_error(p, "%s unknown requires operator = or !=",
		    list->group ? "group" : "user");
	n->tail = n;
	if (list->list == NULL) {
		list->list = n;
	} else {
		list->list->tail->next = n;
		list->list->tail = n;
	}
	return 0;
}

/* "user" ( id-item | "{" .. "}" ), and the same for group. What is given
 * later comes first. */
int
pf_parse_ids(struct parser *p, bool group, struct id_node **ret)
{
	struct id_arg list = { .group = group };

	take(p);
	if (pf_one_or_list(p, parse_id_item, &list) < 0)
		return -1;
	if (*ret != NULL) {
		list.list->tail->next = *ret;
		list.list->tail = (*ret)->tail;
	}
	*ret = list.list;
	return 0;
}

/* ---- flags, icmp-type ---- */

static int
parse_letters(struct parser *p, uint8_t *ret)
{
	const char *letters;
	int f;

	if (expect_string(p, &letters) < 0)
		return -1;
	f = pf_flags_number(letters);
	if (f < 0)
		return pf_error(p, "bad flags %s", letters);
	*ret = (uint8_t)f;
	return 0;
}

/* "flags" ( "any" | [ LETTERS ] "/" LETTERS ) */
int
pf_parse_flags(struct parser *p, uint8_t *flags, uint8_t *flagset)
{
	*flags = *flagset = 0;
	take(p);
	if (take_if(p, K_ANY))
		return 0;
	if (peek(p) != '/' && parse_letters(p, flags) < 0)
		return -1;
	if (expect(p, '/') < 0)
		return -1;
	return parse_letters(p, flagset);
}

struct icmp_arg {
	struct icmp_node **end;
	uint8_t af;
};

static int
parse_icmp_code(struct parser *p, uint8_t af, struct icmp_node *n)
{
	const char *name;
	int64_t code;

	if (peek(p) == T_NUMBER) {
		if (expect_number(p, &code) < 0)
			return -1;
		if (code < 0 || code > 255)
			return pf_error(
			    p, "illegal icmp-code %lu", (unsigned long)code);
	} else {
		if (expect_string(p, &name) < 0)
			return -1;
		code = pf_icmp_code_number(n->type, name, af);
		if (code < 0)
			return pf_error(p, "unknown %s-code %s",
			    af == AF_INET ? "icmp" : "icmp6", name);
	}
	n->code = (int16_t)code;
	return 0;
}

/* icmp-item = ( WORD | NUMBER ) [ "code" ( WORD | NUMBER ) ] */
static int
parse_icmp_item(struct parser *p, void *arg)
{
	struct icmp_arg *a = arg;
	struct icmp_node *n = arena_new(&p->tmp, struct icmp_node);
	const char *name, *word = a->af == AF_INET ? "icmp-type" : "icmp6-type";
	int64_t type;

	if (peek(p) == T_NUMBER) {
		if (expect_number(p, &type) < 0)
			return -1;
		if (type < 0 || type > 255)
			return pf_error(
			    p, "illegal %s %lu", word, (unsigned long)type);
	} else {
		if (expect_string(p, &name) < 0)
			return -1;
		type = pf_icmp_type_number(name, a->af);
		if (type < 0)
			return pf_error(p, "unknown %s %s", word, name);
	}
	n->type = (int16_t)type;
	n->code = -1;
	n->proto = a->af == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	if (take_if(p, K_CODE) && parse_icmp_code(p, a->af, n) < 0)
		return -1;
	*a->end = n;
	a->end = &n->next;
	return 0;
}

/* ( "icmp-type" | "icmp6-type" ) ( icmp-item | "{" .. "}" ) */
int
pf_parse_icmp(struct parser *p, struct icmp_node **ret)
{
	struct icmp_arg a = {
		.end = ret,
		.af = peek(p) == K_ICMP_TYPE ? AF_INET : AF_INET6,
	};

	*ret = NULL;
	take(p);
	return pf_one_or_list(p, parse_icmp_item, &a);
}

/* ---- keep state, set prio, queue, probability, divert-to ---- */

/* "no" "state" | ( "keep" | "modulate" | "synproxy" ) "state"
 * [ "(" state-opt { [","] state-opt } ")" ] */
static int
parse_keep(struct parser *p, struct filter_opts *o)
{
	int kind = peek(p);
	struct state_opt *list = NULL;

	take(p);
	if (expect(p, K_STATE) < 0)
		return -1;
	if (kind != K_NO && take_if(p, '(') &&
	    pf_parse_state_list(p, true, &list) < 0)
		return -1;
	if (o->has_keep)
		return pf_error(p, "modulate or keep cannot be redefined");
	o->has_keep = true;
	o->state = list;
	o->keep = kind == K_KEEP ? PF_KEEP
	    : kind == K_MODULATE ? PF_MODULATE
	    : kind == K_SYNPROXY ? PF_SYNPROXY
				 : PF_NO_STATE;
	return 0;
}

/* "prio" ( N | "(" N [","] N ")" ) */
static int
parse_set_item(struct parser *p, void *arg)
{
	struct filter_opts *o = arg;
	int64_t a, b;

	if (expect(p, K_PRIO) < 0)
		return -1;
	if (take_if(p, '(')) {
		if (expect_number(p, &a) < 0)
			return -1;
		(void)take_if(p, ',');
		if (expect_number(p, &b) < 0 || expect(p, ')') < 0)
			return -1;
	} else {
		if (expect_number(p, &a) < 0)
			return -1;
		b = a;
	}
	if (a < 0 || a > PRIO_MAX || b < 0 || b > PRIO_MAX)
		return pf_error(p, "prio must be 0 - %u", PRIO_MAX);
	if (o->set_prio[0] >= 0)
		return pf_error(p, "prio cannot be redefined");
	o->set_prio[0] = (int16_t)a;
	o->set_prio[1] = (int16_t)b;
	return 0;
}

/* "set" ( set-item | "(" set-item { [","] set-item } ")" ) */
static int
parse_set(struct parser *p, struct filter_opts *o)
{
	take(p);
	if (take_if(p, '('))
		return pf_paren_list(p, parse_set_item, o);
	return parse_set_item(p, o);
}

/* "queue" ( WORD | "(" WORD [ [","] WORD ] ")" ) */
static int
parse_queue(struct parser *p, struct filter_opts *o)
{
	const char *name, *prio = NULL;

	take(p);
	if (take_if(p, '(')) {
		if (expect_string(p, &name) < 0)
			return -1;
		if (peek(p) != ')') {
			(void)take_if(p, ',');
			if (expect_string(p, &prio) < 0)
				return -1;
		}
		if (expect(p, ')') < 0)
			return -1;
	} else if (expect_string(p, &name) < 0) {
		return -1;
	}
	if (o->queue != NULL)
		return pf_error(p, "queue cannot be redefined");
	o->queue = name;
	o->pqueue = prio;
	return 0;
}

/* "probability" NUMBER | FRACTION | PERCENT "%"; kept in parts of 2^32 */
static int
parse_probability(struct parser *p, struct filter_opts *o)
{
	const char *word;
	char *end;
	double share;

	take(p);
	if (peek(p) == T_NUMBER) {
		share = (double)p->tok.num;
		take(p);
	} else {
		if (expect_string(p, &word) < 0)
			return -1;
		share = strtod(word, &end);
		if (*end == '%') {
			share *= 0.01;
			end++;
		}
		if (*end != '\0')
			return pf_error(p, "invalid probability: %s", word);
	}
	if (!(share * UINT32_MAX + 0.5 >= 0.0) ||
	    floor(share * UINT32_MAX + 0.5) > (double)UINT32_MAX)
		return pf_error(p, "invalid probability: %f", share);
	o->prob = (uint32_t)floor(share * UINT32_MAX + 0.5);
	if (o->prob == 0)
		o->prob = 1; /* 0 means that there is none */
	return 0;
}

/* "divert-to" ( PORT | HOST "port" PORT ); the host says nothing here */
static int
parse_divert(struct parser *p, struct filter_opts *o)
{
	struct port_range port;
	const char *word;

	take(p);
	if (pf_number_string(p, &word) < 0)
		return -1;
	/* The first word can be both: what follows decides. */
	if (take_if(p, K_PORT) && pf_number_string(p, &word) < 0)
		return -1;
	if (pf_port_of(p, word, PORT_PLAIN, &port) < 0)
		return -1;
	o->divert = port.a;
	if (port.a == 0)
		return pf_error(p, "invalid divert port: %u", port.a);
	return 0;
}

static int
parse_label(struct parser *p, struct filter_opts *o)
{
	const char *label;

	take(p);
	if (expect_string(p, &label) < 0)
		return -1;
	if (o->label != NULL)
		return pf_error(p, "label cannot be redefined");
	o->label = label;
	return 0;
}

static int
parse_once_opts(struct parser *p, struct filter_opts *o)
{
	struct icmp_node *icmps;
	uint8_t flags, flagset;
	int tos;

	switch (peek(p)) {
	case K_FLAGS:
		if (pf_parse_flags(p, &flags, &flagset) < 0)
			return -1;
		if (o->has_flags)
			return pf_error(p, "flags cannot be redefined");
		o->has_flags = true;
		o->flags = flags;
		o->flagset = flagset;
		return 0;
	case K_TOS:
		take(p);
		if (pf_parse_tos(p, &tos) < 0)
			return -1;
		if (o->has_tos)
			return pf_error(p, "tos cannot be redefined");
		o->has_tos = true;
		o->tos = (uint8_t)tos;
		return 0;
	default:
		if (pf_parse_icmp(p, &icmps) < 0)
			return -1;
		if (o->has_icmp)
			return pf_error(p, "icmp-type cannot be redefined");
		o->has_icmp = true;
		o->icmps = icmps;
		return 0;
	}
}

static int
parse_prio(struct parser *p, struct filter_opts *o)
{
	int64_t n;

	take(p);
	if (expect_number(p, &n) < 0)
		return -1;
	if (o->prio >= 0)
		return pf_error(p, "prio cannot be redefined");
	if (n < 0 || n > PRIO_MAX)
		return pf_error(p, "prio must be 0 - %u", PRIO_MAX);
	o->prio = (int16_t)n;
	return 0;
}

/* [ "!" ] "tagged" WORDS */
static int
parse_tagged(struct parser *p, struct filter_opts *o)
{
	bool neg = take_if(p, '!');

	if (expect(p, K_TAGGED) < 0 || pf_strings(p, &o->tagged) < 0)
		return -1;
	o->tagged_not = neg;
	return 0;
}

/* One option; 1: there is none. */
static int
parse_filter_opt(struct parser *p, struct filter_opts *o)
{
	switch (peek(p)) {
	case K_USER:
		return pf_parse_ids(p, false, &o->users);
	case K_GROUP:
		return pf_parse_ids(p, true, &o->groups);
	case K_FLAGS:
	case K_TOS:
	case K_ICMP_TYPE:
	case K_ICMP6_TYPE:
		return parse_once_opts(p, o);
	case K_NO:
	case K_KEEP:
	case K_MODULATE:
	case K_SYNPROXY:
		return parse_keep(p, o);
	case K_PRIO:
		return parse_prio(p, o);
	case K_SET:
		return parse_set(p, o);
	case K_FRAGMENT:
		take(p);
		o->fragment = true;
		return 0;
	case K_ALLOW_OPTS:
		take(p);
		o->allow_opts = true;
		return 0;
	case K_LABEL:
		return parse_label(p, o);
	case K_QUEUE:
		return parse_queue(p, o);
	case K_TAG:
		take(p);
		return pf_strings(p, &o->tag);
	case '!':
	case K_TAGGED:
		return parse_tagged(p, o);
	case K_PROBABILITY:
		return parse_probability(p, o);
	case K_RTABLE:
		take(p);
		return pf_parse_rtable_number(p, &o->rtable);
	case K_DIVERT_TO:
		return parse_divert(p, o);
	case K_DIVERT_REPLY:
		take(p);
		return pf_error(
		    p, "divert-reply has no meaning in FreeBSD pf(4)");
	default:
		return 1;
	}
}

int
pf_parse_filter_opts(struct parser *p, struct filter_opts *ret)
{
	int r;

	*ret = (struct filter_opts){
		.rtable = -1,
		.prio = -1,
		.set_prio = { -1, -1 },
	};
	while ((r = parse_filter_opt(p, ret)) == 0)
		;
	return r < 0 ? -1 : 0;
}
