/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lexer: words, numbers, quotes, comments, continuation, macros.
 *
 * A macro's text is read as if it had been typed, glued to what follows it.
 * Inside it "$" means nothing, so macros nest only when they are defined.
 */
#include "pf/lex.h"

#include <ctype.h>
#include <errno.h>

#include "pf/parse.h"

enum {
	WORD_MAX = 8095, /* characters of a word or quoted text */
	MACRO_MAX = 8094,
};

struct keyword {
	const char *name;
	int kind;
};

static const struct keyword keywords[] = {
	{ "all", K_ALL },
	{ "allow-opts", K_ALLOW_OPTS },
	{ "altq", K_ALTQ },
	{ "anchor", K_ANCHOR },
	{ "antispoof", K_ANTISPOOF },
	{ "any", K_ANY },
	{ "bandwidth", K_BANDWIDTH },
	{ "binat", K_BINAT },
	{ "binat-anchor", K_BINAT_ANCHOR },
	{ "bitmask", K_BITMASK },
	{ "block", K_BLOCK },
	{ "block-policy", K_BLOCK_POLICY },
	{ "buckets", K_BUCKETS },
	{ "cbq", K_CBQ },
	{ "code", K_CODE },
	{ "codelq", K_CODELQ },
	{ "crop", K_CROP },
	{ "debug", K_DEBUG },
	{ "divert-reply", K_DIVERT_REPLY },
	{ "divert-to", K_DIVERT_TO },
	{ "drop", K_DROP },
	{ "drop-ovl", K_DROP_OVL },
	{ "dup-to", K_DUP_TO },
	{ "fail-policy", K_FAIL_POLICY },
	{ "fairq", K_FAIRQ },
	{ "fastroute", K_FASTROUTE },
	{ "file", K_FILE },
	{ "fingerprints", K_FINGERPRINTS },
	{ "flags", K_FLAGS },
	{ "floating", K_FLOATING },
	{ "flush", K_FLUSH },
	{ "for", K_FOR },
	{ "fragment", K_FRAGMENT },
	{ "from", K_FROM },
	{ "global", K_GLOBAL },
	{ "group", K_GROUP },
	{ "hfsc", K_HFSC },
	{ "hogs", K_HOGS },
	{ "hostid", K_HOSTID },
	{ "icmp-type", K_ICMP_TYPE },
	{ "icmp6-type", K_ICMP6_TYPE },
	{ "if-bound", K_IF_BOUND },
	{ "in", K_IN },
	{ "include", K_INCLUDE },
	{ "inet", K_INET },
	{ "inet6", K_INET6 },
	{ "interval", K_INTERVAL },
	{ "keep", K_KEEP },
	{ "label", K_LABEL },
	{ "limit", K_LIMIT },
	{ "linkshare", K_LINKSHARE },
	{ "load", K_LOAD },
	{ "log", K_LOG },
	{ "loginterface", K_LOGINTERFACE },
	{ "max", K_MAX },
	{ "max-mss", K_MAX_MSS },
	{ "max-src-conn", K_MAX_SRC_CONN },
	{ "max-src-conn-rate", K_MAX_SRC_CONN_RATE },
	{ "max-src-nodes", K_MAX_SRC_NODES },
	{ "max-src-states", K_MAX_SRC_STATES },
	{ "min-ttl", K_MIN_TTL },
	{ "modulate", K_MODULATE },
	{ "nat", K_NAT },
	{ "nat-anchor", K_NAT_ANCHOR },
	{ "no", K_NO },
	{ "no-df", K_NO_DF },
	{ "no-route", K_NO_ROUTE },
	{ "no-sync", K_NO_SYNC },
	{ "on", K_ON },
	{ "optimization", K_OPTIMIZATION },
	{ "os", K_OS },
	{ "out", K_OUT },
	{ "overload", K_OVERLOAD },
	{ "pass", K_PASS },
	{ "port", K_PORT },
	{ "prio", K_PRIO },
	{ "priority", K_PRIORITY },
	{ "priq", K_PRIQ },
	{ "probability", K_PROBABILITY },
	{ "proto", K_PROTO },
	{ "qlimit", K_QLIMIT },
	{ "queue", K_QUEUE },
	{ "quick", K_QUICK },
	{ "random", K_RANDOM },
	{ "random-id", K_RANDOM_ID },
	{ "rdr", K_RDR },
	{ "rdr-anchor", K_RDR_ANCHOR },
	{ "realtime", K_REALTIME },
	{ "reassemble", K_REASSEMBLE },
	{ "reply-to", K_REPLY_TO },
	{ "require-order", K_REQUIRE_ORDER },
	{ "return", K_RETURN },
	{ "return-icmp", K_RETURN_ICMP },
	{ "return-icmp6", K_RETURN_ICMP6 },
	{ "return-rst", K_RETURN_RST },
	{ "round-robin", K_ROUND_ROBIN },
	{ "route", K_ROUTE },
	{ "route-to", K_ROUTE_TO },
	{ "rtable", K_RTABLE },
	{ "rule", K_RULE },
	{ "ruleset-optimization", K_RULESET_OPTIMIZATION },
	{ "scrub", K_SCRUB },
	{ "set", K_SET },
	{ "set-tos", K_SET_TOS },
	{ "skip", K_SKIP },
	{ "sloppy", K_SLOPPY },
	{ "source-hash", K_SOURCE_HASH },
	{ "source-track", K_SOURCE_TRACK },
	{ "state", K_STATE },
	{ "state-defaults", K_STATE_DEFAULTS },
	{ "state-policy", K_STATE_POLICY },
	{ "static-port", K_STATIC_PORT },
	{ "sticky-address", K_STICKY_ADDRESS },
	{ "synproxy", K_SYNPROXY },
	{ "table", K_TABLE },
	{ "tag", K_TAG },
	{ "tagged", K_TAGGED },
	{ "target", K_TARGET },
	{ "tbrsize", K_TBRSIZE },
	{ "timeout", K_TIMEOUT },
	{ "to", K_TO },
	{ "tos", K_TOS },
	{ "ttl", K_TTL },
	{ "upperlimit", K_UPPERLIMIT },
	{ "urpf-failed", K_URPF_FAILED },
	{ "user", K_USER },
};

/* Most words differ in the first letter: no call for those. */
static int
keyword_cmp(const void *key, const void *elem)
{
	const char *name = ((const struct keyword *)elem)->name;
	const char *word = key;
	int d = (unsigned char)word[0] - (unsigned char)name[0];

	return d != 0 ? d : strcmp(word, name);
}

static int
keyword_find(const char *word)
{
	const struct keyword *k = bsearch(word, keywords, ARRAY_SIZE(keywords),
	    sizeof(keywords[0]), keyword_cmp);

	return k ? k->kind : T_STRING;
}

bool
pf_is_keyword(const char *word)
{
	return keyword_find(word) != T_STRING;
}

const char *
pf_keyword_name(int kind)
{
	int i = kind - keywords[0].kind;

	if (i < 0 || i >= (int)ARRAY_SIZE(keywords))
		return NULL;
	return keywords[i].name;
}

const char *const *
pf_keyword_list(void)
{
	static const char *list[ARRAY_SIZE(keywords) + 1];

	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++)
		list[i] = keywords[i].name;
	return list;
}

/* ---- files ---- */

int
pf_file_push(struct parser *p, const char *name)
{
	_cleanup_free_ struct pf_file *f = xcalloc(1, sizeof(*f));
	bool is_stdin = p->file == NULL && streq(name, "-");
	int r = -ENOENT;

	str_init(&f->text);
	if (p->env->read != NULL)
		r = p->env->read(p->env->ctx, name, &f->text);
	if (r < 0) {
		str_clear(&f->text);
		pf_warn(p, "%s: %s", name, strerror(-r));
		return r;
	}
	f->name = arena_strdup(&p->rs->arena, is_stdin ? "stdin" : name);
	f->line = 1;
	f->up = p->file;
	p->file = TAKE_PTR(f);
	return 0;
}

bool
pf_file_pop(struct parser *p)
{
	struct pf_file *f = p->file;

	if (f->up == NULL)
		return false;
	p->file = f->up;
	str_clear(&f->text);
	free(f);
	return true;
}

void
pf_files_clear(struct parser *p)
{
	while (p->file != NULL) {
		struct pf_file *f = p->file;

		p->file = f->up;
		str_clear(&f->text);
		free(f);
	}
	p->macro_text = NULL;
	str_clear(&p->unread);
}

/* ---- macros ---- */

void
pf_macro_set(struct parser *p, const char *name, const char *value, bool fixed)
{
	size_t i = (size_t)(uintptr_t)map_get(&p->macros, name);
	struct pf_macro *m;

	if (i > 0 && p->n_fixed >= i)
		return; /* from the command line: it wins */
	if (i > 0)
		p->rs->macros.v[i - 1].replaced = true;
	m = array_add(&p->rs->macros);
	m->name = arena_strdup(&p->rs->arena, name);
	m->value = arena_strdup(&p->rs->arena, value);
	map_set(&p->macros, name, (void *)(uintptr_t)p->rs->macros.n);
	if (fixed) {
		p->n_fixed = p->rs->macros.n;
	} else {
		m->file = p->file->name;
		m->line = p->line_begin;
	}
}

void
pf_macros_forget(struct parser *p)
{
	map_clear(&p->macros);
	p->n_fixed = 0;
	for (size_t i = 0; i < p->rs->macros.n; i++)
		p->rs->macros.v[i].replaced = true;
}

static const char *
macro_get(struct parser *p, const char *name)
{
	size_t i = (size_t)(uintptr_t)map_get(&p->macros, name);

	if (i == 0)
		return NULL;
	p->rs->macros.v[i - 1].used = true;
	return p->rs->macros.v[i - 1].value;
}

/* ---- characters ---- */

/* A byte of the file as it is, or EOF. */
static inline int
file_byte(struct pf_file *f)
{
	if (f->pos >= f->text.len)
		return EOF;
	return (unsigned char)f->text.buf[f->pos++];
}

/* A character from the macro that is being expanded or from what was put
 * back; EOF if there is none. */
static inline int
stored_char(struct parser *p)
{
	if (p->macro_text != NULL) {
		int c = (unsigned char)p->macro_text[p->macro_pos++];

		if (c != '\0')
			return c;
		p->macro_text = NULL;
	}
	if (p->unread.len > 0)
		return (unsigned char)p->unread.buf[--p->unread.len];
	return EOF;
}

/* The next character outside quotes: continuation lines are joined, the end
 * of an included file goes on in the file that named it. */
static int
next_char(struct parser *p)
{
	int c = stored_char(p);

	if (c != EOF)
		return c;
	while ((c = file_byte(p->file)) == '\\') {
		int next = file_byte(p->file);

		if (next != '\n') {
			c = next;
			break;
		}
		p->tok.line = p->file->line++;
	}
	while (c == EOF) {
		if (!pf_file_pop(p))
			return EOF;
		c = file_byte(p->file);
	}
	return c;
}

/* The next character inside quotes: every one counts. */
static int
next_quoted(struct parser *p, int quote)
{
	int c = stored_char(p);

	if (c != EOF)
		return c;
	c = file_byte(p->file);
	if (c == EOF) {
		pf_error(p, "reached end of file while parsing quoted string");
		return pf_file_pop(p) ? quote : EOF;
	}
	return c;
}

static void
unread_char(struct parser *p, int c)
{
	if (c == EOF)
		return;
	if (p->macro_text != NULL && p->macro_pos > 0)
		p->macro_pos--;
	else
		str_addc(&p->unread, (char)c);
}

void
pf_lex_newline(struct parser *p)
{
	str_addc(&p->unread, '\n');
}

/*
 * Give the line up: what was told makes it an error. The original eats the
 * newline, so that the next line is lost too; a person gets that line's
 * errors as well.
 */
static void
skip_line(struct parser *p)
{
	int c;

	p->macro_text = NULL;
	p->tok.kind = T_ERROR;
	while ((c = next_char(p)) != '\n') {
		if (c == EOF)
			return;
	}
	if (p->opts->terminal)
		unread_char(p, c);
	else
		p->file->line++;
}

/* ---- tokens ---- */

static bool
in_word(int c)
{
	return isalnum(c) || (ispunct(c) && strchr("(){}<>!=/#,", c) == NULL);
}

static bool
ends_number(int c)
{
	return c == EOF || isspace(c) || c == ')' || c == ',' || c == '/' ||
	    c == '}' || c == '=';
}

static void
take_string(struct parser *p)
{
	p->tok.kind = T_STRING;
	p->tok.str = arena_strndup(&p->tmp, p->word.buf, p->word.len);
}

/* "..." or '...': always a T_STRING. */
static void
lex_quoted(struct parser *p, int quote)
{
	int c;

	while ((c = next_quoted(p, quote)) != quote) {
		if (c == EOF) {
			p->tok.kind = T_EOF;
			return;
		}
		if (c == '\n') {
			p->file->line++;
			continue;
		}
		if (c == '\\') {
			int next = next_quoted(p, quote);

			if (next == EOF) {
				p->tok.kind = T_EOF;
				return;
			}
			if (next == '\n') {
				p->file->line++;
				continue;
			}
			if (next == quote)
				c = next;
			else
				unread_char(p, next);
		} else if (c == '\0') {
			pf_error(p, "syntax error");
			skip_line(p);
			return;
		}
		if (p->word.len >= WORD_MAX) {
			pf_error(p, "string too long");
			skip_line(p);
			return;
		}
		str_addc(&p->word, (char)c);
	}
	take_string(p);
	p->tok.quoted = true;
}

/* The name behind "$": its text is read next. False: nothing to read. */
static bool
lex_macro(struct parser *p)
{
	const char *text;
	int c;

	while ((c = next_char(p)) == '_' || (c != EOF && isalnum(c))) {
		if (p->word.len >= MACRO_MAX) {
			pf_error(p, "string too long");
			skip_line(p);
			return false;
		}
		str_addc(&p->word, (char)c);
	}
	if (c == EOF) {
		p->tok.kind = T_EOF;
		return false;
	}
	unread_char(p, c);
	text = macro_get(p, p->word.buf);
	if (text == NULL) {
		pf_error(p, "macro '%s' not defined", p->word.buf);
		skip_line(p);
		return false;
	}
	p->macro_text = text;
	p->macro_pos = 0;
	return true;
}

/*
 * A number, if digits are followed by something that ends one. Otherwise
 * everything but the first character is put back, and that one returned; EOF
 * if a token was made.
 */
static int
lex_number(struct parser *p, int c)
{
	int64_t n;

	do {
		if (p->word.len >= WORD_MAX) {
			pf_error(p, "string too long");
			skip_line(p);
			return EOF;
		}
		str_addc(&p->word, (char)c);
		c = next_char(p);
	} while (c != EOF && isdigit(c));
	unread_char(p, c);
	if (ends_number(c) && !streq(p->word.buf, "-")) {
		if (str_to_i64(p->word.buf, INT64_MIN, INT64_MAX, &n) < 0) {
			pf_error(p, "\"%s\" invalid number: too %s",
			    p->word.buf,
			    p->word.buf[0] == '-' ? "small" : "large");
			skip_line(p);
			return EOF;
		}
		p->tok.kind = T_NUMBER;
		p->tok.num = n;
		return EOF;
	}
	while (p->word.len > 1)
		unread_char(p, p->word.buf[--p->word.len]);
	c = (unsigned char)p->word.buf[0];
	str_reset(&p->word);
	if (c == '-') {
		p->tok.kind = '-';
		return EOF;
	}
	return c;
}

static void
lex_word(struct parser *p, int c)
{
	do {
		if (p->word.len >= WORD_MAX) {
			pf_error(p, "string too long");
			skip_line(p);
			return;
		}
		str_addc(&p->word, (char)c);
		c = next_char(p);
	} while (c != EOF && in_word(c));
	unread_char(p, c);
	p->tok.kind = keyword_find(p->word.buf);
	if (p->tok.kind == T_STRING)
		take_string(p);
}

/* "<>", "><" and "->". */
static bool
lex_pair(struct parser *p, int c)
{
	int want = c == '<' || c == '-' ? '>' : '<';
	int next = next_char(p);

	if (next != want) {
		unread_char(p, next);
		return false;
	}
	p->tok.kind = c == '-' ? T_ARROW : T_BINARY_OP;
	p->tok.num = c == '<' ? PF_OP_OUT : PF_OP_IN;
	return true;
}

static int
skip_blanks(struct parser *p)
{
	int c;

	do {
		if (p->macro_text == NULL && p->unread.len == 0)
			p->tok.start = p->file->pos;
		c = next_char(p);
	} while (c == ' ' || c == '\t');
	p->tok.line = p->file->line;
	if (c == '#') {
		while ((c = next_char(p)) != '\n' && c != EOF)
			;
	}
	return c;
}

static void
lex_char(struct parser *p, int c)
{
	if (c == '\n')
		p->tok.line = p->file->line++;
	/* A NUL byte is no end of the file, it is rubbish. */
	p->tok.kind = c == EOF ? T_EOF : c == '\0' ? T_RUBBISH : c;
}

void
pf_lex(struct parser *p)
{
	int c;

	p->tok.str = NULL;
	p->tok.quoted = false;
	for (;;) {
		str_reset(&p->word);
		c = skip_blanks(p);
		if (c != '$' || p->macro_text != NULL)
			break;
		if (!lex_macro(p))
			return;
	}
	if (c == '"' || c == '\'') {
		lex_quoted(p, c);
		return;
	}
	if ((c == '<' || c == '>' || c == '-') && lex_pair(p, c))
		return;
	if (c != EOF && (c == '-' || isdigit(c))) {
		c = lex_number(p, c);
		if (c == EOF)
			return;
	}
	if (c != EOF && (isalnum(c) || c == ':' || c == '_'))
		lex_word(p, c);
	else
		lex_char(p, c);
}
