/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets and their elements as they are in the kernel, and changing them. */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <stdlib.h>

#include "nft/nft.h"
#include "nft/private.h"

void
nl_sets_clear(struct nl_sets *s)
{
	arena_clear(&s->arena);
	array_clear(s);
}

static int
on_set(const struct nlmsghdr *h, void *arg)
{
	const char *table = "", *name = "";
	const struct nlattr *attr;
	struct nl_sets *s = arg;
	struct nft_set set = { 0 };

	mnl_attr_for_each(attr, h, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) == NFTA_SET_TABLE)
			table = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == NFTA_SET_NAME)
			name = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == NFTA_SET_FLAGS)
			set.flags = ntohl(mnl_attr_get_u32(attr));
		if (mnl_attr_get_type(attr) == NFTA_SET_KEY_LEN)
			set.key_len = ntohl(mnl_attr_get_u32(attr));
	}
	if (!streq(table, NFT_PF_TABLE) || !s->want(name))
		return MNL_CB_OK;
	set.name = arena_strdup(&s->arena, name);
	*array_add(s) = set;
	return MNL_CB_OK;
}

int
nl_sets_read(
    struct nl_sets *ret, bool (*want)(const char *name), struct err *err)
{
	_cleanup_(nl_closep) struct mnl_socket *nl = NULL;
	int r = nl_open(NETLINK_NETFILTER, &nl, err);

	ret->want = want;
	if (r == 0)
		r = nl_dump(nl, NFT_MSG_GETSET, NFPROTO_INET, NFT_PF_TABLE,
		    NULL, on_set, ret, err);
	if (r == -ENOENT) {
		err_clear(err);
		return 0;
	}
	return r;
}

static void
read_value(uint8_t *ret, size_t room, const struct nlattr *attr)
{
	const struct nlattr *value;
	size_t len;

	mnl_attr_for_each_nested(value, attr)
	{
		len = mnl_attr_get_payload_len(value);
		if (len <= room)
			memcpy(ret, mnl_attr_get_payload(value), len);
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
			read_value(e->key, sizeof(e->key), attr);
		if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_DATA)
			read_value(e->data, sizeof(e->data), attr);
	}
}

static int
on_elems(const struct nlmsghdr *h, void *arg)
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

/* -ENOENT: there is no such set. */
static int
dump(const char *set, struct nft_elems *ret, struct err *err)
{
	_cleanup_(nl_closep) struct mnl_socket *nl = NULL;
	int r = nl_open(NETLINK_NETFILTER, &nl, err);

	for (int i = 0; i < TRIES && (i == 0 || r == -EINTR); i++) {
		if (r < 0 && r != -EINTR)
			return r;
		array_clear(ret);
		r = nl_dump(nl, NFT_MSG_GETSETELEM, NFPROTO_INET, NFT_PF_TABLE,
		    set, on_elems, ret, err);
	}
	return r;
}

int
nft_set_elems(const char *set, struct nft_elems *ret, struct err *err)
{
	int r = dump(set, ret, err);

	if (r == -ENOENT) {
		err_clear(err);
		return 0;
	}
	return r;
}

/* Where one range ends and the next begins, the end comes first. */
static int
elem_cmp(const void *a, const void *b)
{
	const struct nft_elem *x = a, *y = b;
	int c = memcmp(x->key, y->key, sizeof(x->key));

	return c != 0 ? c : y->end - x->end;
}

static void
sort(struct nft_elem *e, size_t n)
{
	if (n > 0)
		qsort(e, n, sizeof(*e), elem_cmp);
}

/* The elements of the first range, or one of a set without ranges. */
static size_t
range_len(const struct nft_elem *e, size_t n)
{
	return n > 1 && e[1].end ? 2 : 1;
}

static bool
same_range(
    const struct nft_elem *a, size_t na, const struct nft_elem *b, size_t nb)
{
	if (na != nb)
		return false;
	for (size_t i = 0; i < na; i++)
		if (elem_cmp(&a[i], &b[i]) != 0 ||
		    memcmp(a[i].data, b[i].data, sizeof(a[i].data)) != 0)
			return false;
	return true;
}

/* The ranges of `a` that `b` has not; both are sorted. */
static void
less(
    struct nft_elems *ret, const struct nft_elems *a, const struct nft_elems *b)
{
	size_t i = 0, k = 0, len;

	for (; i < a->n; i += len) {
		len = range_len(a->v + i, a->n - i);
		while (k < b->n && elem_cmp(&b->v[k], &a->v[i]) < 0)
			k++;
		if (k < b->n &&
		    same_range(
			a->v + i, len, b->v + k, range_len(b->v + k, b->n - k)))
			continue;
		for (size_t e = 0; e < len; e++)
			*array_add(ret) = a->v[i + e];
	}
}

static void
put_changes(
    struct nft_batch *b, const struct nft_set *shall, struct nft_elems *has)
{
	struct nft_elems want = { 0 }, gone = { 0 }, fresh = { 0 };
	struct nft_set part = *shall;

	for (size_t i = 0; i < shall->n_elem; i++)
		*array_add(&want) = shall->elem[i];
	sort(want.v, want.n);
	sort(has->v, has->n);
	less(&gone, has, &want);
	less(&fresh, &want, has);
	part.elem = gone.v;
	part.n_elem = gone.n;
	nft_batch_del_elems(b, NFPROTO_INET, NFT_PF_TABLE, &part);
	part.elem = fresh.v;
	part.n_elem = fresh.n;
	nft_batch_elems(b, NFPROTO_INET, NFT_PF_TABLE, &part);
	array_clear(&want);
	array_clear(&gone);
	array_clear(&fresh);
}

int
nl_put_set(struct nft_batch *b, const struct nft_set *shall, struct err *err)
{
	struct nft_elems has = { 0 };
	int r = dump(shall->name, &has, err);

	if (r == -ENOENT) {
		err_clear(err);
		r = 0;
	} else if (r == 0 && shall->n_elem == 0) {
		if (has.n > 0)
			nft_batch_flush_set(
			    b, NFPROTO_INET, NFT_PF_TABLE, shall->name);
	} else if (r == 0) {
		put_changes(b, shall, &has);
	}
	array_clear(&has);
	return r;
}
