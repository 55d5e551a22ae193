/* SPDX-License-Identifier: BSD-2-Clause */
/* Sources that rules track: whose a state is, and the sets that count them. */
#include "nft/nft.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <sys/socket.h>

#include "nft/private.h"

void
nft_state_source(const struct nft_state *s, uint32_t bit, uint8_t ret[16])
{
	const uint8_t *ip = bit == NFT_L_FWD ? s->orig.src : s->reply.dst;
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (s->orig.family == AF_INET6) {
		memcpy(ret, ip, 16);
		return;
	}
	memcpy(ret, mapped, sizeof(mapped));
	memcpy(ret + 12, ip, 4);
}

/* ---- the sets ---- */

static bool
is_source_set(const char *name)
{
	static const char *const prefix[] = { NFT_S_SOURCES };

	for (size_t i = 0; i < ARRAY_SIZE(prefix); i++)
		if (str_starts(name, prefix[i]))
			return true;
	return false;
}

/* The address is the end of each key. */
static int
put_forgotten(struct nft_batch *b, const struct nft_set *set,
    bool (*which)(const uint8_t addr[16], void *arg), void *arg,
    struct err *err)
{
	struct nft_elems e = { 0 };
	struct nft_set part = *set;
	int r = nft_set_elems(set->name, &e, err);

	part.elem = e.v;
	for (size_t i = 0; i < e.n; i++)
		if (which(e.v[i].key + set->key_len - 16, arg))
			e.v[part.n_elem++] = e.v[i];
	nft_batch_del_elems(b, NFPROTO_INET, NFT_PF_TABLE, &part);
	array_clear(&e);
	return r;
}

static int
forget_once(bool (*which)(const uint8_t addr[16], void *arg), void *arg,
    struct err *err)
{
	_cleanup_(nft_batch_clear) struct nft_batch b = { 0 };
	_cleanup_(nl_sets_clear) struct nl_sets f = { 0 };
	int r = nl_sets_read(&f, is_source_set, err);

	nft_batch_init(&b);
	for (size_t i = 0; i < f.n && r == 0; i++)
		r = put_forgotten(&b, &f.v[i], which, arg, err);
	return r < 0 ? r : nft_batch_commit(&b, err);
}

/* -ENOENT: an element went by itself. */
int
nft_sources_forget(bool (*which)(const uint8_t addr[16], void *arg), void *arg,
    struct err *err)
{
	int r = -EINTR;

	for (int i = 0; i < TRIES && (r == -EINTR || r == -ENOENT); i++)
		r = forget_once(which, arg, err);
	return r;
}
