/* SPDX-License-Identifier: BSD-2-Clause */
/* What ^C does to a start: the program turns into the one that undoes it. A
 * handler may do no more than that, and nothing has to poll for a flag. */
#include "cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include "base/util.h"

/* Handlers have no other way to know. */
static struct {
	pid_t pid;
	const char *name;
} armed;

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

static void
on_signal(int number)
{
	char text[3] = { (char)('0' + number / 10), (char)('0' + number % 10) };
	const char *const argv[] = { "gaol", "interrupted", text, armed.name,
		NULL };

	/* A child of ours that has not executed its program yet: it just ends,
	 * the parent does the rest. */
	if (getpid() == armed.pid)
		(void)execv("/proc/self/exe", (char *const *)argv);
	_exit(128 + number);
}

static void
set_handlers(void (*handler)(int))
{
	struct sigaction sa = { .sa_handler = handler };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct sigaction old;

		/* What a shell or nohup told us to ignore stays ignored. */
		(void)sigaction(signals[i], NULL, &old);
		if (old.sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &sa, NULL);
	}
}

void
interrupt_arm(const char *name)
{
	armed.pid = getpid();
	armed.name = name;
	set_handlers(on_signal);
}

void
interrupt_disarm(void)
{
	set_handlers(SIG_DFL);
	armed.name = NULL;
}
