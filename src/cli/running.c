/* SPDX-License-Identifier: BSD-2-Clause */
/* The loaded rules, as written where that can be told. */
#include "cli/running.h"

#include <sys/mman.h>

#include <errno.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "cli/jails.h"
#include "cli/rules.h"
#include "conf/rcconf.h"
#include "nft/nft.h"
#include "pf/normal.h"
#include "store/store.h"

enum { TEXT_MAX = 256 << 20 };

/* ---- asking pfctl ---- */

static int
read_back(int fd, struct str *ret, struct err *err)
{
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_errno(err, "cannot rewind a file in memory");
	return file_read_fd(fd, "pfctl", TEXT_MAX, ret, err);
}

/* What is loaded; behind it, if pfctl knows it, how it is written. */
static int
ask_pfctl(struct str *ret, struct err *err)
{
	static const char *const args[] = { "-q", "-v", "-s", "loaded", NULL };
	_cleanup_close_ int out = memfd_create("rules", MFD_CLOEXEC);
	_cleanup_close_ int said = memfd_create("said", MFD_CLOEXEC);
	_cleanup_(str_clear) struct str text = STR_INIT;
	int r;

	if (out < 0 || said < 0)
		return err_errno(err, "cannot make a file in memory");
	r = cli_pfctl_to(args, out, said, err);
	if (r < 0)
		return r;
	if (r == 0)
		return read_back(out, ret, err);
	r = read_back(said, &text, err);
	if (r < 0)
		return r;
	while (text.len > 0 && text.buf[text.len - 1] == '\n')
		str_cut(&text, text.len - 1);
	return err_set(err, ESTALE, "%s",
	    str_starts(text.buf, "pfctl: ") ? text.buf + 7 : text.buf);
}

/* ---- is it what the file says? ---- */

/* As written; and as text, which pfctl kept when it was loaded. */
static struct pf_ruleset *
load(const char *file, const struct pf_env *env, struct str *ret_written)
{
	const struct pf_opts opts = { .load = PF_LOAD_ALL,
		.optimize_given = true,
		.optimize = PF_OPT_NONE,
		.written = ret_written };
	struct pf_ruleset *rs = NULL;

	return pf_load(file, &opts, env, NULL, &rs, NULL) == 0 ? rs : NULL;
}

static char *
rules_file(void)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = NULL;
	const char *def = rcconf_default("pf_rules");

	if (rcconf_read_host(&rc, NULL) < 0)
		return xstrdup(def);
	return xstrdup(rcconf_get(rc, "pf_rules", def));
}

/* The lines of a normal form that are about tables. */
static void
tables_of(const char *text, struct str *ret)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		len += text[len] == '\n';
		if (str_starts(text, "table <") ||
		    str_starts(text, PF_NORMAL_ANCHOR))
			str_addmem(ret, text, len);
		text += len;
	}
}

/* What stands behind the loaded rules is cut off. */
static void
split(struct str *text, struct str *ret_written)
{
	const char *at = str_starts(text->buf, PF_NORMAL_WRITTEN)
	    ? text->buf
	    : strstr(text->buf, "\n" PF_NORMAL_WRITTEN);

	if (at == NULL)
		return;
	at += *at == '\n';
	str_add(ret_written, at + strlen(PF_NORMAL_WRITTEN));
	str_cut(text, (size_t)(at - text->buf));
}

/*
 * The rules of the file, which have lines that people know, if the file still
 * says what it said when it was loaded; of the loaded text only the tables
 * are read then, as they are now. Else the rules of that text.
 */
static int
read_rules(struct running *r, const struct pf_env *env, struct err *err)
{
	_cleanup_(str_clear) struct str then = STR_INIT, now = STR_INIT;
	_cleanup_(str_clear) struct str tables = STR_INIT;
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *written = NULL;
	_cleanup_free_ char *file = rules_file();
	int e;

	split(&r->text, &then);
	if (then.len > 0)
		written = load(file, env, &now);
	r->from_file = written != NULL && streq(then.buf, now.buf);
	if (r->from_file)
		tables_of(r->text.buf, &tables);
	e = pf_normal_parse("loaded", r->from_file ? tables.buf : r->text.buf,
	    env, &r->tables, err);
	if (e < 0)
		return e;
	r->rules = r->from_file ? TAKE_PTR(written) : r->tables;
	r->file = r->from_file ? TAKE_PTR(file) : xstrdup("loaded");
	r->env = *env;
	if (r->from_file)
		return 0;
	r->env.ctx = r->text.buf;
	r->env.read = pf_normal_read;
	return 0;
}

int
running_read(const struct pf_env *env, struct running *ret, struct err *err)
{
	struct nft_status st;
	int r = nft_status_read(&st, err);

	*ret = (struct running){ .text = STR_INIT };
	if (r == 0)
		r = ask_pfctl(&ret->text, err);
	if (r == 0)
		r = read_rules(ret, env, err);
	if (r < 0) {
		running_clear(ret);
		return r;
	}
	ret->enabled = st.present && st.enabled;
	return 0;
}

void
running_clear(struct running *r)
{
	if (r->tables != r->rules)
		pf_ruleset_free(r->tables);
	pf_ruleset_free(r->rules);
	free(r->file);
	str_clear(&r->text);
	*r = (struct running){ .text = STR_INIT };
}

void
running_add_jails(struct cli *c, struct host *h)
{
	struct cli_jails jails = { 0 };

	if (c->pool == NULL && pool_open_active(&c->pool, NULL) < 0)
		return;
	if (cli_jails_read(c, &jails, NULL) < 0)
		return;
	for (size_t i = 0; i < jails.n; i++)
		if (jails.v[i].corrupt == NULL)
			host_add_jail(h, jails.v[i].name,
			    cli_jail_get(&jails.v[i], "ip4_addr"),
			    cli_jail_get(&jails.v[i], "ip6_addr"));
	cli_jails_clear(&jails);
}
