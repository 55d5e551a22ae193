/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes and their namespaces: clone3, pidfds, id maps, visiting. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "jail/internal.h"

pid_t
ns_fork(uint64_t flags, int cgroup_fd, int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = flags,
		/* With CLONE_PARENT the kernel takes the parent's own. */
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};
	long pid;

	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	if (ret_pidfd != NULL) {
		args.flags |= CLONE_PIDFD;
		args.pidfd = (uint64_t)(uintptr_t)&pidfd;
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		return -errno;
	if (pid > 0 && ret_pidfd != NULL)
		*ret_pidfd = pidfd;
	return (pid_t)pid;
}

pid_t
ns_fork_as(uint32_t uid, uint64_t flags, int cgroup_fd, int *ret_pidfd)
{
	int bits = prctl(PR_GET_SECUREBITS), dumpable, death = 0;
	pid_t pid;

	if (uid == 0)
		return ns_fork(flags, cgroup_fd, ret_pidfd);
	dumpable = prctl(PR_GET_DUMPABLE);
	(void)prctl(PR_GET_PDEATHSIG, &death);
	/* Capabilities stay when the uid goes. Raw calls, since the C
	 * library's want to tell other threads. */
	if (bits < 0 ||
	    prctl(PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP) < 0 ||
	    syscall(SYS_setresuid, -1, uid, -1) < 0)
		return -errno;
	pid = ns_fork(flags, cgroup_fd, ret_pidfd);
	if (pid == 0)
		return 0;
	if (syscall(SYS_setresuid, -1, 0, -1) < 0 ||
	    prctl(PR_SET_SECUREBITS, bits) < 0)
		BUG("cannot become root again: %s", strerror(errno));
	/* A change of the uid clears both. */
	(void)prctl(PR_SET_DUMPABLE, dumpable == 1);
	if (death != 0)
		(void)prctl(PR_SET_PDEATHSIG, death);
	return pid;
}

int
ns_pidfd(pid_t pid, uint64_t start_time)
{
	_cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	uint64_t now;

	if (fd < 0)
		return -errno;
	/* The descriptor first, the question after: the pid cannot change
	 * hands in between without the descriptor being dead. */
	if (proc_start_time(pid, &now) < 0 || now != start_time)
		return -ESRCH;
	return TAKE_FD(fd);
}

int
ns_wait(int pidfd, int ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int r;

	do
		r = poll(&p, 1, ms);
	while (r < 0 && errno == EINTR);
	return r > 0;
}

int
ns_write_maps(pid_t pid, uint32_t base, struct err *err)
{
	static const char *const files[] = { "uid_map", "gid_map" };
	char path[48], map[48];

	(void)snprintf(map, sizeof(map), "0 %u %u\n", base, JAIL_ID_COUNT);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		int r;

		(void)snprintf(
		    path, sizeof(path), "/proc/%d/%s", (int)pid, files[i]);
		r = file_poke(AT_FDCWD, path, map);
		if (r < 0)
			return err_code(err, r, "cannot write %s", path);
	}
	return 0;
}

int
ns_net_enter(int fd, int *ret_back, struct err *err)
{
	_cleanup_close_ int back =
	    open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (back < 0)
		return err_errno(err, "cannot open /proc/self/ns/net");
	if (setns(fd, CLONE_NEWNET) < 0)
		return err_errno(
		    err, "cannot enter the jail's network namespace");
	*ret_back = TAKE_FD(back);
	return 0;
}

void
ns_net_leave(int back)
{
	/* Going on in a jail's network namespace would do the host's work
	 * there. */
	if (setns(back, CLONE_NEWNET) < 0)
		BUG("cannot return to the host's network namespace: %s",
		    strerror(errno));
	(void)close(back);
}

int
message_send(int fd, const struct message *msg, const int *fds, size_t n)
{
	_Alignas(struct cmsghdr) char buf[CMSG_SPACE(4 * sizeof(int))] = { 0 };
	struct iovec iov = { (void *)(uintptr_t)msg, sizeof(*msg) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n > 0) {
		struct cmsghdr *c;

		m.msg_control = buf;
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	return sendmsg(fd, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int
message_receive(int fd, struct message *msg, int *fds, size_t max)
{
	_Alignas(struct cmsghdr) char buf[CMSG_SPACE(4 * sizeof(int))] = { 0 };
	struct iovec iov = { msg, sizeof(*msg) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	size_t got = 0;
	ssize_t n;

	m.msg_control = max > 0 ? buf : NULL;
	m.msg_controllen = max > 0 ? CMSG_SPACE(max * sizeof(int)) : 0;
	do
		n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n != sizeof(*msg))
		return -EPIPE;
	msg->err.msg[sizeof(msg->err.msg) - 1] = '\0';
	c = CMSG_FIRSTHDR(&m);
	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS) {
		got = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(c), got * sizeof(int));
	}
	return (int)got;
}

static int
by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void
close_all_but(int *fds, size_t n)
{
	unsigned int next = 0;

	qsort(fds, n, sizeof(*fds), by_value);
	for (size_t i = 0; i < n; i++) {
		if (fds[i] < 0)
			continue;
		if ((unsigned int)fds[i] > next)
			(void)syscall(
			    SYS_close_range, next, (unsigned int)fds[i] - 1, 0);
		next = (unsigned int)fds[i] + 1;
	}
	(void)syscall(SYS_close_range, next, ~0U, 0);
}
