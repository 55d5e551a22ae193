/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.json from a hostile hand: no crash, a sentence for what is refused,
 * and what is accepted is the same when it was written and read again, also
 * after a value was set.
 */
#include "conf/conf.h"

static struct conf *
again(const char *text)
{
	_cleanup_free_ char *second = NULL;
	struct conf *back = NULL;
	struct err err = { 0 };

	if (conf_parse(text, strlen(text), "f", &back, &err) < 0)
		BUG("not read again: %s", err.msg);
	second = conf_text(back);
	if (!streq(text, second))
		BUG("it changed when it was read and written again");
	return back;
}

/* Every property has a value, and judging them does not crash. */
static void
judge(const struct conf *conf)
{
	size_t n;
	const struct conf_prop *p = conf_props(&n);

	for (size_t i = 0; i < n; i++) {
		if (!conf_get(conf, NULL, p[i].name))
			BUG("%s has no value", p[i].name);
		if (p[i].type == CONF_INT)
			(void)conf_get_int(conf, NULL, p[i].name);
	}
	(void)conf_check(conf, NULL, NULL, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(conf_freep) struct conf *conf = NULL, *back = NULL;
	_cleanup_free_ char *text = NULL, *changed = NULL;
	_cleanup_(conf_freep) struct conf *other = NULL;
	struct err err = { 0 };

	if (conf_parse((const char *)data, size, "f", &conf, &err) < 0) {
		if (!str_starts(err.msg, "f: "))
			BUG("refused without a place: %s", err.msg);
		return 0;
	}
	judge(conf);
	text = conf_text(conf);
	back = again(text);
	conf_put(back, "boot", "1");
	conf_put(back, "notes", "x");
	changed = conf_text(back);
	other = again(changed);
	if (!conf_get_bool(other, NULL, "boot") ||
	    !streq(conf_get(other, NULL, "notes"), "x"))
		BUG("what was set is not there");
	return 0;
}
