/* SPDX-License-Identifier: BSD-2-Clause */
/* pfctl -n --lint and pfctl --test: a pf.conf is looked at and tried, and
 * nothing is loaded. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "net/net.h"
#include "pf/expect.h"
#include "pf/lint.h"
#include "pfctl/pfctl.h"

enum { EX_FOUND = 1, EX_CANNOT = 2, EXPECT_MAX = 16 << 20 };

/* What a file is looked at with. */
struct look {
	struct world world;
	struct pf_machine own;
	struct pf_machine *machine; /* own, or that of the facts */
	struct pf_ruleset *rules;
};

static void
look_clear(struct look *k)
{
	pf_ruleset_freep(&k->rules);
	pf_machine_clear(&k->own);
	world_clear(&k->world);
}

/* ---- the machine ---- */

static void
add_jail(struct pf_machine *m, const struct net_jail_link *from)
{
	struct pf_jail *j = array_add(&m->jails);

	j->name = from->jail;
	j->up = true;
	for (size_t i = 0; i < from->addrs.n; i++) {
		const struct net_addr *a = &from->addrs.v[i];
		struct pf_ip_af *to = array_add(&j->addrs);

		to->af = a->family;
		memcpy(to->ip.b, a->b, a->family == AF_INET ? 4 : 16);
	}
}

/* The jails that run, and forwarding as a host of jails has it: what the rules
 * say is asked, not what the host is set to. */
static void
read_machine(struct look *k)
{
	const struct net_view *view = &k->world.host.view;

	if (k->world.facts) {
		k->machine = pf_facts_machine(k->world.facts);
		return;
	}
	k->own.env = k->world.env;
	k->own.forward4 = k->own.forward6 = true;
	for (size_t i = 0; i < view->jails.n; i++)
		add_jail(&k->own, &view->jails.v[i]);
	k->machine = &k->own;
}

/* ---- the rules, as written ---- */

static void
put_error(void *ctx, enum pf_stream stream, const char *text, size_t len)
{
	(void)ctx;
	if (stream == PF_STDERR)
		(void)fwrite(text, 1, len, stderr);
}

static int
read_rules(struct look *k, struct pfctl *p, const char *file, struct err *err)
{
	const struct pf_opts opts = {
		.anchor = p->anchor,
		.load = PF_LOAD_ALL,
		.dry = true,
		.terminal = isatty(STDERR_FILENO),
		.optimize_given = true,
		.optimize = PF_OPT_NONE,
		.defines = (const char *const *)strv_argv(&p->defines),
	};
	const struct pf_out out = { put_error, NULL };
	struct err told = { 0 };

	if (pf_load(file, &opts, k->world.env, &out, &k->rules, &told) < 0)
		return err_set(err, EINVAL, "%s does not load", file);
	return 0;
}

static int
look_at(struct look *k, struct pfctl *p, const char *file, struct err *err)
{
	int r = world_read(p->facts, &k->world, err);

	if (r < 0)
		return r;
	read_machine(k);
	return read_rules(k, p, file, err);
}

/* ---- --lint ---- */

static void
print_findings(const struct findings *all, bool as_json)
{
	_cleanup_(str_clear) struct str out = STR_INIT;
	struct json j;

	if (as_json) {
		json_init(&j, &out);
		json_begin_doc(&j, "gaol.lint", 1);
		findings_json(all, &j);
		json_end_doc(&j);
	} else {
		findings_text(all, &out);
	}
	(void)fwrite(out.buf, 1, out.len, stdout);
}

int
do_lint(struct pfctl *p)
{
	_cleanup_(look_clear) struct look k = { 0 };
	_cleanup_(findings_clear) struct findings all = { 0 };
	struct pf_lint_input in;
	struct err err = { 0 };

	if (look_at(&k, p, p->file, &err) < 0) {
		complain("%s", err.msg);
		return EX_CANNOT;
	}
	in = (struct pf_lint_input){ .rules = k.rules,
		.machine = k.machine,
		.jails_known = k.world.facts && k.machine->jails.n > 0,
		.env = k.world.env,
		.file = p->file };
	pf_lint(&in, &all);
	findings_sort(&all);
	print_findings(&all, p->json);
	return findings_exit_code(&all) ? EX_FOUND : 0;
}

/* ---- --test ---- */

static void
add_comment(struct str *out, const char *what, const char *text)
{
	str_printf(out, "#   %s: ", what);
	str_add_visible(out, text);
	str_addc(out, '\n');
}

/* One line of TAP, and why not. */
static int
try_one(const struct pf_ex_input *in, const struct pf_expect *e,
    const char *file, size_t number, struct err *err)
{
	_cleanup_(str_clear) struct str out = STR_INIT, got = STR_INIT;
	int r = pf_expect_try(in, e, &got, err);

	if (r < 0)
		return err_wrap(err, r, "%s:%u", file, e->line);
	str_printf(&out, "%sok %zu - ", r ? "" : "not ", number);
	/* A "#" would begin a directive of TAP. */
	for (const char *s = e->text; *s; s++)
		str_printf(&out, "%s%c", *s == '#' ? "\\" : "", *s);
	str_addc(&out, '\n');
	if (!r) {
		str_printf(&out, "#   at %s:%u\n", file, e->line);
		add_comment(&out, "it", got.buf);
	}
	(void)fwrite(out.buf, 1, out.len, stdout);
	return r;
}

static int
try_all(const struct look *k, const char *file, const struct pf_expects *all,
    struct err *err)
{
	const struct pf_ex_input in = {
		.rules = k->rules, .machine = k->machine, .env = k->world.env
	};
	int bad = 0;

	printf("1..%zu\n", all->n);
	for (size_t i = 0; i < all->n; i++) {
		int r = try_one(&in, &all->v[i], file, i + 1, err);

		if (r < 0)
			return r;
		bad += !r;
	}
	return bad > 0 ? EX_FOUND : 0;
}

/* The text itself, so that a pf.conf can come in on standard input. */
static int
read_expects(const struct look *k, const char *file, struct pf_expects *ret,
    struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT, msgs = STR_INIT;
	int r = file_read(AT_FDCWD, file, EXPECT_MAX, &text, err);

	if (r < 0)
		return r;
	if (strlen(text.buf) != text.len)
		return err_set(err, EINVAL, "%s: not a text", file);
	r = pf_expects_parse(text.buf, file, k->machine, ret, &msgs, err);
	fputs(msgs.buf, stderr);
	if (r == 0 && ret->n == 0)
		r = err_set(err, EINVAL, "%s: nothing is expected in it", file);
	return r;
}

int
do_test(struct pfctl *p)
{
	_cleanup_(look_clear) struct look k = { 0 };
	_cleanup_(pf_expects_clear) struct pf_expects all = { 0 };
	struct err err = { 0 };
	int r = look_at(&k, p, p->file ? p->file : "/etc/pf.conf", &err);

	if (r == 0)
		r = read_expects(&k, p->test, &all, &err);
	if (r == 0)
		r = try_all(&k, p->test, &all, &err);
	if (r >= 0)
		return r;
	complain("%s", err.msg);
	return EX_CANNOT;
}
