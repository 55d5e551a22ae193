/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of pfctl share. */
#ifndef PFCTL_PFCTL_H
#define PFCTL_PFCTL_H

#include "host/host.h"
#include "nft/nft.h"
#include "pf/lower.h"
#include "pf/pf.h"
#include "pf/sim.h"

/* The command line. Letters are pfctl's. */
struct pfctl {
	const char *anchor;    /* -a */
	char *anchor_buf;      /* holds it, or NULL */
	bool recurse;	       /* it ended in a star */
	const char *file;      /* -f */
	const char *facts;     /* --facts: the world as a file has it */
	bool json;	       /* --json: with -n, the rules as data */
	bool lint;	       /* --lint: with -n, what is wrong with them */
	const char *test;      /* --test: expectations to run on them */
	const char *leftovers; /* --leftovers: show, mend */
	const char *flush;     /* -F, the whole word */
	const char *show;      /* -s */
	const char *interface; /* -i */
	const char *table;     /* -t */
	const char *table_cmd; /* -T */
	const char *debug;     /* -x */
	const char *kill[2];   /* -k */
	unsigned n_kill;
	const char *kill_src[2]; /* -K */
	unsigned n_kill_src;
	char *const *args; /* addresses behind -T */
	bool enable, disable, dry, merge, quiet, numeric, clear, resolve;
	int verbose;
	unsigned confirm; /* --confirm=SECONDS, with -f */
	bool confirmed;	  /* --confirm alone */
	bool revert;	  /* --revert */
	bool restore;	  /* --restore */
	bool follow;	  /* --follow */
	uint64_t trial;	  /* --revert=ID: only that trial; 0: any */
	unsigned load;	  /* PF_LOAD_* */
	bool optimize_given;
	enum pf_optimize optimize;
	struct strv defines;
};

/* Exit codes. */
enum { EX_TEST = 2, EX_TABLE = 255 };

/* ---- main.c ---- */

_noreturn_ void usage(void);
/* "pfctl: TEXT" on stderr. */
void complain(const char *fmt, ...) _printf_(1, 2);
/* A notice on stderr, unless -q. */
void notice(const struct pfctl *p, const char *fmt, ...) _printf_(2, 3);
/* The first of `words` (NULL-terminated) that begins with what was typed. */
const char *word_of(const char *typed, const char *const *words);

/* ---- overload.c: what went over the loaded rules' limits ---- */

enum { OVERLOAD_SET_LEN = 48 };
/* Name of the set of what packets put into a table. */
void overload_set_name(
    char buf[OVERLOAD_SET_LEN], const char *table, uint8_t af);
/* Add it to the tables of the rules. */
int overload_read(struct pf_ruleset *rs, struct err *err);
/* Delete the states of flushed sources, so that nobody need remember them. */
int overload_settle(const struct pf_ruleset *rs, struct err *err);

/* ---- linux-env.c: the world ---- */

struct world {
	struct pf_env *env; /* borrowed from one of these */
	struct pf_facts *facts;
	struct host host;
	struct noted *noted; /* of the running system only */
};
/* What the rules are made of, for source.c: the files that were read, the
 * random bytes that were given out, and, if not NULL, those to give out
 * again. */
struct noted {
	struct pf_env host; /* functions only: who really reads */
	struct str reads, random;
	const struct str *replay;
};
/* From --facts or from the running system. */
int world_read(const char *facts, struct world *ret, struct err *err);
void world_clear(struct world *w);
/* All addresses, as nft wants them for its sets. */
void world_addrs(const struct world *w, struct nft_addrs *ret);

/* ---- store.c: what was loaded, on disk ---- */

/*
 * Each load has a directory of its own below RUN_DIR/NS/, NS the network
 * namespace, called by the load's number, which the kernel keeps with the
 * rules. So rules and text change together, in the kernel's transaction: the
 * directory that counts is the one whose number the kernel has.
 */
#define RUN_DIR "/run/gaol/pf"
#define STATE_DIR "/var/lib/gaol/pf"

struct store {
	int dirfd; /* of RUN_DIR/NS; -1: not open */
	int lockfd;
};
#define STORE_INIT                        \
	{                                 \
		.dirfd = -1, .lockfd = -1 \
	}

/* Open and lock; made if missing. */
int store_open(struct store *s, struct err *err);
/* Only to read: nothing is made; without a directory there is nothing. */
int store_open_read(struct store *s, struct err *err);
void store_close(struct store *s);
int store_put(struct store *s, uint64_t load_id, const char *name,
    const struct str *text, struct err *err);
/* -ENOENT without a sentence if it is not there. */
int store_get(struct store *s, uint64_t load_id, const char *name,
    struct str *ret, struct err *err);
int store_remove(struct store *s, uint64_t load_id, struct err *err);
/* Remove all loads but these; how many others there are. */
void store_keep_only(struct store *s, const uint64_t *load_id, size_t n);
size_t store_count_others(struct store *s, const uint64_t *load_id, size_t n);

/* Files that are not of one load: "loaded" (something is), "since" (when pf
 * was enabled or disabled), "counted", "sysctl", "trial", "change",
 * DEBUG_LEVEL. */
#define DEBUG_LEVEL "debug"
int store_put_common(
    struct store *s, const char *name, const struct str *text, struct err *err);
int store_get_common(
    struct store *s, const char *name, struct str *ret, struct err *err);
/* Which load is in force, for when the kernel has lost its number: -ENOENT if
 * none is. */
int store_note_loaded(struct store *s, uint64_t load_id, struct err *err);
int store_get_loaded(struct store *s, uint64_t *ret, struct err *err);
bool store_has(struct store *s, const char *name);
int store_remove_common(struct store *s, const char *name, struct err *err);

/* Do some work with the store open and the world read; what goes wrong is
 * told. Exit code. */
int with_store(struct pfctl *p,
    int (*work)(struct pfctl *p, struct store *s, const struct world *w,
	struct err *err));

/* ---- last.c: the last ruleset, for the next boot ---- */

/* Keep the main rules (of a normal form) and the facts they were made from,
 * if it is the host's own network that they are for. */
int last_save(const struct world *w, const struct str *rules, struct err *err);
/* A pfctl in a network namespace of somebody's own is none of the host's
 * business. */
bool is_hosts_network(void);

/* ---- current.c: the ruleset that is loaded ---- */

struct current {
	struct nft_status status;
	struct pf_ruleset *rules; /* never NULL: empty if nothing is loaded */
	struct str text;	  /* its normal form */
	struct str source;	  /* what it was made of (source.c), or "" */
	/* The rules as a file has them (pf_opts.written), of which `text` was
	 * made, but for anchors that were loaded by themselves; "" if that is
	 * not known. */
	struct str written;
};
#define CURRENT_INIT                                                       \
	{                                                                  \
		.text = STR_INIT, .source = STR_INIT, .written = STR_INIT, \
	}

/* Drift is an error: -ESTALE, and what to do about it. */
int current_read(struct store *s, const struct pf_env *env, struct current *ret,
    struct err *err);
/* The texts alone, which is much quicker. The rules are to be read by
 * current_parse before anybody asks for them: it adds what packets put into
 * tables, which is not in the text. */
int current_read_text(struct store *s, struct current *ret, struct err *err);
int current_parse(struct current *c, const struct pf_env *env, struct err *err);
/* Has `text` the same rules of the file as c->text, whatever is in tables and
 * in anchors that were loaded by themselves? */
bool current_has_file(const struct current *c, const char *text);
/* Does the file have the anchor of this line (PF_NORMAL_ANCHOR)? */
bool current_is_of_file(const struct current *c, const char *anchor_line);
void current_clear(struct current *c);

/* A ruleset in its normal form, from which current_read makes it again. */
void current_print(struct str *s, const struct pf_ruleset *rs);
/* Parts of that text. */
void current_print_options(struct str *s, const struct pf_options *o);
void current_print_table(struct str *s, const struct pf_table *t);
void current_print_anchor_line(struct str *s, const char *path);
/* How much of that text is the main ruleset, without anchors. */
size_t current_main_len(const char *text);
/* Of which anchor is a table? "" is the main ruleset. */
const char *table_anchor(const struct pf_table *t);

/* Parse a text of the user's, names looked up; what is wrong is printed. What
 * it calls "file" is `file`, or NULL. */
int parse_with_names(const char *text, const char *file,
    const struct pf_env *env, struct pf_ruleset **ret);

/* ---- since.c: since when an address is in its table ---- */

/* Seconds since 1970. */
int64_t since_now(void);
void since_zero(struct pf_table *t);
/* Behind a table's line in the normal form; of all that it has. */
void since_print(struct str *s, const struct pf_table *t);
void since_read(struct pf_ruleset *rs, const char *text);
/* Addresses that were there keep theirs; NULL: none were. */
void since_carry(struct pf_ruleset *rs, const struct pf_ruleset *old);

/* ---- anchors.c ---- */

/* An anchor that a rule calls is there, and so is each that another is in. */
bool anchor_is_there(const struct pf_ruleset *rs, const char *path);
void show_anchors(const struct pfctl *p, const struct pf_ruleset *rs);

/* ---- merge.c: what a load leaves alone ---- */

bool merge_needed(const struct pfctl *p, const struct current *old,
    const struct pf_ruleset *rs);
int merge(const struct pfctl *p, const struct current *old,
    const struct pf_ruleset *rs, const struct pf_env *env,
    struct pf_ruleset **ret, struct err *err);

/* ---- load.c ---- */

/* -f, with -F if both are given. Exit code. */
int do_load(struct pfctl *p);
/* Read a file as -f does; what is wrong with it is printed. -o profile goes by
 * what the running rules counted, or keeps the order of `in_order`.
 * `ret_written`: pf_opts.written. */
int load_read(struct pfctl *p, const struct world *w,
    const struct pf_ruleset *in_order, struct str *ret_written,
    struct pf_ruleset **ret);
/* Replace what is loaded (`old`) by this ruleset, and enable pf if told to.
 * A trial goes on. */
int load_ruleset(struct store *s, const struct world *w, struct current *old,
    struct pf_ruleset *rs, bool enable, struct err *err);
/* Load once more what was loaded under this number, and enable pf if told
 * to. */
int load_again(struct store *s, const struct world *w,
    const struct pf_ruleset *rs, uint64_t load_id, bool enable,
    struct err *err);
/* What is kept of how the rules came about is this file's from now on: of `rs`,
 * before it is merged with what `old` has. Takes `written`. */
void load_take_source(const struct pfctl *p, const struct world *w,
    const struct pf_ruleset *rs, struct str *written, struct current *old);
/* Parse a text that is pf.conf's normal form. */
int parse_text(const char *name, const char *text, const struct pf_env *env,
    struct pf_ruleset **ret, struct err *err);

/* ---- trial.c: -f FILE --confirm SECONDS ---- */

struct trial {
	uint64_t id;	   /* no two trials have the same */
	uint64_t old_load; /* what comes back */
	bool old_present;  /* there was something */
	bool old_enabled;  /* and pf was enabled */
	int64_t deadline;  /* seconds of CLOCK_BOOTTIME */
	unsigned flush;	   /* FLUSH_*: waits for the confirmation */
};

/* Is a trial going on? */
bool trial_read(struct store *s, struct trial *ret);
/* One that begins now, with what is loaded (`old`) to come back. */
void trial_plan(const struct pfctl *p, struct store *s,
    const struct current *old, struct trial *ret);
int trial_begin(const struct pfctl *p, struct store *s, const struct trial *t,
    struct err *err);
int trial_write(struct store *s, const struct trial *t, struct err *err);
int trial_remove(struct store *s, struct err *err);
/* Forget which file was never confirmed: something was loaded for good. */
void trial_unmark(void);
/* `pfctl --revert=ID` at the deadline, whatever ends before. */
int trial_start_clock(const struct trial *t, struct err *err);
/* Put back what an unconfirmed trial replaced if its clock did not. */
int trial_settle(struct pfctl *p);
int do_confirm(struct pfctl *p);
int do_revert(struct pfctl *p);

/* ---- change.c: a table's change ---- */

/* Give the kernel's sets of a table the elements that it has in `c`, and keep
 * these rules; killed between the two, it is left. */
int change_table(struct store *s, const struct current *c,
    const struct pf_table *t, struct err *err);
bool change_is_left(struct store *s);
/* End what a killed pfctl left. Exit code. */
int change_settle(struct pfctl *p);

/* ---- look.c: --lint and --test, which load nothing ---- */

int do_lint(struct pfctl *p);
int do_test(struct pfctl *p);

/* ---- source.c: what the main rules were made of ---- */

/* A file that is about to be read, as a line of what is written down. */
void source_note_file(struct str *reads, const char *path);
/* What a load was made of, as text; "" if it cannot be made again, SOURCE_BOOT
 * if it was the last rules and not a file of the administrator's. */
#define SOURCE_BOOT "boot\n"
void source_print(
    const struct pfctl *p, const struct world *w, struct str *ret);
/* Fill in what the file was loaded with; in `ret` only file, defines and
 * optimize are used. What it points to lives as long as `text`. */
int source_parse(struct str *text, struct pfctl *ret, struct str *ret_random,
    struct err *err);
/* The first of the files that is not as it was, or NULL. */
const char *source_changed(const struct str *text, char *buf, size_t size);

/* ---- again.c: for `gaol watch` ---- */

/* --restore: if another program removed or changed the rules, load them as
 * they were; says so in a line on standard output. */
int do_restore(struct pfctl *p);
/* --follow: if the loaded file means other rules now because addresses
 * changed, load it again; says so in a line on standard output, or "boot" if
 * no file was loaded since the boot. */
int do_follow(struct pfctl *p);

/* ---- sysctl.c ---- */

/* Can what the file's lines ask for be set? What cannot is told in `msgs`, a
 * line each, and -ENOTSUP comes back. */
int sysctls_check(
    const struct pf_lowered *l, struct str *msgs, struct err *err);
/* The settings, and what is written down of them, before sysctls_apply. */
struct sysctls_before {
	struct strv now, saved; /* "PATH VALUE" */
};
void sysctls_before_clear(struct sysctls_before *before);
/* Set what the rules need; what was there before is written down (once) and
 * given back by sysctls_restore, or here if it is needed no more. If that
 * fails nothing is changed. */
int sysctls_apply(struct store *s, const struct pf_lowered *l,
    struct sysctls_before *ret, struct err *err);
int sysctls_undo(
    struct store *s, const struct sysctls_before *before, struct err *err);
int sysctls_restore(struct store *s, struct err *err);
bool sysctls_are_saved(struct store *s);

/* ---- leftovers.c ---- */

/* What a killed pfctl left: to show or to mend. Exit code. */
int do_leftovers(struct pfctl *p);
/* Mend it in silence. */
int leftovers_mend(struct store *s, struct err *err);

/* ---- enable.c: -e, -d ---- */

int do_enable(struct pfctl *p);
int do_disable(struct pfctl *p);
/* Make it so, if it is not. */
int set_enabled(struct store *s, bool on, struct err *err);
/* Say which chains of others drop what pf lets through. */
void warn_foreign(const struct pfctl *p);

/* ---- flush.c ---- */

enum {
	FLUSH_NAT = 1,
	FLUSH_QUEUE = 2,
	FLUSH_RULES = 4,
	FLUSH_SOURCES = 8,
	FLUSH_STATES = 16,
	FLUSH_INFO = 32,
	FLUSH_TABLES = 64,
	FLUSH_OSFP = 128,
	FLUSH_ALL = 255,
	/* What a trial leaves until it is confirmed. */
	FLUSH_WAITS = FLUSH_STATES | FLUSH_SOURCES | FLUSH_INFO,
};
unsigned flush_parse(const char *word);
int do_flush(struct pfctl *p);
/* The parts of a flush that are no part of a ruleset, and what is said of all
 * of it; n_tables: how many were deleted, NULL if the anchor is not there. */
int flush_rest(struct pfctl *p, struct store *s, const struct world *w,
    unsigned what, const unsigned *n_tables, struct err *err);

/* ---- states.c ---- */

int show_states(struct pfctl *p, struct store *s, const struct pf_env *env,
    struct err *err);

/* ---- sources.c ---- */

int show_sources(const struct pfctl *p, struct store *s,
    const struct pf_ruleset *rules, struct err *err);
int flush_sources(struct store *s, const struct pf_env *env, struct err *err);

/* ---- kill.c ---- */

int do_kill(struct pfctl *p);
int do_kill_sources(struct pfctl *p);
/* Delete all states, with -i those bound to the interface, but that of the
 * session we run in. */
int flush_states(struct pfctl *p, const struct pf_env *env, struct err *err);
/* Entries of before pf was enabled. */
int flush_strangers(struct pfctl *p, struct err *err);

/* ---- session.c ---- */

/* The connection by which this command's user came in, from ssh's
 * environment; false: none. */
bool session_find(struct nft_tuple *ret);
bool session_is(const struct nft_tuple *session, const struct nft_state *s);

/* ---- info.c ---- */

int show_info(const struct pfctl *p, struct store *s, const struct current *c,
    struct err *err);
/* How many states there are. */
int states_now(unsigned *ret, struct err *err);
/* Counting begins again (-F info). */
int info_clear(struct store *s, struct err *err);
/* Note how many states there are when counting begins. */
int counted_begin(struct store *s, struct err *err);
/* pf was enabled or disabled, or counting began: now. */
int since_write(struct store *s, bool enabled, struct err *err);
/* Was it enabled when it was last changed by us? */
bool was_enabled(struct store *s);

/* ---- holds.c: time-outs, limits, interfaces ---- */

int show_timeouts(const struct pf_options *o, struct err *err);
int show_memory(const struct pf_options *o, struct err *err);
/* With -vv also what refers to each. */
int show_interfaces(const struct pfctl *p, const struct pf_env *env,
    const struct pf_ruleset *rs, struct err *err);

/* ---- show.c, tables.c ---- */

int do_show(struct pfctl *p);
int do_debug(struct pfctl *p);
int do_clear(struct pfctl *p);
int do_table(struct pfctl *p);
/* NULL: there is none. */
struct pf_table *table_find(
    const struct pf_ruleset *rs, const char *anchor, const char *name);
/* How many more addresses `set limit table-entries` lets all tables have
 * together; negative: so many too many. */
int64_t tables_room(const struct pf_ruleset *rs);
/* Take a table out of the ruleset and free it. */
void table_drop(struct pf_ruleset *rs, struct pf_table *t);
void table_append(
    struct pf_table *t, const struct pf_addr *a, uint8_t af, int64_t since);
void show_tables(const struct pfctl *p, const struct pf_ruleset *rs);

/* ---- table-index.c ---- */

/* The addresses that a table had when this was made; they must stay where they
 * are, more may be added. The caller clears it. */
struct table_index {
	const struct pf_table *table;
	size_t *place; /* in the table, in the order of the addresses */
	size_t n;
};
void table_index_make(struct table_index *ret, struct pf_table *t);
void table_index_clear(struct table_index *x);
/* The first place of the i-th address of `from`, with or without "!", in the
 * table; -1: it is not there. */
ssize_t table_index_find(
    const struct table_index *x, const struct pf_table *from, size_t i);

#endif
