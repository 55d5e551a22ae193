/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to net: a netlink socket, and batches of requests that go to the
 * kernel in one write.
 *
 *	_cleanup_(rtnl_close) struct rtnl nl = RTNL_INIT;
 *	_cleanup_(rtnl_batch_clear) struct rtnl_batch b = RTNL_BATCH_INIT;
 *
 *	r = rtnl_open(&nl, NETLINK_ROUTE, err);
 *	m = rtnl_add(&b, RTM_NEWADDR, NLM_F_CREATE, EEXIST, "add %s", text);
 *	... mnl_nlmsg_put_extra_header(m, ...), mnl_attr_put_u32(m, ...) ...
 *	r = rtnl_run(&nl, &b, err);
 *
 * A message is complete when the next one is added or the batch is run.
 */
#ifndef NET_RTNL_H
#define NET_RTNL_H

#include <libmnl/libmnl.h>
#include <linux/netlink.h>

#include "base/err.h"

struct rtnl {
	int fd;
	uint32_t seq;
};

#define RTNL_INIT        \
	{                \
		.fd = -1 \
	}

int rtnl_open(struct rtnl *nl, int protocol, struct err *err);
void rtnl_close(struct rtnl *nl);

/* What one message of a batch was for. */
struct rtnl_what {
	char *text;
	int ok_errno; /* this failure is as good as success; 0: none;
			 RTNL_GONE: any that says it is not there */
	bool atom;    /* begin or end of a transaction: has no answer */
};

struct rtnl_batch {
	char *buf;
	size_t len, cap;
	size_t open; /* offset of the last message + 1; 0: none is open */
	struct {
		struct rtnl_what *v;
		size_t n, cap;
	} what;
};

#define RTNL_BATCH_INIT \
	{               \
		0       \
	}
#define RTNL_GONE (-1)
/* Attributes of one message must fit in this. */
#define RTNL_MSG_ROOM 8192

void rtnl_batch_clear(struct rtnl_batch *b);

/*
 * Begin a message. `fmt` says what it does, for the sentence if it fails
 * ("lo1: add 192.168.0.1/24"). NLM_F_REQUEST and NLM_F_ACK are added. The
 * pointer is good until the next rtnl_add.
 */
struct nlmsghdr *rtnl_add(struct rtnl_batch *b, uint16_t type, uint16_t flags,
    int ok_errno, const char *fmt, ...) _printf_(5, 6);

/* Called for each message that the kernel answers with, acknowledgements
 * left out. An error ends the reading. */
typedef int rtnl_answer(const struct nlmsghdr *m, void *arg);

/*
 * Send the batch and take the answers. rtnetlink does the messages one by one
 * and goes on after a failure; nf_tables does all or none. Returns 0, or the
 * first failure with its sentence. The batch is empty afterwards.
 */
int rtnl_run(struct rtnl *nl, struct rtnl_batch *b, struct err *err);
int rtnl_run_answers(struct rtnl *nl, struct rtnl_batch *b, rtnl_answer *answer,
    void *arg, struct err *err);

/* A dump: one request with `len` bytes of family header, all answers. -EINTR
 * from the kernel (it changed meanwhile) restarts it after `again(arg)`. */
int rtnl_dump(struct rtnl *nl, uint16_t type, const void *header, size_t len,
    rtnl_answer *answer, void (*again)(void *arg), void *arg, struct err *err);

#endif
