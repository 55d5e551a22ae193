/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How gaol-init is called, for it and for those who start it.
 *
 *	gaol-init EXEC_TIMEOUT STOP_TIMEOUT NSTART START... STOP...
 *
 * The timeouts are seconds, NSTART is how many of the words that follow are
 * the start command; the rest is the stop command and may be empty. The
 * environment is what the commands get.
 *
 * INIT_CONTROL_FD is a stream socket. When the start command has ended,
 * gaol-init writes its wait status (an int) there. It then waits for one
 * byte: INIT_KEEP says that the jail is up. If the other end closes before
 * that, the starter has died, and the jail ends with it.
 *
 * INIT_LOG_FD takes what the commands and their children print, and what is
 * written to /dev/console, a FIFO of the jail's. They get pipes, and only
 * gaol-init holds the host's files: the log, open for reading and appending,
 * and the older log, INIT_OLD_LOG_FD, into which the log's content goes when
 * it has INIT_LOG_MAX bytes.
 *
 * SIGTERM, SIGINT or SIGPWR stop the jail: the stop command runs for at most
 * EXEC_TIMEOUT, then everything gets TERM, after at most STOP_TIMEOUT KILL, and
 * gaol-init ends.
 */
#ifndef INIT_INIT_H
#define INIT_INIT_H

#define INIT_CONTROL_FD 3
#define INIT_LOG_FD 4
#define INIT_OLD_LOG_FD 5
#define INIT_KEEP 'k'

/* A jail's two logs are no longer than this each, however much it prints and
 * however often it is started: a jail must not fill the host's disk. */
#define INIT_LOG_MAX (8L << 20)

#endif
