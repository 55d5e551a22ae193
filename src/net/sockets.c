/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sockets that wait, as the kernel's sock_diag tells them. They are in
 * /proc/net/tcp as well, but there the kernel walks the table of all
 * connections of all namespaces, which may take it milliseconds each time.
 */
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>

#include "base/array.h"
#include "net/internal.h"
#include "net/rtnl.h"

struct asking {
	struct net_sockets *to;
	size_t before; /* what is in it from other questions */
	uint8_t proto;
};

static int
on_attr(const struct nlattr *attr, void *arg)
{
	struct net_socket *s = arg;

	if (mnl_attr_get_type(attr) == INET_DIAG_SKV6ONLY)
		s->only6 = mnl_attr_get_u8(attr);
	return MNL_CB_OK;
}

/* An address of IPv4 as IPv6 writes it is one of IPv4. */
static void
set_addr(struct net_addr *a, uint8_t family, const void *ip)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool is_mapped =
	    family == AF_INET6 && memcmp(ip, mapped, sizeof(mapped)) == 0;

	a->family = is_mapped ? AF_INET : family;
	a->plen = a->family == AF_INET ? 32 : 128;
	memcpy(a->b, (const uint8_t *)ip + (is_mapped ? sizeof(mapped) : 0),
	    a->plen / 8);
}

static int
on_socket(const struct nlmsghdr *h, void *arg)
{
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(h);
	struct asking *a = arg;
	struct net_socket *s;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return -EBADMSG;
	if (m->id.idiag_dport != 0)
		return 0; /* it has a peer */
	s = array_add(a->to);
	s->proto = a->proto;
	s->port = ntohs(m->id.idiag_sport);
	s->inode = m->idiag_inode;
	set_addr(&s->addr, m->idiag_family, m->id.idiag_src);
	(void)mnl_attr_parse(h, sizeof(*m), on_attr, s);
	return 0;
}

static void
again(void *arg)
{
	struct asking *a = arg;

	a->to->n = a->before;
}

static int
read_all(struct net_sockets *to, struct err *err)
{
	static const struct {
		uint8_t family, proto, state;
	} kinds[] = {
		{ AF_INET, IPPROTO_TCP, TCP_LISTEN },
		{ AF_INET6, IPPROTO_TCP, TCP_LISTEN },
		{ AF_INET, IPPROTO_UDP, TCP_CLOSE },
		{ AF_INET6, IPPROTO_UDP, TCP_CLOSE },
	};
	_cleanup_(rtnl_close) struct rtnl nl = RTNL_INIT;
	int r = rtnl_open(&nl, NETLINK_SOCK_DIAG, err);

	for (size_t i = 0; i < ARRAY_SIZE(kinds) && r == 0; i++) {
		const struct inet_diag_req_v2 req = {
			.sdiag_family = kinds[i].family,
			.sdiag_protocol = kinds[i].proto,
			.idiag_states = 1u << kinds[i].state,
		};
		struct asking a = { to, to->n, kinds[i].proto };

		r = rtnl_dump(&nl, SOCK_DIAG_BY_FAMILY, &req, sizeof(req),
		    on_socket, again, &a, err);
	}
	return r < 0 ? err_wrap(err, r,
			   "the sockets that wait (modules tcp_diag and "
			   "udp_diag)")
		     : r;
}

int
net_sockets_read(pid_t pid, struct net_sockets *ret, struct err *err)
{
	_cleanup_(net_ns_leave) int back = -1;
	_cleanup_close_ int ns = -1;
	char path[64];
	int r;

	if (pid > 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
		ns = open(path, O_RDONLY | O_CLOEXEC);
		if (ns < 0)
			return err_errno(err, "cannot open %s", path);
		r = net_ns_enter(ns, &back, err);
		if (r < 0)
			return r;
	}
	return read_all(ret, err);
}
