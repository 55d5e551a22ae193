/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why does this not get through? A question about one packet, walked through
 * pf's engine and the machine around it, and the answer as data: each step
 * with the line of pf.conf that decides it, the rules that matched and were
 * overruled, those that nearly matched, and what would have to change to get
 * the other verdict. Pure, like the rest of pf.
 *
 *	r = pf_question_parse(text, jail, &machine, &q, err);
 *	r = pf_explain(&input, &q, &answer, err);
 *	... answer->verdict, answer->steps; look further, on a real host:
 *	pf_explanation_fail(answer, PF_EX_FOREIGN, "...", "...");
 *	pf_explanation_text(answer, &out);	or pf_explanation_json
 *	pf_explanation_free(answer);
 *
 * Every change that an answer proposes was tried: put into the rules, loaded
 * into the engine, and the packet walked again, with the other outcome.
 */
#ifndef PF_EXPLAIN_H
#define PF_EXPLAIN_H

#include "pf/machine.h"

/* ---- the question ---- */

struct pf_question {
	struct pf_packet packet;
	bool any_sport;	      /* its source port was chosen here */
	const char *ifname;   /* comes in here from outside; NULL: by route */
	const char *jail;     /* sends it; NULL: none of them */
	bool from_here;	      /* the machine sends it: the host or a jail */
	const char *dst_name; /* as it was asked for, if by a name */
	struct arena arena;
};

/*
 * Read a question. Words may stand in one string or come split:
 *
 *	[inet|inet6] [tcp|udp|icmp|ping|PROTO] [from] [SRC[:PORT]]
 *	    to|-> DST[:PORT] [on IF] [flags F/F]
 *
 * SRC and DST are addresses, names of jails, or host names (asked of the
 * machine's env); [ADDR]:PORT with IPv6; "port N" stands for ":N"; ports also
 * by service name. No SRC is the host itself, or the jail `jail` if that is
 * not NULL. -EINVAL with a sentence for everything that makes no sense.
 */
int pf_question_parse(const char *text, const char *jail,
    const struct pf_machine *m, struct pf_question *ret, struct err *err);
void pf_question_clear(struct pf_question *q);

/* ---- the answer ---- */

/* Where it ends. The first is "it gets through". */
enum pf_ex_end {
	PF_EX_PASSES,
	PF_EX_BLOCKED,	   /* pf drops it */
	PF_EX_NO_ANSWER,   /* it arrives, but pf drops the answer */
	PF_EX_NO_ROUTE,	   /* nowhere to send it */
	PF_EX_NOT_SENT_ON, /* forwarding is off */
	PF_EX_NOBODY,	   /* no one has the address it is for */
	PF_EX_JAIL_DOWN,   /* one has, and it is down */
	PF_EX_NO_LISTENER, /* it arrives, and nobody listens */
	PF_EX_TO_ITSELF,   /* a jail, by rdr, to itself: the answer is lost */
	PF_EX_GUARD,	   /* a jail with a source that is not its own */
	PF_EX_FOREIGN,	   /* another program's rules drop it */
	PF_EX_RP_FILTER,   /* the kernel takes it for spoofed */
	PF_EX_OTHER,
};

/* "passes", "blocked", ...: as JSON has them. */
const char *pf_ex_end_name(enum pf_ex_end e);

enum pf_ex_kind {
	PF_EX_COMES,	 /* heading: a look of pf begins: "in on em0" */
	PF_EX_SKIP,	 /* set skip: nothing is asked */
	PF_EX_SCRUB,	 /* normalised by a rule */
	PF_EX_STATE,	 /* a state knows it, or does not fit it */
	PF_EX_TRANSLATE, /* nat, rdr, binat, or a "no" of these */
	PF_EX_FILTER,	 /* the rule that decides */
	PF_EX_MADE,	 /* a state is made */
	PF_EX_SENT,	 /* pf itself sends an RST or ICMP */
	PF_EX_REACHES,	 /* heading: where it arrives, or leaves */
	PF_EX_ANSWER,	 /* heading: what becomes of the answer */
	PF_EX_HOST,	 /* what the kernel and others do to it */
};

/* A rule, as it was written and as it was read. */
struct pf_ex_rule {
	const char *file;
	uint32_t line;	  /* 0: there is none */
	const char *text; /* the statement as written, on one line */
	const char *rule; /* the expanded rule */
	const char *note; /* why it does not count, or NULL */
};

struct pf_ex_rules {
	struct pf_ex_rule *v;
	size_t n, cap;
};

struct pf_ex_step {
	enum pf_ex_kind kind;
	uint8_t dir;		/* of a heading: PF_IN, PF_OUT, 0 */
	const char *ifname;	/* of a heading, or NULL */
	bool bad;		/* here it ends */
	const char *text;	/* a sentence, no full stop; may be NULL */
	struct pf_ex_rule rule; /* that decides; line 0: none */
	struct pf_ex_rules overruled; /* matched as well, and did not count */
	struct pf_ex_rules near;      /* would have helped, but for `note` */
};

enum pf_ex_how { PF_EX_BEFORE, PF_EX_AT_END, PF_EX_INSTEAD, PF_EX_DO };

/* One edit of a file, or (PF_EX_DO) a command or a sentence. */
struct pf_ex_edit {
	enum pf_ex_how how;
	const char *file;
	uint32_t line;
	const char *text;
};

/* Edits that together give the other verdict. */
struct pf_ex_change {
	const char *why;
	bool tried; /* in the engine; else it is the host's matter */
	struct {
		struct pf_ex_edit *v;
		size_t n, cap;
	} edits;
};

struct pf_explanation {
	const char *question; /* "tcp 203.0.113.9:40000 -> 192.168.178.40:22" */
	enum pf_ex_end end;
	const char *summary; /* a sentence, no full stop */
	struct {
		struct pf_ex_step *v;
		size_t n, cap;
	} steps;
	struct {
		struct pf_ex_change *v;
		size_t n, cap;
	} changes;
	struct strv notes; /* what was assumed */

	/* The packet where it arrives, or as it leaves the machine. */
	struct pf_packet arrives;
	bool has_arrived;  /* end is PASSES, or it got that far */
	bool inside;	   /* stays where it was made: a jail to itself */
	bool leaves;	   /* on `out_if`; else it stays in the machine */
	const char *in_if; /* came in on; NULL: made here */
	const char *out_if;
	const char *from_jail, *to_jail; /* or NULL */
	struct arena arena;
};

struct pf_ex_input {
	const struct pf_ruleset *rules; /* not optimised: as written */
	const struct pf_machine *machine;
	/* Gives the files' content, for lines as written. */
	const struct pf_env *env;
	const char *file; /* the main one; NULL: the first rule's */
	/* The tables as they are now, if that is not what the rules say. */
	const struct pf_ruleset *tables;
	/* A state knows the packet: a sentence on it, else NULL. The rules
	 * are not asked then. */
	const char *known;
};

/*
 * Answer. 0, or -EINVAL with a sentence if it cannot be told (the interface
 * is unknown, say). What is not known of the machine is not held against the
 * packet, and is in `notes`.
 */
int pf_explain(const struct pf_ex_input *in, const struct pf_question *q,
    struct pf_explanation **ret, struct err *err);
void pf_explanation_free(struct pf_explanation *ex);
void pf_explanation_freep(struct pf_explanation **ex);

/* For whoever knows more than pf: a step that ends it (text), with what to do
 * about it (cure, lines; may be NULL). Strings are copied. */
void pf_explanation_fail(struct pf_explanation *ex, enum pf_ex_end end,
    const char *text, const char *cure);
/* A step that says something and ends nothing. */
void pf_explanation_add(struct pf_explanation *ex, const char *text);

/* For people, about 80 columns; and for programs: schema "gaol.explain",
 * docs/explain.md. */
void pf_explanation_text(const struct pf_explanation *ex, struct str *out);
void pf_explanation_json(const struct pf_explanation *ex, struct str *out);

#endif
