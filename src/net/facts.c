/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was done for a jail, as one line: the host end's index and name, the
 * jail's end, and the addresses with their interfaces.
 *
 *	12 jail-mydb lo1 lo1=192.168.0.2 em0=203.0.113.7
 */
#include "net/internal.h"

#include <errno.h>

#include "base/array.h"

void
net_jail_facts_clear(struct net_jail_facts *facts)
{
	net_jail_addrs_clear(&facts->addrs);
	*facts = (struct net_jail_facts){ 0 };
}

void
net_jail_facts_write(const struct net_jail_facts *facts, struct str *out)
{
	char buf[NET_ADDR_STRLEN];

	if (facts->ifindex == 0) {
		str_add(out, "0 - -");
		return;
	}
	str_printf(
	    out, "%d %s %s", facts->ifindex, facts->ifname, facts->inside);
	for (size_t i = 0; i < facts->addrs.n; i++)
		str_printf(out, " %s=%s", facts->addrs.v[i].ifname,
		    net_addr_format(&facts->addrs.v[i].addr, false, buf));
}

static bool
copy_ifname(char to[IFNAMSIZ], const char *from, size_t len)
{
	if (len == 0 || len >= IFNAMSIZ)
		return false;
	memcpy(to, from, len);
	to[len] = '\0';
	return true;
}

static bool
read_words(const struct strv *words, struct net_jail_facts *facts)
{
	int64_t index;

	if (words->n < 3 || str_to_i64(words->v[0], 0, INT32_MAX, &index) < 0 ||
	    !copy_ifname(facts->ifname, words->v[1], strlen(words->v[1])) ||
	    !copy_ifname(facts->inside, words->v[2], strlen(words->v[2])))
		return false;
	facts->ifindex = (int)index;
	for (size_t i = 3; i < words->n; i++) {
		const char *eq = strchr(words->v[i], '=');
		struct net_jail_addr *a = array_add(&facts->addrs);

		if (!eq ||
		    !copy_ifname(
			a->ifname, words->v[i], (size_t)(eq - words->v[i])) ||
		    net_addr_parse(eq + 1, AF_UNSPEC, &a->addr, NULL) < 0)
			return false;
	}
	return true;
}

int
net_jail_facts_read(
    const char *line, struct net_jail_facts *ret, struct err *err)
{
	_cleanup_(strv_clear) struct strv words = { 0 };
	_cleanup_(net_jail_facts_clear) struct net_jail_facts facts = { 0 };
	_cleanup_(str_clear) struct str seen = STR_INIT;

	strv_split(&words, line, " ");
	if (!read_words(&words, &facts)) {
		str_add_visible(&seen, line);
		return err_set(err, EBADMSG,
		    "network facts '%s' cannot be "
		    "read",
		    seen.buf);
	}
	*ret = facts;
	facts = (struct net_jail_facts){ 0 };
	return 0;
}

static void
recover_addrs(
    const struct net_view *view, const char *jail, struct net_jail_facts *facts)
{
	for (size_t i = 0; i < view->n; i++)
		for (size_t k = 0; k < view->v[i].n; k++) {
			const struct net_ifaddr *from = &view->v[i].v[k];
			struct net_jail_addr *a;

			if (!from->jail || !streq(from->jail, jail))
				continue;
			a = array_add(&facts->addrs);
			net_copy_ifname(a->ifname, view->v[i].pf_name);
			a->addr = from->addr;
		}
}

int
net_jail_recover(const char *jail, struct net_jail_facts *ret, struct err *err)
{
	_cleanup_(net_view_clear) struct net_view view = { 0 };
	_cleanup_(net_jail_facts_clear) struct net_jail_facts facts = { 0 };
	int r = net_view_read(&view, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < view.jails.n; i++) {
		const struct net_jail_link *link = &view.jails.v[i];

		if (!streq(link->jail, jail))
			continue;
		facts.ifindex = link->index;
		net_copy_ifname(facts.ifname, link->name);
		recover_addrs(&view, jail, &facts);
		net_copy_ifname(facts.inside,
		    facts.addrs.n > 0 ? facts.addrs.v[0].ifname : "-");
		break;
	}
	*ret = facts;
	facts = (struct net_jail_facts){ 0 };
	return 0;
}
