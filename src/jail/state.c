/* SPDX-License-Identifier: BSD-2-Clause */
/* Which jails there are, and whether they live. */
#include <dirent.h>
#include <errno.h>

#include "base/array.h"
#include "jail/internal.h"

const char *
jail_status_name(enum jail_status status)
{
	static const char *const names[] = {
		[JAIL_DOWN] = "down",
		[JAIL_UP] = "up",
		[JAIL_BUSY] = "busy",
		[JAIL_PARTIAL] = "partial",
		[JAIL_DEAD] = "dead",
		[JAIL_LOST] = "lost",
	};

	return names[status];
}

void
jail_state_clear(struct jail_state *state)
{
	free(state->name);
	free(state->hostname);
	free(state->net);
	*state = (struct jail_state){ 0 };
}

/* One that ended but was not reaped yet has ended. */
static bool
lives(const struct jail_state *s)
{
	_cleanup_close_ int fd = -1;

	if (s->init_pid <= 0)
		return false;
	fd = ns_pidfd(s->init_pid, s->init_start);
	return fd >= 0 && !ns_wait(fd, 0);
}

static enum jail_status
judge(const struct facts *f, const struct jail_state *s, bool busy)
{
	if (busy)
		return JAIL_BUSY;
	if (facts_get(f, "up") == NULL || facts_get(f, "stopping") != NULL)
		return JAIL_PARTIAL;
	return lives(s) ? JAIL_UP : JAIL_DEAD;
}

static char *
copy_fact(const struct facts *f, const char *key, const char *missing)
{
	const char *value = facts_get(f, key);

	return xstrdup(value != NULL ? value : missing);
}

static void
fill(const struct facts *f, bool busy, struct jail_state *s)
{
	const char *init = facts_get(f, "init"), *ids = facts_get(f, "ids");
	const char *up = facts_get(f, "up");
	unsigned long long start;
	int pid;

	if (init != NULL && sscanf(init, "%d %llu", &pid, &start) == 2) {
		s->init_pid = pid;
		s->init_start = start;
	}
	if (ids != NULL)
		s->id_base = (uint32_t)strtoul(ids, NULL, 10);
	if (up != NULL)
		s->started = strtoll(up, NULL, 10);
	s->hostname = copy_fact(f, "hostname", f->name);
	s->net = copy_fact(f, "net", "");
	s->status = judge(f, s, busy);
}

int
jail_state_read(const char *name, struct jail_state *ret, struct err *err)
{
	_cleanup_(facts_clear) struct facts f = FACTS_INIT;
	struct jail_state s = { .status = JAIL_DOWN };
	bool busy;
	int r = facts_peek(name, &f, &busy, err);

	if (r < 0 && r != -ENOENT)
		return r;
	if (r == -ENOENT)
		err_clear(err);
	s.name = xstrdup(name);
	if (r == 0)
		fill(&f, busy, &s);
	else
		(void)lost_find(name, &s);
	*ret = s;
	return 0;
}

int
jail_state_pidfd(const struct jail_state *state)
{
	if (state->init_pid <= 0)
		return -ESRCH;
	return ns_pidfd(state->init_pid, state->init_start);
}

static int
by_name(const void *a, const void *b)
{
	const struct jail_state *x = a, *y = b;

	return strcmp(x->name, y->name);
}

void
jail_states_clear(struct jail_states *states)
{
	for (size_t i = 0; i < states->n; i++)
		jail_state_clear(&states->v[i]);
	array_clear(states);
}

static int
add_state(struct jail_states *states, const char *name, struct err *err)
{
	struct jail_state s = { 0 };
	int r = jail_state_read(name, &s, err);

	if (r < 0)
		return r;
	if (s.status == JAIL_DOWN) /* stopped while we looked */
		jail_state_clear(&s);
	else
		*array_add(states) = s;
	return 0;
}

static int
add_lost(struct jail_states *states, struct err *err)
{
	_cleanup_(strv_clear) struct strv lost = { 0 };
	int r = jail_lost_list(&lost, err);

	for (size_t i = 0; r == 0 && i < lost.n; i++)
		r = add_state(states, lost.v[i], err);
	return r;
}

int
jail_states_read(struct jail_states *ret, struct err *err)
{
	_cleanup_(jail_states_clear) struct jail_states states = { 0 };
	_cleanup_closedir_ DIR *d = opendir(JAIL_RUN_DIR);
	struct dirent *e;
	int r = 0;

	if (d == NULL && errno != ENOENT)
		return err_errno(err, "cannot open %s", JAIL_RUN_DIR);
	while (r == 0 && d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			r = add_state(&states, e->d_name, err);
	if (r == 0)
		r = add_lost(&states, err);
	if (r < 0)
		return r;
	if (states.n > 0)
		qsort(states.v, states.n, sizeof(*states.v), by_name);
	*ret = states;
	states = (struct jail_states){ 0 };
	return 0;
}
