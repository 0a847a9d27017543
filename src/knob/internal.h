/* SPDX-License-Identifier: Apache-2.0 */
/* internal - helpers and list functions of this room. */
#ifndef KNOB_INTERNAL_H
#define KNOB_INTERNAL_H

#include <stdarg.h>

#include "host/task.h"
#include "knob/knob.h"

/* Read what is, decide between TODO, SAME, ABSENT and BLOCKED; want is in the setting's form. */
void setting_judge(const struct knob_ctx *c, struct setting *s, const char *want);
/* One value setting, judged; NULL when the file does not exist. */
struct setting *list_value(const struct knob_ctx *c, struct settings *out, const char *path, enum value_form form,
			   const char *want);
/* A value of somebody's own for a file (own.h), NULL = none; and the setting that it makes. */
const char *ctx_own(const struct knob_ctx *c, const struct knob_file *f);
void list_own(const struct knob_ctx *c, struct settings *out, const struct knob_file *f, const char *own);
/* What stands in for a list of targets when there are none: one line with the reason. */
/* One line that is no setting: its state, and why.  The two below and look_unseen() are this. */
void list_reason(struct settings *out, enum setting_state state, const char *target, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));
void list_absent(struct settings *out, const char *target, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void list_blocked(struct settings *out, const char *target, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

char *ctx_house_list(const struct knob_ctx *c, char *buf, size_t cap);
char *ctx_iso_list(const struct knob_ctx *c, char *buf, size_t cap);
bool ctx_left_alone(const struct knob_ctx *c, const struct task_fact *t);
bool name_left_alone(const struct knob_ctx *c, pid_t pid, const char *comm);

/* The rows, by family. */
extern const struct knob knob_irq_queue_count, knob_net_coalesce, knob_net_offloads, knob_net_ring;
extern const struct knob knob_irq_affinity, knob_irq_default, knob_irq_irqbalance, knob_iso_clocksource,
	knob_iso_kthread_affinity, knob_iso_mce_interval, knob_iso_nmi_watchdog, knob_iso_nohz_full,
	knob_iso_numa_balancing, knob_iso_partition, knob_iso_printk, knob_iso_rcu_nocbs, knob_iso_rcu_normal,
	knob_iso_split_lock, knob_iso_stat_interval, knob_iso_timer_migration, knob_iso_unbound_wq,
	knob_iso_watchdog_cpumask, knob_iso_wq_each, knob_kvm_halt_poll_ns, knob_kvm_nx_huge_pages,
	knob_mem_compact_unevictable, knob_mem_compaction, knob_mem_dirty, knob_mem_huge_2m, knob_mem_khugepaged,
	knob_mem_ksm, knob_mem_mlock, knob_mem_swap, knob_mem_thp, knob_mem_zone_reclaim, knob_net_bridge_nf,
	knob_net_rps, knob_pci_aspm, knob_pwr_cpu_dma_latency, knob_pwr_epp, knob_pwr_governor, knob_pwr_idle_spin,
	knob_sch_fair_server, knob_sch_preempt_model, knob_sch_prio_map, knob_sch_rt_group, knob_sch_rt_kernel,
	knob_sch_rt_runtime, knob_sch_schedstats, knob_sch_task_affinity, knob_sch_vcpu_policy, knob_vm_thread_pin;

/* Order of application: what moves things first, what gives the CPUs away last. */
enum {
	ORDER_POWER = 10,
	ORDER_MEMORY = 20,
	ORDER_KERNEL = 30,
	ORDER_CARD = 35, /* before interrupts: a card with other queues has other ones */
	ORDER_IRQ = 40,
	ORDER_GROUP = 50,
	ORDER_WORKQUEUE = 55,
	ORDER_TASK = 60,
	ORDER_REALTIME = 70,
	ORDER_START = 80,
	ORDER_ADVICE = 90,
};

#endif
