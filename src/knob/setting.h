/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting - one target of a knob (a CPU, an interrupt, a task, a file): what is,
 * what is wanted, and what became of it.
 *
 * What a machine does not have is not listed or SETTING_ABSENT, what it refuses
 * is SETTING_BLOCKED with the reason; neither is an error.
 */
#ifndef KNOB_SETTING_H
#define KNOB_SETTING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/value.h"

enum setting_state {
	SETTING_TODO,
	SETTING_SAME,           /* is as wanted already */
	SETTING_ABSENT,         /* not applicable: this machine does not have it */
	SETTING_BLOCKED,        /* refused: lockdown, read-only, missing capability */
	SETTING_DONE,
	SETTING_FAILED,         /* written, but the kernel made something else of it: put back */
	SETTING_CHANGED,        /* done, and somebody changed it since */
	SETTING_UNSEEN,         /* audit: cannot be read from here; the reason tells what would help */
};

enum setting_kind {
	SETTING_VALUE,          /* path: write after */
	SETTING_TASK,           /* tid: affinity */
	SETTING_POLICY,         /* tid: scheduling policy, "POLICY PRIORITY" in numbers */
	SETTING_GROUP,          /* path: make this control group; after: lines "FILE VALUE" to write in it */
	SETTING_MOVE,           /* path: move all tasks that are in the group `before` there */
	SETTING_MOUNT,          /* path: mount the filesystem `after` there; the knob is listed again then */
	SETTING_HOLD,           /* path: keep a descriptor open that holds the 32-bit number after */
	SETTING_SPIN,           /* path: keep this CPU from going idle, by a task under SCHED_IDLE that ends with vlat */
	SETTING_NIC,            /* path: the PCI device of a network card, called whose; before, after: "ring rx=512" */
	SETTING_GIVEN,          /* nothing to do on the host: the placement or the namespace carries it */
};

struct setting {
	enum setting_kind kind;
	enum setting_state state;
	enum value_form form;
	char target[96];        /* for people: "cpu1", "irq 36 (virtio1-req.0)", "task 45 (kswapd0)" */
	char *path;             /* relative to the fs root */
	char *before, *after;   /* before as read, without the last newline */
	char *guard;            /* path that must exist for it to mean the same thing; of a card its address; NULL = none */
	const char *follower;   /* a number that the kernel works out anew when path is written; NULL = none */
	pid_t tid;              /* with start: an identity */
	uint64_t start;
	char reason[200];       /* of ABSENT, BLOCKED, FAILED, CHANGED */
	const char *cure;       /* audit: of this target; NULL = the knob's */
	char *whose;            /* what @name stands for in it; NULL = nothing */
};

struct settings {
	struct setting *at;
	size_t n, cap;
};

struct setting *settings_add(struct settings *s, enum setting_kind kind, const char *path);
void settings_free(struct settings *s);
const char *setting_state_name(enum setting_state s);
const char *setting_kind_name(enum setting_kind k);

#endif
