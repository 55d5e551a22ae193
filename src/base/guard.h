/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guards that tests take away, one by one, to see that what each holds gets
 * through without it.
 *
 * In builds with -DGAOL_FAULTS the environment names them:
 *	GAOL_WITHOUT=filter,caps
 * Release builds contain none of it: there a guard is never off.
 */
#ifndef BASE_GUARD_H
#define BASE_GUARD_H

#include <stdbool.h>

#ifdef GAOL_FAULTS
bool guard_off(const char *name);
#else
static inline bool
guard_off(const char *name)
{
	(void)name;
	return false;
}
#endif

#endif
