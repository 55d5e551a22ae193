/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to net: the messages it sends. net_net_msg_put_ adds to a message that was
 * begun; the others add a whole one to a batch.
 */
#ifndef NET_MESSAGES_H
#define NET_MESSAGES_H

#include <linux/rtnetlink.h>

#include "net/internal.h"

/* The link that a message is about; set_up sets IFF_UP as well. */
struct ifinfomsg *net_msg_put_link(struct nlmsghdr *m, int index, bool set_up);
/* No link-local address, so no duplicate detection and no neighbours: all of
 * a jail's packets have sources that the guard knows. */
void net_msg_put_no_link_local(struct nlmsghdr *m);
/* A unicast route in the main table over one interface. */
struct rtmsg *net_msg_put_route(
    struct nlmsghdr *m, const struct net_addr *dst, int index);

void net_msg_link_up(struct rtnl_batch *b, int index, const char *name);
/* Ask for a link by name; the answer is an RTM_NEWLINK. */
void net_msg_get_link(struct rtnl_batch *b, const char *name);
/* "" takes the alias away; with gone_ok a missing link is fine. */
void net_msg_alias(
    struct rtnl_batch *b, int index, const char *alias, bool gone_ok);
/* One of a jail's addresses, without duplicate detection. */
void net_msg_jail_address(
    struct rtnl_batch *b, int index, const struct net_addr *addr);
/* A static neighbour. */
void net_msg_neighbour(struct rtnl_batch *b, int index,
    const struct net_addr *addr, const uint8_t mac[6]);
/* The route to a jail's address; fails if there is one. The host's own packets
 * to it have the source `src`, if that is not NULL. */
void net_msg_host_route(struct rtnl_batch *b, const struct net_addr *addr,
    const struct net_addr *src, int index);
void net_msg_del_route(
    struct rtnl_batch *b, const struct net_addr *addr, int index);
/* RTM_NEWNEIGH: answer ARP or ND for an address on an interface;
 * RTM_DELNEIGH: stop it. */
void net_msg_proxy(struct rtnl_batch *b, uint16_t type,
    const struct net_addr *addr, int index);

#endif
