/* SPDX-License-Identifier: BSD-2-Clause */
/* The values of rc.conf's network variables: address lists, ranges, and
 * ifconfig(8)'s words. */
#include "net/plan.h"

#include <errno.h>
#include <strings.h>

#include "conf/rcconf.h"

void
net_plan_note(
    struct net_plan *plan, const struct rcconf_var *var, const char *what)
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

int
net_plan_addrs(struct net_plan_if *p, int family, const struct rcconf_var *var,
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
	const char *value = "";
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
	const char *value = "";
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
	const char *value = "";
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

		net_plan_note(ic->plan, ic->var, what);
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

int
net_plan_ifconfig(struct net_plan *plan, struct net_plan_if *p, int family,
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
