/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The btrfs back end: a tree is a subvolume, a clone is a snapshot of it.
 * All by ioctl but making the file system, which is mkfs.btrfs's.
 */
#include "store/store-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"

enum { UUID_TEXT = 37 };

/* An image's blocks were allocated when it was made and must stay so:
 * discard would punch holes into it. */
#define OPTIONS_IMAGE "nodiscard"
#define OPTIONS_DEVICE ""

static void
uuid_text(const uint8_t id[16], char ret[UUID_TEXT])
{
	size_t n = 0;

	for (int i = 0; i < 16; i++)
		n += (size_t)snprintf(ret + n, UUID_TEXT - n, "%s%02x",
		    i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
}

static int
mkfs(const char *node, const char *label, const char *uuid, bool force,
    struct err *err)
{
	const char *argv[] = { "mkfs.btrfs", "-q", "-L", label, "-U", uuid,
		node, force ? "-f" : NULL, NULL };
	struct proc_spec spec = PROC_SPEC_INIT;
	int r;

	spec.argv = argv;
	spec.out = -1; /* notes about its defaults */
	r = proc_run(&spec, err);
	if (r == -ENOENT)
		return err_set(err, ENOENT,
		    "mkfs.btrfs is not installed: "
		    "apt-get install btrfs-progs");
	if (r > 0)
		return err_set(
		    err, EIO, "mkfs.btrfs on %s failed (exit %d)", node, r);
	return r;
}

/* For a device the UUID cannot lead to the node yet. */
static int
make_block(const struct pool *pool, struct block *ret, struct err *err)
{
	if (pool->kind == POOL_IMAGE)
		return block_open(pool, ret, err);
	*ret = (struct block){ .node = xstrdup(pool->source), .fd = -1 };
	return 0;
}

/* What a failed mkfs left half-made on a device. Only if it is ours: mkfs may
 * as well have refused because of something that we did not see. */
static void
wipe_half_made(const struct pool *pool)
{
	_cleanup_free_ char *node = NULL;

	if (pool->kind == POOL_DEVICE &&
	    block_by_uuid(pool->uuid, &node, NULL) == 0)
		(void)block_wipe(node, NULL);
}

static int
btrfs_make(struct pool *pool, bool force, struct err *err)
{
	_cleanup_(block_clear) struct block block = { .fd = -1 };
	int r = make_block(pool, &block, err);

	if (r < 0)
		return r;
	r = mkfs(block.node, pool->name, pool->uuid, force, err);
	if (r < 0)
		wipe_half_made(pool);
	return r;
}

static int
btrfs_wipe(struct pool *pool, struct err *err)
{
	_cleanup_(block_clear) struct block block = { .fd = -1 };
	int r;

	if (pool->kind == POOL_IMAGE) {
		if (unlink(pool->source) == 0 || errno == ENOENT)
			return 0;
		return err_errno(err, "cannot delete %s", pool->source);
	}
	r = block_open(pool, &block, err);
	/* Wiped already, by a destroy that was interrupted after it. */
	if (r == -ENXIO) {
		err_clear(err);
		return 0;
	}
	return r < 0 ? r : block_wipe(block.node, err);
}

static int
btrfs_import(struct pool *pool, struct err *err)
{
	_cleanup_(block_clear) struct block block = { .fd = -1 };
	int r = block_open(pool, &block, err);

	if (r < 0)
		return r;
	return mount_device("btrfs", block.node,
	    pool->kind == POOL_IMAGE ? OPTIONS_IMAGE : OPTIONS_DEVICE,
	    pool->path, err);
}

static int
btrfs_export(struct pool *pool, struct err *err)
{
	return unmount(pool->path, err);
}

static int
btrfs_check(const struct pool *pool, struct err *err)
{
	struct btrfs_ioctl_fs_info_args info = { 0 };
	char uuid[UUID_TEXT];

	if (ioctl(pool->fd, BTRFS_IOC_FS_INFO, &info) < 0)
		return err_set(err, ESTALE, "what is mounted at %s is no btrfs",
		    pool->path);
	uuid_text(info.fsid, uuid);
	if (!streq(uuid, pool->uuid))
		return err_set(err, ESTALE,
		    "another file system is mounted at %s: its UUID is %s, the "
		    "pool's is %s",
		    pool->path, uuid, pool->uuid);
	return 0;
}

/* Descriptor of the directory that holds `path`, and the last component
 * copied into a request's name field. */
static int
open_parent(const struct pool *pool, const char *path, char *name, size_t size,
    struct err *err)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir = NULL;
	int fd;

	if (slash == NULL)
		BUG("'%s' has no directory", path);
	if (strlen(slash + 1) >= size)
		return err_set(err, ENAMETOOLONG, "name of %s/%s is too long",
		    pool->path, path);
	memcpy(name, slash + 1, strlen(slash + 1) + 1);
	dir = xstrndup(path, (size_t)(slash - path));
	fd = open_below(pool->fd, dir, O_RDONLY | O_DIRECTORY);
	return fd < 0 ? err_code(err, fd, "cannot open %s/%s", pool->path, dir)
		      : fd;
}

static int
btrfs_create(struct pool *pool, const char *path, struct err *err)
{
	struct btrfs_ioctl_vol_args_v2 args = { 0 };
	_cleanup_close_ int fd =
	    open_parent(pool, path, args.name, sizeof(args.name), err);

	if (fd < 0)
		return fd;
	if (ioctl(fd, BTRFS_IOC_SUBVOL_CREATE_V2, &args) < 0)
		return err_errno(
		    err, "cannot make subvolume %s/%s", pool->path, path);
	/* It came with 0777 and our umask. */
	if (fchmodat(fd, args.name, 0755, 0) < 0)
		return err_errno(
		    err, "cannot set mode of %s/%s", pool->path, path);
	return 0;
}

static int
btrfs_clone(struct pool *pool, const char *from, const char *tag,
    const char *to, struct err *err)
{
	struct btrfs_ioctl_vol_args_v2 args = { 0 };
	_cleanup_close_ int fd =
	    open_parent(pool, to, args.name, sizeof(args.name), err);
	_cleanup_close_ int src = -1;

	(void)tag;
	if (fd < 0)
		return fd;
	src = open_below(pool->fd, from, O_RDONLY | O_DIRECTORY);
	if (src < 0)
		return err_code(
		    err, src, "cannot open %s/%s", pool->path, from);
	args.fd = src;
	if (ioctl(fd, BTRFS_IOC_SNAP_CREATE_V2, &args) < 0)
		return err_errno(err, "cannot snapshot %s/%s to %s/%s",
		    pool->path, from, pool->path, to);
	return 0;
}

/* Remove the trees in a holder, found by being subvolumes. */
static int
delete_trees(struct pool *pool, const char *path, int holder, struct err *err)
{
	_cleanup_(strv_clear) struct strv names = { 0 };
	int r = list_names(holder, ".", &names, err);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_close_ int fd =
		    open_below(holder, names.v[i], O_RDONLY | O_DIRECTORY);

		if (fd < 0 || !subvolume_is(fd))
			continue;
		r = subvolume_delete(holder, fd, names.v[i]);
		if (r < 0)
			return err_code(err, r,
			    "cannot delete subvolume %s/%s/%s", pool->path,
			    path, names.v[i]);
	}
	return r;
}

static int
destroy_at(struct pool *pool, const char *path, int dirfd, int fd,
    const char *name, struct err *err)
{
	int r;

	if (subvolume_is(fd)) {
		r = subvolume_delete(dirfd, fd, name);
		return r < 0 ? err_code(err, r, "cannot delete subvolume %s/%s",
				   pool->path, path)
			     : 0;
	}
	r = delete_trees(pool, path, fd, err);
	return r < 0 ? r : file_remove_tree(dirfd, name, err);
}

/*
 * A removed tree's space is given back in the background, at most half a
 * minute after the next commit. Only a pool that needs it now waits for it:
 * whoever removed a tree because the pool was full finds room afterwards.
 */
static bool
nearly_full(const struct pool *pool)
{
	struct statvfs sv;

	return fstatvfs(pool->fd, &sv) == 0 && sv.f_bavail < sv.f_blocks / 8;
}

static int
btrfs_destroy(struct pool *pool, const char *path, struct err *err)
{
	char name[BTRFS_SUBVOL_NAME_MAX + 1];
	_cleanup_close_ int dirfd =
	    open_parent(pool, path, name, sizeof(name), err);
	_cleanup_close_ int fd = -1;
	int r;

	if (dirfd < 0)
		return dirfd;
	fd = open_below(dirfd, name, O_RDONLY | O_DIRECTORY);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return err_code(err, fd, "cannot open %s/%s", pool->path, path);
	r = destroy_at(pool, path, dirfd, fd, name, err);
	if (r == 0 && nearly_full(pool))
		subvolumes_wait(pool->fd);
	return r;
}

const struct store_ops store_btrfs = {
	.name = "btrfs",
	.make = btrfs_make,
	.wipe = btrfs_wipe,
	.import = btrfs_import,
	.export = btrfs_export,
	.check = btrfs_check,
	.hold = plain_hold,
	.create = btrfs_create,
	.clone = btrfs_clone,
	.destroy = btrfs_destroy,
	.rename = plain_rename,
	.usage = plain_usage,
};
