/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * localhost=jail: in a FreeBSD jail 127.0.0.1 is the jail's first address, so
 * a daemon that binds it is reached there by an rdr. Small BPF programs on
 * the jail's cgroup rewrite the address in bind, connect and the sendmsg of
 * unconnected sockets: 127.0.0.0/8 and its IPv4-mapped form become the first
 * IPv4 address, ::1 the first IPv6 one. A family without an address keeps its
 * loopback.
 *
 * The programs are written as instructions here: they are this short, and
 * need neither a BPF compiler nor a loader library.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail/internal.h"

#define INSNS_MAX 40

struct code {
	struct bpf_insn v[INSNS_MAX];
	size_t n;
};

static void
emit(struct code *c, int op, int dst, int src, int off, int imm)
{
	if (c->n == INSNS_MAX)
		BUG("a localhost program is longer than %d", INSNS_MAX);
	c->v[c->n++] = (struct bpf_insn){ .code = (uint8_t)op,
		.dst_reg = (uint8_t)dst & 0xf,
		.src_reg = (uint8_t)src & 0xf,
		.off = (int16_t)off,
		.imm = imm };
}

/* Addresses are in network byte order, both in the context and in an
 * address's bytes: words are copied as they are. */
static int
word(const uint8_t *bytes, size_t i)
{
	int w;

	memcpy(&w, bytes + 4 * i, sizeof(w));
	return w;
}

/* The first byte of a word as it lies in memory. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FIRST_BYTE(w, value) ((w)[0] = 0xff, (w)[1] = (value))
#else
#define FIRST_BYTE(w, value) ((w)[0] = (int)0xff000000, (w)[1] = (value) << 24)
#endif

#define IP4 offsetof(struct bpf_sock_addr, user_ip4)
#define IP6(i) (offsetof(struct bpf_sock_addr, user_ip6) + 4 * (i))

/* r2 = context word; if r2 (masked) != want, jump over `skip` instructions. */
static void
emit_unless(struct code *c, size_t off, int mask, int want, int skip)
{
	emit(c, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1, (int)off, 0);
	if (mask != 0)
		emit(c, BPF_ALU | BPF_AND | BPF_K, BPF_REG_2, 0, 0, mask);
	emit(c, BPF_JMP32 | BPF_JNE | BPF_K, BPF_REG_2, 0, skip, want);
}

static void
emit_store(struct code *c, size_t off, int value)
{
	/* Through a register: a constant cannot be stored into the context
	 * before Linux 6.3. */
	emit(c, BPF_ALU | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, value);
	emit(c, BPF_STX | BPF_MEM | BPF_W, BPF_REG_1, BPF_REG_3, (int)off, 0);
}

/* Allow: exit with 1. */
static void
emit_end(struct code *c)
{
	emit(c, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1);
	emit(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void
build4(struct code *c, const struct net_addr *a4)
{
	int m[2];

	FIRST_BYTE(m, 127);
	emit_unless(c, IP4, m[0], m[1], 2);
	emit_store(c, IP4, word(a4->b, 0));
	emit_end(c);
}

static void
build6(struct code *c, const struct net_addr *a4, const struct net_addr *a6)
{
	static const uint8_t mapped[4] = { 0, 0, 0xff, 0xff };
	static const uint8_t one[4] = { 0, 0, 0, 1 };
	int m[2];

	FIRST_BYTE(m, 127);
	if (a6 != NULL) {
		/* 4 tests of 2 instructions, then 4 stores of 2. */
		for (size_t i = 0; i < 3; i++)
			emit_unless(c, IP6(i), 0, 0, 6 - 2 * (int)i + 8);
		emit_unless(c, IP6(3), 0, word(one, 0), 8);
		for (size_t i = 0; i < 4; i++)
			emit_store(c, IP6(i), word(a6->b, i));
	}
	if (a4 != NULL) {
		emit_unless(c, IP6(0), 0, 0, 9);
		emit_unless(c, IP6(1), 0, 0, 7);
		emit_unless(c, IP6(2), 0, word(mapped, 0), 5);
		emit_unless(c, IP6(3), m[0], m[1], 2);
		emit_store(c, IP6(3), word(a4->b, 0));
	}
	emit_end(c);
}

static int
load_and_attach(int cgroup_fd, const struct code *c, enum bpf_attach_type type,
    struct err *err)
{
	_cleanup_close_ int prog = -1;
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
		.insns = (uint64_t)(uintptr_t)c->v,
		.insn_cnt = (uint32_t)c->n,
		.license = (uint64_t)(uintptr_t) "BSD",
		.expected_attach_type = type,
		.prog_name = "gaol_localhost",
	};
	union bpf_attr attach = {
		.target_fd = (uint32_t)cgroup_fd,
		.attach_type = type,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};

	prog = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
	if (prog < 0)
		return err_errno(err,
		    "localhost=jail: the kernel does not "
		    "take the program for hook %d",
		    type);
	attach.attach_bpf_fd = (uint32_t)prog;
	if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach)) < 0)
		return err_errno(err,
		    "localhost=jail: cannot attach hook %d "
		    "to the jail's cgroup",
		    type);
	return 0;
}

static const struct net_addr *
first_of(const struct net_jail_addrs *addrs, int family)
{
	for (size_t i = 0; i < addrs->n; i++)
		if (addrs->v[i].addr.family == family)
			return &addrs->v[i].addr;
	return NULL;
}

int
localhost_attach(
    int cgroup_fd, const struct net_jail_addrs *addrs, struct err *err)
{
	static const enum bpf_attach_type hooks4[] = { BPF_CGROUP_INET4_BIND,
		BPF_CGROUP_INET4_CONNECT, BPF_CGROUP_UDP4_SENDMSG };
	static const enum bpf_attach_type hooks6[] = { BPF_CGROUP_INET6_BIND,
		BPF_CGROUP_INET6_CONNECT, BPF_CGROUP_UDP6_SENDMSG };
	const struct net_addr *a4, *a6;
	struct code code4 = { 0 }, code6 = { 0 };
	int r = 0;

	if (addrs == NULL || addrs->n == 0)
		return err_set(err, EINVAL,
		    "localhost=jail needs an address of the jail's: set "
		    "ip4_addr or ip6_addr");
	if (cgroup_fd < 0)
		return err_set(err, ENOTSUP,
		    "localhost=jail needs a mounted cgroup v2 hierarchy, and "
		    "this host has none");
	a4 = first_of(addrs, AF_INET);
	a6 = first_of(addrs, AF_INET6);
	if (a4 != NULL)
		build4(&code4, a4);
	build6(&code6, a4, a6);
	for (size_t i = 0; r == 0 && a4 != NULL && i < 3; i++)
		r = load_and_attach(cgroup_fd, &code4, hooks4[i], err);
	for (size_t i = 0; r == 0 && i < 3; i++)
		r = load_and_attach(cgroup_fd, &code6, hooks6[i], err);
	return r;
}
