/* SPDX-License-Identifier: BSD-2-Clause */
/* What a process of the jail may not do from its next exec on. */
#include <errno.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/guard.h"
#include "jail/internal.h"

/*
 * The capabilities of the jail's root, all over its own user namespace only.
 * SYS_PTRACE: start-stop-daemon and ps look at /proc/PID/exe of other users'
 * processes. Without SYS_ADMIN there are no mounts and no host name, without
 * NET_ADMIN no addresses; NET_RAW is allow_raw_sockets. IPC_LOCK, MKNOD and
 * LINUX_IMMUTABLE count in the host's user namespace only: they would not help.
 */
static const unsigned char kept[] = { CAP_CHOWN, CAP_DAC_OVERRIDE,
	CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID, CAP_KILL, CAP_SETGID,
	CAP_SETUID, CAP_SETPCAP, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT,
	CAP_SYS_PTRACE, CAP_AUDIT_WRITE, CAP_SETFCAP };

static uint64_t
capabilities(const struct confine *c)
{
	uint64_t set = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		set |= UINT64_C(1) << kept[i];
	if (c->allow_raw_sockets)
		set |= UINT64_C(1) << CAP_NET_RAW;
	return set;
}

static int
bound_capabilities(uint64_t keep, struct err *err)
{
	struct __user_cap_header_struct h = { .version =
						  _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	for (unsigned long cap = 0; cap < 64; cap++) {
		if ((keep >> cap & 1) != 0)
			continue;
		/* EINVAL: the kernel's last one is behind us. */
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL)
			return err_errno(
			    err, "cannot take capability %lu away", cap);
	}
	if (syscall(SYS_capget, &h, d) < 0)
		return err_errno(err, "cannot read the capabilities");
	d[0].inheritable = d[1].inheritable = 0;
	if (syscall(SYS_capset, &h, d) < 0)
		return err_errno(err, "cannot set the capabilities");
	return 0;
}

/* The limits of the shell that `gaol start` was typed in are not the jail's.
 * A hard limit can only go down here. */
static const struct {
	int resource;
	rlim_t soft, hard;
} resource_limits[] = {
	{ RLIMIT_NOFILE, 1024, 524288 },
	/* 1 is the value with which the kernel neither makes a file nor calls
	 * the host's crash handler; the filter keeps it. */
	{ RLIMIT_CORE, 1, 1 },
	{ RLIMIT_STACK, 8 << 20, RLIM_INFINITY },
	{ RLIMIT_CPU, RLIM_INFINITY, RLIM_INFINITY },
	{ RLIMIT_FSIZE, RLIM_INFINITY, RLIM_INFINITY },
	{ RLIMIT_DATA, RLIM_INFINITY, RLIM_INFINITY },
	{ RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY },
	{ RLIMIT_RSS, RLIM_INFINITY, RLIM_INFINITY },
	{ RLIMIT_NPROC, RLIM_INFINITY, RLIM_INFINITY },
	{ RLIMIT_MSGQUEUE, 819200, 819200 },
	{ RLIMIT_NICE, 0, 0 },
	{ RLIMIT_RTPRIO, 0, 0 },
};

static int
limit_resource(int resource, rlim_t soft, rlim_t hard, struct err *err)
{
	struct rlimit l;

	if (getrlimit(resource, &l) < 0)
		return err_errno(
		    err, "cannot read resource limit %d", resource);
	l.rlim_max = MIN(l.rlim_max, hard);
	l.rlim_cur = MIN(l.rlim_max, soft);
	if (setrlimit((__rlimit_resource_t)resource, &l) < 0)
		return err_errno(err, "cannot set resource limit %d", resource);
	return 0;
}

static int
limit_resources(const struct confine *c, struct err *err)
{
	rlim_t locked = c->allow_mlock ? RLIM_INFINITY : 0;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(resource_limits); i++) {
		r = limit_resource(resource_limits[i].resource,
		    resource_limits[i].soft, resource_limits[i].hard, err);
		if (r < 0)
			return r;
	}
	return limit_resource(RLIMIT_MEMLOCK, locked, locked, err);
}

int
confine_self(const struct confine *c, struct err *err)
{
	struct sock_filter filter[SECCOMP_MAX];
	struct sock_fprog prog = { .filter = filter };
	int r;

	/* A session keyring of its own: the one we have is the admin's. */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 &&
	    errno != ENOSYS)
		return err_errno(err, "cannot join a new session keyring");
	r = guard_off("rlimits") ? 0 : limit_resources(c, err);
	if (r < 0)
		return r;
	r = guard_off("caps") ? 0 : bound_capabilities(capabilities(c), err);
	if (r < 0 || guard_off("filter"))
		return r;
	/* CAP_SYS_ADMIN, which the next exec takes away, lets us do this
	 * without no_new_privs, which would break su. */
	prog.len = (unsigned short)seccomp_build(c, filter);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
		return err_errno(err, "cannot install the system call filter");
	return 0;
}

void
confine_write(const struct confine *c, char buf[8])
{
	(void)snprintf(buf, 8, "-%s%s%s", c->allow_raw_sockets ? "r" : "",
	    c->allow_mlock ? "m" : "", c->allow_socket_af ? "s" : "");
}

void
confine_read(const char *word, struct confine *ret)
{
	ret->allow_raw_sockets = strchr(word, 'r') != NULL;
	ret->allow_mlock = strchr(word, 'm') != NULL;
	ret->allow_socket_af = strchr(word, 's') != NULL;
}
