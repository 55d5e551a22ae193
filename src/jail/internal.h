/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the jail module share. The public face is jail.h.
 *
 * A struct jail is one jail being started or stopped: on a start `spec` is
 * set and the facts grow; on a stop `spec` is NULL and the facts were read.
 * Undo functions therefore use facts only, and find nothing to do when their
 * fact is missing.
 */
#ifndef JAIL_INTERNAL_H
#define JAIL_INTERNAL_H

#include <linux/filter.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/util.h"
#include "jail/facts.h"
#include "jail/jail.h"
#include "net/net.h"

struct jail;

/* ---- control groups (linux-cgroup.c, linux-cgroup-limits.c) ---- */

#define CGROUPS_MAX 4

struct cgroup {
	char *path;
	int tasks_fd; /* v1: open for the child to write "0" to; -1 on v2 */
};

/* The groups of one jail: one in the v2 hierarchy if it is mounted, and in
 * a v1 hierarchy for each limit that v2 has no controller for. */
struct cgroups {
	struct cgroup v[CGROUPS_MAX];
	size_t n;
	int v2_fd; /* for CLONE_INTO_CGROUP, bpf and the like; -1: none */
};

#define CGROUPS_INIT        \
	{                   \
		.v2_fd = -1 \
	}

/*
 * Make the groups, set the limits and read them back. Every group is a fact
 * "cgroup INODE PATH" before anything else happens in it. Where no limit is
 * set, the host's share holds; if the kernel cannot hold it, `unheld` says so.
 */
int cgroups_make(struct cgroups *c, struct facts *facts,
    const struct jail_limits *limits, struct err *unheld, struct err *err);
/* Open the groups that the facts name, for a process to be brought in. */
int cgroups_open(struct cgroups *c, const struct facts *facts, struct err *err);
/* In a new process, still alone in its thread group: enter the v1 groups.
 * (Moving another process would wait for the kernel's RCU.) */
int cgroups_enter_v1(const struct cgroups *c, struct err *err);
/* Remove the groups that the facts name; their processes are dead. */
int cgroups_remove(const struct facts *facts, struct err *err);
void cgroups_clear(struct cgroups *c);

/* For jails whose facts are lost: the names of the groups that there are, the
 * processes of one jail's, and its groups as facts. */
int cgroups_names(struct strv *ret, struct err *err);
void cgroups_processes(const char *name, struct strv *ret);
bool cgroups_exist(const char *name);
int cgroups_adopt(struct facts *facts, struct err *err);
/* Remove the groups of that name, which have no processes. */
int cgroups_remove_empty(const char *name, struct err *err);
/* Where the v2 hierarchy is mounted; -ENOTSUP if nowhere. */
int cgroup_v2_mount(char **ret, struct err *err);

/* The group of our own below which jails have theirs. */
#define CGROUP_PARENT "gaol"
/* Where systemd puts gaol.service. */
#define CGROUP_UNIT "/system.slice/gaol.service"
/* The directory that holds the jails' v2 groups now: gaol.service's (then
 * *ret_service), or CGROUP_PARENT below the mount point. (linux-home.c) */
char *cgroup_home(const char *mount, bool *ret_service);

/* ---- the host's share (linux-share.c) ---- */

/* What the machine has of memory and processes; 0: not known. */
void share_capacity(struct jail_limits *ret);
/* What one jail may take at most, and all together. */
void share_read(struct jail_limits *ret_one, struct jail_limits *ret_all);

/* Where memory is short, what is in jails dies before what is the host's; a
 * jail cannot take this off. */
#define JAIL_OOM_SCORE "200"
void share_oom(pid_t pid);

/* ---- ids (ids.c) ---- */

/* Claim 65536 host ids that /etc/subuid, /etc/subgid and other jails do not
 * have. */
int ids_claim(const char *name, uint32_t *ret_base, struct err *err);
/* Give the claim back; base 0: it is not known, look at all. */
int ids_release(const char *name, uint32_t base, struct err *err);
/* Claim the ids that a jail has already. */
int ids_adopt(const char *name, uint32_t base, struct err *err);

/* Claims for jails that have no facts. */
struct ids_claims {
	struct {
		uint32_t base;
		char *owner;
	} * v;
	size_t n, cap;
};
int ids_stale(struct ids_claims *ret, struct err *err);
void ids_claims_clear(struct ids_claims *claims);
/* Pure: does subuid(5) text give ids of this range to somebody else, and does
 * it have a line of ours? */
bool ids_text_overlaps(const char *subid_text, uint32_t base);
bool ids_text_own(
    const char *subid_text, uint32_t *ret_base, uint32_t *ret_count);

/* ---- namespaces (linux-ns.c) ---- */

/* fork with namespaces: as clone3(2). Returns the pid, 0 in the child, or a
 * negative errno. ret_pidfd may be NULL; cgroup_fd -1: none. `flags` may hold
 * CLONE_PARENT. */
pid_t ns_fork(uint64_t flags, int cgroup_fd, int *ret_pidfd);
/* The same as the user `uid`, with our rights: a new user namespace is his,
 * and what the kernel counts in it (inotify instances, pending signals) is
 * counted against him and not against root. */
pid_t ns_fork_as(uint32_t uid, uint64_t flags, int cgroup_fd, int *ret_pidfd);
/* Is this the process that had the start time? Then a pidfd of it, else
 * -ESRCH. */
int ns_pidfd(pid_t pid, uint64_t start_time);
/* Wait until the process has ended: 1, or 0 when ms have passed (-1: never).
 */
int ns_wait(int pidfd, int ms);
/* The map of a new user namespace: 0..65535 to base. */
int ns_write_maps(pid_t pid, uint32_t base, struct err *err);
/* Run in the network namespace of fd: go there, and come back. */
int ns_net_enter(int fd, int *ret_back, struct err *err);
void ns_net_leave(int back);

/* ---- mounts of the host's (linux-mount.c) ---- */

/* A detached, idmapped clone of the jail's root, nosuid and nodev taken off.
 */
int mount_root_tree(int root_fd, int userns_fd, struct err *err);
/* A detached read-only sysfs of the network namespace that the caller is in.
 */
int mount_sysfs(struct err *err);

/* ---- confinement (linux-seccomp.c, linux-caps.c) ---- */

struct confine {
	bool allow_raw_sockets, allow_mlock, allow_socket_af;
};

#define SECCOMP_MAX 512 /* instructions */

/* Write the filter; returns the number of instructions. Pure. */
size_t seccomp_build(
    const struct confine *c, struct sock_filter filter[SECCOMP_MAX]);
/* Bounding set, keyring, resource limits, filter: everything that holds from
 * the next exec on. The caller still has all capabilities over its user
 * namespace. */
int confine_self(const struct confine *c, struct err *err);
/* As a word for the facts, and back. */
void confine_write(const struct confine *c, char buf[8]);
void confine_read(const char *word, struct confine *ret);

/* ---- localhost=jail (linux-localhost.c) ---- */

/* Attach the programs that turn the loopback's addresses into the jail's
 * first ones to its cgroup. They end with the cgroup. */
int localhost_attach(
    int cgroup_fd, const struct net_jail_addrs *addrs, struct err *err);

/* ---- jails without facts (lost.c) ---- */

/* Does a jail of that name run without facts? Then `s` is filled, its name
 * excepted. */
bool lost_find(const char *name, struct jail_state *s);

/* ---- files in the jail's root (files.c) ---- */

/* resolv.conf, the hosts file, localtime: rewritten only where they differ. */
int files_write(
    const struct jail_spec *spec, const char *hostname, struct err *err);

/* ---- hooks (hooks.c) ---- */

/* Run a hook on the host, if there is one. */
int hook_run(const struct jail *j, const char *what, const char *command,
    unsigned int timeout, struct err *err);

/* ---- commands (command.c) ---- */

/* The words of a command line: those between blanks, or, if it holds any
 * character that the shell would look at, "/bin/sh -c LINE". Pure. */
void command_split(const char *line, struct strv *ret);
/* Is there a command at all? NULL, "", "none" and iocage's default,
 * /usr/bin/true, are none. */
bool command_given(const char *line);
/* The clean environment for a user of the jail. */
void command_environment(
    const char *user, const char *home, const char *shell, struct strv *ret);

/* ---- users of the jail's (passwd.c), terminals (linux-pty.c) ---- */

struct jail_user {
	char *name, *home, *shell;
	unsigned int uid, gid;
	struct {
		unsigned int *v;
		size_t n, cap;
	} groups; /* with gid */
};

/* By name or number, from the /etc/passwd that the caller sees as "/". */
int user_find(const char *wanted, struct jail_user *ret, struct err *err);
void user_clear(struct jail_user *u);

/* A new pty of the devpts that the caller sees in /dev/pts. */
int pty_open(int *ret_master, int *ret_slave, struct err *err);
/* Relay between the descriptors and the master until the process of pidfd
 * has ended; in may be -1. A terminal on `in` is raw meanwhile. */
void pty_relay(int master, int in, int out, int pidfd);

/* ---- one jail at work (start.c, stop.c) ---- */

struct jail {
	const char *name;
	const struct jail_spec *spec; /* NULL: a stop */
	struct facts facts;
	char *hostname;
	struct confine confine;
	struct cgroups cgroups;
	uint32_t id_base;
	int netns_fd;
	int init_exe_fd;
	pid_t init_pid;
	int init_pidfd;
	int control;	 /* our end of gaol-init's control socket */
	off_t log_start; /* where this start's log begins */
	struct net_jail_facts net;
	bool undo_failed; /* the facts must stay */
};

void jail_init(struct jail *j, const char *name, const struct jail_spec *spec);
void jail_clear(struct jail *j);
/* exec_timeout and stop_timeout as they were at the start. */
void recall_timeouts(
    const struct jail *j, unsigned int *ret_exec, unsigned int *ret_stop);
/* Kill what runs in the jail and wait for it. */
int jail_kill(struct jail *j, struct err *err);

/* ---- the jail's first process (linux-inside.c) ---- */

/* What it and its parent say to each other on the control socket before it
 * becomes gaol-init. */
enum inside_word {
	INSIDE_GO = 'g',     /* parent: ids are mapped; the root's tree and
				a sysfs come along */
	INSIDE_READY = 'r',  /* child: set up */
	INSIDE_FAILED = 'f', /* child: err says why */
	INSIDE_EXEC = 'x',   /* parent: become gaol-init */
};

/* The child of step `init`: takes its steps, waits for the word and becomes
 * gaol-init. */
_noreturn_ void inside_main(struct jail *j, int control);

/* One packet between us and a child, with up to four descriptors. */
struct message {
	char word;
	int value;
	struct err err;
};

int message_send(int fd, const struct message *m, const int *fds, size_t n);
/* Returns the number of descriptors, -EPIPE at the end. */
int message_receive(int fd, struct message *m, int *fds, size_t max);
/* Close all descriptors but these (-1s are ignored; fds is sorted by it): a
 * child must not keep the locks of its parent's. */
void close_all_but(int *fds, size_t n);

#endif
