/* SPDX-License-Identifier: BSD-2-Clause */
/* What the verbs list and destroy do about releases (-r). Private to the
 * program. */
#ifndef CLI_RELEASES_H
#define CLI_RELEASES_H

#include "cli/cli.h"

/* `list -r`: iocage's table "Bases fetched", or as c->bare and c->json say.
 * Needs c->pool. */
int releases_list(struct cli *c, struct err *err);

/* `destroy -r RELEASE...`: asks for each unless `force` is set. Goes on after
 * a failure; returns the first, the others are printed. Needs c->pool. */
int releases_destroy(
    struct cli *c, int argc, char **argv, bool force, struct err *err);

#endif
