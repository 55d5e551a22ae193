/* SPDX-License-Identifier: BSD-2-Clause */
/* What was loaded, on disk: a directory a load, and the lock that keeps two
 * pfctls apart. */
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/file.h"
#include "pfctl/pfctl.h"

enum { TEXT_MAX = 256 << 20, NAME_LEN = 32 };

static void
load_name(char buf[NAME_LEN], uint64_t load_id)
{
	snprintf(buf, NAME_LEN, "%016" PRIx64, load_id);
}

/* One directory for each network namespace: pfctl works on the one it is in.
 * Its cookie, unlike its inode, is never given to another one. */
static int
dir_of_namespace(char *buf, size_t size, struct err *err)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie;
	socklen_t len = sizeof(cookie);

	if (fd < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) < 0)
		return err_errno(
		    err, "cannot tell which network namespace this is");
	snprintf(buf, size, RUN_DIR "/%" PRIu64, cookie);
	return 0;
}

static int
lock(struct store *s, int flags, int kind, const char *dir, struct err *err)
{
	s->lockfd = openat(s->dirfd, "lock", flags | O_CLOEXEC, 0600);
	if (s->lockfd < 0)
		return err_errno(err, "cannot open %s/lock", dir);
	while (flock(s->lockfd, kind) < 0)
		if (errno != EINTR)
			return err_errno(err, "cannot lock %s/lock", dir);
	return 0;
}

int
store_open(struct store *s, struct err *err)
{
	char dir[64];
	int r = dir_of_namespace(dir, sizeof(dir), err);

	if (r < 0)
		return r;
	r = file_mkdir_p(dir, 0700, err);
	if (r < 0)
		return r;
	s->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dirfd < 0)
		return err_errno(err, "cannot open %s", dir);
	return lock(s, O_RDWR | O_CREAT, LOCK_EX, dir, err);
}

int
store_open_read(struct store *s, struct err *err)
{
	char dir[64];
	int r = dir_of_namespace(dir, sizeof(dir), err);

	if (r < 0)
		return r;
	s->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dirfd < 0 && errno == ENOENT)
		return 0;
	if (s->dirfd < 0)
		return err_errno(err, "cannot open %s", dir);
	return lock(s, O_RDONLY, LOCK_SH, dir, err);
}

void
store_close(struct store *s)
{
	closep(&s->lockfd);
	closep(&s->dirfd);
	s->lockfd = s->dirfd = -1;
}

int
store_put(struct store *s, uint64_t load_id, const char *name,
    const struct str *text, struct err *err)
{
	_cleanup_close_ int fd = -1;
	char dir[NAME_LEN];

	load_name(dir, load_id);
	if (mkdirat(s->dirfd, dir, 0700) < 0 && errno != EEXIST)
		return err_errno(err, "cannot make %s/.../%s", RUN_DIR, dir);
	fd = openat(s->dirfd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "cannot open %s/.../%s", RUN_DIR, dir);
	return file_replace(fd, name, text->buf, text->len, 0600, err);
}

int
store_get(struct store *s, uint64_t load_id, const char *name, struct str *ret,
    struct err *err)
{
	char path[NAME_LEN + 64];
	char dir[NAME_LEN];

	if (s->dirfd < 0)
		return -ENOENT;
	load_name(dir, load_id);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return file_read(s->dirfd, path, TEXT_MAX, ret, err);
}

int
store_remove(struct store *s, uint64_t load_id, struct err *err)
{
	char dir[NAME_LEN];

	load_name(dir, load_id);
	return file_remove_tree(s->dirfd, dir, err);
}

static bool
is_load_name(const char *name)
{
	return strlen(name) == 16 && strspn(name, "0123456789abcdef") == 16;
}

static bool
is_among(const char *name, const uint64_t *load_id, size_t n)
{
	char one[NAME_LEN];

	for (size_t i = 0; i < n; i++) {
		load_name(one, load_id[i]);
		if (streq(name, one))
			return true;
	}
	return false;
}

/* Do something with every load but these; returns how many. */
static size_t
each_other(struct store *s, const uint64_t *load_id, size_t n,
    void (*f)(struct store *s, const char *name))
{
	_cleanup_closedir_ DIR *d = NULL;
	struct dirent *e;
	size_t others = 0;
	int fd = openat(s->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	d = fd < 0 ? NULL : fdopendir(fd);
	while (d && (e = readdir(d))) {
		if (!is_load_name(e->d_name) || is_among(e->d_name, load_id, n))
			continue;
		others++;
		if (f)
			f(s, e->d_name);
	}
	return others;
}

static void
remove_load(struct store *s, const char *name)
{
	(void)file_remove_tree(s->dirfd, name, NULL);
}

void
store_keep_only(struct store *s, const uint64_t *load_id, size_t n)
{
	(void)each_other(s, load_id, n, remove_load);
}

size_t
store_count_others(struct store *s, const uint64_t *load_id, size_t n)
{
	return each_other(s, load_id, n, NULL);
}

int
store_put_common(
    struct store *s, const char *name, const struct str *text, struct err *err)
{
	return file_replace(s->dirfd, name, text->buf, text->len, 0600, err);
}

int
store_get_common(
    struct store *s, const char *name, struct str *ret, struct err *err)
{
	if (s->dirfd < 0)
		return -ENOENT;
	return file_read(s->dirfd, name, TEXT_MAX, ret, err);
}

bool
store_has(struct store *s, const char *name)
{
	return s->dirfd >= 0 && faccessat(s->dirfd, name, F_OK, 0) == 0;
}

#define LOADED "loaded"

int
store_note_loaded(struct store *s, uint64_t load_id, struct err *err)
{
	char name[NAME_LEN];

	load_name(name, load_id);
	return file_replace(s->dirfd, LOADED, name, strlen(name), 0600, err);
}

int
store_get_loaded(struct store *s, uint64_t *ret, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	int r = store_get_common(s, LOADED, &text, err);

	if (r < 0)
		return r;
	if (sscanf(text.buf, "%" SCNx64, ret) != 1)
		return err_set(
		    err, EINVAL, RUN_DIR "/.../" LOADED " names no load");
	return 0;
}

int
store_remove_common(struct store *s, const char *name, struct err *err)
{
	if (unlinkat(s->dirfd, name, 0) < 0 && errno != ENOENT)
		return err_errno(err, "cannot remove " RUN_DIR "/.../%s", name);
	return 0;
}

int
with_store(struct pfctl *p,
    int (*work)(struct pfctl *p, struct store *s, const struct world *w,
	struct err *err))
{
	_cleanup_(store_close) struct store s = STORE_INIT;
	struct err err = { 0 };
	struct world w;
	int r = world_read(p->facts, &w, &err);

	if (r == 0)
		r = store_open(&s, &err);
	if (r == 0)
		r = work(p, &s, &w, &err);
	world_clear(&w);
	if (r < 0)
		complain("%s", err.msg);
	return r < 0;
}
