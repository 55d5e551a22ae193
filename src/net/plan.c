/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rc.conf's network variables as a plan. The order is FreeBSD's (netif):
 * cloned interfaces, ifconfig_IF, ifconfig_IF_ipv6, the aliases by number,
 * and the ipv4_addrs_IF lists.
 */
#include "net/internal.h"

#include <errno.h>

#include "conf/rcconf.h"
#include "net/plan.h"

/* The kinds of variable that name an interface. */
enum var_kind {
	VAR_OTHER,
	VAR_IFCONFIG,
	VAR_IFCONFIG6,
	VAR_ALIASES, /* ifconfig_IF_aliases */
	VAR_ALIAS,   /* ifconfig_IF_alias0, .. */
	VAR_ADDRS4,
	VAR_ADDRS6,
	VAR_LEFT, /* the host's own matter */
};

struct var_name {
	enum var_kind kind;
	char ifname[IFNAMSIZ];
	int64_t alias; /* number of a VAR_ALIAS */
};

/* ---- names of variables ---- */

static bool
set_ifname(
    struct var_name *vn, enum var_kind kind, const char *text, size_t len)
{
	if (len == 0 || len >= IFNAMSIZ)
		return false;
	memcpy(vn->ifname, text, len);
	vn->ifname[len] = '\0';
	if (streq(vn->ifname, "lo0"))
		strcpy(vn->ifname, "lo");
	vn->kind = kind;
	return true;
}

static size_t
without_suffix(const char *text, const char *suffix)
{
	size_t len = strlen(text), n = strlen(suffix);

	return len > n && streq(text + len - n, suffix) ? len - n : 0;
}

/* The number of "..._aliasN" and the length of what stands before. */
static size_t
alias_number(const char *text, int64_t *ret)
{
	const char *digits = text + strlen(text);

	while (digits > text && digits[-1] >= '0' && digits[-1] <= '9')
		digits--;
	if (digits - text < 7 || strncmp(digits - 6, "_alias", 6) != 0 ||
	    str_to_i64(digits, 0, 1000000, ret) < 0)
		return 0;
	return (size_t)(digits - 6 - text);
}

static void
classify_ifconfig(const char *text, struct var_name *vn)
{
	static const struct {
		const char *suffix;
		enum var_kind kind;
	} suffixes[] = {
		{ "_ipv6", VAR_IFCONFIG6 },
		{ "_aliases", VAR_ALIASES },
		{ "_name", VAR_LEFT },
		{ "_descr", VAR_LEFT },
		{ "_fib", VAR_LEFT },
	};
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		len = without_suffix(text, suffixes[i].suffix);
		if (len > 0) {
			set_ifname(vn, suffixes[i].kind, text, len);
			return;
		}
	}
	len = alias_number(text, &vn->alias);
	if (len > 0)
		set_ifname(vn, VAR_ALIAS, text, len);
	else
		set_ifname(vn, VAR_IFCONFIG, text, strlen(text));
}

static struct var_name
classify(const char *name)
{
	static const char *const left[] = { "defaultrouter",
		"ipv6_defaultrouter", "static_routes", "ipv6_static_routes",
		"vlans_", "wlans_", "create_args_" };
	struct var_name vn = { .kind = VAR_OTHER };

	if (str_starts(name, "ifconfig_"))
		classify_ifconfig(name + strlen("ifconfig_"), &vn);
	else if (str_starts(name, "ipv4_addrs_"))
		set_ifname(&vn, VAR_ADDRS4, name + 11, strlen(name + 11));
	else if (str_starts(name, "ipv6_addrs_"))
		set_ifname(&vn, VAR_ADDRS6, name + 11, strlen(name + 11));
	for (size_t i = 0; i < ARRAY_SIZE(left); i++) {
		size_t len = strlen(left[i]);

		/* A name that ends in '_' here is a prefix. */
		if (left[i][len - 1] == '_' ? str_starts(name, left[i])
					    : streq(name, left[i]))
			vn.kind = VAR_LEFT;
	}
	return vn;
}

/* ---- the plan in the making ---- */

static struct net_plan_if *
make_if(struct net_plan *plan, const char *name, const struct rcconf_var *var)
{
	struct net_plan_if *p;

	for (size_t i = 0; i < plan->n; i++)
		if (streq(plan->v[i].name, name))
			return &plan->v[i];
	p = array_add(plan);
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->file = var->file;
	p->line = var->line;
	return p;
}

/* ---- cloned_interfaces ---- */

static bool
is_bridge(const char *name)
{
	return str_starts(name, "bridge") && name[6] != '\0' &&
	    strspn(name + 6, "0123456789") == strlen(name + 6);
}

static int
plan_cloned(
    struct net_plan *plan, const struct rcconf_var *var, struct err *err)
{
	_cleanup_(strv_clear) struct strv words = { 0 };

	strv_split(&words, var->value, " \t\n");
	for (size_t i = 0; i < words.n; i++) {
		_cleanup_(str_clear) struct str seen = STR_INIT;
		size_t len = without_suffix(words.v[i], ":sticky");
		struct net_plan_if *p;

		if (len > 0)
			words.v[i][len] = '\0';
		str_add_visible(&seen, words.v[i]);
		if (strlen(words.v[i]) >= IFNAMSIZ ||
		    (!net_is_cloned_lo(words.v[i]) && !is_bridge(words.v[i])))
			return rcconf_err(err, EINVAL, var,
			    "'%s' cannot be "
			    "made: loopbacks (lo1, lo2, ..) and bridges "
			    "(bridge0, ..) can",
			    seen.buf);
		p = make_if(plan, words.v[i], var);
		p->cloned = p->up = true;
	}
	return 0;
}

/* ---- the passes ---- */

static int
plan_var(struct net_plan *plan, const struct rcconf_var *var,
    const struct var_name *vn, struct err *err)
{
	/* FreeBSD's shorthand for an alias leaves the family out. */
	int family = vn->kind == VAR_ADDRS6 || vn->kind == VAR_IFCONFIG6
	    ? AF_INET6
	    : AF_INET;

	if (vn->kind == VAR_ADDRS4 || vn->kind == VAR_ADDRS6)
		return net_plan_addrs(
		    make_if(plan, vn->ifname, var), family, var, err);
	return net_plan_ifconfig(
	    plan, make_if(plan, vn->ifname, var), family, var, err);
}

/* All variables of one kind, in the file's order. */
static int
plan_kind(struct net_plan *plan, const struct rcconf *rc, enum var_kind kind,
    struct err *err)
{
	for (size_t i = 0; i < rc->vars.n; i++) {
		const struct rcconf_var *var = rc->vars.v[i].value;
		struct var_name vn = classify(var->name);
		int r = 0;

		if (vn.kind != kind)
			continue;
		if (kind == VAR_LEFT)
			net_plan_note(plan, var, var->name);
		else
			r = plan_var(plan, var, &vn, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct rcconf_var *
find_alias(const struct rcconf *rc, const char *ifname, int64_t n)
{
	for (size_t i = 0; i < rc->vars.n; i++) {
		const struct rcconf_var *var = rc->vars.v[i].value;
		struct var_name vn = classify(var->name);

		if (vn.kind == VAR_ALIAS && vn.alias == n &&
		    streq(vn.ifname, ifname))
			return var;
	}
	return NULL;
}

/* FreeBSD reads alias0, alias1, ... and stops at the first gap: what is
 * behind one would be lost without a word. */
static int
plan_aliases(struct net_plan *plan, const struct rcconf *rc, struct err *err)
{
	for (size_t i = 0; i < rc->vars.n; i++) {
		const struct rcconf_var *var = rc->vars.v[i].value;
		struct var_name vn = classify(var->name);

		if (vn.kind == VAR_ALIAS && vn.alias > 0 &&
		    !find_alias(rc, vn.ifname, vn.alias - 1))
			return rcconf_err(err, EINVAL, var,
			    "there is no "
			    "ifconfig_%s_alias%d before it, so it would "
			    "never be read",
			    net_pf_name(vn.ifname), (int)vn.alias - 1);
	}
	for (size_t i = 0; i < rc->vars.n; i++) {
		const struct rcconf_var *var = rc->vars.v[i].value;
		struct var_name vn = classify(var->name);

		if (vn.kind != VAR_ALIAS || vn.alias != 0)
			continue;
		for (; var; var = find_alias(rc, vn.ifname, ++vn.alias)) {
			int r = plan_var(plan, var, &vn, err);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int
plan_all(struct net_plan *plan, const struct rcconf *rc, struct err *err)
{
	const struct rcconf_var *cloned = rcconf_find(rc, "cloned_interfaces");
	int r = 0;

	if (cloned)
		r = plan_cloned(plan, cloned, err);
	if (r == 0)
		r = plan_kind(plan, rc, VAR_IFCONFIG, err);
	if (r == 0)
		r = plan_kind(plan, rc, VAR_IFCONFIG6, err);
	if (r == 0)
		r = plan_aliases(plan, rc, err);
	if (r == 0)
		r = plan_kind(plan, rc, VAR_ALIASES, err);
	if (r == 0)
		r = plan_kind(plan, rc, VAR_ADDRS4, err);
	if (r == 0)
		r = plan_kind(plan, rc, VAR_ADDRS6, err);
	if (r == 0)
		r = plan_kind(plan, rc, VAR_LEFT, err);
	if (r == 0)
		r = rcconf_bool(
		    rc, "gateway_enable", false, &plan->forward4, err);
	if (r == 0)
		r = rcconf_bool(
		    rc, "ipv6_gateway_enable", false, &plan->forward6, err);
	return r;
}

int
net_plan_make(const struct rcconf *rc, struct net_plan *ret, struct err *err)
{
	_cleanup_(net_plan_clear) struct net_plan plan = { 0 };
	int r = plan_all(&plan, rc, err);

	if (r < 0)
		return r;
	plan.blank = rc->vars.n == 0;
	*ret = plan;
	plan = (struct net_plan){ 0 };
	return 0;
}

const struct net_plan_if *
net_plan_if(const struct net_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n; i++)
		if (net_is_rc_name(plan->v[i].name, name))
			return &plan->v[i];
	return NULL;
}

static void
plan_if_clear(struct net_plan_if *p)
{
	strv_clear(&p->groups);
	array_clear(p);
}

void
net_plan_keep_cloned(struct net_plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++) {
		if (plan->v[i].cloned)
			plan->v[n++] = plan->v[i];
		else
			plan_if_clear(&plan->v[i]);
	}
	plan->n = n;
	plan->partial = true;
	strv_clear(&plan->notes);
}

void
net_plan_clear(struct net_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		plan_if_clear(&plan->v[i]);
	array_clear(plan);
	strv_clear(&plan->notes);
}
