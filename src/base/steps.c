/* SPDX-License-Identifier: BSD-2-Clause */
/* Arrays of steps with their undo, and the faults that tests put in. */
#include "base/steps.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#ifdef GAOL_FAULTS

static void
announce(const char *array, const char *step)
{
	if (getenv("GAOL_STEPS") != NULL)
		fprintf(stderr, "step %s:%s\n", array, step);
}

/* "array:step[:mode]" names this step; the mode is returned, "" for none. */
static const char *
fault_mode(const char *array, const char *step)
{
	const char *f = getenv("GAOL_FAULT");
	size_t la = strlen(array), ls = strlen(step);

	if (f == NULL || strncmp(f, array, la) != 0 || f[la] != ':')
		return NULL;
	f += la + 1;
	if (strncmp(f, step, ls) != 0 || (f[ls] != '\0' && f[ls] != ':'))
		return NULL;
	return f[ls] == ':' ? f + ls + 1 : "";
}

int
steps_fault(const char *array, const char *step, bool after, struct err *err)
{
	const char *mode;

	if (!after)
		announce(array, step);
	mode = fault_mode(array, step);
	if (mode == NULL)
		return 0;
	if (after && streq(mode, "kill")) {
		(void)kill(getpid(), SIGKILL);
		/* The first process of a PID namespace is deaf to that. */
		_exit(128 + SIGKILL);
	}
	if (after ? streq(mode, "after") : streq(mode, ""))
		return err_set(err, EIO, "fault put in by GAOL_FAULT");
	return 0;
}

#else

int
steps_fault(const char *array, const char *step, bool after, struct err *err)
{
	(void)array;
	(void)step;
	(void)after;
	(void)err;
	return 0;
}

#endif

static bool
wanted(const struct step *s, const void *ctx)
{
	return s->wanted == NULL || s->wanted(ctx);
}

static int
undo_one(
    const struct steps *steps, const struct step *s, void *ctx, struct err *err)
{
	int r = s->undo ? s->undo(ctx, err) : 0;

	if (r == 0 && steps->done != NULL)
		r = steps->done(ctx, s, true, err);
	return r;
}

static int
run_one(const struct steps *steps, const struct step *s, void *ctx, bool *ran,
    struct err *err)
{
	int r = steps_fault(steps->name, s->name, false, err);

	if (r == 0 && s->run != NULL)
		r = s->run(ctx, err);
	*ran = r == 0;
	if (r == 0 && steps->done != NULL)
		r = steps->done(ctx, s, false, err);
	if (r == 0)
		r = steps_fault(steps->name, s->name, true, err);
	return r < 0 ? err_wrap(err, r, "%s", s->text) : 0;
}

int
steps_run(const struct steps *steps, void *ctx, struct err *err)
{
	for (size_t i = 0; i < steps->n; i++) {
		bool ran = false;
		int r;

		if (!wanted(&steps->v[i], ctx))
			continue;
		r = run_one(steps, &steps->v[i], ctx, &ran, err);
		if (r == 0)
			continue;
		for (size_t k = ran ? i + 1 : i; k-- > 0;)
			if (wanted(&steps->v[k], ctx))
				(void)undo_one(steps, &steps->v[k], ctx, NULL);
		return r;
	}
	return 0;
}

int
steps_undo(const struct steps *steps, void *ctx,
    bool (*was_done)(const void *ctx, const struct step *s), struct err *err)
{
	int first = 0;

	for (size_t i = steps->n; i-- > 0;) {
		const struct step *s = &steps->v[i];
		struct err here = { 0 };
		int r;

		if (was_done != NULL ? !was_done(ctx, s) : !wanted(s, ctx))
			continue;
		r = undo_one(steps, s, ctx, &here);
		if (r == 0 || first < 0)
			continue;
		first = r;
		if (err != NULL)
			*err = here;
		(void)err_wrap(err, r, "undoing '%s'", s->text);
	}
	return first;
}

void
steps_plan(const struct steps *steps, const void *ctx, struct str *out)
{
	for (size_t i = 0; i < steps->n; i++)
		if (wanted(&steps->v[i], ctx))
			str_printf(out, "%s\t%s\n", steps->v[i].name,
			    steps->v[i].text);
}
