/* SPDX-License-Identifier: BSD-2-Clause */
/* May a pool be made there? Asked before the first step of pool_create. */
#include "store/store-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"

static int
is_empty_dir(const char *path, struct err *err)
{
	_cleanup_(strv_clear) struct strv names = { 0 };
	int r = list_entries(AT_FDCWD, path, &names, err);

	return r < 0 ? r : names.n == 0;
}

/* The mount point hides what is in it: only an empty directory will do. */
int
pool_check_place(const char *path, struct err *err)
{
	struct stat st;
	int r;

	if (lstat(path, &st) < 0)
		return errno == ENOENT
		    ? 0
		    : err_errno(err, "cannot examine %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ENOTDIR,
		    "%s, where the pool would be mounted, is no directory",
		    path);
	if (file_is_mountpoint(AT_FDCWD, path) > 0)
		return err_set(err, EBUSY,
		    "%s, where the pool would be mounted, is in use as a mount "
		    "point",
		    path);
	r = is_empty_dir(path, err);
	if (r == 0)
		r = err_set(err, ENOTEMPTY,
		    "%s, where the pool would be mounted, is not empty", path);
	return r < 0 ? r : 0;
}

static int
check_image(const struct pool_spec *spec, const char *path, struct err *err)
{
	_cleanup_free_ char *dir =
	    xstrndup(path, (size_t)(strrchr(path, '/') - path + 1));
	struct statvfs vfs;
	uint64_t avail;

	if (spec->size < POOL_SIZE_MIN)
		return pool_too_small(path, spec->size, err);
	if (access(path, F_OK) == 0)
		return err_set(err, EEXIST,
		    "%s exists: remove it or name another file", path);
	if (statvfs(dir, &vfs) < 0)
		return err_errno(err, "cannot examine %s", dir);
	avail = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	if (spec->size > avail)
		return err_set(err, ENOSPC,
		    "%s has %llu MB left, the image needs %llu MB", dir,
		    (unsigned long long)(avail >> 20),
		    (unsigned long long)(spec->size >> 20));
	return 0;
}

static int
check_dir(const char *path, struct err *err)
{
	struct stat st;
	int r;

	if (lstat(path, &st) < 0)
		return errno == ENOENT
		    ? 0
		    : err_errno(err, "cannot examine %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ENOTDIR, "%s is no directory", path);
	r = is_empty_dir(path, err);
	if (r == 0)
		r = err_set(err, ENOTEMPTY,
		    "%s is not empty: a pool wants a directory of its own",
		    path);
	return r < 0 ? r : 0;
}

int
pool_check_source(
    const struct pool_spec *spec, const char *path, struct err *err)
{
	switch (spec->kind) {
	case POOL_DEVICE:
		return device_may_take(path, spec->force, err);
	case POOL_IMAGE:
		return check_image(spec, path, err);
	case POOL_DIR:
		return check_dir(path, err);
	}
	BUG("pool kind %d", (int)spec->kind);
}
