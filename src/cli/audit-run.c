/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol audit: running one probe of the program's in the clone. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "cli/audit.h"

#define PROBE_SECONDS 120

/* The program's ends of two pipes, and ours. */
struct talk {
	int in, out;
	int their_in, their_out;
	pid_t pid;
};

/* In a child: exec waits for its program, and we have to talk with that. */
_noreturn_ static void
exec_main(struct audit *a, const struct talk *t, const char *probe)
{
	_cleanup_(strv_clear) struct strv argv = { 0 };
	struct jail_exec exec = { 0 };
	struct err err = { 0 };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGHUP, SIG_DFL);
	closep(&a->cleaner_fd);
	strv_add(&argv, AUDIT_PROGRAM);
	strv_add(&argv, "run");
	strv_add(&argv, probe);
	for (size_t i = 0; i < a->params.n; i++)
		strv_add(&argv, a->params.v[i]);
	exec.argv = (const char *const *)strv_argv(&argv);
	(void)dup2(t->their_in, 0);
	(void)dup2(t->their_out, 1);
	(void)dup2(null, 2);
	if (jail_exec(a->name, &exec, &err) < 0)
		printf("absent cannot run it: %s\n", err.msg);
	fflush(stdout);
	_exit(0);
}

static int
start_probe(struct audit *a, const char *probe, struct talk *t, struct err *err)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return err_errno(err, "cannot make a pipe");
	*t = (struct talk){ in[1], out[0], in[0], out[1], 0 };
	fflush(stdout);
	t->pid = fork();
	if (t->pid == 0)
		exec_main(a, t, probe);
	(void)close(t->their_in);
	(void)close(t->their_out);
	return t->pid < 0 ? err_errno(err, "cannot fork") : 0;
}

/* The next line, within the time; false at the end of all. */
static bool
read_line(int fd, char line[512], int seconds)
{
	size_t n = 0;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, seconds * 1000) != 1 ||
		    read(fd, line + n, 1) != 1)
			return false;
		if (line[n] == '\n' || n == 510) {
			line[n] = '\0';
			return true;
		}
		n++;
	}
}

static bool
take_verdict(const char *line, struct audit_verdict *v)
{
	static const struct {
		const char *word;
		enum audit_result result;
	} words[] = { { "held ", AUDIT_HELD }, { "open ", AUDIT_OPEN },
		{ "absent ", AUDIT_ABSENT } };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_starts(line, words[i].word)) {
			_cleanup_(str_clear) struct str why = STR_INIT;

			str_add_visible(&why, strchr(line, ' ') + 1);
			v->result = words[i].result;
			(void)snprintf(v->why, sizeof(v->why), "%s", why.buf);
			return true;
		}
	return false;
}

/* Exec passes TERM on to the program; what is left dies with the clone. */
static void
end_probe(pid_t pid)
{
	(void)kill(pid, SIGTERM);
	for (int i = 0; i < 100; i++) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		(void)usleep(20000);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

int
audit_probe(struct audit *a, struct audit_row *row, struct err *err)
{
	struct audit_verdict *v = &row->verdict;
	char line[512], answer[256 + 1];
	struct talk t = { 0 };
	int r = start_probe(a, row->name, &t, err);

	if (r < 0)
		return r;
	*v = (struct audit_verdict){ AUDIT_ABSENT, "the probe gave no answer" };
	while (read_line(t.out, line, PROBE_SECONDS)) {
		if (take_verdict(line, v))
			break;
		if (!str_starts(line, "ask "))
			continue;
		audit_answer(a, line + 4, answer);
		answer[strlen(answer) + 1] = '\0';
		answer[strlen(answer)] = '\n';
		if (write_all(t.in, answer, strlen(answer)) < 0)
			break;
	}
	(void)close(t.in);
	(void)close(t.out);
	end_probe(t.pid);
	/* A limit that cannot be loosened would be the next probe's loss. */
	(void)jail_limits_set(a->name, &a->loosen, NULL);
	a->loosen = (struct jail_limits){ 0 };
	return 0;
}

int
audit_list(struct audit *a, struct audit_rows *rows, struct err *err)
{
	const char *const argv[] = { a->helper, "list", NULL };
	_cleanup_(str_clear) struct str text = STR_INIT;
	char *line, *save = NULL;
	int r = proc_capture(argv, 1 << 20, &text, err);

	if (r < 0)
		return r;
	for (line = strtok_r(text.buf, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		_cleanup_(strv_clear) struct strv w = { 0 };

		strv_split(&w, line, "\t");
		if (w.n != 3)
			return err_set(err, EIO, "%s list: '%s' is no probe",
			    a->helper, line);
		*array_add(rows) =
		    (struct audit_row){ xstrdup(w.v[0]), xstrdup(w.v[1]),
			    xstrdup(w.v[2]), { AUDIT_NOT_RUN, "" } };
	}
	return 0;
}

void
audit_rows_clear(struct audit_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		free(rows->v[i].name);
		free(rows->v[i].tries);
		free(rows->v[i].guard);
	}
	array_clear(rows);
}
