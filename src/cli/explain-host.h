/* SPDX-License-Identifier: BSD-2-Clause */
/* What explain adds on a running host. Private to the program. */
#ifndef CLI_EXPLAIN_HOST_H
#define CLI_EXPLAIN_HOST_H

#include "host/host.h"
#include "pf/explain.h"

/* A sentence on the state (of conntrack) that knows this packet, for the
 * caller to free; NULL: none does, or it was not asked for an exact one. */
int explain_known(const struct pf_question *q, char **ret, struct err *err);

/*
 * What the kernel and other programs' rules do to a packet that pf lets
 * through: rp_filter, and foreign chains at each hook on its way.
 */
int explain_look_further(const struct host *h, const struct pf_question *q,
    struct pf_explanation *ex, struct err *err);

#endif
