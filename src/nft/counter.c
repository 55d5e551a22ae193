/* SPDX-License-Identifier: BSD-2-Clause */
/* The counters of our inet table. */
#include "nft/private.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>

#include "nft/nft.h"

struct reading {
	struct nft_counter *v;
	size_t n;
};

static int
obj_attr(const struct nlattr *attr, void *arg)
{
	const struct nlattr **v = arg;
	int type = mnl_attr_get_type(attr);

	if (type <= NFTA_OBJ_MAX)
		v[type] = attr;
	return MNL_CB_OK;
}

static int
count_attr(const struct nlattr *attr, void *arg)
{
	struct nft_counter *c = arg;

	if (mnl_attr_get_type(attr) == NFTA_COUNTER_PACKETS)
		c->packets = be64toh(mnl_attr_get_u64(attr));
	else if (mnl_attr_get_type(attr) == NFTA_COUNTER_BYTES)
		c->bytes = be64toh(mnl_attr_get_u64(attr));
	return MNL_CB_OK;
}

static int
on_counter(const struct nlmsghdr *h, void *arg)
{
	const struct nlattr *v[NFTA_OBJ_MAX + 1] = { 0 };
	struct reading *to = arg;

	(void)mnl_attr_parse(h, sizeof(struct nfgenmsg), obj_attr, v);
	if (!v[NFTA_OBJ_NAME] || !v[NFTA_OBJ_TYPE] || !v[NFTA_OBJ_DATA] ||
	    ntohl(mnl_attr_get_u32(v[NFTA_OBJ_TYPE])) != NFT_OBJECT_COUNTER)
		return MNL_CB_OK;
	for (size_t i = 0; i < to->n; i++)
		if (streq(to->v[i].name, mnl_attr_get_str(v[NFTA_OBJ_NAME])))
			(void)mnl_attr_parse_nested(
			    v[NFTA_OBJ_DATA], count_attr, &to->v[i]);
	return MNL_CB_OK;
}

int
nft_counters_read(
    struct nft_counter *counter, size_t n, bool reset, struct err *err)
{
	_cleanup_(nl_closep) struct mnl_socket *nl = NULL;
	struct reading to = { counter, n };
	int r = nl_open(NETLINK_NETFILTER, &nl, err);

	for (int i = 0; i < TRIES && r == 0; i++) {
		for (size_t k = 0; k < n; k++)
			counter[k].packets = counter[k].bytes = 0;
		r = nl_dump(nl, reset ? NFT_MSG_GETOBJ_RESET : NFT_MSG_GETOBJ,
		    NFPROTO_INET, NFT_PF_TABLE, NULL, on_counter, &to, err);
		if (r != -EINTR)
			break;
		r = 0;
	}
	return r;
}
