/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The floor: one life of a jail with the system calls that it cannot do
 * without, and nothing else. No configuration, state, locks, checks, limits,
 * log or firewall: what is left when a jail manager is taken away.
 *
 *	floor ROOT [PROGRAM]
 *
 * A user namespace over an idmapped root, PID, mount, UTS, IPC, cgroup and
 * network namespaces, a veth pair with an address and a route, /proc, /sys,
 * /dev, devpts, /dev/shm; PROGRAM (/bin/true) runs and all of it is gone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/mount.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"

#define FIRST_ID "0 1000000 65536"
#define HOST_ADDR "192.168.77.1"
#define JAIL_ADDR "192.168.77.2"

/* Every call must succeed; the line says which did not. */
#define must(call)                                                            \
	({                                                                    \
		__typeof__(call) must_ = (call);                              \
		if (must_ < 0) {                                              \
			fprintf(stderr, "floor: line %d: %s: %s\n", __LINE__, \
			    #call, strerror(errno));                          \
			_exit(1);                                             \
		}                                                             \
		must_;                                                        \
	})

static void
write_file(const char *path, const char *text)
{
	int fd = must(open(path, O_WRONLY | O_CLOEXEC));

	must(write(fd, text, strlen(text)));
	close(fd);
}

static int
open_of(pid_t pid, const char *what)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	return must(open(path, O_RDONLY | O_CLOEXEC));
}

/* A user namespace, held by a descriptor once its first process is gone. */
static int
new_user_ns(void)
{
	char path[64];
	pid_t pid = must(
	    (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
	int fd;

	if (pid == 0) {
		pause();
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	write_file(path, FIRST_ID);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	write_file(path, FIRST_ID);
	fd = open_of(pid, "ns/user");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return fd;
}

static int
idmapped_root(const char *root, int user_ns)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = (uint64_t)user_ns,
	};
	int tree = (int)must(syscall(SYS_open_tree, AT_FDCWD, root,
	    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));

	must(syscall(
	    SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)));
	return tree;
}

/* Send one rtnetlink message in the namespace the caller is in. */
static void
talk(struct nlmsghdr *nlh)
{
	char buf[4096];
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	ssize_t n;

	must(nl != NULL ? 0 : -1);
	must(mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID));
	nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	must(mnl_socket_sendto(nl, nlh, nlh->nlmsg_len));
	n = must(mnl_socket_recvfrom(nl, buf, sizeof(buf)));
	must(mnl_cb_run(
	    buf, (size_t)n, 0, mnl_socket_get_portid(nl), NULL, NULL));
	mnl_socket_close(nl);
}

static void
make_veth(const char *name, int net_ns)
{
	char buf[1024];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi;
	struct nlattr *info, *data, *peer;

	nlh->nlmsg_type = RTM_NEWLINK;
	nlh->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	/* The peer can't come up in this message: it has no peer yet. */
	mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "lo1");
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)net_ns);
	mnl_attr_nest_end(nlh, peer);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	talk(nlh);
}

static void
set_up(const char *ifname)
{
	char buf[512];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi;

	nlh->nlmsg_type = RTM_NEWLINK;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = (int)if_nametoindex(ifname);
	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	talk(nlh);
}

static void
add_address(const char *ifname, const char *address)
{
	char buf[512];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *ifa;

	nlh->nlmsg_type = RTM_NEWADDR;
	nlh->nlmsg_flags = NLM_F_CREATE;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = AF_INET;
	ifa->ifa_prefixlen = 32;
	ifa->ifa_index = if_nametoindex(ifname);
	mnl_attr_put_u32(nlh, IFA_LOCAL, inet_addr(address));
	talk(nlh);
}

/* A route to `to` (NULL: the default route by HOST_ADDR). */
static void
add_route(const char *ifname, const char *to)
{
	char buf[512];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm;

	nlh->nlmsg_type = RTM_NEWROUTE;
	nlh->nlmsg_flags = NLM_F_CREATE;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = AF_INET;
	rtm->rtm_dst_len = to != NULL ? 32 : 0;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = RTPROT_STATIC;
	rtm->rtm_scope = to != NULL ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	rtm->rtm_type = RTN_UNICAST;
	if (to != NULL)
		mnl_attr_put_u32(nlh, RTA_DST, inet_addr(to));
	else
		mnl_attr_put_u32(nlh, RTA_GATEWAY, inet_addr(HOST_ADDR));
	mnl_attr_put_u32(nlh, RTA_OIF, if_nametoindex(ifname));
	talk(nlh);
}

/* A network namespace of the host's user namespace, wired up. */
static int
new_network(void)
{
	_cleanup_close_ int home = open_of(getpid(), "ns/net");
	char name[IFNAMSIZ];
	int fd;

	must(unshare(CLONE_NEWNET));
	fd = open_of(getpid(), "ns/net");
	must(setns(home, CLONE_NEWNET));
	snprintf(name, sizeof(name), "fl%d", getpid());
	make_veth(name, fd);
	add_route(name, JAIL_ADDR);
	must(setns(fd, CLONE_NEWNET));
	set_up("lo");
	set_up("lo1");
	add_address("lo1", JAIL_ADDR);
	add_route("lo1", HOST_ADDR);
	add_route("lo1", NULL);
	must(setns(home, CLONE_NEWNET));
	return fd;
}

/* The network namespace is the host's, so only the host can make its /sys. */
static int
make_sysfs(void)
{
	int fs = (int)must(syscall(SYS_fsopen, "sysfs", FSOPEN_CLOEXEC));
	int tree;

	must(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	tree = (int)must(syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC,
	    MOUNT_ATTR_NOSUID | MOUNT_ATTR_RDONLY));
	close(fs);
	return tree;
}

static void
move_to(int tree, const char *path)
{
	must(syscall(
	    SYS_move_mount, tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH));
}

static void
mount_at(const char *type, const char *path, const char *data)
{
	must(mount(type, path, type, MS_NOSUID, data));
}

static void
make_dev(void)
{
	static const char *const node[] = { "null", "zero", "full", "random",
		"urandom", "tty" };
	char from[32], to[32];

	mount_at("tmpfs", "dev", "mode=755");
	for (size_t i = 0; i < ARRAY_SIZE(node); i++) {
		snprintf(from, sizeof(from), "/dev/%s", node[i]);
		snprintf(to, sizeof(to), "dev/%s", node[i]);
		close(must(open(to, O_CREAT | O_CLOEXEC, 0666)));
		must(mount(from, to, NULL, MS_BIND, NULL));
	}
	must(mkdir("dev/pts", 0755));
	mount_at("devpts", "dev/pts", "newinstance,ptmxmode=0666");
	must(mkdir("dev/shm", 01777));
	mount_at("tmpfs", "dev/shm", "mode=1777");
}

/* PID 1 of the jail: its mounts, then the program. */
_noreturn_ static void
be_inside(int tree, int sysfs, const char *root, const char *program)
{
	must(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL));
	move_to(tree, root);
	must(chdir(root));
	mount_at("proc", "proc", NULL);
	move_to(sysfs, "sys");
	make_dev();
	must(syscall(SYS_pivot_root, ".", "."));
	must(umount2(".", MNT_DETACH));
	must(sethostname("floor", 5));
	execl(program, program, NULL);
	must(-1);
	_exit(1);
}

/* Enter the namespaces; the one of processes begins with the next child. */
static int
live(int user_ns, int net_ns, int tree, const char *root, const char *program)
{
	int status, sysfs;
	pid_t pid;

	must(setns(net_ns, CLONE_NEWNET));
	sysfs = make_sysfs();
	must(setns(user_ns, CLONE_NEWUSER));
	must(setresgid(0, 0, 0));
	must(setresuid(0, 0, 0));
	must(unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC |
	    CLONE_NEWCGROUP));
	pid = must(fork());
	if (pid == 0)
		be_inside(tree, sysfs, root, program);
	must(waitpid(pid, &status, 0));
	return status != 0;
}

int
main(int argc, char **argv)
{
	int user_ns, net_ns, tree;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: floor ROOT [PROGRAM]\n");
		return 2;
	}
	user_ns = new_user_ns();
	tree = idmapped_root(argv[1], user_ns);
	net_ns = new_network();
	return live(
	    user_ns, net_ns, tree, argv[1], argc > 2 ? argv[2] : "/bin/true");
}
