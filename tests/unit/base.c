/* SPDX-License-Identifier: BSD-2-Clause */
/* base: errors, strings, arrays, maps, arenas, JSON, tables, steps. */
#include "tap.h"

#include <errno.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/err.h"
#include "base/finding.h"
#include "base/json.h"
#include "base/map.h"
#include "base/steps.h"
#include "base/str.h"
#include "base/table.h"

static void
test_err(void)
{
	struct err err = { 0 };

	is_int(err_set(&err, EEXIST, "jail '%s' exists", "web"), -EEXIST,
	    "err_set returns the negative code");
	is_str(err.msg, "jail 'web' exists", "and keeps the sentence");
	is_int(err_wrap(&err, -EEXIST, "create"), -EEXIST, "wrap keeps it");
	is_str(err.msg, "create: jail 'web' exists", "wrap goes before");
	errno = ENOENT;
	err_errno(&err, "cannot open %s", "/x");
	is_str(err.msg, "cannot open /x: No such file or directory",
	    "errno's text ends the sentence");
	is_int(err_set(NULL, EINVAL, "nobody listens"), -EINVAL,
	    "a NULL err is allowed");
}

static void
test_str(void)
{
	_cleanup_(str_clear) struct str s = STR_INIT;
	static const char *const words[] = { "start", "stop", "restart", NULL };
	int64_t i;
	uint64_t u;

	is_str(s.buf, "", "a new string is an empty C string");
	for (int n = 0; n < 100; n++)
		str_printf(&s, "%d,", n);
	is_int(s.len, 290, "printf grows it");
	str_cut(&s, 4);
	is_str(s.buf, "0,1,", "cut");
	str_reset(&s);
	str_addu(&s, 0);
	str_addu(&s, UINT32_MAX);
	is_str(s.buf, "04294967295", "the least number and the greatest");
	str_reset(&s);
	str_add_visible(&s, "a\x1b[2Jb\xc3\xa4\xff\xc2\x9b");
	is_str(s.buf, "a\\x1b[2Jb\xc3\xa4\\xff\\xc2\\x9b",
	    "commands to a terminal are shown, letters stay");
	is_str(str_nearest("strat", words), "start", "the nearest word");
	ok(str_nearest("frobnicate", words) == NULL, "none is near enough");
	is_int(str_to_i64("12x", 0, 99, &i), -EINVAL, "12x is no number");
	is_int(str_to_i64("100", 0, 99, &i), -ERANGE, "100 is over 99");
	ok(str_to_i64("-7", -9, 9, &i) == 0 && i == -7, "-7 is a number");
	ok(str_to_size("1.5G", &u) == 0 && u == 1610612736, "1.5G");
	ok(str_to_size("512", &u) == 0 && u == 512, "512");
	is_int(str_to_size("1x", &u), -EINVAL, "1x is no size");
	is_int(str_to_size("99999p", &u), -ERANGE, "a size over 64 bits");
	is_int(str_to_size("0x10", &u), -EINVAL, "0x10 is no size");
	str_reset(&s);
	str_add_size(&s, 1610612736);
	is_str(s.buf, "1.5G", "a size for people");
}

static void
test_map(void)
{
	struct map m;
	char key[32];

	map_init(&m, free);
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		map_set(&m, key, xstrdup(key));
	}
	is_str(map_get(&m, "k517"), "k517", "1000 entries, each is found");
	ok(map_get(&m, "k1000") == NULL, "what is not there is NULL");
	is_str(m.v[999].key, "k999", "the order is that of insertion");
	ok(map_remove(&m, "k0") && !map_remove(&m, "k0"), "removed once");
	is_str(map_get(&m, "k999"), "k999", "the others stay");
	map_set(&m, "k1", xstrdup("new"));
	is_str(map_get(&m, "k1"), "new", "replaced");
	is_int(m.n, 999, "and not added");
	map_sort(&m);
	is_str(m.v[1].key, "k10", "sorted by key");
	is_str(map_get(&m, "k42"), "k42", "found after sorting");
	map_clear(&m);
	is_int(m.n, 0, "cleared");
}

static void
test_arena(void)
{
	struct arena a = { 0 };
	char *s = arena_printf(&a, "%s-%d", "x", 7);
	char *big = arena_alloc(&a, 100000);

	is_str(s, "x-7", "printf into an arena");
	is_int(big[99999], 0, "pieces are zeroed");
	is_int((uintptr_t)arena_alloc(&a, 3) % 16, 0, "and aligned");
	arena_clear(&a);
	ok(a.head == NULL && a.total == 0, "cleared");
}

static void
test_json(void)
{
	_cleanup_(str_clear) struct str s = STR_INIT;
	struct json j;

	json_init(&j, &s);
	json_begin_doc(&j, "gaol.test", 1);
	json_key(&j, "a");
	json_open_array(&j);
	json_int(&j, -1);
	json_str(&j, "q\"\n\x01\xff");
	json_end(&j);
	json_key(&j, "e");
	json_open_object(&j);
	json_end(&j);
	json_kbool(&j, "b", true);
	json_end_doc(&j);
	is_str(s.buf,
	    "{\n    \"schema\": \"gaol.test\",\n    \"version\": 1,\n"
	    "    \"a\": [\n        -1,\n"
	    "        \"q\\\"\\n\\u0001\xef\xbf\xbd\"\n    ],\n"
	    "    \"e\": {},\n    \"b\": true\n}\n",
	    "a document");
}

static void
test_table(void)
{
	static const char *const header[] = { "JID", "NAME", NULL };
	static const char *const cells[] = { "2", "web10", "1", "web9", "3",
		"web010" };
	_cleanup_(str_clear) struct str s = STR_INIT;
	struct table t;

	table_init(&t, header);
	for (size_t i = 0; i < ARRAY_SIZE(cells); i++)
		table_cell(&t, cells[i]);
	table_sort(&t, 1);
	table_frame(&t, &s);
	is_str(s.buf,
	    "+-----+--------+\n| JID | NAME   |\n+=====+========+\n"
	    "| 1   | web9   |\n+-----+--------+\n"
	    "| 3   | web010 |\n+-----+--------+\n"
	    "| 2   | web10  |\n+-----+--------+\n",
	    "iocage's frame, names in natural order");
	str_reset(&s);
	table_tabs(&t, &s);
	is_str(s.buf, "1\tweb9\n3\tweb010\n2\tweb10\n", "tabs for scripts");
	str_reset(&s);
	table_plain(&t, &s);
	is_str(s.buf, "JID  NAME\n1    web9\n3    web010\n2    web10\n",
	    "plain columns");
	table_clear(&t);
}

struct log {
	struct str s;
	const char *fail;
};

static int
log_a(void *ctx, struct err *err)
{
	struct log *l = ctx;

	str_add(&l->s, "+a");
	return streq(l->fail, "a") ? err_set(err, EIO, "a broke") : 0;
}

static int
unlog_a(void *ctx, struct err *err)
{
	struct log *l = ctx;

	(void)err;
	str_add(&l->s, "-a");
	return 0;
}

static int
log_b(void *ctx, struct err *err)
{
	struct log *l = ctx;

	str_add(&l->s, "+b");
	return streq(l->fail, "b") ? err_set(err, EIO, "b broke") : 0;
}

static int
unlog_b(void *ctx, struct err *err)
{
	struct log *l = ctx;

	str_add(&l->s, "-b");
	return err_set(err, EBUSY, "b stays");
}

static bool
never(const void *ctx)
{
	(void)ctx;
	return false;
}

static const struct step log_steps[] = {
	{ "a", "do a", log_a, unlog_a, NULL },
	{ "never", "not done", log_b, unlog_b, never },
	{ "b", "do b", log_b, unlog_b, NULL },
};

static void
test_steps(void)
{
	static const struct steps steps = { "test", log_steps,
		ARRAY_SIZE(log_steps), NULL };
	struct log l = { STR_INIT, "b" };
	struct err err = { 0 };

	is_int(steps_run(&steps, &l, &err), -EIO, "a failing step fails");
	is_str(l.s.buf, "+a+b-a", "what was done is undone, backwards");
	is_str(err.msg, "do b: b broke", "the sentence names the step");
	str_reset(&l.s);
	l.fail = "";
	is_int(steps_run(&steps, &l, &err), 0, "all steps");
	is_int(steps_undo(&steps, &l, NULL, &err), -EBUSY, "undo's error");
	is_str(l.s.buf, "+a+b-b-a", "does not stop the walk");
	is_str(err.msg, "undoing 'do b': b stays", "and is told");
	str_reset(&l.s);
	steps_plan(&steps, &l, &l.s);
	is_str(l.s.buf, "a\tdo a\nb\tdo b\n", "the plan");
#ifdef GAOL_FAULTS
	setenv("GAOL_FAULT", "test:b:after", 1);
	str_reset(&l.s);
	is_int(steps_run(&steps, &l, &err), -EIO, "a fault after a step");
	is_str(l.s.buf, "+a+b-b-a", "its own undo is walked too");
	setenv("GAOL_FAULT", "test:b", 1);
	str_reset(&l.s);
	is_int(steps_run(&steps, &l, &err), -EIO, "a fault before a step");
	is_str(l.s.buf, "+a-a", "it did not run");
	unsetenv("GAOL_FAULT");
#endif
	str_clear(&l.s);
}

static void
test_findings(void)
{
	struct findings all = { 0 };
	struct str out = STR_INIT;
	struct json j;
	struct finding *f;

	findings_text(&all, &out);
	is_str(out.buf, "nothing found\n", "no finding");
	is_int(findings_exit_code(&all), 0, "is code 0");
	f = finding_add(&all, FINDING_NOTE, "b");
	finding_thing(f, "jail %s", "web");
	finding_what(f, "is up");
	f = finding_add(&all, FINDING_ERROR, "a");
	finding_at(f, "pf.conf", 10);
	finding_source(f, "pass\tall");
	finding_what(f, "%s passes", "all");
	finding_why(f, "%s",
	    "a sentence that is long enough for a second "
	    "line, and the first ends before it");
	f = finding_add(&all, FINDING_WARNING, "c");
	finding_at(f, "pf.conf", 9);
	finding_what(f, "nine");
	finding_fix(f, "do\nthis");
	findings_sort(&all);
	str_reset(&out);
	findings_text(&all, &out);
	is_str(out.buf,
	    "pf.conf:9: warning: nine\n"
	    "    fix: do\n         this\n"
	    "pf.conf:10: error: all passes\n"
	    "    | pass\\x09all\n"
	    "    why: a sentence that is long enough for a second line, and "
	    "the first ends\n         before it\n"
	    "jail web: note: is up\n"
	    "1 error, 1 warning, 1 note\n",
	    "findings for people, in order");
	is_int(findings_exit_code(&all), 1, "findings are code 1");
	for (size_t i = 0; i < all.n; i++)
		all.v[i].mended = true;
	is_int(findings_exit_code(&all), 0, "mended ones are not");
	findings_unchecked(&all, "no %s", "pool");
	is_int(findings_exit_code(&all), 2, "not looked at is code 2");
	str_reset(&out);
	json_init(&j, &out);
	json_begin_doc(&j, "t", 1);
	findings_json(&all, &j);
	json_end_doc(&j);
	ok(strstr(out.buf, "\"line\": 10,") != NULL &&
		strstr(out.buf, "\"thing\": \"jail web\"") != NULL &&
		strstr(out.buf, "\"no pool\"") != NULL,
	    "findings as JSON");
	findings_clear(&all);
	str_clear(&out);
}

int
main(void)
{
	test_err();
	test_str();
	test_map();
	test_arena();
	test_json();
	test_table();
	test_steps();
	test_findings();
	return done_testing();
}
