/* SPDX-License-Identifier: BSD-2-Clause */
/* What killed commands and power cuts left: every module is asked for its
 * own. */
#include "cli/leftovers.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "cli/recover.h"
#include "cli/rules.h"
#include "conf/rcconf.h"
#include "net/net.h"
#include "store/store.h"

/* ---- pools ---- */

/* Files of ours that were being replaced. */
static void
look_at_files(struct pool *pool, bool mend, struct findings *all)
{
	static const char *const names[] = { CONF_FILE, "fstab" };
	_cleanup_(strv_clear) struct strv jails = { 0 };
	_cleanup_free_ char *defaults =
	    xasprintf("%s/iocage/" CONF_DEFAULTS_FILE, pool->path);
	struct err e = { 0 };

	if (pool->ioc_fd < 0)
		return;
	if (store_jail_list(pool, &jails, &e) < 0)
		findings_unchecked(all, "pool '%s': %s", pool->name, e.msg);
	file_leftover(pool->ioc_fd, CONF_DEFAULTS_FILE, defaults, mend, all);
	for (size_t i = 0; i < jails.n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(names); k++) {
			_cleanup_free_ char *path =
			    xasprintf("jails/%s/%s", jails.v[i], names[k]);
			_cleanup_free_ char *shown =
			    xasprintf("%s/iocage/%s", pool->path, path);

			file_leftover(pool->ioc_fd, path, shown, mend, all);
		}
}

static void
look_at_pool(const struct pool *known, bool mend, struct findings *all)
{
	_cleanup_(pool_freep) struct pool *pool = NULL;
	struct err e = { 0 };

	if (known->making) /* told by pools_leftovers */
		return;
	/* One that was exported is away on purpose. */
	if (!known->active && !pool_is_mounted(known))
		return;
	if (pool_open(known->name, &pool, &e) < 0) {
		findings_unchecked(all, "%s", e.msg);
		return;
	}
	store_leftovers(pool, mend, all);
	look_at_files(pool, mend, all);
}

static void
look_at_pools(bool mend, struct findings *all)
{
	_cleanup_(pools_clear) struct pools pools = { 0 };
	struct err e = { 0 };

	pools_leftovers(mend, all);
	if (pools_load(&pools, &e) < 0)
		return; /* told as well */
	for (size_t i = 0; i < pools.n; i++)
		look_at_pool(pools.v[i], mend, all);
}

/* ---- jails ---- */

static void
lost_found(struct cli *c, const char *name, bool mend, struct findings *all)
{
	struct finding *f = finding_add(all, FINDING_WARNING, "lost-jail");
	struct err e = { 0 };

	finding_thing(f, "jail %s", name);
	finding_what(f, "it runs, but what /run/gaol had of it is lost");
	finding_why(f,
	    "its ids are free for another jail to take; the next command for "
	    "it writes it anew");
	if (mend)
		finding_mended(f, cli_recover(c, name, &e), &e);
}

static void
look_at_lost(struct cli *c, bool mend, struct findings *all)
{
	_cleanup_(strv_clear) struct strv lost = { 0 };
	struct err e = { 0 };

	if (jail_lost_list(&lost, &e) < 0)
		findings_unchecked(all, "%s", e.msg);
	for (size_t i = 0; i < lost.n; i++)
		lost_found(c, lost.v[i], mend, all);
}

/* ---- the network ---- */

static void
look_at_network(bool mend, struct findings *all)
{
	_cleanup_(jail_states_clear) struct jail_states states = { 0 };
	_cleanup_(strv_clear) struct strv names = { 0 };

	if (jail_states_read(&states, NULL) < 0)
		return; /* told by jail_leftovers */
	for (size_t i = 0; i < states.n; i++)
		strv_add(&names, states.v[i].name);
	net_leftovers(&names, mend, all);
}

/* ---- pf: pfctl knows ---- */

/* A line is "left" or "mended", a tab, and the sentence. */
static void
take_line(const char *line, struct findings *all)
{
	const char *tab = strchr(line, '\t');
	struct finding *f;

	if (!tab)
		return;
	f = finding_add(all, FINDING_WARNING, "left-by-pfctl");
	finding_thing(f, "pf");
	finding_what(f, "%s", tab + 1);
	f->mended = str_starts(line, "mended");
}

static void
look_at_pf(bool mend, struct findings *all)
{
	_cleanup_(strv_clear) struct strv lines = { 0 };
	_cleanup_(str_clear) struct str out = STR_INIT;
	struct err e = { 0 };

	if (cli_pfctl_capture(
		mend ? "--leftovers=mend" : "--leftovers=show", &out, &e) < 0)
		findings_unchecked(all, "%s", e.msg);
	strv_split(&lines, out.buf ? out.buf : "", "\n");
	for (size_t i = 0; i < lines.n; i++)
		take_line(lines.v[i], all);
}

void
cli_leftovers(struct cli *c, bool mend, struct findings *all)
{
	look_at_pools(mend, all);
	look_at_lost(c, mend, all);
	jail_leftovers(mend, all);
	look_at_network(mend, all);
	look_at_pf(mend, all);
	file_leftover(AT_FDCWD, RCCONF_PATH, RCCONF_PATH, mend, all);
}
