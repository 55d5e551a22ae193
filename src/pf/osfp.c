/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fingerprint file has lines of nine fields:
 *	window:ttl:df:size:options:class:version:subtype:details
 * A rule names "class", "class version" or "class version subtype".
 */
#include "pf/osfp.h"

#include <errno.h>
#include <strings.h>

enum { OSFP_FIELDS = 8, OSFP_CLASS = 5 };

static void
add_names(struct parser *p, char **field)
{
	_cleanup_(str_clear) struct str s = STR_INIT;
	const char *blank = "";

	for (int i = OSFP_CLASS; i < OSFP_CLASS + 3; i++) {
		const char *word = field[i];

		while (*word == '@' || *word == '*' || *word == '-' ||
		    *word == '!')
			word++;
		if (*word == '\0')
			break;
		str_printf(&s, "%s%s", blank, word);
		blank = " ";
		map_set(&p->os_names, s.buf, p);
	}
}

static int
add_line(struct parser *p, char *line)
{
	char *field[OSFP_FIELDS];
	char *hash = strchr(line, '#');
	int n = 0;

	if (hash != NULL)
		*hash = '\0';
	line += strspn(line, " \t\r");
	if (*line == '\0')
		return 0;
	while (n < OSFP_FIELDS && line != NULL)
		field[n++] = strsep(&line, ":");
	if (n < OSFP_FIELDS)
		return -EINVAL;
	add_names(p, field);
	return 0;
}

int
pf_osfp_read(struct parser *p, const char *name)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	char *rest, *line;
	int n = 0, r = -ENOENT;

	if (p->env->read != NULL)
		r = p->env->read(p->env->ctx, name, &text);
	if (r < 0) {
		pf_warn(p, "%s: %s", name, strerror(-r));
		return -1;
	}
	rest = text.buf;
	while ((line = strsep(&rest, "\n")) != NULL) {
		n++;
		if (add_line(p, line) < 0) {
			pf_note(p, "%s:%d too few fields", name, n);
			return -1;
		}
	}
	return 0;
}

bool
pf_os_known(const struct parser *p, const char *name)
{
	if (streq(name, "unknown"))
		return true;
	for (size_t i = 0; i < p->os_names.n; i++) {
		if (strcasecmp(p->os_names.v[i].key, name) == 0)
			return true;
	}
	return p->env->os != NULL && p->env->os(p->env->ctx, name);
}
