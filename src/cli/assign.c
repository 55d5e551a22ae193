/* SPDX-License-Identifier: BSD-2-Clause */
/* PROPERTY=VALUE words. */
#include "cli/assign.h"

#include "conf/conf.h"

void
cli_assigns_clear(struct cli_assigns *as)
{
	for (size_t i = 0; i < as->n; i++) {
		free(as->v[i].name);
		free(as->v[i].value);
	}
	array_clear(as);
}

static struct cli_assign *
find(const struct cli_assigns *as, const char *name)
{
	for (size_t i = 0; i < as->n; i++)
		if (streq(as->v[i].name, name))
			return &as->v[i];
	return NULL;
}

const char *
cli_assigns_get(const struct cli_assigns *as, const char *name)
{
	const struct cli_assign *a = find(as, name);

	return a ? a->value : NULL;
}

static int
add_word(struct cli_assigns *as, const char *word, struct err *err)
{
	_cleanup_free_ char *name = NULL, *canon = NULL;
	struct cli_assign *a;
	const char *value;
	int r = conf_assignment(word, &name, &value, err);

	if (r == 0)
		r = conf_value_check(name, value, &canon, err);
	if (r < 0)
		return r;
	a = find(as, name);
	if (!a) {
		a = array_add(as);
		a->name = TAKE_PTR(name);
	}
	free(a->value);
	a->value = TAKE_PTR(canon);
	return 0;
}

int
cli_assigns_parse(
    int argc, char **argv, struct cli_assigns *ret, struct err *err)
{
	struct cli_assigns as = { 0 };

	for (int i = 0; i < argc; i++) {
		int r = add_word(&as, argv[i], err);

		if (r < 0) {
			cli_assigns_clear(&as);
			return r;
		}
	}
	*ret = as;
	return 0;
}
