/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Since when an address is in its table, for -T expire and -T show -v. It is
 * kept with the rules: behind a table of their text stands a comment with runs
 * of the addresses' order, "# since 3x1700000000 1x1700000100".
 */
#include <time.h>

#include "pfctl/pfctl.h"

#define SINCE "# since"

int64_t
since_now(void)
{
	return (int64_t)time(NULL);
}

static void
fill(struct pf_table *t, int64_t when)
{
	t->since = xreallocarray(
	    t->since, t->cap ? t->cap : t->n + 1, sizeof(*t->since));
	for (size_t i = 0; i < t->n; i++)
		t->since[i] = when;
}

void
since_zero(struct pf_table *t)
{
	fill(t, since_now());
}

/* ---- the comment ---- */

void
since_print(struct str *s, const struct pf_table *t)
{
	size_t run = 0;

	if (!t->since || t->n == 0)
		return;
	str_add(s, SINCE);
	for (size_t i = 0; i < t->n; i += run) {
		for (run = 1; i + run < t->n; run++)
			if (t->since[i + run] != t->since[i])
				break;
		str_printf(s, " %zux%lld", run, (long long)t->since[i]);
	}
	str_addc(s, '\n');
}

/* What a comment does not tell, or tells wrongly, is since now. */
static void
read_runs(struct pf_table *t, const char *line)
{
	size_t at = 0, run;
	long long when;
	int len;

	while (sscanf(line, " %zux%lld%n", &run, &when, &len) == 2) {
		line += len;
		for (; run > 0 && at < t->n; run--)
			t->since[at++] = when;
	}
}

void
since_read(struct pf_ruleset *rs, const char *text)
{
	struct pf_table *t = NULL, *next = rs->tables;

	for (const char *line = text; *line; line += *line == '\n') {
		if (str_starts(line, "table <") && next) {
			t = next;
			next = next->next;
			since_zero(t);
		} else if (str_starts(line, SINCE " ") && t) {
			read_runs(t, line + strlen(SINCE));
		}
		line += strcspn(line, "\n");
	}
}

/* ---- over a load ---- */

static void
carry(struct pf_table *t, struct pf_table *old)
{
	_cleanup_(table_index_clear) struct table_index in_old = { 0 };

	table_index_make(&in_old, old);
	for (size_t i = 0; i < t->n; i++) {
		ssize_t k = table_index_find(&in_old, t, i);

		if (k >= 0)
			t->since[i] = old->since[k];
	}
}

void
since_carry(struct pf_ruleset *rs, const struct pf_ruleset *old)
{
	for (struct pf_table *t = rs->tables; t; t = t->next) {
		struct pf_table *o =
		    old ? table_find(old, table_anchor(t), t->name) : NULL;

		if (o == t)
			continue;
		since_zero(t);
		if (o && o->since)
			carry(t, o);
	}
}
