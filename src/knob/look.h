/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look - what the audit's side of this room shares: things several knobs read,
 * read once, and the few ways in which a check says what it found.
 */
#ifndef KNOB_LOOK_H
#define KNOB_LOOK_H

#include "host/task.h"
#include "knob/containers.h"
#include "knob/knob.h"
#include "knob/qemu.h"

struct look {
	const struct machine_facts *machine;
	struct task_facts tasks;
	struct qemus qemus;
	struct containers containers;
	bool have_tasks, have_qemus, have_containers;
	char **read_only; /* mount points that cannot be written, relative to the root; owned */
	size_t n_read_only;
	pid_t only_pid;             /* 0, or the one QEMU process that is asked about */
	const char *only_container; /* NULL, or a name or the beginning of an id */
	bool names;                 /* containers' names may be asked for, see containers_name() */
	bool thorough;              /* asked for by name: what takes long is looked at too */
	bool asked_boot;            /* look_boot() was called, for the knob that is looked at */
};

void look_open(struct look *l, const struct fs *fs, const struct machine_facts *machine);
void look_close(struct look *l);

/* Borrowed, read on first use; empty when they cannot be read. */
const struct task_facts *look_tasks(const struct knob_ctx *c);
const struct qemus *look_qemus(const struct knob_ctx *c);
const struct containers *look_containers(const struct knob_ctx *c);

/* What the role wants, "@house" and "@iso" written out; "" and false when it wants nothing. */
bool look_want(const struct knob *k, const struct knob_ctx *c, enum value_form form, char *buf, size_t cap);
bool look_resolve(const struct knob_ctx *c, const char *want, enum value_form form, char *buf, size_t cap);

/* `now` of a target held against what the role wants of k. */
struct setting *look_value(const struct knob *k, const struct knob_ctx *c, struct settings *out, const char *target,
			   enum value_form form, const char *now);
/* A verdict of the check's own. */
struct setting *look_says(struct settings *out, bool ok, const char *target, const char *now, const char *want);
void look_unseen(struct settings *out, const char *target, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* One file judged by `want` (a resolved want): SAME, TODO, BLOCKED or UNSEEN; NULL when it does not exist. */
struct setting *look_path(const struct knob_ctx *c, struct settings *out, const char *path, enum value_form form,
			  const char *want);
/* Not there, or there for root only: adds the line that says so. */
void look_missing(const struct knob_ctx *c, struct settings *out, const char *path, const char *what);

/* The value of the last such word of the kernel's command line into buf, "" when it is bare; false when it is not there. */
bool look_boot(const struct knob_ctx *c, const char *name, char *buf, size_t cap);
/* A verdict of such words, when nobody could read them, is none. */
void look_without_cmdline(const struct knob_ctx *c, struct settings *list);

/* Checks of knobs that the tuning has too. */
knob_list_fn check_partition, check_rcu_nocbs, check_fair_server, check_preempt, check_rt_kernel, check_dma_latency,
	check_huge_2m, check_irqbalance, check_vcpu_policy, check_thread_pin, check_mlock, check_clocksource, check_nohz_full,
	check_bridge_nf, check_swap;

struct knob_rows {
	const struct knob *at;
	size_t n;
};
extern const struct knob_rows look_iso, look_tick, look_sched, look_irq, look_power, look_memory, look_kvm, look_vm, look_net,
	look_pci, look_firmware, look_guest, look_derived, look_container, look_vm_place;

#define W(want_, effect_)                                                                                                        \
	{                                                                                                                        \
		.want = (want_), .effect = (effect_)                                                                             \
	}
#define LEAVE                                                                                                                    \
	{                                                                                                                        \
		.want = NULL                                                                                                     \
	}
#define ROLES(host_, container_, guest_, realtime_)                                                                              \
	.role = { [ROLE_VM_HOST] = host_, [ROLE_CONTAINER_HOST] = container_, [ROLE_GUEST] = guest_, [ROLE_REALTIME] = realtime_ }
#define EVERY_ROLE(want_, effect_)  ROLES(W(want_, effect_), W(want_, effect_), W(want_, effect_), W(want_, effect_))
#define BOOT(name_, absent_, form_) .when = KNOB_BOOT, .boot = { .name = (name_), .absent = (absent_), .form = (form_) }
#define LOOK_ROWS(name_, rows_)     const struct knob_rows name_ = { .at = (rows_), .n = sizeof(rows_) / sizeof((rows_)[0]) }

#endif
