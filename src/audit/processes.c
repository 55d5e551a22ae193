/* SPDX-License-Identifier: BSD-2-Clause */
/* Probes: processes, namespaces, limits and objects of the host's. */
#include "audit/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The host's canary process, which counts SIGUSR1. Another process of the
 * jail's may have its number: the host knows. */
static enum result
probe_signal(struct audit *a)
{
	if (kill((pid_t)param_number(a, "canary-pid"), SIGUSR1) < 0)
		return judge(a, -1);
	if (strcmp(ask("signalled"), "yes") != 0)
		return conclude(a, HELD, "the host's process got none");
	return conclude(a, OPEN, "the host's process got it");
}

static enum result
probe_ptrace(struct audit *a)
{
	return judge(
	    a, ptrace(PTRACE_SEIZE, param_number(a, "canary-pid"), NULL, NULL));
}

/* The canary told where it keeps its word. */
static enum result
probe_process_memory(struct audit *a)
{
	char text[64] = "";
	struct iovec mine = { text, 16 };
	struct iovec its = { (void *)param_number(a, "canary-address"), 16 };

	if (process_vm_readv(
		(pid_t)param_number(a, "canary-pid"), &mine, 1, &its, 1, 0) < 0)
		return judge(a, -1);
	return conclude(a, OPEN, "read of the host's process");
}

static enum result
probe_prlimit(struct audit *a)
{
	struct rlimit l;

	return judge(a,
	    prlimit(
		(pid_t)param_number(a, "canary-pid"), RLIMIT_NOFILE, NULL, &l));
}

static enum result
probe_pidfd(struct audit *a)
{
	return judge(
	    a, syscall(SYS_pidfd_open, param_number(a, "canary-pid"), 0));
}

/* Its log is the host's file. */
static enum result
probe_pidfd_getfd(struct audit *a)
{
	int init = (int)syscall(SYS_pidfd_open, 1, 0);

	if (init < 0)
		return judge(a, -1);
	for (int fd = 0; fd < 8; fd++)
		if (syscall(SYS_pidfd_getfd, init, fd, 0) >= 0)
			return conclude(a, OPEN, "took its descriptor %d", fd);
	return judge(a, -1);
}

static enum result
probe_setns(struct audit *a)
{
	static const char *const kinds[] = { "uts", "ipc", "net", "mnt",
		"cgroup", "pid" };
	char path[64];
	int fd;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && setns(fd, 0) == 0)
			return conclude(a, OPEN, "entered by %s", path);
	}
	return judge(a, -1);
}

static enum result
probe_unshare_user(struct audit *a)
{
	return judge(a, unshare(CLONE_NEWUSER));
}

static enum result
probe_unshare_net(struct audit *a)
{
	return judge(a, unshare(CLONE_NEWNET));
}

static enum result
probe_clone_user(struct audit *a)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return judge(a, pid);
}

/* Its flags are in memory, where no filter can look. */
static enum result
probe_clone3(struct audit *a)
{
	uint64_t args[8] = { CLONE_NEWUSER, 0, 0, 0, SIGCHLD };
	long pid = syscall(SYS_clone3, args, sizeof(args));

	if (pid == 0)
		_exit(0);
	return judge_hidden(a, pid);
}

/* System calls by other doors than the one that the filter watches. */
static enum result
probe_compat(struct audit *a)
{
#ifdef __x86_64__
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		long r = 20; /* getpid of the i386 table */

		__asm__ volatile("int $0x80" : "+a"(r) : : "memory");
		_exit(r > 0 ? 1 : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return judge(a, -1);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
		return conclude(a, ABSENT, "this kernel has no 32-bit calls");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
		return conclude(a, OPEN, "a 32-bit call was answered");
	return conclude(a, HELD, "32-bit calls do not exist");
#else
	return conclude(a, ABSENT, "only tried on amd64");
#endif
}

/* The names the host wears: of a namespace that it shares with us? */
static enum result
probe_hostname(struct audit *a)
{
	char mine[64] = "", name[65] = "";
	const char *hosts = param(a, "uts");

	(void)!readlink("/proc/self/ns/uts", mine, sizeof(mine) - 1);
	(void)gethostname(name, sizeof(name) - 1);
	if (sethostname(name, strlen(name)) < 0)
		return judge(a, -1);
	if (hosts == NULL || mine[0] == '\0' || strcmp(hosts, mine) != 0)
		return conclude(a, HELD, "the name is the jail's own");
	return conclude(a, OPEN, "the host's name can be set");
}

static enum result
probe_realtime(struct audit *a)
{
	const struct sched_param p = { .sched_priority = 1 };

	/* musl's own sched_setscheduler is a stub. */
	return judge(a, syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &p));
}

static enum result
probe_nice(struct audit *a)
{
	return judge(a, setpriority(PRIO_PROCESS, 0, -10));
}

static enum result
probe_mlock(struct audit *a)
{
	static char page[4096 * 4];

	return judge(a, mlock(page, sizeof(page)));
}

/* Only one step up, of a limit that keeps nobody from anything. */
static enum result
probe_raise_limit(struct audit *a)
{
	struct rlimit l;

	getrlimit(RLIMIT_MSGQUEUE, &l);
	if (l.rlim_max == RLIM_INFINITY)
		return conclude(a, OPEN, "there is no hard limit");
	l.rlim_max++;
	return judge(a, setrlimit(RLIMIT_MSGQUEUE, &l));
}

/* With the limit that a jail has, neither a file nor a program of the host's
 * gets a core: the kernel says so in the child's status. */
static enum result
probe_core_dump(struct audit *a)
{
	struct rlimit l;
	int status = 0;
	pid_t pid;

	/* As much as is allowed; and 0, with which the handler runs. */
	l.rlim_cur = l.rlim_max = 0;
	(void)setrlimit(RLIMIT_CORE, &l);
	getrlimit(RLIMIT_CORE, &l);
	if (l.rlim_cur != 1)
		return conclude(a, OPEN, "a crash goes to the host's handler");
	l.rlim_cur = l.rlim_max;
	(void)setrlimit(RLIMIT_CORE, &l);
	mkdir("/.gaol-audit.d", 0700);
	(void)!chdir("/.gaol-audit.d");
	pid = fork();
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		kill(getpid(), SIGABRT);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return judge(a, -1);
	if (WCOREDUMP(status) || l.rlim_max > 1)
		return conclude(a, OPEN, "a crash goes to the host's pattern");
	return conclude(a, HELD, "no core is made");
}

static enum result
probe_shm(struct audit *a)
{
	return judge(a, shmget((key_t)param_number(a, "shm-key"), 0, 0));
}

static enum result
probe_mqueue(struct audit *a)
{
	const char *name = param(a, "mqueue");

	if (name == NULL)
		return conclude(a, ABSENT, "this kernel has no queues");
	return judge(a, syscall(SYS_mq_open, name, O_RDONLY, 0, NULL));
}

static enum result
probe_key_read(struct audit *a)
{
	char text[64];
	long serial = param_number(a, "key");

	if (serial == 0)
		return conclude(a, ABSENT, "the host has no key to read");
	return judge(a,
	    syscall(
		SYS_keyctl, 11 /* KEYCTL_READ */, serial, text, sizeof(text)));
}

static enum result
probe_key_add(struct audit *a)
{
	return judge(a,
	    syscall(SYS_add_key, "user", "gaol-audit", "x", 1,
		-2 /* the process's keyring */));
}

/* Lie in wait for what exec brings in: before it is confined it is a program
 * of the host's. */
static enum result
probe_exec_race(struct audit *a)
{
	char path[40], exe[300];
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		time_t end = time(NULL) + 20;

		while (time(NULL) < end)
			for (int pid = 2; pid < 300; pid++) {
				ssize_t n;

				snprintf(
				    path, sizeof(path), "/proc/%d/exe", pid);
				n = readlink(path, exe, sizeof(exe) - 1);
				if (n <= 0)
					continue;
				exe[n] = '\0';
				if (strncmp(exe, "/.gaol-audit", 12) != 0)
					_exit(7);
			}
		_exit(0);
	}
	(void)ask("exec 60");
	kill(child, SIGTERM);
	waitpid(child, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 7)
		return conclude(a, OPEN, "a program of the host's was seen");
	return conclude(a, HELD, "60 times nothing but confined programs");
}

const struct probe process_probes[] = {
	{ "signal", "send a signal to a process of the host's",
	    "PID namespace, user namespace", probe_signal },
	{ "ptrace", "trace a process of the host's",
	    "PID namespace, user namespace", probe_ptrace },
	{ "process-memory", "read the memory of a process of the host's",
	    "PID namespace, user namespace", probe_process_memory },
	{ "prlimit", "change the limits of a process of the host's",
	    "PID namespace, user namespace", probe_prlimit },
	{ "pidfd", "open a process of the host's", "PID namespace",
	    probe_pidfd },
	{ "pidfd-getfd", "take gaol-init's descriptors",
	    "filter, gaol-init is not readable", probe_pidfd_getfd },
	{ "exec-race", "catch what exec brings in before it is confined",
	    "not traceable until then", probe_exec_race },
	{ "setns", "enter other namespaces", "filter, capabilities",
	    probe_setns },
	{ "unshare-user", "make a user namespace, with all capabilities",
	    "filter", probe_unshare_user },
	{ "unshare-net", "make a network namespace", "filter, capabilities",
	    probe_unshare_net },
	{ "clone-user", "the same by clone", "filter", probe_clone_user },
	{ "clone3", "the same by clone3", "filter", probe_clone3 },
	{ "compat-calls", "go round the filter with 32-bit calls", "filter",
	    probe_compat },
	{ "hostname", "change the host's name", "UTS namespace, capabilities",
	    probe_hostname },
	{ "real-time", "run at a real-time priority",
	    "user namespace, capabilities", probe_realtime },
	{ "nice", "run before the host's processes",
	    "user namespace, capabilities", probe_nice },
	{ "mlock", "lock memory", "resource limits", probe_mlock },
	{ "raise-limit", "raise a hard resource limit",
	    "resource limits, user namespace", probe_raise_limit },
	{ "core-dump", "have the host's crash handler run",
	    "resource limits, filter", probe_core_dump },
	{ "sysv-ipc", "open shared memory of the host's", "IPC namespace",
	    probe_shm },
	{ "posix-ipc", "open a message queue of the host's", "IPC namespace",
	    probe_mqueue },
	{ "key-read", "read a key of the host's", "filter", probe_key_read },
	{ "key-add", "add a key", "filter", probe_key_add }, PROBES_END
};
