/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pfctl -s info: what the counters of our table say. Of pf's counters only
 * those can be anything but 0 here that nf_tables' rules count; the others
 * are reasons for which pf drops packets and our rules never do.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "base/md5.h"
#include "pfctl/pfctl.h"
#include "pfctl/states.h"

#define SINCE "since"
#define COUNTED "counted"

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

/* ---- since when ---- */

int
since_write(struct store *s, bool enabled, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;

	str_printf(&text, "%d %" PRId64 "\n", enabled, now());
	return store_put_common(s, SINCE, &text, err);
}

static bool
enabled_since(struct store *s, int *enabled, int64_t *when)
{
	_cleanup_(str_clear) struct str text = STR_INIT;

	return store_get_common(s, SINCE, &text, NULL) == 0 &&
	    sscanf(text.buf, "%d %" SCNd64, enabled, when) == 2;
}

bool
was_enabled(struct store *s)
{
	int64_t when;
	int enabled;

	return enabled_since(s, &enabled, &when) && enabled;
}

/* ---- counters ---- */

int
states_now(unsigned *ret, struct err *err)
{
	_cleanup_(nft_states_clear) struct nft_states states = { 0 };
	int r = nft_state_list(&states, err);
	unsigned n = 0;

	for (size_t i = 0; i < states.n && r == 0; i++)
		n += !!(states.v[i].label[2] & NFT_L_FWD) +
		    !!(states.v[i].label[2] & NFT_L_REV);
	*ret = n;
	return r;
}

/* How many were there when the counters began: what is gone since then is
 * counted by what was made and what is left. */
int
counted_begin(struct store *s, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	unsigned n;
	int r = states_now(&n, err);

	if (r < 0)
		return r;
	str_printf(&text, "%u\n", n);
	return store_put_common(s, COUNTED, &text, err);
}

static unsigned
counted_from(struct store *s)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	unsigned n = 0;

	if (store_get_common(s, COUNTED, &text, NULL) == 0)
		(void)sscanf(text.buf, "%u", &n);
	return n;
}

int
info_clear(struct store *s, struct err *err)
{
	struct nft_status status;
	int r = nft_status_read(&status, err);

	if (r == 0 && status.present)
		r = nft_counters_read(NULL, 0, true, err);
	if (r == 0)
		r = counted_begin(s, err);
	return r < 0 ? r : since_write(s, status.enabled, err);
}

/* ---- printing ---- */

enum {
	N_SEARCH,
	N_MATCH,
	N_INSERT,
	N_OPTIONS,
	N_SRC_LIMIT,
	N_LIMIT, /* limits[] in order */
};
static const struct {
	const char *counter, *text;
} limits[] = {
	{ NFT_N_MAX, "max states per rule" },
	{ NFT_N_MAX_STATES, "max-src-states" },
	{ NFT_N_MAX_NODES, "max-src-nodes" },
	{ NFT_N_MAX_CONN, "max-src-conn" },
	{ NFT_N_MAX_RATE, "max-src-conn-rate" },
	{ NFT_N_OVERLOAD, "overload table insertion" },
	{ NFT_N_FLUSH, "overload flush states" },
};
enum {
	N_IF = N_LIMIT + ARRAY_SIZE(limits), /* see if_counter */
	N_COUNT = N_IF + 8,
};

static void
print_count(const char *what, uint64_t n, int64_t seconds)
{
	printf("  %-25s %14" PRIu64 " ", what, n);
	if (seconds > 0)
		printf("%14.1f/s\n", (double)n / (double)seconds);
	else
		printf("%14s\n", "");
}

/* As -x set it since the last load, or as the rules have it. */
static void
debug_words(char *buf, size_t size, struct store *s, const struct pf_options *o)
{
	static const char *const words[] = { "none", "urgent", "misc", "loud" };
	_cleanup_(str_clear) struct str level = STR_INIT;
	const char *word = words[o->debug_set ? o->debug & 3 : 1];

	if (store_get_common(s, DEBUG_LEVEL, &level, NULL) == 0)
		word = level.buf;
	snprintf(buf, size, "Debug: %c%s", toupper((unsigned char)word[0]),
	    word + 1);
}

/* Seconds since pf was enabled or disabled, or the counters cleared. */
static int64_t
print_status(struct store *s, const struct current *c)
{
	char status[64], debug[32];
	int64_t when, t = 0;
	int enabled;

	snprintf(status, sizeof(status), "Status: %s",
	    c->status.enabled ? "Enabled" : "Disabled");
	if (enabled_since(s, &enabled, &when)) {
		size_t len = strlen(status);

		t = now() - when;
		snprintf(status + len, sizeof(status) - len,
		    " for %" PRId64 " days %.2d:%.2d:%.2d", t / 86400,
		    (int)(t / 3600 % 24), (int)(t / 60 % 60), (int)(t % 60));
	}
	debug_words(debug, sizeof(debug), s, &c->rules->options);
	printf("%-44s%15s\n\n", status, debug);
	return t;
}

static void
print_ids(const struct current *c)
{
	const struct pf_options *o = &c->rules->options;
	uint8_t sum[16];

	printf("Hostid:   0x%08x\n",
	    o->host_id_set ? o->host_id : (uint32_t)gethostid());
	md5(c->text.buf, c->text.len, sum);
	printf("Checksum: 0x");
	for (size_t i = 0; i < sizeof(sum); i++)
		printf("%02x", sum[i]);
	printf("\n\n");
}

static void
print_entries(unsigned entries)
{
	printf("  %-25s %14u %14s\n", "current entries", entries, "");
}

/* ---- sources ---- */

static bool
tracks_sources(const struct pf_ruleset *rs)
{
	for (const struct pf_anchor *a = rs->main; a; a = a->next) {
		const struct pf_rules *list = &a->list[PF_LIST_FILTER];

		for (size_t i = 0; i < list->n; i++)
			if (list->v[i]->state &&
			    list->v[i]->state->track != PF_TRACK_NONE)
				return true;
	}
	return false;
}

/* How often the kernel looked for one it does not say. */
static int
print_sources(
    struct store *s, const struct current *c, int64_t t, struct err *err)
{
	static const char *const unknown[] = { "searches", "inserts",
		"removals" };
	bool tracked = tracks_sources(c->rules);
	struct sources all = { 0 };
	int r = sources_read(&all, s, c->rules, err);

	if (r < 0)
		return r;
	puts("Source Tracking Table");
	print_entries((unsigned)all.n);
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		if (tracked)
			printf("  %-25s %14s %14s\n", unknown[i], "-", "");
		else
			print_count(unknown[i], 0, t);
	sources_clear(&all);
	return 0;
}

/* ---- set loginterface ---- */

/* Its counters: a bit each of where they stand. */
static size_t
if_counter(bool out, bool passed, bool v6)
{
	return N_IF + (size_t)out * 4 + (size_t)passed * 2 + v6;
}

static void
print_pair(const char *indent, const char *what, uint64_t v4, uint64_t v6)
{
	printf("%s%-*s %14" PRIu64 " %16" PRIu64 "\n", indent,
	    27 - (int)strlen(indent), what, v4, v6);
}

static void
print_bytes(const struct nft_counter *count, bool out)
{
	print_pair("  ", out ? "Bytes Out" : "Bytes In",
	    count[if_counter(out, false, false)].bytes,
	    count[if_counter(out, false, true)].bytes);
}

static void
print_packets(const struct nft_counter *count, bool out)
{
	uint64_t passed[2], blocked[2];

	for (int v6 = 0; v6 < 2; v6++) {
		uint64_t all = count[if_counter(out, false, v6)].packets;

		passed[v6] = count[if_counter(out, true, v6)].packets;
		/* One may be on its way between the two counters. */
		blocked[v6] = all > passed[v6] ? all - passed[v6] : 0;
	}
	printf("  Packets %s\n", out ? "Out" : "In");
	print_pair("    ", "Passed", passed[0], passed[1]);
	print_pair("    ", "Blocked", blocked[0], blocked[1]);
}

static void
print_interface(const struct nft_counter *count, const char *ifname)
{
	printf("Interface Stats for %-16s %5s %16s\n", ifname, "IPv4", "IPv6");
	print_bytes(count, false);
	print_bytes(count, true);
	print_packets(count, false);
	print_packets(count, true);
	puts("");
}

/* ---- the whole ---- */

static void
print_reasons(const struct nft_counter *count, int64_t t)
{
	puts("Counters");
	for (int reason = 0; reason < PF_R_COUNT; reason++) {
		const char *name = pf_reason_name((enum pf_reason)reason);
		uint64_t n = reason == PF_R_MATCH ? count[N_MATCH].packets
		    : reason == PF_R_IP_OPTION	  ? count[N_OPTIONS].packets
		    : reason == PF_R_STATE_LIMIT  ? count[N_LIMIT].packets
		    : reason == PF_R_SRC_LIMIT	  ? count[N_SRC_LIMIT].packets
						  : 0;

		print_count(name, n, t);
	}
}

static void
print_limits(const struct nft_counter *count, int64_t t)
{
	puts("Limit Counters");
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		print_count(limits[i].text, count[N_LIMIT + i].packets, t);
}

int
show_info(const struct pfctl *p, struct store *s, const struct current *c,
    struct err *err)
{
	struct nft_counter count[N_COUNT] = {
		[N_SEARCH] = { .name = NFT_N_SEARCH },
		[N_MATCH] = { .name = NFT_N_MATCH },
		[N_INSERT] = { .name = NFT_N_INSERT },
		[N_OPTIONS] = { .name = NFT_N_OPTIONS },
		[N_SRC_LIMIT] = { .name = NFT_N_SRC_LIMIT },
	};
	const char *ifname = c->rules->options.log_if;
	char if_names[8][NFT_N_IF_LEN];
	uint64_t ever;
	unsigned states = 0;
	int64_t t;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		count[N_LIMIT + i].name = limits[i].counter;
	for (int i = 0; i < 8; i++) {
		nft_if_counter(
		    if_names[i], ifname ? ifname : "", i & 4, i & 2, i & 1);
		count[N_IF + i].name = if_names[i];
	}
	r = nft_counters_read(count, N_COUNT, false, err);
	if (r == 0)
		r = states_now(&states, err);
	if (r < 0)
		return r;
	t = print_status(s, c);
	if (p->verbose)
		print_ids(c);
	if (ifname)
		print_interface(count, ifname);
	printf("%-27s %14s %16s\n", "State Table", "Total", "Rate");
	ever = counted_from(s) + count[N_INSERT].packets;
	print_entries(states);
	print_count("searches", count[N_SEARCH].packets, t);
	print_count("inserts", count[N_INSERT].packets, t);
	print_count("removals", ever > states ? ever - states : 0, t);
	if (p->verbose)
		r = print_sources(s, c, t, err);
	if (r < 0)
		return r;
	print_reasons(count, t);
	if (p->verbose)
		print_limits(count, t);
	return 0;
}
