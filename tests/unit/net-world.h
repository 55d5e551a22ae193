/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jails' networks with real packets, between namespaces of our own:
 *
 *	world w0 192.0.2.9 ---- em0 192.0.2.1 host lo1 192.168.0.1 ---- jails
 *	      2001:db8::9       2001:db8::1        fd00:1::1
 */
#ifndef TESTS_NET_WORLD_H
#define TESTS_NET_WORLD_H

#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/steps.h"
#include "conf/rcconf.h"
#include "net/internal.h"

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

static int world = -1; /* the outside's network namespace */

/* ---- helpers ---- */

static inline _printf_(1, 2) int sh(const char *fmt, ...)
{
	_cleanup_(str_clear) struct str cmd = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_vprintf(&cmd, fmt, ap);
	va_end(ap);
	return system(cmd.buf);
}

/* What a command prints. */
static char *_printf_(1, 2) output(const char *fmt, ...)
{
	_cleanup_(str_clear) struct str cmd = STR_INIT;
	struct str out = STR_INIT;
	const char *argv[] = { "sh", "-c", NULL, NULL };
	va_list ap;

	va_start(ap, fmt);
	str_vprintf(&cmd, fmt, ap);
	va_end(ap);
	argv[2] = cmd.buf;
	proc_capture(argv, 1 << 20, &out, NULL);
	return str_take(&out);
}

/* The same command in another network namespace. */
static inline _printf_(2, 3) void sh_in(int ns, const char *fmt, ...)
{
	_cleanup_(str_clear) struct str cmd = STR_INIT;
	int back;
	va_list ap;

	va_start(ap, fmt);
	str_vprintf(&cmd, fmt, ap);
	va_end(ap);
	net_ns_enter(ns, &back, NULL);
	if (system(cmd.buf) != 0)
		printf("# failed: %s\n", cmd.buf);
	net_ns_leave(&back);
}

struct sockaddr_any {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t len;
};

static inline struct sockaddr_any
address(const char *text, int port)
{
	struct sockaddr_any a = { 0 };

	if (strchr(text, ':')) {
		a.in6.sin6_family = AF_INET6;
		a.in6.sin6_port = htons((uint16_t)port);
		inet_pton(AF_INET6, text, &a.in6.sin6_addr);
		a.len = sizeof(a.in6);
	} else {
		a.in.sin_family = AF_INET;
		a.in.sin_port = htons((uint16_t)port);
		inet_pton(AF_INET, text, &a.in.sin_addr);
		a.len = sizeof(a.in);
	}
	return a;
}

/* A UDP socket in a namespace (-1: the host's), bound to an address. */
static inline int
udp(int ns, const char *addr, int port)
{
	struct sockaddr_any a = address(addr, port);
	int back = -1, one = 1, fd;

	if (ns >= 0)
		net_ns_enter(ns, &back, NULL);
	fd = socket(a.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (a.sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one));
	if (bind(fd, &a.sa, a.len) < 0) {
		printf("# bind %s: %s\n", addr, strerror(errno));
		close(fd);
		fd = -1;
	}
	net_ns_leave(&back);
	return fd;
}

/* Does a datagram from one namespace and source reach another's address?
 * `from` receives the source as the receiver saw it. */
static inline bool
reaches(int src_ns, const char *src, int dst_ns, const char *dst, int wait_ms,
    char from[INET6_ADDRSTRLEN])
{
	static unsigned int port = 5000, count;
	_cleanup_close_ int rx = -1, tx = -1;
	struct sockaddr_any to = address(dst, (int)++port), peer = { 0 };
	struct pollfd p = { .events = POLLIN };
	unsigned int sent = ++count, got = 0;

	rx = udp(dst_ns, dst, (int)port);
	tx = udp(src_ns, src, 0);
	if (rx < 0 || tx < 0)
		return false;
	if (sendto(tx, &sent, sizeof(sent), 0, &to.sa, to.len) < 0)
		printf("# send %s to %s: %s\n", src, dst, strerror(errno));
	p.fd = rx;
	peer.len = sizeof(peer.in6);
	if (poll(&p, 1, wait_ms) != 1 ||
	    recvfrom(rx, &got, sizeof(got), 0, &peer.sa, &peer.len) < 0)
		return false;
	if (from)
		inet_ntop(peer.sa.sa_family,
		    peer.sa.sa_family == AF_INET ? (void *)&peer.in.sin_addr
						 : (void *)&peer.in6.sin6_addr,
		    from, INET6_ADDRSTRLEN);
	return got == sent;
}

#define REACHES(sns, s, dns, d) reaches(sns, s, dns, d, 3000, NULL)
/* Long enough for what arrives here in less than a millisecond. */
#define BLOCKED(sns, s, dns, d) (!reaches(sns, s, dns, d, 300, NULL))

/* ---- the host ---- */

static const char rc_text[] = "cloned_interfaces='lo1'\n"
			      "ipv4_addrs_lo1='192.168.0.1/24'\n"
			      "ifconfig_lo1_ipv6='inet6 fd00:1::1/64'\n"
			      "ifconfig_em0='inet 192.0.2.1/24'\n"
			      "ifconfig_em0_ipv6='inet6 2001:db8::1/64'\n"
			      "gateway_enable=YES\nipv6_gateway_enable=YES\n";

static inline void
collect(const char *step, void *arg)
{
	str_printf(arg, "%s\n", step);
}

static inline int
net_up_text(const char *text, bool dry, struct str *steps, struct err *err)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = rcconf_new();
	_cleanup_(net_plan_clear) struct net_plan plan = { 0 };
	int r = rcconf_parse(rc, "rc.conf", text, strlen(text), err);

	if (r == 0)
		r = net_plan_make(rc, &plan, err);
	if (r == 0)
		r = net_up(&plan, dry, collect, steps, err);
	return r;
}

static inline bool
make_host(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/run", "tmpfs", 0, NULL) < 0 ||
	    net_ns_new(&world, NULL) < 0)
		return false;
	return sh("ip link set lo up && ip link add em0 type veth peer name "
		  "w0 netns /proc/%d/fd/%d",
		   getpid(), world) == 0;
}

static inline void
make_world(void)
{
	sh_in(world,
	    "ip link set lo up; ip link set w0 up;"
	    "ip addr add 192.0.2.9/24 dev w0;"
	    "ip addr add 2001:db8::9/64 dev w0 nodad;"
	    "ip route add 192.168.0.0/24 via 192.0.2.1;"
	    "ip route add fd00:1::/64 via 2001:db8::1");
	/* em0 is a real interface, with duplicate detection. */
	for (int i = 0; i < 200 &&
	     sh("ip -6 addr show dev em0 | grep -q "
		"tentative") == 0;
	     i++)
		usleep(20000);
}

/* ---- jails ---- */

struct jail {
	const char *name;
	int ns;
	struct net_jail_facts facts;
};

static inline int
start(struct jail *j, const char *name, const char *ip4, const char *ip6,
    struct err *err)
{
	_cleanup_(net_jail_addrs_clear) struct net_jail_addrs addrs = { 0 };
	struct net_jail_spec spec = { .name = name, .addrs = &addrs };
	int r;

	*j = (struct jail){ .name = name, .ns = -1 };
	r = net_jail_addrs_parse(ip4, ip6, &addrs, err);
	if (r == 0)
		r = net_ns_new(&j->ns, err);
	if (r < 0)
		return r;
	spec.netns_fd = j->ns;
	r = net_jail_up(&spec, &j->facts, err);
	if (r < 0)
		closep(&j->ns);
	return r;
}

static inline int
stop(struct jail *j, struct err *err)
{
	int r = net_jail_down(&j->facts, err);

	net_jail_facts_clear(&j->facts);
	closep(&j->ns);
	return r;
}

/* Host ends take a moment to go. */
static inline bool
links_are(int want)
{
	for (int i = 0; i < 100; i++) {
		_cleanup_free_ char *n = output("ip -o link show group %u | "
						"wc -l",
		    NET_GROUP);

		if (atoi(n) == want)
			return true;
		usleep(50000);
	}
	return false;
}

#endif
