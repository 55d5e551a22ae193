/* SPDX-License-Identifier: BSD-2-Clause */
/* scrub: fragments are put together, headers made tidy. */
#include "pf/sim-internal.h"

static unsigned
header_len(const struct pf_packet *p)
{
	switch (p->proto) {
	case 6:
		return 20 + (p->mss ? 4 : 0);
	case 17:
	case 1:
	case 58:
		return 8;
	default:
		return 0;
	}
}

void
sim_frag_free(struct sim_frag *f)
{
	array_clear(&f->pieces);
	free(f);
}

void
sim_frags_expire(struct pf_sim *sim)
{
	for (struct sim_frag **p = &sim->frags; *p != NULL;) {
		struct sim_frag *f = *p;

		if (f->expire > sim->now) {
			p = &f->next;
			continue;
		}
		*p = f->next;
		sim->n_frags -= (uint32_t)f->pieces.n;
		sim_frag_free(f);
	}
}

static bool
same_datagram(const struct sim_frag *f, const struct sim_run *run)
{
	const struct pf_packet *a = &f->first, *b = run->p;

	return f->dir == run->dir && a->af == b->af && a->proto == b->proto &&
	    a->ipid == b->ipid && sim_ip_eq(&a->src, &b->src) &&
	    sim_ip_eq(&a->dst, &b->dst);
}

static struct sim_frag **
find_datagram(struct sim_run *run)
{
	struct sim_frag **p = &run->sim->frags;

	while (*p != NULL && !same_datagram(*p, run))
		p = &(*p)->next;
	return p;
}

/* Can this piece be one of that datagram? */
static bool
piece_fits(const struct sim_frag *f, uint32_t off, uint32_t end, bool more)
{
	uint32_t total = f->pieces.n > 0 ? f->pieces.v[f->pieces.n - 1].end : 0;

	if (f->pieces.n == 0)
		return true;
	if (end < total && !more)
		return false;
	if (f->has_last)
		return end < total || (end == total && !more);
	return !(end == total && !more) ||
	    off > f->pieces.v[f->pieces.n - 1].off;
}

/* Add a piece; of an overlap the bytes that came first are kept in front, the
 * new ones behind. False: it brings nothing. */
static bool
add_piece(struct sim_frag *f, uint32_t off, uint32_t end)
{
	size_t at = 0, n;

	while (at < f->pieces.n && f->pieces.v[at].off <= off)
		at++;
	if (at > 0 && f->pieces.v[at - 1].end > off) {
		if (f->pieces.v[at - 1].end >= end)
			return false;
		off = f->pieces.v[at - 1].end;
	}
	n = at;
	while (n < f->pieces.n && f->pieces.v[n].end <= end)
		n++;
	if (n < f->pieces.n && f->pieces.v[n].off < end)
		f->pieces.v[n].off = end;
	(void)array_add(&f->pieces);
	memmove(&f->pieces.v[at + 1], &f->pieces.v[at],
	    (f->pieces.n - 1 - at) * sizeof(*f->pieces.v));
	f->pieces.v[at] = (struct sim_piece){ off, end };
	/* Pieces that lie within the new one go. */
	if (n > at) {
		memmove(&f->pieces.v[at + 1], &f->pieces.v[n + 1],
		    (f->pieces.n - 1 - n) * sizeof(*f->pieces.v));
		f->pieces.n -= n - at;
	}
	return true;
}

static bool
complete(const struct sim_frag *f)
{
	uint32_t end = 0;

	if (!f->has_last || !f->has_first)
		return false;
	for (size_t i = 0; i < f->pieces.n; i++) {
		if (f->pieces.v[i].off != end)
			return false;
		end = f->pieces.v[i].end;
	}
	return true;
}

static void
whole_packet(struct pf_packet *p, const struct sim_frag *f)
{
	uint32_t total = f->pieces.v[f->pieces.n - 1].end;
	const char *tag = p->tag;

	*p = f->first;
	p->frag = p->frag_more = false;
	p->frag_off = p->frag_len = 0;
	p->len = total > header_len(p) ? total - header_len(p) : 0;
	p->tag = tag;
}

static uint32_t
frag_limit(const struct pf_sim *sim)
{
	return sim->options.limit_set[PF_LIMIT_FRAGS]
	    ? sim->options.limit[PF_LIMIT_FRAGS]
	    : pf_limit_default(PF_LIMIT_FRAGS);
}

static struct sim_frag *
datagram_new(struct sim_run *run, struct sim_frag **at)
{
	struct pf_sim *sim = run->sim;
	struct sim_frag *f = xcalloc(1, sizeof(*f));
	uint32_t t = sim->options.timeout_set[PF_TM_FRAG]
	    ? sim->options.timeout[PF_TM_FRAG]
	    : pf_timeout_default(PF_TM_FRAG);

	f->first = *run->p;
	f->dir = run->dir;
	f->expire = sim->now + t;
	*at = f;
	return f;
}

static enum pf_verdict
reassemble(struct sim_run *run)
{
	struct sim_frag **at = find_datagram(run), *f = *at;
	const struct pf_packet *p = run->p;
	uint32_t off = p->frag_off, end = off + p->frag_len;
	size_t before;

	run->ev->reason = PF_R_FRAGMENT;
	if (run->sim->n_frags >= frag_limit(run->sim))
		return PF_V_BLOCK;
	if (f == NULL)
		f = datagram_new(run, at);
	before = f->pieces.n;
	if (!piece_fits(f, off, end, p->frag_more) || !add_piece(f, off, end))
		return PF_V_BLOCK;
	/* Pieces that the new one covers are gone. */
	run->sim->n_frags += (uint32_t)(f->pieces.n - before);
	if (off == 0) {
		f->first = *p;
		f->has_first = true;
	}
	f->has_last |= !p->frag_more;
	run->ev->reason = PF_R_MATCH;
	if (!complete(f))
		return PF_V_HOLD;
	whole_packet(run->p, f);
	*at = f->next;
	run->sim->n_frags -= (uint32_t)f->pieces.n;
	sim_frag_free(f);
	return PF_V_PASS;
}

static void
tidy(struct sim_run *run, const struct pf_rule *r)
{
	struct pf_packet *p = run->p;

	if (r->no_df)
		p->df = false;
	if (r->min_ttl != 0 && p->ttl < r->min_ttl)
		p->ttl = r->min_ttl;
	if (r->has_set_tos)
		p->tos = r->set_tos | (p->tos & 3);
	if (r->random_id && !p->frag)
		p->ipid = (uint16_t)sim_rand(run->sim);
}

enum pf_verdict
sim_normalize(struct sim_run *run)
{
	struct sim_rule *sr = sim_scrub_find(run, false);
	struct pf_packet *p = run->p;
	enum pf_verdict v;

	if (sr == NULL || sr->r->action == PF_NO_SCRUB)
		return PF_V_PASS;
	run->ev->scrub = sr->r;
	if (sr->r->no_df)
		p->df = false;
	if (p->frag) {
		/* A fragment that must not be one, or is cut where none is. */
		if (p->df || (p->frag_more && (p->frag_len & 7) != 0) ||
		    p->frag_len == 0 ||
		    (uint32_t)p->frag_off + p->frag_len > 65535) {
			run->ev->reason = PF_R_FRAGMENT;
			return PF_V_BLOCK;
		}
		v = reassemble(run);
		if (v != PF_V_PASS)
			return v;
	}
	tidy(run, sr->r);
	return PF_V_PASS;
}

/* Combinations of flags that no honest stack sends. */
static bool
flags_ok(const struct pf_packet *p)
{
	uint8_t f = p->flags;

	if (f & PF_TH_SYN) {
		if (f & (PF_TH_RST | PF_TH_FIN))
			return false;
	} else if (!(f & (PF_TH_ACK | PF_TH_RST))) {
		return false;
	}
	return (f & PF_TH_ACK) || !(f & (PF_TH_FIN | PF_TH_PUSH | PF_TH_URG));
}

enum pf_verdict
sim_normalize_tcp(struct sim_run *run)
{
	struct sim_rule *sr = sim_scrub_find(run, true);
	struct pf_packet *p = run->p;

	if (sr == NULL || sr->r->action == PF_NO_SCRUB)
		return PF_V_PASS;
	run->norm_tcp = sr->r->reassemble_tcp;
	if (!flags_ok(p)) {
		run->ev->reason = PF_R_NORMALIZE;
		return PF_V_BLOCK;
	}
	if (sr->r->max_mss != 0 && p->mss > sr->r->max_mss)
		p->mss = sr->r->max_mss;
	return PF_V_PASS;
}
