/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lint: what the rules do to jails' traffic: a `block all` that never sees
 * it, and private addresses that leave the machine.
 */
#include <arpa/inet.h>

#include "pf/lint-internal.h"

/* A network of a loopback interface that jails' addresses are from. */
struct jail_net {
	const struct pf_if *ifp;
	const struct pf_if_addr *addr; /* the host's own in it */
};

static bool
is_jail_net(const struct pf_if *ifp, const struct pf_if_addr *a)
{
	uint8_t whole = a->af == AF_INET ? 32 : 128;

	if (!(ifp->flags & PF_IF_LOOPBACK) || a->bits == whole)
		return false;
	if (a->af == AF_INET)
		return a->ip.b[0] != 127;
	return a->ip.b[0] != 0xfe; /* link-local */
}

static bool
next_jail_net(const struct lint *l, size_t *i, size_t *k, struct jail_net *ret)
{
	const struct pf_env *env = l->in->machine->env;

	for (; *i < env->ifs.n; (*i)++, *k = 0) {
		const struct pf_if *ifp = &env->ifs.v[*i];

		for (; *k < ifp->addrs.n; (*k)++) {
			if (!is_jail_net(ifp, &ifp->addrs.v[*k]))
				continue;
			*ret = (struct jail_net){ ifp, &ifp->addrs.v[*k] };
			(*k)++;
			return true;
		}
	}
	return false;
}

/* ---- block all, and ways around it ---- */

static bool
blocks_all(const struct pf_rule *r)
{
	return r->action == PF_BLOCK && !r->anchor_call && r->dir != PF_OUT &&
	    r->ifname == NULL && r->proto == 0 && r->af == 0 &&
	    r->src.addr.kind == PF_ADDR_ANY &&
	    r->dst.addr.kind == PF_ADDR_ANY && r->tagged == NULL &&
	    r->prob == 0 && !r->fragment;
}

static const struct pf_rule *
find_block(const struct pf_rules *filter)
{
	for (size_t i = 0; i < filter->n; i++)
		if (blocks_all(filter->v[i]))
			return filter->v[i];
	return NULL;
}

static bool
is_private_net(const struct lint *l, uint8_t af, const union pf_ip *ip)
{
	const struct pf_if *ifp = pf_machine_loopback(l->in->machine, af, ip);

	return ifp != NULL && !(af == AF_INET && ip->b[0] == 127);
}

/* The first `nat pass` of what jails send. */
static const struct pf_rule *
nat_pass(const struct lint *l)
{
	const struct pf_rules *nat = &l->in->rules->main->list[PF_LIST_NAT];

	for (size_t i = 0; i < nat->n; i++) {
		const struct pf_rule *r = nat->v[i];
		const struct pf_addr *a = &r->src.addr;

		if (r->natpass && r->action == PF_NAT && r->proto == 0 &&
		    r->dst.addr.kind == PF_ADDR_ANY &&
		    (a->kind == PF_ADDR_ANY || a->kind == PF_ADDR_DYN ||
			(a->kind == PF_ADDR_IP &&
			    is_private_net(l, r->af, &a->ip))))
			return r;
	}
	return NULL;
}

/* The first `rdr pass` to a jail. */
static const struct pf_rule *
rdr_pass(const struct lint *l)
{
	const struct pf_rules *rdr = &l->in->rules->main->list[PF_LIST_RDR];

	for (size_t i = 0; i < rdr->n; i++) {
		const struct pf_rule *r = rdr->v[i];

		for (uint32_t k = 0;
		     r->natpass && r->pool != NULL && k < r->pool->n; k++) {
			const struct pf_addr *a = &r->pool->hop[k].addr;

			if (a->kind == PF_ADDR_IP &&
			    is_private_net(l, r->af, &a->ip))
				return r;
		}
	}
	return NULL;
}

static const struct pf_if *
skipped_jails(const struct lint *l)
{
	struct jail_net net;

	for (size_t i = 0, k = 0; next_jail_net(l, &i, &k, &net);)
		if (lint_skipped(l, net.ifp->name))
			return net.ifp;
	return NULL;
}

/* "what a (line 1) and b (line 2) let by": parts with their lines. */
static void
add_part(struct str *s, const char *what, uint32_t line)
{
	str_printf(s, "%s%s", s->len ? "; " : "", what);
	if (line > 0)
		str_printf(s, " (line %u)", line);
}

static void
lint_block_all(struct lint *l)
{
	const struct pf_rule *block =
	    find_block(&l->in->rules->main->list[PF_LIST_FILTER]);
	const struct pf_rule *nat = nat_pass(l), *rdr = rdr_pass(l);
	const struct pf_if *skip = skipped_jails(l);
	_cleanup_(str_clear) struct str why = STR_INIT;
	struct finding *f;

	if (block == NULL || (nat == NULL && rdr == NULL))
		return;
	if (nat != NULL)
		add_part(
		    &why, "`nat pass` lets out all that jails send", nat->line);
	if (rdr != NULL)
		add_part(&why,
		    "`rdr pass` lets in all that is redirected to them",
		    rdr->line);
	if (skip != NULL)
		add_part(&why,
		    "between jails nothing is asked, their interface is "
		    "skipped",
		    ex_skip_line(&l->files, l->main_file, skip));
	f = lint_rule(l, FINDING_WARNING, "block-without-effect", block);
	finding_what(f, "%s is blocked of jails' traffic%s",
	    nat && rdr && skip ? "nothing" : "not all",
	    nat && rdr && skip ? "" : ", though it says all");
	finding_why(f, "%s", why.buf);
	finding_fix(f,
	    "write nat and rdr without pass, and pass rules for what jails "
	    "may send and get");
}

/* ---- private addresses that leave ---- */

static bool
is_private(uint8_t af, const union pf_ip *ip)
{
	const uint8_t *b = ip->b;

	if (af == AF_INET6)
		return (b[0] & 0xfe) == 0xfc;
	return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
	    (b[0] == 192 && b[1] == 168);
}

/* A jail in the network, else an address that one could have. */
static void
sender_in(
    const struct lint *l, const struct jail_net *net, struct pf_question *q)
{
	const struct pf_machine *m = l->in->machine;

	for (size_t i = 0; i < m->jails.n; i++)
		for (size_t k = 0; k < m->jails.v[i].addrs.n; k++) {
			const struct pf_ip_af *a = &m->jails.v[i].addrs.v[k];

			if (a->af != net->addr->af ||
			    !sim_prefix_match(
				&net->addr->ip, net->addr->bits, &a->ip, a->af))
				continue;
			q->packet.src = a->ip;
			if (m->jails.v[i].up)
				return;
		}
}

/* A packet from a jail to somewhere in the world. */
static struct pf_question
to_the_world(const struct lint *l, const struct jail_net *net, uint8_t proto)
{
	struct pf_question q = { .from_here = true };
	struct pf_packet *p = &q.packet;

	*p = (struct pf_packet){ .af = net->addr->af,
		.proto = proto,
		.src = net->addr->ip,
		.sport = 40000,
		.dport = proto == 17 ? 53 : 443,
		.flags = PF_TH_SYN,
		.ttl = 64,
		.win = 65535,
		.seq = 1000,
		.uid = PF_ID_UNKNOWN,
		.gid = PF_ID_UNKNOWN };
	sender_in(l, net, &q);
	inet_pton(p->af, p->af == AF_INET ? "198.51.100.1" : "2001:db8:ffff::1",
	    p->dst.b);
	return q;
}

static void
tell_leak(struct lint *l, const struct jail_net *net, const struct ex_walk *w)
{
	const struct pf_sim_event *ev =
	    w->go.events.n > 0 ? &w->go.events.v[w->go.events.n - 1] : NULL;
	const struct pf_rule *r = ev ? ev->rule : NULL;
	char buf[LINT_IP_STRLEN];
	union pf_ip base = net->addr->ip;
	struct finding *f;

	for (unsigned bit = net->addr->bits; bit < 128; bit++)
		base.b[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	f = r && r->file
	    ? lint_rule(l, FINDING_ERROR, "private-leaks", r)
	    : lint_at(l, FINDING_ERROR, "private-leaks", l->main_file, 0);
	lint_ip(net->addr->af, &base, net->addr->bits, buf);
	finding_what(f, "%s leaves on %s without nat", buf, w->out_if);
	finding_why(
	    f, "the addresses are private: no answer finds the way back");
	finding_fix(f, "add: nat on %s from %s:network to any -> (%s)",
	    w->out_if, net->ifp->name, w->out_if);
}

static bool
lint_leak(struct lint *l, const struct jail_net *net, uint8_t proto)
{
	const struct pf_ex_input in = { .rules = l->in->rules,
		.machine = l->in->machine,
		.env = l->in->env };
	struct pf_question q = to_the_world(l, net, proto);
	struct ex_walk w = { 0 };
	bool leaks;

	if (ex_walk(&in, in.rules, &q, &w, NULL) < 0)
		return false;
	leaks = w.go.end == PF_E_SENT && w.leaves && w.out_if != NULL &&
	    sim_ip_eq(&w.arrives.src, &q.packet.src);
	if (leaks)
		tell_leak(l, net, &w);
	ex_walk_clear(&w);
	return leaks;
}

static void
lint_leaks(struct lint *l)
{
	static const uint8_t protos[] = { 6, 17 };
	struct jail_net net;

	for (size_t i = 0, k = 0; next_jail_net(l, &i, &k, &net);) {
		if (!is_private(net.addr->af, &net.addr->ip))
			continue;
		for (size_t n = 0; n < ARRAY_SIZE(protos); n++)
			if (lint_leak(l, &net, protos[n]))
				break;
	}
}

void
lint_jails(struct lint *l)
{
	lint_block_all(l);
	lint_leaks(l);
}
