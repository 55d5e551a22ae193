/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The printer: one function for each part of a rule, in the order in which
 * they stand on the line.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "pf/names.h"
#include "pf/pf.h"

/* ---- addresses and ports ---- */

static void
print_ip(struct str *s, const union pf_ip *ip, uint8_t af)
{
	char buf[INET6_ADDRSTRLEN];

	if (af == AF_INET6) {
		str_add(s, inet_ntop(af, ip->b, buf, sizeof(buf)));
		return;
	}
	if (af != AF_INET) {
		str_addc(s, '?');
		return;
	}
	/* The rules of a large ruleset are mostly made of these. */
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			str_addc(s, '.');
		str_addu(s, ip->b[i]);
	}
}

static void
print_dyn(struct str *s, const struct pf_addr *a, unsigned flags)
{
	str_printf(s, "(%s", a->name);
	if (a->mods & PF_MOD_NETWORK)
		str_add(s, ":network");
	if (a->mods & PF_MOD_BROADCAST)
		str_add(s, ":broadcast");
	if (a->mods & PF_MOD_PEER)
		str_add(s, ":peer");
	if (a->mods & PF_MOD_NOALIAS)
		str_add(s, ":0");
	if (flags & PF_PRINT_NR)
		str_add(s, ":*");
	str_addc(s, ')');
}

static void
print_mask(struct str *s, const struct pf_addr *a, uint8_t af)
{
	if (a->bits == (af == AF_INET ? 32 : 128))
		return;
	str_addc(s, '/');
	str_addu(s, a->bits);
}

void
pf_print_addr(
    struct str *s, const struct pf_addr *a, uint8_t af, unsigned flags)
{
	switch ((enum pf_addr_kind)a->kind) {
	case PF_ADDR_ANY:
		str_add(s, "any");
		return;
	case PF_ADDR_IP:
		print_ip(s, &a->ip, af);
		print_mask(s, a, af);
		return;
	case PF_ADDR_RANGE:
		print_ip(s, &a->ip, af);
		str_add(s, " - ");
		print_ip(s, &a->last, af);
		return;
	case PF_ADDR_TABLE:
		str_printf(
		    s, "<%s%s>", a->name, flags & PF_PRINT_NR ? ":0" : "");
		return;
	case PF_ADDR_DYN:
		print_dyn(s, a, flags);
		print_mask(s, a, af);
		return;
	case PF_ADDR_NOROUTE:
		str_add(s, "no-route");
		return;
	case PF_ADDR_URPF:
		str_add(s, "urpf-failed");
		return;
	}
}

/* What stands before the first number, and before the second. */
static const char *const op_words[][2] = {
	[PF_OP_EQ] = { " = " },
	[PF_OP_NE] = { " != " },
	[PF_OP_LT] = { " < " },
	[PF_OP_LE] = { " <= " },
	[PF_OP_GT] = { " > " },
	[PF_OP_GE] = { " >= " },
	[PF_OP_IN] = { " ", " >< " },
	[PF_OP_OUT] = { " ", " <> " },
	[PF_OP_RANGE] = { " ", ":" },
};

/* The same for ports and ids; `name` stands for the first number. */
static void
print_op(struct str *s, uint8_t op, uint32_t a, uint32_t b, const char *name)
{
	str_add(s, op_words[op][0]);
	if (name != NULL)
		str_add(s, name);
	else
		str_addu(s, a);
	if (op_words[op][1] == NULL)
		return;
	str_add(s, op_words[op][1]);
	str_addu(s, b);
}

static void
print_ports(
    struct str *s, const struct pf_ports *p, uint8_t proto, unsigned flags)
{
	const char *name = NULL;

	if (p->op == PF_OP_NONE)
		return;
	if ((p->op == PF_OP_EQ || p->op == PF_OP_NE) &&
	    !(flags & PF_PRINT_NUMERIC))
		name = pf_service_name(p->a, proto == IPPROTO_TCP);
	str_add(s, " port");
	print_op(s, p->op, p->a, p->b, name);
}

static void
print_ids(struct str *s, const struct pf_ids *ids, const char *word)
{
	if (ids->op == PF_OP_NONE)
		return;
	str_printf(s, " %s", word);
	print_op(s, ids->op, ids->a, ids->b,
	    ids->a == PF_ID_UNKNOWN ? "unknown" : NULL);
}

static bool
tests_nothing(const struct pf_peer *p)
{
	return p->addr.kind == PF_ADDR_ANY && !p->addr.neg &&
	    p->port.op == PF_OP_NONE;
}

static void
print_peer(struct str *s, const struct pf_rule *r, const struct pf_peer *p,
    unsigned flags)
{
	if (p->addr.neg)
		str_add(s, "! ");
	pf_print_addr(s, &p->addr, r->af, flags);
	print_ports(s, &p->port, r->proto, flags);
}

static void
print_from_to(struct str *s, const struct pf_rule *r, unsigned flags)
{
	if (tests_nothing(&r->src) && tests_nothing(&r->dst) && r->os == NULL) {
		str_add(s, " all");
		return;
	}
	str_add(s, " from ");
	print_peer(s, r, &r->src, flags);
	if (r->os != NULL)
		str_printf(s, " os \"%s\"", r->os);
	str_add(s, " to ");
	print_peer(s, r, &r->dst, flags);
}

/* ---- pools ---- */

static void
print_hop(struct str *s, const struct pf_rule *r, const struct pf_hop *h)
{
	static const union pf_ip zero;

	if (r->route == PF_ROUTE_NONE) {
		pf_print_addr(s, &h->addr, r->af, 0);
		return;
	}
	if (h->addr.kind == PF_ADDR_ANY ||
	    (h->addr.kind == PF_ADDR_IP &&
		memcmp(&h->addr.ip, &zero, sizeof(zero)) == 0)) {
		str_add(s, h->ifname ? h->ifname : "");
		return;
	}
	str_printf(s, "(%s ", h->ifname ? h->ifname : "");
	pf_print_addr(s, &h->addr, r->af, 0);
	str_addc(s, ')');
}

static void
print_proxy_ports(struct str *s, const struct pf_rule *r)
{
	const struct pf_pool *p = r->pool;

	if (r->action == PF_NAT) {
		if ((p->low == PF_NAT_LOW && p->high == PF_NAT_HIGH) ||
		    (p->low == 0 && p->high == 0))
			return;
		str_printf(s, " port %u", p->low);
		if (p->low != p->high)
			str_printf(s, ":%u", p->high);
	} else if (r->action == PF_RDR && p->low != 0) {
		str_printf(s, " port %u", p->low);
		if (p->high != 0 && p->high != p->low)
			str_printf(s, ":%u", p->high);
	}
}

static void
print_pool_type(struct str *s, const struct pf_pool *p)
{
	static const char *const words[] = {
		[PF_POOL_NONE] = "",
		[PF_POOL_BITMASK] = " bitmask",
		[PF_POOL_RANDOM] = " random",
		[PF_POOL_SRCHASH] = " source-hash 0x",
		[PF_POOL_ROUNDROBIN] = " round-robin",
	};

	str_add(s, words[p->type]);
	for (size_t i = 0; p->type == PF_POOL_SRCHASH && i < sizeof(p->key);
	     i++)
		str_printf(s, "%02x", p->key[i]);
}

static void
print_pool(struct str *s, const struct pf_rule *r)
{
	const struct pf_pool *p = r->pool;

	if (p->n > 1)
		str_add(s, "{ ");
	for (uint32_t i = 0; i < p->n; i++) {
		if (i > 0)
			str_add(s, ", ");
		print_hop(s, r, &p->hop[i]);
	}
	if (p->n > 1)
		str_add(s, " }");
	print_proxy_ports(s, r);
	print_pool_type(s, p);
	if (p->sticky)
		str_add(s, " sticky-address");
	if (r->action == PF_NAT && p->low == 0 && p->high == 0)
		str_add(s, " static-port");
}

/* ---- before the hosts ---- */

static void
print_anchor_word(struct str *s, const struct pf_rule *r, unsigned flags)
{
	static const char *const words[PF_LIST_COUNT] = {
		[PF_LIST_SCRUB] = "anchor",
		[PF_LIST_NAT] = "nat-anchor",
		[PF_LIST_RDR] = "rdr-anchor",
		[PF_LIST_BINAT] = "binat-anchor",
		[PF_LIST_FILTER] = "anchor",
	};
	const char *name = r->anchor_name, *slash = strrchr(name, '/');

	str_add(s, words[pf_list_of(r->action)]);
	/* The name of a path is its last part, with the slash. */
	if (slash != NULL && !(flags & PF_PRINT_PATHS))
		name = slash;
	if (*name != '_')
		str_printf(s, " \"%s\"", name);
}

static void
print_code(struct str *s, int type, int code, uint8_t af)
{
	const char *name = pf_icmp_code_name(type, code, af);

	if (name != NULL)
		str_add(s, name);
	else
		str_printf(s, "%d", code);
}

static void
print_return_icmp(struct str *s, const struct pf_rule *r)
{
	str_add(s, r->af == AF_INET6 ? " return-icmp6(" : " return-icmp(");
	if (r->af != AF_INET6)
		print_code(s, 3, r->code4, AF_INET);
	if (r->af == 0)
		str_add(s, ", ");
	if (r->af != AF_INET)
		print_code(s, r->return_odd ? 3 : 1, r->code6, AF_INET6);
	str_addc(s, ')');
}

static void
print_block(struct str *s, const struct pf_rule *r)
{
	switch ((enum pf_block)r->block) {
	case PF_BLOCK_DROP:
		str_add(s, " drop");
		return;
	case PF_BLOCK_RETURN:
		str_add(s, " return");
		return;
	case PF_BLOCK_RST:
		str_add(s, " return-rst");
		if (r->return_ttl != 0)
			str_printf(s, "(ttl %u)", r->return_ttl);
		return;
	case PF_BLOCK_ICMP:
		print_return_icmp(s, r);
		return;
	}
}

static void
print_action(struct str *s, const struct pf_rule *r, unsigned flags)
{
	static const char *const words[] = {
		[PF_PASS] = "pass",
		[PF_BLOCK] = "block",
		[PF_SCRUB] = "scrub",
		[PF_NO_SCRUB] = "no scrub",
		[PF_NAT] = "nat",
		[PF_NO_NAT] = "no nat",
		[PF_BINAT] = "binat",
		[PF_NO_BINAT] = "no binat",
		[PF_RDR] = "rdr",
		[PF_NO_RDR] = "no rdr",
	};

	if (r->anchor_call) {
		print_anchor_word(s, r, flags);
	} else {
		str_add(s, words[r->action]);
		if (r->natpass)
			str_add(s, " pass");
	}
	if (r->action == PF_BLOCK)
		print_block(s, r);
}

static void
print_log(struct str *s, const struct pf_rule *r)
{
	const char *comma = "";

	if (r->log == 0)
		return;
	str_add(s, " log");
	if (r->log == PF_LOG && r->log_if == 0)
		return;
	str_add(s, " (");
	if (r->log & PF_LOG_ALL) {
		str_add(s, "all");
		comma = ", ";
	}
	if (r->log & PF_LOG_USER) {
		str_printf(s, "%suser", comma);
		comma = ", ";
	}
	if (r->log_if != 0)
		str_printf(s, "%sto pflog%u", comma, r->log_if);
	str_addc(s, ')');
}

static void
print_where(struct str *s, const struct pf_rule *r)
{
	static const char *const routes[] = {
		[PF_ROUTE_TO] = " route-to ",
		[PF_REPLY_TO] = " reply-to ",
		[PF_DUP_TO] = " dup-to ",
	};
	const char *proto;

	if (r->quick)
		str_add(s, " quick");
	if (r->ifname != NULL) {
		str_add(s, r->if_not ? " on ! " : " on ");
		str_add(s, r->ifname);
	}
	if (r->route != PF_ROUTE_NONE) {
		str_add(s, routes[r->route]);
		print_pool(s, r);
	}
	if (r->af != 0)
		str_add(s, r->af == AF_INET ? " inet" : " inet6");
	if (r->proto == 0)
		return;
	proto = pf_proto_name(r->proto);
	str_add(s, " proto ");
	if (proto != NULL)
		str_add(s, proto);
	else
		str_addu(s, r->proto);
}

/* ---- behind the hosts ---- */

static void
print_flags(struct str *s, const struct pf_rule *r)
{
	if (r->flags != 0 || r->flagset != 0) {
		str_add(s, " flags ");
		pf_flags_add(s, r->flags);
		str_addc(s, '/');
		pf_flags_add(s, r->flagset);
	} else if (r->action == PF_PASS && !r->anchor_call && !r->fragment &&
	    (r->proto == 0 || r->proto == IPPROTO_TCP) &&
	    r->keep != PF_NO_STATE) {
		str_add(s, " flags any");
	}
}

static void
print_icmp(struct str *s, const struct pf_rule *r)
{
	const char *name;

	if (r->icmp_type < 0)
		return;
	name = pf_icmp_type_name(r->icmp_type, r->af);
	str_add(s, r->af == AF_INET6 ? " icmp6-type " : " icmp-type ");
	if (name != NULL)
		str_add(s, name);
	else
		str_printf(s, "%d", r->icmp_type);
	if (r->icmp_code >= 0) {
		str_add(s, " code ");
		print_code(s, r->icmp_type, r->icmp_code, r->af);
	}
}

static void
print_tos_prio(struct str *s, const struct pf_rule *r)
{
	if (r->tos != 0)
		str_printf(s, " tos 0x%2.2x", r->tos);
	if (r->prio >= 0)
		str_printf(s, " prio %d", r->prio);
	if (r->set_prio[0] < 0)
		return;
	if (r->set_prio[0] == r->set_prio[1])
		str_printf(s, " set ( prio %d )", r->set_prio[0]);
	else
		str_printf(
		    s, " set ( prio(%d, %d) )", r->set_prio[0], r->set_prio[1]);
}

static void
print_keep(struct str *s, const struct pf_rule *r)
{
	switch ((enum pf_keep)r->keep) {
	case PF_NO_STATE:
		if (r->action == PF_PASS && !r->anchor_call)
			str_add(s, " no state");
		return;
	case PF_KEEP:
		str_add(s, " keep state");
		return;
	case PF_MODULATE:
		str_add(s, " modulate state");
		return;
	case PF_SYNPROXY:
		str_add(s, " synproxy state");
		return;
	}
}

/* Per cent with up to six decimals and no zeros at the end. */
static void
print_probability(struct str *s, const struct pf_rule *r)
{
	char buf[32];
	size_t n;

	if (r->prob == 0)
		return;
	n = (size_t)snprintf(
	    buf, sizeof(buf), "%f", r->prob * 100.0 / 4294967296.0);
	while (buf[n - 1] == '0')
		n--;
	if (buf[n - 1] == '.')
		n--;
	str_printf(s, " probability %.*s%%", (int)n, buf);
}

static void
add_count(struct str *s, const char **comma, const char *name, uint32_t n)
{
	if (n == 0)
		return;
	str_printf(s, "%s%s %u", *comma, name, n);
	*comma = ", ";
}

static void
add_word(struct str *s, const char **comma, const char *word, bool given)
{
	if (!given)
		return;
	str_printf(s, "%s%s", *comma, word);
	*comma = ", ";
}

static void
print_state_opts(struct str *s, const struct pf_state *st)
{
	const char *comma = " (";

	if (st == NULL)
		return;
	add_count(s, &comma, "max", st->max);
	add_word(s, &comma, "no-sync", st->no_sync);
	add_word(s, &comma,
	    st->track == PF_TRACK_RULE ? "source-track rule"
				       : "source-track global",
	    st->track != PF_TRACK_NONE);
	add_count(s, &comma, "max-src-states", st->max_src_states);
	add_count(s, &comma, "max-src-conn", st->max_src_conn);
	if (st->rate != 0) {
		str_printf(s, "%smax-src-conn-rate %u/%u", comma, st->rate,
		    st->rate_seconds);
		comma = ", ";
	}
	add_count(s, &comma, "max-src-nodes", st->max_src_nodes);
	if (st->overload != NULL) {
		str_printf(s, "%soverload <%s>%s%s", comma, st->overload,
		    st->flush ? " flush" : "",
		    st->flush_global ? " global" : "");
		comma = ", ";
	}
	add_word(s, &comma, "if-bound", st->if_bound);
	add_word(s, &comma, "sloppy", st->sloppy);
	for (int i = 0; i < PF_TM_COUNT; i++)
		add_count(s, &comma, pf_timeout_name(i), st->timeout[i]);
	if (*comma != ' ')
		str_addc(s, ')');
}

static void
print_scrub_opts(struct str *s, const struct pf_rule *r)
{
	if (r->fragment)
		str_add(s, " fragment");
	if (r->no_df)
		str_add(s, " no-df");
	if (r->random_id)
		str_add(s, " random-id");
	if (r->min_ttl != 0)
		str_printf(s, " min-ttl %u", r->min_ttl);
	if (r->max_mss != 0)
		str_printf(s, " max-mss %u", r->max_mss);
	if (r->has_set_tos)
		str_printf(s, " set-tos 0x%2.2x", r->set_tos);
	if (r->allow_opts)
		str_add(s, " allow-opts");
	if (r->action != PF_SCRUB)
		return;
	if (r->reassemble_tcp)
		str_add(s, " reassemble tcp");
	str_add(s, " fragment reassemble");
}

static void
print_marks(struct str *s, const struct pf_rule *r)
{
	if (r->label != NULL)
		str_printf(s, " label \"%s\"", r->label);
	if (r->queue != NULL && r->pqueue != NULL)
		str_printf(s, " queue(%s, %s)", r->queue, r->pqueue);
	else if (r->queue != NULL)
		str_printf(s, " queue %s", r->queue);
	if (r->tag != NULL)
		str_printf(s, " tag %s", r->tag);
	if (r->tagged != NULL)
		str_printf(
		    s, "%s tagged %s", r->tagged_not ? " !" : "", r->tagged);
	if (r->rtable >= 0)
		str_printf(s, " rtable %d", r->rtable);
	if (r->divert != 0)
		str_printf(s, " divert-to %u", r->divert);
}

/* ---- whole rules, lists, tables ---- */

void
pf_print_rule(struct str *s, const struct pf_rule *r, unsigned flags)
{
	if (flags & PF_PRINT_NR)
		str_printf(s, "@%u ", r->nr);
	print_action(s, r, flags);
	if (r->dir != PF_INOUT)
		str_add(s, r->dir == PF_IN ? " in" : " out");
	print_log(s, r);
	print_where(s, r);
	print_from_to(s, r, flags);
	print_ids(s, &r->user, "user");
	print_ids(s, &r->group, "group");
	print_flags(s, r);
	print_icmp(s, r);
	print_tos_prio(s, r);
	print_keep(s, r);
	print_probability(s, r);
	print_state_opts(s, r->state);
	print_scrub_opts(s, r);
	print_marks(s, r);
	if (!r->anchor_call && r->pool != NULL && r->route == PF_ROUTE_NONE) {
		str_add(s, " -> ");
		print_pool(s, r);
	}
}

static void
print_indent(struct str *s, int depth)
{
	for (int i = 0; i < depth; i++)
		str_add(s, "  ");
}

static bool
opens_braces(const struct pf_rule *r, enum pf_list list, unsigned flags)
{
	if (r->anchor == NULL || r->anchor->list[list].n == 0)
		return false;
	if ((flags & PF_PRINT_SHALLOW) && *r->anchor_name != '_')
		return false;
	return (flags & PF_PRINT_PATHS) || !r->anchor->printed;
}

void
pf_print_list(struct str *s, struct pf_anchor *a, enum pf_list list,
    unsigned flags, int depth)
{
	const struct pf_rules *rules = &a->list[list];

	/* The optimiser's tables are told of where they are made. */
	for (size_t i = 0; list == PF_LIST_FILTER &&
	     !(flags & PF_PRINT_PATHS) && i < a->automatic.n;
	     i++)
		pf_print_table(s, a->automatic.v[i]);
	for (size_t i = 0; i < rules->n; i++) {
		const struct pf_rule *r = rules->v[i];

		if (!(flags & PF_PRINT_NR))
			print_indent(s, depth);
		pf_print_rule(s, r, flags);
		if (!opens_braces(r, list, flags)) {
			str_addc(s, '\n');
			continue;
		}
		r->anchor->printed |= !(flags & PF_PRINT_PATHS);
		str_add(s, " {\n");
		pf_print_list(s, r->anchor, list, flags, depth + 1);
		print_indent(s, depth);
		str_add(s, "}\n");
	}
}

void
pf_print_table_head(struct str *s, const struct pf_table *t)
{
	str_printf(s, "table <%s>%s%s%s", t->name, t->is_const ? " const" : "",
	    t->persist ? " persist" : "", t->counters ? " counters" : "");
}

void
pf_print_table(struct str *s, const struct pf_table *t)
{
	pf_print_table_head(s, t);
	if (t->init)
		str_add(s, " {");
	for (size_t i = 0; i < t->n; i++) {
		str_add(s, t->addr[i].neg ? " !" : " ");
		pf_print_addr(s, &t->addr[i], t->af[i], 0);
	}
	str_add(s, t->init ? " }\n" : "\n");
}
