/* SPDX-License-Identifier: Apache-2.0 */
/* All knobs, sorted by id: a new one is a row in its family's file and a line here. */
#include "base/cleanup.h"
#include "base/text.h"
#include "knob/internal.h"

const struct knob *const knob_table[] = {
	&knob_irq_affinity,
	&knob_irq_default,
	&knob_irq_irqbalance,
	&knob_irq_queue_count,
	&knob_iso_clocksource,
	&knob_iso_kthread_affinity,
	&knob_iso_mce_interval,
	&knob_iso_nmi_watchdog,
	&knob_iso_nohz_full,
	&knob_iso_numa_balancing,
	&knob_iso_partition,
	&knob_iso_printk,
	&knob_iso_rcu_nocbs,
	&knob_iso_rcu_normal,
	&knob_iso_split_lock,
	&knob_iso_stat_interval,
	&knob_iso_timer_migration,
	&knob_iso_unbound_wq,
	&knob_iso_watchdog_cpumask,
	&knob_iso_wq_each,
	&knob_kvm_halt_poll_ns,
	&knob_kvm_nx_huge_pages,
	&knob_mem_compact_unevictable,
	&knob_mem_compaction,
	&knob_mem_dirty,
	&knob_mem_huge_2m,
	&knob_mem_khugepaged,
	&knob_mem_ksm,
	&knob_mem_mlock,
	&knob_mem_swap,
	&knob_mem_thp,
	&knob_mem_zone_reclaim,
	&knob_net_bridge_nf,
	&knob_net_coalesce,
	&knob_net_offloads,
	&knob_net_ring,
	&knob_net_rps,
	&knob_pci_aspm,
	&knob_pwr_cpu_dma_latency,
	&knob_pwr_epp,
	&knob_pwr_governor,
	&knob_pwr_idle_spin,
	&knob_sch_fair_server,
	&knob_sch_preempt_model,
	&knob_sch_prio_map,
	&knob_sch_rt_group,
	&knob_sch_rt_kernel,
	&knob_sch_rt_runtime,
	&knob_sch_schedstats,
	&knob_sch_task_affinity,
	&knob_sch_vcpu_policy,
	&knob_vm_thread_pin,
};

const size_t knob_count = ARRAY_SIZE(knob_table);

const struct knob *knob_find(const char *id)
{
	for (size_t i = 0; i < knob_count; i++) {
		if (text_eq(knob_table[i]->id, id))
			return knob_table[i];
	}
	return NULL;
}
