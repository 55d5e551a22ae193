/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parser's state and the functions that its files share. Private to pf.
 *
 * It is a hand-written recursive descent, one file for each kind of
 * statement. A function that reads something returns 0, or -1 after it told
 * the error (or after pf_syntax, which tells it unless one was told just
 * before). A -1 goes up to the top, where the rest of the line is skipped.
 *
 * The order of messages follows the original's grammar, where a statement
 * that could go on is looked at when its newline was seen (pf_end), and one
 * that is complete as soon as its last token was read.
 */
#ifndef PF_PARSE_H
#define PF_PARSE_H

#include "pf/lex.h"
#include "pf/node.h"
#include "pf/pf.h"

enum section { /* "Rules must be in order" */
	SECTION_NONE,
	SECTION_OPTION,
	SECTION_SCRUB,
	SECTION_QUEUE,
	SECTION_NAT,
	SECTION_FILTER,
};

enum { ANCHOR_DEPTH = 64, LIST_DEPTH = 200 };

struct load_anchor { /* load anchor NAME from FILE */
	const char *name, *file;
	struct load_anchor *next;
};

struct parser {
	const struct pf_opts *opts;
	const struct pf_env *env;
	const struct pf_out *out;
	struct pf_ruleset *rs;
	struct arena tmp; /* of the statement that is read */
	struct str line;  /* what is being printed */

	/* lexer */
	struct pf_file *file;
	struct token tok;
	bool have; /* tok was read and not yet taken */
	struct str word;
	struct str unread;	/* characters put back, the last one on top */
	const char *macro_text; /* expansion that is being read, or NULL */
	size_t macro_pos;
	struct map macros; /* name -> index + 1 in rs->macros */
	size_t n_fixed;	   /* macros of the command line */

	/* Syntax errors are not told until three tokens went well. */
	int quiet;
	enum section section;
	bool require_order;

	/* set .. */
	uint8_t block_policy, fail_policy; /* enum pf_block */
	bool if_bound;			   /* state-policy */
	struct state_opt *state_defaults;
	bool has_state_defaults;
	bool optimize_given;
	struct map os_names; /* of set fingerprints */

	/*
	 * Where rules go: `anchor`, the top of a stack that braces push.
	 * stack[depth + 1] is the anchor whose braces were just closed, and
	 * `closed` the same; an anchor statement moves its rules home.
	 */
	struct pf_anchor *stack[ANCHOR_DEPTH + 2];
	int depth;
	struct pf_anchor *anchor, *closed;
	uint32_t n_braces;
	struct map anchors; /* path -> struct pf_anchor */

	struct load_anchor *loads, **loads_end;

	/* altq */
	struct altq *altqs, **altqs_end;
	int nesting;	     /* of lists */
	uint32_t line_begin; /* first line of the statement */
	bool failed;	     /* a statement was wrong */
	bool fatal;	     /* reading stops here */
};

/* ---- telling (parse.c) ---- */

/* To the caller's pf_out, if there is one. */
void pf_put(struct parser *p, enum pf_stream s, const struct str *text);

/* "FILE:LINE: message"; counts. Returns -1. */
int pf_error(struct parser *p, const char *fmt, ...) _printf_(2, 3);
/* A static analyser sees one file at a time: tell it what comes back. */
#if defined(__clang_analyzer__) && !defined(PARSE_C)
#define pf_error(...) ((void)pf_error(__VA_ARGS__), -1)
#endif
/* "pfctl: message" on stderr. */
void pf_warn(struct parser *p, const char *fmt, ...) _printf_(2, 3);
/* A line on stderr as it is. */
void pf_note(struct parser *p, const char *fmt, ...) _printf_(2, 3);
/* On stdout, if -v was given. */
void pf_say(struct parser *p, const char *fmt, ...) _printf_(2, 3);
/* "syntax error" at the token that comes. Returns -1. */
int pf_syntax(struct parser *p);
/* The line must end here before its meaning is looked at; not taken. */
int pf_end(struct parser *p);
/* Is the section allowed here? Tells and returns -1 if not. */
int pf_section(struct parser *p, enum section s);

/* ---- tokens (parse.c) ---- */

/* Kind of the token that comes. */
static inline int
peek(struct parser *p)
{
	if (!p->have) {
		pf_lex(p);
		p->have = true;
	}
	return p->tok.kind;
}

/* Take the token that comes. */
static inline void
take(struct parser *p)
{
	(void)peek(p);
	p->have = false;
	if (p->quiet > 0)
		p->quiet--;
}

/* Take it if it is of that kind. */
static inline bool
take_if(struct parser *p, int kind)
{
	if (peek(p) != kind)
		return false;
	take(p);
	return true;
}

/* Take it, or a syntax error. */
int expect(struct parser *p, int kind);
/* A T_STRING, a T_NUMBER. */
int expect_string(struct parser *p, const char **ret);
int expect_number(struct parser *p, int64_t *ret);
/* A T_NUMBER, or a T_STRING that is a number in any base. */
int pf_number(struct parser *p, int64_t *ret);
/* A T_STRING or a T_NUMBER as text. */
int pf_number_string(struct parser *p, const char **ret);
/* One or more T_STRINGs, joined by blanks. */
int pf_strings(struct parser *p, const char **ret);

/* Lists: `{ item [,] item .. }` or one item. */
void pf_newlines(struct parser *p);
typedef int (*pf_item_fn)(struct parser *p, void *arg);
/* The items of a list whose "{" comes. */
int pf_list(struct parser *p, pf_item_fn item, void *arg);
/* A list, or one item. */
int pf_one_or_list(struct parser *p, pf_item_fn item, void *arg);
/* `item [,] item .. )`: a list whose "(" was taken, without newlines. */
int pf_paren_list(struct parser *p, pf_item_fn item, void *arg);

/* A number in C's notation that fills the string, as strtoul reads it. */
bool pf_strtoul(const char *s, unsigned long *ret);
/* Keep a string of the statement for good. NULL stays NULL. */
const char *pf_keep(struct parser *p, const char *s);

/* ---- statements ---- */

int pf_parse_file(struct parser *p, const char *name); /* 0: no errors */

int pf_parse_option(struct parser *p);	       /* parse-option.c */
int pf_parse_scrub(struct parser *p, bool no); /* parse-scrub.c */
int pf_parse_nat(struct parser *p, bool no);   /* parse-nat.c */
int pf_parse_binat(struct parser *p, bool no); /* parse-binat.c */
int pf_parse_filter(struct parser *p);	       /* parse-filter.c */
int pf_parse_antispoof(struct parser *p);      /* parse-antispoof.c */
int pf_parse_anchor(struct parser *p);	       /* parse-anchor.c */
int pf_parse_xlate_anchor(struct parser *p, int kind);
int pf_parse_load(struct parser *p);
int pf_parse_table(struct parser *p); /* parse-table.c */
int pf_parse_altq(struct parser *p);  /* parse-altq.c */
int pf_parse_queue(struct parser *p);

/* ---- parts (parse-part.c, parse-host.c, parse-pool.c, parse-state.c) ---- */

enum pf_dir pf_parse_dir(struct parser *p);
struct log_quick {
	uint8_t log, log_if;
	bool quick;
};
/* [log [(..)]], and if `quick` is allowed, that before or after. */
int pf_parse_log(struct parser *p, struct log_quick *ret);
int pf_parse_log_quick(struct parser *p, struct log_quick *ret);
/* [on IF | on { .. }] */
int pf_parse_on(struct parser *p, struct if_node **ret);
int pf_parse_if(struct parser *p, struct if_node **ret);
uint8_t pf_parse_af(struct parser *p);
int pf_parse_proto(struct parser *p, struct proto_node **ret);
int pf_parse_rtable(struct parser *p, int16_t *ret);
/* The number behind `rtable`. */
int pf_parse_rtable_number(struct parser *p, int16_t *ret);
int pf_parse_tos(struct parser *p, int *ret);

struct from_to {
	struct host *src, *dst;
	struct port_node *src_port, *dst_port;
	struct os_node *os;
};
int pf_parse_from_to(struct parser *p, struct from_to *ret);
/* any, a host, or a list; NULL for any. */
int pf_parse_hosts(struct parser *p, struct host **ret);
/* The items of a list of hosts whose "{" comes. */
int pf_parse_host_list(struct parser *p, struct host **ret);
/* One host without "!". */
int pf_parse_host(struct parser *p, struct host **ret);

/* PORT with "a:b" if `range`, "a:*" if `star`. */
enum { PORT_PLAIN = 0, PORT_RANGE = 1, PORT_STAR = 2 };
struct port_range {
	uint16_t a, b;
	uint8_t op; /* NONE: a; RANGE: a:b; IN: a:* */
};
int pf_port_of(
    struct parser *p, const char *word, int allow, struct port_range *ret);
int pf_parse_port(struct parser *p, int allow, struct port_range *ret);
/* [=|!=|<|<=|>|>=], or NONE if there is none. */
int pf_parse_unary_op(struct parser *p, uint8_t *ret);

struct pool_opts {
	uint8_t type; /* enum pf_pool_type */
	bool has_type, sticky, static_port, has_key;
	uint8_t key[16];
};
int pf_parse_pool_opts(struct parser *p, struct pool_opts *ret);
struct route {
	uint8_t kind; /* enum pf_route */
	struct host *hosts;
	struct pool_opts opts;
};
int pf_parse_route(struct parser *p, struct route *ret);
/* [-> HOST | { .. } [port P[:P|:*]]]; `list`: braces are allowed. */
struct redirect {
	bool given;
	struct host *hosts;
	bool has_port;
	struct port_range port;
};
int pf_parse_redirect(struct parser *p, bool list, struct redirect *ret);
/* A pool for the rules, from checked hosts. */
struct pf_pool *pf_pool_new(
    struct parser *p, const struct host *hosts, const struct pool_opts *opts);

struct tags {
	const char *tag, *tagged;
	bool tagged_not;
};
int pf_parse_tags(struct parser *p, struct tags *ret);
/* [pass] [log ..] of a translation rule. */
int pf_parse_pass_log(struct parser *p, struct pf_rule *r);

/* Options of a filter rule or an anchor. */
int pf_check_tcp(struct parser *p, const struct filter_opts *o,
    const struct proto_node *protos, const struct os_node *os, bool anchor);
void pf_set_plain_opts(struct pf_rule *r, const struct filter_opts *o);
int pf_parse_filter_opts(struct parser *p, struct filter_opts *ret);
int pf_parse_state_list(struct parser *p, bool paren, struct state_opt **ret);
/* What the options mean for a rule; NULL: nothing. Tells. */
int pf_state_new(struct parser *p, const struct state_opt *list, bool stateful,
    const struct pf_state **ret);
int pf_parse_flags(struct parser *p, uint8_t *flags, uint8_t *flagset);
int pf_parse_icmp(struct parser *p, struct icmp_node **ret);
int pf_parse_ids(struct parser *p, bool group, struct id_node **ret);

/* ---- hosts (host.c) ---- */

/* What a word means as a host; NULL after telling why nothing. */
struct host *pf_host(struct parser *p, const char *word);
/* Addresses of an interface, group or "self"; NULL if there are none. A name
 * without a digit at its end also takes the interfaces NAME0, NAME1 .. */
struct host *pf_host_if(struct parser *p, const char *name, unsigned mods);
/* Add what ":network" and the like behind a name mean; false: nothing. */
bool pf_add_mod(const char *suffix, unsigned *mods);
/* Give it a mask of that length and clear what is behind it. */
void pf_host_mask(struct host *h, unsigned bits);
void pf_host_append(struct host **list, struct host *more);
/* NULL: none has that index. */
const char *pf_if_name(const struct parser *p, uint32_t index);
uint32_t pf_if_index(const struct parser *p, const char *name);

/* ---- rules (expand.c, rule.c) ---- */

struct expand { /* lists to multiply out; NULL: one that tests nothing */
	struct if_node *ifs;
	struct proto_node *protos;
	struct icmp_node *icmps;
	struct from_to ft;
	struct id_node *users, *groups;
};

void pf_rule_init(struct parser *p, struct pf_rule *r, uint8_t action);
/* Add a copy to the current anchor. */
struct pf_rule *pf_rule_add(struct parser *p, const struct pf_rule *r);
/* Multiply the lists out and add what is consistent. Tells. -1 only when
 * reading must stop for good. */
int pf_expand(struct parser *p, const struct pf_rule *r, struct expand *x);

/* The common family of the hosts, if *af is not decided. */
void pf_decide_af(const struct host *h, uint8_t *af);
/* Drop hosts of another family than *af; decide it by the first. */
void pf_drop_other_af(struct host **list, uint8_t *af);
/* Tells and returns -1 if a mask is too long for *af. */
int pf_check_mask(struct parser *p, struct host *h, uint8_t af);
/* The same for a pool, and for hosts of kinds that are not wanted. */
int pf_refuse_table(struct parser *p, const struct host *h, const char *fmt);
int pf_refuse_alias(struct parser *p, const struct host *h, const char *fmt);
bool pf_dyn_multi(const struct host *h);
int pf_check_redirect(struct parser *p, const struct host *h, uint8_t af);

/* Check the lengths of label and tags and keep them. */
int pf_set_label(struct parser *p, struct pf_rule *r, const char *label);
int pf_set_tags(struct parser *p, struct pf_rule *r, const char *tag,
    const char *tagged, bool tagged_not);

void pf_addr_from_host(struct pf_addr *a, const struct host *h);
/* Is that operating system known? */
bool pf_os_known(const struct parser *p, const char *name);

struct pf_anchor *pf_anchor_new(
    struct pf_ruleset *rs, const char *path, const char *name);

/* ---- tables (parse-table.c, print.c) ---- */

/* The line of a table statement. */
struct table_part { /* addresses or a file, in order */
	struct host *hosts;
	const char *file; /* NULL: hosts */
	struct table_part *next;
};

#endif
