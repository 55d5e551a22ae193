/* SPDX-License-Identifier: BSD-2-Clause */
/* What every back end that is a plain mounted file system does alike. */
#include "store/store-internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

int
plain_hold(struct pool *pool, const char *path, struct err *err)
{
	if (mkdirat(pool->fd, path, 0755) < 0)
		return err_errno(
		    err, "cannot make directory %s/%s", pool->path, path);
	/* Whatever our umask is. */
	if (fchmodat(pool->fd, path, 0755, 0) < 0)
		return err_errno(
		    err, "cannot set mode of %s/%s", pool->path, path);
	return 0;
}

int
plain_rename(
    struct pool *pool, const char *from, const char *to, struct err *err)
{
	if (renameat2(pool->fd, from, pool->fd, to, RENAME_NOREPLACE) == 0)
		return 0;
	return err_errno(
	    err, "cannot rename %s/%s to %s", pool->path, from, to);
}

int
plain_usage(struct pool *pool, struct store_usage *ret, struct err *err)
{
	struct statvfs vfs;

	if (fstatvfs(pool->fd, &vfs) < 0)
		return err_errno(err, "cannot examine %s", pool->path);
	ret->size = (uint64_t)vfs.f_blocks * vfs.f_frsize;
	ret->used = (uint64_t)(vfs.f_blocks - vfs.f_bfree) * vfs.f_frsize;
	ret->avail = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	return 0;
}

int
plain_settle(struct pool *pool, struct err *err)
{
	if (syncfs(pool->fd) < 0)
		return err_errno(
		    err, "cannot write pool '%s' to the disk", pool->name);
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
is_dots(const char *name)
{
	return streq(name, ".") || streq(name, "..");
}

static int
list(
    int dirfd, const char *path, bool hidden, struct strv *ret, struct err *err)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = NULL;
	struct dirent *e;

	if (fd < 0)
		return err_errno(err, "cannot open %s", path);
	d = fdopendir(fd);
	if (d == NULL) {
		(void)close(fd);
		return err_errno(err, "cannot read %s", path);
	}
	while ((errno = 0, e = readdir(d)) != NULL)
		if (hidden ? !is_dots(e->d_name) : e->d_name[0] != '.')
			strv_add(ret, e->d_name);
	if (errno != 0)
		return err_errno(err, "cannot read %s", path);
	if (ret->n > 1)
		qsort(ret->v, ret->n, sizeof(ret->v[0]), by_name);
	return 0;
}

int
list_names(int dirfd, const char *path, struct strv *ret, struct err *err)
{
	return list(dirfd, path, false, ret, err);
}

int
list_entries(int dirfd, const char *path, struct strv *ret, struct err *err)
{
	return list(dirfd, path, true, ret, err);
}
