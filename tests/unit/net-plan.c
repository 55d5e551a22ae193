/* SPDX-License-Identifier: BSD-2-Clause */
/* The pure parts of net: addresses, rc.conf's plan, ip4_addr, facts. */
#include "tap.h"

#include <errno.h>

#include "conf/rcconf.h"
#include "net/internal.h"

/* ---- addresses ---- */

static void
parse_is(const char *text, const char *want)
{
	struct err err = { 0 };
	struct net_addr a;
	char buf[NET_ADDR_STRLEN];
	int r = net_addr_parse(text, AF_UNSPEC, &a, &err);

	is_str(r < 0 ? err.msg : net_addr_format(&a, true, buf), want,
	    "'%s' is read", text);
}

static void
test_parse(void)
{
	parse_is("192.168.0.2", "192.168.0.2/32");
	parse_is("192.168.0.2/24", "192.168.0.2/24");
	parse_is("192.168.0.2/255.255.254.0", "192.168.0.2/23");
	parse_is("10.0.0.0/0", "10.0.0.0/0");
	parse_is("fd00:0::1/64", "fd00::1/64");
	parse_is("::1", "::1/128");
	parse_is("192.168.0", "'192.168.0' is not an address");
	parse_is("192.168.0.256", "'192.168.0.256' is not an address");
	parse_is("192.168.0.1/33",
	    "'192.168.0.1/33': the length after '/' "
	    "is a number from 0 to 32");
	parse_is("192.168.0.1/",
	    "'192.168.0.1/': the length after '/' is a "
	    "number from 0 to 32");
	parse_is("fd00::1/129",
	    "'fd00::1/129': the length after '/' is a "
	    "number from 0 to 128");
	parse_is("1.2.3.4/255.0.255.0",
	    "'1.2.3.4/255.0.255.0': 255.0.255.0 "
	    "is no netmask");
	parse_is("1.2.3.4\033[0m", "'1.2.3.4\\x1b[0m' is not an address");
}

/* The network's numbers, as ipcalc prints them. */
static void
hosts_are(const char *text, const char *want)
{
	struct net_addr a, net, last, first, end;
	char b1[NET_ADDR_STRLEN], b2[NET_ADDR_STRLEN], b3[NET_ADDR_STRLEN],
	    b4[NET_ADDR_STRLEN];
	_cleanup_free_ char *got = NULL;
	uint64_t count;

	net_addr_parse(text, AF_UNSPEC, &a, NULL);
	net = net_addr_network(&a);
	last = net_addr_last(&a);
	net_addr_hosts(&a, &first, &end, &count);
	got = xasprintf("%s..%s %s..%s %llu", net_addr_format(&net, true, b1),
	    net_addr_format(&last, false, b2),
	    net_addr_format(&first, false, b3),
	    net_addr_format(&end, false, b4), (unsigned long long)count);
	is_str(got, want, "the network of %s", text);
}

static void
test_hosts(void)
{
	struct net_addr a, b;

	hosts_are("192.168.0.1/24",
	    "192.168.0.0/24..192.168.0.255 "
	    "192.168.0.1..192.168.0.254 254");
	hosts_are("10.1.2.3/30", "10.1.2.0/30..10.1.2.3 10.1.2.1..10.1.2.2 2");
	hosts_are("10.1.2.3/31", "10.1.2.2/31..10.1.2.3 10.1.2.2..10.1.2.3 2");
	hosts_are("10.1.2.3/32", "10.1.2.3/32..10.1.2.3 10.1.2.3..10.1.2.3 1");
	hosts_are("10.1.2.3/0",
	    "0.0.0.0/0..255.255.255.255 "
	    "0.0.0.1..255.255.255.254 4294967294");
	hosts_are("fd00::5/126", "fd00::4/126..fd00::7 fd00::5..fd00::7 3");
	hosts_are("fd00::5/64",
	    "fd00::/64..fd00::ffff:ffff:ffff:ffff "
	    "fd00::1..fd00::ffff:ffff:ffff:ffff 18446744073709551615");
	net_addr_parse("10.0.255.255", AF_INET, &a, NULL);
	a = net_addr_next(&a);
	net_addr_parse("10.1.0.0", AF_INET, &b, NULL);
	ok(net_addr_same(&a, &b), "the address after 10.0.255.255");
}

/* ---- the plan ---- */

static void
show_plan(const struct net_plan *plan, struct str *out)
{
	char buf[NET_ADDR_STRLEN];

	for (size_t i = 0; i < plan->n; i++) {
		const struct net_plan_if *p = &plan->v[i];

		str_printf(out, "%s%s%s", p->name, p->cloned ? " cloned" : "",
		    p->up ? " up" : "");
		if (p->mtu)
			str_printf(out, " mtu %u", p->mtu);
		for (size_t g = 0; g < p->groups.n; g++)
			str_printf(out, " group %s", p->groups.v[g]);
		for (size_t k = 0; k < p->n; k++)
			str_printf(out, " %s",
			    net_addr_format(&p->v[k].addr, true, buf));
		str_add(out, "\n");
	}
	str_printf(out, "%s%s", plan->forward4 ? "forward4\n" : "",
	    plan->forward6 ? "forward6\n" : "");
	for (size_t i = 0; i < plan->notes.n; i++)
		str_printf(out, "%s\n", plan->notes.v[i]);
}

static void
plan_is(const char *text, const char *want, const char *title)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = rcconf_new();
	_cleanup_(net_plan_clear) struct net_plan plan = { 0 };
	_cleanup_(str_clear) struct str got = STR_INIT;
	struct err err = { 0 };
	int r = rcconf_parse(rc, "rc", text, strlen(text), &err);

	if (r == 0)
		r = net_plan_make(rc, &plan, &err);
	show_plan(&plan, &got);
	is_str(r < 0 ? err.msg : got.buf, want, "%s", title);
}

static void
test_plan(void)
{
	plan_is("hostname=x\nsshd_enable=YES\n", "", "other variables");
	plan_is("cloned_interfaces=\"lo1\"\nipv4_addrs_lo1=\"192.168.0.1/24\""
		"\ngateway_enable=\"YES\"\n",
	    "lo1 cloned up 192.168.0.1/24\nforward4\n", "the tutorial's");
	plan_is("cloned_interfaces='lo1:sticky bridge0'",
	    "lo1 cloned up\nbridge0 cloned up\n", "two cloned ones");
	plan_is("ipv4_addrs_lo1='10.0.0.1-3/24 10.1.0.1/16'",
	    "lo1 up 10.0.0.1/24 10.0.0.2/32 10.0.0.3/32 10.1.0.1/16\n",
	    "ranges");
	plan_is("ifconfig_em0='inet 1.2.3.4 netmask 255.255.255.0 mtu 1400'",
	    "em0 up mtu 1400 1.2.3.4/24\n", "ifconfig with a netmask");
	plan_is("ifconfig_em0='inet 1.2.3.4 netmask 0xffffff00 broadcast "
		"1.2.3.255 group lan'",
	    "em0 up group lan 1.2.3.4/24\n",
	    "a hexadecimal netmask, a broadcast address, a group");
	plan_is(
	    "ifconfig_lo0='10.9.9.9/32'", "lo up 10.9.9.9/32\n", "lo0 is lo");
	plan_is("ifconfig_em0_ipv6='inet6 fd00::1 prefixlen 64'\n"
		"ipv6_addrs_em0='fd00::2/128'\nipv6_gateway_enable=on",
	    "em0 up fd00::1/64 fd00::2/128\nforward6\n", "IPv6");
	plan_is("ifconfig_em0_alias1='inet 1.0.0.2/32'\n"
		"ifconfig_em0_alias0='inet 1.0.0.1/32'\n"
		"ifconfig_em0='inet 1.0.0.0/8'\n"
		"ifconfig_em0_aliases='inet 1.0.0.7/32 inet6 fd00::7/128'",
	    "em0 up 1.0.0.0/8 1.0.0.1/32 1.0.0.2/32 1.0.0.7/32 "
	    "fd00::7/128\n",
	    "aliases in FreeBSD's order");
	plan_is("ifconfig_em0=DHCP\ndefaultrouter=1.2.3.4",
	    "em0\n"
	    "rc:1: ifconfig_em0=\"DHCP\" is left to the host's own network "
	    "configuration\nrc:2: defaultrouter is left to the host's own "
	    "network configuration\n",
	    "what gaol leaves to the host is said");
}

static void
test_plan_refusals(void)
{
	plan_is("\ncloned_interfaces='lo1 tap0'",
	    "rc:2: cloned_interfaces: "
	    "'tap0' cannot be made: loopbacks (lo1, lo2, ..) and bridges "
	    "(bridge0, ..) can",
	    "an unknown kind");
	plan_is("cloned_interfaces=lo0",
	    "rc:1: cloned_interfaces: 'lo0' "
	    "cannot be made: loopbacks (lo1, lo2, ..) and bridges "
	    "(bridge0, ..) can",
	    "lo0 is there already");
	plan_is("ipv4_addrs_lo1=192.168.0.1",
	    "rc:1: ipv4_addrs_lo1: "
	    "'192.168.0.1' has no length: write 192.168.0.1/24 or whatever "
	    "its network is",
	    "no length");
	plan_is("ifconfig_em0='inet 10.0.0.1'",
	    "rc:1: ifconfig_em0: "
	    "10.0.0.1 has no netmask: write 10.0.0.1/24 or whatever its "
	    "network is",
	    "no netmask");
	plan_is("ipv4_addrs_lo1=192.168.0.300/24",
	    "rc:1: ipv4_addrs_lo1: "
	    "'192.168.0.300/24' is not an IPv4 address",
	    "a bad address");
	plan_is("ipv4_addrs_lo1=10.0.0.9-3/24",
	    "rc:1: ipv4_addrs_lo1: "
	    "'10.0.0.9-3/24': a range ends in a number from 9 to 255",
	    "a range backwards");
	plan_is("ifconfig_em0='inet 10.0.0.1/24 media auto'",
	    "rc:1: "
	    "ifconfig_em0: 'media' is not understood: an address, inet, "
	    "inet6, netmask, prefixlen, mtu, up, alias, group or DHCP",
	    "an unknown word");
	plan_is("ifconfig_em0='netmask 255.0.0.0'",
	    "rc:1: ifconfig_em0: "
	    "'netmask' stands before the address",
	    "netmask first");
	plan_is("ifconfig_em0='inet 10.0.0.1 netmask'",
	    "rc:1: ifconfig_em0: "
	    "nothing follows 'netmask'",
	    "netmask last");
	plan_is("ifconfig_em0='mtu 9'",
	    "rc:1: ifconfig_em0: mtu '9' is no "
	    "number from 68 to 65535",
	    "a bad mtu");
	plan_is("ifconfig_em0_alias0='10.0.0.1/32'\n"
		"ifconfig_em0_alias2='10.0.0.2/32'",
	    "rc:2: ifconfig_em0_alias2: "
	    "there is no ifconfig_em0_alias1 before it, so it would never be "
	    "read",
	    "a gap in the aliases");
	plan_is("gateway_enable=perhaps",
	    "rc:1: gateway_enable: 'perhaps' "
	    "is neither YES nor NO",
	    "neither yes nor no");
}

/* ---- a jail's addresses ---- */

static void
jail_is(const char *ip4, const char *ip6, const char *want)
{
	_cleanup_(net_jail_addrs_clear) struct net_jail_addrs addrs = { 0 };
	_cleanup_(str_clear) struct str got = STR_INIT;
	struct err err = { 0 };
	char buf[NET_ADDR_STRLEN];
	int r = net_jail_addrs_parse(ip4, ip6, &addrs, &err);

	for (size_t i = 0; i < addrs.n; i++)
		str_printf(&got, "%s%s|%s", i ? " " : "", addrs.v[i].ifname,
		    net_addr_format(&addrs.v[i].addr, true, buf));
	is_str(r < 0 ? err.msg : got.buf, want, "ip4_addr=%s ip6_addr=%s",
	    ip4 ? ip4 : "(null)", ip6 ? ip6 : "(null)");
}

static void
test_jail_addrs(void)
{
	jail_is("lo1|192.168.0.2", "none", "lo1|192.168.0.2/32");
	jail_is("lo1|192.168.0.2/24,em0|203.0.113.7", "lo1|fd00::2/64",
	    "lo1|192.168.0.2/32 em0|203.0.113.7/32 lo1|fd00::2/128");
	jail_is("192.168.0.2", NULL, "|192.168.0.2/32");
	jail_is("none", NULL, "");
	jail_is(
	    "lo1|fd00::2", NULL, "ip4_addr: 'fd00::2' is not an IPv4 address");
	jail_is(NULL, "lo1|10.0.0.1",
	    "ip6_addr: '10.0.0.1' is not an IPv6 address");
	jail_is("lo1|", NULL, "ip4_addr: '' is not an IPv4 address");
	jail_is("|10.0.0.1", NULL, "ip4_addr: '' is no name of an interface");
	jail_is(
	    "a/b|10.0.0.1", NULL, "ip4_addr: 'a/b' is no name of an interface");
	jail_is("0123456789abcdef|10.0.0.1", NULL,
	    "ip4_addr: '0123456789abcdef' is no name of an interface");
	jail_is("lo1|10.0.0.1,em0|10.0.0.1", NULL,
	    "ip4_addr: 10.0.0.1 is named twice");
	jail_is("lo0|127.0.0.2", NULL,
	    "ip4_addr: 127.0.0.2 is a loopback "
	    "address; a jail has its own, see the property localhost");
	jail_is("lo1|224.0.0.1", NULL,
	    "ip4_addr: 224.0.0.1 is a multicast address");
	jail_is(NULL, "lo1|fe80::1",
	    "ip6_addr: fe80::1 is a link-local "
	    "address");
	jail_is("DHCP", NULL,
	    "ip4_addr: DHCP needs a network of the jail's "
	    "own (vnet=1)");
}

static void
test_facts(void)
{
	const char *line = "12 jail-mydb lo1 lo1=192.168.0.2 "
			   "em0=203.0.113.7 lo1=fd00::2";
	_cleanup_(net_jail_facts_clear) struct net_jail_facts facts = { 0 };
	_cleanup_(net_jail_facts_clear) struct net_jail_facts none = { 0 };
	_cleanup_(str_clear) struct str out = STR_INIT;
	struct err err = { 0 };

	is_int(net_jail_facts_read(line, &facts, &err), 0, "facts are read");
	is_int(facts.ifindex, 12, "the index");
	net_jail_facts_write(&facts, &out);
	is_str(out.buf, line, "and written as they were");
	is_int(net_jail_facts_read("x", &none, &err), -EBADMSG,
	    "nonsense is refused");
	is_int(net_jail_facts_read("12 a b c=d", &none, &err), -EBADMSG,
	    "a bad address is refused");
	is_int(net_jail_facts_read("12 0123456789abcdef b", &none, &err),
	    -EBADMSG, "a long name is refused");
	str_reset(&out);
	net_jail_facts_write(&none, &out);
	is_int(net_jail_facts_read(out.buf, &none, &err), 0,
	    "the facts of a jail without addresses are read");
}

static void
test_alias(void)
{
	_cleanup_(net_jail_addrs_clear) struct net_jail_addrs addrs = { 0 };
	_cleanup_(net_alias_clear) struct net_alias alias = { 0 };
	_cleanup_(str_clear) struct str out = STR_INIT;
	struct err err = { 0 };

	net_jail_addrs_parse(
	    "lo1|10.0.0.2,em0|1.2.3.4,lo1|10.0.0.3", NULL, &addrs, &err);
	net_alias_write("web", &addrs, &out, &err);
	is_str(out.buf, "gaol 1 web lo1 em0=1.2.3.4", "an alias");
	ok(net_alias_read(out.buf, &alias), "is read");
	is_str(net_alias_ifname(&alias, &addrs.v[1].addr), "em0",
	    "the listed address");
	is_str(net_alias_ifname(&alias, &addrs.v[2].addr), "lo1",
	    "and the others");
	ok(!net_alias_read("my uplink", &alias), "foreign aliases are not");
	ok(!net_alias_read("gaol 1 web", &alias), "nor cut ones");
	ok(!net_alias_read("gaol 1 web lo1 em0=x", &alias), "nor bad ones");
}

int
main(void)
{
	test_parse();
	test_hosts();
	test_plan();
	test_plan_refusals();
	test_jail_addrs();
	test_facts();
	test_alias();
	return done_testing();
}
