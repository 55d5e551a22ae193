/* SPDX-License-Identifier: BSD-2-Clause */
/* What -o profile goes by: what the rules that are loaded counted, or, for a
 * load that is to change nothing else, the order that they are in. */
#include "pfctl/profile.h"

#include <errno.h>
#include <unistd.h>

#include "pfctl/counts.h"

static void
add_counts(struct pf_profile *p, const struct pf_ruleset *rs,
    const struct counts *counts)
{
	for (const struct pf_anchor *a = rs->main; a; a = a->next) {
		const struct pf_rules *list = &a->list[PF_LIST_FILTER];

		for (size_t i = 0; i < list->n; i++) {
			struct count c =
			    counts_of(counts, a, PF_LIST_FILTER, i);

			pf_profile_add(
			    p, rs, a, list->v[i], c.packets[0] + c.packets[1]);
		}
	}
}

static int
read_counts(struct profile_source *src, struct err *err)
{
	_cleanup_(store_close) struct store s = STORE_INIT;
	_cleanup_(current_clear) struct current now = CURRENT_INIT;
	_cleanup_(counts_clear) struct counts counts = COUNTS_INIT;
	int r = store_open_read(&s, err);

	if (r == 0)
		r = current_read(&s, src->world->env, &now, err);
	if (r == 0 && now.status.present)
		r = counts_read(&s, &now.status, &counts, err);
	if (r == 0)
		add_counts(&src->profile, now.rules, &counts);
	return r;
}

/* Why the counters are not known, or NULL. */
static const char *
ask_kernel(struct profile_source *src, struct err *err)
{
	int r;

	if (geteuid() != 0)
		return "they are root's to read";
	r = read_counts(src, err);
	if (r == -ESTALE || r == -ENOENT)
		return "another program changed or removed them";
	return r < 0 ? err->msg : NULL;
}

const struct pf_profile *
profile_get(void *ctx)
{
	struct profile_source *src = ctx;
	struct err err = { 0 };
	const char *why = NULL;

	/* A world that is only described has no rules that run. */
	if (src->world->facts)
		return NULL;
	if (src->asked)
		return &src->profile;
	src->asked = true;
	if (src->in_order)
		pf_profile_add_order(&src->profile, src->in_order);
	else
		why = ask_kernel(src, &err);
	if (why)
		complain("what the running rules counted is not known: %s; "
			 "profile orders as basic does",
		    why);
	return &src->profile;
}

void
profile_source_clear(struct profile_source *src)
{
	pf_profile_clear(&src->profile);
}
