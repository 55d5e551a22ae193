/* SPDX-License-Identifier: BSD-2-Clause */
/* pfctl --leftovers: what a pfctl that was killed left. For `gaol check`, so
 * what is printed is for a program: "left" or "mended", a tab, a sentence. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "pfctl/pfctl.h"

static void
say(bool mended, const char *what)
{
	printf("%s\t%s\n", mended ? "mended" : "left", what);
}

size_t
loads_needed(
    struct store *s, const struct nft_status *status, uint64_t keep[static 2])
{
	struct trial trial;

	keep[0] = status->stamped ? status->stamp.load_id : 0;
	/* Rules on trial may give way to the old ones again. */
	if (!trial_read(s, &trial))
		return 1;
	keep[1] = trial.old_load;
	return 2;
}

/* Loads that never came into the kernel, or were replaced there. */
static void
loads(struct store *s, const struct nft_status *status, bool mend)
{
	uint64_t keep[2];
	size_t n_keep = loads_needed(s, status, keep);

	if (store_count_others(s, keep, n_keep) == 0)
		return;
	if (mend)
		store_keep_only(s, keep, n_keep);
	say(mend && store_count_others(s, keep, n_keep) == 0,
	    "the text of rules is kept that are not loaded");
}

static int
sysctls(struct store *s, const struct nft_status *status, bool mend,
    struct err *err)
{
	int r;

	if (status->enabled || !sysctls_are_saved(s))
		return 0;
	r = mend ? sysctls_restore(s, err) : 0;
	if (r == 0)
		say(mend,
		    "kernel settings that rules needed are set, though pf is "
		    "disabled");
	return r;
}

static int
look(struct store *s, bool mend, struct err *err)
{
	struct nft_status status;
	int r = nft_status_read(&status, err);

	if (r < 0)
		return r;
	/* Rules that another program changed or removed are not ours to tidy
	 * after. */
	if (status.present ? !nft_status_drifted(&status)
			   : !store_has(s, "loaded"))
		loads(s, &status, mend);
	return sysctls(s, &status, mend, err);
}

int
do_leftovers(const char *how)
{
	_cleanup_(store_close) struct store s = STORE_INIT;
	bool mend = streq(how, "mend");
	struct err err = { 0 };
	int r;

	if (!mend && !streq(how, "show"))
		usage();
	r = store_open_read(&s, &err);
	if (r == 0 && s.dirfd >= 0 && mend) {
		store_close(&s);
		r = store_open(&s, &err);
	}
	if (r == 0 && s.dirfd >= 0)
		r = look(&s, mend, &err);
	if (r < 0)
		complain("%s", err.msg);
	return r < 0;
}
