/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Probes: taking so much that the host or other jails have none left.
 *
 * The host first tightens the clone's limit, if there is one that holds, so
 * that no probe has to take much; what it is otherwise stands in the answer.
 */
#include "audit/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define FLOOD (48 << 20)

/* Take all inotify instances that one user may have; then the host's root
 * wants one. */
static enum result
probe_inotify(struct audit *a)
{
	int n = 0;

	while (n < 900 && inotify_init1(IN_CLOEXEC) >= 0)
		n++;
	if (strcmp(ask("inotify"), "yes") == 0)
		return conclude(a, HELD, "took %d, the host still has some", n);
	return conclude(a, OPEN, "took %d, the host has none left", n);
}

/* The word "none", or "HOW-MANY TEXT": so many are allowed now. */
static int
tighten(struct audit *a, const char *what, long *ret_n)
{
	const char *answer = ask("tighten %s", what);
	char *end;

	*ret_n = strtol(answer, &end, 10);
	while (*end == ' ')
		end++;
	(void)conclude(a, HELD, "%s", end);
	return end != answer && *ret_n > 0 ? 0 : -1;
}

static enum result
probe_fork_bomb(struct audit *a)
{
	pid_t pids[512];
	long max;
	int n = 0, refused = 0;

	if (tighten(a, "processes", &max) < 0)
		return OPEN;
	while (n < 512 && n < max + 100 && !refused) {
		pids[n] = fork();
		if (pids[n] == 0)
			for (;;)
				pause();
		refused = pids[n] < 0;
		n += !refused;
	}
	for (int i = 0; i < n; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	return refused ? HELD : conclude(a, OPEN, "%d were made", n);
}

/* A child takes twice what is allowed; swapped out it is not taken. */
static enum result
take_memory(struct audit *a, int shared)
{
	int status = 0;
	long max;
	pid_t pid;

	if (tighten(a, "memory", &max) < 0)
		return OPEN;
	pid = fork();
	if (pid == 0) {
		char *p = mmap(NULL, (size_t)max * 2, PROT_READ | PROT_WRITE,
		    MAP_ANONYMOUS | (shared ? MAP_SHARED : MAP_PRIVATE), -1, 0);

		for (long i = 0; p != MAP_FAILED && i < max * 2; i += 4096)
			p[i] = 1;
		_exit(strcmp(ask("memory"), "more") == 0 ? 1 : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return judge(a, -1);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
		return conclude(a, OPEN, "took %ld bytes", max * 2);
	return HELD;
}

static enum result
probe_memory(struct audit *a)
{
	return take_memory(a, 0);
}

static enum result
probe_shared_memory(struct audit *a)
{
	return take_memory(a, 1);
}

/* Nothing is filled: the host knows whose room it would be. */
static enum result
probe_disk(struct audit *a)
{
	const char *answer = ask("disk");
	int own = strncmp(answer, "own ", 4) == 0;

	return conclude(a, own ? HELD : OPEN, "%s", answer + (own ? 4 : 0));
}

/* The process that exec_start left has gaol-init's pipe on 1 and 2: more than
 * two logs may hold goes in there. */
static int
open_log_pipe(void)
{
	char path[40], text[40] = "";
	int fd, out;

	for (int pid = 2; pid < 1000; pid++) {
		snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		out = (int)read(fd, text, sizeof(text) - 1);
		close(fd);
		if (out <= 0 ||
		    memcmp(text + strlen(text) + 1, "start", 6) != 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fd/1", pid);
		return open(path, O_WRONLY | O_CLOEXEC);
	}
	return -1;
}

static enum result
probe_log(struct audit *a)
{
	static char text[65536];
	long before = strtol(ask("log-size"), NULL, 10), grown;
	int fd = open_log_pipe();

	if (fd < 0)
		return conclude(a, ABSENT, "no process that prints was found");
	memset(text, 'x', sizeof(text));
	for (size_t i = 79; i < sizeof(text); i += 80)
		text[i] = '\n';
	for (long n = 0; n < FLOOD; n += (long)sizeof(text))
		if (write(fd, text, sizeof(text)) < 0)
			break;
	grown = strtol(ask("log-size"), NULL, 10) - before;
	return conclude(a, grown < FLOOD / 2 ? HELD : OPEN,
	    "of %d bytes that were printed %ld are there", FLOOD, grown);
}

/* Be the last to be killed when the host runs out of memory. */
static enum result
probe_oom(struct audit *a)
{
	int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	char text[16] = "";

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return judge(a, -1);
	if (atoi(text) < 100)
		return conclude(
		    a, OPEN, "it is %d, as the host's own are", atoi(text));
	if (pwrite(fd, "0", 1, 0) < 0)
		return judge(a, -1);
	if (strcmp(ask("sys-resource"), "yes") != 0)
		return conclude(a, ABSENT,
		    "the host's root has no CAP_SYS_RESOURCE to keep it");
	return conclude(a, OPEN, "it can be lowered again");
}

const struct probe exhaustion_probes[] = {
	{ "oom-score", "have the host's programs killed first, oom_score_adj",
	    "raised, user namespace", probe_oom },
	{ "inotify", "take all inotify instances", "ids of its own",
	    probe_inotify },
	{ "fork-bomb", "take all process ids", "control group: pids",
	    probe_fork_bomb },
	{ "memory-hog", "take all memory", "control group: memory",
	    probe_memory },
	{ "shared-memory", "take all memory as shared memory",
	    "control group: memory", probe_shared_memory },
	{ "disk", "fill the host's disk", "file system of the pool",
	    probe_disk },
	{ "log", "fill the host's disk through the log", "gaol-init's limit",
	    probe_log },
	PROBES_END
};
