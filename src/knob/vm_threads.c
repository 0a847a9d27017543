/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the threads and the memory of running virtual machines. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "knob/internal.h"
#include "knob/numa_maps.h"
#include "knob/vm.h"
#include "knob/vm_cure.h"

void vm_target(const struct qemu *q, char *buf, size_t cap)
{
	text_print(buf, cap, "VM %.40s (%s, process %d)", q->name[0] ? q->name : "without a name", launcher_name(q->launcher),
		   (int) q->pid);
}

/* What this VM's launcher would have to be told, on each of its lines from `from` on. */
static void add_cures(const struct knob *k, const struct qemu *q, struct settings *out, size_t from)
{
	const char *cure = vm_cure(k->id, q->launcher);
	char whose[96];

	qemu_handle(q, whose, sizeof(whose));
	for (size_t i = from; cure && i < out->n; i++) {
		out->at[i].cure = cure;
		if (strstr(cure, "@name"))
			out->at[i].whose = xstrdup(whose);
	}
}

int each_vm(const struct knob *k, const struct knob_ctx *c, struct settings *out, vm_fn *fn)
{
	const struct qemus *all = look_qemus(c);

	for (size_t i = 0; i < all->n; i++) {
		size_t from = out->n;
		char target[96];

		if (c->look->only_pid && c->look->only_pid != all->at[i].pid)
			continue;
		vm_target(&all->at[i], target, sizeof(target));
		fn(k, c, &all->at[i], target, out);
		add_cures(k, &all->at[i], out, from);
	}
	if (all->hidden && !c->look->only_pid)
		look_unseen(out, "a QEMU process", "its command line is hidden from this user: look as root");
	if (out->n == 0)
		list_absent(out, "virtual machines", all->n ? "nothing of the kind in those that run" : "none runs here");
	return 0;
}

static void note_unnamed(const struct qemu *q, const char *target, struct settings *out)
{
	if (!q->named_threads)
		look_unseen(out, target, "its vCPU threads have no names: start QEMU with -name NAME,debug-threads=on");
}

static bool shares_cpu(const struct knob_ctx *c, const struct qemu *q, const struct qemu_task *t)
{
	const struct qemus *all = look_qemus(c);

	for (size_t i = 0; i < all->n; i++) {
		for (size_t n = 0; n < all->at[i].n_tasks; n++) {
			const struct qemu_task *other = &all->at[i].tasks[n];
			struct cpuset both = cpuset_and(&other->task->allowed, &t->task->allowed);

			if (other->kind == QEMU_VCPU && (all->at[i].pid != q->pid || other->index != t->index) &&
			    !cpuset_empty(&both))
				return true;
		}
	}
	return false;
}

/* On one CPU, isolated, and nobody else's. */
static void vm_pinned(const struct knob *k, const struct knob_ctx *c, const struct qemu *q, const char *target,
		      struct settings *out)
{
	(void) k;
	note_unnamed(q, target, out);
	for (size_t i = 0; i < q->n_tasks; i++) {
		const struct qemu_task *t = &q->tasks[i];
		char list[VALUE_MAX], now[VALUE_MAX + 64], name[160];
		bool one, shared;

		if (t->kind != QEMU_VCPU)
			continue;
		one = cpuset_count(&t->task->allowed) == 1;
		shared = one && shares_cpu(c, q, t);
		text_print(now, sizeof(now), "CPUs %s%s", cpuset_list(&t->task->allowed, list, sizeof(list)),
			   shared ? ", another vCPU's too" : "");
		text_print(name, sizeof(name), "%.60s, vCPU %u", target, t->index);
		look_says(out, one && !shared, name, now, "one CPU of its own");
	}
}

int check_thread_pin(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_vm(k, c, out, vm_pinned);
}

static void vm_policy(const struct knob *k, const struct knob_ctx *c, const struct qemu *q, const char *target,
		      struct settings *out)
{
	(void) k;
	note_unnamed(q, target, out);
	for (size_t i = 0; i < q->n_tasks; i++) {
		const struct qemu_task *t = &q->tasks[i];
		bool alone = cpuset_count(&t->task->allowed) == 1 && cpuset_within(&t->task->allowed, &c->split->isolated);
		char name[160], now[48];

		if (t->kind != QEMU_VCPU)
			continue;
		text_print(name, sizeof(name), "%.60s, vCPU %u", target, t->index);
		text_print(now, sizeof(now), task_is_realtime(t->task) ? "real-time %d" : "ordinary", t->task->stat.rt_priority);
		/* A real-time vCPU that roams would starve whatever it meets: pinning comes first. */
		look_says(out, task_is_realtime(t->task) || !alone, name, now, "FIFO 1, once pinned to an isolated CPU");
	}
}

int check_vcpu_policy(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_vm(k, c, out, vm_policy);
}

/* VmLck of /proc/PID/status where it can be read, else what the command line asks for. */
static void vm_locked(const struct knob *k, const struct knob_ctx *c, const struct qemu *q, const char *target,
		      struct settings *out)
{
	char text[4096], value[32] = "off", path[64], memory[64];
	const char *at;
	bool asked = qemu_value(q, "overcommit", "mem-lock", value, sizeof(value)) && text_starts(value, "on");
	bool huge = qemu_value(q, "object", "hugetlb", memory, sizeof(memory)) && text_eq(memory, "on");

	(void) k;
	text_print(path, sizeof(path), "proc/%d/status", (int) q->pid);
	if (fs_read(c->fs, path, text, sizeof(text)) > 0 && (at = strstr(text, "\nVmLck:"))) {
		uint64_t kb = 0;

		at += strlen("\nVmLck:") + strspn(at + strlen("\nVmLck:"), " \t");
		for (; *at >= '0' && *at <= '9' && kb < UINT64_MAX / 16; at++)
			kb = kb * 10 + (uint64_t) (*at - '0');
		asked = asked || kb > 65536;
	}
	look_says(out, asked || huge, target,
		  asked  ? "locked"
		  : huge ? "on huge pages, which stay"
			 : "pageable",
		  "locked, or on huge pages");
}

int check_mlock(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_vm(k, c, out, vm_locked);
}

/* Workers of vhost inherit QEMU's CPUs since 6.4: pin QEMU, and they run on the vCPUs' CPUs. */
static void vm_vhost(const struct knob *k, const struct knob_ctx *c, const struct qemu *q, const char *target,
		     struct settings *out)
{
	struct cpuset vcpus = qemu_vcpu_cpus(q);

	(void) k;
	(void) c;
	for (size_t i = 0; i < q->n_tasks; i++) {
		const struct qemu_task *t = &q->tasks[i];
		struct cpuset both = cpuset_and(&vcpus, &t->task->allowed);
		char name[160], now[VALUE_MAX], list[VALUE_MAX], want[VALUE_MAX];

		if (t->kind != QEMU_VHOST)
			continue;
		text_print(name, sizeof(name), "%.60s, %s (thread %d)", target, t->task->stat.comm, (int) t->task->stat.tid);
		text_print(now, sizeof(now), "CPUs %s", cpuset_list(&t->task->allowed, list, sizeof(list)));
		text_print(want, sizeof(want), "without the vCPUs' %s", cpuset_list(&vcpus, list, sizeof(list)));
		look_says(out, cpuset_empty(&both) || cpuset_empty(&vcpus), name, now, want);
	}
}

int check_vhost(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_vm(k, c, out, vm_vhost);
}

/* Nodes that hold more than a twentieth of the largest mapping, against those of the vCPUs' CPUs. */
static void vm_nodes(const struct knob *k, const struct knob_ctx *c, const struct qemu *q, const char *target,
		     struct settings *out)
{
	struct cpuset cpus = qemu_vcpu_cpus(q), holds = { 0 }, near = { 0 };
	char path[48], now[128], want[128], list[96];
	AUTO_FREE char *text = NULL;
	struct numa_maps maps;

	(void) k;
	text_print(path, sizeof(path), "proc/%d/numa_maps", (int) q->pid);
	if (c->facts->cpu.n_nodes < 2)
		return;
	/* The kernel walks all page tables of the guest's memory for this: seconds where that is large and in small pages. */
	if (!c->look->thorough) {
		look_unseen(out, target, "takes long for large guests, so only when asked for: vlat audit vm");
		return;
	}
	if (fs_read_all(c->fs, path, 1 << 24, &text, NULL) < 0) {
		look_unseen(out, target, "where its memory is can be read by its owner and root only");
		return;
	}
	numa_maps_parse(text, &maps);
	for (unsigned n = 0; n < NUMA_MAPS_NODES; n++) {
		if (maps.largest_node_kb[n] > maps.largest_kb / 20)
			cpuset_add(&holds, n);
	}
	for (int n = -1; (n = cpuset_next(&cpus, n)) >= 0;) {
		const struct cpu_fact *f = cpu_fact(&c->facts->cpu, (unsigned) n);

		if (f && f->node >= 0)
			cpuset_add(&near, (unsigned) f->node);
	}
	text_print(now, sizeof(now), "memory on node %s", cpuset_list(&holds, list, sizeof(list)));
	text_print(want, sizeof(want), "on node %s, where its vCPUs are", cpuset_list(&near, list, sizeof(list)));
	look_says(out, cpuset_within(&holds, &near) && cpuset_count(&near) == 1, target, now, want);
}

int check_vm_nodes(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_vm(k, c, out, vm_nodes);
}
