/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of host share. */
#ifndef HOST_INTERNAL_H
#define HOST_INTERNAL_H

#include "host/host.h"

/* Add what listens on the host and in its jails. */
int host_read_listeners(struct host *h, struct err *err);

#endif
