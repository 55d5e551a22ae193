/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the store module share and nobody else sees. */
#ifndef STORE_STORE_INTERNAL_H
#define STORE_STORE_INTERNAL_H

#include "store/store.h"

/* Below the pool's mount point. */
#define IOCROOT "iocage"
#define MAKING_DIR ".gaol/making"
#define TRASH_DIR ".gaol/trash"
#define POOL_LOCK ".gaol/lock"

/*
 * The record (pools-file.c).
 */
#define STATE_DIR "/var/lib/gaol"
#define POOLS_FILE STATE_DIR "/pools.json"

/* Text of pools.json to pools; `name` is for messages. */
int pools_parse(
    const char *text, const char *name, struct pools *ret, struct err *err);
/* And back. */
void pools_format(const struct pools *pools, struct str *out);

/* Take the lock on the record, load it for changing; pools_save replaces the
 * file, closing the descriptor unlocks. */
int pools_edit(struct pools *ret, int *ret_lock, struct err *err);
int pools_save(const struct pools *pools, struct err *err);
struct pool *pools_find(const struct pools *pools, const char *name);
/* Out of the list, to the caller; NULL if there is none. */
struct pool *pools_take(struct pools *pools, const char *name);
/* Unmount a pool and remove what it holds; the record is the caller's
 * (pool-admin.c). */
int pool_remove(struct pool *pool, struct err *err);
/* Sets the sentence that refuses one that is still, or for ever, being made. */
int pool_half_made(const struct pool *pool, struct err *err);

/*
 * Pools (pool.c).
 */
bool store_name_ok(const char *name);
struct pool *pool_new(const char *name);
/* mkfs.btrfs wants some 110 MB; less than this holds no release. */
#define POOL_SIZE_MIN (256ULL * 1024 * 1024)
int pool_too_small(const char *source, uint64_t size, struct err *err);
const struct store_ops *store_ops_find(const char *name);
/* Open the mount point of a pool that is mounted. */
int pool_open_at(struct pool *pool, struct err *err);
void pool_close(struct pool *pool);
/* Open a descriptor below a directory, no links followed on the way. */
int open_below(int dirfd, const char *path, int flags);

/* May a pool be mounted at `path`, may it be made of the spec's source at the
 * absolute `path`? (pool-check.c) */
int pool_check_place(const char *path, struct err *err);
int pool_check_source(
    const struct pool_spec *spec, const char *path, struct err *err);

/*
 * Back ends.
 */
extern const struct store_ops store_btrfs;
extern const struct store_ops store_dir;

/* The same for every back end that is a plain mounted file system. */
int plain_hold(struct pool *pool, const char *path, struct err *err);
int plain_rename(
    struct pool *pool, const char *from, const char *to, struct err *err);
int plain_usage(struct pool *pool, struct store_usage *ret, struct err *err);
int plain_settle(struct pool *pool, struct err *err);

/*
 * btrfs subvolumes (linux-subvolume.c). No sentences are set.
 */

/* Is the open directory the top of a subvolume? */
bool subvolume_is(int fd);
/* Delete subvolume `name` of directory `dirfd`, open as `fd`, with all those
 * below it. */
int subvolume_delete(int dirfd, int fd, const char *name);
/* Wait, ten seconds at most, until deleted ones have given their space back. */
void subvolumes_wait(int fd);

/*
 * Mounting (linux-mount.c). Both end with the mount at `path`, nosuid and
 * nodev, its root directory 0700 before anybody can see it.
 */
int mount_device(const char *fstype, const char *node, const char *options,
    const char *path, struct err *err);
int mount_bind(const char *dir, const char *path, struct err *err);
int unmount(const char *path, struct err *err);

/*
 * Block devices (linux-block.c).
 */

/* The device that a pool's file system is on: its node, and for an image a
 * descriptor that keeps the loop device bound until something else does. */
struct block {
	char *node;
	int fd; /* -1 for a device */
};

/* A new file of that size, every block of it allocated. */
int image_allocate(const char *path, uint64_t size, struct err *err);

int block_open(const struct pool *pool, struct block *ret, struct err *err);
void block_clear(struct block *block);
/* Does nobody use it any more? Waits a moment for those that are leaving;
 * -EBUSY. */
int block_is_idle(const struct pool *pool, struct err *err);
/* Remove every signature from it. */
int block_wipe(const char *node, struct err *err);
/* Node of the device whose file system has this UUID; -ENOENT. */
int block_by_uuid(const char *uuid, char **ret, struct err *err);

/*
 * Devices (linux-devices.c).
 */

/* devices_scan with every bound loop device. */
int devices_scan_all(bool all, struct devices *ret, struct err *err);

/* May `node` become a pool? -EBUSY: never; -EEXIST: something is on it and
 * force is not set. */
int device_may_take(const char *node, bool force, struct err *err);

/* What a partition type's code (lower-case GUID, or "0x83") means to people;
 * NULL: unknown. `boot` tells that its raw content starts the machine. */
const char *partition_type(const char *code, bool *ret_boot);

/*
 * Copying a tree (linux-copy.c): owners, modes, times, extended attributes,
 * links, holes and devices as they are; sockets are left out. `to` must not
 * exist. `shared`: blocks must be shared (reflink); -EOPNOTSUPP if they cannot.
 */
int tree_copy(int from_fd, const char *from, int to_fd, const char *to,
    bool shared, struct err *err);
/* Can files below this directory share blocks? */
int reflink_works(int dirfd, bool *ret, struct err *err);

/*
 * Work (work.c).
 */
int work_begin(struct pool *pool, const char *name, const char *to,
    struct store_new **ret, struct err *err);
int work_commit(struct store_new *new, struct err *err);
/* The lock under which trees appear in .gaol and are locked there. */
int work_lock(struct pool *pool, int *ret, struct err *err);
/* Is there work of that name? After store_tidy: somebody is at it. */
bool work_is_busy(struct pool *pool, const char *name);
/* Rename into the trash, so that readers see it gone, and remove it. */
int work_trash(struct pool *pool, const char *path, struct err *err);

/* Names in a directory, sorted; list_names leaves those out that begin with a
 * dot, list_entries only . and .. */
int list_names(int dirfd, const char *path, struct strv *ret, struct err *err);
int list_entries(
    int dirfd, const char *path, struct strv *ret, struct err *err);

#endif
