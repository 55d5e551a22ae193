/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests print TAP: ok(condition, "what is expected") and the like, then
 * `return done_testing();` from main.
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdio.h>
#include <string.h>

static int tap_run, tap_failed;

#define ok(cond, ...) \
	tap_result(!!(cond), __FILE__, __LINE__, #cond, __VA_ARGS__)
/* Strings, compared whole; both are shown when they differ. */
#define is_str(got, want, ...) \
	tap_str((got), (want), __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, want, ...)                                           \
	tap_int((long long)(got), (long long)(want), __FILE__, __LINE__, \
	    __VA_ARGS__)

__attribute__((format(printf, 5, 6), unused)) static int
tap_result(int pass, const char *file, int line, const char *cond,
    const char *fmt, ...)
{
	__builtin_va_list ap;

	printf("%sok %d - ", pass ? "" : "not ", ++tap_run);
	__builtin_va_start(ap, fmt);
	vprintf(fmt, ap);
	__builtin_va_end(ap);
	putchar('\n');
	if (!pass) {
		printf("# %s:%d: %s\n", file, line, cond);
		tap_failed++;
	}
	fflush(stdout);
	return pass;
}

static inline void
tap_show(const char *label, const char *s)
{
	printf("# %s: ", label);
	for (; s != NULL && *s != '\0'; s++) {
		putchar(*s);
		if (*s == '\n')
			printf("#   ");
	}
	puts(s == NULL ? "(null)" : "");
}

__attribute__((format(printf, 5, 6), unused)) static int
tap_str(const char *got, const char *want, const char *file, int line,
    const char *fmt, ...)
{
	int pass =
	    got != NULL && want != NULL ? strcmp(got, want) == 0 : got == want;
	char title[512];
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	vsnprintf(title, sizeof(title), fmt, ap);
	__builtin_va_end(ap);
	tap_result(pass, file, line, "strings are equal", "%s", title);
	if (!pass) {
		tap_show("got ", got);
		tap_show("want", want);
	}
	return pass;
}

__attribute__((format(printf, 5, 6), unused)) static int
tap_int(long long got, long long want, const char *file, int line,
    const char *fmt, ...)
{
	char title[512];
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	vsnprintf(title, sizeof(title), fmt, ap);
	__builtin_va_end(ap);
	if (!tap_result(
		got == want, file, line, "numbers are equal", "%s", title))
		printf("# got %lld, want %lld\n", got, want);
	return got == want;
}

/* Skip the whole file, with the reason. */
__attribute__((unused)) static int
skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	return 0;
}

__attribute__((unused)) static int
done_testing(void)
{
	printf("1..%d\n", tap_run);
	return tap_failed > 0;
}

#endif
