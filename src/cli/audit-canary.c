/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol audit: things of the host's that no jail may reach. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "cli/audit.h"

#define AUDIT_DIR "/run/gaol/audit"

/* Names that links in the clone's root lead to; each begins with the word. */
static const char *const files[] = { "canary", "resolv.conf", "hosts",
	"localtime", "rc.conf", "passwd" };

static void param(struct audit *a, const char *key, const char *fmt, ...)
    _printf_(3, 4);

static void
param(struct audit *a, const char *key, const char *fmt, ...)
{
	char value[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	strv_add_owned(&a->params, xasprintf("%s=%s", key, value));
}

/* A number that the clone's name stands for, the same in every process. */
static unsigned int
number_of(const char *name)
{
	unsigned int n = 0x67616f6c;

	for (; *name != '\0'; name++)
		n = n * 31 + (unsigned char)*name;
	return n & 0x7fffffff;
}

static char *
queue_of(const char *name)
{
	return xasprintf("/gaol-audit-%x", number_of(name));
}

/* ---- files ---- */

int
audit_files_make(struct audit *a, struct err *err)
{
	int r = file_remove_tree(AT_FDCWD, a->dir, err);

	if (r == 0)
		r = file_mkdir_p(a->dir, 0755, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *path =
		    xasprintf("%s/%s", a->dir, files[i]);
		_cleanup_free_ char *text = xasprintf("%s%s", a->word,
		    streq(files[i], "passwd") ? ":x:0:0::/:/bin/sh\n" : "");

		r = file_replace(AT_FDCWD, path, text, strlen(text), 0644, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
make_files(struct audit *a, struct err *err)
{
	int fd, r;

	a->dir = xasprintf(AUDIT_DIR "/%s", a->name);
	r = audit_files_make(a, err);
	if (r < 0)
		return r;
	param(a, "canary", "%s/canary", a->dir);
	param(a, "canary-word", "%s", a->word);
	/* Left open on purpose: the last guard against that is what the
	 * descriptors probe looks at. */
	fd = open(a->dir, O_RDONLY | O_DIRECTORY);
	return fd < 0 ? err_errno(err, "cannot open %s", a->dir) : 0;
}

bool
audit_files_whole(const struct audit *a, char why[256])
{
	DIR *d = opendir(a->dir);
	struct dirent *e;
	size_t n = 0;

	while (d != NULL && (e = readdir(d)) != NULL)
		n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
	if (d != NULL)
		(void)closedir(d);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *path =
		    xasprintf("%s/%s", a->dir, files[i]);
		char text[64];

		if (file_peek(AT_FDCWD, path, text, sizeof(text)) > 0 &&
		    str_starts(text, a->word))
			continue;
		(void)snprintf(
		    why, 256, "%s of the host's was written", files[i]);
		return false;
	}
	if (n == ARRAY_SIZE(files))
		return true;
	(void)snprintf(
	    why, 256, "a file was made in a directory of the host's");
	return false;
}

/* ---- a process ---- */

static int canary_pipe = -1;

static void
on_usr1(int number)
{
	(void)number;
	(void)!write(canary_pipe, "x", 1);
}

static int
make_process(struct audit *a, struct err *err)
{
	struct sigaction sa = { .sa_handler = on_usr1 };
	sigset_t set, old;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_errno(err, "cannot make a pipe");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &set, &old);
	a->canary = fork();
	if (a->canary == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)signal(SIGINT, SIG_IGN);
		(void)signal(SIGTERM, SIG_DFL);
		canary_pipe = fds[1];
		(void)sigaction(SIGUSR1, &sa, NULL);
		(void)sigprocmask(SIG_SETMASK, &old, NULL);
		closep(&a->cleaner_fd);
		for (;;)
			(void)pause();
	}
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	(void)close(fds[1]);
	a->canary_fd = fds[0];
	if (a->canary < 0)
		return err_errno(err, "cannot fork");
	param(a, "canary-pid", "%d", (int)a->canary);
	param(a, "canary-address", "%llu",
	    (unsigned long long)(uintptr_t)a->word);
	return 0;
}

/* ---- sockets ---- */

static int
bind_inet(int type, int family, const char *address, unsigned int *port,
    struct err *err)
{
	struct sockaddr_in a4 = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)*port) };
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)*port) };
	bool v6 = family == AF_INET6;
	socklen_t len = v6 ? sizeof(a6) : sizeof(a4);
	_cleanup_close_ int fd =
	    socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;

	(void)inet_pton(
	    family, address, v6 ? (void *)&a6.sin6_addr : (void *)&a4.sin_addr);
	if (v6)
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (fd < 0 || bind(fd, v6 ? (void *)&a6 : (void *)&a4, len) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 5) < 0) ||
	    getsockname(fd, v6 ? (void *)&a6 : (void *)&a4, &len) < 0)
		return err_errno(err, "cannot listen at %s", address);
	*port = ntohs(v6 ? a6.sin6_port : a4.sin_port);
	return TAKE_FD(fd);
}

static int
make_abstract(struct audit *a, struct err *err)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int n = snprintf(
	    to.sun_path + 1, sizeof(to.sun_path) - 1, "gaol-audit-%s", a->word);

	if (fd < 0 ||
	    bind(fd, (void *)&to,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
		    (size_t)n)) < 0 ||
	    listen(fd, 5) < 0)
		return err_errno(err, "cannot make an abstract socket");
	param(a, "abstract", "gaol-audit-%s", a->word);
	return TAKE_FD(fd);
}

static int
make_sockets(struct audit *a, struct err *err)
{
	struct audit_sockets *s = &a->sockets;

	*s = (struct audit_sockets){ -1, -1, -1, -1, -1, 0, 0, 0 };
	s->udp4 = bind_inet(SOCK_DGRAM, AF_INET, "0.0.0.0", &s->udp_port, err);
	if (s->udp4 < 0)
		return s->udp4;
	/* A host without IPv6 has no jails with IPv6 either. */
	s->udp6 = bind_inet(SOCK_DGRAM, AF_INET6, "::", &s->udp_port, NULL);
	s->udp_loopback =
	    bind_inet(SOCK_DGRAM, AF_INET, "127.0.0.1", &s->loopback_port, err);
	if (s->udp_loopback < 0)
		return s->udp_loopback;
	s->tcp =
	    bind_inet(SOCK_STREAM, AF_INET, "127.0.0.1", &s->tcp_port, err);
	if (s->tcp < 0)
		return s->tcp;
	s->abstract = make_abstract(a, err);
	param(a, "udp-port", "%u", s->udp_port);
	param(a, "loopback-port", "%u", s->loopback_port);
	param(a, "tcp-port", "%u", s->tcp_port);
	return MIN(s->abstract, 0);
}

/* ---- objects of the kernel's ---- */

static void
make_objects(struct audit *a)
{
	_cleanup_free_ char *queue = queue_of(a->name);
	char uts[64] = "";
	long key;

	audit_canaries_remove(a->name);
	if (shmget((key_t)number_of(a->name), 4096, IPC_CREAT | 0666) >= 0)
		param(a, "shm-key", "%u", number_of(a->name));
	if (mq_open(queue, O_RDONLY | O_CREAT, 0666, NULL) >= 0)
		param(a, "mqueue", "%s", queue + 1);
	if (readlink("/proc/self/ns/uts", uts, sizeof(uts) - 1) > 0)
		param(a, "uts", "%s", uts);
	key = syscall(SYS_add_key, "user", queue + 1, a->word, strlen(a->word),
	    KEY_SPEC_PROCESS_KEYRING);
	/* Readable to all: only the filter is left to hold it. */
	if (key >= 0 &&
	    syscall(SYS_keyctl, KEYCTL_SETPERM, key, 0x3f3f3f3fL) == 0)
		param(a, "key", "%ld", key);
}

void
audit_canaries_remove(const char *name)
{
	_cleanup_free_ char *queue = queue_of(name);
	_cleanup_free_ char *dir = xasprintf(AUDIT_DIR "/%s", name);
	int id = shmget((key_t)number_of(name), 0, 0);

	(void)mq_unlink(queue);
	if (id >= 0)
		(void)shmctl(id, IPC_RMID, NULL);
	(void)file_remove_tree(AT_FDCWD, dir, NULL);
	(void)rmdir(AUDIT_DIR);
}

static int
make_word(struct audit *a, struct err *err)
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		return err_errno(err, "cannot get random bytes");
	for (size_t i = 0; i < sizeof(b); i++)
		(void)snprintf(a->word + 2 * i, 3, "%02x", b[i]);
	return 0;
}

int
audit_canaries_make(struct audit *a, struct err *err)
{
	int r = make_word(a, err);

	if (r < 0)
		return r;
	make_objects(a); /* first: it clears what a killed audit left */
	r = make_files(a, err);
	if (r == 0)
		r = make_process(a, err);
	if (r == 0)
		r = make_sockets(a, err);
	if (r < 0)
		return r;
	if (a->host4[0]) {
		param(a, "host4", "%s", a->host4);
		param(a, "foreign4", "%s", a->foreign4);
	}
	if (a->host6[0] && a->sockets.udp6 >= 0) {
		param(a, "host6", "%s", a->host6);
		param(a, "foreign6", "%s", a->foreign6);
	}
	return 0;
}
