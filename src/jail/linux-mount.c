/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mounts that only the host can make: the jail's root with its ids
 * mapped, and a sysfs of the jail's network namespace. Both are detached
 * mounts, handed to the jail's first process by descriptor, so they never
 * appear in a mount namespace of the host's.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/guard.h"
#include "jail/internal.h"

static int
set_attributes(int tree, uint64_t set, uint64_t clear, int userns_fd)
{
	struct mount_attr a = {
		.attr_set = set,
		.attr_clr = clear,
		/* A clone of a shared mount (systemd shares all) is shared
		 * too, and pivot_root refuses that. */
		.propagation = MS_PRIVATE,
	};

	if (userns_fd >= 0)
		a.userns_fd = (uint64_t)userns_fd;
	return (int)syscall(
	    SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &a, sizeof(a));
}

int
mount_root_tree(int root_fd, int userns_fd, struct err *err)
{
	_cleanup_close_ int tree = (int)syscall(SYS_open_tree, root_fd, "",
	    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (tree < 0)
		return err_errno(err, "cannot clone the mount of the root");
	/* The host's side of a pool is nosuid, with which su would not work in
	 * the jail: taken off the clone, which nobody else reaches. nodev
	 * stays: the jail's devices are mounts of their own on its /dev, and
	 * a node that a release brought along must open nothing. */
	if (set_attributes(tree, guard_off("nodev") ? 0 : MOUNT_ATTR_NODEV,
		MOUNT_ATTR_NOSUID | (guard_off("nodev") ? MOUNT_ATTR_NODEV : 0),
		-1) < 0)
		return err_errno(err, "cannot clear nosuid on the root");
	if (userns_fd < 0) /* a test without user namespace */
		return TAKE_FD(tree);
	if (set_attributes(tree, MOUNT_ATTR_IDMAP, 0, userns_fd) < 0) {
		if (errno == EINVAL)
			return err_set(err, ENOTSUP,
			    "the file system of the jail's root cannot be "
			    "idmapped: use a pool on btrfs, ext4 or xfs");
		return err_errno(err, "cannot map the ids of the root");
	}
	return TAKE_FD(tree);
}

int
mount_sysfs(struct err *err)
{
	_cleanup_close_ int fs =
	    (int)syscall(SYS_fsopen, "sysfs", FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0)
		return err_errno(err, "cannot make a sysfs");
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_errno(err, "cannot make a sysfs");
	fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC,
	    (guard_off("sys") ? 0 : MOUNT_ATTR_RDONLY) | MOUNT_ATTR_NOSUID |
		MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (fd < 0)
		return err_errno(err, "cannot mount a sysfs");
	return fd;
}
