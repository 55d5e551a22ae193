/* SPDX-License-Identifier: BSD-2-Clause */
/* rc.conf against the kernel of now, and against the next boot. */
#include "check/internal.h"

static struct finding *
at_var(const struct check_system *sys, struct findings *all,
    enum finding_level level, const char *code, const char *name)
{
	const struct rcconf_var *var = rcconf_find(sys->rc, name);
	struct finding *f = finding_add(all, level, code);

	finding_at(f, var ? var->file : RCCONF_PATH, var ? var->line : 0);
	return f;
}

static bool
is_on(const struct check_system *sys, const char *name)
{
	bool on = false;

	return sys->rc != NULL &&
	    rcconf_bool(sys->rc, name, false, &on, NULL) == 0 && on;
}

/* ---- pf ---- */

static const char *
rules_file(const struct check_system *sys)
{
	return sys->rules_file ? sys->rules_file : "/etc/pf.conf";
}

static void
check_wanted(const struct check_system *sys, struct findings *all)
{
	struct finding *f;

	if (sys->pf != CHECK_PF_NONE && sys->pf != CHECK_PF_OFF)
		return;
	f = at_var(sys, all, FINDING_ERROR, "pf-not-running", "pf_enable");
	finding_what(f, "pf_enable is YES, and %s",
	    sys->pf == CHECK_PF_NONE ? "no rules are loaded"
				     : "pf is disabled");
	finding_why(f, "nothing is filtered, translated or redirected");
	if (sys->pf == CHECK_PF_NONE)
		finding_fix(f, "service pf start (or: pfctl -e -f %s)",
		    rules_file(sys));
	else
		finding_fix(f, "pfctl -e");
}

static void
check_pf(const struct check_system *sys, struct findings *all)
{
	struct finding *f;

	if (is_on(sys, "pf_enable")) {
		check_wanted(sys, all);
	} else if (sys->rc != NULL &&
	    (sys->pf == CHECK_PF_ON || sys->pf == CHECK_PF_OTHER)) {
		f = at_var(
		    sys, all, FINDING_WARNING, "pf-not-at-boot", "pf_enable");
		finding_what(f, "pf is enabled, and pf_enable is not YES");
		finding_why(f, "after the next boot it is not");
		finding_fix(f, "sysrc pf_enable=YES");
	}
	if (sys->pf == CHECK_PF_OTHER) {
		f = finding_add(all, FINDING_WARNING, "rules-differ");
		finding_at(f, rules_file(sys), 0);
		finding_what(f, "what is loaded is not what the file says");
		finding_why(f,
		    "the file was changed since, or read on its own by the "
		    "next boot; the findings here are about the file");
		finding_fix(f, "pfctl -f %s", rules_file(sys));
	}
	if (sys->pf == CHECK_PF_DRIFTED) {
		f = finding_add(all, FINDING_ERROR, "rules-drifted");
		finding_thing(f, "nf_tables");
		finding_what(f, "another program has changed pf's tables");
		finding_why(f, "what is filtered now is not known");
		finding_fix(f, "pfctl -f %s", rules_file(sys));
	}
}

/* ---- the network ---- */

static bool
has_addr(const struct pf_if *ifp, const struct net_addr *a, unsigned *bits)
{
	for (size_t i = 0; i < ifp->addrs.n; i++) {
		const struct pf_if_addr *x = &ifp->addrs.v[i];
		union pf_ip ip = { 0 };

		memcpy(ip.b, a->b, a->family == AF_INET ? 4 : 16);
		if (x->af != a->family || !check_same_ip(x->af, &x->ip, &ip))
			continue;
		*bits = x->bits;
		return true;
	}
	return false;
}

static void
check_plan_addr(struct findings *all, const struct net_plan_addr *a,
    const struct pf_if *ifp)
{
	char buf[NET_ADDR_STRLEN];
	unsigned bits = 0;
	bool there = has_addr(ifp, &a->addr, &bits);
	struct finding *f;

	if (there && bits == a->addr.plen)
		return;
	f = finding_add(
	    all, FINDING_ERROR, there ? "netmask-wrong" : "address-missing");
	finding_at(f, a->file, a->line);
	net_addr_format(&a->addr, true, buf);
	if (there)
		finding_what(
		    f, "%s of %s has /%u in the kernel", buf, ifp->name, bits);
	else
		finding_what(f, "%s does not have %s", ifp->name, buf);
	finding_why(f,
	    there ? "the network is another one than rc.conf says"
		  : "rc.conf and the kernel disagree; what needs the address "
		    "does not work");
	if (there)
		finding_fix(f, "ip addr del %.40s/%u dev %s, and: gaol net up",
		    net_addr_format(&a->addr, false, buf), bits, ifp->name);
	else
		finding_fix(f, "gaol net up");
}

/* The plan has the kernel's names, the machine pf's. */
static const char *
pf_name(const char *name)
{
	return streq(name, "lo") ? "lo0" : name;
}

static void
check_plan_if(const struct check_system *sys, struct findings *all,
    const struct net_plan_if *p)
{
	const struct pf_if *ifp =
	    pf_env_if(sys->machine->env, pf_name(p->name));
	struct finding *f;

	if (ifp == NULL) {
		f = finding_add(all, FINDING_ERROR, "interface-not-made");
		finding_at(f, p->file, p->line);
		finding_what(f, "interface %s is not there", p->name);
		finding_why(f, "jails with addresses on it cannot be started");
		finding_fix(f,
		    p->cloned ? "gaol net up"
			      : "is the name right? `ip link` lists "
				"those there are");
		return;
	}
	for (size_t i = 0; i < p->n; i++)
		check_plan_addr(all, &p->v[i], ifp);
	if (p->mtu == 0 || ifp->mtu == 0 || p->mtu == ifp->mtu)
		return;
	f = finding_add(all, FINDING_WARNING, "mtu-differs");
	finding_at(f, p->file, p->line);
	finding_what(f, "%s has MTU %u, not %u", p->name, ifp->mtu, p->mtu);
	finding_why(f, "rc.conf and the kernel disagree");
	finding_fix(f, "gaol net up");
}

/* ---- the next boot ---- */

static const struct check_service *
service(const struct check_system *sys, const char *name)
{
	for (size_t i = 0; i < sys->services.n; i++)
		if (streq(sys->services.v[i].name, name))
			return &sys->services.v[i];
	return NULL;
}

static void
check_service(const struct check_system *sys, struct findings *all,
    const char *name, const char *variable)
{
	const struct check_service *s = service(sys, name);
	struct finding *f;

	if (s == NULL || s->enabled || !is_on(sys, variable))
		return;
	f = at_var(sys, all, FINDING_ERROR, "service-not-enabled", variable);
	finding_what(f, "%s is YES, and no service '%s' is started at boot",
	    variable, name);
	finding_why(f,
	    "rc.conf is read by that service: without it nothing "
	    "of this happens");
	finding_fix(
	    f, "systemctl enable %s (or: update-rc.d %s defaults)", name, name);
}

static void
check_boot_jails(const struct check_system *sys, struct findings *all)
{
	struct finding *f;

	if (sys->rc == NULL || is_on(sys, "iocage_enable"))
		return;
	for (size_t i = 0; i < sys->jails.n; i++) {
		if (!sys->jails.v[i].boot)
			continue;
		f = at_var(sys, all, FINDING_WARNING, "jail-not-at-boot",
		    "iocage_enable");
		finding_what(f,
		    "jail %s has boot=on, and iocage_enable is not YES",
		    sys->jails.v[i].name);
		finding_why(f, "no jail is started at boot");
		finding_fix(f, "sysrc iocage_enable=YES");
	}
}

void
check_boot(const struct check_system *sys, struct findings *all)
{
	check_pf(sys, all);
	for (size_t i = 0; sys->plan != NULL && i < sys->plan->n; i++)
		check_plan_if(sys, all, &sys->plan->v[i]);
	check_service(sys, all, "pf", "pf_enable");
	check_service(sys, all, "iocage", "iocage_enable");
	check_service(sys, all, "gaol-network", "gateway_enable");
	check_boot_jails(sys, all);
}
