/* SPDX-License-Identifier: BSD-2-Clause */
/* The guard of jails' networks: what it holds with real packets, what gets
 * through without it, and that it is made again. */
#include "net-world.h"

static struct jail a, b, c;

/* ---- the guard ---- */

static uint16_t
checksum(const void *mem, size_t len)
{
	const uint8_t *p = mem;
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/*
 * Does a hand-made IPv4 datagram arrive at a port of the host? As a jail with
 * raw sockets could send it; `dst` is also where the host listens.
 */
static bool
forged_reaches(int ns, const char *src, const char *dst, int wait_ms)
{
	static int port = 7000;
	struct {
		struct iphdr ip;
		struct udphdr udp;
		char data[4];
	} __attribute__((packed)) pkt = {
		.ip = { .version = 4,
		    .ihl = 5,
		    .ttl = 64,
		    .protocol = IPPROTO_UDP,
		    .tot_len = htons(sizeof(pkt)) },
		.udp = { .source = htons(9), .len = htons(12) },
	};
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_halen = 6 };
	_cleanup_close_ int rx = udp(-1, "0.0.0.0", ++port), tx = -1;
	struct pollfd p = { .fd = rx, .events = POLLIN };
	int back;

	inet_pton(AF_INET, src, &pkt.ip.saddr);
	inet_pton(AF_INET, dst, &pkt.ip.daddr);
	pkt.ip.check = checksum(&pkt.ip, sizeof(pkt.ip));
	pkt.udp.dest = htons((uint16_t)port);
	memset(to.sll_addr, 0xff, 6); /* the host takes broadcast frames */
	net_ns_enter(ns, &back, NULL);
	tx = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	to.sll_ifindex = (int)if_nametoindex("lo1");
	if (sendto(tx, &pkt, sizeof(pkt), 0, (struct sockaddr *)&to,
		sizeof(to)) < 0)
		printf("# forged: %s\n", strerror(errno));
	net_ns_leave(&back);
	return poll(&p, 1, wait_ms) == 1;
}

static void
test_guard_forged(void)
{
	static const char all[] = "255.255.255.255";

	ok(forged_reaches(a.ns, "192.168.0.2", all, 3000),
	    "a raw packet with the jail's source arrives");
	ok(!forged_reaches(a.ns, "192.168.0.3", all, 300),
	    "not one with the neighbour's");
	ok(!forged_reaches(a.ns, "192.0.2.9", all, 300),
	    "nor one from outside");
	ok(!forged_reaches(a.ns, "0.0.0.0", all, 300), "nor one from nobody");
	sh("nft insert rule inet gaol_guard from_jails accept");
	ok(forged_reaches(a.ns, "192.168.0.3", all, 3000) &&
		forged_reaches(a.ns, "0.0.0.0", all, 3000),
	    "without the guard they do");
	sh("nft flush chain inet gaol_guard from_jails");
	ok(net_guard_ensure(NULL) == 0, "the guard is made again");
}

static void
test_guard(void)
{
	_cleanup_(str_clear) struct str steps = STR_INIT;
	struct jail d;
	struct err err = { 0 };

	ok(BLOCKED(a.ns, "fd00:1::3", -1, "fd00:1::1"),
	    "a jail cannot send to the host as its neighbour");
	ok(BLOCKED(a.ns, "fd00:1::3", world, "2001:db8::9"),
	    "nor to the outside");
	ok(BLOCKED(a.ns, "fd00:1::3", b.ns, "fd00:1::3"),
	    "nor to the neighbour");
	ok(BLOCKED(a.ns, "2001:db8::9", -1, "fd00:1::1"),
	    "nor as somebody outside");
	ok(sh("nft list table inet gaol_guard | grep -q 'counter packets "
	    "[1-9]'") == 0, "the guard counted what it dropped");

	sh("nft delete table inet gaol_guard");
	ok(REACHES(a.ns, "fd00:1::3", -1, "fd00:1::1"),
	    "without the guard it can");

	is_int(net_up_text(rc_text, false, &steps, &err), 0, "net up");
	is_str(steps.buf, "guard: make it again\n", "makes it again");
	ok(BLOCKED(a.ns, "fd00:1::3", -1, "fd00:1::1"), "and it works");
	sh("nft flush chain inet gaol_guard from_jails");
	ok(REACHES(a.ns, "fd00:1::3", -1, "fd00:1::1"),
	    "a guard without rules guards nothing");

	is_int(start(&d, "d", "lo1|192.168.0.4", NULL, &err), 0,
	    "the next jail that starts");
	ok(BLOCKED(a.ns, "fd00:1::3", -1, "fd00:1::1"),
	    "makes the guard again");
	ok(REACHES(a.ns, "::", -1, "fd00:1::1") &&
	    REACHES(b.ns, "0.0.0.0", -1, "192.168.0.1") &&
	    REACHES(c.ns, "::", world, "2001:db8::9") &&
	    REACHES(d.ns, "0.0.0.0", b.ns, "192.168.0.3"),
	    "that lets all that run through");
	is_int(stop(&d, &err), 0, "it stops");
	ok(links_are(3), "and its host end goes");
}

/* The host's 127.0.0.1, seen through a route_localnet that somebody set. */
static void
test_guard_loopback(void)
{
	sh("echo 1 >/proc/sys/net/ipv4/conf/%s/route_localnet", a.facts.ifname);
	sh_in(a.ns,
	    "echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet;"
	    "ip route del local 127.0.0.0/8 dev lo table local;"
	    "ip route del local 127.0.0.1 dev lo table local");
	ok(BLOCKED(a.ns, "192.168.0.2", -1, "127.0.0.1"),
	    "a jail cannot reach the host's 127.0.0.1");
	sh("nft insert rule inet gaol_guard from_jails accept");
	ok(REACHES(a.ns, "192.168.0.2", -1, "127.0.0.1"),
	    "without the guard it can");
	sh("nft delete table inet gaol_guard");
}

int
main(void)
{
	_cleanup_(str_clear) struct str steps = STR_INIT;
	struct err err = { 0 };

	if (getuid() != 0)
		return skip_all("needs root");
	if (!make_host())
		return skip_all("cannot make network namespaces");
	is_int(net_up_text(rc_text, false, &steps, &err), 0, "net up");
	make_world();
	is_int(start(&a, "a", "lo1|192.168.0.2", "lo1|fd00:1::2", &err), 0,
	    "jail a starts");
	is_int(start(&b, "b", "lo1|192.168.0.3", "lo1|fd00:1::3", &err), 0,
	    "jail b starts");
	is_int(start(&c, "c", "em0|192.0.2.77", "em0|2001:db8::77", &err), 0,
	    "jail c starts on em0");
	test_guard_forged();
	test_guard();
	test_guard_loopback();
	is_int(
	    stop(&a, &err) + stop(&b, &err) + stop(&c, &err), 0, "they stop");
	return done_testing();
}
