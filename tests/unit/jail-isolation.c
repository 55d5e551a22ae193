/* SPDX-License-Identifier: BSD-2-Clause */
/* What keeps jails apart: network, localhost, limits, hostile roots. */
#include <arpa/inet.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "../jail-box.h"

static struct err err;

static int
start(struct box_jail *b)
{
	err_clear(&err);
	return jail_start(&b->spec, &err);
}

static void
stop(struct box_jail *b)
{
	if (jail_stop(b->spec.name, NULL, &err) < 0)
		ok(false, "%s stops: %s", b->spec.name, err.msg);
	box_jail_clear(b);
}

/* Connect from the host; what the other side says, or why not. */
static const char *
ask(const char *address, int port)
{
	static char text[200];
	struct sockaddr_in a4 = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port) };
	bool v6 = strchr(address, ':') != NULL;
	int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ssize_t n;
	int r;

	inet_pton(AF_INET, address, &a4.sin_addr);
	inet_pton(AF_INET6, address, &a6.sin6_addr);
	r = v6 ? connect(fd, (void *)&a6, sizeof(a6))
	       : connect(fd, (void *)&a4, sizeof(a4));
	n = r < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0)
		snprintf(text, sizeof(text), "%s", strerror(errno));
	else
		text[n] = '\0';
	close(fd);
	return text;
}

static void
test_raw_sockets(void)
{
	struct box_jail b;
	const char *out;
	int r;

	box_jail_init(&b, "raw");
	box_jail_addrs(&b, "lo1|192.168.0.2", NULL);
	b.spec.allow_raw_sockets = true;
	is_int(start(&b), 0, "a jail with raw sockets starts: %s", err.msg);
	r = box_exec("raw", "ping -c 1 -W 2 192.168.0.1", &out);
	is_int(r, 0, "ping works");
	r = box_exec("raw", "ip addr add 192.168.0.77/32 dev lo1", &out);
	ok(r != 0, "but no address can be added: %s", out);
	stop(&b);

	box_jail_init(&b, "cooked");
	box_jail_addrs(&b, "lo1|192.168.0.2", NULL);
	start(&b);
	r = box_exec("cooked", "ping -c 1 -W 2 192.168.0.1", &out);
	ok(r != 0 && strstr(out, "permi") != NULL,
	    "without them ping is refused");
	r = box_exec("cooked", "ip addr add 192.168.0.77/32 dev lo1", &out);
	ok(r != 0, "and no address can be added: %s", out);
	box_exec("cooked", "/bin/probe serve 0.0.0.0 80", &out);
	is_str(ask("192.168.0.2", 80), "hello", "a low port is served");
	stop(&b);
}

static void
serve(const char *jail, const char *address, int port)
{
	char cmd[200];
	const char *out;

	snprintf(cmd, sizeof(cmd), "/bin/probe serve %s %d", address, port);
	if (box_exec(jail, cmd, &out) != 0)
		ok(false, "cannot serve at %s: %s", address, out);
}

static void
test_localhost_jail(void)
{
	struct box_jail b;
	const char *out;

	box_jail_init(&b, "lo");
	box_jail_addrs(&b, "lo1|192.168.0.3", "lo1|fd00::3");
	b.spec.localhost = JAIL_LOCALHOST_JAIL;
	is_int(start(&b), 0, "localhost=jail starts: %s", err.msg);
	serve("lo", "127.0.0.1", 1001);
	is_str(ask("192.168.0.3", 1001), "hello",
	    "what binds 127.0.0.1 is reached at the jail's address");
	serve("lo", "::1", 1002);
	is_str(ask("fd00::3", 1002), "hello", "what binds ::1 too");
	box_exec("lo", "/bin/probe get 127.0.0.1 1001", &out);
	is_str(out, "hello", "and inside at 127.0.0.1");
	box_exec("lo", "/bin/probe get ::ffff:127.0.0.1 1001", &out);
	is_str(out, "hello", "and at its IPv4-mapped form");
	box_exec("lo", "/bin/probe get ::1 1002", &out);
	is_str(out, "hello", "and at ::1");
	box_exec("lo", "/bin/probe sendto 1004", &out);
	is_str(out, "192.168.0.3", "an unconnected UDP socket too");
	stop(&b);

	box_jail_init(&b, "private");
	box_jail_addrs(&b, "lo1|192.168.0.3", NULL);
	start(&b);
	serve("private", "127.0.0.1", 1001);
	box_exec("private", "/bin/probe get 127.0.0.1 1001", &out);
	is_str(out, "hello", "localhost=private has a loopback");
	is_str(ask("192.168.0.3", 1001), "Connection refused",
	    "of its own");
	stop(&b);

	box_jail_init(&b, "none");
	b.spec.localhost = JAIL_LOCALHOST_JAIL;
	is_int(start(&b), -EINVAL, "localhost=jail without address");
	is_str(err.msg, "make the control groups and set the limits: "
			"localhost=jail needs an address of the jail's: set "
			"ip4_addr or ip6_addr", "is refused");
	box_jail_clear(&b);
}

static const char *
group_file(const char *v1, const char *v2)
{
	return box_out("cat /sys/fs/cgroup/*/gaol/lim/%s "
		       "/sys/fs/cgroup/gaol/lim/%s 2>/dev/null",
	    v1, v2);
}

static void
test_limits(void)
{
	struct box_jail b;
	const char *out;
	int r;

	box_jail_init(&b, "lim");
	b.spec.limits = (struct jail_limits){ 32 << 20, 150, 20 };
	r = start(&b);
	is_int(r, 0, "limits can be set: %s", err.msg);
	is_str(group_file("memory.limit_in_bytes", "memory.max"), "33554432",
	    "memoryuse is in the kernel");
	is_str(group_file("pids.max", "pids.max"), "20", "maxproc");
	ok(strncmp(group_file("cpu.cfs_quota_us", "cpu.max"), "150000", 6) == 0,
	    "pcpu");
	is_int(box_exec("lim",
		   "head -c 100000000 /dev/zero | tail -c 90000000 "
		   ">/dev/null; exit $?",
		   &out),
	    137, "too much memory kills");
	is_int(box_exec("lim", "echo alive", &out), 0, "the jail lives on");
	box_exec("lim",
	    "i=0; while [ $i -lt 40 ]; do sleep 3 & i=$((i+1)); "
	    "done",
	    &out);
	ok(strstr(out, "fork") != NULL, "too many processes are refused: %s",
	    out);
	stop(&b);

	/* What cannot be enforced is an error: without the controllers. */
	if (box_out("cat /sys/fs/cgroup/cgroup.controllers 2>/dev/null")[0] !=
	    '\0')
		return;
	box_jail_init(&b, "lim");
	b.spec.limits.maxproc = 20;
	box_sh("umount /sys/fs/cgroup/pids");
	is_int(start(&b), -ENOTSUP, "a limit without controller");
	is_str(err.msg, "make the control groups and set the limits: maxproc "
			"cannot be enforced: this kernel has no pids "
			"controller in a mounted cgroup hierarchy; set "
			"maxproc=off to start without", "is refused");
	box_jail_clear(&b);
	box_jail_init(&b, "lim");
	is_int(start(&b), 0, "without limit it starts: %s", err.msg);
	is_str(b.warning,
	    "nothing keeps this jail from taking all processes of the host: "
	    "this kernel has no pids controller in a mounted cgroup hierarchy",
	    "and what is missing is said");
	stop(&b);
	box_sh("mount -t cgroup -o pids cgroup /sys/fs/cgroup/pids");
}

/* Without limits: the host's share. */
static void
test_share(void)
{
	struct jail_limits tight = { .maxproc = 7 };
	struct jail_usage u = { 0 };
	struct box_jail b;

	box_jail_init(&b, "free");
	is_int(start(&b), 0, "a jail without limits starts: %s", err.msg);
	is_int(jail_usage_read("free", &u, &err), 0, "its usage: %s", err.msg);
	is_int(u.limits.maxproc, u.capacity.maxproc / 2,
	    "half of the machine's processes");
	ok(u.limits.memory > u.capacity.memory / 10 * 8 &&
		u.limits.memory < u.capacity.memory / 100 * 91,
	    "nine tenths of its memory");
	ok(u.processes >= 1 && u.processes < 10 && u.memory > 0,
	    "what it uses: %d processes", (int)u.processes);
	is_int(jail_limits_set("free", &tight, &err), 0, "a limit is changed");
	is_int(jail_usage_read("free", &u, &err), 0, "and read again");
	is_int(u.limits.maxproc, 7, "it holds");
	ok(u.limits.memory > u.capacity.memory / 10 * 8, "the other stays");
	is_int(jail_usage_read("nobody", &u, &err), -ENOENT, "of no jail: %s",
	    err.msg);
	stop(&b);
}

/* The host writes into the root: nothing of it may be a way out. */
static void
test_hostile_root(void)
{
	struct box_jail b;
	const char *out;
	int r;

	box_sh("echo victim >/run/victim; mkdir -p /run/etc; "
	       "echo victim >/run/etc/resolv.conf; "
	       "ln -sf /run/victim %s/etc/resolv.conf; "
	       "ln -sf ../../../../../../run/victim %s/etc/hosts",
	    box_root, box_root);
	box_jail_init(&b, "evil");
	is_int(start(&b), 0, "a link for resolv.conf: %s", err.msg);
	box_exec("evil", "cat /etc/resolv.conf", &out);
	is_str(out, "nameserver 192.0.2.53", "is replaced");
	is_str(box_out("cat /run/victim; stat -c %%F %s/etc/hosts", box_root),
	    "victim\nregular file", "not written through");
	stop(&b);

	box_sh("mv %s/etc %s/real; ln -s /../../../../../run/etc %s/etc",
	    box_root, box_root, box_root);
	box_jail_init(&b, "evil");
	(void)start(&b);
	is_str(box_out("cat /run/etc/resolv.conf"), "victim",
	    "a link for etc leads nowhere outside");
	(void)jail_stop("evil", NULL, NULL);
	box_sh("rm %s/etc; mv %s/real %s/etc", box_root, box_root, box_root);

	box_sh("rmdir %s/dev; ln -s /run %s/dev", box_root, box_root);
	is_int(start(&b), -ENOTDIR, "a link for /dev");
	is_str(err.msg, "set the jail up from inside: make /dev: the jail's "
			"/dev is no directory (a link is not followed there)",
	    "is refused");
	box_sh("rm %s/dev; mkdir %s/dev", box_root, box_root);

	/* A device node that a release brought along, and a setuid file. */
	box_sh("mknod -m 666 %s/tmp/mem c 1 5", box_root);
	is_int(start(&b), 0, "starts again: %s", err.msg);
	r = box_exec("evil", "head -c 1 /tmp/mem", &out);
	ok(r != 0, "a device node in the root opens nothing: %s", out);
	box_exec("evil", "cp /bin/busybox /tmp/s; chmod 4755 /tmp/s", &out);
	ok(strstr(box_out("findmnt -no OPTIONS %s", box_root), "nosuid") !=
		NULL, "the host's side of the root stays nosuid");
	is_str(box_out("stat -c '%%u %%a' %s/tmp/s", box_root), "0 4755",
	    "on disk the ids are plain");
	box_exec("evil",
	    "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' >/tmp/all; "
	    "grep -c gaol-init /tmp/all; grep -c 'jail[-]isol' /tmp/all",
	    &out);
	is_str(out, "1\n0", "only the jail's own processes are seen");
	box_exec("evil",
	    "{ ls /proc/1/fd; ls /proc/1/root/; cat /proc/1/exe; "
	    "cat /proc/1/environ; } 2>&1 | grep -c denied",
	    &out);
	is_str(out, "4", "jail root reaches nothing of gaol-init's");
	stop(&b);
}

/* A jail that lies in wait for what exec brings in sees only what is confined
 * already. */
static void
test_watchful_jail(void)
{
	struct box_jail b;
	const char *out;

	box_jail_init(&b, "eyes");
	start(&b);
	box_exec("eyes", "/bin/probe watch 3 >/tmp/seen 2>&1 &", &out);
	for (int i = 0; i < 200; i++)
		box_exec("eyes", ":", &out);
	box_exec("eyes", "wait; sleep 3; sort -u /tmp/seen | head -3", &out);
	is_str(out, "", "exec shows no process that is not confined");
	stop(&b);
}

/* Whose is the user namespace of this process? */
static long long
owner_of(pid_t pid)
{
	char path[40];
	uid_t uid = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (ioctl(fd, NS_GET_OWNER_UID, &uid) < 0)
		return -errno;
	close(fd);
	return uid;
}

/* Two jails never share ids. */
static void
test_ids(void)
{
	struct jail_state s1 = { 0 }, s2 = { 0 };
	struct box_jail a, b;

	box_jail_init(&a, "one");
	box_jail_init(&b, "two");
	start(&a);
	start(&b);
	jail_state_read("one", &s1, &err);
	jail_state_read("two", &s2, &err);
	ok(s1.id_base != s2.id_base && s1.id_base >= 0x70000000u,
	    "ranges of their own: %u, %u", s1.id_base, s2.id_base);
	is_int(owner_of(s1.init_pid), s1.id_base,
	    "what the kernel counts in one is counted against its ids");
	jail_state_clear(&s1);
	jail_state_clear(&s2);
	stop(&a);
	stop(&b);
	box_sh("printf 'gaol:700000000:65536\\n' >/run/subuid; "
	       "cp /run/subuid /run/subgid; "
	       "mount --bind /run/subuid /etc/subuid; "
	       "mount --bind /run/subgid /etc/subgid");
	box_jail_init(&a, "one");
	box_jail_init(&b, "two");
	is_int(start(&a), 0, "a range of /etc/subuid: %s", err.msg);
	jail_state_read("one", &s1, &err);
	is_int(s1.id_base, 700000000, "is taken");
	jail_state_clear(&s1);
	is_int(start(&b), -ENOSPC, "when it is used up");
	ok(strstr(err.msg, "claim a range of user ids: all 1 ranges of user "
			   "ids are taken by running jails: give gaol more "
			   "with a line") == err.msg, "that is said: %s",
	    err.msg);
	stop(&a);
	box_sh("umount /etc/subuid; umount /etc/subgid");
	box_jail_clear(&b);
}

static int
test(void)
{
	test_raw_sockets();
	test_localhost_jail();
	test_limits();
	test_share();
	test_hostile_root();
	test_watchful_jail();
	test_ids();
	return done_testing();
}

int
main(void)
{
	return box_run(test);
}
