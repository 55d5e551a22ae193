/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of operating systems in a fingerprint file (pf.os). Private to pf.
 */
#ifndef PF_OSFP_H
#define PF_OSFP_H

#include "pf/parse.h"

/* Read the file of `set fingerprints`; -1 after telling what is wrong. */
int pf_osfp_read(struct parser *p, const char *name);

#endif
