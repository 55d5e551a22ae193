/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parser's core: telling errors, taking tokens, lists, and the level of
 * statements with its recovery.
 *
 *	file      = { statement "\n" | "\n" }
 *	statement = option | scrub | nat | rdr | binat | filter | anchor
 *	          | nat-anchor | rdr-anchor | binat-anchor | load-anchor | altq
 *	          | queue | macro | antispoof | table | include
 */
#define PARSE_C
#include "pf/parse.h"

#include <errno.h>

#include "pf/hint.h"

enum { INCLUDE_DEPTH = 100, QUIET_TOKENS = 3 };

/* ---- telling ---- */

void
pf_put(struct parser *p, enum pf_stream s, const struct str *text)
{
	if (p->out != NULL)
		p->out->put(p->out->ctx, s, text->buf, text->len);
}

static void
put(struct parser *p, enum pf_stream s)
{
	pf_put(p, s, &p->line);
	str_reset(&p->line);
}

int
pf_error(struct parser *p, const char *fmt, ...)
{
	va_list ap;

	p->rs->errors++;
	str_printf(
	    &p->line, "%s:%u: ", p->file->name, p->tok.line + p->file->skew);
	va_start(ap, fmt);
	str_vprintf(&p->line, fmt, ap);
	va_end(ap);
	str_addc(&p->line, '\n');
	put(p, PF_STDERR);
	if (p->opts->terminal) {
		pf_hint(p, &p->line);
		put(p, PF_STDERR);
	}
	return -1;
}

void
pf_warn(struct parser *p, const char *fmt, ...)
{
	va_list ap;

	str_add(&p->line, "pfctl: ");
	va_start(ap, fmt);
	str_vprintf(&p->line, fmt, ap);
	va_end(ap);
	str_addc(&p->line, '\n');
	put(p, PF_STDERR);
}

void
pf_note(struct parser *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_vprintf(&p->line, fmt, ap);
	va_end(ap);
	str_addc(&p->line, '\n');
	put(p, PF_STDERR);
}

void
pf_say(struct parser *p, const char *fmt, ...)
{
	va_list ap;

	if (p->opts->verbose == 0)
		return;
	va_start(ap, fmt);
	str_vprintf(&p->line, fmt, ap);
	va_end(ap);
	put(p, PF_STDOUT);
}

int
pf_syntax(struct parser *p)
{
	bool told = peek(p) == T_ERROR;

	/* The original keeps still for a while; a person wants to see each
	 * line, and not twice. */
	if (p->opts->terminal ? !told : p->quiet == 0)
		pf_error(p, "syntax error");
	return -1;
}

int
pf_end(struct parser *p)
{
	return peek(p) == '\n' ? 0 : pf_syntax(p);
}

int
pf_section(struct parser *p, enum section s)
{
	if (p->require_order && p->section > s)
		return pf_error(p,
		    "Rules must be in order: options, normalization, "
		    "queueing, translation, filtering");
	p->section = s;
	return 0;
}

/* ---- tokens ---- */

int
expect(struct parser *p, int kind)
{
	return take_if(p, kind) ? 0 : pf_syntax(p);
}

int
expect_string(struct parser *p, const char **ret)
{
	if (peek(p) != T_STRING)
		return pf_syntax(p);
	*ret = p->tok.str;
	take(p);
	return 0;
}

int
expect_number(struct parser *p, int64_t *ret)
{
	if (peek(p) != T_NUMBER)
		return pf_syntax(p);
	*ret = p->tok.num;
	take(p);
	return 0;
}

bool
pf_strtoul(const char *s, unsigned long *ret)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(s, &end, 0);
	if (*s == '\0' || *end != '\0' || errno == ERANGE)
		return false;
	*ret = n;
	return true;
}

int
pf_number(struct parser *p, int64_t *ret)
{
	unsigned long n;
	const char *s;

	if (peek(p) == T_NUMBER)
		return expect_number(p, ret);
	if (expect_string(p, &s) < 0)
		return -1;
	if (!pf_strtoul(s, &n))
		return pf_error(p, "%s is not a number", s);
	*ret = (int64_t)n;
	return 0;
}

int
pf_number_string(struct parser *p, const char **ret)
{
	if (peek(p) == T_STRING)
		return expect_string(p, ret);
	if (peek(p) != T_NUMBER)
		return pf_syntax(p);
	*ret = arena_printf(&p->tmp, "%lld", (long long)p->tok.num);
	take(p);
	return 0;
}

/* Words joined by blanks, as long as they come. */
static int
join(struct parser *p, bool numbers, const char **ret)
{
	_cleanup_(str_clear) struct str s = STR_INIT;
	const char *word = NULL, *blank = "";

	do {
		if (numbers ? pf_number_string(p, &word) < 0
			    : expect_string(p, &word) < 0)
			return -1;
		str_printf(&s, "%s%s", blank, word);
		blank = " ";
	} while (peek(p) == T_STRING || (numbers && peek(p) == T_NUMBER));
	*ret = arena_strndup(&p->tmp, s.buf, s.len);
	return 0;
}

int
pf_strings(struct parser *p, const char **ret)
{
	return join(p, false, ret);
}

void
pf_newlines(struct parser *p)
{
	while (take_if(p, '\n'))
		;
}

int
pf_list(struct parser *p, pf_item_fn item, void *arg)
{
	if (expect(p, '{') < 0)
		return -1;
	pf_newlines(p);
	for (;;) {
		if (item(p, arg) < 0)
			return -1;
		pf_newlines(p);
		if (take_if(p, '}'))
			return 0;
		(void)take_if(p, ',');
	}
}

int
pf_one_or_list(struct parser *p, pf_item_fn item, void *arg)
{
	return peek(p) == '{' ? pf_list(p, item, arg) : item(p, arg);
}

int
pf_paren_list(struct parser *p, pf_item_fn item, void *arg)
{
	for (;;) {
		if (item(p, arg) < 0)
			return -1;
		if (take_if(p, ')'))
			return 0;
		(void)take_if(p, ',');
	}
}

const char *
pf_keep(struct parser *p, const char *s)
{
	return s ? arena_strdup(&p->rs->arena, s) : NULL;
}

/* ---- statements ---- */

/* macro = WORD "=" ( WORD | NUMBER )+ */
static int
parse_macro(struct parser *p)
{
	const char *name = NULL, *value = NULL;

	if (expect_string(p, &name) < 0 || expect(p, '=') < 0 ||
	    join(p, true, &value) < 0 || pf_end(p) < 0)
		return -1;
	pf_say(p, "%s = \"%s\"\n", name, value);
	pf_macro_set(p, name, value, false);
	return 0;
}

/* include = "include" WORD */
static int
parse_include(struct parser *p)
{
	const char *name = NULL;
	int depth = 0;

	take(p);
	if (expect_string(p, &name) < 0)
		return -1;
	for (const struct pf_file *f = p->file; f != NULL; f = f->up)
		depth++;
	if (depth > INCLUDE_DEPTH)
		return pf_error(
		    p, "files include each other too deeply: %s", name);
	if (pf_file_push(p, name) < 0)
		return pf_error(p, "failed to include file %s", name);
	/* The rest of the line is read when the included file ends. The
	 * original counts the newline that stands in for it. */
	p->file->line = 0;
	p->file->skew = !p->opts->terminal;
	pf_lex_newline(p);
	return 0;
}

/* "no" ( scrub | nat | rdr | binat ) */
static int
parse_no(struct parser *p)
{
	take(p);
	switch (peek(p)) {
	case K_SCRUB:
		return pf_parse_scrub(p, true);
	case K_NAT:
	case K_RDR:
		return pf_parse_nat(p, true);
	case K_BINAT:
		return pf_parse_binat(p, true);
	default:
		return pf_syntax(p);
	}
}

static int
parse_statement(struct parser *p)
{
	switch (peek(p)) {
	case T_STRING:
		return parse_macro(p);
	case K_INCLUDE:
		return parse_include(p);
	case K_SET:
		return pf_parse_option(p);
	case K_NO:
		return parse_no(p);
	case K_SCRUB:
		return pf_parse_scrub(p, false);
	case K_NAT:
	case K_RDR:
		return pf_parse_nat(p, false);
	case K_BINAT:
		return pf_parse_binat(p, false);
	case K_PASS:
	case K_BLOCK:
		return pf_parse_filter(p);
	case K_ANTISPOOF:
		return pf_parse_antispoof(p);
	case K_ANCHOR:
		return pf_parse_anchor(p);
	case K_NAT_ANCHOR:
	case K_RDR_ANCHOR:
	case K_BINAT_ANCHOR:
		return pf_parse_xlate_anchor(p, peek(p));
	case K_LOAD:
		return pf_parse_load(p);
	case K_TABLE:
		return pf_parse_table(p);
	case K_ALTQ:
		return pf_parse_altq(p);
	case K_QUEUE:
		return pf_parse_queue(p);
	default:
		return pf_syntax(p);
	}
}

/* Skip to the end of the line; false at the end of the file. */
static bool
recover(struct parser *p)
{
	p->failed = true; /* not all that is wrong is told with a line */
	p->quiet = QUIET_TOKENS;
	while (peek(p) != '\n') {
		if (peek(p) == T_EOF)
			return false;
		p->have = false;
	}
	take(p);
	return true;
}

/* One line of the file; false at its end. */
static bool
parse_line(struct parser *p)
{
	int r = 0;

	if (peek(p) == T_EOF)
		return false;
	p->line_begin = p->tok.line;
	if (peek(p) != '\n')
		r = parse_statement(p);
	if (r == 0)
		r = expect(p, '\n');
	if (p->fatal || (r < 0 && !recover(p)))
		return false;
	arena_clear(&p->tmp); /* no token waits */
	return true;
}

/* Lines between braces that open a file: rules of the main ruleset. */
static void
parse_leading_braces(struct parser *p)
{
	take(p);
	while (peek(p) != '}') {
		if (!parse_line(p))
			return;
	}
	take(p);
	if (expect(p, '\n') < 0)
		(void)recover(p);
}

static void
warn_unused_macros(struct parser *p)
{
	if (p->opts->verbose < 2)
		return;
	for (size_t i = 0; i < p->rs->macros.n; i++) {
		const struct pf_macro *m = &p->rs->macros.v[i];

		if (!m->used && !m->replaced)
			pf_note(p, "warning: macro '%s' not used", m->name);
	}
}

int
pf_parse_file(struct parser *p, const char *name)
{
	uint32_t errors = p->rs->errors;
	int r = pf_file_push(p, name);

	if (r < 0) {
		pf_warn(
		    p, "cannot open the main config file!: %s", strerror(-r));
		return -1;
	}
	if (peek(p) == '{')
		parse_leading_braces(p);
	while (parse_line(p))
		;
	pf_files_clear(p);
	warn_unused_macros(p);
	return p->failed || p->rs->errors > errors ? -1 : 0;
}
