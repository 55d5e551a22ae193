/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block devices of pools: loop devices for images, signatures, who uses one.
 *
 * Loop devices are bound with AUTOCLEAR: the kernel frees one when the last
 * user (the mount) is gone, however gaol ended.
 */
#include "store/store-internal.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

enum {
	LOOP_MAJOR = 7,
	LOOP_TRIES = 64, /* others may take the free one before us */
	IDLE_TRIES = 100,
	IDLE_PAUSE_MS = 10,
};

/* All of it now: a pool must not find its disk full under it later. On btrfs
 * that holds only for a file that is written in place. */
int
image_allocate(const char *path, uint64_t size, struct err *err)
{
	_cleanup_close_ int fd =
	    open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int flags = FS_NOCOW_FL, r;

	if (fd < 0)
		return err_errno(err, "cannot make image %s", path);
	(void)ioctl(fd, FS_IOC_SETFLAGS, &flags); /* others have no such flag */
	r = -posix_fallocate(fd, 0, (off_t)size);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	(void)unlink(path);
	return err_code(err, r, "cannot allocate image %s", path);
}

static char *
loop_node(long n)
{
	return xasprintf("/dev/loop%ld", n);
}

/* Is this loop device bound to the file? Others' are left alone. */
static bool
loop_holds(const char *node, const struct stat *file)
{
	_cleanup_close_ int fd = open(node, O_RDONLY | O_CLOEXEC);
	struct loop_info64 info;

	return fd >= 0 && ioctl(fd, LOOP_GET_STATUS64, &info) == 0 &&
	    info.lo_device == file->st_dev && info.lo_inode == file->st_ino;
}

/* Node of the loop device that the file is bound to already; NULL: none. */
static char *
loop_find(const char *image)
{
	_cleanup_(strv_clear) struct strv names = { 0 };
	struct stat st;

	if (stat(image, &st) < 0 ||
	    list_names(AT_FDCWD, "/sys/block", &names, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < names.n; i++) {
		_cleanup_free_ char *node = xasprintf("/dev/%s", names.v[i]);

		if (str_starts(names.v[i], "loop") && loop_holds(node, &st))
			return TAKE_PTR(node);
	}
	return NULL;
}

/* Open the node of a loop device, made if /dev has none: a private /dev is
 * not filled by the kernel. */
static int
loop_open_node(const char *node, long n)
{
	int fd = open(node, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT &&
	    mknod(node, S_IFBLK | 0600, makedev(LOOP_MAJOR, (unsigned)n)) == 0)
		fd = open(node, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int
loop_bind(int image_fd, const char *image, struct block *ret, struct err *err)
{
	_cleanup_close_ int ctl = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	struct loop_config config = {
		.fd = (uint32_t)image_fd,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR,
	};

	if (ctl < 0)
		return err_errno(err, "cannot open /dev/loop-control");
	snprintf((char *)config.info.lo_file_name,
	    sizeof(config.info.lo_file_name), "%s", image);
	for (int i = 0; i < LOOP_TRIES; i++) {
		long n = ioctl(ctl, LOOP_CTL_GET_FREE);
		_cleanup_free_ char *node = loop_node(n);
		_cleanup_close_ int fd = -1;

		if (n < 0)
			return err_errno(err, "no free loop device");
		fd = loop_open_node(node, n);
		if (fd < 0)
			return err_code(err, fd, "cannot open %s", node);
		if (ioctl(fd, LOOP_CONFIGURE, &config) == 0) {
			ret->node = TAKE_PTR(node);
			ret->fd = TAKE_FD(fd);
			return 0;
		}
		if (errno != EBUSY)
			return err_errno(
			    err, "cannot bind %s to %s", node, image);
	}
	return err_set(err, EBUSY, "no free loop device for %s", image);
}

static int
image_open(const char *image, struct block *ret, struct err *err)
{
	_cleanup_close_ int fd = open(image, O_RDWR | O_CLOEXEC);
	char *node;

	if (fd < 0)
		return err_errno(err, "cannot open image %s", image);
	node = loop_find(image);
	if (node == NULL)
		return loop_bind(fd, image, ret, err);
	ret->fd = open(node, O_RDWR | O_CLOEXEC);
	ret->node = node;
	if (ret->fd < 0)
		return err_errno(err, "cannot open %s", node);
	return 0;
}

void
block_clear(struct block *block)
{
	free(block->node);
	closep(&block->fd);
	*block = (struct block){ .fd = -1 };
}

int
block_open(const struct pool *pool, struct block *ret, struct err *err)
{
	_cleanup_(block_clear) struct block block = { .fd = -1 };
	int r;

	if (pool->kind == POOL_IMAGE)
		r = image_open(pool->source, &block, err);
	else
		r = block_by_uuid(pool->uuid, &block.node, err);
	if (r < 0)
		return r;
	*ret = block;
	block = (struct block){ .fd = -1 };
	return 0;
}

/* Can it be opened for ourselves alone? What is mounted anywhere, in any
 * namespace, cannot. */
static int
claim(const char *node)
{
	_cleanup_close_ int fd = open(node, O_RDONLY | O_EXCL | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

static int
check_idle(const struct pool *pool)
{
	_cleanup_free_ char *node = NULL;
	int r;

	if (pool->kind == POOL_IMAGE) {
		node = loop_find(pool->source);
		return node != NULL ? -EBUSY : 0;
	}
	r = block_by_uuid(pool->uuid, &node, NULL);
	return r < 0 ? r : claim(node);
}

int
block_is_idle(const struct pool *pool, struct err *err)
{
	const struct timespec pause = { .tv_nsec = IDLE_PAUSE_MS * 1000000L };
	int r = 0;

	/* udev and blkid open a device for a moment when it changes. */
	for (int i = 0; i < IDLE_TRIES; i++) {
		r = check_idle(pool);
		if (r != -EBUSY)
			break;
		(void)nanosleep(&pause, NULL);
	}
	if (r == -EBUSY)
		return err_set(err, EBUSY,
		    "pool '%s' is still in use: a jail runs in it, or another "
		    "mount namespace shows it",
		    pool->name);
	return r < 0 ? err_code(err, r, "cannot examine %s", pool->source) : 0;
}

static void
probe_freep(blkid_probe *probe)
{
	blkid_free_probe(*probe);
}

int
block_wipe(const char *node, struct err *err)
{
	_cleanup_close_ int fd = open(node, O_RDWR | O_EXCL | O_CLOEXEC);
	_cleanup_(probe_freep) blkid_probe probe = blkid_new_probe();

	if (fd < 0)
		return err_errno(err, "cannot open %s", node);
	if (probe == NULL || blkid_probe_set_device(probe, fd, 0, 0) < 0)
		return err_set(err, EIO, "cannot read %s", node);
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_MAGIC);
	blkid_probe_enable_partitions(probe, 1);
	blkid_probe_set_partitions_flags(probe, BLKID_PARTS_MAGIC);
	while (blkid_do_probe(probe) == 0)
		if (blkid_do_wipe(probe, 0) < 0)
			return err_errno(err, "cannot wipe %s", node);
	return fsync(fd) < 0 ? err_errno(err, "cannot write %s", node) : 0;
}

int
block_by_uuid(const char *uuid, char **ret, struct err *err)
{
	_cleanup_(devices_clear) struct devices devices = { 0 };
	int r = devices_scan_all(true, &devices, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < devices.n; i++) {
		struct device *d = &devices.v[i];

		if (d->uuid == NULL || !streq(d->uuid, uuid))
			continue;
		*ret = TAKE_PTR(d->node);
		return 0;
	}
	return err_set(err, ENXIO,
	    "no device in /dev has the file system with UUID %s", uuid);
}
