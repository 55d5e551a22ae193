/* SPDX-License-Identifier: BSD-2-Clause */
/* Probes: ways out of the root, mounts, devices, setuid files. */
#include "audit/audit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/quota.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Is this the host's canary: a file that holds the word we were told? */
static int
is_canary(const struct audit *a, const char *path)
{
	const char *word = param(a, "canary-word");
	char text[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 && word != NULL && strcmp(text, word) == 0;
}

/* The old way out: keep a descriptor above a second chroot, and climb. */
static enum result
probe_chroot(struct audit *a)
{
	const char *canary = param(a, "canary");
	int up = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	mkdir("/.gaol-audit.d", 0700);
	if (chroot("/.gaol-audit.d") < 0)
		return judge(a, -1);
	(void)!fchdir(up);
	for (int i = 0; i < 64; i++)
		(void)!chdir("..");
	(void)!chroot(".");
	if (is_canary(a, canary))
		return conclude(a, OPEN, "a file of the host's was read");
	return conclude(a, HELD, "above the root is the root");
}

/* /proc/PID/root of anything that can be seen. */
static enum result
probe_magic_links(struct audit *a)
{
	const char *const links[] = { "root", "cwd" };
	char path[512];
	struct dirent *e;
	DIR *d = opendir("/proc");

	while (d != NULL && (e = readdir(d)) != NULL)
		for (int i = 0; i < 2; i++) {
			if (e->d_name[0] < '0' || e->d_name[0] > '9')
				continue;
			snprintf(path, sizeof(path), "/proc/%s/%s%s", e->d_name,
			    links[i], param(a, "canary"));
			if (is_canary(a, path))
				return conclude(a, OPEN,
				    "/proc/%s/%s leads to the host", e->d_name,
				    links[i]);
		}
	return conclude(a, HELD, "none leads out of the jail");
}

/* What gaol-init holds is the host's: its program and its log. */
static enum result
probe_init_program(struct audit *a)
{
	return try_open(a, "/proc/1/exe", O_RDONLY);
}

static enum result
probe_init_descriptors(struct audit *a)
{
	DIR *d = opendir("/proc/1/fd");

	return d != NULL ? conclude(a, OPEN, "/proc/1/fd can be read")
			 : judge(a, -1);
}

static enum result
probe_mount(struct audit *a)
{
	return judge(a, mount("none", "/proc", "tmpfs", 0, ""));
}

/* Under these covers are files that act on the whole machine. */
static enum result
probe_umount(struct audit *a)
{
	return judge(a, umount2("/proc/sys", MNT_DETACH));
}

static enum result
probe_remount(struct audit *a)
{
	return judge(
	    a, mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL));
}

static enum result
probe_fsopen(struct audit *a)
{
	return judge(a, syscall(SYS_fsopen, "tmpfs", 0));
}

static enum result
probe_open_tree(struct audit *a)
{
	return judge(a, syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* a clone */));
}

/* "." is no mount point: EINVAL is for those who may. */
static enum result
probe_pivot_root(struct audit *a)
{
	long r = syscall(SYS_pivot_root, "/root", "/root");

	if (r < 0 && (errno == EINVAL || errno == ENOENT))
		return conclude(a, OPEN, "the kernel asked for no right");
	return judge(a, r);
}

static enum result
try_mounts(struct audit *a, const char *const *types, const char *options)
{
	int absent = 0, n = 0;

	mkdir("/.gaol-audit.d", 0700);
	for (; types[n] != NULL; n++) {
		if (mount("none", "/.gaol-audit.d", types[n], 0, options) == 0)
			return conclude(a, OPEN, "%s was mounted", types[n]);
		absent += errno == ENODEV;
	}
	if (absent == n)
		return conclude(a, ABSENT, "this kernel has none of them");
	return conclude(a, HELD, "%s", strerror(errno));
}

static enum result
probe_mount_debug(struct audit *a)
{
	static const char *const types[] = { "debugfs", "tracefs", "securityfs",
		"pstore", "bpf", NULL };

	return try_mounts(a, types, NULL);
}

static enum result
probe_mount_cgroup(struct audit *a)
{
	static const char *const types[] = { "cgroup2", NULL };

	if (access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0)
		return conclude(a, OPEN, "/sys/fs/cgroup is mounted");
	return try_mounts(a, types, NULL);
}

static enum result
probe_mount_overlay(struct audit *a)
{
	static const char *const types[] = { "overlay", NULL };

	return try_mounts(a, types, "lowerdir=/etc:/run");
}

/* fuse needs the device before the mount. */
static enum result
probe_mount_fuse(struct audit *a)
{
	return try_open(a, "/dev/fuse", O_RDWR);
}

/* A handle names any file of the file system, also those of other jails. */
static enum result
probe_file_handle(struct audit *a)
{
	struct {
		struct file_handle h;
		char bytes[128];
	} handle = { .h.handle_bytes = 128 };
	int at = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), mount_id;

	if (name_to_handle_at(AT_FDCWD, "/", &handle.h, &mount_id, 0) < 0) {
		if (errno == EOPNOTSUPP)
			return conclude(
			    a, ABSENT, "the root's file system has no handles");
		return judge(a, -1);
	}
	return judge(a, open_by_handle_at(at, &handle.h, O_RDONLY));
}

static enum result
probe_mknod(struct audit *a)
{
	unlink("/.gaol-audit.n");
	return judge(a, mknod("/.gaol-audit.n", S_IFCHR | 0600, makedev(1, 8)));
}

/* The host put a node there before the start, as a release could bring one. */
static enum result
probe_device_in_root(struct audit *a)
{
	return try_open(a, "/.gaol-audit.dev", O_RDONLY);
}

/* Devices in /dev that a jail has no use for. */
static enum result
probe_devices(struct audit *a)
{
	static const char known[] = " null zero full random urandom tty ";
	char path[300], word[300];
	struct dirent *e;
	struct stat st;
	DIR *d = opendir("/dev");

	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(word, sizeof(word), " %s ", e->d_name);
		snprintf(path, sizeof(path), "/dev/%s", e->d_name);
		if (strstr(known, word) != NULL || lstat(path, &st) < 0 ||
		    !(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)))
			continue;
		if (try_open(a, path, O_RDONLY) == OPEN)
			return OPEN;
	}
	return conclude(a, HELD, "only the six that every program needs");
}

static enum result
probe_loop_device(struct audit *a)
{
	return try_open(a, "/dev/loop-control", O_RDWR);
}

/* Q_SYNC of everything is harmless, and allowed to all. */
static enum result
probe_quotactl(struct audit *a)
{
	return judge(a, syscall(SYS_quotactl, QCMD(Q_SYNC, 0), NULL, 0, NULL));
}

/* A setuid file, which is root's on the disk as well: somebody on the host
 * runs it by the pool's path, and by a descriptor that leaked to him. */
static enum result
probe_setuid(struct audit *a)
{
	const char *answer;

	if (copy_self("/.gaol-audit.su", 04755) < 0)
		return judge(a, -1);
	answer = ask("run-as-nobody /.gaol-audit.su");
	if (strncmp(answer, "0 ", 2) == 0)
		return conclude(a, OPEN, "it made him root on the host");
	return conclude(a, HELD, "on the host: %s", answer);
}

/* The same with capabilities in the file. */
static enum result
probe_file_caps(struct audit *a)
{
	/* struct vfs_cap_data, revision 2: CHOWN and DAC_OVERRIDE, effective. */
	static const uint32_t caps[] = { 0x02000001, 3, 0, 0, 0 };
	const char *answer, *hex;

	if (copy_self("/.gaol-audit.cap", 0755) < 0 ||
	    setxattr("/.gaol-audit.cap", "security.capability", caps,
		sizeof(caps), 0) < 0)
		return conclude(a, HELD, "cannot be set: %s", strerror(errno));
	answer = ask("run-as-nobody /.gaol-audit.cap");
	hex = strchr(answer, ' ');
	if (strncmp(answer, "65534 ", 6) == 0 && strtoull(hex, NULL, 16) != 0)
		return conclude(
		    a, OPEN, "he has capabilities %s on the host", hex + 1);
	return conclude(a, HELD, "on the host: %s", answer);
}

/* A file of the jail's that is open in the host's file systems. */
static dev_t
device_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_dev : 0;
}

static int
is_foreign(const char *path)
{
	static const char *const places[] = { "/", "/dev", "/dev/pts",
		"/dev/shm", "/run", "/proc", "/sys", "/dev/null" };
	struct stat st;

	if (stat(path, &st) < 0 ||
	    !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (st.st_dev == device_of(places[i]))
			return 0;
	return 1;
}

static int
foreign_descriptor(const char *pid, char *path, size_t size)
{
	char dir[300];
	struct dirent *e;
	DIR *d;

	snprintf(dir, sizeof(dir), "/proc/%s/fd", pid);
	d = opendir(dir);
	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(path, size, "%s/%s", dir, e->d_name);
		if (is_foreign(path))
			return 1;
	}
	if (d != NULL)
		closedir(d);
	return 0;
}

/* Of any process that can be seen: of exec's (us), and of the one that
 * exec_start left. The host keeps a canary open without CLOEXEC meanwhile. */
static enum result
probe_descriptors(struct audit *a)
{
	char path[600];
	struct dirent *e;
	DIR *d = opendir("/proc");

	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' &&
		    foreign_descriptor(e->d_name, path, sizeof(path)))
			return conclude(a, OPEN, "%s is the host's", path);
	return conclude(a, HELD, "none of a file system outside the jail");
}

const struct probe file_probes[] = {
	{ "chroot", "climb out of the root by chroot and ..",
	    "mount namespace with a root of its own", probe_chroot },
	{ "magic-links", "reach the host by /proc/PID/root and cwd",
	    "PID namespace, user namespace", probe_magic_links },
	{ "init-program", "open gaol-init's program, /proc/1/exe",
	    "gaol-init is not readable", probe_init_program },
	{ "init-descriptors", "open what gaol-init has open, /proc/1/fd",
	    "gaol-init is not readable", probe_init_descriptors },
	{ "descriptors", "use a descriptor that the host left open",
	    "all are closed", probe_descriptors },
	{ "mount-over-proc", "mount over /proc", "filter, capabilities",
	    probe_mount },
	{ "umount", "unmount the cover of /proc/sys", "filter, capabilities",
	    probe_umount },
	{ "remount", "make /proc/sys writable", "filter, capabilities",
	    probe_remount },
	{ "fsopen", "mount by fsopen", "filter, capabilities", probe_fsopen },
	{ "open-tree", "clone the tree of mounts", "filter, capabilities",
	    probe_open_tree },
	{ "pivot-root", "change the root by pivot_root", "filter, capabilities",
	    probe_pivot_root },
	{ "mount-debug", "mount debugfs, tracefs, securityfs, pstore or bpf",
	    "filter, capabilities, user namespace", probe_mount_debug },
	{ "mount-cgroup", "mount the control groups", "filter, capabilities",
	    probe_mount_cgroup },
	{ "mount-overlay", "mount an overlay", "filter, capabilities",
	    probe_mount_overlay },
	{ "mount-fuse", "open /dev/fuse", "/dev of its own", probe_mount_fuse },
	{ "file-handle", "open any file of the file system by its handle",
	    "filter, user namespace", probe_file_handle },
	{ "mknod", "make a device node", "user namespace, capabilities",
	    probe_mknod },
	{ "device-in-root", "open a device node that the release has", "nodev",
	    probe_device_in_root },
	{ "devices", "open a device of the host's in /dev", "/dev of its own",
	    probe_devices },
	{ "loop-device", "open the loop devices' control", "/dev of its own",
	    probe_loop_device },
	{ "quotactl", "use the host's disk quotas", "filter", probe_quotactl },
	{ "setuid-file", "a setuid file that somebody on the host runs",
	    "nosuid and 0700 pool", probe_setuid },
	{ "file-capabilities", "a file with capabilities, run on the host",
	    "nosuid and 0700 pool", probe_file_caps },
	PROBES_END
};
