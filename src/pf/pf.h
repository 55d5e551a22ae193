/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pf.conf language of FreeBSD 12.1: text in, an expanded list of rules
 * out.
 *
 * This module is pure. It opens nothing, prints nothing and asks the kernel
 * nothing: interfaces, names and files come from a struct pf_env, what pfctl
 * would print goes to a struct pf_out, and the outcome is a struct pf_ruleset
 * in which everything is resolved: macros, lists, names, defaults, families.
 * Printer, optimiser, lowering and simulator all take that one structure.
 *
 *	struct pf_ruleset *rs;
 *	r = pf_load("/etc/pf.conf", &opts, &env, &out, &rs, &err);
 *	...
 *	pf_ruleset_free(rs);
 *
 * Numbers are in host byte order, addresses in network order. Strings and
 * everything else that hangs on a ruleset live until pf_ruleset_free.
 */
#ifndef PF_PF_H
#define PF_PF_H

#include <sys/socket.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/err.h"
#include "base/map.h"
#include "base/str.h"

/* ---- sizes that the language knows -------------------------------------- */

#define PF_IFNAME_MAX 15 /* characters of an interface's name */
#define PF_TABLE_MAX 31	 /* of a table's */
#define PF_NAME_MAX 63	 /* of a label, tag, queue or anchor component */
#define PF_PATH_MAX 1023 /* of an anchor's path, a file's name */
#define PF_NAT_LOW 50001 /* ports of a nat rule that names none */
#define PF_NAT_HIGH 65535

/* ---- addresses ----------------------------------------------------------- */

/* 16 bytes in network order; IPv4 has the first four, the rest is zero. */
union pf_ip {
	uint8_t b[16];
	uint32_t w[4];
};

enum pf_addr_kind {
	PF_ADDR_ANY,	 /* also 0/0 and ::/0 */
	PF_ADDR_IP,	 /* ip/bits, host bits cleared */
	PF_ADDR_RANGE,	 /* ip - last */
	PF_ADDR_TABLE,	 /* <name> */
	PF_ADDR_DYN,	 /* (name:mods)/bits: the interface's at any time */
	PF_ADDR_NOROUTE, /* "no-route" */
	PF_ADDR_URPF,	 /* "urpf-failed" */
};

/* Modifiers of an interface's name. */
enum {
	PF_MOD_NETWORK = 1,
	PF_MOD_BROADCAST = 2,
	PF_MOD_PEER = 4,
	PF_MOD_NOALIAS = 8, /* ":0" */
};

struct pf_addr {
	uint8_t kind; /* enum pf_addr_kind */
	bool neg;     /* "!" */
	uint8_t bits; /* 0-32 or 0-128; of a DYN without "/n" 32 when the
			 rule's family is IPv4, else 128 */
	uint8_t mods; /* PF_ADDR_DYN: PF_MOD_* */
	union {
		struct {
			union pf_ip ip, last;
		};
		const char *name; /* TABLE, DYN (interface, group, "self") */
	};
};

enum pf_op {
	PF_OP_NONE, /* not tested */
	PF_OP_EQ,
	PF_OP_NE,
	PF_OP_LT,
	PF_OP_LE,
	PF_OP_GT,
	PF_OP_GE,
	PF_OP_IN,    /* a >< b: between, without the ends */
	PF_OP_OUT,   /* a <> b: below a or above b */
	PF_OP_RANGE, /* a:b, with the ends */
};

struct pf_ports {
	uint8_t op; /* enum pf_op */
	uint16_t a, b;
};

/* One side of a rule. */
struct pf_peer {
	struct pf_addr addr;
	struct pf_ports port;
};

#define PF_ID_UNKNOWN UINT32_MAX /* "user unknown" */

struct pf_ids {
	uint8_t op;
	uint32_t a, b;
};

/* ---- parts of a rule ------------------------------------------------------ */

enum pf_action {
	PF_PASS,
	PF_BLOCK,
	PF_SCRUB,
	PF_NO_SCRUB,
	PF_NAT,
	PF_NO_NAT,
	PF_BINAT,
	PF_NO_BINAT,
	PF_RDR,
	PF_NO_RDR,
};

enum pf_dir { PF_INOUT, PF_IN, PF_OUT };

enum pf_block { /* of a block rule; of a pass rule what fail-policy says */
	PF_BLOCK_DROP,
	PF_BLOCK_RETURN, /* RST for tcp, ICMP for udp, drop else */
	PF_BLOCK_RST,
	PF_BLOCK_ICMP,
};

enum pf_keep { PF_NO_STATE, PF_KEEP, PF_MODULATE, PF_SYNPROXY };

enum { PF_LOG = 1, PF_LOG_ALL = 2, PF_LOG_USER = 4 };

/* TCP flags as pf counts them. */
enum {
	PF_TH_FIN = 0x01,
	PF_TH_SYN = 0x02,
	PF_TH_RST = 0x04,
	PF_TH_PUSH = 0x08,
	PF_TH_ACK = 0x10,
	PF_TH_URG = 0x20,
	PF_TH_ECE = 0x40,
	PF_TH_CWR = 0x80,
};

/* Time-outs, in the order in which a rule prints them. */
enum pf_tm {
	PF_TM_TCP_FIRST,
	PF_TM_TCP_OPENING,
	PF_TM_TCP_ESTABLISHED,
	PF_TM_TCP_CLOSING,
	PF_TM_TCP_FINWAIT,
	PF_TM_TCP_CLOSED,
	PF_TM_UDP_FIRST,
	PF_TM_UDP_SINGLE,
	PF_TM_UDP_MULTIPLE,
	PF_TM_ICMP_FIRST,
	PF_TM_ICMP_ERROR,
	PF_TM_OTHER_FIRST,
	PF_TM_OTHER_SINGLE,
	PF_TM_OTHER_MULTIPLE,
	PF_TM_FRAG,
	PF_TM_INTERVAL,
	PF_TM_ADAPTIVE_START, /* states, not seconds */
	PF_TM_ADAPTIVE_END,   /* states */
	PF_TM_SRC_TRACK,
	PF_TM_TCP_TSDIFF,
	PF_TM_COUNT
};

enum pf_limit {
	PF_LIMIT_STATES,
	PF_LIMIT_SRC_NODES,
	PF_LIMIT_FRAGS,
	PF_LIMIT_TABLE_ENTRIES,
	PF_LIMIT_COUNT
};

enum pf_srctrack { PF_TRACK_NONE, PF_TRACK_GLOBAL, PF_TRACK_RULE };

/* State options "(...)"; shared by the rules of one statement. A 0 means that
 * the option was not given. */
struct pf_state {
	uint32_t max;
	uint32_t max_src_states;
	uint32_t max_src_conn;
	uint32_t max_src_nodes;
	uint32_t rate, rate_seconds; /* max-src-conn-rate */
	const char *overload;	     /* table, or NULL */
	bool flush, flush_global;
	bool no_sync, if_bound, sloppy;
	uint8_t track; /* enum pf_srctrack */
	uint32_t timeout[PF_TM_COUNT];
};

enum pf_pool_type {
	PF_POOL_NONE, /* one address */
	PF_POOL_BITMASK,
	PF_POOL_RANDOM,
	PF_POOL_SRCHASH,
	PF_POOL_ROUNDROBIN,
};

/* Where a rule translates or routes to; shared by the rules of a statement. */
struct pf_hop {
	struct pf_addr addr; /* ANY without a next hop (route-to em0) */
	const char *ifname;  /* route-to, reply-to, dup-to; else NULL */
};

struct pf_pool {
	struct pf_hop *hop;
	uint32_t n;
	uint8_t type;	 /* enum pf_pool_type */
	bool sticky;	 /* sticky-address */
	uint8_t key[16]; /* of source-hash, first byte first */
	/*
	 * Proxy ports. nat: low..high to choose from, 0..0 static-port.
	 * rdr: 0: the port stays; high 0 or == low: one port; else the range
	 * is mapped in order.
	 */
	uint16_t low, high;
};

enum pf_route { PF_ROUTE_NONE, PF_ROUTE_TO, PF_REPLY_TO, PF_DUP_TO };

/*
 * One expanded rule. Pointers that may be NULL say so; "" does not occur.
 */
struct pf_rule {
	uint8_t action;	 /* enum pf_action */
	uint8_t dir;	 /* enum pf_dir */
	uint8_t log;	 /* PF_LOG_*, 0: no */
	uint8_t log_if;	 /* N of "to pflogN" */
	uint8_t af;	 /* AF_INET, AF_INET6, 0: both */
	uint8_t proto;	 /* 0: any */
	uint8_t keep;	 /* enum pf_keep */
	uint8_t block;	 /* enum pf_block */
	uint8_t flags;	 /* PF_TH_*: must be set ... */
	uint8_t flagset; /* ... among these; 0: not tested */
	uint8_t return_ttl;
	uint8_t code4, code6; /* of return and return-icmp */
	uint8_t tos;	      /* 0: not tested */
	uint8_t set_tos;      /* scrub: if has_set_tos */
	uint8_t min_ttl;      /* scrub: 0: none */
	uint8_t route;	      /* enum pf_route; where to is in `pool` */
	int8_t prio;	      /* tested VLAN priority, -1: no */
	int8_t set_prio[2];   /* -1: none; second for TOS lowdelay, ACK */
	int16_t icmp_type;    /* -1: any */
	int16_t icmp_code;    /* -1: any */
	uint16_t max_mss;     /* scrub: 0: none */
	uint16_t divert;      /* divert-to port, 0: none */
	int16_t rtable;	      /* -1: none */
	bool quick : 1;
	bool natpass : 1;  /* nat pass, rdr pass: not filtered */
	bool if_not : 1;   /* on ! ifname */
	bool fragment : 1; /* only fragments */
	bool allow_opts : 1;
	bool no_df : 1;
	bool random_id : 1;
	bool reassemble_tcp : 1;
	bool has_set_tos : 1;
	bool tagged_not : 1;
	/* return-icmp(CODE) without a code for IPv6: the original answers
	 * IPv6 with type 3 code 3, and so it is printed. */
	bool return_odd : 1;
	bool anchor_call : 1; /* evaluates `anchor`; nothing of its own */

	const char *ifname; /* interface or group, NULL: any */
	struct pf_peer src, dst;
	/* Fingerprint of the source, or NULL; "unknown" is a source that no
	 * fingerprint fits, "nomatch" one that is not loaded: never true. */
	const char *os;
	struct pf_ids user, group;
	uint32_t prob; /* passes on rand32 < prob; 0: always */

	const struct pf_state *state;	  /* options, or NULL */
	const struct pf_pool *pool;	  /* nat, rdr, binat, route; or NULL */
	const char *label, *tag, *tagged; /* expanded, or NULL */
	const char *queue, *pqueue;	  /* or NULL */

	/*
	 * Of an anchor rule: what it calls. `anchor` is the anchor with the
	 * rules between its braces, NULL for "anchor foo", which is looked up
	 * when packets come ("x" and "x/y" below the rule's own anchor, "/x"
	 * from the top, "x" with a last "*" all children in name order).
	 */
	struct pf_anchor *anchor;
	const char *anchor_name; /* as written; of unnamed braces "_N" */

	uint32_t nr;	  /* as printed by -vv; starts at 0 in each anchor */
	uint32_t line;	  /* where its statement begins */
	const char *file; /* ... and in which file */
};

struct pf_rules {
	struct pf_rule **v;
	size_t n, cap;
};

/* The lists of an anchor, in the order in which they are printed. */
enum pf_list {
	PF_LIST_SCRUB,
	PF_LIST_NAT,
	PF_LIST_RDR,
	PF_LIST_BINAT,
	PF_LIST_FILTER,
	PF_LIST_COUNT
};

/*
 * A set of rules with a name. The main ruleset is the anchor with path "".
 */
struct pf_anchor {
	const char *path; /* "a/b"; "" for the main ruleset */
	const char *name; /* last component */
	struct pf_rules list[PF_LIST_COUNT];
	struct pf_anchor *parent; /* NULL for the main ruleset */
	struct pf_anchor *next;	  /* all anchors, in order of appearance */
	bool braces;		  /* defined inline */
	bool loaded;		  /* replaced as a whole by this load: the
				     main one, braces, load anchor, -a */
	uint32_t count;		  /* rules numbered so far */
	struct {
		struct pf_table **v;
		size_t n, cap;
	} automatic; /* tables that the optimiser made for its rules */
	bool optimized;
	bool printed; /* scratch of the printer */
};

/* ---- tables, options, queues ---------------------------------------------- */

struct pf_table {
	const char *name;
	const char *anchor; /* path of the anchor that holds it, "" */
	bool is_const, persist, counters;
	bool init;	/* its addresses are given: replace what is there */
	bool automatic; /* made by the optimiser */
	struct pf_addr *addr; /* only PF_ADDR_IP, and ANY for 0/0; with neg */
	uint8_t *af;	      /* of each */
	int64_t *since; /* of each, when it came, for who keeps that; or NULL */
	size_t n, cap;
	struct pf_table *next;
	const char *file;
	uint32_t line;
};

/* Where something was set. */
struct pf_at {
	const char *file;
	uint32_t line;
};

struct pf_options {
	uint32_t timeout[PF_TM_COUNT];
	bool timeout_set[PF_TM_COUNT];
	uint32_t limit[PF_LIMIT_COUNT];
	bool limit_set[PF_LIMIT_COUNT];
	struct pf_at limit_at[PF_LIMIT_COUNT];
	const char *log_if; /* loginterface; NULL: none */
	struct pf_at log_if_at;
	uint32_t host_id;
	bool host_id_set;
	uint8_t debug; /* 0 none, 1 urgent, 2 misc, 3 loud */
	bool debug_set;
	struct strv skip; /* set skip on: interfaces and groups, in order */
	const char *fingerprints; /* file, or NULL */
	bool block_return;	  /* set block-policy return */
	uint8_t optimize;	  /* enum pf_optimize in the end in force */
};

enum pf_sched {
	PF_SCHED_NONE,
	PF_SCHED_CBQ,
	PF_SCHED_PRIQ,
	PF_SCHED_HFSC,
	PF_SCHED_FAIRQ,
	PF_SCHED_CODEL,
};

/* altq and queue statements are read and printed; nothing is done with them
 * on Linux, and pfctl says so. */
struct pf_queue {
	const char *ifname; /* NULL: any interface that has the parent */
	const char *name;   /* NULL: the altq statement itself */
	uint8_t sched;	    /* enum pf_sched */
	struct pf_queue *next;
	const char *file;
	uint32_t line;
};

struct pf_macro {
	const char *name, *value;
	bool used;
	bool replaced;	  /* by a later definition of the same name */
	const char *file; /* NULL: the command line */
	uint32_t line;
};

/* ---- the outcome ----------------------------------------------------------- */

struct pf_ruleset {
	struct arena arena;
	struct pf_anchor *main; /* "" (or the anchor of pf_opts.anchor) */
	struct pf_anchor *last; /* end of the list that starts at main */
	struct pf_table *tables, **tables_end;
	struct pf_queue *queues, **queues_end;
	struct pf_options options;
	struct {
		struct pf_macro *v;
		size_t n, cap;
	} macros;
	uint32_t errors;      /* messages told */
	uint32_t n_attempts;  /* of the optimiser to make a table */
	uint32_t n_automatic; /* tables that it made */
};

void pf_ruleset_free(struct pf_ruleset *rs);
void pf_ruleset_freep(struct pf_ruleset **rs);

/* The anchor of that path (without a leading "/"), or NULL. */
struct pf_anchor *pf_anchor_find(const struct pf_ruleset *rs, const char *path);
/* The path of what an anchor rule of the anchor with path `from` calls; true:
 * all anchors in it ("x/" and a star), and the path is without that. */
bool pf_anchor_target(
    const char *from, const struct pf_rule *r, struct str *path);

/* Which list a rule of that action is in. */
enum pf_list pf_list_of(enum pf_action action);

/* ---- what the module asks --------------------------------------------------- */

struct pf_if_addr {
	uint8_t af;
	uint8_t bits;
	uint8_t peer_bits;
	bool has_peer; /* a point-to-point link's other end */
	union pf_ip ip, peer, broadcast;
};

enum { PF_IF_LOOPBACK = 1, PF_IF_BROADCAST = 2, PF_IF_P2P = 4 };

struct pf_if {
	const char *name;
	uint32_t index; /* of the kernel, > 0 */
	uint32_t flags; /* PF_IF_* */
	uint32_t mtu;
	uint64_t speed; /* bits a second, 0: unknown */
	struct strv groups;
	struct {
		struct pf_if_addr *v;
		size_t n, cap;
	} addrs; /* in the kernel's order; the address of a link-local one
		    without the scope */
};

struct pf_ips { /* what a host name resolves to, in the resolver's order */
	struct pf_ip_af {
		uint8_t af;
		union pf_ip ip;
	} * v;
	size_t n, cap;
};

/*
 * The world, as far as a pf.conf can name it. The interfaces are a picture
 * taken once; the rest are functions. A function that is NULL knows nothing.
 * FreeBSD's services and protocols are built in and asked first.
 */
struct pf_env {
	void *ctx; /* first argument of the functions */
	struct {
		struct pf_if *v;
		size_t n, cap;
	} ifs;	       /* in the kernel's order */
	uint32_t fibs; /* routing tables; rtable takes 0 .. fibs-1 */

	/* Add the addresses of a host name; nothing added: there are none. */
	void (*resolve)(void *ctx, const char *host, struct pf_ips *ret);
	/* Port (host order) of a service for "tcp" or "udp", or -1. */
	int (*service)(void *ctx, const char *name, const char *proto);
	/* Ids by name: true if known. */
	bool (*user)(void *ctx, const char *name, uint32_t *ret);
	bool (*group)(void *ctx, const char *name, uint32_t *ret);
	/* Content of a file ("-": standard input); 0 or a negative errno. */
	int (*read)(void *ctx, const char *path, struct str *ret);
	/* Is this an operating system of the loaded fingerprints? */
	bool (*os)(void *ctx, const char *name);
	/* Fill with random bytes: key of a source-hash without one. */
	void (*random)(void *ctx, void *mem, size_t len);
};

/* Free the interfaces (their names are borrowed). */
void pf_env_clear(struct pf_env *env);

/* The interface of that name, or NULL. */
const struct pf_if *pf_env_if(const struct pf_env *env, const char *name);
/* Is there an interface in that group? */
bool pf_env_is_group(const struct pf_env *env, const char *name);

/*
 * A world written down in a file: one fact a line, in this order of effect
 *	iface NAME index=N [loopback|broadcast|p2p] [group=G ..] [mtu=N]
 *	    [speed=BITS]
 *	addr NAME inet|inet6 ADDR/LEN [peer ADDR]
 *	host NAME ADDR ..
 *	fibs N
 *	user|group NAME ID
 * and the lines of machine.h (routes, jails, listeners), which pf.conf does
 * not ask for.
 * Files of the world (read, random) are not described: set them after.
 */
struct pf_facts;
int pf_facts_new(
    const char *text, const char *name, struct pf_facts **ret, struct err *err);
void pf_facts_free(struct pf_facts *f);
void pf_facts_freep(struct pf_facts **f);
/* Borrowed; dies with the facts. */
struct pf_env *pf_facts_env(struct pf_facts *f);

/* ---- what the module tells ---------------------------------------------------- */

enum pf_stream { PF_STDOUT, PF_STDERR };

/* Receives, in order, what the original prints while it reads and loads. */
struct pf_out {
	void (*put)(void *ctx, enum pf_stream s, const char *text, size_t len);
	void *ctx;
};

/* ---- reading -------------------------------------------------------------------- */

enum pf_optimize { PF_OPT_NONE, PF_OPT_BASIC, PF_OPT_PROFILE };

/* Which parts are wanted (-A -N -O -R, -T load). */
enum {
	PF_LOAD_FILTER = 1,
	PF_LOAD_NAT = 2,
	PF_LOAD_ALTQ = 4,
	PF_LOAD_OPTION = 8,
	PF_LOAD_TABLE = 16,
	PF_LOAD_ALL = 31,
};

struct pf_opts {
	const char *anchor;  /* -a, NULL or "": the main ruleset */
	unsigned load;	     /* PF_LOAD_* */
	int verbose;	     /* -v: 1, -vv: 2 */
	bool numeric;	     /* -P: ports as numbers */
	bool dry;	     /* -n */
	bool terminal;	     /* errors show the line, a caret and a hint */
	bool optimize_given; /* -o was: `set ruleset-optimization` is not
				heard */
	enum pf_optimize optimize;
	const char *const *defines; /* -D, "name=value", NULL-terminated */
	/*
	 * If not NULL: the rules as they are written go here, printed before
	 * the optimiser changes them, each anchor that was read behind its
	 * path; and what is skipped. Two files of which that is the same mean
	 * the same, whatever their macros, lists and names.
	 */
	struct str *written;
	/* For -o profile: what the running rules counted. Asked when there is
	 * something to order by it, perhaps more than once; NULL: not known,
	 * which orders as basic does. The function may be NULL, too. */
	const struct pf_profile *(*profile)(void *ctx);
	void *profile_ctx;
};

/*
 * Read a file and the files it names, and do what pfctl -f does short of
 * the kernel: parse, expand, check, number, optimise, and with opts->verbose
 * print. Returns 0 and a ruleset, or -EINVAL after all messages went to `out`,
 * "Syntax error in config file" included: nothing is left to be said (err has
 * their number). Without `out` nothing is told.
 */
int pf_load(const char *file, const struct pf_opts *opts,
    const struct pf_env *env, const struct pf_out *out, struct pf_ruleset **ret,
    struct err *err);

/* ---- printing --------------------------------------------------------------------- */

enum {
	PF_PRINT_NR = 1,      /* "@N " before, counts in tables: -vv */
	PF_PRINT_NUMERIC = 2, /* ports as numbers: -P */
	PF_PRINT_PATHS = 4,   /* anchors by what was written, as -s does; else
				 by the last component, as -nv does. Braces that several rules
				 share (a list expanded) are shown once without it. */
	PF_PRINT_SHALLOW = 8, /* only the braces of unnamed anchors are opened,
				 as -s rules does */
};

/* One rule on one line, without newline and without braces. */
void pf_print_rule(struct str *s, const struct pf_rule *r, unsigned flags);

/* A list with its inline anchors, each rule on a line, as pfctl -s rules
 * (depth 0) does: braces, children indented by two blanks. */
void pf_print_list(struct str *s, struct pf_anchor *a, enum pf_list list,
    unsigned flags, int depth);

void pf_print_addr(
    struct str *s, const struct pf_addr *a, uint8_t af, unsigned flags);
/* "table <t> const persist counters", without newline. */
void pf_print_table_head(struct str *s, const struct pf_table *t);
/* The line of a table's definition, with newline. */
void pf_print_table(struct str *s, const struct pf_table *t);

/* The whole ruleset as JSON, schema "gaol.pf" (docs/pf-json.md). */
void pf_json(struct str *s, const struct pf_ruleset *rs);

/* Is the word one of the language's, so that a name must be quoted? */
bool pf_is_keyword(const char *word);
/* Names, for those who print other things. NULL: unknown. */
const char *pf_proto_name(uint8_t proto);
int pf_proto_number(const char *name); /* -1: unknown */
const char *pf_service_name(uint16_t port, bool tcp);
const char *pf_timeout_name(enum pf_tm tm);
uint32_t pf_timeout_default(enum pf_tm tm);
/* The i-th of the order in which pfctl -s timeouts lists them. */
enum pf_tm pf_timeout_listed(unsigned i);
const char *pf_limit_name(enum pf_limit l);
uint32_t pf_limit_default(enum pf_limit l);
const char *pf_icmp_type_name(int type, uint8_t af);
const char *pf_icmp_code_name(int type, int code, uint8_t af);

/* ---- optimising --------------------------------------------------------------------- */

/*
 * What the rules of a running ruleset counted, which -o profile goes by: of
 * quick rules that may change places, those with more packets come first.
 *
 * A rule is known again by the anchor it is in and by how it prints; for a
 * table that the optimiser made, which has another name in each load, its
 * addresses stand. So a rule may move, and when it is edited it counts from 0.
 *
 *	struct pf_profile p = PF_PROFILE_INIT;
 *	for each rule r of an anchor a of the running rs
 *		pf_profile_add(&p, rs, a, r, packets);
 *	...
 *	pf_profile_clear(&p);
 */
struct pf_profile {
	struct map packets; /* of uint64_t, by anchor and rule */
};
#define PF_PROFILE_INIT                            \
	{                                          \
		.packets = { .free_value = free }, \
	}

/* Of rules that print the same, the packets are added up. */
void pf_profile_add(struct pf_profile *p, const struct pf_ruleset *rs,
    const struct pf_anchor *a, const struct pf_rule *r, uint64_t packets);
/* As if each rule had counted more than those behind it: what is read with
 * this keeps the order of `rs`. */
void pf_profile_add_order(struct pf_profile *p, const struct pf_ruleset *rs);
void pf_profile_clear(struct pf_profile *p);

/*
 * Improve the filter rules of one anchor without changing a verdict: drop
 * what others contain, make tables of addresses, put alike rules side by
 * side. Numbers are given anew. The tables it makes join the ruleset and are
 * listed in the anchor. pf_load calls it for every anchor that it read, as
 * opts->optimize or the file says.
 */
void pf_optimize(struct pf_ruleset *rs, struct pf_anchor *a,
    enum pf_optimize level, const struct pf_opts *opts,
    const struct pf_env *env);

#endif
