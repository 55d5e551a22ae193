/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Telling pf who has which address. pf's loaded rules hold sets for `self`,
 * `(lo1)` and for what belongs to which loopback; nft knows them by name, we
 * know the addresses.
 */
#include "net/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/file.h>

#include "base/file.h"
#include "nft/nft.h"

#define LOCK_DIR "/run/gaol"
#define LOCK_PATH LOCK_DIR "/addresses.lock"

static void
add_addr(struct nft_addrs *ret, const struct net_if *ifp,
    const struct net_ifaddr *from)
{
	struct nft_addr *to = array_add(ret);

	snprintf(to->ifname, sizeof(to->ifname), "%s", ifp->pf_name);
	to->loopback = ifp->cloned_lo || (ifp->flags & IFF_LOOPBACK);
	to->family = from->addr.family;
	to->plen = from->addr.plen;
	memcpy(to->addr, from->addr.b, sizeof(to->addr));
	to->has_broadcast = from->brd.family != 0;
	memcpy(to->broadcast, from->brd.b, sizeof(to->broadcast));
	to->has_peer = from->peer.family != 0;
	memcpy(to->peer, from->peer.b, sizeof(to->peer));
}

static int
lock_addresses(struct err *err)
{
	int fd, r = file_mkdir_p(LOCK_DIR, 0755, err);

	if (r < 0)
		return r;
	fd = open(LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, "cannot open %s", LOCK_PATH);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR) {
			r = err_errno(err, "cannot lock %s", LOCK_PATH);
			close(fd);
			return r;
		}
	return fd;
}

static int
find_table(bool *ret, struct err *err)
{
	_cleanup_(rtnl_batch_clear) struct rtnl_batch b = RTNL_BATCH_INIT;
	_cleanup_(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct nfgenmsg *nfg;
	struct nlmsghdr *m;
	int r = rtnl_open(&nl, NETLINK_NETFILTER, err);

	if (r < 0)
		return r;
	m = rtnl_add(&b, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, 0, 0,
	    "find table " NFT_PF_TABLE);
	nfg = mnl_nlmsg_put_extra_header(m, sizeof(*nfg));
	nfg->nfgen_family = NFPROTO_INET;
	nfg->version = NFNETLINK_V0;
	mnl_attr_put_strz(m, NFTA_TABLE_NAME, NFT_PF_TABLE);
	r = rtnl_run(&nl, &b, err);
	*ret = r == 0;
	return r == -ENOENT ? 0 : r;
}

/* Reading and telling are one under the lock: of two jails that start at
 * once, the second to tell has seen the first one's addresses. */
int
net_pf_sync(struct err *err)
{
	_cleanup_(net_view_clear) struct net_view view = { 0 };
	_cleanup_close_ int lock = lock_addresses(err);
	struct nft_addrs addrs = { 0 };
	bool there;
	int r;

	if (lock < 0)
		return lock;
	/* Most of the work is the reading: not without need. */
	r = find_table(&there, err);
	if (r == 0 && !there)
		err_clear(err);
	if (r < 0 || !there)
		return r;
	r = net_view_read(&view, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < view.n; i++)
		for (size_t k = 0; k < view.v[i].n; k++)
			add_addr(&addrs, &view.v[i], &view.v[i].v[k]);
	r = nft_addrs_sync(&addrs, err);
	array_clear(&addrs);
	if (r < 0)
		return err_wrap(err, r, "pf's addresses");
	err_clear(err);
	return 0;
}
