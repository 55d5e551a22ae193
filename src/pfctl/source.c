/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the main rules were made of: the command line, the files with the time
 * they were changed last, and the random numbers. With it the same file can be
 * loaded again for other addresses, and only that: a file that somebody is
 * editing is not what was loaded.
 *
 *	cwd /root
 *	file /etc/pf.conf
 *	define ext_if=em1		for each -D
 *	optimize none			if -o was given
 *	random 0a1b2c...		what automatic tables and keys got
 *	read SIZE MTIME INODE PATH	for each file, includes and tables too
 */
#include <sys/stat.h>

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <unistd.h>

#include "pfctl/pfctl.h"

static const char *const optimize_words[] = {
	[PF_OPT_NONE] = "none",
	[PF_OPT_BASIC] = "basic",
	[PF_OPT_PROFILE] = "profile",
};

/* ---- writing ---- */

static void
print_stamp(struct str *s, const char *path)
{
	struct stat st = { 0 };

	/* One that is not there has no time, and must not be there later. */
	(void)stat(path, &st);
	str_printf(s, "%jd %jd.%09ld %ju", (intmax_t)st.st_size,
	    (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
	    (uintmax_t)st.st_ino);
}

void
source_note_file(struct str *reads, const char *path)
{
	str_add(reads, "read ");
	print_stamp(reads, path);
	str_printf(reads, " %s\n", path);
}

static void
print_random(struct str *s, const struct str *random)
{
	if (random->len == 0)
		return;
	str_add(s, "random ");
	for (size_t i = 0; i < random->len; i++)
		str_printf(s, "%02x", (unsigned char)random->buf[i]);
	str_addc(s, '\n');
}

/* Lines of the text are lines of what is written. */
static bool
fits(const struct pfctl *p, const char *cwd)
{
	for (size_t i = 0; i < p->defines.n; i++)
		if (strchr(p->defines.v[i], '\n'))
			return false;
	return !strchr(p->file, '\n') && !strchr(cwd, '\n');
}

void
source_print(const struct pfctl *p, const struct world *w, struct str *ret)
{
	char cwd[PATH_MAX];

	if (p->facts) {
		str_add(ret, SOURCE_BOOT);
		return;
	}
	if (streq(p->file, "-") || p->load != PF_LOAD_ALL || p->merge ||
	    !getcwd(cwd, sizeof(cwd)) || !fits(p, cwd))
		return;
	str_printf(ret, "cwd %s\nfile %s\n", cwd, p->file);
	for (size_t i = 0; i < p->defines.n; i++)
		str_printf(ret, "define %s\n", p->defines.v[i]);
	if (p->optimize_given)
		str_printf(ret, "optimize %s\n", optimize_words[p->optimize]);
	print_random(ret, &w->noted->random);
	str_addmem(ret, w->noted->reads.buf, w->noted->reads.len);
}

/* ---- reading ---- */

static void
parse_random(const char *hex, struct str *ret)
{
	unsigned int byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		str_addc(ret, (char)byte);
}

static int
parse_line(char *line, struct pfctl *p, struct str *random, struct err *err)
{
	char *value = strchr(line, ' ');

	if (!value)
		return err_set(err, EINVAL, "'%s' is no source", line);
	*value++ = '\0';
	if (streq(line, "cwd")) {
		/* The file may name others from there. */
		if (chdir(value) < 0)
			return err_errno(err, "cannot go to %s", value);
	} else if (streq(line, "file")) {
		p->file = value;
	} else if (streq(line, "define")) {
		strv_add(&p->defines, value);
	} else if (streq(line, "optimize")) {
		p->optimize_given = true;
		for (size_t i = 0; i < ARRAY_SIZE(optimize_words); i++)
			if (streq(value, optimize_words[i]))
				p->optimize = (enum pf_optimize)i;
	} else if (streq(line, "random")) {
		parse_random(value, random);
	}
	return 0;
}

int
source_parse(struct str *text, struct pfctl *ret, struct str *ret_random,
    struct err *err)
{
	char *line, *save = NULL;
	int r = 0;

	for (line = strtok_r(text->buf, "\n", &save); line && r == 0;
	     line = strtok_r(NULL, "\n", &save))
		r = parse_line(line, ret, ret_random, err);
	if (r == 0 && !ret->file)
		r = err_set(err, EINVAL, "the loaded rules name no file");
	return r;
}

/* "read STAMP PATH": is the stamp still the file's? */
static bool
is_as_it_was(const char *stamp, size_t len, const char *path)
{
	_cleanup_(str_clear) struct str now = STR_INIT;

	print_stamp(&now, path);
	return now.len == len && memcmp(now.buf, stamp, len) == 0;
}

const char *
source_changed(const struct str *text, char *buf, size_t size)
{
	const char *at = text->buf;

	while (*at) {
		int len = (int)strcspn(at, "\n"), begin = 0, end = 0;

		if (sscanf(at, "read %n%*s %*s %*s%n", &begin, &end) == 0 &&
		    end > 0 && end + 1 < len) {
			(void)snprintf(
			    buf, size, "%.*s", len - end - 1, at + end + 1);
			if (!is_as_it_was(
				at + begin, (size_t)(end - begin), buf))
				return buf;
		}
		at += len + (at[len] == '\n');
	}
	return NULL;
}
