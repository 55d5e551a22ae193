/* SPDX-License-Identifier: BSD-2-Clause */
/* Jails as the store sees them: a directory with a root in it. */
#include "store/store-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static char *
jail_below(const char *jail)
{
	return xasprintf("%s/jails/%s", IOCROOT, jail);
}

char *
store_jail_path(const struct pool *pool, const char *jail)
{
	return xasprintf("%s/%s/jails/%s", pool->path, IOCROOT, jail);
}

char *
store_jail_root_path(const struct pool *pool, const char *jail)
{
	return xasprintf("%s/%s/jails/%s/root", pool->path, IOCROOT, jail);
}

static int
check_name(const char *jail, struct err *err)
{
	if (store_name_ok(jail))
		return 0;
	return err_set(err, EINVAL,
	    "'%s' is no name for a jail: letters, digits and ._- are, at most "
	    "64, the first a letter or digit",
	    jail);
}

static int
check_free(struct pool *pool, const char *jail, const char *to, struct err *err)
{
	if (faccessat(pool->fd, to, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno == ENOENT)
		return 0;
	return err_set(err, EEXIST, "jail '%s' already exists", jail);
}

static int
make_root(struct store_new *new, const char *jail, const char *release,
    struct err *err)
{
	struct pool *pool = new->pool;
	_cleanup_free_ char *to = xasprintf("%s/root", new->tree);
	_cleanup_free_ char *from = NULL;

	if (release == STORE_EMPTY)
		return pool->ops->create(pool, to, err);
	if (!store_release_exists(pool, release))
		return err_set(err, ENOENT,
		    "release '%s' is not fetched: iocage fetch -r %s", release,
		    release);
	from = xasprintf("%s/releases/%s/root", IOCROOT, release);
	return pool->ops->clone(pool, from, jail, to, err);
}

static int
begin(struct pool *pool, const char *jail, struct store_new **ret,
    struct err *err)
{
	_cleanup_free_ char *to = jail_below(jail);
	int r = check_name(jail, err);

	if (r == 0)
		r = check_free(pool, jail, to, err);
	return r < 0 ? r : work_begin(pool, jail, to, ret, err);
}

int
store_jail_begin(struct pool *pool, const char *jail, const char *release,
    struct store_new **ret, struct err *err)
{
	_cleanup_(store_new_freep) struct store_new *new = NULL;
	int r = begin(pool, jail, &new, err);

	if (r == 0)
		r = make_root(new, jail, release, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(new);
	return 0;
}

int
store_jail_begin_clone(struct pool *pool, const char *jail, const char *of,
    struct store_new **ret, struct err *err)
{
	_cleanup_(store_new_freep) struct store_new *new = NULL;
	_cleanup_free_ char *from = xasprintf("%s/jails/%s/root", IOCROOT, of);
	_cleanup_free_ char *to = NULL;
	int r = check_name(of, err);

	if (r == 0)
		r = begin(pool, jail, &new, err);
	if (r < 0)
		return r;
	to = xasprintf("%s/root", new->tree);
	r = pool->ops->clone(pool, from, jail, to, err);
	if (r < 0)
		return err_wrap(err, r, "cannot clone jail '%s'", of);
	*ret = TAKE_PTR(new);
	return 0;
}

int
store_jail_commit(struct store_new *new, struct err *err)
{
	const struct store_ops *ops = new->pool->ops;
	int r = ops->settle != NULL ? ops->settle(new->pool, err) : 0;

	return r < 0 ? r : work_commit(new, err);
}

int
store_jail_create(
    struct pool *pool, const char *jail, const char *release, struct err *err)
{
	_cleanup_(store_new_freep) struct store_new *new = NULL;
	int r = store_jail_begin(pool, jail, release, &new, err);

	return r < 0 ? r : store_jail_commit(new, err);
}

static int
open_jail(struct pool *pool, const char *jail, const char *path, int *ret_fd,
    struct err *err)
{
	int r = check_name(jail, err);

	if (r < 0)
		return r;
	r = open_below(pool->fd, path, O_PATH | O_DIRECTORY);
	if (r == -ENOENT)
		return err_set(err, ENOENT, "no jail named '%s'", jail);
	if (r < 0)
		return err_code(err, r, "jail '%s': cannot open %s/%s", jail,
		    pool->path, path);
	*ret_fd = r;
	return 0;
}

int
store_jail_open(
    struct pool *pool, const char *jail, int *ret_fd, struct err *err)
{
	_cleanup_free_ char *path = jail_below(jail);

	return open_jail(pool, jail, path, ret_fd, err);
}

int
store_jail_root_open(
    struct pool *pool, const char *jail, int *ret_fd, struct err *err)
{
	_cleanup_free_ char *path =
	    xasprintf("%s/jails/%s/root", IOCROOT, jail);

	return open_jail(pool, jail, path, ret_fd, err);
}

int
store_jail_destroy(struct pool *pool, const char *jail, struct err *err)
{
	_cleanup_free_ char *path = jail_below(jail);
	_cleanup_close_ int fd = -1;
	int r = store_jail_open(pool, jail, &fd, err);

	if (r == 0)
		r = work_trash(pool, path, err);
	return r < 0 ? err_wrap(err, r, "jail '%s'", jail) : 0;
}

int
store_jail_list(struct pool *pool, struct strv *ret, struct err *err)
{
	return list_names(pool->ioc_fd, "jails", ret, err);
}

int
store_jail_set_quota(
    struct pool *pool, const char *jail, uint64_t bytes, struct err *err)
{
	_cleanup_free_ char *path =
	    xasprintf("%s/jails/%s/root", IOCROOT, jail);

	if (pool->ops->set_quota == NULL)
		return err_set(err, EOPNOTSUPP,
		    "jail '%s': a pool of back end '%s' has no quotas", jail,
		    pool->ops->name);
	return pool->ops->set_quota(pool, path, bytes, err);
}
