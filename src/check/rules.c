/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pf.conf and what is behind it: ports that are opened and nobody listens on,
 * services of the host that an rdr hides, chains of others that drop.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "check/internal.h"
#include "pf/lint.h"

/* ---- ports ---- */

struct span {
	int lo, hi;
};

/* The ports that a comparison opens; false: not one span of them. */
static bool
span_of(const struct pf_ports *p, struct span *ret)
{
	*ret = (struct span){ 1, 65535 };
	switch ((enum pf_op)p->op) {
	case PF_OP_NONE:
		return true;
	case PF_OP_EQ:
		*ret = (struct span){ p->a, p->a };
		return true;
	case PF_OP_LT:
		ret->hi = p->a - 1;
		return true;
	case PF_OP_LE:
		ret->hi = p->a;
		return true;
	case PF_OP_GT:
		ret->lo = p->a + 1;
		return true;
	case PF_OP_GE:
		ret->lo = p->a;
		return true;
	case PF_OP_IN:
		*ret = (struct span){ p->a + 1, p->b - 1 };
		return true;
	case PF_OP_RANGE:
		*ret = (struct span){ p->a, p->b };
		return true;
	case PF_OP_NE:
	case PF_OP_OUT:
		break;
	}
	return false;
}

static bool
is_loopback_ip(uint8_t af, const union pf_ip *ip)
{
	static const union pf_ip one = { .b[15] = 1 };

	return af == AF_INET ? ip->b[0] == 127 : check_same_ip(af, ip, &one);
}

static bool
is_any_ip(const union pf_ip *ip)
{
	static const union pf_ip zero;

	return memcmp(ip, &zero, sizeof(zero)) == 0;
}

static bool
is_jails(const struct pf_listener *l, const char *jail, uint8_t proto)
{
	return l->jail != NULL && streq(l->jail, jail) && l->proto == proto;
}

/* Does it take what is sent to the address? Sets *local if it would, but for
 * being bound to the jail's own loopback. */
static bool
takes(
    const struct pf_listener *l, uint8_t af, const union pf_ip *ip, bool *local)
{
	if (l->af != 0 && l->af != af)
		return false;
	if (is_any_ip(&l->ip) || check_same_ip(af, &l->ip, ip))
		return true;
	*local = *local || is_loopback_ip(af, &l->ip);
	return false;
}

/* How many ports of a span somebody in the jail listens on. */
static int
count_listeners(const struct pf_machine *m, const char *jail, uint8_t proto,
    uint8_t af, const union pf_ip *ip, const struct span *s, struct str *ports,
    bool *local)
{
	int n = 0, last = -1;

	for (int port = s->lo; port <= s->hi && n < 1000; port++) {
		for (size_t i = 0; i < m->listeners.n; i++) {
			const struct pf_listener *l = &m->listeners.v[i];

			if (l->port != port || port == last ||
			    !is_jails(l, jail, proto) ||
			    !takes(l, af, ip, local))
				continue;
			str_printf(ports, "%s%d", n ? ", " : "", port);
			last = port;
			n++;
		}
	}
	return n;
}

static struct finding *
at_rule(const struct check_system *sys, struct findings *all, const char *code,
    const struct pf_rule *r)
{
	_cleanup_free_ char *source = pf_statement(sys->env, r->file, r->line);
	struct finding *f = finding_add(all, FINDING_WARNING, code);

	if (r->file != NULL)
		finding_at(f, r->file, r->line);
	finding_source(f, source);
	return f;
}

static const char *
proto_word(uint8_t proto)
{
	return proto == IPPROTO_TCP ? "tcp" : "udp";
}

static void
add_span(struct str *s, const struct span *p)
{
	if (p->lo == p->hi)
		str_printf(s, "port %d", p->lo);
	else
		str_printf(s, "ports %d:%d", p->lo, p->hi);
}

/* ---- ports without a listener ---- */

static void
tell_silent(const struct check_system *sys, struct findings *all,
    const struct pf_rule *r, const char *jail, const struct span *s, bool local)
{
	struct finding *f = at_rule(sys, all, "port-silent", r);

	finding_what(f, "nobody in jail %s listens on %s port %d%s", jail,
	    proto_word(r->proto), s->lo,
	    local ? " of its address, only on its 127.0.0.1" : "");
	finding_why(f,
	    local ? "with localhost=private the jail's loopback is its own, "
		    "and nothing is redirected there"
		  : "the port is open, and whoever connects is refused");
	if (local)
		finding_fix(f,
		    "bind the service to the jail's address, or: gaol set "
		    "localhost=jail %s, and restart it",
		    jail);
	else
		finding_fix(f, "start the service, or delete the rule");
}

static void
tell_wide(const struct check_system *sys, struct findings *all,
    const struct pf_rule *r, const char *jail, const struct span *s,
    const char *ports)
{
	_cleanup_(str_clear) struct str span = STR_INIT;
	struct finding *f = at_rule(sys, all, "ports-wide", r);

	add_span(&span, s);
	finding_what(f, "%s of jail %s are open, and it listens on %s%s",
	    span.buf, jail, *ports ? "" : "none", ports);
	finding_why(f,
	    "whatever else is started there, by anyone in the jail, is "
	    "reached at once");
	if (*ports)
		finding_fix(f, "open only what is used: port { %s }", ports);
	else
		finding_fix(f, "delete the rule, or name the ports");
}

static void
check_port(const struct check_system *sys, struct findings *all,
    const struct pf_rule *r, const union pf_ip *ip, const struct span *s)
{
	const struct pf_machine *m = sys->machine;
	const struct pf_jail *j = pf_machine_holder(m, r->af, ip);
	_cleanup_(str_clear) struct str ports = STR_INIT;
	bool local = false;
	int n;

	if (j == NULL || !j->up || !m->listeners_known || s->lo > s->hi)
		return;
	n = count_listeners(m, j->name, r->proto, r->af, ip, s, &ports, &local);
	if (s->lo == s->hi && n == 0)
		tell_silent(sys, all, r, j->name, s, local);
	else if (n < s->hi - s->lo + 1)
		tell_wide(sys, all, r, j->name, s, ports.buf);
}

static bool
has_ports(const struct pf_rule *r)
{
	return r->proto == IPPROTO_TCP || r->proto == IPPROTO_UDP;
}

static bool
is_host_addr(const struct pf_addr *a, uint8_t af)
{
	return a->kind == PF_ADDR_IP && !a->neg &&
	    a->bits == (af == AF_INET ? 32 : 128);
}

/* The ports of the jail that an rdr leads to. */
static bool
target_span(const struct pf_rule *r, struct span *ret)
{
	const struct pf_pool *p = r->pool;

	if (p->low == 0)
		return r->dst.port.op != PF_OP_NONE &&
		    span_of(&r->dst.port, ret);
	*ret = (struct span){ p->low, p->high ? p->high : p->low };
	return true;
}

static void
check_rdr(const struct check_system *sys, struct findings *all,
    const struct pf_rule *r)
{
	struct span s;

	if (r->action != PF_RDR || r->anchor_call || !has_ports(r) ||
	    r->pool == NULL || !target_span(r, &s))
		return;
	for (uint32_t i = 0; i < r->pool->n; i++)
		if (is_host_addr(&r->pool->hop[i].addr, r->af))
			check_port(sys, all, r, &r->pool->hop[i].addr.ip, &s);
}

/* Rules that open more than one port; single ones are as a rule those of an
 * rdr, which was asked already. */
static void
check_pass(const struct check_system *sys, struct findings *all,
    const struct pf_rule *r)
{
	struct span s;

	if (r->action != PF_PASS || r->anchor_call || r->dir == PF_OUT ||
	    !has_ports(r) || !is_host_addr(&r->dst.addr, r->af) ||
	    !span_of(&r->dst.port, &s) || s.lo == s.hi)
		return;
	check_port(sys, all, r, &r->dst.addr.ip, &s);
}

/* ---- services of the host behind an rdr ---- */

/* Does the rule redirect what is sent to this address of the host? */
static bool
redirects(const struct check_system *sys, const struct pf_rule *r, uint8_t af,
    const union pf_ip *ip)
{
	const struct pf_addr *a = &r->dst.addr;
	const struct pf_if *ifp;

	if (r->af != 0 && r->af != af)
		return false;
	if (a->kind == PF_ADDR_ANY)
		return !a->neg;
	if (a->kind == PF_ADDR_IP)
		return check_in_net(af, &a->ip, a->bits, ip) != a->neg;
	if (a->kind != PF_ADDR_DYN || a->neg || (a->mods & PF_MOD_NETWORK))
		return false;
	ifp = pf_env_if(sys->machine->env, a->name);
	for (size_t i = 0; ifp != NULL && i < ifp->addrs.n; i++)
		if (ifp->addrs.v[i].af == af &&
		    check_same_ip(af, &ifp->addrs.v[i].ip, ip))
			return true;
	return false;
}

/* Is it bound to an address that the rule takes away from it? A wildcard has
 * all of the interface's. */
static bool
is_hidden(const struct check_system *sys, const struct pf_rule *r,
    const struct pf_listener *l)
{
	const struct pf_if *ifp =
	    r->ifname ? pf_env_if(sys->machine->env, r->ifname) : NULL;

	if (!is_any_ip(&l->ip))
		return redirects(sys, r, l->af, &l->ip);
	for (size_t i = 0; ifp != NULL && i < ifp->addrs.n; i++) {
		const struct pf_if_addr *a = &ifp->addrs.v[i];

		if ((l->af == 0 || l->af == a->af) &&
		    redirects(sys, r, a->af, &a->ip))
			return true;
	}
	return false;
}

static void
check_hidden(const struct check_system *sys, struct findings *all,
    const struct pf_rule *r)
{
	const struct pf_machine *m = sys->machine;
	struct span s;

	if (r->action != PF_RDR || r->anchor_call || !has_ports(r) ||
	    r->if_not || r->src.addr.kind != PF_ADDR_ANY ||
	    !span_of(&r->dst.port, &s))
		return;
	for (size_t i = 0; i < m->listeners.n; i++) {
		const struct pf_listener *l = &m->listeners.v[i];
		struct finding *f;

		if (l->jail != NULL || l->proto != r->proto || l->port < s.lo ||
		    l->port > s.hi || !is_hidden(sys, r, l))
			continue;
		f = at_rule(sys, all, "service-hidden", r);
		finding_what(f, "%s of the host on %s port %u is hidden",
		    l->program ? l->program : "a service", proto_word(l->proto),
		    l->port);
		finding_why(f,
		    "whoever connects%s%s comes to a jail instead; from the "
		    "host itself it is still the host's",
		    r->ifname ? " on " : "", r->ifname ? r->ifname : "");
		finding_fix(f,
		    "bind the host's service to another address or port, or "
		    "stop it");
		return;
	}
}

/* ---- other programs ---- */

static void
check_foreign(const struct check_system *sys, struct findings *all)
{
	for (size_t i = 0; i < sys->foreign.n; i++) {
		struct finding *f =
		    finding_add(all, FINDING_ERROR, "foreign-drops");

		finding_thing(f, "nf_tables");
		finding_what(f, "%s", sys->foreign.v[i].what);
		finding_why(f,
		    "a pass of pf is not the last word: every program's "
		    "chains are asked, and one drop is enough");
		if (sys->foreign.v[i].cure != NULL)
			finding_fix(f, "%s", sys->foreign.v[i].cure);
	}
}

/* What others changed in the kernel, so that pf sees more or less than its
 * rules suppose. */
static void
check_kernel(const struct check_system *sys, struct findings *all)
{
	struct finding *f;

	if (sys->legacy && sys->legacy[0]) {
		f = finding_add(all, FINDING_WARNING, "legacy-iptables");
		finding_thing(f, "iptables-legacy");
		finding_what(f, "tables are in use: %s", sys->legacy);
		finding_why(f,
		    "the older iptables has its own hooks, and may drop what "
		    "pf passes; its rules cannot be read through nf_tables");
		finding_fix(f, "look at iptables-legacy -S");
	}
	if (sys->helpers && sys->helpers[0]) {
		f = finding_add(all, FINDING_NOTE, "conntrack-helper");
		finding_thing(f, "nf_tables");
		finding_what(f,
		    "another program attaches conntrack helpers: %s",
		    sys->helpers);
		finding_why(f,
		    "the connections that a helper expects get no state of "
		    "pf's: rules of pf.conf must pass them");
	}
	if (sys->bridge_filter) {
		f = finding_add(all, FINDING_NOTE, "bridge-filter");
		finding_thing(f, "br_netfilter");
		finding_what(f, "net.bridge.bridge-nf-call-iptables is on");
		finding_why(f,
		    "what bridges forward between their ports comes by pf, "
		    "too: between containers or virtual machines");
		finding_fix(f, "set skip on the bridge in pf.conf");
	}
}

void
check_rules(const struct check_system *sys, struct findings *all)
{
	const struct pf_anchor *a = sys->rules ? sys->rules->main : NULL;

	for (; a != NULL; a = a->next) {
		const struct pf_rules *rdr = &a->list[PF_LIST_RDR];
		const struct pf_rules *filter = &a->list[PF_LIST_FILTER];

		for (size_t i = 0; i < rdr->n; i++) {
			check_rdr(sys, all, rdr->v[i]);
			check_hidden(sys, all, rdr->v[i]);
		}
		for (size_t i = 0; i < filter->n; i++)
			check_pass(sys, all, filter->v[i]);
	}
	check_foreign(sys, all);
	check_kernel(sys, all);
}
