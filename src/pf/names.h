/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The names of the language that are data: services, protocols, base users
 * and groups of FreeBSD 12.1, ICMP types and codes, time-outs, limits, TCP
 * flags, types of service. Private to pf; pf.h has what others need.
 */
#ifndef PF_NAMES_H
#define PF_NAMES_H

#include "pf/pf.h"

struct pf_service { /* sorted by name; -1: not with that protocol */
	const char *name;
	int32_t tcp, udp;
};

struct pf_port_name { /* sorted by port, then tcp before udp */
	uint16_t port;
	uint8_t udp;
	const char *name;
};

struct pf_name_id { /* the first name of an id is the one that is printed */
	const char *name;
	uint32_t id;
};

extern const struct pf_service pf_services[];
extern const size_t pf_n_services;
extern const struct pf_port_name pf_port_names[];
extern const size_t pf_n_port_names;
extern const struct pf_name_id pf_protocols[];
extern const size_t pf_n_protocols;
extern const struct pf_name_id pf_base_users[];
extern const size_t pf_n_base_users;
extern const struct pf_name_id pf_base_groups[];
extern const size_t pf_n_base_groups;

/* Id of a name in such a table; false if it is not there. */
bool pf_name_find(
    const struct pf_name_id *t, size_t n, const char *name, uint32_t *ret);

/* Port of a built-in service, tcp's before udp's; -1: unknown. */
int pf_service_port(const char *name);

/* Type of a name, any case: -1 unknown. */
int pf_icmp_type_number(const char *name, uint8_t af);
int pf_icmp_code_number(int type, const char *name, uint8_t af);

/* The time-out or limit of that name in any case; -1 unknown. */
int pf_timeout_number(const char *name);
int pf_limit_number(const char *name);

/* Letters (FSRPAUEW) to PF_TH_*; -1: a letter that is none. */
int pf_flags_number(const char *letters);
void pf_flags_add(struct str *s, uint8_t flags);

/* lowdelay, af11 ..: -1 unknown. */
int pf_tos_number(const char *name);

/* What `set optimization NAME` sets, ended by seconds == 0; NULL: unknown.
 * `normal` sets all time-outs that the others change to their defaults. */
struct pf_hint {
	uint8_t tm;
	uint32_t seconds;
};
const struct pf_hint *pf_optimization(const char *name);

#endif
