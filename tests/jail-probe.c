/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Run inside a jail by the tests: tries what a jail must refuse, prints a
 * line "NAME ERRNO" for each (0: it was allowed). Built with musl, statically.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void
tell(const char *name, long r)
{
	printf("%s %d\n", name, r < 0 ? errno : 0);
}

int
main(void)
{
	static char stack[16384];
	char params[120] = { 0 };

	tell("socket-unix", socket(AF_UNIX, SOCK_STREAM, 0));
	tell("socket-inet", socket(AF_INET, SOCK_STREAM, 0));
	tell("socket-route", socket(16, SOCK_RAW, 0));
	tell("socket-vsock", socket(40, SOCK_STREAM, 0));
	tell("socket-alg", socket(38, SOCK_SEQPACKET, 0));
	tell("socket-netfilter", socket(16, SOCK_RAW, 12));
	tell("socket-audit", socket(16, SOCK_RAW, 9));
	tell("socket-raw", socket(AF_INET, SOCK_RAW, 1));
	tell("socket-packet", socket(17, SOCK_RAW, 0));
	tell("socket-ping", socket(AF_INET, SOCK_DGRAM, 1));
	tell("unshare-user", unshare(CLONE_NEWUSER));
	tell("unshare-net", unshare(CLONE_NEWNET));
	tell("unshare-files", unshare(CLONE_FILES));
	tell("clone-user",
	    syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, stack + sizeof(stack),
		0, 0, 0));
	tell("clone3", syscall(435, params, 64));
	tell("setns", setns(0, 0));
	tell("mount", mount("none", "/tmp", "tmpfs", 0, ""));
	tell("umount", umount2("/proc", MNT_DETACH));
	tell("fsopen", syscall(430, "tmpfs", 0));
	tell("open_tree", syscall(428, AT_FDCWD, "/", 1));
	tell("bpf", syscall(SYS_bpf, 0, params, sizeof(params)));
	tell("keyctl", syscall(SYS_keyctl, 0, -3, 0));
	tell("add_key", syscall(SYS_add_key, "user", "x", "y", 1, -3));
	tell("perf", syscall(SYS_perf_event_open, params, 0, -1, -1, 0));
	tell("userfaultfd", syscall(SYS_userfaultfd, 0));
	tell("io_uring", syscall(425, 8, params));
	tell("module", syscall(SYS_init_module, params, 1, ""));
	tell("reboot", syscall(SYS_reboot, 0, 0, 0, 0));
	tell("open_by_handle", syscall(SYS_open_by_handle_at, 0, params, 0));
	tell("syslog", syscall(SYS_syslog, 3, params, sizeof(params)));
	tell("sethostname", sethostname("evil", 4));
	tell("mknod",
	    syscall(SYS_mknodat, AT_FDCWD, "/tmp/sda", 0060666, 0x800));
	tell("future", syscall(1000));
	return 0;
}
