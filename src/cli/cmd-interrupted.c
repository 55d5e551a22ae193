/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol interrupted: what a start becomes when it is told to end. Not for
 * people, so help does not list it. */
#include "base/str.h"
#include "cli/life.h"

static int
interrupted_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	struct jail_state state = { 0 };
	int64_t number;
	int r;

	(void)opts;
	(void)argc;
	if (str_to_i64(argv[0], 1, 64, &number) < 0)
		return cli_usage(err, "'%s' is no signal", argv[0]);
	cli_warn(c, "the start of jail '%s' was interrupted", argv[1]);
	r = jail_state_read(argv[1], &state, err);
	if (r == 0 && state.status != JAIL_DOWN)
		r = cli_stop(c, argv[1], true, err);
	jail_state_clear(&state);
	return r < 0 ? r : 128 + (int)number;
}

const struct cli_verb cmd_interrupted = {
	.name = "interrupted",
	.args = "SIGNAL JAIL",
	.summary = "undo a start that a signal ended",
	.min_args = 2,
	.max_args = 2,
	.flags = CLI_ROOT | CLI_POOL | CLI_HIDDEN,
	.run = interrupted_run,
};
