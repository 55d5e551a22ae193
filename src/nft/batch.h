/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One nf_tables transaction: messages are collected in memory, sent in one
 * piece, and either all take effect at once or none does.
 *
 *	_cleanup_(nft_batch_clear) struct nft_batch b;
 *
 *	nft_batch_init(&b);
 *	nft_batch_table(&b, NFPROTO_INET, "mine", 0);
 *	nft_batch_chain(&b, NFPROTO_INET, "mine", &chain);
 *	nft_batch_rule(&b, NFPROTO_INET, "mine", &rule);
 *	r = nft_batch_commit(&b, err);
 *
 * Adding never fails (memory is the only limit). Order matters as it does in
 * an nft file: a chain before the rules in it and before jumps to it.
 *
 * Adding something that is there already with the same properties is no error
 * (tables, chains, sets); deleting something that is not there is: -ENOENT,
 * and the whole batch is void. Where that can be, use the _if_there form,
 * which adds before it deletes.
 */
#ifndef NFT_BATCH_H
#define NFT_BATCH_H

#include "base/err.h"
#include "nft/rule.h"

struct nft_batch {
	uint8_t *buf; /* messages, 4-byte aligned */
	size_t len, cap;
	size_t n_begin; /* bytes of the message that opens it */
	size_t last;	/* offset of the last message */
	uint32_t seq;
	uint32_t set_id;
	bool deletes;		     /* something in it deletes */
	struct nft_batch_note *note; /* what each message is, for errors */
	size_t n_note, cap_note;
};

void nft_batch_init(struct nft_batch *b);
void nft_batch_clear(struct nft_batch *b);

/* Flags: NFT_TABLE_F_DORMANT. An existing table gets the new flags. */
void nft_batch_table(
    struct nft_batch *b, uint8_t family, const char *table, uint32_t flags);
void nft_batch_del_table_if_there(
    struct nft_batch *b, uint8_t family, const char *table);

void nft_batch_chain(struct nft_batch *b, uint8_t family, const char *table,
    const struct nft_chain *chain);
void nft_batch_del_chain(
    struct nft_batch *b, uint8_t family, const char *table, const char *chain);

/* Append to the end of its chain. */
void nft_batch_rule(struct nft_batch *b, uint8_t family, const char *table,
    const struct nft_rule *rule);
/* All rules of a chain; chain NULL: of the table. */
void nft_batch_flush(
    struct nft_batch *b, uint8_t family, const char *table, const char *chain);

/* Declare the set; one that is there takes the new size. */
void nft_batch_set(struct nft_batch *b, uint8_t family, const char *table,
    const struct nft_set *set);
void nft_batch_del_set(
    struct nft_batch *b, uint8_t family, const char *table, const char *set);
/* Add to or remove from a set that is there. */
void nft_batch_elems(struct nft_batch *b, uint8_t family, const char *table,
    const struct nft_set *set);
void nft_batch_del_elems(struct nft_batch *b, uint8_t family, const char *table,
    const struct nft_set *set);
/* Remove all elements of a set. */
void nft_batch_flush_set(
    struct nft_batch *b, uint8_t family, const char *table, const char *set);

/* Make a counter, unless it is there: then it counts on. */
void nft_batch_counter(struct nft_batch *b, uint8_t family, const char *table,
    const char *counter);

/* Make a time-out object, unless one of that name is there. */
void nft_batch_timeout(struct nft_batch *b, uint8_t family, const char *table,
    const struct nft_timeout *t);

/* Everything of one table but its sets: chains, objects, rules, in the order
 * that works. The table and the sets must be there. */
void nft_batch_content(struct nft_batch *b, const struct nft_table *t);

/*
 * Send it in the network namespace of the caller. `genid` is the generation
 * that the caller built on (nft_genid): if somebody changed nf_tables since,
 * nothing is done and -ERESTART comes back; 0: whatever it is.
 */
int nft_batch_commit_on(struct nft_batch *b, uint32_t genid, struct err *err);
int nft_batch_commit(struct nft_batch *b, struct err *err);

/* The generation of nf_tables: changes with every transaction, whoever's. */
int nft_genid(uint32_t *ret, struct err *err);

#endif
