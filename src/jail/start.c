/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The start of a jail as an array of steps, each with its undo.
 *
 * The parent (we) and the jail's first process work side by side: while that
 * one mounts, we make the network. Nothing here waits for the kernel's RCU:
 * the process is cloned into its v2 group, enters v1 groups by itself, and
 * network devices end with their namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/guard.h"
#include "base/proc.h"
#include "base/str.h"
#include "init/init.h"
#include "jail/internal.h"

void
jail_init(struct jail *j, const char *name, const struct jail_spec *spec)
{
	*j = (struct jail){
		.name = name,
		.spec = spec,
		.facts = FACTS_INIT,
		.cgroups = CGROUPS_INIT,
		.netns_fd = -1,
		.init_exe_fd = -1,
		.init_pidfd = -1,
		.control = -1,
	};
}

void
jail_clear(struct jail *j)
{
	net_jail_facts_clear(&j->net);
	cgroups_clear(&j->cgroups);
	facts_clear(&j->facts);
	free(j->hostname);
	closep(&j->netns_fd);
	closep(&j->init_exe_fd);
	closep(&j->init_pidfd);
	closep(&j->control);
}

/* An undo that failed keeps the facts, for the next try. */
static int
undone(struct jail *j, int r)
{
	if (r < 0)
		j->undo_failed = true;
	return r;
}

/* ---- claim ---- */

/* What a stop needs to know, which has no configuration. */
static int
write_first_facts(struct jail *j, struct err *err)
{
	const struct jail_spec *s = j->spec;
	char word[8];
	int r;

	confine_write(&j->confine, word);
	r = facts_add(&j->facts, "hostname", err, "%s", j->hostname);
	if (r == 0)
		r = facts_add(&j->facts, "confine", err, "%s", word);
	if (r == 0)
		r = facts_add(&j->facts, "timeouts", err, "%u %u",
		    s->exec_timeout, s->stop_timeout);
	if (r == 0 && command_given(s->hooks.prestop))
		r = facts_add(
		    &j->facts, "prestop", err, "%s", s->hooks.prestop);
	return r;
}

static int
claim_run(void *ctx, struct err *err)
{
	struct jail *j = ctx;
	int r = facts_create(j->name, &j->facts, err);

	if (r < 0)
		return r;
	r = write_first_facts(j, err);
	if (r < 0)
		(void)facts_remove(&j->facts, NULL);
	return r;
}

static int
claim_undo(void *ctx, struct err *err)
{
	struct jail *j = ctx;

	if (j->undo_failed)
		return facts_add(&j->facts, "undo-failed", err, "%lld",
		    (long long)time(NULL));
	return facts_remove(&j->facts, err);
}

/* ---- prestart ---- */

static bool
prestart_wanted(const void *ctx)
{
	const struct jail *j = ctx;

	return j->spec == NULL || command_given(j->spec->hooks.prestart) ||
	    command_given(j->spec->hooks.poststop);
}

static int
prestart_run(void *ctx, struct err *err)
{
	struct jail *j = ctx;
	const struct jail_hooks *h = &j->spec->hooks;
	int r = hook_run(
	    j, "exec_prestart", h->prestart, j->spec->exec_timeout, err);

	if (r == 0 && command_given(h->poststop))
		r = facts_add(&j->facts, "poststop", err, "%s", h->poststop);
	return r;
}

/* A poststop that fails is told, but must not leave the jail half there. */
static int
prestart_undo(void *ctx, struct err *err)
{
	struct jail *j = ctx;
	const char *poststop = facts_get(&j->facts, "poststop");
	unsigned int exec, stop;

	if (poststop == NULL || facts_get(&j->facts, "no-hooks") != NULL)
		return 0;
	recall_timeouts(j, &exec, &stop);
	return hook_run(j, "exec_poststop", poststop, exec, err);
}

/* ---- files, ids, cgroup ---- */

static int
files_run(void *ctx, struct err *err)
{
	struct jail *j = ctx;

	return files_write(j->spec, j->hostname, err);
}

static int
ids_run(void *ctx, struct err *err)
{
	struct jail *j = ctx;
	int r = ids_claim(j->name, &j->id_base, err);

	if (r < 0)
		return r;
	r = facts_add(&j->facts, "ids", err, "%u", j->id_base);
	if (r < 0)
		(void)ids_release(j->name, j->id_base, NULL);
	return r;
}

static int
ids_undo(void *ctx, struct err *err)
{
	struct jail *j = ctx;
	const char *base = facts_get(&j->facts, "ids");

	return undone(j,
	    ids_release(j->name,
		base != NULL ? (uint32_t)strtoul(base, NULL, 10) : 0, err));
}

static int
cgroup_undo(void *ctx, struct err *err)
{
	struct jail *j = ctx;

	return undone(j, cgroups_remove(&j->facts, err));
}

static int
cgroup_run(void *ctx, struct err *err)
{
	struct jail *j = ctx;
	struct err unheld = { 0 };
	int r = cgroups_make(
	    &j->cgroups, &j->facts, &j->spec->limits, &unheld, err);

	if (r == 0 && unheld.code != 0 && j->spec->on_warning != NULL)
		j->spec->on_warning(j->spec->arg, unheld.msg);
	if (r == 0 && j->spec->localhost == JAIL_LOCALHOST_JAIL)
		r = localhost_attach(j->cgroups.v2_fd, j->spec->addrs, err);
	if (r < 0)
		(void)cgroup_undo(j, NULL);
	return r;
}

/* ---- netns, init ---- */

/* The host's user namespace owns the network namespace, so that jail root can
 * change nothing in it. Raw sockets need the jail's own to own it: then it is
 * born with the jail's first process. */
static bool
netns_wanted(const void *ctx)
{
	const struct jail *j = ctx;

	return j->spec != NULL && !j->spec->allow_raw_sockets;
}

static int
netns_run(void *ctx, struct err *err)
{
	struct jail *j = ctx;

	return net_ns_new(&j->netns_fd, err);
}

static int
open_of(pid_t pid, const char *ns, int *ret, struct err *err)
{
	char path[48];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, ns);
	*ret = open(path, O_RDONLY | O_CLOEXEC);
	return *ret < 0 ? err_errno(err, "cannot open %s", path) : 0;
}

/* Clone the first process; with netns_fd it is born there. */
static int
clone_first(struct jail *j, int control, struct err *err)
{
	uint64_t flags =
	    CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC;
	int back = -1, r;

	if (!guard_off("userns"))
		flags |= CLONE_NEWUSER;
	if (j->netns_fd < 0) {
		flags |= CLONE_NEWNET;
	} else {
		r = ns_net_enter(j->netns_fd, &back, err);
		if (r < 0)
			return r;
	}
	j->init_pid = ns_fork_as(guard_off("owner") ? 0 : j->id_base, flags,
	    j->cgroups.v2_fd, &j->init_pidfd);
	if (j->init_pid == 0)
		inside_main(j, control);
	if (back >= 0)
		ns_net_leave(back);
	if (j->init_pid < 0) {
		r = j->init_pid;
		j->init_pid = 0;
		return err_code(err, r, "cannot make the jail's namespaces");
	}
	return 0;
}

/* Its name for good, before it may go on. */
static int
write_init_fact(struct jail *j, struct err *err)
{
	uint64_t start;

	if (proc_start_time(j->init_pid, &start) < 0)
		return err_set(err, ESRCH, "the jail's first process died");
	return facts_add(&j->facts, "init", err, "%d %llu", (int)j->init_pid,
	    (unsigned long long)start);
}

static int
make_sysfs(struct jail *j, struct err *err)
{
	int back, fd, r = ns_net_enter(j->netns_fd, &back, err);

	if (r < 0)
		return r;
	fd = mount_sysfs(err);
	ns_net_leave(back);
	return fd;
}

static int
tell_first(struct jail *j, char word, const int *fds, size_t n, struct err *err)
{
	struct message m = { .word = word };

	if (message_send(j->control, &m, fds, n) < 0)
		return err_errno(err, "the jail's first process died");
	return 0;
}

/* Give it its ids, its root and its sysfs. */
static int
equip_first(struct jail *j, struct err *err)
{
	_cleanup_close_ int userns = -1, root = -1, sysfs = -1;
	int r = 0;

	if (!guard_off("userns"))
		r = ns_write_maps(j->init_pid, j->id_base, err);
	if (r == 0 && !guard_off("userns"))
		r = open_of(j->init_pid, "user", &userns, err);
	if (r == 0 && j->netns_fd < 0)
		r = open_of(j->init_pid, "net", &j->netns_fd, err);
	if (r < 0)
		return r;
	if (!guard_off("oom"))
		share_oom(j->init_pid);
	root = mount_root_tree(j->spec->root_fd, userns, err);
	if (root < 0)
		return root;
	sysfs = make_sysfs(j, err);
	if (sysfs < 0)
		return sysfs;
	return tell_first(j, INSIDE_GO, (int[]){ root, sysfs }, 2, err);
}

int
jail_kill(struct jail *j, struct err *err)
{
	if (j->init_pidfd < 0)
		return 0;
	closep(&j->control);
	(void)syscall(SYS_pidfd_send_signal, j->init_pidfd, SIGKILL, NULL, 0);
	/* Its end is the end of every process in its PID namespace. */
	if (!ns_wait(j->init_pidfd, 60000))
		return err_set(err, ETIMEDOUT,
		    "the processes of jail '%s' do not die: one is stuck in "
		    "the kernel",
		    j->name);
	/* Ours to reap if we started it. */
	(void)waitpid(j->init_pid, NULL, WNOHANG);
	closep(&j->init_pidfd);
	return 0;
}

static int
kill_undo(void *ctx, struct err *err)
{
	struct jail *j = ctx;

	return undone(j, jail_kill(j, err));
}

static int
init_run(void *ctx, struct err *err)
{
	struct jail *j = ctx;
	_cleanup_close_ int theirs = -1;
	int sv[2], r;

	j->init_exe_fd = open(j->spec->init_path, O_PATH | O_CLOEXEC);
	if (j->init_exe_fd < 0)
		return err_errno(err, "cannot open %s", j->spec->init_path);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return err_errno(err, "cannot make a socket pair");
	j->control = sv[0];
	theirs = sv[1];
	r = clone_first(j, theirs, err);
	if (r == 0)
		r = write_init_fact(j, err);
	if (r == 0)
		r = equip_first(j, err);
	if (r < 0)
		(void)jail_kill(j, NULL);
	return r;
}

/* ---- network ---- */

static int
network_made(void *arg, const struct net_jail_facts *facts, struct err *err)
{
	_cleanup_(str_clear) struct str line = STR_INIT;
	struct jail *j = arg;

	net_jail_facts_write(facts, &line);
	return facts_add(&j->facts, "net", err, "%s", line.buf);
}

static int
network_run(void *ctx, struct err *err)
{
	static const struct net_jail_addrs none = { 0 };
	struct jail *j = ctx;
	struct net_jail_spec spec = {
		.name = j->name,
		.addrs = j->spec->addrs != NULL ? j->spec->addrs : &none,
		.netns_fd = j->netns_fd,
		.made = network_made,
		.arg = j,
	};

	return net_jail_up(&spec, &j->net, err);
}

static int
network_undo(void *ctx, struct err *err)
{
	struct jail *j = ctx;
	const char *line = facts_get(&j->facts, "net");
	struct net_jail_facts net = { 0 };
	int r;

	if (line == NULL)
		return 0;
	r = net_jail_facts_read(line, &net, err);
	if (r == 0)
		r = net_jail_down(&net, err);
	net_jail_facts_clear(&net);
	return undone(j, r);
}

/* ---- inside, created, services ---- */

static int
inside_run(void *ctx, struct err *err)
{
	struct jail *j = ctx;
	struct message m;
	int r = message_receive(j->control, &m, NULL, 0);

	if (r >= 0 && m.word == INSIDE_READY)
		return 0;
	if (r >= 0 && m.word == INSIDE_FAILED)
		return err_set(err, m.err.code, "%s", m.err.msg);
	return err_set(err, EIO, "the jail's first process died");
}

static bool
created_wanted(const void *ctx)
{
	const struct jail *j = ctx;

	return j->spec != NULL && command_given(j->spec->hooks.created);
}

static int
created_run(void *ctx, struct err *err)
{
	struct jail *j = ctx;

	return hook_run(j, "exec_created", j->spec->hooks.created,
	    j->spec->exec_timeout, err);
}

/* The last lines that this start has logged, made harmless. */
static void
log_tail(const struct jail *j, struct str *out)
{
	char path[32], buf[601];
	_cleanup_close_ int fd = -1;
	off_t start = j->log_start, end;
	char *p = buf;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", j->spec->log_fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (j->spec->log_fd < 0 || fd < 0)
		return;
	end = lseek(fd, 0, SEEK_END);
	if (end < start) /* it was full, and begins anew */
		start = 0;
	if (end - start > 600)
		n = pread(fd, buf, 600, end - 600);
	else
		n = pread(fd, buf, 600, start);
	while (n > 0 && buf[n - 1] == '\n')
		n--;
	if (n <= 0)
		return;
	buf[n] = '\0';
	if (end - start > 600 && strchr(buf, '\n') != NULL)
		p = strchr(buf, '\n') + 1;
	for (char *c = p; *c != '\0'; c++)
		if (*c == '\n')
			*c = '|';
	str_add(out, "; it printed: ");
	if (guard_off("visible"))
		str_add(out, p);
	else
		str_add_visible(out, p);
}

static int
judge_exec_start(const struct jail *j, int status, struct err *err)
{
	_cleanup_(str_clear) struct str tail = STR_INIT;

	if (status < 0)
		return err_code(
		    err, status, "cannot run %s", j->spec->init_path);
	if (status == 0)
		return 0;
	log_tail(j, &tail);
	if (WIFSIGNALED(status))
		return err_set(err, EIO,
		    "exec_start '%s' was killed by signal %d%s",
		    j->spec->exec_start, WTERMSIG(status), tail.buf);
	return err_set(err, EIO, "exec_start '%s' failed with exit code %d%s",
	    j->spec->exec_start, WEXITSTATUS(status), tail.buf);
}

static int
services_run(void *ctx, struct err *err)
{
	struct jail *j = ctx;
	unsigned int limit = j->spec->exec_timeout;
	int status, r;

	if (j->spec->log_fd >= 0)
		j->log_start = MAX(lseek(j->spec->log_fd, 0, SEEK_END), 0);
	r = tell_first(j, INSIDE_EXEC, NULL, 0, err);
	if (r < 0)
		return r;
	if (!ns_wait(j->control, limit > 0 ? (int)limit * 1000 : -1))
		return err_set(err, ETIMEDOUT,
		    "exec_start '%s' did not end within %u seconds "
		    "(exec_timeout)",
		    j->spec->exec_start, limit);
	if (read(j->control, &status, sizeof(status)) != sizeof(status))
		return err_set(err, EIO, "gaol-init died");
	r = judge_exec_start(j, status, err);
	if (r < 0)
		return r;
	/* Up for everybody, so that exec_poststart can use exec. Killed from
	 * here on, it dies with us and shows as dead. */
	return facts_add(&j->facts, "up", err, "%lld", (long long)time(NULL));
}

/* ---- poststart, up ---- */

static bool
poststart_wanted(const void *ctx)
{
	const struct jail *j = ctx;

	return j->spec != NULL && command_given(j->spec->hooks.poststart);
}

static int
poststart_run(void *ctx, struct err *err)
{
	struct jail *j = ctx;

	return hook_run(j, "exec_poststart", j->spec->hooks.poststart,
	    j->spec->exec_timeout, err);
}

/* From here on it lives without us. */
static int
up_run(void *ctx, struct err *err)
{
	struct jail *j = ctx;
	char word = INIT_KEEP;

	if (send(j->control, &word, 1, MSG_NOSIGNAL) != 1)
		return err_set(err, EIO, "gaol-init died");
	return 0;
}

static const struct step start_steps[] = {
	{ "claim", "claim the jail's name", claim_run, claim_undo, NULL },
	{ "prestart", "run exec_prestart", prestart_run, prestart_undo,
	    prestart_wanted },
	{ "files", "write resolv.conf, hosts and localtime", files_run, NULL,
	    NULL },
	{ "ids", "claim a range of user ids", ids_run, ids_undo, NULL },
	{ "cgroup", "make the control groups and set the limits", cgroup_run,
	    cgroup_undo, NULL },
	{ "netns", "make the network namespace", netns_run, NULL,
	    netns_wanted },
	{ "init", "make the other namespaces and the idmapped root", init_run,
	    kill_undo, NULL },
	{ "network", "connect the network", network_run, network_undo, NULL },
	{ "inside", "set the jail up from inside", inside_run, NULL, NULL },
	{ "created", "run exec_created", created_run, NULL, created_wanted },
	/* Its undo kills, so that the network is undone without processes. */
	{ "services", "run exec_start", services_run, kill_undo, NULL },
	{ "poststart", "run exec_poststart", poststart_run, NULL,
	    poststart_wanted },
	{ "up", "let it run", up_run, NULL, NULL },
};

static int
step_done(void *ctx, const struct step *step, bool is_undone, struct err *err)
{
	struct jail *j = ctx;

	(void)err;
	if (!is_undone && j->spec != NULL && j->spec->on_step != NULL)
		j->spec->on_step(j->spec->arg, step);
	return 0;
}

const struct steps jail_start_steps = { "start", start_steps,
	ARRAY_SIZE(start_steps), step_done };

void
jail_start_plan(const struct jail_spec *spec, struct str *out)
{
	struct jail j;

	jail_init(&j, spec->name, spec);
	steps_plan(&jail_start_steps, &j, out);
	jail_clear(&j);
}

/* The state, when nobody works on the jail; -EBUSY if somebody does for longer
 * than the child of a killed start lives on. */
static int
idle_state(const char *name, struct jail_state *ret, struct err *err)
{
	const struct timespec moment = { .tv_nsec = 2000000 };
	int r;

	for (int i = 0; i < 100; i++) {
		r = jail_state_read(name, ret, err);
		if (r < 0 || ret->status != JAIL_BUSY)
			return r;
		jail_state_clear(ret);
		(void)nanosleep(&moment, NULL);
	}
	return err_set(
	    err, EBUSY, "another command is working on jail '%s'", name);
}

/* The remains of a killed start, or of a jail that died by itself, are undone
 * first; a jail that is up is not touched. */
static int
clear_the_way(const char *name, struct err *err)
{
	_cleanup_(jail_state_clear) struct jail_state state = { 0 };
	int r = idle_state(name, &state, err);

	if (r < 0)
		return r;
	switch (state.status) {
	case JAIL_DOWN:
		return 0;
	case JAIL_UP:
		return err_set(
		    err, EALREADY, "jail '%s' is running already", name);
	case JAIL_LOST:
		return err_set(err, EALREADY,
		    "jail '%s' is running already; what /run/gaol had of it "
		    "was lost",
		    name);
	case JAIL_BUSY:
	case JAIL_PARTIAL:
	case JAIL_DEAD:
		break;
	}
	r = jail_stop(name, NULL, err);
	return r < 0 && r != -ESRCH
	    ? err_wrap(err, r, "undoing an earlier start")
	    : 0;
}

static void
warn_network(const struct jail_spec *spec)
{
	const char *warning;

	if (spec->on_warning == NULL || spec->addrs == NULL)
		return;
	warning = net_jail_warning(spec->addrs);
	if (warning != NULL)
		spec->on_warning(spec->arg, warning);
}

/* The default host name is the name, with what a host name may not hold. */
static char *
default_hostname(const char *name)
{
	char *h = xstrdup(name);

	for (char *p = h; *p != '\0'; p++)
		if (*p == '_')
			*p = '-';
	return h;
}

int
jail_start(const struct jail_spec *spec, struct err *err)
{
	_cleanup_(jail_clear) struct jail j;
	int r;

	jail_init(&j, spec->name, spec);
	j.hostname = spec->hostname != NULL ? xstrdup(spec->hostname)
					    : default_hostname(spec->name);
	j.confine = (struct confine){
		.allow_raw_sockets = spec->allow_raw_sockets,
		.allow_mlock = spec->allow_mlock,
		.allow_socket_af = spec->allow_socket_af,
	};
	r = facts_check_name(spec->name, err);
	if (r == 0)
		r = clear_the_way(spec->name, err);
	if (r == 0 && !command_given(spec->exec_start))
		r = err_set(err, EINVAL, "jail '%s' has no exec_start: set one",
		    spec->name);
	if (r == 0)
		r = steps_run(&jail_start_steps, &j, err);
	if (r < 0)
		return r;
	warn_network(spec);
	return 0;
}
