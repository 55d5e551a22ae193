/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Neighbour discovery's proxy is a switch of the interface, unlike that of
 * ARP, which is asked for each address. The first jail that needs it turns it
 * on, and the last one off again: a file in RUN_DIR says of an interface that
 * it was we who did.
 */
#include "net/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <unistd.h>

#include "base/file.h"

#define RUN_DIR "/run/gaol/proxy_ndp"

static char *
mark_of(const char *ifname)
{
	return xasprintf(RUN_DIR "/%s", ifname);
}

static char *
switch_of(const char *ifname)
{
	return xasprintf("ipv6/conf/%s/proxy_ndp", ifname);
}

int
net_proxy_on(const char *ifname, struct err *err)
{
	_cleanup_free_ char *mark = mark_of(ifname), *path = switch_of(ifname);
	_cleanup_close_ int fd = -1;
	int on, r;

	if (net_sysctl_read(path, &on) == 0 && on)
		return 0;
	/* Before: whoever is killed after it is undone by the mark. */
	r = file_mkdir_p(RUN_DIR, 0700, err);
	if (r < 0)
		return r;
	fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, "cannot create %s", mark);
	return net_sysctl_write(path, "1", err);
}

struct search {
	int index;
	bool found;
};

static int
on_neighbour(const struct nlmsghdr *m, void *arg)
{
	const struct ndmsg *nd = mnl_nlmsg_get_payload(m);
	struct search *s = arg;

	if (nd->ndm_ifindex == s->index && (nd->ndm_flags & NTF_PROXY))
		s->found = true;
	return MNL_CB_OK;
}

static void
search_again(void *arg)
{
	struct search *s = arg;

	s->found = false;
}

/* Does an interface answer for any address of others? */
static int
is_used(struct rtnl *nl, const char *ifname, bool *ret, struct err *err)
{
	struct ndmsg all = { .ndm_family = AF_INET6, .ndm_flags = NTF_PROXY };
	struct search s = { .index = (int)if_nametoindex(ifname) };
	int r = rtnl_dump(nl, RTM_GETNEIGH, &all, sizeof(all), on_neighbour,
	    search_again, &s, err);

	*ret = s.found;
	return r;
}

int
net_proxy_off(struct rtnl *nl, const char *ifname, struct err *err)
{
	_cleanup_free_ char *mark = mark_of(ifname), *path = switch_of(ifname);
	bool used;
	int r;

	/* Without a name: the interface of an address was never told. */
	if (ifname[0] == '\0' || access(mark, F_OK) < 0)
		return 0;
	r = is_used(nl, ifname, &used, err);
	if (r < 0 || used)
		return r;
	/* An interface that is gone took its switch along. */
	if (if_nametoindex(ifname) > 0)
		r = net_sysctl_write(path, "0", err);
	if (r == 0 && unlink(mark) < 0 && errno != ENOENT)
		return err_errno(err, "cannot remove %s", mark);
	return r;
}
