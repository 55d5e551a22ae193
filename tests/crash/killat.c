/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Run a command and kill it (SIGKILL) after the N-th thing that it did to the
 * world: a system call that changes something and succeeded. So a verb is
 * killed at every step of its work without its steps being named.
 *
 *	killat 0 LIST CMD...	only count: writes a line a call into LIST
 *	killat N LIST CMD...	the same, and kills whoever made the N-th
 *
 * Watched are the command and what it forks, until that becomes a program
 * that is none of ours (by the name of its file): mmdebstrap, gaol-init, a
 * hook. Exits with 128 + 9 if the command itself was killed, else as it did.
 */
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/str.h"
#include "base/util.h"

/* What changes something outside of the process. What only changes how the
 * process itself sees the world (setns, unshare, dup) does not count. */
static const struct call {
	uint64_t nr;
	const char *name;
} calls[] = {
#define CALL(NAME)                \
	{                         \
		SYS_##NAME, #NAME \
	}
	CALL(openat), /* with O_CREAT or O_TRUNC */
	CALL(write),
	CALL(pwrite64),
	CALL(writev),
	CALL(copy_file_range),
	CALL(sendfile),
	CALL(ftruncate),
	CALL(fallocate),
	CALL(mkdirat),
	CALL(unlinkat),
	CALL(renameat2),
	CALL(linkat),
	CALL(symlinkat),
	CALL(mknodat),
	CALL(fchmod),
	CALL(fchmodat),
	CALL(fchown),
	CALL(fchownat),
	CALL(utimensat),
	CALL(setxattr),
	CALL(fsetxattr),
	CALL(lsetxattr),
	CALL(mount),
	CALL(umount2),
	CALL(move_mount),
	CALL(mount_setattr),
	CALL(fsmount),
	CALL(fsconfig),
	CALL(open_tree),
	CALL(ioctl),
	CALL(sendto),
	CALL(sendmsg),
	CALL(bpf),
	CALL(clone),
	CALL(clone3),
	CALL(kill),
	CALL(pidfd_send_signal),
#ifdef SYS_open
	CALL(open),
	CALL(mkdir),
	CALL(rmdir),
	CALL(unlink),
	CALL(rename),
	CALL(renameat),
	CALL(link),
	CALL(symlink),
	CALL(mknod),
	CALL(chmod),
	CALL(chown),
	CALL(lchown),
	CALL(fork),
	CALL(vfork),
#endif
};

static const char *const ours[] = { "gaol", "iocage", "pfctl", "gaol-fetch" };

/* One process that is watched. */
struct watched {
	pid_t pid;
	const char *call; /* it is in that one; NULL: none that counts */
};

struct watch {
	struct watched *v;
	size_t n, cap;
	unsigned long count, kill_at;
	FILE *list;
};

_noreturn_ static void
fail(const char *what)
{
	fprintf(stderr, "killat: %s: %s\n", what, strerror(errno));
	exit(125);
}

static struct watched *
find(struct watch *w, pid_t pid)
{
	struct watched *new;

	for (size_t i = 0; i < w->n; i++)
		if (w->v[i].pid == pid)
			return &w->v[i];
	new = array_add(w);
	new->pid = pid;
	return new;
}

static const char *
call_name(const struct ptrace_syscall_info *info)
{
	uint64_t nr = info->entry.nr;

	/* Results and messages on the terminal are no work. */
	if ((nr == SYS_write || nr == SYS_writev) && info->entry.args[0] <= 2)
		return NULL;
	if (nr == SYS_openat &&
	    (info->entry.args[2] & (O_CREAT | O_TRUNC)) == 0)
		return NULL;
#ifdef SYS_open
	if (nr == SYS_open && (info->entry.args[1] & (O_CREAT | O_TRUNC)) == 0)
		return NULL;
#endif
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].nr == nr)
			return calls[i].name;
	return NULL;
}

/* At the start or the end of a system call; true: it was killed. */
static bool
at_call(struct watch *w, struct watched *p)
{
	struct ptrace_syscall_info info = { 0 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof(info), &info) < 0)
		return false;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		p->call = call_name(&info);
	if (info.op != PTRACE_SYSCALL_INFO_EXIT || !p->call ||
	    info.exit.is_error)
		return false;
	fprintf(w->list, "%lu %d %s\n", ++w->count, (int)p->pid, p->call);
	p->call = NULL;
	if (w->count != w->kill_at)
		return false;
	(void)kill(p->pid, SIGKILL);
	return true;
}

static bool
is_ours(pid_t pid)
{
	char path[64], exe[PATH_MAX];
	const char *name;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	if (n < 0)
		return false;
	exe[n] = '\0';
	name = strrchr(exe, '/') ? strrchr(exe, '/') + 1 : exe;
	/* libexec/fetch, as it is called in a build tree. */
	if (streq(name, "fetch"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (streq(name, ours[i]))
			return true;
	return false;
}

/* A process has stopped: do what is to be done and let it go on. */
static void
at_stop(struct watch *w, pid_t pid, int status)
{
	struct watched *p = find(w, pid);
	int signal = WSTOPSIG(status), event = status >> 16;

	if (event == PTRACE_EVENT_EXEC && !is_ours(pid)) {
		(void)ptrace(PTRACE_DETACH, pid, NULL, 0L);
		return;
	}
	if (signal == (SIGTRAP | 0x80)) {
		if (at_call(w, p))
			return;
		signal = 0;
	} else if (event != 0) {
		signal = 0; /* of ptrace's own */
	}
	(void)ptrace(PTRACE_SYSCALL, pid, NULL, (long)signal);
}

/* The child waits at a pipe until it is watched. Seized and not attached: what
 * it forks then begins without a SIGSTOP, which our end would leave to it. */
static pid_t
start(char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC |
	    PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
	int sync[2];
	pid_t pid;
	char c;

	if (pipe2(sync, O_CLOEXEC) < 0)
		fail("pipe");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		(void)close(sync[1]);
		(void)!read(sync[0], &c, 1);
		(void)execvp(argv[0], argv);
		fail(argv[0]);
	}
	if (ptrace(PTRACE_SEIZE, pid, NULL, options) < 0 ||
	    ptrace(PTRACE_INTERRUPT, pid, NULL, 0L) < 0)
		fail("ptrace");
	(void)close(sync[0]);
	(void)close(sync[1]);
	return pid;
}

int
main(int argc, char **argv)
{
	struct watch w = { 0 };
	pid_t first, pid;
	int status;

	if (argc < 4) {
		fputs("usage: killat N LIST CMD...\n", stderr);
		return 125;
	}
	w.kill_at = strtoul(argv[1], NULL, 10);
	w.list = fopen(argv[2], "we");
	if (!w.list)
		fail(argv[2]);
	first = start(argv + 3);
	for (;;) {
		pid = waitpid(-1, &status, __WALL);
		if (pid < 0)
			fail("waitpid");
		if (WIFSTOPPED(status))
			at_stop(&w, pid, status);
		else if (pid == first)
			break;
	}
	/* Those that are watched still are let go by our end. */
	(void)fclose(w.list);
	array_clear(&w);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}
