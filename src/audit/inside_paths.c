/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a guest that the guest role looks at, all of them, and nothing
 * else is ever asked for.  tests/unit/audit/inside.c records what the audit
 * opens on every machine of tests/hosts and holds it against this list.
 *
 * The script is made of this list alone: no word of a user's, a VM's or a
 * guest's gets into it.  It prints what there is, a line each ("d" folder, "l"
 * link and its target, "f" file, "x" file that may not be read, "m" the mode
 * of a file that tells more by it than by its content), a line "=", and the
 * contents as head -v prints them.  What matters most comes first: a guest with
 * very many tasks is cut off among these.
 */
#include <fnmatch.h>

#include "audit/inside.h"
#include "base/cleanup.h"

#define CPU    "sys/devices/system/cpu/"
#define NODE   "sys/devices/system/node/"
#define MM     "sys/kernel/mm/"
#define PCI    "sys/bus/pci/devices/*/"
#define NET    "sys/class/net/*/"
#define SYSCTL "proc/sys/"
#define MODULE "sys/module/"
#define CGROUP "sys/fs/cgroup/"

/* Contents of one file beyond this are cut off. */
#define FILE_BYTES 65536

#define NAMED(pattern_)                                                                                                          \
	{                                                                                                                        \
		.pattern = (pattern_), .only_named = true                                                                        \
	}
#define READ(pattern_)                                                                                                           \
	{                                                                                                                        \
		.pattern = (pattern_)                                                                                            \
	}

const struct inside_path inside_paths[] = {
	READ(CPU "online"),
	READ(CPU "possible"),
	READ(CPU "present"),
	READ(CPU "offline"),
	READ(CPU "isolated"),
	READ(CPU "nohz_full"),
	READ(CPU "smt/*"),
	READ(CPU "cpuidle/current_*"),
	READ(SYSCTL "kernel/osrelease"),
	READ(SYSCTL "kernel/version"),
	READ(SYSCTL "kernel/arch"),
	READ("proc/cmdline"),
	READ("proc/cpuinfo"),
	READ("proc/meminfo"),
	READ("proc/stat"),
	READ("proc/swaps"),
	READ("proc/interrupts"),
	READ("sys/devices/system/clocksource/clocksource0/*_clocksource"),
	NAMED("proc/self"),
	READ("proc/self/mountinfo"),
	READ("proc/self/cgroup"),
	NAMED("etc/os-release"),
	READ("usr/lib/os-release"),
	READ("etc/tuned/active_profile"),
	NAMED("dev/kvm"),
	NAMED("dev/cpu_dma_latency"),
	NAMED("run/.containerenv"),
	NAMED(".dockerenv"),

	READ(CPU "cpu[0-9]*/topology/*_id"),
	READ(CPU "cpu[0-9]*/topology/thread_siblings_list"),
	READ(CPU "cpu[0-9]*/cpu_capacity"),
	NAMED(CPU "cpu[0-9]*/node[0-9]*"),
	READ(CPU "cpu[0-9]*/cache/index*/level"),
	READ(CPU "cpu[0-9]*/cache/index*/shared_cpu_list"),
	READ(CPU "cpu[0-9]*/cache/index*/size"),
	READ(CPU "cpu[0-9]*/cache/index*/type"),
	READ(CPU "cpu[0-9]*/power/pm_qos_resume_latency_us"),
	READ(CPU "cpu[0-9]*/cpuidle/state*/name"),
	READ(CPU "cpu[0-9]*/cpuidle/state*/latency"),
	READ(CPU "cpu[0-9]*/cpuidle/state*/residency"),
	READ(CPU "cpu[0-9]*/cpuidle/state*/disable"),
	READ(CPU "cpufreq/policy*/*"),
	READ(CPU "vulnerabilities/*"),
	READ("sys/devices/system/machinecheck/machinecheck*/check_interval"),
	READ("sys/devices/system/machinecheck/machinecheck*/ignore_ce"),
	READ(NODE "node[0-9]*/cpulist"),
	READ(NODE "node[0-9]*/distance"),
	READ(NODE "node[0-9]*/meminfo"),
	READ(NODE "node[0-9]*/hugepages/*/*"),

	READ(MM "hugepages/*/*"),
	READ(MM "transparent_hugepage/*"),
	READ(MM "transparent_hugepage/khugepaged/defrag"),
	READ(MM "ksm/merge_across_nodes"),
	READ(MM "ksm/pages_sharing"),
	READ(MM "ksm/run"),
	READ(MM "lru_gen/enabled"),
	READ("sys/kernel/rcu_*"),
	READ("sys/kernel/security/lockdown"),
	READ("sys/kernel/tracing/current_tracer"),
	NAMED("sys/kernel/debug/sched"),
	NAMED("sys/kernel/debug/sched/*"),
	READ("sys/kernel/debug/sched/base_slice_ns"),
	READ("sys/kernel/debug/sched/features"),
	READ("sys/kernel/debug/sched/preempt"),
	READ("sys/kernel/debug/irq/irqs/[0-9]*"),
	READ("sys/kernel/debug/sched/fair_server/cpu*/runtime"),
	READ("sys/class/dmi/id/product_name"),
	READ("sys/class/dmi/id/sys_vendor"),
	NAMED("sys/class/dmi/id"),
	READ("sys/hypervisor/type"),

	READ(SYSCTL "kernel/bpf_stats_enabled"),
	READ(SYSCTL "kernel/hung_task_timeout_secs"),
	READ(SYSCTL "kernel/nmi_watchdog"),
	READ(SYSCTL "kernel/soft_watchdog"),
	READ(SYSCTL "kernel/watchdog"),
	READ(SYSCTL "kernel/watchdog_cpumask"),
	READ(SYSCTL "kernel/numa_balancing"),
	READ(SYSCTL "kernel/perf_event_paranoid"),
	READ(SYSCTL "kernel/printk"),
	READ(SYSCTL "kernel/sched_*"),
	READ(SYSCTL "kernel/split_lock_mitigate"),
	READ(SYSCTL "kernel/timer_migration"),
	READ(SYSCTL "net/core/busy_*"),
	READ(SYSCTL "net/core/default_qdisc"),
	READ(SYSCTL "net/core/netdev_*"),
	READ(SYSCTL "net/core/[rw]mem_max"),
	READ(SYSCTL "net/core/rps_sock_flow_entries"),
	READ(SYSCTL "net/ipv4/tcp_autocorking"),
	READ(SYSCTL "net/ipv4/tcp_slow_start_after_idle"),
	READ(SYSCTL "net/bridge/bridge-nf-call-*"),
	READ(SYSCTL "vm/compact*"),
	READ(SYSCTL "vm/dirty*"),
	READ(SYSCTL "vm/hugetlb_optimize_vmemmap"),
	READ(SYSCTL "vm/nr_hugepages"),
	READ(SYSCTL "vm/stat_interval"),
	READ(SYSCTL "vm/swappiness"),
	READ(SYSCTL "vm/watermark_*"),
	READ(SYSCTL "vm/zone_reclaim_mode"),
	READ(MODULE "kvm*/parameters/*"),
	READ(MODULE "haltpoll/parameters/*"),
	READ(MODULE "cpuidle_haltpoll/parameters/*"),
	READ(MODULE "intel_idle/parameters/max_cstate"),
	READ(MODULE "pcie_aspm/parameters/policy"),
	READ(MODULE "processor/parameters/max_cstate"),
	READ(MODULE "rcutree/parameters/*"),
	READ(MODULE "vfio_pci/parameters/*"),
	READ(MODULE "workqueue/parameters/*"),

	READ("proc/irq/default_smp_affinity"),
	READ("proc/irq/[0-9]*/*affinity_list"),
	READ("proc/irq/[0-9]*/node"),
	NAMED("proc/irq/[0-9]*/*"),
	READ("sys/kernel/irq/*/actions"),
	READ("sys/devices/virtual/workqueue/cpumask*"),
	READ("sys/devices/virtual/workqueue/*/cpumask"),

	NAMED("sys/class/net/*"),
	NAMED(NET "device"),
	READ(NET "gro_flush_timeout"),
	READ(NET "ifindex"),
	READ(NET "mtu"),
	READ(NET "napi_defer_hard_irqs"),
	READ(NET "operstate"),
	READ(NET "speed"),
	READ(NET "threaded"),
	READ(NET "type"),
	READ(NET "queues/rx-*/rps_*"),
	READ(NET "queues/tx-*/xps_cpus"),
	NAMED("sys/bus/virtio/drivers/*/virtio*"),
	NAMED("sys/bus/pci/devices/*"),
	READ(PCI "class"),
	READ(PCI "device"),
	READ(PCI "vendor"),
	READ(PCI "driver_override"),
	READ(PCI "local_cpulist"),
	READ(PCI "numa_node"),
	READ(PCI "*_link_*"),
	READ(PCI "link/*"),
	READ(PCI "sriov_*vfs"),
	READ(PCI "power/control"),
	READ(PCI "power/runtime_status"),
	NAMED(PCI "driver"),
	NAMED(PCI "iommu_group"),
	NAMED(PCI "physfn"),
	NAMED(PCI "msi_irqs/*"),
	NAMED(PCI "virtio*/driver"),
	READ("sys/kernel/iommu_groups/*/type"),
	NAMED("sys/block/*"),
	READ("sys/block/*/mq/*/cpu_list"),
	READ("sys/block/*/queue/scheduler"),

	READ(CGROUP "cgroup.controllers"),
	READ(CGROUP "cgroup.subtree_control"),
	READ(CGROUP "cpuset.*"),
	READ(CGROUP "*/cgroup.controllers"),
	READ(CGROUP "*/cpuset.*"),
	READ(CGROUP "*/cpu.rt_runtime_us"),
	READ(CGROUP "cpu,cpuacct/*/cpu.rt_runtime_us"),

	READ("proc/[0-9]*/comm"),
	READ("proc/[0-9]*/stat"),
	READ("proc/[0-9]*/task/[0-9]*/stat"),
	READ("proc/[0-9]*/task/[0-9]*/status"),
};
const size_t n_inside_paths = ARRAY_SIZE(inside_paths);

bool inside_asks(const char *path)
{
	for (size_t i = 0; i < n_inside_paths; i++) {
		if (fnmatch(inside_paths[i].pattern, path, FNM_PATHNAME) == 0)
			return true;
	}
	return false;
}

static void put_patterns(struct sink *out, bool contents)
{
	for (size_t i = 0; i < n_inside_paths; i++) {
		if (!contents || !inside_paths[i].only_named)
			sink_printf(out, " %s", inside_paths[i].pattern);
	}
}

void inside_script(struct sink *out)
{
	sink_put(out, "cd / || exit 1\n{\nfor f in");
	put_patterns(out, false);
	sink_put(out, "\ndo\nif [ -L \"$f\" ]; then printf 'l %s\\t%s\\n' \"$f\" \"$(readlink \"$f\")\"\n"
		      "elif [ -d \"$f\" ]; then printf 'd %s\\n' \"$f\"\n"
		      "elif [ -r \"$f\" ]; then printf 'f %s\\n' \"$f\"\n"
		      "elif [ -e \"$f\" ]; then printf 'x %s\\n' \"$f\"\n"
		      "fi\ndone\n"
		      "stat -c 'm %a %n' proc/irq/[0-9]*/smp_affinity\necho =\n");
	sink_printf(out, "head -v -c %d", FILE_BYTES);
	put_patterns(out, true);
	sink_printf(out, "\n} 2>/dev/null | head -c %zu\n", INSIDE_BYTES);
}
