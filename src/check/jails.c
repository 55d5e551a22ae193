/* SPDX-License-Identifier: BSD-2-Clause */
/* What a jail needs of the network: forwarding, routes, a name server. */
#include <arpa/inet.h>

#include "check/internal.h"
#include "pf/explain.h"

enum { DNS = 53, ROUTER_MIN = 1280 };

/* The machine's jail, up and with an address of that family. */
static const struct pf_jail *
running(const struct check_system *sys, const char *name, uint8_t af)
{
	const struct pf_jail *j = pf_machine_jail(sys->machine, name);

	for (size_t i = 0; j != NULL && j->up && i < j->addrs.n; i++)
		if (af == 0 || j->addrs.v[i].af == af)
			return j;
	return NULL;
}

static bool
any_running(const struct check_system *sys, uint8_t af)
{
	for (size_t i = 0; i < sys->machine->jails.n; i++)
		if (running(sys, sys->machine->jails.v[i].name, af))
			return true;
	return false;
}

/* ---- forwarding ---- */

static void
check_forward(const struct check_system *sys, struct findings *all, uint8_t af,
    bool on, const char *variable, const char *sysctl)
{
	struct finding *f;

	if (on || !any_running(sys, af))
		return;
	f = finding_add(all, FINDING_ERROR, "forwarding-off");
	finding_thing(f, "kernel");
	finding_what(f, "forwarding of %s is off, and jails run",
	    af == AF_INET ? "IPv4" : "IPv6");
	finding_why(f,
	    "jails reach neither each other nor the world, and nobody reaches "
	    "them");
	finding_fix(f,
	    "%s=\"YES\" in /etc/rc.conf, and: gaol net up (it is "
	    "sysctl %s=1)",
	    variable, sysctl);
}

/* ---- routes ---- */

static bool
has_default(const struct pf_machine *m, uint8_t af)
{
	for (size_t i = 0; i < m->routes.n; i++)
		if (m->routes.v[i].af == af && m->routes.v[i].bits == 0)
			return true;
	return false;
}

static void
check_default(const struct check_system *sys, struct findings *all)
{
	struct finding *f;

	if (!sys->machine->routes_known || !any_running(sys, AF_INET) ||
	    has_default(sys->machine, AF_INET))
		return;
	f = finding_add(all, FINDING_WARNING, "host-no-route");
	finding_thing(f, "kernel");
	finding_what(f, "the host has no default route");
	finding_why(f, "jails reach only what the host is connected to");
	finding_fix(f,
	    "ip route add default via ROUTER, and the same where "
	    "the host's network is configured");
}

static void
check_jail_route(const struct check_system *sys, struct findings *all,
    const struct check_jail *j, uint8_t af, bool has)
{
	struct finding *f;

	if (!j->routes_known || has || !running(sys, j->name, af))
		return;
	f = finding_add(all, FINDING_ERROR, "jail-no-route");
	finding_thing(f, "jail %s", j->name);
	finding_what(f, "it has no default route for %s",
	    af == AF_INET ? "IPv4" : "IPv6");
	finding_why(f, "it reaches nobody, and answers nobody");
	finding_fix(f, "gaol restart %s", j->name);
}

/* ---- MTU ---- */

static const struct pf_if *
way_out(const struct pf_machine *m)
{
	for (size_t i = 0; i < m->routes.n; i++)
		if (m->routes.v[i].bits == 0)
			return pf_env_if(m->env, m->routes.v[i].ifname);
	return NULL;
}

static void
check_mtu(const struct check_system *sys, struct findings *all,
    const struct check_jail *j)
{
	const struct pf_if *out = way_out(sys->machine);
	struct finding *f;

	if (j->mtu == 0 || out == NULL || out->mtu < ROUTER_MIN ||
	    j->mtu <= out->mtu || !running(sys, j->name, 0))
		return;
	f = finding_add(all, FINDING_WARNING, "mtu-large");
	finding_thing(f, "jail %s", j->name);
	finding_what(
	    f, "MTU %u inside, but %s has %u", j->mtu, out->name, out->mtu);
	finding_why(f,
	    "large packets are lost where ICMP is: connections open, and then "
	    "hang");
	finding_fix(f, "add to pf.conf: scrub on %s max-mss %u", out->name,
	    out->mtu - 40);
}

/* ---- the name server ---- */

static struct finding *
tell_resolver(struct findings *all, const struct check_jail *j,
    const char *server, const char *why)
{
	struct finding *f =
	    finding_add(all, FINDING_ERROR, "resolver-unreachable");

	finding_thing(f, "jail %s", j->name);
	finding_what(f, "it does not reach its name server %s", server);
	finding_why(f, "%s", why);
	finding_fix(f,
	    "gaol explain --jail %s udp to %s port 53 says what would help; "
	    "another server: gaol set resolver='nameserver ADDR' %s",
	    j->name, server, j->name);
	return f;
}

static void
tell_own(struct findings *all, const struct check_jail *j, const char *server)
{
	struct finding *f = tell_resolver(all, j, server,
	    "that is the jail's own loopback, and nobody listens there");

	finding_fix(f, "gaol set resolver='nameserver ADDR' %s, and restart it",
	    j->name);
}

static bool
is_own_loopback(const char *server)
{
	return str_starts(server, "127.") || streq(server, "::1");
}

static void
ask_way(const struct check_system *sys, struct findings *all,
    const struct check_jail *j, const char *server)
{
	_cleanup_(pf_explanation_freep) struct pf_explanation *ex = NULL;
	_cleanup_free_ char *text = xasprintf("udp to %s port %d", server, DNS);
	const struct pf_ex_input in = {
		.rules = sys->rules, .machine = sys->machine, .env = sys->env
	};
	struct pf_question q;

	if (pf_question_parse(text, j->name, sys->machine, &q, NULL) < 0)
		return;
	if (pf_explain(&in, &q, &ex, NULL) == 0 && ex->end != PF_EX_PASSES)
		tell_resolver(all, j, server, ex->summary);
	pf_question_clear(&q);
}

static void
check_server(const struct check_system *sys, struct findings *all,
    const struct check_jail *j, const char *server)
{
	const struct pf_machine *m = sys->machine;
	uint8_t af = strchr(server, ':') ? AF_INET6 : AF_INET;
	union pf_ip ip = { 0 };

	if (inet_pton(af, server, ip.b) != 1)
		return;
	if (is_own_loopback(server)) {
		if (m->listeners_known &&
		    !pf_machine_listener(m, j->name, 17, af, &ip, DNS))
			tell_own(all, j, server);
		return;
	}
	/* Without forwarding nothing is reached: that was told. */
	if (!(af == AF_INET ? m->forward4 : m->forward6))
		return;
	if (sys->rules != NULL && sys->pf != CHECK_PF_OFF &&
	    sys->pf != CHECK_PF_NONE && running(sys, j->name, af))
		ask_way(sys, all, j, server);
}

static void
check_resolver(const struct check_system *sys, struct findings *all,
    const struct check_jail *j)
{
	struct finding *f;

	if (!j->resolv_known || !j->up)
		return;
	for (size_t i = 0; i < j->resolvers.n; i++)
		check_server(sys, all, j, j->resolvers.v[i]);
	if (j->resolvers.n > 0)
		return;
	f = finding_add(all, FINDING_WARNING, "resolver-none");
	finding_thing(f, "jail %s", j->name);
	finding_what(f, "%s",
	    j->resolv_missing ? "it has no /etc/resolv.conf"
			      : "its /etc/resolv.conf names no server");
	finding_why(f, "no name is found in the jail");
	finding_fix(f, "gaol set resolver='nameserver ADDR' %s, and restart it",
	    j->name);
}

static void
check_beside(struct findings *all, const struct check_jail *j)
{
	struct finding *f;

	if (j->beside == NULL)
		return;
	f = finding_add(all, FINDING_WARNING, "resolv-beside");
	finding_at(f, j->beside, 0);
	finding_what(
	    f, "this file is beside the root of jail %s, not in it", j->name);
	finding_why(f,
	    "the jail does not see it; its own is root/etc/resolv.conf, "
	    "written at every start (property resolver)");
	finding_fix(f,
	    "rm %s; to set a server of your own: gaol set "
	    "resolver='nameserver ADDR' %s",
	    j->beside, j->name);
}

void
check_jails(const struct check_system *sys, struct findings *all)
{
	check_forward(sys, all, AF_INET, sys->machine->forward4,
	    "gateway_enable", "net.ipv4.ip_forward");
	check_forward(sys, all, AF_INET6, sys->machine->forward6,
	    "ipv6_gateway_enable", "net.ipv6.conf.all.forwarding");
	check_default(sys, all);
	for (size_t i = 0; i < sys->jails.n; i++) {
		const struct check_jail *j = &sys->jails.v[i];

		check_jail_route(sys, all, j, AF_INET, j->route4);
		check_jail_route(sys, all, j, AF_INET6, j->route6);
		check_mtu(sys, all, j);
		check_resolver(sys, all, j);
		check_beside(all, j);
	}
}
