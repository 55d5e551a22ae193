/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges of host ids for user namespaces. Files on disk hold plain ids (the
 * root is idmapped), so a jail may have another range at each start; only
 * the running ones must differ.
 *
 * A claim is a symbolic link /run/gaol/ids/BASE that points to the jail's
 * name: made by one system call that fails if somebody has it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "jail/internal.h"

#define IDS_DIR "/run/gaol/ids"

/*
 * Without a line "gaol:BASE:COUNT" in /etc/subuid and /etc/subgid, ranges
 * come from 0x70000000 up. That is above what systemd-nspawn picks from, far
 * above where useradd puts subordinate ids (SUB_UID_MAX 600100000), and below
 * 2^31, where old programs take ids for negative.
 */
#define IDS_BASE 0x70000000u
#define IDS_RANGES 4094u

/* One line NAME:BASE:COUNT of subuid(5). */
static bool
parse_line(const char *line, size_t len, char *user, size_t user_size,
    uint64_t *base, uint64_t *count)
{
	char buf[256], *a, *b;
	int64_t x, y;

	if (len >= sizeof(buf))
		return false;
	memcpy(buf, line, len);
	buf[len] = '\0';
	a = strchr(buf, ':');
	b = a != NULL ? strchr(a + 1, ':') : NULL;
	if (b == NULL)
		return false;
	*a = *b = '\0';
	if (str_to_i64(a + 1, 0, UINT32_MAX, &x) < 0 ||
	    str_to_i64(b + 1, 0, UINT32_MAX, &y) < 0)
		return false;
	(void)snprintf(user, user_size, "%s", buf);
	*base = (uint64_t)x;
	*count = (uint64_t)y;
	return true;
}

static const char *
next_line(const char *p, size_t *len)
{
	const char *nl = strchr(p, '\n');

	*len = nl != NULL ? (size_t)(nl - p) : strlen(p);
	return nl != NULL ? nl + 1 : p + *len;
}

bool
ids_text_overlaps(const char *text, uint32_t base)
{
	uint64_t b, n;
	char user[256];
	size_t len;

	for (const char *p = text, *next; *p != '\0'; p = next) {
		next = next_line(p, &len);
		if (parse_line(p, len, user, sizeof(user), &b, &n) &&
		    !streq(user, "gaol") &&
		    b < (uint64_t)base + JAIL_ID_COUNT && base < b + n)
			return true;
	}
	return false;
}

bool
ids_text_own(const char *text, uint32_t *ret_base, uint32_t *ret_count)
{
	uint64_t b, n;
	char user[256];
	size_t len;

	for (const char *p = text, *next; *p != '\0'; p = next) {
		next = next_line(p, &len);
		if (parse_line(p, len, user, sizeof(user), &b, &n) &&
		    streq(user, "gaol") && b + n <= UINT32_MAX) {
			*ret_base = (uint32_t)b;
			*ret_count = (uint32_t)n;
			return true;
		}
	}
	return false;
}

static int
read_subids(const char *path, struct str *ret, struct err *err)
{
	int r = file_read(AT_FDCWD, path, 1 << 20, ret, err);

	if (r == -ENOENT)
		err_clear(err);
	return r == -ENOENT ? 0 : r;
}

/* The pool of ranges: our lines' if both files have the same, else ours by
 * convention. */
static int
find_pool(const struct str *uids, const struct str *gids, uint32_t *base,
    uint32_t *ranges, struct err *err)
{
	uint32_t ub, un, gb, gn;
	bool u = ids_text_own(uids->buf, &ub, &un);
	bool g = ids_text_own(gids->buf, &gb, &gn);

	*base = IDS_BASE;
	*ranges = IDS_RANGES;
	if (!u && !g)
		return 0;
	if (!u || !g || ub != gb || un != gn)
		return err_set(err, EINVAL,
		    "/etc/subuid and /etc/subgid do not give gaol the same "
		    "range: write the same line 'gaol:BASE:COUNT' in both");
	if (un < JAIL_ID_COUNT)
		return err_set(err, EINVAL,
		    "the line 'gaol:%u:%u' in /etc/subuid is too short: a "
		    "jail needs %u ids",
		    ub, un, JAIL_ID_COUNT);
	*base = ub;
	*ranges = un / JAIL_ID_COUNT;
	return 0;
}

/* Who has this claim? False if nobody. */
static bool
claim_owner(int dir, const char *claim, char owner[NAME_MAX + 1])
{
	ssize_t n = readlinkat(dir, claim, owner, NAME_MAX);

	if (n <= 0)
		return false;
	owner[n] = '\0';
	return true;
}

/* A claim whose jail has no facts is that of a start that was killed. */
static bool
is_stale(int dir, const char *claim)
{
	char owner[NAME_MAX + 1], facts[sizeof(JAIL_RUN_DIR) + NAME_MAX + 2];

	if (!claim_owner(dir, claim, owner))
		return false;
	(void)snprintf(facts, sizeof(facts), "%s/%s", JAIL_RUN_DIR, owner);
	return access(facts, F_OK) < 0 && errno == ENOENT;
}

/* 1: ours, 0: taken. The lock on the directory keeps two of us from taking
 * over the same stale claim. */
static int
try_claim(int dir, const char *name, uint32_t base, struct err *err)
{
	char claim[16];

	(void)snprintf(claim, sizeof(claim), "%u", base);
	if (symlinkat(name, dir, claim) == 0)
		return 1;
	if (errno == EEXIST && is_stale(dir, claim)) {
		(void)unlinkat(dir, claim, 0);
		if (symlinkat(name, dir, claim) == 0)
			return 1;
	}
	if (errno != EEXIST)
		return err_errno(err, "cannot create %s/%s", IDS_DIR, claim);
	return 0;
}

static int
open_dir(struct err *err)
{
	int fd = open(IDS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0 && errno == ENOENT) {
		r = file_mkdir_p(IDS_DIR, 0700, err);
		if (r < 0)
			return r;
		fd = open(IDS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return err_errno(err, "cannot open %s", IDS_DIR);
	if (flock(fd, LOCK_EX) < 0) {
		r = err_errno(err, "cannot lock %s", IDS_DIR);
		(void)close(fd);
		return r;
	}
	return fd;
}

/* Where to look first: the same place for the same name, so that a jail
 * mostly keeps its ids, and two rarely meet. */
static uint32_t
hash_name(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h;
}

int
ids_claim(const char *name, uint32_t *ret_base, struct err *err)
{
	_cleanup_(str_clear) struct str uids = STR_INIT, gids = STR_INIT;
	_cleanup_close_ int dir = -1;
	uint32_t pool = 0, ranges = 1, first;
	int r;

	r = read_subids("/etc/subuid", &uids, err);
	if (r == 0)
		r = read_subids("/etc/subgid", &gids, err);
	if (r == 0)
		r = find_pool(&uids, &gids, &pool, &ranges, err);
	if (r < 0)
		return r;
	dir = open_dir(err);
	if (dir < 0)
		return dir;
	first = hash_name(name) % ranges;
	for (uint32_t i = 0; i < ranges; i++) {
		uint32_t base = pool + (first + i) % ranges * JAIL_ID_COUNT;

		if (ids_text_overlaps(uids.buf, base) ||
		    ids_text_overlaps(gids.buf, base))
			continue;
		r = try_claim(dir, name, base, err);
		if (r < 0)
			return r;
		if (r > 0) {
			*ret_base = base;
			return 0;
		}
	}
	return err_set(err, ENOSPC,
	    "all %u ranges of user ids are taken by running jails: give gaol "
	    "more with a line 'gaol:BASE:COUNT' in /etc/subuid and /etc/subgid",
	    ranges);
}

int
ids_adopt(const char *name, uint32_t base, struct err *err)
{
	_cleanup_close_ int dir = open_dir(err);
	char claim[16], owner[NAME_MAX + 1];
	int r;

	if (dir < 0)
		return dir;
	r = try_claim(dir, name, base, err);
	if (r != 0)
		return MIN(r, 0);
	(void)snprintf(claim, sizeof(claim), "%u", base);
	if (claim_owner(dir, claim, owner) && streq(owner, name))
		return 0;
	return err_set(err, EBUSY,
	    "jail '%s' was given the ids that jail '%s' runs with: stop one "
	    "of them",
	    owner, name);
}

int
ids_stale(struct ids_claims *ret, struct err *err)
{
	_cleanup_closedir_ DIR *d = opendir(IDS_DIR);
	struct dirent *e;
	int64_t base;

	if (d == NULL)
		return errno == ENOENT
		    ? 0
		    : err_errno(err, "cannot open %s", IDS_DIR);
	while ((e = readdir(d)) != NULL) {
		char owner[NAME_MAX + 1];

		if (!is_stale(dirfd(d), e->d_name) ||
		    str_to_i64(e->d_name, 0, UINT32_MAX, &base) < 0 ||
		    !claim_owner(dirfd(d), e->d_name, owner))
			continue;
		(void)array_add(ret);
		ret->v[ret->n - 1].base = (uint32_t)base;
		ret->v[ret->n - 1].owner = xstrdup(owner);
	}
	return 0;
}

void
ids_claims_clear(struct ids_claims *claims)
{
	for (size_t i = 0; i < claims->n; i++)
		free(claims->v[i].owner);
	array_clear(claims);
}

static int
release(int dir, const char *claim, const char *name, struct err *err)
{
	char owner[NAME_MAX + 1];

	if (!claim_owner(dir, claim, owner) || !streq(owner, name))
		return 0;
	if (unlinkat(dir, claim, 0) < 0 && errno != ENOENT)
		return err_errno(err, "cannot remove %s/%s", IDS_DIR, claim);
	return 0;
}

int
ids_release(const char *name, uint32_t base, struct err *err)
{
	_cleanup_closedir_ DIR *d = opendir(IDS_DIR);
	struct dirent *e;
	char claim[16];
	int r = 0;

	if (d == NULL && errno == ENOENT)
		return 0;
	if (d == NULL)
		return err_errno(err, "cannot open %s", IDS_DIR);
	if (base != 0) {
		(void)snprintf(claim, sizeof(claim), "%u", base);
		return release(dirfd(d), claim, name, err);
	}
	while (r == 0 && (e = readdir(d)) != NULL)
		r = release(dirfd(d), e->d_name, name, err);
	return r;
}
