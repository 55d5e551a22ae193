/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running a program in a running jail.
 *
 * Two processes lead there. The helper is cloned into the jail's v2 group (a
 * move would wait for the kernel's RCU), enters the v1 groups and all the
 * namespaces, and forks the program's process with CLONE_PARENT: our child,
 * since only a child can be a member of the PID namespace. That one makes the
 * pty, confines itself, takes the user's ids and runs the program.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"
#include "base/guard.h"
#include "base/proc.h"
#include "jail/internal.h"

extern char **environ;

/* What the children say on the socket; its end without FAILED is a program
 * that runs. */
enum {
	HELPER_PID = 'p',     /* helper: value is the program's process */
	PROGRAM_PTY = 't',    /* program: the master comes along */
	PROGRAM_FAILED = 'f', /* either: value is the exit code to give, -1:
				 could not enter; err says why */
};

struct entry {
	const struct jail_exec *exec;
	const char *name;
	struct facts facts;
	struct cgroups cgroups;
	struct confine confine;
	int init_pidfd;
	int socket;  /* the children's end in them, ours in us */
	bool tty[3]; /* which of 0, 1, 2 the pty stands for */
	bool pty;
};

static void
entry_clear(struct entry *e)
{
	facts_clear(&e->facts);
	cgroups_clear(&e->cgroups);
	closep(&e->init_pidfd);
	closep(&e->socket);
}

/* ---- in the children ---- */

static void
say(struct entry *e, char word, int value, int fd)
{
	struct message m = { .word = word, .value = value };

	(void)message_send(e->socket, &m, &fd, fd >= 0 ? 1 : 0);
}

_noreturn_ static void
fail(struct entry *e, int code, const struct err *err)
{
	struct message m = {
		.word = PROGRAM_FAILED, .value = code, .err = *err
	};

	(void)message_send(e->socket, &m, NULL, 0);
	_exit(127);
}

/* The pty stands for what was a terminal. It is the session's terminal. */
static int
give_pty(struct entry *e, const struct jail_user *u, struct err *err)
{
	_cleanup_close_ int master = -1, slave = -1;
	int r = pty_open(&master, &slave, err);

	if (r < 0)
		return r;
	if (fchown(slave, u->uid, 5) < 0 || fchmod(slave, 0620) < 0)
		return err_errno(err, "cannot give the pty to '%s'", u->name);
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return err_errno(err, "cannot take the pty as terminal");
	say(e, PROGRAM_PTY, 0, master);
	for (int fd = 0; fd <= 2; fd++)
		if (e->tty[fd] && dup2(slave, fd) < 0)
			return err_errno(err, "cannot place the pty");
	return 0;
}

static int
become_user(const struct jail_user *u, struct err *err)
{
	if (setgroups(u->groups.n, u->groups.v) < 0 ||
	    setresgid(u->gid, u->gid, u->gid) < 0 ||
	    setresuid(u->uid, u->uid, u->uid) < 0)
		return err_errno(err, "cannot become user '%s'", u->name);
	if (chdir(u->home) < 0 && chdir("/") < 0)
		return err_errno(err, "cannot enter the jail's /");
	return 0;
}

/* Everything up to the program's own start. */
static int
prepare(struct entry *e, struct jail_user *u, struct err *err)
{
	const char *user = e->exec->user != NULL ? e->exec->user : "root";
	int r;

	if (!guard_off("session") && setsid() < 0)
		return err_errno(err, "cannot start a session");
	(void)umask(022);
	r = user_find(user, u, err);
	if (r == 0 && e->pty)
		r = give_pty(e, u, err);
	if (r == 0)
		r = confine_self(&e->confine, err);
	if (r == 0)
		r = become_user(u, err);
	return r;
}

_noreturn_ static void
program_main(struct entry *e)
{
	_cleanup_(strv_clear) struct strv env = { 0 };
	const char *const *argv = e->exec->argv;
	struct jail_user u = { 0 };
	struct err err = { 0 };
	_cleanup_free_ char *login = NULL;
	const char *shell[] = { NULL, NULL }, *file;
	int r = prepare(e, &u, &err);

	if (r < 0)
		fail(e, -1, &err);
	command_environment(u.name, u.home, u.shell, &env);
	for (const char *const *p = e->exec->env; p != NULL && *p != NULL; p++)
		strv_add(&env, *p);
	file = u.shell;
	if (argv == NULL) { /* a dash makes it a login shell */
		const char *slash = strrchr(u.shell, '/');

		login = xasprintf("-%s", slash ? slash + 1 : u.shell);
		shell[0] = login;
		argv = shell;
	} else {
		file = argv[0];
	}
	proc_default_signals();
	environ = strv_argv(&env);
	execvp(file, (char *const *)argv);
	r = errno;
	(void)err_set(&err, r, "cannot run '%s' in jail '%s': %s", file,
	    e->name, strerror(r));
	fail(e, r == ENOENT ? 127 : 126, &err);
}

/* All of the jail's namespaces. */
static unsigned int
namespaces(void)
{
	static const struct {
		const char *guard;
		unsigned int flag;
	} all[] = { { "userns", CLONE_NEWUSER }, { "pidns", CLONE_NEWPID },
		{ "mntns", CLONE_NEWNS }, { "utsns", CLONE_NEWUTS },
		{ "ipcns", CLONE_NEWIPC }, { "netns", CLONE_NEWNET },
		{ "cgroupns", CLONE_NEWCGROUP } };
	unsigned int flags = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (!guard_off(all[i].guard))
			flags |= all[i].flag;
	return flags;
}

/*
 * Into all of the jail's namespaces, and its root's ids. The program's process
 * is seen by the jail's from its fork on, so by then it must neither have the
 * host's uid 0 nor be traceable, with which jail root could take it over while
 * it is not confined yet. It becomes an ordinary one by exec.
 */
static int
enter(struct entry *e, struct err *err)
{
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_errno(err, "cannot become untraceable");
	if (setns(e->init_pidfd, (int)namespaces()) < 0)
		return err_errno(err, "cannot enter jail '%s'", e->name);
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 ||
	    setresuid(0, 0, 0) < 0)
		return err_errno(err, "cannot become the jail's root");
	/* A change of ids makes it untraceable by itself. */
	if (guard_off("dumpable"))
		(void)prctl(PR_SET_DUMPABLE, 1);
	return 0;
}

_noreturn_ static void
helper_main(struct entry *e)
{
	int keep[CGROUPS_MAX + 5] = { 0, 1, 2, e->socket, e->init_pidfd };
	struct err err = { 0 };
	pid_t pid;

	for (size_t i = 0; i < CGROUPS_MAX; i++)
		keep[5 + i] = i < e->cgroups.n ? e->cgroups.v[i].tasks_fd : -1;
	if (!guard_off("close"))
		close_all_but(keep, ARRAY_SIZE(keep));
	if (!guard_off("oom"))
		share_oom(getpid());
	if (cgroups_enter_v1(&e->cgroups, &err) < 0)
		fail(e, -1, &err);
	if (enter(e, &err) < 0)
		fail(e, -1, &err);
	pid = ns_fork(CLONE_PARENT, -1, NULL);
	if (pid == 0) {
		int ours[] = { 0, 1, 2, e->socket };

		if (!guard_off("close"))
			close_all_but(ours, ARRAY_SIZE(ours));
		program_main(e);
	}
	if (pid < 0) {
		(void)err_code(&err, pid, "cannot fork in jail '%s'", e->name);
		fail(e, -1, &err);
	}
	say(e, HELPER_PID, pid, -1);
	_exit(0);
}

/* ---- in us ---- */

static int
reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 128;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

/*
 * Hear the children out, until the program runs or they have failed: its pid
 * in ret_pid, the pty in ret_master. On failure the exit code to give, or -1,
 * is in ret_code.
 */
static int
hear(struct entry *e, pid_t *ret_pid, int *ret_master, int *ret_code,
    struct err *err)
{
	struct message m;
	int fd = -1, failed = 0;

	while (message_receive(e->socket, &m, &fd, 1) >= 0) {
		if (m.word == PROGRAM_PTY) {
			*ret_master = fd;
		} else if (m.word == HELPER_PID) {
			*ret_pid = m.value;
		} else if (m.word == PROGRAM_FAILED) {
			*ret_code = m.value;
			failed = err_set(err, m.err.code, "%s", m.err.msg);
		}
	}
	if (failed == 0 && *ret_pid == 0)
		return err_set(err, EIO, "cannot enter jail '%s'", e->name);
	return failed;
}

/* Without a pty, what we are told to end by is for the program. */
static void
wait_forwarding(int pidfd)
{
	sigset_t set, old;
	struct signalfd_siginfo si;
	_cleanup_close_ int signals = -1;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	(void)sigprocmask(SIG_BLOCK, &set, &old);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	for (;;) {
		struct pollfd p[] = { { .fd = pidfd, .events = POLLIN },
			{ .fd = signals, .events = POLLIN } };

		(void)poll(p, 2, -1);
		if (p[0].revents != 0)
			break;
		while (read(signals, &si, sizeof(si)) == sizeof(si))
			(void)syscall(SYS_pidfd_send_signal, pidfd,
			    (int)si.ssi_signo, NULL, 0);
	}
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
}

static int
attend(struct entry *e, pid_t pid, int master)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (e->pty)
		pty_relay(master, e->tty[0] ? 0 : -1, e->tty[1] ? 1 : 2, pidfd);
	else
		wait_forwarding(pidfd);
	closep(&master); /* hangs up, if it still runs */
	return reap(pid);
}

static int
run_children(struct entry *e, struct err *err)
{
	pid_t helper, program = 0;
	int master = -1, code = -1, sv[2], r;

	/* Words from two writers keep their borders. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return err_errno(err, "cannot make a socket pair");
	e->socket = sv[1];
	helper = ns_fork(0, e->cgroups.v2_fd, NULL);
	if (helper == 0)
		helper_main(e);
	(void)close(sv[1]);
	e->socket = sv[0];
	if (helper < 0)
		return err_code(err, helper, "cannot fork");
	r = hear(e, &program, &master, &code, err);
	(void)reap(helper);
	if (r == 0)
		return attend(e, program, master);
	closep(&master);
	if (program > 0)
		(void)reap(program);
	return code >= 0 ? code : r;
}

static int
open_jail(struct entry *e, struct err *err)
{
	_cleanup_(jail_state_clear) struct jail_state state = { 0 };
	int r = jail_state_read(e->name, &state, err);
	bool busy;

	if (r < 0)
		return r;
	if (state.status != JAIL_UP)
		return err_set(err, ESRCH, "jail '%s' is not running%s%s",
		    e->name, state.status == JAIL_DOWN ? "" : ": it is ",
		    state.status == JAIL_DOWN ? ""
					      : jail_status_name(state.status));
	r = facts_peek(e->name, &e->facts, &busy, err);
	if (r < 0)
		return r;
	e->init_pidfd = ns_pidfd(state.init_pid, state.init_start);
	if (e->init_pidfd < 0)
		return err_set(err, ESRCH, "jail '%s' has just ended", e->name);
	confine_read(facts_get(&e->facts, "confine") ?: "", &e->confine);
	return cgroups_open(&e->cgroups, &e->facts, err);
}

int
jail_exec(const char *name, const struct jail_exec *exec, struct err *err)
{
	_cleanup_(entry_clear) struct entry e = {
		.exec = exec,
		.name = name,
		.facts = FACTS_INIT,
		.cgroups = CGROUPS_INIT,
		.init_pidfd = -1,
		.socket = -1,
	};
	int r = open_jail(&e, err);

	if (r < 0)
		return r;
	for (int fd = 0; fd <= 2; fd++) {
		e.tty[fd] =
		    !guard_off("relay") && (exec->console || isatty(fd));
		e.pty = e.pty || e.tty[fd];
	}
	return run_children(&e, err);
}
