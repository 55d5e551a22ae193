/* SPDX-License-Identifier: BSD-2-Clause */
/* Probes: large or machine-wide interfaces of the kernel's. */
#include "audit/audit.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

static enum result
probe_bpf(struct audit *a)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 1 };

	return judge(a, syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

static enum result
probe_perf(struct audit *a)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.exclude_kernel = 1 };

	return judge(a, syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static enum result
probe_userfaultfd(struct audit *a)
{
	return judge(a, syscall(SYS_userfaultfd, 1 /* user mode only */));
}

static enum result
probe_io_uring(struct audit *a)
{
	char params[120] = { 0 };

	return judge_hidden(a, syscall(SYS_io_uring_setup, 4, params));
}

static enum result
probe_fanotify(struct audit *a)
{
	return judge(a, syscall(SYS_fanotify_init, 0x200 /* by file id */, 0));
}

/* No module: ENOEXEC is for those who may load one. */
static enum result
probe_module(struct audit *a)
{
	static char none[8];

	return judge_past(
	    a, syscall(SYS_init_module, none, sizeof(none), ""), ENOEXEC);
}

/* A protocol that no kernel has loaded for this type of socket: ESOCKTNOSUPPORT
 * comes after the kernel has called modprobe for it. */
static enum result
probe_module_by_socket(struct audit *a)
{
	int fd = socket(AF_INET, SOCK_SEQPACKET | SOCK_CLOEXEC, 132 /* sctp */);

	if (fd >= 0 || errno == ESOCKTNOSUPPORT)
		return conclude(a, OPEN, "the kernel looked for sctp");
	return judge(a, -1);
}

static enum result
probe_kexec(struct audit *a)
{
	return judge_past(a, syscall(SYS_kexec_load, 0, 0, NULL, ~0UL), EINVAL);
}

/* With a wrong magic number nothing ever happens. */
static enum result
probe_reboot(struct audit *a)
{
	return judge_past(a, syscall(SYS_reboot, 1, 2, 3, NULL), EINVAL);
}

static enum result
probe_swap(struct audit *a)
{
	return judge_past(a, syscall(SYS_swapon, "/.gaol-audit.no", 0), ENOENT);
}

/* No clock runs at one tick a second: EINVAL, after the question who asks. */
static enum result
probe_clock(struct audit *a)
{
	struct timex t = { .modes = ADJ_TICK, .tick = 1 };

	return judge_past(a, syscall(SYS_adjtimex, &t), EINVAL);
}

static enum result
probe_syslog(struct audit *a)
{
	char text[64];

	return judge(
	    a, syscall(SYS_syslog, 3 /* read all */, text, sizeof(text)));
}

static enum result
probe_acct(struct audit *a)
{
	return judge_past(a, syscall(SYS_acct, "/.gaol-audit.no"), ENOENT);
}

static enum result
probe_ports(struct audit *a)
{
#ifdef SYS_iopl
	return judge(a, syscall(SYS_iopl, 3));
#else
	return conclude(a, ABSENT, "this machine has no port instructions");
#endif
}

const struct probe call_probes[] = {
	{ "bpf", "use bpf", "filter, user namespace, capabilities", probe_bpf },
	{ "perf", "use performance events", "filter", probe_perf },
	{ "userfaultfd", "stop the kernel at a page fault", "filter",
	    probe_userfaultfd },
	{ "io-uring", "go round the filter by io_uring", "filter",
	    probe_io_uring },
	{ "fanotify", "watch a file system", "filter", probe_fanotify },
	{ "module", "load a kernel module",
	    "filter, user namespace, capabilities", probe_module },
	{ "module-by-socket", "have a socket load a kernel module", "filter",
	    probe_module_by_socket },
	{ "kexec", "load another kernel",
	    "filter, user namespace, capabilities", probe_kexec },
	{ "reboot", "reboot the machine",
	    "filter, PID namespace, user namespace, capabilities",
	    probe_reboot },
	{ "swap", "add swap space", "filter, user namespace, capabilities",
	    probe_swap },
	{ "clock", "set the clock", "filter, user namespace, capabilities",
	    probe_clock },
	{ "syslog", "read the kernel's log", "filter", probe_syslog },
	{ "accounting", "turn on process accounting",
	    "filter, user namespace, capabilities", probe_acct },
	{ "ports", "use the machine's ports, iopl",
	    "filter, user namespace, capabilities", probe_ports },
	PROBES_END
};
