/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parts that several statements have: direction, log, interface, family,
 * protocol, routing table, type of service.
 */
#include <errno.h>
#include <netinet/in.h>

#include "pf/names.h"
#include "pf/parse.h"

/* dir = [ "in" | "out" ] */
enum pf_dir
pf_parse_dir(struct parser *p)
{
	if (take_if(p, K_IN))
		return PF_IN;
	if (take_if(p, K_OUT))
		return PF_OUT;
	return PF_INOUT;
}

/* af = [ "inet" | "inet6" ] */
uint8_t
pf_parse_af(struct parser *p)
{
	if (take_if(p, K_INET))
		return AF_INET;
	if (take_if(p, K_INET6))
		return AF_INET6;
	return 0;
}

/* pflogN, N 0 .. 255 */
static int
parse_pflog(struct parser *p, uint8_t *ret)
{
	const char *name;
	int64_t n;
	int r;

	if (pf_strings(p, &name) < 0)
		return -1;
	if (!str_starts(name, "pflog"))
		return pf_error(p, "%s: should be a pflog interface", name);
	r = str_to_i64(name + 5, 0, 255, &n);
	if (r < 0)
		return pf_error(p, "%s: %s", name,
		    r == -EINVAL	 ? "invalid"
			: name[5] == '-' ? "too small"
					 : "too large");
	*ret = (uint8_t)n;
	return 0;
}

/* log-option = "all" | "user" | "group" | "to" pflogN */
static int
parse_log_opt(struct parser *p, void *arg)
{
	struct log_quick *l = arg;
	uint8_t n = 0;

	switch (peek(p)) {
	case K_ALL:
		l->log |= PF_LOG_ALL;
		take(p);
		return 0;
	case K_USER:
	case K_GROUP:
		l->log |= PF_LOG_USER;
		take(p);
		return 0;
	case K_TO:
		take(p);
		if (parse_pflog(p, &n) < 0)
			return -1;
		if (n != 0)
			l->log_if = n;
		return 0;
	default:
		return pf_syntax(p);
	}
}

/* log = [ "log" [ "(" log-option { [","] log-option } ")" ] ] */
int
pf_parse_log(struct parser *p, struct log_quick *ret)
{
	if (!take_if(p, K_LOG))
		return 0;
	ret->log = PF_LOG;
	if (!take_if(p, '('))
		return 0;
	return pf_paren_list(p, parse_log_opt, ret);
}

/* logquick = [ log ] [ "quick" ] | "quick" log */
int
pf_parse_log_quick(struct parser *p, struct log_quick *ret)
{
	ret->quick = take_if(p, K_QUICK);
	if (pf_parse_log(p, ret) < 0)
		return -1;
	if (!ret->quick && ret->log)
		ret->quick = take_if(p, K_QUICK);
	return 0;
}

/* if = WORD */
int
pf_parse_if(struct parser *p, struct if_node **ret)
{
	struct if_node *n;
	const struct pf_if *i;
	const char *name;

	if (expect_string(p, &name) < 0)
		return -1;
	if (strlen(name) > PF_IFNAME_MAX)
		return pf_error(p, "interface name too long");
	n = arena_new(&p->tmp, struct if_node);
	n->name = pf_keep(p, name);
	i = pf_env_if(p->env, name);
	n->loopback = i != NULL && (i->flags & PF_IF_LOOPBACK) &&
	    !pf_env_is_group(p->env, name);
	*ret = n;
	return 0;
}

static int
parse_if_item(struct parser *p, void *arg)
{
	struct if_node ***end = arg;
	bool neg = take_if(p, '!');
	struct if_node *n;

	if (pf_parse_if(p, &n) < 0)
		return -1;
	n->neg = neg;
	**end = n;
	*end = &n->next;
	return 0;
}

/* on = [ "on" ( [ "!" ] if | "{" [ "!" ] if { [","] [ "!" ] if } "}" ) ] */
int
pf_parse_on(struct parser *p, struct if_node **ret)
{
	struct if_node **end = ret;

	*ret = NULL;
	if (!take_if(p, K_ON))
		return 0;
	return pf_one_or_list(p, parse_if_item, &end);
}

/* proto-item = WORD | NUMBER */
static int
parse_proto_item(struct parser *p, void *arg)
{
	struct proto_node ***end = arg;
	struct proto_node *n;
	const char *name;
	int64_t proto;

	if (peek(p) == T_NUMBER) {
		if (expect_number(p, &proto) < 0)
			return -1;
		if (proto < 0 || proto > 255)
			return pf_error(p, "protocol outside range");
	} else {
		if (expect_string(p, &name) < 0)
			return -1;
		proto = pf_proto_number(name);
		if (proto < 0)
			return pf_error(p, "unknown protocol %s", name);
	}
	if (proto == 0)
		return pf_error(p, "proto 0 cannot be used");
	n = arena_new(&p->tmp, struct proto_node);
	n->proto = (uint8_t)proto;
	**end = n;
	*end = &n->next;
	return 0;
}

/* proto = [ "proto" ( proto-item | "{" proto-item { [","] proto-item } "}" ) ] */
int
pf_parse_proto(struct parser *p, struct proto_node **ret)
{
	struct proto_node **end = ret;

	*ret = NULL;
	if (!take_if(p, K_PROTO))
		return 0;
	return pf_one_or_list(p, parse_proto_item, &end);
}

int
pf_parse_rtable_number(struct parser *p, int16_t *ret)
{
	int64_t n;

	if (expect_number(p, &n) < 0)
		return -1;
	if (n < 0 || n >= p->env->fibs)
		return pf_error(p, "invalid rtable id");
	*ret = (int16_t)n;
	return 0;
}

/* rtable = [ "rtable" NUMBER ] */
int
pf_parse_rtable(struct parser *p, int16_t *ret)
{
	*ret = -1;
	if (!take_if(p, K_RTABLE))
		return 0;
	return pf_parse_rtable_number(p, ret);
}

/* tos = NUMBER | "0x.." | the name of a type of service */
int
pf_parse_tos(struct parser *p, int *ret)
{
	const char *word;
	char *end;
	long n;

	if (peek(p) == T_NUMBER) {
		word = arena_printf(&p->tmp, "%lld", (long long)p->tok.num);
		n = p->tok.num < 0 || p->tok.num > 255 ? -1 : p->tok.num;
		take(p);
	} else {
		if (expect_string(p, &word) < 0)
			return -1;
		n = pf_tos_number(word);
		if (n < 0 && str_starts(word, "0x")) {
			n = strtol(word, &end, 16);
			if (*end != '\0')
				n = -1;
		}
	}
	if (n < 0 || n > 255)
		return pf_error(p, "illegal tos value %s", word);
	*ret = (int)n;
	return 0;
}
