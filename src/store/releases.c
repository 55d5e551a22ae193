/* SPDX-License-Identifier: BSD-2-Clause */
/* Releases: what can be fetched, and what was. */
#include "store/store-internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

const struct release_def release_defs[] = {
	{ "debian-12", "bookworm" },
	{ "debian-13", "trixie" },
	{ NULL, NULL },
};

const struct release_def *
release_latest(void)
{
	return &release_defs[ARRAY_SIZE(release_defs) - 2];
}

/* "12.2-RELEASE", "13.0-RC3", "11-STABLE", "14.1-RELEASE-p4" */
static bool
is_freebsd(const char *name)
{
	static const char *const words[] = { "RELEASE", "STABLE", "CURRENT",
		"RC", "BETA", "ALPHA", "PRERELEASE" };
	const char *s = name;

	if (!isdigit((unsigned char)*s))
		return false;
	s += strspn(s, "0123456789.");
	if (*s++ != '-')
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_starts(s, words[i]))
			return true;
	return false;
}

static int
unknown_release(const char *name, struct err *err)
{
	_cleanup_(str_clear) struct str valid = STR_INIT;
	const char *names[ARRAY_SIZE(release_defs)] = { NULL };
	const char *near;

	for (size_t i = 0; release_defs[i].name != NULL; i++) {
		names[i] = release_defs[i].name;
		str_printf(&valid, "%s%s", i > 0 ? ", " : "", names[i]);
	}
	near = str_nearest(name, names);
	if (near != NULL)
		return err_set(err, EINVAL,
		    "no release named '%s', did you mean '%s'? (there are: %s)",
		    name, near, valid.buf);
	return err_set(err, EINVAL, "no release named '%s' (there are: %s)",
	    name, valid.buf);
}

int
release_find(const char *name, const char *verb, const struct release_def **ret,
    struct err *err)
{
	if (streq(name, "latest") || streq(name, "LATEST")) {
		*ret = release_latest();
		return 0;
	}
	for (const struct release_def *d = release_defs; d->name != NULL; d++)
		if (streq(d->name, name)) {
			*ret = d;
			return 0;
		}
	if (is_freebsd(name))
		return err_set(err, EINVAL,
		    "'%s' is a FreeBSD release, which a Linux kernel cannot "
		    "start: type  iocage %s -r %s",
		    name, verb, release_latest()->name);
	return unknown_release(name, err);
}

static char *
release_below(const char *release)
{
	return xasprintf("%s/releases/%s", IOCROOT, release);
}

bool
store_release_exists(struct pool *pool, const char *release)
{
	_cleanup_close_ int fd = -1;

	return store_release_open(pool, release, &fd, NULL) == 0;
}

int
store_release_open(
    struct pool *pool, const char *release, int *ret_fd, struct err *err)
{
	_cleanup_free_ char *path =
	    xasprintf("%s/releases/%s/root", IOCROOT, release);
	int fd = store_name_ok(release)
	    ? open_below(pool->fd, path, O_PATH | O_DIRECTORY)
	    : -ENOENT;

	if (fd == -ENOENT)
		return err_set(err, ENOENT,
		    "release '%s' is not fetched: iocage list -r shows those "
		    "that are",
		    release);
	if (fd < 0)
		return err_code(err, fd, "cannot open %s/%s", pool->path, path);
	*ret_fd = fd;
	return 0;
}

int
store_release_list(struct pool *pool, struct strv *ret, struct err *err)
{
	return list_names(pool->ioc_fd, "releases", ret, err);
}

int
store_release_destroy(struct pool *pool, const char *release, struct err *err)
{
	_cleanup_free_ char *path = release_below(release);
	_cleanup_close_ int fd = -1;
	int r = store_release_open(pool, release, &fd, err);

	return r < 0 ? r : work_trash(pool, path, err);
}

int
store_release_begin(struct pool *pool, const char *release,
    struct store_new **ret, struct err *err)
{
	_cleanup_(store_new_freep) struct store_new *new = NULL;
	_cleanup_free_ char *to = release_below(release);
	/* No jail has a colon in its name. */
	_cleanup_free_ char *work = xasprintf("fetch:%s", release);
	_cleanup_free_ char *root = NULL;
	int r;

	if (!store_name_ok(release))
		return err_set(
		    err, EINVAL, "'%s' is no name for a release", release);
	if (store_release_exists(pool, release))
		return err_set(err, EEXIST,
		    "release '%s' is there already: iocage destroy -r %s "
		    "removes it",
		    release, release);
	(void)store_tidy(pool, NULL);
	if (work_is_busy(pool, work))
		return err_set(err, EBUSY,
		    "release '%s' is being fetched by another command",
		    release);
	r = work_begin(pool, work, to, &new, err);
	if (r < 0)
		return r;
	root = xasprintf("%s/root", new->tree);
	r = pool->ops->create(pool, root, err);
	if (r == 0)
		*ret = TAKE_PTR(new);
	return r;
}

int
store_release_commit(struct store_new *new, struct err *err)
{
	int r = plain_settle(new->pool, err);

	return r < 0 ? r : work_commit(new, err);
}
