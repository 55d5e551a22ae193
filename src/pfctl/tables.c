/* SPDX-License-Identifier: BSD-2-Clause */
/* pfctl -s Tables and -t TABLE -T COMMAND. */
#include <errno.h>

#include "pfctl/pfctl.h"

static bool
is_here(const struct pfctl *p, const struct pf_table *t)
{
	return streq(table_anchor(t), p->anchor ? p->anchor : "");
}

void
show_tables(const struct pfctl *p, const struct pf_ruleset *rs)
{
	for (const struct pf_table *t = rs->tables; t; t = t->next)
		if (is_here(p, t))
			puts(t->name);
}

static const struct pf_table *
find(const struct pfctl *p, const struct pf_ruleset *rs)
{
	for (const struct pf_table *t = rs->tables; t; t = t->next)
		if (is_here(p, t) && streq(t->name, p->table))
			return t;
	return NULL;
}

static void
show(const struct pf_table *t)
{
	_cleanup_(str_clear) struct str s = STR_INIT;

	for (size_t i = 0; i < t->n; i++) {
		struct pf_addr a = t->addr[i];

		str_printf(&s, "  %c", a.neg ? '!' : ' ');
		a.neg = false;
		pf_print_addr(&s, &a, t->af[i], 0);
		str_addc(&s, '\n');
	}
	fputs(s.buf, stdout);
}

static int
table_command(struct pfctl *p, const struct current *c)
{
	const struct pf_table *t = find(p, c->rules);

	if (!t) {
		complain("Table does not exist.");
		return EX_TABLE;
	}
	if (streq(p->table_cmd, "show")) {
		show(t);
		return 0;
	}
	complain("-T %s is not built yet", p->table_cmd);
	return EX_TABLE;
}

int
do_table(struct pfctl *p)
{
	_cleanup_(current_clear) struct current c = CURRENT_INIT;
	_cleanup_(store_close) struct store s = STORE_INIT;
	struct err err = { 0 };
	struct world w;
	int rc = EX_TABLE;
	int r = world_read(p->facts, &w, &err);

	if (r == 0)
		r = store_open(&s, &err);
	if (r == 0)
		r = current_read(&s, w.env, &c, &err);
	if (r < 0)
		complain("%s", err.msg);
	else
		rc = table_command(p, &c);
	world_clear(&w);
	return rc;
}
