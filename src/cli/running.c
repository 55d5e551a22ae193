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

static int
ask_pfctl(const char *what, struct str *ret, struct err *err)
{
	const char *const args[] = { "-s", what, NULL };
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

/* ctx: hexadecimal digits that are left; behind them comes 0. */
static void
random_of_then(void *ctx, void *mem, size_t len)
{
	const char **left = ctx;
	uint8_t *to = mem;

	for (size_t i = 0; i < len; i++) {
		unsigned int byte = 0;

		if (sscanf(*left, "%2x", &byte) == 1)
			*left += 2;
		to[i] = (uint8_t)byte;
	}
}

/* As written; and as text, which pfctl kept when it was loaded. The keys that
 * pf makes itself are those that it made then (`text` has them). */
static struct pf_ruleset *
load(const char *file, const struct pf_env *now, const char *text,
    struct str *ret_written)
{
	const char *random = strstr(text, PF_NORMAL_RANDOM);
	struct pf_env env = *now;
	const struct pf_opts opts = { .load = PF_LOAD_ALL,
		.optimize_given = true,
		.optimize = PF_OPT_NONE,
		.written = ret_written };
	struct pf_ruleset *rs = NULL;

	if (random != NULL) {
		random += strlen(PF_NORMAL_RANDOM);
		env.ctx = &random;
		env.random = random_of_then;
	}
	return pf_load(file, &opts, &env, NULL, &rs, NULL) == 0 ? rs : NULL;
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

/* Of the text of `pfctl -s written`, how the file is written, which is cut off;
 * NULL: it is not known. */
static const char *
split(struct str *text)
{
	char *at = text->buf;

	if (!str_starts(at, PF_NORMAL_WRITTEN))
		at = strstr(at, "\n" PF_NORMAL_WRITTEN);
	if (at == NULL)
		return NULL;
	at += *at == '\n';
	*at = '\0';
	return at + strlen(PF_NORMAL_WRITTEN);
}

/*
 * The file does not have the tables that were made since, nor the anchors that
 * were loaded by themselves. They stay the property of `tables`, until
 * running_clear gives them back.
 */
static void
lend(struct running *r)
{
	r->last = r->rules->last;
	r->last->next = r->tables->main->next;
	r->own = r->rules->tables;
	r->rules->tables = r->tables->tables;
}

static void
give_back(struct running *r)
{
	r->last->next = NULL;
	r->rules->tables = r->own;
}

/* The file's rules, which have lines that people know, if it still says what
 * it said when it was loaded. 1: so it is. */
static int
take_file(struct running *r, const struct pf_env *env, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT, now = STR_INIT;
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *written = NULL;
	_cleanup_free_ char *file = rules_file();
	const char *then;
	int e = ask_pfctl("written", &text, err);

	if (e < 0)
		return e;
	then = split(&text);
	if (then != NULL)
		written = load(file, env, text.buf, &now);
	if (written == NULL || !streq(then, now.buf))
		return 0;
	e = pf_normal_parse("loaded", text.buf, env, &r->tables, err);
	if (e < 0)
		return e;
	r->rules = TAKE_PTR(written);
	lend(r);
	r->file = TAKE_PTR(file);
	r->env = *env;
	r->from_file = true;
	return 1;
}

static int
take_loaded(struct running *r, const struct pf_env *env, struct err *err)
{
	int e = ask_pfctl("loaded", &r->text, err);

	if (e == 0)
		e = pf_normal_parse("loaded", r->text.buf, env, &r->rules, err);
	if (e < 0)
		return e;
	r->tables = r->rules;
	r->file = xstrdup("loaded");
	r->env = *env;
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
		r = take_file(ret, env, err);
	if (r == 0)
		r = take_loaded(ret, env, err);
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
	if (r->from_file)
		give_back(r);
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
