/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of gaol: what a verb is made of, and how one is added. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/array.h"
#include "base/err.h"
#include "base/util.h"

/*
 * A verb is one file, src/cli/cmd-NAME.c, that holds one descriptor, and one
 * line in verbs.c. Everything that is known about the verb stands in its
 * descriptor: the dispatcher parses by it and checks what it demands, help,
 * completion and the manual page's check read it.
 *
 *	struct stop_opts {
 *		bool skip_hooks;
 *	};
 *
 *	static const struct cli_opt stop_options[] = {
 *		CLI_FLAG('f', "force", struct stop_opts, skip_hooks,
 *		    "do not run the hooks"),
 *		CLI_OPT_END
 *	};
 *
 *	const struct cli_verb cmd_stop = {
 *		.name = "stop",
 *		.args = "JAIL... | ALL",
 *		.summary = "stop jails",
 *		.min_args = 0, .max_args = CLI_ANY,
 *		.flags = CLI_ROOT | CLI_POOL | CLI_WRITES,
 *		.options = stop_options,
 *		.opts_size = sizeof(struct stop_opts),
 *		.run = stop_run,
 *	};
 *
 * A verb with sub-verbs (`pool create`) has .subs instead of .run.
 */

struct cli;
struct pool;

enum cli_opt_type {
	CLI_T_END,
	CLI_T_FLAG, /* bool: true when the option was given */
	CLI_T_STR,  /* const char *: the last one given; NULL without */
	CLI_T_UINT, /* unsigned: a decimal number in min..max; else 0 */
	CLI_T_SIZE, /* uint64_t: bytes, given as 512M or 8G; else 0 */
	CLI_T_LIST, /* struct strv: every one given, in order */
};

struct cli_opt {
	enum cli_opt_type type;
	char letter;	   /* 0: the long name only */
	const char *name;  /* long name without dashes; NULL: letter only */
	const char *arg;   /* what help calls the value; NULL for flags */
	size_t offset;	   /* of the value in the verb's options */
	unsigned min, max; /* CLI_T_UINT; both 0: any */
	const char *help;  /* half a sentence, lower case */
};

/* One line per option; MEMBER must have the type that enum cli_opt_type says. */
#define CLI_FLAG(L, NAME, ST, MEMBER, HELP)                                 \
	{                                                                   \
		CLI_T_FLAG, L, NAME, NULL, offsetof(ST, MEMBER), 0, 0, HELP \
	}
#define CLI_STR(L, NAME, ARG, ST, MEMBER, HELP)                           \
	{                                                                 \
		CLI_T_STR, L, NAME, ARG, offsetof(ST, MEMBER), 0, 0, HELP \
	}
#define CLI_UINT(L, NAME, ARG, ST, MEMBER, MIN, MAX, HELP)                     \
	{                                                                      \
		CLI_T_UINT, L, NAME, ARG, offsetof(ST, MEMBER), MIN, MAX, HELP \
	}
#define CLI_SIZE(L, NAME, ARG, ST, MEMBER, HELP)                           \
	{                                                                  \
		CLI_T_SIZE, L, NAME, ARG, offsetof(ST, MEMBER), 0, 0, HELP \
	}
#define CLI_LIST(L, NAME, ARG, ST, MEMBER, HELP)                           \
	{                                                                  \
		CLI_T_LIST, L, NAME, ARG, offsetof(ST, MEMBER), 0, 0, HELP \
	}
#define CLI_OPT_END               \
	{                         \
		.type = CLI_T_END \
	}

enum cli_flags {
	CLI_ROOT = 1 << 0,	    /* only root may */
	CLI_POOL = 1 << 1,	    /* needs an active pool; c->pool is open */
	CLI_READS = 1 << 2,	    /* changes nothing; has --json and -H */
	CLI_WRITES = 1 << 3,	    /* changes something; has --plan */
	CLI_ARGS_VERBATIM = 1 << 4, /* options end at the first argument */
	CLI_HIDDEN = 1 << 5, /* not listed in help (our own tests' verbs) */
};

#define CLI_ANY (-1) /* max_args: no limit */

/*
 * Run a verb. opts points at the verb's own options struct, argv holds argc
 * arguments (the verb and its options are gone). Returns the program's exit
 * code, 0 or positive; or a negative errno with the sentence in err, which the
 * dispatcher prints ("gaol: ...") before it leaves with 1. A verb that finds
 * its arguments to be nonsense returns cli_usage().
 */
typedef int cli_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err);

struct cli_verb {
	const char *name;
	const char *args;    /* usage after the options: "JAIL... | ALL" */
	const char *summary; /* half a sentence, lower case, for the list */
	const char *help; /* more sentences for `gaol VERB --help`, or NULL */
	int min_args, max_args;
	unsigned flags;		       /* enum cli_flags */
	const struct cli_opt *options; /* ends with CLI_OPT_END; or NULL */
	size_t opts_size;
	cli_run *run;
	const struct cli_verb *const
	    *subs; /* NULL-terminated; instead of run */
};

/* The command being run. Verbs read it; only the dispatcher writes it. */
struct cli {
	const char *prog; /* "gaol" or "iocage", as it was called */
	const struct cli_verb *verb;
	bool debug;	   /* -D: say more, on stderr */
	bool force;	   /* the global -f */
	bool json;	   /* --json (CLI_READS) */
	bool bare;	   /* -H: tabs, no header (CLI_READS) */
	bool plan;	   /* --plan: print steps, do nothing (CLI_WRITES) */
	bool help;	   /* --help */
	struct pool *pool; /* the active pool (CLI_POOL) */
};

/* The verbs, in the order help lists them; ends with NULL. verbs.c. */
extern const struct cli_verb *const cli_verbs[];

/* The verb of that name; with none, NULL and a sentence that names the nearest
 * word. `of` is what the list belongs to ("pool"), NULL for the program. */
const struct cli_verb *cli_verb_find(const struct cli_verb *const *list,
    const char *of, const char *word, struct err *err);

/* Parse and run one command line; returns the exit code: 0 done, 1 failed,
 * 2 the line makes no sense, or what the verb gave. Prints every message. */
int cli_main(int argc, char **argv);

/* "The line makes no sense": sets err and returns the exit code 2. */
int cli_usage(struct err *err, const char *fmt, ...) _printf_(2, 3);

/* A line of result or progress on stdout, newline added. */
void cli_say(struct cli *c, const char *fmt, ...) _printf_(2, 3);

/* A line "gaol: warning: ..." on stderr. */
void cli_warn(struct cli *c, const char *fmt, ...) _printf_(2, 3);

/* With -D, a line "gaol: debug: ..." on stderr. */
void cli_debug(struct cli *c, const char *fmt, ...) _printf_(2, 3);

/* "gaol: <err>" on stderr, for verbs that go on after a failure (ALL). */
void cli_error(struct cli *c, const struct err *err);

/* One line of --plan. Returns c->plan, so that a verb may write
 *	if (cli_step(c, "make subvolume %s", name)) continue; else do it. */
bool cli_step(struct cli *c, const char *fmt, ...) _printf_(2, 3);

/* Lines of "NAME<TAB>TEXT", as steps_plan makes them, on stdout as "NAME:
 * TEXT" with `before` in front of each. */
void cli_lines(struct cli *c, const char *before, const char *text);

/* Ask on the terminal, "QUESTION [y/N]: "; anything but y or yes is no, and so
 * is the end of input. */
bool cli_confirm(struct cli *c, const char *fmt, ...) _printf_(2, 3);

#endif
