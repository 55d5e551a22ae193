/* SPDX-License-Identifier: BSD-2-Clause */
/* What a pfctl that was killed left: found and mended for `gaol check`, and by
 * -e and -d, which have nothing else to do when pf is so already. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "pfctl/pfctl.h"

struct tidy {
	struct store *store;
	struct nft_status status;
	bool mend;  /* else only tell */
	bool quiet; /* -e and -d do not tell */
};

/* For a program: "left" or "mended", a tab, a sentence. */
static void
say(const struct tidy *t, bool mended, const char *what)
{
	if (!t->quiet)
		printf("%s\t%s\n", mended ? "mended" : "left", what);
}

/* Loads that never came into the kernel, or were replaced there. */
static void
loads(const struct tidy *t)
{
	uint64_t keep[2] = { t->status.stamped ? t->status.stamp.load_id : 0 };
	struct trial trial;
	/* Rules on trial may give way to the old ones again. */
	size_t n_keep = trial_read(t->store, &trial) ? 2 : 1;

	if (n_keep == 2)
		keep[1] = trial.old_load;
	if (store_count_others(t->store, keep, n_keep) == 0)
		return;
	if (t->mend)
		store_keep_only(t->store, keep, n_keep);
	say(t, t->mend && store_count_others(t->store, keep, n_keep) == 0,
	    "the text of rules is kept that are not loaded");
}

/* Whether pf is enabled, as it was noted last. */
static int
noted(const struct tidy *t, struct err *err)
{
	int r = 0;

	if (!t->status.present || was_enabled(t->store) == t->status.enabled)
		return 0;
	if (t->mend)
		r = since_write(t->store, t->status.enabled, err);
	if (r == 0)
		say(t, t->mend,
		    t->status.enabled ? "it is not noted that pf is enabled"
				      : "it is not noted that pf is disabled");
	return r;
}

static int
sysctls(const struct tidy *t, struct err *err)
{
	int r;

	if (t->status.enabled || !sysctls_are_saved(t->store))
		return 0;
	r = t->mend ? sysctls_restore(t->store, err) : 0;
	if (r == 0)
		say(t, t->mend,
		    "kernel settings that rules needed are set, though pf is "
		    "disabled");
	return r;
}

static int
look(struct tidy *t, struct err *err)
{
	int r = nft_status_read(&t->status, err);

	if (r < 0)
		return r;
	/* Rules that another program changed or removed are not ours to tidy
	 * after. */
	if (t->status.present ? !nft_status_drifted(&t->status)
			      : !store_has(t->store, "loaded")) {
		loads(t);
		r = noted(t, err);
	}
	return r < 0 ? r : sysctls(t, err);
}

int
leftovers_mend(struct store *s, struct err *err)
{
	struct tidy t = { .store = s, .mend = true, .quiet = true };

	return look(&t, err);
}

/* The change of a table is told before it is ended. */
static int
changes(const struct tidy *t, struct pfctl *p)
{
	int rc;

	if (!change_is_left(t->store))
		return 0;
	store_close(t->store); /* it locks it for itself */
	rc = t->mend ? change_settle(p) : 0;
	if (rc == 0)
		say(t, t->mend, "the change of a table is half done");
	return rc;
}

static int
reopen(struct tidy *t, struct err *err)
{
	store_close(t->store);
	return t->mend ? store_open(t->store, err)
		       : store_open_read(t->store, err);
}

int
do_leftovers(struct pfctl *p)
{
	_cleanup_(store_close) struct store s = STORE_INIT;
	struct tidy t = { .store = &s, .mend = streq(p->leftovers, "mend") };
	struct err err = { 0 };
	int r;

	if (!t.mend && !streq(p->leftovers, "show"))
		usage();
	r = store_open_read(&s, &err);
	if (r == 0 && s.dirfd < 0)
		return 0;
	if (r == 0 && changes(&t, p))
		return 1;
	if (r == 0)
		r = reopen(&t, &err);
	if (r == 0)
		r = look(&t, &err);
	if (r < 0)
		complain("%s", err.msg);
	return r < 0;
}
