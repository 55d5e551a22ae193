/* SPDX-License-Identifier: BSD-2-Clause */
/* States: the entries of conntrack, read, deleted and marked. */
#include "nft/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>

#include "nft/private.h"

/* As long as conntrack gives an established connection that it saw begin. */
enum { ADOPTED_SECONDS = 432000 };

static uint16_t
icmp_port(const struct nf_conntrack *ct)
{
	return (uint16_t)(nfct_get_attr_u8(ct, ATTR_ICMP_TYPE) << 8 |
	    nfct_get_attr_u8(ct, ATTR_ICMP_CODE));
}

static void
copy_addr(uint8_t to[16], const struct nf_conntrack *ct, uint8_t family,
    enum nf_conntrack_attr v4, enum nf_conntrack_attr v6)
{
	const void *from = nfct_get_attr(ct, family == AF_INET ? v4 : v6);

	if (from)
		memcpy(to, from, family == AF_INET ? 4 : 16);
}

static struct nft_tuple
tuple_orig(const struct nf_conntrack *ct)
{
	struct nft_tuple t = {
		.family = nfct_get_attr_u8(ct, ATTR_ORIG_L3PROTO),
		.proto = nfct_get_attr_u8(ct, ATTR_ORIG_L4PROTO),
		.sport = ntohs(nfct_get_attr_u16(ct, ATTR_ORIG_PORT_SRC)),
		.dport = ntohs(nfct_get_attr_u16(ct, ATTR_ORIG_PORT_DST)),
	};

	copy_addr(t.src, ct, t.family, ATTR_ORIG_IPV4_SRC, ATTR_ORIG_IPV6_SRC);
	copy_addr(t.dst, ct, t.family, ATTR_ORIG_IPV4_DST, ATTR_ORIG_IPV6_DST);
	return t;
}

static struct nft_tuple
tuple_reply(const struct nf_conntrack *ct)
{
	struct nft_tuple t = {
		.family = nfct_get_attr_u8(ct, ATTR_REPL_L3PROTO),
		.proto = nfct_get_attr_u8(ct, ATTR_REPL_L4PROTO),
		.sport = ntohs(nfct_get_attr_u16(ct, ATTR_REPL_PORT_SRC)),
		.dport = ntohs(nfct_get_attr_u16(ct, ATTR_REPL_PORT_DST)),
	};

	copy_addr(t.src, ct, t.family, ATTR_REPL_IPV4_SRC, ATTR_REPL_IPV6_SRC);
	copy_addr(t.dst, ct, t.family, ATTR_REPL_IPV4_DST, ATTR_REPL_IPV6_DST);
	return t;
}

static void
read_label(const struct nf_conntrack *ct, uint32_t label[4])
{
	const struct nfct_bitmask *mask = nfct_get_attr(ct, ATTR_CONNLABELS);
	unsigned int max = mask ? nfct_bitmask_maxbit(mask) : 0;

	if (!mask)
		return;
	for (unsigned int bit = 0; bit < 128 && bit <= max; bit++)
		if (nfct_bitmask_test_bit(mask, bit))
			label[bit / 32] |= 1u << bit % 32;
}

static struct nft_state
state_of(const struct nf_conntrack *ct)
{
	struct nft_state s = {
		.orig = tuple_orig(ct),
		.reply = tuple_reply(ct),
		.tcp_state = nfct_get_attr_u8(ct, ATTR_TCP_STATE),
		.timeout = nfct_get_attr_u32(ct, ATTR_TIMEOUT),
		.start = nfct_get_attr_u64(ct, ATTR_TIMESTAMP_START),
		.id = nfct_get_attr_u32(ct, ATTR_ID),
	};
	uint32_t status = nfct_get_attr_u32(ct, ATTR_STATUS);

	s.seen_reply = status & IPS_SEEN_REPLY;
	s.assured = status & IPS_ASSURED;
	s.packets[0] = nfct_get_attr_u64(ct, ATTR_ORIG_COUNTER_PACKETS);
	s.packets[1] = nfct_get_attr_u64(ct, ATTR_REPL_COUNTER_PACKETS);
	s.bytes[0] = nfct_get_attr_u64(ct, ATTR_ORIG_COUNTER_BYTES);
	s.bytes[1] = nfct_get_attr_u64(ct, ATTR_REPL_COUNTER_BYTES);
	if (s.orig.proto == IPPROTO_ICMP || s.orig.proto == IPPROTO_ICMPV6) {
		s.orig.sport = ntohs(nfct_get_attr_u16(ct, ATTR_ICMP_ID));
		s.reply.sport = s.orig.sport;
		s.orig.dport = s.reply.dport = icmp_port(ct);
	}
	read_label(ct, s.label);
	/* Those that a limit ended are none any more. */
	if (s.label[2] & NFT_L_DEAD(NFT_L_FWD))
		s.label[2] &= ~NFT_L_FWD;
	if (s.label[2] & NFT_L_DEAD(NFT_L_REV))
		s.label[2] &= ~NFT_L_REV;
	return s;
}

/* ---- dumping ---- */

struct walk {
	/* Called with the entry; a negative errno ends the walk. */
	int (*each)(const struct nf_conntrack *ct, void *arg);
	void *arg;
};

static int
on_entry(const struct nlmsghdr *h, void *arg)
{
	struct walk *w = arg;
	struct nf_conntrack *ct = nfct_new();
	int r;

	if (!ct)
		BUG("out of memory");
	r = nfct_nlmsg_parse(h, ct) < 0 ? 0 : w->each(ct, w->arg);
	nfct_destroy(ct);
	if (r < 0) {
		errno = -r;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

static struct nlmsghdr *
ct_request(char *buf, uint16_t type, uint16_t flags, uint8_t family)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g;

	h->nlmsg_type = (NFNL_SUBSYS_CTNETLINK << 8) | type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_seq = 1;
	g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->nfgen_family = family;
	g->version = NFNETLINK_V0;
	return h;
}

static int
walk_entries(struct walk *w, struct err *err)
{
	_cleanup_(nl_closep) struct mnl_socket *nl = NULL;
	char buf[256];
	int r = nl_open(NETLINK_NETFILTER, &nl, err);

	if (r < 0)
		return r;
	r = nl_ask(nl,
	    ct_request(buf, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC), on_entry,
	    w);
	if (r < 0)
		return err_code(err, r, "cannot read conntrack");
	return 0;
}

static int
add_ours(const struct nf_conntrack *ct, void *arg)
{
	struct nft_states *ret = arg;
	struct nft_state s = state_of(ct);

	if (s.label[2] & NFT_L_STATE)
		*array_add(ret) = s;
	return 0;
}

int
nft_state_list(struct nft_states *ret, struct err *err)
{
	_cleanup_(nft_states_clear) struct nft_states states = { 0 };
	struct walk w = { add_ours, &states };
	int r = walk_entries(&w, err);

	if (r < 0)
		return r;
	*ret = states;
	states = (struct nft_states){ 0 };
	return 0;
}

void
nft_states_clear(struct nft_states *s)
{
	array_clear(s);
}

/* ---- deleting ---- */

struct kill_list {
	bool (*kill)(const struct nft_state *s, void *arg);
	void *arg;
	struct nf_conntrack **v;
	size_t n, cap;
};

static void
kill_list_clear(struct kill_list *k)
{
	for (size_t i = 0; i < k->n; i++)
		nfct_destroy(k->v[i]);
	array_clear(k);
}

static int
add_doomed(const struct nf_conntrack *ct, void *arg)
{
	struct kill_list *k = arg;
	struct nft_state s = state_of(ct);

	if (k->kill(&s, k->arg))
		*array_add(k) = nfct_clone(ct);
	return 0;
}

static int
delete_entry(struct mnl_socket *nl, const struct nf_conntrack *ct)
{
	char buf[4096];
	struct nlmsghdr *h = ct_request(buf, IPCTNL_MSG_CT_DELETE, NLM_F_ACK,
	    nfct_get_attr_u8(ct, ATTR_L3PROTO));

	if (nfct_nlmsg_build(h, ct) < 0)
		return -EINVAL;
	return nl_ask(nl, h, NULL, NULL);
}

int
nft_state_kill(bool (*kill)(const struct nft_state *s, void *arg), void *arg,
    struct err *err)
{
	_cleanup_(nl_closep) struct mnl_socket *nl = NULL;
	_cleanup_(kill_list_clear) struct kill_list k = { kill, arg, 0, 0, 0 };
	struct walk w = { add_doomed, &k };
	int killed = 0;
	int r = walk_entries(&w, err);

	if (r < 0)
		return r;
	r = nl_open(NETLINK_NETFILTER, &nl, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < k.n; i++) {
		r = delete_entry(nl, k.v[i]);
		if (r < 0 && r != -ENOENT)
			return err_code(
			    err, r, "cannot delete a conntrack entry");
		killed += r == 0;
	}
	return killed;
}

/* ---- marking ---- */

struct marks {
	uint32_t (*bits)(const struct nft_state *s, void *arg);
	void *arg;
	struct mark {
		struct nf_conntrack *ct;
		uint32_t bits;
	} * v;
	size_t n, cap;
};

static void
marks_clear(struct marks *m)
{
	for (size_t i = 0; i < m->n; i++)
		nfct_destroy(m->v[i].ct);
	array_clear(m);
}

static int
add_mark(const struct nf_conntrack *ct, void *arg)
{
	struct marks *m = arg;
	struct nft_state s = state_of(ct);
	uint32_t bits = m->bits(&s, m->arg);

	if (bits)
		*array_add(m) = (struct mark){ nfct_clone(ct), bits };
	return 0;
}

static struct nfct_bitmask *
third_word(uint32_t bits)
{
	struct nfct_bitmask *mask = nfct_bitmask_new(127);

	if (!mask)
		BUG("out of memory");
	for (unsigned int bit = 0; bit < 32; bit++)
		if (bits >> bit & 1)
			nfct_bitmask_set_bit(mask, 64 + bit);
	return mask;
}

static int
put_mark(struct mnl_socket *nl, const struct mark *m)
{
	struct nf_conntrack *ct = nfct_new();
	char buf[4096];
	struct nlmsghdr *h = ct_request(buf, IPCTNL_MSG_CT_NEW, NLM_F_ACK,
	    nfct_get_attr_u8(m->ct, ATTR_L3PROTO));
	int r;

	if (!ct)
		BUG("out of memory");
	nfct_copy(ct, m->ct, NFCT_CP_ORIG);
	/* Both are taken over. */
	nfct_set_attr(ct, ATTR_CONNLABELS, third_word(m->bits));
	nfct_set_attr(ct, ATTR_CONNLABELS_MASK, third_word(m->bits));
	r = nfct_nlmsg_build(h, ct) < 0 ? -EINVAL : nl_ask(nl, h, NULL, NULL);
	nfct_destroy(ct);
	return r;
}

int
nft_state_mark(uint32_t (*bits)(const struct nft_state *s, void *arg),
    void *arg, struct err *err)
{
	_cleanup_(nl_closep) struct mnl_socket *nl = NULL;
	_cleanup_(marks_clear) struct marks m = { bits, arg, 0, 0, 0 };
	struct walk w = { add_mark, &m };
	int r = walk_entries(&w, err);

	if (r == 0)
		r = nl_open(NETLINK_NETFILTER, &nl, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < m.n; i++) {
		r = put_mark(nl, &m.v[i]);
		if (r < 0 && r != -ENOENT)
			return err_code(
			    err, r, "cannot mark a conntrack entry");
	}
	return 0;
}

/* ---- adopting a connection ---- */

/* The connection is told by its ends on the wire; nobody translates it. */
static struct nf_conntrack *
entry_of(const struct nft_tuple *t)
{
	struct nf_conntrack *ct = nfct_new();
	bool v4 = t->family == AF_INET;

	if (!ct)
		BUG("out of memory");
	nfct_set_attr_u8(ct, ATTR_L3PROTO, t->family);
	nfct_set_attr_u8(ct, ATTR_L4PROTO, t->proto);
	nfct_set_attr(ct, v4 ? ATTR_IPV4_SRC : ATTR_IPV6_SRC, t->src);
	nfct_set_attr(ct, v4 ? ATTR_IPV4_DST : ATTR_IPV6_DST, t->dst);
	nfct_set_attr_u16(ct, ATTR_PORT_SRC, htons(t->sport));
	nfct_set_attr_u16(ct, ATTR_PORT_DST, htons(t->dport));
	nfct_setobjopt(ct, NFCT_SOPT_SETUP_REPLY);
	return ct;
}

/* Established, in whatever window, passed in by no rule we have. */
static void
set_adopted(struct nf_conntrack *ct)
{
	static const uint8_t liberal = 0x08; /* IP_CT_TCP_FLAG_BE_LIBERAL */
	struct nfct_bitmask *label = nfct_bitmask_new(127);

	if (!label)
		BUG("out of memory");
	for (unsigned int bit = 0; bit < 32; bit++) {
		nfct_bitmask_set_bit(label, bit);
		if (NFT_L_FWD >> bit & 1)
			nfct_bitmask_set_bit(label, 64 + bit);
	}
	nfct_set_attr(ct, ATTR_CONNLABELS, label); /* takes it over */
	nfct_set_attr_u8(ct, ATTR_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
	nfct_set_attr_u8(ct, ATTR_TCP_FLAGS_ORIG, liberal);
	nfct_set_attr_u8(ct, ATTR_TCP_MASK_ORIG, liberal);
	nfct_set_attr_u8(ct, ATTR_TCP_FLAGS_REPL, liberal);
	nfct_set_attr_u8(ct, ATTR_TCP_MASK_REPL, liberal);
	nfct_set_attr_u32(ct, ATTR_STATUS, IPS_SEEN_REPLY | IPS_ASSURED);
	nfct_set_attr_u32(ct, ATTR_TIMEOUT, ADOPTED_SECONDS);
}

static int
keep_label(const struct nlmsghdr *h, void *arg)
{
	struct nf_conntrack *ct = nfct_new();
	uint32_t label[4] = { 0 };

	if (!ct)
		BUG("out of memory");
	if (nfct_nlmsg_parse(h, ct) == 0)
		read_label(ct, label);
	nfct_destroy(ct);
	*(uint32_t *)arg = label[2];
	return MNL_CB_OK;
}

static int
ask_about(struct mnl_socket *nl, const struct nf_conntrack *ct, uint16_t type,
    uint16_t flags, mnl_cb_t cb, void *arg)
{
	char buf[4096];
	struct nlmsghdr *h =
	    ct_request(buf, type, flags, nfct_get_attr_u8(ct, ATTR_L3PROTO));

	if (nfct_nlmsg_build(h, ct) < 0)
		return -EINVAL;
	return nl_ask(nl, h, cb, arg);
}

static int
adopt(struct mnl_socket *nl, struct nf_conntrack *ct)
{
	uint32_t flags = 0;
	int r =
	    ask_about(nl, ct, IPCTNL_MSG_CT_GET, NLM_F_ACK, keep_label, &flags);

	if (r == 0 && (flags & NFT_L_STATE))
		return 0;
	if (r == 0)
		r = ask_about(
		    nl, ct, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, NULL, NULL);
	if (r < 0 && r != -ENOENT)
		return r;
	set_adopted(ct);
	r = ask_about(nl, ct, IPCTNL_MSG_CT_NEW,
	    NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, NULL, NULL);
	return r < 0 ? r : 1;
}

int
nft_state_adopt(const struct nft_tuple *conn, struct err *err)
{
	_cleanup_(nl_closep) struct mnl_socket *nl = NULL;
	struct nf_conntrack *ct;
	int r = nl_open(NETLINK_NETFILTER, &nl, err);

	if (r < 0)
		return r;
	ct = entry_of(conn);
	r = adopt(nl, ct);
	nfct_destroy(ct);
	if (r < 0)
		return err_code(err, r, "cannot give the session a state");
	return r;
}
