/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's disks and partitions: nodes from /dev, structure from /sys,
 * content from libblkid, users from the mount table and the kernel's claim.
 *
 * A device without a node in /dev does not exist for us: a container or a
 * throw-away host sees all of the machine's in /sys.
 */
#include "store/store-internal.h"

#include <blkid/blkid.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "base/map.h"
#include "base/table.h"

enum { MOUNTS_MAX = 16 * 1024 * 1024 };

/* A node found in /dev, before it is known whether it counts. */
struct node {
	char *path;
	dev_t rdev;
};

struct nodes {
	struct node *v;
	size_t n, cap;
};

/* What the kernel says is mounted: "major:minor" of the source -> place. */
struct scan {
	struct nodes nodes;
	struct map mounts;
	struct pools pools;
};

static void
scan_clear(struct scan *s)
{
	for (size_t i = 0; i < s->nodes.n; i++)
		free(s->nodes.v[i].path);
	array_clear(&s->nodes);
	map_clear(&s->mounts);
	pools_clear(&s->pools);
}

static void
device_clear(struct device *d)
{
	free(d->node);
	free(d->disk);
	free(d->type);
	free(d->label);
	free(d->content);
	free(d->uuid);
	free(d->note);
	*d = (struct device){ 0 };
}

void
devices_clear(struct devices *devices)
{
	for (size_t i = 0; i < devices->n; i++)
		device_clear(&devices->v[i]);
	array_clear(devices);
}

static char *
sys_path(dev_t rdev, const char *what)
{
	return xasprintf(
	    "/sys/dev/block/%u:%u%s", major(rdev), minor(rdev), what);
}

static bool
sys_has(dev_t rdev, const char *what)
{
	_cleanup_free_ char *path = sys_path(rdev, what);

	return access(path, F_OK) == 0;
}

static int
by_rdev_then_path(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	if (x->rdev != y->rdev)
		return x->rdev < y->rdev ? -1 : 1;
	return natural_cmp(x->path, y->path);
}

static int
by_path(const void *a, const void *b)
{
	return natural_cmp(
	    ((const struct node *)a)->path, ((const struct node *)b)->path);
}

/* One device may have several nodes: the first by name stays. */
static void
drop_aliases(struct nodes *nodes)
{
	size_t n = 0;

	if (nodes->n == 0)
		return;
	qsort(nodes->v, nodes->n, sizeof(nodes->v[0]), by_rdev_then_path);
	for (size_t i = 0; i < nodes->n; i++) {
		if (n > 0 && nodes->v[n - 1].rdev == nodes->v[i].rdev)
			free(nodes->v[i].path);
		else
			nodes->v[n++] = nodes->v[i];
	}
	nodes->n = n;
	qsort(nodes->v, nodes->n, sizeof(nodes->v[0]), by_path);
}

static int
find_nodes(struct nodes *ret, struct err *err)
{
	_cleanup_closedir_ DIR *d = opendir("/dev");
	struct dirent *e;

	if (d == NULL)
		return err_errno(err, "cannot read /dev");
	while ((errno = 0, e = readdir(d)) != NULL) {
		struct node *node;
		struct stat st;

		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) <
			0 ||
		    !S_ISBLK(st.st_mode) || !sys_has(st.st_rdev, ""))
			continue;
		node = array_add(ret);
		node->path = xasprintf("/dev/%s", e->d_name);
		node->rdev = st.st_rdev;
	}
	if (errno != 0)
		return err_errno(err, "cannot read /dev");
	drop_aliases(ret);
	return 0;
}

static char *
rdev_key(dev_t rdev)
{
	return xasprintf("%u:%u", major(rdev), minor(rdev));
}

static void
add_mount(struct map *mounts, const char *place, const char *source)
{
	_cleanup_free_ char *key = NULL;
	struct stat st;

	if (source[0] != '/' || stat(source, &st) < 0 || !S_ISBLK(st.st_mode))
		return;
	key = rdev_key(st.st_rdev);
	if (!map_has(mounts, key))
		map_set(mounts, key, xstrdup(place));
}

/* By the source's node, since btrfs has device numbers of its own. */
static int
find_mounts(struct map *ret, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	_cleanup_(strv_clear) struct strv lines = { 0 };
	int r =
	    file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTS_MAX, &text, err);

	if (r < 0)
		return r;
	strv_split(&lines, text.buf, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		_cleanup_(strv_clear) struct strv w = { 0 };

		/* id parent dev root PLACE options... - type SOURCE super */
		strv_split(&w, lines.v[i], " ");
		for (size_t k = 5; k + 2 < w.n; k++) {
			if (!streq(w.v[k], "-"))
				continue;
			add_mount(ret, w.v[4], w.v[k + 2]);
			break;
		}
	}
	return 0;
}

/* A loop device that plays a disk: the kernel was asked to look for partitions
 * on it. The others are files mounted as they are, which nobody looks for
 * among disks. */
static bool
loop_is_disk(int fd)
{
	struct loop_info64 info;

	return ioctl(fd, LOOP_GET_STATUS64, &info) == 0 &&
	    (info.lo_flags & LO_FLAGS_PARTSCAN) != 0;
}

static void
probe_freep(blkid_probe *probe)
{
	blkid_free_probe(*probe);
}

static char *
probe_value(blkid_probe probe, const char *name)
{
	const char *value;

	if (blkid_probe_lookup_value(probe, name, &value, NULL) < 0 ||
	    value[0] == '\0')
		return NULL;
	return xstrdup(value);
}

/* Content by its signature; two signatures at once are content as well. */
static void
probe_content(int fd, bool whole_disk, struct device *d)
{
	_cleanup_(probe_freep) blkid_probe probe = blkid_new_probe();
	int r;

	if (probe == NULL || blkid_probe_set_device(probe, fd, 0, 0) < 0)
		return;
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(
	    probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID);
	blkid_probe_enable_partitions(probe, 1);
	r = blkid_do_safeprobe(probe);
	if (r == -2) {
		d->content = xstrdup("more than one signature");
		return;
	}
	if (r != 0)
		return;
	d->content = probe_value(probe, "TYPE");
	d->uuid = probe_value(probe, "UUID");
	d->label = probe_value(probe, "LABEL");
	if (whole_disk)
		d->type = probe_value(probe, "PTTYPE");
	if (d->content == NULL)
		d->content = probe_value(probe, "PTTYPE");
}

static void
set_partition(struct device *d, blkid_partition part, bool *ret_boot)
{
	const char *code = blkid_partition_get_type_string(part);
	const char *label = blkid_partition_get_name(part), *type;
	char dos[8];

	if (code == NULL) {
		snprintf(dos, sizeof(dos), "0x%02x",
		    (unsigned)blkid_partition_get_type(part) & 0xff);
		code = dos;
	}
	type = partition_type(code, ret_boot);
	d->type = xstrdup(type != NULL ? type : code);
	if (label != NULL && label[0] != '\0') {
		free(d->label);
		d->label = xstrdup(label);
	}
}

/* Type and label of a partition stand in its disk's table. */
static void
probe_partition(const char *disk, dev_t rdev, struct device *d, bool *ret_boot)
{
	_cleanup_close_ int fd = open(disk, O_RDONLY | O_CLOEXEC);
	_cleanup_(probe_freep) blkid_probe probe = blkid_new_probe();
	blkid_partlist list;
	blkid_partition part;

	if (fd < 0 || probe == NULL ||
	    blkid_probe_set_device(probe, fd, 0, 0) < 0)
		return;
	blkid_probe_enable_superblocks(probe, 0);
	blkid_probe_enable_partitions(probe, 1);
	blkid_probe_set_partitions_flags(probe, BLKID_PARTS_ENTRY_DETAILS);
	list = blkid_probe_get_partitions(probe);
	if (list == NULL)
		return;
	part = blkid_partlist_devno_to_partition(list, rdev);
	if (part != NULL)
		set_partition(d, part, ret_boot);
}

/* Node of the disk that a partition is on: its device is the parent of the
 * partition's in /sys. NULL if that has no node. */
static char *
find_disk(const struct scan *s, dev_t rdev)
{
	_cleanup_free_ char *path = sys_path(rdev, "/../dev");
	char dev[32];

	if (file_peek(AT_FDCWD, path, dev, sizeof(dev)) < 0)
		return NULL;
	for (size_t i = 0; i < s->nodes.n; i++) {
		_cleanup_free_ char *key = rdev_key(s->nodes.v[i].rdev);

		if (streq(key, dev))
			return xstrdup(s->nodes.v[i].path);
	}
	return NULL;
}

static bool
has_holders(dev_t rdev)
{
	_cleanup_free_ char *path = sys_path(rdev, "/holders");
	_cleanup_(strv_clear) struct strv names = { 0 };

	return list_names(AT_FDCWD, path, &names, NULL) == 0 && names.n > 0;
}

static bool
is_claimed(const char *node)
{
	_cleanup_close_ int fd = open(node, O_RDONLY | O_EXCL | O_CLOEXEC);

	return fd < 0 && errno == EBUSY;
}

static const char *
pool_on(const struct pools *pools, const struct device *d)
{
	for (size_t i = 0; i < pools->n && d->uuid != NULL; i++)
		if (pools->v[i]->uuid != NULL &&
		    streq(pools->v[i]->uuid, d->uuid))
			return pools->v[i]->name;
	return NULL;
}

/* The most telling reason first. */
static void
set_state(const struct scan *s, dev_t rdev, int fd, bool boot, struct device *d)
{
	_cleanup_free_ char *key = rdev_key(rdev);
	const char *place = map_get(&s->mounts, key);
	const char *pool = pool_on(&s->pools, d);
	int read_only = 0;

	(void)ioctl(fd, BLKROGET, &read_only);
	d->state = DEVICE_BUSY;
	if (pool != NULL)
		d->note = xasprintf("pool %s", pool);
	else if (place != NULL)
		d->note = xasprintf("mounted on %s", place);
	else if (has_holders(rdev))
		d->note = xstrdup("part of another device");
	else if (is_claimed(d->node))
		d->note = xstrdup("in use");
	else if (read_only)
		d->note = xstrdup("read-only");
	else
		d->state = DEVICE_TAKEN;
	if (d->state == DEVICE_BUSY)
		return;
	if (boot)
		d->note = xstrdup("boot code");
	else if (d->content == NULL)
		d->state = DEVICE_FREE;
}

static void
add_device(const struct scan *s, const struct node *node, bool all,
    struct devices *ret)
{
	_cleanup_close_ int fd =
	    open(node->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	bool partition = sys_has(node->rdev, "/partition"), boot = false;
	struct device *d;
	uint64_t size = 0;

	/* No medium, or no bytes: an unbound loop device, an empty drive. */
	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &size) < 0 || size == 0)
		return;
	if (!all && sys_has(node->rdev, "/loop") && !loop_is_disk(fd))
		return;
	d = array_add(ret);
	d->node = xstrdup(node->path);
	d->size = size;
	probe_content(fd, !partition, d);
	if (partition) {
		d->disk = find_disk(s, node->rdev);
		if (d->disk != NULL)
			probe_partition(d->disk, node->rdev, d, &boot);
	}
	set_state(s, node->rdev, fd, boot, d);
}

int
devices_scan_all(bool all, struct devices *ret, struct err *err)
{
	_cleanup_(scan_clear) struct scan s = { 0 };
	int r;

	map_init(&s.mounts, free);
	r = find_nodes(&s.nodes, err);
	if (r == 0)
		r = find_mounts(&s.mounts, err);
	if (r == 0)
		r = pools_load(&s.pools, err);
	if (r < 0)
		return r;
	*ret = (struct devices){ 0 };
	for (size_t i = 0; i < s.nodes.n; i++)
		add_device(&s, &s.nodes.v[i], all, ret);
	return 0;
}

int
devices_scan(struct devices *ret, struct err *err)
{
	return devices_scan_all(false, ret, err);
}

/* The device that a path leads to (/dev/disk/by-id/... too). */
static int
find_device(struct devices *devices, const char *node, struct device **ret,
    struct err *err)
{
	struct stat want, st;

	if (stat(node, &want) < 0)
		return err_errno(err, "cannot find device %s", node);
	if (!S_ISBLK(want.st_mode))
		return err_set(err, ENOTBLK,
		    "%s is no block device: gaol pool devices shows those "
		    "there are (for a file: --image, a directory: --dir)",
		    node);
	for (size_t i = 0; i < devices->n; i++)
		if (stat(devices->v[i].node, &st) == 0 &&
		    st.st_rdev == want.st_rdev) {
			*ret = &devices->v[i];
			return 0;
		}
	return err_set(
	    err, ENXIO, "%s has no medium, or no node in /dev", node);
}

/* "/dev/da0p2 is not free: ext4 'home' is on it; ..." */
static int
not_empty(const char *node, const struct device *d, struct err *err)
{
	_cleanup_(str_clear) struct str what = STR_INIT;

	str_add(&what, d->content != NULL ? d->content : d->note);
	if (d->label != NULL)
		str_printf(&what, " '%s'", d->label);
	return err_set(err, EEXIST,
	    "%s is not free: %s is on it; -f destroys what is there", node,
	    what.buf);
}

int
device_may_take(const char *node, bool force, struct err *err)
{
	_cleanup_(devices_clear) struct devices devices = { 0 };
	struct device *d = NULL;
	int r = devices_scan_all(true, &devices, err);

	if (r == 0)
		r = find_device(&devices, node, &d, err);
	if (r < 0)
		return r;
	if (d->state == DEVICE_BUSY)
		return err_set(err, EBUSY, "%s is not free: %s", node, d->note);
	if (d->state == DEVICE_TAKEN && !force)
		return not_empty(node, d, err);
	if (d->size < POOL_SIZE_MIN)
		return pool_too_small(node, d->size, err);
	return 0;
}
