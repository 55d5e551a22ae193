/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsing a verb's options by its table. Private to the program. */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

#include "cli/cli.h"

/*
 * Take the options out of argv (which starts behind the verb's name): values
 * go to `opts` by the verb's table and to `c` for the options every verb has.
 * The arguments that remain are moved to the front of argv, counted in
 * ret_argc and followed by a NULL; argv has room for argc + 1 pointers. `--`
 * ends the options; they may stand between the arguments, unless the verb is
 * CLI_ARGS_VERBATIM.
 */
int cli_parse(struct cli *c, const struct cli_verb *verb, int argc, char **argv,
    void *opts, int *ret_argc, struct err *err);

/* Free the lists that cli_parse made in opts. */
void cli_parse_clear(const struct cli_verb *verb, void *opts);

/* The options that a verb of these flags has beside its own. */
const struct cli_opt *cli_common_options(unsigned flags);

#endif
