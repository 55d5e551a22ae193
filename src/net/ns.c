/* SPDX-License-Identifier: BSD-2-Clause */
/* Making network namespaces, and working in one for a moment. */
#include "net/internal.h"

#include <fcntl.h>
#include <sched.h>

static int
current_ns(struct err *err)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "cannot open the network namespace");
	return fd;
}

int
net_ns_enter(int fd, int *ret_back, struct err *err)
{
	_cleanup_close_ int back = current_ns(err);

	if (back < 0)
		return back;
	if (setns(fd, CLONE_NEWNET) < 0)
		return err_errno(err, "cannot enter the network namespace");
	*ret_back = TAKE_FD(back);
	return 0;
}

void
net_ns_leave(int *back)
{
	if (*back < 0)
		return;
	/* Going on in a jail's namespace would be worse than stopping. */
	if (setns(*back, CLONE_NEWNET) < 0)
		BUG("cannot return to the host's network namespace");
	closep(back);
	*back = -1;
}

int
net_ns_new(int *ret_fd, struct err *err)
{
	_cleanup_(net_ns_leave) int back = current_ns(err);
	int fd;

	if (back < 0)
		return back;
	if (unshare(CLONE_NEWNET) < 0)
		return err_errno(err, "cannot make a network namespace");
	fd = current_ns(err);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}
