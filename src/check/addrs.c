/* SPDX-License-Identifier: BSD-2-Clause */
/* Who has which address: twice, outside its network, networks that overlap. */
#include <arpa/inet.h>

#include "check/internal.h"

/* ---- an address that two have ---- */

static void
tell_twice(struct findings *all, uint8_t af, const union pf_ip *ip,
    const struct pf_jail *a, const struct pf_jail *b)
{
	struct finding *f = finding_add(all, FINDING_ERROR, "address-twice");
	char buf[CHECK_IP_STRLEN];

	finding_thing(f, "jail %s", b->name);
	finding_what(
	    f, "%s is also jail %s's", check_ip(af, ip, 128, buf), a->name);
	finding_why(f, "only one of them can be started");
	finding_fix(f,
	    "give one of them another address: gaol set "
	    "ip4_addr=.. %s",
	    b->name);
}

static void
check_twice(const struct check_system *sys, struct findings *all,
    const struct pf_jail *b, size_t before)
{
	const struct pf_machine *m = sys->machine;

	for (size_t i = 0; i < before; i++)
		for (size_t k = 0; k < m->jails.v[i].addrs.n; k++) {
			const struct pf_ip_af *x = &m->jails.v[i].addrs.v[k];

			for (size_t n = 0; n < b->addrs.n; n++)
				if (b->addrs.v[n].af == x->af &&
				    check_same_ip(
					x->af, &b->addrs.v[n].ip, &x->ip))
					tell_twice(all, x->af, &x->ip,
					    &m->jails.v[i], b);
		}
}

/* A jail that is down, and the host has its address. */
static void
check_hosts(const struct check_system *sys, struct findings *all,
    const struct pf_jail *j)
{
	for (size_t k = 0; k < j->addrs.n; k++) {
		const struct pf_ip_af *a = &j->addrs.v[k];
		const struct pf_jail *holder =
		    pf_machine_holder(sys->machine, a->af, &a->ip);
		struct finding *f;
		char buf[CHECK_IP_STRLEN];

		if (holder != j || j->up ||
		    !pf_machine_is_local(sys->machine, a->af, &a->ip))
			continue;
		f = finding_add(all, FINDING_ERROR, "address-hosts");
		finding_thing(f, "jail %s", j->name);
		finding_what(f, "%s is the host's own address",
		    check_ip(a->af, &a->ip, 128, buf));
		finding_why(f, "the jail cannot be started");
		finding_fix(f,
		    "give the jail an address of its own, or take it from the "
		    "host");
	}
}

/* ---- networks ---- */

static bool
is_network(const struct pf_if_addr *a)
{
	return a->bits < (a->af == AF_INET ? 31 : 127) &&
	    !(a->af == AF_INET && a->ip.b[0] == 127) &&
	    !(a->af == AF_INET6 && a->ip.b[0] == 0xfe);
}

static void
tell_overlap(struct findings *all, const struct pf_if *a,
    const struct pf_if_addr *x, const struct pf_if *b,
    const struct pf_if_addr *y)
{
	struct finding *f = finding_add(all, FINDING_ERROR, "networks-overlap");
	char buf[CHECK_IP_STRLEN], other[CHECK_IP_STRLEN];

	finding_thing(f, "%s", b->name);
	finding_what(f, "%s overlaps with %s of %s",
	    check_ip(y->af, &y->ip, y->bits, buf),
	    check_ip(x->af, &x->ip, x->bits, other), a->name);
	finding_why(f,
	    "machines of one network are looked for in the other, and not "
	    "found");
	finding_fix(f, "mend the netmask, or give one of them another network");
}

static void
check_overlap(
    struct findings *all, const struct pf_if *a, const struct pf_if *b)
{
	for (size_t i = 0; i < a->addrs.n; i++)
		for (size_t k = 0; k < b->addrs.n; k++) {
			const struct pf_if_addr *x = &a->addrs.v[i];
			const struct pf_if_addr *y = &b->addrs.v[k];

			if (x->af == y->af && is_network(x) && is_network(y) &&
			    check_in_net(
				x->af, &x->ip, MIN(x->bits, y->bits), &y->ip)) {
				tell_overlap(all, a, x, b, y);
				return;
			}
		}
}

/* ---- a jail's address and its interface ---- */

/* The longest network of the interface that has the address; 0: none. */
static unsigned
network_of(const struct pf_if *ifp, const struct net_addr *a)
{
	unsigned best = 0;

	for (size_t i = 0; i < ifp->addrs.n; i++) {
		const struct pf_if_addr *x = &ifp->addrs.v[i];
		union pf_ip ip = { 0 };

		memcpy(ip.b, a->b, a->family == AF_INET ? 4 : 16);
		if (x->af == a->family && is_network(x) &&
		    check_in_net(x->af, &x->ip, x->bits, &ip))
			best = MAX(best, x->bits);
	}
	return best;
}

/* The prefix length that was written behind an address, or 0. */
static unsigned
written_bits(const char *config, const char *addr)
{
	const char *at = strstr(config, addr);
	size_t len = strlen(addr);

	return at != NULL && at[len] == '/' ? (unsigned)atoi(at + len + 1) : 0;
}

static void
check_placed(const struct check_system *sys, struct findings *all,
    const struct check_jail *j, const struct net_jail_addr *a)
{
	const struct pf_if *ifp =
	    a->ifname[0] ? pf_env_if(sys->machine->env, a->ifname) : NULL;
	char buf[NET_ADDR_STRLEN];
	unsigned bits, written;
	struct finding *f;

	if (a->ifname[0] == '\0')
		return;
	net_addr_format(&a->addr, false, buf);
	bits = ifp ? network_of(ifp, &a->addr) : 0;
	written =
	    written_bits(a->addr.family == AF_INET ? j->ip4 : j->ip6, buf);
	if (ifp != NULL && bits != 0 &&
	    (written == 0 || written == bits ||
		written == net_addr_bits(&a->addr)))
		return;
	f = finding_add(all, bits ? FINDING_NOTE : FINDING_ERROR,
	    ifp == NULL ? "interface-missing"
		: bits	? "netmask-differs"
			: "address-outside");
	finding_thing(f, "jail %s", j->name);
	if (ifp == NULL) {
		finding_what(
		    f, "there is no interface %s for %s", a->ifname, buf);
		finding_why(f, "the jail cannot be started");
		finding_fix(f,
		    "name %s in cloned_interfaces of rc.conf, and: "
		    "gaol net up",
		    a->ifname);
	} else if (bits == 0) {
		finding_what(f, "%s is in no network of %s", buf, a->ifname);
		finding_why(f,
		    "the jail cannot be started; is the netmask of %s too "
		    "narrow?",
		    a->ifname);
		finding_fix(f,
		    "compare with `gaol net show %s`, and mend rc.conf or: "
		    "gaol set ip4_addr=.. %s",
		    a->ifname, j->name);
	} else {
		finding_what(f, "%s/%u, but the network of %s has /%u", buf,
		    written, a->ifname, bits);
		finding_why(f, "the interface's netmask is the one that holds");
		finding_fix(f, "write /%u, or leave it out", bits);
	}
}

/* A jail that runs is found by the host's routes to its addresses. */
static void
check_routed(const struct check_system *sys, struct findings *all,
    const struct check_jail *j, const struct net_jail_addr *a)
{
	const struct pf_jail *now = pf_machine_jail(sys->machine, j->name);
	union pf_ip ip = { 0 };
	char buf[NET_ADDR_STRLEN];
	struct finding *f;

	if (!j->up || now == NULL)
		return;
	memcpy(ip.b, a->addr.b, a->addr.family == AF_INET ? 4 : 16);
	for (size_t i = 0; i < now->addrs.n; i++)
		if (now->addrs.v[i].af == a->addr.family &&
		    check_same_ip(a->addr.family, &now->addrs.v[i].ip, &ip))
			return;
	f = finding_add(all, FINDING_ERROR, "jail-unrouted");
	finding_thing(f, "jail %s", j->name);
	finding_what(f, "it runs, and the host has no route to %s",
	    net_addr_format(&a->addr, false, buf));
	finding_why(f,
	    "nothing reaches it there: the kernel drops such routes with the "
	    "address of %s, or ip4_addr was set since the start",
	    a->ifname[0] ? a->ifname : "its interface");
	finding_fix(f, "gaol restart %s", j->name);
}

static void
check_config(const struct check_system *sys, struct findings *all,
    const struct check_jail *j)
{
	struct net_jail_addrs addrs = { 0 };

	if (net_jail_addrs_parse(j->ip4, j->ip6, &addrs, NULL) < 0)
		return;
	for (size_t i = 0; i < addrs.n; i++) {
		check_placed(sys, all, j, &addrs.v[i]);
		check_routed(sys, all, j, &addrs.v[i]);
	}
	net_jail_addrs_clear(&addrs);
}

void
check_addrs(const struct check_system *sys, struct findings *all)
{
	const struct pf_machine *m = sys->machine;

	for (size_t i = 0; i < m->jails.n; i++) {
		check_twice(sys, all, &m->jails.v[i], i);
		check_hosts(sys, all, &m->jails.v[i]);
	}
	for (size_t i = 0; i < m->env->ifs.n; i++)
		for (size_t k = 0; k < i; k++)
			check_overlap(
			    all, &m->env->ifs.v[k], &m->env->ifs.v[i]);
	for (size_t i = 0; i < sys->jails.n; i++)
		check_config(sys, all, &sys->jails.v[i]);
}
