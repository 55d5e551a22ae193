/* SPDX-License-Identifier: BSD-2-Clause */
/* A pf.conf lowered for a small host, as text: for the tests of lowering. */
#ifndef UNIT_LOWERING_H
#define UNIT_LOWERING_H

#include "pf/lower.h"

#include "said.h"
#include "tap.h"

static const char facts_text[] = "iface lo0 index=1 loopback group=lo\n"
				 "addr lo0 inet 127.0.0.1/8\n"
				 "iface em0 index=2 broadcast group=wan\n"
				 "addr em0 inet 192.168.178.40/24\n"
				 "iface lo1 index=3 loopback group=lo\n"
				 "addr lo1 inet 192.168.0.1/24\n"
				 "addr lo1 inet 192.168.0.2/32\n";

static const char *text; /* of the pf.conf being read */

static int
read_text(void *ctx, const char *path, struct str *ret)
{
	(void)ctx;
	(void)path;
	str_reset(ret);
	str_add(ret, text);
	return 0;
}

/* Lower `conf`; the result as text, or what was said against it. */
static char *
lower(const char *conf)
{
	const struct pf_opts opts = { .load = PF_LOAD_ALL };
	const struct pf_lower_opts lower_opts = { .jail_group = 7,
		.first_rule = 1 };
	struct pf_facts *facts = NULL;
	struct pf_ruleset *rs = NULL;
	struct pf_lowered *l = NULL;
	struct str said = STR_INIT;
	const struct pf_out out = { said_put_one, &said };

	if (pf_facts_new(facts_text, "facts", &facts, NULL) < 0)
		BUG("facts");
	pf_facts_env(facts)->read = read_text;
	text = conf;
	if (pf_load("pf.conf", &opts, pf_facts_env(facts), &out, &rs, NULL) ==
		0 &&
	    pf_lower(rs, pf_facts_env(facts), &lower_opts, &l, &said, NULL) ==
		0)
		pf_lowered_print(&said, l);
	pf_lowered_free(l);
	pf_ruleset_free(rs);
	pf_facts_free(facts);
	return str_take(&said);
}

/* Lowering refuses `conf` with these words. */
static void
test_refused(const char *conf, const char *want, const char *what)
{
	_cleanup_free_ char *said = lower(conf);

	is_str(said, want, "%s", what);
}

#endif
