/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine around pf: routes, forwarding, jails. */
#include <fcntl.h>

#include "base/file.h"
#include "host/internal.h"

static bool
is_on(const char *path)
{
	char buf[16];

	return file_peek(AT_FDCWD, path, buf, sizeof(buf)) > 0 && buf[0] != '0';
}

static union pf_ip
ip_of(const struct net_addr *a)
{
	union pf_ip ip = { 0 };

	memcpy(ip.b, a->b, a->family == AF_INET ? 4 : 16);
	return ip;
}

/* ---- routes ---- */

/* Networks of loopbacks lead nowhere in pf's eyes. */
static bool
over_loopback(const struct host *h, const struct net_route *r)
{
	const struct pf_if *f = pf_env_if(&h->env, r->ifname);

	return f == NULL || (f->flags & PF_IF_LOOPBACK);
}

/* Of several routes to one network the one with the lowest metric counts. */
static bool
is_better_known(const struct net_routes *all, size_t i)
{
	const struct net_route *r = &all->v[i];

	for (size_t k = 0; k < all->n; k++) {
		const struct net_route *o = &all->v[k];

		if (k == i || o->net.plen != r->net.plen ||
		    !net_addr_same(&o->net, &r->net))
			continue;
		if (o->metric < r->metric || (o->metric == r->metric && k < i))
			return true;
	}
	return false;
}

static int
read_routes(struct host *h, struct err *err)
{
	struct net_routes all = { 0 };
	int r = net_routes_read(&h->view, &all, err);

	for (size_t i = 0; r == 0 && i < all.n; i++) {
		const struct net_route *from = &all.v[i];
		struct pf_sim_route *to;

		if (over_loopback(h, from) || is_better_known(&all, i))
			continue;
		to = array_add(&h->machine.routes);
		to->af = from->net.family;
		to->bits = from->net.plen;
		to->net = ip_of(&from->net);
		to->ifname = arena_strdup(&h->arena, from->ifname);
		to->has_via = from->via.family != 0;
		to->via = ip_of(&from->via);
	}
	h->machine.routes_known = true;
	array_clear(&all);
	return r;
}

/* ---- jails ---- */

static void
add_running(struct host *h)
{
	for (size_t i = 0; i < h->view.jails.n; i++) {
		const struct net_jail_link *from = &h->view.jails.v[i];
		struct pf_jail *to = array_add(&h->machine.jails);

		to->name = arena_strdup(&h->arena, from->jail);
		to->up = true;
		for (size_t k = 0; k < from->addrs.n; k++) {
			struct pf_ip_af *a = array_add(&to->addrs);

			a->af = from->addrs.v[k].family;
			a->ip = ip_of(&from->addrs.v[k]);
		}
	}
}

void
host_add_jail(struct host *h, const char *name, const char *ip4_addr,
    const char *ip6_addr)
{
	struct net_jail_addrs addrs = { 0 };
	struct pf_jail *to;

	if (pf_machine_jail(&h->machine, name) != NULL ||
	    net_jail_addrs_parse(ip4_addr, ip6_addr, &addrs, NULL) < 0)
		return;
	to = array_add(&h->machine.jails);
	to->name = arena_strdup(&h->arena, name);
	for (size_t i = 0; i < addrs.n; i++) {
		struct pf_ip_af *a = array_add(&to->addrs);

		a->af = addrs.v[i].addr.family;
		a->ip = ip_of(&addrs.v[i].addr);
	}
	net_jail_addrs_clear(&addrs);
}

int
host_read(struct host *h, struct err *err)
{
	int r = host_read_interfaces(h, err);

	if (r == 0)
		r = read_routes(h, err);
	if (r < 0)
		return r;
	h->machine.env = &h->env;
	h->machine.forward4 = is_on("/proc/sys/net/ipv4/ip_forward");
	h->machine.forward6 = is_on("/proc/sys/net/ipv6/conf/all/forwarding");
	add_running(h);
	return host_read_listeners(h, err);
}
