/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules on trial (-f FILE --confirm SECONDS): unless --confirm follows in
 * time, the rules of before come back, whatever became of the one who loaded
 * them. States are not touched until then, so the old ones are still there.
 *
 * What comes back is written down before the new rules are loaded, and a clock
 * is started that nobody's session holds: by systemd where it runs, else a
 * process of its own. It runs `pfctl --revert=ID`. If it is killed, the next
 * pfctl sees that the time is over.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "pfctl/pfctl.h"

#define TRIAL "trial"
#define SELF "/proc/self/exe"

enum { LATE_S = 2, PF_CONF_MAX = 64 << 20 };

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

/* ---- what is written down ---- */

bool
trial_read(struct store *s, struct trial *ret)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	struct trial t = { 0 };
	int present, enabled;

	if (store_get_common(s, TRIAL, &text, NULL) < 0 ||
	    sscanf(text.buf, "%" SCNx64 " %" SCNx64 " %d %d %" SCNd64 " %u",
		&t.id, &t.old_load, &present, &enabled, &t.deadline,
		&t.flush) != 6)
		return false;
	t.old_present = present;
	t.old_enabled = enabled;
	*ret = t;
	return true;
}

int
trial_write(struct store *s, const struct trial *t, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;

	str_printf(&text,
	    "%016" PRIx64 " %016" PRIx64 " %d %d %" PRId64 " %u\n", t->id,
	    t->old_load, t->old_present, t->old_enabled, t->deadline, t->flush);
	return store_put_common(s, TRIAL, &text, err);
}

int
trial_remove(struct store *s, struct err *err)
{
	return store_remove_common(s, TRIAL, err);
}

/* The file as it is, so that a boot does not load for good what was never
 * confirmed. It outlives the trial, until something is loaded for good. */
static int
mark_unconfirmed(const struct pfctl *p, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	int r;

	if (!is_hosts_network() || streq(p->file, "-"))
		return 0;
	r = file_read(AT_FDCWD, p->file, PF_CONF_MAX, &text, err);
	if (r == 0)
		r = file_mkdir_p(STATE_DIR, 0700, err);
	return r < 0 ? r
		     : file_replace(AT_FDCWD, STATE_DIR "/unconfirmed",
			   text.buf, text.len, 0600, err);
}

void
trial_unmark(void)
{
	if (is_hosts_network())
		(void)unlink(STATE_DIR "/unconfirmed");
}

/* ---- the clock ---- */

static int
start_timer(const char *revert, const struct trial *t, struct err *err)
{
	char on_active[32], unit[48];
	char self[PATH_MAX];
	const char *const argv[] = { "systemd-run", "--quiet", "--collect",
		on_active, "--timer-property=AccuracySec=100ms", unit, self,
		revert, NULL };
	struct proc_spec spec = PROC_SPEC_INIT;
	ssize_t n = readlink(SELF, self, sizeof(self) - 1);
	int r;

	if (n < 0)
		return err_errno(err, "cannot tell where pfctl is");
	self[n] = '\0';
	snprintf(on_active, sizeof(on_active), "--on-active=%" PRId64 "s",
	    t->deadline - now());
	snprintf(unit, sizeof(unit), "--unit=pf-revert-%016" PRIx64, t->id);
	spec.argv = argv;
	r = proc_run(&spec, err);
	return r > 0 ? err_set(err, EIO, "systemd-run ended with %d", r) : r;
}

_noreturn_ static void
sleep_and_revert(const char *revert, const struct trial *t)
{
	const struct timespec until = { .tv_sec = t->deadline };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid();
	(void)signal(SIGHUP, SIG_IGN);
	(void)!chdir("/");
	for (int fd = 0; fd < 3; fd++)
		(void)dup2(null, fd);
	(void)close_range(3, ~0u, 0);
	while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &until, NULL) ==
	    EINTR)
		;
	execl(SELF, "pfctl", revert, (char *)NULL);
	_exit(1);
}

/* A process that is nobody's child and of no session. */
static int
start_sleeper(const char *revert, const struct trial *t, struct err *err)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return err_errno(err, "cannot fork");
	if (pid == 0) {
		pid = fork();
		if (pid == 0)
			sleep_and_revert(revert, t);
		_exit(pid < 0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_errno(err, "cannot wait for a process");
	if (status)
		return err_set(err, EAGAIN, "cannot fork");
	return 0;
}

int
trial_start_clock(const struct trial *t, struct err *err)
{
	char revert[32];

	snprintf(revert, sizeof(revert), "--revert=%016" PRIx64, t->id);
	if (is_hosts_network() && access("/run/systemd/system", F_OK) == 0)
		return start_timer(revert, t, err);
	return start_sleeper(revert, t, err);
}

/* ---- beginning ---- */

void
trial_plan(const struct pfctl *p, struct store *s, const struct current *old,
    struct trial *ret)
{
	struct trial before;
	struct trial t = {
		.old_load = old->status.stamp.load_id,
		.old_present = old->status.present,
		.old_enabled = old->status.enabled,
	};

	/* One trial after another: the rules that come back are those that
	 * were last confirmed. */
	if (trial_read(s, &before))
		t = before;
	if (getrandom(&t.id, sizeof(t.id), 0) < 0)
		BUG("no random numbers");
	t.deadline = now() + p->confirm;
	if (p->flush)
		t.flush |= flush_parse(p->flush) & FLUSH_WAITS;
	*ret = t;
}

int
trial_begin(const struct pfctl *p, struct store *s, const struct trial *t,
    struct err *err)
{
	int r = mark_unconfirmed(p, err);

	return r < 0 ? r : trial_write(s, t, err);
}

/* ---- ending ---- */

static int
no_trial(struct err *err)
{
	return err_set(err, ENOENT,
	    "no rules wait for a confirmation: they are loaded so with "
	    "pfctl -f FILE --confirm SECONDS");
}

static int
confirm(
    struct pfctl *p, struct store *s, const struct world *w, struct err *err)
{
	_cleanup_(current_clear) struct current c = CURRENT_INIT;
	struct trial t;
	int r;

	if (!trial_read(s, &t))
		return no_trial(err);
	r = current_read(s, w->env, &c, err);
	if (r == 0)
		r = last_save(w, &c.text, err);
	if (r == 0)
		r = trial_remove(s, err);
	if (r < 0)
		return r;
	trial_unmark();
	store_keep_only(s, &c.status.stamp.load_id, 1);
	notice(p, "rules confirmed\n");
	return flush_rest(p, s, w, t.flush, NULL, err);
}

int
do_confirm(struct pfctl *p)
{
	return with_store(p, confirm);
}

/* pf as it was before anything was loaded. */
static int
revert_to_nothing(struct store *s, struct err *err)
{
	int r = nft_remove(err);

	if (r == 0)
		r = store_remove_common(s, "loaded", err);
	if (r == 0)
		r = store_remove_common(s, "since", err);
	if (r == 0)
		r = sysctls_restore(s, err);
	store_keep_only(s, NULL, 0);
	return r;
}

static int
revert_to_rules(struct store *s, const struct world *w, const struct trial *t,
    struct err *err)
{
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *rules = NULL;
	_cleanup_(str_clear) struct str text = STR_INIT;
	int r = store_get(s, t->old_load, "rules", &text, err);

	if (r == 0)
		r = parse_text("loaded before", text.buf, w->env, &rules, err);
	if (r == 0)
		r = load_again(s, w, rules, t->old_load, t->old_enabled, err);
	if (r == 0)
		r = set_enabled(s, t->old_enabled, err);
	if (r == 0)
		r = last_save(w, &text, err);
	if (r == 0)
		store_keep_only(s, &t->old_load, 1);
	return r;
}

static int
revert(struct pfctl *p, struct store *s, const struct world *w, struct err *err)
{
	struct trial t;
	int r;

	if (!trial_read(s, &t))
		return p->trial ? 0 : no_trial(err);
	if (p->trial && p->trial != t.id)
		return 0; /* the clock of a trial that ended otherwise */
	r = t.old_present ? revert_to_rules(s, w, &t, err)
			  : revert_to_nothing(s, err);
	if (r == 0)
		r = trial_remove(s, err);
	if (p->trial)
		syslog(r < 0 ? LOG_ERR : LOG_WARNING,
		    r < 0 ? "the rules were not confirmed, and those of before "
			    "cannot be loaded: %s"
			  : "the rules were not confirmed: those of before are "
			    "back%s",
		    r < 0 ? err->msg : "");
	else if (r == 0)
		notice(p, "pfctl: the rules of before are back\n");
	return r;
}

int
do_revert(struct pfctl *p)
{
	if (p->trial)
		openlog("pfctl", LOG_PID, LOG_DAEMON);
	return with_store(p, revert);
}

/* The clock was killed: the time is over and nobody has put the rules back. */
int
trial_settle(struct pfctl *p)
{
	_cleanup_(store_close) struct store s = STORE_INIT;
	struct trial t;
	bool late = store_open_read(&s, NULL) == 0 && trial_read(&s, &t) &&
	    now() > t.deadline + LATE_S;

	store_close(&s);
	return late ? do_revert(p) : 0;
}
