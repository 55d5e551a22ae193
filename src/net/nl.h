/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to net: a netlink socket, and batches of requests that go to the
 * kernel in one write.
 *
 *	_cleanup_(nl_close) struct nl nl = NL_INIT;
 *	_cleanup_(nl_batch_clear) struct nl_batch b = NL_BATCH_INIT;
 *
 *	r = nl_open(&nl, NETLINK_ROUTE, err);
 *	m = nl_add(&b, RTM_NEWADDR, NLM_F_CREATE, EEXIST, "add %s", text);
 *	... mnl_nlmsg_put_extra_header(m, ...), mnl_attr_put_u32(m, ...) ...
 *	r = nl_run(&nl, &b, err);
 *
 * A message is complete when the next one is added or the batch is run.
 */
#ifndef NET_NL_H
#define NET_NL_H

#include <libmnl/libmnl.h>
#include <linux/netlink.h>

#include "base/err.h"

struct nl {
	int fd;
	uint32_t seq;
};

#define NL_INIT { .fd = -1 }

int nl_open(struct nl *nl, int protocol, struct err *err);
void nl_close(struct nl *nl);

/* What one message of a batch was for. */
struct nl_what {
	char *text;
	int ok_errno; /* this failure is as good as success; 0: none */
	bool atom;    /* begin or end of a transaction: has no answer */
};

struct nl_batch {
	char *buf;
	size_t len, cap;
	size_t open; /* offset of the last message + 1; 0: none is open */
	struct {
		struct nl_what *v;
		size_t n, cap;
	} what;
};

#define NL_BATCH_INIT { 0 }
/* Attributes of one message must fit in this. */
#define NL_MSG_ROOM 8192

void nl_batch_clear(struct nl_batch *b);

/*
 * Begin a message. `fmt` says what it does, for the sentence if it fails
 * ("lo1: add 192.168.0.1/24"). NLM_F_REQUEST and NLM_F_ACK are added. The
 * pointer is good until the next nl_add.
 */
struct nlmsghdr *nl_add(struct nl_batch *b, uint16_t type, uint16_t flags,
    int ok_errno, const char *fmt, ...) _printf_(5, 6);

/* Called for each message that the kernel answers with, acknowledgements
 * left out. An error ends the reading. */
typedef int nl_answer(const struct nlmsghdr *m, void *arg);

/*
 * Send the batch and take the answers. rtnetlink does the messages one by one
 * and goes on after a failure; nf_tables does all or none. Returns 0, or the
 * first failure with its sentence. The batch is empty afterwards.
 */
int nl_run(struct nl *nl, struct nl_batch *b, struct err *err);
int nl_run_answers(struct nl *nl, struct nl_batch *b, nl_answer *answer,
    void *arg, struct err *err);

/* A dump: one request with `len` bytes of family header, all answers. -EINTR
 * from the kernel (it changed meanwhile) restarts it after `again(arg)`. */
int nl_dump(struct nl *nl, uint16_t type, const void *header, size_t len,
    nl_answer *answer, void (*again)(void *arg), void *arg,
    struct err *err);

#endif
