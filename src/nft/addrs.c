/* SPDX-License-Identifier: BSD-2-Clause */
/* The sets that hold addresses of interfaces: what belongs into each, said by
 * its name, and bringing them up to date. */
#include "nft/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/ranges.h"
#include "nft/private.h"

/* pf's modifiers, as numbers in the names (pf/pf.h has the same). */
enum { MOD_NETWORK = 1, MOD_BROADCAST = 2, MOD_PEER = 4, MOD_FIRST = 8 };

/* What a set's name says. */
struct wanted {
	uint8_t family;
	bool own;
	unsigned int mods, bits;
	char name[16];
};

static bool
parse_name(const char *name, struct wanted *w)
{
	int version;

	*w = (struct wanted){ 0 };
	if (sscanf(name, "own%1d_%15s", &version, w->name) == 2)
		w->own = true;
	else if (sscanf(name, "dyn%1d_%u_%u_%15s", &version, &w->mods, &w->bits,
		     w->name) != 4)
		return false;
	w->family = version == 6 ? AF_INET6 : AF_INET;
	return version == 4 || version == 6;
}

static bool
belongs(const struct wanted *w, const struct nft_addr *a)
{
	if (a->family != w->family)
		return false;
	if (streq(a->ifname, w->name))
		return true;
	if (w->own) /* lo0 has what no other loopback has */
		return streq(w->name, "lo0") && !a->loopback;
	return streq(w->name, "self") || (streq(w->name, "lo") && a->loopback);
}

static bool
is_link_local(const struct nft_addr *a)
{
	return a->family == AF_INET6 && a->addr[0] == 0xfe &&
	    (a->addr[1] & 0xc0) == 0x80;
}

static void
add_range(struct ranges *r, const uint8_t *addr, unsigned int bits)
{
	struct range range = range_prefix(addr, r->len, bits);

	ranges_add(r, range.from, range.to);
}

/* One address as (if:mods) has it. */
static void
add_dyn(struct ranges *r, const struct wanted *w, const struct nft_addr *a)
{
	if (w->mods & MOD_NETWORK) {
		if (!is_link_local(a))
			add_range(r, a->addr, a->plen);
	} else if (w->mods & MOD_BROADCAST) {
		if (a->has_broadcast)
			add_range(r, a->broadcast, w->bits);
	} else if (w->mods & MOD_PEER) {
		if (a->has_peer)
			add_range(r, a->peer, w->bits);
	} else {
		add_range(r, a->addr, w->bits);
	}
}

static void
collect(struct ranges *r, const struct wanted *w, const struct nft_addrs *addrs)
{
	const char *last = "";

	for (size_t i = 0; i < addrs->n; i++) {
		const struct nft_addr *a = &addrs->v[i];

		if (!belongs(w, a))
			continue;
		if (w->own) {
			add_range(r, a->addr, 128);
			continue;
		}
		/* ":0": the first of each interface. */
		if ((w->mods & MOD_FIRST) && streq(last, a->ifname))
			continue;
		last = a->ifname;
		add_dyn(r, w, a);
	}
	/* All of 127/8 is lo0's, whatever is configured. */
	if (w->own && streq(w->name, "lo0") && w->family == AF_INET)
		add_range(r, (const uint8_t[4]){ 127, 0, 0, 0 }, 8);
	/* Neighbours stay apart, so that one can come and go without the
	 * other being touched. */
	ranges_merge_overlapping(r);
}

static void
fill(struct nft_set *set, const struct ranges *r, struct arena *arena)
{
	struct nft_elem *e = arena_array(arena, struct nft_elem, r->n * 2);
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		memcpy(e[n++].key, r->v[i].from, r->len);
		memcpy(e[n].key, r->v[i].to, r->len);
		if (range_next(e[n].key, r->len))
			e[n++].end = true;
	}
	set->elem = e;
	set->n_elem = n;
}

void
nft_addr_sets_fill(struct nft_set *set, size_t n_set,
    const struct nft_addrs *addrs, struct arena *arena)
{
	for (size_t i = 0; i < n_set; i++) {
		struct ranges r = { 0 };
		struct wanted w;

		if (!parse_name(set[i].name, &w))
			continue;
		r.len = w.family == AF_INET ? 4 : 16;
		collect(&r, &w, addrs);
		fill(&set[i], &r, arena);
		array_clear(&r);
	}
}

/* ---- bringing them up to date ---- */

static bool
is_addr_set(const char *name)
{
	struct wanted w;

	return parse_name(name, &w);
}

static int
sync_once(const struct nft_addrs *addrs, struct err *err)
{
	_cleanup_(nl_sets_clear) struct nl_sets f = { 0 };
	_cleanup_(nft_batch_clear) struct nft_batch b = { 0 };
	uint32_t genid;
	int r = nft_genid(&genid, err);

	if (r < 0)
		return r;
	r = nl_sets_read(&f, is_addr_set, err);
	if (r < 0)
		return r;
	nft_addr_sets_fill(f.v, f.n, addrs, &f.arena);
	nft_batch_init(&b);
	for (size_t i = 0; i < f.n && r == 0; i++)
		r = nl_put_set(&b, &f.v[i], err);
	return r < 0 ? r : nft_batch_commit_on(&b, genid, err);
}

int
nft_addrs_sync(const struct nft_addrs *addrs, struct err *err)
{
	int r = -EINTR;

	for (int i = 0; i < TRIES && (r == -EINTR || r == -ERESTART); i++)
		r = sync_once(addrs, err);
	return r;
}
