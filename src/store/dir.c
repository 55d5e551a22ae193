/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The dir back end: a directory of a file system that is there, shown at the
 * pool's place by a bind mount of its own (nosuid, nodev). A clone is a copy
 * of the tree, which shares its blocks where the file system can (reflink).
 */
#include "store/store-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static int
open_source(const struct pool *pool, struct err *err)
{
	int fd =
	    open(pool->source, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_errno(err, "cannot open %s", pool->source) : fd;
}

static int
dir_make(struct pool *pool, bool force, struct err *err)
{
	_cleanup_close_ int fd = open_source(pool, err);

	(void)force;
	if (fd < 0)
		return fd;
	return reflink_works(fd, &pool->reflink, err);
}

/* Empty the directory, keep it: it may be a mount point. */
static int
dir_wipe(struct pool *pool, struct err *err)
{
	_cleanup_(strv_clear) struct strv names = { 0 };
	_cleanup_close_ int fd = open_source(pool, err);
	int r;

	if (fd == -ENOENT) {
		err_clear(err);
		return 0;
	}
	if (fd < 0)
		return fd;
	r = list_entries(fd, ".", &names, err);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = file_remove_tree(fd, names.v[i], err);
	return r < 0 ? err_wrap(err, r, "%s", pool->source) : 0;
}

static int
dir_import(struct pool *pool, struct err *err)
{
	_cleanup_free_ char *mark = xasprintf("%s/.gaol", pool->source);

	/* Its file system may not be mounted yet. */
	if (access(mark, F_OK) < 0)
		return err_set(err, ENXIO,
		    "%s does not hold the pool (no .gaol in it): is its file "
		    "system mounted?",
		    pool->source);
	return mount_bind(pool->source, pool->path, err);
}

static int
dir_export(struct pool *pool, struct err *err)
{
	return unmount(pool->path, err);
}

static int
dir_check(const struct pool *pool, struct err *err)
{
	struct stat here, there;

	if (fstat(pool->fd, &here) < 0)
		return err_errno(err, "cannot examine %s", pool->path);
	if (stat(pool->source, &there) < 0)
		return err_errno(err, "cannot examine %s", pool->source);
	if (here.st_dev != there.st_dev || here.st_ino != there.st_ino)
		return err_set(err, ESTALE, "%s does not show %s", pool->path,
		    pool->source);
	return 0;
}

static int
dir_clone(struct pool *pool, const char *from, const char *tag, const char *to,
    struct err *err)
{
	(void)tag;
	return tree_copy(pool->fd, from, pool->fd, to, pool->reflink, err);
}

static int
dir_destroy(struct pool *pool, const char *path, struct err *err)
{
	return file_remove_tree(pool->fd, path, err);
}

const struct store_ops store_dir = {
	.name = "dir",
	.make = dir_make,
	.wipe = dir_wipe,
	.import = dir_import,
	.export = dir_export,
	.check = dir_check,
	.hold = plain_hold,
	.create = plain_hold,
	.clone = dir_clone,
	.destroy = dir_destroy,
	.rename = plain_rename,
	.settle = plain_settle,
	.usage = plain_usage,
};
