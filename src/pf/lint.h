/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults of a pf.conf that loads: rules that can never match, translations to
 * nobody, what is declared and never used. Pure, like the rest of pf.
 *
 * Nothing is claimed that is not so for every packet: a rule is told to be
 * without effect only if another one is, field by field, as wide or wider.
 */
#ifndef PF_LINT_H
#define PF_LINT_H

#include "base/finding.h"
#include "pf/machine.h"

struct pf_lint_input {
	const struct pf_ruleset *rules; /* not optimised: as written */
	/* Interfaces, addresses, jails. What is not known of the machine is
	 * not held against the rules: without jails, say, an address in a
	 * loopback's network may still be one's. */
	const struct pf_machine *machine;
	bool jails_known; /* all there are */
	/* Gives the files' content, for lines as written; may be NULL. */
	const struct pf_env *env;
	const char *file; /* for what has no line; NULL: the first rule's */
};

/* Add what is found to the list. */
void pf_lint(const struct pf_lint_input *in, struct findings *all);

/* The statement that begins on a line, as written, on one line; for the
 * caller to free. NULL: it cannot be read. */
char *pf_statement(const struct pf_env *env, const char *file, uint32_t line);

#endif
