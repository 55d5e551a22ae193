/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of interfaces, aliases of host ends, and small kernel access. */
#include "net/internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"

enum { ALIAS_MAX = 255 }; /* IFALIASZ without the NUL */
#define ALIAS_MARK "gaol 1 "

const char *
net_kernel_name(const char *name)
{
	return streq(name, "lo0") ? "lo" : name;
}

const char *
net_pf_name(const char *name)
{
	return streq(name, "lo") ? "lo0" : name;
}

bool
net_is_rc_name(const char *rc_name, const char *name)
{
	while (*name != '\0' &&
	    (*name == *rc_name ||
		(*rc_name == '_' && !isalnum((unsigned char)*name)))) {
		name++;
		rc_name++;
	}
	return *name == '\0' && *rc_name == '\0';
}

void
net_copy_ifname(char to[IFNAMSIZ], const char *from)
{
	snprintf(to, IFNAMSIZ, "%s", from);
}

bool
net_is_cloned_lo(const char *name)
{
	return str_starts(name, "lo") && name[2] >= '1' && name[2] <= '9' &&
	    strspn(name + 2, "0123456789") == strlen(name + 2);
}

void
net_alias_clear(struct net_alias *alias)
{
	free(alias->jail);
	net_jail_addrs_clear(&alias->others);
	*alias = (struct net_alias){ 0 };
}

int
net_alias_write(const char *jail, const struct net_jail_addrs *addrs,
    struct str *out, struct err *err)
{
	char buf[NET_ADDR_STRLEN];

	str_printf(out, ALIAS_MARK "%s %s", jail, addrs->v[0].ifname);
	for (size_t i = 0; i < addrs->n; i++) {
		const struct net_jail_addr *a = &addrs->v[i];

		if (!streq(a->ifname, addrs->v[0].ifname))
			str_printf(out, " %s=%s", a->ifname,
			    net_addr_format(&a->addr, false, buf));
	}
	if (out->len > ALIAS_MAX)
		return err_set(err, E2BIG,
		    "too many addresses on other "
		    "interfaces than %s",
		    addrs->v[0].ifname);
	return 0;
}

static bool
alias_read_other(const char *word, struct net_alias *alias)
{
	const char *eq = strchr(word, '=');
	struct net_jail_addr *a;
	struct net_addr addr;

	if (!eq || eq - word >= IFNAMSIZ ||
	    net_addr_parse(eq + 1, AF_UNSPEC, &addr, NULL) < 0)
		return false;
	a = array_add(&alias->others);
	memcpy(a->ifname, word, (size_t)(eq - word));
	a->addr = addr;
	return true;
}

bool
net_alias_read(const char *text, struct net_alias *ret)
{
	_cleanup_(strv_clear) struct strv words = { 0 };
	struct net_alias alias = { 0 };
	bool good;

	if (!str_starts(text, ALIAS_MARK))
		return false;
	strv_split(&words, text + strlen(ALIAS_MARK), " ");
	if (words.n < 2 || strlen(words.v[1]) >= IFNAMSIZ)
		return false;
	alias.jail = xstrdup(words.v[0]);
	net_copy_ifname(alias.ifname, words.v[1]);
	good = true;
	for (size_t i = 2; i < words.n && good; i++)
		good = alias_read_other(words.v[i], &alias);
	if (good)
		*ret = alias;
	else
		net_alias_clear(&alias);
	return good;
}

const char *
net_alias_ifname(const struct net_alias *alias, const struct net_addr *addr)
{
	for (size_t i = 0; i < alias->others.n; i++)
		if (net_addr_same(&alias->others.v[i].addr, addr))
			return alias->others.v[i].ifname;
	return alias->ifname;
}

void
net_put_addr(struct nlmsghdr *m, uint16_t type, const struct net_addr *a)
{
	mnl_attr_put(m, type, net_addr_bits(a) / 8, a->b);
}

bool
net_get_addr(const struct nlattr *attr, int family, unsigned int plen,
    struct net_addr *ret)
{
	struct net_addr a = { .family = (uint8_t)family,
		.plen = (uint8_t)plen };

	if ((family != AF_INET && family != AF_INET6) ||
	    plen > net_addr_bits(&a) ||
	    mnl_attr_get_payload_len(attr) != net_addr_bits(&a) / 8)
		return false;
	memcpy(a.b, mnl_attr_get_payload(attr), net_addr_bits(&a) / 8);
	*ret = a;
	return true;
}

int
net_sysctl_write(const char *path, const char *value, struct err *err)
{
	_cleanup_free_ char *full = xasprintf("/proc/sys/net/%s", path);
	int r = file_poke(AT_FDCWD, full, value);

	if (r < 0)
		return err_code(err, r, "cannot set %s to %s", full, value);
	return 0;
}

int
net_sysctl_read(const char *path, int *ret)
{
	_cleanup_free_ char *full = xasprintf("/proc/sys/net/%s", path);
	char buf[32];
	int64_t v;
	ssize_t n = file_peek(AT_FDCWD, full, buf, sizeof(buf));

	if (n < 0)
		return (int)n;
	if (str_to_i64(buf, INT32_MIN, INT32_MAX, &v) < 0)
		return -EINVAL;
	*ret = (int)v;
	return 0;
}

bool
net_has_ipv6(void)
{
	return access("/proc/sys/net/ipv6/conf/all", F_OK) == 0;
}
