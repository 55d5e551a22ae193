/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol completion: what shells ask to complete a line, and the tables that the
 * manual pages are made of. */
#include <errno.h>

#include "cli/cli.h"
#include "cli/complete.h"
#include "cli/help.h"

static int
completion_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	(void)c;
	(void)opts;
	if (streq(argv[0], "candidates")) {
		cli_complete(argc - 1, argv + 1, stdout);
		return 0;
	}
	if (argc > 1)
		return cli_usage(err, "too many arguments");
	if (streq(argv[0], "table"))
		cli_help_table(stdout);
	else if (streq(argv[0], "properties"))
		cli_help_properties(stdout);
	else
		return cli_usage(err,
		    "'%s' is not candidates, table or properties", argv[0]);
	return 0;
}

const struct cli_verb cmd_completion = {
	.name = "completion",
	.args = "candidates WORD... | table | properties",
	.summary = "say what a command line can hold",
	.help = "With 'candidates', what the last WORD of a line could become:"
		" the completion\nof bash and zsh asks this. With 'table', the"
		" verbs and options, one a line,\ntab-separated; with"
		" 'properties', what jails can be set to: the manual pages\nare"
		" made of these.",
	.min_args = 1,
	.max_args = CLI_ANY,
	.flags = CLI_ARGS_VERBATIM,
	.run = completion_run,
};
