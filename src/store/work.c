/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making and removing under .gaol, so that nobody sees a half of anything.
 *
 * A directory in .gaol/making or .gaol/trash is locked (flock) by the process
 * that is at work on it. One that nobody has locked was left by a process
 * that died, and store_tidy removes it. The pool's own lock is held only
 * while a directory appears and gets its lock.
 */
#include "store/store-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

int
work_lock(struct pool *pool, int *ret, struct err *err)
{
	int fd = openat(pool->fd, POOL_LOCK,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(
		    err, "cannot open %s/%s", pool->path, POOL_LOCK);
	if (flock(fd, LOCK_EX) < 0) {
		int r = err_errno(err, "cannot lock %s", pool->path);

		(void)close(fd);
		return r;
	}
	*ret = fd;
	return 0;
}

static char *
unique_path(const char *dir, const char *name)
{
	uint64_t n = 0;

	if (getrandom(&n, sizeof(n), 0) != (ssize_t)sizeof(n))
		BUG("getrandom gave no bytes");
	return xasprintf("%s/%s.%016llx", dir, name, (unsigned long long)n);
}

static struct store_new *
new_new(struct pool *pool, const char *name, const char *to)
{
	struct store_new *new = xcalloc(1, sizeof(*new));

	new->pool = pool;
	new->tree = unique_path(MAKING_DIR, name);
	new->to = xstrdup(to);
	new->fd = -1;
	return new;
}

/* Make and lock the directory; with the pool's lock held nobody can take it
 * for a leftover in between. */
static int
make_locked(struct store_new *new, struct err *err)
{
	_cleanup_close_ int lock = -1;
	struct pool *pool = new->pool;
	int r = work_lock(pool, &lock, err);

	if (r == 0)
		r = pool->ops->hold(pool, new->tree, err);
	if (r < 0)
		return r;
	r = open_below(pool->fd, new->tree, O_RDONLY | O_DIRECTORY);
	if (r < 0)
		return err_code(
		    err, r, "cannot open %s/%s", pool->path, new->tree);
	new->fd = r;
	if (flock(new->fd, LOCK_EX | LOCK_NB) < 0)
		return err_errno(
		    err, "cannot lock %s/%s", pool->path, new->tree);
	return 0;
}

int
work_begin(struct pool *pool, const char *name, const char *to,
    struct store_new **ret, struct err *err)
{
	_cleanup_(store_new_freep) struct store_new *new = NULL;
	int r;

	/* What cannot be removed must not keep anybody from working: it may be
	 * a jail's doing. The verb that left it has said so. */
	(void)store_tidy(pool, NULL);
	new = new_new(pool, name, to);
	r = make_locked(new, err);
	if (r == 0)
		*ret = TAKE_PTR(new);
	return r;
}

bool
work_is_busy(struct pool *pool, const char *name)
{
	_cleanup_(strv_clear) struct strv names = { 0 };
	_cleanup_free_ char *start = xasprintf("%s.", name);

	if (list_names(pool->fd, MAKING_DIR, &names, NULL) < 0)
		return false;
	for (size_t i = 0; i < names.n; i++)
		if (str_starts(names.v[i], start))
			return true;
	return false;
}

int
work_commit(struct store_new *new, struct err *err)
{
	struct pool *pool = new->pool;
	int r = pool->ops->rename(pool, new->tree, new->to, err);

	if (r == -EEXIST)
		return err_set(err, EEXIST,
		    "%s/%s was made by another command meanwhile", pool->path,
		    new->to);
	if (r < 0)
		return r;
	free(new->to);
	new->to = NULL;
	return 0;
}

struct store_new *
store_new_free(struct store_new *new)
{
	if (new == NULL)
		return NULL;
	/* What cannot be removed now is store_tidy's the next time. */
	if (new->to != NULL)
		(void)new->pool->ops->destroy(new->pool, new->tree, NULL);
	closep(&new->fd);
	free(new->tree);
	free(new->to);
	free(new);
	return NULL;
}

void
store_new_freep(struct store_new **new)
{
	*new = store_new_free(*new);
}

/* Move it into the trash and lock it there. */
static int
trash_locked(struct pool *pool, const char *path, const char *trash,
    int *ret_fd, struct err *err)
{
	_cleanup_close_ int lock = -1;
	int r = work_lock(pool, &lock, err);

	if (r == 0)
		r = pool->ops->rename(pool, path, trash, err);
	if (r < 0)
		return r;
	r = open_below(pool->fd, trash, O_RDONLY | O_DIRECTORY);
	if (r < 0)
		return err_code(err, r, "cannot open %s/%s", pool->path, trash);
	*ret_fd = r;
	/* The caller's lock on the jail may be this very one: as good. */
	if (flock(r, LOCK_EX | LOCK_NB) < 0 && errno != EWOULDBLOCK)
		return err_errno(err, "cannot lock %s/%s", pool->path, trash);
	return 0;
}

int
work_trash(struct pool *pool, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *trash = unique_path(TRASH_DIR, slash + 1);
	_cleanup_close_ int fd = -1;
	int r;

	(void)store_tidy(pool, NULL);
	r = trash_locked(pool, path, trash, &fd, err);
	return r < 0 ? r : pool->ops->destroy(pool, trash, err);
}

/* Remove the unlocked ones in one of the two directories. One that cannot be
 * removed does not keep the others. */
static int
tidy_dir(struct pool *pool, const char *dir, struct err *err)
{
	_cleanup_(strv_clear) struct strv names = { 0 };
	int first = list_names(pool->fd, dir, &names, err);

	for (size_t i = 0; i < names.n; i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", dir, names.v[i]);
		_cleanup_close_ int fd =
		    open_below(pool->fd, path, O_RDONLY | O_DIRECTORY);
		int r;

		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
			continue;
		r = pool->ops->destroy(pool, path, first == 0 ? err : NULL);
		if (first == 0)
			first = r;
	}
	return first;
}

int
store_tidy(struct pool *pool, struct err *err)
{
	_cleanup_close_ int lock = -1;
	int r = work_lock(pool, &lock, err), r2;

	if (r < 0)
		return r;
	r = tidy_dir(pool, MAKING_DIR, err);
	r2 = tidy_dir(pool, TRASH_DIR, r == 0 ? err : NULL);
	if (r == 0)
		r = r2;
	return r < 0
	    ? err_wrap(err, r, "removing what was left in %s/.gaol", pool->path)
	    : 0;
}
