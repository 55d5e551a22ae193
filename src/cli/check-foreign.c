/* SPDX-License-Identifier: BSD-2-Clause */
/* For `gaol check`: do other programs' chains drop what jails send and get? */
#include "cli/check-host.h"

#include <linux/netfilter.h>

#include <arpa/inet.h>

enum { HTTPS = 443 };

static void
set_link(const struct net_jail_link *l, char name[16], uint32_t *index,
    uint32_t *group)
{
	(void)snprintf(name, 16, "%.15s", l->name);
	*index = (uint32_t)l->index;
	*group = NET_GROUP;
}

/* The interface by which the world is reached; false: none is known. */
static bool
way_out(const struct check_host *h, uint8_t af, char name[16], uint32_t *index)
{
	const struct pf_machine *m = h->sys.machine;

	for (size_t i = 0; i < m->routes.n; i++) {
		const struct net_if *ifp;

		if (m->routes.v[i].af != af || m->routes.v[i].bits != 0)
			continue;
		ifp = net_view_if(&h->host.view, m->routes.v[i].ifname);
		if (ifp == NULL)
			continue;
		(void)snprintf(name, 16, "%.15s", ifp->name);
		*index = (uint32_t)ifp->index;
		return true;
	}
	return false;
}

static void
tell(struct check_host *h, const struct foreign *f,
    const struct foreign_packet *p)
{
	_cleanup_(str_clear) struct str what = STR_INIT, cure = STR_INIT;
	struct foreign_ruling ruling = { 0 };
	struct check_foreign *to;

	foreign_judge(f, p, &ruling);
	if (ruling.word != FOREIGN_DROPS)
		return;
	foreign_say(&ruling, &what);
	for (size_t i = 0; i < h->sys.foreign.n; i++)
		if (streq(h->sys.foreign.v[i].what, what.buf))
			return; /* the same for another jail */
	foreign_cure(&ruling, p, &cure);
	if (cure.len)
		str_cut(&cure, cure.len - 1); /* the last newline */
	to = array_add(&h->sys.foreign);
	to->what = arena_strdup(&h->arena, what.buf);
	to->cure = cure.len ? arena_strdup(&h->arena, cure.buf) : NULL;
}

/* A connection from the jail to a web server in the world. */
static void
ask_out(struct check_host *h, const struct foreign *f,
    const struct net_jail_link *l, const struct net_addr *a)
{
	struct foreign_packet p = { .family = a->family,
		.hook = NF_INET_FORWARD,
		.proto = IPPROTO_TCP,
		.sport = 40000,
		.dport = HTTPS };

	set_link(l, p.iifname, &p.iif, &p.iifgroup);
	if (!way_out(h, a->family, p.oifname, &p.oif))
		return;
	memcpy(p.src, a->b, 16);
	inet_pton(a->family,
	    a->family == AF_INET ? "198.51.100.1" : "2001:db8:ffff::1", p.dst);
	tell(h, f, &p);
}

static uint16_t
target_port(const struct pf_rule *r)
{
	if (r->pool->low != 0)
		return r->pool->low;
	return r->dst.port.op == PF_OP_EQ || r->dst.port.op == PF_OP_RANGE
	    ? r->dst.port.a
	    : 0;
}

/* A connection that an rdr brings to the jail. */
static void
ask_in(struct check_host *h, const struct foreign *f,
    const struct net_jail_link *l, const struct net_addr *a,
    const struct pf_rule *r)
{
	struct foreign_packet p = { .family = a->family,
		.hook = NF_INET_FORWARD,
		.proto = r->proto ? r->proto : IPPROTO_TCP,
		.sport = 40000,
		.dport = target_port(r),
		.dnat = true };

	if (!way_out(h, a->family, p.iifname, &p.iif))
		return;
	set_link(l, p.oifname, &p.oif, &p.oifgroup);
	inet_pton(a->family,
	    a->family == AF_INET ? "198.51.100.1" : "2001:db8:ffff::1", p.src);
	memcpy(p.dst, a->b, 16);
	tell(h, f, &p);
}

static bool
leads_to(const struct pf_rule *r, const struct net_addr *a)
{
	if (r->action != PF_RDR || r->anchor_call || r->af != a->family)
		return false;
	for (uint32_t i = 0; r->pool != NULL && i < r->pool->n; i++)
		if (r->pool->hop[i].addr.kind == PF_ADDR_IP &&
		    memcmp(r->pool->hop[i].addr.ip.b, a->b,
			a->family == AF_INET ? 4 : 16) == 0)
			return true;
	return false;
}

static void
ask_for(struct check_host *h, const struct foreign *f,
    const struct net_jail_link *l, const struct net_addr *a)
{
	const struct pf_rules *rdr =
	    h->rules ? &h->rules->main->list[PF_LIST_RDR] : NULL;

	ask_out(h, f, l, a);
	for (size_t i = 0; rdr != NULL && i < rdr->n; i++)
		if (leads_to(rdr->v[i], a))
			ask_in(h, f, l, a, rdr->v[i]);
}

static void
read_kernel(struct check_host *h, const struct foreign_kernel *k)
{
	const char *legacy = k->legacy_ip[0] ? k->legacy_ip : k->legacy_ip6;

	h->sys.legacy = arena_strdup(&h->arena, legacy);
	h->sys.helpers = arena_strdup(&h->arena, k->helpers);
	h->sys.bridge_filter = k->bridge_ip || k->bridge_ip6;
}

void
check_read_foreign(struct check_host *h, struct findings *all)
{
	_cleanup_(foreign_clear) struct foreign f = { 0 };
	const struct net_view *view = &h->host.view;
	struct err why = { 0 };

	if (foreign_read(&f, &why) < 0) {
		findings_unchecked(all, "other programs' rules: %s", why.msg);
		return;
	}
	read_kernel(h, &f.kernel);
	for (size_t i = 0; i < view->jails.n; i++)
		for (size_t k = 0; k < view->jails.v[i].addrs.n; k++)
			ask_for(h, &f, &view->jails.v[i],
			    &view->jails.v[i].addrs.v[k]);
}
