/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking things up in the picture of the interfaces. */
#include "pf/pf.h"

void
pf_env_clear(struct pf_env *env)
{
	for (size_t i = 0; i < env->ifs.n; i++) {
		struct pf_if *f = &env->ifs.v[i];

		strv_clear(&f->groups);
		array_clear(&f->addrs);
	}
	array_clear(&env->ifs);
}

const struct pf_if *
pf_env_if(const struct pf_env *env, const char *name)
{
	for (size_t i = 0; i < env->ifs.n; i++) {
		if (streq(env->ifs.v[i].name, name))
			return &env->ifs.v[i];
	}
	return NULL;
}

bool
pf_env_is_group(const struct pf_env *env, const char *name)
{
	for (size_t i = 0; i < env->ifs.n; i++) {
		if (strv_has(&env->ifs.v[i].groups, name))
			return true;
	}
	return false;
}
