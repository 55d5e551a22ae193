/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pools: where nat and rdr translate to, where route-to sends, and how one of
 * several addresses is chosen.
 */
#include "base/md5.h"
#include "pf/parse.h"

static void
put_word(uint8_t *to, uint32_t word)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(word >> (24 - 8 * i));
}

/* "0x" and 32 hex digits, or any words: their MD5. */
static int
parse_key(struct parser *p, struct pool_opts *o)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	const char *text;

	if (pf_strings(p, &text) < 0)
		return -1;
	if (!str_starts(text, "0x")) {
		md5(text, strlen(text), o->key);
		return 0;
	}
	if (strlen(text) != 34)
		return pf_error(
		    p, "hex key must be 128 bits (32 hex digits) long");
	/* Eight digits at most for each word: what follows them is not seen. */
	for (int i = 0; i < 4; i++) {
		char word[9];

		memcpy(word, text + 2 + 8 * i, 8);
		word[8] = '\0';
		if (strspn(word, hex) == 0)
			return pf_error(p, "invalid hex key");
		put_word(o->key + 4 * i, (uint32_t)strtoul(word, NULL, 16));
	}
	return 0;
}

static int
parse_pool_type(struct parser *p, struct pool_opts *o)
{
	uint8_t type = peek(p) == K_BITMASK ? PF_POOL_BITMASK
	    : peek(p) == K_RANDOM	    ? PF_POOL_RANDOM
	    : peek(p) == K_SOURCE_HASH	    ? PF_POOL_SRCHASH
					    : PF_POOL_ROUNDROBIN;

	take(p);
	if (type == PF_POOL_SRCHASH) {
		if (peek(p) == T_STRING) {
			if (parse_key(p, o) < 0)
				return -1;
		} else if (p->env->random != NULL) {
			p->env->random(p->env->ctx, o->key, sizeof(o->key));
		}
	}
	if (o->has_type)
		return pf_error(p, "pool type cannot be redefined");
	o->has_type = true;
	o->type = type;
	return 0;
}

/* { "bitmask" | "random" | "source-hash" [ KEY ] | "round-robin"
 *   | "static-port" | "sticky-address" } */
int
pf_parse_pool_opts(struct parser *p, struct pool_opts *ret)
{
	*ret = (struct pool_opts){ 0 };
	for (;;) {
		switch (peek(p)) {
		case K_BITMASK:
		case K_RANDOM:
		case K_SOURCE_HASH:
		case K_ROUND_ROBIN:
			if (parse_pool_type(p, ret) < 0)
				return -1;
			break;
		case K_STATIC_PORT:
			take(p);
			if (ret->static_port)
				return pf_error(
				    p, "static-port cannot be redefined");
			ret->static_port = true;
			break;
		case K_STICKY_ADDRESS:
			take(p);
			ret->sticky = true;
			break;
		default:
			return 0;
		}
	}
}

/* ---- routes ---- */

/* route-host = IF | "(" IF host ")" */
static int
parse_route_host(struct parser *p, void *arg)
{
	struct host **list = arg, *h;
	const char *name;

	if (take_if(p, '(')) {
		if (expect_string(p, &name) < 0 || pf_parse_host(p, &h) < 0 ||
		    expect(p, ')') < 0)
			return -1;
	} else {
		if (expect_string(p, &name) < 0)
			return -1;
		h = arena_new(&p->tmp, struct host);
		h->kind = PF_ADDR_IP; /* with 0 bits: any */
		h->tail = h;
	}
	if (strlen(name) > PF_IFNAME_MAX)
		return pf_error(p, "interface name too long");
	h->ifname = pf_keep(p, name);
	if (*list != NULL) {
		if ((*list)->af == 0)
			(*list)->af = h->af;
		if ((*list)->af != h->af)
			return pf_error(p,
			    "all pool addresses must be in the same address "
			    "family");
	}
	pf_host_append(list, h);
	return 0;
}

/* route = [ "fastroute" | ( "route-to" | "reply-to" | "dup-to" )
 *         ( route-host | "{" .. "}" ) pool-opts ] */
int
pf_parse_route(struct parser *p, struct route *ret)
{
	*ret = (struct route){ 0 };
	switch (peek(p)) {
	case K_FASTROUTE:
		take(p); /* means nothing any more */
		return 0;
	case K_ROUTE_TO:
		ret->kind = PF_ROUTE_TO;
		break;
	case K_REPLY_TO:
		ret->kind = PF_REPLY_TO;
		break;
	case K_DUP_TO:
		ret->kind = PF_DUP_TO;
		break;
	default:
		return 0;
	}
	take(p);
	if (pf_one_or_list(p, parse_route_host, &ret->hosts) < 0)
		return -1;
	return pf_parse_pool_opts(p, &ret->opts);
}

/* ---- redirections ---- */

static int
redirect_item(struct parser *p, void *arg)
{
	struct host *h = NULL;

	if (pf_parse_host(p, &h) < 0)
		return -1;
	pf_host_append(arg, h);
	return 0;
}

int
pf_parse_redirect(struct parser *p, bool list, struct redirect *ret)
{
	int r;

	*ret = (struct redirect){ 0 };
	if (!take_if(p, T_ARROW))
		return 0;
	ret->given = true;
	if (list)
		r = pf_one_or_list(p, redirect_item, &ret->hosts);
	else
		r = pf_parse_host(p, &ret->hosts);
	if (r < 0 || !take_if(p, K_PORT))
		return r;
	ret->has_port = true;
	return pf_parse_port(p, PORT_RANGE | PORT_STAR, &ret->port);
}
