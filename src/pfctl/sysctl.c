/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel settings that pf's rules rely on: set while pf is enabled, given
 * back when it is disabled. */
#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "pfctl/pfctl.h"

/* In the namespace's directory: lines "PATH VALUE" of before. */
#define SAVED "sysctl"

static ssize_t
peek(const char *path, char *buf, size_t size)
{
	char full[128];

	snprintf(full, sizeof(full), "/proc/sys/%s", path);
	return file_peek(AT_FDCWD, full, buf, size);
}

static int
poke(const char *path, const char *value, struct err *err)
{
	char full[128];
	int r;

	snprintf(full, sizeof(full), "/proc/sys/%s", path);
	r = file_poke(AT_FDCWD, full, value);
	/* No IPv6 in this kernel, an interface that went away: nothing to
	 * set. */
	if (r < 0 && r != -ENOENT)
		return err_code(err, r, "cannot set %s to %s", full, value);
	return 0;
}

static bool
is_saved(const struct str *saved, const char *path)
{
	size_t len = strlen(path);

	for (const char *at = saved->buf; at && *at;) {
		if (strncmp(at, path, len) == 0 && at[len] == ' ')
			return true;
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	return false;
}

int
sysctls_apply(struct store *s, const struct pf_lowered *l, struct err *err)
{
	_cleanup_(str_clear) struct str saved = STR_INIT;
	char old[64];
	int r;

	(void)store_get_common(s, SAVED, &saved, NULL);
	for (size_t i = 0; i < l->needs.n; i++) {
		const struct pf_need *n = &l->needs.v[i];

		if (is_saved(&saved, n->path) ||
		    peek(n->path, old, sizeof(old)) < 0)
			continue;
		str_printf(&saved, "%s %s\n", n->path, old);
	}
	/* Written down before anything is changed. */
	r = store_put_common(s, SAVED, &saved, err);
	for (size_t i = 0; i < l->needs.n && r == 0; i++)
		r = poke(l->needs.v[i].path, l->needs.v[i].value, err);
	return r;
}

int
sysctls_restore(struct store *s, struct err *err)
{
	_cleanup_(str_clear) struct str saved = STR_INIT;
	int r = 0;

	if (store_get_common(s, SAVED, &saved, NULL) < 0)
		return 0;
	for (char *line = strtok(saved.buf, "\n"); line && r == 0;
	     line = strtok(NULL, "\n")) {
		char *value = strchr(line, ' ');

		if (!value)
			continue;
		*value++ = '\0';
		r = poke(line, value, err);
	}
	return r < 0 ? r : store_remove_common(s, SAVED, err);
}

bool
sysctls_are_saved(struct store *s)
{
	return store_has(s, SAVED);
}
