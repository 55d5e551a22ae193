/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol pool: the verbs about storage pools. */
#include "cli/cli.h"

extern const struct cli_verb cmd_pool_devices;
extern const struct cli_verb cmd_pool_list;
extern const struct cli_verb cmd_pool_create;
extern const struct cli_verb cmd_pool_destroy;
extern const struct cli_verb cmd_pool_import;
extern const struct cli_verb cmd_pool_export;

static const struct cli_verb *const pool_subs[] = {
	&cmd_pool_devices,
	&cmd_pool_create,
	&cmd_pool_list,
	&cmd_pool_destroy,
	&cmd_pool_import,
	&cmd_pool_export,
	NULL,
};

const struct cli_verb cmd_pool = {
	.name = "pool",
	.args = "VERB",
	.summary = "storage pools: what jails and releases live on",
	.subs = pool_subs,
};
