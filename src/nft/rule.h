/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an nf_tables ruleset is made of, as plain data: no system calls, no
 * library, nothing owned. pf's lowering fills it, nft's batch sends it, tests
 * print it.
 *
 * A rule is a run of expressions. Each reads or writes registers: sixteen of
 * 32 bits, numbered 0 to 15 here; a longer value lies in the registers that
 * follow. A comparison that does not hold ends the rule; so does a load that
 * finds nothing (ct of a packet without an entry). Registers do not live from
 * one rule to the next.
 *
 * Values are in network byte order as they lie in the packet; marks, labels,
 * groups and interface indices in the host's.
 *
 * Names (of tables, chains, sets) are borrowed: whoever built the rules keeps
 * them alive, usually in an arena.
 */
#ifndef NFT_RULE_H
#define NFT_RULE_H

#include <linux/netfilter/nf_tables.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum nft_expr_kind {
	NFT_X_META,	   /* op = key (NFT_META_*) -> reg */
	NFT_X_META_SET,	   /* reg -> meta key op */
	NFT_X_PAYLOAD,	   /* header base op, offset, len -> reg */
	NFT_X_PAYLOAD_SET, /* reg -> header; checksums mended by `csum` */
	NFT_X_TCPOPT_SET,  /* reg -> len bytes at offset of TCP option op */
	NFT_X_CT,	   /* op = key (NFT_CT_*) of `dir` -> reg */
	NFT_X_CT_SET,	   /* reg -> ct key op */
	NFT_X_CMP,	   /* reg against data, op = NFT_CMP_* */
	NFT_X_RANGE,	   /* reg in data..data2, op = NFT_RANGE_EQ, _NEQ */
	NFT_X_BITWISE,	   /* reg2 = (reg & data) ^ data2 */
	NFT_X_IMMEDIATE,   /* data -> reg */
	NFT_X_LOOKUP,	   /* reg in set `name`; a map's value -> reg2 */
	NFT_X_VERDICT,	   /* op = NF_ACCEPT, NF_DROP, NFT_JUMP .. to `name` */
	NFT_X_COUNTER,	   /* one of the rule's own */
	NFT_X_COUNT,	   /* one more in the table's counter `name` */
	NFT_X_COUNT_BY,	   /* .. in the counter of reg in set `name`; made if it
			      is not there, and if that fails the rule ends */
	NFT_X_TIMEOUT,	   /* a new entry lives as the table's `name` says */
	NFT_X_LOG,	   /* to nflog group `num`, prefix `name` */
	NFT_X_REJECT,	   /* op = NFT_REJECT_*, code `num` */
	NFT_X_NAT,	   /* op = NFT_NAT_SNAT, _DNAT; see below */
	NFT_X_MASQ,	   /* flags, ports from reg2 and reg3 */
	NFT_X_NUMGEN,	   /* op = NFT_NG_*, modulo num, offset num2 -> reg */
	NFT_X_HASH,	   /* jhash of len bytes of reg, modulo num, -> reg2 */
	NFT_X_DUP,	   /* send a copy to the address in reg (ip, ip6) */
	NFT_X_FIB,	   /* op = NFT_FIB_RESULT_*, flags num -> reg */
	NFT_X_BYTEORDER,   /* op = NFT_BYTEORDER_*, of len bytes by `base` */
	NFT_X_DYNSET,	   /* reg into set `name`; see below */
	NFT_X_LIMIT,	   /* over num packets in num2 seconds */
	NFT_X_CONNLIMIT,   /* over num connections */
};

/* No register (for the optional ones of NFT_X_NAT). */
#define NFT_NOREG 0xff

struct nft_expr {
	uint8_t kind; /* enum nft_expr_kind */
	uint8_t reg, reg2, reg3, reg4;
	uint8_t len;
	int32_t op;	 /* what the kind says */
	uint8_t base;	 /* of a payload: NFT_PAYLOAD_* */
	uint8_t dir;	 /* of a ct key: IP_CT_DIR_*, NFT_CT_NODIR */
	uint8_t csum;	 /* payload set: offset of the checksum in the same
			     header, NFT_NOCSUM: none */
	uint8_t l4csum;	 /* payload set: the pseudo header changes too */
	bool inv;	 /* lookup: not in the set */
	uint8_t family;	 /* of a nat: NFPROTO_* */
	uint16_t offset; /* payload */
	uint16_t flags;	 /* nat, masq: NF_NAT_RANGE_* */
	uint32_t num, num2;
	const char *name;
	uint8_t data[16], data2[16];
};

#define NFT_CT_NODIR 0xff
#define NFT_NOCSUM 0xff

/*
 * NFT_X_NAT: reg and reg2 hold the lowest and highest address (reg2 may be
 * NFT_NOREG: the same), reg3 and reg4 the lowest and highest
 * port (NFT_NOREG: ports stay).
 */

/*
 * NFT_X_DYNSET: the packet puts an element into a set (op = NFT_DYNSET_OP_*)
 * that goes after `num` seconds (0: stays). What comes next in the rule, if
 * `len` is 1, is kept and asked once an element. If there is no room the rule
 * ends there; with `inv` it goes on only then.
 */

struct nft_rule {
	const char *chain;
	const struct nft_expr *expr;
	size_t n_expr;
	/* Kept by the kernel with the rule and given back in a dump; may be
	 * NULL. At most 128 bytes. */
	const void *userdata;
	size_t userdata_len;
};

struct nft_chain {
	const char *name;
	/* A base chain has a type: "filter", "nat", "route"; NULL: none. */
	const char *type;
	uint32_t hook; /* NF_INET_* */
	int32_t prio;
};

/* The kinds of key and value that sets are declared with. The kernel keeps
 * them for the nft program, which prints by them. */
enum nft_datatype {
	NFT_TYPE_IPV4 = 7,
	NFT_TYPE_IPV6 = 8,
	NFT_TYPE_PROTO = 12,
	NFT_TYPE_PORT = 13,
	NFT_TYPE_MARK = 19,
	NFT_TYPE_IFINDEX = 20,
	NFT_TYPE_IFNAME = 41,
};

struct nft_elem {
	uint8_t key[20];  /* room for an interface and an IPv6 address */
	uint8_t data[16]; /* of a map */
	bool end;	  /* interval: first value behind the range */
	uint32_t left;	  /* seconds it has left, as read; 0: it stays */
};

struct nft_set {
	const char *name;
	uint32_t flags; /* NFT_SET_* */
	uint32_t key_type;
	uint32_t key_len;
	uint32_t data_type; /* of a map */
	uint32_t data_len;
	uint32_t size; /* of a set that packets add to: most elements */
	const struct nft_elem *elem;
	size_t n_elem;
};

/*
 * How long conntrack keeps entries of one protocol, by its CTA_TIMEOUT_*
 * phases (linux/netfilter/nfnetlink_cttimeout.h). A phase left at 0 is not
 * given: the network namespace's. Such an object cannot be changed, so its
 * name must tell what it says; entries made by it keep it over loads, for
 * which reason none is deleted but with the table.
 */
#define NFT_TIMEOUT_PHASES 12
struct nft_timeout {
	const char *name;
	uint8_t proto;
	uint32_t seconds[NFT_TIMEOUT_PHASES];
};

/*
 * One table's content. A whole pf ruleset is a few of these (inet, and ip and
 * ip6 for the few expressions that inet lacks).
 */
struct nft_table {
	const char *name;
	uint8_t family; /* NFPROTO_* */
	/* Counters of the table; those that are there already count on. */
	const char *const *counter;
	size_t n_counter;
	const struct nft_timeout *timeout;
	size_t n_timeout;
	const struct nft_chain *chain;
	size_t n_chain;
	const struct nft_set *set;
	size_t n_set;
	const struct nft_rule *rule;
	size_t n_rule;
};

/* ---- what pf's rules and the rest of pf agree on ------------------------- */

#define NFT_PF_TABLE "pf"
/* The base chain (inet) whose last rule carries the stamp. */
#define NFT_PF_STAMP "in"

/* What pfctl -s info tells, by the names of the counters: looks of pf at a
 * packet, packets that the rules judged, states made, packets dropped for
 * their IP options or for what their source has already .. */
#define NFT_N_SEARCH "searches"
#define NFT_N_MATCH "match"
#define NFT_N_INSERT "inserts"
#define NFT_N_OPTIONS "ip-option"
#define NFT_N_SRC_LIMIT "src-limit"
/* .. how often a limit was met; what became of sources that went over theirs .. */
#define NFT_N_MAX "max"
#define NFT_N_MAX_STATES "max-src-states"
#define NFT_N_MAX_NODES "max-src-nodes"
#define NFT_N_MAX_CONN "max-src-conn"
#define NFT_N_MAX_RATE "max-src-conn-rate"
#define NFT_N_OVERLOAD "overload"
#define NFT_N_FLUSH "flush"
/* .. and of `set loginterface IF`, in and out, what was there and what passed
 * of either family. */
#define NFT_N_IF_LEN 40

static inline void
nft_if_counter(
    char buf[NFT_N_IF_LEN], const char *ifname, bool out, bool passed, bool v6)
{
	snprintf(buf, NFT_N_IF_LEN, "%.15s_%s%d%s", ifname, out ? "out" : "in",
	    v6 ? 6 : 4, passed ? "_passed" : "");
}

/*
 * What a rule of pf's counts: packets in, packets out, states made, by the
 * rule's number. States count in sets (by these names) to which the first
 * packet of a rule adds its element, so that rules without traffic cost
 * nothing; a key is the state's label (below) with the one number in it. Rules that make no state have a counter of their own (a
 * NFT_X_COUNTER) and a tag as userdata: one tag of what nft(8) takes for a
 * list of them.
 */
enum nft_count { NFT_COUNT_IN, NFT_COUNT_OUT, NFT_COUNT_MADE, NFT_COUNT_KINDS };
#define NFT_COUNT_SETS "count_in", "count_out", "count_made"

struct nft_tag {
	uint8_t type;  /* NFT_TAG */
	uint8_t len;   /* of what follows */
	uint8_t count; /* enum nft_count */
	uint8_t pad;
	uint32_t rule; /* its number */
};
#define NFT_TAG 0x67

/*
 * A pf state is two bits and the numbers of the rules that made it, on a
 * conntrack entry, in its label (128 bits, the host's byte order):
 *
 *	word 0	number of the in rule
 *	word 1	number of the out rule
 *	word 2	NFT_L_* flags, and the numbers of the states' tags
 *	word 3	the interfaces it is bound to (if-bound), by nft_if_number:
 *		of FWD in the low half, of REV in the high one; 0: to none
 *
 * The kernel can set bits of a label, never clear them; every field is
 * written once. Rule numbers are never used twice, not even across loads.
 * Whoever changes this gives it a new version: entries outlive a load.
 */
#define NFT_LABEL_VERSION 1

/*
 * The two state bits. One bit covers the two directions that pf's state
 * covers: it lets the packets of its own direction through where the state
 * was made, and the answers through the other way.
 *
 *	FWD: in, from the one who opened the connection; out, back to him
 *	REV: out, from the one who opened it; in, back to him
 */
#define NFT_L_FWD 0x01000000u
#define NFT_L_REV 0x02000000u
#define NFT_L_STATE (NFT_L_FWD | NFT_L_REV)
/* A nat or rdr rule translated it: pf makes a state even for `no state`. */
#define NFT_L_NAT 0x04000000u
#define NFT_L_RDR 0x08000000u
/* The tag that packets of a state get, given its bit; 0: they keep theirs. */
#define NFT_L_TAG(bit) ((bit) == NFT_L_FWD ? 0x3fu : 0x3f00u)
#define NFT_L_TAG_SHIFT(bit) ((bit) == NFT_L_FWD ? 0 : 8)
/* Packets of the state may have IP options (allow-opts), given its bit. */
#define NFT_L_OPTS(bit) ((bit) == NFT_L_FWD ? 0x40u : 0x4000u)
/*
 * What the limits of sources know of a state, given its bit: its handshake is
 * over and was counted; it was flushed, and no longer is one; it was made
 * after its source was flushed, and lives on; its source was forgotten (pfctl
 * -K, -F Sources), and it counts for none.
 */
#define NFT_L_COUNTED(bit) ((bit) >> 8)
#define NFT_L_DEAD(bit) ((bit) >> 6)
#define NFT_L_LATER(bit) ((bit) >> 4)
#define NFT_L_FORGOTTEN(bit) ((bit) >> 2)

/*
 * Bits of the packet mark that pf uses while a packet is inside (bits 24 to
 * 31). The others are never touched.
 */
#define NFT_M_ALL 0xff000000u
#define NFT_M_OWN 0x04000000u	 /* made by pf itself: an RST or ICMP */
#define NFT_M_RETURN 0x08000000u /* blocked, and the sender is to be told */
#define NFT_M_KIND 0x70000000u	 /* how: index into the table of ways */
#define NFT_M_KIND_SHIFT 28
/* Until it is blocked: the number of the packet's tag, 0: none. */
#define NFT_M_TAG 0xf3000000u
#define NFT_TAGS_MAX 63

static inline uint32_t
nft_tag_mark(unsigned int nr)
{
	return (nr & 3) << 24 | nr >> 2 << 28;
}

/* The number that stands for an interface in a label, 1 to 65535: made of
 * its name, so that it outlives loads and boots. */
static inline uint16_t
nft_if_number(const char *name)
{
	uint32_t h = 2166136261u; /* FNV-1a, folded */

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	h = (h >> 16 ^ h) & 0xffff;
	return h ? (uint16_t)h : 1;
}

/*
 * Sets whose content is the addresses of interfaces. They are found by their
 * names, so that a jail that starts can put its own in without knowing the
 * rules:
 *
 *	own4_IF		what a packet over loopback IF is for: the addresses
 *			declared on it; of lo0: all others of this machine
 *	dyn4_M_B_NAME	(NAME:mods)/B of pf.conf; M are pf's PF_MOD_* bits,
 *			NAME an interface, "self" or "lo"
 *
 * and the same with own6, dyn6.
 */
#define NFT_ADDR_SET_LEN 48

/*
 * Sets that packets fill: the sources that went over a rule's limits.
 *
 *	over4_T, over6_T	addresses, overload <T>: they count as T's own
 *	flushed			addresses (IPv4 as ::ffff:a.b.c.d) whose states
 *				are over: flush global
 *	flushed_rule		the same behind a rule's number: flush
 */
/* How long an address stays in over4_T: as good as for ever. */
#define NFT_OVERLOAD_SECONDS 0x7fffffffu
#define NFT_S_FLUSHED "flushed"
#define NFT_S_FLUSHED_RULE "flushed_rule"
/* How the names of sets begin in which the sources of limited rules count: the
 * last 16 bytes of a key are the address, IPv4 as above. */
#define NFT_S_SOURCES "nodes_", "states_", "conn_", "rate_", "sources_"

static inline void
nft_own_set_name(char buf[NFT_ADDR_SET_LEN], bool v6, const char *ifname)
{
	snprintf(buf, NFT_ADDR_SET_LEN, "own%d_%.15s", v6 ? 6 : 4, ifname);
}

static inline void
nft_dyn_set_name(char buf[NFT_ADDR_SET_LEN], bool v6, unsigned int mods,
    unsigned int bits, const char *name)
{
	snprintf(buf, NFT_ADDR_SET_LEN, "dyn%d_%u_%u_%.15s", v6 ? 6 : 4, mods,
	    bits, name);
}

#endif
