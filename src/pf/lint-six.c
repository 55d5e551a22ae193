/* SPDX-License-Identifier: BSD-2-Clause */
/* Lint: rules that were written with IPv4 in mind, on a machine that has
 * IPv6. */
#include <arpa/inet.h>

#include "pf/lint-internal.h"

enum { ICMP6 = 58, SOLICIT = 135 };

/* An interface with an address that the world can reach, or NULL. */
static const struct pf_if *
with_six(const struct pf_env *env, const struct pf_if_addr **ret)
{
	for (size_t i = 0; i < env->ifs.n; i++) {
		const struct pf_if *ifp = &env->ifs.v[i];

		for (size_t k = 0; k < ifp->addrs.n; k++) {
			*ret = &ifp->addrs.v[k];
			if ((*ret)->af == AF_INET6 && (*ret)->ip.b[0] != 0xfe &&
			    !(ifp->flags & PF_IF_LOOPBACK))
				return ifp;
		}
	}
	return NULL;
}

static struct pf_question
six_question(const struct pf_if *ifp, const struct pf_if_addr *a, uint8_t proto)
{
	struct pf_question q = { .ifname = ifp->name };
	struct pf_packet *p = &q.packet;

	*p = (struct pf_packet){ .af = AF_INET6,
		.proto = proto,
		.dst = a->ip,
		.sport = 40000,
		.dport = 9,
		.flags = PF_TH_SYN,
		.ttl = 255,
		.win = 65535,
		.seq = 1000,
		.icmp_type = proto == ICMP6 ? SOLICIT : 0,
		.uid = PF_ID_UNKNOWN,
		.gid = PF_ID_UNKNOWN };
	inet_pton(AF_INET6, proto == ICMP6 ? "fe80::1" : "2001:db8:ffff::1",
	    p->src.b);
	return q;
}

/* What pf says of a packet that comes in: the look that decides. */
static bool
look_at(struct lint *l, const struct pf_question *q, struct pf_sim_event *ret)
{
	const struct pf_ex_input in = { .rules = l->in->rules,
		.machine = l->in->machine,
		.env = l->in->env };
	struct ex_walk w = { 0 };
	bool seen;

	if (ex_walk(&in, in.rules, q, &w, NULL) < 0)
		return false;
	seen = w.go.events.n > 0;
	if (seen)
		*ret = w.go.events.v[0];
	ex_walk_clear(&w);
	return seen;
}

/* The first `block` of everything that comes in, but of IPv4 only. */
static const struct pf_rule *
blocks_four(const struct pf_rules *filter)
{
	for (size_t i = 0; i < filter->n; i++) {
		const struct pf_rule *r = filter->v[i];

		if (r->action == PF_BLOCK && r->af == AF_INET &&
		    !r->anchor_call && r->dir != PF_OUT && r->proto == 0 &&
		    r->src.addr.kind == PF_ADDR_ANY &&
		    r->dst.addr.kind == PF_ADDR_ANY && r->tagged == NULL)
			return r;
	}
	return NULL;
}

static void
lint_unfiltered(
    struct lint *l, const struct pf_if *ifp, const struct pf_if_addr *a)
{
	const struct pf_rule *block =
	    blocks_four(&l->in->rules->main->list[PF_LIST_FILTER]);
	struct pf_question q = six_question(ifp, a, 6);
	struct pf_sim_event ev;
	struct finding *f;
	char buf[LINT_IP_STRLEN];

	if (block == NULL || !look_at(l, &q, &ev) || ev.skip ||
	    ev.verdict != PF_V_PASS || ev.rule != NULL)
		return;
	f = lint_rule(l, FINDING_ERROR, "inet6-unfiltered", block);
	finding_what(f, "IPv4 is blocked, and IPv6 passes: no rule is for it");
	finding_why(f, "%s has %s, and every port there is open", ifp->name,
	    lint_ip(AF_INET6, &a->ip, 128, buf));
	finding_fix(f, "leave out inet here, or add: block in inet6 all");
}

/* Are there rules that let something of IPv6 in? */
static bool
wants_six(const struct pf_rules *filter)
{
	for (size_t i = 0; i < filter->n; i++) {
		const struct pf_rule *r = filter->v[i];

		if (r->action == PF_PASS && r->af == AF_INET6 &&
		    r->dir != PF_OUT && !r->anchor_call)
			return true;
	}
	return false;
}

/* Without neighbour discovery nobody on the link finds the machine. */
static void
lint_discovery(
    struct lint *l, const struct pf_if *ifp, const struct pf_if_addr *a)
{
	struct pf_question q = six_question(ifp, a, ICMP6);
	struct pf_sim_event ev;
	struct finding *f;

	if (!wants_six(&l->in->rules->main->list[PF_LIST_FILTER]) ||
	    !look_at(l, &q, &ev) || ev.verdict != PF_V_BLOCK)
		return;
	f = ev.rule
	    ? lint_rule(l, FINDING_WARNING, "inet6-no-neighbours", ev.rule)
	    : lint_at(
		  l, FINDING_WARNING, "inet6-no-neighbours", l->main_file, 0);
	finding_what(f, "neighbour discovery is blocked on %s", ifp->name);
	finding_why(f,
	    "without it no machine on the link, nor the router, finds the "
	    "IPv6 address; the rules that pass IPv6 have no effect");
	finding_fix(f, "add: pass inet6 proto ipv6-icmp");
}

void
lint_six(struct lint *l)
{
	const struct pf_if_addr *a;
	const struct pf_if *ifp = with_six(l->in->machine->env, &a);

	if (ifp == NULL)
		return;
	lint_unfiltered(l, ifp, a);
	lint_discovery(l, ifp, a);
}
