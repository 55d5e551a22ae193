/* SPDX-License-Identifier: BSD-2-Clause */
/* Which anchors there are, and pfctl -s Anchors. */
#include "pfctl/pfctl.h"

/* ---- those of a ruleset ---- */

static bool
is_in(const char *path, const char *top)
{
	size_t len = strlen(top);

	return strncmp(path, top, len) == 0 &&
	    (len == 0 || path[len] == '\0' || path[len] == '/');
}

/* The paths of all, some twice; those in between are not named. */
static void
collect(const struct pf_ruleset *rs, struct strv *ret)
{
	_cleanup_(str_clear) struct str path = STR_INIT;

	for (const struct pf_anchor *a = rs->main; a; a = a->next) {
		strv_add(ret, a->path);
		for (int l = 0; l < PF_LIST_COUNT; l++)
			for (size_t i = 0; i < a->list[l].n; i++) {
				const struct pf_rule *r = a->list[l].v[i];

				if (!r->anchor_call)
					continue;
				(void)pf_anchor_target(a->path, r, &path);
				strv_add(ret, path.buf);
			}
	}
	for (const struct pf_table *t = rs->tables; t; t = t->next)
		strv_add(ret, table_anchor(t));
}

static bool
any_in(const struct strv *paths, const char *top)
{
	for (size_t i = 0; i < paths->n; i++)
		if (is_in(paths->v[i], top))
			return true;
	return false;
}

bool
anchor_is_there(const struct pf_ruleset *rs, const char *path)
{
	_cleanup_(strv_clear) struct strv paths = { 0 };

	collect(rs, &paths);
	return any_in(&paths, path);
}

/* ---- pfctl -s Anchors ---- */

/* As strcmp, up to the slash. */
static int
part_cmp(const char *a, const char *b)
{
	size_t n = strcspn(a, "/"), m = strcspn(b, "/");
	int r = memcmp(a, b, n < m ? n : m);

	return r ? r : (n > m) - (n < m);
}

/* The name that follows `last` (NULL: the first) among those in `top`. */
static const char *
next_name(const struct strv *paths, const char *top, const char *last)
{
	size_t len = strlen(top) + (*top != '\0');
	const char *best = NULL;

	for (size_t i = 0; i < paths->n; i++) {
		const char *name = paths->v[i] + len;

		if (!is_in(paths->v[i], top) || strlen(paths->v[i]) <= len)
			continue;
		if ((!last || part_cmp(name, last) > 0) &&
		    (!best || part_cmp(name, best) < 0))
			best = name;
	}
	return best;
}

static void
list(const struct pfctl *p, const struct strv *paths, const char *top)
{
	const char *name = NULL;

	while ((name = next_name(paths, top, name)) != NULL) {
		_cleanup_free_ char *path = xasprintf("%s%s%.*s", top,
		    *top ? "/" : "", (int)strcspn(name, "/"), name);

		if (*path != '_' || p->verbose)
			printf("  %s\n", path);
		if (p->verbose)
			list(p, paths, path);
	}
}

void
show_anchors(const struct pfctl *p, const struct pf_ruleset *rs)
{
	_cleanup_(strv_clear) struct strv paths = { 0 };
	const char *top = p->anchor ? p->anchor : "";

	collect(rs, &paths);
	if (any_in(&paths, top))
		list(p, &paths, top);
	else
		fprintf(stderr, "Anchor '%s' not found.\n", top);
}
