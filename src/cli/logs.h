/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The logs of a jail: IOCROOT/log/NAME-console.log and, when that was full,
 * what it held before in NAME-console.log.0. gaol-init writes them (see
 * init/init.h); the directory is out of the jail's reach. Private to the
 * program.
 */
#ifndef CLI_LOGS_H
#define CLI_LOGS_H

#include "cli/cli.h"

/* Open the log or the older one; -ENOENT if it is not there. */
int cli_log_open(
    struct cli *c, const char *jail, bool old, int flags, struct err *err);
/* Remove both; what is not there is no error. */
void cli_logs_remove(struct cli *c, const char *jail);

#endif
