/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Run inside a jail by the tests, built with musl, statically.
 *
 *	probe			tries what a jail must refuse, and prints a
 *				line "NAME ERRNO" for each (0: allowed)
 *	probe serve ADDR PORT	a server that says hello
 *	probe get ADDR PORT	what a server says
 *	probe sendto PORT	see by_sendto
 *	probe watch SECONDS	see watch
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void
tell(const char *name, long r)
{
	printf("%s %d\n", name, r < 0 ? errno : 0);
}

/* Send to 127.0.0.1 by a socket that is not connected, and print where the
 * datagram came from as the receiver on the same host sees it. */
static int
by_sendto(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((unsigned short)port) },
			   from;
	int rx = socket(AF_INET, SOCK_DGRAM, 0);
	int tx = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(from);
	char c;

	inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
	if (bind(rx, (void *)&a, sizeof(a)) < 0 ||
	    sendto(tx, "x", 1, 0, (void *)&a, sizeof(a)) != 1 ||
	    recvfrom(rx, &c, 1, MSG_DONTWAIT, (void *)&from, &len) != 1) {
		perror("sendto");
		return 1;
	}
	puts(inet_ntoa(from.sin_addr));
	return 0;
}

static socklen_t
parse(const char *address, int port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *a4 = (void *)ret;
	struct sockaddr_in6 *a6 = (void *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, address, &a4->sin_addr) == 1) {
		a4->sin_family = AF_INET;
		a4->sin_port = htons((unsigned short)port);
		return sizeof(*a4);
	}
	inet_pton(AF_INET6, address, &a6->sin6_addr);
	a6->sin6_family = AF_INET6;
	a6->sin6_port = htons((unsigned short)port);
	return sizeof(*a6);
}

/* A server that says "hello" to everyone. Its parent returns when it listens.
 */
static int
serve(const char *address, int port)
{
	struct sockaddr_storage a;
	socklen_t len = parse(address, port, &a);
	int fd = socket(a.ss_family, SOCK_STREAM, 0), c;

	if (bind(fd, (void *)&a, len) < 0 || listen(fd, 5) < 0) {
		perror(address);
		return 1;
	}
	if (fork() != 0)
		return 0;
	setsid();
	close(0);
	close(1);
	close(2);
	while ((c = accept(fd, NULL, NULL)) >= 0) {
		(void)!write(c, "hello", 5);
		close(c);
	}
	return 0;
}

/* For some seconds, look into each process as it appears; print the programs
 * that are none of the jail's. */
static int
watch(int seconds)
{
	time_t end = time(NULL) + seconds;
	char path[40], exe[300];

	while (time(NULL) < end)
		for (int pid = 2; pid < 400; pid++) {
			ssize_t n;

			snprintf(path, sizeof(path), "/proc/%d/exe", pid);
			n = readlink(path, exe, sizeof(exe) - 1);
			if (n <= 0)
				continue;
			exe[n] = 0;
			if (strncmp(exe, "/bin/", 5) != 0)
				puts(exe);
		}
	return 0;
}

static int
get(const char *address, int port)
{
	struct sockaddr_storage a;
	socklen_t len = parse(address, port, &a);
	int fd = socket(a.ss_family, SOCK_STREAM, 0);
	char text[100];
	ssize_t n;

	if (connect(fd, (void *)&a, len) < 0) {
		perror(address);
		return 1;
	}
	n = read(fd, text, sizeof(text));
	(void)!write(1, text, n > 0 ? (size_t)n : 0);
	return 0;
}

int
main(int argc, char **argv)
{
	static char stack[16384];
	char params[120] = { 0 };

	if (argc == 3 && strcmp(argv[1], "watch") == 0)
		return watch(atoi(argv[2]));
	if (argc == 3)
		return by_sendto(atoi(argv[2]));
	if (argc == 4)
		return (strcmp(argv[1], "serve") == 0 ? serve : get)(
		    argv[2], atoi(argv[3]));
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
