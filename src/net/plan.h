/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to net: how the values of rc.conf's variables get into a plan. */
#ifndef NET_PLAN_H
#define NET_PLAN_H

#include "net/internal.h"

struct rcconf_var;

/* Note that `what` is none of gaol's business. */
void net_plan_note(
    struct net_plan *plan, const struct rcconf_var *var, const char *what);
/* "192.168.0.1/24 10.0.0.1-5/8": the value of ipv4_addrs_IF. */
int net_plan_addrs(struct net_plan_if *p, int family,
    const struct rcconf_var *var, struct err *err);
/* "inet 192.168.0.1 netmask 255.255.255.0 mtu 1400": of ifconfig_IF. */
int net_plan_ifconfig(struct net_plan *plan, struct net_plan_if *p, int family,
    const struct rcconf_var *var, struct err *err);

#endif
