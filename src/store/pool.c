/* SPDX-License-Identifier: BSD-2-Clause */
/* Pools: opening one and telling that it is the one that was recorded. */
#include "store/store-internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/guard.h"

enum { NAME_LEN_MAX = 64 };

static const struct store_ops *const backends[] = { &store_btrfs, &store_dir };

const struct store_ops *
store_ops_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(backends); i++)
		if (streq(backends[i]->name, name))
			return backends[i];
	return NULL;
}

/* iocage's rule for jails, without the names that are not plain entries of
 * a directory; it serves for pools, jails and releases. */
bool
store_name_ok(const char *name)
{
	if (name[0] == '\0' || name[0] == '.' || name[0] == '-')
		return false;
	if (strlen(name) > NAME_LEN_MAX)
		return false;
	for (const char *s = name; *s != '\0'; s++)
		if (!isascii(*s) || (!isalnum(*s) && strchr("._-", *s) == NULL))
			return false;
	return true;
}

struct pool *
pool_new(const char *name)
{
	struct pool *pool = xcalloc(1, sizeof(*pool));

	pool->name = xstrdup(name);
	pool->path = xasprintf("/%s", name);
	pool->fd = -1;
	pool->ioc_fd = -1;
	return pool;
}

void
pool_close(struct pool *pool)
{
	closep(&pool->fd);
	closep(&pool->ioc_fd);
	pool->fd = -1;
	pool->ioc_fd = -1;
}

struct pool *
pool_free(struct pool *pool)
{
	if (pool == NULL)
		return NULL;
	pool_close(pool);
	free(pool->name);
	free(pool->path);
	free(pool->source);
	free(pool->uuid);
	free(pool);
	return NULL;
}

void
pool_freep(struct pool **pool)
{
	*pool = pool_free(*pool);
}

int
open_below(int dirfd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

int
pool_too_small(const char *source, uint64_t size, struct err *err)
{
	_cleanup_(str_clear) struct str s = STR_INIT;

	str_add_size(&s, size);
	return err_set(err, EINVAL,
	    "%s of %s is too small for a pool: at least 256M", source, s.buf);
}

bool
pool_is_mounted(const struct pool *pool)
{
	return file_is_mountpoint(AT_FDCWD, pool->path) > 0;
}

/* A pool that lost its protection is not used: see "hostile" in store.h. */
static int
check_guard(const struct pool *pool, struct err *err)
{
	struct statvfs vfs;
	struct stat st;

	if (guard_off("nosuid"))
		return 0;
	if (fstat(pool->fd, &st) < 0 || fstatvfs(pool->fd, &vfs) < 0)
		return err_errno(err, "cannot examine %s", pool->path);
	if (st.st_uid != 0 || (st.st_mode & 0777) != 0700)
		return err_set(err, EPERM,
		    "%s must belong to root with mode 0700: "
		    "chown root %s; chmod 0700 %s",
		    pool->path, pool->path, pool->path);
	if (!(vfs.f_flag & ST_NOSUID) || !(vfs.f_flag & ST_NODEV))
		return err_set(err, EPERM,
		    "%s is not mounted nosuid,nodev: "
		    "mount -o remount,bind,nosuid,nodev %s",
		    pool->path, pool->path);
	return 0;
}

int
pool_open_at(struct pool *pool, struct err *err)
{
	int r;

	if (!pool_is_mounted(pool))
		return err_set(err, ENXIO,
		    "pool '%s' is not mounted at %s: gaol pool import %s",
		    pool->name, pool->path, pool->name);
	pool->fd =
	    open(pool->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (pool->fd < 0)
		return err_errno(
		    err, "cannot open pool '%s' at %s", pool->name, pool->path);
	r = pool->ops->check(pool, err);
	if (r == 0)
		r = check_guard(pool, err);
	if (r < 0)
		return err_wrap(err, r, "pool '%s'", pool->name);
	r = open_below(pool->fd, IOCROOT, O_RDONLY | O_DIRECTORY);
	if (r < 0 && r != -ENOENT)
		return err_code(
		    err, r, "cannot open %s/%s", pool->path, IOCROOT);
	pool->ioc_fd = r < 0 ? -1 : r;
	return 0;
}

int
pool_half_made(const struct pool *pool, struct err *err)
{
	return err_set(err, EUCLEAN,
	    "pool '%s' is half made: gaol pool destroy %s", pool->name,
	    pool->name);
}

/* By name; NULL: the active one. */
static struct pool *
choose(struct pools *pools, const char *name)
{
	if (name != NULL)
		return pools_take(pools, name);
	for (size_t i = 0; i < pools->n; i++)
		if (pools->v[i]->active)
			return pools_take(pools, pools->v[i]->name);
	return NULL;
}

static int
no_such_pool(const struct pools *pools, const char *name, struct err *err)
{
	if (name != NULL)
		return err_set(err, ENOENT,
		    "no pool named '%s': gaol pool list shows the pools", name);
	if (pools->n > 0)
		return err_set(err, ENOENT,
		    "no pool is active: iocage activate %s", pools->v[0]->name);
	return err_set(err, ENOENT,
	    "there is no pool yet: gaol pool create iocage DEVICE, "
	    "then iocage activate iocage");
}

int
pool_open(const char *name, struct pool **ret, struct err *err)
{
	_cleanup_(pools_clear) struct pools pools = { 0 };
	_cleanup_(pool_freep) struct pool *pool = NULL;
	int r = pools_load(&pools, err);

	if (r < 0)
		return r;
	pool = choose(&pools, name);
	if (pool == NULL)
		return no_such_pool(&pools, name, err);
	if (pool->making)
		return pool_half_made(pool, err);
	r = pool_open_at(pool, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(pool);
	return 0;
}

int
pool_open_active(struct pool **ret, struct err *err)
{
	_cleanup_(pool_freep) struct pool *pool = NULL;
	int r = pool_open(NULL, &pool, err);

	if (r < 0)
		return r;
	if (pool->ioc_fd < 0)
		return err_set(err, ENOENT,
		    "%s/%s is missing: iocage activate %s", pool->path, IOCROOT,
		    pool->name);
	*ret = TAKE_PTR(pool);
	return 0;
}

const char *
store_backend(const struct pool *pool)
{
	return pool->ops->name;
}

int
store_usage(struct pool *pool, struct store_usage *ret, struct err *err)
{
	return pool->ops->usage(pool, ret, err);
}
