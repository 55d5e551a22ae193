/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of gaol watch that keeps pf and the guard as they were loaded.
 *
 * Each transaction of nf_tables, whoever makes it, has us look at our tables:
 * a few numbers, read in a fraction of a millisecond. If they differ from what
 * we saw last, pfctl finds out under its lock whether that is a load of its own
 * or somebody else's doing. What we do ourselves makes one more event and one
 * more look, which finds nothing to do.
 */
#include "cli/watch.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/rules.h"
#include "conf/rcconf.h"
#include "net/net.h"

enum {
	LOOK_MS = 20,	  /* between two looks at the tables */
	SETTLE_MS = 100,  /* a DHCP client takes an address, and gives one */
	QUIET_MS = 60000, /* after which a quarrel is over */
	FREE_TIMES = 3,	  /* put back at once, within a quarrel */
	WAIT_MS = 5000,	  /* before the next time, doubled each time */
	WAIT_MAX_MS = 300000,
	RETRY_MS = 10000, /* before a file is tried again, doubled */
	RETRY_MAX_MS = 600000,
};

/* ---- patience with another program that wants our tables gone ---- */

int64_t
watch_patience_until(const struct watch_patience *p)
{
	return p->last + p->wait;
}

void
watch_patience_note(struct watch_patience *p, int64_t now)
{
	if (p->n > 0 && now - p->last > QUIET_MS + p->wait)
		*p = (struct watch_patience){ 0 };
	p->last = now;
	p->n++;
	if (p->n < FREE_TIMES)
		return;
	p->wait = p->wait == 0 ? WAIT_MS : MIN(p->wait * 2, WAIT_MAX_MS);
}

static const char *
culprit(const struct watch_rules *w, char *buf, size_t size)
{
	_cleanup_(str_clear) struct str name = STR_INIT;

	str_add_visible(&name, w->who.comm);
	if (w->who.pid != 0)
		(void)snprintf(buf, size, "%s (pid %d)", name.buf, w->who.pid);
	else
		(void)snprintf(buf, size, "another program");
	return buf;
}

/* May we put something back now? If not, the look is put off. */
static bool
may_restore(struct watch_rules *w)
{
	int64_t until = watch_patience_until(&w->patience);
	int64_t now = watch_now();
	char who[96];

	if (now >= until) {
		w->waiting = false;
		return true;
	}
	watch_at(&w->check_due, until);
	if (!w->waiting)
		cli_warn(w->c,
		    "%s removes what gaol puts back, %u times now: the next "
		    "time is in %d s; end that program, or disable pf",
		    culprit(w, who, sizeof(who)), w->patience.n,
		    (int)((until - now + 999) / 1000));
	w->waiting = true;
	return false;
}

/* ---- the guard ---- */

static void
check_guard(struct watch_rules *w, size_t jails)
{
	struct err err = { 0 };
	bool whole = true;
	char who[96];
	int r = jails > 0 ? net_guard_is_whole(&whole, &err) : 0;

	if (r == 0 && whole)
		return;
	if (r == 0 && !may_restore(w))
		return;
	if (r == 0)
		r = net_guard_ensure(&err);
	if (r < 0) {
		cli_error(w->c, &err);
		watch_at(&w->check_due, watch_now() + RETRY_MS);
		return;
	}
	w->restored = true;
	cli_warn(w->c,
	    "the guard (table inet " NET_GUARD_TABLE ") was removed or changed "
	    "by %s: put back",
	    culprit(w, who, sizeof(who)));
}

/* ---- pf's tables ---- */

static bool
as_seen(const struct watch_rules *w, const struct nft_status *s)
{
	return w->looked && s->present == w->seen.present &&
	    s->enabled == w->seen.enabled && s->stamped == w->seen.stamped &&
	    s->weight == w->seen.weight &&
	    s->stamp.load_id == w->seen.stamp.load_id;
}

/* Run pfctl for one line on standard output; what it has to complain about is
 * in the log already. */
static int
ask_pfctl(struct watch_rules *w, const char *option, struct str *out)
{
	struct err err = { 0 };
	int r = cli_pfctl_capture(option, out, &err);

	while (out->len > 0 && out->buf[out->len - 1] == '\n')
		str_cut(out, out->len - 1);
	if (r < 0)
		cli_error(w->c, &err);
	return r;
}

static void
say_restored(struct watch_rules *w, const struct nft_status *before)
{
	char who[96];

	cli_warn(w->c, "pf's rules (table inet pf) were %s by %s: put back",
	    !before->present	  ? "removed"
		: before->enabled ? "changed"
				  : "put to sleep",
	    culprit(w, who, sizeof(who)));
}

/* pfctl decides under its lock whether anything is wrong. */
static int
restore(struct watch_rules *w, const struct nft_status *before)
{
	_cleanup_(str_clear) struct str out = STR_INIT;
	int r = ask_pfctl(w, "--restore", &out);

	if (r < 0) {
		watch_at(&w->check_due, watch_now() + RETRY_MS);
		return r;
	}
	if (out.len == 0)
		return 0;
	w->restored = true;
	say_restored(w, before);
	return 0;
}

/* A load of pfctl's own, and nothing more. */
static bool
is_whole(const struct nft_status *s)
{
	return s->present && s->enabled && !nft_status_drifted(s);
}

static void
forget_addresses(struct watch_rules *w)
{
	free(w->known);
	w->known = NULL;
}

static void
check_tables(struct watch_rules *w)
{
	struct nft_status now;
	struct err err = { 0 };
	int r = nft_status_read(&now, &err);

	if (r == 0 && !as_seen(w, &now) && !is_whole(&now)) {
		if (w->looked && !may_restore(w))
			return;
		if (restore(w, &now) < 0)
			return;
		if (w->restored) {
			/* They may be gone again by now. */
			watch_at(&w->check_due, watch_now() + LOOK_MS);
			return;
		}
		/* pfctl took what we saw for all right; if something changed
		 * meanwhile, there is an event of it. */
	}
	if (r < 0) {
		cli_error(w->c, &err);
		watch_at(&w->check_due, watch_now() + RETRY_MS);
		return;
	}
	/* A new load was made in the world of its own moment. */
	if (now.stamp.load_id != w->seen.stamp.load_id)
		forget_addresses(w);
	w->seen = now;
	w->looked = true;
}

/* ---- addresses ---- */

static char *
all_addresses(const struct net_view *view)
{
	struct str s = STR_INIT;
	char buf[NET_ADDR_STRLEN];

	for (size_t i = 0; i < view->n; i++)
		for (size_t k = 0; k < view->v[i].n; k++)
			str_printf(&s, "%s %s\n", view->v[i].name,
			    net_addr_format(&view->v[i].v[k].addr, true, buf));
	return str_take(&s);
}

/* Did any change? A DHCP client that renews its lease makes events, too. */
static int
addresses_changed(struct watch_rules *w, bool *ret, struct err *err)
{
	_cleanup_(net_view_clear) struct net_view view = { 0 };
	_cleanup_free_ char *now = NULL;
	int r = net_view_read(&view, err);

	if (r < 0)
		return r;
	now = all_addresses(&view);
	*ret = w->known == NULL || !streq(now, w->known);
	free(w->known);
	w->known = TAKE_PTR(now);
	return 0;
}

/* At boot pf_rules did not load, and what holds are the last rules, or ssh
 * alone. Perhaps it does now. */
static void
load_at_last(struct watch_rules *w)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = NULL;
	struct err err = { 0 };
	bool wanted = false;
	int r = rcconf_read_host(&rc, &err);

	if (r == 0)
		r = rcconf_bool(rc, "pf_enable", false, &wanted, &err);
	if (r == 0 && !wanted)
		return;
	if (r == 0)
		r = cli_rules_load(rc, true, &err);
	if (r == 0) {
		cli_say(w->c, "%s is loaded at last",
		    rcconf_get(rc, "pf_rules", rcconf_default("pf_rules")));
		return;
	}
	w->retry_wait = w->retry_wait == 0
	    ? RETRY_MS
	    : MIN(w->retry_wait * 2, RETRY_MAX_MS);
	w->retry_due = watch_now() + w->retry_wait;
	cli_error(w->c, &err);
	cli_warn(w->c, "tried again in %d s, or when an address changes",
	    (int)(w->retry_wait / 1000));
}

/* pf.conf is read again if an address of it is not in a set of the kernel's:
 * $ext_if, as it is written, became an address when it was loaded. */
static void
follow(struct watch_rules *w)
{
	_cleanup_(str_clear) struct str out = STR_INIT;

	w->retry_due = WATCH_NEVER;
	if (ask_pfctl(w, "--follow", &out) < 0 || out.len == 0)
		return;
	if (streq(out.buf, "boot"))
		load_at_last(w);
	else
		cli_say(w->c, "addresses have changed: %s", out.buf);
}

static void
check_addresses(struct watch_rules *w)
{
	struct err err = { 0 };
	bool changed;
	int r = addresses_changed(w, &changed, &err);

	if (r == 0)
		r = net_pf_sync(&err);
	if (r < 0) {
		cli_error(w->c, &err);
		forget_addresses(w);
		watch_at(&w->addresses_due, watch_now() + RETRY_MS);
		return;
	}
	if (changed)
		follow(w);
}

/* ---- the part ---- */

int
watch_rules_init(struct watch_rules *w, struct cli *c, struct err *err)
{
	*w = (struct watch_rules){ .c = c,
		.events = -1,
		.addresses = -1,
		/* What happened while nobody watched. */
		.check_due = 0,
		.addresses_due = 0,
		.retry_due = WATCH_NEVER };
	w->events = nft_events_open(err);
	if (w->events < 0)
		return w->events;
	w->addresses = net_events_open(err);
	return MIN(w->addresses, 0);
}

void
watch_rules_clear(struct watch_rules *w)
{
	closep(&w->events);
	closep(&w->addresses);
	free(w->known);
}

int
watch_rules_take(struct watch_rules *w, struct err *err)
{
	int r = nft_events_read(w->events, &w->who, err);

	if (r > 0)
		watch_at(&w->check_due, MAX(watch_now(), w->checked + LOOK_MS));
	if (r >= 0)
		r = net_events_read(w->addresses, err);
	if (r > 0)
		watch_at(&w->addresses_due, watch_now() + SETTLE_MS);
	return MIN(r, 0);
}

int64_t
watch_rules_due(const struct watch_rules *w)
{
	return MIN(w->check_due, MIN(w->addresses_due, w->retry_due));
}

void
watch_rules_run(struct watch_rules *w, size_t jails)
{
	int64_t now = watch_now();

	/* It may have lost its guard before we knew it. */
	if (jails > w->jails)
		watch_at(&w->check_due, now);
	w->jails = jails;
	if (w->check_due <= now) {
		w->check_due = WATCH_NEVER;
		w->restored = false;
		check_tables(w);
		check_guard(w, jails);
		/* Who flushes both does one thing. */
		if (w->restored)
			watch_patience_note(&w->patience, watch_now());
		w->checked = watch_now();
	}
	if (w->addresses_due <= now) {
		w->addresses_due = WATCH_NEVER;
		check_addresses(w);
	}
	if (w->retry_due <= now)
		follow(w);
}
