/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol check: is everything as it should be? */
#include "base/json.h"
#include "cli/leftovers.h"
#include "store/store.h"

struct check_opts {
	bool repair;
};

static const struct cli_opt check_options[] = { CLI_FLAG(0, "repair",
						    struct check_opts, repair,
						    "mend what can be mended"),
	CLI_OPT_END };

static void
print(struct cli *c, const struct findings *all)
{
	_cleanup_(str_clear) struct str out = STR_INIT;
	struct json j;

	if (c->json) {
		json_init(&j, &out);
		json_begin_doc(&j, "gaol.check", 1);
		findings_json(all, &j);
		json_end_doc(&j);
	} else {
		findings_text(all, &out);
	}
	fputs(out.buf, stdout);
}

static int
check_run(struct cli *c, const void *opts, int argc _unused_,
    char **argv _unused_, struct err *err _unused_)
{
	const struct check_opts *o = opts;
	_cleanup_(findings_clear) struct findings all = { 0 };

	/* Without one there are no jails that could be lost. */
	if (!c->pool)
		(void)pool_open_active(&c->pool, NULL);
	cli_leftovers(c, o->repair, &all);
	findings_sort(&all);
	print(c, &all);
	return findings_exit_code(&all);
}

const struct cli_verb cmd_check = {
	.name = "check",
	.summary =
	    "look for what is wrong, and mend what a killed command left",
	.max_args = 0,
	.flags = CLI_ROOT | CLI_READS,
	.options = check_options,
	.opts_size = sizeof(struct check_opts),
	.run = check_run,
};
