/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mounting a pool, with the mount calls of Linux 5.2 and 5.12: the mount is
 * finished (flags, mode of its root) while no path leads to it.
 */
#include "store/store-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file system's own words, if it left any in the context's log. */
static int
fs_error(int fsfd, struct err *err, const char *what, const char *node)
{
	int code = errno;
	char log[256];
	ssize_t n = read(fsfd, log, sizeof(log) - 1);

	if (n <= 2)
		return err_code(err, code, "cannot %s %s", what, node);
	log[n] = '\0';
	while (n > 0 && log[n - 1] == '\n')
		log[--n] = '\0';
	/* "e " or "w ", then the text. */
	return err_code(err, code, "cannot %s %s: %s", what, node, log + 2);
}

static int
set_option(int fsfd, char *option)
{
	char *value = strchr(option, '=');

	if (value == NULL)
		return fsconfig(fsfd, FSCONFIG_SET_FLAG, option, NULL, 0);
	*value++ = '\0';
	return fsconfig(fsfd, FSCONFIG_SET_STRING, option, value, 0);
}

static int
set_options(int fsfd, const char *options, const char *node, struct err *err)
{
	_cleanup_(strv_clear) struct strv sv = { 0 };

	strv_split(&sv, options, ",");
	for (size_t i = 0; i < sv.n; i++)
		if (set_option(fsfd, sv.v[i]) < 0)
			return fs_error(
			    fsfd, err, "set mount options for", node);
	return 0;
}

/* Close the directory to others, then let it appear. */
static int
show_mount(int mnt, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(mnt, &st) < 0)
		return err_errno(err, "cannot examine what goes to %s", path);
	if ((st.st_mode & 07777) != 0700 && fchmodat(mnt, ".", 0700, 0) < 0)
		return err_errno(err, "cannot set mode 0700 on %s", path);
	if (move_mount(mnt, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_errno(err, "cannot mount on %s", path);
	return 0;
}

int
mount_device(const char *fstype, const char *node, const char *options,
    const char *path, struct err *err)
{
	_cleanup_close_ int fsfd = fsopen(fstype, FSOPEN_CLOEXEC);
	_cleanup_close_ int mnt = -1;
	int r;

	if (fsfd < 0)
		return err_errno(err, "this kernel cannot mount %s", fstype);
	if (fsconfig(fsfd, FSCONFIG_SET_STRING, "source", node, 0) < 0)
		return fs_error(fsfd, err, "mount", node);
	r = set_options(fsfd, options, node, err);
	if (r < 0)
		return r;
	if (fsconfig(fsfd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fs_error(fsfd, err, "mount", node);
	mnt = fsmount(fsfd, FSMOUNT_CLOEXEC,
	    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOATIME);
	if (mnt < 0)
		return fs_error(fsfd, err, "mount", node);
	return show_mount(mnt, path, err);
}

int
mount_bind(const char *dir, const char *path, struct err *err)
{
	_cleanup_close_ int mnt =
	    open_tree(AT_FDCWD, dir, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
	};

	if (mnt < 0)
		return err_errno(err, "cannot bind %s", dir);
	if (mount_setattr(mnt, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return err_errno(err, "cannot make %s nosuid,nodev", dir);
	return show_mount(mnt, path, err);
}

int
unmount(const char *path, struct err *err)
{
	if (umount2(path, UMOUNT_NOFOLLOW) == 0)
		return 0;
	if (errno == EBUSY)
		return err_set(err, EBUSY,
		    "%s is in use: fuser -vm %s shows by whom", path, path);
	return err_errno(err, "cannot unmount %s", path);
}
