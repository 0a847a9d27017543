/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hotplug - a tuning that is in force, and CPUs and cards that come to it.
 *
 * The holder of the tuning listens to the kernel; what came is gathered for a
 * moment, the facts are read anew, and the steps of the plan that concern it
 * are made (tune/plan.h, plan_renew).  A card's interrupts are often asked for
 * only when its interface goes up, which no event tells: it is looked at again
 * some seconds later.  Control groups that come are confined like the others,
 * where the tuning rests on that.
 */
#ifndef KEEP_HOTPLUG_H
#define KEEP_HOTPLUG_H

#include <stdbool.h>

#include "base/err.h"
#include "keep/uevent.h"
#include "tune/plan.h"

struct hotplug;

int hotplug_open(struct hotplug **ret, const struct plan *plan, int *ret_fd, struct err *err); /* the plan is applied */
/* The fd is readable, or the time is over; returns in how many ms to be called anyway, -1 = never. */
int hotplug_tick(struct hotplug *h, struct plan *plan, bool readable);
void hotplug_close(struct hotplug *h); /* accepts NULL */

/* Pure, for tests: what an event adds to what came, and whether a setting concerns it. */
struct came {
	struct cpuset cpus; /* that came or went */
	char cards[32][16]; /* PCI addresses */
	unsigned n_cards;
	char groups[16][80]; /* top control groups */
	unsigned n_groups;
	bool any_group; /* more than those, or before anybody looked */
	bool all;       /* events were lost: anything may have come */
};
bool came_note(struct came *c, const struct uevent *e); /* false: of no concern */
void came_note_group(struct came *c, const char *name);
bool came_concerns(const struct came *c, const struct fs *fs, const char *path);

#endif
