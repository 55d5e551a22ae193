/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From characters to tokens. Private to pf.
 *
 * The class of a token can depend on nothing but its characters, but the line
 * that a message names is that of the last token asked for: so tokens are
 * read one at a time, and none before it is needed.
 */
#ifndef PF_LEX_H
#define PF_LEX_H

#include "base/map.h"
#include "pf/pf.h"

/* Token kinds. A character that stands alone is its own kind. */
enum {
	T_EOF = 0,
	T_STRING = 257, /* a word that is no keyword, or quoted text */
	T_NUMBER,
	T_ARROW,     /* -> */
	T_BINARY_OP, /* >< or <>: num is enum pf_op */
	T_ERROR,     /* a message was told; the rest of the line is eaten */
	T_RUBBISH,
	/* keywords, in the order of their spelling */
	K_ALL = 300,
	K_ALLOW_OPTS,
	K_ALTQ,
	K_ANCHOR,
	K_ANTISPOOF,
	K_ANY,
	K_BANDWIDTH,
	K_BINAT,
	K_BINAT_ANCHOR,
	K_BITMASK,
	K_BLOCK,
	K_BLOCK_POLICY,
	K_BUCKETS,
	K_CBQ,
	K_CODE,
	K_CODELQ,
	K_CROP,
	K_DEBUG,
	K_DIVERT_REPLY,
	K_DIVERT_TO,
	K_DROP,
	K_DROP_OVL,
	K_DUP_TO,
	K_FAIL_POLICY,
	K_FAIRQ,
	K_FASTROUTE,
	K_FILE,
	K_FINGERPRINTS,
	K_FLAGS,
	K_FLOATING,
	K_FLUSH,
	K_FOR,
	K_FRAGMENT,
	K_FROM,
	K_GLOBAL,
	K_GROUP,
	K_HFSC,
	K_HOGS,
	K_HOSTID,
	K_ICMP_TYPE,
	K_ICMP6_TYPE,
	K_IF_BOUND,
	K_IN,
	K_INCLUDE,
	K_INET,
	K_INET6,
	K_INTERVAL,
	K_KEEP,
	K_LABEL,
	K_LIMIT,
	K_LINKSHARE,
	K_LOAD,
	K_LOG,
	K_LOGINTERFACE,
	K_MAX,
	K_MAX_MSS,
	K_MAX_SRC_CONN,
	K_MAX_SRC_CONN_RATE,
	K_MAX_SRC_NODES,
	K_MAX_SRC_STATES,
	K_MIN_TTL,
	K_MODULATE,
	K_NAT,
	K_NAT_ANCHOR,
	K_NO,
	K_NO_DF,
	K_NO_ROUTE,
	K_NO_SYNC,
	K_ON,
	K_OPTIMIZATION,
	K_OS,
	K_OUT,
	K_OVERLOAD,
	K_PASS,
	K_PORT,
	K_PRIO,
	K_PRIORITY,
	K_PRIQ,
	K_PROBABILITY,
	K_PROTO,
	K_QLIMIT,
	K_QUEUE,
	K_QUICK,
	K_RANDOM,
	K_RANDOM_ID,
	K_RDR,
	K_RDR_ANCHOR,
	K_REALTIME,
	K_REASSEMBLE,
	K_REPLY_TO,
	K_REQUIRE_ORDER,
	K_RETURN,
	K_RETURN_ICMP,
	K_RETURN_ICMP6,
	K_RETURN_RST,
	K_ROUND_ROBIN,
	K_ROUTE,
	K_ROUTE_TO,
	K_RTABLE,
	K_RULE,
	K_RULESET_OPTIMIZATION,
	K_SCRUB,
	K_SET,
	K_SET_TOS,
	K_SKIP,
	K_SLOPPY,
	K_SOURCE_HASH,
	K_SOURCE_TRACK,
	K_STATE,
	K_STATE_DEFAULTS,
	K_STATE_POLICY,
	K_STATIC_PORT,
	K_STICKY_ADDRESS,
	K_SYNPROXY,
	K_TABLE,
	K_TAG,
	K_TAGGED,
	K_TARGET,
	K_TBRSIZE,
	K_TIMEOUT,
	K_TO,
	K_TOS,
	K_TTL,
	K_UPPERLIMIT,
	K_URPF_FAILED,
	K_USER,
};

struct token {
	int kind;
	const char *str; /* T_STRING; lives until the statement ends */
	int64_t num;	 /* T_NUMBER, T_BINARY_OP */
	uint32_t line;	 /* that messages name */
	size_t start;	 /* offset of its first character in the file */
	bool quoted;
};

/* A file that is being read. They form a stack: include pushes one. */
struct pf_file {
	const char *name; /* in the ruleset's arena */
	struct str text;
	size_t pos;
	uint32_t line;
	uint32_t skew; /* what messages add to the line */
	struct pf_file *up;
};

struct parser;

/* Read a file and put it on top; "-" for the first is standard input. On
 * failure tells "pfctl: NAME: reason" and returns a negative errno. */
int pf_file_push(struct parser *p, const char *name);
/* Drop the top; false if it was the last. */
bool pf_file_pop(struct parser *p);
void pf_files_clear(struct parser *p);

/* Read the next token of the file into p->tok. */
void pf_lex(struct parser *p);
/* Make the next character of the current file a newline. */
void pf_lex_newline(struct parser *p);

/* Define a macro; `fixed` ones (-D) are not replaced by others. */
void pf_macro_set(
    struct parser *p, const char *name, const char *value, bool fixed);

/* No macro is known any more. */
void pf_macros_forget(struct parser *p);

/* Spelling of a keyword's kind, NULL for other kinds. */
const char *pf_keyword_name(int kind);
/* All keywords, NULL-terminated: for hints. */
const char *const *pf_keyword_list(void);

#endif
