/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running other programs. A child gets only the descriptors it is given
 * (everything else is closed, whatever its flags), default signals, and, if
 * a step between fork and exec fails, the parent is told which and why: a
 * missing program is an error of proc_spawn, not exit code 127.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

struct proc_spec {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in
				    PATH */
	const char *const *envp; /* NULL: as ours */
	int in, out, errfd;	 /* descriptors for 0, 1, 2; -1: /dev/null;
				    0, 1, 2 themselves: inherited */
	int keep_fd;		 /* one more, passed at number 3; -1: none */
	bool own_group;		 /* a process group of its own */
	bool die_with_parent;	 /* SIGKILL when the calling thread ends */
};

#define PROC_SPEC_INIT                                        \
	{                                                     \
		.in = -1, .out = 1, .errfd = 2, .keep_fd = -1 \
	}

struct proc {
	pid_t pid;
	int pidfd;
};

/* Start it. On success fill `ret`; call proc_wait to reap it. */
int proc_spawn(const struct proc_spec *spec, struct proc *ret, struct err *err);

/* Wait for the end; returns the exit code, or 128 + the signal's number. */
int proc_wait(struct proc *p);

/*
 * Run to the end. Returns the exit code (0 is success; a positive code is
 * not an error of this function and sets no sentence), or a negative errno.
 */
int proc_run(const struct proc_spec *spec, struct err *err);

/*
 * Run and collect standard output (at most `max` bytes; standard error goes
 * where ours goes unless spec says otherwise). Any exit code but 0 is an
 * error: EIO, with the program's name and code.
 */
int proc_capture(
    const char *const *argv, size_t max, struct str *ret, struct err *err);

/* In a child: every signal does what it does by default, and none is held
 * back. */
void proc_default_signals(void);

/* The path of a helper program of ours ("fetch", "init"), for the caller to
 * free: libexec/gaol-NAME beside the running program, as a build tree has it,
 * else where it is installed. */
char *proc_helper(const char *name);

/* Start time of a process in clock ticks since boot (field 22 of its stat
 * file), which with the pid names one process for good; 0 or -ESRCH. */
int proc_start_time(pid_t pid, uint64_t *ret);

#endif
