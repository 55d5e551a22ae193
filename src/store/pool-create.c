/* SPDX-License-Identifier: BSD-2-Clause */
/* Making a pool: an array of steps, each with its undo. */
#include "store/store-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/steps.h"

struct create {
	const struct pool_spec *spec;
	struct pool *pool;
	struct pools pools; /* the others */
	bool made_dir;	    /* --dir: it was not there before */
};

static bool
on_image(const void *ctx)
{
	const struct create *c = ctx;

	return c->spec->kind == POOL_IMAGE;
}

static bool
on_dir(const void *ctx)
{
	const struct create *c = ctx;

	return c->spec->kind == POOL_DIR;
}

static int
image_make(void *ctx, struct err *err)
{
	struct create *c = ctx;

	return image_allocate(c->pool->source, c->spec->size, err);
}

static int
image_unlink(void *ctx, struct err *err)
{
	struct create *c = ctx;

	if (unlink(c->pool->source) < 0 && errno != ENOENT)
		return err_errno(err, "cannot delete %s", c->pool->source);
	return 0;
}

static int
dir_prepare(void *ctx, struct err *err)
{
	struct create *c = ctx;

	if (mkdir(c->pool->source, 0700) == 0)
		c->made_dir = true;
	else if (errno != EEXIST)
		return err_errno(
		    err, "cannot make directory %s", c->pool->source);
	return 0;
}

/* Nothing was mounted on a directory that we just made. */
static int
dir_unprepare(void *ctx, struct err *err)
{
	struct create *c = ctx;

	if (c->made_dir && rmdir(c->pool->source) < 0)
		return err_errno(err, "cannot remove %s", c->pool->source);
	return 0;
}

static int
fs_make(void *ctx, struct err *err)
{
	struct create *c = ctx;

	return c->pool->ops->make(c->pool, c->spec->force, err);
}

static int
fs_wipe(void *ctx, struct err *err)
{
	struct create *c = ctx;

	if (c->spec->kind != POOL_DEVICE)
		return 0;
	return block_wipe(c->pool->source, err);
}

static int
place_make(void *ctx, struct err *err)
{
	struct create *c = ctx;

	if (mkdir(c->pool->path, 0700) < 0 && errno != EEXIST)
		return err_errno(
		    err, "cannot make mount point %s", c->pool->path);
	return 0;
}

static int
place_remove(void *ctx, struct err *err)
{
	struct create *c = ctx;

	if (!c->pool->own_place)
		return 0;
	if (file_is_mountpoint(AT_FDCWD, c->pool->path) > 0)
		return err_set(
		    err, EBUSY, "%s is still mounted", c->pool->path);
	if (rmdir(c->pool->path) < 0)
		return err_errno(err, "cannot remove %s", c->pool->path);
	return 0;
}

/* The directories of our own that mark a pool, in a directory pool before
 * it is mounted: dir's import looks for them. */
static int
marks_make(int dirfd, const char *shown, struct err *err)
{
	static const char *const dirs[] = { ".gaol", MAKING_DIR, TRASH_DIR };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdirat(dirfd, dirs[i], 0700) < 0 && errno != EEXIST)
			return err_errno(
			    err, "cannot make %s/%s", shown, dirs[i]);
	return 0;
}

static int
dir_mark(void *ctx, struct err *err)
{
	struct create *c = ctx;
	_cleanup_close_ int fd = open(
	    c->pool->source, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_errno(err, "cannot open %s", c->pool->source);
	r = marks_make(fd, c->pool->source, err);
	if (r < 0)
		(void)file_remove_tree(fd, ".gaol", NULL);
	return r;
}

static int
dir_unmark(void *ctx, struct err *err)
{
	struct create *c = ctx;

	return c->pool->ops->wipe(c->pool, err);
}

static int
pool_mount(void *ctx, struct err *err)
{
	struct create *c = ctx;

	return c->pool->ops->import(c->pool, err);
}

static int
pool_unmount(void *ctx, struct err *err)
{
	struct create *c = ctx;

	pool_close(c->pool);
	return c->pool->ops->export(c->pool, err);
}

static int
pool_mark(void *ctx, struct err *err)
{
	struct create *c = ctx;
	int r = pool_open_at(c->pool, err);

	if (r == 0)
		r = marks_make(c->pool->fd, c->pool->path, err);
	pool_close(c->pool);
	return r;
}

/* The pool is not the list's, but stands in it while it is written. */
static int
save(struct create *c, bool with, struct err *err)
{
	int r;

	if (with)
		*array_add(&c->pools) = c->pool;
	r = pools_save(&c->pools, err);
	if (with)
		c->pools.n--;
	return r;
}

static int
record_begin(void *ctx, struct err *err)
{
	struct create *c = ctx;

	c->pool->making = true;
	return save(c, true, err);
}

static int
record_remove(void *ctx, struct err *err)
{
	return save(ctx, false, err);
}

static int
record_finish(void *ctx, struct err *err)
{
	struct create *c = ctx;

	c->pool->making = false;
	return save(c, true, err);
}

static const struct step create_steps[] = {
	{ "record", "record what is being made in " POOLS_FILE, record_begin,
	    record_remove, NULL },
	{ "image", "allocate the image file", image_make, image_unlink,
	    on_image },
	{ "directory", "make the directory", dir_prepare, dir_unprepare,
	    on_dir },
	{ "file-system", "make the file system", fs_make, fs_wipe, NULL },
	{ "mark", "mark the directory as a pool", dir_mark, dir_unmark,
	    on_dir },
	{ "mount-point", "make the mount point", place_make, place_remove,
	    NULL },
	{ "mount", "mount it nosuid,nodev, closed to all but root", pool_mount,
	    pool_unmount, NULL },
	{ "layout", "make the pool's own directories", pool_mark, NULL, NULL },
	{ "finish", "record that it is made", record_finish, NULL, NULL },
};

static const struct steps create_array = { "pool-create", create_steps,
	ARRAY_SIZE(create_steps), NULL };

/*
 * Checks, all before the first step.
 */

static int
new_uuid(char **ret, struct err *err)
{
	char buf[64];
	ssize_t n = file_peek(
	    AT_FDCWD, "/proc/sys/kernel/random/uuid", buf, sizeof(buf));

	if (n < 0)
		return err_code(err, (int)n, "cannot make a UUID");
	*ret = xstrdup(buf);
	return 0;
}

static int
check_name(const char *name, struct err *err)
{
	if (store_name_ok(name))
		return 0;
	return err_set(err, EINVAL,
	    "'%s' is no name for a pool: letters, digits and ._- are, at most "
	    "64, the first a letter or digit",
	    name);
}

/* With the record locked, a pool that is being made was left by a create that
 * was killed: remove what it made. */
static int
check_record(struct create *c, bool plan, struct err *err)
{
	struct pool *pool = pools_find(&c->pools, c->spec->name);
	int r;

	if (pool == NULL)
		return 0;
	if (!pool->making)
		return err_set(err, EEXIST, "already exists");
	if (plan)
		return 0;
	r = pool_remove(pool, err);
	if (r < 0)
		return r;
	pool_free(pools_take(&c->pools, c->spec->name));
	return pools_save(&c->pools, err);
}

static char *
absolute(const char *path)
{
	_cleanup_free_ char *cwd = NULL;

	if (path[0] == '/')
		return xstrdup(path);
	cwd = getcwd(NULL, 0);
	return xasprintf("%s/%s", cwd != NULL ? cwd : "", path);
}

static struct pool *
new_from_spec(const struct pool_spec *spec)
{
	struct pool *pool = pool_new(spec->name);

	pool->kind = spec->kind;
	pool->ops = spec->kind == POOL_DIR ? &store_dir : &store_btrfs;
	pool->source = absolute(spec->source);
	return pool;
}

static int
create(struct create *c, struct str *plan, struct err *err)
{
	int r = check_record(c, plan != NULL, err);

	if (r == 0)
		r = pool_check_place(c->pool->path, err);
	if (r == 0)
		r = pool_check_source(c->spec, c->pool->source, err);
	c->pool->own_place = access(c->pool->path, F_OK) < 0;
	if (r == 0 && c->spec->kind != POOL_DIR)
		r = new_uuid(&c->pool->uuid, err);
	if (r < 0)
		return r;
	if (plan == NULL)
		return steps_run(&create_array, c, err);
	steps_plan(&create_array, c, plan);
	return 0;
}

/* The record stays locked to the end: see check_record. */
int
pool_create(const struct pool_spec *spec, struct str *plan, struct err *err)
{
	_cleanup_(pool_freep) struct pool *pool = new_from_spec(spec);
	_cleanup_close_ int lock = -1;
	struct create c = { .spec = spec, .pool = pool };
	int r = check_name(spec->name, err);

	if (r < 0)
		return r;
	r = plan != NULL ? pools_load(&c.pools, err)
			 : pools_edit(&c.pools, &lock, err);
	if (r == 0)
		r = create(&c, plan, err);
	pools_clear(&c.pools);
	return r < 0 ? err_wrap(err, r, "pool '%s'", spec->name) : 0;
}
