/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol completion: the verb table as a completion script or as a table. */
#include <errno.h>

#include "cli/cli.h"
#include "cli/help.h"

static int
completion_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	(void)c;
	(void)opts;
	(void)argc;
	if (streq(argv[0], "bash"))
		cli_help_bash(stdout);
	else if (streq(argv[0], "table"))
		cli_help_table(stdout);
	else
		return cli_usage(
		    err, "'%s' is neither 'bash' nor 'table'", argv[0]);
	return 0;
}

const struct cli_verb cmd_completion = {
	.name = "completion",
	.args = "bash | table",
	.summary = "print the completion script for a shell",
	.help = "With 'table', the verbs and options themselves, one a line,"
		" tab-separated.",
	.min_args = 1,
	.max_args = 1,
	.run = completion_run,
};
