/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the jails' v2 groups are: below gaol.service while that runs, else in
 * a group of our own below the root.
 *
 * On a host with systemd every group that is not handed on by a unit with
 * Delegate=yes is systemd's, which takes controllers away from it again. The
 * unit tells us its group by running `gaol boot --stage group` in it; that is
 * the one line of HOME_FILE. Whoever starts a jail later, from an ssh session
 * too, finds it there.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "jail/internal.h"

#define HOME_DIR "/run/gaol"
#define HOME_FILE HOME_DIR "/cgroup"
/* Who holds the group is in this one below it: the kernel allows no process in
 * a group above those with limits. No jail has such a name. */
#define HOLDER "/.holder"

/* systemd marks what it has handed on. */
static bool
is_delegated(const char *path)
{
	static const char *const marks[] = { "trusted.delegate",
		"user.delegate" };
	char value[8];

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (getxattr(path, marks[i], value, sizeof(value)) == 1 &&
		    value[0] == '1')
			return true;
	return false;
}

char *
cgroup_home(const char *mount, bool *ret_service)
{
	_cleanup_free_ char *path = NULL;
	char group[1024] = "";

	*ret_service = false;
	/* Lost with all of /run, it is where the unit puts it by itself. */
	if (file_peek(AT_FDCWD, HOME_FILE, group, sizeof(group)) < 0)
		path = xasprintf("%s" CGROUP_UNIT, mount);
	else
		path = xasprintf("%s%s", mount, group);
	/* The unit has ended: its group is gone, or another's by now. */
	if (!is_delegated(path))
		return xasprintf("%s/" CGROUP_PARENT, mount);
	*ret_service = true;
	return TAKE_PTR(path);
}

/* The v2 group that we are in, as "/a/b". */
static int
own_group(char **ret, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	char *line, *save = NULL;
	int r = file_read(AT_FDCWD, "/proc/self/cgroup", 65536, &text, err);

	if (r < 0)
		return r;
	for (line = strtok_r(text.buf, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		if (str_starts(line, "0::/")) {
			*ret = xstrdup(line + strlen("0::"));
			return 0;
		}
	return err_set(err, ENOTSUP, "this host has no cgroup v2 hierarchy");
}

static int
step_aside(const char *path, struct err *err)
{
	_cleanup_free_ char *below = xasprintf("%s" HOLDER, path);
	_cleanup_free_ char *procs = xasprintf("%s/cgroup.procs", below);
	int r;

	if (mkdir(below, 0755) < 0 && errno != EEXIST)
		return err_errno(err, "cannot make cgroup %s", below);
	r = file_poke(AT_FDCWD, procs, "0");
	return r < 0 ? err_code(err, r, "cannot enter cgroup %s", below) : 0;
}

int
jail_group_adopt(struct err *err)
{
	_cleanup_free_ char *mount = NULL, *group = NULL, *path = NULL;
	int r = own_group(&group, err);

	if (r == 0)
		r = cgroup_v2_mount(&mount, err);
	if (r < 0)
		return r;
	path = xasprintf("%s%s", mount, group);
	if (!is_delegated(path))
		return err_set(err, EPERM,
		    "the control group %s is not handed on to us: this is for "
		    "a unit with Delegate=yes, such as gaol.service",
		    path);
	r = step_aside(path, err);
	if (r == 0)
		r = file_mkdir_p(HOME_DIR, 0755, err);
	return r < 0 ? r
		     : file_replace(AT_FDCWD, HOME_FILE, group, strlen(group),
			   0644, err);
}
