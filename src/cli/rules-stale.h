/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether rules still fit the host. Private to the program. */
#ifndef CLI_RULES_STALE_H
#define CLI_RULES_STALE_H

#include "base/str.h"

/*
 * Does the file name interfaces of which none is there, so that nobody can
 * come in by its rules? Then *ret_names has them. A file that does not load is
 * not judged: who loads it says why.
 */
bool rules_name_gone(const char *file, struct str *ret_names);

/*
 * Were these rules made for other addresses than the host has now? `rules` is
 * a file in normal form, `facts` what it was made from. Without either, or
 * without any address, no.
 */
bool rules_last_are_stale(const char *rules, const char *facts);

#endif
