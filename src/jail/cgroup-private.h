/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two halves of the control groups share: making the groups
 * (linux-cgroup.c) and setting limits in them (linux-cgroup-limits.c). */
#ifndef JAIL_CGROUP_PRIVATE_H
#define JAIL_CGROUP_PRIVATE_H

#include "jail/internal.h"

/* Where things are mounted. */
struct hierarchy {
	char *mount;
	char *options; /* v1: the controllers, with commas; NULL: v2 */
};

struct hierarchies {
	struct hierarchy *v;
	size_t n, cap;
};

/* The group in the v2 hierarchy that holds those of the jails. */
struct home {
	const char *above; /* the mount point, borrowed; NULL: no v2 */
	char *path;
	bool service; /* gaol.service's */
};

/* Add a group, as a fact first: one that was made and not written down would
 * stay. The inode says later that it is still the one that was made. */
int cgroup_group_make(struct cgroups *c, struct facts *facts,
    const char *parent, struct err *err);

/* Set the limits, and where there are none the host's share. What cannot be
 * enforced is an error of a limit, and only told of the share (`unheld`). */
int cgroup_limits(struct cgroups *c, struct facts *facts,
    const struct hierarchies *h, const struct home *home,
    const struct jail_limits *limits, struct err *unheld, struct err *err);

#endif
