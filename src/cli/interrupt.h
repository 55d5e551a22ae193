/* SPDX-License-Identifier: BSD-2-Clause */
/* What ^C does to a start. Private to the program. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

/*
 * Between these two, SIGINT, SIGTERM and SIGHUP do not end the program and
 * leave half a jail: it becomes `gaol interrupted SIGNAL NAME`, which takes
 * away what there is of the jail and exits with 128 + the signal's number.
 * `name` must last until interrupt_disarm.
 */
void interrupt_arm(const char *name);
void interrupt_disarm(void);

#endif
