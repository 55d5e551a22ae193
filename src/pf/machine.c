/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine around pf: who holds an address, and who listens on it. */
#include "pf/machine.h"

#include "pf/sim-internal.h"

void
pf_machine_clear(struct pf_machine *m)
{
	for (size_t i = 0; i < m->jails.n; i++)
		array_clear(&m->jails.v[i].addrs);
	array_clear(&m->jails);
	array_clear(&m->routes);
	array_clear(&m->listeners);
}

const struct pf_jail *
pf_machine_jail(const struct pf_machine *m, const char *name)
{
	for (size_t i = 0; i < m->jails.n; i++)
		if (streq(m->jails.v[i].name, name))
			return &m->jails.v[i];
	return NULL;
}

static bool
holds(const struct pf_jail *j, uint8_t af, const union pf_ip *ip)
{
	for (size_t i = 0; i < j->addrs.n; i++)
		if (j->addrs.v[i].af == af && sim_ip_eq(&j->addrs.v[i].ip, ip))
			return true;
	return false;
}

const struct pf_jail *
pf_machine_holder(const struct pf_machine *m, uint8_t af, const union pf_ip *ip)
{
	const struct pf_jail *down = NULL;

	for (size_t i = 0; i < m->jails.n; i++) {
		const struct pf_jail *j = &m->jails.v[i];

		if (!holds(j, af, ip))
			continue;
		if (j->up)
			return j;
		down = j;
	}
	return down;
}

static bool
same_place(const struct pf_listener *l, const char *jail)
{
	if (l->jail == NULL || jail == NULL)
		return l->jail == jail;
	return streq(l->jail, jail);
}

const struct pf_listener *
pf_machine_listener(const struct pf_machine *m, const char *jail, uint8_t proto,
    uint8_t af, const union pf_ip *ip, uint16_t port)
{
	for (size_t i = 0; i < m->listeners.n; i++) {
		const struct pf_listener *l = &m->listeners.v[i];

		if (l->proto != proto || l->port != port ||
		    (l->af != 0 && l->af != af) || !same_place(l, jail))
			continue;
		if (sim_ip_zero(&l->ip) || sim_ip_eq(&l->ip, ip))
			return l;
	}
	return NULL;
}

const struct pf_if *
pf_machine_loopback(
    const struct pf_machine *m, uint8_t af, const union pf_ip *ip)
{
	for (size_t i = 0; i < m->env->ifs.n; i++) {
		const struct pf_if *f = &m->env->ifs.v[i];

		if (!(f->flags & PF_IF_LOOPBACK))
			continue;
		for (size_t k = 0; k < f->addrs.n; k++)
			if (f->addrs.v[k].af == af &&
			    sim_prefix_match(
				&f->addrs.v[k].ip, f->addrs.v[k].bits, ip, af))
				return f;
	}
	return NULL;
}

bool
pf_machine_is_local(
    const struct pf_machine *m, uint8_t af, const union pf_ip *ip)
{
	return sim_env_owner(m->env, af, ip) != NULL;
}

bool
pf_machine_route(const struct pf_machine *m, uint8_t af, const union pf_ip *dst,
    const char **ret_if)
{
	union pf_ip via;

	return sim_find_route(
	    m->env, m->routes.v, m->routes.n, af, dst, ret_if, &via);
}

const struct pf_if *
pf_machine_only(const struct pf_machine *m)
{
	const struct pf_if *only = NULL;

	for (size_t i = 0; i < m->env->ifs.n; i++) {
		if (m->env->ifs.v[i].flags & PF_IF_LOOPBACK)
			continue;
		if (only != NULL)
			return NULL;
		only = &m->env->ifs.v[i];
	}
	return only;
}
