/* SPDX-License-Identifier: BSD-2-Clause */
/* Terminals: a console on a pty of the jail's, relayed to ours. */
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "../jail-box.h"

static struct err err;

/* The admin: a terminal of 40 columns, with jail_exec on it in a process. */
struct admin {
	int master;
	pid_t pid;
};

static void
begin(struct admin *a, const char *const *argv, bool console)
{
	struct winsize size = { .ws_row = 10, .ws_col = 40 };

	fflush(stdout);
	a->pid = forkpty(&a->master, NULL, NULL, &size);
	if (a->pid == 0) {
		struct jail_exec e = { .argv = argv, .console = console };
		struct termios before, after;
		int r;

		tcgetattr(0, &before);
		r = jail_exec("con", &e, &err);
		tcgetattr(0, &after);
		if (before.c_lflag != after.c_lflag ||
		    before.c_iflag != after.c_iflag ||
		    before.c_oflag != after.c_oflag)
			r = 99; /* the terminal was not put back */
		_exit(r < 0 ? 98 : r);
	}
}

/* Read until the text appears; what was read, without CR. */
static const char *
wait_for(struct admin *a, const char *text)
{
	static char seen[16384];
	size_t n = 0;

	seen[0] = '\0';
	while (strstr(seen, text) == NULL && n < sizeof(seen) - 2) {
		struct pollfd p = { .fd = a->master, .events = POLLIN };
		char c;

		if (poll(&p, 1, 5000) <= 0 || read(a->master, &c, 1) != 1)
			break;
		if (c != '\r')
			seen[n++] = c;
		seen[n] = '\0';
	}
	return seen;
}

static void
type(struct admin *a, const char *text)
{
	(void)!write(a->master, text, strlen(text));
}

/* The rest of the output is taken, or the other side could not end. */
static int
end(struct admin *a)
{
	int status;
	char c;

	while (read(a->master, &c, 1) == 1)
		;
	close(a->master);
	waitpid(a->pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void
test_console(void)
{
	struct winsize size = { .ws_row = 20, .ws_col = 77 };
	struct admin a;

	begin(&a, NULL, true);
	(void)wait_for(&a, "# ");
	type(&a, "tty; stty size; echo $0 $PWD\n");
	is_str(strstr(wait_for(&a, "-sh /root\n"), "\n"),
	    "\n/dev/pts/0\n10 40\n-sh /root\n",
	    "a login shell on a terminal of the jail's, of our size");
	ioctl(a.master, TIOCSWINSZ, &size);
	(void)wait_for(&a, "# ");
	type(&a, "sleep 0.2; stty size\n");
	ok(strstr(wait_for(&a, "20 77"), "20 77") != NULL,
	    "a change of the size comes through");
	type(&a, "sleep 100\n");
	(void)wait_for(&a, "sleep 100");
	usleep(200000);
	type(&a, "\003");
	type(&a, "echo in$((1+1))terrupted\n");
	ok(strstr(wait_for(&a, "in2terrupted"), "in2terrupted") != NULL,
	    "so does ^C");
	type(&a,
	    "for i in 0 1 2; do readlink /proc/$$/fd/$i; done; echo d''one"
	    "\n");
	ok(strstr(wait_for(&a, "\ndone\n"),
	       "\n/dev/pts/0\n/dev/pts/0\n/dev/pts/0\ndone\n") != NULL,
	    "the shell has no terminal of ours");
	type(&a, "exit 5\n");
	is_int(end(&a), 5, "the shell's code, and our terminal as before");
}

static void
test_exec_on_terminal(void)
{
	const char *argv[] = { "/bin/sh", "-c",
		"tty; test -t 1 && echo yes; exit 3", NULL };
	struct admin a;

	begin(&a, argv, false);
	is_str(wait_for(&a, "yes\n"), "/dev/pts/0\nyes\n",
	    "exec on a terminal gets one of the jail's");
	is_int(end(&a), 3, "and its code");
}

static void
test_hangup(void)
{
	const char *out;
	struct admin a;

	begin(&a, NULL, true);
	(void)wait_for(&a, "# ");
	type(&a, "sleep 1000\n");
	usleep(200000);
	close(a.master);
	waitpid(a.pid, NULL, 0);
	{
		const char *argv[] = { "/bin/sh", "-c",
			"sleep 0.2; ps -o args | grep -c '[s]leep 1000' "
			">/tmp/n",
			NULL };
		struct jail_exec e = { .argv = argv };

		(void)jail_exec("con", &e, &err);
	}
	out = box_out("cat %s/tmp/n", box_root);
	is_str(out, "0", "closing our terminal ends what ran on it");
}

static int
test(void)
{
	struct box_jail b;

	box_jail_init(&b, "con");
	is_int(jail_start(&b.spec, &err), 0, "a jail starts: %s", err.msg);
	/* /dev/pts of the box may be any: the jail's are its own. */
	test_console();
	test_exec_on_terminal();
	test_hangup();
	is_int(jail_stop("con", NULL, &err), 0, "and stops");
	box_jail_clear(&b);
	return done_testing();
}

int
main(void)
{
	return box_run(test);
}
