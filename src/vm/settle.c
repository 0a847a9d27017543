/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes into being after the start, put where the placement says.
 *
 * The worker of vhost-net carries the packets: since Linux 6.4 it is a thread
 * of QEMU's (placed with the others), before that a kernel thread named
 * vhost-PID.  Interrupts of an assigned device appear when the guest's driver
 * switches MSI-X on, hence after its drivers are up; they go to the emulator's
 * CPUs, near the vCPU but not on it: there each would throw the guest out.
 * Where the CPU posts interrupts into guests, their place does not matter.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "vm/vm_parts.h"

/* Kernel threads named vhost-PID, those of this QEMU. */
int vm_vhost_threads(const struct vm *vm, const struct fs *fs, pid_t **ret, size_t *ret_n, struct err *err)
{
	AUTO(fs_list_free) struct fs_names names = { 0 };
	VEC(pid_t) found = { 0 };
	char want[32], comm[64];
	int r = fs_list(fs, "proc", &names);

	if (r < 0)
		return err_sys(err, r, "processes of this host");
	text_print(want, sizeof(want), "vhost-%d", (int) vm_pid(vm));
	for (size_t i = 0; i < names.n; i++) {
		uint64_t pid;

		if (text_u64(names.at[i], &pid) == 0 && fs_readf(fs, comm, sizeof(comm), "proc/%s/comm", names.at[i]) > 0 &&
		    text_eq(comm, want))
			*vec_add(&found) = (pid_t) pid;
	}
	*ret = found.at;
	*ret_n = found.n;
	return 0;
}

static int place_vhost(const struct vm *vm, const struct fs *fs, const struct placement *p, struct err *err)
{
	AUTO_FREE pid_t *tids = NULL;
	size_t n = 0;
	int r = vm_vhost_threads(vm, fs, &tids, &n, err);

	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = placement_put_one(p, PLACE_EMULATOR, (unsigned) i, tids[i], err); /* one for each queue */
		if (r == -ESRCH)
			r = 0;
		if (r < 0)
			err_in(err, "vhost worker %d", (int) tids[i]);
	}
	return r < 0 ? r : 0;
}

static int move_irq(const struct fs *fs, const char *irq, const struct cpuset *cpus, struct journal *j, struct err *err)
{
	char path[64], guard[40], before[1024], list[1024];
	struct cpuset now;
	int r;

	text_print(path, sizeof(path), "proc/irq/%s/smp_affinity_list", irq);
	r = fs_read(fs, path, before, sizeof(before));
	if (r == -ENOENT)
		return 0; /* gone meanwhile */
	if (r < 0)
		return err_sys(err, r, "interrupt %s", irq);
	if (fs_read_cpulist(fs, path, &now) == 0 && cpuset_equal(&now, cpus))
		return 0;
	cpuset_list(cpus, list, sizeof(list));
	text_print(guard, sizeof(guard), "/proc/irq/%s", irq);
	if (j) {
		AUTO_FREE char *absolute = xprintf("/%s", path);

		r = journal_value(
			j,
			&(struct journal_value){
				.path = absolute, .form = VALUE_CPULIST, .before = before, .after = list, .guard = guard },
			err);
		if (r < 0)
			return r;
	}
	r = fs_write(fs, path, list);
	if (r < 0)
		return err_sys(err, r, "interrupt %s cannot be moved to CPUs %s", irq, list);
	if (fs_read_cpulist(fs, path, &now) < 0 || !cpuset_equal(&now, cpus))
		return err_set(err, -EPROTO, "interrupt %s was moved to CPUs %s, but reads otherwise", irq, list);
	return 0;
}

static int place_irqs(const struct vm *vm, const struct fs *fs, const struct cpuset *cpus, struct journal *j, struct err *err)
{
	int r = 0;

	for (unsigned i = 0; r >= 0 && i < vm->n_vfio; i++) {
		AUTO(fs_list_free) struct fs_names irqs = { 0 };
		char path[80];

		text_print(path, sizeof(path), "sys/bus/pci/devices/%s/msi_irqs", vm->vfio[i]);
		if (fs_list(fs, path, &irqs) < 0)
			continue; /* its driver has not asked for any */
		for (size_t k = 0; r >= 0 && k < irqs.n; k++)
			r = move_irq(fs, irqs.at[k], cpus, j, err);
		if (r < 0)
			err_in(err, "device %s", vm->vfio[i]);
	}
	return r < 0 ? r : 0;
}

int vm_settle(struct vm *vm, const struct placement *p, struct journal *j, struct err *err)
{
	AUTO(fs_close) struct fs fs = { .root = -1 };
	int r = fs_open_root(&fs, "/", err);

	if (!p)
		return 0;
	if (r >= 0)
		r = vm_place(vm, p, err);
	if (r >= 0)
		r = place_vhost(vm, &fs, p, err);
	if (r >= 0 && !cpuset_empty(&p->emulator_cpus))
		r = place_irqs(vm, &fs, &p->emulator_cpus, j, err);
	return r < 0 ? r : 0;
}
