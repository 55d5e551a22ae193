/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar of hosts and ports: "from A port B os C to D port E". What a
 * word means as a host is in host.c.
 */
#include <ctype.h>
#include <errno.h>

#include "pf/names.h"
#include "pf/parse.h"

/* ---- ports ---- */

/* Port of a number or a service's name; -1 after telling. */
static int
port_value(struct parser *p, const char *word)
{
	unsigned long n;
	int port;

	if (pf_strtoul(word, &n)) {
		if (n > UINT16_MAX)
			return pf_error(p, "illegal port value %lu", n);
		return (int)n;
	}
	port = pf_service_port(word);
	if (port < 0 && p->env->service != NULL)
		port = p->env->service(p->env->ctx, word, "tcp");
	if (port < 0 && p->env->service != NULL)
		port = p->env->service(p->env->ctx, word, "udp");
	if (port < 0)
		return pf_error(p, "unknown port %s", word);
	return port;
}

int
pf_port_of(
    struct parser *p, const char *word, int allow, struct port_range *ret)
{
	const char *colon;
	int a, b;

	*ret = (struct port_range){ 0 };
	colon = strchr(word, ':');
	if (colon == NULL) {
		a = port_value(p, word);
		if (a < 0)
			return -1;
		ret->a = (uint16_t)a;
		return 0;
	}
	if (allow == PORT_PLAIN)
		return pf_error(p, "a range of ports cannot be used here");
	a = port_value(p, arena_strndup(&p->tmp, word, (size_t)(colon - word)));
	if (a < 0)
		return -1;
	ret->a = (uint16_t)a;
	if ((allow & PORT_STAR) && streq(colon, ":*")) {
		ret->op = PF_OP_IN;
		return 0;
	}
	b = port_value(p, colon + 1);
	if (b < 0)
		return -1;
	if (a != b) {
		ret->b = (uint16_t)b;
		ret->op = PF_OP_RANGE;
	}
	return 0;
}

/* port = WORD | NUMBER; the word may be P:P or P:* */
int
pf_parse_port(struct parser *p, int allow, struct port_range *ret)
{
	const char *word;

	if (pf_number_string(p, &word) < 0)
		return -1;
	return pf_port_of(p, word, allow, ret);
}

/* unary-op = "=" | "!" "=" | "<" [ "=" ] | ">" [ "=" ] */
int
pf_parse_unary_op(struct parser *p, uint8_t *ret)
{
	*ret = PF_OP_NONE;
	switch (peek(p)) {
	case '=':
		take(p);
		*ret = PF_OP_EQ;
		return 0;
	case '!':
		take(p);
		*ret = PF_OP_NE;
		return expect(p, '=');
	case '<':
		take(p);
		*ret = take_if(p, '=') ? PF_OP_LE : PF_OP_LT;
		return 0;
	case '>':
		take(p);
		*ret = take_if(p, '=') ? PF_OP_GE : PF_OP_GT;
		return 0;
	default:
		return 0;
	}
}

/* port-item = [ unary-op ] port | port ( "><" | "<>" ) port */
static int
parse_port_item(struct parser *p, void *arg)
{
	struct port_node ***end = arg;
	struct port_range a, b;
	struct port_node *n;
	uint8_t op;

	if (pf_parse_unary_op(p, &op) < 0 ||
	    pf_parse_port(p, PORT_RANGE, &a) < 0)
		return -1;
	n = arena_new(&p->tmp, struct port_node);
	n->port = (struct pf_ports){ .op = op, .a = a.a, .b = a.b };
	if (op != PF_OP_NONE) {
		if (a.op != PF_OP_NONE)
			return pf_error(p,
			    "':' cannot be used with an other port operator");
	} else if (peek(p) == T_BINARY_OP) {
		n->port.op = (uint8_t)p->tok.num;
		take(p);
		if (pf_parse_port(p, PORT_RANGE, &b) < 0)
			return -1;
		if (a.op != PF_OP_NONE || b.op != PF_OP_NONE)
			return pf_error(p,
			    "':' cannot be used with an other port operator");
		n->port.b = b.a;
	} else {
		n->port.op = a.op != PF_OP_NONE ? PF_OP_RANGE : PF_OP_EQ;
	}
	**end = n;
	*end = &n->next;
	return 0;
}

/* port-spec = "port" ( port-item | "{" port-item { [","] port-item } "}" ) */
static int
parse_port_spec(struct parser *p, struct port_node **ret)
{
	struct port_node **end = ret;

	if (!take_if(p, K_PORT))
		return 0;
	return pf_one_or_list(p, parse_port_item, &end);
}

/* ---- hosts ---- */

static struct host *
host_new(struct parser *p, enum pf_addr_kind kind)
{
	struct host *h = arena_new(&p->tmp, struct host);

	h->kind = kind;
	h->tail = h;
	return h;
}

static bool
is_plain_host(const struct host *h)
{
	return h->kind == PF_ADDR_IP && h->next == NULL && !h->neg &&
	    h->bits == (h->af == AF_INET ? 32 : 128);
}

/* host "-" host */
static int
parse_range(struct parser *p, const char *first, struct host **ret)
{
	struct host *b, *e;
	const char *last;

	if (expect_string(p, &last) < 0)
		return -1;
	b = pf_host(p, first);
	e = b != NULL ? pf_host(p, last) : NULL;
	if (e == NULL)
		return pf_error(p, "could not parse host specification");
	if (b->af != e->af || !is_plain_host(b) || !is_plain_host(e))
		return pf_error(p, "invalid address range");
	b->kind = PF_ADDR_RANGE;
	b->last = e->ip;
	*ret = b;
	return 0;
}

/* The modifiers behind an interface's name in parentheses. */
static int
dyn_mods(struct parser *p, char *name, unsigned *ret)
{
	unsigned mods = 0;
	char *colon;

	while ((colon = strrchr(name, ':')) != NULL) {
		if (!pf_add_mod(colon, &mods))
			return pf_error(
			    p, "interface %s has bad modifier", name);
		*colon = '\0';
	}
	if (mods & (mods - 1) & (PF_MOD_NOALIAS - 1))
		return pf_error(
		    p, "illegal combination of interface modifiers");
	*ret = mods;
	return 0;
}

/* dynamic = "(" WORD ")" [ "/" NUMBER ] */
static int
parse_dynamic(struct parser *p, struct host **ret)
{
	const char *word;
	unsigned mods = 0;
	struct host *h;
	int64_t bits;
	char *name;

	take(p);
	if (expect_string(p, &word) < 0 || expect(p, ')') < 0)
		return -1;
	if (!isalpha((unsigned char)word[0]))
		return pf_error(p, "invalid interface name '%s'", word);
	name = arena_strdup(&p->tmp, word);
	if (dyn_mods(p, name, &mods) < 0)
		return -1;
	if (strlen(name) > PF_IFNAME_MAX)
		return pf_error(p, "interface name too long");
	h = host_new(p, PF_ADDR_DYN);
	h->name = pf_keep(p, name);
	h->mods = (uint8_t)mods;
	h->bits = 128;
	*ret = h;
	if (!take_if(p, '/'))
		return 0;
	if (expect_number(p, &bits) < 0)
		return -1;
	if (bits < 0 || bits > 128)
		return pf_error(p, "bit number too big");
	h->bits = (uint8_t)bits;
	return 0;
}

/* "<" WORD ">" */
static int
parse_table_host(struct parser *p, struct host **ret)
{
	const char *name;

	take(p);
	if (expect_string(p, &name) < 0 || expect(p, '>') < 0)
		return -1;
	if (strlen(name) > PF_TABLE_MAX)
		return pf_error(p, "table name '%s' too long", name);
	*ret = host_new(p, PF_ADDR_TABLE);
	(*ret)->name = pf_keep(p, name);
	return 0;
}

/* host = WORD [ "/" NUMBER | "-" WORD ] | NUMBER "/" NUMBER | dynamic
 *      | "<" WORD ">" */
int
pf_parse_host(struct parser *p, struct host **ret)
{
	bool number = peek(p) == T_NUMBER;
	const char *word;
	int64_t bits;

	if (peek(p) == '(')
		return parse_dynamic(p, ret);
	if (peek(p) == '<')
		return parse_table_host(p, ret);
	if (pf_number_string(p, &word) < 0)
		return -1;
	if (!number && take_if(p, '-'))
		return parse_range(p, word, ret);
	if (number || peek(p) == '/') {
		if (expect(p, '/') < 0 || expect_number(p, &bits) < 0)
			return -1;
		word = arena_printf(&p->tmp, "%s/%lld", word, (long long)bits);
	}
	*ret = pf_host(p, word);
	if (*ret == NULL)
		return pf_error(p, "could not parse host specification");
	return 0;
}

/* host-item = [ "!" ] ( host | "no-route" | "urpf-failed" ) */
static int
parse_host_item(struct parser *p, struct host **ret)
{
	bool neg = take_if(p, '!');

	if (take_if(p, K_NO_ROUTE))
		*ret = host_new(p, PF_ADDR_NOROUTE);
	else if (take_if(p, K_URPF_FAILED))
		*ret = host_new(p, PF_ADDR_URPF);
	else if (pf_parse_host(p, ret) < 0)
		return -1;
	for (struct host *h = *ret; h != NULL; h = h->next)
		h->neg = neg;
	return 0;
}

static int
list_host_item(struct parser *p, void *arg)
{
	struct host *more = NULL;

	if (pf_parse_hosts(p, &more) < 0)
		return -1;
	pf_host_append(arg, more);
	return 0;
}

int
pf_parse_host_list(struct parser *p, struct host **ret)
{
	*ret = NULL;
	return pf_list(p, list_host_item, ret);
}

/* hosts = "any" | host-item | "{" hosts { [","] hosts } "}" */
int
pf_parse_hosts(struct parser *p, struct host **ret)
{
	int r;

	*ret = NULL;
	if (take_if(p, K_ANY))
		return 0;
	if (peek(p) != '{')
		return parse_host_item(p, ret);
	if (p->nesting >= LIST_DEPTH)
		return pf_error(p, "lists are nested too deeply");
	p->nesting++;
	r = pf_parse_host_list(p, ret);
	p->nesting--;
	return r;
}

/* ---- from, os, to ---- */

/* side = hosts [ port-spec ] | port-spec */
static int
parse_side(struct parser *p, struct host **hosts, struct port_node **ports)
{
	if (peek(p) != K_PORT && pf_parse_hosts(p, hosts) < 0)
		return -1;
	return parse_port_spec(p, ports);
}

static int
parse_os_item(struct parser *p, void *arg)
{
	struct os_node ***end = arg;
	struct os_node *n;
	const char *name;

	if (expect_string(p, &name) < 0)
		return -1;
	n = arena_new(&p->tmp, struct os_node);
	n->name = pf_keep(p, name);
	**end = n;
	*end = &n->next;
	return 0;
}

/* from-to = "all" | [ "from" side ] [ "os" ( WORD | "{" .. "}" ) ]
 *           [ "to" side ] */
int
pf_parse_from_to(struct parser *p, struct from_to *ret)
{
	struct os_node **end = &ret->os;

	*ret = (struct from_to){ 0 };
	if (take_if(p, K_ALL))
		return 0;
	if (take_if(p, K_FROM) && parse_side(p, &ret->src, &ret->src_port) < 0)
		return -1;
	if (take_if(p, K_OS) && pf_one_or_list(p, parse_os_item, &end) < 0)
		return -1;
	if (!take_if(p, K_TO))
		return 0;
	if (parse_side(p, &ret->dst, &ret->dst_port) < 0)
		return -1;
	for (const struct host *h = ret->dst; h != NULL; h = h->next) {
		if (h->kind == PF_ADDR_URPF)
			return pf_error(p,
			    "\"urpf-failed\" is not permitted in a "
			    "destination address");
	}
	return 0;
}
