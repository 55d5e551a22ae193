/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the simulator share. */
#ifndef PF_SIM_INTERNAL_H
#define PF_SIM_INTERNAL_H

#include "base/map.h"
#include "pf/sim.h"

/* ---- tables (sim-table.c) ---- */

struct sim_entry {
	union pf_ip ip;
	uint8_t af, bits;
	bool neg;
};

/* Addresses, the longest prefixes first, so that the first hit decides. */
struct sim_table {
	struct sim_entry *v;
	size_t n, cap;
	bool active; /* defined, or filled by overload */
};

bool sim_prefix_match(
    const union pf_ip *net, unsigned bits, const union pf_ip *ip, uint8_t af);
bool sim_table_match(
    const struct sim_table *t, uint8_t af, const union pf_ip *ip);
/* True if it was not there. */
bool sim_table_add(struct sim_table *t, const struct sim_entry *e);
bool sim_table_del(struct sim_table *t, const struct sim_entry *e);
void sim_table_free(void *t);
/* The n-th address of a table used as a pool (for families `af`), counting
 * those of all its prefixes; false: there is none. */
bool sim_table_nth(
    const struct sim_table *t, uint8_t af, uint64_t n, union pf_ip *ret);
uint64_t sim_table_size(const struct sim_table *t, uint8_t af);

/* ---- rules as they are evaluated (sim-rules.c) ---- */

struct sim_src_node {
	const struct sim_rule *rule;
	uint8_t af;
	union pf_ip addr, raddr;
	uint32_t states, conn;
	uint64_t rate_start; /* of the sliding window */
	uint32_t rate_count; /* in thousandths, as the original counts */
	uint64_t expire;     /* 0: while states refer to it */
	struct sim_src_node *next;
};

struct sim_rule {
	const struct pf_rule *r;
	uint32_t nr;	 /* in its list */
	uint16_t if_id;	 /* 0: any */
	uint32_t states; /* made by it, alive */
	uint32_t src_nodes;
	/* A pool's place, for round-robin. */
	uint32_t hop;
	uint64_t hop_nth;
	union pf_ip counter;
};

struct sim_list {
	struct sim_rule **v;
	size_t n, cap;
	uint32_t walks;		 /* until it has an index */
	struct sim_index *index; /* or NULL */
};

struct sim_anchor {
	char *path;
	struct sim_list list[PF_LIST_COUNT];
	const struct pf_anchor *from;
};

/* ---- which rules may match (sim-index.c) ---- */

enum { SIM_CHUNK = 256 }; /* rules that are looked at together */

struct sim_bits { /* one for each rule of a chunk */
	uint64_t w[SIM_CHUNK / 64];
};

/* Where a walk over an indexed list is: what may match of one chunk. */
struct sim_cursor {
	size_t chunk; /* its number + 1, 0: none yet */
	struct sim_bits may;
};

/* ---- states (sim-state.c) ---- */

enum { /* tcp, in the order in which they compare */
	TCPS_CLOSED,
	TCPS_LISTEN,
	TCPS_SYN_SENT,
	TCPS_SYN_RECEIVED,
	TCPS_ESTABLISHED,
	TCPS_CLOSE_WAIT,
	TCPS_FIN_WAIT_1,
	TCPS_CLOSING,
	TCPS_LAST_ACK,
	TCPS_FIN_WAIT_2,
	TCPS_TIME_WAIT,
	TCPS_PROXY_SRC,
	TCPS_PROXY_DST,
};

enum { ONE_NO_TRAFFIC, ONE_SINGLE, ONE_MULTIPLE }; /* udp and others */

/* The addresses of a connection: [0] is the far end of a packet that comes
 * in, [1] the near one. */
struct sim_key {
	union pf_ip addr[2];
	uint16_t port[2];
	uint8_t af, proto;
	uint16_t zero;
};

enum { KEY_WIRE, KEY_STACK }; /* as outside, as inside of the interface */

struct sim_peer {
	uint32_t seqlo, seqhi, seqdiff;
	uint16_t max_win;
	uint8_t state;
	bool counted; /* its connection counts in the source node */
};

struct sim_state {
	struct sim_key key[2];
	struct sim_state *chain[2];    /* of the hash, wire and stack */
	struct sim_state *prev, *next; /* in order of creation */
	struct sim_peer src, dst;
	struct sim_rule *rule, *nat;
	const struct sim_anchor *anchor;
	const struct pf_anchor *nat_anchor;
	uint16_t if_id; /* 0: floating */
	const char *ifname;
	const char *made_on;
	uint8_t dir;
	uint8_t tm;	  /* enum pf_tm */
	uint64_t touched; /* when the time-out began */
	struct sim_src_node *node, *nat_node;
	const char *tag;
	const char *rt_if;
	union pf_ip rt_via;
	bool rt_has_via;
	uint16_t mss;
	bool allow_opts, sloppy;
};

/* ---- fragments (sim-norm.c) ---- */

struct sim_frag {
	struct pf_packet first; /* transport header, when it has come */
	bool has_first, has_last;
	uint32_t total; /* bytes of the segment, when the last has come */
	struct {
		struct sim_piece {
			uint32_t off, end;
		} * v;
		size_t n, cap;
	} pieces; /* sorted, disjoint */
	uint64_t expire;
	uint8_t dir;
	struct sim_frag *next;
};

/* ---- the engine ---- */

enum { SIM_ANCHOR_DEPTH = 64 };

struct sim_dyn {
	struct sim_table table; /* what (IF) is */
	union pf_ip first4, first6;
	bool has4, has6;
};

struct pf_sim {
	const struct pf_env *env;
	struct pf_sim_box box;
	bool enabled;
	uint64_t now;
	uint32_t (*random)(void *);
	void *random_arg;
	uint32_t seed;

	struct map ids;	    /* interface and group names to if_id + 1 */
	uint8_t **if_match; /* [interface of env][if_id]: does it match */
	size_t n_ids;
	bool *if_skip; /* of each interface of env */

	struct map anchors;	 /* path to struct sim_anchor */
	struct sim_anchor *main; /* the one with the path "" */
	struct map tables;	 /* name to struct sim_table; of an anchor's:
			       "path/name" */
	struct map dyns;
	struct {
		struct sim_rule **v;
		size_t n, cap;
	} rules; /* all that were ever loaded: states refer to them */
	struct sim_rule no_rule; /* of packets that no filter rule matched */
	struct pf_options options;
	bool trace;
	struct {
		struct pf_sim_match *v;
		size_t n, cap;
	} matches; /* of the packet that is on its way */

	struct sim_state **hash[2]; /* by the wire's key, by the stack's */
	size_t n_slots;		    /* of each, a power of two */
	struct sim_state *first, *last;
	size_t n_states;
	struct sim_src_node *nodes;
	struct sim_frag *frags;
	uint32_t n_frags;
};

/* One evaluation of pf: the packet, where, and what was found. */
struct sim_run {
	struct pf_sim *sim;
	struct pf_packet *p;
	enum pf_dir dir;
	const char *ifname;
	size_t if_index; /* among the environment's */
	const uint8_t *if_match;
	struct pf_sim_event *ev;
	struct pf_sim_result *res;

	struct sim_rule *rule; /* that matched last */
	const struct sim_anchor *anchor;
	struct sim_rule *nat;
	const struct sim_anchor *nat_anchor;
	struct sim_state *state;
	bool norm_tcp;
	const char *tag;       /* as the rules that matched so far set it */
	bool tag_asked;	       /* .. or one of them tested it */
	const char *state_tag; /* that a new state gives to its packets */
	struct pf_packet orig; /* before translation */
};

/* sim-match.c */
bool sim_addr_match(struct pf_sim *sim, const struct sim_anchor *a,
    const struct pf_addr *addr, const union pf_ip *ip, uint8_t af,
    const char *in_if);
bool sim_ports_match(const struct pf_ports *p, uint16_t port);
const struct sim_dyn *sim_dyn_get(struct pf_sim *sim, const struct pf_addr *a);
uint32_t sim_if_id(struct pf_sim *sim, const char *name);
const struct sim_table *sim_table_get(
    const struct pf_sim *sim, const struct sim_anchor *a, const char *name);

/* sim-index.c */
struct sim_index *sim_index_new(
    const struct pf_sim *sim, const struct sim_list *l);
void sim_index_free(struct sim_index *x);
/* The first rule from the i-th on that may match; SIZE_MAX: none. */
size_t sim_index_next(const struct sim_index *x, struct sim_cursor *cur,
    const struct sim_run *run, bool ports, size_t i);

/* sim-rules.c */
/* The rule that decides: run->rule and run->anchor, or none. */
void sim_filter(struct sim_run *run);
struct sim_rule *sim_translate_find(struct sim_run *run, enum pf_list list);
struct sim_rule *sim_scrub_find(struct sim_run *run, bool tcp);
void sim_fragment_filter(struct sim_run *run);
struct sim_anchor *sim_anchor_get(struct pf_sim *sim, const char *path);

/* sim-nat.c */
/* Translate run->p if a rule does; sets run->nat and the keys. */
void sim_keys(
    const struct sim_run *run, const struct pf_packet *p, struct sim_key *ret);
bool sim_translate(
    struct sim_run *run, struct sim_key *before, struct sim_key *after);
bool sim_map_addr(struct sim_run *run, struct sim_rule *rule,
    const union pf_ip *saddr, union pf_ip *ret, struct sim_src_node **node);
/* Rewrite the packet from one key's addresses to the other's. */
void sim_apply_key(
    struct pf_packet *p, const struct sim_key *key, enum pf_dir dir);

/* sim-state.c */
struct sim_state *sim_state_find(struct pf_sim *sim, const struct sim_key *k,
    enum pf_dir dir, const char *ifname);
bool sim_state_any(struct pf_sim *sim, const struct sim_key *k);
enum pf_verdict sim_state_make(struct sim_run *run,
    const struct sim_key *before, const struct sim_key *after);
void sim_state_unlink(struct pf_sim *sim, struct sim_state *s);
void sim_states_expire(struct pf_sim *sim);
/* A larger hash, or the first one. */
void sim_states_grow(struct pf_sim *sim);
struct sim_src_node *sim_node_find(const struct pf_sim *sim,
    const struct sim_rule *rule, const union pf_ip *addr, uint8_t af);
struct sim_src_node *sim_node_make(struct pf_sim *sim, struct sim_rule *rule,
    const union pf_ip *addr, uint8_t af);
/* A handshake was completed: true if that is one too many. */
bool sim_conn_limit(struct sim_run *run, struct sim_state *s);

/* sim-track.c: does the packet belong to a state? True: run->ev has the
 * verdict; false: the rules decide. */
bool sim_state_test(struct sim_run *run);

/* sim-tcp.c */
enum pf_verdict sim_tcp_track(struct sim_run *run, struct sim_state *s,
    struct sim_peer *src, struct sim_peer *dst);
bool sim_synproxy(struct sim_run *run, struct sim_state *s);

/* sim-norm.c */
enum pf_verdict sim_normalize(struct sim_run *run);
enum pf_verdict sim_normalize_tcp(struct sim_run *run);
void sim_frags_expire(struct pf_sim *sim);
void sim_frag_free(struct sim_frag *f);

/* sim-return.c */
void sim_return(struct sim_run *run, const struct pf_rule *r);
/* An ICMP error about a packet; false: there must be none. */
bool sim_icmp_error(struct pf_sim *sim, const struct pf_packet *about,
    uint8_t type, uint8_t code, struct pf_packet *ret);
void sim_send_tcp(
    struct sim_run *run, enum pf_sent_kind kind, const struct pf_packet *like);

/* Where a rule sends a packet by itself. */
struct sim_path {
	const char *ifname; /* NULL: routing decides */
	union pf_ip via;
	bool dup; /* a copy only */
};

/* sim-test.c: pf's look at a packet; adds the event. */
enum pf_verdict sim_test(struct pf_sim *sim, enum pf_dir dir,
    const char *ifname, struct pf_packet *p, struct pf_sim_result *res,
    struct sim_path *path);

/* sim-box.c */
const struct pf_if *sim_env_owner(
    const struct pf_env *env, uint8_t af, const union pf_ip *ip);
bool sim_find_route(const struct pf_env *env, const struct pf_sim_route *route,
    size_t n_route, uint8_t af, const union pf_ip *dst, const char **ret_if,
    union pf_ip *ret_via);
bool sim_is_local(const struct pf_sim *sim, uint8_t af, const union pf_ip *ip,
    const struct pf_if **ret_if);
bool sim_route(const struct pf_sim *sim, uint8_t af, const union pf_ip *dst,
    const char **ret_if, union pf_ip *ret_via);
/* The packet that pf itself sends: where it goes, and pf's look at it if it
 * comes back in over a loopback. */
void sim_send_own(struct pf_sim *sim, enum pf_sent_kind kind,
    const struct pf_packet *p, struct pf_sim_result *res);

uint32_t sim_rand(struct pf_sim *sim);

static inline bool
sim_ip_eq(const union pf_ip *a, const union pf_ip *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static inline bool
sim_ip_zero(const union pf_ip *a)
{
	return (a->w[0] | a->w[1] | a->w[2] | a->w[3]) == 0;
}

#endif
