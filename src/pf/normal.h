/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The normal form: pf.conf as the loaded rules print it, kept by pfctl and
 * shown by `pfctl -s loaded`. One text holds all: the main ruleset, then each
 * anchor that was loaded by itself, behind a line "# anchor PATH".
 */
#ifndef PF_NORMAL_H
#define PF_NORMAL_H

#include "pf/pf.h"

#define PF_NORMAL_ANCHOR "# anchor "

/* `pfctl -s written` has the tables, the anchors that no file of the main
 * rules has, and behind this line the rules as their file has them
 * (pf_opts.written). */
#define PF_NORMAL_WRITTEN "# written\n"
/* Before that: the random numbers that it got, in hexadecimal. */
#define PF_NORMAL_RANDOM "# random "

/* How much of that text is the main ruleset. */
size_t pf_normal_main_len(const char *text);

/*
 * pf_env.read for such a text, which is `ctx` (a const char *): every name
 * but those that it makes itself for the anchors is the main ruleset.
 */
int pf_normal_read(void *ctx, const char *path, struct str *ret);

/* Read it; whatever interfaces and names are now, the same rules come of it.
 * `name` stands for it in messages and in the rules' `file`. */
int pf_normal_parse(const char *name, const char *text,
    const struct pf_env *env, struct pf_ruleset **ret, struct err *err);

#endif
