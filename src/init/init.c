/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gaol-init, PID 1 of a jail: runs the start command, reaps, keeps the log,
 * and on a signal stops everything. init.h says how it is called. It is
 * linked statically, small, and uses no more of the C library than it must.
 */
#include "init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum phase {
	STARTING, /* the start command runs */
	STARTED,  /* it has ended, the starter has not said INIT_KEEP yet */
	RUNNING,
	STOPPING,    /* the stop command runs */
	TERMINATING, /* everything was sent TERM */
};

struct init {
	enum phase phase;
	long deadline; /* of the phase, in ms of CLOCK_MONOTONIC; 0: none */
	long exec_ms, stop_ms;
	char **start, **stop; /* NULL-terminated */
	pid_t child;	      /* the start or stop command, 0: none */
	int signals;
	int out[2];  /* the commands' output */
	int console; /* /dev/console, a FIFO */
	long logged; /* bytes in the log */
};

static long
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000L + t.tv_nsec / 1000000L;
}

/*
 * The log is full: what is in it goes to the older file, whose content goes.
 * Copied, not renamed: we hold two files and no directory, so that nothing in
 * here can name a file of the host's.
 */
static void
rotate(struct init *i)
{
	char buf[16384];
	off_t at = 0;
	ssize_t n;

	(void)!ftruncate(INIT_OLD_LOG_FD, 0);
	while ((n = pread(INIT_LOG_FD, buf, sizeof(buf), at)) > 0 &&
	    pwrite(INIT_OLD_LOG_FD, buf, (size_t)n, at) == n)
		at += n;
	(void)!ftruncate(INIT_LOG_FD, 0);
	i->logged = 0;
}

static void
log_bytes(struct init *i, const char *p, size_t n)
{
	if (i->logged + (long)n > INIT_LOG_MAX)
		rotate(i);
	while (n > 0) {
		ssize_t w = write(INIT_LOG_FD, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return; /* a full disk must not stop the jail */
		i->logged += w;
		p += w;
		n -= (size_t)w;
	}
}

static void
log_text(struct init *i, const char *s)
{
	log_bytes(i, s, strlen(s));
}

/* Take what the jail has printed: all that a pipe can hold, but not what
 * comes meanwhile, or one that prints without end would keep us here. */
static void
drain_one(struct init *i, int fd)
{
	enum { PIPE_SIZE = 65536 };
	char buf[4096];
	ssize_t n;

	for (long left = PIPE_SIZE; left > 0; left -= n) {
		n = read(fd, buf, sizeof(buf));
		if (n <= 0)
			return;
		log_bytes(i, buf, (size_t)n);
	}
}

static void
drain(struct init *i)
{
	drain_one(i, i->out[0]);
	drain_one(i, i->console);
}

static void
complain(const char *what, const char *why)
{
	(void)!write(2, "gaol-init: cannot run ", 22);
	(void)!write(2, what, strlen(what));
	(void)!write(2, ": ", 2);
	(void)!write(2, why, strlen(why));
	(void)!write(2, "\n", 1);
}

static void
run(struct init *i, char **argv)
{
	sigset_t none;

	i->child = fork();
	if (i->child < 0) {
		log_text(i, "gaol-init: cannot fork\n");
		i->child = 0;
	}
	if (i->child != 0)
		return;
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)setsid();
	(void)dup2(i->out[1], 1);
	(void)dup2(i->out[1], 2);
	execvp(argv[0], argv);
	complain(argv[0],
	    errno == ENOENT
		? "the jail has no such program, or not its interpreter"
		: "permission denied or no program");
	_exit(127);
}

/* Is there any other process? A stranger that exec brought in is no child
 * of ours, but kill() sees it. */
static bool
alone(void)
{
	return kill(-1, 0) < 0 && errno == ESRCH;
}

static void
enter(struct init *i, enum phase phase, long ms)
{
	i->phase = phase;
	i->deadline = ms > 0 ? now_ms() + ms : 0;
}

static void
terminate(struct init *i)
{
	(void)kill(-1, SIGTERM);
	(void)kill(-1, SIGCONT);
	enter(i, TERMINATING, i->stop_ms);
}

static void
begin_stop(struct init *i)
{
	if (i->phase >= STOPPING)
		return;
	i->child = 0; /* a start command that still runs is like any other */
	if (i->stop[0] != NULL)
		run(i, i->stop);
	if (i->child > 0)
		enter(i, STOPPING, i->exec_ms);
	else
		terminate(i);
}

static void
command_ended(struct init *i, int status)
{
	i->child = 0;
	if (i->phase == STARTING) {
		drain(i);
		(void)!write(INIT_CONTROL_FD, &status, sizeof(status));
		enter(i, STARTED, 0);
	} else if (i->phase == STOPPING) {
		terminate(i);
	}
}

static void
reap(struct init *i)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == i->child)
			command_ended(i, status);
}

static void
take_signal(struct init *i)
{
	struct signalfd_siginfo si;

	while (read(i->signals, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			reap(i);
		else
			begin_stop(i);
	}
}

/* The starter speaks once, or is gone. */
static void
take_control(struct init *i)
{
	char c = 0;
	ssize_t n = read(INIT_CONTROL_FD, &c, 1);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n != 1 || c != INIT_KEEP)
		_exit(1); /* takes every process of the jail along */
	(void)close(INIT_CONTROL_FD);
	/* A signal to stop may have come in the meantime. */
	if (i->phase < STOPPING)
		enter(i, RUNNING, 0);
}

static void
finish(struct init *i)
{
	(void)kill(-1, SIGKILL);
	drain(i);
	_exit(0);
}

static void
check_deadline(struct init *i)
{
	if (i->phase == TERMINATING && alone())
		finish(i);
	if (i->deadline == 0 || now_ms() < i->deadline)
		return;
	if (i->phase == TERMINATING)
		finish(i);
	log_text(i, "gaol-init: the stop command took too long\n");
	i->child = 0;
	terminate(i);
}

/* How long to sleep. Processes that are no children of ours end without a
 * signal to us, so the last phase looks again now and then. */
static int
timeout(const struct init *i)
{
	long left;

	if (i->phase < STOPPING || i->deadline == 0)
		return -1;
	left = i->deadline - now_ms();
	if (left < 0)
		left = 0;
	if (i->phase == TERMINATING && left > 50)
		left = 50;
	return (int)left;
}

_Noreturn static void
loop(struct init *i)
{
	for (;;) {
		struct pollfd p[] = {
			{ .fd = i->signals, .events = POLLIN },
			{ .fd = i->out[0], .events = POLLIN },
			{ .fd = i->console, .events = POLLIN },
			{ .fd = i->phase <= STARTED ? INIT_CONTROL_FD : -1,
			    .events = POLLIN },
		};

		(void)poll(p, 4, timeout(i));
		if (p[1].revents != 0 || p[2].revents != 0)
			drain(i);
		if (p[0].revents != 0)
			take_signal(i);
		if (p[3].revents != 0)
			take_control(i);
		if (i->phase >= STOPPING)
			check_deadline(i);
	}
}

/* What is written there while nobody else reads is ours. Opened before any
 * process of the jail's runs; what it does to the name later changes nothing
 * here. Without one (-1) the loop ignores it. */
static void
open_console(struct init *i)
{
	i->console = open("/dev/console",
	    O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
}

/* The log goes on where it was. */
static void
open_log(struct init *i)
{
	off_t end = lseek(INIT_LOG_FD, 0, SEEK_END);

	i->logged = end > 0 ? (long)end : 0;
	(void)fcntl(INIT_LOG_FD, F_SETFD, FD_CLOEXEC);
	(void)fcntl(INIT_OLD_LOG_FD, F_SETFD, FD_CLOEXEC);
}

static void
set_up(struct init *i)
{
	sigset_t all;

	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	sigemptyset(&all);
	sigaddset(&all, SIGCHLD);
	sigaddset(&all, SIGTERM);
	sigaddset(&all, SIGINT);
	sigaddset(&all, SIGPWR);
	i->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (i->signals < 0 || pipe2(i->out, O_CLOEXEC) < 0)
		_exit(1);
	(void)fcntl(i->out[0], F_SETFL, O_NONBLOCK);
	(void)fcntl(INIT_CONTROL_FD, F_SETFD, FD_CLOEXEC);
	open_log(i);
	open_console(i);
}

int
main(int argc, char **argv)
{
	struct init i = { .phase = STARTING };
	int n;

	if (argc < 5)
		return 2;
	i.exec_ms = atol(argv[1]) * 1000;
	i.stop_ms = atol(argv[2]) * 1000;
	n = atoi(argv[3]);
	if (n < 1 || n > argc - 4)
		return 2;
	/* The stop command moves up by one word, to end the start command. */
	i.start = argv + 3;
	memmove(i.start, argv + 4, (size_t)n * sizeof(*argv));
	i.start[n] = NULL;
	i.stop = argv + 4 + n;
	set_up(&i);
	run(&i, i.start);
	if (i.child == 0)
		return 1;
	loop(&i);
}
