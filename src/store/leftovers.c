/* SPDX-License-Identifier: BSD-2-Clause */
/* What killed commands left: half-made pools, and trees in .gaol that nobody
 * is at work on. */
#include "store/store-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/finding.h"

/* ---- trees in .gaol ---- */

static void
tree_found(struct pool *pool, const char *path, const char *done, bool mend,
    struct findings *all)
{
	struct finding *f = finding_add(all, FINDING_WARNING, "left-tree");
	struct err e = { 0 };

	finding_thing(f, "pool %s", pool->name);
	finding_what(f, "%s/%s was being %s by a command that was killed",
	    pool->path, path, done);
	finding_why(f, "it takes room and serves nobody");
	if (mend)
		finding_mended(f, pool->ops->destroy(pool, path, &e), &e);
}

static void
look_in(struct pool *pool, const char *dir, const char *done, bool mend,
    struct findings *all)
{
	_cleanup_(strv_clear) struct strv names = { 0 };
	struct err e = { 0 };

	if (list_names(pool->fd, dir, &names, &e) < 0)
		findings_unchecked(all, "pool '%s': %s", pool->name, e.msg);
	for (size_t i = 0; i < names.n; i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", dir, names.v[i]);
		_cleanup_close_ int fd =
		    open_below(pool->fd, path, O_RDONLY | O_DIRECTORY);

		/* Whoever is at work on one holds its lock. */
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			tree_found(pool, path, done, mend, all);
	}
}

void
store_leftovers(struct pool *pool, bool mend, struct findings *all)
{
	_cleanup_close_ int lock = -1;
	struct err e = { 0 };

	/* While we hold it, no tree is there and not locked yet. */
	if (work_lock(pool, &lock, &e) < 0) {
		findings_unchecked(all, "pool '%s': %s", pool->name, e.msg);
		return;
	}
	look_in(pool, MAKING_DIR, "made", mend, all);
	look_in(pool, TRASH_DIR, "removed", mend, all);
}

/* ---- pools ---- */

static int
remove_half(struct pools *pools, struct pool *pool, struct err *err)
{
	int r = pool_remove(pool, err);

	if (r < 0)
		return r;
	pool_free(pools_take(pools, pool->name));
	return pools_save(pools, err);
}

static void
half_found(
    struct pools *pools, struct pool *pool, bool mend, struct findings *all)
{
	struct finding *f = finding_add(all, FINDING_ERROR, "half-made-pool");
	struct err e = { 0 };

	finding_thing(f, "pool %s", pool->name);
	finding_what(f,
	    "it is half made, or half removed: the command that was at it was "
	    "killed");
	finding_why(f, "it holds no jails, and its place and name are taken");
	finding_fix(f, "gaol pool destroy %s", pool->name);
	if (mend)
		finding_mended(f, remove_half(pools, pool, &e), &e);
}

/* -EWOULDBLOCK: somebody is at work on the record. */
static int
try_edit(struct pools *pools, int *ret_lock, struct err *err)
{
	_cleanup_close_ int fd =
	    open(STATE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "cannot open %s", STATE_DIR);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_errno(err, "cannot lock %s", STATE_DIR);
	*ret_lock = TAKE_FD(fd);
	return pools_load(pools, err);
}

void
pools_leftovers(bool mend, struct findings *all)
{
	_cleanup_(pools_clear) struct pools pools = { 0 };
	_cleanup_close_ int lock = -1;
	struct err e = { 0 };
	int r = try_edit(&pools, &lock, &e);

	/* No record at all is one without pools. */
	if (r == -ENOENT || r == -EWOULDBLOCK)
		return;
	if (r < 0)
		findings_unchecked(all, "%s", e.msg);
	for (size_t i = pools.n; i-- > 0;)
		if (pools.v[i]->making)
			half_found(&pools, pools.v[i], mend, all);
	file_leftover(AT_FDCWD, POOLS_FILE, POOLS_FILE, mend, all);
}
