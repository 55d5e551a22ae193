/* SPDX-License-Identifier: BSD-2-Clause */
/* The facts file: a journal of lines under an flock. */
#include "jail/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"
#include "base/str.h"
#include "jail/jail.h"

#define FACTS_MAX (256 * 1024)

int
facts_check_name(const char *name, struct err *err)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	if (name[0] == '\0' || name[0] == '.' ||
	    name[strspn(name, ok)] != '\0' || strlen(name) > 200)
		return err_set(err, EINVAL,
		    "'%s' is no name for a jail: use letters, digits, '.', "
		    "'_' and '-'",
		    name);
	return 0;
}

static void
add_line(struct facts *f, char *line)
{
	struct fact *fact = array_add(f);
	char *space = strchr(line, ' ');

	fact->key = line;
	fact->value = line + strlen(line);
	if (space != NULL) {
		*space = '\0';
		fact->value = space + 1;
	}
}

/* Take the complete lines of `text`; returns how many bytes they are. */
static size_t
parse(struct facts *f, const char *text)
{
	const char *p = text, *nl;

	while ((nl = strchr(p, '\n')) != NULL) {
		add_line(f, xstrndup(p, (size_t)(nl - p)));
		p = nl + 1;
	}
	return (size_t)(p - text);
}

/* A file without its first line is that of a start killed at once: no facts
 * yet, which is fine. A later format is not ours to undo. */
static int
check_format(const struct facts *f, struct err *err)
{
	int64_t format;

	if (f->n == 0)
		return 0;
	if (!streq(f->v[0].key, "gaol-facts") ||
	    str_to_i64(f->v[0].value, 1, INT32_MAX, &format) < 0)
		return err_set(err, EBADMSG,
		    "%s/%s is no facts file of gaol's: remove it", JAIL_RUN_DIR,
		    f->name);
	if (format > FACTS_FORMAT)
		return err_set(err, EPROTONOSUPPORT,
		    "jail '%s' was started by a newer gaol (facts format "
		    "%lld, this one knows %d): use that one",
		    f->name, (long long)format, FACTS_FORMAT);
	return 0;
}

static int
load(struct facts *f, size_t *ret_len, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	int r = file_read_fd(f->fd, f->name, FACTS_MAX, &text, err);

	if (r < 0)
		return r;
	*ret_len = parse(f, text.buf);
	return check_format(f, err);
}

/*
 * Readers hold the lock for a moment (facts_peek), and so does the child of a
 * start that was killed just now; that is waited for. A command at work holds
 * it for long. A file that was removed by whoever had
 * the lock before us is nobody's any more.
 */
static int
lock(const struct facts *f, struct err *err)
{
	const struct timespec moment = { .tv_nsec = 2000000 };
	struct stat st;

	for (int i = 0; flock(f->fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(
			    err, "cannot lock the facts of '%s'", f->name);
		if (i == 100)
			return err_set(err, EBUSY,
			    "another command is working on jail '%s'", f->name);
		(void)nanosleep(&moment, NULL);
	}
	if (fstat(f->fd, &st) < 0 || st.st_nlink == 0)
		return err_set(err, EBUSY,
		    "another command has just stopped jail '%s': try again",
		    f->name);
	return 0;
}

int
facts_create(const char *name, struct facts *ret, struct err *err)
{
	_cleanup_(facts_clear) struct facts f = FACTS_INIT;
	_cleanup_free_ char *path = NULL;
	int r = facts_check_name(name, err);

	if (r < 0)
		return r;
	path = xasprintf("%s/%s", JAIL_RUN_DIR, name);
	f.name = xstrdup(name);
	f.fd =
	    open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (f.fd < 0 && errno == ENOENT) {
		r = file_mkdir_p(JAIL_RUN_DIR, 0700, err);
		if (r < 0)
			return r;
		f.fd = open(path,
		    O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	}
	if (f.fd < 0)
		return err_errno(err, "cannot create %s", path);
	/* Between open and flock another command may see an unlocked, empty
	 * file: it takes it for a killed start, removes it, and we lose. */
	r = lock(&f, err);
	if (r < 0)
		return r;
	r = facts_add(&f, "gaol-facts", err, "%d", FACTS_FORMAT);
	if (r < 0) {
		(void)unlink(path);
		return r;
	}
	*ret = f;
	f = (struct facts)FACTS_INIT;
	return 0;
}

static int
open_file(const char *name, struct facts *f, int flags, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	int r = facts_check_name(name, err);

	if (r < 0)
		return r;
	path = xasprintf("%s/%s", JAIL_RUN_DIR, name);
	f->fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW);
	if (f->fd < 0)
		return err_errno(err, "cannot open %s", path);
	f->name = xstrdup(name);
	return 0;
}

int
facts_open(const char *name, struct facts *ret, struct err *err)
{
	_cleanup_(facts_clear) struct facts f = FACTS_INIT;
	size_t len;
	int r = open_file(name, &f, O_RDWR | O_APPEND, err);

	if (r < 0)
		return r;
	r = lock(&f, err);
	if (r < 0)
		return r;
	r = load(&f, &len, err);
	if (r < 0)
		return r;
	if (ftruncate(f.fd, (off_t)len) < 0)
		return err_errno(err, "cannot shorten the facts of '%s'", name);
	*ret = f;
	f = (struct facts)FACTS_INIT;
	return 0;
}

int
facts_peek(const char *name, struct facts *ret, bool *ret_busy, struct err *err)
{
	_cleanup_(facts_clear) struct facts f = FACTS_INIT;
	size_t len;
	bool busy;
	int r = open_file(name, &f, O_RDONLY, err);

	if (r < 0)
		return r;
	r = load(&f, &len, err);
	if (r < 0)
		return r;
	busy = false;
	if (facts_get(&f, "up") == NULL || facts_get(&f, "stopping") != NULL)
		busy = flock(f.fd, LOCK_SH | LOCK_NB) < 0;
	closep(&f.fd);
	*ret = f;
	*ret_busy = busy;
	f = (struct facts)FACTS_INIT;
	return 0;
}

int
facts_add(
    struct facts *f, const char *key, struct err *err, const char *fmt, ...)
{
	_cleanup_(str_clear) struct str line = STR_INIT;
	va_list ap;
	int r;

	str_printf(&line, "%s ", key);
	va_start(ap, fmt);
	str_vprintf(&line, fmt, ap);
	va_end(ap);
	if (strchr(line.buf, '\n') != NULL || strlen(line.buf) != line.len)
		return err_set(err, EINVAL,
		    "the fact '%s' of jail '%s' has a line break in it", key,
		    f->name);
	str_addc(&line, '\n');
	r = write_all(f->fd, line.buf, line.len);
	if (r < 0)
		return err_code(
		    err, r, "cannot write the facts of jail '%s'", f->name);
	add_line(f, xstrndup(line.buf, line.len - 1));
	return 0;
}

const char *
facts_get(const struct facts *f, const char *key)
{
	for (size_t i = f->n; i > 0; i--)
		if (streq(f->v[i - 1].key, key))
			return f->v[i - 1].value;
	return NULL;
}

bool
facts_has(const struct facts *f, const char *key, const char *value)
{
	for (size_t i = 0; i < f->n; i++)
		if (streq(f->v[i].key, key) && streq(f->v[i].value, value))
			return true;
	return false;
}

int
facts_remove(struct facts *f, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", JAIL_RUN_DIR, f->name);

	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(err, "cannot remove %s", path);
	return 0;
}

void
facts_clear(struct facts *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].key);
	array_clear(f);
	free(f->name);
	closep(&f->fd);
	*f = (struct facts)FACTS_INIT;
}
