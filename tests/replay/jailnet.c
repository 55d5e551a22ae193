/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network module's part of a replay, for a program in another language:
 * rc.conf's network in the namespace the caller is in, and a jail's.
 *
 *	jailnet up RC.CONF
 *	jailnet jail NAME IP4_ADDR NETNS_FD
 */
#include "conf/rcconf.h"
#include "net/net.h"

static int
up(const char *path, struct err *err)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = rcconf_new();
	_cleanup_(net_plan_clear) struct net_plan plan = { 0 };
	int r;

	r = rcconf_read(rc, path, err);
	if (r < 0)
		return r;
	r = net_plan_make(rc, &plan, err);
	if (r < 0)
		return r;
	return net_up(&plan, false, NULL, NULL, err);
}

static int
jail(const char *name, const char *ip4_addr, int netns_fd, struct err *err)
{
	_cleanup_(net_jail_addrs_clear) struct net_jail_addrs addrs = { 0 };
	_cleanup_(net_jail_facts_clear) struct net_jail_facts facts = { 0 };
	struct net_jail_spec spec = {
		.name = name, .addrs = &addrs, .netns_fd = netns_fd
	};
	int r;

	r = net_jail_addrs_parse(ip4_addr, NULL, &addrs, err);
	if (r < 0)
		return r;
	return net_jail_up(&spec, &facts, err);
}

int
main(int argc, char **argv)
{
	struct err err = { 0 };
	int r;

	if (argc == 3 && streq(argv[1], "up")) {
		r = up(argv[2], &err);
	} else if (argc == 5 && streq(argv[1], "jail")) {
		r = jail(argv[2], argv[3], atoi(argv[4]), &err);
	} else {
		fprintf(stderr,
		    "usage: jailnet up RC.CONF\n"
		    "       jailnet jail NAME IP4_ADDR NETNS_FD\n");
		return 2;
	}
	if (r < 0)
		fprintf(stderr, "jailnet: %s\n", err.msg);
	return r < 0;
}
