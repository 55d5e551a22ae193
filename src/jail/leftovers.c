/* SPDX-License-Identifier: BSD-2-Clause */
/* What killed commands and dead jails left: facts, ids, control groups. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/array.h"
#include "base/finding.h"
#include "jail/internal.h"

/* ---- facts of jails that do not run ---- */

static void
state_found(const struct jail_state *s, bool mend, struct findings *all)
{
	struct finding *f = finding_add(all, FINDING_WARNING,
	    s->status == JAIL_DEAD ? "dead-jail" : "partial-jail");
	struct err e = { 0 };

	finding_thing(f, "jail %s", s->name);
	finding_what(f,
	    s->status == JAIL_DEAD
		? "its first process ended without a stop"
		: "a start or stop of it was killed half-way");
	finding_why(f,
	    "what it was given (ids, control groups, addresses) is still "
	    "taken");
	finding_fix(f, "gaol stop %s", s->name);
	if (mend)
		finding_mended(f, jail_stop(s->name, NULL, &e), &e);
}

static int
look_at_states(bool mend, struct findings *all, struct err *err)
{
	_cleanup_(jail_states_clear) struct jail_states states = { 0 };
	int r = jail_states_read(&states, err);

	for (size_t i = 0; r == 0 && i < states.n; i++)
		if (states.v[i].status == JAIL_DEAD ||
		    states.v[i].status == JAIL_PARTIAL)
			state_found(&states.v[i], mend, all);
	return r;
}

/* ---- ids ---- */

static void
claim_found(const char *owner, uint32_t base, bool mend, struct findings *all)
{
	struct finding *f = finding_add(all, FINDING_WARNING, "left-ids");
	struct err e = { 0 };

	finding_thing(f, "jail %s", owner);
	finding_what(f,
	    "the user ids from %u on are claimed for it, and it does not run",
	    base);
	if (mend)
		finding_mended(f, ids_release(owner, base, &e), &e);
}

static int
look_at_ids(bool mend, struct findings *all, struct err *err)
{
	_cleanup_(ids_claims_clear) struct ids_claims claims = { 0 };
	int r = ids_stale(&claims, err);

	for (size_t i = 0; r == 0 && i < claims.n; i++) {
		_cleanup_(jail_state_clear) struct jail_state s = { 0 };

		/* A lost jail has its claim still. */
		r = jail_state_read(claims.v[i].owner, &s, err);
		if (r == 0 && s.status == JAIL_DOWN)
			claim_found(
			    claims.v[i].owner, claims.v[i].base, mend, all);
	}
	return r;
}

/* ---- control groups ---- */

static bool
has_processes(const char *group)
{
	_cleanup_(strv_clear) struct strv pids = { 0 };

	cgroups_processes(group, &pids);
	return pids.n > 0;
}

static void
group_found(const char *name, bool mend, struct findings *all)
{
	struct finding *f = finding_add(all, FINDING_WARNING, "left-cgroup");
	struct err e = { 0 };

	finding_thing(f, "jail %s", name);
	if (has_processes(name)) {
		finding_what(
		    f, "its control group holds processes that are no jail's");
		finding_why(f, "a start of a jail of that name is refused");
		finding_fix(f, "end them: they stand in its cgroup.procs");
		return;
	}
	finding_what(f, "its control group is there, and it does not run");
	if (mend)
		finding_mended(f, cgroups_remove_empty(name, &e), &e);
}

static int
look_at_groups(bool mend, struct findings *all, struct err *err)
{
	_cleanup_(strv_clear) struct strv names = { 0 };
	int r = cgroups_names(&names, err);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_(jail_state_clear) struct jail_state s = { 0 };

		r = jail_state_read(names.v[i], &s, err);
		/* A stop takes the group away before the facts. */
		if (r == 0 && s.status == JAIL_DOWN &&
		    cgroups_exist(names.v[i]))
			group_found(names.v[i], mend, all);
	}
	return r;
}

void
jail_leftovers(bool mend, struct findings *all)
{
	static int (*const looks[])(bool, struct findings *, struct err *) = {
		look_at_states,
		look_at_ids,
		look_at_groups,
	};

	for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
		struct err e = { 0 };

		if (looks[i](mend, all, &e) < 0)
			findings_unchecked(all, "%s", e.msg);
	}
}
