/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each step of a start is made to fail once: before it, after it, and by a
 * kill after it; those of the jail's own process and of the network too. The
 * steps are asked for, not named: a new one is tested without a line here.
 */
#include <sys/mman.h>

#include "../jail-box.h"

/* A jail that takes every step there is. */
static void
full(struct box_jail *b)
{
	box_jail_init(b, "faulty");
	box_jail_addrs(b, "lo1|192.168.0.9", "lo1|fd00::9");
	b->spec.localhost = JAIL_LOCALHOST_JAIL;
	b->spec.limits = (struct jail_limits){ 64 << 20, 150, 100 };
	b->spec.hooks.prestart = ":";
	b->spec.hooks.created = ":";
	b->spec.hooks.poststart = ":";
	b->spec.hooks.poststop = ":";
}

/* In a process of its own, which a fault may kill; its wait status, and what
 * went wrong in the shared err. */
static int
start_with(const char *fault, struct err *shared)
{
	struct box_jail b;
	int status;
	pid_t pid;

	fflush(stdout);
	memset(shared, 0, sizeof(*shared));
	pid = fork();
	if (pid == 0) {
		if (fault != NULL)
			setenv("GAOL_FAULT", fault, 1);
		full(&b);
		_exit(jail_start(&b.spec, shared) < 0 ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	return status;
}

/* All steps that a good start takes, "array:name" a line. */
static char *
all_steps(struct err *shared)
{
	int saved = dup(2), fd;

	fd = open("/run/steps", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	dup2(fd, 2);
	setenv("GAOL_STEPS", "1", 1);
	if (start_with(NULL, shared) != 0)
		BUG("the start without a fault fails: %s", shared->msg);
	unsetenv("GAOL_STEPS");
	dup2(saved, 2);
	close(saved);
	close(fd);
	return strdup(box_out("sed -n 's/^step //p' /run/steps; "
			      "rm /run/steps"));
}

/* What a killed start left does not keep the next one from starting; those
 * of the other arrays are undone by a stop. */
static void
after_kill(const char *fault, enum jail_status status, struct err *shared)
{
	if (strncmp(fault, "start:", 6) == 0 && status != JAIL_UP)
		is_int(start_with(NULL, shared), 0,
		    "%s: the next start succeeds: %s", fault, shared->msg);
	is_int(jail_stop("faulty", NULL, shared), 0, "%s: a stop undoes it: %s",
	    fault, shared->msg);
}

static void
try_fault(
    const char *step, const char *mode, const char *before, struct err *shared)
{
	struct jail_state state = { 0 };
	char fault[128];
	int status;

	snprintf(fault, sizeof(fault), "%s%s", step, mode);
	status = start_with(fault, shared);
	ok(status != 0 || strcmp(fault, "start:up:kill") == 0,
	    "%s: the start fails", fault);
	if (WIFEXITED(status) && strcmp(mode, ":kill") != 0)
		ok(strstr(shared->msg, "GAOL_FAULT") != NULL,
		    "%s: the error comes through: %s", fault, shared->msg);
	if (jail_state_read("faulty", &state, NULL) < 0)
		BUG("no state");
	if (!WIFSIGNALED(status))
		is_int(state.status, JAIL_DOWN, "%s: the jail is down", fault);
	else
		after_kill(fault, state.status, shared);
	jail_state_clear(&state);
	ok(box_is_clean(before), "%s: nothing is left", fault);
}

static int
test(void)
{
	struct err *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *steps, *step, *save = NULL, *before;
	int n = 0;

	/* Once up and down: lo1's guard stays, as the network's own. */
	steps = all_steps(shared);
	if (*steps == '\0')
		return skip_all("this build has no faults to put in");
	(void)jail_stop("faulty", NULL, shared);
	before = box_settled();
	for (step = strtok_r(steps, "\n", &save); step != NULL;
	     step = strtok_r(NULL, "\n", &save), n++) {
		try_fault(step, "", before, shared);
		try_fault(step, ":after", before, shared);
		try_fault(step, ":kill", before, shared);
	}
	ok(box_links_gone(), "no interface is left");
	ok(n >= (int)(jail_inside_steps.n + jail_start_steps.n),
	    "every step was tried (%d)", n);
	free(before);
	free(steps);
	return done_testing();
}

int
main(void)
{
	return box_run(test);
}
