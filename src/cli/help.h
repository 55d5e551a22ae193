/* SPDX-License-Identifier: BSD-2-Clause */
/* What is printed from the verb table: help, and what the manual pages are
 * made of. Private to the program. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/cli.h"

/* The list of all verbs. */
void cli_help_all(const char *prog, FILE *out);
/* One verb. `words` is how it is called ("pool create"). */
void cli_help_verb(const char *prog, const char *words,
    const struct cli_verb *verb, FILE *out);
/* "usage: gaol start [-i] [--plan] JAIL... | ALL" and a newline. */
void cli_help_usage(const char *prog, const char *words,
    const struct cli_verb *verb, FILE *out);
/*
 * The table for programs, one line each, tab-separated:
 *	verb <words> <arguments> <summary> <more help>
 *	option <words> <letter> <long name> <value's name> <help>
 */
void cli_help_table(FILE *out);
/* The properties, one line each, tab-separated: name, type, default, when,
 * answer, meaning, why. */
void cli_help_properties(FILE *out);

#endif
