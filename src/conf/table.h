/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of the property table, and the rules some of them name. Private
 * to conf. */
#ifndef CONF_TABLE_H
#define CONF_TABLE_H

#include "conf/conf.h"

/* Sorted by name (strcmp); a unit test keeps it so. */
extern const struct conf_prop conf_table[];
extern const size_t conf_table_n;

/* Rules for canonical values: value.c. */
int conf_rule_depends(const char *value, struct err *err);
int conf_rule_hostname(const char *value, struct err *err);
int conf_rule_login(const char *value, struct err *err);
int conf_rule_deny(const char *value, struct err *err);
int conf_rule_statfs(const char *value, struct err *err);
int conf_rule_resolver(const char *value, struct err *err);

#endif
