/* SPDX-License-Identifier: BSD-2-Clause */
/* Netlink messages and attributes, written at the end of a growing buffer:
 * libmnl's writers want a buffer of known size, a batch has none. */
#include "nft/private.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>

struct nft_batch_note {
	uint32_t seq;
	const char *what;
};

/* Room for `len` more bytes, zeroed, aligned; returns their offset. */
static size_t
grow(struct nft_batch *b, size_t len)
{
	size_t at = b->len;
	size_t need = at + MNL_ALIGN(len);

	if (need > b->cap) {
		size_t cap = b->cap ? b->cap : 4096;

		while (cap < need)
			cap *= 2;
		b->buf = xreallocarray(b->buf, cap, 1);
		b->cap = cap;
	}
	memset(b->buf + at, 0, need - at);
	b->len = need;
	return at;
}

void
nl_put(struct nft_batch *b, uint16_t type, const void *mem, size_t len)
{
	size_t at = grow(b, sizeof(struct nlattr) + len);
	struct nlattr *a = (struct nlattr *)(b->buf + at);

	a->nla_type = type;
	a->nla_len = (uint16_t)(sizeof(*a) + len);
	if (len)
		memcpy(a + 1, mem, len);
}

void
nl_put_u8(struct nft_batch *b, uint16_t type, uint8_t v)
{
	nl_put(b, type, &v, sizeof(v));
}

void
nl_put_be16(struct nft_batch *b, uint16_t type, uint16_t v)
{
	uint16_t be = htons(v);

	nl_put(b, type, &be, sizeof(be));
}

void
nl_put_be32(struct nft_batch *b, uint16_t type, uint32_t v)
{
	uint32_t be = htonl(v);

	nl_put(b, type, &be, sizeof(be));
}

void
nl_put_be64(struct nft_batch *b, uint16_t type, uint64_t v)
{
	uint64_t be = htobe64(v);

	nl_put(b, type, &be, sizeof(be));
}

void
nl_put_str(struct nft_batch *b, uint16_t type, const char *s)
{
	nl_put(b, type, s, strlen(s) + 1);
}

size_t
nl_nest(struct nft_batch *b, uint16_t type)
{
	size_t at = grow(b, sizeof(struct nlattr));

	((struct nlattr *)(b->buf + at))->nla_type = type | NLA_F_NESTED;
	return at;
}

void
nl_nest_end(struct nft_batch *b, size_t nest)
{
	size_t len = b->len - nest;

	if (len > UINT16_MAX)
		BUG("netlink attribute of %zu bytes", len);
	((struct nlattr *)(b->buf + nest))->nla_len = (uint16_t)len;
}

static size_t
put_header(struct nft_batch *b, uint16_t type, uint16_t flags, uint8_t family)
{
	size_t at = grow(b, sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg));
	struct nlmsghdr *h = (struct nlmsghdr *)(b->buf + at);
	struct nfgenmsg *g = (struct nfgenmsg *)(h + 1);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_seq = ++b->seq;
	g->nfgen_family = family;
	g->version = NFNETLINK_V0;
	return at;
}

size_t
nl_msg(struct nft_batch *b, uint16_t type, uint16_t flags, uint8_t family,
    const char *what)
{
	size_t at =
	    put_header(b, (NFNL_SUBSYS_NFTABLES << 8) | type, flags, family);

	b->deletes |= type == NFT_MSG_DELTABLE || type == NFT_MSG_DELCHAIN ||
	    type == NFT_MSG_DELRULE || type == NFT_MSG_DELSET ||
	    type == NFT_MSG_DELSETELEM;
	if (what) {
		b->note = array_grow(
		    b->note, b->n_note, &b->cap_note, sizeof(*b->note));
		b->note[b->n_note++] = (struct nft_batch_note){ b->seq, what };
	}
	return at;
}

void
nl_msg_end(struct nft_batch *b, size_t msg)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(b->buf + msg);

	h->nlmsg_len = (uint32_t)(b->len - msg);
	b->last = msg;
}

size_t
nl_frame(struct nft_batch *b, uint16_t type)
{
	size_t at = put_header(b, type, 0, AF_UNSPEC);
	struct nfgenmsg *g =
	    (struct nfgenmsg *)(b->buf + at + sizeof(struct nlmsghdr));

	g->res_id = htons(NFNL_SUBSYS_NFTABLES);
	return at;
}

const char *
nl_note(const struct nft_batch *b, uint32_t seq)
{
	const char *what = NULL;

	/* Notes are in order of seq; a message without its own belongs to the
	 * thing named last. */
	for (size_t i = 0; i < b->n_note && b->note[i].seq <= seq; i++)
		what = b->note[i].what;
	return what ? what : "the transaction";
}
