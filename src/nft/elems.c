/* SPDX-License-Identifier: BSD-2-Clause */
/* The elements of a set as they are in the kernel. */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>

#include "nft/nft.h"
#include "nft/private.h"

static void
read_key(struct nft_elem *e, const struct nlattr *key)
{
	const struct nlattr *value;
	size_t len;

	mnl_attr_for_each_nested(value, key)
	{
		len = mnl_attr_get_payload_len(value);
		if (len <= sizeof(e->key))
			memcpy(e->key, mnl_attr_get_payload(value), len);
	}
}

static void
read_elem(struct nft_elems *ret, const struct nlattr *elem)
{
	struct nft_elem *e = array_add(ret);
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, elem)
	{
		if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_FLAGS)
			e->end = ntohl(mnl_attr_get_u32(attr)) &
			    NFT_SET_ELEM_INTERVAL_END;
		if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_EXPIRATION)
			e->left =
			    (uint32_t)(be64toh(mnl_attr_get_u64(attr)) / 1000);
		if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_KEY)
			read_key(e, attr);
	}
}

int
nft_on_elems(const struct nlmsghdr *h, void *arg)
{
	const struct nlattr *attr, *elem;

	mnl_attr_for_each(attr, h, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested(elem, attr) read_elem(arg, elem);
	}
	return MNL_CB_OK;
}

int
nft_set_elems(const char *set, struct nft_elems *ret, struct err *err)
{
	_cleanup_(nl_closep) struct mnl_socket *nl = NULL;
	int r = nl_open(NETLINK_NETFILTER, &nl, err);

	for (int i = 0; i < TRIES && (i == 0 || r == -EINTR); i++) {
		if (r < 0 && r != -EINTR)
			return r;
		array_clear(ret);
		r = nl_dump(nl, NFT_MSG_GETSETELEM, NFPROTO_INET, NFT_PF_TABLE,
		    set, nft_on_elems, ret, err);
	}
	if (r == -ENOENT) {
		err_clear(err);
		return 0;
	}
	return r;
}
