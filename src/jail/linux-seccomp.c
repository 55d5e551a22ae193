/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system call filter of a jail.
 *
 * It is an allow-list of ranges: what is refused is in the table below, the
 * rest up to the newest call known here (NEWEST) is allowed, and everything
 * above does not exist (ENOSYS), so that a future call is refused until
 * somebody has looked at it, and C libraries fall back to the older one. A
 * list of several hundred allowed numbers would be the other way to write it;
 * it broke programs with each new C library elsewhere, and with a user
 * namespace, no CAP_SYS_ADMIN and no host descriptors around it, what an
 * allowed call can reach is bounded already. The table takes away what those
 * do not bound: kernel interfaces that are not namespaced or whose history is
 * one of escapes.
 *
 * The program is a binary search over the ranges, some ten tests for a call.
 * It is built here at each start in a few microseconds; installing it costs
 * the kernel more (it is compiled there).
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/bpf_common.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "jail/internal.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "no filter for this architecture yet"
#endif

/* Newer calls have the same number on both architectures; the build machine's
 * headers may be older than they are. */
#define NEWEST 463u /* mseal is 462; the *xattrat family begins at 463 */
#ifndef __NR_quotactl_fd
#define __NR_quotactl_fd 443
#endif
#ifndef __NR_mount_setattr
#define __NR_mount_setattr 442
#endif

/* What a range of numbers gets. The first three are answers, the others have
 * their argument looked at. */
enum answer {
	ALLOW,
	REFUSE, /* EPERM */
	ABSENT, /* ENOSYS: programs have another way */
	SOCKET,
	SETRLIMIT,
	PRLIMIT,
	UNSHARE,
	CLONE,
	N_ANSWERS
};

struct rule {
	unsigned int nr;
	enum answer answer;
};

static const struct rule rules[] = {
	/* Mounts: the jail has those that it was given. */
	{ __NR_mount, REFUSE },
	{ __NR_umount2, REFUSE },
	{ __NR_pivot_root, REFUSE },
	{ __NR_move_mount, REFUSE },
	{ __NR_open_tree, REFUSE },
	{ __NR_fsopen, REFUSE },
	{ __NR_fsconfig, REFUSE },
	{ __NR_fsmount, REFUSE },
	{ __NR_fspick, REFUSE },
	{ __NR_mount_setattr, REFUSE },
	{ __NR_open_by_handle_at, REFUSE },
	{ __NR_quotactl, REFUSE },
	{ __NR_quotactl_fd, REFUSE },
	{ __NR_swapon, REFUSE },
	{ __NR_swapoff, REFUSE },
	{ __NR_fanotify_init, REFUSE },
	/* New namespaces: a user namespace would give all capabilities over
	 * them. clone3 has its flags in memory, where a filter cannot look. */
	{ __NR_setns, REFUSE },
	{ __NR_unshare, UNSHARE },
	{ __NR_clone, CLONE },
	{ __NR_clone3, ABSENT },
	/* Keys are not namespaced well. */
	{ __NR_keyctl, REFUSE },
	{ __NR_add_key, REFUSE },
	{ __NR_request_key, REFUSE },
	/* Large interfaces into the kernel. io_uring would also go round this
	 * filter. */
	{ __NR_bpf, REFUSE },
	{ __NR_perf_event_open, REFUSE },
	{ __NR_userfaultfd, REFUSE },
	{ __NR_io_uring_setup, ABSENT },
	{ __NR_io_uring_enter, ABSENT },
	{ __NR_io_uring_register, ABSENT },
	/* Descriptors of other processes: gaol-init holds the log's. */
	{ __NR_pidfd_getfd, REFUSE },
	/* The machine as a whole. */
	{ __NR_init_module, REFUSE },
	{ __NR_finit_module, REFUSE },
	{ __NR_delete_module, REFUSE },
	{ __NR_kexec_load, REFUSE },
#ifdef __NR_kexec_file_load
	{ __NR_kexec_file_load, REFUSE },
#endif
	{ __NR_reboot, REFUSE },
	{ __NR_acct, REFUSE },
	{ __NR_syslog, REFUSE },
	{ __NR_settimeofday, REFUSE },
	{ __NR_clock_settime, REFUSE },
	{ __NR_clock_adjtime, REFUSE },
	{ __NR_adjtimex, REFUSE },
	{ __NR_vhangup, REFUSE },
	{ __NR_nfsservctl, REFUSE },
	{ __NR_lookup_dcookie, REFUSE },
#ifdef __x86_64__
	{ __NR_create_module, REFUSE },
	{ __NR_query_module, REFUSE },
	{ __NR_get_kernel_syms, REFUSE },
	{ __NR__sysctl, REFUSE },
	{ __NR_uselib, REFUSE },
	{ __NR_ustat, REFUSE },
	{ __NR_sysfs, REFUSE },
	{ __NR_iopl, REFUSE },
	{ __NR_ioperm, REFUSE },
	{ __NR_modify_ldt, REFUSE },
#endif
	/* No limit of core files but the one that confine_self sets. */
	{ __NR_setrlimit, SETRLIMIT },
	{ __NR_prlimit64, PRLIMIT },
	{ __NR_socket, SOCKET },
	{ __NR_socketpair, SOCKET },
};

#define NEW_NAMESPACES                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | \
	    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
/* In clone() this bit is part of the exit signal. */
#define UNSHARE_NEWTIME 0x80u

struct range {
	unsigned int first; /* up to the next range's first */
	enum answer answer;
};

struct program {
	struct sock_filter *v;
	size_t n;
	/* Where the part for each answer that looks at arguments starts is
	 * known last: jumps to it are patched then. */
	size_t jumps[64];
	enum answer jump_to[64];
	size_t n_jumps;
};

static size_t
emit(struct program *p, unsigned int code, unsigned int k, unsigned int jt,
    unsigned int jf)
{
	if (p->n == SECCOMP_MAX)
		BUG("the system call filter has more than %d instructions",
		    SECCOMP_MAX);
	p->v[p->n] = (struct sock_filter){ (unsigned short)code,
		(unsigned char)jt, (unsigned char)jf, k };
	return p->n++;
}

static void
emit_load(struct program *p, size_t offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (unsigned int)offset, 0, 0);
}

static void
emit_return(struct program *p, int error)
{
	emit(p, BPF_RET | BPF_K,
	    error == 0 ? SECCOMP_RET_ALLOW
		       : SECCOMP_RET_ERRNO | (unsigned int)error,
	    0, 0);
}

static void
emit_answer(struct program *p, enum answer a)
{
	switch (a) {
	case ALLOW:
		emit_return(p, 0);
		return;
	case REFUSE:
		emit_return(p, EPERM);
		return;
	case ABSENT:
		emit_return(p, ENOSYS);
		return;
	default:
		if (p->n_jumps == ARRAY_SIZE(p->jumps))
			BUG("too many calls with arguments");
		p->jump_to[p->n_jumps] = a;
		p->jumps[p->n_jumps++] = emit(p, BPF_JMP | BPF_JA, 0, 0, 0);
	}
}

/* nr is in one of these n ranges: halve them until one is left. */
static void
emit_search(struct program *p, const struct range *r, size_t n)
{
	size_t half = n / 2, test, right;

	if (n == 1) {
		emit_answer(p, r->answer);
		return;
	}
	test = emit(p, BPF_JMP | BPF_JGE | BPF_K, r[half].first, 0, 0);
	emit_search(p, r, half);
	right = p->n - test - 1;
	if (right > 255)
		BUG("a jump of the system call filter is too long");
	p->v[test].jt = (unsigned char)right;
	emit_search(p, r + half, n - half);
}

static int
by_number(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;

	return x->nr < y->nr ? -1 : x->nr > y->nr;
}

/* Neighbours with the same answer become one range, the gaps are allowed. */
static size_t
make_ranges(struct range out[2 * ARRAY_SIZE(rules) + 2])
{
	struct rule sorted[ARRAY_SIZE(rules)];
	unsigned int next = 0;
	size_t n = 0;

	memcpy(sorted, rules, sizeof(rules));
	qsort(sorted, ARRAY_SIZE(rules), sizeof(*sorted), by_number);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (sorted[i].nr > next)
			out[n++] = (struct range){ next, ALLOW };
		if (n == 0 || out[n - 1].answer != sorted[i].answer ||
		    sorted[i].nr > next)
			out[n++] =
			    (struct range){ sorted[i].nr, sorted[i].answer };
		next = sorted[i].nr + 1;
	}
	out[n++] = (struct range){ next, ALLOW };
	out[n++] = (struct range){ NEWEST, ABSENT };
	return n;
}

/* if (A == k) return error (0: allow); */
static void
emit_if(struct program *p, unsigned int k, int error)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, k, 0, 1);
	emit_return(p, error);
}

static void
emit_flags(struct program *p, unsigned int refused)
{
	emit_load(p, offsetof(struct seccomp_data, args[0]));
	emit(p, BPF_JMP | BPF_JSET | BPF_K, refused, 0, 1);
	emit_return(p, EPERM);
	emit_return(p, 0);
}

/*
 * Of the internet families the protocols that every kernel has built in: for
 * another the kernel would load a module (sctp, dccp, l2tp) because a jail
 * asked, and those have had many faults. Raw sockets are held elsewhere.
 */
static void
emit_inet(struct program *p, const struct confine *c)
{
	static const unsigned int known[] = { 0, IPPROTO_ICMP, IPPROTO_TCP,
		IPPROTO_UDP, IPPROTO_ICMPV6, IPPROTO_UDPLITE, 262 /* mptcp */ };
	size_t v6;

	emit(p, BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 1, 0);
	v6 = emit(p, BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 0);
	emit_load(p, offsetof(struct seccomp_data, args[2]));
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		emit_if(p, known[i], 0);
	if (c->allow_raw_sockets) {
		emit_load(p, offsetof(struct seccomp_data, args[1]));
		emit(p, BPF_ALU | BPF_AND | BPF_K, 0xf, 0, 0);
		emit_if(p, SOCK_RAW, 0);
	}
	emit_return(p, EPROTONOSUPPORT);
	p->v[v6].jf = (unsigned char)(p->n - v6 - 1);
}

/* Say that it was done, and do nothing: daemons that turn core files off want
 * to hear no error, and they are off. */
static void
emit_pretend(struct program *p)
{
	emit(p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO, 0, 0);
}

static void
emit_setrlimit(struct program *p)
{
	emit_load(p, offsetof(struct seccomp_data, args[0]));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, RLIMIT_CORE, 1, 0);
	emit_return(p, 0);
	emit_pretend(p);
}

/* Without a new limit it only asks. */
static void
emit_prlimit(struct program *p)
{
	size_t new = offsetof(struct seccomp_data, args[2]);

	emit_load(p, offsetof(struct seccomp_data, args[1]));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, RLIMIT_CORE, 1, 0);
	emit_return(p, 0);
	emit_load(p, new);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3);
	emit_load(p, new + 4);
	emit_if(p, 0, 0);
	emit_pretend(p);
}

/*
 * Families: unix, inet, inet6 and the routing socket, as FreeBSD has it with
 * allow.socket_af=0. AF_VSOCK has no namespace and reaches the machine's
 * hypervisor. Of netlink's protocols most belong to the host. An error that
 * says "not in this kernel" makes programs (PAM with audit) go on without.
 */
static void
emit_socket(struct program *p, const struct confine *c)
{
	emit_load(p, offsetof(struct seccomp_data, args[0]));
	emit_if(p, AF_UNIX, 0);
	if (c->allow_socket_af) {
		emit_if(p, AF_INET, 0);
		emit_if(p, AF_INET6, 0);
		emit_if(p, AF_VSOCK, EAFNOSUPPORT);
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 1, 0);
		emit_return(p, 0);
	} else {
		emit_inet(p, c);
		if (c->allow_raw_sockets)
			emit_if(p, AF_PACKET, 0);
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 1, 0);
		emit_return(p, EAFNOSUPPORT);
	}
	emit_load(p, offsetof(struct seccomp_data, args[2]));
	emit_if(p, NETLINK_ROUTE, 0);
	emit_if(p, NETLINK_SOCK_DIAG, 0);
	emit_return(p, EPROTONOSUPPORT);
}

static void
emit_arguments(struct program *p, const struct confine *c)
{
	size_t at[N_ANSWERS] = { 0 };

	at[UNSHARE] = p->n;
	emit_flags(p, NEW_NAMESPACES | UNSHARE_NEWTIME);
	at[CLONE] = p->n;
	emit_flags(p, NEW_NAMESPACES);
	at[SETRLIMIT] = p->n;
	emit_setrlimit(p);
	at[PRLIMIT] = p->n;
	emit_prlimit(p);
	at[SOCKET] = p->n;
	emit_socket(p, c);
	for (size_t i = 0; i < p->n_jumps; i++)
		p->v[p->jumps[i]].k =
		    (unsigned int)(at[p->jump_to[i]] - p->jumps[i] - 1);
}

size_t
seccomp_build(const struct confine *c, struct sock_filter filter[SECCOMP_MAX])
{
	struct range ranges[2 * ARRAY_SIZE(rules) + 2];
	struct program p = { .v = filter };
	size_t n = make_ranges(ranges);

	/* Other ways into the kernel (i386, x32, 32-bit Arm) have other
	 * numbers: they do not exist. x32's are above NEWEST. */
	emit_load(&p, offsetof(struct seccomp_data, arch));
	emit(&p, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	emit_return(&p, ENOSYS);
	emit_load(&p, offsetof(struct seccomp_data, nr));
	emit_search(&p, ranges, n);
	emit_arguments(&p, c);
	return p.n;
}
