/* SPDX-License-Identifier: BSD-2-Clause */
/* Who changes nf_tables, told by the kernel. */
#include "nft/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nft/private.h"

/*
 * The group has a message for everything that a transaction does, and at its
 * end one that says who made it. We want that one only: of a load of ten
 * thousand rules one message comes through, and there is room for it. (It is
 * always the first of its packet.)
 */
static int
take_ends_only(int fd, struct err *err)
{
	const uint16_t type = htons(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS,
		    offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, type, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog prog = { ARRAY_SIZE(code), code };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) <
	    0)
		return err_errno(err, "cannot filter a netlink socket");
	return 0;
}

int
nft_events_open(struct err *err)
{
	_cleanup_close_ int fd = socket(AF_NETLINK,
	    SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	const int group = NFNLGRP_NFTABLES;
	int r;

	if (fd < 0)
		return err_errno(err, "cannot open a netlink socket");
	r = take_ends_only(fd, err);
	if (r < 0)
		return r;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
		sizeof(group)) < 0)
		return err_errno(err, "cannot listen to nf_tables");
	return TAKE_FD(fd);
}

static int
take_attr(const struct nlattr *attr, void *arg)
{
	struct nft_event *e = arg;

	switch (mnl_attr_get_type(attr)) {
	case NFTA_GEN_PROC_PID:
		e->pid = (int)ntohl(mnl_attr_get_u32(attr));
		break;
	case NFTA_GEN_PROC_NAME:
		snprintf(e->comm, sizeof(e->comm), "%.*s",
		    (int)mnl_attr_get_payload_len(attr),
		    mnl_attr_get_str(attr));
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

int
nft_events_read(int fd, struct nft_event *ret, struct err *err)
{
	int found = 0;
	char buf[8192];

	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return found;
		/* There were more than we had room for: somebody was busy. */
		if (n < 0 && errno == ENOBUFS)
			*ret = (struct nft_event){ 0 };
		else if (n < 0)
			return err_errno(err, "cannot listen to nf_tables");
		else if (n >= (ssize_t)NLMSG_HDRLEN) {
			*ret = (struct nft_event){ 0 };
			(void)mnl_attr_parse((struct nlmsghdr *)buf,
			    sizeof(struct nfgenmsg), take_attr, ret);
		}
		found = 1;
	}
}
