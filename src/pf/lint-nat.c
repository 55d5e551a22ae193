/* SPDX-License-Identifier: BSD-2-Clause */
/* Lint: translations to nobody, from everywhere, and filter rules that ask
 * for an address as it was before. */
#include "pf/lint-internal.h"

/* ---- rdr to an address that nobody has ---- */

static bool
is_single(const struct pf_addr *a, uint8_t af)
{
	return a->kind == PF_ADDR_IP && a->bits == (af == AF_INET ? 32 : 128);
}

static bool
is_127(uint8_t af, const union pf_ip *ip)
{
	static const union pf_ip one = { .b[15] = 1 };

	return af == AF_INET ? ip->b[0] == 127 : sim_ip_eq(ip, &one);
}

/* The jail in this network that listens on the port, or the only jail in it;
 * NULL if there is no telling. */
static const struct pf_jail *
meant_jail(const struct pf_machine *m, const struct pf_if *on, uint8_t af,
    uint8_t proto, uint16_t port, union pf_ip *ret_ip)
{
	const struct pf_jail *only = NULL;
	size_t n = 0;

	for (size_t i = 0; i < m->jails.n; i++) {
		const struct pf_jail *j = &m->jails.v[i];

		for (size_t k = 0; k < j->addrs.n; k++) {
			const struct pf_ip_af *a = &j->addrs.v[k];

			if (a->af != af ||
			    pf_machine_loopback(m, af, &a->ip) != on)
				continue;
			*ret_ip = a->ip;
			if (port &&
			    pf_machine_listener(
				m, j->name, proto, af, &a->ip, port))
				return j;
			only = j;
			n++;
		}
	}
	return n == 1 ? only : NULL;
}

static void
say_meant(struct lint *l, struct finding *f, const struct pf_rule *r,
    const struct pf_if *on)
{
	const struct pf_machine *m = l->in->machine;
	uint16_t port = r->pool->low	 ? r->pool->low
	    : r->dst.port.op == PF_OP_EQ ? r->dst.port.a
					 : 0;
	const struct pf_jail *j;
	char buf[LINT_IP_STRLEN];
	union pf_ip ip;

	j = meant_jail(m, on, r->af, r->proto, port, &ip);
	if (j != NULL)
		finding_fix(f, "jail %s has %s: write -> %s", j->name,
		    lint_ip(r->af, &ip, 128, buf), buf);
	else
		finding_fix(f,
		    "write the address of a jail (`gaol net show %s` lists "
		    "them), or give this one to a jail",
		    on->name);
}

static void
lint_target(struct lint *l, const struct pf_rule *r, const union pf_ip *ip)
{
	const struct pf_machine *m = l->in->machine;
	const struct pf_if *on;
	struct finding *f;
	char buf[LINT_IP_STRLEN];

	if (is_127(r->af, ip) || pf_machine_is_local(m, r->af, ip) ||
	    pf_machine_holder(m, r->af, ip) != NULL)
		return;
	on = pf_machine_loopback(m, r->af, ip);
	if (on == NULL)
		return;
	f = lint_rule(l, FINDING_ERROR, "rdr-to-nobody", r);
	finding_what(f, "rdr to %s, which %s has", lint_ip(r->af, ip, 128, buf),
	    l->in->jails_known ? "nobody" : "no interface and no running jail");
	finding_why(f,
	    "the address is in the network of %s, and what is sent there is "
	    "lost: clients wait until they give up",
	    on->name);
	say_meant(l, f, r, on);
}

static void
lint_targets(struct lint *l, const struct pf_rule *r)
{
	for (uint32_t i = 0; r->pool != NULL && i < r->pool->n; i++)
		if (is_single(&r->pool->hop[i].addr, r->af))
			lint_target(l, r, &r->pool->hop[i].addr.ip);
}

/* ---- rdr without a destination ---- */

/* To a proxy on the host itself it is meant so. */
static bool
to_own_proxy(const struct lint *l, const struct pf_rule *r)
{
	const struct pf_machine *m = l->in->machine;

	for (uint32_t i = 0; i < r->pool->n; i++) {
		const struct pf_addr *a = &r->pool->hop[i].addr;

		if (!is_single(a, r->af))
			return a->kind == PF_ADDR_DYN;
		if (!is_127(r->af, &a->ip) &&
		    (!pf_machine_is_local(m, r->af, &a->ip) ||
			pf_machine_holder(m, r->af, &a->ip) != NULL))
			return false;
	}
	return true;
}

static void
lint_anywhere(struct lint *l, const struct pf_rule *r)
{
	const char *ifname = r->ifname && !r->if_not ? r->ifname : NULL;
	struct finding *f;

	if (r->dst.addr.kind != PF_ADDR_ANY || r->dst.addr.neg ||
	    r->pool == NULL || to_own_proxy(l, r))
		return;
	f = lint_rule(l, FINDING_WARNING, "rdr-from-anywhere", r);
	finding_what(f, "rdr without a destination address");
	finding_why(f,
	    "every connection to this port that comes in%s%s is turned aside, "
	    "also one to another machine or to another jail",
	    ifname ? " on " : "", ifname ? ifname : "");
	finding_fix(f, "name the address that it is for: to (%s) port ..",
	    ifname ? ifname : "em0");
}

/* ---- filter rules on the address before nat ---- */

/* Has an interface of (IF) now an address of that rule's source? */
static bool
dyn_within(const struct lint *l, const char *name, const struct pf_rule *r)
{
	const struct pf_env *env = l->in->machine->env;

	for (size_t i = 0; i < env->ifs.n; i++) {
		const struct pf_if *ifp = &env->ifs.v[i];

		if (!streq(name, "self") && !lint_if_is(ifp, name))
			continue;
		for (size_t k = 0; k < ifp->addrs.n; k++)
			if (ifp->addrs.v[k].af == r->af &&
			    lint_addr_has(env, &r->src.addr, r->af,
				&ifp->addrs.v[k].ip,
				r->af == AF_INET ? 32 : 128))
				return true;
	}
	return false;
}

/* Can a packet that this nat rule translated have a source of that rule? */
static bool
may_become(
    const struct lint *l, const struct pf_rule *nat, const struct pf_rule *r)
{
	for (uint32_t i = 0; nat->pool != NULL && i < nat->pool->n; i++) {
		const struct pf_addr *a = &nat->pool->hop[i].addr;

		if (a->kind == PF_ADDR_IP
			? lint_addr_has(l->in->machine->env, &r->src.addr,
			      r->af, &a->ip, a->bits)
			: a->kind != PF_ADDR_DYN || a->mods & PF_MOD_NETWORK ||
			    dyn_within(l, a->name, r))
			return true;
	}
	return nat->pool == NULL;
}

/* Fragments are filtered, but not translated. What the machine itself sends
 * is whole when pf sees it. */
static bool
may_come_in_pieces(const struct lint *l, const struct pf_rule *r)
{
	return r->dst.port.op == PF_OP_NONE &&
	    l->in->rules->main->list[PF_LIST_SCRUB].n == 0 &&
	    pf_machine_loopback(l->in->machine, r->af, &r->src.addr.ip) == NULL;
}

/*
 * The nat rule that gives another source to all that a filter rule out could
 * match; NULL if some packet may keep its source, or get one that matches.
 * (Where nat finds no port, a packet goes on as it is: that is told.)
 */
static const struct pf_rule *
source_changed(const struct lint *l, const struct pf_rule *r)
{
	const struct pf_anchor *a = l->in->rules->main;
	const struct pf_rules *list = &a->list[PF_LIST_NAT];
	const struct pf_rule *found = NULL;

	if (r->dir != PF_OUT || r->src.addr.kind != PF_ADDR_IP ||
	    r->src.addr.neg || r->af == 0 || r->fragment ||
	    may_come_in_pieces(l, r) || a->list[PF_LIST_BINAT].n > 0)
		return NULL;
	for (size_t i = 0; i < list->n; i++) {
		const struct pf_rule *nat = list->v[i];

		if (nat->action != PF_NAT || nat->anchor_call ||
		    may_become(l, nat, r))
			return NULL;
		if (found == NULL && lint_covers(l->in->machine->env, nat, r))
			found = nat;
	}
	return found;
}

static void
lint_source(struct lint *l, const struct pf_rules *list, size_t i, size_t end)
{
	const struct pf_rule *r = list->v[i], *nat = source_changed(l, r);
	struct finding *f;

	if (nat == NULL)
		return;
	for (size_t k = i + 1; k < end; k++)
		if (source_changed(l, list->v[k]) == NULL)
			return;
	f = lint_rule(l, FINDING_WARNING, "filter-before-nat", r);
	finding_what(
	    f, "asks for a source that line %u has changed by then", nat->line);
	finding_why(f,
	    "filter rules are asked after translation; this one sees only "
	    "what nat finds no free port for");
	finding_fix(f,
	    "ask for the new source, or write `tag JAILS` on line %u and "
	    "`tagged JAILS` here",
	    nat->line);
}

/* ---- nat that hides who comes ---- */

static void
lint_hidden(struct lint *l, const struct pf_rule *r)
{
	const struct pf_if *ifp = r->ifname && !r->if_not
	    ? pf_env_if(l->in->machine->env, r->ifname)
	    : NULL;
	struct finding *f;

	if (r->action != PF_NAT || r->anchor_call || ifp == NULL ||
	    !(ifp->flags & PF_IF_LOOPBACK) || r->src.addr.kind != PF_ADDR_ANY ||
	    r->src.addr.neg)
		return;
	f = lint_rule(l, FINDING_WARNING, "nat-hides-clients", r);
	finding_what(
	    f, "nat on %s from any: jails do not see who connects", ifp->name);
	finding_why(f,
	    "all that the host and jails send over %s gets one source; logs "
	    "and access lists in jails are blind to it",
	    ifp->name);
	finding_fix(f,
	    "for a jail that reaches itself by an rdr, name it: from ADDRESS "
	    "to ADDRESS; else delete the rule");
}

void
lint_translate(struct lint *l)
{
	const struct pf_rules *filter =
	    &l->in->rules->main->list[PF_LIST_FILTER];

	for (size_t i = 0, end; i < filter->n; i = end) {
		end = lint_statement_end(filter, i);
		lint_source(l, filter, i, end);
	}
	for (struct pf_anchor *a = l->in->rules->main; a; a = a->next) {
		const struct pf_rules *rdr = &a->list[PF_LIST_RDR];
		const struct pf_rules *nat = &a->list[PF_LIST_NAT];
		uint32_t line = 0;

		for (size_t i = 0; i < nat->n; i = lint_statement_end(nat, i))
			lint_hidden(l, nat->v[i]);

		for (size_t i = 0; i < rdr->n; i++) {
			const struct pf_rule *r = rdr->v[i];

			if (r->anchor_call || r->action != PF_RDR)
				continue;
			lint_targets(l, r);
			if (r->line != line)
				lint_anywhere(l, r);
			line = r->line;
		}
	}
}
