/* SPDX-License-Identifier: Apache-2.0 */
/* internal - the plan as the files of this room see it. */
#ifndef TUNE_INTERNAL_H
#define TUNE_INTERNAL_H

#include "base/vec.h"
#include "knob/knob.h"
#include "tune/plan.h"
#include "tune/rival.h"

struct step {
	const struct knob *knob;
	struct settings settings;
};

struct plan {
	struct fs fs;                           /* the root's descriptor is borrowed */
	const struct host_facts *facts;         /* borrowed */
	struct cpu_split split;
	struct knob_options options;            /* its lists are borrowed or from leave_alone */
	char **leave_alone;                     /* owned: from the environment */
	VEC(struct step) steps;
	size_t left_out;                        /* knobs that lower security and were not asked for */
	struct journal *journal;                /* NULL = not applied */
	size_t here;                            /* where plan_revert() goes back to */
	bool grouped, plain_groups;
	bool may_reset;                         /* plan_may_reset() */
	int lease;                              /* held while applied on the running machine; -1 */
	int mounter;                            /* of a confined process: journal/mounter.h; -1 = it mounts by itself */
	VEC(int) held;                          /* descriptors of SETTING_HOLD */
	VEC(pid_t) spinners;                    /* of SETTING_SPIN */
	VEC(struct rival) rivals;               /* to be stopped first */
};

/* rival.c: each journalled, then stopped and masked. */
int rivals_stop(struct plan *p, struct err *err);

/* lease.c: waits up to a minute for another vlat; -EBUSY, -EINTR. */
int lease_take(int *ret_fd, struct err *err);

/*
 * spin.c: a child that spins on a CPU under SCHED_IDLE, in a control group ("" =
 * where we are).  Negative errno.  It dies with the thread that started it.
 */
int spin_start(unsigned cpu, const char *group, pid_t *ret);
void spin_stop(pid_t pid);
bool spin_alive(pid_t pid);
void plan_release(struct plan *p);              /* what lives only as long as the plan is applied */

struct knob_ctx plan_ctx(const struct plan *p, bool applying);
int step_list(const struct plan *p, struct step *s, bool applying, struct err *err);
const struct step *plan_step(const struct plan *p, const char *id);        /* NULL = not part of the plan */
bool step_has_kind(const struct step *s, enum setting_kind kind);

/* What must be on disk before setting_do(); nothing for settings that are not TODO. */
int setting_intent(const struct plan *p, const struct setting *s, struct err *err);
/* Do one TODO setting; its state and reason tell how it went. Negative only for an error of the journal. */
int setting_do(struct plan *p, struct setting *s, struct err *err);
/* Is a DONE setting still so?  Sets CHANGED and the reason when not. */
bool setting_check(const struct plan *p, struct setting *s);

/* nic.c */
void nic_know(const struct plan *p, struct step *s); /* which card each setting was listed for: another may come into its slot */
int nic_intent(const struct plan *p, const struct setting *s, struct err *err);
/* A card that came and carries the login by now is not reset under it: blocked, with the reason, unless the plan may. */
int nic_spare(const struct plan *p, struct step *s, struct err *err);
int nic_do(struct plan *p, struct setting *s, struct err *err);
bool nic_holds(const struct plan *p, struct setting *s);

/* Tasks of a group that shall move: all but kernel threads, left-alone ones, foreign real-time ones. */
int move_intents(const struct plan *p, const struct setting *s, struct err *err);
int move_tasks(const struct plan *p, struct setting *s);

/* Settings of one step that look the same to a person: shown as one line, "15 interrupts: 0-1 -> 0". */
struct shown {
	const struct setting *first;
	size_t n;
	char target[128];
};
typedef VEC(struct shown) shown_vec;
void step_shown(const struct step *s, shown_vec *out);

#endif
