/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the rules counted: the kernel counts by numbers (nft/rule.h), the file
 * "ids" of the load says whose they are. A packet of a rule in an anchor is
 * counted for the rule of the main ruleset that called the anchor, too, as pf
 * has it.
 *
 * -z cannot reset these counters on all kernels, so it writes down ("zeroed")
 * where they stood, and that is taken off.
 */
#include "pfctl/counts.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "pfctl/states.h"

#define ZEROED "zeroed"
#define LOADERS "loaders"

/* ---- rules by name ---- */

static char *
key_of(int list, size_t nr, const char *path)
{
	return xasprintf("%d %zu /%s", list, nr, path);
}

static struct count *
entry(struct counts *c, int list, size_t nr, const char *path)
{
	_cleanup_free_ char *key = key_of(list, nr, path);
	struct count *count = map_get(&c->rules, key);

	if (!count) {
		count = xcalloc(1, sizeof(*count));
		map_set(&c->rules, key, count);
	}
	return count;
}

/* For whom does a number count? At most two. */
static size_t
whose(struct counts *c, const struct rule_ids *ids, uint32_t id,
    struct count *ret[static 2])
{
	size_t i = id - ids->first, n = 0;

	if (id < ids->first || i >= ids->n)
		return 0; /* a rule of an earlier load */
	ret[n++] =
	    entry(c, ids->v[i].list, (size_t)ids->v[i].nr, ids->v[i].path);
	if (ids->v[i].top >= 0)
		ret[n++] = entry(c, ids->v[i].list, (size_t)ids->v[i].top, "");
	return n;
}

/* ---- reading ---- */

static int
add_counters(struct counts *c, const struct rule_ids *ids, struct err *err)
{
	struct nft_rule_counts counts = { 0 };
	int r = nft_rule_counts_read(&counts, err);

	for (size_t i = 0; i < counts.n; i++) {
		const struct nft_rule_count *from = &counts.v[i];
		struct count *to[2];
		size_t n = whose(c, ids, from->rule, to);

		for (size_t k = 0; k < n; k++) {
			if (from->what == NFT_COUNT_MADE) {
				to[k]->made += from->packets;
				continue;
			}
			to[k]->packets[from->what] += from->packets;
			to[k]->bytes[from->what] += from->bytes;
		}
	}
	array_clear(&counts);
	return r;
}

static int
add_states(struct counts *c, const struct rule_ids *ids, struct err *err)
{
	_cleanup_(nft_states_clear) struct nft_states states = { 0 };
	static const uint32_t bits[] = { NFT_L_FWD, NFT_L_REV };
	int r = nft_state_list(&states, err);

	for (size_t i = 0; i < states.n; i++) {
		const uint32_t *label = states.v[i].label;

		for (size_t b = 0; b < 2; b++) {
			uint32_t id = label[b] ? label[b] : label[!b];
			struct count *to[2];
			size_t n = 0;

			if (label[2] & bits[b])
				n = whose(c, ids, id, to);
			for (size_t k = 0; k < n; k++)
				to[k]->states++;
		}
	}
	return r;
}

static void
take_off(uint64_t *n, uint64_t base)
{
	*n -= MIN(*n, base);
}

static void
subtract_zeroed(struct counts *c, const char *text)
{
	struct count z;
	size_t nr;
	int list, len;

	while (sscanf(text,
		   "%d %zu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64 " /%n",
		   &list, &nr, &z.packets[0], &z.bytes[0], &z.packets[1],
		   &z.bytes[1], &z.made, &len) == 7) {
		_cleanup_free_ char *path = NULL;
		struct count *to;

		text += len;
		path = xstrndup(text, strcspn(text, "\n"));
		text += strlen(path);
		text += *text == '\n';
		to = entry(c, list, nr, path);
		for (int i = 0; i < 2; i++) {
			take_off(&to->packets[i], z.packets[i]);
			take_off(&to->bytes[i], z.bytes[i]);
		}
		take_off(&to->made, z.made);
	}
}

/* As the kernel has them, and where -z found them. */
static int
read_raw(struct store *s, struct counts *c, struct err *err)
{
	_cleanup_(rule_ids_clear) struct rule_ids ids = { 0 };
	int r;

	map_init(&c->rules, free);
	rule_ids_read(&ids, s);
	r = add_counters(c, &ids, err);
	return r < 0 ? r : add_states(c, &ids, err);
}

int
counts_read(struct store *s, const struct nft_status *status,
    struct counts *ret, struct err *err)
{
	_cleanup_(str_clear) struct str zeroed = STR_INIT;
	_cleanup_(counts_clear) struct counts c = COUNTS_INIT;
	int r = read_raw(s, &c, err);

	if (r < 0)
		return r;
	if (store_get(s, status->stamp.load_id, ZEROED, &zeroed, NULL) == 0)
		subtract_zeroed(&c, zeroed.buf);
	(void)store_get(s, status->stamp.load_id, LOADERS, &c.loaders, NULL);
	*ret = c;
	c = (struct counts)COUNTS_INIT;
	return 0;
}

void
counts_clear(struct counts *c)
{
	map_clear(&c->rules);
	str_clear(&c->loaders);
}

/* ---- asking ---- */

bool
counts_are_kept(const struct pf_rule *r)
{
	enum pf_list list = pf_list_of((enum pf_action)r->action);

	return list == PF_LIST_FILTER || (r->natpass && !r->anchor_call);
}

struct count
counts_of(const struct counts *c, const struct pf_anchor *a, enum pf_list list,
    size_t nr)
{
	_cleanup_free_ char *key = key_of((int)list, nr, a->path);
	const struct count *count = map_get(&c->rules, key);

	return count ? *count : (struct count){ 0 };
}

/* Is `path` the anchor `of` or below it? */
static bool
is_within(const char *path, const char *of, size_t len)
{
	return len == 0 ||
	    (strncmp(path, of, len) == 0 &&
		(path[len] == '\0' || path[len] == '/'));
}

void
counts_loader(
    const struct counts *c, const struct pf_anchor *a, unsigned *uid, int *pid)
{
	const char *at = c->loaders.buf;
	size_t best = 0, path;
	unsigned u;
	int p, len;

	*uid = 0;
	*pid = 0;
	while (sscanf(at, "%u %d /%n", &u, &p, &len) == 2) {
		at += len;
		path = strcspn(at, "\n");
		if (is_within(a->path, at, path) && path >= best) {
			best = path;
			*uid = u;
			*pid = p;
		}
		at += path + (at[path] == '\n');
	}
}

/* ---- -z ---- */

int
counts_zero(struct store *s, const struct nft_status *status,
    const struct pf_anchor *a, struct err *err)
{
	_cleanup_(counts_clear) struct counts raw = COUNTS_INIT;
	_cleanup_(str_clear) struct str text = STR_INIT, old = STR_INIT;
	int r = read_raw(s, &raw, err);

	if (r < 0)
		return r;
	(void)store_get(s, status->stamp.load_id, ZEROED, &old, NULL);
	/* What stands of other anchors stays. */
	for (char *line = strtok(old.buf, "\n"); line;
	     line = strtok(NULL, "\n")) {
		const char *path = strchr(line, '/');

		if (path && !streq(path + 1, a->path))
			str_printf(&text, "%s\n", line);
	}
	for (size_t i = 0; i < a->list[PF_LIST_FILTER].n; i++) {
		struct count c = counts_of(&raw, a, PF_LIST_FILTER, i);

		str_printf(&text,
		    "%d %zu %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
		    " %" PRIu64 " /%s\n",
		    PF_LIST_FILTER, i, c.packets[0], c.bytes[0], c.packets[1],
		    c.bytes[1], c.made, a->path);
	}
	return store_put(s, status->stamp.load_id, ZEROED, &text, err);
}

int
counts_restart(struct store *s, uint64_t load_id, struct err *err)
{
	const struct str nothing = STR_INIT;

	return store_put(s, load_id, ZEROED, &nothing, err);
}

/* ---- who loaded what ---- */

int
loaders_write(struct store *s, uint64_t old, uint64_t load_id,
    const char *anchor, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT, before = STR_INIT;

	if (old)
		(void)store_get(s, old, LOADERS, &before, NULL);
	for (char *line = strtok(before.buf, "\n"); line;
	     line = strtok(NULL, "\n")) {
		const char *path = strchr(line, '/');

		if (path && (!anchor || !streq(path + 1, anchor)))
			str_printf(&text, "%s\n", line);
	}
	if (anchor)
		str_printf(&text, "%u %d /%s\n", (unsigned)getuid(),
		    (int)getpid(), anchor);
	return store_put(s, load_id, LOADERS, &text, err);
}
