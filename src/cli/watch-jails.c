/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of gaol watch that clears up after jails that died.
 *
 * A facts file that comes or goes has us look which jails there are; of each
 * that is up we hold a pidfd of its gaol-init. A `stop` ends that process, too,
 * and so does a start that fails; but those hold the jail's lock meanwhile, and
 * what is left for us is a jail whose facts say that it is up, whose process is
 * gone, and on which nobody works.
 *
 * Clearing up runs a hook of the administrator's, which may take its time: a
 * process of its own does it.
 */
#include "cli/watch.h"

#include <errno.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "cli/jails.h"
#include "store/store.h"

enum { SETTLE_MS = 50, RETRY_MS = 1000, RETRY_MAX_MS = 300000 };

/* ---- clearing up ---- */

static void
warn_sentence(void *arg, const char *sentence)
{
	cli_warn(arg, "%s", sentence);
}

static int
clear_dead(struct cli *c, const char *name, struct err *err)
{
	const struct jail_stop_opts opts = { .on_warning = warn_sentence,
		.arg = c };
	_cleanup_(jail_state_clear) struct jail_state state = { 0 };
	int r = jail_state_read(name, &state, err);

	/* Somebody was faster. */
	if (r < 0 || state.status != JAIL_DEAD)
		return r;
	cli_warn(c, "jail '%s' has died: gaol-init (pid %d) is gone", name,
	    (int)state.init_pid);
	r = jail_stop(name, &opts, err);
	if (r == -ESRCH)
		return 0;
	if (r < 0)
		return err_wrap(err, r, "jail '%s'", name);
	cli_say(c, "jail '%s' is cleared up; start it with: gaol start %s",
	    name, name);
	return 0;
}

/* With the jail's lock, so that no start comes in between. Its pool may be
 * gone, but what is to be undone is not in it. */
static int
clean(struct cli *c, const char *name, struct err *err)
{
	struct err none = { 0 };
	struct cli_jail jail = { .dir_fd = -1 };
	bool locked = pool_open_active(&c->pool, &none) == 0;
	int r = 0;

	if (locked)
		r = cli_jail_open_any(c, name, true, &jail, err);
	if (r == -ENOENT) {
		err_clear(err);
		r = 0;
	}
	if (r == 0)
		r = clear_dead(c, name, err);
	cli_jail_clear(&jail);
	return r;
}

_noreturn_ static void
be_cleaner(struct cli *c, const char *name)
{
	struct err err = { 0 };
	sigset_t none;
	int r;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* Nothing of the watch's but what it says: the lock least of all, or
	 * the next watch would find it held by a hook. */
	(void)close_range(3, ~0u, 0);
	r = clean(c, name, &err);
	if (r < 0)
		cli_error(c, &err);
	(void)fflush(stdout);
	_exit(r < 0);
}

static void
start_cleaner(struct watch_jails *w, struct watch_jail *j)
{
	struct err err = { 0 };
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		be_cleaner(w->c, j->name);
	if (pid > 0)
		j->cleaner = pidfd_open(pid, 0);
	if (pid > 0 && j->cleaner >= 0) {
		j->cleaner_pid = pid;
		return;
	}
	(void)err_errno(&err, "cannot clear up after jail '%s'", j->name);
	cli_error(w->c, &err);
	j->retry_due = watch_now() + RETRY_MS;
}

static void
cleaner_ended(struct watch_jails *w, struct watch_jail *j)
{
	int status = 1;

	closep(&j->cleaner);
	(void)waitpid(j->cleaner_pid, &status, 0);
	watch_at(&w->due, watch_now());
	if (status == 0) {
		j->retry_wait = 0;
		return;
	}
	j->retry_wait = j->retry_wait == 0
	    ? RETRY_MS
	    : MIN(j->retry_wait * 2, RETRY_MAX_MS);
	j->retry_due = watch_now() + j->retry_wait;
}

/* ---- which jails there are ---- */

static struct watch_jail *
find(struct watch_jails *w, const char *name)
{
	for (size_t i = 0; i < w->n; i++)
		if (streq(w->v[i].name, name))
			return &w->v[i];
	*array_add(w) = (struct watch_jail){ .name = xstrdup(name),
		.pidfd = -1,
		.cleaner = -1,
		.retry_due = WATCH_NEVER };
	return &w->v[w->n - 1];
}

static void
meet(struct watch_jails *w, const struct jail_state *s)
{
	struct watch_jail *j = find(w, s->name);

	j->seen = true;
	if ((s->status == JAIL_UP || s->status == JAIL_LOST) && j->pidfd < 0)
		j->pidfd = jail_state_pidfd(s);
	if (s->status != JAIL_DEAD)
		return;
	if (j->cleaner < 0 &&
	    (j->retry_wait == 0 || j->retry_due <= watch_now())) {
		j->retry_due = WATCH_NEVER;
		start_cleaner(w, j);
	}
}

static void
forget(struct watch_jail *j)
{
	free(j->name);
	closep(&j->pidfd);
	closep(&j->cleaner);
}

/* Those that are gone, unless they are being cleared up. */
static void
forget_unseen(struct watch_jails *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		if (w->v[i].seen || w->v[i].cleaner >= 0)
			w->v[n++] = w->v[i];
		else
			forget(&w->v[i]);
	}
	w->n = n;
}

/* The directory is watched as soon as it is there, and it is made for that:
 * a jail's start would. */
static int
watch_dir(struct watch_jails *w, struct err *err)
{
	int r = file_mkdir_p(JAIL_RUN_DIR, 0700, err);

	if (r < 0)
		return r;
	w->dir = inotify_add_watch(
	    w->inotify, JAIL_RUN_DIR, IN_CLOSE_WRITE | IN_DELETE | IN_ONLYDIR);
	return w->dir < 0 ? err_errno(err, "cannot watch %s", JAIL_RUN_DIR) : 0;
}

static int
look(struct watch_jails *w, struct err *err)
{
	_cleanup_(jail_states_clear) struct jail_states states = { 0 };
	int r = w->dir < 0 ? watch_dir(w, err) : 0;

	if (r == 0)
		r = jail_states_read(&states, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < w->n; i++)
		w->v[i].seen = false;
	for (size_t i = 0; i < states.n; i++)
		meet(w, &states.v[i]);
	forget_unseen(w);
	return 0;
}

/* ---- the part ---- */

int
watch_jails_init(struct watch_jails *w, struct cli *c, struct err *err)
{
	*w = (struct watch_jails){ .c = c, .inotify = -1, .dir = -1 };
	w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->inotify < 0)
		return err_errno(err, "cannot watch %s", JAIL_RUN_DIR);
	return look(w, err);
}

void
watch_jails_clear(struct watch_jails *w)
{
	for (size_t i = 0; i < w->n; i++)
		forget(&w->v[i]);
	array_clear(w);
	closep(&w->inotify);
}

size_t
watch_jails_fds(const struct watch_jails *w, struct pollfd *fds)
{
	fds[0] = (struct pollfd){ .fd = w->inotify, .events = POLLIN };
	for (size_t i = 0; i < w->n; i++) {
		fds[2 * i + 1] =
		    (struct pollfd){ .fd = w->v[i].pidfd, .events = POLLIN };
		fds[2 * i + 2] =
		    (struct pollfd){ .fd = w->v[i].cleaner, .events = POLLIN };
	}
	return 2 * w->n + 1;
}

static void
take_files(struct watch_jails *w)
{
	_Alignas(struct inotify_event) char buf[4096];
	const struct inotify_event *e;
	ssize_t n;

	while ((n = read(w->inotify, buf, sizeof(buf))) > 0) {
		for (char *p = buf; p < buf + n; p += sizeof(*e) + e->len) {
			e = (const struct inotify_event *)p;
			/* The directory itself went away. */
			if (e->mask & IN_IGNORED)
				w->dir = -1;
		}
		watch_at(&w->due, watch_now() + SETTLE_MS);
	}
}

void
watch_jails_take(struct watch_jails *w, const struct pollfd *fds)
{
	if (fds[0].revents != 0)
		take_files(w);
	for (size_t i = 0; i < w->n; i++) {
		if (fds[2 * i + 1].revents != 0) {
			closep(&w->v[i].pidfd);
			watch_at(&w->due, watch_now() + SETTLE_MS);
		}
		if (fds[2 * i + 2].revents != 0)
			cleaner_ended(w, &w->v[i]);
	}
}

int64_t
watch_jails_due(const struct watch_jails *w)
{
	int64_t due = w->due;

	for (size_t i = 0; i < w->n; i++)
		watch_at(&due, w->v[i].retry_due);
	return due;
}

void
watch_jails_run(struct watch_jails *w)
{
	struct err err = { 0 };

	if (watch_jails_due(w) > watch_now())
		return;
	w->due = WATCH_NEVER;
	if (look(w, &err) == 0)
		return;
	cli_error(w->c, &err);
	w->due = watch_now() + RETRY_MS;
}

size_t
watch_jails_up(const struct watch_jails *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		n += w->v[i].pidfd >= 0;
	return n;
}
