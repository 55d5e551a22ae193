/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rc.conf's network variables as a plan. The order is FreeBSD's (netif):
 * cloned interfaces, ifconfig_IF, ifconfig_IF_ipv6, the aliases by number,
 * and the ipv4_addrs_IF lists.
 */
#include "net/internal.h"

#include <errno.h>
#include <strings.h>

#include "conf/rcconf.h"

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
plan_if(struct net_plan *plan, const char *name, const struct rcconf_var *var)
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

static void
note(struct net_plan *plan, const struct rcconf_var *var, const char *what)
{
	strv_add_owned(&plan->notes,
	    xasprintf("%s:%u: %s is left to the "
		      "host's own network configuration",
		var->file, var->line, what));
}

static void
add_addr(struct net_plan_if *p, const struct net_addr *addr,
    const struct rcconf_var *var)
{
	struct net_plan_addr *a;

	p->up = true;
	for (size_t i = 0; i < p->n; i++)
		if (net_addr_same(&p->v[i].addr, addr))
			return;
	a = array_add(p);
	a->addr = *addr;
	a->file = var->file;
	a->line = var->line;
}

/* ---- address lists ---- */

/* "192.168.0.1-5/24": the first has the length, the others are single
 * addresses in its network, as FreeBSD makes them. */
static int
add_range(struct net_plan_if *p, const char *word, const char *dash,
    const struct rcconf_var *var, struct err *err)
{
	_cleanup_free_ char *low = xstrndup(word, (size_t)(dash - word));
	_cleanup_free_ char *high = xstrdup(dash + 1);
	_cleanup_free_ char *first = NULL;
	char *slash = strchr(high, '/');
	struct net_addr addr;
	int64_t last;
	int r;

	if (!slash)
		return rcconf_err(err, EINVAL, var,
		    "'%s' has no length: "
		    "write %s/24 or whatever its network is",
		    word, word);
	*slash = '\0';
	first = xasprintf("%s/%s", low, slash + 1);
	r = net_addr_parse(first, AF_INET, &addr, err);
	if (r < 0)
		return err_wrap(
		    err, r, "%s:%u: %s", var->file, var->line, var->name);
	if (str_to_i64(high, addr.b[3], 255, &last) < 0)
		return rcconf_err(err, EINVAL, var,
		    "'%s': a range ends in "
		    "a number from %u to 255",
		    word, addr.b[3]);
	for (int64_t i = addr.b[3];; i++) {
		add_addr(p, &addr, var);
		if (i == last)
			break;
		addr = net_addr_next(&addr);
		addr.plen = 32;
	}
	return 0;
}

static int
add_word(struct net_plan_if *p, const char *word, int family,
    const struct rcconf_var *var, struct err *err)
{
	const char *dash = strchr(word, '-');
	struct net_addr addr;
	int r;

	if (dash && family == AF_INET)
		return add_range(p, word, dash, var, err);
	r = net_addr_parse(word, family, &addr, err);
	if (r < 0)
		return err_wrap(
		    err, r, "%s:%u: %s", var->file, var->line, var->name);
	if (!strchr(word, '/'))
		return rcconf_err(err, EINVAL, var,
		    "'%s' has no length: "
		    "write %s/%d or whatever its network is",
		    word, word, family == AF_INET ? 24 : 64);
	add_addr(p, &addr, var);
	return 0;
}

static int
plan_addrs(struct net_plan_if *p, int family, const struct rcconf_var *var,
    struct err *err)
{
	_cleanup_(strv_clear) struct strv words = { 0 };

	strv_split(&words, var->value, " \t\n");
	for (size_t i = 0; i < words.n; i++) {
		int r = add_word(p, words.v[i], family, var, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- ifconfig's words ---- */

struct ifconfig {
	const struct strv *words;
	size_t at;
	int family;
	struct net_plan *plan;
	struct net_plan_if *p;
	const struct rcconf_var *var;
	struct net_addr addr; /* the last one read; family 0: none */
	bool has_len;
	struct err *err;
};

static int
ifconfig_flush(struct ifconfig *ic)
{
	char buf[NET_ADDR_STRLEN];

	if (ic->addr.family == 0)
		return 0;
	if (!ic->has_len)
		return rcconf_err(ic->err, EINVAL, ic->var,
		    "%s has no "
		    "netmask: write %s/%d or whatever its network is",
		    net_addr_format(&ic->addr, false, buf), buf,
		    ic->addr.family == AF_INET ? 24 : 64);
	add_addr(ic->p, &ic->addr, ic->var);
	ic->addr.family = 0;
	return 0;
}

/* The word after "netmask" and the like. */
static int
ifconfig_value(struct ifconfig *ic, const char **ret)
{
	if (ic->at >= ic->words->n)
		return rcconf_err(ic->err, EINVAL, ic->var,
		    "nothing follows "
		    "'%s'",
		    ic->words->v[ic->at - 1]);
	*ret = ic->words->v[ic->at++];
	return 0;
}

/* "255.255.255.0", "0xffffff00" or, for prefixlen, "24" */
static int
ifconfig_length(struct ifconfig *ic)
{
	_cleanup_free_ char *dotted = NULL, *whole = NULL;
	struct net_addr got;
	const char *value;
	char buf[NET_ADDR_STRLEN];
	unsigned int hex;
	int r = ifconfig_value(ic, &value), end = 0;

	if (r < 0)
		return r;
	if (ic->addr.family == 0)
		return rcconf_err(ic->err, EINVAL, ic->var,
		    "'%s' stands "
		    "before the address",
		    ic->words->v[ic->at - 2]);
	if (strlen(value) == 10 && sscanf(value, "0x%8x%n", &hex, &end) == 1 &&
	    end == 10)
		dotted = xasprintf("%u.%u.%u.%u", hex >> 24, hex >> 16 & 255,
		    hex >> 8 & 255, hex & 255);
	whole = xasprintf("%s/%s", net_addr_format(&ic->addr, false, buf),
	    dotted ? dotted : value);
	r = net_addr_parse(whole, ic->addr.family, &got, ic->err);
	if (r < 0)
		return err_wrap(ic->err, r, "%s:%u: %s", ic->var->file,
		    ic->var->line, ic->var->name);
	ic->addr = got;
	ic->has_len = true;
	return 0;
}

static int
ifconfig_mtu(struct ifconfig *ic)
{
	const char *value;
	int64_t mtu;
	int r = ifconfig_value(ic, &value);

	if (r < 0)
		return r;
	if (str_to_i64(value, 68, 65535, &mtu) < 0)
		return rcconf_err(ic->err, EINVAL, ic->var,
		    "mtu '%s' is no "
		    "number from 68 to 65535",
		    value);
	ic->p->mtu = (unsigned int)mtu;
	return 0;
}

static int
ifconfig_group(struct ifconfig *ic)
{
	const char *value;
	int r = ifconfig_value(ic, &value);

	if (r < 0)
		return r;
	if (!strv_has(&ic->p->groups, value))
		strv_add(&ic->p->groups, value);
	return 0;
}

static int
ifconfig_address(struct ifconfig *ic, const char *word)
{
	_cleanup_(str_clear) struct str seen = STR_INIT;
	int r = ifconfig_flush(ic);

	if (r < 0)
		return r;
	if (ic->family == AF_INET && strchr(word, '-') && word[0] != '-')
		return add_range(
		    ic->p, word, strchr(word, '-'), ic->var, ic->err);
	if (net_addr_parse(word, ic->family, &ic->addr, NULL) == 0) {
		ic->has_len = strchr(word, '/') != NULL;
		return 0;
	}
	ic->addr.family = 0;
	str_add_visible(&seen, word);
	return rcconf_err(ic->err, EINVAL, ic->var,
	    "'%s' is not understood: "
	    "an address, inet, inet6, netmask, prefixlen, mtu, up, alias, "
	    "group or DHCP",
	    seen.buf);
}

/* Words by which the host gets its addresses in other ways. */
static bool
is_dynamic(const char *word)
{
	static const char *const words[] = { "DHCP", "SYNCDHCP", "NOSYNCDHCP",
		"WPA", "HOSTAP", "accept_rtadv" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasecmp(word, words[i]) == 0)
			return true;
	return false;
}

static int
ifconfig_word(struct ifconfig *ic)
{
	const char *word = ic->words->v[ic->at++];

	if (is_dynamic(word)) {
		_cleanup_free_ char *what =
		    xasprintf("%s=\"%s\"", ic->var->name, word);

		note(ic->plan, ic->var, what);
		return 0;
	}
	if (streq(word, "inet") || streq(word, "inet6")) {
		ic->family = streq(word, "inet") ? AF_INET : AF_INET6;
		return ifconfig_flush(ic);
	}
	if (streq(word, "netmask") || streq(word, "prefixlen"))
		return ifconfig_length(ic);
	if (streq(word, "broadcast"))
		return ifconfig_value(ic, &word); /* the kernel knows it */
	if (streq(word, "mtu"))
		return ifconfig_mtu(ic);
	if (streq(word, "group"))
		return ifconfig_group(ic);
	if (streq(word, "up")) {
		ic->p->up = true;
		return 0;
	}
	if (streq(word, "alias") || strcasecmp(word, "NOAUTO") == 0)
		return 0;
	return ifconfig_address(ic, word);
}

static int
plan_ifconfig(struct net_plan *plan, struct net_plan_if *p, int family,
    const struct rcconf_var *var, struct err *err)
{
	_cleanup_(strv_clear) struct strv words = { 0 };
	struct ifconfig ic = { .words = &words,
		.family = family,
		.plan = plan,
		.p = p,
		.var = var,
		.err = err };

	strv_split(&words, var->value, " \t\n");
	while (ic.at < words.n) {
		int r = ifconfig_word(&ic);

		if (r < 0)
			return r;
	}
	return ifconfig_flush(&ic);
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
		p = plan_if(plan, words.v[i], var);
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
		return plan_addrs(
		    plan_if(plan, vn->ifname, var), family, var, err);
	return plan_ifconfig(
	    plan, plan_if(plan, vn->ifname, var), family, var, err);
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
			note(plan, var, var->name);
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
	*ret = plan;
	plan = (struct net_plan){ 0 };
	return 0;
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
