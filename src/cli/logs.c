/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the logs of a jail are. */
#include "cli/logs.h"

#include <fcntl.h>
#include <unistd.h>

#include "store/store.h"

static char *
log_path(const char *jail, bool old)
{
	return xasprintf("log/%s-console.log%s", jail, old ? ".0" : "");
}

int
cli_log_open(
    struct cli *c, const char *jail, bool old, int flags, struct err *err)
{
	_cleanup_free_ char *path = log_path(jail, old);
	int fd =
	    openat(c->pool->ioc_fd, path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_errno(err,
		    "jail '%s': cannot open its log "
		    "%s/iocage/%s",
		    jail, c->pool->path, path);
	return fd;
}

void
cli_logs_remove(struct cli *c, const char *jail)
{
	for (int old = 0; old <= 1; old++) {
		_cleanup_free_ char *path = log_path(jail, old);

		(void)unlinkat(c->pool->ioc_fd, path, 0);
	}
}
