/* SPDX-License-Identifier: BSD-2-Clause */
/* Stopping a jail, by what its facts say was done. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/str.h"
#include "jail/internal.h"

void
recall_timeouts(
    const struct jail *j, unsigned int *ret_exec, unsigned int *ret_stop)
{
	const char *timeouts = facts_get(&j->facts, "timeouts");

	*ret_exec = 60;
	*ret_stop = 30;
	if (timeouts != NULL)
		(void)sscanf(timeouts, "%u %u", ret_exec, ret_stop);
}

/* Take from the facts what undoing needs. */
static void
recall(struct jail *j)
{
	const char *hostname = facts_get(&j->facts, "hostname");
	const char *init = facts_get(&j->facts, "init");
	unsigned long long start;
	char path[48];
	int pid;

	j->hostname = xstrdup(hostname != NULL ? hostname : j->name);
	if (init == NULL || sscanf(init, "%d %llu", &pid, &start) != 2)
		return;
	j->init_pid = pid;
	j->init_pidfd = ns_pidfd(pid, start);
	if (j->init_pidfd < 0)
		return;
	/* Held until the network is undone: taking a dead namespace apart
	 * keeps the kernel's network lock for 10 to 30 ms, for which we would
	 * wait. */
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	j->netns_fd = open(path, O_RDONLY | O_CLOEXEC);
}

static void
warn(const struct jail_stop_opts *opts, const struct err *e)
{
	if (opts->on_warning != NULL)
		opts->on_warning(opts->arg, e->msg);
}

/* Ask gaol-init to stop, and wait as long as it may take. */
static void
stop_kindly(struct jail *j, const struct jail_stop_opts *opts)
{
	unsigned int exec, stop;
	struct err e = { 0 };

	recall_timeouts(j, &exec, &stop);
	(void)syscall(SYS_pidfd_send_signal, j->init_pidfd, SIGTERM, NULL, 0);
	if (ns_wait(j->init_pidfd, (int)(exec + stop + 2) * 1000))
		return;
	(void)err_set(&e, ETIMEDOUT,
	    "jail '%s' did not stop in time and is killed", j->name);
	warn(opts, &e);
}

static int
prestop(struct jail *j, struct err *err)
{
	const char *command = facts_get(&j->facts, "prestop");
	unsigned int exec, kill_after;

	if (command == NULL)
		return 0;
	recall_timeouts(j, &exec, &kill_after);
	return hook_run(j, "exec_prestop", command, exec, err);
}

/* The facts were read while the lock was free. */
static int
undo_locked(struct jail *j, const struct jail_stop_opts *opts, struct err *err)
{
	bool up = facts_get(&j->facts, "up") != NULL && j->init_pidfd >= 0;
	struct err e = { 0 };
	int r;

	if (up && !opts->force) {
		r = prestop(j, err);
		if (r < 0)
			return r;
	}
	r = facts_add(&j->facts, "stopping", err, "%d", (int)getpid());
	if (r == 0 && opts->force)
		r = facts_add(&j->facts, "no-hooks", err, "1");
	/* A full /run must not keep a jail alive. The fact is for others. */
	if (r == -ENOSPC)
		err_clear(err);
	else if (r < 0)
		return r;
	if (up && !opts->force)
		stop_kindly(j, opts);
	r = steps_undo(&jail_start_steps, j, NULL, &e);
	if (r < 0 && !j->undo_failed) {
		/* Only the poststop hook failed: the jail is down. */
		warn(opts, &e);
		return 0;
	}
	if (r < 0 && err != NULL)
		*err = e;
	return r;
}

int
jail_stop(const char *name, const struct jail_stop_opts *opts, struct err *err)
{
	static const struct jail_stop_opts defaults = { 0 };
	_cleanup_(jail_clear) struct jail j;
	int r;

	jail_init(&j, name, NULL);
	r = facts_open(name, &j.facts, err);
	if (r == -ENOENT)
		return err_set(err, ESRCH, "jail '%s' is not running", name);
	if (r < 0)
		return r;
	recall(&j);
	return undo_locked(&j, opts != NULL ? opts : &defaults, err);
}
