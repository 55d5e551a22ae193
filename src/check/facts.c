/* SPDX-License-Identifier: BSD-2-Clause */
/* A system that is written down: see check.h for the lines. */
#include <errno.h>

#include "check/internal.h"

struct reader {
	struct check_facts *f;
	const char *name;
	int line;
	struct strv words;
	const char *rest; /* the line behind the first word */
	struct str rc;	  /* rc.conf, as many lines as were read */
	struct err *err;
};

static int
bad(struct reader *r, const char *what)
{
	return err_set(r->err, EINVAL, "%s:%d: %s", r->name, r->line, what);
}

static const char *
keep(struct reader *r, const char *text)
{
	return arena_strdup(&r->f->arena, text);
}

/* The jail that the second word names. */
static struct check_jail *
jail_of(struct reader *r)
{
	return check_jail(&r->f->sys, keep(r, r->words.v[1]));
}

/* ---- lines ---- */

/* On its own line of a text, so that messages have the line's number. */
static int
line_rc(struct reader *r)
{
	str_add(&r->rc, r->rest);
	return 0;
}

static int
line_config(struct reader *r)
{
	struct check_jail *j = jail_of(r);
	const char *addr = keep(r, r->words.v[2]);

	*(strchr(addr, ':') ? &j->ip6 : &j->ip4) = addr;
	return 0;
}

static int
line_boot(struct reader *r)
{
	jail_of(r)->boot = true;
	return 0;
}

static int
line_resolver(struct reader *r)
{
	struct check_jail *j = jail_of(r);

	j->resolv_known = true;
	j->resolv_missing = r->words.n > 2 && streq(r->words.v[2], "missing");
	for (size_t i = 2; !j->resolv_missing && i < r->words.n; i++)
		strv_add(&j->resolvers, r->words.v[i]);
	return 0;
}

static int
line_beside(struct reader *r)
{
	jail_of(r)->beside = keep(r, r->words.v[2]);
	return 0;
}

static int
line_inside(struct reader *r)
{
	struct check_jail *j = jail_of(r);
	int64_t mtu;

	if (streq(r->words.v[2], "noroute")) {
		j->routes_known = true;
		return 0;
	}
	if (!streq(r->words.v[2], "mtu") || r->words.n != 4 ||
	    str_to_i64(r->words.v[3], 68, 65536, &mtu) < 0)
		return bad(r, "expected 'inside JAIL mtu N|noroute'");
	j->mtu = (uint32_t)mtu;
	return 0;
}

static int
line_service(struct reader *r)
{
	struct check_service *s = array_add(&r->f->sys.services);

	s->name = keep(r, r->words.v[1]);
	s->enabled = streq(r->words.v[2], "enabled");
	return s->enabled || streq(r->words.v[2], "disabled")
	    ? 0
	    : bad(r, "expected 'service NAME enabled|disabled'");
}

static int
line_loaded(struct reader *r)
{
	static const char *const words[] = { "?", "none", "off", "on", "other",
		"drifted" };

	for (size_t i = 1; i < ARRAY_SIZE(words); i++)
		if (streq(r->words.v[1], words[i])) {
			r->f->sys.pf = (enum check_pf)i;
			return 0;
		}
	return bad(r, "expected 'loaded none|off|on|other|drifted'");
}

static int
line_foreign(struct reader *r)
{
	array_add(&r->f->sys.foreign)->what = keep(r, r->rest);
	return 0;
}

static int
line_legacy(struct reader *r)
{
	r->f->sys.legacy = keep(r, r->rest);
	return 0;
}

static int
line_helpers(struct reader *r)
{
	r->f->sys.helpers = keep(r, r->rest);
	return 0;
}

static int
line_bridge_filter(struct reader *r)
{
	r->f->sys.bridge_filter = true;
	return 0;
}

static const struct {
	const char *word;
	size_t min; /* words of the line */
	int (*read)(struct reader *r);
} lines[] = {
	{ "rc", 2, line_rc },
	{ "config", 3, line_config },
	{ "boot", 2, line_boot },
	{ "resolver", 2, line_resolver },
	{ "beside", 3, line_beside },
	{ "inside", 3, line_inside },
	{ "service", 3, line_service },
	{ "loaded", 2, line_loaded },
	{ "foreign", 2, line_foreign },
	{ "legacy", 2, line_legacy },
	{ "helpers", 2, line_helpers },
	{ "bridge-filter", 1, line_bridge_filter },
};

/* True: it was one of ours. */
static bool
read_line(struct reader *r, const char *text, int *result)
{
	strv_clear(&r->words);
	strv_split(&r->words, text, " \t\r");
	if (r->words.n == 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		if (!streq(r->words.v[0], lines[i].word))
			continue;
		r->rest = text + strspn(text, " \t") + strlen(lines[i].word);
		r->rest += strspn(r->rest, " \t");
		*result = r->words.n < lines[i].min ? bad(r, "too few words")
						    : lines[i].read(r);
		return true;
	}
	return false;
}

/* ---- all of it ---- */

static int
make_system(struct check_facts *f, struct err *err)
{
	struct check_system *sys = &f->sys;
	const struct pf_machine *m = pf_facts_machine(f->pf);

	sys->machine = m;
	sys->env = m->env;
	if (f->rc->vars.n > 0) {
		sys->rc = f->rc;
		if (net_plan_make(f->rc, &f->plan, err) < 0)
			return -EINVAL;
		sys->plan = &f->plan;
	}
	for (size_t i = 0; i < m->jails.n; i++)
		check_jail(sys, m->jails.v[i].name)->up = m->jails.v[i].up;
	return 0;
}

int
check_facts_read(const char *text, const char *name, struct check_facts *ret,
    struct err *err)
{
	_cleanup_(str_clear) struct str rest = STR_INIT;
	_cleanup_free_ char *copy = xstrdup(text);
	struct reader r = {
		.f = ret, .name = name, .rc = STR_INIT, .err = err
	};
	char *next = copy, *line;
	int result = 0;

	*ret = (struct check_facts){ .rc = rcconf_new() };
	while (result == 0 && (line = strsep(&next, "\n")) != NULL) {
		r.line++;
		line[strcspn(line, "#")] = '\0';
		/* pf's lines keep their numbers. */
		if (!read_line(&r, line, &result))
			str_add(&rest, line);
		str_addc(&rest, '\n');
		str_addc(&r.rc, '\n');
	}
	strv_clear(&r.words);
	if (result == 0)
		result = rcconf_parse(ret->rc, name, r.rc.buf, r.rc.len, err);
	str_clear(&r.rc);
	if (result == 0)
		result = pf_facts_new(rest.buf, name, &ret->pf, err);
	if (result == 0)
		result = make_system(ret, err);
	if (result < 0)
		check_facts_clear(ret);
	return result;
}

void
check_facts_clear(struct check_facts *f)
{
	check_system_clear(&f->sys);
	net_plan_clear(&f->plan);
	pf_facts_freep(&f->pf);
	rcconf_freep(&f->rc);
	arena_clear(&f->arena);
	*f = (struct check_facts){ 0 };
}
