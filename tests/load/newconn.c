/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * New TCP connections, many of them: what a firewall lets through while it is
 * being changed, and how many a second it lets through at most.
 *
 *	newconn serve ADDR:PORT...
 *		accept and close, until killed
 *	newconn paced RATE [+ADDR:PORT | -ADDR:PORT]...
 *		until SIGTERM, open RATE connections a second to each; those
 *		marked + must come up, those marked - must not. Exit 1 if one
 *		did not behave.
 *	newconn flat-out SECONDS ADDR:PORT
 *		one after the other; prints how many a second
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"

/*
 * How long one that must not come up is watched, and how long one that must may
 * take: on a busy machine queues overflow and a SYN is sent again, three times.
 */
#define FORBIDDEN_NS 900000000LL
#define ALLOWED_NS 20000000000LL
#define PENDING_MAX 65536
#define TARGETS_MAX 8

struct target {
	struct sockaddr_in addr;
	bool allowed;
	long opened;
	long wrong;
};

struct pending {
	int fd;
	struct target *target;
	long long since;
};

struct pacer {
	struct target target[TARGETS_MAX];
	size_t n;
	/* A ring, oldest first: patience is the same for all. */
	struct pending ring[PENDING_MAX];
	size_t head, tail;
};

static volatile sig_atomic_t stopped;

static void
stop(int sig)
{
	(void)sig;
	stopped = 1;
}

_noreturn_ static void
die(const char *what)
{
	fprintf(stderr, "newconn: %s: %s\n", what, strerror(errno));
	exit(2);
}

static long long
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static struct sockaddr_in
parse_address(const char *text)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	char host[64] = "";
	unsigned int port;

	if (sscanf(text, "%63[0-9.]:%u", host, &port) != 2 ||
	    inet_pton(AF_INET, host, &addr.sin_addr) != 1) {
		errno = EINVAL;
		die(text);
	}
	addr.sin_port = htons((uint16_t)port);
	return addr;
}

static int
listen_at(const char *text)
{
	struct sockaddr_in addr = parse_address(text);
	int one = 1;
	int fd;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(fd, 4096) < 0)
		die(text);
	return fd;
}

static int
serve(int argc, char **argv)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC);
	int fd;

	for (int i = 0; i < argc; i++) {
		ev.data.fd = listen_at(argv[i]);
		if (epoll_ctl(ep, EPOLL_CTL_ADD, ev.data.fd, &ev) < 0)
			die("epoll_ctl");
	}
	puts("ready");
	fflush(stdout);
	while (!stopped) {
		if (epoll_wait(ep, &ev, 1, -1) < 1)
			continue;
		while (
		    (fd = accept4(ev.data.fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
			close(fd);
	}
	return 0;
}

/* End a connection without TIME_WAIT, so that the port is free again. */
static void
close_hard(int fd)
{
	struct linger linger = { .l_onoff = 1 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
}

static void
open_one(struct pacer *p, struct target *t)
{
	struct pending *new = &p->ring[p->tail % PENDING_MAX];

	if (p->tail - p->head == PENDING_MAX) {
		errno = ENOBUFS;
		die("too many connections under way");
	}
	new->fd =
	    socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (new->fd < 0)
		die("socket");
	new->target = t;
	new->since = now_ns();
	t->opened++;
	p->tail++;
	if (connect(new->fd, (struct sockaddr *)&t->addr, sizeof(t->addr)) <
		0 &&
	    errno != EINPROGRESS)
		die("connect");
}

/* Did the handshake complete? */
static bool
came_up(int fd)
{
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);

	return getpeername(fd, (struct sockaddr *)&peer, &len) == 0;
}

/* Judge those that came up or whose time is over. */
static void
settle(struct pacer *p, long long now)
{
	while (p->head != p->tail) {
		struct pending *old = &p->ring[p->head % PENDING_MAX];
		bool allowed = old->target->allowed;
		bool up = came_up(old->fd);

		if (now - old->since < (allowed ? ALLOWED_NS : FORBIDDEN_NS) &&
		    !(allowed && up))
			return;
		if (up != allowed)
			old->target->wrong++;
		close_hard(old->fd);
		p->head++;
	}
}

static void
pause_until(long long when)
{
	struct timespec ts = { .tv_sec = when / 1000000000LL,
		.tv_nsec = when % 1000000000LL };

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static int
report(const struct pacer *p)
{
	long lost = 0, passed = 0, opened = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (p->target[i].wrong > 0)
			printf("# port %d: %ld of %ld\n",
			    ntohs(p->target[i].addr.sin_port),
			    p->target[i].wrong, p->target[i].opened);
		opened += p->target[i].opened;
		if (p->target[i].allowed)
			lost += p->target[i].wrong;
		else
			passed += p->target[i].wrong;
	}
	printf("%ld connections, %ld lost, %ld wrongly passed\n", opened, lost,
	    passed);
	return lost > 0 || passed > 0;
}

static int
paced(int argc, char **argv)
{
	_cleanup_free_ struct pacer *p = xcalloc(1, sizeof(*p));
	long long step = 1000000000LL / atoi(argv[0]);
	long long next = now_ns();

	for (int i = 1; i < argc && p->n < TARGETS_MAX; i++, p->n++) {
		p->target[p->n].allowed = argv[i][0] == '+';
		p->target[p->n].addr = parse_address(argv[i] + 1);
	}
	while (!stopped) {
		for (size_t i = 0; i < p->n; i++)
			open_one(p, &p->target[i]);
		settle(p, now_ns());
		next += step;
		pause_until(next);
	}
	while (p->head != p->tail) {
		pause_until(now_ns() + step);
		settle(p, now_ns());
	}
	return report(p);
}

static int
flat_out(int argc, char **argv)
{
	struct sockaddr_in addr = parse_address(argv[1]);
	long long start = now_ns();
	long long end = start + atoll(argv[0]) * 1000000000LL;
	long done = 0;
	int fd;

	(void)argc;
	for (; now_ns() < end; done++) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
			die(argv[1]);
		close_hard(fd);
	}
	printf("%.0f\n", (double)done * 1e9 / (double)(now_ns() - start));
	return 0;
}

static void
allow_many_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int
main(int argc, char **argv)
{
	signal(SIGTERM, stop);
	allow_many_descriptors();
	if (argc >= 3 && streq(argv[1], "serve"))
		return serve(argc - 2, argv + 2);
	if (argc >= 4 && streq(argv[1], "paced") && atoi(argv[2]) > 0)
		return paced(argc - 2, argv + 2);
	if (argc == 4 && streq(argv[1], "flat-out"))
		return flat_out(argc - 2, argv + 2);
	fprintf(stderr, "usage: newconn serve | paced | flat-out ...\n");
	return 2;
}
