/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol pool import: mount a pool again, or all of them. */
#include "cli/cli.h"
#include "store/store.h"

static void
import_failed(void *arg, const struct err *err)
{
	cli_error(arg, err);
}

static int
import_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	(void)opts;
	if (cli_step(c, "mount %s", argc > 0 ? argv[0] : "every pool"))
		return 0;
	if (argc > 0)
		return pool_import(argv[0], err);
	/* Each failure was told when it happened. */
	return pool_import_all(import_failed, c, NULL) < 0 ? 1 : 0;
}

const struct cli_verb cmd_pool_import = {
	.name = "import",
	.args = "[POOL]",
	.summary = "mount a pool again, or all (boot does)",
	.max_args = 1,
	.flags = CLI_ROOT | CLI_WRITES,
	.run = import_run,
};
