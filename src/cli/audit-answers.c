/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol audit: what the host answers to a probe that asks. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "cli/audit.h"
#include "store/store.h"

#define PATIENCE 200 /* ms, for what the kernel delivers at once */
#define HOG_BYTES (48u << 20)

static bool
is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return fd >= 0 && poll(&p, 1, PATIENCE) == 1;
}

static void
answer_signalled(struct audit *a, const char *arg, char answer[256])
{
	(void)arg;
	(void)snprintf(
	    answer, 256, "%s", is_readable(a->canary_fd) ? "yes" : "no");
}

/* "FAMILY foreign" or "FAMILY any": the source of the next datagram, of the
 * foreign address only or of whomever. */
static void
answer_heard(struct audit *a, const char *arg, char answer[256])
{
	bool v6 = atoi(arg) == AF_INET6;
	const char *foreign = v6 ? a->foreign6 : a->foreign4;
	int fd = v6 ? a->sockets.udp6 : a->sockets.udp4;
	char byte;

	while (is_readable(fd)) {
		struct sockaddr_storage from = { 0 };
		struct sockaddr_in *f4 = (void *)&from;
		struct sockaddr_in6 *f6 = (void *)&from;
		socklen_t len = sizeof(from);

		if (recvfrom(fd, &byte, 1, 0, (void *)&from, &len) < 0)
			break;
		(void)inet_ntop(from.ss_family,
		    v6 ? (void *)&f6->sin6_addr : (void *)&f4->sin_addr, answer,
		    256);
		if (strstr(arg, "any") != NULL || streq(answer, foreign))
			return;
	}
	(void)snprintf(answer, 256, "no");
}

static void
answer_heard_loopback(struct audit *a, const char *arg, char answer[256])
{
	(void)arg;
	(void)snprintf(answer, 256, "%s",
	    is_readable(a->sockets.udp_loopback) ? "yes" : "no");
}

/* Does the host's table of neighbours have the foreign address? */
static void
answer_believes(struct audit *a, const char *arg, char answer[256])
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	_cleanup_free_ char *line = xasprintf("\n%s ", a->foreign4);

	(void)arg;
	(void)usleep(50000);
	(void)snprintf(answer, 256, "%s",
	    file_read(AT_FDCWD, "/proc/net/arp", 1 << 20, &text, NULL) == 0 &&
		    strstr(text.buf, line) != NULL
		? "yes"
		: "no");
}

static void
answer_inotify(struct audit *a, const char *arg, char answer[256])
{
	_cleanup_close_ int fd = inotify_init1(IN_CLOEXEC);

	(void)a;
	(void)arg;
	(void)snprintf(answer, 256, "%s", fd >= 0 ? "yes" : "no");
}

/* In a child: become nobody and run the file, by its path and then by a
 * descriptor that root opened. */
_noreturn_ static void
run_as_nobody(const char *path, int fd, int out)
{
	char *argv[] = { (char *)"gaol-audit", (char *)"whoami", NULL };

	(void)dup2(out, 1);
	if (setgroups(0, NULL) < 0 || setresgid(65534, 65534, 65534) < 0 ||
	    setresuid(65534, 65534, 65534) < 0)
		_exit(1);
	(void)execv(path, argv);
	(void)syscall(SYS_execveat, fd, "", argv, argv + 2, 0x1000);
	_exit(1);
}

static void
answer_run_as_nobody(struct audit *a, const char *arg, char answer[256])
{
	_cleanup_free_ char *root = store_jail_root_path(a->c->pool, a->name);
	_cleanup_free_ char *path = xasprintf("%s%s", root, arg);
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	int fds[2];
	ssize_t n;
	pid_t pid;

	(void)snprintf(answer, 256, "it could not be run");
	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid == 0)
		run_as_nobody(path, fd, fds[1]);
	(void)close(fds[1]);
	n = read(fds[0], answer, 255);
	(void)close(fds[0]);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	if (n > 0)
		answer[strcspn((answer[n] = '\0', answer), "\n")] = '\0';
	else
		(void)snprintf(answer, 256, "it could not be run");
}

/* ---- exhaustion ---- */

/* What is left to the host must be something. */
static bool
is_enough(uint64_t limit, uint64_t capacity)
{
	return limit != 0 && limit <= capacity - capacity / 20;
}

static void
tighten_processes(struct audit *a, const struct jail_usage *u, char answer[256])
{
	uint64_t capacity = u->capacity.maxproc;
	struct jail_limits tight = { .maxproc =
					 (unsigned int)u->processes + 64 };

	if (!is_enough(u->limits.maxproc, capacity))
		(void)snprintf(
		    answer, 256, "no limit holds: set maxproc on the jail");
	else if (jail_limits_set(a->name, &tight, NULL) == 0)
		(void)snprintf(answer, 256,
		    "64 at most %u of the machine's %llu processes",
		    u->limits.maxproc, (unsigned long long)capacity);
}

static void
tighten_memory(struct audit *a, const struct jail_usage *u, char answer[256])
{
	uint64_t capacity = u->capacity.memory;
	struct jail_limits tight = { .memory = HOG_BYTES };

	if (!is_enough(u->limits.memory, capacity))
		(void)snprintf(
		    answer, 256, "no limit holds: set memoryuse on the jail");
	else if (jail_limits_set(a->name, &tight, NULL) == 0)
		(void)snprintf(answer, 256,
		    "%u at most %lluM of the machine's %lluM", HOG_BYTES,
		    (unsigned long long)u->limits.memory >> 20,
		    (unsigned long long)capacity >> 20);
}

static void
answer_tighten(struct audit *a, const char *arg, char answer[256])
{
	struct jail_usage u;

	(void)snprintf(answer, 256, "the limit could not be read");
	if (jail_usage_read(a->name, &u, NULL) < 0)
		return;
	a->loosen = u.limits;
	if (streq(arg, "processes"))
		tighten_processes(a, &u, answer);
	else
		tighten_memory(a, &u, answer);
}

/* Has the clone more than it was allowed last? */
static void
answer_memory(struct audit *a, const char *arg, char answer[256])
{
	struct jail_usage u;

	(void)arg;
	(void)snprintf(answer, 256, "%s",
	    jail_usage_read(a->name, &u, NULL) == 0 &&
		    u.memory > HOG_BYTES + HOG_BYTES / 10
		? "more"
		: "no");
}

static void
answer_disk(struct audit *a, const char *arg, char answer[256])
{
	const struct pool *pool = a->c->pool;

	(void)arg;
	if (pool->kind == POOL_DIR)
		(void)snprintf(answer, 256,
		    "the pool is a directory of the host's file system (%s): "
		    "make one on a device or an image",
		    pool->source);
	else
		(void)snprintf(answer, 256,
		    "own pool %s is a file system of its own", pool->name);
}

static void
answer_log_size(struct audit *a, const char *arg, char answer[256])
{
	long long size = 0;
	struct stat st;

	(void)arg;
	(void)usleep(300000); /* gaol-init has much to read */
	for (int old = 0; old <= 1; old++) {
		_cleanup_free_ char *path =
		    xasprintf("log/%s-console.log%s", a->name, old ? ".0" : "");

		if (fstatat(a->c->pool->ioc_fd, path, &st, 0) == 0)
			size += st.st_size;
	}
	(void)snprintf(answer, 256, "%lld", size);
}

/* Has the host's root this capability? In a container it may lack. */
static void
answer_sys_resource(struct audit *a, const char *arg, char answer[256])
{
	struct __user_cap_header_struct h = { .version =
						  _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { 0 };

	(void)a;
	(void)arg;
	(void)snprintf(answer, 256, "%s",
	    syscall(SYS_capget, &h, d) == 0 &&
		    (d[0].effective >> CAP_SYS_RESOURCE & 1) != 0
		? "yes"
		: "no");
}

/* So many times exec, for a probe that watches. */
static void
answer_exec(struct audit *a, const char *arg, char answer[256])
{
	const char *const argv[] = { AUDIT_PROGRAM, "whoami", NULL };
	const struct jail_exec exec = { .argv = argv };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int out = fcntl(1, F_DUPFD_CLOEXEC, 10);

	(void)dup2(null, 1);
	for (int n = atoi(arg); n > 0; n--)
		(void)jail_exec(a->name, &exec, NULL);
	(void)dup2(out, 1);
	(void)close(out);
	(void)close(null);
	(void)snprintf(answer, 256, "done");
}

static const struct {
	const char *word;
	void (*answer)(struct audit *a, const char *arg, char answer[256]);
} answers[] = {
	{ "signalled", answer_signalled },
	{ "heard", answer_heard },
	{ "heard-loopback", answer_heard_loopback },
	{ "believes", answer_believes },
	{ "inotify", answer_inotify },
	{ "run-as-nobody", answer_run_as_nobody },
	{ "tighten", answer_tighten },
	{ "memory", answer_memory },
	{ "disk", answer_disk },
	{ "log-size", answer_log_size },
	{ "sys-resource", answer_sys_resource },
	{ "exec", answer_exec },
};

void
audit_answer(struct audit *a, char *question, char answer[256])
{
	size_t n = strcspn(question, " ");
	const char *arg = question + n + (question[n] == ' ');

	question[n] = '\0';
	answer[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		if (streq(question, answers[i].word))
			answers[i].answer(a, arg, answer);
}
