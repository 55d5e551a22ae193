/* SPDX-License-Identifier: BSD-2-Clause */
/* pfctl: FreeBSD's command line of the packet filter. */
#include "pfctl/pfctl.h"

#include <getopt.h>
#include <stdarg.h>
#include <unistd.h>

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

static const char *const flush_words[] = { "nat", "queue", "rules", "Sources",
	"states", "info", "Tables", "osfp", "all", NULL };
static const char *const show_words[] = { "queue", "rules", "Anchors",
	"Sources", "states", "info", "Interfaces", "labels", "timeouts",
	"memory", "Tables", "osfp", "Running", "all", "nat", NULL };
static const char *const table_words[] = { "kill", "flush", "add", "delete",
	"load", "replace", "show", "test", "zero", "expire", NULL };
static const char *const debug_words[] = { "none", "urgent", "misc", "loud",
	NULL };
static const char *const optimize_words[] = { "none", "basic", "profile",
	NULL };

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

static void
parse_args(struct pfctl *p, int argc, char **argv)
{
	static const char letters[] =
	    "+:a:AdD:eqf:F:ghi:k:K:mnNOo:Pp:rRs:t:T:vx:z";
	static const struct option longs[] = {
		{ "facts", required_argument, NULL, 256 },
		{ "json", no_argument, NULL, 257 },
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
			    optopt && optopt < 256 ? optopt : '-');
			usage();
		} else if (c == 256) {
			p->facts = optarg;
		} else if (c == 257) {
			p->json = true;
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
	if (p->json && !(p->dry && p->file)) {
		complain("--json shows a file that is not loaded: give -n "
			 "and -f");
		exit(1);
	}
	if (!p->load)
		p->load = PF_LOAD_ALL;
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
	last = strrchr(p->anchor, '/');
	if ((last ? last[1] : p->anchor[0]) == '_' && (p->file || p->flush)) {
		complain("anchor names beginning with '_' cannot be modified "
			 "from the command line");
		exit(1);
	}
}

/* What is understood, but has nothing behind it, is not passed over. */
static void
check_built(const struct pfctl *p)
{
	const char *what = p->n_kill_src ? "-K"
	    : p->clear			 ? "-z"
	    : p->resolve		 ? "-r"
					 : NULL;

	if (what == NULL || p->dry)
		return;
	complain("%s is not built yet", what);
	exit(1);
}

static bool
asks_the_kernel(const struct pfctl *p)
{
	return p->disable || p->enable || p->show || p->flush || p->file ||
	    p->n_kill || p->table_cmd;
}

/* The order in which FreeBSD's pfctl does what it is asked to. */
static int
run(struct pfctl *p)
{
	int rc = 0;

	if (p->dry)
		return p->file ? do_load(p) : 0;
	if (geteuid() != 0 && asks_the_kernel(p)) {
		complain("the rules of this machine are root's: become root, "
			 "or give -n to check a file");
		return 1;
	}
	if (p->disable)
		rc |= do_disable(p);
	if (p->show && !rc)
		rc |= do_show(p);
	if (p->flush && !p->file && !rc)
		rc |= do_flush(p);
	if (p->n_kill && !rc)
		rc |= do_kill(p);
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

	opterr = 0;
	parse_args(&p, argc, argv);
	check_anchor(&p);
	check_built(&p);
	if (p.verbose && !p.dry && !p.quiet)
		fputs("No ALTQ support in kernel\n"
		      "ALTQ related functions disabled\n",
		    stderr);
	rc = run(&p);
	strv_clear(&p.defines);
	if (fflush(stdout) || ferror(stdout)) {
		complain("stdout: %m");
		return 1;
	}
	return rc;
}
