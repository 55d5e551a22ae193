/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pools of each back end, with releases and jails in them: btrfs on an image,
 * a directory whose file system can share blocks (xfs) and one whose cannot
 * (tmpfs). In a mount namespace of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "store/store-internal.h"
#include "tap.h"

enum { DEEP = 400, HOLE = 1024 * 1024 };

static char tmp[] = "/tmp/gaol-store.XXXXXX";
static char pool_name[32];

static bool
sh(const char *command)
{
	return system(command) == 0;
}

/* What a root has that a careless copy loses. */
static void
fill(int root)
{
	char block[4096];
	int fd;

	memset(block, 'x', sizeof(block));
	mkdirat(root, "bin", 0755);
	fd = openat(root, "bin/su", O_CREAT | O_WRONLY, 0755);
	ok(write(fd, block, sizeof(block)) == sizeof(block), "a file");
	ok(fchown(fd, 0, 42) == 0 && fchmod(fd, 04750) == 0, "setuid");
	ok(fsetxattr(fd, "trusted.mark", "yes", 3, 0) == 0, "an attribute");
	futimens(fd, (struct timespec[]){ { 11, 0 }, { 1234567, 0 } });
	close(fd);
	ok(linkat(root, "bin/su", root, "su2", 0) == 0, "a hard link");
	ok(symlinkat("bin/su", root, "link") == 0, "a link");
	ok(fchownat(root, "link", 7, 8, AT_SYMLINK_NOFOLLOW) == 0, "owned");
	ok(mknodat(root, "null", S_IFCHR | 0666, makedev(1, 3)) == 0 &&
		fchmodat(root, "null", 0666, 0) == 0,
	    "a node");
	ok(mkfifoat(root, "fifo", 0600) == 0, "a pipe");
	mkdirat(root, "tmp", 0755);
	ok(fchmodat(root, "tmp", 01777, 0) == 0, "a sticky directory");
	fd = openat(root, "sparse", O_CREAT | O_WRONLY, 0644);
	ok(pwrite(fd, block, sizeof(block), HOLE) == sizeof(block), "a hole");
	ok(ftruncate(fd, 3 * HOLE) == 0, "and another");
	close(fd);
}

static void
check_copy(int root)
{
	_cleanup_close_ int fd = openat(root, "bin/su", O_RDONLY);
	struct stat st, other;
	char value[8] = "", target[16] = "", byte = 0;

	ok(fstat(fd, &st) == 0 && st.st_mode == (S_IFREG | 04750) &&
		st.st_gid == 42 && st.st_mtim.tv_sec == 1234567,
	    "mode, owner and time are the same");
	ok(fgetxattr(fd, "trusted.mark", value, sizeof(value)) == 3 &&
		memcmp(value, "yes", 3) == 0,
	    "the attribute is");
	ok(fstatat(root, "su2", &other, 0) == 0 &&
		other.st_ino == st.st_ino && st.st_nlink == 2,
	    "hard links hang together");
	ok(readlinkat(root, "link", target, sizeof(target)) == 6 &&
		fstatat(root, "link", &other, AT_SYMLINK_NOFOLLOW) == 0 &&
		other.st_uid == 7 && other.st_gid == 8,
	    "the link is");
	ok(fstatat(root, "null", &other, 0) == 0 && S_ISCHR(other.st_mode) &&
		other.st_rdev == makedev(1, 3) &&
		(other.st_mode & 07777) == 0666,
	    "the node is");
	ok(fstatat(root, "fifo", &other, 0) == 0 && S_ISFIFO(other.st_mode),
	    "the pipe is");
	ok(fstatat(root, "tmp", &other, 0) == 0 &&
		other.st_mode == (S_IFDIR | 01777),
	    "the directory is");
	closep(&fd);
	fd = openat(root, "sparse", O_RDONLY);
	ok(fstat(fd, &st) == 0 && st.st_size == 3 * HOLE &&
		st.st_blocks * 512 < HOLE && pread(fd, &byte, 1, HOLE) == 1 &&
		byte == 'x',
	    "holes stay holes");
}

/* The file's first extent is shared with another file. */
static bool
shares_blocks(int root, const char *path)
{
	struct {
		struct fiemap map;
		struct fiemap_extent extent;
	} m = { .map = { .fm_length = 4096,
		    .fm_extent_count = 1,
		    .fm_flags = FIEMAP_FLAG_SYNC } };
	_cleanup_close_ int fd = openat(root, path, O_RDONLY);

	return ioctl(fd, FS_IOC_FIEMAP, &m) == 0 &&
	    m.map.fm_mapped_extents == 1 &&
	    (m.extent.fe_flags & FIEMAP_EXTENT_SHARED);
}

static size_t
count(struct pool *pool, const char *dir)
{
	_cleanup_(strv_clear) struct strv names = { 0 };

	list_names(pool->fd, dir, &names, NULL);
	return names.n;
}

static bool
nothing_left(struct pool *pool)
{
	return count(pool, MAKING_DIR) == 0 && count(pool, TRASH_DIR) == 0;
}

static void
test_release(struct pool *pool)
{
	_cleanup_(store_new_freep) struct store_new *new = NULL, *second = NULL;
	_cleanup_(strv_clear) struct strv names = { 0 };
	_cleanup_close_ int root = -1;
	struct err err = { 0 };

	is_int(store_release_begin(pool, "debian-13", &new, &err), 0,
	    "a release is begun");
	root = openat(new->fd, "root", O_RDONLY | O_DIRECTORY);
	fill(root);
	is_int(store_release_list(pool, &names, &err), 0, "releases");
	is_int(names.n, 0, "it does not show yet");
	ok(!store_release_exists(pool, "debian-13"), "it is not there yet");
	is_int(store_tidy(pool, &err), 0, "tidying");
	is_int(count(pool, MAKING_DIR), 1, "leaves what is at work");
	is_int(store_release_begin(pool, "debian-13", &second, &err), -EBUSY,
	    "nobody else begins the same");
	ok(strstr(err.msg, "being fetched by another command") != NULL,
	    "and is told why");
	is_int(store_release_commit(new, &err), 0, "it is committed");
	new = store_new_free(new);
	is_int(store_release_list(pool, &names, &err), 0, "releases");
	ok(names.n == 1 && streq(names.v[0], "debian-13"), "now it shows");
	is_int(store_release_begin(pool, "debian-13", &new, &err), -EEXIST,
	    "a second time it is refused");
	ok(nothing_left(pool), "nothing is left");
}

static void
test_jail(struct pool *pool)
{
	_cleanup_close_ int root = -1, fd = -1, release = -1;
	_cleanup_(strv_clear) struct strv names = { 0 };
	struct err err = { 0 };
	struct stat st;

	is_int(store_jail_create(pool, "web", "debian-13", &err), 0,
	    "a jail is made: %s", err.msg);
	is_int(store_jail_root_open(pool, "web", &root, &err), 0, "its root");
	check_copy(root);
	if (pool->reflink)
		ok(shares_blocks(root, "bin/su"), "its blocks are shared");
	fd = openat(root, "bin/su", O_WRONLY | O_TRUNC);
	ok(fd >= 0, "the jail writes");
	store_release_open(pool, "debian-13", &release, &err);
	ok(fstatat(release, "bin/su", &st, 0) == 0 && st.st_size == 4096,
	    "the release stays as it was");
	is_int(store_jail_create(pool, "web", "debian-13", &err), -EEXIST,
	    "its name is taken");
	is_str(err.msg, "jail 'web' already exists", "and that is said");
	is_int(store_jail_create(pool, "db", "debian-12", &err), -ENOENT,
	    "a release that is not there");
	is_int(store_jail_create(pool, "../x", "debian-13", &err), -EINVAL,
	    "a name that leaves the directory");
	is_int(store_jail_create(pool, "empty", STORE_EMPTY, &err), 0,
	    "a jail without a release");
	is_int(store_jail_list(pool, &names, &err), 0, "jails");
	ok(names.n == 2 && streq(names.v[0], "empty") &&
		streq(names.v[1], "web"),
	    "are listed by name");
	is_int(store_jail_set_quota(pool, "web", 1 << 20, &err), -EOPNOTSUPP,
	    "a quota is refused, not ignored");
	ok(nothing_left(pool), "nothing is left");
}

/* Two commands make a jail of the same name: the first to commit has it. */
static void
test_race(struct pool *pool)
{
	_cleanup_(store_new_freep) struct store_new *a = NULL, *b = NULL;
	struct err err = { 0 };

	is_int(store_jail_begin(pool, "twin", STORE_EMPTY, &a, &err), 0, "one");
	is_int(store_jail_begin(pool, "twin", STORE_EMPTY, &b, &err), 0, "two");
	is_int(store_jail_commit(b, &err), 0, "the second is faster");
	is_int(store_jail_commit(a, &err), -EEXIST, "the first is too late");
	ok(strstr(err.msg, "jails/twin was made by another command") != NULL,
	    "and is told so");
	a = store_new_free(a);
	b = store_new_free(b);
	is_int(store_jail_destroy(pool, "twin", &err), 0, "it is destroyed");
	ok(nothing_left(pool), "nothing is left");
}

/* A process that is killed between begin and commit. */
static void
test_killed(struct pool *pool)
{
	struct store_new *new;
	struct err err = { 0 };
	int status, ready[2], go[2];
	char byte;
	pid_t pid;

	ok(pipe2(ready, O_CLOEXEC) == 0 && pipe2(go, O_CLOEXEC) == 0, "pipes");
	pid = fork();
	if (pid == 0) {
		_cleanup_(pool_freep) struct pool *own = NULL;

		if (pool_open(pool_name, &own, NULL) < 0 ||
		    store_jail_begin(own, "late", "debian-13", &new, NULL) < 0)
			_exit(1);
		(void)!write(ready[1], "x", 1);
		(void)!read(go[0], &byte, 1);
		_exit(0);
	}
	ok(read(ready[0], &byte, 1) == 1, "another process makes a jail");
	is_int(store_tidy(pool, &err), 0, "tidying");
	is_int(count(pool, MAKING_DIR), 1, "leaves it alone while it lives");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	is_int(count(pool, MAKING_DIR), 1, "killed, it leaves its work");
	ok(faccessat(pool->ioc_fd, "jails/late", F_OK, 0) < 0,
	    "which is no jail");
	is_int(store_jail_create(pool, "next", STORE_EMPTY, &err), 0,
	    "the next verb");
	ok(nothing_left(pool), "clears it");
	is_int(store_jail_destroy(pool, "next", &err), 0, "and that goes too");
}

/* What a hostile jail leaves: directories nested deep, subvolumes in
 * subvolumes. */
static void
nest(int root, bool subvolumes)
{
	int at = openat(root, ".", O_RDONLY | O_DIRECTORY), made = 0;

	for (; made < DEEP; made++) {
		struct btrfs_ioctl_vol_args_v2 args = { .name = "deep" };
		int next;

		if (subvolumes && made % 50 == 1
			? ioctl(at, BTRFS_IOC_SUBVOL_CREATE_V2, &args) < 0
			: mkdirat(at, "deep", 0755) < 0)
			break;
		next = openat(at, "deep", O_RDONLY | O_DIRECTORY);
		close(at);
		at = next;
	}
	close(at);
	is_int(made, DEEP, "the jail nests %s %d deep",
	    subvolumes ? "subvolumes and directories" : "directories", DEEP);
}

/* What a copy leaves out, and what it refuses. */
static void
test_copy_limits(struct pool *pool)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	_cleanup_(store_new_freep) struct store_new *new = NULL;
	_cleanup_close_ int root = -1, copy = -1, sock = -1;
	struct err err = { 0 };

	is_int(store_release_begin(pool, "odd", &new, &err), 0, "a release");
	root = openat(new->fd, "root", O_RDONLY | O_DIRECTORY);
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(
	    sun.sun_path, sizeof(sun.sun_path), "/proc/self/fd/%d/s", root);
	ok(bind(sock, (struct sockaddr *)&sun, sizeof(sun)) == 0,
	    "with a socket");
	is_int(store_release_commit(new, &err), 0, "is made");
	is_int(store_jail_create(pool, "odd", "odd", &err), 0, "and cloned");
	is_int(store_jail_root_open(pool, "odd", &copy, &err), 0, "its root");
	ok(faccessat(copy, "s", F_OK, 0) < 0, "has no socket");
	is_int(store_jail_destroy(pool, "odd", &err), 0, "it is destroyed");
	nest(root, false);
	is_int(store_jail_create(pool, "odd", "odd", &err), -ELOOP,
	    "nested so deep it is not copied");
	ok(strstr(err.msg, "nested deeper than 256") != NULL, "and says why");
	is_int(store_release_destroy(pool, "odd", &err), 0, "but removed");
	ok(nothing_left(pool), "nothing is left");
}

/* Whoever owns a subvolume may make it read-only. */
static void
seal(int root)
{
	_cleanup_close_ int inner =
	    openat(root, "deep/deep", O_RDONLY | O_DIRECTORY);
	_cleanup_close_ int top = openat(root, ".", O_RDONLY | O_DIRECTORY);
	uint64_t flags = BTRFS_SUBVOL_RDONLY;

	is_int(ioctl(inner, BTRFS_IOC_SUBVOL_SETFLAGS, &flags) < 0 ? errno : 0,
	    0, "makes one of them read-only");
	is_int(ioctl(top, BTRFS_IOC_SUBVOL_SETFLAGS, &flags) < 0 ? errno : 0, 0,
	    "and its root");
}

static void
test_destroy(struct pool *pool)
{
	_cleanup_close_ int root = -1, jail = -1;
	struct err err = { 0 };

	is_int(store_jail_root_open(pool, "web", &root, &err), 0, "web's root");
	nest(root, pool->ops == &store_btrfs);
	if (pool->ops == &store_btrfs)
		seal(root);
	closep(&root);
	root = -1;
	store_jail_open(pool, "web", &jail, &err);
	is_int(store_jail_destroy(pool, "web", &err), 0, "web is destroyed: %s",
	    err.msg);
	is_int(store_jail_destroy(pool, "empty", &err), 0, "empty is");
	is_int(store_jail_destroy(pool, "empty", &err), -ENOENT, "only once");
	is_int(count(pool, "iocage/jails"), 0, "no jail is left");
	is_int(store_release_destroy(pool, "debian-13", &err), 0,
	    "the release is destroyed");
	is_int(count(pool, "iocage/releases"), 0, "none is left");
	ok(nothing_left(pool), "nothing is left");
}

static void
test_guard(struct pool *pool)
{
	_cleanup_(pool_freep) struct pool *again = NULL;
	struct err err = { 0 };
	struct stat st;

	ok(stat(pool->path, &st) == 0 && st.st_mode == (S_IFDIR | 0700),
	    "the pool is root's alone");
	chmod(pool->path, 0755);
	is_int(pool_open(pool_name, &again, &err), -EPERM,
	    "opened to others it is refused");
	chmod(pool->path, 0700);
	ok(mount(NULL, pool->path, NULL, MS_REMOUNT | MS_BIND | MS_NODEV,
	       NULL) == 0,
	    "without nosuid");
	is_int(pool_open(pool_name, &again, &err), -EPERM, "so it is");
	ok(strstr(err.msg, "nosuid") != NULL, "and that is said: %s", err.msg);
	ok(mount(NULL, pool->path, NULL,
	       MS_REMOUNT | MS_BIND | MS_NODEV | MS_NOSUID, NULL) == 0,
	    "with nosuid");
}

static void
test_pool(const struct pool_spec *spec, const char *backend, bool reflink)
{
	_cleanup_(pool_freep) struct pool *pool = NULL;
	_cleanup_(pools_clear) struct pools pools = { 0 };
	_cleanup_free_ char *place = xasprintf("/%s", pool_name);
	struct err err = { 0 };

	is_int(pool_create(spec, NULL, &err), 0, "a pool on %s: %s",
	    spec->source, err.msg);
	is_int(pool_open_active(&pool, &err), -ENOENT, "none is active");
	is_int(
	    pool_activate(pool_name, &err), 0, "it is activated: %s", err.msg);
	if (pool_open_active(&pool, &err) < 0) {
		ok(0, "it is opened: %s", err.msg);
		return;
	}
	is_str(store_backend(pool), backend, "the back end");
	is_int(pool->reflink, reflink, "reflinks");
	test_guard(pool);
	test_release(pool);
	test_jail(pool);
	test_race(pool);
	test_killed(pool);
	if (pool->kind == POOL_DIR)
		test_copy_limits(pool);
	test_destroy(pool);
	pool = pool_free(pool);
	is_int(pool_export(pool_name, &err), 0, "it is unmounted");
	is_int(pool_open(pool_name, &pool, &err), -ENXIO, "and so refused");
	is_int(pool_import_all(NULL, NULL, &err), 0, "boot mounts it again");
	is_int(pool_open(pool_name, &pool, &err), 0, "and it is there");
	pool = pool_free(pool);
	is_int(
	    pool_destroy(pool_name, &err), 0, "it is destroyed: %s", err.msg);
	ok(pools_load(&pools, &err) == 0 && pools.n == 0, "and forgotten");
	ok(access(place, F_OK) < 0, "its mount point is gone");
}

static void
test_btrfs(void)
{
	_cleanup_free_ char *image = xasprintf("%s/disk/image", tmp);
	struct pool_spec spec = { pool_name, POOL_IMAGE, image, 300 << 20,
		false };

	test_pool(&spec, "btrfs", false);
	ok(access(image, F_OK) < 0, "the image is gone");
}

static void
test_dir(bool reflink)
{
	_cleanup_free_ char *dir =
	    xasprintf("%s/disk/%s", tmp, reflink ? "xfs/pool" : "pool");
	struct pool_spec spec = { pool_name, POOL_DIR, dir, 0, false };
	_cleanup_(strv_clear) struct strv names = { 0 };

	test_pool(&spec, "dir", reflink);
	ok(list_names(AT_FDCWD, dir, &names, NULL) == 0 && names.n == 0,
	    "the directory is empty");
}

static bool
prepare(void)
{
	const struct rlimit few = { 1024, 1024 };

	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	setrlimit(RLIMIT_NOFILE, &few);
	umask(077); /* no mode may come from it */
	file_mkdir_p(STATE_DIR, 0755, NULL);
	snprintf(pool_name, sizeof(pool_name), "gaolt%d", (int)getpid());
	return mkdtemp(tmp) != NULL && chdir(tmp) == 0 &&
	    mkdir("disk", 0700) == 0 &&
	    mount("tmpfs", STATE_DIR, "tmpfs", 0, NULL) == 0 &&
	    mount("tmpfs", "disk", "tmpfs", 0, "size=1G") == 0;
}

static bool
mount_xfs(void)
{
	return sh("cd disk && mkdir xfs && truncate -s 320M xfs.img && "
		  "mkfs.xfs -q -m reflink=1 xfs.img && "
		  "mount -o loop xfs.img xfs");
}

int
main(void)
{
	if (geteuid() != 0)
		return skip_all("needs root");
	if (!prepare()) {
		ok(0, "a mount namespace is made");
		return done_testing();
	}
	test_btrfs();
	test_dir(false);
	ok(mount_xfs(), "an xfs");
	test_dir(true);
	sh("umount disk/xfs; umount disk; rmdir disk");
	ok(chdir("/") == 0 && rmdir(tmp) == 0, "nothing is left");
	return done_testing();
}
