/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Expansion: a statement's lists multiplied out into rules, labels and tags
 * filled in, each rule checked for what cannot be together.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "pf/parse.h"

/* ---- labels ---- */

struct label_facts { /* what "$if", "$srcaddr" .. stand for in this rule */
	const struct pf_rule *r;
	const struct host *src, *dst;
	uint32_t nr;
};

static void
add_label_addr(struct str *s, const struct label_facts *f, const struct host *h)
{
	char buf[INET6_ADDRSTRLEN];

	if (h->neg)
		str_add(s, "! ");
	switch (h->kind) {
	case PF_ADDR_DYN:
		str_printf(s, "(%s)", h->name);
		break;
	case PF_ADDR_TABLE:
		str_printf(s, "<%s>", h->name);
		break;
	case PF_ADDR_NOROUTE:
		str_add(s, "no-route");
		break;
	case PF_ADDR_URPF:
		str_add(s, "urpf-failed");
		break;
	case PF_ADDR_IP:
		if (f->r->af == 0 || h->bits == 0) {
			str_add(s, "any");
			break;
		}
		str_add(s, inet_ntop(f->r->af, h->ip.b, buf, sizeof(buf)));
		if (h->bits < (f->r->af == AF_INET ? 32 : 128))
			str_printf(s, "/%u", h->bits);
		break;
	default:
		str_add(s, "?");
	}
}

static void
add_label_port(struct str *s, const struct pf_ports *port)
{
	static const char *const prefix[] = {
		[PF_OP_EQ] = "",
		[PF_OP_NE] = "!=",
		[PF_OP_LT] = "<",
		[PF_OP_LE] = "<=",
		[PF_OP_GT] = ">",
		[PF_OP_GE] = ">=",
	};

	if (port->op == PF_OP_IN)
		str_printf(s, "%u><%u", port->a, port->b);
	else if (port->op == PF_OP_OUT)
		str_printf(s, "%u<>%u", port->a, port->b);
	else if (port->op != PF_OP_NONE && port->op != PF_OP_RANGE)
		str_printf(s, "%s%u", prefix[port->op], port->a);
}

static void
add_label_if(struct str *s, const struct label_facts *f)
{
	str_add(s, f->r->ifname ? f->r->ifname : "any");
}

static void
add_label_src(struct str *s, const struct label_facts *f)
{
	add_label_addr(s, f, f->src);
}

static void
add_label_dst(struct str *s, const struct label_facts *f)
{
	add_label_addr(s, f, f->dst);
}

static void
add_label_sport(struct str *s, const struct label_facts *f)
{
	add_label_port(s, &f->r->src.port);
}

static void
add_label_dport(struct str *s, const struct label_facts *f)
{
	add_label_port(s, &f->r->dst.port);
}

static void
add_label_proto(struct str *s, const struct label_facts *f)
{
	const char *name = pf_proto_name(f->r->proto);

	if (name != NULL)
		str_add(s, name);
	else
		str_printf(s, "%u", f->r->proto);
}

static void
add_label_nr(struct str *s, const struct label_facts *f)
{
	str_printf(s, "%u", f->nr);
}

/* In the order in which they are replaced. */
static const struct {
	const char *name;
	void (*add)(struct str *s, const struct label_facts *f);
} label_words[] = {
	{ "$if", add_label_if },
	{ "$srcaddr", add_label_src },
	{ "$dstaddr", add_label_dst },
	{ "$srcport", add_label_sport },
	{ "$dstport", add_label_dport },
	{ "$proto", add_label_proto },
	{ "$nr", add_label_nr },
};

/* Replace every `word` in *text by what `add` says. */
static int
replace_word(struct parser *p, const char **text, unsigned i,
    const struct label_facts *f)
{
	_cleanup_(str_clear) struct str s = STR_INIT;
	const char *from = *text, *hit;

	while ((hit = strstr(from, label_words[i].name)) != NULL) {
		str_addmem(&s, from, (size_t)(hit - from));
		label_words[i].add(&s, f);
		from = hit + strlen(label_words[i].name);
	}
	str_add(&s, from);
	if (s.len > PF_NAME_MAX) {
		p->rs->errors++;
		p->fatal = true;
		pf_warn(p, "expand_label: label too long");
		return -1;
	}
	*text = arena_strndup(&p->rs->arena, s.buf, s.len);
	return 0;
}

/* Labels and tags without a "$" stay the statement's one string. */
static int
expand_label(struct parser *p, const char **text, const struct label_facts *f)
{
	if (*text == NULL)
		return 0;
	for (unsigned i = 0; i < ARRAY_SIZE(label_words); i++) {
		if (strstr(*text, label_words[i].name) != NULL &&
		    replace_word(p, text, i, f) < 0)
			return -1;
	}
	if (**text == '\0')
		*text = NULL;
	return 0;
}

/* ---- checks ---- */

static bool
has_ports(const struct pf_rule *r)
{
	return r->src.port.op != PF_OP_NONE || r->dst.port.op != PF_OP_NONE;
}

static bool
is_tcp_udp(const struct pf_rule *r)
{
	return r->proto == IPPROTO_TCP || r->proto == IPPROTO_UDP;
}

static bool
is_icmp(const struct pf_rule *r)
{
	return r->proto == IPPROTO_ICMP || r->proto == IPPROTO_ICMPV6;
}

/* What the protocol and the family forbid. */
static int
check_filter_proto(struct parser *p, const struct pf_rule *r)
{
	bool icmp = r->icmp_type >= 0 || r->icmp_code >= 0;
	int bad = 0;

	if (!is_tcp_udp(r) && has_ports(r))
		bad += pf_error(p, "port only applies to tcp/udp");
	if (!is_icmp(r) && icmp)
		bad += pf_error(p, "icmp-type/code only applies to icmp");
	if (r->af == 0 && icmp)
		bad += pf_error(
		    p, "must indicate address family with icmp-type/code");
	if (r->state != NULL && r->state->overload != NULL &&
	    r->state->max_src_conn == 0 && r->state->rate_seconds == 0)
		bad += pf_error(p,
		    "'overload' requires 'max-src-conn' or "
		    "'max-src-conn-rate'");
	if ((r->proto == IPPROTO_ICMP && r->af == AF_INET6) ||
	    (r->proto == IPPROTO_ICMPV6 && r->af == AF_INET))
		bad += pf_error(p, "proto %s doesn't match address family %s",
		    r->proto == IPPROTO_ICMP ? "icmp" : "icmp6",
		    r->af == AF_INET ? "inet" : "inet6");
	return bad;
}

/* What the action and its options forbid. */
static int
check_filter_action(struct parser *p, const struct pf_rule *r)
{
	const struct pf_state *st = r->state;
	int bad = 0;

	if (r->allow_opts && r->action != PF_PASS)
		bad += pf_error(
		    p, "allow-opts can only be specified for pass rules");
	if (r->fragment &&
	    (has_ports(r) || r->flagset != 0 || r->icmp_type >= 0 ||
		r->icmp_code >= 0))
		bad += pf_error(
		    p, "fragments can be filtered only on IP header fields");
	if (r->block == PF_BLOCK_RST && r->proto != IPPROTO_TCP)
		bad +=
		    pf_error(p, "return-rst can only be applied to TCP rules");
	if (st != NULL && st->max_src_nodes > 0 && st->track != PF_TRACK_RULE)
		bad +=
		    pf_error(p, "max-src-nodes requires 'source-track rule'");
	if (r->action == PF_BLOCK && r->keep != PF_NO_STATE)
		bad +=
		    pf_error(p, "keep state on block rules doesn't make sense");
	if (st != NULL && st->sloppy &&
	    (r->keep == PF_MODULATE || r->keep == PF_SYNPROXY))
		bad += pf_error(p,
		    "sloppy state matching cannot be used with synproxy "
		    "state or modulate state");
	return bad;
}

static int
check_rdr(struct parser *p, const struct pf_rule *r)
{
	uint8_t op = r->dst.port.op;
	int bad = 0;

	if (!is_tcp_udp(r)) {
		if (r->src.port.op != PF_OP_NONE)
			bad += pf_error(p, "src port only applies to tcp/udp");
		if (op != PF_OP_NONE)
			bad += pf_error(p, "dst port only applies to tcp/udp");
		if (r->pool != NULL && r->pool->low != 0)
			bad +=
			    pf_error(p, "rpool port only applies to tcp/udp");
	}
	if (op != PF_OP_NONE && op != PF_OP_EQ && op != PF_OP_RANGE)
		bad += pf_error(
		    p, "invalid port operator for rdr destination port");
	return bad;
}

static int
check_rule(struct parser *p, const struct pf_rule *r)
{
	switch (pf_list_of(r->action)) {
	case PF_LIST_SCRUB:
	case PF_LIST_FILTER:
		return check_filter_proto(p, r) + check_filter_action(p, r);
	case PF_LIST_RDR:
		return check_rdr(p, r);
	default:
		return 0;
	}
}

/* ---- the product ---- */

/* One combination of the lists' items. */
struct combination {
	const struct if_node *on;
	const struct proto_node *proto;
	const struct icmp_node *icmp;
	struct host *src, *dst, *any;
	const struct port_node *src_port, *dst_port;
	const struct os_node *os;
	const struct id_node *user, *group;
};

struct expansion {
	const struct pf_rule *pattern;
	const struct expand *x;
	int errors; /* once there was one, no later rule is added */
	int added;
};

/* Can these addresses be in one rule, on that interface? */
static bool
combines(struct parser *p, const struct combination *c, uint8_t af)
{
	const struct host *s = c->src, *d = c->dst;
	uint32_t on = 0;

	if ((af && s->af && af != s->af) || (af && d->af && af != d->af) ||
	    (s->af && d->af && s->af != d->af) ||
	    (s->ifindex && d->ifindex && s->ifindex != d->ifindex))
		return false;
	if (c->on->name == NULL || (s->ifindex == 0 && d->ifindex == 0))
		return true;
	on = pf_if_index(p, c->on->name);
	return (s->ifindex == 0 || s->ifindex == on) &&
	    (d->ifindex == 0 || d->ifindex == on);
}

/* Interface of a rule: the given one, else that of a link-local address. */
static const char *
rule_if(struct parser *p, const struct combination *c)
{
	const char *name = c->on->name;

	if (name == NULL)
		name = pf_if_name(p, c->src->ifindex);
	if (name == NULL)
		name = pf_if_name(p, c->dst->ifindex);
	return name;
}

static void
fill_rule(struct pf_rule *r, const struct combination *c)
{
	r->if_not = c->on->neg;
	r->proto = c->proto->proto;
	pf_addr_from_host(&r->src.addr, c->src);
	pf_addr_from_host(&r->dst.addr, c->dst);
	r->user = c->user->ids;
	r->group = c->group->ids;
	r->icmp_type = c->icmp->type;
	r->icmp_code = c->icmp->code;
	r->os = c->os->name;
	if (r->proto == 0 || r->proto == IPPROTO_TCP)
		return;
	r->flags = r->flagset = 0;
	if (r->keep == PF_MODULATE || r->keep == PF_SYNPROXY)
		r->keep = PF_KEEP;
}

/* A system whose fingerprint is not loaded matches nothing. */
static void
settle_os(struct parser *p, struct pf_rule *r)
{
	if (r->os == NULL || pf_os_known(p, r->os))
		return;
	if (p->opts->verbose >= 2)
		pf_note(p, "warning: unknown '%s' OS fingerprint", r->os);
	r->os = "nomatch";
}

/* The rule of one combination. -1: reading must stop. */
static int
expand_one(struct parser *p, struct expansion *e, const struct combination *c)
{
	struct pf_rule r = *e->pattern;
	struct label_facts f = { &r, c->src, c->dst, p->anchor->count };

	if (!combines(p, c, r.af))
		return 0;
	if (r.af == 0)
		r.af = c->src->af ? c->src->af : c->dst->af;
	r.ifname = rule_if(p, c);
	r.src.port = c->src_port->port;
	if (c->dst_port->port.op != PF_OP_NONE)
		r.dst.port = c->dst_port->port;
	r.proto = c->proto->proto;
	if (expand_label(p, &r.label, &f) < 0 ||
	    expand_label(p, &r.tag, &f) < 0 ||
	    expand_label(p, &r.tagged, &f) < 0)
		return -1;
	e->errors += pf_check_mask(p, c->src, r.af);
	e->errors += pf_check_mask(p, c->dst, r.af);
	fill_rule(&r, c);
	if (c->icmp->proto != 0 && r.proto != c->icmp->proto)
		e->errors += pf_error(p, "icmp-type mismatch");
	settle_os(p, &r);
	if (check_rule(p, &r) < 0 || e->errors < 0) {
		pf_error(p, "skipping rule due to errors");
		return 0;
	}
	r.nr = p->stack[p->depth]->count++;
	(void)pf_rule_add(p, &r);
	e->added++;
	return 0;
}

/* Empty lists count as one item that tests nothing. */
static const struct if_node any_if;
static const struct proto_node any_proto;
static const struct icmp_node any_icmp = { .type = -1, .code = -1 };
static const struct port_node any_port;
static const struct os_node any_os;
static const struct id_node any_id;

#define EACH(var, list, any) \
	for (var = (list) ? (list) : (any); var != NULL; var = var->next)

static int
expand_dst(struct parser *p, struct expansion *e, struct combination *c)
{
	const struct expand *x = e->x;
	EACH(c->dst, x->ft.dst, c->any)
	EACH(c->dst_port, x->ft.dst_port, &any_port)
	EACH(c->user, x->users, &any_id)
	EACH(c->group, x->groups, &any_id)
	{
		if (expand_one(p, e, c) < 0)
			return -1;
	}
	return 0;
}

int
pf_expand(struct parser *p, const struct pf_rule *r, struct expand *x)
{
	struct expansion e = { .pattern = r, .x = x };
	struct host any = { .kind = PF_ADDR_IP };
	struct combination c = { .any = &any };

	EACH(c.on, x->ifs, &any_if)
	EACH(c.proto, x->protos, &any_proto)
	EACH(c.icmp, x->icmps, &any_icmp)
	EACH(c.src, x->ft.src, &any)
	EACH(c.src_port, x->ft.src_port, &any_port)
	EACH(c.os, x->ft.os, &any_os)
	{
		if (expand_dst(p, &e, &c) < 0)
			return -1;
	}
	if (e.added == 0)
		pf_error(p, "rule expands to no valid combination");
	return 0;
}
