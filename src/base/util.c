/* SPDX-License-Identifier: BSD-2-Clause */
/* Allocation that cannot fail, cleanups, and the end of a broken promise. */
#include "base/util.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

void
bug_at(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "BUG at %s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

static void *
need(void *p)
{
	if (p == NULL) {
		static const char msg[] = "out of memory\n";
		ssize_t n = write(STDERR_FILENO, msg, sizeof(msg) - 1);
		(void)n;
		abort();
	}
	return p;
}

void *
xmalloc(size_t size)
{
	return need(malloc(size ? size : 1));
}

void *
xcalloc(size_t n, size_t size)
{
	return need(calloc(n ? n : 1, size ? size : 1));
}

void *
xreallocarray(void *p, size_t n, size_t size)
{
	return need(reallocarray(p, n ? n : 1, size ? size : 1));
}

char *
xstrdup(const char *s)
{
	return need(strdup(s));
}

char *
xstrndup(const char *s, size_t n)
{
	return need(strndup(s, n));
}

void *
xmemdup(const void *p, size_t size)
{
	void *copy = xmalloc(size);

	if (size > 0)
		memcpy(copy, p, size);
	return copy;
}

char *
xasprintf(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return need(n < 0 ? NULL : s);
}

void
closep(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

void
freep(void *p)
{
	void **pp = p;

	free(*pp);
	*pp = NULL;
}

void
fclosep(FILE **f)
{
	int saved = errno;

	if (*f != NULL)
		(void)fclose(*f);
	*f = NULL;
	errno = saved;
}

void
closedirp(void *dirp)
{
	DIR **d = dirp;

	if (*d != NULL)
		(void)closedir(*d);
	*d = NULL;
}
