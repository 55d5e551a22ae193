/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading this host for `gaol check`: rc.conf, the rules, the boot. */
#include "cli/check-host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "nft/nft.h"

void
check_host_clear(struct check_host *h)
{
	check_system_clear(&h->sys);
	pf_ruleset_freep(&h->rules);
	net_plan_clear(&h->plan);
	rcconf_freep(&h->rc);
	host_clear(&h->host);
	free(h->rules_file);
	arena_clear(&h->arena);
	*h = (struct check_host){ 0 };
}

/* ---- the rules as written ---- */

static void
collect(void *ctx, enum pf_stream stream, const char *text, size_t len)
{
	if (stream == PF_STDERR)
		str_addmem(ctx, text, len);
}

void
check_load_rules(const char *file, const struct pf_env *env,
    struct pf_ruleset **ret, struct findings *all)
{
	_cleanup_(str_clear) struct str said = STR_INIT;
	const struct pf_opts opts = {
		.load = PF_LOAD_ALL, .dry = true, .optimize_given = true
	};
	const struct pf_out out = { collect, &said };
	struct finding *f;

	if (pf_load(file, &opts, env, &out, ret, NULL) == 0)
		return;
	while (said.len > 0 && said.buf[said.len - 1] == '\n')
		str_cut(&said, said.len - 1);
	f = finding_add(all, FINDING_ERROR, "rules-do-not-load");
	finding_at(f, file, 0);
	finding_what(f, "the rules do not load");
	finding_why(f, "%s", said.buf);
	finding_fix(f, "mend it, and: pfctl -nf %s", file);
}

/* ---- rc.conf ---- */

static void
tell_broken(struct findings *all, const struct err *err)
{
	struct finding *f =
	    finding_add(all, FINDING_ERROR, "rc-conf-unreadable");

	finding_at(f, RCCONF_PATH, 0);
	finding_what(f, "it cannot be used: %s", err->msg);
	finding_why(f, "nothing of it is done, at boot nor by gaol net up");
	finding_fix(f, "mend the line");
}

static void
read_rcconf(struct check_host *h, struct findings *all)
{
	struct err why = { 0 };

	if (rcconf_read_host(&h->rc, &why) < 0) {
		tell_broken(all, &why);
		return;
	}
	h->sys.rc = h->rc;
	if (net_plan_make(h->rc, &h->plan, &why) < 0)
		tell_broken(all, &why);
	else
		h->sys.plan = &h->plan;
}

/* ---- what is loaded ---- */

static enum check_pf
pf_state(const struct host *h)
{
	_cleanup_(running_clear) struct running now = { .text = STR_INIT };
	struct nft_status st;

	if (nft_status_read(&st, NULL) < 0)
		return CHECK_PF_UNKNOWN;
	if (!st.present)
		return CHECK_PF_NONE;
	if (running_read(&h->env, &now, NULL) < 0)
		return CHECK_PF_DRIFTED;
	if (!now.enabled)
		return CHECK_PF_OFF;
	return now.from_file ? CHECK_PF_ON : CHECK_PF_OTHER;
}

/* No file and no wish for pf: there is nothing to look at. */
static void
read_rules(struct check_host *h, const char *file, struct findings *all)
{
	bool wanted = file != NULL;

	h->rules_file = xstrdup(file ? file
		: h->rc
		? rcconf_get(h->rc, "pf_rules", rcconf_default("pf_rules"))
		: rcconf_default("pf_rules"));
	if (h->rc && !wanted)
		(void)rcconf_bool(h->rc, "pf_enable", false, &wanted, NULL);
	if (!wanted && access(h->rules_file, F_OK) < 0)
		return;
	check_load_rules(h->rules_file, &h->host.env, &h->rules, all);
	h->sys.rules = h->rules;
	h->sys.rules_file = h->rules_file;
	if (file == NULL)
		h->sys.pf = pf_state(&h->host);
	h->host.machine.pf_off = h->sys.pf == CHECK_PF_OFF;
}

/* ---- the boot ---- */

/* Is there an entry like this in a directory? `name` is whole, or what is
 * behind the S and two digits of init's links. */
static bool
has_entry(const char *dir, const char *name, bool sysv)
{
	_cleanup_closedir_ DIR *d = opendir(dir);
	const struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (!sysv && streq(e->d_name, name))
			return true;
		if (sysv && e->d_name[0] == 'S' && strlen(e->d_name) > 3 &&
		    streq(e->d_name + 3, name))
			return true;
	}
	return false;
}

static bool
is_wanted_by(const char *target, const char *unit)
{
	static const char *const dirs[] = { "/etc/systemd/system",
		"/usr/lib/systemd/system", "/lib/systemd/system" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		_cleanup_free_ char *dir =
		    xasprintf("%s/%s.wants", dirs[i], target);

		if (has_entry(dir, unit, false))
			return true;
	}
	return false;
}

static bool
is_enabled(const char *name, bool systemd)
{
	_cleanup_free_ char *unit = xasprintf("%s.service", name);

	if (systemd)
		return is_wanted_by("multi-user.target", unit) ||
		    is_wanted_by("sysinit.target", unit);
	return has_entry("/etc/rc2.d", name, true) ||
	    has_entry("/etc/rcS.d", name, true);
}

/* Only where an init of the known kinds has started this system. */
static void
read_services(struct check_host *h)
{
	static const char *const names[] = { "pf", "iocage", "gaol-network" };
	bool systemd = access("/run/systemd/system", F_OK) == 0;

	if (!systemd && access("/etc/rc2.d", F_OK) < 0)
		return;
	if (!systemd && access("/run/initctl", F_OK) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct check_service *s = array_add(&h->sys.services);

		s->name = names[i];
		s->enabled = is_enabled(names[i], systemd);
	}
}

/* ---- all of it ---- */

int
check_host_read(struct cli *c, const char *file, struct check_host *ret,
    struct findings *all, struct err *err)
{
	int r;

	*ret = (struct check_host){ 0 };
	r = host_read(&ret->host, err);
	if (r < 0)
		return r;
	ret->sys.machine = &ret->host.machine;
	ret->sys.env = &ret->host.env;
	read_rcconf(ret, all);
	/* Groups are rc.conf's, and what is wrong with it was told. */
	if (ret->host.warning != NULL && ret->sys.plan != NULL)
		findings_unchecked(all, "%s", ret->host.warning);
	check_read_jails(c, ret, all);
	read_rules(ret, file, all);
	read_services(ret);
	check_read_foreign(ret, all);
	return 0;
}
