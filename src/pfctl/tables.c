/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pfctl -s Tables and -t TABLE -T COMMAND.
 *
 * The table kept with the loaded rules says what is in it; the kernel's sets
 * are made from that. A command changes the first and replaces the second.
 */
#include "base/array.h"
#include "pfctl/pfctl.h"

#include <arpa/inet.h>
#include <errno.h>

#include "base/ranges.h"

struct job {
	struct pfctl *p;
	struct store store;
	struct world world;
	struct current current;
	struct pf_table *table;	 /* NULL: there is none of this name */
	struct pf_ruleset *args; /* holds what was given as addresses */
	const struct pf_table *given;
	struct err err;
};

static bool
is_here(const struct pfctl *p, const struct pf_table *t)
{
	return streq(table_anchor(t), p->anchor ? p->anchor : "");
}

static bool
names_table(const struct pf_addr *a, const char *name)
{
	return a->kind == PF_ADDR_TABLE && streq(a->name, name);
}

static bool
is_referenced(const struct pf_ruleset *rs, const char *name)
{
	for (struct pf_anchor *a = rs->main; a; a = a->next)
		for (int list = 0; list < PF_LIST_COUNT; list++)
			for (size_t i = 0; i < a->list[list].n; i++) {
				const struct pf_rule *r = a->list[list].v[i];

				if (names_table(&r->src.addr, name) ||
				    names_table(&r->dst.addr, name))
					return true;
			}
	return false;
}

static void
show_table(const struct pfctl *p, const struct pf_ruleset *rs,
    const struct pf_table *t)
{
	if (p->verbose)
		printf("%c%ca-%c-%c\t", t->is_const ? 'c' : '-',
		    t->persist ? 'p' : '-',
		    is_referenced(rs, t->name) ? 'r' : '-',
		    t->counters ? 'C' : '-');
	puts(t->name);
}

static int
by_name(const void *a, const void *b)
{
	const struct pf_table *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

void
show_tables(const struct pfctl *p, const struct pf_ruleset *rs)
{
	struct {
		const struct pf_table **v;
		size_t n, cap;
	} here = { 0 };

	if (p->anchor && !anchor_is_there(rs, p->anchor)) {
		complain("Anchor or Ruleset does not exist.");
		return;
	}
	for (const struct pf_table *t = rs->tables; t; t = t->next)
		if (is_here(p, t))
			*array_add(&here) = t;
	if (here.n)
		qsort(here.v, here.n, sizeof(*here.v), by_name);
	for (size_t i = 0; i < here.n; i++)
		show_table(p, rs, here.v[i]);
	array_clear(&here);
	if (p->verbose > 1)
		complain("counters of tables are not built yet");
}

static struct pf_table *
find(const struct pfctl *p, const struct pf_ruleset *rs)
{
	for (struct pf_table *t = rs->tables; t; t = t->next)
		if (is_here(p, t) && streq(t->name, p->table))
			return t;
	return NULL;
}

void
table_drop(struct pf_ruleset *rs, struct pf_table *t)
{
	struct pf_table **at = &rs->tables;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	free(t->addr);
	free(t->af);
}

/* ---- addresses ---- */

static bool
same_addr(
    const struct pf_table *a, size_t i, const struct pf_table *b, size_t k)
{
	return a->af[i] == b->af[k] && a->addr[i].kind == b->addr[k].kind &&
	    a->addr[i].bits == b->addr[k].bits &&
	    memcmp(&a->addr[i].ip, &b->addr[k].ip, sizeof(union pf_ip)) == 0;
}

/* Where is the i-th of `from` in `t`? With or without "!" is the same. */
static ssize_t
index_of(const struct pf_table *t, const struct pf_table *from, size_t i)
{
	for (size_t k = 0; k < t->n; k++)
		if (same_addr(from, i, t, k))
			return (ssize_t)k;
	return -1;
}

static void
append(struct pf_table *t, const struct pf_table *from, size_t i)
{
	size_t cap = t->cap;

	t->addr = array_grow(t->addr, t->n, &cap, sizeof(*t->addr));
	t->af = xreallocarray(t->af, cap, sizeof(*t->af));
	t->cap = cap;
	t->addr[t->n] = from->addr[i];
	t->af[t->n++] = from->af[i];
}

static void
cut(struct pf_table *t, size_t i)
{
	t->n--;
	memmove(&t->addr[i], &t->addr[i + 1], (t->n - i) * sizeof(*t->addr));
	memmove(&t->af[i], &t->af[i + 1], (t->n - i) * sizeof(*t->af));
}

/* Read the words of the command line as a table's addresses. */
static int
read_args(struct job *j)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	int r;

	str_add(&text, "table <given> persist {");
	for (char *const *arg = j->p->args; *arg; arg++)
		str_printf(&text, " %s", *arg);
	str_add(&text, " }\n");
	r = parse_with_names(text.buf, j->world.env, &j->args);
	if (r < 0)
		return r;
	j->given = j->args->tables;
	return 0;
}

/* ---- showing ---- */

static int
cmd_show(struct job *j)
{
	_cleanup_(str_clear) struct str s = STR_INIT;
	const struct pf_table *t = j->table;

	for (size_t i = 0; i < t->n; i++) {
		struct pf_addr a = t->addr[i];

		str_printf(&s, "  %c", a.neg ? '!' : ' ');
		a.neg = false;
		pf_print_addr(&s, &a, t->af[i], 0);
		str_addc(&s, '\n');
	}
	fputs(s.buf, stdout);
	if (!j->p->verbose)
		return 0;
	complain("counters of tables are not built yet");
	return EX_TABLE;
}

/* The entry that decides about an address: that with the longest prefix. */
static const struct pf_addr *
decides(const struct pf_table *t, const struct pf_addr *a, uint8_t af)
{
	const struct pf_addr *best = NULL;
	size_t len = af == AF_INET ? 4 : 16;

	for (size_t i = 0; i < t->n; i++) {
		const struct pf_addr *e = &t->addr[i];
		unsigned int bits = e->kind == PF_ADDR_ANY ? 0 : e->bits;
		struct range net;

		if (t->af[i] && t->af[i] != af)
			continue;
		net = range_prefix(e->ip.b, len, bits);
		if (memcmp(a->ip.b, net.from, len) < 0 ||
		    memcmp(a->ip.b, net.to, len) > 0)
			continue;
		if (!best || bits >= best->bits)
			best = e;
	}
	return best;
}

static void
print_tested(const struct job *j, size_t i, const struct pf_addr *e)
{
	_cleanup_(str_clear) struct str s = STR_INIT;
	uint8_t af = j->given->af[i];
	struct pf_addr copy;

	str_add(&s, e && !e->neg ? "M  " : "   ");
	pf_print_addr(&s, &j->given->addr[i], af, 0);
	if (j->p->verbose > 1) {
		str_add(&s, e && e->neg ? "\t!" : "\t ");
		if (e) {
			copy = *e;
			copy.neg = false;
			pf_print_addr(&s, &copy, af, 0);
		} else {
			str_add(&s, "nomatch");
		}
	}
	puts(s.buf);
}

static int
cmd_test(struct job *j)
{
	const struct pf_table *g = j->given;
	size_t hits = 0;

	for (size_t i = 0; i < g->n; i++) {
		const struct pf_addr *a = &g->addr[i];
		const struct pf_addr *e;

		if (a->neg || a->kind != PF_ADDR_IP ||
		    a->bits != (g->af[i] == AF_INET ? 32 : 128)) {
			complain("cannot decode %s: Invalid argument",
			    j->p->args[i]);
			return EX_TABLE;
		}
		e = decides(j->table, a, g->af[i]);
		hits += e && !e->neg;
		if (j->p->verbose)
			print_tested(j, i, e);
	}
	notice(j->p, "%zu/%zu addresses match.\n", hits, g->n);
	return hits == g->n ? 0 : EX_TEST;
}

/* ---- changing ---- */

static int
write_down(struct job *j)
{
	_cleanup_(str_clear) struct str text = STR_INIT;

	current_print(&text, j->current.rules);
	return store_put(&j->store, j->current.status.stamp.load_id, "rules",
	    &text, &j->err);
}

static int
put_table(struct job *j)
{
	if (!j->current.status.present)
		return load_ruleset(&j->store, &j->world, &j->current,
		    j->current.rules, false, &j->err);
	return change_table(&j->store, &j->current, j->table, &j->err);
}

static int
changed(struct job *j)
{
	if (put_table(j) < 0) {
		complain("%s", j->err.msg);
		return EX_TABLE;
	}
	return 0;
}

static int
cmd_add(struct job *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->given->n; i++) {
		if (index_of(j->table, j->given, i) >= 0)
			continue;
		append(j->table, j->given, i);
		n++;
	}
	if (n && changed(j))
		return EX_TABLE;
	notice(j->p, "%zu/%zu addresses added.\n", n, j->given->n);
	return 0;
}

static int
cmd_delete(struct job *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->given->n; i++) {
		ssize_t at = index_of(j->table, j->given, i);

		if (at < 0)
			continue;
		cut(j->table, (size_t)at);
		n++;
	}
	if (n && changed(j))
		return EX_TABLE;
	notice(j->p, "%zu/%zu addresses deleted.\n", n, j->given->n);
	return 0;
}

static int
cmd_flush(struct job *j)
{
	size_t n = j->table->n;

	j->table->n = 0;
	if (n && changed(j))
		return EX_TABLE;
	notice(j->p, "%zu addresses deleted.\n", n);
	return 0;
}

static int
cmd_replace(struct job *j)
{
	size_t added = 0, deleted = 0, turned = 0;

	for (size_t i = j->table->n; i-- > 0;) {
		if (index_of(j->given, j->table, i) >= 0)
			continue;
		cut(j->table, i);
		deleted++;
	}
	for (size_t i = 0; i < j->given->n; i++) {
		ssize_t at = index_of(j->table, j->given, i);

		if (at < 0) {
			append(j->table, j->given, i);
			added++;
		} else if (j->table->addr[at].neg != j->given->addr[i].neg) {
			j->table->addr[at].neg = j->given->addr[i].neg;
			turned++;
		}
	}
	if (added + deleted + turned && changed(j))
		return EX_TABLE;
	if (added)
		notice(j->p, "%zu addresses added.\n", added);
	if (deleted)
		notice(j->p, "%zu addresses deleted.\n", deleted);
	if (turned)
		notice(j->p, "%zu addresses changed.\n", turned);
	if (!added && !deleted && !turned)
		notice(j->p, "no changes.\n");
	return 0;
}

/* The rules that name the table stay and find it empty, as in pf. */
static int
cmd_kill(struct job *j)
{
	bool there = j->table != NULL;

	if (there) {
		j->table->n = 0;
		if (changed(j))
			return EX_TABLE;
		table_drop(j->current.rules, j->table);
		if (write_down(j) < 0)
			return EX_TABLE;
	}
	notice(j->p, "%d table deleted.\n", there);
	return 0;
}

/* ---- commands ---- */

static const struct table_cmd {
	const char *word;
	int (*run)(struct job *j);
	bool args;    /* takes addresses */
	bool create;  /* makes the table if it is missing */
	bool missing; /* works without the table */
	bool changes; /* not for a const table */
} cmds[] = {
	{ "show", cmd_show, .args = false },
	{ "test", cmd_test, .args = true },
	{ "add", cmd_add, .args = true, .create = true, .changes = true },
	{ "delete", cmd_delete, .args = true, .changes = true },
	{ "replace", cmd_replace, .args = true, .create = true,
	    .changes = true },
	{ "flush", cmd_flush, .changes = true },
	{ "kill", cmd_kill, .missing = true },
};

static const struct table_cmd *
cmd_find(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(cmds); i++)
		if (streq(cmds[i].word, word))
			return &cmds[i];
	return NULL;
}

/* A table that no rules know: a persistent one, kept for rules to come. */
static int
create(struct job *j)
{
	const char *path = j->p->anchor ? j->p->anchor : "";
	struct pf_ruleset *rs = j->current.rules;
	struct pf_anchor *a = pf_anchor_find(rs, path);
	struct pf_table *t = arena_new(&rs->arena, struct pf_table);

	if (a && a->braces) {
		complain("%s is an anchor between braces: a table of its own "
			 "is not built yet",
		    path);
		return EX_TABLE;
	}
	t->name = j->p->table;
	t->anchor = path;
	t->persist = t->init = true;
	t->next = rs->tables;
	rs->tables = t;
	j->table = t;
	notice(j->p, "1 table created.\n");
	return 0;
}

static int
prepare(struct job *j, const struct table_cmd *cmd)
{
	if (!j->table && !cmd->create && !cmd->missing) {
		complain("Table does not exist.");
		return EX_TABLE;
	}
	if (j->table && j->table->is_const && cmd->changes) {
		complain("Operation not permitted.");
		return EX_TABLE;
	}
	if (cmd->args && read_args(j) < 0)
		return EX_TABLE;
	if (j->table || !cmd->create)
		return 0;
	return create(j);
}

static int
run(struct job *j, const struct table_cmd *cmd)
{
	int r = world_read(j->p->facts, &j->world, &j->err);

	if (r == 0)
		r = store_open(&j->store, &j->err);
	if (r == 0)
		r = current_read(&j->store, j->world.env, &j->current, &j->err);
	if (r < 0) {
		complain("%s", j->err.msg);
		return EX_TABLE;
	}
	j->table = find(j->p, j->current.rules);
	r = prepare(j, cmd);
	return r ? r : cmd->run(j);
}

int
do_table(struct pfctl *p)
{
	const struct table_cmd *cmd = cmd_find(p->table_cmd);
	struct job j = {
		.p = p,
		.store = STORE_INIT,
		.current = CURRENT_INIT,
	};
	int rc;

	if (!cmd) {
		complain("-T %s is not built yet", p->table_cmd);
		return EX_TABLE;
	}
	if (!*p->table) {
		complain("Invalid argument.");
		return EX_TABLE;
	}
	if (*p->args && !cmd->args)
		usage();
	rc = run(&j, cmd);
	pf_ruleset_freep(&j.args);
	current_clear(&j.current);
	store_close(&j.store);
	world_clear(&j.world);
	return rc;
}
