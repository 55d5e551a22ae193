/* SPDX-License-Identifier: BSD-2-Clause */
/* What the readers of a file of facts share. */
#ifndef PF_FACTS_INTERNAL_H
#define PF_FACTS_INTERNAL_H

#include "base/map.h"
#include "pf/machine.h"

struct pf_facts {
	struct pf_env env;
	struct pf_machine machine;
	struct map hosts;	  /* name -> struct pf_ips */
	struct map users, groups; /* name -> id + 1 */
	struct arena arena;	  /* names */
};

struct facts_reader {
	struct pf_facts *f;
	const char *name;
	int line;
	struct strv words;
	struct err *err;
};

/* "FILE:LINE: WHAT 'WORD'"; -EINVAL. */
int facts_bad(struct facts_reader *r, const char *what, const char *word);
/* "ADDR", with "/LEN" if `bits` is not NULL, and "%scope" left out. */
int facts_ip(const char *word, uint8_t *af, union pf_ip *ip, uint8_t *bits);

/* facts-machine.c: the lines of machine.h. */
int facts_route(struct facts_reader *r);
int facts_forward(struct facts_reader *r);
int facts_jail(struct facts_reader *r);
int facts_listen(struct facts_reader *r);
int facts_pf(struct facts_reader *r);
/* When all lines are read: jails' addresses onto their interfaces. */
void facts_place_jails(struct pf_facts *f);

#endif
