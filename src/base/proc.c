/* SPDX-License-Identifier: BSD-2-Clause */
/* Running other programs. */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

extern char **environ;

struct child_failure {
	int code;
	char what[60];
};

_noreturn_ static void
child_fail(int report, const char *what)
{
	struct child_failure f = { .code = errno };

	(void)snprintf(f.what, sizeof(f.what), "%s", what);
	(void)write_all(report, &f, sizeof(f));
	_exit(127);
}

/* Put `fd` at `target`; -1 means /dev/null. The sources were lifted above
 * the targets before, so that no dup2 overwrites one still needed. */
static void
child_place(int report, int fd, int target)
{
	if (fd < 0)
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		child_fail(report, "open /dev/null");
	if (dup2(fd, target) < 0)
		child_fail(report, "dup2");
}

static int
lift(int report, int fd)
{
	if (fd < 0)
		return -1;
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	if (fd < 0)
		child_fail(report, "dup");
	return fd;
}

void
proc_default_signals(void)
{
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		(void)signal(s, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

_noreturn_ static void
child_run(const struct proc_spec *spec, int report_fd, pid_t parent)
{
	int report = lift(report_fd, report_fd);
	int fds[] = { lift(report, spec->in), lift(report, spec->out),
		lift(report, spec->errfd), lift(report, spec->keep_fd) };
	int last = spec->keep_fd >= 0 ? 3 : 2;

	proc_default_signals();
	for (int i = 0; i <= last; i++)
		child_place(report, fds[i], i);
	if (dup2(report, last + 1) < 0)
		child_fail(report, "dup2");
	report = last + 1;
	if (fcntl(report, F_SETFD, FD_CLOEXEC) < 0)
		child_fail(report, "fcntl");
	if (syscall(SYS_close_range, (unsigned)report + 1, ~0U, 0) < 0)
		child_fail(report, "close_range");
	if (spec->own_group && setpgid(0, 0) < 0)
		child_fail(report, "setpgid");
	if (spec->die_with_parent) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
			child_fail(report, "prctl");
		if (getppid() != parent)
			_exit(127);
	}
	execvpe(spec->argv[0], (char *const *)spec->argv,
	    spec->envp ? (char *const *)spec->envp : environ);
	child_fail(report, "");
}

/* What the child said before exec: nothing (0), or its failure. */
static int
hear_child(int fd, const char *name, pid_t pid, struct err *err)
{
	struct child_failure f;
	ssize_t n;

	do
		n = read(fd, &f, sizeof(f));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	(void)waitpid(pid, NULL, 0);
	if (n != sizeof(f))
		return err_set(err, EIO, "cannot run %s", name);
	f.what[sizeof(f.what) - 1] = '\0';
	return err_code(err, f.code, "cannot run %s%s%s", name,
	    f.what[0] ? ": " : "", f.what);
}

int
proc_spawn(const struct proc_spec *spec, struct proc *ret, struct err *err)
{
	_cleanup_close_ int rd = -1, wr = -1;
	pid_t parent = getpid(), pid;
	int fds[2], r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "cannot make a pipe");
	rd = fds[0];
	wr = fds[1];
	pid = fork();
	if (pid < 0)
		return err_errno(err, "cannot fork");
	if (pid == 0)
		child_run(spec, wr, parent);
	closep(&wr);
	r = hear_child(rd, spec->argv[0], pid, err);
	if (r < 0)
		return r;
	ret->pid = pid;
	ret->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return 0;
}

int
proc_wait(struct proc *p)
{
	int status;

	while (waitpid(p->pid, &status, 0) < 0)
		if (errno != EINTR)
			BUG("lost child %d", (int)p->pid);
	closep(&p->pidfd);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

int
proc_run(const struct proc_spec *spec, struct err *err)
{
	struct proc p;
	int r = proc_spawn(spec, &p, err);

	return r < 0 ? r : proc_wait(&p);
}

int
proc_capture(
    const char *const *argv, size_t max, struct str *ret, struct err *err)
{
	struct proc_spec spec = PROC_SPEC_INIT;
	_cleanup_close_ int rd = -1, wr = -1;
	struct proc p;
	int fds[2], r, code;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "cannot make a pipe");
	rd = fds[0];
	wr = fds[1];
	spec.argv = argv;
	spec.out = wr;
	r = proc_spawn(&spec, &p, err);
	if (r < 0)
		return r;
	closep(&wr);
	r = file_read_fd(rd, argv[0], max, ret, err);
	closep(&rd); /* a child that still writes gets SIGPIPE */
	code = proc_wait(&p);
	if (r < 0)
		return r;
	if (code != 0)
		return err_set(
		    err, EIO, "%s failed with exit code %d", argv[0], code);
	return 0;
}

int
proc_start_time(pid_t pid, uint64_t *ret)
{
	char path[32], buf[1024];
	const char *p;
	int field = 2;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (file_peek(AT_FDCWD, path, buf, sizeof(buf)) < 0)
		return -ESRCH;
	/* The command may hold blanks and brackets: count from the last one. */
	p = strrchr(buf, ')');
	while (p != NULL && field < 22) {
		p = strchr(p + 1, ' ');
		field++;
	}
	if (p == NULL)
		return -ESRCH;
	*ret = strtoull(p, NULL, 10);
	return 0;
}

char *
proc_helper(const char *name)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash, *path;

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash != NULL) {
			path = xasprintf("%.*s/libexec/gaol-%s",
			    (int)(slash - self), self, name);
			if (access(path, X_OK) == 0)
				return path;
			free(path);
		}
	}
	return xasprintf("%s/gaol-%s", GAOL_LIBEXECDIR, name);
}
