/* SPDX-License-Identifier: BSD-2-Clause */
/* The hooks of a jail: commands of the admin's, run on the host. */
#include <errno.h>
#include <signal.h>

#include "base/array.h"
#include "base/proc.h"
#include "jail/internal.h"

extern char **environ;

/* Ours, and what iocage gives its hooks. Its JNAME is the kernel's name of
 * the jail: "ioc-" and the name, dots as underscores. */
static void
hook_environment(const struct jail *j, struct strv *env)
{
	_cleanup_free_ char *jname = xasprintf("ioc-%s", j->name);

	for (char *p = jname; *p != '\0'; p++)
		if (*p == '.')
			*p = '_';
	for (char **e = environ; *e != NULL; e++)
		strv_add(env, *e);
	strv_add_owned(env, xasprintf("IOCAGE_NAME=%s", jname));
	strv_add_owned(env, xasprintf("IOCAGE_HOSTNAME=%s", j->hostname));
	strv_add_owned(env, xasprintf("JNAME=%s", jname));
	if (j->init_pid > 0)
		strv_add_owned(env, xasprintf("JID=%d", (int)j->init_pid));
}

int
hook_run(const struct jail *j, const char *what, const char *command,
    unsigned int timeout, struct err *err)
{
	_cleanup_(strv_clear) struct strv env = { 0 };
	const char *argv[] = { "/bin/sh", "-c", command, NULL };
	struct proc_spec spec = PROC_SPEC_INIT;
	struct proc p;
	int r;

	if (!command_given(command))
		return 0;
	hook_environment(j, &env);
	spec.argv = argv;
	spec.envp = (const char *const *)strv_argv(&env);
	spec.own_group = true;
	r = proc_spawn(&spec, &p, err);
	if (r < 0)
		return r;
	if (timeout > 0 && !ns_wait(p.pidfd, (int)timeout * 1000)) {
		(void)kill(-p.pid, SIGKILL);
		(void)proc_wait(&p);
		return err_set(err, ETIMEDOUT,
		    "%s did not end within %u seconds (exec_timeout): %s", what,
		    timeout, command);
	}
	r = proc_wait(&p);
	if (r != 0)
		return err_set(err, EIO, "%s failed with exit code %d: %s",
		    what, r, command);
	return 0;
}
