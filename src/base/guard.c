/* SPDX-License-Identifier: BSD-2-Clause */
/* Guards that tests take away. */
#include "base/guard.h"

#ifdef GAOL_FAULTS
#include <stdlib.h>
#include <string.h>

bool
guard_off(const char *name)
{
	const char *list = getenv("GAOL_WITHOUT");
	size_t n = strlen(name);

	while (list != NULL && *list != '\0') {
		size_t word = strcspn(list, ",");

		if (word == n && strncmp(list, name, n) == 0)
			return true;
		list += word + (list[word] == ',');
	}
	return false;
}
#endif
