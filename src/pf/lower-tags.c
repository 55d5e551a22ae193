/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tags: a number in the packet's mark while the packet is inside, and one in
 * conntrack's label for all packets of a state.
 *
 * pf asks the rules in order, and each that matches may change the tag that
 * the next ones test. Here those without quick are asked backwards. So for the
 * tag alone they are asked once before, in pf's order and between those with
 * quick. What the others test later is the tag behind the last rule that
 * matched; and since a rule is asked only when none behind it matched, that is
 * the tag that it met in pf. Where this does not hold is an error.
 */
#include "pf/lower-private.h"

static const struct lw_tag *
find(const struct lw *lw, const char *name)
{
	for (size_t i = 0; i < lw->tags.n; i++)
		if (streq(lw->tags.v[i].name, name))
			return &lw->tags.v[i];
	return NULL;
}

/* ---- numbers ---- */

static bool
is_used(const struct lw *lw, unsigned int nr)
{
	for (size_t i = 0; i < lw->tags.n; i++)
		if (lw->tags.v[i].nr == nr)
			return true;
	return false;
}

static void
collect(struct lw *lw, const char *name)
{
	struct lw_tag *tag;

	if (!name || find(lw, name))
		return;
	tag = array_add(&lw->tags);
	tag->name = name;
	for (size_t i = 0; i < lw->out->tags.n; i++)
		if (streq(lw->out->tags.v[i], name))
			tag->nr = (unsigned int)i + 1;
}

/* A new tag takes the place of one that no rule has any more only if there is
 * no other: states may still bear that one. */
static void
number(struct lw *lw, struct lw_tag *tag)
{
	struct strv *names = &lw->out->tags;
	unsigned int nr = 1;

	if (names->n < NFT_TAGS_MAX) {
		strv_add(names, tag->name);
		tag->nr = (unsigned int)names->n;
		return;
	}
	while (is_used(lw, nr))
		nr++;
	free(names->v[nr - 1]);
	names->v[nr - 1] = xstrdup(tag->name);
	tag->nr = nr;
}

void
lw_tags_collect(struct lw *lw)
{
	for (struct pf_anchor *a = lw->rs->main; a; a = a->next)
		for (int list = 0; list < PF_LIST_COUNT; list++)
			for (size_t i = 0; i < a->list[list].n; i++) {
				const struct pf_rule *r = a->list[list].v[i];

				collect(lw, r->tag);
				collect(lw, r->tagged);
				if (lw->tags.n > NFT_TAGS_MAX) {
					lw_error(lw, r, "more than %d tags",
					    NFT_TAGS_MAX);
					return;
				}
			}
	for (size_t i = 0; i < lw->tags.n; i++)
		if (!lw->tags.v[i].nr)
			number(lw, &lw->tags.v[i]);
}

void
lw_tags_check(struct lw *lw, const struct lw_match *m)
{
	const struct pf_rule *r = m->rule[m->n - 1];

	if (r->tagged)
		lw_error(lw, r,
		    "tagged and tag in one rule without quick are not built "
		    "yet");
	for (size_t i = 0; i < m->n; i++) {
		if (m->rule[i]->prob)
			lw_error(lw, r,
			    "tag and probability without quick are not built "
			    "yet");
		if (i + 1 < m->n && m->rule[i]->tagged)
			lw_error(lw, r,
			    "tag without quick in an anchor that is called by "
			    "tagged (%s:%u) is not built yet",
			    m->rule[i]->file, m->rule[i]->line);
	}
}

/* ---- the packet's ---- */

static uint32_t
mark_of(const struct lw *lw, const char *name)
{
	return nft_tag_mark(find(lw, name)->nr);
}

static void
x_has(struct lw *lw, int op, const char *name)
{
	x_meta(lw, NFT_META_MARK, 0);
	x_mask_u32(lw, 0, 0, NFT_M_TAG, 0);
	x_cmp_u32(lw, op, 0, mark_of(lw, name));
}

void
x_tag_set(struct lw *lw, const char *name)
{
	x_mark_change(lw, NFT_M_TAG, mark_of(lw, name));
}

void
x_tag_test(struct lw *lw, const struct pf_rule *r)
{
	if (r->tagged)
		x_has(lw, r->tagged_not ? NFT_CMP_NEQ : NFT_CMP_EQ, r->tagged);
}

/* ---- the state's ---- */

static const char *
chain_of(uint32_t bit)
{
	return bit == NFT_L_FWD ? "tag_fwd" : "tag_rev";
}

void
lw_tags_of_state(struct lw *lw, const char *chain, uint32_t bit)
{
	if (!lw->tags.n)
		return;
	lw_begin(lw, LW_INET, chain);
	x_label_test(lw, NFT_CMP_NEQ, 2, NFT_L_TAG(bit), 0);
	x_verdict(lw, NFT_JUMP, chain_of(bit));
	lw_end(lw);
}

void
lw_tags_made(struct lw *lw, const char *chain, uint8_t reply, uint32_t bit)
{
	for (size_t i = 0; i < lw->tags.n; i++) {
		const struct lw_tag *tag = &lw->tags.v[i];

		lw_begin(lw, LW_INET, chain);
		x_direction(lw, reply);
		x_has(lw, NFT_CMP_EQ, tag->name);
		x_label_add(lw, tag->nr << NFT_L_TAG_SHIFT(bit));
		lw_end(lw);
	}
}

/* A tag that the rules no longer have is none. */
static void
put_chain(struct lw *lw, uint32_t bit)
{
	const char *chain = chain_of(bit);

	lw_chain(lw, LW_INET, chain);
	lw_begin(lw, LW_INET, chain);
	x_mark_change(lw, NFT_M_TAG, 0);
	lw_end(lw);
	for (size_t i = 0; i < lw->tags.n; i++) {
		const struct lw_tag *tag = &lw->tags.v[i];

		lw_begin(lw, LW_INET, chain);
		x_label_test(lw, NFT_CMP_EQ, 2, NFT_L_TAG(bit),
		    tag->nr << NFT_L_TAG_SHIFT(bit));
		x_tag_set(lw, tag->name);
		lw_end(lw);
	}
}

void
lw_tags(struct lw *lw)
{
	if (!lw->tags.n)
		return;
	put_chain(lw, NFT_L_FWD);
	put_chain(lw, NFT_L_REV);
}
