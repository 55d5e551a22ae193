/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copying a tree within a file system: everything that makes a system's root
 * what it is comes along, see tree_copy in store-internal.h.
 */
#include "store/store-internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/map.h"

/* Each level of the tree holds three descriptors open. */
enum { DEPTH_MAX = 256, SHOWN_MAX = 200 };

struct copy {
	int to_root;	  /* hard links are made from here */
	dev_t dev;	  /* of the source: nothing else is entered */
	bool shared;	  /* blocks by reflink, or not at all */
	struct map links; /* "inode" -> path of the first copy */
	struct str path;  /* of the entry at work, relative to to_root */
	int depth;
};

/* One entry: its name, and the directories it is and will be in. */
struct entry {
	int from, to;
	const char *name, *to_name;
	struct stat st;
};

static int copy_entry(struct copy *c, struct entry *e, struct err *err);

/* The end of a path that may be longer than a sentence. */
static const char *
shown(const struct copy *c)
{
	return c->path.buf +
	    (c->path.len > SHOWN_MAX ? c->path.len - SHOWN_MAX : 0);
}

static int
fail(const struct copy *c, struct err *err, const char *what)
{
	return err_errno(err, "cannot %s %s", what, shown(c));
}

static int
copy_xattr(int from, int to, const char *name)
{
	_cleanup_free_ char *value = NULL;
	ssize_t n = fgetxattr(from, name, NULL, 0);

	if (n < 0)
		return -1;
	value = xmalloc((size_t)n + 1);
	n = fgetxattr(from, name, value, (size_t)n);
	return n < 0 ? -1 : fsetxattr(to, name, value, (size_t)n, 0);
}

/* Access lists and file capabilities among them. */
static int
copy_xattrs(struct copy *c, int from, int to, struct err *err)
{
	_cleanup_free_ char *list = NULL;
	ssize_t n = flistxattr(from, NULL, 0);

	if (n == 0 || (n < 0 && errno == EOPNOTSUPP))
		return 0;
	if (n < 0 || n > XATTR_LIST_MAX)
		return fail(c, err, "read the attributes of");
	list = xmalloc((size_t)n);
	n = flistxattr(from, list, (size_t)n);
	if (n < 0)
		return fail(c, err, "read the attributes of");
	for (const char *name = list; name < list + n; name += strlen(name) + 1)
		if (copy_xattr(from, to, name) < 0)
			return fail(c, err, "copy the attributes of");
	return 0;
}

/* Owner first: a change of owner takes setuid bits and capabilities away. */
static int
copy_meta(
    struct copy *c, const struct entry *e, int from, int to, struct err *err)
{
	const struct timespec times[] = { e->st.st_atim, e->st.st_mtim };
	int r;

	if (fchown(to, e->st.st_uid, e->st.st_gid) < 0)
		return fail(c, err, "set the owner of");
	if (fchmod(to, e->st.st_mode & 07777) < 0)
		return fail(c, err, "set the mode of");
	r = copy_xattrs(c, from, to, err);
	if (r < 0)
		return r;
	return futimens(to, times) < 0 ? fail(c, err, "set the time of") : 0;
}

static int
copy_range(int from, int to, off_t start, off_t end)
{
	off_t in = start, out = start;

	while (in < end) {
		ssize_t n =
		    copy_file_range(from, &in, to, &out, (size_t)(end - in), 0);

		if (n < 0)
			return -1;
		if (n == 0) /* it became shorter meanwhile */
			return 0;
	}
	return 0;
}

/* The data between the holes, then the length. */
static int
copy_data(int from, int to, off_t size)
{
	off_t start = 0, end;

	while ((start = lseek(from, start, SEEK_DATA)) >= 0) {
		end = lseek(from, start, SEEK_HOLE);
		if (end < 0 || copy_range(from, to, start, end) < 0)
			return -1;
		start = end;
	}
	if (errno != ENXIO) /* no data after `start` */
		return -1;
	return ftruncate(to, size);
}

static int
copy_file(struct copy *c, struct entry *e, struct err *err)
{
	_cleanup_close_ int from = openat(
	    e->from, e->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	_cleanup_close_ int to = -1;

	if (from < 0)
		return fail(c, err, "open");
	to = openat(
	    e->to, e->to_name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0)
		return fail(c, err, "make");
	if (c->shared ? ioctl(to, FICLONE, from) < 0
		      : copy_data(from, to, e->st.st_size) < 0)
		return fail(c, err, c->shared ? "share the blocks of" : "copy");
	return copy_meta(c, e, from, to, err);
}

static int
copy_link(struct copy *c, struct entry *e, struct err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(e->from, e->name, target, sizeof(target) - 1);

	if (n < 0)
		return fail(c, err, "read link");
	target[n] = '\0';
	if (symlinkat(target, e->to, e->to_name) < 0 ||
	    fchownat(e->to, e->to_name, e->st.st_uid, e->st.st_gid,
		AT_SYMLINK_NOFOLLOW) < 0)
		return fail(c, err, "make link");
	return 0;
}

static int
copy_node(struct copy *c, struct entry *e, struct err *err)
{
	if (mknodat(e->to, e->to_name, e->st.st_mode, e->st.st_rdev) < 0)
		return fail(c, err, "make");
	if (fchownat(e->to, e->to_name, e->st.st_uid, e->st.st_gid,
		AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(e->to, e->to_name, e->st.st_mode & 07777, 0) < 0)
		return fail(c, err, "set the owner of");
	return 0;
}

static int
copy_entries(struct copy *c, DIR *d, int to, struct err *err)
{
	struct dirent *de;

	while ((errno = 0, de = readdir(d)) != NULL) {
		struct entry e = { dirfd(d), to, de->d_name, de->d_name,
			{ 0 } };
		size_t len = c->path.len;
		int r;

		if (streq(de->d_name, ".") || streq(de->d_name, ".."))
			continue;
		str_printf(&c->path, "/%s", de->d_name);
		r = copy_entry(c, &e, err);
		str_cut(&c->path, len);
		if (r < 0)
			return r;
	}
	return errno != 0 ? fail(c, err, "read") : 0;
}

static int
copy_dir(struct copy *c, struct entry *e, struct err *err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int from = openat(e->from, e->name, flags), r;
	_cleanup_closedir_ DIR *d = from < 0 ? NULL : fdopendir(from);
	_cleanup_close_ int to = -1;

	if (d == NULL) {
		r = fail(c, err, "open");
		closep(&from);
		return r;
	}
	if (c->depth >= DEPTH_MAX)
		return err_set(err, ELOOP,
		    "cannot copy %s: directories nested deeper than %d",
		    shown(c), DEPTH_MAX);
	if (mkdirat(e->to, e->to_name, 0700) < 0)
		return fail(c, err, "make directory");
	to = openat(e->to, e->to_name, flags);
	if (to < 0)
		return fail(c, err, "open");
	c->depth++;
	r = copy_entries(c, d, to, err);
	c->depth--;
	return r < 0 ? r : copy_meta(c, e, dirfd(d), to, err);
}

/* A second name of a file that is there already: 1 if it was made. */
static int
copy_hard_link(struct copy *c, struct entry *e, struct err *err)
{
	_cleanup_free_ char *key = NULL;
	const char *first;

	if (S_ISDIR(e->st.st_mode) || e->st.st_nlink < 2)
		return 0;
	key = xasprintf("%llu", (unsigned long long)e->st.st_ino);
	first = map_get(&c->links, key);
	if (first == NULL) {
		map_set(&c->links, key, xstrdup(c->path.buf));
		return 0;
	}
	if (linkat(c->to_root, first, e->to, e->to_name, 0) < 0)
		return fail(c, err, "link");
	return 1;
}

static int
copy_entry(struct copy *c, struct entry *e, struct err *err)
{
	int r;

	if (fstatat(e->from, e->name, &e->st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(c, err, "examine");
	if (e->st.st_dev != c->dev)
		return err_set(err, EXDEV,
		    "cannot copy %s: another file system is mounted there",
		    shown(c));
	r = copy_hard_link(c, e, err);
	if (r != 0)
		return r < 0 ? r : 0;
	switch (e->st.st_mode & S_IFMT) {
	case S_IFDIR:
		return copy_dir(c, e, err);
	case S_IFREG:
		return copy_file(c, e, err);
	case S_IFLNK:
		return copy_link(c, e, err);
	case S_IFSOCK: /* its server makes it anew */
		return 0;
	default:
		return copy_node(c, e, err);
	}
}

int
tree_copy(int from_fd, const char *from, int to_fd, const char *to, bool shared,
    struct err *err)
{
	struct entry e = { from_fd, to_fd, from, to, { 0 } };
	struct copy c = {
		.to_root = to_fd, .shared = shared, .path = STR_INIT
	};
	struct stat st;
	int r;

	if (fstatat(from_fd, from, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, "cannot examine %s", from);
	c.dev = st.st_dev;
	map_init(&c.links, free);
	str_add(&c.path, to);
	r = copy_entry(&c, &e, err);
	map_clear(&c.links);
	str_clear(&c.path);
	return r;
}

int
reflink_works(int dirfd, bool *ret, struct err *err)
{
	const int flags = O_RDWR | O_TMPFILE | O_CLOEXEC;
	_cleanup_close_ int a = openat(dirfd, ".", flags, 0600);
	_cleanup_close_ int b = openat(dirfd, ".", flags, 0600);
	char block[4096] = { 1 };

	if ((a < 0 || b < 0) && errno == EROFS)
		return err_errno(err, "cannot make files in it");
	/* What has no O_TMPFILE has no reflinks that we know of. */
	if (a < 0 || b < 0) {
		*ret = false;
		return 0;
	}
	if (write_all(a, block, sizeof(block)) < 0)
		return err_errno(err, "cannot write files in it");
	*ret = ioctl(b, FICLONE, a) == 0;
	return 0;
}
