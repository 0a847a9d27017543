/* SPDX-License-Identifier: Apache-2.0 */
/*
 * With -S the vCPU threads exist, but no guest code has run: everything is
 * placed before `cont`.  A thread that is not a vCPU is an emulator thread;
 * what QEMU starts later inherits CPUs and policy from the main thread.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/jsonx.h"
#include "base/proc_stat.h"
#include "base/text.h"
#include "base/vec.h"
#include "vm/vm_parts.h"

#define ROUNDS 4 /* threads may appear while we place */

/* Beware: props.thread-id is the place in an SMT core; the host's thread is the top-level thread-id. */
int vm_learn_vcpus(struct vm *vm, uint64_t deadline_ns, struct err *err)
{
	AUTO_JSON json_t *cpus = NULL;
	size_t i;
	json_t *cpu;
	int r = qmp_call(vm->qmp, "query-cpus-fast", NULL, deadline_ns, &cpus, err);

	json_array_foreach (cpus, i, cpu) {
		uint64_t index, tid;

		if (r >= 0)
			r = jx_u64(cpu, "cpu-index", &index, err);
		if (r >= 0)
			r = jx_u64(cpu, "thread-id", &tid, err);
		if (r >= 0 && (index >= vm->vcpus || tid == 0 || tid > INT32_MAX))
			r = err_set(err, -EBADMSG, "QEMU names a vCPU %llu that was not asked for", (unsigned long long) index);
		if (r >= 0)
			vm->vcpu_tid[index] = (pid_t) tid;
	}
	for (i = 0; r >= 0 && i < vm->vcpus; i++) {
		if (!vm->vcpu_tid[i])
			r = err_set(err, -EBADMSG, "QEMU does not name the thread of vCPU %zu", i);
	}
	return r;
}

static int vcpu_of(const struct vm *vm, pid_t tid)
{
	for (unsigned i = 0; i < vm->vcpus; i++) {
		if (vm->vcpu_tid[i] == tid)
			return (int) i;
	}
	return -1;
}

static int list_tasks(const struct vm *vm, struct fs *fs, struct fs_names *ret, struct err *err)
{
	char path[48];
	int r = fs_open_root(fs, "/", err);

	if (r < 0)
		return r;
	text_print(path, sizeof(path), "proc/%d/task", (int) vm_pid(vm));
	r = fs_list(fs, path, ret);
	if (r < 0)
		fs_close(fs);
	return r < 0 ? err_sys(err, r, "QEMU's threads") : 0;
}

/*
 * A vCPU at real-time priority leaves nothing of its CPU.  Emulator threads that
 * have no other CPU must stand above it: the guest waits for them, they for the
 * CPU, and the guest never even boots.
 */
static int check_starving(const struct placement *p, unsigned vcpus, struct err *err)
{
	unsigned n = p ? cpuset_count(&p->sut_cpus) : 0;

	if (!p || !p->sut_fifo || n == 0)
		return 0;
	if (vcpus > n)
		return err_set(err, -EINVAL,
			       "%u vCPUs at real-time priority on %u CPUs would starve each other: give the guest at most %u",
			       vcpus, n, n);
	if (!cpuset_empty(&p->emulator_cpus) && cpuset_within(&p->emulator_cpus, &p->sut_cpus) && p->emulator_fifo <= p->sut_fifo)
		return err_set(err, -EINVAL,
			       "emulator threads at real-time priority %d share the CPUs of vCPUs at priority %d and would"
			       " starve: give them a higher one, or another CPU",
			       p->emulator_fifo, p->sut_fifo);
	return 0;
}

bool vm_is_dedicated(const struct placement *p, unsigned vcpus)
{
	return p && p->sut_fifo && cpuset_count(&p->sut_cpus) >= vcpus;
}

/*
 * With cpu-pm an idle vCPU does not return to the host: what else wants its CPU, kernel threads
 * included, gets nothing.  So only where nothing else can be.
 */
static int check_cpu_pm(const struct fs *fs, const struct vm_spec *spec, const struct placement *p, struct err *err)
{
	struct cpuset isolated = { 0 };
	char cpus[128];

	if (!spec->cpu_pm)
		return 0;
	if (!vm_is_dedicated(p, spec->vcpus))
		return err_set(err, -EINVAL,
			       "cpu-pm leaves an idle vCPU on its CPU: it needs a tuning that gives each of the %u vCPUs one",
			       spec->vcpus);
	if (fs_read_cpulist(fs, "sys/devices/system/cpu/isolated", &isolated) < 0)
		isolated = (struct cpuset){ 0 };
	if (p->cgroup_iso[0] || cpuset_within(&p->sut_cpus, &isolated))
		return 0;
	cpuset_list(&p->sut_cpus, cpus, sizeof(cpus));
	return err_set(err, -EINVAL,
		       "cpu-pm leaves an idle vCPU on its CPU, where all else would starve: isolate CPUs %s first (isolcpus=%s at"
		       " boot, or a cgroup v2 partition)",
		       cpus, cpus);
}

int vm_place_check(const struct fs *fs, const struct vm_spec *spec, const struct placement *p, struct err *err)
{
	int r = check_starving(p, spec->vcpus, err);

	return r < 0 ? r : check_cpu_pm(fs, spec, p, err);
}

/* A worker of vhost's, which is a thread of QEMU's since Linux 6.4: one for each queue of a card. */
static bool is_vhost(pid_t tid)
{
	struct proc_stat stat;

	return proc_stat_read(tid, &stat) == 0 && text_starts(stat.comm, "vhost-");
}

static int place_emulator(const struct placement *p, pid_t tid, unsigned *workers, struct err *err)
{
	if (is_vhost(tid))
		return placement_put_one(p, PLACE_EMULATOR, (*workers)++, tid, err);
	return placement_put(p, PLACE_EMULATOR, tid, err);
}

/* Every thread that is there; returns how many there were. */
static int place_round(struct vm *vm, const struct placement *p, struct err *err)
{
	AUTO(fs_close) struct fs fs = { .root = -1 };
	AUTO(fs_list_free) struct fs_names tasks = { 0 };
	unsigned workers = 0;
	int r = list_tasks(vm, &fs, &tasks, err);

	for (size_t i = 0; r >= 0 && i < tasks.n; i++) {
		uint64_t tid;
		int vcpu;

		if (text_u64(tasks.at[i], &tid) < 0)
			continue;
		vcpu = vcpu_of(vm, (pid_t) tid);
		if (vcpu >= 0)
			r = placement_put_one(p, PLACE_SUT, (unsigned) vcpu, (pid_t) tid, err);
		else
			r = place_emulator(p, (pid_t) tid, &workers, err);
		if (r == -ESRCH)
			r = 0;
		if (r < 0)
			err_in(err, vcpu >= 0 ? "vCPU %d" : "emulator thread", vcpu);
	}
	return r < 0 ? r : (int) tasks.n;
}

int vm_place(struct vm *vm, const struct placement *p, struct err *err)
{
	int before = -1, now = 0;

	if (p && placement_join(p, PLACE_SUT, vm_pid(vm), err) < 0)
		return err->code;
	for (unsigned i = 0; p && i < ROUNDS && now >= 0 && now != before; i++) {
		before = now;
		now = place_round(vm, p, err);
	}
	return now < 0 ? now : 0;
}

/* False when the thread has ended meanwhile. */
static bool look_at(const struct vm *vm, pid_t tid, struct vm_thread *ret)
{
	int vcpu = vcpu_of(vm, tid);
	struct proc_stat stat;
	struct vm_thread t = {
		.tid = tid,
		.kind = vcpu >= 0 ? VM_THREAD_VCPU : VM_THREAD_EMULATOR,
		.vcpu = vcpu >= 0 ? (unsigned) vcpu : 0,
	};

	if (proc_stat_read(tid, &stat) < 0 || cpuset_get_affinity(tid, &t.cpus) < 0)
		return false;
	t.policy = stat.policy;
	t.priority = stat.rt_priority;
	t.last_cpu = stat.processor;
	text_print(t.comm, sizeof(t.comm), "%s", stat.comm);
	if (text_starts(t.comm, "vhost-"))
		t.kind = VM_THREAD_VHOST;
	*ret = t;
	return true;
}

int vm_threads(const struct vm *vm, struct vm_thread **ret, size_t *ret_n, struct err *err)
{
	AUTO(fs_close) struct fs fs = { .root = -1 };
	AUTO(fs_list_free) struct fs_names tasks = { 0 };
	VEC(struct vm_thread) threads = { 0 };
	AUTO_FREE pid_t *vhost = NULL;
	size_t n_vhost = 0;
	struct vm_thread t;
	int r = list_tasks(vm, &fs, &tasks, err);

	for (size_t i = 0; r >= 0 && i < tasks.n; i++) {
		uint64_t tid;

		if (text_u64(tasks.at[i], &tid) == 0 && look_at(vm, (pid_t) tid, &t))
			*vec_add(&threads) = t;
	}
	if (r >= 0)
		r = vm_vhost_threads(vm, &fs, &vhost, &n_vhost, err);
	for (size_t i = 0; r >= 0 && i < n_vhost; i++) {
		if (look_at(vm, vhost[i], &t))
			*vec_add(&threads) = t;
	}
	if (r < 0) {
		vec_free(&threads);
		return r;
	}
	*ret = threads.at;
	*ret_n = threads.n;
	return 0;
}
