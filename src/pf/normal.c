/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the normal form of the loaded rules. */
#include "pf/normal.h"

#include <errno.h>

/* The file that pf's reader is given: the main text for any name, an anchor's
 * for "anchor:PATH". */
static const char *
section_find(const char *text, const char *path)
{
	static const size_t mark = sizeof(PF_NORMAL_ANCHOR) - 1;
	size_t len = strlen(path);

	while (text) {
		if (str_starts(text, PF_NORMAL_ANCHOR) &&
		    strncmp(text + mark, path, len) == 0 &&
		    text[mark + len] == '\n')
			return text + mark + len + 1;
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return NULL;
}

static size_t
section_len(const char *section)
{
	const char *end = section;

	while (*end && !str_starts(end, PF_NORMAL_ANCHOR)) {
		const char *nl = strchr(end, '\n');

		end = nl ? nl + 1 : end + strlen(end);
	}
	return (size_t)(end - section);
}

size_t
pf_normal_main_len(const char *text)
{
	return section_len(text);
}

int
pf_normal_read(void *ctx, const char *path, struct str *ret)
{
	const char *text = ctx;
	const char *section;

	str_reset(ret);
	if (!str_starts(path, "anchor:")) {
		str_addmem(ret, text, section_len(text));
		/* Anchors are loaded by statements of the main ruleset. */
		for (const char *at = strstr(text, PF_NORMAL_ANCHOR); at;
		     at = strstr(at + 1, PF_NORMAL_ANCHOR)) {
			const char *name = at + strlen(PF_NORMAL_ANCHOR);
			int len = (int)strcspn(name, "\n");

			if (at != text && at[-1] != '\n')
				continue;
			str_printf(ret,
			    "load anchor \"%.*s\" from \"anchor:%.*s\"\n", len,
			    name, len, name);
		}
		return 0;
	}
	section = section_find(text, path + strlen("anchor:"));
	if (!section)
		return -ENOENT;
	str_addmem(ret, section, section_len(section));
	return 0;
}

static void
collect(void *ctx, enum pf_stream stream, const char *text, size_t len)
{
	if (stream == PF_STDERR)
		str_addmem(ctx, text, len);
}

int
pf_normal_parse(const char *name, const char *text, const struct pf_env *env,
    struct pf_ruleset **ret, struct err *err)
{
	_cleanup_(str_clear) struct str said = STR_INIT;
	const struct pf_opts opts = { .load = PF_LOAD_ALL };
	const struct pf_out out = { collect, &said };
	struct pf_env quiet = *env;

	quiet.ctx = (void *)(uintptr_t)text;
	quiet.read = pf_normal_read;
	quiet.resolve = NULL;
	quiet.service = NULL;
	quiet.user = quiet.group = NULL;
	if (pf_load(name, &opts, &quiet, &out, ret, NULL) < 0)
		return err_set(err, EINVAL,
		    "the rules kept in %s cannot be read again: %s", name,
		    said.buf);
	return 0;
}
