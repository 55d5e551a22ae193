/* SPDX-License-Identifier: BSD-2-Clause */
/* Jails that run while /run has lost what it knew of them. Private to the
 * program. */
#ifndef CLI_RECOVER_H
#define CLI_RECOVER_H

#include "cli/jails.h"

/* Write the facts of a lost jail anew, from the kernel and from what it is set
 * to now, and read its state again. The caller holds its lock. */
int cli_jail_recover(struct cli_jail *jail, struct err *err);

/* The same by name; one that is not in the active pool has the defaults. */
int cli_recover(struct cli *c, const char *name, struct err *err);

/* The same for all that are lost, before something new is started: what they
 * have (ids, addresses) must not be given away. */
int cli_recover_all(struct cli *c, struct err *err);

#endif
