/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tune_confirm - a tuning that is put back by itself unless somebody confirms
 * it in time: whoever has lost the host by tuning it cannot type `vlat revert`.
 *
 * A process of its own waits, so that neither the end of the terminal nor that
 * of the holder stops the clock.  What waits stands in one file; whoever
 * renames it first, `vlat confirm` or the clock, has decided.  When the clock
 * is killed the holder puts the tuning back.
 */
#ifndef CMD_TUNE_CONFIRM_H
#define CMD_TUNE_CONFIRM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Before anything is changed: starts the clock (*ret_fd: its pidfd).  -EBUSY while another tuning waits. */
int confirm_arm(uint64_t within_ns, int *ret_fd, struct err *err);
/* For the holder, once the clock has ended: true when it was killed before all was decided and done.  From then on nothing waits.
 */
bool confirm_clock_died(void);
/* Which run it is about; -ETIME when the time is over already. */
int confirm_name(const char *run, struct err *err);
/* There is nothing to put back. */
void confirm_disarm(void);

/* Root sees whether a tuning waits, and which (run "" = still being applied). */
struct confirm_state {
	bool waits;
	char run[16];
};
void confirm_look(struct confirm_state *ret);

/* `vlat confirm`: the run that stays.  -ENOENT when none waits. */
int confirm_accept(char run[16], struct err *err);

#endif
