/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Are rules made for this host as it is now? A network card that got another
 * name, or a host that was moved, must not be left without ssh by rules that
 * nobody can pass any more.
 */
#include "cli/rules-stale.h"

#include <fcntl.h>
#include <netinet/in.h>

#include "base/file.h"
#include "host/host.h"

enum { FACTS_MAX = 64 << 20 };

static struct pf_ruleset *
read_rules(const char *file, const struct pf_env *env)
{
	const struct pf_opts opts = { .load = PF_LOAD_ALL,
		.optimize_given = true,
		.optimize = PF_OPT_NONE };
	struct pf_ruleset *rs = NULL;

	return pf_load(file, &opts, env, NULL, &rs, NULL) == 0 ? rs : NULL;
}

/* ---- the interfaces that rules name ---- */

static const struct pf_if *
find_if(const struct pf_env *env, const char *name)
{
	for (size_t i = 0; i < env->ifs.n; i++)
		if (streq(env->ifs.v[i].name, name) ||
		    strv_has(&env->ifs.v[i].groups, name))
			return &env->ifs.v[i];
	return NULL;
}

/* Does it let in whoever comes by whichever interface? */
static bool
is_open_to_all(const struct pf_rule *r)
{
	return r->action == PF_PASS && !r->anchor_call && r->dir != PF_OUT &&
	    (r->proto == 0 || r->proto == IPPROTO_TCP) && !r->ifname;
}

struct named {
	struct strv ifs; /* but for loopbacks */
	bool open_to_all;
};

static void
collect(const struct pf_ruleset *rs, const struct pf_env *env, struct named *n)
{
	for (struct pf_anchor *a = rs->main; a; a = a->next)
		for (int l = 0; l < PF_LIST_COUNT; l++)
			for (size_t i = 0; i < a->list[l].n; i++) {
				const struct pf_rule *r = a->list[l].v[i];
				const struct pf_if *f =
				    r->ifname ? find_if(env, r->ifname) : NULL;

				n->open_to_all |= is_open_to_all(r);
				if (!r->ifname || r->if_not ||
				    (f && (f->flags & PF_IF_LOOPBACK)) ||
				    strv_has(&n->ifs, r->ifname))
					continue;
				strv_add(&n->ifs, r->ifname);
			}
}

static bool
any_is_there(const struct named *n, const struct pf_env *env)
{
	for (size_t i = 0; i < n->ifs.n; i++)
		if (find_if(env, n->ifs.v[i]))
			return true;
	return false;
}

bool
rules_name_gone(const char *file, struct str *ret_names)
{
	_cleanup_(host_clear) struct host host = { 0 };
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *rs = NULL;
	struct named n = { 0 };
	bool gone;

	if (host_read_interfaces(&host, NULL) < 0)
		return false;
	rs = read_rules(file, &host.env);
	if (!rs)
		return false;
	collect(rs, &host.env, &n);
	gone = n.ifs.n > 0 && !n.open_to_all && !any_is_there(&n, &host.env);
	for (size_t i = 0; gone && i < n.ifs.n; i++)
		str_printf(ret_names, "%s%s", i ? ", " : "", n.ifs.v[i]);
	strv_clear(&n.ifs);
	return gone;
}

/* ---- the addresses that the last rules were made for ---- */

static bool
is_link_local(const struct pf_if_addr *a)
{
	return a->af == AF_INET6 && a->ip.b[0] == 0xfe &&
	    (a->ip.b[1] & 0xc0) == 0x80;
}

static bool
has_addr(const struct pf_if *f, const struct pf_if_addr *a)
{
	for (size_t i = 0; f && i < f->addrs.n; i++)
		if (f->addrs.v[i].af == a->af &&
		    memcmp(f->addrs.v[i].ip.b, a->ip.b,
			a->af == AF_INET ? 4 : 16) == 0)
			return true;
	return false;
}

static bool
is_named(const struct named *n, const struct pf_if *f)
{
	if (n->ifs.n == 0 || strv_has(&n->ifs, f->name))
		return true;
	for (size_t i = 0; i < f->groups.n; i++)
		if (strv_has(&n->ifs, f->groups.v[i]))
			return true;
	return false;
}

/* Has the host, on an interface that the rules name, an address that it had
 * when they were made? With no address at all nothing can be said. */
static bool
lives_elsewhere(
    const struct pf_env *now, const struct pf_env *then, const struct named *n)
{
	bool any = false;

	for (size_t i = 0; i < now->ifs.n; i++) {
		const struct pf_if *f = &now->ifs.v[i];

		if (f->flags & PF_IF_LOOPBACK)
			continue;
		for (size_t k = 0; k < f->addrs.n; k++) {
			const struct pf_if_addr *a = &f->addrs.v[k];

			if (is_link_local(a))
				continue;
			any = true;
			if (is_named(n, f) &&
			    has_addr(find_if(then, f->name), a))
				return false;
		}
	}
	return any;
}

bool
rules_last_are_stale(const char *rules, const char *facts)
{
	_cleanup_(host_clear) struct host host = { 0 };
	_cleanup_(pf_facts_freep) struct pf_facts *then = NULL;
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *rs = NULL;
	_cleanup_(str_clear) struct str text = STR_INIT;
	struct pf_env *env, functions = { 0 };
	struct named n = { 0 };
	bool stale;

	if (host_read_interfaces(&host, NULL) < 0 ||
	    file_read(AT_FDCWD, facts, FACTS_MAX, &text, NULL) < 0 ||
	    pf_facts_new(text.buf, facts, &then, NULL) < 0)
		return false;
	host_functions(&functions);
	env = pf_facts_env(then);
	env->read = functions.read;
	env->random = functions.random;
	rs = read_rules(rules, env);
	if (!rs)
		return false;
	collect(rs, env, &n);
	stale = lives_elsewhere(&host.env, env, &n);
	strv_clear(&n.ifs);
	return stale;
}
