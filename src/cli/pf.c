/* SPDX-License-Identifier: BSD-2-Clause */
/* The addresses that pf's rules name by an interface follow the jails. */
#include "cli/pf.h"

#include "net/net.h"
#include "nft/nft.h"

static void
add_addr(struct nft_addrs *all, const struct net_if *ifp,
    const struct net_ifaddr *from)
{
	bool loopback = (ifp->flags & IFF_LOOPBACK) || ifp->cloned_lo;
	struct nft_addr *to = array_add(all);

	(void)snprintf(to->ifname, sizeof(to->ifname), "%s", ifp->pf_name);
	to->loopback = loopback;
	to->family = from->addr.family;
	to->plen = from->addr.plen;
	memcpy(to->addr, from->addr.b, sizeof(to->addr));
	/* A cloned loopback is a bridge or dummy here, with a broadcast
	 * address that FreeBSD's has not. */
	to->has_broadcast = from->brd.family != 0 && !loopback;
	memcpy(to->broadcast, from->brd.b, sizeof(to->broadcast));
	to->has_peer = from->peer.family != 0;
	memcpy(to->peer, from->peer.b, sizeof(to->peer));
}

int
cli_pf_sync(struct err *err)
{
	struct nft_addrs addrs = { 0 };
	struct net_view view = { 0 };
	int r = net_view_read(&view, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < view.n; i++)
		for (size_t k = 0; k < view.v[i].n; k++)
			add_addr(&addrs, &view.v[i], &view.v[i].v[k]);
	r = nft_addrs_sync(&addrs, err);
	array_clear(&addrs);
	net_view_clear(&view);
	return r;
}
