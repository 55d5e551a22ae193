/* SPDX-License-Identifier: BSD-2-Clause */
/* What is done with a pool that is there: mount, activate, destroy. */
#include "store/store-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static int
pool_unknown(const char *name, struct err *err)
{
	return err_set(err, ENOENT,
	    "no pool named '%s': gaol pool list shows the pools", name);
}

/* A pool by name out of the record, not opened. */
static int
find_pool(const char *name, struct pool **ret, struct err *err)
{
	_cleanup_(pools_clear) struct pools pools = { 0 };
	int r = pools_load(&pools, err);

	if (r < 0)
		return r;
	*ret = pools_take(&pools, name);
	if (*ret == NULL)
		return pool_unknown(name, err);
	return 0;
}

int
pool_exists(const char *name, struct err *err)
{
	_cleanup_(pool_freep) struct pool *pool = NULL;

	return find_pool(name, &pool, err);
}

static int
import_one(struct pool *pool, struct err *err)
{
	int r;

	if (pool->making)
		return pool_half_made(pool, err);

	if (pool_is_mounted(pool)) {
		r = pool_open_at(pool, err);
		pool_close(pool);
		return r;
	}
	if (mkdir(pool->path, 0700) < 0 && errno != EEXIST)
		return err_errno(err, "cannot make mount point %s", pool->path);
	r = pool->ops->import(pool, err);
	return r < 0 ? err_wrap(err, r, "pool '%s'", pool->name) : 0;
}

int
pool_import(const char *name, struct err *err)
{
	_cleanup_(pool_freep) struct pool *pool = NULL;
	int r = find_pool(name, &pool, err);

	return r < 0 ? r : import_one(pool, err);
}

int
pool_import_all(void (*failed)(void *arg, const struct err *err), void *arg,
    struct err *err)
{
	_cleanup_(pools_clear) struct pools pools = { 0 };
	int first = pools_load(&pools, err);

	for (size_t i = 0; i < pools.n; i++) {
		struct err here = { 0 };
		int r = import_one(pools.v[i], &here);

		if (r == 0)
			continue;
		if (failed != NULL)
			failed(arg, &here);
		if (first == 0) {
			first = r;
			if (err != NULL)
				*err = here;
		}
	}
	return first;
}

int
pool_export(const char *name, struct err *err)
{
	_cleanup_(pool_freep) struct pool *pool = NULL;
	int r = find_pool(name, &pool, err);

	if (r < 0 || !pool_is_mounted(pool))
		return r;
	r = pool->ops->export(pool, err);
	return r < 0 ? err_wrap(err, r, "pool '%s'", name) : 0;
}

/* Nobody but us: what still uses the file system elsewhere keeps it, and the
 * pool is put back. A directory has no claim that the kernel could tell of. */
static int
take_away(struct pool *pool, struct err *err)
{
	int r;

	if (pool_is_mounted(pool)) {
		r = pool_open_at(pool, err);
		pool_close(pool);
		if (r == 0)
			r = pool->ops->export(pool, err);
		if (r < 0)
			return r;
	}
	if (pool->kind == POOL_DIR)
		return 0;
	r = block_is_idle(pool, err);
	if (r == -EBUSY)
		(void)pool->ops->import(pool, NULL);
	if (r == -ENXIO) { /* the device is gone, or wiped already */
		err_clear(err);
		return 0;
	}
	return r;
}

int
pool_remove(struct pool *pool, struct err *err)
{
	int r = take_away(pool, err);

	if (r == 0)
		r = pool->ops->wipe(pool, err);
	if (r < 0)
		return r;
	/* A directory that was there before, /mnt perhaps, stays. */
	if (pool->own_place && file_is_mountpoint(AT_FDCWD, pool->path) == 0)
		(void)rmdir(pool->path);
	return 0;
}

/* Written down as half there before anything of it is destroyed: whoever is
 * killed after that, or finds the disk of the record full then, has said what
 * is to become of it. */
static int
condemn(struct pools *pools, struct pool *pool, struct err *err)
{
	bool mounted = pool_is_mounted(pool);
	int r = take_away(pool, err);

	if (r < 0)
		return r;
	pool->making = true;
	r = pools_save(pools, err);
	if (r < 0 && mounted)
		(void)pool->ops->import(pool, NULL);
	return r;
}

int
pool_destroy(const char *name, struct err *err)
{
	_cleanup_(pools_clear) struct pools pools = { 0 };
	_cleanup_close_ int lock = -1;
	struct pool *pool;
	int r = pools_edit(&pools, &lock, err);

	if (r < 0)
		return r;
	pool = pools_find(&pools, name);
	if (pool == NULL)
		return pool_unknown(name, err);
	r = pool->making ? 0 : condemn(&pools, pool, err);
	if (r == 0)
		r = pool_remove(pool, err);
	if (r < 0)
		return err_wrap(err, r, "pool '%s'", name);
	pool_free(pools_take(&pools, name));
	return pools_save(&pools, err);
}

/* Links that make /NAME/jails/JAIL work beside /NAME/iocage/jails/JAIL. */
static int
make_links(struct pool *pool, struct err *err)
{
	static const char *const names[] = { "jails", "releases" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *to = xasprintf("%s/%s", IOCROOT, names[i]);

		if (symlinkat(to, pool->fd, names[i]) < 0 && errno != EEXIST)
			return err_errno(err, "cannot make link %s/%s",
			    pool->path, names[i]);
	}
	return 0;
}

static int
make_iocroot(struct pool *pool, struct err *err)
{
	static const char *const dirs[] = { IOCROOT, IOCROOT "/download",
		IOCROOT "/images", IOCROOT "/jails", IOCROOT "/log",
		IOCROOT "/releases", IOCROOT "/templates" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		int r;

		if (faccessat(pool->fd, dirs[i], F_OK, AT_SYMLINK_NOFOLLOW) ==
		    0)
			continue;
		r = pool->ops->hold(pool, dirs[i], err);
		if (r < 0)
			return r;
	}
	return make_links(pool, err);
}

static int
set_active(const char *name, struct err *err)
{
	_cleanup_(pools_clear) struct pools pools = { 0 };
	_cleanup_close_ int lock = -1;
	int r = pools_edit(&pools, &lock, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < pools.n; i++)
		pools.v[i]->active = streq(pools.v[i]->name, name);
	return pools_save(&pools, err);
}

int
pool_activate(const char *name, struct err *err)
{
	_cleanup_(pool_freep) struct pool *pool = NULL;
	int r = pool_open(name, &pool, err);

	if (r == 0)
		r = make_iocroot(pool, err);
	return r < 0 ? r : set_active(name, err);
}
