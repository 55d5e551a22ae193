/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control groups: one group of the jail's in the v2 hierarchy, which holds
 * all of its processes (and the BPF programs of localhost=jail), and on a
 * host with v1 controllers one more in the hierarchy of each limit's
 * controller.
 *
 * The groups are HOME/NAME, where HOME is gaol.service's group if that runs
 * (linux-home.c), else MOUNTPOINT/gaol: never the group of whoever types the
 * command, since a session's scope ends with the session.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"
#include "base/str.h"
#include "jail/cgroup-private.h"

static void
hierarchies_clear(struct hierarchies *h)
{
	for (size_t i = 0; i < h->n; i++) {
		free(h->v[i].mount);
		free(h->v[i].options);
	}
	array_clear(h);
}

/* A line of mountinfo: ... ROOT MOUNTPOINT OPTIONS ... - TYPE SOURCE SUPER */
static void
take_mount(struct hierarchies *h, char *line)
{
	_cleanup_(strv_clear) struct strv w = { 0 };
	struct hierarchy *new;
	size_t dash = 6;

	if (strstr(line, " - cgroup") == NULL)
		return;
	strv_split(&w, line, " ");
	while (dash < w.n && !streq(w.v[dash], "-"))
		dash++;
	if (dash + 3 >= w.n)
		return;
	new = array_add(h);
	new->mount = xstrdup(w.v[4]);
	new->options =
	    streq(w.v[dash + 1], "cgroup2") ? NULL : xstrdup(w.v[dash + 3]);
}

static int
hierarchies_read(struct hierarchies *h, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	char *line, *save = NULL;
	int r =
	    file_read(AT_FDCWD, "/proc/self/mountinfo", 4 << 20, &text, err);

	if (r < 0)
		return r;
	for (line = strtok_r(text.buf, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		take_mount(h, line);
	return 0;
}

/* Of several mounts the last, which may cover an earlier one. */
static const struct hierarchy *
find_v2(const struct hierarchies *h)
{
	for (size_t i = h->n; i > 0; i--)
		if (h->v[i - 1].options == NULL)
			return &h->v[i - 1];
	return NULL;
}

int
cgroup_v2_mount(char **ret, struct err *err)
{
	_cleanup_(hierarchies_clear) struct hierarchies h = { 0 };
	int r = hierarchies_read(&h, err);

	if (r < 0)
		return r;
	if (find_v2(&h) == NULL)
		return err_set(
		    err, ENOTSUP, "no cgroup v2 hierarchy is mounted");
	*ret = xstrdup(find_v2(&h)->mount);
	return 0;
}

/* Make PARENT and PATH below it. An empty group that is there already is the
 * trace of lost facts. */
static int
make_dirs(const char *parent, const char *path, struct err *err)
{
	/* The parent may be removed by a stop between our two calls. */
	for (int i = 0; i < 10; i++) {
		if (mkdir(parent, 0755) < 0 && errno != EEXIST)
			return err_errno(err, "cannot make cgroup %s", parent);
		if (mkdir(path, 0755) == 0)
			return 0;
		if (errno == EEXIST && rmdir(path) < 0 && errno != ENOENT)
			return err_set(err, EBUSY,
			    "cgroup %s is there already and has processes: "
			    "end them first (they stand in its cgroup.procs)",
			    path);
	}
	return err_errno(err, "cannot make cgroup %s", path);
}

int
cgroup_group_make(
    struct cgroups *c, struct facts *facts, const char *parent, struct err *err)
{
	char *path = xasprintf("%s/%s", parent, facts->name);
	struct stat st;
	int r;

	c->v[c->n++] = (struct cgroup){ .path = path, .tasks_fd = -1 };
	r = facts_add(facts, "cgroup-intended", err, "%s", path);
	if (r < 0)
		return r;
	r = make_dirs(parent, path, err);
	if (r < 0)
		return r;
	if (stat(path, &st) < 0)
		return err_errno(err, "cannot read cgroup %s", path);
	return facts_add(facts, "cgroup", err, "%llu %s",
	    (unsigned long long)st.st_ino, path);
}

static void
home_clear(struct home *home)
{
	free(home->path);
}

static int
open_group(struct cgroups *c, struct cgroup *g, struct err *err)
{
	_cleanup_free_ char *tasks = xasprintf("%s/tasks", g->path);

	g->tasks_fd = open(tasks, O_WRONLY | O_CLOEXEC);
	if (g->tasks_fd >= 0)
		return 0;
	if (errno != ENOENT)
		return err_errno(err, "cannot open %s", tasks);
	/* v2 has no such file. */
	c->v2_fd = open(g->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->v2_fd < 0)
		return err_errno(err, "cannot open %s", g->path);
	return 0;
}

int
cgroups_make(struct cgroups *c, struct facts *facts,
    const struct jail_limits *limits, struct err *unheld, struct err *err)
{
	_cleanup_(hierarchies_clear) struct hierarchies h = { 0 };
	_cleanup_(home_clear) struct home home = { 0 };
	int r = hierarchies_read(&h, err);

	if (r == 0 && find_v2(&h) != NULL) {
		home.above = find_v2(&h)->mount;
		home.path = cgroup_home(home.above, &home.service);
		r = cgroup_group_make(c, facts, home.path, err);
	}
	if (r == 0)
		r = cgroup_limits(c, facts, &h, &home, limits, unheld, err);
	for (size_t i = 0; r == 0 && i < c->n; i++)
		r = open_group(c, &c->v[i], err);
	return r;
}

int
cgroups_open(struct cgroups *c, const struct facts *facts, struct err *err)
{
	for (size_t i = 0; i < facts->n && c->n < CGROUPS_MAX; i++) {
		const char *path;
		int r;

		if (!streq(facts->v[i].key, "cgroup"))
			continue;
		path = strchr(facts->v[i].value, '/');
		if (path == NULL)
			continue;
		c->v[c->n] =
		    (struct cgroup){ .path = xstrdup(path), .tasks_fd = -1 };
		r = open_group(c, &c->v[c->n++], err);
		if (r < 0)
			return r;
	}
	return 0;
}

int
cgroups_enter_v1(const struct cgroups *c, struct err *err)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].tasks_fd >= 0 &&
		    write(c->v[i].tasks_fd, "0", 1) != 1)
			return err_errno(
			    err, "cannot enter cgroup %s", c->v[i].path);
	return 0;
}

/* The last processes leave their group a moment after they were seen dead. One
 * that is gone is no error. */
static int
rmdir_soon(const char *path, struct err *err)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int i = 0; rmdir(path) < 0; i++) {
		if (errno == ENOENT)
			break;
		if (errno != EBUSY || i >= 2000)
			return err_errno(err, "cannot remove cgroup %s", path);
		(void)nanosleep(&moment, NULL);
	}
	return 0;
}

static int
remove_group(const char *path, struct err *err)
{
	_cleanup_free_ char *parent = xstrdup(path);
	int r = rmdir_soon(path, err);

	if (r < 0)
		return r;
	*strrchr(parent, '/') = '\0';
	/* Fails while other jails are there. A unit's group is systemd's. */
	if (streq(strrchr(parent, '/'), "/" CGROUP_PARENT))
		(void)rmdir(parent);
	return 0;
}

/* The inode of the group as it was made, "" if its making was not finished. */
static const char *
made_inode(const struct facts *facts, const char *path)
{
	for (size_t i = 0; i < facts->n; i++) {
		const char *made = strchr(facts->v[i].value, '/');

		if (streq(facts->v[i].key, "cgroup") && made != NULL &&
		    streq(made, path))
			return facts->v[i].value;
	}
	return "";
}

static int
remove_intended(const struct facts *facts, const char *path, struct err *err)
{
	const char *inode = made_inode(facts, path);
	struct stat st;

	/* Nothing of ours was ever in it; if it has processes it is another's,
	 * which is why its making was not finished. */
	if (*inode == '\0') {
		(void)rmdir(path);
		return 0;
	}
	if (stat(path, &st) < 0 || strtoull(inode, NULL, 10) != st.st_ino)
		return 0;
	return remove_group(path, err);
}

int
cgroups_remove(const struct facts *facts, struct err *err)
{
	int first = 0;

	for (size_t i = 0; i < facts->n; i++) {
		int r;

		if (!streq(facts->v[i].key, "cgroup-intended"))
			continue;
		r = remove_intended(
		    facts, facts->v[i].value, first < 0 ? NULL : err);
		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

/* ---- by name, when the facts are lost ---- */

static void
add_parent(struct strv *ret, char *path)
{
	/* A hierarchy may be mounted twice at one place. */
	if (strv_has(ret, path) || access(path, F_OK) < 0)
		free(path);
	else
		strv_add_owned(ret, path);
}

/* Every group that there is and that may hold those of jails: with the facts
 * that of gaol.service may be lost. */
static int
parents_read(struct strv *ret, struct err *err)
{
	_cleanup_(hierarchies_clear) struct hierarchies h = { 0 };
	int r = hierarchies_read(&h, err);
	bool service;

	for (size_t i = 0; r == 0 && i < h.n; i++) {
		const char *mount = h.v[i].mount;

		add_parent(ret, xasprintf("%s/" CGROUP_PARENT, mount));
		if (h.v[i].options != NULL)
			continue;
		add_parent(ret, cgroup_home(mount, &service));
		add_parent(ret, xasprintf("%s" CGROUP_UNIT, mount));
	}
	return r;
}

static void
add_names(const char *parent, struct strv *ret)
{
	_cleanup_closedir_ DIR *d = opendir(parent);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_type == DT_DIR && e->d_name[0] != '.' &&
		    !strv_has(ret, e->d_name))
			strv_add(ret, e->d_name);
}

int
cgroups_names(struct strv *ret, struct err *err)
{
	_cleanup_(strv_clear) struct strv parents = { 0 };
	int r = parents_read(&parents, err);

	for (size_t i = 0; r == 0 && i < parents.n; i++)
		add_names(parents.v[i], ret);
	return r;
}

void
cgroups_processes(const char *name, struct strv *ret)
{
	_cleanup_(strv_clear) struct strv parents = { 0 };

	(void)parents_read(&parents, NULL);
	for (size_t i = 0; i < parents.n && ret->n == 0; i++) {
		_cleanup_free_ char *path =
		    xasprintf("%s/%s/cgroup.procs", parents.v[i], name);
		_cleanup_(str_clear) struct str text = STR_INIT;

		if (file_read(AT_FDCWD, path, 1 << 20, &text, NULL) == 0)
			strv_split(ret, text.buf, "\n");
	}
}

bool
cgroups_exist(const char *name)
{
	_cleanup_(strv_clear) struct strv names = { 0 };

	return cgroups_names(&names, NULL) == 0 && strv_has(&names, name);
}

int
cgroups_adopt(struct facts *facts, struct err *err)
{
	_cleanup_(strv_clear) struct strv parents = { 0 };
	int r = parents_read(&parents, err);

	for (size_t i = 0; r == 0 && i < parents.n; i++) {
		_cleanup_free_ char *path =
		    xasprintf("%s/%s", parents.v[i], facts->name);
		struct stat st;

		if (stat(path, &st) < 0)
			continue;
		r = facts_add(facts, "cgroup-intended", err, "%s", path);
		if (r == 0)
			r = facts_add(facts, "cgroup", err, "%llu %s",
			    (unsigned long long)st.st_ino, path);
	}
	return r;
}

int
cgroups_remove_empty(const char *name, struct err *err)
{
	_cleanup_(strv_clear) struct strv parents = { 0 };
	int r = parents_read(&parents, err);

	for (size_t i = 0; r == 0 && i < parents.n; i++) {
		_cleanup_free_ char *path =
		    xasprintf("%s/%s", parents.v[i], name);

		r = rmdir_soon(path, err);
		if (r == 0 &&
		    streq(strrchr(parents.v[i], '/'), "/" CGROUP_PARENT))
			(void)rmdir(parents.v[i]); /* fails if it is used */
	}
	return r;
}

void
cgroups_clear(struct cgroups *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].path);
		closep(&c->v[i].tasks_fd);
	}
	closep(&c->v2_fd);
	*c = (struct cgroups)CGROUPS_INIT;
}
