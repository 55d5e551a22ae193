/* SPDX-License-Identifier: BSD-2-Clause */
/* /var/lib/gaol/pools.json: which pools there are and where they come from. */
#include "store/store-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"

enum { POOLS_VERSION = 1, POOLS_MAX = 1024 * 1024 };

static const char *const kind_names[] = {
	[POOL_DEVICE] = "device",
	[POOL_IMAGE] = "image",
	[POOL_DIR] = "dir",
};

static void
json_putp(json_t **j)
{
	json_decref(*j);
}

static int
kind_parse(const char *s, enum pool_kind *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(kind_names); i++)
		if (streq(s, kind_names[i])) {
			*ret = (enum pool_kind)i;
			return 0;
		}
	return -EINVAL;
}

static char *
dup_or_null(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

/* One element of "pools". The file is root's own, but a pool's path is made
 * from its name: so the names are checked as if they came from a stranger. */
static int
pool_parse(json_t *j, struct pool **ret, struct err *err)
{
	const char *name, *backend, *kind, *source, *uuid = NULL;
	int reflink = 0, making = 0, own_place = 0;
	_cleanup_(pool_freep) struct pool *pool = NULL;
	json_error_t e;

	if (json_unpack_ex(j, &e, 0,
		"{s:s, s:s, s:s, s:s, s?:s, s?:b, s?:b, s?:b}", "name", &name,
		"backend", &backend, "kind", &kind, "source", &source, "uuid",
		&uuid, "reflink", &reflink, "making", &making, "own_mountpoint",
		&own_place) < 0)
		return err_set(err, EINVAL, "%s", e.text);
	if (!store_name_ok(name))
		return err_set(err, EINVAL, "'%s' is no name for a pool", name);
	pool = pool_new(name);
	pool->ops = store_ops_find(backend);
	if (pool->ops == NULL)
		return err_set(err, EINVAL, "pool '%s': unknown back end '%s'",
		    name, backend);
	if (kind_parse(kind, &pool->kind) < 0)
		return err_set(
		    err, EINVAL, "pool '%s': unknown kind '%s'", name, kind);
	if (source[0] != '/')
		return err_set(err, EINVAL,
		    "pool '%s': source '%s' is no absolute path", name, source);
	if (pool->kind != POOL_DIR && uuid == NULL)
		return err_set(err, EINVAL, "pool '%s': no uuid", name);
	pool->source = xstrdup(source);
	pool->uuid = dup_or_null(uuid);
	pool->reflink = reflink != 0;
	pool->making = making != 0;
	pool->own_place = own_place != 0;
	*ret = TAKE_PTR(pool);
	return 0;
}

static int
add_pools(json_t *list, const char *active, struct pools *ret, struct err *err)
{
	json_t *j;
	size_t i;

	json_array_foreach(list, i, j)
	{
		struct pool *pool = NULL;
		int r = pool_parse(j, &pool, err);

		if (r < 0)
			return r;
		if (pools_find(ret, pool->name) != NULL) {
			r = err_set(err, EINVAL, "pool '%s' is there twice",
			    pool->name);
			pool_free(pool);
			return r;
		}
		pool->active = active != NULL && streq(pool->name, active);
		*array_add(ret) = pool;
	}
	return 0;
}

int
pools_parse(
    const char *text, const char *name, struct pools *ret, struct err *err)
{
	_cleanup_(json_putp) json_t *root = NULL;
	_cleanup_(pools_clear) struct pools pools = { 0 };
	const char *active = NULL;
	json_error_t e;
	json_t *list;
	int version, r;

	root = json_loads(text, JSON_REJECT_DUPLICATES, &e);
	if (root == NULL)
		return err_set(err, EINVAL, "%s:%d:%d: %s", name, e.line,
		    e.column, e.text);
	if (json_unpack_ex(root, &e, 0, "{s:i, s?:s, s:o}", "version", &version,
		"active", &active, "pools", &list) < 0)
		return err_set(err, EINVAL, "%s: %s", name, e.text);
	if (version != POOLS_VERSION)
		return err_set(err, EINVAL,
		    "%s: version %d, this gaol reads version %d", name, version,
		    POOLS_VERSION);
	if (!json_is_array(list))
		return err_set(err, EINVAL, "%s: 'pools' is no list", name);
	r = add_pools(list, active, &pools, err);
	if (r < 0)
		return err_wrap(err, r, "%s", name);
	*ret = pools;
	pools = (struct pools){ 0 };
	return 0;
}

void
pools_format(const struct pools *pools, struct str *out)
{
	struct json j;

	json_init(&j, out);
	json_open_object(&j);
	json_kint(&j, "version", POOLS_VERSION);
	for (size_t i = 0; i < pools->n; i++)
		if (pools->v[i]->active)
			json_kstr(&j, "active", pools->v[i]->name);
	json_key(&j, "pools");
	json_open_array(&j);
	for (size_t i = 0; i < pools->n; i++) {
		const struct pool *p = pools->v[i];

		json_open_object(&j);
		json_kstr(&j, "name", p->name);
		json_kstr(&j, "backend", p->ops->name);
		json_kstr(&j, "kind", kind_names[p->kind]);
		json_kstr(&j, "source", p->source);
		if (p->uuid != NULL)
			json_kstr(&j, "uuid", p->uuid);
		if (p->kind == POOL_DIR)
			json_kbool(&j, "reflink", p->reflink);
		if (p->own_place)
			json_kbool(&j, "own_mountpoint", true);
		if (p->making)
			json_kbool(&j, "making", true);
		json_end(&j);
	}
	json_end_doc(&j);
}

struct pool *
pools_find(const struct pools *pools, const char *name)
{
	for (size_t i = 0; i < pools->n; i++)
		if (streq(pools->v[i]->name, name))
			return pools->v[i];
	return NULL;
}

struct pool *
pools_take(struct pools *pools, const char *name)
{
	for (size_t i = 0; i < pools->n; i++) {
		struct pool *pool = pools->v[i];

		if (!streq(pool->name, name))
			continue;
		memmove(&pools->v[i], &pools->v[i + 1],
		    (pools->n - i - 1) * sizeof(pools->v[0]));
		pools->n--;
		return pool;
	}
	return NULL;
}

void
pools_clear(struct pools *pools)
{
	for (size_t i = 0; i < pools->n; i++)
		pool_free(pools->v[i]);
	array_clear(pools);
}

int
pools_load(struct pools *ret, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	int r = file_read(AT_FDCWD, POOLS_FILE, POOLS_MAX, &text, err);

	if (r == -ENOENT) {
		err_clear(err);
		*ret = (struct pools){ 0 };
		return 0;
	}
	if (r < 0)
		return r;
	return pools_parse(text.buf, POOLS_FILE, ret, err);
}

int
pools_edit(struct pools *ret, int *ret_lock, struct err *err)
{
	_cleanup_close_ int fd = -1;
	int r = file_mkdir_p(STATE_DIR, 0755, err);

	if (r < 0)
		return r;
	fd = open(STATE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "cannot open %s", STATE_DIR);
	if (flock(fd, LOCK_EX) < 0)
		return err_errno(err, "cannot lock %s", STATE_DIR);
	r = pools_load(ret, err);
	if (r == 0)
		*ret_lock = TAKE_FD(fd);
	return r;
}

int
pools_save(const struct pools *pools, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;

	pools_format(pools, &text);
	return file_replace(
	    AT_FDCWD, POOLS_FILE, text.buf, text.len, 0600, err);
}
