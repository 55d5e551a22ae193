/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's share: what jails leave to it of processes and memory, whatever
 * they do, when no limit is set. A fork bomb or a hog then ends in its jail,
 * and there is still a shell to stop it from.
 */
#include <fcntl.h>
#include <sys/sysinfo.h>

#include "base/file.h"
#include "jail/internal.h"

/* How many processes and threads this machine can have; 0: not known. */
static uint64_t
process_capacity(void)
{
	static const char *const files[] = { "/proc/sys/kernel/pid_max",
		"/proc/sys/kernel/threads-max" };
	uint64_t least = 0, n;
	char text[32];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (file_peek(AT_FDCWD, files[i], text, sizeof(text)) <= 0)
			continue;
		n = strtoull(text, NULL, 10);
		if (n != 0 && (least == 0 || n < least))
			least = n;
	}
	return MIN(least, UINT32_MAX);
}

void
share_capacity(struct jail_limits *ret)
{
	struct sysinfo info;

	*ret =
	    (struct jail_limits){ .maxproc = (unsigned int)process_capacity() };
	if (sysinfo(&info) == 0)
		ret->memory = (uint64_t)info.totalram * info.mem_unit;
}

void
share_read(struct jail_limits *ret_one, struct jail_limits *ret_all)
{
	struct jail_limits has;
	uint64_t memory;

	share_capacity(&has);
	memory = has.memory - has.memory / 10;
	*ret_one = (struct jail_limits){ .memory = memory,
		.maxproc = has.maxproc / 2 };
	*ret_all = (struct jail_limits){ .memory = memory,
		.maxproc = has.maxproc / 4 * 3 };
}

void
share_oom(pid_t pid)
{
	char path[48];

	/* Not to be killed first is no reason not to run. */
	(void)snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
	(void)file_poke(AT_FDCWD, path, JAIL_OOM_SCORE);
}
