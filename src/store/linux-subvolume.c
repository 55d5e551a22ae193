/* SPDX-License-Identifier: BSD-2-Clause */
/* Deleting btrfs subvolumes, whatever a jail made of them, and waiting until
 * the kernel has given their space back. */
#include "store/store-internal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	SPACE_PAUSE_MS = 20,
	SPACE_TRIES = 500, /* ten seconds */
};

/* The kernel's file handle on btrfs: part of its interface to file servers,
 * which keep handles over a reboot and an upgrade. */
enum { FID_WITHOUT_PARENT = 0x4d };
struct fid {
	uint64_t objectid, root;
	uint32_t generation;
} __attribute__((packed));

/* The first subvolume that hangs below subvolume `id`: 1 and its id, or 0. */
static int
first_child(int fd, uint64_t id, uint64_t *ret)
{
	struct btrfs_ioctl_search_args
	    args = { .key = {
			 .tree_id = BTRFS_ROOT_TREE_OBJECTID,
			 .min_objectid = id,
			 .max_objectid = id,
			 .min_type = BTRFS_ROOT_REF_KEY,
			 .max_type = BTRFS_ROOT_REF_KEY,
			 .max_offset = UINT64_MAX,
			 .max_transid = UINT64_MAX,
			 .nr_items = 1,
		     } };
	struct btrfs_ioctl_search_header head;

	if (ioctl(fd, BTRFS_IOC_TREE_SEARCH, &args) < 0)
		return -errno;
	if (args.key.nr_items == 0)
		return 0;
	memcpy(&head, args.buf, sizeof(head));
	*ret = head.offset; /* the key's offset is the child's id */
	return 1;
}

/* Generation of a subvolume's top directory, without opening it. */
static int
top_generation(int fd, uint64_t id, uint32_t *ret)
{
	struct btrfs_ioctl_search_args
	    args = { .key = {
			 .tree_id = id,
			 .min_objectid = BTRFS_FIRST_FREE_OBJECTID,
			 .max_objectid = BTRFS_FIRST_FREE_OBJECTID,
			 .min_type = BTRFS_INODE_ITEM_KEY,
			 .max_type = BTRFS_INODE_ITEM_KEY,
			 .max_offset = UINT64_MAX,
			 .max_transid = UINT64_MAX,
			 .nr_items = 1,
		     } };
	struct btrfs_inode_item item;

	if (ioctl(fd, BTRFS_IOC_TREE_SEARCH, &args) < 0)
		return -errno;
	if (args.key.nr_items == 0)
		return -ENOENT;
	memcpy(&item, args.buf + sizeof(struct btrfs_ioctl_search_header),
	    sizeof(item));
	*ret = (uint32_t)le64toh(item.generation);
	return 0;
}

/*
 * Open a subvolume by its id, as the NFS server would: by a handle. Its path
 * may be longer than any call takes.
 */
static int
open_by_id(int fd, uint64_t id)
{
	_Alignas(struct file_handle) char
	    buf[sizeof(struct file_handle) + sizeof(struct fid)] = { 0 };
	struct file_handle *handle = (struct file_handle *)buf;
	struct fid fid = { BTRFS_FIRST_FREE_OBJECTID, id, 0 };
	uint32_t generation = 0;
	int r = top_generation(fd, id, &generation);

	if (r < 0)
		return r;
	fid.generation = generation;
	handle->handle_bytes = sizeof(fid);
	handle->handle_type = FID_WITHOUT_PARENT;
	memcpy(handle->f_handle, &fid, sizeof(fid));
	r = open_by_handle_at(fd, handle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return r < 0 ? -errno : r;
}

/* Whoever owns a subvolume, in a jail too, may have made it read-only: then
 * nothing in it can be removed. */
static int
make_writable(int fd, uint64_t id)
{
	_cleanup_close_ int sub = open_by_id(fd, id);
	uint64_t flags = 0;

	if (sub < 0)
		return sub;
	if (ioctl(sub, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) < 0)
		return -errno;
	if (!(flags & BTRFS_SUBVOL_RDONLY))
		return 0;
	flags &= ~(uint64_t)BTRFS_SUBVOL_RDONLY;
	return ioctl(sub, BTRFS_IOC_SUBVOL_SETFLAGS, &flags) < 0 ? -errno : 0;
}

static int
delete_by_id(int fd, uint64_t id)
{
	struct btrfs_ioctl_vol_args_v2 args = {
		.flags = BTRFS_SUBVOL_SPEC_BY_ID,
		.subvolid = id,
	};

	return ioctl(fd, BTRFS_IOC_SNAP_DESTROY_V2, &args) < 0 ? -errno : 0;
}

/*
 * Remove the subvolumes below subvolume `top`, innermost first. Jail root may
 * make subvolumes in its own, as deep as it likes: hence no recursion, but
 * a walk down to a childless one, again and again.
 */
static int
delete_children(int fd, uint64_t top)
{
	for (;;) {
		uint64_t id = top, child = 0;
		int r;

		while ((r = first_child(fd, id, &child)) > 0) {
			r = make_writable(fd, id);
			if (r < 0)
				return r;
			id = child;
		}
		if (r < 0 || id == top)
			return r;
		r = delete_by_id(fd, id);
		if (r < 0)
			return r;
	}
}

static int
subvolume_id(int fd, uint64_t *ret)
{
	struct btrfs_ioctl_ino_lookup_args args = {
		.objectid = BTRFS_FIRST_FREE_OBJECTID,
	};

	if (ioctl(fd, BTRFS_IOC_INO_LOOKUP, &args) < 0)
		return -errno;
	*ret = args.treeid;
	return 0;
}

bool
subvolume_is(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_ino == BTRFS_FIRST_FREE_OBJECTID;
}

int
subvolume_delete(int dirfd, int fd, const char *name)
{
	struct btrfs_ioctl_vol_args_v2 args = { 0 };
	uint64_t id = 0;
	int r;

	if (strlen(name) >= sizeof(args.name))
		return -ENAMETOOLONG;
	memcpy(args.name, name, strlen(name) + 1);
	if (ioctl(dirfd, BTRFS_IOC_SNAP_DESTROY_V2, &args) == 0)
		return 0;
	if (errno != ENOTEMPTY)
		return -errno;
	r = subvolume_id(fd, &id);
	if (r == 0)
		r = delete_children(fd, id);
	if (r == 0 && ioctl(dirfd, BTRFS_IOC_SNAP_DESTROY_V2, &args) < 0)
		r = -errno;
	return r;
}

/* Are there subvolumes that were deleted and still hold their blocks? */
static bool
has_deleted(int fd)
{
	struct btrfs_ioctl_search_args
	    args = { .key = {
			 .tree_id = BTRFS_ROOT_TREE_OBJECTID,
			 .min_objectid = BTRFS_ORPHAN_OBJECTID,
			 .max_objectid = BTRFS_ORPHAN_OBJECTID,
			 .min_type = BTRFS_ORPHAN_ITEM_KEY,
			 .max_type = BTRFS_ORPHAN_ITEM_KEY,
			 .max_offset = UINT64_MAX,
			 .max_transid = UINT64_MAX,
			 .nr_items = 1,
		     } };

	return ioctl(fd, BTRFS_IOC_TREE_SEARCH, &args) == 0 &&
	    args.key.nr_items > 0;
}

/* This ioctl wakes the kernel's cleaner, which syncfs(2) does not; the commit
 * after its work frees the blocks. */
void
subvolumes_wait(int fd)
{
	const struct timespec pause = { .tv_nsec = SPACE_PAUSE_MS * 1000000L };
	bool more = true;

	for (int i = 0; more && i < SPACE_TRIES; i++) {
		(void)ioctl(fd, BTRFS_IOC_SYNC);
		more = has_deleted(fd);
		if (more)
			(void)nanosleep(&pause, NULL);
	}
	(void)ioctl(fd, BTRFS_IOC_SYNC);
}
