/* SPDX-License-Identifier: BSD-2-Clause */
/* All checks of a system, and what they share. */
#include "check/check.h"

#include <arpa/inet.h>

#include "check/internal.h"
#include "pf/lint.h"

const char *
check_ip(
    uint8_t af, const union pf_ip *ip, unsigned bits, char buf[CHECK_IP_STRLEN])
{
	size_t len;

	inet_ntop(af, ip->b, buf, CHECK_IP_STRLEN);
	len = strlen(buf);
	if (bits < (af == AF_INET ? 32u : 128u))
		(void)snprintf(buf + len, CHECK_IP_STRLEN - len, "/%u", bits);
	return buf;
}

bool
check_same_ip(uint8_t af, const union pf_ip *a, const union pf_ip *b)
{
	return memcmp(a->b, b->b, af == AF_INET ? 4 : 16) == 0;
}

bool
check_in_net(
    uint8_t af, const union pf_ip *net, unsigned bits, const union pf_ip *ip)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (bits > (af == AF_INET ? 32u : 128u) ||
	    memcmp(net->b, ip->b, whole) != 0)
		return false;
	return rest == 0 || ((net->b[whole] ^ ip->b[whole]) >> (8 - rest)) == 0;
}

struct check_jail *
check_jail(struct check_system *sys, const char *name)
{
	struct check_jail *j;

	for (size_t i = 0; i < sys->jails.n; i++)
		if (streq(sys->jails.v[i].name, name))
			return &sys->jails.v[i];
	j = array_add(&sys->jails);
	j->name = name;
	return j;
}

void
check_system_clear(struct check_system *sys)
{
	for (size_t i = 0; i < sys->jails.n; i++)
		strv_clear(&sys->jails.v[i].resolvers);
	array_clear(&sys->jails);
	array_clear(&sys->services);
	array_clear(&sys->foreign);
}

static void
lint(const struct check_system *sys, struct findings *all)
{
	/* What the rules say when they are asked. */
	struct pf_machine machine = *sys->machine;
	const struct pf_lint_input in = { .rules = sys->rules,
		.machine = &machine,
		.jails_known = sys->machine->jails.n > 0,
		.env = sys->env,
		.file = sys->rules_file };

	machine.pf_off = false;
	if (sys->rules != NULL)
		pf_lint(&in, all);
}

void
check_system(const struct check_system *sys, struct findings *all)
{
	lint(sys, all);
	check_rules(sys, all);
	check_addrs(sys, all);
	check_jails(sys, all);
	check_boot(sys, all);
}
