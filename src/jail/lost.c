/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jails that run while their facts are gone, because somebody emptied /run.
 * The kernel still has what a stop needs: the control group says the name
 * and the processes, the first of these the ids, the link the addresses.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "jail/internal.h"

/* Is it PID 1 of a PID namespace right below ours? "NSpid:\t4711\t1". */
static bool
is_first(pid_t pid)
{
	char path[48], text[2048], *line;
	int outer, inner, n = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (file_peek(AT_FDCWD, path, text, sizeof(text)) < 0)
		return false;
	line = strstr(text, "\nNSpid:");
	if (line == NULL)
		return false;
	line += strlen("\nNSpid:");
	return sscanf(line, "%d%d%n", &outer, &inner, &n) == 2 && inner == 1 &&
	    line[n] == '\n';
}

/* The first process of a jail by what is in its control group; 0: none. */
static pid_t
find_first(const char *name)
{
	_cleanup_(strv_clear) struct strv pids = { 0 };

	cgroups_processes(name, &pids);
	for (size_t i = 0; i < pids.n; i++) {
		pid_t pid = (pid_t)strtol(pids.v[i], NULL, 10);

		if (pid > 0 && is_first(pid))
			return pid;
	}
	return 0;
}

static bool
has_facts(const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", JAIL_RUN_DIR, name);

	return access(path, F_OK) == 0 || errno != ENOENT;
}

static uint32_t
id_base_of(pid_t pid)
{
	char path[48], text[256];
	unsigned int inside, outside, count;

	(void)snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	if (file_peek(AT_FDCWD, path, text, sizeof(text)) < 0 ||
	    sscanf(text, "%u %u %u", &inside, &outside, &count) != 3 ||
	    inside != 0)
		return 0;
	return outside;
}

/* When it was started, in seconds since 1970. */
static int64_t
started_at(uint64_t start_ticks)
{
	struct timespec up;
	int64_t age;

	(void)clock_gettime(CLOCK_BOOTTIME, &up);
	age = (int64_t)up.tv_sec -
	    (int64_t)start_ticks / (int64_t)sysconf(_SC_CLK_TCK);
	return (int64_t)time(NULL) - age;
}

bool
lost_find(const char *name, struct jail_state *s)
{
	pid_t pid = find_first(name);
	uint64_t start;

	/* A start that came in between has its facts by now. */
	if (pid == 0 || has_facts(name) || proc_start_time(pid, &start) < 0)
		return false;
	s->status = JAIL_LOST;
	s->init_pid = pid;
	s->init_start = start;
	s->id_base = id_base_of(pid);
	s->started = started_at(start);
	s->hostname = xstrdup(name);
	s->net = xstrdup("");
	return true;
}

int
jail_lost_list(struct strv *ret, struct err *err)
{
	_cleanup_(strv_clear) struct strv groups = { 0 };
	int r = cgroups_names(&groups, err);

	for (size_t i = 0; r == 0 && i < groups.n; i++)
		if (!has_facts(groups.v[i]) && find_first(groups.v[i]) > 0 &&
		    !has_facts(groups.v[i]))
			strv_add(ret, groups.v[i]);
	return r;
}

/* ---- writing them anew ---- */

static int
add_hostname(struct facts *f, pid_t pid, struct err *err)
{
	_cleanup_close_ int there = -1;
	_cleanup_close_ int back =
	    open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
	char path[48], hostname[256] = "";

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/uts", (int)pid);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (back < 0 || there < 0 || setns(there, CLONE_NEWUTS) < 0)
		return err_errno(err, "cannot read the jail's host name");
	(void)gethostname(hostname, sizeof(hostname) - 1);
	if (setns(back, CLONE_NEWUTS) < 0)
		BUG("cannot return to the host's name");
	/* Root in the jail may have called it what he liked. */
	hostname[strcspn(hostname, "\n")] = '\0';
	return facts_add(f, "hostname", err, "%s", hostname);
}

static int
add_net(struct facts *f, struct err *err)
{
	_cleanup_(str_clear) struct str line = STR_INIT;
	struct net_jail_facts net = { 0 };
	int r = net_jail_recover(f->name, &net, err);

	if (r == 0) {
		net_jail_facts_write(&net, &line);
		r = facts_add(f, "net", err, "%s", line.buf);
	}
	net_jail_facts_clear(&net);
	return r;
}

static int
add_ids(struct facts *f, uint32_t base, struct err *err)
{
	int r = ids_adopt(f->name, base, err);

	return r < 0 ? r : facts_add(f, "ids", err, "%u", base);
}

static int
add_settings(struct facts *f, const struct jail_spec *spec, struct err *err)
{
	const struct confine confine = {
		.allow_raw_sockets = spec->allow_raw_sockets,
		.allow_mlock = spec->allow_mlock,
		.allow_socket_af = spec->allow_socket_af,
	};
	char word[8];
	int r;

	confine_write(&confine, word);
	r = facts_add(f, "confine", err, "%s", word);
	if (r == 0)
		r = facts_add(f, "timeouts", err, "%u %u", spec->exec_timeout,
		    spec->stop_timeout);
	if (r == 0 && command_given(spec->hooks.prestop))
		r = facts_add(f, "prestop", err, "%s", spec->hooks.prestop);
	if (r == 0 && command_given(spec->hooks.poststop))
		r = facts_add(f, "poststop", err, "%s", spec->hooks.poststop);
	return r;
}

/* `init` early: whoever stops what is half written kills the jail by it. */
static int
write_facts(struct facts *f, const struct jail_spec *spec,
    const struct jail_state *s, struct err *err)
{
	int r = facts_add(f, "init", err, "%d %llu", (int)s->init_pid,
	    (unsigned long long)s->init_start);

	if (r == 0)
		r = add_hostname(f, s->init_pid, err);
	if (r == 0)
		r = add_settings(f, spec, err);
	if (r == 0 && s->id_base != 0)
		r = add_ids(f, s->id_base, err);
	if (r == 0)
		r = cgroups_adopt(f, err);
	if (r == 0)
		r = add_net(f, err);
	return r < 0 ? r
		     : facts_add(f, "up", err, "%lld", (long long)s->started);
}

int
jail_recover(const struct jail_spec *spec, struct err *err)
{
	_cleanup_(facts_clear) struct facts f = FACTS_INIT;
	_cleanup_(jail_state_clear) struct jail_state s = { 0 };
	int r;

	if (!lost_find(spec->name, &s))
		return err_set(err, ESRCH,
		    "jail '%s' does not run without facts", spec->name);
	r = facts_create(spec->name, &f, err);
	if (r < 0)
		return r;
	r = write_facts(&f, spec, &s, err);
	if (r < 0)
		(void)facts_remove(&f, NULL);
	return r;
}
