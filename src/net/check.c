/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A jail's addresses as declared: reading ip4_addr and ip6_addr, and whether
 * this host can give them.
 */
#include "net/internal.h"

#include <errno.h>

#include "base/array.h"

void
net_jail_addrs_clear(struct net_jail_addrs *addrs)
{
	array_clear(addrs);
}

/* ---- the properties ---- */

static bool
is_prefix(const struct net_addr *a, const char *net)
{
	struct net_addr n;

	return net_addr_parse(net, a->family, &n, NULL) == 0 &&
	    net_addr_within(&n, a);
}

/* Addresses that no machine can have, or no jail. */
static int
refuse_special(const struct net_addr *a, struct err *err)
{
	static const struct {
		int family;
		const char *net, *why;
	} special[] = {
		{ AF_INET, "0.0.0.0/8", "no address of a machine" },
		{ AF_INET, "127.0.0.0/8",
		    "a loopback address; a jail has "
		    "its own, see the property localhost" },
		{ AF_INET, "224.0.0.0/4", "a multicast address" },
		{ AF_INET, "240.0.0.0/4", "no address of a machine" },
		{ AF_INET6, "::/128", "no address of a machine" },
		{ AF_INET6, "::1/128",
		    "a loopback address; a jail has its "
		    "own, see the property localhost" },
		{ AF_INET6, "::ffff:0:0/96", "an IPv4 address in IPv6 form" },
		{ AF_INET6, "fe80::/10", "a link-local address" },
		{ AF_INET6, "ff00::/8", "a multicast address" },
	};
	char buf[NET_ADDR_STRLEN];

	for (size_t i = 0; i < ARRAY_SIZE(special); i++)
		if (special[i].family == a->family &&
		    is_prefix(a, special[i].net))
			return err_set(err, EINVAL, "%s is %s",
			    net_addr_format(a, false, buf), special[i].why);
	return 0;
}

static int
parse_ifname(const char *text, size_t len, char ret[IFNAMSIZ], struct err *err)
{
	_cleanup_(str_clear) struct str seen = STR_INIT;
	_cleanup_free_ char *name = xstrndup(text, len);

	str_add_visible(&seen, name);
	if (len == 0 || len >= IFNAMSIZ ||
	    strspn(name,
		"abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != len)
		return err_set(err, EINVAL,
		    "'%.80s' is no name of an "
		    "interface",
		    seen.buf);
	memcpy(ret, name, len + 1);
	return 0;
}

static bool
has_addr(const struct net_jail_addrs *addrs, const struct net_addr *a)
{
	for (size_t i = 0; i < addrs->n; i++)
		if (net_addr_same(&addrs->v[i].addr, a))
			return true;
	return false;
}

/* One "[IF|]ADDR[/LEN]". */
static int
parse_one(
    const char *word, int family, struct net_jail_addrs *addrs, struct err *err)
{
	const char *bar = strchr(word, '|');
	struct net_jail_addr one = { 0 };
	int r;

	if (bar) {
		r = parse_ifname(word, (size_t)(bar - word), one.ifname, err);
		if (r < 0)
			return r;
		word = bar + 1;
	}
	if (streq(word, "DHCP") || streq(word, "accept_rtadv"))
		return err_set(err, EINVAL,
		    "%s needs a network of the "
		    "jail's own (vnet=1)",
		    word);
	r = net_addr_parse(word, family, &one.addr, err);
	if (r == 0)
		r = refuse_special(&one.addr, err);
	if (r < 0)
		return r;
	/* A length is taken, as iocage takes it, and means nothing: an alias
	 * of a jail's is a single address. */
	one.addr.plen = (uint8_t)net_addr_bits(&one.addr);
	if (has_addr(addrs, &one.addr))
		return err_set(err, EINVAL, "%s is named twice", word);
	*array_add(addrs) = one;
	return 0;
}

static int
parse_list(const char *list, const char *property, int family,
    struct net_jail_addrs *addrs, struct err *err)
{
	_cleanup_(strv_clear) struct strv words = { 0 };

	if (!list || streq(list, "none"))
		return 0;
	strv_split(&words, list, ", ");
	for (size_t i = 0; i < words.n; i++) {
		int r = parse_one(words.v[i], family, addrs, err);

		if (r < 0)
			return err_wrap(err, r, "%s", property);
	}
	return 0;
}

int
net_jail_addrs_parse(const char *ip4_addr, const char *ip6_addr,
    struct net_jail_addrs *ret, struct err *err)
{
	_cleanup_(net_jail_addrs_clear) struct net_jail_addrs addrs = { 0 };
	int r;

	r = parse_list(ip4_addr, "ip4_addr", AF_INET, &addrs, err);
	if (r == 0)
		r = parse_list(ip6_addr, "ip6_addr", AF_INET6, &addrs, err);
	if (r < 0)
		return r;
	*ret = addrs;
	addrs = (struct net_jail_addrs){ 0 };
	return 0;
}

/* ---- against the host ---- */

static const char *
family_name(int family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

static int
refuse_taken(const struct net_view *view, const char *jail,
    const struct net_addr *addr, struct err *err)
{
	const struct net_if *ifp;
	const struct net_ifaddr *holder = net_view_holder(view, addr, &ifp);
	char buf[NET_ADDR_STRLEN];

	net_addr_format(addr, false, buf);
	/* Its own address is what a jail that died without a stop left. */
	if (!holder || (holder->jail && streq(holder->jail, jail)))
		return 0;
	if (holder->jail)
		return err_set(err, EADDRINUSE,
		    "%s is in use by the jail "
		    "'%s'",
		    buf, holder->jail);
	return err_set(err, EADDRINUSE, "%s is the host's own address on %s",
	    buf, ifp->pf_name);
}

const struct net_ifaddr *
net_network_of(const struct net_if *ifp, const struct net_addr *addr)
{
	for (size_t i = 0; i < ifp->n; i++) {
		const struct net_ifaddr *a = &ifp->v[i];

		if (!a->jail && a->addr.plen < net_addr_bits(&a->addr) &&
		    net_addr_within(&a->addr, addr))
			return a;
	}
	return NULL;
}

/* Nothing of this interface's networks holds `addr`: say which there are. */
static int
refuse_outside(
    const struct net_if *ifp, const struct net_addr *addr, struct err *err)
{
	_cleanup_(str_clear) struct str nets = STR_INIT;
	char buf[NET_ADDR_STRLEN];

	for (size_t i = 0; i < ifp->n; i++) {
		struct net_addr net = net_addr_network(&ifp->v[i].addr);

		if (ifp->v[i].jail || net.family != addr->family ||
		    net.plen == net_addr_bits(&net))
			continue;
		str_printf(&nets, "%s%s", nets.len ? ", " : "",
		    net_addr_format(&net, true, buf));
	}
	net_addr_format(addr, false, buf);
	if (nets.len == 0)
		return err_set(err, ENETUNREACH,
		    "%s: the host has no %s "
		    "network on %s; give it one in /etc/rc.conf and run "
		    "'gaol net up'",
		    buf, family_name(addr->family), ifp->pf_name);
	return err_set(err, ENETUNREACH,
	    "%s is outside the network of %s "
	    "(%s)",
	    buf, ifp->pf_name, nets.buf);
}

/* The network's own address and its broadcast address are nobody's. */
static int
refuse_reserved(
    const struct net_ifaddr *net, const struct net_addr *addr, struct err *err)
{
	struct net_addr first, last;
	char buf[NET_ADDR_STRLEN];
	uint64_t count;

	net_addr_hosts(&net->addr, &first, &last, &count);
	if (net_addr_cmp(addr, &first) >= 0 && net_addr_cmp(addr, &last) <= 0)
		return 0;
	return err_set(err, EADDRNOTAVAIL,
	    "%s is the %s address of its "
	    "network",
	    net_addr_format(addr, false, buf),
	    net_addr_cmp(addr, &first) < 0 ? "first, unusable," : "broadcast");
}

static int
find_if(const struct net_view *view, const struct net_jail_addr *a,
    const struct net_if **ret, struct err *err)
{
	char buf[NET_ADDR_STRLEN];

	if (a->ifname[0] != '\0') {
		*ret = net_view_if(view, a->ifname);
		if (*ret)
			return 0;
		return err_set(err, ENODEV,
		    "there is no interface '%s' for "
		    "%s%s",
		    a->ifname, net_addr_format(&a->addr, false, buf),
		    net_is_cloned_lo(a->ifname)
			? "; name it in "
			  "cloned_interfaces in /etc/rc.conf and run 'gaol net "
			  "up'"
			: "; 'gaol net show' lists them");
	}
	for (size_t i = 0; i < view->n; i++)
		if (net_network_of(&view->v[i], &a->addr)) {
			*ret = &view->v[i];
			return 0;
		}
	return err_set(err, ENETUNREACH,
	    "no interface of this host is in "
	    "the network of %s; name one: IF|%s",
	    net_addr_format(&a->addr, false, buf), buf);
}

static int
place_one(const struct net_view *view, const char *jail,
    const struct net_jail_addr *a, struct net_place *ret, struct err *err)
{
	const struct net_ifaddr *net;
	const struct net_if *ifp;
	int r;

	r = refuse_taken(view, jail, &a->addr, err);
	if (r == 0)
		r = find_if(view, a, &ifp, err);
	if (r < 0)
		return r;
	net = net_network_of(ifp, &a->addr);
	if (!net)
		return refuse_outside(ifp, &a->addr, err);
	r = refuse_reserved(net, &a->addr, err);
	if (r < 0)
		return r;
	*ret = (struct net_place){
		.addr = a->addr,
		.ifp = ifp,
		.gateway = net->addr,
		.proxy = !ifp->cloned_lo && !(ifp->flags & IFF_LOOPBACK),
	};
	return 0;
}

int
net_jail_place(const struct net_view *view, const char *jail,
    const struct net_jail_addrs *addrs, struct net_places *ret, struct err *err)
{
	struct net_places places = { 0 };

	for (size_t i = 0; i < addrs->n; i++) {
		struct net_place place;
		int r = place_one(view, jail, &addrs->v[i], &place, err);

		if (r < 0) {
			array_clear(&places);
			return r;
		}
		*array_add(&places) = place;
	}
	*ret = places;
	return 0;
}

int
net_jail_check(
    const char *name, const struct net_jail_addrs *addrs, struct err *err)
{
	_cleanup_(net_view_clear) struct net_view view = { 0 };
	struct net_places places = { 0 };
	int r;

	if (addrs->n == 0)
		return 0;
	r = net_view_read_for(addrs, &view, err);
	if (r == 0)
		r = net_jail_place(&view, name, addrs, &places, err);
	array_clear(&places);
	return r;
}

const char *
net_jail_warning(const struct net_jail_addrs *addrs)
{
	static const char off4[] =
	    "the host does not forward IPv4, so the jail reaches this host "
	    "and its jails only; set gateway_enable=\"YES\" in /etc/rc.conf "
	    "and run 'gaol net up'";
	static const char off6[] =
	    "the host does not forward IPv6, so the jail reaches this host "
	    "only; set ipv6_gateway_enable=\"YES\" in /etc/rc.conf and run "
	    "'gaol net up'";
	bool want4 = false, want6 = false;
	int on;

	for (size_t i = 0; i < addrs->n; i++) {
		want4 |= addrs->v[i].addr.family == AF_INET;
		want6 |= addrs->v[i].addr.family == AF_INET6;
	}
	if (want4 && net_sysctl_read("ipv4/ip_forward", &on) == 0 && on == 0)
		return off4;
	if (want6 && net_sysctl_read("ipv6/conf/all/forwarding", &on) == 0 &&
	    on == 0)
		return off6;
	return NULL;
}
