/* SPDX-License-Identifier: BSD-2-Clause */
/* Growing arrays and lists of strings. */
#include "base/array.h"

void *
array_grow(void *v, size_t n, size_t *cap, size_t size)
{
	if (n == *cap) {
		*cap = *cap ? *cap * 2 : 8;
		v = xreallocarray(v, *cap, size);
	}
	memset((char *)v + n * size, 0, size);
	return v;
}

void
strv_add_owned(struct strv *sv, char *s)
{
	*array_add(sv) = s;
}

void
strv_add(struct strv *sv, const char *s)
{
	strv_add_owned(sv, xstrdup(s));
}

void
strv_clear(struct strv *sv)
{
	for (size_t i = 0; i < sv->n; i++)
		free(sv->v[i]);
	array_clear(sv);
}

bool
strv_has(const struct strv *sv, const char *s)
{
	for (size_t i = 0; i < sv->n; i++)
		if (streq(sv->v[i], s))
			return true;
	return false;
}

char **
strv_argv(struct strv *sv)
{
	*array_add(sv) = NULL;
	sv->n--;
	return sv->v;
}

void
strv_split(struct strv *sv, const char *text, const char *seps)
{
	while (*text != '\0') {
		size_t n = strcspn(text, seps);

		if (n > 0)
			strv_add_owned(sv, xstrndup(text, n));
		text += n;
		text += strspn(text, seps);
	}
}
