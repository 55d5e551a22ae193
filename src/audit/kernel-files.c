/* SPDX-License-Identifier: BSD-2-Clause */
/* Probes: files of the kernel's in /proc and /sys. */
#include "audit/audit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A covered file shows the null device in its place. */
static int
is_null(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISCHR(st.st_mode) &&
	    st.st_rdev == makedev(1, 3);
}

static enum result
try_kernel_file(struct audit *a, const char *path, int flags)
{
	if (is_null(path))
		return conclude(a, HELD, "%s is covered", path);
	return try_open(a, path, flags);
}

static enum result
probe_core_pattern(struct audit *a)
{
	return try_kernel_file(a, "/proc/sys/kernel/core_pattern", O_WRONLY);
}

static enum result
probe_last_pid(struct audit *a)
{
	return try_kernel_file(a, "/proc/sys/kernel/ns_last_pid", O_WRONLY);
}

static enum result
probe_sysrq(struct audit *a)
{
	if (access("/proc/sysrq-trigger", F_OK) < 0)
		return conclude(a, ABSENT, "this kernel has no sysrq");
	return try_kernel_file(a, "/proc/sysrq-trigger", O_WRONLY);
}

static enum result
probe_kcore(struct audit *a)
{
	if (access("/proc/kcore", F_OK) < 0)
		return conclude(a, ABSENT, "this kernel has no /proc/kcore");
	return try_kernel_file(a, "/proc/kcore", O_RDONLY);
}

static enum result
probe_kmsg(struct audit *a)
{
	static const char *const paths[] = { "/proc/kmsg", "/dev/kmsg" };

	for (int i = 0; i < 2; i++)
		if (try_kernel_file(a, paths[i], O_RDONLY) == OPEN)
			return OPEN;
	return HELD;
}

/* Look for a file that opens for writing, some levels down. */
static int
find_writable(const char *dir, int depth, char *found, size_t size)
{
	char path[600];
	struct dirent *e;
	struct stat st;
	DIR *d = opendir(dir);
	int r = 0;

	while (d != NULL && r == 0 && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		/* The jail's own processes are its own. */
		if (strcmp(dir, "/proc") == 0 && e->d_name[0] >= '0' &&
		    e->d_name[0] <= '9')
			continue;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir,
			e->d_name) >= sizeof(path) ||
		    lstat(path, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth > 0)
			r = find_writable(path, depth - 1, found, size);
		if (S_ISREG(st.st_mode)) {
			int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

			if (fd < 0)
				continue;
			close(fd);
			snprintf(found, size, "%s", path);
			r = 1;
		}
	}
	if (d != NULL)
		closedir(d);
	return r;
}

static enum result
probe_tree(struct audit *a, const char *dir, int depth)
{
	char found[600];

	if (find_writable(dir, depth, found, sizeof(found)))
		return conclude(a, OPEN, "%.150s opens for writing", found);
	return conclude(a, HELD, "no file opens for writing");
}

static enum result
probe_sysctl(struct audit *a)
{
	return probe_tree(a, "/proc/sys", 5);
}

static enum result
probe_proc(struct audit *a)
{
	return probe_tree(a, "/proc", 3);
}

static enum result
probe_sys(struct audit *a)
{
	return probe_tree(a, "/sys", 4);
}

const struct probe kernel_file_probes[] = {
	{ "core-pattern", "have the kernel run a program at a crash",
	    "/proc/sys is read-only, user namespace", probe_core_pattern },
	{ "sysctl", "write any setting in /proc/sys", "/proc/sys is read-only",
	    probe_sysctl },
	{ "last-pid", "choose the next process id, ns_last_pid",
	    "/proc/sys is read-only", probe_last_pid },
	{ "sysrq", "reboot by /proc/sysrq-trigger", "covered, user namespace",
	    probe_sysrq },
	{ "kcore", "read the kernel's memory, /proc/kcore",
	    "covered, user namespace", probe_kcore },
	{ "kernel-log", "read /proc/kmsg or /dev/kmsg",
	    "user namespace, /dev of its own", probe_kmsg },
	{ "proc-writable", "write a file of /proc that is the machine's",
	    "user namespace", probe_proc },
	{ "sys-writable", "write a file of /sys",
	    "/sys is read-only, user namespace", probe_sys },
	PROBES_END
};
