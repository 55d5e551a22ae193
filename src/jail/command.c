/* SPDX-License-Identifier: BSD-2-Clause */
/* Command lines of properties, and the environment they run in. */
#include "base/array.h"
#include "jail/internal.h"

void
command_split(const char *line, struct strv *ret)
{
	if (line[strcspn(line, "|&;<>()$`\\\"'*?[]#~=%!{}\n")] == '\0') {
		strv_split(ret, line, " \t");
		return;
	}
	strv_add(ret, "/bin/sh");
	strv_add(ret, "-c");
	strv_add(ret, line);
}

bool
command_given(const char *line)
{
	return line != NULL && line[strspn(line, " \t")] != '\0' &&
	    !streq(line, "none") && !streq(line, "/usr/bin/true");
}

void
command_environment(
    const char *user, const char *home, const char *shell, struct strv *ret)
{
	const char *term = getenv("TERM");

	strv_add(ret,
	    streq(user, "root")
		? "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
		  "/sbin:/bin"
		: "PATH=/usr/local/bin:/usr/bin:/bin");
	strv_add_owned(ret, xasprintf("HOME=%s", home));
	strv_add_owned(ret, xasprintf("USER=%s", user));
	strv_add_owned(ret, xasprintf("LOGNAME=%s", user));
	strv_add_owned(ret, xasprintf("SHELL=%s", shell));
	strv_add(ret, "LANG=C.UTF-8");
	if (term != NULL)
		strv_add_owned(ret, xasprintf("TERM=%s", term));
}
