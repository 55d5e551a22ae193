/* SPDX-License-Identifier: BSD-2-Clause */
/* What killed commands and power cuts left. Private to the program. */
#ifndef CLI_LEFTOVERS_H
#define CLI_LEFTOVERS_H

#include "base/finding.h"
#include "cli/cli.h"

/*
 * Look everywhere that gaol and pfctl work for what a command that was killed
 * left behind, and add a finding for each. With `mend` it is taken away (or,
 * for a jail that runs, written anew) and the finding is marked as mended.
 * What a living command is at work on is its own, and no finding.
 */
void cli_leftovers(struct cli *c, bool mend, struct findings *all);

#endif
