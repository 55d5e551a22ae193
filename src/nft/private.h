/* SPDX-License-Identifier: BSD-2-Clause */
/* What nft's files share and nobody else needs: writing netlink attributes
 * into a batch, and asking the kernel for dumps. */
#ifndef NFT_PRIVATE_H
#define NFT_PRIVATE_H

#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/arena.h"
#include "base/array.h"
#include "nft/batch.h"

/* Who loses against other writers this often has a fault somewhere. */
enum { TRIES = 50 };

/* ---- attr.c: attributes at the end of the batch's buffer ---- */

void nl_put(struct nft_batch *b, uint16_t type, const void *mem, size_t len);
void nl_put_u8(struct nft_batch *b, uint16_t type, uint8_t v);
void nl_put_be16(struct nft_batch *b, uint16_t type, uint16_t v);
void nl_put_be32(struct nft_batch *b, uint16_t type, uint32_t v);
void nl_put_be64(struct nft_batch *b, uint16_t type, uint64_t v);
void nl_put_str(struct nft_batch *b, uint16_t type, const char *s);
/* Returns what nl_nest_end wants. */
size_t nl_nest(struct nft_batch *b, uint16_t type);
void nl_nest_end(struct nft_batch *b, size_t nest);
/* A message of nf_tables; what: for error messages, may be NULL. */
size_t nl_msg(struct nft_batch *b, uint16_t type, uint16_t flags,
    uint8_t family, const char *what);
void nl_msg_end(struct nft_batch *b, size_t msg);
/* The same for the messages that frame a batch. */
size_t nl_frame(struct nft_batch *b, uint16_t type);
/* What the message with this number was about. */
const char *nl_note(const struct nft_batch *b, uint32_t seq);

/* ---- expr.c ---- */

void nl_put_exprs(
    struct nft_batch *b, const struct nft_expr *expr, size_t n_expr);

/* ---- socket.c ---- */

int nl_open(int bus, struct mnl_socket **ret, struct err *err);
void nl_closep(struct mnl_socket **nl);

/*
 * Send a request and take the answers: one, those of a dump, or the
 * acknowledgement. Negative errno, no sentence.
 */
int nl_ask(struct mnl_socket *nl, struct nlmsghdr *req, mnl_cb_t cb, void *arg);

/*
 * Dump: `type` is NFT_MSG_GET*, `cb` is called for each message. The family
 * may be NFPROTO_UNSPEC for all; table NULL: all; `chain` of rules, or the set
 * of elements. -EINTR: the tables changed while they were read; what was
 * collected is void, begin again.
 */
int nl_dump(struct mnl_socket *nl, uint16_t type, uint8_t family,
    const char *table, const char *chain, mnl_cb_t cb, void *arg,
    struct err *err);

/* ---- sets.c ---- */

/* The sets of our inet table whose names are wanted, without their elements.
 * No table, no sets. */
struct nl_sets {
	bool (*want)(const char *name);
	struct arena arena;
	struct nft_set *v;
	size_t n, cap;
};
int nl_sets_read(
    struct nl_sets *ret, bool (*want)(const char *name), struct err *err);
void nl_sets_clear(struct nl_sets *s);

/*
 * What makes the elements of a set those of `shall`; a set that is not there is
 * left out. Only ranges that differ go and come, whole: emptying the set and
 * filling it again would be one transaction, too, but the kernel (6.1 to 6.18)
 * has moments in it in which a lookup finds neither the old nor the new.
 */
int nl_put_set(
    struct nft_batch *b, const struct nft_set *shall, struct err *err);

#endif
