/* SPDX-License-Identifier: BSD-2-Clause */
/* Talking to the kernel: dumps, and sending a transaction. */
#include "nft/private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int
nl_open(int bus, struct mnl_socket **ret, struct err *err)
{
	struct mnl_socket *nl = mnl_socket_open2(bus, SOCK_CLOEXEC);
	int on = 1;
	int r;

	if (!nl)
		return err_errno(err, "cannot open a netlink socket");
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = err_errno(err, "cannot bind a netlink socket");
		mnl_socket_close(nl);
		return r;
	}
	/* Reasons in words (kernels that have them), errors without the whole
	 * message copied back. */
	(void)mnl_socket_setsockopt(nl, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)mnl_socket_setsockopt(nl, NETLINK_CAP_ACK, &on, sizeof(on));
	*ret = nl;
	return 0;
}

void
nl_closep(struct mnl_socket **nl)
{
	if (*nl)
		mnl_socket_close(*nl);
	*nl = NULL;
}

int
nl_ask(struct mnl_socket *nl, struct nlmsghdr *req, mnl_cb_t cb, void *arg)
{
	static const size_t size = 65536;
	_cleanup_free_ char *buf = xmalloc(size);
	unsigned int portid = mnl_socket_get_portid(nl);
	ssize_t n;
	int r;

	if (mnl_socket_sendto(nl, req, req->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(nl, buf, size);
		if (n < 0)
			return -errno;
		r = mnl_cb_run(buf, (size_t)n, req->nlmsg_seq, portid, cb, arg);
	} while (r > MNL_CB_STOP);
	return r < 0 ? -errno : 0;
}

/* The attribute that names the table, by kind of dump. */
static uint16_t
table_attr(uint16_t type)
{
	switch (type) {
	case NFT_MSG_GETTABLE:
		return NFTA_TABLE_NAME;
	case NFT_MSG_GETCHAIN:
		return NFTA_CHAIN_TABLE;
	case NFT_MSG_GETRULE:
		return NFTA_RULE_TABLE;
	case NFT_MSG_GETSET:
		return NFTA_SET_TABLE;
	case NFT_MSG_GETOBJ:
	case NFT_MSG_GETOBJ_RESET:
		return NFTA_OBJ_TABLE;
	case NFT_MSG_GETSETELEM:
		return NFTA_SET_ELEM_LIST_TABLE;
	default:
		BUG("no dump of type %d", type);
	}
}

int
nl_dump(struct mnl_socket *nl, uint16_t type, uint8_t family, const char *table,
    const char *chain, mnl_cb_t cb, void *arg, struct err *err)
{
	char buf[512];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g;
	int r;

	h->nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->nfgen_family = family;
	if (table)
		mnl_attr_put_strz(h, table_attr(type), table);
	/* Of a set's elements it is the set; the number is the same. */
	if (chain)
		mnl_attr_put_strz(h, NFTA_RULE_CHAIN, chain);
	h->nlmsg_seq = 1;
	r = nl_ask(nl, h, cb, arg);
	if (r < 0)
		return err_code(err, r, "cannot read nf_tables");
	return 0;
}

/* ---- commit ---- */

struct answer {
	uint32_t last; /* sequence number of the last message */
	bool done;
	int code;	/* first error: negative errno */
	uint32_t seq;	/* .. and of which message */
	char text[256]; /* .. in the kernel's words, if it has any */
};

static int
text_attr(const struct nlattr *attr, void *arg)
{
	struct answer *a = arg;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
		snprintf(
		    a->text, sizeof(a->text), "%s", mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

static void
answer_take(struct answer *a, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

	if (h->nlmsg_type != NLMSG_ERROR)
		return;
	if (e->error == 0) {
		a->done |= h->nlmsg_seq == a->last;
		return;
	}
	if (a->code)
		return;
	a->code = e->error;
	a->seq = h->nlmsg_seq;
	a->done = true;
	if (h->nlmsg_flags & NLM_F_ACK_TLVS)
		(void)mnl_attr_parse(h, sizeof(*e), text_attr, a);
}

static int
answers_read(struct mnl_socket *nl, struct answer *a)
{
	char buf[16384];

	while (!a->done) {
		ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		const struct nlmsghdr *h = (const struct nlmsghdr *)buf;
		int left = (int)n;

		if (n < 0)
			return -errno;
		for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
			answer_take(a, h);
	}
	return a->code;
}

/* A transaction is one message to the socket: make room for it. */
static int
make_room(struct mnl_socket *nl, size_t len, struct err *err)
{
	int fd = mnl_socket_get_fd(nl);
	int want = (int)(len + len / 2 + 65536);
	int have = 0;
	socklen_t size = sizeof(have);

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &want, sizeof(want)))
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_SNDBUF, &want, sizeof(want));
	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &have, &size) == 0 &&
	    (size_t)have < len + 64)
		return err_set(err, EMSGSIZE,
		    "the ruleset needs a message of %zu bytes and the kernel "
		    "allows %d here: raise net.core.wmem_max",
		    len, have);
	return 0;
}

static void
finish(struct nft_batch *b, uint32_t genid, struct answer *a)
{
	struct nlmsghdr *begin = (struct nlmsghdr *)b->buf;
	struct nlattr *gen = (struct nlattr *)(b->buf + b->n_begin -
	    sizeof(struct nlattr) - sizeof(uint32_t));
	struct nlmsghdr *last = (struct nlmsghdr *)(b->buf + b->last);
	uint32_t be = htonl(genid);

	last->nlmsg_flags |= NLM_F_ACK;
	a->last = last->nlmsg_seq;
	memcpy(gen + 1, &be, sizeof(be));
	/* No generation: the attribute is left off. */
	if (!genid) {
		begin->nlmsg_len -= MNL_ATTR_HDRLEN + sizeof(be);
		memmove(b->buf + begin->nlmsg_len, b->buf + b->n_begin,
		    b->len - b->n_begin);
		b->len -= b->n_begin - begin->nlmsg_len;
	}
	nl_msg_end(b, nl_frame(b, NFNL_MSG_BATCH_END));
}

/*
 * Closing a socket by which something was deleted waits until the kernel has
 * freed it, which is a grace period of its: 10 ms that nobody needs to wait
 * for. So a process of its own, which is nobody's child, holds the socket a
 * little longer than we do and does the waiting. If there can be none, we wait.
 */
static void
let_other_wait(const struct mnl_socket *nl)
{
	enum { HOLD_US = 100000 };
	unsigned int fd = (unsigned int)mnl_socket_get_fd(nl);
	pid_t pid = fork();

	if (pid < 0)
		return;
	if (pid > 0) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return;
	}
	if (fork() != 0)
		_exit(0);
	(void)!chdir("/");
	/* Whoever reads from a pipe of ours waits for its last holder. */
	if (fd > 0)
		(void)close_range(0, fd - 1, 0);
	(void)close_range(fd + 1, ~0u, 0);
	(void)usleep(HOLD_US);
	_exit(0);
}

int
nft_batch_commit_on(struct nft_batch *b, uint32_t genid, struct err *err)
{
	_cleanup_(nl_closep) struct mnl_socket *nl = NULL;
	struct answer a = { 0 };
	int r;

	if (b->len == b->n_begin)
		return 0;
	finish(b, genid, &a);
	r = nl_open(NETLINK_NETFILTER, &nl, err);
	if (r < 0)
		return r;
	r = make_room(nl, b->len, err);
	if (r < 0)
		return r;
	if (mnl_socket_sendto(nl, b->buf, b->len) < 0)
		return err_errno(
		    err, "cannot send %zu bytes to nf_tables", b->len);
	r = answers_read(nl, &a);
	if (r < 0)
		return err_code(err, r, "nf_tables refused %s%s%s",
		    nl_note(b, a.seq), a.text[0] ? " - " : "", a.text);
	if (b->deletes)
		let_other_wait(nl);
	return 0;
}

int
nft_batch_commit(struct nft_batch *b, struct err *err)
{
	return nft_batch_commit_on(b, 0, err);
}

static int
gen_attr(const struct nlattr *attr, void *arg)
{
	if (mnl_attr_get_type(attr) == NFTA_GEN_ID)
		*(uint32_t *)arg = ntohl(mnl_attr_get_u32(attr));
	return MNL_CB_OK;
}

static int
gen_msg(const struct nlmsghdr *h, void *arg)
{
	(void)mnl_attr_parse(h, sizeof(struct nfgenmsg), gen_attr, arg);
	return MNL_CB_STOP;
}

int
nft_genid(uint32_t *ret, struct err *err)
{
	_cleanup_(nl_closep) struct mnl_socket *nl = NULL;
	char buf[512];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g;
	uint32_t id = 0;
	int r = nl_open(NETLINK_NETFILTER, &nl, err);

	if (r < 0)
		return r;
	h->nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN;
	h->nlmsg_flags = NLM_F_REQUEST;
	h->nlmsg_seq = 1;
	g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->nfgen_family = AF_UNSPEC;
	r = nl_ask(nl, h, gen_msg, &id);
	if (r < 0)
		return err_code(err, r, "cannot ask for nf_tables' generation");
	*ret = id;
	return 0;
}
