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
	else if (streq(argv[0], "properties"))
		cli_help_properties(stdout);
	else
		return cli_usage(
		    err, "'%s' is not bash, table or properties", argv[0]);
	return 0;
}

const struct cli_verb cmd_completion = {
	.name = "completion",
	.args = "bash | table | properties",
	.summary = "print the completion script for a shell",
	.help = "With 'table', the verbs and options themselves, one a line,"
		" tab-separated;\nwith 'properties', what jails can be set"
		" to: the manual pages are made of these.",
	.min_args = 1,
	.max_args = 1,
	.run = completion_run,
};
