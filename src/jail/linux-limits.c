/* SPDX-License-Identifier: BSD-2-Clause */
/* The limits of a running jail as the kernel has them, and changing them. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "jail/internal.h"

/* A file of a limit, in either version. */
struct limit_file {
	const char *name;
	const char *now; /* what is in use */
};

static const struct limit_file memory_files[] = { { "memory.max",
						      "memory.current" },
	{ "memory.limit_in_bytes", "memory.usage_in_bytes" } };
static const struct limit_file process_files[] = { { "pids.max",
    "pids.current" } };

/* The number in GROUP/FILE; 0 without one ("max", or no such file). */
static uint64_t
number_in(const char *group, const char *file)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", group, file);
	char text[64];

	if (file_peek(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return 0;
	return strtoull(text, NULL, 10);
}

/* The smallest in a group and those above it, where 0 is none. v1 has no
 * "max" but a number near 2^63. */
static uint64_t
smallest_above(const char *group, const char *file)
{
	_cleanup_free_ char *path = xstrdup(group);
	uint64_t least = 0, n;

	for (char *slash; (slash = strrchr(path, '/')) != path;) {
		n = number_in(path, file);
		if (n != 0 && n < UINT64_C(1) << 62 &&
		    (least == 0 || n < least))
			least = n;
		*slash = '\0';
	}
	return least;
}

/* For each group of the jail's and each file that it has: call. */
struct visit {
	uint64_t limit, now; /* found */
	uint64_t set;	     /* to write; 0: nothing */
	const char *what;
};

static int
visit_file(const char *group, const struct limit_file *f, struct visit *v,
    struct err *err)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", group, f->name);
	uint64_t limit;
	char text[32];
	int r;

	if (access(path, F_OK) < 0)
		return 0;
	if (v->set != 0) {
		(void)snprintf(
		    text, sizeof(text), "%llu", (unsigned long long)v->set);
		r = file_poke(AT_FDCWD, path, text);
		if (r < 0)
			return err_code(
			    err, r, "cannot write %s to %s", text, path);
	}
	limit = smallest_above(group, f->name);
	if (limit != 0 && (v->limit == 0 || limit < v->limit))
		v->limit = limit;
	v->now = number_in(group, f->now);
	return 0;
}

static int
visit(const struct facts *facts, const struct limit_file *f, size_t n,
    struct visit *v, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < facts->n; i++) {
		const char *group = strchr(facts->v[i].value, '/');

		if (!streq(facts->v[i].key, "cgroup") || group == NULL)
			continue;
		for (size_t k = 0; r == 0 && k < n; k++)
			r = visit_file(group, &f[k], v, err);
	}
	return r;
}

static int
visit_all(const char *name, const struct jail_limits *set,
    struct jail_usage *ret, struct err *err)
{
	_cleanup_(facts_clear) struct facts facts = FACTS_INIT;
	struct visit memory = { .set = set->memory };
	struct visit processes = { .set = set->maxproc };
	bool busy;
	int r = facts_peek(name, &facts, &busy, err);

	if (r == 0)
		r = visit(&facts, memory_files, ARRAY_SIZE(memory_files),
		    &memory, err);
	if (r == 0)
		r = visit(&facts, process_files, ARRAY_SIZE(process_files),
		    &processes, err);
	if (r < 0)
		return r;
	*ret = (struct jail_usage){ .memory = memory.now,
		.processes = processes.now,
		.limits = { .memory = memory.limit,
		    .maxproc =
			(unsigned int)MIN(processes.limit, UINT32_MAX) } };
	share_capacity(&ret->capacity);
	return 0;
}

int
jail_usage_read(const char *name, struct jail_usage *ret, struct err *err)
{
	static const struct jail_limits none = { 0 };

	return visit_all(name, &none, ret, err);
}

int
jail_limits_set(
    const char *name, const struct jail_limits *limits, struct err *err)
{
	struct jail_usage now;

	return visit_all(name, limits, &now, err);
}
