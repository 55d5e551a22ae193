/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts of expectations: any bytes are read or refused with a message, and
 * what was read can be tried. */
#include "pf/expect.h"

static const char facts_text[] =
    "iface em0 index=1 broadcast\n"
    "addr em0 inet 192.168.178.40/24\naddr em0 inet6 2001:db8::10/64\n"
    "iface lo0 index=2 loopback group=lo\naddr lo0 inet 127.0.0.1/8\n"
    "iface lo1 index=3 loopback group=lo\naddr lo1 inet 192.168.0.1/24\n"
    "jail web up 192.168.0.3\njail is down 192.168.0.9\n";

static const char rules_text[] =
    "nat on em0 from lo1:network to any -> (em0)\n"
    "rdr on em0 proto tcp to (em0) port 80 -> 192.168.0.3 port 8080\n"
    "block return all\npass in on em0 proto tcp to port { 22 8080 }\n"
    "pass out\n";

static struct pf_facts *facts;
static struct pf_ruleset *rules;

static int
read_rules(void *ctx, const char *path, struct str *ret)
{
	(void)ctx;
	(void)path;
	str_reset(ret);
	str_add(ret, rules_text);
	return 0;
}

static void
prepare(void)
{
	const struct pf_opts opts = { .load = PF_LOAD_ALL };
	struct pf_env *env;

	if (pf_facts_new(facts_text, "facts", &facts, NULL) < 0)
		abort();
	env = pf_facts_env(facts);
	env->read = read_rules;
	if (pf_load("pf.conf", &opts, env, NULL, &rules, NULL) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(str_clear) struct str msgs = STR_INIT, got = STR_INIT;
	_cleanup_free_ char *text = xstrndup((const char *)data, size);
	struct pf_expects all;
	struct pf_ex_input in;
	struct err err = { 0 };

	if (rules == NULL)
		prepare();
	in = (struct pf_ex_input){ .rules = rules,
		.machine = pf_facts_machine(facts),
		.env = pf_facts_env(facts) };
	if (pf_expects_parse(text, "t", in.machine, &all, &msgs, &err) < 0) {
		if (msgs.len == 0 || err.msg[0] == '\0')
			abort(); /* refused without a word */
		return 0;
	}
	for (size_t i = 0; i < all.n; i++)
		if (pf_expect_try(&in, &all.v[i], &got, &err) == 0 &&
		    got.len == 0)
			abort(); /* not so, and nothing said */
	pf_expects_clear(&all);
	return 0;
}
