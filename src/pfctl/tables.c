/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pfctl -s Tables and -t TABLE -T COMMAND.
 *
 * The table kept with the loaded rules says what is in it; the kernel's sets
 * are made from that. A command changes the first and replaces the second.
 */
#include "base/array.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "base/ranges.h"
#include "pfctl/states.h"

struct job {
	struct pfctl *p;
	struct store store;
	struct world world;
	struct current current;
	struct pf_table *table;	 /* NULL: there is none of this name */
	struct pf_ruleset *args; /* holds what was given as addresses */
	const struct pf_table *given;
	struct table_index in_table, in_given; /* before the command */
	struct str answers;		       /* to print at the end */
	struct err err;
};

/* What became of an address. */
enum answer { NOTHING, ADDED, DELETED, CHANGED, DUPLICATE, CONFLICT };

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

struct pf_table *
table_find(const struct pf_ruleset *rs, const char *anchor, const char *name)
{
	for (struct pf_table *t = rs->tables; t; t = t->next)
		if (streq(table_anchor(t), anchor) && streq(t->name, name))
			return t;
	return NULL;
}

int64_t
tables_room(const struct pf_ruleset *rs)
{
	uint32_t max = rs->options.limit[PF_LIMIT_TABLE_ENTRIES];
	int64_t n = 0;

	for (const struct pf_table *t = rs->tables; t; t = t->next)
		n += (int64_t)t->n;
	return max ? max - n : INT64_MAX;
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
	free(t->since);
}

/* ---- addresses ---- */

/* Where is the i-th of `from` in the table, as it was before the command? */
static ssize_t
index_of(const struct job *j, const struct pf_table *from, size_t i)
{
	return table_index_find(&j->in_table, from, i);
}

/* An address that was given before is told as one of two kinds. */
static enum answer
again(const struct job *j, size_t i)
{
	const struct pf_table *g = j->given;
	size_t k = (size_t)table_index_find(&j->in_given, g, i);

	return k == i			       ? NOTHING
	    : g->addr[k].neg == g->addr[i].neg ? DUPLICATE
					       : CONFLICT;
}

/* -r: the name of a host. */
static void
print_name(
    struct str *s, const struct job *j, const struct pf_table *t, size_t i)
{
	const struct pf_addr *a = &t->addr[i];
	char name[NI_MAXHOST];

	if (j->p->resolve && a->kind == PF_ADDR_IP &&
	    a->bits == (t->af[i] == AF_INET ? 32 : 128) &&
	    host_name(name, a->ip.b, t->af[i]))
		str_printf(s, "\t(%s)", name);
}

/* An address without its "!". */
static void
print_addr(
    struct str *s, const struct job *j, const struct pf_table *t, size_t i)
{
	struct pf_addr a = t->addr[i];

	a.neg = false;
	pf_print_addr(s, &a, t->af[i], 0);
	print_name(s, j, t, i);
}

/* -v: what became of each that was given, -vv: those of which nothing did,
 * too. The letters are 12.1's. */
static void
put_answer(struct job *j, enum answer a, const struct pf_table *t, size_t i)
{
	static const char letters[] = {
		[NOTHING] = ' ',
		[ADDED] = 'A',
		[DELETED] = 'D',
		[CHANGED] = 'C',
		[DUPLICATE] = 'X',
		[CONFLICT] = 'Y',
	};

	if (j->p->verbose < (a == NOTHING ? 2 : 1))
		return;
	str_printf(
	    &j->answers, "%c %c", letters[a], t->addr[i].neg ? '!' : ' ');
	print_addr(&j->answers, j, t, i);
	str_addc(&j->answers, '\n');
}

void
table_append(
    struct pf_table *t, const struct pf_addr *a, uint8_t af, int64_t since)
{
	size_t cap = t->cap;

	t->addr = array_grow(t->addr, t->n, &cap, sizeof(*t->addr));
	t->af = xreallocarray(t->af, cap, sizeof(*t->af));
	t->since = xreallocarray(t->since, cap, sizeof(*t->since));
	t->cap = cap;
	t->addr[t->n] = *a;
	t->since[t->n] = since;
	t->af[t->n++] = af;
}

static void
append(struct pf_table *t, const struct pf_table *from, size_t i)
{
	table_append(t, &from->addr[i], from->af[i], since_now());
}

/* Take out those that are marked, of the first n. */
static void
cut(struct pf_table *t, const bool *marked, size_t n)
{
	size_t to = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (i < n && marked[i])
			continue;
		t->addr[to] = t->addr[i];
		t->af[to] = t->af[i];
		t->since[to++] = t->since[i];
	}
	t->n = to;
}

/* Read the words of the command line, and those of the file of -f, as a
 * table's addresses. */
static int
read_args(struct job *j)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	int r;

	str_add(&text, "table <given> persist {");
	for (char *const *arg = j->p->args; *arg; arg++)
		str_printf(&text, " %s", *arg);
	str_add(&text, " }");
	str_add(&text, j->p->file ? " file \"file\"\n" : "\n");
	r = parse_with_names(text.buf, j->p->file, j->world.env, &j->args);
	if (r < 0 && j->p->file)
		complain("cannot load %s: %s", j->p->file, strerror(-r));
	if (r < 0)
		return r;
	j->given = j->args->tables;
	return 0;
}

/* ---- showing ---- */

/* As pf's tree has them: IPv4 first, by address, a host before its network. */
static int
by_addr(const void *a, const void *b, void *table)
{
	const struct pf_table *t = table;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;
	const struct pf_addr *x = &t->addr[i], *y = &t->addr[k];
	int r = (t->af[i] == AF_INET6) - (t->af[k] == AF_INET6);

	if (r == 0)
		r = memcmp(&x->ip, &y->ip, sizeof(x->ip));
	return r ? r : (int)y->bits - (int)x->bits;
}

static void
print_cleared(struct str *s, int64_t since)
{
	time_t when = (time_t)since;
	char buf[32];

	str_printf(s, "\tCleared:     %s", ctime_r(&when, buf));
}

static int
cmd_show(struct job *j)
{
	_cleanup_(str_clear) struct str s = STR_INIT;
	struct pf_table *t = j->table;
	_cleanup_free_ size_t *order = xcalloc(t->n + 1, sizeof(*order));

	for (size_t i = 0; i < t->n; i++)
		order[i] = i;
	qsort_r(order, t->n, sizeof(*order), by_addr, t);
	for (size_t i = 0; i < t->n; i++) {
		str_printf(&s, "  %c", t->addr[order[i]].neg ? '!' : ' ');
		print_addr(&s, j, t, order[i]);
		str_addc(&s, '\n');
		if (j->p->verbose)
			print_cleared(&s, t->since[order[i]]);
	}
	fputs(s.buf, stdout);
	if (!j->p->verbose || !t->counters)
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
	print_name(&s, j, j->given, i);
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
		if (j->p->verbose > 1 || (j->p->verbose && e && !e->neg))
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

/* For a change that adds addresses. */
static bool
is_too_much(const struct job *j)
{
	int64_t room = tables_room(j->current.rules);
	int64_t max = j->current.rules->options.limit[PF_LIMIT_TABLE_ENTRIES];

	if (room < 0)
		complain("all tables together would have %" PRId64
			 " addresses, and set limit table-entries of the "
			 "loaded rules is %" PRId64
			 ": delete some, or load rules with a higher limit",
		    max - room, max);
	return room < 0;
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
	const struct pf_table *g = j->given;
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++) {
		enum answer a = again(j, i);
		ssize_t at = index_of(j, g, i);

		if (at >= 0 && a == NOTHING &&
		    j->table->addr[at].neg != g->addr[i].neg)
			a = CONFLICT;
		if (at < 0 && a == NOTHING) {
			append(j->table, g, i);
			a = ADDED;
			n++;
		}
		put_answer(j, a, g, i);
	}
	if (n && (is_too_much(j) || changed(j)))
		return EX_TABLE;
	notice(j->p, "%zu/%zu addresses added.\n", n, g->n);
	return 0;
}

static int
cmd_delete(struct job *j)
{
	_cleanup_free_ bool *gone = xcalloc(j->table->n + 1, sizeof(*gone));
	const struct pf_table *g = j->given;
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++) {
		enum answer a = again(j, i);
		ssize_t at = index_of(j, g, i);

		if (at >= 0 && !gone[at]) {
			gone[at] = j->table->addr[at].neg == g->addr[i].neg;
			a = gone[at] ? DELETED : CONFLICT;
			n += gone[at];
		}
		put_answer(j, a, g, i);
	}
	cut(j->table, gone, j->table->n);
	if (n && changed(j))
		return EX_TABLE;
	notice(j->p, "%zu/%zu addresses deleted.\n", n, g->n);
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

/* As it was given: an address is new, or turned, or nothing happens to it. */
static enum answer
replace_one(struct job *j, size_t i)
{
	const struct pf_table *g = j->given;
	ssize_t at = index_of(j, g, i);

	if (again(j, i) != NOTHING)
		return DUPLICATE;
	if (at < 0) {
		append(j->table, g, i);
		return ADDED;
	}
	if (j->table->addr[at].neg == g->addr[i].neg)
		return NOTHING;
	j->table->addr[at].neg = g->addr[i].neg;
	return CHANGED;
}

static int
cmd_replace(struct job *j)
{
	size_t had = j->table->n, n[CONFLICT + 1] = { 0 };
	_cleanup_free_ bool *gone = xcalloc(had + 1, sizeof(*gone));
	struct str deleted = STR_INIT;

	for (size_t i = had; i-- > 0;) {
		if (table_index_find(&j->in_given, j->table, i) >= 0)
			continue;
		put_answer(j, DELETED, j->table, i);
		gone[i] = true;
		n[DELETED]++;
	}
	/* They are told behind the others. */
	deleted = j->answers;
	j->answers = (struct str)STR_INIT;
	for (size_t i = 0; i < j->given->n; i++) {
		enum answer a = replace_one(j, i);

		n[a]++;
		put_answer(j, a, j->given, i);
	}
	str_add(&j->answers, deleted.buf);
	str_clear(&deleted);
	cut(j->table, gone, had);
	if (n[ADDED] > n[DELETED] && is_too_much(j))
		return EX_TABLE;
	if (n[ADDED] + n[DELETED] + n[CHANGED] && changed(j))
		return EX_TABLE;
	if (n[ADDED])
		notice(j->p, "%zu addresses added.\n", n[ADDED]);
	if (n[DELETED])
		notice(j->p, "%zu addresses deleted.\n", n[DELETED]);
	if (n[CHANGED])
		notice(j->p, "%zu addresses changed.\n", n[CHANGED]);
	if (!n[ADDED] && !n[DELETED] && !n[CHANGED])
		notice(j->p, "no changes.\n");
	return 0;
}

static int
cmd_zero(struct job *j)
{
	bool there = j->table != NULL;

	if (there) {
		since_zero(j->table);
		if (changed(j))
			return EX_TABLE;
	}
	notice(j->p, "%d table/stats cleared.\n", there);
	return 0;
}

/* Take out what is in the table for longer than that many seconds. */
static int
cmd_expire(struct job *j)
{
	_cleanup_free_ bool *gone = xcalloc(j->table->n + 1, sizeof(*gone));
	int64_t life, now = since_now();
	size_t n = 0;

	if (!*j->p->args || j->p->args[1])
		usage();
	if (str_to_i64(j->p->args[0], 0, UINT32_MAX, &life) < 0) {
		complain("expiry time: %s is not a number of seconds",
		    j->p->args[0]);
		return 1;
	}
	for (size_t i = j->table->n; i-- > 0;) {
		if (now - j->table->since[i] <= life)
			continue;
		if (j->table->is_const) {
			complain("Operation not permitted.");
			return EX_TABLE;
		}
		put_answer(j, DELETED, j->table, i);
		gone[i] = true;
		n++;
	}
	cut(j->table, gone, j->table->n);
	if (n && changed(j))
		return EX_TABLE;
	notice(j->p, "%zu/%zu addresses expired.\n", n, n);
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
	bool number;  /* takes a number */
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
	{ "zero", cmd_zero, .missing = true },
	{ "expire", cmd_expire, .number = true },
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
	if (cmd->changes || cmd->run == cmd_kill)
		r = overload_settle(j->current.rules, &j->err);
	if (r < 0) {
		complain("%s", j->err.msg);
		return EX_TABLE;
	}
	j->table = table_find(
	    j->current.rules, j->p->anchor ? j->p->anchor : "", j->p->table);
	r = prepare(j, cmd);
	if (r)
		return r;
	if (cmd->args) {
		table_index_make(&j->in_table, j->table);
		table_index_make(&j->in_given, j->args->tables);
	}
	return cmd->run(j);
}

int
do_table(struct pfctl *p)
{
	const struct table_cmd *cmd = cmd_find(p->table_cmd);
	struct job j = {
		.p = p,
		.store = STORE_INIT,
		.current = CURRENT_INIT,
		.answers = STR_INIT,
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
	if ((*p->args && !cmd->args && !cmd->number) || (p->file && !cmd->args))
		usage();
	rc = run(&j, cmd);
	if (rc == 0)
		fputs(j.answers.buf, stdout);
	str_clear(&j.answers);
	table_index_clear(&j.in_table);
	table_index_clear(&j.in_given);
	pf_ruleset_freep(&j.args);
	current_clear(&j.current);
	store_close(&j.store);
	world_clear(&j.world);
	return rc;
}
