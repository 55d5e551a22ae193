/* SPDX-License-Identifier: BSD-2-Clause */
/* The netlink socket and its batches. */
#include "net/rtnl.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/array.h"
#include "base/str.h"

/* Netlink's answers to one write are all queued before the write returns, so
 * that many of them need room at once. */
enum { RTNL_RCVBUF = 2 * 1024 * 1024, RTNL_READ = 64 * 1024 };

int
rtnl_open(struct rtnl *nl, int protocol, struct err *err)
{
	int one = 1, size = RTNL_RCVBUF;

	nl->seq = 1;
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (nl->fd < 0)
		return err_errno(err, "cannot open a netlink socket");
	/* Both only make messages better; without them all still works. */
	(void)setsockopt(
	    nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	(void)setsockopt(
	    nl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	if (setsockopt(
		nl->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(
		    nl->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return 0;
}

void
rtnl_close(struct rtnl *nl)
{
	closep(&nl->fd);
}

static void
batch_reset(struct rtnl_batch *b)
{
	for (size_t i = 0; i < b->what.n; i++)
		free(b->what.v[i].text);
	b->what.n = 0;
	b->len = b->open = 0;
}

void
rtnl_batch_clear(struct rtnl_batch *b)
{
	batch_reset(b);
	array_clear(&b->what);
	free(b->buf);
	*b = (struct rtnl_batch)RTNL_BATCH_INIT;
}

/* The open message has got all its attributes: count it. */
static void
batch_finish(struct rtnl_batch *b)
{
	const struct nlmsghdr *m;

	if (b->open == 0)
		return;
	m = (const struct nlmsghdr *)(b->buf + b->open - 1);
	if (m->nlmsg_len > RTNL_MSG_ROOM)
		BUG("netlink message of %u bytes", m->nlmsg_len);
	b->len += NLMSG_ALIGN(m->nlmsg_len);
	b->open = 0;
}

struct nlmsghdr *
rtnl_add(struct rtnl_batch *b, uint16_t type, uint16_t flags, int ok_errno,
    const char *fmt, ...)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	struct rtnl_what *what;
	struct nlmsghdr *m;
	va_list ap;

	batch_finish(b);
	if (b->cap - b->len < RTNL_MSG_ROOM) {
		b->cap = (b->cap ? b->cap * 2 : 2 * RTNL_MSG_ROOM);
		b->buf = xreallocarray(b->buf, b->cap, 1);
	}
	va_start(ap, fmt);
	str_vprintf(&text, fmt, ap);
	va_end(ap);
	what = array_add(&b->what);
	what->text = str_take(&text);
	what->ok_errno = ok_errno;

	m = mnl_nlmsg_put_header(b->buf + b->len);
	m->nlmsg_type = type;
	m->nlmsg_flags = flags | NLM_F_REQUEST | NLM_F_ACK;
	b->open = b->len + 1;
	return m;
}

/* Number the messages; the first gets nl->seq + 1. */
static void
batch_number(struct rtnl *nl, struct rtnl_batch *b)
{
	uint32_t seq = nl->seq;

	for (size_t at = 0, i = 0; at < b->len; i++) {
		struct nlmsghdr *m = (struct nlmsghdr *)(b->buf + at);

		m->nlmsg_seq = ++seq;
		if (b->what.v[i].atom)
			m->nlmsg_flags &= (uint16_t)~NLM_F_ACK;
		at += NLMSG_ALIGN(m->nlmsg_len);
	}
}

/* The kernel's own words on a failure, if it sent any. */
static const char *
extack_text(const struct nlmsghdr *m)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);
	size_t skip = sizeof(*e);
	const struct nlattr *attr;

	if (!(m->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (!(m->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	mnl_attr_for_each(
	    attr, m, NLMSG_ALIGN(skip)) if (mnl_attr_get_type(attr) ==
		NLMSGERR_ATTR_MSG &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >=
		0) return mnl_attr_get_str(attr);
	return NULL;
}

/* The answers to one write. */
struct reading {
	struct rtnl *nl;
	struct rtnl_batch *b;
	rtnl_answer *answer;
	void *arg;
	size_t failed; /* index of the first message that failed; or what.n */
	int code;
	struct err *err;
};

static bool
is_fine(const struct rtnl_what *what, int code)
{
	if (what->ok_errno == RTNL_GONE)
		return code == ENOENT || code == ENODEV || code == ESRCH ||
		    code == ENXIO || code == EADDRNOTAVAIL;
	return code == what->ok_errno;
}

static int
note_failure(struct reading *rd, const struct nlmsghdr *m)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);
	size_t i = m->nlmsg_seq - rd->nl->seq - 1;
	const char *why = extack_text(m);
	const struct rtnl_what *what;

	if (e->error == 0 || i >= rd->failed)
		return 0;
	what = &rd->b->what.v[i];
	if (is_fine(what, -e->error))
		return 0;
	rd->failed = i;
	rd->code = e->error;
	if (why)
		return err_code(
		    rd->err, e->error, "%s (kernel: %s)", what->text, why);
	return err_code(rd->err, e->error, "%s", what->text);
}

static int
read_message(struct reading *rd, const struct nlmsghdr *m)
{
	if (m->nlmsg_seq - rd->nl->seq - 1 >= rd->b->what.n)
		return 0; /* not an answer to us */
	if (m->nlmsg_type == NLMSG_ERROR) {
		(void)note_failure(rd, m);
		return 0;
	}
	if (!rd->answer)
		return 0;
	return rd->answer(m, rd->arg);
}

static int
read_all(struct reading *rd, char *buf)
{
	for (;;) {
		ssize_t n = recv(rd->nl->fd, buf, RTNL_READ, MSG_DONTWAIT);
		const struct nlmsghdr *m = (const struct nlmsghdr *)buf;
		int left = (int)n, r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0)
			return err_errno(rd->err,
			    "cannot read the kernel's "
			    "answer");
		for (; mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
			r = read_message(rd, m);
			if (r < 0)
				return r;
		}
	}
}

int
rtnl_run_answers(struct rtnl *nl, struct rtnl_batch *b, rtnl_answer *answer,
    void *arg, struct err *err)
{
	_cleanup_free_ char *buf = NULL;
	struct reading rd = {
		.nl = nl, .b = b, .answer = answer, .arg = arg, .err = err
	};
	int r = 0;

	batch_finish(b);
	if (b->len == 0)
		return 0;
	rd.failed = b->what.n;
	batch_number(nl, b);
	buf = xmalloc(RTNL_READ);
	if (send(nl->fd, b->buf, b->len, 0) < 0)
		r = err_errno(err, "%s", b->what.v[0].text);
	else
		r = read_all(&rd, buf);
	if (r == 0)
		r = rd.code;
	nl->seq += (uint32_t)b->what.n;
	batch_reset(b);
	return r;
}

int
rtnl_run(struct rtnl *nl, struct rtnl_batch *b, struct err *err)
{
	return rtnl_run_answers(nl, b, NULL, NULL, err);
}

/* ---- dumps ---- */

static int
send_dump(struct rtnl *nl, uint16_t type, const void *header, size_t len,
    struct err *err)
{
	char buf[256] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);

	m->nlmsg_type = type;
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	m->nlmsg_seq = ++nl->seq;
	memcpy(mnl_nlmsg_put_extra_header(m, len), header, len);
	if (send(nl->fd, buf, m->nlmsg_len, 0) < 0)
		return err_errno(err, "cannot ask the kernel for its network");
	return 0;
}

/* One datagram of a dump: 1 when it was the last. */
static int
read_dump(struct rtnl *nl, char *buf, bool *interrupted, rtnl_answer *answer,
    void *arg, struct err *err)
{
	const struct nlmsghdr *m = (const struct nlmsghdr *)buf;
	ssize_t n = recv(nl->fd, buf, RTNL_READ, 0);
	int left = (int)n, r;

	if (n < 0)
		return errno == EINTR
		    ? 0
		    : err_errno(err, "cannot read the kernel's answer");
	for (; mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
		if (m->nlmsg_seq != nl->seq)
			continue;
		if (m->nlmsg_flags & NLM_F_DUMP_INTR)
			*interrupted = true;
		if (m->nlmsg_type == NLMSG_DONE)
			return 1;
		if (m->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);

			return err_code(
			    err, e->error, "cannot list the kernel's network");
		}
		r = answer(m, arg);
		if (r < 0)
			return err_code(err, r,
			    "cannot read the kernel's "
			    "answer");
	}
	return 0;
}

int
rtnl_dump(struct rtnl *nl, uint16_t type, const void *header, size_t len,
    rtnl_answer *answer, void (*again)(void *arg), void *arg, struct err *err)
{
	_cleanup_free_ char *buf = xmalloc(RTNL_READ);
	/* The network may change all the time: then take what there is. */
	int tries = 8, r;

	for (;;) {
		bool interrupted = false;

		r = send_dump(nl, type, header, len, err);
		if (r < 0)
			return r;
		do
			r = read_dump(nl, buf, &interrupted, answer, arg, err);
		while (r == 0);
		if (r < 0)
			return r;
		if (!interrupted || --tries == 0)
			return 0;
		again(arg);
	}
}
