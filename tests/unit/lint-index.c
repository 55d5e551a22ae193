/* SPDX-License-Identifier: BSD-2-Clause */
/* Lint's index leaves out no rule that covers another, and keeps the order. */
#include "pf/lint-index.h"
#include "said.h"
#include "tap.h"

#include "fuzz/rules.h"

enum { RULES = 400 };

static const char world[] = "iface em0 index=1 broadcast\n"
			    "addr em0 inet 10.0.0.1/24\n";

static struct str text = STR_INIT;

static int
read_text(void *ctx, const char *path, struct str *ret)
{
	(void)ctx;
	(void)path;
	str_addmem(ret, text.buf, text.len);
	return 0;
}

static const char *const hosts[] = { "any", "10.0.0.1", "10.0.0.2",
	"! 10.0.0.1", "10.0.0.0/24", "10.0.0.1 - 10.0.0.1",
	"10.0.0.1 - 10.0.0.9", "<t>" };
static const char *const ports[] = { "", "", "port 80", "port 81", "port 80:80",
	"port 80:81", "port > 79", "port 79 >< 81", "port != 80", "port < 1" };

static void
add_rule(struct input *in)
{
	str_add(&text, "pass inet proto tcp");
	for (int i = 0; i < 2; i++)
		str_printf(&text, " %s %s %s", i == 0 ? "from" : "to",
		    hosts[dice(in, ARRAY_SIZE(hosts))],
		    ports[dice(in, ARRAY_SIZE(ports))]);
	str_add(&text, "\n");
}

struct tally {
	int asked, covering, left_out, disordered;
};

/* What covers rule `i` must come out of the walk that begins at `from`. */
static void
compare(const struct pf_env *env, const struct lint_index *x, size_t i,
    size_t from, struct tally *t)
{
	const struct pf_rules *list = x->list;
	struct lint_walk w;
	size_t k = from, next;

	lint_walk_init(&w, x, list->v[i], from);
	do {
		next = lint_walk_next(&w);
		t->asked++;
		t->disordered += next < k;
		for (; k < next && k < list->n; k++)
			t->left_out +=
			    lint_covers_but_flags(env, list->v[k], list->v[i]);
		if (next < list->n)
			t->covering += lint_covers_but_flags(
			    env, list->v[next], list->v[i]);
		k = next + 1;
	} while (next < list->n);
}

static void
test_walk(const struct pf_env *env, const struct pf_rules *list)
{
	struct lint_index x;
	struct tally t = { 0 };

	lint_index_init(&x, list);
	for (size_t i = 0; i < list->n; i++) {
		compare(env, &x, i, 0, &t);
		compare(env, &x, i, i + 1, &t);
	}
	lint_index_clear(&x);
	is_int(t.left_out, 0, "no rule that covers is left out");
	is_int(t.disordered, 0, "they come in the order of the list");
	ok(t.covering > RULES, "%d of %d rules asked do cover", t.covering,
	    t.asked);
}

/* Where each rule names a host and a port of its own, few others are asked: what
 * shares a slot by chance. */
static void
test_few(const struct pf_env *env, const struct pf_rules *list)
{
	struct lint_index x;
	struct tally t = { 0 };

	lint_index_init(&x, list);
	for (size_t i = 0; i < list->n; i++)
		compare(env, &x, i, 0, &t);
	lint_index_clear(&x);
	ok(t.asked < 4 * RULES, "%d rules are asked about %d", t.asked, RULES);
	is_int(t.left_out, 0, "and nothing is left out");
}

static void
with_rules(const struct pf_env *env,
    void (*test)(const struct pf_env *env, const struct pf_rules *list))
{
	const struct pf_opts opts = { .load = PF_LOAD_ALL,
		.optimize_given = true };
	const struct pf_out out = { said_diag, NULL };
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *rs = NULL;

	if (pf_load("-", &opts, env, &out, &rs, NULL) == 0)
		test(env, &rs->main->list[PF_LIST_FILTER]);
	else
		ok(false, "the rules are read");
	str_reset(&text);
}

int
main(void)
{
	_cleanup_(pf_facts_freep) struct pf_facts *facts = NULL;
	struct input in = { NULL, 0, 1 };
	struct pf_env *env;

	if (pf_facts_new(world, "world", &facts, NULL) < 0)
		BUG("the world is wrong");
	env = pf_facts_env(facts);
	env->read = read_text;
	str_add(&text, "table <t> { 10.0.0.0/25 }\n");
	for (int i = 0; i < RULES; i++)
		add_rule(&in);
	with_rules(env, test_walk);
	for (int i = 0; i < RULES; i++)
		str_printf(&text,
		    "pass inet proto tcp from 10.1.%d.%d to any port %d\n",
		    i / 100, i % 100 + 1, 1000 + i);
	with_rules(env, test_few);
	str_clear(&text);
	return done_testing();
}
