/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The limits in a jail's control groups: those that it is set to, and the
 * host's share where none is set. The controller is v2's where that has it,
 * else v1's.
 */
#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/guard.h"
#include "base/str.h"
#include "jail/cgroup-private.h"

/* One thing to write into a group, and to read back. */
struct limit {
	const char *what; /* for the sentence: the property */
	const char *controller;
	const char *file1, *file2; /* v1, v2 */
	char value1[32], value2[48];
	uint64_t slack; /* the kernel may round down by less than this */
};

static bool
has_word(const char *list, const char *word, char sep)
{
	size_t n = strlen(word);

	for (const char *p = list; p != NULL;
	     p = strchr(p, sep) ? strchr(p, sep) + 1 : NULL)
		if (strncmp(p, word, n) == 0 && (p[n] == sep || p[n] == '\0'))
			return true;
	return false;
}

/* May groups in this one have the controller? */
static bool
v2_has(const char *group, const char *controller)
{
	_cleanup_free_ char *path = xasprintf("%s/cgroup.controllers", group);
	char list[512];

	return file_peek(AT_FDCWD, path, list, sizeof(list)) > 0 &&
	    has_word(list, controller, ' ');
}

static const struct hierarchy *
find_v1(const struct hierarchies *h, const char *controller)
{
	for (size_t i = h->n; i > 0; i--)
		if (h->v[i - 1].options != NULL &&
		    has_word(h->v[i - 1].options, controller, ','))
			return &h->v[i - 1];
	return NULL;
}

/* Let the groups below `dir` have the controller. */
static int
enable(const char *dir, const char *controller, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("%s/cgroup.subtree_control", dir);
	char word[32];
	int r;

	(void)snprintf(word, sizeof(word), "+%s", controller);
	r = file_poke(AT_FDCWD, path, word);
	if (r == -EBUSY)
		return err_set(err, EBUSY,
		    "cannot hand the %s controller on in %s: processes sit in "
		    "that group itself; they must move to a group below it",
		    controller, dir);
	if (r < 0)
		return err_code(err, r, "cannot write %s to %s", word, path);
	return 0;
}

/* The number in a limit's file; "max" and what v1 has for it are "none". */
static bool
holds(const char *seen, const struct limit *l, const char *wanted)
{
	unsigned long long a, b;
	char *end_a, *end_b;

	a = strtoull(seen, &end_a, 10);
	b = strtoull(wanted, &end_b, 10);
	return end_a != seen && a <= b && a + l->slack >= b &&
	    streq(end_a, end_b);
}

static int
set_limit(const char *group, const struct limit *l, const char *file,
    const char *value, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", group, file);
	char seen[64];
	int r = file_poke(AT_FDCWD, path, value);

	if (r < 0)
		return err_code(
		    err, r, "%s: cannot write %s to %s", l->what, value, path);
	if (file_peek(AT_FDCWD, path, seen, sizeof(seen)) < 0)
		return err_errno(err, "%s: cannot read %s back", l->what, path);
	if (!holds(seen, l, value))
		return err_set(err, EIO,
		    "%s: wrote %s to %s, but the kernel has %s", l->what, value,
		    path, seen);
	return 0;
}

/* What is above gaol.service is systemd's to hand on. */
static int
limit_v2(struct cgroups *c, const struct home *home, const struct limit *l,
    struct err *err)
{
	int r = home->service ? 0 : enable(home->above, l->controller, err);

	if (r == 0)
		r = enable(home->path, l->controller, err);
	if (r == 0)
		r = set_limit(c->v[0].path, l, l->file2, l->value2, err);
	return r;
}

/* Can a group in it have the controller? Ours gets what the root hands on. */
static bool
home_has(const struct home *home, const char *controller)
{
	return home->path != NULL &&
	    v2_has(home->service ? home->path : home->above, controller);
}

static struct cgroup *
group_in(struct cgroups *c, const struct hierarchy *h)
{
	size_t n = strlen(h->mount);

	for (size_t i = 0; i < c->n; i++)
		if (strncmp(c->v[i].path, h->mount, n) == 0 &&
		    c->v[i].path[n] == '/')
			return &c->v[i];
	return NULL;
}

static int
limit_v1(struct cgroups *c, struct facts *facts, const struct hierarchy *h,
    const struct limit *l, struct err *err)
{
	_cleanup_free_ char *parent = xasprintf("%s/" CGROUP_PARENT, h->mount);
	struct cgroup *g = group_in(c, h);
	int r = 0;

	if (g == NULL) {
		r = cgroup_group_make(c, facts, parent, err);
		g = &c->v[c->n - 1];
	}
	/* cpu.max is two values in v1; the period stands already. */
	return r < 0 ? r : set_limit(g->path, l, l->file1, l->value1, err);
}

static size_t
wanted_limits(const struct jail_limits *in, struct limit out[3])
{
	size_t n = 0;

	if (in->memory != 0) {
		out[n] = (struct limit){ "memoryuse", "memory",
			"memory.limit_in_bytes", "memory.max", "", "", 65536 };
		(void)snprintf(out[n].value1, sizeof(out[n].value1), "%llu",
		    (unsigned long long)in->memory);
		(void)snprintf(out[n].value2, sizeof(out[n].value2), "%llu",
		    (unsigned long long)in->memory);
		n++;
	}
	if (in->pcpu != 0) {
		out[n] = (struct limit){ "pcpu", "cpu", "cpu.cfs_quota_us",
			"cpu.max", "", "", 0 };
		(void)snprintf(out[n].value1, sizeof(out[n].value1), "%u",
		    in->pcpu * 1000);
		(void)snprintf(out[n].value2, sizeof(out[n].value2),
		    "%u 100000", in->pcpu * 1000);
		n++;
	}
	if (in->maxproc != 0) {
		out[n] = (struct limit){ "maxproc", "pids", "pids.max",
			"pids.max", "", "", 0 };
		(void)snprintf(
		    out[n].value1, sizeof(out[n].value1), "%u", in->maxproc);
		(void)snprintf(
		    out[n].value2, sizeof(out[n].value2), "%u", in->maxproc);
		n++;
	}
	return n;
}

/* Of ENOTSUP the sentence is only the reason. */
static int
set_one(struct cgroups *c, struct facts *facts, const struct hierarchies *h,
    const struct home *home, const struct limit *l, struct err *err)
{
	const struct hierarchy *v1 = find_v1(h, l->controller);

	if (home_has(home, l->controller))
		return limit_v2(c, home, l, err);
	if (v1 != NULL)
		return limit_v1(c, facts, v1, l, err);
	return err_set(err, ENOTSUP,
	    "this kernel has no %s controller in a mounted cgroup hierarchy",
	    l->controller);
}

static int
set_limits(struct cgroups *c, struct facts *facts, const struct hierarchies *h,
    const struct home *home, const struct jail_limits *limits, struct err *err)
{
	struct limit l[3];
	size_t n = wanted_limits(limits, l);

	for (size_t i = 0; i < n; i++) {
		struct err why = { 0 };
		int r = set_one(c, facts, h, home, &l[i], &why);

		if (r == -ENOTSUP)
			return err_set(err, ENOTSUP,
			    "%s cannot be enforced: %s; set %s=off to start "
			    "without",
			    l[i].what, why.msg, l[i].what);
		if (r < 0)
			return err_set(err, why.code, "%s", why.msg);
	}
	return 0;
}

/* The group above the jails' has one for all of them. Never loosened: it may
 * be the administrator's. */
static void
hold_all(const char *group, const struct limit *l, size_t n)
{
	_cleanup_free_ char *above =
	    xstrndup(group, (size_t)(strrchr(group, '/') - group));

	for (size_t i = 0; i < 2 * n; i++) {
		const char *file = i % 2 ? l[i / 2].file2 : l[i / 2].file1;
		const char *value = i % 2 ? l[i / 2].value2 : l[i / 2].value1;
		_cleanup_free_ char *path = xasprintf("%s/%s", above, file);
		char now[64];

		if (file_peek(AT_FDCWD, path, now, sizeof(now)) > 0 &&
		    (now[0] == 'm' ||
			strtoull(now, NULL, 10) > strtoull(value, NULL, 10)))
			(void)file_poke(AT_FDCWD, path, value);
	}
}

/* What is not limited leaves the host its share. A kernel that cannot do that
 * is no reason not to start, but is said. */
static void
hold_share(struct cgroups *c, struct facts *facts, const struct hierarchies *h,
    const struct home *home, const struct jail_limits *limits,
    struct err *unheld)
{
	struct jail_limits one, all;
	struct limit l[3];
	size_t n;

	if (guard_off("share"))
		return;
	share_read(&one, &all);
	if (limits->memory != 0)
		one.memory = 0;
	if (limits->maxproc != 0)
		one.maxproc = 0;
	n = wanted_limits(&one, l);
	for (size_t i = 0; i < n; i++) {
		struct err why = { 0 };

		if (set_one(c, facts, h, home, &l[i], &why) < 0)
			(void)err_set(unheld, ENOTSUP,
			    "nothing keeps this jail from taking all %s of the "
			    "host: %s",
			    streq(l[i].controller, "pids") ? "processes"
							   : "memory",
			    why.msg);
	}
	n = wanted_limits(&all, l);
	/* gaol.service's own group is systemd's; the unit says the same. */
	for (size_t i = 0; i < c->n; i++)
		if (!home->service ||
		    strncmp(c->v[i].path, home->path, strlen(home->path)) != 0)
			hold_all(c->v[i].path, l, n);
}

int
cgroup_limits(struct cgroups *c, struct facts *facts,
    const struct hierarchies *h, const struct home *home,
    const struct jail_limits *limits, struct err *unheld, struct err *err)
{
	int r = set_limits(c, facts, h, home, limits, err);

	if (r == 0)
		hold_share(c, facts, h, home, limits, unheld);
	return r;
}
