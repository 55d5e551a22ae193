/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel settings that pf's rules rely on: set while pf is enabled, given
 * back when it is disabled or its rules no longer need them. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"
#include "nft/nft.h"
#include "pfctl/pfctl.h"

/* In the namespace's directory: lines "PATH VALUE" of before. */
#define SAVED "sysctl"
#define CONNTRACK "/proc/sys/net/netfilter/nf_conntrack_max"

enum { PATH_LEN = 96, FULL_LEN = 128, VALUE_LEN = 64 };

static void
full_path(char full[FULL_LEN], const char *path)
{
	snprintf(full, FULL_LEN, "/proc/sys/%s", path);
}

static ssize_t
peek(const char *path, char value[VALUE_LEN])
{
	char full[FULL_LEN];

	full_path(full, path);
	return file_peek(AT_FDCWD, full, value, VALUE_LEN);
}

static int
poke(const char *path, const char *value, struct err *err)
{
	char full[FULL_LEN];
	int r;

	full_path(full, path);
	r = file_poke(AT_FDCWD, full, value);
	/* No IPv6 in this kernel, an interface that went away: nothing to
	 * set. */
	if (r < 0 && r != -ENOENT)
		return err_code(err, r, "cannot set %s to %s", full, value);
	return 0;
}

/* ---- lines "PATH VALUE" ---- */

static void
path_of(char path[PATH_LEN], const char *line)
{
	snprintf(path, PATH_LEN, "%.*s", (int)strcspn(line, " "), line);
}

static const char *
value_of(const struct strv *lines, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < lines->n; i++)
		if (str_starts(lines->v[i], path) && lines->v[i][len] == ' ')
			return lines->v[i] + len + 1;
	return NULL;
}

static void
add_line(struct strv *lines, const char *path, const char *value)
{
	_cleanup_(str_clear) struct str line = STR_INIT;

	str_printf(&line, "%s %s", path, value);
	strv_add(lines, line.buf);
}

static void
read_saved(struct store *s, struct strv *ret)
{
	_cleanup_(str_clear) struct str text = STR_INIT;

	if (store_get_common(s, SAVED, &text, NULL) == 0)
		strv_split(ret, text.buf, "\n");
}

static int
write_saved(struct store *s, const struct strv *lines, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;

	if (lines->n == 0)
		return store_remove_common(s, SAVED, err);
	for (size_t i = 0; i < lines->n; i++)
		str_printf(&text, "%s\n", lines->v[i]);
	return store_put_common(s, SAVED, &text, err);
}

static bool
is_needed(const struct pf_lowered *l, const char *line)
{
	for (size_t i = 0; i < l->needs.n; i++) {
		size_t len = strlen(l->needs.v[i].path);

		if (str_starts(line, l->needs.v[i].path) && line[len] == ' ')
			return true;
	}
	return false;
}

/* Set these, the last first; not those that `unless` needs. */
static int
poke_back(
    const struct strv *lines, const struct pf_lowered *unless, struct err *err)
{
	int r = 0;

	for (size_t i = lines->n; i-- > 0 && r == 0;) {
		char path[PATH_LEN], now[VALUE_LEN];
		const char *line = lines->v[i];
		size_t len = strcspn(line, " ");

		if (!line[len] || (unless && is_needed(unless, line)))
			continue;
		path_of(path, line);
		/* What never changed may not be ours to write. */
		if (peek(path, now) < 0 || !streq(now, line + len + 1))
			r = poke(path, line + len + 1, err);
	}
	return r;
}

/* ---- what rules need ---- */

static bool
holds(const struct pf_need *n, const char *now)
{
	int64_t is, want;

	if (n->kind == PF_NEED_IS)
		return streq(now, n->value);
	if (str_to_i64(now, 0, INT64_MAX, &is) < 0 ||
	    str_to_i64(n->value, 0, INT64_MAX, &want) < 0)
		return false;
	return n->kind == PF_NEED_AT_LEAST ? is >= want : is <= want;
}

static bool
is_so(const struct pf_need *n)
{
	char now[VALUE_LEN];

	return peek(n->path, now) >= 0 && holds(n, now);
}

static int
set_one(const struct pf_need *n, struct err *err)
{
	int r = is_so(n) ? 0 : poke(n->path, n->value, err);

	return n->kind == PF_NEED_AT_LEAST && (r == -EACCES || r == -EROFS) ? 0
									    : r;
}

/* Conntrack's settings are there when it is: asking it loads it. */
static void
wake_conntrack(void)
{
	_cleanup_(nft_states_clear) struct nft_states states = { 0 };

	if (access(CONNTRACK, F_OK) < 0)
		(void)nft_state_list(&states, NULL);
}

static bool
check_one(const struct pf_need *n, struct str *msgs)
{
	char full[FULL_LEN], now[VALUE_LEN];

	full_path(full, n->path);
	if (peek(n->path, now) < 0) {
		str_printf(msgs,
		    "%s cannot hold: this kernel has no %s; leave it out\n",
		    n->line, full);
		return false;
	}
	if (holds(n, now) || access(full, W_OK) == 0)
		return true;
	str_printf(msgs,
	    "%s cannot hold: %s is %s and cannot be written here (%s: %s); set "
	    "it to %s from outside, write what holds, or leave the limit out\n",
	    n->line, full, now, strerror(errno), n->why, n->value);
	return false;
}

int
sysctls_check(const struct pf_lowered *l, struct str *msgs, struct err *err)
{
	unsigned bad = 0;

	wake_conntrack();
	for (size_t i = 0; i < l->needs.n; i++)
		if (l->needs.v[i].line)
			bad += !check_one(&l->needs.v[i], msgs);
	if (bad)
		return err_set(err, ENOTSUP,
		    "%u thing%s in the rules cannot be done", bad,
		    bad == 1 ? "" : "s");
	return 0;
}

/* ---- setting and giving back ---- */

static void
note_now(const char *path, struct strv *lines)
{
	char now[VALUE_LEN];

	if (!value_of(lines, path) && peek(path, now) >= 0)
		add_line(lines, path, now);
}

/* All that sysctls_apply may change, as it is. */
static void
note_before(const struct pf_lowered *l, struct sysctls_before *before)
{
	for (size_t i = 0; i < before->saved.n; i++) {
		char path[PATH_LEN];

		path_of(path, before->saved.v[i]);
		note_now(path, &before->now);
	}
	for (size_t i = 0; i < l->needs.n; i++)
		note_now(l->needs.v[i].path, &before->now);
}

static int
apply(struct store *s, const struct pf_lowered *l,
    const struct sysctls_before *before, struct err *err)
{
	_cleanup_(strv_clear) struct strv all = { 0 }, kept = { 0 };
	int r;

	for (size_t i = 0; i < before->saved.n; i++)
		strv_add(&all, before->saved.v[i]);
	for (size_t i = 0; i < l->needs.n; i++)
		if (!is_so(&l->needs.v[i]))
			note_now(l->needs.v[i].path, &all);
	/* Written down before anything is changed. */
	r = write_saved(s, &all, err);
	if (r == 0)
		r = poke_back(&before->saved, l, err);
	for (size_t i = 0; i < l->needs.n && r == 0; i++)
		r = set_one(&l->needs.v[i], err);
	for (size_t i = 0; i < all.n; i++)
		if (is_needed(l, all.v[i]))
			strv_add(&kept, all.v[i]);
	return r < 0 || kept.n == all.n ? r : write_saved(s, &kept, err);
}

int
sysctls_apply(struct store *s, const struct pf_lowered *l,
    struct sysctls_before *ret, struct err *err)
{
	int r;

	wake_conntrack();
	read_saved(s, &ret->saved);
	note_before(l, ret);
	r = apply(s, l, ret, err);
	if (r < 0)
		(void)sysctls_undo(s, ret, NULL);
	return r;
}

int
sysctls_undo(
    struct store *s, const struct sysctls_before *before, struct err *err)
{
	int r = poke_back(&before->now, NULL, err);

	return r < 0 ? r : write_saved(s, &before->saved, err);
}

void
sysctls_before_clear(struct sysctls_before *before)
{
	strv_clear(&before->now);
	strv_clear(&before->saved);
}

int
sysctls_restore(struct store *s, struct err *err)
{
	_cleanup_(strv_clear) struct strv saved = { 0 };
	int r;

	read_saved(s, &saved);
	r = poke_back(&saved, NULL, err);
	return r < 0 ? r : store_remove_common(s, SAVED, err);
}

bool
sysctls_are_saved(struct store *s)
{
	return store_has(s, SAVED);
}
