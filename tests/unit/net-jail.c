/* SPDX-License-Identifier: BSD-2-Clause */
/* Jails' networks: `net up`, starts, flows, the view, refusals, faults, stops.
 * What the guard holds is tests/unit/net-guard.c. */
#include "net-world.h"

static void
test_net_up(void)
{
	static const char steps[] =
	    "lo1: create\nlo1: set up\nlo1: add fd00:1::1/64\n"
	    "lo1: add 192.168.0.1/24\nem0: set up\nem0: add 192.0.2.1/24\n"
	    "em0: add 2001:db8::1/64\nset /proc/sys/net/ipv4/ip_forward to "
	    "1\nset /proc/sys/net/ipv6/conf/em0/accept_ra to 2\n"
	    "set /proc/sys/net/ipv6/conf/all/forwarding to 1\n";
	_cleanup_(str_clear) struct str dry = STR_INIT, real = STR_INIT,
					again = STR_INIT;
	struct err err = { 0 };

	is_int(net_up_text(rc_text, true, &dry, &err), 0, "net up, planned");
	/* The order of rc.conf's lines is not the order of the steps. */
	ok(dry.len == strlen(steps), "the plan has every step");
	is_int(if_nametoindex("lo1"), 0, "a plan does nothing");
	is_int(net_up_text(rc_text, false, &real, &err), 0, "net up");
	is_str(real.buf, dry.buf, "does what was planned");
	is_str(err.msg, "", "and has nothing to say");
	is_int(net_up_text(rc_text, false, &again, &err), 0, "net up again");
	is_str(again.buf, "", "does nothing");
	ok(sh("ip -6 addr show dev lo1 | grep -q tentative") != 0,
	    "lo1's IPv6 address is usable at once");
}

static void
refused(const char *text, const char *want)
{
	_cleanup_(str_clear) struct str steps = STR_INIT;
	struct err err = { 0 };
	int r = net_up_text(text, false, &steps, &err);

	is_str(r < 0 ? err.msg : "(accepted)", want, "net up refuses");
	is_str(steps.buf, "", "and does nothing");
}

static void
test_net_up_refusals(void)
{
	_cleanup_(str_clear) struct str steps = STR_INIT;
	struct err err = { 0 };

	/* The administrator's own, that gaol does not move. */
	is_int(sh("ip addr del 192.168.0.1/24 dev lo1 && "
		  "ip addr add 192.168.0.1/24 dev lo1"),
	    0, "lo1's address is made anew");
	refused("cloned_interfaces=lo2\nipv4_addrs_em9=10.0.0.1/24",
	    "rc.conf:2: there is no interface 'em9'");
	refused("\nipv4_addrs_lo7=10.0.0.1/24",
	    "rc.conf:2: there is no "
	    "interface 'lo7'; name it in cloned_interfaces");
	refused("cloned_interfaces=lo2\nipv4_addrs_lo2=192.168.0.1/24",
	    "rc.conf:2: 192.168.0.1/24 is on lo1 with the length 24 already; "
	    "remove it there first");
	refused("ipv4_addrs_lo1=192.168.0.1/16",
	    "rc.conf:1: 192.168.0.1/16 is on lo1 with the length 24 already; "
	    "remove it there first");
	is_int(sh("ip addr del 192.168.0.1/24 dev lo1"), 0, "it goes");
	is_int(net_up_text(rc_text, false, &steps, &err), 0, "net up");
	is_str(steps.buf, "lo1: add 192.168.0.1/24\n", "adds it again");
}

/* Jails that run have lo1's addresses as their gateways. */
static void
test_net_up_keeps_gateways(void)
{
	_cleanup_(str_clear) struct str steps = STR_INIT;
	struct err err = { 0 };

	is_int(net_up_text("cloned_interfaces=lo1\n"
			   "ifconfig_lo1_ipv6='inet6 fd00:1::1/64'\n"
			   "ifconfig_em0='inet 192.0.2.1/24'\n"
			   "ifconfig_em0_ipv6='inet6 2001:db8::1/64'\n",
		   false, &steps, &err),
	    0, "net up without lo1's address");
	ok(strstr(steps.buf,
	       "lo1: 192.168.0.1/24 stays until the jail 'a' stops: it is its "
	       "gateway\n") != NULL,
	    "says who needs it");
	is_int(sh("ip addr show dev lo1 | grep -q 192.168.0.1/24"), 0,
	    "and leaves it");
}

/* ---- jails ---- */

static struct jail a, b, c;

static void
test_start(void)
{
	struct err err = { 0 };

	is_int(start(&a, "a", "lo1|192.168.0.2", "lo1|fd00:1::2", &err), 0,
	    "jail a starts");
	is_str(a.facts.ifname, "jail-a", "its host end is named after it");
	is_str(a.facts.inside, "lo1", "its own end is lo1");
	is_int(start(&b, "a-jail-with-a-long-name", "192.168.0.3", "fd00:1::3",
		   &err),
	    0, "jail b starts");
	is_str(b.facts.ifname, "jail-a-jail-wit", "a long name is cut");
	is_str(b.facts.addrs.v[0].ifname, "lo1",
	    "its interface is found by the network");
	is_int(start(&c, "c", "em0|192.0.2.77", "em0|2001:db8::77", &err), 0,
	    "jail c starts on em0");
	is_str(c.facts.inside, "em0", "its own end is em0");
	ok(links_are(3), "three host ends are in the group");
}

static void
test_flows(void)
{
	char from[INET6_ADDRSTRLEN] = "";

	ok(REACHES(a.ns, "0.0.0.0", -1, "192.168.0.1"), "jail to host");
	ok(reaches(-1, "0.0.0.0", a.ns, "192.168.0.2", 3000, from),
	    "host to jail");
	is_str(from, "192.168.0.1", "from its address in the jail's network");
	ok(REACHES(a.ns, "0.0.0.0", b.ns, "192.168.0.3"), "jail to jail");
	ok(REACHES(a.ns, "0.0.0.0", -1, "192.0.2.1"), "jail to em0's address");
	ok(reaches(a.ns, "0.0.0.0", world, "192.0.2.9", 3000, from),
	    "jail to outside");
	is_str(from, "192.168.0.2", "with the jail's source");
	ok(REACHES(world, "192.0.2.9", a.ns, "192.168.0.2"),
	    "outside to jail, routed");
	ok(REACHES(world, "192.0.2.9", c.ns, "192.0.2.77"),
	    "outside to the jail on em0, by proxy ARP");
	ok(REACHES(c.ns, "0.0.0.0", world, "192.0.2.9"),
	    "the jail on em0 to outside");
	ok(REACHES(c.ns, "0.0.0.0", a.ns, "192.168.0.2"),
	    "the jail on em0 to the jail on lo1");

	ok(REACHES(a.ns, "::", -1, "fd00:1::1"), "IPv6: jail to host");
	ok(reaches(-1, "::", a.ns, "fd00:1::2", 3000, from),
	    "IPv6: host to jail");
	is_str(from, "fd00:1::1",
	    "IPv6: from its address in the jail's network");
	ok(REACHES(a.ns, "::", b.ns, "fd00:1::3"), "IPv6: jail to jail");
	ok(REACHES(a.ns, "::", -1, "2001:db8::1"),
	    "IPv6: jail to em0's address");
	ok(reaches(a.ns, "::", world, "2001:db8::9", 3000, from),
	    "IPv6: jail to outside");
	is_str(from, "fd00:1::2", "IPv6: with the jail's source");
	ok(REACHES(world, "2001:db8::9", a.ns, "fd00:1::2"),
	    "IPv6: outside to jail, routed");
	ok(REACHES(world, "2001:db8::9", c.ns, "2001:db8::77"),
	    "IPv6: outside to the jail on em0, by proxy ND");
	ok(REACHES(a.ns, "::1", a.ns, "::1"), "the jail's own ::1");
	ok(REACHES(a.ns, "127.0.0.1", a.ns, "127.0.0.1"),
	    "the jail's own 127.0.0.1");
	ok(REACHES(a.ns, "192.168.0.2", a.ns, "192.168.0.2"),
	    "the jail to itself");
}

static void
test_inside(void)
{
	struct sockaddr_any any80 = address("0.0.0.0", 80);
	int fd, back;

	_cleanup_free_ char *addrs =
	    output("nsenter --net=/proc/%d/fd/%d "
		   "ip -o addr | awk '{print $2, $4}' | sort",
		getpid(), a.ns);
	is_str(addrs, "lo 127.0.0.1/8\nlo ::1/128\nlo1 192.168.0.2/32\n"
	    "lo1 fd00:1::2/128\n", "the jail has exactly its addresses");
	net_ns_enter(a.ns, &back, NULL);
	ok(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP) < 0,
	    "no ping sockets in the jail");
	net_ns_leave(&back);
	/* Entering is root's; the socket is nobody's. */
	net_ns_enter(a.ns, &back, NULL);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	ok(seteuid(65534) == 0 && bind(fd, &any80.sa, any80.len) == 0 &&
	    seteuid(0) == 0, "anybody binds port 80 in the jail");
	close(fd);
	net_ns_leave(&back);
}

/* ---- the view ---- */

static void
show_view(struct str *out)
{
	_cleanup_(net_view_clear) struct net_view view = { 0 };
	char buf[NET_ADDR_STRLEN];

	net_view_read(&view, NULL);
	for (size_t i = 0; i < view.n; i++) {
		const struct net_if *p = &view.v[i];

		str_printf(
		    out, "%s%s:", p->pf_name, p->cloned_lo ? " cloned" : "");
		for (size_t k = 0; k < p->n; k++)
			if (!str_starts(
				net_addr_format(&p->v[k].addr, true, buf),
				"fe80"))
				str_printf(out, " %s%s%s", buf,
				    p->v[k].jail ? "=" : "",
				    p->v[k].jail ? p->v[k].jail : "");
		str_add(out, "\n");
	}
}

static void
test_view(void)
{
	_cleanup_(str_clear) struct str got = STR_INIT;

	/* Kernels with tunnels built in show their devices too. */
	sh("for t in tunl0 gre0 gretap0 erspan0 ip_vti0 ip6_vti0 sit0 "
	   "ip6tnl0 ip6gre0; do ip link del $t 2>/dev/null; done");
	show_view(&got);
	ok(strstr(got.buf, "lo0: 127.0.0.1/8 ::1/128\n") != NULL,
	    "the view has lo as lo0");
	ok(strstr(got.buf, "em0: 192.0.2.1/24 2001:db8::1/64 "
	    "192.0.2.77/32=c 2001:db8::77/128=c\n") != NULL,
	    "em0 with its jail's addresses");
	ok(strstr(got.buf, "lo1 cloned: 192.168.0.1/24 fd00:1::1/64 "
	    "192.168.0.2/32=a 192.168.0.3/32=a-jail-with-a-long-name "
	    "fd00:1::2/128=a fd00:1::3/128=a-jail-with-a-long-name\n") !=
	    NULL, "lo1 with its jails' addresses");
	ok(strstr(got.buf, "\njail-") == NULL, "and no host ends");
	if (tap_failed)
		tap_show("view", got.buf);
}

/* ---- refusals ---- */

static char *
snapshot(void)
{
	return output("ip -o link | sed 's/^[0-9]*: //; s/@[^:]*//' | sort; "
		      "ip route; ip -6 route; ip neigh show proxy; "
		      "nft list table inet gaol_guard | grep -v counter");
}

/* As before? Host ends of jails that were stopped take a moment to go. */
static void
unchanged(const char *before, const char *title)
{
	char *after = NULL;

	for (int i = 0; i < 100; i++) {
		free(after);
		after = snapshot();
		if (streq(after, before))
			break;
		usleep(20000);
	}
	is_str(after, before, "%s", title);
	free(after);
}

static void
start_refused(const char *ip4, const char *ip6, const char *want)
{
	_cleanup_free_ char *before = snapshot();
	struct err err = { 0 };
	struct jail j;
	int r = start(&j, "x", ip4, ip6, &err);

	is_str(r < 0 ? err.msg : "(started)", want, "refused: %s %s",
	    ip4 ? ip4 : "", ip6 ? ip6 : "");
	unchanged(before, "nothing has changed");
}

static void
test_refusals(void)
{
	start_refused(
	    "lo1|192.168.0.2", NULL, "192.168.0.2 is in use by the jail 'a'");
	start_refused("lo1|192.168.0.1", NULL,
	    "192.168.0.1 is the host's own address on lo1");
	start_refused("em0|192.0.2.1", NULL,
	    "192.0.2.1 is the host's own address on em0");
	start_refused("lo1|192.168.1.2", NULL,
	    "192.168.1.2 is outside the network of lo1 (192.168.0.0/24)");
	start_refused("lo1|192.168.0.0", NULL,
	    "192.168.0.0 is the first, "
	    "unusable, address of its network");
	start_refused("lo1|192.168.0.255", NULL,
	    "192.168.0.255 is the broadcast address of its network");
	start_refused("lo2|10.0.0.2", NULL,
	    "there is no interface 'lo2' for "
	    "10.0.0.2; name it in cloned_interfaces in /etc/rc.conf and run "
	    "'gaol net up'");
	start_refused("em1|10.0.0.2", NULL,
	    "there is no interface 'em1' for "
	    "10.0.0.2; 'gaol net show' lists them");
	start_refused("10.0.0.2", NULL,
	    "no interface of this host is in the "
	    "network of 10.0.0.2; name one: IF|10.0.0.2");
	start_refused(NULL, "lo1|fd00:2::2",
	    "fd00:2::2 is outside the "
	    "network of lo1 (fd00:1::/64)");
	start_refused(NULL, "lo0|fd00:2::2",
	    "fd00:2::2: the host has no "
	    "IPv6 network on lo0; give it one in /etc/rc.conf and run 'gaol "
	    "net up'");
	/* Somebody else's start was faster than our check. */
	sh("ip route add 192.168.0.9/32 dev lo1");
	start_refused("lo1|192.168.0.8,lo1|192.168.0.9", NULL,
	    "set the "
	    "host's side up: route to 192.168.0.9: File exists");
	sh("ip route del 192.168.0.9/32 dev lo1");
}

/* Break each step, before and after it ran. */
static void
test_faults(void)
{
	for (size_t i = 0; i < 2 * net_jail_steps.n; i++) {
		const struct step *s = &net_jail_steps.v[i / 2];
		_cleanup_free_ char *before = snapshot();
		_cleanup_free_ char *fault =
		    xasprintf("net:%s%s", s->name, i % 2 ? ":after" : "");
		struct err err = { 0 };
		struct jail j;

		setenv("GAOL_FAULT", fault, 1);
		ok(start(&j, "x", "em0|192.0.2.88", "lo1|fd00:1::88", &err) <
		    0, "start breaks at %s", fault);
		unsetenv("GAOL_FAULT");
		ok(str_starts(err.msg, s->text), "and says it: %s", err.msg);
		unchanged(before, "nothing is left");
	}
}

/* ---- stop, and start again ---- */

static void
test_restart(void)
{
	_cleanup_close_ int old = dup(a.ns);
	struct err err = { 0 };
	struct jail e;

	is_int(stop(&a, &err), 0, "jail a stops");
	/* `old` keeps the namespace and with it the host end, as a kernel
	 * that is slow to take it apart does. */
	ok(if_nametoindex("jail-a") > 0, "its host end is still there");
	ok(BLOCKED(old, "192.168.0.2", -1, "192.168.0.1"),
	    "nothing comes out of it any more");
	is_int(start(&e, "e", "lo1|192.168.0.2", NULL, &err), 0,
	    "its address is free at once for another jail");
	is_int(stop(&e, &err), 0, "which stops");
	is_int(start(&a, "a", "lo1|192.168.0.2", "lo1|fd00:1::2", &err), 0,
	    "jail a starts while its old end dies");
	is_str(a.facts.ifname, "jail-a.1", "under another name");
	is_str(err.msg, "", "with nothing to say");
	ok(REACHES(a.ns, "0.0.0.0", -1, "192.168.0.1"), "and sends");
	ok(REACHES(-1, "::", a.ns, "fd00:1::2"), "and receives");
}

/* A jail whose processes died without a stop, in a namespace that lives on. */
static void
test_died(void)
{
	_cleanup_close_ int old = dup(a.ns);
	struct err err = { 0 };

	net_jail_facts_clear(&a.facts);
	closep(&a.ns);
	is_int(start(&a, "a", "lo1|192.168.0.2", "lo1|fd00:1::2", &err), 0,
	    "a jail starts over what its dead self left");
	ok(REACHES(a.ns, "0.0.0.0", -1, "192.168.0.1"), "and sends");
	ok(REACHES(-1, "::", a.ns, "fd00:1::2"), "and receives");
	ok(BLOCKED(old, "192.168.0.2", -1, "192.168.0.1"),
	    "the old one is shut off");
}

static void
set_is(const char *set, const char *want, const char *title)
{
	_cleanup_free_ char *got = output("nft -j list set inet pf %s | jq -c "
					  "'[.nftables[].set.elem // empty]'",
	    set);

	is_str(got, want, "%s", title);
}

/* Sets of addresses as pf's rules have them. */
static void
test_pf_sets(void)
{
	struct err err = { 0 };
	struct jail j;

	sh("nft 'table inet pf {\n"
	   "set own4_lo1 { type ipv4_addr; flags interval; }\n"
	   "set dyn4_0_32_em0 { type ipv4_addr; flags interval; }\n"
	   "set other { type ipv4_addr; elements = { 1.2.3.4 } }\n }'");
	is_int(start(&j, "s", "lo1|192.168.0.60,em0|192.0.2.60", NULL, &err), 0,
	    "a jail starts under pf");
	set_is("own4_lo1",
	    "[[\"192.168.0.1\",\"192.168.0.2\",\"192.168.0.3\","
	    "\"192.168.0.60\"]]\n",
	    "lo1's set holds its address");
	set_is("dyn4_0_32_em0",
	    "[[\"192.0.2.1\",\"192.0.2.60\","
	    "\"192.0.2.77\"]]\n",
	    "em0's set, too");
	set_is("other", "[[\"1.2.3.4\"]]\n", "other sets are left alone");
	is_int(stop(&j, &err), 0, "it stops");
	set_is("own4_lo1",
	    "[[\"192.168.0.1\",\"192.168.0.2\",\"192.168.0.3\"]]\n",
	    "its address is gone from the set");
	setenv("GAOL_FAULT", "net:inside", 1);
	ok(start(&j, "s", "lo1|192.168.0.60", NULL, &err) < 0,
	    "a start fails after pf was told");
	unsetenv("GAOL_FAULT");
	set_is("own4_lo1",
	    "[[\"192.168.0.1\",\"192.168.0.2\",\"192.168.0.3\"]]\n",
	    "and pf was told again");
	sh("nft delete table inet pf");
}

/* The kernel opens a link for sending some time after its carrier came: what
 * is sent at once must not be lost. */
static void
test_at_once(void)
{
	int arrived = 0, rounds = 40;
	struct err err = { 0 };

	for (int i = 0; i < rounds; i++) {
		struct jail j;

		if (start(&j, "quick", "lo1|192.168.0.50", NULL, &err) < 0)
			break;
		arrived +=
		    reaches(-1, "0.0.0.0", j.ns, "192.168.0.50", 200, NULL) &&
		    reaches(j.ns, "0.0.0.0", -1, "192.168.0.1", 200, NULL);
		stop(&j, &err);
	}
	is_int(
	    arrived, rounds, "the first packets of %d starts arrive", rounds);
}

static const char *
warning(const char *ip4, const char *ip6)
{
	_cleanup_(net_jail_addrs_clear) struct net_jail_addrs addrs = { 0 };

	net_jail_addrs_parse(ip4, ip6, &addrs, NULL);
	return net_jail_warning(&addrs);
}

static void
test_no_gateway(void)
{
	struct err err = { 0 };
	struct jail j, k;

	ok(warning("10.0.0.1", "fd00::1") == NULL,
	    "no warning while the host forwards");
	sh("echo 0 >/proc/sys/net/ipv4/ip_forward;"
	   "echo 0 >/proc/sys/net/ipv6/conf/all/forwarding");
	ok(str_starts(warning("10.0.0.1", NULL),
	       "the host does not forward IPv4"),
	    "a warning where gateway_enable is off");
	ok(str_starts(warning(NULL, "fd00::1"),
	       "the host does not forward IPv6"),
	    "and one for IPv6");
	ok(warning(NULL, NULL) == NULL, "none without addresses");
	start(&j, "j", "lo1|192.168.0.70", NULL, &err);
	start(&k, "k", "lo1|192.168.0.71", NULL, &err);
	ok(REACHES(j.ns, "0.0.0.0", -1, "192.168.0.1") &&
		REACHES(j.ns, "0.0.0.0", k.ns, "192.168.0.71"),
	    "a jail then reaches the host and its jails");
	ok(BLOCKED(world, "192.0.2.9", j.ns, "192.168.0.70"),
	    "the outside does not reach it");
	stop(&j, &err);
	stop(&k, &err);
	sh("echo 1 >/proc/sys/net/ipv4/ip_forward;"
	   "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
}

static void
test_end(void)
{
	_cleanup_free_ char *left = NULL;
	struct err err = { 0 };
	struct jail none;

	is_int(start(&none, "none", NULL, NULL, &err), 0,
	    "a jail without addresses starts");
	ok(REACHES(none.ns, "127.0.0.1", none.ns, "127.0.0.1"),
	    "and has its loopback");
	is_int(stop(&none, &err), 0, "and stops");
	is_int(stop(&a, &err), 0, "jail a stops");
	is_int(stop(&b, &err), 0, "jail b stops");
	is_int(stop(&c, &err), 0, "jail c stops");
	left = output("ip route; ip -6 route; ip neigh show proxy");
	ok(!strstr(left, "jail-") && !strstr(left, "proxy"),
	    "no route and no proxy entry is left");
	ok(links_are(0), "the host ends go with the namespaces");
}

int
main(void)
{
	if (getuid() != 0)
		return skip_all("needs root");
	if (!make_host())
		return skip_all("cannot make network namespaces");
	test_net_up();
	make_world();
	test_net_up_refusals();
	test_start();
	test_flows();
	test_inside();
	test_view();
	test_net_up_keeps_gateways();
	test_refusals();
	test_faults();
	test_restart();
	test_died();
	test_at_once();
	test_pf_sets();
	test_no_gateway();
	test_end();
	return done_testing();
}
