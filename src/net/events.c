/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses that come and go, told by the kernel. */
#include "net/net.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/util.h"

int
net_events_open(struct err *err)
{
	_cleanup_close_ int fd = socket(
	    AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	const struct sockaddr_nl addr = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
	};

	if (fd < 0)
		return err_errno(err, "cannot open a netlink socket");
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_errno(err, "cannot listen to rtnetlink");
	return TAKE_FD(fd);
}

/* What changed is not looked at: who cares reads all, and sees also what the
 * kernel had no room to tell. */
int
net_events_read(int fd, struct err *err)
{
	int found = 0;
	char buf[8192];

	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_TRUNC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return found;
		if (n < 0 && errno != ENOBUFS)
			return err_errno(err, "cannot listen to rtnetlink");
		found = 1;
	}
}
