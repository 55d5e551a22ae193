/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rc.conf from a hostile hand: no crash, a sentence with the line for what is
 * refused, and what is accepted means the same when it is written out plainly.
 */
#include "conf/rcconf.h"
#include "base/str.h"

/* Write the variables as NAME='value', each quote as '\''. */
static void
write_out(const struct rcconf *rc, struct str *out)
{
	for (size_t i = 0; i < rc->vars.n; i++) {
		const struct rcconf_var *var = rc->vars.v[i].value;

		str_printf(out, "%s='", var->name);
		for (const char *p = var->value; *p != '\0'; p++) {
			if (*p == '\'')
				str_add(out, "'\\''");
			else
				str_addc(out, *p);
		}
		str_add(out, "'\n");
	}
}

static void
same(const struct rcconf *a, const struct rcconf *b)
{
	if (a->vars.n != b->vars.n)
		BUG("%zu variables became %zu", a->vars.n, b->vars.n);
	for (size_t i = 0; i < a->vars.n; i++) {
		const struct rcconf_var *va = a->vars.v[i].value;
		const struct rcconf_var *vb = b->vars.v[i].value;

		if (!streq(va->name, vb->name) || !streq(va->value, vb->value))
			BUG("%s changed", va->name);
	}
}

/* What was assigned is read back, and nothing else has changed. */
static void
edit(const struct rcconf *rc, const char *text, size_t len)
{
	static const char value[] = "a \"b\" \\ $c `d` 'e'\n#";
	_cleanup_(rcconf_freep) struct rcconf *edited = rcconf_new();
	_cleanup_(str_clear) struct str out = STR_INIT;
	const char *name = rc->vars.n ? rc->vars.v[0].key : "fresh";

	if (rcconf_edit("f", text, len, name, value, &out, NULL) < 0)
		BUG("%s cannot be edited", name);
	if (rcconf_parse(edited, "f", out.buf, out.len, NULL) < 0)
		return; /* a $name further down grew too long */
	if (!streq(rcconf_get(edited, name, ""), value))
		BUG("%s has another value", name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = rcconf_new();
	_cleanup_(rcconf_freep) struct rcconf *again = rcconf_new();
	_cleanup_(str_clear) struct str out = STR_INIT;
	struct err err = { 0 };

	if (rcconf_parse(rc, "f", (const char *)data, size, &err) < 0) {
		if (!str_starts(err.msg, "f:") || rc->vars.n != 0)
			BUG("refused without a place: %s", err.msg);
		return 0;
	}
	write_out(rc, &out);
	if (rcconf_parse(again, "f", out.buf, out.len, &err) < 0)
		BUG("not read again: %s", err.msg);
	same(rc, again);
	edit(rc, (const char *)data, size);
	return 0;
}
