/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Terminals between the admin and a jail. The jail's side is a pty of its own
 * devpts; the admin's terminal stays on the host and is only relayed, so that
 * nothing in the jail can push characters into it or keep it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "jail/internal.h"

int
pty_open(int *ret_master, int *ret_slave, struct err *err)
{
	_cleanup_close_ int master = -1, slave = -1;
	struct statfs fs;
	struct stat st;
	int unlock = 0;

	master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0)
		return err_errno(err, "cannot open the jail's /dev/pts/ptmx");
	/* Jail root may have put something else there. */
	if (fstat(master, &st) < 0 || fstatfs(master, &fs) < 0 ||
	    !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2) ||
	    fs.f_type != DEVPTS_SUPER_MAGIC)
		return err_set(err, ENODEV,
		    "the jail's /dev/pts/ptmx is no pty: restart the jail");
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return err_errno(err, "cannot unlock the jail's pty");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_errno(err, "cannot open the jail's pty");
	*ret_master = TAKE_FD(master);
	*ret_slave = TAKE_FD(slave);
	return 0;
}

/* Bytes on their way in one direction. */
struct flow {
	int from, to;
	char buf[8192];
	size_t start, end;
	bool over;
};

struct relay {
	struct flow in, out;
	int master, tty, signals, pidfd;
	struct termios saved;
	bool raw;
};

static void
copy_size(int from, int to)
{
	struct winsize w;

	if (from >= 0 && ioctl(from, TIOCGWINSZ, &w) == 0)
		(void)ioctl(to, TIOCSWINSZ, &w);
}

static void
take(struct flow *f)
{
	ssize_t n = read(f->from, f->buf, sizeof(f->buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) { /* EIO: the last user of the pty has closed it */
		f->over = true;
		return;
	}
	f->start = 0;
	f->end = (size_t)n;
}

static void
give(struct flow *f)
{
	ssize_t n = write(f->to, f->buf + f->start, f->end - f->start);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) {
		f->over = true;
		return;
	}
	f->start += (size_t)n;
	if (f->start == f->end)
		f->start = f->end = 0;
}

/* The admin's side has ended (a pipe, as a script's): say so as a terminal
 * does, with the end-of-file character. */
static void
end_input(struct relay *r)
{
	struct termios t;
	char eof = 4;

	if (tcgetattr(r->master, &t) == 0)
		eof = (char)t.c_cc[VEOF];
	(void)!write(r->master, &eof, 1);
	r->in.from = -1;
	r->in.over = false;
}

static void
take_signals(struct relay *r)
{
	struct signalfd_siginfo si;

	while (read(r->signals, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGWINCH)
			copy_size(r->tty, r->master);
		else
			r->out.over = true; /* closing the pty hangs up */
	}
}

/* One direction's poll entry: its reader while empty, else its writer. */
static void
watch(const struct flow *f, struct pollfd *p)
{
	bool full = f->end > f->start;

	p->fd = full ? f->to : f->from;
	p->events = full ? POLLOUT : POLLIN;
	p->revents = 0;
}

static void
move(struct flow *f, const struct pollfd *p)
{
	if (p->fd < 0 || p->revents == 0)
		return;
	if (f->end > f->start)
		give(f);
	else
		take(f);
}

/* Until the program has ended and all that it wrote is out. */
static void
relay_loop(struct relay *r)
{
	bool ended = false;

	while (!r->out.over) {
		struct pollfd p[4] = {
			[2] = { .fd = r->signals, .events = POLLIN },
			[3] = { .fd = ended ? -1 : r->pidfd, .events = POLLIN },
		};
		int n;

		watch(&r->in, &p[0]);
		watch(&r->out, &p[1]);
		n = poll(p, 4, ended ? 0 : -1);
		/* A background process may hold the pty for ever. */
		if (n == 0 && ended)
			return;
		if (p[2].revents != 0)
			take_signals(r);
		move(&r->in, &p[0]);
		move(&r->out, &p[1]);
		if (r->in.over)
			end_input(r);
		ended = ended || p[3].revents != 0;
	}
}

static void
go_raw(struct relay *r)
{
	struct termios t;

	if (r->in.from < 0 || tcgetattr(r->in.from, &r->saved) < 0)
		return;
	t = r->saved;
	cfmakeraw(&t);
	r->raw = tcsetattr(r->in.from, TCSADRAIN, &t) == 0;
}

void
pty_relay(int master, int in, int out, int pidfd)
{
	struct relay r = {
		.in = { .from = in, .to = master },
		.out = { .from = master, .to = out },
		.master = master,
		.tty = isatty(in) ? in
		    : isatty(out) ? out
				  : -1,
		.pidfd = pidfd,
	};
	sigset_t set, old;
	int tty_in = in;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, &old);
	r.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	(void)fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
	copy_size(r.tty, master);
	go_raw(&r);
	relay_loop(&r);
	if (r.raw)
		(void)tcsetattr(tty_in, TCSADRAIN, &r.saved);
	closep(&r.signals);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
}
