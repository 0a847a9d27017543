/* SPDX-License-Identifier: Apache-2.0 */
/* plug_watch - CPUs and cards that come to a tuning in force (keep/hotplug.h), as what a holder looks after (run/hold.h). */
#ifndef CMD_PLUG_WATCH_H
#define CMD_PLUG_WATCH_H

#include "keep/hotplug.h"
#include "run/hold.h"

struct plug_watch {
	struct hotplug *hotplug; /* in the holder */
	struct hold_watch watch;
};

/* w must stay where it is for as long as w->watch is used. */
void plug_watch_init(struct plug_watch *w);

#endif
