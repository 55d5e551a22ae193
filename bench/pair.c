/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time whole commands against each other.
 *
 *	pair [-n ROUNDS] [-w WARM-UP] [-g GAP_MS] <CASES
 *
 * A case is a line NAME|WORD WORD... [// WORD...]; no shell reads it. The
 * command before // is timed, the one after it cleans up. %i in a word becomes
 * a number of its own for each run. The first case is the one the others are
 * measured by.
 *
 * Each round runs every case once, in a new random order: a fixed one would
 * bill a case for what the kernel still cleans up after the one before. The
 * gap before each run lets that end, as it does when a person starts a jail.
 * For each case: runs that failed, least, median and 90th percentile in ms,
 * the median of the rounds' ratios to the first case, and the median of the
 * processor time (of the command and of what it waited for), which a busy
 * machine changes least. A failed run makes the exit status 1.
 */
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"

#define CASES_MAX 16
#define WORDS_MAX 64

struct one_case {
	char *name;
	char *word[WORDS_MAX + 1];    /* timed, up to a NULL */
	char *cleanup[WORDS_MAX + 1]; /* not timed; [0] NULL: none */
	double *ms, *cpu_ms;	      /* of each round */
	int failed;
};

struct bench {
	struct one_case v[CASES_MAX];
	size_t n;
	int rounds, warm_up, gap_ms;
	int runs; /* so far, for %i */
	posix_spawn_file_actions_t quiet;
};

static double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void
split(struct one_case *c, char *line)
{
	char *save = NULL, *words = strchr(line, '|');
	char **to = c->word;
	size_t n = 0;

	if (words == NULL) {
		fprintf(stderr, "pair: no '|' in case: %s\n", line);
		exit(2);
	}
	*words++ = '\0';
	c->name = line;
	for (char *w = strtok_r(words, " \n", &save);
	     w != NULL && n < WORDS_MAX; w = strtok_r(NULL, " \n", &save)) {
		if (streq(w, "//")) {
			to = c->cleanup;
			n = 0;
		} else {
			to[n++] = w;
		}
	}
}

static void
read_cases(struct bench *b)
{
	char *line = NULL;
	size_t size = 0;

	while (b->n < CASES_MAX && getline(&line, &size, stdin) > 1) {
		split(&b->v[b->n], line);
		b->v[b->n].ms = xcalloc((size_t)b->rounds, sizeof(double));
		b->v[b->n].cpu_ms = xcalloc((size_t)b->rounds, sizeof(double));
		b->n++;
		line = NULL; /* the case keeps it */
	}
	free(line);
}

/* A word with %i replaced. */
static char *
with_number(const char *word, int number)
{
	const char *mark = strstr(word, "%i");

	if (mark == NULL)
		return xstrdup(word);
	return xasprintf(
	    "%.*s%d%s", (int)(mark - word), word, number, mark + 2);
}

struct spent {
	double ms, cpu_ms;
};

static double
cpu_ms(const struct rusage *used)
{
	return (double)(used->ru_utime.tv_sec + used->ru_stime.tv_sec) * 1e3 +
	    (double)(used->ru_utime.tv_usec + used->ru_stime.tv_usec) / 1e3;
}

/* Run a command to its end; its exit status. */
static int
run_words(struct bench *b, char *const *word, struct spent *ret)
{
	char *argv[WORDS_MAX + 1] = { NULL };
	struct rusage used = { 0 };
	int status = -1;
	double start;
	pid_t pid;

	for (size_t i = 0; word[i] != NULL; i++)
		argv[i] = with_number(word[i], b->runs);
	start = now_ms();
	if (posix_spawnp(&pid, argv[0], &b->quiet, NULL, argv, environ) == 0)
		wait4(pid, &status, 0, &used);
	ret->ms = now_ms() - start;
	ret->cpu_ms = cpu_ms(&used);
	for (size_t i = 0; argv[i] != NULL; i++)
		free(argv[i]);
	return status;
}

/* Run a case once. Did it succeed? */
static bool
run_once(struct bench *b, struct one_case *c, struct spent *ret)
{
	struct spent unused;
	int status;

	b->runs++;
	if (b->gap_ms > 0)
		usleep((useconds_t)b->gap_ms * 1000);
	status = run_words(b, c->word, ret);
	if (c->cleanup[0] != NULL && run_words(b, c->cleanup, &unused) != 0)
		status = -1;
	return status == 0;
}

static void
shuffle(size_t *order, size_t n)
{
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	for (size_t i = n; i-- > 1;) {
		size_t j = (size_t)rand() % (i + 1), t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
}

static void
run_round(struct bench *b, int round)
{
	size_t order[CASES_MAX];

	shuffle(order, b->n);
	for (size_t i = 0; i < b->n; i++) {
		struct one_case *c = &b->v[order[i]];
		struct spent spent;

		if (!run_once(b, c, &spent)) {
			c->failed++;
		} else if (round >= 0) {
			c->ms[round] = spent.ms;
			c->cpu_ms[round] = spent.cpu_ms;
		}
	}
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
part_of(const double *values, int n, double part)
{
	_cleanup_free_ double *sorted =
	    xmemdup(values, (size_t)n * sizeof(*values));

	qsort(sorted, (size_t)n, sizeof(*sorted), compare);
	return sorted[(int)(part * (n - 1) + 0.5)];
}

static int
report(const struct bench *b)
{
	_cleanup_free_ double *ratio =
	    xcalloc((size_t)b->rounds, sizeof(*ratio));
	int failed = 0;

	printf("%-34s %6s %9s %9s %9s %7s %9s\n", "ms", "failed", "least",
	    "median", "90 %", "ratio", "CPU");
	for (size_t i = 0; i < b->n; i++) {
		const struct one_case *c = &b->v[i];

		for (int r = 0; r < b->rounds; r++)
			ratio[r] = c->ms[r] / b->v[0].ms[r];
		printf("%-34s %6d %9.2f %9.2f %9.2f %7.2f %9.2f\n", c->name,
		    c->failed, part_of(c->ms, b->rounds, 0),
		    part_of(c->ms, b->rounds, 0.5),
		    part_of(c->ms, b->rounds, 0.9),
		    part_of(ratio, b->rounds, 0.5),
		    part_of(c->cpu_ms, b->rounds, 0.5));
		failed += c->failed;
	}
	return failed > 0;
}

static void
be_quiet(struct bench *b)
{
	posix_spawn_file_actions_init(&b->quiet);
	posix_spawn_file_actions_addopen(
	    &b->quiet, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(
	    &b->quiet, 1, "/dev/null", O_WRONLY, 0);
}

int
main(int argc, char **argv)
{
	struct bench b = { .rounds = 21, .warm_up = 2 };
	int opt;

	while ((opt = getopt(argc, argv, "n:w:g:")) != -1) {
		int *number = opt == 'n' ? &b.rounds
		    : opt == 'w'	 ? &b.warm_up
		    : opt == 'g'	 ? &b.gap_ms
					 : NULL;
		if (number == NULL)
			return 2;
		*number = atoi(optarg);
	}
	if (b.rounds < 1)
		return 2;
	srand((unsigned int)getpid());
	be_quiet(&b);
	read_cases(&b);
	for (int round = -b.warm_up; round < b.rounds; round++)
		run_round(&b, round);
	return report(&b);
}
