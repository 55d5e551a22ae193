/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * option = "set" ( "optimization" W | "ruleset-optimization" W
 *        | "timeout" spec | "limit" spec | "loginterface" ( W | "all" )
 *        | "hostid" N | "block-policy" policy | "fail-policy" policy
 *        | "require-order" yesno | "fingerprints" W
 *        | "state-policy" lock | "debug" W | "skip" on
 *        | "state-defaults" state-opt { [","] state-opt } )
 *
 * Some are told before the order is checked and some are never checked: so it
 * is in the original.
 */
#include <strings.h>

#include "pf/names.h"
#include "pf/osfp.h"
#include "pf/parse.h"

static bool
options_wanted(const struct parser *p)
{
	return (p->opts->load & PF_LOAD_OPTION) != 0;
}

/* ---- optimization ---- */

static void
set_timeout(struct parser *p, uint8_t tm, uint32_t seconds)
{
	p->rs->options.timeout[tm] = seconds;
	p->rs->options.timeout_set[tm] = true;
}

static struct pf_at
here(const struct parser *p)
{
	return (struct pf_at){ p->file->name, p->line_begin };
}

static int
parse_optimization(struct parser *p)
{
	const struct pf_hint *hint;
	const char *word;

	if (expect_string(p, &word) < 0)
		return -1;
	if (pf_section(p, SECTION_OPTION) < 0)
		return -1;
	if (!options_wanted(p))
		return 0;
	hint = pf_optimization(word);
	if (hint == NULL) {
		pf_warn(p, "invalid state timeouts optimization");
		return pf_error(p, "unknown optimization %s", word);
	}
	for (; hint->seconds != 0; hint++)
		set_timeout(p, hint->tm, hint->seconds);
	pf_say(p, "set optimization %s\n", word);
	return 0;
}

static int
parse_ruleset_optimization(struct parser *p)
{
	enum pf_optimize level;
	const char *word;

	if (pf_strings(p, &word) < 0 || pf_end(p) < 0)
		return -1;
	if (streq(word, "none"))
		level = PF_OPT_NONE;
	else if (streq(word, "basic"))
		level = PF_OPT_BASIC;
	else if (streq(word, "profile"))
		level = PF_OPT_PROFILE;
	else
		return pf_error(p, "unknown ruleset-optimization %s", word);
	if (!p->optimize_given) {
		p->optimize_given = true;
		p->rs->options.optimize = level;
	}
	return 0;
}

/* ---- timeout, limit ---- */

/* ( W | "interval" ) N */
static int
parse_timeout(struct parser *p, void *arg)
{
	const char *name = "interval";
	int64_t n;
	int tm;

	(void)arg;
	if (!take_if(p, K_INTERVAL) && expect_string(p, &name) < 0)
		return -1;
	if (expect_number(p, &n) < 0)
		return -1;
	if (pf_section(p, SECTION_OPTION) < 0)
		return -1;
	if (n < 0 || n > UINT32_MAX)
		return pf_error(p, "only positive values permitted");
	if (!options_wanted(p))
		return 0;
	tm = pf_timeout_number(name);
	if (tm < 0) {
		pf_warn(p, "Bad timeout name.");
		return pf_error(p, "unknown timeout %s", name);
	}
	set_timeout(p, (uint8_t)tm, (uint32_t)n);
	pf_say(p, "set timeout %s %d\n", name, (int)n);
	return 0;
}

static int
parse_limit(struct parser *p, void *arg)
{
	const char *name;
	int64_t n;
	int limit;

	(void)arg;
	if (expect_string(p, &name) < 0 || expect_number(p, &n) < 0)
		return -1;
	if (pf_section(p, SECTION_OPTION) < 0)
		return -1;
	if (n < 0 || n > UINT32_MAX)
		return pf_error(p, "only positive values permitted");
	limit = pf_limit_number(name);
	if (limit < 0) {
		pf_warn(p, "Bad pool name.");
		return pf_error(
		    p, "unable to set limit %s %u", name, (unsigned)n);
	}
	p->rs->options.limit[limit] = (uint32_t)n;
	p->rs->options.limit_set[limit] = true;
	p->rs->options.limit_at[limit] = here(p);
	pf_say(p, "set limit %s %d\n", name, (int)n);
	return 0;
}

/* ---- loginterface, hostid, debug ---- */

static int
parse_loginterface(struct parser *p)
{
	const char *name = "all";

	if (!take_if(p, K_ALL) && expect_string(p, &name) < 0)
		return -1;
	if (pf_section(p, SECTION_OPTION) < 0)
		return -1;
	if (!options_wanted(p))
		return 0;
	p->rs->options.log_if = streq(name, "none") ? NULL : pf_keep(p, name);
	p->rs->options.log_if_at = here(p);
	pf_say(p, "set loginterface %s\n", name);
	return 0;
}

static int
parse_hostid(struct parser *p)
{
	int64_t n;

	if (pf_number(p, &n) < 0)
		return -1;
	if (n == 0 || n > UINT32_MAX)
		return pf_error(p, "hostid must be non-zero");
	if (!options_wanted(p))
		return 0;
	p->rs->options.host_id = (uint32_t)n;
	p->rs->options.host_id_set = true;
	pf_say(p, "set hostid 0x%08x\n", (unsigned)n);
	return 0;
}

static int
parse_debug(struct parser *p)
{
	static const char *const levels[] = { "none", "urgent", "misc",
		"loud" };
	const char *word;

	if (expect_string(p, &word) < 0)
		return -1;
	if (pf_section(p, SECTION_OPTION) < 0)
		return -1;
	if (!options_wanted(p))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		if (!streq(levels[i], word))
			continue;
		p->rs->options.debug = (uint8_t)i;
		p->rs->options.debug_set = true;
		pf_say(p, "set debug %s\n", word);
		return 0;
	}
	pf_warn(p, "unknown debug level \"%s\"", word);
	return pf_error(p, "error setting debuglevel %s", word);
}

/* ---- policies ---- */

/* ( "block-policy" | "fail-policy" ) ( "drop" | "return" ) */
static int
parse_policy(struct parser *p, const char *name, uint8_t *ret)
{
	uint8_t policy = PF_BLOCK_DROP;

	if (take_if(p, K_RETURN))
		policy = PF_BLOCK_RETURN;
	else if (expect(p, K_DROP) < 0)
		return -1;
	pf_say(p, "set %s %s\n", name,
	    policy == PF_BLOCK_RETURN ? "return" : "drop");
	if (pf_section(p, SECTION_OPTION) < 0)
		return -1;
	*ret = policy;
	return 0;
}

/* "require-order" ( "yes" | "no" ) */
static int
parse_require_order(struct parser *p)
{
	const char *word;
	bool yes = false;

	if (!take_if(p, K_NO)) {
		if (expect_string(p, &word) < 0)
			return -1;
		if (!streq(word, "yes"))
			return pf_error(p,
			    "invalid value '%s', expected 'yes' or 'no'", word);
		yes = true;
	}
	pf_say(p, "set require-order %s\n", yes ? "yes" : "no");
	p->require_order = yes;
	return 0;
}

static int
parse_state_policy(struct parser *p)
{
	bool if_bound = take_if(p, K_IF_BOUND);

	if (!if_bound && expect(p, K_FLOATING) < 0)
		return -1;
	pf_say(p, "set state-policy %s\n", if_bound ? "if-bound" : "floating");
	p->if_bound = if_bound;
	return 0;
}

static int
parse_state_defaults(struct parser *p)
{
	struct state_opt *list;

	if (pf_parse_state_list(p, false, &list) < 0 || pf_end(p) < 0)
		return -1;
	if (p->state_defaults != NULL)
		return pf_error(p, "cannot redefine state-defaults");
	p->state_defaults = list;
	return 0;
}

static int
parse_fingerprints(struct parser *p)
{
	const char *name;

	if (expect_string(p, &name) < 0)
		return -1;
	pf_say(p, "set fingerprints \"%s\"\n", name);
	if (pf_section(p, SECTION_OPTION) < 0)
		return -1;
	if (*p->anchor->path != '\0')
		return 0;
	if (pf_osfp_read(p, name) < 0)
		return pf_error(p, "error loading fingerprints %s", name);
	p->rs->options.fingerprints = pf_keep(p, name);
	return 0;
}

/* ---- skip ---- */

static int
set_skip(struct parser *p, const struct if_node *ifs)
{
	int errors = 0;

	if (ifs == NULL ||
	    (ifs->next == NULL && !ifs->neg && streq(ifs->name, "none"))) {
		pf_say(p, "set skip on none\n");
		if (options_wanted(p))
			strv_clear(&p->rs->options.skip);
		return 0;
	}
	pf_say(p, "set skip on {");
	for (; ifs != NULL; ifs = ifs->next) {
		pf_say(p, " %s", ifs->name);
		if (ifs->neg)
			errors += pf_error(
			    p, "skip on ! <interface> is not supported");
		else if (options_wanted(p))
			strv_add(&p->rs->options.skip, ifs->name);
	}
	pf_say(p, " }\n");
	if (errors < 0)
		return pf_error(p, "error setting skip interface(s)");
	return 0;
}

static int
parse_skip(struct parser *p)
{
	struct if_node *ifs;

	if (pf_parse_on(p, &ifs) < 0 || (ifs == NULL && pf_end(p) < 0))
		return -1;
	return set_skip(p, ifs);
}

int
pf_parse_option(struct parser *p)
{
	int kind;

	take(p);
	kind = peek(p);
	if (pf_keyword_name(kind) == NULL)
		return pf_syntax(p);
	switch (kind) {
	case K_OPTIMIZATION:
		take(p);
		return parse_optimization(p);
	case K_RULESET_OPTIMIZATION:
		take(p);
		return parse_ruleset_optimization(p);
	case K_TIMEOUT:
		take(p);
		return pf_one_or_list(p, parse_timeout, NULL);
	case K_LIMIT:
		take(p);
		return pf_one_or_list(p, parse_limit, NULL);
	case K_LOGINTERFACE:
		take(p);
		return parse_loginterface(p);
	case K_HOSTID:
		take(p);
		return parse_hostid(p);
	case K_BLOCK_POLICY:
		take(p);
		return parse_policy(p, "block-policy", &p->block_policy);
	case K_FAIL_POLICY:
		take(p);
		return parse_policy(p, "fail-policy", &p->fail_policy);
	case K_REQUIRE_ORDER:
		take(p);
		return parse_require_order(p);
	case K_FINGERPRINTS:
		take(p);
		return parse_fingerprints(p);
	case K_STATE_POLICY:
		take(p);
		return parse_state_policy(p);
	case K_DEBUG:
		take(p);
		return parse_debug(p);
	case K_SKIP:
		take(p);
		return parse_skip(p);
	case K_STATE_DEFAULTS:
		take(p);
		return parse_state_defaults(p);
	default:
		return pf_syntax(p);
	}
}
