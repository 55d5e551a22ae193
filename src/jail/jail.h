/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jails that run: start, stop, exec, console, and who is up.
 *
 * A start is the array jail_start_steps; each step has its undo, and a
 * failure walks back. What a step did is a line in the jail's facts file,
 * /run/gaol/jails/NAME, so that `stop` undoes what was done and not what the
 * configuration says today, also after a start that was killed half-way, and
 * by a newer gaol. The facts are on a tmpfs: a reboot ends both.
 *
 * The facts file is a journal. Each line is "KEY VALUE\n", written by one
 * write(2); a last line without its newline is the trace of a killed start
 * and is ignored. The first line is "gaol-facts 1". Whoever starts or stops
 * the jail holds an flock on the file meanwhile.
 *
 * What runs inside: gaol-init is PID 1 of a PID, mount, UTS, IPC, cgroup,
 * network and user namespace; the user namespace maps 65536 ids that nobody
 * else has, and the root is an idmapped clone of root_fd, so that files on
 * disk hold plain ids. A seccomp filter and a bounded set of capabilities
 * hold for everything in the jail, and for what exec and console bring in.
 *
 * The module prints nothing. Functions return 0 (or what they say) or a
 * negative errno with a sentence in `err`. They are for one thread: some
 * move the caller through namespaces and back.
 */
#ifndef JAIL_JAIL_H
#define JAIL_JAIL_H

#include <sys/types.h>

#include "base/array.h"
#include "base/err.h"
#include "base/steps.h"

struct net_jail_addrs;

#define JAIL_RUN_DIR "/run/gaol/jails"
#define JAIL_ID_COUNT 65536u

/* The property `localhost`. */
enum jail_localhost {
	JAIL_LOCALHOST_PRIVATE, /* a loopback of the jail's own */
	JAIL_LOCALHOST_JAIL,	/* 127.0.0.1 and ::1 are the jail's first
				   address, as on FreeBSD */
};

/* Limits of the whole jail; 0 is none. One that this kernel cannot enforce
 * makes the start fail. Each is read back after it was set. */
struct jail_limits {
	uint64_t memory;      /* bytes: memoryuse=deny */
	unsigned int pcpu;    /* percent of one CPU, may exceed 100 */
	unsigned int maxproc; /* processes and threads */
};

/* Commands on the host, run by /bin/sh -c; NULL or "" is none. */
struct jail_hooks {
	const char *prestart;  /* before anything is made */
	const char *created;   /* namespaces and network are there */
	const char *poststart; /* exec_start has ended well */
	const char *prestop;   /* may refuse the stop */
	const char *poststop;  /* everything is gone */
};

/*
 * Everything a start needs, with the properties parsed. All is borrowed for
 * the duration of the call. JAIL_SPEC_INIT holds iocage's defaults.
 */
struct jail_spec {
	const char *name;      /* [A-Za-z0-9._-]+ */
	int root_fd;	       /* directory of the jail's root, plain ids */
	int log_fd;	       /* console log, opened to read and append, and */
	int old_log_fd;	       /* .. the one before it, to write; -1: none */
	const char *init_path; /* gaol-init on the host */

	const char *hostname;	/* NULL: the name, underscores as dashes */
	const char *domainname; /* NIS domain; NULL: none */
	const struct net_jail_addrs *addrs; /* NULL: loopback only */
	enum jail_localhost localhost;
	bool allow_raw_sockets; /* the jail's userns owns its network */
	bool allow_mlock;	/* else RLIMIT_MEMLOCK is 0 */
	bool allow_socket_af;	/* any protocol family but vsock */
	struct jail_limits limits;

	/* Inside the jail. A plain command line is run as it is, one with
	 * characters of the shell's by /bin/sh -c. */
	const char *exec_start; /* must end with 0 within exec_timeout */
	const char *exec_stop;
	bool exec_clean;	   /* scrub the environment */
	unsigned int exec_timeout; /* seconds */
	unsigned int stop_timeout; /* seconds from TERM to KILL */
	struct jail_hooks hooks;   /* outside, on the host */

	/* Property `resolver`: NULL or "none": as the host's, "/dev/null":
	 * leave the jail's file alone, "/a/file": copy that file of the
	 * host's, else lines separated by ';'. */
	const char *resolver;
	bool host_time; /* copy /etc/localtime */

	/* Told after each step that was done, and each warning; both may be
	 * NULL. */
	void (*on_step)(void *arg, const struct step *step);
	void (*on_warning)(void *arg, const char *sentence);
	void *arg;
};

#define JAIL_SPEC_INIT                                                       \
	{                                                                    \
		.root_fd = -1, .log_fd = -1, .old_log_fd = -1,               \
		.exec_start = "/bin/sh /etc/rc",                             \
		.exec_stop = "/bin/sh /etc/rc.shutdown", .exec_clean = true, \
		.exec_timeout = 60, .stop_timeout = 30, .host_time = true    \
	}

/* The steps of a start, for --plan and for tests that break each once. */
extern const struct steps jail_start_steps;
/* Those that the jail's first process takes meanwhile (step `inside` waits
 * for them). They have no undo: they end with the process. */
extern const struct steps jail_inside_steps;

/* One line a step that this spec would take, "name<TAB>text". */
void jail_start_plan(const struct jail_spec *spec, struct str *out);

/*
 * Start a jail and wait until exec_start has ended. -EALREADY if it is up,
 * -EBUSY if another command works on it. The remains of a killed start are
 * undone first. On failure nothing is left and the sentence begins with the
 * step; if exec_start failed it names the exit code and the last lines that
 * were logged.
 */
int jail_start(const struct jail_spec *spec, struct err *err);

enum jail_status {
	JAIL_DOWN,    /* no trace of it */
	JAIL_UP,      /* started, and its gaol-init lives */
	JAIL_BUSY,    /* a start or stop is at work on it */
	JAIL_PARTIAL, /* a start or stop was killed: jail_stop undoes it */
	JAIL_DEAD,    /* its gaol-init ended by itself: jail_stop cleans up */
	JAIL_LOST,    /* it lives, but /run lost its facts: jail_recover */
};

/* "up", "down", ... */
const char *jail_status_name(enum jail_status status);

/* A jail as the facts and the kernel have it. */
struct jail_state {
	char *name;
	enum jail_status status;
	pid_t init_pid;	     /* also its JID; 0: none */
	uint64_t init_start; /* clock ticks since boot; with the pid, unique */
	uint32_t id_base;    /* first host id of its 65536; 0: none */
	int64_t started;     /* time(2) of the end of the start; 0: not yet */
	char *hostname;
	char *net; /* net_jail_facts_write's line; "" without addresses */
};

struct jail_states {
	struct jail_state *v;
	size_t n, cap;
};

/* The state of one jail; a jail without facts is JAIL_DOWN, no error. */
int jail_state_read(const char *name, struct jail_state *ret, struct err *err);
void jail_state_clear(struct jail_state *state);

/* A pidfd of its gaol-init, readable when that has ended; -ESRCH if it has. */
int jail_state_pidfd(const struct jail_state *state);

/* All jails that have facts or lost them, in the order of their names. */
int jail_states_read(struct jail_states *ret, struct err *err);
void jail_states_clear(struct jail_states *states);

/* The names of those that run and have no facts (JAIL_LOST). */
int jail_lost_list(struct strv *ret, struct err *err);

/*
 * Write the facts of such a jail anew, from what the kernel has of it. What it
 * does not have (hooks, timeouts, what the jail may do) is taken from `spec`
 * as it is configured now; root_fd, log_fd and init_path are not used. After
 * it the jail is up as any other. -ESRCH if it is not lost.
 */
int jail_recover(const struct jail_spec *spec, struct err *err);

/* What a running jail uses, and may use at most: read from the kernel, its
 * own groups and those above them. 0 is none, or not counted. */
struct jail_usage {
	uint64_t memory;
	uint64_t processes;
	struct jail_limits limits;   /* memory and maxproc */
	struct jail_limits capacity; /* the same of the whole machine */
};

int jail_usage_read(const char *name, struct jail_usage *ret, struct err *err);

/* Change the limits (memory, maxproc) of a running jail until it is stopped;
 * 0 leaves one as it is, and one that it has no group for is left out. */
int jail_limits_set(
    const char *name, const struct jail_limits *limits, struct err *err);

struct findings;

/* What dead jails and killed commands left, as findings: facts, ids, control
 * groups. With `mend` it is undone. Lost jails are jail_recover's. */
void jail_leftovers(bool mend, struct findings *all);

struct jail_stop_opts {
	bool force; /* no hooks, no exec_stop, no TERM: kill */
	void (*on_warning)(void *arg, const char *sentence);
	void *arg;
};

/*
 * Stop a jail, or undo what a killed start left. Runs prestop (whose failure
 * refuses the stop), lets gaol-init run exec_stop, TERM and after
 * stop_timeout KILL, and undoes every step that the facts name. -ESRCH if
 * there is no trace of it, -EBUSY if another command works on it. A step that
 * cannot be undone does not keep the others from it; its facts stay, so that
 * the next stop tries again.
 */
int jail_stop(
    const char *name, const struct jail_stop_opts *opts, struct err *err);

/*
 * Called in the control group of a systemd unit with Delegate=yes: from now on
 * jails get their groups in that one, as long as the unit runs. The caller is
 * moved into a group of its own below it; while it lives, systemd keeps the
 * unit's group. -EPERM if the group is not handed on.
 */
int jail_group_adopt(struct err *err);

struct jail_exec {
	const char *const *argv; /* NULL-terminated; NULL: login shell */
	const char *user;	 /* in the jail's passwd; NULL: root */
	const char *const *env;	 /* "NAME=value", added; may be NULL */
	bool console;		 /* with a pty of the jail's; else only if
				    0, 1 or 2 is a terminal */
};

/*
 * Run a program in a running jail, as all of its own processes are run:
 * user namespace, cgroup, filter and capabilities. Descriptors 0, 1 and 2 are
 * passed on, unless one is a terminal: a terminal of the host never goes into
 * a jail, then a pty made on the jail's devpts is relayed. The environment is
 * a clean one (HOME, USER, LOGNAME, SHELL, PATH, TERM, LANG) and `env`.
 *
 * Returns the program's exit code, 128 + the signal's number, 127 if it is
 * not there, 126 if it cannot be run; a negative errno (and a sentence) only
 * when the jail could not be entered: -ESRCH if it is not up.
 */
int jail_exec(const char *name, const struct jail_exec *exec, struct err *err);

#endif
