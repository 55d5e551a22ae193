/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol watch: one loop that waits for what nobody else would notice. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "cli/watch.h"

#define LOCK_DIR "/run/gaol"
#define LOCK_PATH LOCK_DIR "/watch.lock"

struct watch_opts {
	bool syslog;
};

struct watch {
	int lock;
	int signals;
	struct watch_rules rules;
	struct watch_jails jails;
	struct {
		struct pollfd *v;
		size_t cap;
	} fds;
};

int64_t
watch_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
watch_at(int64_t *due, int64_t when)
{
	*due = MIN(*due, when);
}

/* ---- one at a time ---- */

static int
refuse_second(int fd, struct err *err)
{
	char pid[16] = "?";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? n : 0] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
	return err_set(
	    err, EALREADY, "gaol watch is running already, as pid %s", pid);
}

static int
take_lock(int *ret, struct err *err)
{
	_cleanup_close_ int fd = -1;
	char pid[16];
	int r = file_mkdir_p(LOCK_DIR, 0755, err);

	if (r < 0)
		return r;
	fd = open(LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return err_errno(err, "cannot open %s", LOCK_PATH);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
		    ? refuse_second(fd, err)
		    : err_errno(err, "cannot lock %s", LOCK_PATH);
	(void)snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0 ||
	    pwrite(fd, pid, strlen(pid), 0) != (ssize_t)strlen(pid))
		return err_errno(err, "cannot write %s", LOCK_PATH);
	*ret = TAKE_FD(fd);
	return 0;
}

/* ---- the loop ---- */

static int
take_signals(struct watch *w, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	/* A log that nobody reads any more is no reason to end. */
	(void)signal(SIGPIPE, SIG_IGN);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return w->signals < 0 ? err_errno(err, "cannot wait for signals") : 0;
}

static int
poll_timeout(const struct watch *w)
{
	int64_t due =
	    MIN(watch_rules_due(&w->rules), watch_jails_due(&w->jails));
	int64_t left = due - watch_now();

	return due == WATCH_NEVER ? -1 : (int)MIN(MAX(left, 0), 3600000);
}

static size_t
collect_fds(struct watch *w)
{
	size_t need = 3 + 1 + 2 * w->jails.n;
	struct pollfd *p;

	if (w->fds.cap < need) {
		w->fds.v = xreallocarray(w->fds.v, need, sizeof(*p));
		w->fds.cap = need;
	}
	p = w->fds.v;
	p[0] = (struct pollfd){ .fd = w->signals, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = w->rules.events, .events = POLLIN };
	p[2] = (struct pollfd){ .fd = w->rules.addresses, .events = POLLIN };
	return 3 + watch_jails_fds(&w->jails, p + 3);
}

/* Until a signal says that it is enough. */
static int
loop(struct watch *w, struct err *err)
{
	for (;;) {
		size_t n = collect_fds(w);
		int r;

		if (poll(w->fds.v, n, poll_timeout(w)) < 0) {
			if (errno == EINTR)
				continue;
			return err_errno(err, "cannot wait for events");
		}
		if (w->fds.v[0].revents != 0)
			return 0;
		watch_jails_take(&w->jails, w->fds.v + 3);
		r = watch_rules_take(&w->rules, err);
		if (r < 0)
			return r;
		watch_jails_run(&w->jails);
		watch_rules_run(&w->rules, watch_jails_up(&w->jails));
		(void)fflush(stdout);
	}
}

/* ---- the verb ---- */

/* All that we and our children say goes to the system's log. */
static int
say_to_syslog(struct err *err)
{
	static const char *const argv[] = { "logger", "-t", "gaol", "-p",
		"daemon.notice", NULL };
	struct proc_spec spec = PROC_SPEC_INIT;
	struct proc logger;
	int pipe[2], r;

	if (pipe2(pipe, O_CLOEXEC) < 0)
		return err_errno(err, "cannot make a pipe");
	spec.argv = argv;
	spec.in = pipe[0];
	spec.out = spec.errfd = -1;
	r = proc_spawn(&spec, &logger, err);
	if (r == 0 && (dup2(pipe[1], 1) < 0 || dup2(pipe[1], 2) < 0))
		r = err_errno(err, "cannot write to the log");
	closep(&pipe[0]);
	closep(&pipe[1]);
	if (r == 0)
		closep(&logger.pidfd);
	return r;
}

static void
watch_clear(struct watch *w)
{
	watch_rules_clear(&w->rules);
	watch_jails_clear(&w->jails);
	closep(&w->signals);
	closep(&w->lock);
	free(w->fds.v);
}

static int
watch_run(struct cli *c, const void *opts, int argc _unused_,
    char **argv _unused_, struct err *err)
{
	const struct watch_opts *o = opts;
	_cleanup_(watch_clear) struct watch w = { .lock = -1,
		.signals = -1,
		.rules = { .events = -1, .addresses = -1 },
		.jails = { .inotify = -1 } };
	int r = take_lock(&w.lock, err);

	if (r == 0 && o->syslog)
		r = say_to_syslog(err);
	if (r == 0)
		r = take_signals(&w, err);
	if (r == 0)
		r = watch_rules_init(&w.rules, c, err);
	if (r == 0)
		r = watch_jails_init(&w.jails, c, err);
	return r < 0 ? r : loop(&w, err);
}

static const struct cli_opt watch_options[] = {
	CLI_FLAG(0, "syslog", struct watch_opts, syslog,
	    "say it to the system's log"),
	CLI_OPT_END
};

const struct cli_verb cmd_watch = {
	.name = "watch",
	.summary = "keep rules, guard and jails as they ought to be",
	.help = "Addresses that change are followed in pf's rules, which are"
		" put back with the guard if another program removes them;"
		" jails that died are cleared up. It runs until it is told to"
		" end, and nothing that stands needs it.",
	.max_args = 0,
	.flags = CLI_ROOT,
	.options = watch_options,
	.opts_size = sizeof(struct watch_opts),
	.run = watch_run,
};
