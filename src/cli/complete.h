/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Completing a command line: what the word that is being typed could become.
 * The shells' scripts (completions/) only carry the line here and the words back, so that
 * what is offered is what this program's verb table, property table and pools
 * say. Private to the program.
 */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include <stdio.h>

/*
 * The words of a line behind the program's name; the last is the one being
 * typed, perhaps empty. Prints what it could become, one a line:
 *	WORD <tab> WHAT-IT-IS
 *	:files, :dirs		the shell's own completion of file names
 *	:nospace		more is to follow directly
 * What cannot be read (no pool, not root) is left out without a word.
 */
void cli_complete(int argc, char **argv, FILE *out);

#endif
