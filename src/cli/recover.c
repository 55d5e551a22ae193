/* SPDX-License-Identifier: BSD-2-Clause */
/* Jails that run while /run has lost what it knew of them. */
#include "cli/recover.h"

#include "cli/life.h"
#include "store/store.h"

int
cli_jail_recover(struct cli_jail *jail, struct err *err)
{
	struct jail_spec spec = JAIL_SPEC_INIT;
	int r;

	spec.name = jail->name;
	if (!jail->corrupt)
		cli_spec_fill(&spec, jail);
	r = jail_recover(&spec, err);
	if (r < 0)
		return err_wrap(err, r,
		    "jail '%s' runs, but what /run/gaol had of it is lost",
		    jail->name);
	jail_state_clear(&jail->state);
	return jail_state_read(jail->name, &jail->state, err);
}

int
cli_recover(struct cli *c, const char *name, struct err *err)
{
	struct cli_jail jail = { .dir_fd = -1 };
	_cleanup_close_ int fd = -1;
	int r;

	/* One that is not in this pool has no settings here. */
	if (!c->pool || store_jail_open(c->pool, name, &fd, NULL) < 0) {
		jail.name = xstrdup(name);
		jail.corrupt = xstrdup("not in this pool");
		r = cli_jail_recover(&jail, err);
	} else {
		r = cli_jail_open_any(c, name, true, &jail, err);
	}
	cli_jail_clear(&jail);
	return r;
}

int
cli_recover_all(struct cli *c, struct err *err)
{
	_cleanup_(strv_clear) struct strv lost = { 0 };
	int r = jail_lost_list(&lost, err);

	for (size_t i = 0; r == 0 && i < lost.n; i++) {
		r = cli_recover(c, lost.v[i], err);
		if (r == 0)
			cli_warn(c,
			    "jail '%s' runs, but what /run/gaol had of it was "
			    "lost; it is written anew",
			    lost.v[i]);
	}
	return r;
}
