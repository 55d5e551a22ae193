/* SPDX-License-Identifier: BSD-2-Clause */
/* Facts about the machine around pf: see machine.h for the lines. */
#include <errno.h>

#include "pf/facts-internal.h"

/* route default|NET/LEN [via ADDR] dev IF */
int
facts_route(struct facts_reader *r)
{
	struct pf_sim_route route = { 0 };
	bool def = streq(r->words.v[1], "default");
	uint8_t via_af = 0;

	if (!def &&
	    facts_ip(r->words.v[1], &route.af, &route.net, &route.bits) < 0)
		return facts_bad(r, "bad network", r->words.v[1]);
	for (size_t i = 2; i + 1 < r->words.n; i += 2) {
		const char *value = r->words.v[i + 1];

		if (streq(r->words.v[i], "dev"))
			route.ifname = arena_strdup(&r->f->arena, value);
		else if (!streq(r->words.v[i], "via"))
			return facts_bad(
			    r, "expected via or dev, not", r->words.v[i]);
		else if (facts_ip(value, &via_af, &route.via, NULL) < 0)
			return facts_bad(r, "bad address", value);
		else
			route.has_via = true;
	}
	if (route.ifname == NULL)
		return facts_bad(r, "no dev IF behind route", r->words.v[1]);
	if (def)
		route.af = via_af ? via_af : AF_INET;
	*array_add(&r->f->machine.routes) = route;
	r->f->machine.routes_known = true;
	return 0;
}

static bool
on_off(const char *word, bool *ret)
{
	*ret = streq(word, "on");
	return *ret || streq(word, "off");
}

/* forward inet|inet6 on|off */
int
facts_forward(struct facts_reader *r)
{
	bool *to = streq(r->words.v[1], "inet") ? &r->f->machine.forward4
	    : streq(r->words.v[1], "inet6")	? &r->f->machine.forward6
						: NULL;

	if (to == NULL || r->words.n != 3 || !on_off(r->words.v[2], to))
		return facts_bad(r, "expected 'forward inet|inet6 on|off', not",
		    r->words.v[1]);
	return 0;
}

/* pf on|off */
int
facts_pf(struct facts_reader *r)
{
	bool on;

	if (!on_off(r->words.v[1], &on))
		return facts_bad(r, "expected 'pf on|off', not", r->words.v[1]);
	r->f->machine.pf_off = !on;
	return 0;
}

/* jail NAME up|down [ADDR ..] */
int
facts_jail(struct facts_reader *r)
{
	struct pf_jail *j = array_add(&r->f->machine.jails);

	j->name = arena_strdup(&r->f->arena, r->words.v[1]);
	if (r->words.n < 3 ||
	    !(streq(r->words.v[2], "up") || streq(r->words.v[2], "down")))
		return facts_bad(
		    r, "expected 'jail NAME up|down ADDR ..' for", j->name);
	j->up = streq(r->words.v[2], "up");
	for (size_t i = 3; i < r->words.n; i++) {
		struct pf_ip_af *a = array_add(&j->addrs);

		if (facts_ip(r->words.v[i], &a->af, &a->ip, NULL) < 0)
			return facts_bad(r, "bad address", r->words.v[i]);
	}
	return 0;
}

/* listen NAME|host tcp|udp ADDR|* PORT [PROGRAM], listen none */
int
facts_listen(struct facts_reader *r)
{
	struct pf_machine *m = &r->f->machine;
	struct strv *w = &r->words;
	struct pf_listener l = { 0 };
	int64_t port;

	m->listeners_known = true;
	if (w->n == 2 && streq(w->v[1], "none"))
		return 0;
	if (w->n < 5)
		return facts_bad(r,
		    "expected 'listen NAME|host tcp|udp ADDR PORT', not",
		    w->v[1]);
	if (!streq(w->v[1], "host"))
		l.jail = arena_strdup(&r->f->arena, w->v[1]);
	if (l.jail != NULL && pf_machine_jail(m, l.jail) == NULL)
		return facts_bad(r, "no jail", l.jail);
	l.proto = streq(w->v[2], "tcp") ? 6 : streq(w->v[2], "udp") ? 17 : 0;
	if (l.proto == 0)
		return facts_bad(r, "expected tcp or udp, not", w->v[2]);
	if (!streq(w->v[3], "*") && facts_ip(w->v[3], &l.af, &l.ip, NULL) < 0)
		return facts_bad(r, "bad address", w->v[3]);
	if (str_to_i64(w->v[4], 1, 65535, &port) < 0)
		return facts_bad(r, "bad port", w->v[4]);
	l.port = (uint16_t)port;
	if (w->n > 5)
		l.program = arena_strdup(&r->f->arena, w->v[5]);
	*array_add(&m->listeners) = l;
	return 0;
}

static void
place(struct pf_facts *f, const struct pf_ip_af *a)
{
	const struct pf_if *on =
	    pf_machine_loopback(&f->machine, a->af, &a->ip);
	struct pf_if_addr to = {
		.af = a->af, .bits = a->af == AF_INET ? 32 : 128, .ip = a->ip
	};

	if (on == NULL || pf_machine_is_local(&f->machine, a->af, &a->ip))
		return;
	if (a->af == AF_INET)
		to.broadcast = a->ip;
	*array_add(&f->env.ifs.v[on - f->env.ifs.v].addrs) = to;
}

void
facts_place_jails(struct pf_facts *f)
{
	for (size_t i = 0; i < f->machine.jails.n; i++) {
		const struct pf_jail *j = &f->machine.jails.v[i];

		for (size_t k = 0; j->up && k < j->addrs.n; k++)
			place(f, &j->addrs.v[k]);
	}
}

struct pf_machine *
pf_facts_machine(struct pf_facts *f)
{
	return &f->machine;
}
