/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a person at a terminal gets below an error. Private to pf.
 */
#ifndef PF_HINT_H
#define PF_HINT_H

#include "pf/parse.h"

/* Add the line of the last token, a caret under it, and if the word is
 * another system's or nearly one of ours, a sentence that says so. */
void pf_hint(const struct parser *p, struct str *s);

#endif
