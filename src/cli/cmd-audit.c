/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol audit: try to break out of a throw-away clone of a jail. */
#include <errno.h>
#include <signal.h>

#include "base/json.h"
#include "base/proc.h"
#include "base/table.h"
#include "cli/audit.h"

struct audit_opts {
	bool list;
	struct strv only;
};

static const struct cli_opt audit_options[] = {
	CLI_LIST('p', "probe", "NAME", struct audit_opts, only,
	    "only this one; may be given several times"),
	CLI_FLAG('l', "list", struct audit_opts, list,
	    "only list the probes and their guards"),
	CLI_OPT_END
};

static const char *const result_words[] = {
	[AUDIT_HELD] = "held",
	[AUDIT_OPEN] = "NOT HELD",
	[AUDIT_ABSENT] = "not testable here",
	[AUDIT_NOT_RUN] = "-",
};

static void
add_traps(struct audit_rows *rows)
{
	for (const struct audit_trap *t = audit_traps; t->name != NULL; t++)
		*array_add(rows) =
		    (struct audit_row){ xstrdup(t->name), xstrdup(t->tries),
			    xstrdup(t->guard), { AUDIT_NOT_RUN, "" } };
}

static bool
is_wanted(const struct audit_opts *o, const char *name)
{
	return o->only.n == 0 || strv_has(&o->only, name);
}

static int
check_names(const struct audit_opts *o, const struct audit_rows *rows,
    const char *of, struct err *err)
{
	for (size_t i = 0; i < o->only.n; i++) {
		bool known = false;

		for (size_t k = 0; k < rows->n; k++)
			known = known || streq(o->only.v[i], rows->v[k].name);
		if (!known)
			return err_set(err, ENOENT,
			    "there is no probe '%s'; `gaol audit -l %s` "
			    "lists them",
			    o->only.v[i], of);
	}
	return 0;
}

/* Rows of traps first (the clone is down), then those of the program. */
static int
run_all(struct audit *a, const struct audit_opts *o, struct audit_rows *rows,
    struct err *err)
{
	size_t i = 0;
	int r = audit_trial(a, err);

	for (; r == 0 && audit_traps[i].name != NULL; i++) {
		if (!is_wanted(o, audit_traps[i].name))
			continue;
		cli_debug(a->c, "trap %s", audit_traps[i].name);
		audit_trap_run(a, &audit_traps[i], &rows->v[i].verdict);
	}
	if (r == 0)
		r = audit_start(a, err);
	for (; r == 0 && i < rows->n; i++) {
		if (!is_wanted(o, rows->v[i].name))
			continue;
		cli_debug(a->c, "probe %s", rows->v[i].name);
		r = audit_probe(a, &rows->v[i], err);
		/* One that got through may have changed what the next finds. */
		if (r == 0 && rows->v[i].verdict.result == AUDIT_OPEN) {
			audit_stop(a);
			r = audit_start(a, err);
		}
	}
	return r;
}

/* A list has no results, and people know from the name what is tried. */
static bool
is_shown(const struct cli *c, const struct audit_opts *o, size_t column)
{
	static const char list[] = "yyynn", people[] = "ynyyy";

	return c->bare || (o->list ? list : people)[column] == 'y';
}

static void
print_table(
    struct cli *c, const struct audit_opts *o, const struct audit_rows *rows)
{
	static const char *const all[] = { "PROBE", "TRIES TO", "GUARD",
		"RESULT", "WHY" };
	const char *header[ARRAY_SIZE(all) + 1] = { NULL };
	_cleanup_(str_clear) struct str out = STR_INIT;
	struct table t;
	size_t n = 0;

	for (size_t k = 0; k < ARRAY_SIZE(all); k++)
		if (is_shown(c, o, k))
			header[n++] = all[k];
	table_init(&t, header);
	for (size_t i = 0; i < rows->n; i++) {
		const struct audit_row *row = &rows->v[i];
		const char *cells[] = { row->name, row->tries, row->guard,
			result_words[row->verdict.result], row->verdict.why };

		for (size_t k = 0; k < ARRAY_SIZE(all); k++)
			if (is_wanted(o, row->name) && is_shown(c, o, k))
				table_cell(&t, cells[k]);
	}
	if (c->bare)
		table_tabs(&t, &out);
	else
		table_plain(&t, &out);
	table_clear(&t);
	fputs(out.buf, stdout);
}

static void
print_json(const struct audit *a, const struct audit_opts *o,
    const struct audit_rows *rows)
{
	static const char *const words[] = { [AUDIT_HELD] = "held",
		[AUDIT_OPEN] = "not held",
		[AUDIT_ABSENT] = "not testable",
		[AUDIT_NOT_RUN] = "not run" };
	_cleanup_(str_clear) struct str out = STR_INIT;
	struct json j;

	json_init(&j, &out);
	json_begin_doc(&j, "gaol.audit", 1);
	json_kstr(&j, "jail", a->of);
	json_key(&j, "probes");
	json_open_array(&j);
	for (size_t i = 0; i < rows->n; i++) {
		const struct audit_row *row = &rows->v[i];

		if (!is_wanted(o, row->name))
			continue;
		json_open_object(&j);
		json_kstr(&j, "name", row->name);
		json_kstr(&j, "tries", row->tries);
		json_kstr(&j, "guard", row->guard);
		json_kstr(&j, "result", words[row->verdict.result]);
		json_kstr(&j, "why", row->verdict.why);
		json_end(&j);
	}
	json_end(&j);
	json_end_doc(&j);
	fputs(out.buf, stdout);
}

static size_t
count(const struct audit_opts *o, const struct audit_rows *rows,
    enum audit_result result)
{
	size_t n = 0;

	for (size_t i = 0; i < rows->n; i++)
		n += is_wanted(o, rows->v[i].name) &&
		    rows->v[i].verdict.result == result;
	return n;
}

static int
report(
    struct audit *a, const struct audit_opts *o, const struct audit_rows *rows)
{
	struct cli *c = a->c;
	size_t open = count(o, rows, AUDIT_OPEN);

	if (c->json)
		print_json(a, o, rows);
	else
		print_table(c, o, rows);
	if (!c->json && !c->bare && !o->list)
		cli_say(c,
		    "jail '%s': %zu held, %zu NOT HELD, %zu not "
		    "testable here",
		    a->of, count(o, rows, AUDIT_HELD), open,
		    count(o, rows, AUDIT_ABSENT));
	return open > 0 ? 1 : 0;
}

static int
audit(struct audit *a, const struct audit_opts *o, struct audit_rows *rows,
    struct err *err)
{
	struct err end = { 0 };
	int r = audit_clone_make(a, err);

	if (r == 0)
		r = audit_canaries_make(a, err);
	if (r == 0)
		r = run_all(a, o, rows, err);
	if (a->canary > 0)
		(void)kill(a->canary, SIGKILL);
	if (audit_clone_end(a, &end) < 0 && r >= 0) {
		*err = end;
		r = -EIO;
	}
	return r;
}

/* Exit codes of their own: 1 is a jail that does not hold, so that what kept
 * us from trying is 2, and said here. */
static int
audit_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	const struct audit_opts *o = opts;
	_cleanup_(audit_rows_clear) struct audit_rows rows = { 0 };
	_cleanup_free_ char *name = NULL;
	struct audit a = { .c = c, .cleaner_fd = -1, .canary_fd = -1 };
	int r = cli_jail_name(c, argv[0], &name, err);

	(void)argc;
	a.jail.dir_fd = -1;
	a.spec.spec.root_fd = a.spec.spec.log_fd = -1;
	a.spec.spec.old_log_fd = -1;
	if (r == 0) {
		a.of = name;
		a.name = xasprintf("%s.audit", name);
		a.helper = proc_helper("audit");
		r = conf_name_check(a.name, err);
	}
	add_traps(&rows);
	if (r == 0)
		r = audit_list(&a, &rows, err);
	if (r == 0)
		r = check_names(o, &rows, name, err);
	if (r == 0 && !o->list)
		r = audit(&a, o, &rows, err);
	if (r == 0)
		r = report(&a, o, &rows);
	strv_clear(&a.params);
	free(a.name);
	free(a.dir);
	free(a.helper);
	if (r >= 0)
		return r;
	cli_error(c, err);
	err_clear(err);
	return 2;
}

const struct cli_verb cmd_audit = {
	.name = "audit",
	.args = "JAIL",
	.summary = "try to break out of a clone of a jail",
	.help = "Makes a throw-away clone of the jail, with its properties but"
		" on free addresses and\nwithout its hooks, and tries there, as"
		" root, what a hostile jail would try. Each probe\nis shown"
		" with the guard that should hold it. The clone is destroyed"
		" afterwards, also\nif the audit is interrupted. Exit codes: 0"
		" all held, 1 something did not, 2 could\nnot audit.",
	.min_args = 1,
	.max_args = 1,
	.flags = CLI_ROOT | CLI_POOL | CLI_READS,
	.options = audit_options,
	.opts_size = sizeof(struct audit_opts),
	.run = audit_run,
};
