/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gaol logs: what a jail's commands and its console have said.
 *
 * gaol-init starts the log anew when it is full and puts what it held into the
 * older one (init/init.h). So a reader who finds the file shorter than he has
 * read it finds what he missed at the same place in the older one.
 *
 * What a jail says is not to be trusted: on a terminal nothing of it is a
 * control character.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "cli/jails.h"
#include "cli/logs.h"

enum { LINE_MAX_SHOWN = 4096, TRIES = 10 };

struct logs_opts {
	bool follow;
	const char *lines;
};

/* One reading of a log. */
struct reader {
	struct cli *c;
	const char *jail;
	int fd;	  /* the log */
	off_t at; /* how much of it was read */
	bool visible;
	struct str line; /* begun, not ended; only if `visible` */
};

/* ---- printing ---- */

static int
put(const void *mem, size_t n, struct err *err)
{
	int r = write_all(STDOUT_FILENO, mem, n);

	return r < 0 ? err_code(err, r, "cannot write") : 0;
}

/* The line so far, tabs as they are. */
static int
put_line(struct reader *rd, const char *end, struct err *err)
{
	_cleanup_(str_clear) struct str out = STR_INIT;
	const char *p = rd->line.buf, *stop = p + rd->line.len;

	if (*end != '\0' && p < stop && stop[-1] == '\r') {
		str_cut(&rd->line, rd->line.len - 1);
		stop--;
	}
	while (p < stop) {
		size_t n = strcspn(p, "\t");
		_cleanup_free_ char *part = xstrndup(p, n);

		str_add_visible(&out, part);
		p += n;
		if (p < stop) {
			str_add(&out, *p == '\t' ? "\t" : "\\x00");
			p++;
		}
	}
	str_add(&out, end);
	str_reset(&rd->line);
	return put(out.buf, out.len, err);
}

static int
show(struct reader *rd, const char *mem, size_t n, struct err *err)
{
	int r = 0;

	if (!rd->visible)
		return put(mem, n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (mem[i] == '\n') {
			r = put_line(rd, "\n", err);
			continue;
		}
		str_addc(&rd->line, mem[i]);
		if (rd->line.len >= LINE_MAX_SHOWN)
			r = put_line(rd, "", err);
	}
	return r;
}

/* ---- what is there ---- */

/* The older log from `at` on, added to `ret`; none is none. */
static int
read_old(struct reader *rd, off_t at, struct str *ret, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	_cleanup_close_ int fd = -1;
	int r = cli_log_open(rd->c, rd->jail, true, O_RDONLY, err);

	if (r == -ENOENT) {
		err_clear(err);
		return 0;
	}
	fd = r;
	if (r >= 0)
		r = file_read_fd(fd, "the older log", SIZE_MAX / 2, &text, err);
	if (r >= 0 && (off_t)text.len > at)
		str_addmem(ret, text.buf + at, text.len - (size_t)at);
	return MIN(r, 0);
}

/* What the log holds from where we are. */
static int
read_on(struct reader *rd, struct str *ret, struct err *err)
{
	char buf[65536];
	ssize_t n;

	while ((n = pread(rd->fd, buf, sizeof(buf), rd->at)) > 0) {
		str_addmem(ret, buf, (size_t)n);
		rd->at += n;
	}
	return n < 0 ? err_errno(err, "cannot read the log of '%s'", rd->jail)
		     : 0;
}

static off_t
size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_size : 0;
}

/* Both logs. If they were exchanged while we read, we read again. */
static int
read_all(struct reader *rd, struct str *ret, struct err *err)
{
	int r = 0;

	for (int i = 0; i < TRIES; i++) {
		str_reset(ret);
		rd->at = 0;
		r = read_old(rd, 0, ret, err);
		if (r == 0)
			r = read_on(rd, ret, err);
		if (r < 0 || size_of(rd->fd) >= rd->at)
			break;
	}
	return r;
}

/* Where the last n lines begin. */
static size_t
tail(const struct str *text, int64_t n)
{
	size_t at = text->len;

	if (n == 0)
		return at;
	if (at > 0 && text->buf[at - 1] == '\n')
		at--;
	for (; at > 0; at--)
		if (text->buf[at - 1] == '\n' && --n == 0)
			break;
	return at;
}

/* ---- what comes ---- */

static int
show_news(struct reader *rd, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	int r = 0;

	if (size_of(rd->fd) < rd->at) {
		r = read_old(rd, rd->at, &text, err);
		rd->at = 0;
	}
	if (r == 0)
		r = read_on(rd, &text, err);
	if (r == 0)
		r = show(rd, text.buf, text.len, err);
	/* A line that is not ended yet: a prompt, say. */
	if (r == 0 && rd->line.len > 0)
		r = put_line(rd, "", err);
	return r;
}

/* Until the log is removed, or we are interrupted. */
static int
follow(struct reader *rd, struct err *err)
{
	_cleanup_close_ int in = inotify_init1(IN_CLOEXEC);
	char path[32], events[4096];
	struct stat st;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", rd->fd);
	if (in < 0 || inotify_add_watch(in, path, IN_MODIFY | IN_ATTRIB) < 0)
		return err_errno(err, "cannot watch the log of '%s'", rd->jail);
	for (;;) {
		r = show_news(rd, err);
		if (r < 0)
			return r;
		if (fstat(rd->fd, &st) < 0 || st.st_nlink == 0)
			return 0;
		if (read(in, events, sizeof(events)) < 0 && errno != EINTR)
			return err_errno(err, "cannot watch the log");
	}
}

/* ---- the verb ---- */

static int
show_log(struct reader *rd, const struct logs_opts *o, int64_t lines,
    struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	size_t from;
	int r = read_all(rd, &text, err);

	if (r < 0)
		return r;
	from = lines >= 0 ? tail(&text, lines) : 0;
	r = show(rd, text.buf + from, text.len - from, err);
	if (r == 0 && rd->line.len > 0)
		r = put_line(rd, o->follow ? "" : "\n", err);
	return r < 0 || !o->follow ? r : follow(rd, err);
}

static int
logs_run(struct cli *c, const void *opts, int argc _unused_, char **argv,
    struct err *err)
{
	const struct logs_opts *o = opts;
	_cleanup_free_ char *name = NULL;
	struct reader rd = { .c = c, .line = STR_INIT };
	int64_t lines = -1;
	int r;

	if (o->lines && str_to_i64(o->lines, 0, INT32_MAX, &lines) < 0)
		return cli_usage(err, "'%s' is no number of lines", o->lines);
	r = cli_jail_name(c, argv[0], &name, err);
	if (r < 0)
		return r;
	rd.jail = name;
	rd.visible = isatty(STDOUT_FILENO);
	rd.fd = cli_log_open(c, name, false, O_RDONLY, err);
	if (rd.fd == -ENOENT)
		return err_set(err, ENOENT,
		    "jail '%s' has no log: it was never started", name);
	r = rd.fd < 0 ? rd.fd : show_log(&rd, o, lines, err);
	closep(&rd.fd);
	str_clear(&rd.line);
	return r;
}

static const struct cli_opt logs_options[] = {
	CLI_FLAG('f', "follow", struct logs_opts, follow,
	    "go on with what comes, until interrupted"),
	CLI_STR('n', "lines", "N", struct logs_opts, lines,
	    "begin with the last N lines"),
	CLI_OPT_END
};

const struct cli_verb cmd_logs = {
	.name = "logs",
	.args = "JAIL",
	.summary = "show what a jail has printed",
	.help = "That is what exec_start, exec_stop and what they started"
		" printed, and what was written to /dev/console in the jail."
		" On a terminal, control characters are shown as \\xNN.",
	.min_args = 1,
	.max_args = 1,
	.flags = CLI_ROOT | CLI_POOL,
	.options = logs_options,
	.opts_size = sizeof(struct logs_opts),
	.run = logs_run,
};
