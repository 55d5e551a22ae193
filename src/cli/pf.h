/* SPDX-License-Identifier: BSD-2-Clause */
/* What the firewall must learn when a jail comes or goes. Private to the
 * program. */
#ifndef CLI_PF_H
#define CLI_PF_H

#include "base/err.h"

/*
 * Bring the loaded rules' sets of interface addresses (`lo1:network`, `(lo1)`,
 * `self`) up to date. Without rules of ours in the kernel nothing is done.
 */
int cli_pf_sync(struct err *err);

#endif
