/* SPDX-License-Identifier: BSD-2-Clause */
/* What the jail module computes: filter, command lines, id ranges, facts. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"
#include "base/str.h"
#include "jail/internal.h"
#include "tap.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define OTHER_ARCH AUDIT_ARCH_I386
#else
#define ARCH AUDIT_ARCH_AARCH64
#define OTHER_ARCH AUDIT_ARCH_ARM
#endif

/* The kernel's machine, as much of it as filters use. */
static unsigned int
run(const struct sock_filter *f, size_t n, const struct seccomp_data *d)
{
	unsigned int a = 0;

	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *i = &f[pc];
		bool t;

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)d + i->k, sizeof(a));
			continue;
		case BPF_RET | BPF_K:
			return i->k;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			t = a == i->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			t = a >= i->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			t = (a & i->k) != 0;
			break;
		default:
			return 0xdeadbeef;
		}
		pc += t ? i->jt : i->jf;
	}
	return 0xdeadbeef; /* fell off the end */
}

/* 0: allowed, else the errno; -1: nonsense. */
static int
answer(const struct confine *c, unsigned int arch, long nr,
    unsigned long long a0, unsigned long long a2)
{
	struct sock_filter f[SECCOMP_MAX];
	struct seccomp_data d = {
		.nr = (int)nr, .arch = arch, .args = { a0, 0, a2 }
	};
	size_t n = seccomp_build(c, f);
	unsigned int r = run(f, n, &d);

	if (r == SECCOMP_RET_ALLOW)
		return 0;
	if ((r & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
		return (int)(r & SECCOMP_RET_DATA);
	return -1;
}

static void
test_filter_table(void)
{
	static const struct {
		long nr;
		unsigned long long a0, a2;
		int want;
		const char *name;
	} t[] = {
		{ SYS_read, 0, 0, 0, "read" },
		{ SYS_execve, 0, 0, 0, "execve" },
		{ SYS_chroot, 0, 0, 0, "chroot" },
		{ SYS_openat2, 0, 0, 0, "openat2" },
		{ SYS_setuid, 0, 0, 0, "setuid" },
		{ SYS_ptrace, 0, 0, 0, "ptrace" },
		{ SYS_mount, 0, 0, EPERM, "mount" },
		{ SYS_umount2, 0, 0, EPERM, "umount2" },
		{ SYS_setns, 0, 0, EPERM, "setns" },
		{ SYS_bpf, 0, 0, EPERM, "bpf" },
		{ SYS_keyctl, 0, 0, EPERM, "keyctl" },
		{ SYS_init_module, 0, 0, EPERM, "init_module" },
		{ SYS_finit_module, 0, 0, EPERM, "finit_module" },
		{ SYS_kexec_load, 0, 0, EPERM, "kexec_load" },
		{ SYS_pidfd_getfd, 0, 0, EPERM, "pidfd_getfd" },
		{ SYS_clone3, 0, 0, ENOSYS, "clone3" },
		{ SYS_io_uring_setup, 0, 0, ENOSYS, "io_uring_setup" },
		{ SYS_io_uring_register, 0, 0, ENOSYS, "io_uring_register" },
		{ SYS_clone, SIGCHLD, 0, 0, "clone as fork" },
		{ SYS_clone, CLONE_VM | CLONE_THREAD, 0, 0, "clone a thread" },
		{ SYS_clone, CLONE_NEWUSER, 0, EPERM, "clone NEWUSER" },
		{ SYS_clone, CLONE_NEWNET, 0, EPERM, "clone NEWNET" },
		{ SYS_clone, CLONE_NEWNS, 0, EPERM, "clone NEWNS" },
		{ SYS_unshare, CLONE_FS, 0, 0, "unshare FS" },
		{ SYS_unshare, CLONE_NEWUSER, 0, EPERM, "unshare NEWUSER" },
		{ SYS_unshare, 0x80, 0, EPERM, "unshare NEWTIME" },
		{ SYS_socket, AF_INET, 0, 0, "socket inet" },
		{ SYS_socket, AF_INET6, 0, 0, "socket inet6" },
		{ SYS_socket, AF_UNIX, 0, 0, "socket unix" },
		{ SYS_socket, AF_VSOCK, 0, EAFNOSUPPORT, "socket vsock" },
		{ SYS_socket, AF_PACKET, 0, EAFNOSUPPORT, "socket packet" },
		{ SYS_socket, AF_NETLINK, 0, 0, "socket route" },
		{ SYS_socket, AF_NETLINK, 12, EPROTONOSUPPORT,
		    "socket netfilter" },
		{ SYS_socketpair, AF_TIPC, 0, EAFNOSUPPORT, "socketpair tipc" },
		{ 462, 0, 0, 0, "the newest known" },
		{ 463, 0, 0, ENOSYS, "the next" },
		{ 5000, 0, 0, ENOSYS, "a far one" },
		{ 0x40000000 | 1, 0, 0, ENOSYS, "x32's" },
		{ -1, 0, 0, ENOSYS, "-1" },
	};
	struct confine c = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		is_int(answer(&c, ARCH, t[i].nr, t[i].a0, t[i].a2), t[i].want,
		    "filter: %s", t[i].name);
	is_int(answer(&c, OTHER_ARCH, 1, 0, 0), ENOSYS,
	    "filter: another architecture's calls");
}

/* Every number has one of the known answers, and few are refused. */
static void
test_filter_whole(void)
{
	struct confine c = { 0 };
	int refused = 0, odd = 0;

	for (long nr = 0; nr < 463; nr++) {
		int a = answer(&c, ARCH, nr, 1, 0);

		refused += a == EPERM;
		odd += a != 0 && a != EPERM && a != ENOSYS;
	}
	is_int(odd, 0, "filter: no call falls through");
	ok(refused > 30 && refused < 70, "filter: %d calls are refused",
	    refused);
}

static void
test_filter_switches(void)
{
	struct confine raw = { .allow_raw_sockets = true };
	struct confine af = { .allow_socket_af = true };

	is_int(answer(&raw, ARCH, SYS_socket, AF_PACKET, 0), 0,
	    "allow_raw_sockets lets packet sockets be");
	is_int(answer(&af, ARCH, SYS_socket, AF_TIPC, 0), 0,
	    "allow_socket_af lets other families be");
	is_int(answer(&af, ARCH, SYS_socket, AF_VSOCK, 0), EAFNOSUPPORT,
	    "but never vsock");
	is_int(answer(&af, ARCH, SYS_socket, AF_NETLINK, 12), EPROTONOSUPPORT,
	    "nor the host's netlink");
}

static void
is_split(const char *line, const char *want)
{
	_cleanup_(strv_clear) struct strv w = { 0 };
	_cleanup_(str_clear) struct str s = STR_INIT;

	command_split(line, &w);
	for (size_t i = 0; i < w.n; i++)
		str_printf(&s, "[%s]", w.v[i]);
	is_str(s.buf, want, "command: %s", line);
}

static void
test_commands(void)
{
	is_split("/bin/sh /etc/rc", "[/bin/sh][/etc/rc]");
	is_split("  a \t b ", "[a][b]");
	is_split("a; b", "[/bin/sh][-c][a; b]");
	is_split("a 'b c'", "[/bin/sh][-c][a 'b c']");
	is_split("x=1 y", "[/bin/sh][-c][x=1 y]");
	ok(!command_given(NULL) && !command_given("  ") &&
		!command_given("none") && !command_given("/usr/bin/true") &&
		command_given("true"),
	    "command: which are none");
}

static void
test_ids(void)
{
	static const char text[] = "root:100000:65536\n"
				   "# comment\nbad\na:b:c\n"
				   "gaol:700000000:131072\n"
				   "x:1879048192:10";
	uint32_t base = 0, count = 0;

	ok(ids_text_overlaps(text, 100000), "ids: the same range");
	ok(ids_text_overlaps(text, 165535), "ids: its last one");
	ok(!ids_text_overlaps(text, 165536), "ids: right behind it");
	ok(ids_text_overlaps(text, 34465), "ids: its first one");
	ok(!ids_text_overlaps(text, 34464), "ids: right before it");
	ok(ids_text_overlaps(text, 1879048192), "ids: a line without newline");
	ok(!ids_text_overlaps(text, 700000000), "ids: our own line");
	ok(ids_text_own(text, &base, &count) && base == 700000000 &&
		count == 131072, "ids: is found");
	ok(!ids_text_own("gaol:x:1\n", &base, &count), "ids: a broken one not");
}

static void
test_confine_word(void)
{
	struct confine c = { true, false, true }, d = { 0 };
	char word[8];

	confine_write(&c, word);
	confine_read(word, &d);
	ok(d.allow_raw_sockets && !d.allow_mlock && d.allow_socket_af, "confine: there and back (%s)", word);
}

/* On a /run of its own. */
static void
test_facts(void)
{
	struct facts f = FACTS_INIT, g = FACTS_INIT;
	struct err err = { 0 };
	bool busy = false;
	int fd;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0) {
		ok(1, "facts # SKIP needs root");
		return;
	}
	is_int(facts_create("../x", &f, &err), -EINVAL, "facts: a bad name");
	is_int(facts_create("a", &f, &err), 0, "facts: created");
	is_int(facts_create("a", &g, &err), -EEXIST, "facts: not twice");
	is_int(facts_add(&f, "k", &err, "v %d", 1), 0, "facts: a line");
	is_int(facts_add(&f, "k", &err, "a\nb"), -EINVAL, "facts: one line");
	is_int(facts_add(&f, "k", &err, "v 2"), 0, "facts: another");
	is_str(facts_get(&f, "k"), "v 2", "facts: the last one counts");
	is_int(facts_open("a", &g, &err), -EBUSY, "facts: locked");
	is_int(facts_peek("a", &g, &busy, &err), 0, "facts: readable");
	ok(busy && facts_has(&g, "k", "v 1"), "facts: and told to be at work");
	facts_clear(&g);
	facts_clear(&f);
	fd = open(JAIL_RUN_DIR "/a", O_WRONLY | O_APPEND);
	(void)!write(fd, "cut-off", 7);
	close(fd);
	is_int(facts_open("a", &f, &err), 0, "facts: opened after a kill");
	ok(facts_get(&f, "cut-off") == NULL, "facts: half a line is ignored");
	is_int(facts_add(&f, "next", &err, "1"), 0, "facts: and written over");
	facts_clear(&f);
	is_int(facts_peek("a", &g, &busy, &err), 0, "facts: read again");
	ok(!busy && facts_get(&g, "next") != NULL && g.n == 4,
	    "facts: whole lines only");
	facts_clear(&g);
	fd = open(JAIL_RUN_DIR "/new", O_WRONLY | O_CREAT, 0600);
	(void)!write(fd, "gaol-facts 2\n", 13);
	close(fd);
	is_int(facts_open("new", &f, &err), -EPROTONOSUPPORT,
	    "facts: a later format is refused");
	is_int(facts_open("none", &f, &err), -ENOENT, "facts: none");
}

int
main(void)
{
	test_filter_table();
	test_filter_whole();
	test_filter_switches();
	test_commands();
	test_ids();
	test_confine_word();
	test_facts();
	return done_testing();
}
