/* SPDX-License-Identifier: BSD-2-Clause */
/* The words that pfctl's options take, and what a command line could become. */
#ifndef PFCTL_WORDS_H
#define PFCTL_WORDS_H

#include <stdio.h>

/* Of -F, -s, -T, -x and -o; each ends with NULL. The order is pfctl's own:
 * of "-s n" the first that begins so is meant. */
extern const char *const flush_words[];
extern const char *const show_words[];
extern const char *const table_words[];
extern const char *const debug_words[];
extern const char *const optimize_words[];

/*
 * `pfctl --candidates WORD...`, for the completion of shells: what the last
 * word could become, one a line, a tab and what it is behind it. ":files",
 * ":anchors" and ":tables" leave the names to the shell's script.
 */
void print_candidates(int argc, char **argv, FILE *out);

#endif
