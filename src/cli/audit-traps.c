/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gaol audit: traps. What a hostile jail can prepare in its root, or print,
 * for the host's own commands to fall into.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/audit.h"

/* How long a trap may take: so many times what the clone takes without one,
 * but never less than this. */
#define PATIENCE_FACTOR 10
#define PATIENCE_SECONDS 5
#define SAVED ".gaol-audit.saved"
#define INSIDE "/.gaol-audit.d"

static void conclude(struct audit_verdict *v, enum audit_result result,
    const char *fmt, ...) _printf_(3, 4);

static void
conclude(
    struct audit_verdict *v, enum audit_result result, const char *fmt, ...)
{
	va_list ap;

	v->result = result;
	va_start(ap, fmt);
	(void)vsnprintf(v->why, sizeof(v->why), fmt, ap);
	va_end(ap);
}

/* ---- things laid in the root ---- */

/* The directory that holds the path, as jail root can change it. */
static int
open_place(struct audit *a, const char *path, const char **ret_name)
{
	_cleanup_close_ int root = audit_root_open(a, NULL);
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir =
	    slash != NULL ? xstrndup(path, (size_t)(slash - path)) : NULL;

	*ret_name = slash != NULL ? slash + 1 : path;
	if (root < 0 || dir == NULL)
		return TAKE_FD(root);
	(void)mkdirat(root, dir, 0755);
	return file_open_in_root(root, dir, O_RDONLY | O_DIRECTORY, 0);
}

/* What the commands are: start, exec, console, stop. */
static int
use_clone(struct audit *a, const char *user, struct err *err)
{
	const char *const argv[] = { AUDIT_PROGRAM, "whoami", NULL };
	struct jail_exec exec = { .argv = argv, .user = user };
	const struct jail_stop_opts opts = { 0 };
	int r = audit_start(a, err);

	if (r < 0)
		return r;
	r = jail_exec(a->name, &exec, err);
	exec.console = true;
	if (r >= 0)
		r = jail_exec(a->name, &exec, err);
	(void)jail_stop(a->name, &opts, NULL);
	return r;
}

/* Lay a link to a canary at the path, and use the clone. */
static int
use_with_link(struct audit *a, const struct audit_trap *t, const char *user,
    struct err *err)
{
	_cleanup_free_ char *to = t->to[0] == '/'
	    ? xstrdup(t->to)
	    : xasprintf("%s%s%s", a->dir, t->to[0] ? "/" : "", t->to);
	const char *name;
	_cleanup_close_ int place = open_place(a, t->path, &name);

	if (place < 0)
		return err_set(err, ENOENT, "the clone has no place for it");
	(void)renameat(place, name, place, SAVED);
	if (symlinkat(to, place, name) < 0)
		return err_errno(err, "cannot lay the link");
	return use_clone(a, user, err);
}

/* Take it away again; it is not the place for a link or pipe of ours if the
 * trap was never laid. */
static void
take_away(struct audit *a, const struct audit_trap *t)
{
	const char *name;
	_cleanup_close_ int place = open_place(a, t->path, &name);
	struct stat st;

	if (place < 0)
		return;
	if (fstatat(place, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISDIR(st.st_mode))
		(void)unlinkat(place, name, 0);
	(void)renameat(place, SAVED, place, name);
}

/* A file that the host writes or reads. */
static void
trap_file(struct audit *a, const struct audit_trap *t, struct audit_verdict *v)
{
	struct err err = { 0 };
	int r = use_with_link(a, t, NULL, &err);

	if (!audit_files_whole(a, v->why))
		v->result = AUDIT_OPEN;
	else
		conclude(v, AUDIT_HELD, "%s%.150s",
		    r < 0 ? "refused: " : "the link was not followed",
		    r < 0 ? err.msg : "");
}

/* A directory on which the start mounts, as a link to another one in the jail:
 * there a link is refused. */
static void
trap_mount(struct audit *a, const struct audit_trap *t, struct audit_verdict *v)
{
	_cleanup_close_ int root = audit_root_open(a, NULL);
	struct err err = { 0 };
	int r;

	(void)mkdirat(root, t->to + 1, 0755);
	r = use_with_link(a, t, NULL, &err);

	if (!audit_files_whole(a, v->why))
		v->result = AUDIT_OPEN;
	else if (r < 0)
		conclude(v, AUDIT_HELD, "the start is refused");
	else
		conclude(v, AUDIT_OPEN, "the start followed it");
}

/* Users of the host's passwd are none of the jail's. */
static void
trap_passwd(
    struct audit *a, const struct audit_trap *t, struct audit_verdict *v)
{
	struct err err = { 0 };
	int r = use_with_link(a, t, a->word, &err);

	if (r >= 0)
		conclude(v, AUDIT_OPEN, "a user of the host's was found");
	else
		conclude(v, AUDIT_HELD, "the link ends in the jail");
}

/* A pipe that nobody writes to, where a file should be: does the host wait
 * for ever? audit_trap_run judges that. */
static void
trap_fifo(struct audit *a, const struct audit_trap *t, struct audit_verdict *v)
{
	const char *name;
	_cleanup_close_ int place = open_place(a, t->path, &name);

	(void)renameat(place, name, place, SAVED);
	if (mkfifoat(place, name, 0600) < 0) {
		conclude(v, AUDIT_ABSENT, "cannot lay it");
		return;
	}
	(void)use_clone(a, "root", NULL);
	conclude(v, AUDIT_HELD, "no command waits for it");
}

/* ---- terminals ---- */

/* What a jail's program prints reaches the admin in messages. */
static void
trap_message(
    struct audit *a, const struct audit_trap *t, struct audit_verdict *v)
{
	const char *start = a->spec.spec.exec_start;
	struct err err = { 0 };
	int r;

	(void)t;
	a->spec.spec.exec_start = AUDIT_PROGRAM " escape";
	r = audit_start(a, &err);
	a->spec.spec.exec_start = start;
	audit_stop(a);
	if (r == 0 || strstr(err.msg, "gaol") == NULL) {
		conclude(v, AUDIT_ABSENT, "the message does not quote it");
		return;
	}
	for (const char *p = err.msg; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f) {
			conclude(v, AUDIT_OPEN,
			    "byte %d of it reaches the terminal", *p);
			return;
		}
	conclude(v, AUDIT_HELD, "it is shown, and does nothing");
}

/* A terminal such as the admin types in, with a session on it; ours. */
static int
make_terminal(int *ret_master, int *ret_slave)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	const char *name;
	int slave;

	if (master < 0 || unlockpt(master) < 0 ||
	    (name = ptsname(master)) == NULL)
		return -1;
	slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	(void)setsid();
	if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
		return -1;
	*ret_master = master;
	*ret_slave = slave;
	return 0;
}

/* Run what pushes characters into its terminal, by exec and by console; then
 * see whether any waits to be read from the admin's. */
static void
trap_push(struct audit *a, const struct audit_trap *t, struct audit_verdict *v)
{
	const char *const argv[] = { AUDIT_PROGRAM, "terminal", NULL };
	struct jail_exec exec = { .argv = argv };
	struct termios raw;
	int master, slave, waiting = 0;

	(void)t;
	if (make_terminal(&master, &slave) < 0 || audit_start(a, NULL) < 0) {
		conclude(v, AUDIT_ABSENT, "cannot make a terminal");
		return;
	}
	for (int fd = 0; fd <= 2; fd++)
		(void)dup2(slave, fd);
	(void)signal(SIGTTOU, SIG_IGN);
	(void)jail_exec(a->name, &exec, NULL);
	exec.console = true;
	(void)jail_exec(a->name, &exec, NULL);
	audit_stop(a);
	/* Lines become bytes that can be counted. */
	(void)tcgetattr(slave, &raw);
	cfmakeraw(&raw);
	(void)tcsetattr(slave, TCSANOW, &raw);
	(void)ioctl(slave, FIONREAD, &waiting);
	if (waiting > 0)
		conclude(v, AUDIT_OPEN, "%d characters wait to be read there",
		    waiting);
	else
		conclude(v, AUDIT_HELD, "nothing reaches the admin's terminal");
}

const struct audit_trap audit_traps[] = {
	{ "link-resolv.conf", "a link where the host writes etc/resolv.conf",
	    "replaced by rename", trap_file, "etc/resolv.conf", "resolv.conf" },
	{ "link-hosts", "a link where the host writes etc/hosts",
	    "replaced by rename", trap_file, "etc/hosts", "hosts" },
	{ "link-localtime", "a link where the host writes etc/localtime",
	    "replaced by rename", trap_file, "etc/localtime", "localtime" },
	{ "link-rc.conf", "a link for etc/rc.conf", "read inside only",
	    trap_file, "etc/rc.conf", "rc.conf" },
	{ "link-passwd", "a link where exec reads etc/passwd",
	    "read inside only", trap_passwd, "etc/passwd", "passwd" },
	{ "link-etc", "a link for the directory etc", "opened as if it were /",
	    trap_file, "etc", "" },
	{ "link-dev", "a link for dev, on which the start mounts",
	    "no link is followed", trap_mount, "dev", INSIDE },
	{ "link-proc", "the same for proc", "no link is followed", trap_mount,
	    "proc", INSIDE },
	{ "link-sys", "the same for sys", "no link is followed", trap_mount,
	    "sys", INSIDE },
	{ "link-run", "the same for run", "no link is followed", trap_mount,
	    "run", INSIDE },
	{ "pipe-hosts", "a pipe where the host reads etc/hosts",
	    "opened without waiting", trap_fifo, "etc/hosts", NULL },
	{ "pipe-passwd", "a pipe where exec reads etc/passwd",
	    "opened without waiting", trap_fifo, "etc/passwd", NULL },
	{ "terminal-message", "escape sequences in what messages quote",
	    "made visible", trap_message, NULL, NULL },
	{ "terminal-push", "type into the admin's terminal, TIOCSTI, TIOCLINUX",
	    "a terminal and session of its own", trap_push, NULL, NULL },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};

void
audit_trap_run(
    struct audit *a, const struct audit_trap *t, struct audit_verdict *ret)
{
	struct pollfd p = { .events = POLLIN };
	int fds[2];
	pid_t pid;

	conclude(ret, AUDIT_ABSENT, "the trap could not be tried");
	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	fflush(stdout);
	pid = audit_fork_trap();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)signal(SIGINT, SIG_DFL);
		for (int fd = 0; fd <= 2; fd++)
			(void)dup2(open("/dev/null", O_RDWR | O_CLOEXEC), fd);
		t->run(a, t, ret);
		(void)!write(fds[1], ret, sizeof(*ret));
		_exit(0);
	}
	(void)close(fds[1]);
	p.fd = fds[0];
	if (poll(&p, 1, (int)a->patience * 1000) == 0)
		conclude(ret, AUDIT_OPEN, "a command of the host's hangs");
	else if (read(fds[0], ret, sizeof(*ret)) != sizeof(*ret))
		conclude(ret, AUDIT_ABSENT, "the trap's process died");
	(void)close(fds[0]);
	if (pid > 0)
		audit_wait_trap(pid);
	audit_stop(a);
	if (t->path != NULL)
		take_away(a, t);
	if (ret->result == AUDIT_OPEN)
		(void)audit_files_make(a, NULL);
}

/* Nothing is laid. */
static void
no_trap(struct audit *a, const struct audit_trap *t, struct audit_verdict *v)
{
	struct err err = { 0 };

	(void)t;
	if (use_clone(a, NULL, &err) < 0)
		conclude(v, AUDIT_OPEN, "%.200s", err.msg);
	else
		conclude(v, AUDIT_HELD, "it runs");
}

int
audit_trial(struct audit *a, struct err *err)
{
	static const struct audit_trap none = { .name = "none",
		.run = no_trap };
	struct audit_verdict v;
	time_t begun = time(NULL);

	a->patience = 300;
	audit_trap_run(a, &none, &v);
	if (v.result != AUDIT_HELD)
		return err_set(err, EIO, "the clone does not start: %s", v.why);
	a->patience = PATIENCE_SECONDS +
	    (unsigned int)(time(NULL) - begun) * PATIENCE_FACTOR;
	return 0;
}
