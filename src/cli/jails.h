/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jails as verbs name them: finding one by a word, reading its configuration
 * and state, and the lock that a verb holds while it works on one. Private to
 * the program.
 */
#ifndef CLI_JAILS_H
#define CLI_JAILS_H

#include "base/array.h"
#include "cli/cli.h"
#include "conf/conf.h"
#include "jail/jail.h"

/* One jail, its configuration read. */
struct cli_jail {
	char *name;
	int dir_fd;	       /* jails/NAME, readable; holds the lock */
	struct conf *conf;     /* config.json; NULL if it is corrupt */
	char *corrupt;	       /* why, or NULL */
	struct conf *defaults; /* borrowed from struct cli_jails, or own */
	struct jail_state state;
};

/* All jails of the active pool, by name. */
struct cli_jails {
	struct cli_jail *v;
	size_t n, cap;
	struct conf *defaults;
};

/*
 * Read all: one walk of the directory, one read of the running jails. A
 * broken config.json makes that jail corrupt and is no error.
 */
int cli_jails_read(struct cli *c, struct cli_jails *ret, struct err *err);
void cli_jails_clear(struct cli_jails *jails);

/* The name of the jail that a word means: its name, or the beginning of only
 * one name. *ret_name is the caller's to free. */
int cli_jail_name(
    struct cli *c, const char *word, char **ret_name, struct err *err);

/*
 * Open the jail that a word means, with configuration and state; a corrupt
 * configuration is an error. With `lock`, no other verb that changes the jail
 * runs until cli_jail_clear, and -EBUSY says that one does already; lost facts
 * of a jail that runs are written anew.
 */
int cli_jail_open(struct cli *c, const char *word, bool lock,
    struct cli_jail *ret, struct err *err);
/* The same, but corrupt is no error: for destroy. */
int cli_jail_open_any(struct cli *c, const char *word, bool lock,
    struct cli_jail *ret, struct err *err);
void cli_jail_clear(struct cli_jail *jail);

/* The value that counts for this jail. */
const char *cli_jail_get(const struct cli_jail *jail, const char *property);
/* Also one whose facts are lost: it runs. */
bool cli_jail_is_up(const struct cli_jail *jail);

/* defaults.json, or an empty one if it is not there. */
int cli_defaults_read(struct cli *c, struct conf **ret, struct err *err);

/*
 * May a jail have the addresses that these values give? Refused are those that
 * are no addresses, are in use or lie outside the interface's network; that
 * another jail, not running, is set to the same one is a warning.
 */
int cli_check_addresses(struct cli *c, const char *name, const char *ip4_addr,
    const char *ip6_addr, struct err *err);

/* Jails in the order of `start`: by priority, then name; and of `stop`. */
void cli_jails_sort(struct cli_jails *jails, bool backwards);

#endif
