/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gaol audit: the host's side. Private to the program.
 *
 * A clone of the jail is made and started, with the program of probes
 * (audit/audit.h) in its root and as its exec_start. Around it stand things
 * of the host's that no jail may reach, the canaries: a file, a process,
 * sockets, shared memory, a queue, a key. Each probe is run in the clone by
 * jail_exec; what it needs of the host it asks for (audit-answers.c). The
 * traps (audit-traps.c) are the other way round: what a hostile jail could
 * have prepared for the host's own commands.
 *
 * A process of its own, the cleaner, waits for the end of the audit and
 * takes everything away, however that came about.
 */
#ifndef CLI_AUDIT_H
#define CLI_AUDIT_H

#include "cli/life.h"

#define AUDIT_PROGRAM "/.gaol-audit" /* in the clone's root */

enum audit_result {
	AUDIT_HELD,
	AUDIT_OPEN,
	AUDIT_ABSENT, /* not testable here */
	AUDIT_NOT_RUN,
};

struct audit_verdict {
	enum audit_result result;
	char why[256];
};

/* One line of the table. */
struct audit_row {
	char *name, *tries, *guard;
	struct audit_verdict verdict;
};

struct audit_rows {
	struct audit_row *v;
	size_t n, cap;
};

/* Sockets of the host's that probes send to; -1: none. */
struct audit_sockets {
	int udp4, udp6;	  /* bound to any address, the same port */
	int udp_loopback; /* to 127.0.0.1 */
	int tcp, abstract;
	unsigned int udp_port, loopback_port, tcp_port;
};

struct audit {
	struct cli *c;
	const char *of; /* the jail */
	char *name;	/* the clone */
	char *dir;	/* the canaries' files */
	char *helper;	/* the program, on the host */
	char word[33];	/* in every canary */
	int cleaner_fd; /* its end is the cleaner's sign */
	pid_t cleaner;

	struct cli_jail jail; /* the clone, locked */
	struct cli_spec spec;
	char ip4[96], ip6[96];	   /* its addresses, as ip4_addr has them */
	char host4[64], host6[64]; /* the host's there; "" */
	char foreign4[64], foreign6[64];

	pid_t canary;
	int canary_fd; /* a byte for each SIGUSR1 that it got */
	struct audit_sockets sockets;
	struct jail_limits loosen; /* what was tightened for a probe */
	unsigned int patience;	   /* seconds that a trap may take */
	struct strv params;	   /* KEY=VALUE for the program */
};

/* ---- the clone (audit-clone.c) ---- */

/* Make the cleaner, the clone and its spec, not started yet. */
int audit_clone_make(struct audit *a, struct err *err);
/* Fork a process that may start the clone. A signal that ends the audit ends it
 * first, and the cleaner waits for it: it keeps cleaner_fd open. */
pid_t audit_fork_trap(void);
void audit_wait_trap(pid_t pid);
/* Take everything away, and forget it. On failure the sentence says what is
 * left; the first error counts. */
int audit_clone_end(struct audit *a, struct err *err);
/* The root of the clone, for files that the host lays there. */
int audit_root_open(struct audit *a, struct err *err);
int audit_start(struct audit *a, struct err *err);
void audit_stop(struct audit *a);

/* ---- canaries (audit-canary.c) ---- */

int audit_canaries_make(struct audit *a, struct err *err);
/* Those that outlive a process, by the clone's name: for the cleaner. */
void audit_canaries_remove(const char *name);
/* The files, anew. */
int audit_files_make(struct audit *a, struct err *err);
/* Are the files as they were made? */
bool audit_files_whole(const struct audit *a, char why[256]);

/* ---- answers (audit-answers.c) ---- */

/* What a probe asks; the answer is one line, without its newline. */
void audit_answer(struct audit *a, char *question, char answer[256]);

/* ---- probes and traps ---- */

/* The rows of the program's probes, not run yet. */
int audit_list(struct audit *a, struct audit_rows *rows, struct err *err);
void audit_rows_clear(struct audit_rows *rows);
/* Run one in the clone, which is up. */
int audit_probe(struct audit *a, struct audit_row *row, struct err *err);

struct audit_trap {
	const char *name, *tries, *guard;
	/* Lay it, spring it, judge; the clone is down before and after. */
	void (*run)(struct audit *a, const struct audit_trap *t,
	    struct audit_verdict *ret);
	/* For those that lay a link in the clone's root: where, and the name
	 * of the canary that it leads to, or an absolute path. */
	const char *path, *to;
};

extern const struct audit_trap audit_traps[]; /* ends with a NULL name */
/* Use the clone once without any: it must run, and a trap may take some times
 * as long. Before the first trap. */
int audit_trial(struct audit *a, struct err *err);
/* In a process of its own, since it may hang or die. */
void audit_trap_run(
    struct audit *a, const struct audit_trap *t, struct audit_verdict *ret);

#endif
