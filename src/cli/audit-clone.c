/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol audit: the throw-away clone, and the process that takes it away. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "cli/audit.h"
#include "store/store.h"

#define NOTES "throw-away clone of gaol audit"

/* ---- the cleaner ---- */

/* Somebody who was killed may hold the jail for a moment more. */
static int
stop_whatever(const char *name, struct err *err)
{
	const struct timespec moment = { .tv_nsec = 20000000 };
	const struct jail_stop_opts opts = { .force = true };
	int r = 0;

	for (int i = 0; i < 500; i++) {
		err_clear(err);
		r = jail_stop(name, &opts, err);
		if (r != -EBUSY)
			break;
		(void)nanosleep(&moment, NULL);
	}
	if (r == -ESRCH) {
		err_clear(err);
		return 0;
	}
	return r;
}

static int
clean(struct cli *c, const char *name, struct err *err)
{
	_cleanup_free_ char *path = store_jail_path(c->pool, name);
	int r = stop_whatever(name, err);

	audit_canaries_remove(name);
	if (r == 0 && access(path, F_OK) == 0)
		r = store_jail_destroy(c->pool, name, err);
	if (r == 0)
		r = store_tidy(c->pool, err);
	for (int old = 0; old <= 1; old++) {
		_cleanup_free_ char *log =
		    xasprintf("log/%s-console.log%s", name, old ? ".0" : "");

		(void)unlinkat(c->pool->ioc_fd, log, 0);
	}
	return r < 0 ? err_wrap(err, r, "the audit's clone '%s' stays", name)
		     : 0;
}

_noreturn_ static void
cleaner_main(struct cli *c, const char *name, int fd)
{
	struct err err = { 0 };
	char byte;
	int r;

	/* ^C is for the audit; we go on. */
	(void)setsid();
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	while (read(fd, &byte, 1) < 0 && errno == EINTR)
		;
	r = clean(c, name, &err);
	if (r < 0)
		cli_error(c, &err);
	_exit(r < 0 ? 1 : 0);
}

/* Handlers have no other way to know. */
static struct {
	pid_t pid, cleaner, trap;
} ours;

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

static void
on_signal(int number)
{
	/* With all that is open goes the lock of a start that was at work, and
	 * its processes end. The cleaner waits for that, and for a trap, which
	 * may be starting the clone itself. */
	if (getpid() == ours.pid) {
		if (ours.trap > 0)
			(void)kill(ours.trap, SIGKILL);
		(void)close_range(STDERR_FILENO + 1, ~0U, 0);
		(void)waitpid(ours.cleaner, NULL, 0);
	}
	_exit(128 + number);
}

static int
start_cleaner(struct audit *a, struct err *err)
{
	struct sigaction sa = { .sa_handler = on_signal };
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "cannot make a pipe");
	a->cleaner = fork();
	if (a->cleaner < 0)
		return err_errno(err, "cannot fork");
	if (a->cleaner == 0) {
		(void)close(fds[1]);
		cleaner_main(a->c, a->name, fds[0]);
	}
	(void)close(fds[0]);
	a->cleaner_fd = fds[1];
	ours.pid = getpid();
	ours.cleaner = a->cleaner;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		(void)sigaction(signals[i], &sa, NULL);
	return 0;
}

pid_t
audit_fork_trap(void)
{
	sigset_t set, old;
	pid_t pid;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&set, signals[i]);
	(void)sigprocmask(SIG_BLOCK, &set, &old);
	pid = fork();
	if (pid > 0)
		ours.trap = pid;
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

void
audit_wait_trap(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	ours.trap = 0;
}

/* ---- the clone ---- */

/* The host's address in whose network this one lies. */
static const struct net_ifaddr *
network_of(const struct net_view *view, const struct net_addr *addr)
{
	for (size_t i = 0; i < view->n; i++)
		for (size_t k = 0; k < view->v[i].n; k++) {
			const struct net_ifaddr *f = &view->v[i].v[k];

			if (f->jail == NULL &&
			    f->addr.plen < net_addr_bits(addr) &&
			    net_addr_within(&f->addr, addr))
				return f;
		}
	return NULL;
}

static bool
is_free(const char *name, const struct net_jail_addr *addr)
{
	struct net_jail_addr copy = *addr;
	const struct net_jail_addrs one = { &copy, 1, 1 };

	return net_jail_check(name, &one, NULL) == 0;
}

/* A free one of its network, from the last downwards, but not `taken`. */
static bool
take_free(const char *name, const struct net_ifaddr *network,
    const struct net_jail_addr *model, const char *taken, char ret[64])
{
	struct net_jail_addr at = *model;
	struct net_addr first, last;
	uint64_t count;
	uint8_t *low = &at.addr.b[model->addr.family == AF_INET ? 3 : 15];

	net_addr_hosts(&network->addr, &first, &last, &count);
	at.addr = last;
	at.addr.plen = (uint8_t)net_addr_bits(&last);
	for (int tries = 0; tries < 200 && *low > 0; tries++, (*low)--) {
		(void)net_addr_format(&at.addr, false, ret);
		if (!streq(ret, taken) && is_free(name, &at))
			return true;
	}
	return false;
}

/* Addresses of one family: the clone's, a foreign one, the host's. */
static int
choose_addresses(struct audit *a, const struct net_view *view,
    const struct net_jail_addrs *addrs, bool v6, struct err *err)
{
	char *mine = v6 ? a->ip6 : a->ip4, text[64];
	char *foreign = v6 ? a->foreign6 : a->foreign4;
	const struct net_ifaddr *network;

	for (size_t i = 0; i < addrs->n; i++) {
		const struct net_jail_addr *model = &addrs->v[i];

		if ((model->addr.family == AF_INET6) != v6)
			continue;
		network = network_of(view, &model->addr);
		if (network == NULL ||
		    !take_free(a->name, network, model, "", text) ||
		    !take_free(a->name, network, model, text, foreign))
			return err_set(err, EADDRNOTAVAIL,
			    "the clone needs two free addresses in the network "
			    "of the jail's %s, and there are none (is the "
			    "network up? gaol net up)",
			    v6 ? "ip6_addr" : "ip4_addr");
		(void)snprintf(mine, sizeof(a->ip4), "%s%s%s", model->ifname,
		    model->ifname[0] ? "|" : "", text);
		(void)net_addr_format(
		    &network->addr, false, v6 ? a->host6 : a->host4);
		return 0;
	}
	return 0;
}

static int
choose_network(struct audit *a, const struct cli_jail *of, struct err *err)
{
	_cleanup_(net_view_clear) struct net_view view = { 0 };
	_cleanup_(net_jail_addrs_clear) struct net_jail_addrs addrs = { 0 };
	int r = net_jail_addrs_parse(cli_jail_get(of, "ip4_addr"),
	    cli_jail_get(of, "ip6_addr"), &addrs, err);

	if (r == 0)
		r = net_view_read(&view, err);
	if (r == 0)
		r = choose_addresses(a, &view, &addrs, false, err);
	if (r == 0)
		r = choose_addresses(a, &view, &addrs, true, err);
	return r;
}

/* The jail's properties, but for what makes it itself; hooks are programs of
 * the host's, made for the jail and not for its clone. */
static int
write_config(struct audit *a, struct cli_jail *of, int fd, struct err *err)
{
	static const char *const gone[] = { "exec_prestart", "exec_created",
		"exec_poststart", "exec_prestop", "exec_poststop", "boot",
		"depends", "host_hostname", "exec_stop" };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(gone); i++)
		conf_put(of->conf, gone[i], conf_prop_find(gone[i])->def);
	conf_put(of->conf, "host_hostuuid", a->name);
	conf_put(of->conf, "notes", NOTES);
	conf_put(of->conf, "exec_start", AUDIT_PROGRAM " start");
	conf_put(of->conf, "exec_stop", "/usr/bin/true");
	conf_put(of->conf, "stop_timeout", "1");
	conf_put(of->conf, "ip4_addr", a->ip4[0] ? a->ip4 : "none");
	conf_put(of->conf, "ip6_addr", a->ip6[0] ? a->ip6 : "none");
	r = conf_write(fd, CONF_FILE, of->conf, err);
	return r < 0 ? r : file_replace(fd, "fstab", "", 0, 0644, err);
}

static int
make_clone(struct audit *a, struct cli_jail *of, struct err *err)
{
	_cleanup_(store_new_freep) struct store_new *new = NULL;
	int r = choose_network(a, of, err);

	if (r == 0)
		r = store_jail_begin_clone(
		    a->c->pool, a->name, a->of, &new, err);
	if (r == 0)
		r = write_config(a, of, new->fd, err);
	if (r == 0)
		r = store_jail_commit(new, err);
	return r;
}

/* One that a killed audit could not take away; never a jail of somebody's. */
static int
remove_leftover(struct audit *a, struct err *err)
{
	struct cli_jail jail;
	_cleanup_free_ char *path = store_jail_path(a->c->pool, a->name);
	int r;

	if (access(path, F_OK) < 0)
		return 0;
	r = cli_jail_open_any(a->c, a->name, true, &jail, err);
	if (r < 0)
		return r;
	if (jail.corrupt || !streq(cli_jail_get(&jail, "notes"), NOTES))
		r = err_set(err, EEXIST,
		    "there is a jail '%s', whose name the clone would have",
		    a->name);
	cli_jail_clear(&jail);
	return r < 0 ? r : clean(a->c, a->name, err);
}

/* The program of probes, and a device node as a release could bring it. */
static int
fill_root(struct audit *a, struct err *err)
{
	_cleanup_(str_clear) struct str program = STR_INIT;
	_cleanup_close_ int root = audit_root_open(a, err);
	int r = root < 0
	    ? root
	    : file_read(AT_FDCWD, a->helper, 4 << 20, &program, err);

	if (r < 0)
		return r;
	(void)unlinkat(root, AUDIT_PROGRAM + 1, 0);
	r = file_replace(
	    root, AUDIT_PROGRAM + 1, program.buf, program.len, 0755, err);
	if (r == 0 &&
	    mknodat(root, AUDIT_PROGRAM ".dev" + 1, S_IFCHR | 0666,
		makedev(1, 5)) < 0)
		return err_errno(err, "cannot make a device node in the clone");
	return r;
}

int
audit_root_open(struct audit *a, struct err *err)
{
	_cleanup_close_ int path = -1;
	int fd, r = store_jail_root_open(a->c->pool, a->name, &path, err);

	if (r < 0)
		return r;
	fd = openat(path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_errno(err, "cannot open the clone's root") : fd;
}

int
audit_clone_make(struct audit *a, struct err *err)
{
	struct cli_jail of;
	int r = remove_leftover(a, err);

	if (r == 0)
		r = start_cleaner(a, err);
	if (r < 0)
		return r;
	r = cli_jail_open(a->c, a->of, false, &of, err);
	if (r < 0)
		return r;
	r = make_clone(a, &of, err);
	cli_jail_clear(&of);
	if (r == 0)
		r = cli_jail_open(a->c, a->name, true, &a->jail, err);
	if (r == 0)
		r = fill_root(a, err);
	if (r == 0)
		r = cli_spec_make(a->c, &a->jail, &a->spec, err);
	return r;
}

int
audit_start(struct audit *a, struct err *err)
{
	a->spec.spec.on_step = NULL;
	a->spec.spec.on_warning = NULL;
	return jail_start(&a->spec.spec, err);
}

void
audit_stop(struct audit *a)
{
	struct err err = { 0 };

	if (stop_whatever(a->name, &err) < 0)
		cli_error(a->c, &err);
}

int
audit_clone_end(struct audit *a, struct err *err)
{
	int status = 0;

	cli_spec_clear(&a->spec);
	cli_jail_clear(&a->jail);
	closep(&a->cleaner_fd);
	if (a->cleaner <= 0)
		return 0;
	while (waitpid(a->cleaner, &status, 0) < 0 && errno == EINTR)
		;
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGHUP, SIG_DFL);
	/* It has said why itself. */
	return status == 0 ? 0
			   : err_set(err, EIO, "the clone was not taken away");
}
