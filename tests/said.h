/* SPDX-License-Identifier: BSD-2-Clause */
/* What pf_load says: kept, to be compared, or shown as a diagnostic of TAP.
 * Each function is a pf_out's `put`. */
#ifndef TESTS_SAID_H
#define TESTS_SAID_H

#include <stdio.h>

#include "pf/pf.h"

struct said {
	struct str out, err;
};

/* ctx: a struct said. */
static inline void
said_put(void *ctx, enum pf_stream s, const char *text, size_t len)
{
	struct said *said = ctx;

	str_addmem(s == PF_STDOUT ? &said->out : &said->err, text, len);
}

/* ctx: a struct str, for both. */
static inline void
said_put_one(void *ctx, enum pf_stream s, const char *text, size_t len)
{
	(void)s;
	str_addmem(ctx, text, len);
}

/* Nothing is kept; messages are shown. */
static inline void
said_diag(void *ctx, enum pf_stream s, const char *text, size_t len)
{
	(void)ctx;
	if (s == PF_STDERR)
		printf("# %.*s", (int)len, text);
}

#endif
