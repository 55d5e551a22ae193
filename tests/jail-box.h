/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A box for tests that start real jails: the test goes on as the first
 * process of a PID namespace, with mounts, network, /run and control groups
 * of its own, lo1 = 192.168.0.1/24 and fd00::1/64, and a small root (busybox
 * and a probe) in box_root. When the test ends, however it ends, the kernel
 * takes all of it away; the parent removes files and control groups.
 */
#ifndef TESTS_JAIL_BOX_H
#define TESTS_JAIL_BOX_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/str.h"
#include "jail/jail.h"
#include "net/net.h"
#include "tap.h"

#define UNUSED_OK __attribute__((unused))

static char box_dir[64];    /* the box's own directory on the disk */
static char box_root[80];   /* the small root, mounted nosuid,nodev */
static char box_init[4096]; /* gaol-init */
static char box_log[80];    /* the console log of jails */

/* Run a shell command of the test's own; its exit code. */
__attribute__((format(printf, 1, 2), unused)) static int
box_sh(const char *fmt, ...)
{
	char cmd[4096];
	__builtin_va_list ap;
	int r;

	__builtin_va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	__builtin_va_end(ap);
	r = system(cmd);
	return WIFEXITED(r) ? WEXITSTATUS(r) : 128 + WTERMSIG(r);
}

/* What a command prints; static, trailing newlines removed. */
__attribute__((format(printf, 1, 2), unused)) static const char *
box_out(const char *fmt, ...)
{
	static char out[65536];
	char cmd[4096];
	__builtin_va_list ap;
	size_t n;
	FILE *f;

	__builtin_va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	__builtin_va_end(ap);
	f = popen(cmd, "r");
	n = fread(out, 1, sizeof(out) - 1, f);
	pclose(f);
	while (n > 0 && out[n - 1] == '\n')
		n--;
	out[n] = '\0';
	return out;
}

/*
 * Groups of our own in each hierarchy, which the namespaces then show as
 * roots. On v2 we sit in a leaf, since a group that hands controllers on must
 * not have processes itself.
 */
#define BOX_EACH_CGROUP                                      \
	"while read -r _ _ _ _ mp _ rest; do case $rest in " \
	"*' - cgroup '*|*' - cgroup2 '*|'- cgroup '*|'- cgroup2 '*) "

static void
box_cgroups_make(int id, pid_t child)
{
	(void)box_sh(BOX_EACH_CGROUP
	    "mkdir $mp/gaol-test-%d; "
	    "case $rest in *cgroup2*) "
	    "echo '+memory +cpu +pids' >$mp/cgroup.subtree_control;; esac; "
	    "echo %d >$mp/gaol-test-%d/cgroup.procs;; esac; done "
	    "2>/dev/null </proc/self/mountinfo",
	    id, (int)child, id);
}

static void
box_cgroups_show(void)
{
	(void)box_sh(
	    "IFS='\n'; for l in $(cat /proc/self/mountinfo); do IFS=' '; "
	    "set -- $l; mp=$5; o=${l##* }; case $l in "
	    "*' - cgroup '*) n=; case $o in *name=*) n=none,;; esac; "
	    "umount $mp && "
	    "mount -t cgroup -o \"$n${o#rw,}\" cgroup $mp;; "
	    "*' - cgroup2 '*) umount $mp && "
	    "mount -t cgroup2 cgroup2 $mp && "
	    "mkdir $mp/self && echo %d >$mp/self/cgroup.procs;; "
	    "esac; done",
	    (int)getpid());
}

static void
box_cgroups_remove(int id)
{
	(void)box_sh(BOX_EACH_CGROUP
	    "for i in 1 2 3 4 5 6 7 8 9 10; do "
	    "rmdir $mp/gaol-test-%d/self $mp/gaol-test-%d/gaol/* "
	    "$mp/gaol-test-%d/gaol; rmdir $mp/gaol-test-%d; "
	    "[ -d $mp/gaol-test-%d ] || break; sleep 0.1; done;; "
	    "esac; done 2>/dev/null </proc/self/mountinfo",
	    id, id, id, id, id);
}

static int
box_make_root(void)
{
	return box_sh(
	    "set -e; umask 022; mkdir -p %1$s/root; cd %1$s/root; "
	    "mkdir -p bin etc root home/joe tmp; chmod 1777 tmp; "
	    "cp $(command -v busybox) bin/busybox; "
	    "chroot . /bin/busybox --install -s /bin; "
	    "printf 'root::0:0:root:/root:/bin/sh\n"
	    "joe:x:1000:1000::/home/joe:/bin/sh\n' >etc/passwd; "
	    "printf 'root:x:0:\ntty:x:5:\njoe:x:1000:\nstaff:x:50:joe\n' "
	    ">etc/group; chown 1000:1000 home/joe; "
	    "cp bin/busybox bin/su.real; rm bin/su; mv bin/su.real bin/su; "
	    "chmod 4755 bin/su; "
	    "musl-gcc -static -Os -o bin/probe %2$s/tests/jail-probe.c; "
	    "mount --bind %1$s/root %1$s/root; "
	    "mount -o remount,bind,nosuid,nodev %1$s/root",
	    box_dir, getenv("TOP"));
}

static int
box_make_network(void)
{
	return box_sh("ip link set lo up && ip link add lo1 type bridge && "
		      "ip addr add 192.168.0.1/24 dev lo1 && "
		      "ip link set lo1 up && "
		      "{ ip addr add fd00::1/64 dev lo1 nodad || :; }");
}

static int
box_main(int (*test)(void))
{
	if (unshare(CLONE_NEWCGROUP) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", 0, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, "mode=755") < 0)
		return skip_all("cannot make the box's mounts");
	box_cgroups_show();
	if (box_make_network() != 0)
		return skip_all("cannot make lo1");
	if (box_make_root() != 0)
		return skip_all("cannot make a root with busybox");
	/* As systemd has it: what is cloned from here is shared as well. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) < 0)
		return skip_all("cannot share the box's mounts");
	return test();
}

/* The sources' top: tests are run from there, or say it with TOP. */
static void
box_paths(void)
{
	char top[4000];
	const char *build = getenv("BUILD");

	if (getenv("TOP") == NULL && getcwd(top, sizeof(top)) != NULL)
		setenv("TOP", top, 1);
	snprintf(box_init, sizeof(box_init), "%s/libexec/gaol-init",
	    build != NULL ? build : "build");
	snprintf(box_dir, sizeof(box_dir), "/var/tmp/gaol-box.XXXXXX");
	if (mkdtemp(box_dir) == NULL)
		exit(skip_all("cannot make a directory in /var/tmp"));
	snprintf(box_root, sizeof(box_root), "%s/root", box_dir);
	snprintf(box_log, sizeof(box_log), "%s/console.log", box_dir);
}

static pid_t box_child;

/* Told to end, the parent ends the box and cleans up after it. */
static void
box_signal(int sig)
{
	(void)sig;
	(void)kill(box_child, SIGKILL);
}

/* Run the test in a box; the exit code for main. */
static int
box_run(int (*test)(void))
{
	int id = (int)getpid(), status, go[2];
	pid_t pid;
	char c;

	if (geteuid() != 0)
		return skip_all("needs root");
	box_paths();
	fflush(stdout);
	if (pipe2(go, O_CLOEXEC) < 0)
		return 1;
	pid = (pid_t)syscall(SYS_clone,
	    CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC |
		CLONE_NEWUTS | SIGCHLD,
	    0, 0, 0, 0);
	if (pid < 0)
		return skip_all("cannot make namespaces");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(go[1]);
		(void)!read(go[0], &c, 1); /* until we are in the groups */
		exit(box_main(test));
	}
	box_child = pid;
	(void)signal(SIGTERM, box_signal);
	(void)signal(SIGINT, box_signal);
	(void)signal(SIGHUP, box_signal);
	box_cgroups_make(id, pid);
	close(go[1]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	box_cgroups_remove(id);
	(void)box_sh("rm -rf --one-file-system %s", box_dir);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* ---- jails of the tests ---- */

struct box_jail {
	struct jail_spec spec;
	struct net_jail_addrs addrs;
	char warning[256];
};

static void
box_warning(void *arg, const char *sentence)
{
	struct box_jail *b = arg;

	snprintf(b->warning, sizeof(b->warning), "%s", sentence);
}

/* A jail in the small root that does nothing; the test changes the spec. */
UNUSED_OK static void
box_jail_init(struct box_jail *b, const char *name)
{
	*b = (struct box_jail){ .spec = JAIL_SPEC_INIT };
	b->spec.name = name;
	b->spec.init_path = box_init;
	b->spec.exec_start = "/bin/true";
	b->spec.exec_stop = NULL;
	b->spec.resolver = "nameserver 192.0.2.53";
	b->spec.stop_timeout = 5;
	b->spec.host_time = false;
	b->spec.on_warning = box_warning;
	b->spec.arg = b;
	b->spec.root_fd = open(box_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	b->spec.log_fd = open(
	    box_log, O_RDWR | O_CREAT | O_APPEND | O_TRUNC | O_CLOEXEC, 0600);
}

UNUSED_OK static void
box_jail_addrs(struct box_jail *b, const char *ip4, const char *ip6)
{
	struct err err = { 0 };

	if (net_jail_addrs_parse(ip4, ip6, &b->addrs, &err) < 0)
		BUG("%s", err.msg);
	b->spec.addrs = &b->addrs;
}

UNUSED_OK static void
box_jail_clear(struct box_jail *b)
{
	close(b->spec.root_fd);
	close(b->spec.log_fd);
	net_jail_addrs_clear(&b->addrs);
}

/* Run in a jail, by the jail's shell; what it printed (static, with standard
 * error) in *out, its code returned. */
UNUSED_OK static int
box_exec_as(
    const char *name, const char *user, const char *command, const char **out)
{
	static char text[65536];
	const char *argv[] = { "/bin/sh", "-c", command, NULL };
	struct jail_exec exec = { .argv = argv, .user = user };
	int saved[3], fds[3], r;
	struct err err = { 0 };
	ssize_t n;

	fflush(stdout);
	fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	fds[1] = open("/run", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	for (int i = 0; i < 3; i++) {
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
		dup2(i == 0 ? fds[0] : fds[1], i);
	}
	r = jail_exec(name, &exec, &err);
	for (int i = 0; i < 3; i++) {
		dup2(saved[i], i);
		close(saved[i]);
	}
	n = pread(fds[1], text, sizeof(text) - 1, 0);
	close(fds[0]);
	close(fds[1]);
	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n > 0 ? n : 0] = '\0';
	if (r < 0)
		snprintf(text, sizeof(text), "%s", err.msg);
	*out = text;
	return r;
}

UNUSED_OK static int
box_exec(const char *name, const char *command, const char **out)
{
	return box_exec_as(name, NULL, command, out);
}

/*
 * What a start makes and a stop must take away, as text: routes, groups,
 * claims, facts, mounts, the guard's elements, processes. Links are asked for
 * at the end only (box_links_gone): the kernel takes dead namespaces apart one
 * after the other, the whole machine's, and a loaded one takes seconds.
 */
UNUSED_OK static const char *
box_traces(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0) /* the jails' orphans */
		;
	return box_out("ip route; ip -6 route; find /run/gaol -mindepth 2; "
		       "nft list ruleset | grep elements; "
		       "grep -c . /proc/self/mountinfo; "
		       "find /sys/fs/cgroup -maxdepth 2 -name gaol; "
		       "ls /proc | grep -c '^[0-9]'");
}

/* The traces when they have not changed for half a second: what is compared
 * with must not be a moment's. The caller frees it. */
UNUSED_OK static char *
box_settled(void)
{
	char *last = strdup(box_traces());

	for (int same = 0; same < 5;) {
		usleep(100000);
		if (strcmp(box_traces(), last) == 0) {
			same++;
			continue;
		}
		free(last);
		last = strdup(box_traces());
		same = 0;
	}
	return last;
}

UNUSED_OK static bool
box_is_clean(const char *before)
{
	for (int i = 0; i < 200; i++) {
		if (strcmp(box_traces(), before) == 0)
			return true;
		usleep(10000);
	}
	tap_show("before", before);
	tap_show("after ", box_traces());
	return false;
}

UNUSED_OK static bool
box_links_gone(void)
{
	const char *links = "";

	for (int i = 0; i < 600; i++) {
		links = box_out("ip -o link | grep jail-");
		if (*links == '\0')
			return true;
		usleep(100000);
	}
	tap_show("links", links);
	return false;
}

#endif
