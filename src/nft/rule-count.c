/* SPDX-License-Identifier: BSD-2-Clause */
/* What the rules of our inet table counted: see enum nft_count. */
#include "nft/private.h"

#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>

#include "nft/nft.h"

static const char *const sets[] = { NFT_COUNT_SETS };

struct reading {
	struct nft_rule_counts *to;
	enum nft_count what; /* of the set that is read */
};

/* Attributes of one nest, by their type. */
enum { ATTRS = 32 };
struct attrs {
	const struct nlattr *v[ATTRS];
};

static int
collect(const struct nlattr *attr, void *arg)
{
	struct attrs *a = arg;
	uint16_t type = mnl_attr_get_type(attr);

	if (type < ATTRS)
		a->v[type] = attr;
	return MNL_CB_OK;
}

static struct attrs
attrs_in(const struct nlattr *nest)
{
	struct attrs a = { 0 };

	if (nest)
		(void)mnl_attr_parse_nested(nest, collect, &a);
	return a;
}

/* Is it a counter, and what does it say? */
static bool
read_counter(const struct nlattr *expr, struct nft_rule_count *c)
{
	struct attrs a = attrs_in(expr), data;

	if (!a.v[NFTA_EXPR_NAME] ||
	    !streq(mnl_attr_get_str(a.v[NFTA_EXPR_NAME]), "counter"))
		return false;
	data = attrs_in(a.v[NFTA_EXPR_DATA]);
	if (!data.v[NFTA_COUNTER_PACKETS] || !data.v[NFTA_COUNTER_BYTES])
		return false;
	c->packets = be64toh(mnl_attr_get_u64(data.v[NFTA_COUNTER_PACKETS]));
	c->bytes = be64toh(mnl_attr_get_u64(data.v[NFTA_COUNTER_BYTES]));
	return true;
}

/* ---- states: elements of the sets ---- */

static int
on_elem(const struct nlattr *elem, void *arg)
{
	struct reading *r = arg;
	struct attrs a = attrs_in(elem);
	struct attrs key = attrs_in(a.v[NFTA_SET_ELEM_KEY]);
	const struct nlattr *value = key.v[NFTA_DATA_VALUE];
	struct nft_rule_count c = { .what = r->what };
	uint32_t label[4];

	if (!value || mnl_attr_get_payload_len(value) != sizeof(label))
		return MNL_CB_OK;
	memcpy(label, mnl_attr_get_payload(value), sizeof(label));
	c.rule = label[0] | label[1];
	if (read_counter(a.v[NFTA_SET_ELEM_EXPR], &c))
		*array_add(r->to) = c;
	return MNL_CB_OK;
}

static int
on_elems(const struct nlmsghdr *h, void *arg)
{
	struct attrs a = { 0 };

	(void)mnl_attr_parse(h, sizeof(struct nfgenmsg), collect, &a);
	if (a.v[NFTA_SET_ELEM_LIST_ELEMENTS])
		(void)mnl_attr_parse_nested(
		    a.v[NFTA_SET_ELEM_LIST_ELEMENTS], on_elem, arg);
	return MNL_CB_OK;
}

/* ---- rules with a counter of their own ---- */

static int
on_expr(const struct nlattr *expr, void *arg)
{
	struct nft_rule_count c;

	if (read_counter(expr, &c)) {
		struct nft_rule_count *to = arg;

		to->packets = c.packets;
		to->bytes = c.bytes;
	}
	return MNL_CB_OK;
}

static int
on_rule(const struct nlmsghdr *h, void *arg)
{
	struct reading *r = arg;
	struct nft_rule_count c = { 0 };
	struct attrs a = { 0 };
	struct nft_tag tag;

	(void)mnl_attr_parse(h, sizeof(struct nfgenmsg), collect, &a);
	if (!a.v[NFTA_RULE_USERDATA] || !a.v[NFTA_RULE_EXPRESSIONS] ||
	    mnl_attr_get_payload_len(a.v[NFTA_RULE_USERDATA]) != sizeof(tag))
		return MNL_CB_OK;
	memcpy(
	    &tag, mnl_attr_get_payload(a.v[NFTA_RULE_USERDATA]), sizeof(tag));
	if (tag.type != NFT_TAG || tag.count >= NFT_COUNT_KINDS)
		return MNL_CB_OK;
	c.rule = tag.rule;
	c.what = tag.count;
	(void)mnl_attr_parse_nested(a.v[NFTA_RULE_EXPRESSIONS], on_expr, &c);
	*array_add(r->to) = c;
	return MNL_CB_OK;
}

/* ---- all ---- */

static int
read_once(struct mnl_socket *nl, struct nft_rule_counts *ret, struct err *err)
{
	struct reading to = { .to = ret };
	int r;

	ret->n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		to.what = (enum nft_count)i;
		r = nl_dump(nl, NFT_MSG_GETSETELEM, NFPROTO_INET, NFT_PF_TABLE,
		    sets[i], on_elems, &to, err);
		if (r == -ENOENT)
			return 0; /* nothing is loaded */
		if (r < 0)
			return r;
	}
	return nl_dump(nl, NFT_MSG_GETRULE, NFPROTO_INET, NFT_PF_TABLE, NULL,
	    on_rule, &to, err);
}

int
nft_rule_counts_read(struct nft_rule_counts *ret, struct err *err)
{
	_cleanup_(nl_closep) struct mnl_socket *nl = NULL;
	struct nft_rule_counts counts = { 0 };
	int r = nl_open(NETLINK_NETFILTER, &nl, err);

	if (r < 0)
		return r;
	r = -EINTR;
	for (int i = 0; i < TRIES && r == -EINTR; i++)
		r = read_once(nl, &counts, err);
	if (r < 0) {
		array_clear(&counts);
		return r;
	}
	*ret = counts;
	return 0;
}
