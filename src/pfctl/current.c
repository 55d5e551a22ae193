/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ruleset that is loaded, kept as pf.conf in its normal form. Parsing
 * that again gives the same rules, whatever interfaces and names are now.
 *
 * One text holds all: the main ruleset, then each anchor that was loaded by
 * itself, behind a line "# anchor PATH".
 */
#include <errno.h>

#include "pf/normal.h"
#include "pfctl/pfctl.h"

/* ---- writing ---- */

void
current_print_options(struct str *s, const struct pf_options *o)
{
	if (o->skip.n) {
		str_add(s, "set skip on {");
		for (size_t i = 0; i < o->skip.n; i++)
			str_printf(s, " %s", o->skip.v[i]);
		str_add(s, " }\n");
	}
	if (o->debug_set) {
		static const char *const levels[] = { "none", "urgent", "misc",
			"loud" };

		str_printf(s, "set debug %s\n", levels[o->debug & 3]);
	}
	for (int i = 0; i < PF_TM_COUNT; i++)
		if (o->timeout_set[i])
			str_printf(s, "set timeout %s %u\n",
			    pf_timeout_name((enum pf_tm)i), o->timeout[i]);
	for (int i = 0; i < PF_LIMIT_COUNT; i++)
		if (o->limit_set[i])
			str_printf(s, "set limit %s %u\n",
			    pf_limit_name((enum pf_limit)i), o->limit[i]);
	if (o->host_id_set)
		str_printf(s, "set hostid 0x%08x\n", o->host_id);
	if (o->log_if)
		str_printf(s, "set loginterface %s\n", o->log_if);
}

void
current_print_table(struct str *s, const struct pf_table *t)
{
	str_printf(s, "table <%s>%s%s%s {", t->name,
	    t->is_const ? " const" : "", t->persist ? " persist" : "",
	    t->counters ? " counters" : "");
	for (size_t i = 0; i < t->n; i++) {
		struct pf_addr a = t->addr[i];

		a.neg = false;
		str_add(s, t->addr[i].neg ? " !" : " ");
		if (a.kind == PF_ADDR_ANY)
			str_add(s, t->af[i] == AF_INET6 ? "::/0" : "0.0.0.0/0");
		else
			pf_print_addr(s, &a, t->af[i], 0);
	}
	str_add(s, " }\n");
	since_print(s, t);
}

const char *
table_anchor(const struct pf_table *t)
{
	return t->anchor ? t->anchor : "";
}

void
current_print_anchor_line(struct str *s, const char *path)
{
	str_printf(s, PF_NORMAL_ANCHOR "%s\n", path);
}

static void
print_tables(struct str *s, const struct pf_ruleset *rs, const char *path)
{
	for (const struct pf_table *t = rs->tables; t; t = t->next)
		if (streq(table_anchor(t), path))
			current_print_table(s, t);
}

static void
print_anchor(struct str *s, const struct pf_ruleset *rs, struct pf_anchor *a)
{
	print_tables(s, rs, a->path);
	for (int list = 0; list < PF_LIST_COUNT; list++)
		pf_print_list(s, a, (enum pf_list)list,
		    PF_PRINT_PATHS | PF_PRINT_NUMERIC, 0);
}

/* An anchor may hold tables and have no rules yet. */
static void
print_bare_anchors(struct str *s, const struct pf_ruleset *rs)
{
	_cleanup_(strv_clear) struct strv done = { 0 };

	for (const struct pf_table *t = rs->tables; t; t = t->next) {
		const char *path = table_anchor(t);
		struct pf_anchor *a = pf_anchor_find(rs, path);

		if ((a && (a == rs->main || a->braces || a->loaded)) ||
		    strv_has(&done, path))
			continue;
		strv_add(&done, path);
		current_print_anchor_line(s, path);
		print_tables(s, rs, path);
	}
}

void
current_print(struct str *s, const struct pf_ruleset *rs)
{
	current_print_options(s, &rs->options);
	print_anchor(s, rs, rs->main);
	for (struct pf_anchor *a = rs->main->next; a; a = a->next) {
		if (a->braces || !a->loaded)
			continue;
		current_print_anchor_line(s, a->path);
		print_anchor(s, rs, a);
	}
	print_bare_anchors(s, rs);
}

/* ---- reading ---- */

int
parse_text(const char *name, const char *text, const struct pf_env *env,
    struct pf_ruleset **ret, struct err *err)
{
	return pf_normal_parse(name, text, env, ret, err);
}

size_t
current_main_len(const char *text)
{
	return pf_normal_main_len(text);
}

static void
collect(void *ctx, enum pf_stream stream, const char *text, size_t len)
{
	if (stream == PF_STDERR)
		str_addmem(ctx, text, len);
}

/* Messages that name a line of a text nobody wrote are of no use. */
static void
print_unnumbered(const char *said)
{
	while (*said) {
		size_t len = strcspn(said, "\n");

		if (!str_starts(said, "args:") && !str_starts(said, "pfctl:"))
			fprintf(stderr, "%.*s\n", (int)len, said);
		said += len + (said[len] == '\n');
	}
}

/* The text is "args"; what it calls "file" is a file of the user's. */
struct named {
	const char *text, *file;
	const struct pf_env *env;
	int failed; /* why the file was not read, or 0 */
};

static int
read_named(void *ctx, const char *path, struct str *ret)
{
	struct named *n = ctx;

	if (!n->file || !streq(path, "file")) {
		str_add(ret, n->text);
		return 0;
	}
	n->failed = n->env->read(n->env->ctx, n->file, ret);
	return n->failed;
}

static void
resolve_named(void *ctx, const char *host, struct pf_ips *ret)
{
	const struct named *n = ctx;

	n->env->resolve(n->env->ctx, host, ret);
}

int
parse_with_names(const char *text, const char *file, const struct pf_env *env,
    struct pf_ruleset **ret)
{
	_cleanup_(str_clear) struct str said = STR_INIT;
	const struct pf_opts opts = { .load = PF_LOAD_ALL };
	const struct pf_out out = { collect, &said };
	struct named n = { .text = text, .file = file, .env = env };
	struct pf_env named = *env;
	int r;

	named.ctx = &n;
	named.read = read_named;
	named.resolve = env->resolve ? resolve_named : NULL;
	named.service = NULL;
	named.user = named.group = NULL;
	r = pf_load("args", &opts, &named, &out, ret, NULL);
	if (r < 0)
		print_unnumbered(said.buf);
	return n.failed < 0 ? n.failed : r;
}

/* Another program changed or removed what we loaded. */
static int
drifted(const struct nft_status *s, struct err *err)
{
	return err_set(err, ESTALE,
	    "the rules in the kernel are not those that pfctl loaded: another "
	    "program %s table inet pf; load again with pfctl -f /etc/pf.conf",
	    s->present ? "changed" : "removed");
}

int
current_read_text(struct store *s, struct current *c, struct err *err)
{
	_cleanup_(str_clear) struct str last = STR_INIT;
	int r = nft_status_read(&c->status, err);

	if (r < 0)
		return r;
	if (!c->status.present &&
	    store_get_common(s, "loaded", &last, NULL) == 0)
		return drifted(&c->status, err);
	if (!c->status.present)
		return 0;
	if (nft_status_drifted(&c->status))
		return drifted(&c->status, err);
	r = store_get(s, c->status.stamp.load_id, "rules", &c->text, err);
	if (r == -ENOENT)
		return err_set(err, ENOENT,
		    "what was loaded is not in " RUN_DIR
		    ": load again with pfctl -f /etc/pf.conf");
	if (r < 0)
		return r;
	(void)store_get(s, c->status.stamp.load_id, "source", &c->source, NULL);
	(void)store_get(
	    s, c->status.stamp.load_id, "written", &c->written, NULL);
	return 0;
}

int
current_parse(struct current *c, const struct pf_env *env, struct err *err)
{
	int r = parse_text("loaded", c->text.buf, env, &c->rules, err);

	if (r < 0)
		return r;
	since_read(c->rules, c->text.buf);
	return c->status.present ? overload_read(c->rules, err) : 0;
}

int
current_read(struct store *s, const struct pf_env *env, struct current *c,
    struct err *err)
{
	int r = current_read_text(s, c, err);

	return r < 0 ? r : current_parse(c, env, err);
}

static const char *
next_line(const char *text)
{
	text += strcspn(text, "\n");
	return text + (*text == '\n');
}

static const char *
skip_tables(const char *text)
{
	while (str_starts(text, "table <") || str_starts(text, "# since "))
		text = next_line(text);
	return text;
}

bool
current_is_of_file(const struct current *c, const char *anchor_line)
{
	const char *path = anchor_line + strlen(PF_NORMAL_ANCHOR);
	_cleanup_free_ char *line =
	    xasprintf("\nanchor %.*s\n", (int)strcspn(path, "\n"), path);

	return strstr(c->written.buf, line) != NULL;
}

/* The next rule or option of the file, or the line of an anchor of its. */
static const char *
next_rule(const struct current *c, const char *text)
{
	bool ours = true;

	for (;; text = next_line(text)) {
		text = skip_tables(text);
		if (str_starts(text, PF_NORMAL_ANCHOR))
			ours = current_is_of_file(c, text);
		if (ours || *text == '\0')
			return text;
	}
}

bool
current_has_file(const struct current *c, const char *text)
{
	const char *a = c->text.buf, *b = text;

	for (;; a = next_line(a), b = next_line(b)) {
		a = next_rule(c, a);
		b = next_rule(c, b);
		if (strncmp(a, b, strcspn(a, "\n") + 1) != 0)
			return false;
		if (*a == '\0')
			return true;
	}
}

void
current_clear(struct current *c)
{
	pf_ruleset_freep(&c->rules);
	str_clear(&c->text);
	str_clear(&c->source);
	str_clear(&c->written);
}
