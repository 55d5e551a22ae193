/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults of a pf.conf that loads: all that are looked for, and where. */
#include <arpa/inet.h>

#include "pf/lint-internal.h"

struct finding *
lint_at(struct lint *l, enum finding_level level, const char *code,
    const char *file, uint32_t line)
{
	_cleanup_free_ char *source = ex_statement(&l->files, file, line);
	struct finding *f = finding_add(l->all, level, code);

	if (file != NULL)
		finding_at(f, file, line);
	finding_source(f, source);
	return f;
}

struct finding *
lint_rule(struct lint *l, enum finding_level level, const char *code,
    const struct pf_rule *r)
{
	return lint_at(l, level, code, r->file, r->line);
}

const char *
lint_ip(
    uint8_t af, const union pf_ip *ip, unsigned bits, char buf[LINT_IP_STRLEN])
{
	size_t len;

	inet_ntop(af, ip->b, buf, LINT_IP_STRLEN);
	len = strlen(buf);
	if (bits < (af == AF_INET ? 32 : 128))
		(void)snprintf(buf + len, LINT_IP_STRLEN - len, "/%u", bits);
	return buf;
}

char *
pf_statement(const struct pf_env *env, const char *file, uint32_t line)
{
	struct ex_files files;
	char *text;

	if (env == NULL)
		return NULL;
	ex_files_init(&files, env);
	text = ex_statement(&files, file, line);
	ex_files_clear(&files);
	return text;
}

static const char *
main_file(const struct pf_ruleset *rs)
{
	for (int i = 0; i < PF_LIST_COUNT; i++)
		if (rs->main->list[i].n > 0)
			return rs->main->list[i].v[0]->file;
	return rs->tables ? rs->tables->file : NULL;
}

void
pf_lint(const struct pf_lint_input *in, struct findings *all)
{
	struct lint l = { .in = in,
		.all = all,
		.main_file = in->file ? in->file : main_file(in->rules) };

	ex_files_init(&l.files, in->env);
	lint_order(&l);
	lint_translate(&l);
	lint_jails(&l);
	lint_six(&l);
	lint_names(&l);
	ex_files_clear(&l.files);
}
