/* SPDX-License-Identifier: BSD-2-Clause */
/* pfctl: FreeBSD's command line of the packet filter. */
#include "pfctl/pfctl.h"

#include <getopt.h>
#include <stdarg.h>
#include <unistd.h>

#include "pfctl/words.h"

/* Options without a letter; beyond all letters. */
enum {
	OPT_FACTS = 256,
	OPT_JSON,
	OPT_CONFIRM,
	OPT_REVERT,
	OPT_LINT,
	OPT_TEST,
	OPT_LEFTOVERS,
	OPT_RESTORE,
	OPT_FOLLOW
};

enum { CONFIRM_MAX = 24 * 60 * 60 };

static const char usage_text[] =
    "usage: pfctl [-AdeghmNnOPqRrvz] [-a anchor] [-D macro=value] "
    "[-F modifier]\n"
    "\t[-f file] [-i interface] [-K host | network]\n"
    "\t[-k host | network | label | id] [-o level] [-p device]\n"
    "\t[-s modifier] [-t table -T command [address ...]] [-x level]\n";

void
usage(void)
{
	fputs(usage_text, stderr);
	exit(1);
}

void
complain(const char *fmt, ...)
{
	va_list ap;

	fputs("pfctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void
notice(const struct pfctl *p, const char *fmt, ...)
{
	va_list ap;

	if (p->quiet)
		return;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
}

const char *
word_of(const char *typed, const char *const *words)
{
	for (; *words; words++)
		if (str_starts(*words, typed))
			return *words;
	return NULL;
}

/* The whole word that was meant, or usage. */
static const char *
want_word(const char *typed, const char *const *words, const char *what)
{
	const char *word = word_of(typed, words);

	if (!word) {
		complain("Unknown %s '%s'", what, typed);
		usage();
	}
	return word;
}

/* Which -s is meant is decided in pfctl's own order: "-s n" is nat. */
static enum pf_optimize
optimize_of(const char *typed)
{
	const char *word = want_word(typed, optimize_words, "optimization");

	if (streq(word, "none"))
		return PF_OPT_NONE;
	return streq(word, "basic") ? PF_OPT_BASIC : PF_OPT_PROFILE;
}

static void
add_kill(const char **list, unsigned *n, char letter, const char *arg)
{
	if (*n >= 2) {
		complain("can only specify -%c twice", letter);
		usage();
	}
	list[(*n)++] = arg;
}

static void
check_device(const char *dev)
{
	FILE *f = fopen(dev, "re");

	/* There is no /dev/pf on Linux; scripts that name it are served. */
	if (!f && !streq(dev, "/dev/pf")) {
		complain("%s: %m", dev);
		exit(1);
	}
	if (f)
		fclose(f);
}

static void
flag(struct pfctl *p, int letter)
{
	switch (letter) {
	case 'A':
		p->load |= PF_LOAD_ALTQ;
		break;
	case 'N':
		p->load |= PF_LOAD_NAT;
		break;
	case 'O':
		p->load |= PF_LOAD_OPTION;
		break;
	case 'R':
		p->load |= PF_LOAD_FILTER;
		break;
	case 'd':
		p->disable = true;
		break;
	case 'e':
		p->enable = true;
		break;
	case 'm':
		p->merge = true;
		break;
	case 'n':
		p->dry = true;
		break;
	case 'P':
		p->numeric = true;
		break;
	case 'q':
		p->quiet = true;
		break;
	case 'r':
		p->resolve = true;
		break;
	case 'v':
		p->verbose++;
		break;
	case 'z':
		p->clear = true;
		break;
	case 'g':
		break; /* debug output of a kernel that is not there */
	default:
		usage();
	}
}

static void
option(struct pfctl *p, int letter, const char *arg)
{
	switch (letter) {
	case 'a':
		p->anchor = arg;
		break;
	case 'D':
		if (strchr(arg, '='))
			strv_add(&p->defines, arg);
		else /* said, and no error */
			complain("could not parse macro definition %s", arg);
		break;
	case 'F':
		p->flush = want_word(arg, flush_words, "flush modifier");
		break;
	case 'f':
		p->file = arg;
		break;
	case 'i':
		p->interface = arg;
		break;
	case 'k':
		add_kill(p->kill, &p->n_kill, 'k', arg);
		break;
	case 'K':
		add_kill(p->kill_src, &p->n_kill_src, 'K', arg);
		break;
	case 'o':
		p->optimize = optimize_of(arg);
		p->optimize_given = true;
		break;
	case 'p':
		check_device(arg);
		break;
	case 's':
		p->show = want_word(arg, show_words, "show modifier");
		break;
	case 't':
		p->table = arg;
		break;
	case 'T':
		p->table_cmd = want_word(arg, table_words, "table command");
		break;
	case 'x':
		p->debug = want_word(arg, debug_words, "debug level");
		break;
	default:
		flag(p, letter);
	}
}

/* --confirm alone confirms; with -f it takes the seconds, as its value or as
 * the next word. */
static void
option_confirm(struct pfctl *p, const char *value, char *const *next)
{
	int64_t n;

	if (!value && *next && strspn(*next, "0123456789") == strlen(*next)) {
		value = *next;
		optind++;
	}
	p->confirmed = !value;
	if (!value)
		return;
	if (str_to_i64(value, 1, CONFIRM_MAX, &n) < 0) {
		complain("--confirm waits 1 to %d seconds, not '%s'",
		    CONFIRM_MAX, value);
		exit(1);
	}
	p->confirm = (unsigned)n;
}

static void
option_long(struct pfctl *p, int option, const char *value, char *const *next)
{
	switch (option) {
	case OPT_FACTS:
		p->facts = value;
		break;
	case OPT_JSON:
		p->json = true;
		break;
	case OPT_CONFIRM:
		option_confirm(p, value, next);
		break;
	case OPT_RESTORE:
		p->restore = true;
		break;
	case OPT_FOLLOW:
		p->follow = true;
		break;
	case OPT_REVERT:
		p->revert = true;
		p->trial = value ? strtoull(value, NULL, 16) : 0;
		break;
	case OPT_LINT:
		p->lint = true;
		break;
	case OPT_TEST:
		p->test = value;
		break;
	case OPT_LEFTOVERS:
		p->leftovers = value;
		break;
	}
}

/* Long options go together only as they mean something. */
static void
check_long(const struct pfctl *p)
{
	const char *wrong = NULL;

	if (p->lint && !(p->dry && p->file))
		wrong = "--lint looks at a file and loads nothing: give -n "
			"and -f";
	else if (p->test && (p->json || p->lint || p->confirm))
		wrong = "--test goes with -f, --facts and -D only";
	else if (p->json && !(p->dry && p->file))
		wrong = "--json shows a file that is not loaded: give -n and "
			"-f";
	else if (p->confirm && (p->dry || !p->file))
		wrong = "--confirm SECONDS is for a file that is loaded: give "
			"-f, and no -n";
	else if (p->confirmed && p->file)
		wrong = "with -f, --confirm needs the seconds to wait: "
			"--confirm 60";
	if (!wrong)
		return;
	complain("%s", wrong);
	exit(1);
}

static void
parse_args(struct pfctl *p, int argc, char **argv)
{
	static const char letters[] =
	    "+:a:AdD:eqf:F:ghi:k:K:mnNOo:Pp:rRs:t:T:vx:z";
	static const struct option longs[] = {
		{ "facts", required_argument, NULL, OPT_FACTS },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "confirm", optional_argument, NULL, OPT_CONFIRM },
		{ "revert", optional_argument, NULL, OPT_REVERT },
		{ "lint", no_argument, NULL, OPT_LINT },
		{ "test", required_argument, NULL, OPT_TEST },
		/* For `gaol check`, so not in the usage. */
		{ "leftovers", required_argument, NULL, OPT_LEFTOVERS },
		{ "restore", no_argument, NULL, OPT_RESTORE },
		{ "follow", no_argument, NULL, OPT_FOLLOW },
		{ 0 },
	};
	int c;

	if (argc == 1)
		usage();
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (c == ':') {
			complain("option requires an argument -- %c", optopt);
			usage();
		} else if (c == '?') {
			complain("illegal option -- %c",
			    optopt && optopt < OPT_FACTS ? optopt : '-');
			usage();
		} else if (c >= OPT_FACTS) {
			option_long(p, c, optarg, argv + optind);
		} else {
			option(p, c, optarg);
		}
	}
	p->args = argv + optind;
	if (p->table_cmd && !p->table && !streq(p->table_cmd, "load"))
		usage();
	if (!p->table_cmd && *p->args) {
		complain("unknown command line argument: %s ...", *p->args);
		usage();
	}
	if (p->table && strlen(p->table) > PF_TABLE_MAX)
		usage();
	check_long(p);
	if (!p->load)
		p->load = PF_LOAD_ALL;
}

/* An anchor that ends in a star: those in it are meant as well. */
static void
strip_star(struct pfctl *p)
{
	size_t len = strlen(p->anchor);

	if (len == 0 || p->anchor[len - 1] != '*')
		return;
	p->recurse = true;
	len -= len >= 2 && p->anchor[len - 2] == '/' ? 2 : 1;
	p->anchor = p->anchor_buf = xstrndup(p->anchor, len);
}

static void
check_anchor(struct pfctl *p)
{
	const char *last;

	if (!p->anchor)
		return;
	while (*p->anchor == '/')
		p->anchor++;
	if (strlen(p->anchor) > PF_PATH_MAX) {
		complain("anchor name '%s' too long", p->anchor);
		exit(1);
	}
	strip_star(p);
	last = strrchr(p->anchor, '/');
	if ((last ? last[1] : p->anchor[0]) == '_' && (p->file || p->flush)) {
		complain("anchor names beginning with '_' cannot be modified "
			 "from the command line");
		exit(1);
	}
}

static bool
asks_the_kernel(const struct pfctl *p)
{
	return p->disable || p->enable || p->show || p->flush || p->file ||
	    p->n_kill || p->n_kill_src || p->table_cmd || p->clear ||
	    p->confirmed || p->revert || p->leftovers || p->restore ||
	    p->follow;
}

/* The order in which FreeBSD's pfctl does what it is asked to. */
static int
run(struct pfctl *p)
{
	int rc = 0;

	if (p->test)
		return do_test(p);
	if (p->lint)
		return do_lint(p);
	if (p->dry)
		return p->file ? do_load(p) : 0;
	if (geteuid() != 0 && asks_the_kernel(p)) {
		complain("the rules of this machine are root's: become root, "
			 "or give -n to check a file");
		return 1;
	}
	if (p->revert)
		return do_revert(p);
	if (geteuid() == 0 && trial_settle(p))
		return 1;
	if (p->leftovers)
		return do_leftovers(p);
	if (geteuid() == 0 && change_settle(p))
		return 1;
	if (p->confirmed)
		return do_confirm(p);
	if (p->restore)
		return do_restore(p);
	if (p->follow)
		return do_follow(p);
	if (p->disable)
		rc |= do_disable(p);
	if (p->show && !rc)
		rc |= do_show(p);
	if (p->clear && !rc)
		rc |= do_clear(p);
	if (p->flush && !p->file && !rc)
		rc |= do_flush(p);
	if (p->n_kill && !rc)
		rc |= do_kill(p);
	if (p->n_kill_src && !rc)
		rc |= do_kill_sources(p);
	if (p->table_cmd && !streq(p->table_cmd, "load") && !rc)
		return do_table(p);
	if (p->file && !rc)
		rc |= do_load(p);
	if (p->enable && !rc)
		rc |= do_enable(p);
	if (p->debug && !rc)
		rc |= do_debug(p);
	return rc;
}

int
main(int argc, char **argv)
{
	struct pfctl p = { .optimize = PF_OPT_BASIC };
	int rc;

	if (argc > 1 && streq(argv[1], "--candidates")) {
		print_candidates(argc - 2, argv + 2, stdout);
		return 0;
	}
	opterr = 0;
	parse_args(&p, argc, argv);
	check_anchor(&p);
	if (p.verbose && !p.dry && !p.quiet)
		fputs("No ALTQ support in kernel\n"
		      "ALTQ related functions disabled\n",
		    stderr);
	rc = run(&p);
	strv_clear(&p.defines);
	free(p.anchor_buf);
	if (fflush(stdout) || ferror(stdout)) {
		complain("stdout: %m");
		return 1;
	}
	return rc;
}
