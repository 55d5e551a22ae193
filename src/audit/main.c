/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol-audit: the words of its command line, and what all probes share. */
#include "audit/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct probe *const tables[] = { file_probes, kernel_file_probes,
	process_probes, call_probes, network_probes, exhaustion_probes, NULL };

const char *
param(const struct audit *a, const char *key)
{
	size_t n = strlen(key);

	for (char **p = a->params; *p != NULL; p++)
		if (strncmp(*p, key, n) == 0 && (*p)[n] == '=')
			return *p + n + 1;
	return NULL;
}

long
param_number(const struct audit *a, const char *key)
{
	const char *value = param(a, key);

	return value != NULL ? strtol(value, NULL, 0) : 0;
}

const char *
ask(const char *fmt, ...)
{
	static char line[256];
	va_list ap;
	size_t n;

	fputs("ask ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL)
		return "";
	n = strcspn(line, "\n");
	line[n] = '\0';
	return line;
}

enum result
conclude(struct audit *a, enum result result, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a->why, sizeof(a->why), fmt, ap);
	va_end(ap);
	return result;
}

enum result
judge_hidden(struct audit *a, long r)
{
	if (r < 0)
		return conclude(a, HELD, "%s", strerror(errno));
	return conclude(a, OPEN, "the kernel did it");
}

enum result
judge(struct audit *a, long r)
{
	if (r < 0 && (errno == ENOSYS || errno == ENODEV))
		return conclude(a, ABSENT, "this kernel has no such thing");
	return judge_hidden(a, r);
}

enum result
judge_past(struct audit *a, long r, int past)
{
	if (r < 0 && errno == past)
		return conclude(a, OPEN, "the kernel asked for no right");
	return judge(a, r);
}

enum result
try_open(struct audit *a, const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && errno == ENOENT)
		return conclude(a, HELD, "there is no %s", path);
	if (fd < 0)
		return conclude(a, HELD, "%s: %s", path, strerror(errno));
	close(fd);
	return conclude(a, OPEN, "%s can be opened", path);
}

int
copy_self(const char *path, unsigned int mode)
{
	int in = open("/.gaol-audit", O_RDONLY | O_CLOEXEC), out;
	char buf[4096];
	ssize_t n;

	unlink(path);
	out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	while (in >= 0 && out >= 0 && (n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n)
			break;
	close(in);
	if (out < 0 || fchmod(out, mode) < 0)
		return -1;
	return close(out);
}

static int
list(void)
{
	for (size_t t = 0; tables[t] != NULL; t++)
		for (const struct probe *p = tables[t]; p->name != NULL; p++)
			printf("%s\t%s\t%s\n", p->name, p->tries, p->guard);
	return 0;
}

static int
run(const char *name, char **params)
{
	static const char *const words[] = { "held", "open", "absent" };
	struct audit a = { .params = params };

	for (size_t t = 0; tables[t] != NULL; t++)
		for (const struct probe *p = tables[t]; p->name != NULL; p++) {
			if (strcmp(p->name, name) != 0)
				continue;
			printf("%s %s\n", words[p->run(&a)], a.why);
			return 0;
		}
	return 2;
}

/* Leave a process that waits; what it has open is what a service would. */
static int
start(void)
{
	if (fork() == 0) {
		setsid();
		for (;;)
			pause();
	}
	return 0;
}

/* What the kernel made of us: "EUID CAPABILITIES". For setuid files. */
static int
whoami(void)
{
	char line[200];
	unsigned long long caps = 0;
	FILE *f = fopen("/proc/self/status", "re");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		(void)sscanf(line, "CapEff: %llx", &caps);
	printf("%d %llx\n", (int)geteuid(), caps);
	return 0;
}

/* Type into the terminal on 0, as if the admin had. */
static int
terminal(void)
{
	char paste = 2; /* TIOCLINUX: paste the selection */

	for (const char *p = "echo gaol-audit\n"; *p != '\0'; p++)
		(void)ioctl(0, TIOCSTI, p);
	(void)ioctl(0, TIOCLINUX, &paste);
	return 0;
}

/* A start that fails, and what a terminal would do with its last words. */
static int
escape(void)
{
	puts("gaol\033]0;title\007\033[2J\033[6n\x9b"
	     "c");
	return 1;
}

int
main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return list();
	if (argc == 2 && strcmp(argv[1], "start") == 0)
		return start();
	if (argc == 2 && strcmp(argv[1], "whoami") == 0)
		return whoami();
	if (argc == 2 && strcmp(argv[1], "terminal") == 0)
		return terminal();
	if (argc == 2 && strcmp(argv[1], "escape") == 0)
		return escape();
	if (argc >= 3 && strcmp(argv[1], "run") == 0)
		return run(argv[2], argv + 3);
	fputs("gaol-audit: run by gaol audit, see gaol(8)\n", stderr);
	return 2;
}
