/* SPDX-License-Identifier: BSD-2-Clause */
/* pf's rules, loaded as rc.conf wants them, by running pfctl. Private to the
 * program. */
#ifndef CLI_RULES_H
#define CLI_RULES_H

#include "cli/cli.h"

struct rcconf;
struct str;

/* Run the pfctl that was installed beside this program; args without its
 * name, ending with NULL. Its exit code is the result, or a negative errno. */
int cli_pfctl(const char *const *args, struct err *err);

/* The same with its output into these descriptors. */
int cli_pfctl_to(const char *const *args, int out, int errfd, struct err *err);
/* The same with one option, and what it prints; only success will do. */
int cli_pfctl_capture(const char *option, struct str *ret, struct err *err);

/*
 * pf_rules with pf_flags, and pf enabled. On an error what was loaded stands.
 *
 * `wary`: as at boot, with nobody there to notice. A file that names no
 * interface which is there is not loaded; and if what stands was made for
 * addresses that the host no longer has, everything is closed but for ssh. The
 * sentence says which.
 */
int cli_rules_load(const struct rcconf *rc, bool wary, struct err *err);

/* Is there a last ruleset, that is: was pf ever loaded? */
bool cli_rules_have_last(void);

/*
 * For the time before the network: the last ruleset that was loaded, with the
 * facts it was made from; if there is none or it does not load, everything is
 * closed but ssh. Nothing to do if pf is enabled.
 */
int cli_rules_load_last(struct cli *c, struct err *err);

#endif
