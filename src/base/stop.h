/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stop - Ctrl-C as a value: SIGINT, SIGTERM and SIGHUP set a flag and wake a
 * fd; every long wait in vlat polls stop_fd() and returns -EINTR, and the way
 * back up cleans.  A second SIGINT changes nothing: the clean-up is bounded.
 */
#ifndef BASE_STOP_H
#define BASE_STOP_H

#include <stdbool.h>
#include <stdint.h>

int stop_install(void);         /* signal handlers; negative errno */
int stop_renew(void);           /* after fork(): a flag and a fd that are not the parent's too */
bool stop_wanted(void);
int stop_signal(void);          /* which signal, 0 = none */
int stop_fd(void);              /* readable for ever once stop is wanted; -1 when not installed */
int stop_sleep(uint64_t ns);    /* 0, or -EINTR at once when stop is wanted */

#endif
