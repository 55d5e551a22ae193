/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of check share. */
#ifndef CHECK_INTERNAL_H
#define CHECK_INTERNAL_H

#include "check/check.h"

/* rules.c: pf.conf and what is behind it. */
void check_rules(const struct check_system *sys, struct findings *all);
/* addrs.c: who has which address. */
void check_addrs(const struct check_system *sys, struct findings *all);
/* jails.c: what a jail needs of the network. */
void check_jails(const struct check_system *sys, struct findings *all);
/* boot.c: rc.conf, the kernel, and the next boot. */
void check_boot(const struct check_system *sys, struct findings *all);

/* "192.168.0.0/24", "fd00::1"; in `buf`. */
enum { CHECK_IP_STRLEN = 64 };
const char *check_ip(uint8_t af, const union pf_ip *ip, unsigned bits,
    char buf[CHECK_IP_STRLEN]);
bool check_same_ip(uint8_t af, const union pf_ip *a, const union pf_ip *b);
/* Is the address in that network? */
bool check_in_net(
    uint8_t af, const union pf_ip *net, unsigned bits, const union pf_ip *ip);

#endif
