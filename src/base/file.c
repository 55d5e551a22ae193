/* SPDX-License-Identifier: BSD-2-Clause */
/* Files: reading whole, replacing safely, opening below a hostile root. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/finding.h"
#include "base/guard.h"

int
file_read_fd(
    int fd, const char *name, size_t max, struct str *ret, struct err *err)
{
	char buf[16384];
	ssize_t n;

	str_reset(ret);
	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "cannot read %s", name);
		if (ret->len + (size_t)n > max)
			return err_set(err, EFBIG,
			    "%s is larger than %zu bytes", name, max);
		str_addmem(ret, buf, (size_t)n);
	}
	return 0;
}

int
file_read(
    int dirfd, const char *path, size_t max, struct str *ret, struct err *err)
{
	/* A pipe that nobody writes to is empty; it is not waited for. */
	_cleanup_close_ int fd = openat(dirfd, path,
	    O_RDONLY | O_CLOEXEC | (guard_off("wait") ? 0 : O_NONBLOCK));

	if (fd < 0)
		return err_errno(err, "cannot open %s", path);
	return file_read_fd(fd, path, max, ret, err);
}

int
write_all(int fd, const void *mem, size_t len)
{
	const char *p = mem;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
fsync_parent(int dirfd, const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir = slash == NULL ? xstrdup(".")
	    : slash == path			 ? xstrdup("/")
			    : xstrndup(path, (size_t)(slash - path));
	_cleanup_close_ int fd =
	    openat(dirfd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

static int
write_new(int dirfd, const char *tmp, const void *mem, size_t len, mode_t mode)
{
	_cleanup_close_ int fd = -1;
	int r;

	(void)unlinkat(dirfd, tmp, 0); /* left by a process that died */
	fd = openat(dirfd, tmp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, mem, len);
	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
		r = -errno;
	return r;
}

int
file_replace(int dirfd, const char *path, const void *mem, size_t len,
    mode_t mode, struct err *err)
{
	_cleanup_free_ char *tmp = xasprintf("%s.new", path);
	int r = write_new(dirfd, tmp, mem, len, mode);

	if (r == 0 && renameat(dirfd, tmp, dirfd, path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dirfd, tmp, 0);
		return err_code(err, r, "cannot write %s", path);
	}
	r = fsync_parent(dirfd, path);
	if (r < 0)
		return err_code(
		    err, r, "cannot sync the directory of %s", path);
	return 0;
}

/* What takes longer was killed. */
enum { REPLACE_SECONDS = 2 };

void
file_leftover(int dirfd, const char *path, const char *shown, bool mend,
    struct findings *all)
{
	_cleanup_free_ char *tmp = xasprintf("%s.new", path);
	struct finding *f;
	struct stat st;
	int r;

	if (fstatat(dirfd, tmp, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    time(NULL) - st.st_mtime < REPLACE_SECONDS)
		return;
	f = finding_add(all, FINDING_NOTE, "left-file");
	finding_at(f, shown, 0);
	finding_what(f,
	    "%s.new beside it is of a command that was killed before it "
	    "replaced it",
	    shown);
	if (mend) {
		struct err e = { 0 };

		r = unlinkat(dirfd, tmp, 0) < 0
		    ? err_errno(&e, "cannot remove %s.new", shown)
		    : 0;
		finding_mended(f, r, &e);
	}
}

int
file_poke(int dirfd, const char *path, const char *text)
{
	_cleanup_close_ int fd =
	    openat(dirfd, path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, len);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

ssize_t
file_peek(int dirfd, const char *path, char *buf, size_t size)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	while (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return n;
}

int
file_open_in_root(int rootfd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = guard_off("in-root")
		    ? 0
		    : RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, rootfd, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

int
file_mkdir_p(const char *path, mode_t mode, struct err *err)
{
	_cleanup_free_ char *p = xstrdup(path);

	for (char *s = p + 1; *s != '\0'; s++) {
		if (*s != '/')
			continue;
		*s = '\0';
		if (mkdir(p, mode) < 0 && errno != EEXIST)
			return err_errno(err, "cannot make directory %s", p);
		*s = '/';
	}
	if (mkdir(p, mode) < 0 && errno != EEXIST)
		return err_errno(err, "cannot make directory %s", p);
	return 0;
}

int
file_is_mountpoint(int dirfd, const char *path)
{
	struct statx sx;

	if (statx(dirfd, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
		STATX_TYPE, &sx) < 0)
		return -errno;
	return (sx.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/*
 * A removal under way. A tree may be nested deeper than we may have
 * descriptors open: what lies deeper than REMOVE_DEPTH is moved up into the
 * tree's top directory and removed from there in the next round.
 */
enum { REMOVE_DEPTH = 64 };

struct removal {
	int top;
	int depth;
	unsigned moved; /* directories that were moved up so far */
};

/* One entry below an open directory; recursion is in remove_content. */
static int remove_entry(struct removal *rm, int dirfd, const char *name,
    const char *shown, struct err *err);

static int
remove_content(struct removal *rm, int fd, const char *shown, struct err *err)
{
	_cleanup_closedir_ DIR *d = fdopendir(fd);
	struct dirent *e;
	int r;

	if (d == NULL) {
		r = err_errno(err, "cannot read %s", shown);
		(void)close(fd);
		return r;
	}
	while ((errno = 0, e = readdir(d)) != NULL) {
		_cleanup_free_ char *sub = NULL;

		if (streq(e->d_name, ".") || streq(e->d_name, ".."))
			continue;
		sub = xasprintf("%s/%s", shown, e->d_name);
		r = remove_entry(rm, dirfd(d), e->d_name, sub, err);
		if (r < 0)
			return r;
	}
	return errno ? err_errno(err, "cannot read %s", shown) : 0;
}

static int
move_up(struct removal *rm, int dirfd, const char *name)
{
	char to[32];

	do {
		snprintf(to, sizeof(to), ".removing.%u", rm->moved++);
		if (renameat2(dirfd, name, rm->top, to, RENAME_NOREPLACE) == 0)
			return 0;
	} while (errno == EEXIST);
	return -errno;
}

static int
remove_dir(struct removal *rm, int dirfd, const char *name, const char *shown,
    struct err *err)
{
	int fd = openat(
	    dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_errno(err, "cannot remove %s", shown);
	rm->depth++;
	r = remove_content(rm, fd, shown, err);
	rm->depth--;
	if (r < 0)
		return r;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0)
		return err_errno(err, "cannot remove %s", shown);
	return 0;
}

static int
remove_entry(struct removal *rm, int dirfd, const char *name, const char *shown,
    struct err *err)
{
	int r;

	/* A directory answers EISDIR, on some file systems EPERM. */
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_errno(err, "cannot remove %s", shown);
	r = file_is_mountpoint(dirfd, name);
	if (r > 0)
		return err_set(
		    err, EXDEV, "%s is a mount point: unmount it first", shown);
	if (rm->depth < REMOVE_DEPTH)
		return remove_dir(rm, dirfd, name, shown, err);
	r = move_up(rm, dirfd, name);
	return r < 0 ? err_code(err, r, "cannot remove %s", shown) : 0;
}

/* All that is in the tree's top directory, until nothing was moved up. */
static int
remove_rounds(int top, const char *shown, struct err *err)
{
	struct removal rm = { .top = top };
	unsigned before;
	int r;

	do {
		int fd = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return err_errno(err, "cannot open %s", shown);
		before = rm.moved;
		r = remove_content(&rm, fd, shown, err);
	} while (r == 0 && rm.moved > before);
	return r;
}

int
file_remove_tree(int dirfd, const char *path, struct err *err)
{
	_cleanup_close_ int top = -1;
	int r;

	if (unlinkat(dirfd, path, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_errno(err, "cannot remove %s", path);
	r = file_is_mountpoint(dirfd, path);
	if (r > 0)
		return err_set(
		    err, EXDEV, "%s is a mount point: unmount it first", path);
	top = openat(
	    dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (top < 0)
		return err_errno(err, "cannot remove %s", path);
	r = remove_rounds(top, path, err);
	if (r < 0)
		return r;
	if (unlinkat(dirfd, path, AT_REMOVEDIR) < 0)
		return err_errno(err, "cannot remove %s", path);
	return 0;
}
