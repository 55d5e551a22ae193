/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where jails live: pools, and the trees in them.
 *
 * A pool is one file system (or one directory) that gaol keeps for itself,
 * mounted at /NAME, mode 0700, nosuid and nodev on the host's side, because a
 * jail's root is hostile to the host: a setuid file that jail root makes
 * would be root's here. The names in a pool:
 *
 *	/NAME/iocage		the iocroot: what `activate` lays out
 *	  download images log templates
 *	  releases/REL/root	a fetched release
 *	  jails/JAIL		config.json, fstab (the caller's files)
 *	  jails/JAIL/root	the jail's root, unshifted ids
 *	/NAME/jails, releases	links into the iocroot, so that a pool named
 *				iocage has /iocage/jails/JAIL as well
 *	/NAME/.gaol/making	trees that are being made
 *	/NAME/.gaol/trash	trees that are being removed
 *
 * What makes or removes a tree does it under .gaol and renames once, so that
 * a reader sees a whole release or jail or none, whenever the writer is
 * killed. store_tidy() removes what a killed writer left.
 *
 * Which pools there are, where they come from and which is active stands in
 * /var/lib/gaol/pools.json (written, fsynced, renamed); nothing else is kept.
 * Reading functions never write, and never mount.
 *
 * A back end fills a struct store_ops. To it a tree is a path below the
 * pool's mount point ("iocage/jails/web/root"): a subvolume for btrfs, a
 * dataset for zfs, a directory for dir.
 *
 * Functions return 0 or a negative errno with the sentence in err.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/array.h"
#include "base/err.h"
#include "base/str.h"
#include "base/util.h"

/* What a pool is made on. */
enum pool_kind {
	POOL_DEVICE, /* a disk or partition */
	POOL_IMAGE,  /* a file, by way of a loop device */
	POOL_DIR,    /* a directory of another file system */
};

struct store_ops;

struct pool {
	char *name;
	char *path; /* mount point: /NAME */
	enum pool_kind kind;
	char *source;	/* device node, image file or directory, absolute */
	char *uuid;	/* of the file system; NULL for a directory */
	bool reflink;	/* dir: copies share their blocks */
	bool own_place; /* the mount point was made for it, and goes with it */
	bool making;	/* being made, or left by a create that was killed */
	bool active;	/* the one that jails are made in */
	const struct store_ops *ops;

	/* Set while the pool is open, else -1. */
	int fd;	    /* the mount point */
	int ioc_fd; /* the iocroot; -1 as well before it was activated */
};

struct pools {
	struct pool **v;
	size_t n, cap;
};

struct store_usage {
	uint64_t size, used, avail; /* bytes */
};

/*
 * A back end. Paths are relative to the pool's mount point and trusted (built
 * from checked names). An operation that a back end lacks is NULL, and the
 * store_ function of its name then says so.
 */
struct store_ops {
	const char *name; /* "btrfs", "dir" */

	/* Make the file system with pool->uuid on pool->source. */
	int (*make)(struct pool *pool, bool force, struct err *err);
	/* Make pool->source hold nothing again. */
	int (*wipe)(struct pool *pool, struct err *err);
	/* Put the pool at pool->path, and take it away from there. */
	int (*import)(struct pool *pool, struct err *err);
	int (*export)(struct pool *pool, struct err *err);
	/* Is what pool->fd shows this pool? 0, or -ESTALE. */
	int (*check)(const struct pool *pool, struct err *err);

	/* A place that holds files and trees: jails/JAIL. Mode 0755, root's. */
	int (*hold)(struct pool *pool, const char *path, struct err *err);
	/* An empty tree, mode 0755, root's. */
	int (*create)(struct pool *pool, const char *path, struct err *err);
	/* A writable copy of a tree; `tag` names the snapshot it hangs on where
	 * the back end has such (zfs: FROM@TAG). */
	int (*clone)(struct pool *pool, const char *from, const char *tag,
	    const char *to, struct err *err);
	/* Remove a holder or tree with all in it, also what a jail made. */
	int (*destroy)(struct pool *pool, const char *path, struct err *err);
	/* Move a holder (jails/JAIL) with the trees in it; -EEXIST if `to`
	 * is there. */
	int (*rename)(struct pool *pool, const char *from, const char *to,
	    struct err *err);
	/* Wait until a clone is on the disk; NULL: it is when clone returns. */
	int (*settle)(struct pool *pool, struct err *err);
	int (*usage)(
	    struct pool *pool, struct store_usage *ret, struct err *err);
	/* A limit in bytes for one tree; 0: none. */
	int (*set_quota)(struct pool *pool, const char *path, uint64_t bytes,
	    struct err *err);
};

/*
 * Pools.
 */

/* The known pools by name, none of them open. */
int pools_load(struct pools *ret, struct err *err);
void pools_clear(struct pools *pools);

/* Open a pool by name, or the active one. It must be mounted and be the one
 * that was recorded; it is checked to be root's, 0700, nosuid and nodev. */
int pool_open(const char *name, struct pool **ret, struct err *err);
int pool_open_active(struct pool **ret, struct err *err);
/* Closes and frees; NULL is fine. */
struct pool *pool_free(struct pool *pool);
void pool_freep(struct pool **pool);

/* 0 if there is a pool of that name, else -ENOENT with the sentence. */
int pool_exists(const char *name, struct err *err);

/* True if the pool is mounted where it belongs (`pool list`'s ONLINE). */
bool pool_is_mounted(const struct pool *pool);

struct pool_spec {
	const char *name;
	enum pool_kind kind;
	const char *source; /* need not be absolute */
	uint64_t size;	    /* POOL_IMAGE: bytes */
	bool force;	    /* POOL_DEVICE: take it with what is on it */
};

/* Make a pool, mount it and record it; on failure nothing is left. With
 * `plan` the checks are made, the steps are written into it (steps_plan) and
 * nothing is done. */
int pool_create(
    const struct pool_spec *spec, struct str *plan, struct err *err);

/* Unmount a pool, remove what it holds and forget it: a device has nothing on
 * it any more, an image file is deleted, a directory is emptied. -EBUSY while
 * jails or programs use it. */
int pool_destroy(const char *name, struct err *err);

/* Mount a recorded pool; nothing to do if it is mounted. */
int pool_import(const char *name, struct err *err);
/* Mount every recorded pool, for boot: tries all, calls `failed` for each
 * that cannot be mounted, returns the first failure. */
int pool_import_all(void (*failed)(void *arg, const struct err *err), void *arg,
    struct err *err);
/* Unmount a pool and keep its record. */
int pool_export(const char *name, struct err *err);

/* Make it the active pool and lay out its iocroot (what is there stays). */
int pool_activate(const char *name, struct err *err);

/* "btrfs", "dir" */
const char *store_backend(const struct pool *pool);
int store_usage(struct pool *pool, struct store_usage *ret, struct err *err);

/*
 * The disks and partitions of this machine that have a node in /dev. Loop
 * devices show only when they play a disk (partitions are looked for on them).
 */
enum device_state {
	DEVICE_FREE,  /* nothing on it */
	DEVICE_TAKEN, /* something on it; -f would take it */
	DEVICE_BUSY,  /* mounted, swap, held by the kernel: never taken */
};

struct device {
	char *node;    /* "/dev/vda4" */
	char *disk;    /* node of the disk it is a partition of, or NULL */
	uint64_t size; /* bytes */
	char *type;    /* a partition's type for people ("Linux filesystem"),
			  a disk's partition table ("gpt"); or NULL */
	char *label;   /* of the partition, else of the file system; or NULL */
	char *content; /* what is on it: "ext4", "btrfs", "swap"; or NULL */
	char *uuid;    /* of the content; or NULL */
	char *note;    /* why it is not free: "mounted on /"; or NULL */
	enum device_state state;
};

struct devices {
	struct device *v;
	size_t n, cap;
};

/* Scan, disks by name, each followed by its partitions. */
int devices_scan(struct devices *ret, struct err *err);
void devices_clear(struct devices *devices);

/*
 * Paths, in one place. All are for messages and for files that people look
 * at; gaol itself opens by descriptor.
 */

/* "/iocage/iocage/jails/web", owned by the caller. */
char *store_jail_path(const struct pool *pool, const char *jail);
/* "/iocage/iocage/jails/web/root" */
char *store_jail_root_path(const struct pool *pool, const char *jail);

/*
 * Jails. The name must have passed the jail-name rule already; here only what
 * could leave the directory is refused.
 */
#define STORE_EMPTY NULL /* instead of a release: a root with nothing in it */

/*
 * A jail being made, in .gaol/making, where no reader sees it:
 *
 *	store_jail_begin(pool, "web", "debian-12", &new, err);
 *	... write config.json and fstab into new->fd ...
 *	store_jail_commit(new, err);	jails/web is there, whole
 *
 * store_new_free() of one that was not committed removes all of it.
 */
struct store_new {
	struct pool *pool; /* borrowed */
	char *tree;	   /* ".gaol/making/NAME.XXXXXX" */
	char *to;	   /* "iocage/jails/web"; NULL once committed */
	int fd;		   /* the directory that becomes jails/web; locked */
};

int store_jail_begin(struct pool *pool, const char *jail, const char *release,
    struct store_new **ret, struct err *err);
/* The same with a copy of another jail's root, which may run meanwhile. */
int store_jail_begin_clone(struct pool *pool, const char *jail, const char *of,
    struct store_new **ret, struct err *err);
int store_jail_commit(struct store_new *new, struct err *err);
struct store_new *store_new_free(struct store_new *new);
void store_new_freep(struct store_new **new);

/* The three calls above for a caller with nothing to write in between. */
int store_jail_create(
    struct pool *pool, const char *jail, const char *release, struct err *err);

/* The jail is gone from jails/ before its files are removed. It must not
 * run: its mounts would be torn off (the caller holds its lock). */
int store_jail_destroy(struct pool *pool, const char *jail, struct err *err);

/* The names in jails/, sorted by strcmp. */
int store_jail_list(struct pool *pool, struct strv *ret, struct err *err);

/* O_PATH descriptor of jails/JAIL, and of its root: -ENOENT with "no jail
 * named". Neither name is followed if it is a link. */
int store_jail_open(
    struct pool *pool, const char *jail, int *ret_fd, struct err *err);
int store_jail_root_open(
    struct pool *pool, const char *jail, int *ret_fd, struct err *err);

/* Limit a jail's root to so many bytes; -EOPNOTSUPP where the back end cannot. */
int store_jail_set_quota(
    struct pool *pool, const char *jail, uint64_t bytes, struct err *err);

/*
 * Releases.
 */

/* What `fetch` can make, oldest first; ends with a NULL name. */
struct release_def {
	const char *name;  /* "debian-12" */
	const char *suite; /* "bookworm" */
};
extern const struct release_def release_defs[];

/* The definition of a name, or -EINVAL: a FreeBSD release ("12.2-RELEASE")
 * gets the line to type instead, another word what would be valid. `verb` is
 * what was typed ("fetch", "create -n web") and goes into that line. */
int release_find(const char *name, const char *verb,
    const struct release_def **ret, struct err *err);
/* The newest. */
const struct release_def *release_latest(void);

/* The names that were fetched, sorted by strcmp. */
int store_release_list(struct pool *pool, struct strv *ret, struct err *err);
bool store_release_exists(struct pool *pool, const char *release);
int store_release_destroy(
    struct pool *pool, const char *release, struct err *err);
/* O_PATH descriptor of its root. */
int store_release_open(
    struct pool *pool, const char *release, int *ret_fd, struct err *err);

/* A release being made: new->fd's "root" is an empty tree; commit shows it.
 * Commit waits until all of it is on the disk. */
int store_release_begin(struct pool *pool, const char *release,
    struct store_new **ret, struct err *err);
int store_release_commit(struct store_new *new, struct err *err);

/* Remove what killed writers left in .gaol/making and .gaol/trash; what a
 * living one is at work on is locked and stays. What makes or removes a tree
 * begins with it. Tries all, returns the first failure. */
int store_tidy(struct pool *pool, struct err *err);

struct findings;

/* The same as findings, each mended if `mend`; and pools that are half made or
 * half destroyed. */
void store_leftovers(struct pool *pool, bool mend, struct findings *all);
void pools_leftovers(bool mend, struct findings *all);

#endif
