/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Work as data: an array of named steps, each with its undo. Going forward
 * runs `run` of each; a failure walks back over those that were done. The
 * same array prints a --plan, and lets a test break each step once without
 * knowing its name.
 *
 * A step may have no run (it exists for its undo) or no undo. A run that fails
 * cleans up after itself: its own undo is not called. A failing undo does not
 * stop the walk: the first error is kept and the walk goes on.
 *
 * In builds with -DGAOL_FAULTS the environment decides a test's fault:
 *	GAOL_FAULT=start:mount-dev	the step fails before it runs
 *	GAOL_FAULT=start:mount-dev:after	it runs, then counts as failed,
 *				so that its own undo is walked too
 *	GAOL_FAULT=start:mount-dev:kill	the process is killed (SIGKILL)
 *				after the step ran
 *	GAOL_STEPS=1			names of all arrays that are run are
 *				written to descriptor 2 as "step start:NAME"
 * Release builds contain none of it.
 */
#ifndef BASE_STEPS_H
#define BASE_STEPS_H

#include "base/err.h"
#include "base/str.h"

struct step {
	const char *name; /* a-z, digits, '-': for faults and facts */
	const char *text; /* what it does, for --plan: "mount /dev" */
	int (*run)(void *ctx, struct err *err);
	int (*undo)(void *ctx, struct err *err);
	/* If set and false for this ctx, the step is left out. */
	bool (*wanted)(const void *ctx);
};

struct steps {
	const char *name; /* of the array: "start" */
	const struct step *v;
	size_t n;
	/*
	 * Called after a step was done (its facts can be written down) and
	 * after one was undone; may be NULL. An error counts as the step's.
	 */
	int (*done)(
	    void *ctx, const struct step *s, bool undone, struct err *err);
};

/* All steps in order; on failure those done are undone backwards and the
 * sentence begins with the failed step's text. */
int steps_run(const struct steps *steps, void *ctx, struct err *err);

/*
 * Undo every wanted step from the last to the first. `was_done` says whether
 * a step was done, from facts on disk for instance; NULL: all were. The first
 * error is returned after the whole walk.
 */
int steps_undo(const struct steps *steps, void *ctx,
    bool (*was_done)(const void *ctx, const struct step *s), struct err *err);

/* One line a step: "name<TAB>text" for wanted ones. */
void steps_plan(const struct steps *steps, const void *ctx, struct str *out);

/*
 * For steps that run elsewhere (in a jail's child) than in steps_run: the
 * fault wanted for this step: 0, or -EIO with a sentence. May not return.
 */
int steps_fault(
    const char *array, const char *step, bool after, struct err *err);

#endif
