/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of a firewall: a text of expectations, each one packet and what is to
 * become of it, tried on a ruleset in the engine. Pure, like the rest of pf.
 *
 *	# who may come in
 *	tcp 203.0.113.9 -> 192.168.178.40:22 passes by "pass in ... ssh"
 *	tcp 203.0.113.9 -> 192.168.178.40:80 is blocked
 *	tcp 203.0.113.9 -> 192.168.178.40:3306 arrives at 192.168.0.2:3306
 *	tcp mydb -> 198.51.100.1:443 leaves as 192.168.178.40
 *	tcp 192.168.0.9 -> 192.168.0.77:80 is lost
 *
 * One a line; "#" begins a comment. The packet is written as a question of
 * explain.h. Each line is tried by itself, with no state of another.
 */
#ifndef PF_EXPECT_H
#define PF_EXPECT_H

#include "pf/explain.h"

enum pf_expect_want {
	PF_WANT_PASSES,	 /* it gets through pf, and so does the answer */
	PF_WANT_BLOCKED, /* pf drops it, or the answer */
	PF_WANT_ARRIVES, /* passes, and is then for `ip` (and `port`) */
	PF_WANT_LEAVES,	 /* passes, and leaves from `ip` (and `port`) */
	PF_WANT_LOST,	 /* pf has no part in it, but it reaches nobody */
};

struct pf_expect {
	uint32_t line;
	const char *text; /* the line, without blanks around and comment */
	struct pf_question question;
	enum pf_expect_want want;
	uint8_t af; /* of ip; 0: no address was said */
	union pf_ip ip;
	uint16_t port;	    /* 0: none was said */
	const char *out_if; /* leaves on; NULL: none was said */
	/* The rule that decides: as in pf.conf or as pfctl -s rules prints it;
	 * "..." in it stands for any text. NULL: none was said. */
	const char *by;
};

struct pf_expects {
	struct pf_expect *v;
	size_t n, cap;
	struct arena arena;
};

/*
 * Read a text; `name` is for messages. What is wrong is added to `msgs`, each
 * with file, line and column, the line itself and a caret, and -EINVAL
 * returned when all of the text was read.
 */
int pf_expects_parse(const char *text, const char *name,
    const struct pf_machine *m, struct pf_expects *ret, struct str *msgs,
    struct err *err);
void pf_expects_clear(struct pf_expects *all);

/*
 * Try one. 1: as expected; 0: not, and a sentence on what happens instead is
 * added to `got`; or a negative errno.
 */
int pf_expect_try(const struct pf_ex_input *in, const struct pf_expect *e,
    struct str *got, struct err *err);

#endif
