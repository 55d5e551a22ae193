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
ask_pfctl(struct str *ret, struct err *err)
{
	static const char *const args[] = { "-s", "loaded", NULL };
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

static const struct pf_profile *
profile(void *ctx)
{
	return ctx;
}

/* As written, or, with a profile, as the optimiser makes them. */
static struct pf_ruleset *
load(const char *file, const struct pf_env *env, struct pf_profile *p)
{
	const struct pf_opts opts = { .load = PF_LOAD_ALL,
		.optimize_given = !p,
		.optimize = p ? PF_OPT_PROFILE : PF_OPT_NONE,
		.profile = profile,
		.profile_ctx = p };
	struct pf_ruleset *rs = NULL;

	return pf_load(file, &opts, env, NULL, &rs, NULL) == 0 ? rs : NULL;
}

static void
print(struct str *s, const struct pf_ruleset *rs)
{
	for (size_t i = 0; i < rs->options.skip.n; i++)
		str_printf(s, "skip %s\n", rs->options.skip.v[i]);
	for (struct pf_anchor *a = rs->main; a != NULL; a = a->next) {
		if (a->braces || (a != rs->main && !a->loaded))
			continue;
		str_printf(s, "anchor %s\n", a->path);
		for (int l = 0; l < PF_LIST_COUNT; l++)
			pf_print_list(s, a, (enum pf_list)l,
			    PF_PRINT_PATHS | PF_PRINT_NUMERIC, 0);
	}
}

static bool
same_rules(const struct pf_ruleset *a, const struct pf_ruleset *b)
{
	_cleanup_(str_clear) struct str x = STR_INIT, y = STR_INIT;

	print(&x, a);
	print(&y, b);
	return streq(x.buf, y.buf);
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

/* Does the file, read with the optimiser, come to what is loaded? That takes
 * long for many rules, so it is asked last. */
static bool
optimizes_to(
    const char *file, const struct pf_env *env, const struct pf_ruleset *rules)
{
	_cleanup_(pf_profile_clear) struct pf_profile order = PF_PROFILE_INIT;
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *rs = NULL;

	/* By whatever counters its quick rules came to their order. */
	pf_profile_add_order(&order, rules);
	rs = load(file, env, &order);
	return rs != NULL && same_rules(rs, rules);
}

/* Take the file's rules, which have lines that people know. */
static void
prefer_file(struct running *r, const struct pf_env *env)
{
	_cleanup_free_ char *file = rules_file();
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *written =
	    load(file, env, NULL);

	if (written == NULL ||
	    (!same_rules(written, r->rules) &&
		!optimizes_to(file, env, r->rules)))
		return;
	r->tables = r->rules;
	r->rules = TAKE_PTR(written);
	free(r->file);
	r->file = TAKE_PTR(file);
	r->env = *env;
	r->from_file = true;
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
		r = pf_normal_parse(
		    "loaded", ret->text.buf, env, &ret->rules, err);
	if (r < 0) {
		running_clear(ret);
		return r;
	}
	ret->enabled = st.present && st.enabled;
	ret->tables = ret->rules;
	ret->file = xstrdup("loaded");
	ret->env = *env;
	ret->env.ctx = ret->text.buf;
	ret->env.read = pf_normal_read;
	prefer_file(ret, env);
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
