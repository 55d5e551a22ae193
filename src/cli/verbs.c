/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of verbs, in the order help shows them. */
#include "cli/cli.h"

extern const struct cli_verb cmd_activate;
extern const struct cli_verb cmd_audit;
extern const struct cli_verb cmd_boot;
extern const struct cli_verb cmd_check;
extern const struct cli_verb cmd_completion;
extern const struct cli_verb cmd_console;
extern const struct cli_verb cmd_create;
extern const struct cli_verb cmd_destroy;
extern const struct cli_verb cmd_exec;
extern const struct cli_verb cmd_explain;
extern const struct cli_verb cmd_fetch;
extern const struct cli_verb cmd_get;
extern const struct cli_verb cmd_interrupted;
extern const struct cli_verb cmd_list;
extern const struct cli_verb cmd_logs;
extern const struct cli_verb cmd_net;
extern const struct cli_verb cmd_pool;
extern const struct cli_verb cmd_restart;
extern const struct cli_verb cmd_service;
extern const struct cli_verb cmd_set;
extern const struct cli_verb cmd_start;
extern const struct cli_verb cmd_stop;
extern const struct cli_verb cmd_sysrc;
extern const struct cli_verb cmd_watch;

const struct cli_verb *const cli_verbs[] = {
	&cmd_pool,
	&cmd_activate,
	&cmd_fetch,
	&cmd_create,
	&cmd_start,
	&cmd_stop,
	&cmd_restart,
	&cmd_console,
	&cmd_exec,
	&cmd_audit,
	&cmd_logs,
	&cmd_list,
	&cmd_get,
	&cmd_set,
	&cmd_destroy,
	&cmd_net,
	&cmd_explain,
	&cmd_boot,
	&cmd_check,
	&cmd_watch,
	&cmd_service,
	&cmd_sysrc,
	&cmd_completion,
	&cmd_interrupted,
	NULL,
};
