/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A user of the jail's, from the jail's own etc/passwd and etc/group. The C
 * library's functions would load the jail's modules into a process that is
 * not confined yet.
 */
#include <errno.h>
#include <fcntl.h>

#include "base/array.h"
#include "base/file.h"
#include "base/str.h"
#include "jail/internal.h"

#define PASSWD_MAX (8u << 20)

/* Cut a line at its colons into exactly n fields. */
static bool
fields(char *line, char **f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		f[i] = strsep(&line, ":");
		if (f[i] == NULL)
			return false;
	}
	return line == NULL;
}

static bool
to_id(const char *s, unsigned int *ret)
{
	int64_t n;

	if (str_to_i64(s, 0, UINT32_MAX - 1, &n) < 0)
		return false;
	*ret = (unsigned int)n;
	return true;
}

static bool
take_passwd(char *line, const char *wanted, struct jail_user *u)
{
	char *f[7];

	if (!fields(line, f, 7) ||
	    (!streq(f[0], wanted) && !streq(f[2], wanted)) ||
	    !to_id(f[2], &u->uid) || !to_id(f[3], &u->gid))
		return false;
	u->name = xstrdup(f[0]);
	u->home = xstrdup(*f[5] != '\0' ? f[5] : "/");
	u->shell = xstrdup(*f[6] != '\0' ? f[6] : "/bin/sh");
	return true;
}

static void
take_group(char *line, struct jail_user *u)
{
	char *f[4], *member;
	unsigned int gid;

	if (!fields(line, f, 4) || !to_id(f[2], &gid) || gid == u->gid)
		return;
	while ((member = strsep(&f[3], ",")) != NULL)
		if (streq(member, u->name)) {
			*array_add(&u->groups) = gid;
			return;
		}
}

int
user_find(const char *wanted, struct jail_user *ret, struct err *err)
{
	_cleanup_(str_clear) struct str passwd = STR_INIT, group = STR_INIT;
	struct jail_user u = { 0 };
	char *p, *line;
	int r = file_read(AT_FDCWD, "/etc/passwd", PASSWD_MAX, &passwd, err);

	if (r < 0 && r != -ENOENT)
		return r;
	p = passwd.buf;
	while (u.name == NULL && (line = strsep(&p, "\n")) != NULL)
		(void)take_passwd(line, wanted, &u);
	if (u.name == NULL && !streq(wanted, "root"))
		return err_set(err, ENOENT,
		    "the jail has no user '%s' in its /etc/passwd", wanted);
	if (u.name == NULL) { /* a tree without users has a root at least */
		u.name = xstrdup("root");
		u.home = xstrdup("/");
		u.shell = xstrdup("/bin/sh");
	}
	*array_add(&u.groups) = u.gid;
	if (file_read(AT_FDCWD, "/etc/group", PASSWD_MAX, &group, NULL) == 0) {
		p = group.buf;
		while ((line = strsep(&p, "\n")) != NULL)
			take_group(line, &u);
	}
	err_clear(err);
	*ret = u;
	return 0;
}

void
user_clear(struct jail_user *u)
{
	free(u->name);
	free(u->home);
	free(u->shell);
	array_clear(&u->groups);
}
