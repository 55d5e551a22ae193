/* SPDX-License-Identifier: BSD-2-Clause */
/* Probes: foreign sources, lies, the host's sockets and tables. */
#include "audit/audit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NO_ADDRESS "the jail has no address of this family"

/* The host listens there for datagrams; `foreign` is an address that neither
 * the jail nor anybody else has. */
struct target {
	int family;
	struct sockaddr_storage host, foreign;
	socklen_t len;
};

static int
target_of(const struct audit *a, int family, struct target *t)
{
	const char *host = param(a, family == AF_INET ? "host4" : "host6");
	const char *foreign =
	    param(a, family == AF_INET ? "foreign4" : "foreign6");
	uint16_t port = htons((uint16_t)param_number(a, "udp-port"));
	struct sockaddr_in *h4 = (void *)&t->host, *f4 = (void *)&t->foreign;
	struct sockaddr_in6 *h6 = (void *)&t->host, *f6 = (void *)&t->foreign;

	*t = (struct target){ .family = family };
	if (host == NULL || foreign == NULL)
		return -1;
	t->host.ss_family = t->foreign.ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		t->len = sizeof(*h4);
		h4->sin_port = port;
		return inet_pton(family, host, &h4->sin_addr) == 1 &&
			inet_pton(family, foreign, &f4->sin_addr) == 1
		    ? 0
		    : -1;
	}
	t->len = sizeof(*h6);
	h6->sin6_port = port;
	return inet_pton(family, host, &h6->sin6_addr) == 1 &&
		inet_pton(family, foreign, &f6->sin6_addr) == 1
	    ? 0
	    : -1;
}

/* Did a datagram from the foreign address arrive? If not: does an honest one,
 * or is it a firewall that holds all of them? */
static enum result
heard(struct audit *a, const struct target *t)
{
	const char *answer = ask("heard %d foreign", t->family);
	int fd;

	if (strcmp(answer, "no") != 0)
		return conclude(a, OPEN, "the host heard %s", answer);
	fd = socket(t->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sendto(fd, "x", 1, 0, (const void *)&t->host, t->len) < 0 ||
	    strcmp(ask("heard %d any", t->family), "no") == 0)
		return conclude(a, ABSENT,
		    "a firewall keeps every datagram of the jail's from the "
		    "host");
	return conclude(a, HELD, "sent, but only honest ones arrive");
}

static enum result
send_foreign(struct audit *a, int family, int level, int option)
{
	struct target t;
	int fd, on = 1;

	if (target_of(a, family, &t) < 0)
		return conclude(a, ABSENT, NO_ADDRESS);
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (setsockopt(fd, level, option, &on, sizeof(on)) < 0 ||
	    bind(fd, (void *)&t.foreign, t.len) < 0 ||
	    sendto(fd, "x", 1, 0, (void *)&t.host, t.len) < 0)
		return judge(a, -1);
	return heard(a, &t);
}

static enum result
probe_freebind6(struct audit *a)
{
	return send_foreign(a, AF_INET6, IPPROTO_IPV6, 78 /* FREEBIND */);
}

static enum result
probe_freebind4(struct audit *a)
{
	return send_foreign(a, AF_INET, IPPROTO_IP, IP_FREEBIND);
}

static enum result
probe_transparent4(struct audit *a)
{
	return send_foreign(a, AF_INET, IPPROTO_IP, 19 /* TRANSPARENT */);
}

static enum result
probe_transparent6(struct audit *a)
{
	return send_foreign(a, AF_INET6, IPPROTO_IPV6, 75 /* TRANSPARENT */);
}

/* The source in the packet's control message, without any binding. */
static enum result
probe_pktinfo6(struct audit *a)
{
	struct target t;
	struct in6_pktinfo info = { 0 };
	_Alignas(struct cmsghdr) char buf[CMSG_SPACE(sizeof(info))] = { 0 };
	struct iovec iov = { (void *)"x", 1 };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = buf,
		.msg_controllen = sizeof(buf) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int fd, on = 1;

	if (target_of(a, AF_INET6, &t) < 0)
		return conclude(a, ABSENT, NO_ADDRESS);
	info.ipi6_addr = ((struct sockaddr_in6 *)&t.foreign)->sin6_addr;
	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	m.msg_name = &t.host;
	m.msg_namelen = t.len;
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(fd, IPPROTO_IPV6, 78 /* FREEBIND */, &on, sizeof(on));
	if (sendmsg(fd, &m, 0) < 0)
		return judge(a, -1);
	return heard(a, &t);
}

/* A whole packet of our own, with its header. */
static enum result
probe_raw_source(struct audit *a)
{
	struct {
		struct iphdr ip;
		struct udphdr udp;
		char data[4];
	} __attribute__((packed)) p = { .ip = { .ihl = 5,
					    .version = 4,
					    .ttl = 64,
					    .protocol = IPPROTO_UDP } };
	struct target t;
	const struct sockaddr_in *h = (void *)&t.host, *f = (void *)&t.foreign;
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	if (fd < 0)
		return judge(a, -1);
	if (target_of(a, AF_INET, &t) < 0)
		return conclude(a, ABSENT, NO_ADDRESS);
	p.ip.tot_len = htons(sizeof(p));
	p.ip.saddr = f->sin_addr.s_addr;
	p.ip.daddr = h->sin_addr.s_addr;
	p.udp.source = htons(53);
	p.udp.dest = h->sin_port;
	p.udp.len = htons(sizeof(p.udp) + sizeof(p.data));
	if (sendto(fd, &p, sizeof(p), 0, (void *)&t.host, t.len) < 0)
		return judge(a, -1);
	return heard(a, &t);
}

static enum result
probe_raw_socket(struct audit *a)
{
	return judge(a, socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
}

static enum result
probe_packet_socket(struct audit *a)
{
	return judge(a, socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

/* Our interface: the one that is not the loopback. */
static unsigned int
own_link(void)
{
	struct if_nameindex *all = if_nameindex();
	unsigned int index = 0;

	for (struct if_nameindex *i = all; i != NULL && i->if_index != 0; i++)
		if (strcmp(i->if_name, "lo") != 0)
			index = i->if_index;
	return index;
}

/* "Who has the host's address? Tell FOREIGN", from which a host learns. */
static enum result
probe_arp(struct audit *a)
{
	struct {
		uint16_t htype, ptype;
		uint8_t hlen, plen;
		uint16_t op;
		uint8_t sha[6], spa[4], tha[6], tpa[4];
	} __attribute__((packed)) arp = { htons(1), htons(0x0800), 6, 4,
		htons(1), { 2, 0, 0, 0, 0, 66 }, { 0 }, { 0 }, { 0 } };
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
		.sll_protocol = htons(0x0806),
		.sll_halen = 6,
		.sll_addr = { 255, 255, 255, 255, 255, 255 } };
	struct target t;
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return judge(a, -1);
	if (target_of(a, AF_INET, &t) < 0)
		return conclude(a, ABSENT, NO_ADDRESS);
	memcpy(arp.spa, &((struct sockaddr_in *)&t.foreign)->sin_addr, 4);
	memcpy(arp.tpa, &((struct sockaddr_in *)&t.host)->sin_addr, 4);
	to.sll_ifindex = (int)own_link();
	if (sendto(fd, &arp, sizeof(arp), 0, (void *)&to, sizeof(to)) < 0)
		return judge(a, -1);
	if (strcmp(ask("believes %d", AF_INET), "no") == 0)
		return conclude(a, HELD, "sent, but the host learned nothing");
	return conclude(a, OPEN, "the host believes that it is here");
}

/* "FOREIGN is at my link": an advertisement that nobody asked for. */
static enum result
probe_nd(struct audit *a)
{
	struct {
		struct nd_neighbor_advert na;
		uint8_t type, len, mac[6];
	} __attribute__((packed))
	p = { .type = 2, .len = 1, .mac = { 2, 0, 0, 0, 0, 66 } };
	struct target t;
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	int hops = 255;

	if (fd < 0)
		return judge(a, -1);
	if (target_of(a, AF_INET6, &t) < 0)
		return conclude(a, ABSENT, NO_ADDRESS);
	p.na.nd_na_type = ND_NEIGHBOR_ADVERT;
	p.na.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE;
	p.na.nd_na_target = ((struct sockaddr_in6 *)&t.foreign)->sin6_addr;
	((struct sockaddr_in6 *)&t.host)->sin6_port = 0;
	(void)setsockopt(
	    fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof(hops));
	if (sendto(fd, &p, sizeof(p), 0, (void *)&t.host, t.len) < 0)
		return judge(a, -1);
	return conclude(a, OPEN, "a forged advertisement was sent");
}

static enum result
probe_host_loopback(struct audit *a)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)param_number(a, "tcp-port")),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return judge(a, connect(fd, (void *)&to, sizeof(to)));
}

/* Out over the veth, to the host's 127.0.0.1. */
static enum result
probe_loopback_route(struct audit *a)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)param_number(a, "loopback-port")),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char name[IF_NAMESIZE] = "";
	struct target t;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (target_of(a, AF_INET, &t) < 0 ||
	    if_indextoname(own_link(), name) == NULL)
		return conclude(a, ABSENT, NO_ADDRESS);
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name,
		(socklen_t)strlen(name)) < 0 ||
	    sendto(fd, "x", 1, 0, (void *)&to, sizeof(to)) < 0)
		return judge(a, -1);
	if (strcmp(ask("heard-loopback"), "no") == 0)
		return conclude(a, HELD, "sent, but it did not arrive");
	return conclude(a, OPEN, "the host heard it on 127.0.0.1");
}

static enum result
probe_abstract(struct audit *a)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const char *name = param(a, "abstract");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path + 1, sizeof(to.sun_path) - 1, "%s", name);
	return judge(a,
	    connect(fd, (void *)&to,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
		    strlen(name))));
}

static enum result
probe_vsock(struct audit *a)
{
	return judge(a, socket(40 /* vsock */, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

/* Every other family, of the last twenty years' faults. */
static enum result
probe_families(struct audit *a)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW,
		SOCK_SEQPACKET };

	for (int family = 3; family < 50; family++) {
		if (family == AF_INET6 || family == AF_NETLINK ||
		    family == AF_PACKET || family == 40)
			continue;
		for (int i = 0; i < 4; i++)
			if (socket(family, types[i] | SOCK_CLOEXEC, 0) >= 0)
				return conclude(
				    a, OPEN, "family %d can be used", family);
	}
	return conclude(a, HELD, "none but unix, inet, inet6, netlink");
}

/* Netlink: uevents, audit, connector, generic, crypto and so on. */
static enum result
probe_netlink(struct audit *a)
{
	for (int protocol = 1; protocol < 23; protocol++) {
		if (protocol == 4 /* SOCK_DIAG, of the jail's own network */)
			continue;
		if (socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol) >= 0)
			return conclude(
			    a, OPEN, "protocol %d can be used", protocol);
	}
	return conclude(a, HELD, "none but route and sock_diag");
}

/* Send one netlink request; 0, or -1 with its error in errno. */
static int
netlink_request(int protocol, struct nlmsghdr *m)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char rest[8192];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	m->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (fd < 0 || send(fd, m, m->nlmsg_len, 0) < 0 ||
	    recv(fd, &answer, sizeof(answer), 0) < 0)
		return -1;
	close(fd);
	if (answer.h.nlmsg_type != NLMSG_ERROR || answer.e.error == 0)
		return 0;
	errno = -answer.e.error;
	return -1;
}

static enum result
probe_firewall(struct audit *a)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg g;
	} m = { .h = { .nlmsg_len = sizeof(m),
		    .nlmsg_type = 10 << 8 | 16 /* nf_tables: generation */ } };

	return judge(a, netlink_request(12 /* netfilter */, &m.h));
}

/* An address of the jail's choice on its own link. */
static enum result
probe_add_address(struct audit *a)
{
	struct {
		struct nlmsghdr h;
		struct ifaddrmsg i;
		struct rtattr attr;
		uint8_t addr[4];
	} m = { .h = { .nlmsg_len = sizeof(m),
		    .nlmsg_type = RTM_NEWADDR,
		    .nlmsg_flags = NLM_F_CREATE },
		.i = { .ifa_family = AF_INET, .ifa_prefixlen = 32 },
		.attr = { sizeof(m.attr) + 4, IFA_LOCAL },
		.addr = { 198, 51, 100, 66 } };

	m.i.ifa_index = if_nametoindex("lo");
	return judge(a, netlink_request(0 /* route */, &m.h));
}

const struct probe network_probes[] = {
	{ "freebind6", "send from a foreign IPv6 address, IPV6_FREEBIND",
	    "the guard's rules", probe_freebind6 },
	{ "freebind4", "send from a foreign IPv4 address, IP_FREEBIND",
	    "the kernel's own rule", probe_freebind4 },
	{ "transparent4", "the same by IP_TRANSPARENT",
	    "network namespace of the host's, the guard's rules",
	    probe_transparent4 },
	{ "transparent6", "the same by IPV6_TRANSPARENT",
	    "network namespace of the host's, the guard's rules",
	    probe_transparent6 },
	{ "pktinfo6", "the same by IPV6_PKTINFO", "the guard's rules",
	    probe_pktinfo6 },
	{ "raw-source", "the same in a raw packet",
	    "capabilities, network namespace of the host's, the guard's rules",
	    probe_raw_source },
	{ "raw-socket", "open a raw socket",
	    "capabilities, network namespace of the host's", probe_raw_socket },
	{ "packet-socket", "open a packet socket",
	    "filter, capabilities, network namespace of the host's",
	    probe_packet_socket },
	{ "arp-lie", "claim an address by ARP",
	    "no ARP on the link, filter, capabilities", probe_arp },
	{ "nd-lie", "claim an address by neighbour discovery",
	    "capabilities, network namespace of the host's", probe_nd },
	{ "add-address", "add an address", "network namespace of the host's",
	    probe_add_address },
	{ "firewall", "reach the firewall's rules",
	    "filter, network namespace of the host's", probe_firewall },
	{ "host-loopback", "connect to what listens on the host's 127.0.0.1",
	    "network namespace", probe_host_loopback },
	{ "loopback-route", "the same over its own link", "the guard's rules",
	    probe_loopback_route },
	{ "abstract-socket", "connect to an abstract socket of the host's",
	    "network namespace", probe_abstract },
	{ "vsock", "reach the machine's hypervisor, vsock", "filter",
	    probe_vsock },
	{ "socket-families", "use a rare protocol family", "filter",
	    probe_families },
	{ "netlink", "use the kernel's netlink protocols", "filter",
	    probe_netlink },
	PROBES_END
};
