/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settle - what comes into being while a guest boots is put in its place, too.
 *
 * Worker threads appear when a driver of the guest starts a queue, interrupts
 * of an assigned device when one asks for them; nobody tells the host of
 * either, and a system of the user's own does not say when it is up.  So it is
 * looked again and again: often in the beginning and after something new was
 * found, seldom later, but for ever, for a guest may restart.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "run/parts.h"
#include "vm/vm.h"

#define SOON_NS   NS_PER_S
#define SELDOM_NS (60 * NS_PER_S)

/* Interrupts of the card that was given away, and where they really arrive. */
static void read_irqs(const struct run *run, struct run_record *rec)
{
	AUTO(fs_list_free) struct fs_names irqs = { 0 };
	char path[96];

	rec->irqs = 0;
	rec->irq_cpus = (struct cpuset){ 0 };
	if (!run->wired || !run->wire.vfio.address[0])
		return;
	(void) text_print(path, sizeof(path), "sys/bus/pci/devices/%s/msi_irqs", run->wire.vfio.address);
	if (fs_list(&run->fs, path, &irqs) < 0)
		return; /* its driver has not asked for any */
	for (size_t i = 0; i < irqs.n; i++) {
		struct cpuset cpus;

		(void) text_print(path, sizeof(path), "proc/irq/%s/effective_affinity_list", irqs.at[i]);
		if (fs_read_cpulist(&run->fs, path, &cpus) < 0)
			continue;
		rec->irqs++;
		rec->irq_cpus = cpuset_or(&rec->irq_cpus, &cpus);
	}
}

static void read_threads(const struct vm *vm, struct run_record *rec)
{
	AUTO_FREE struct vm_thread *threads = NULL;
	struct err ignored = { 0 };
	size_t n = 0;

	if (vm_threads(vm, &threads, &n, &ignored) < 0)
		return;
	rec->vhost_threads = 0;
	rec->vhost_cpus = (struct cpuset){ 0 };
	for (size_t i = 0; i < n; i++) {
		if (threads[i].kind != VM_THREAD_VHOST)
			continue;
		rec->vhost_threads++;
		rec->vhost_cpus = cpuset_or(&rec->vhost_cpus, &threads[i].cpus);
	}
}

static bool is_same(const struct run_record *a, const struct run_record *b)
{
	return a->irqs == b->irqs && a->vhost_threads == b->vhost_threads && cpuset_equal(&a->irq_cpus, &b->irq_cpus) &&
	       cpuset_equal(&a->vhost_cpus, &b->vhost_cpus);
}

static void look_again(struct settling *s, bool changed)
{
	s->pause_ns = changed || !s->pause_ns ? SOON_NS : s->pause_ns * 2 > SELDOM_NS ? SELDOM_NS : s->pause_ns * 2;
	s->at_ns = clock_ns() + s->pause_ns;
}

void settling_begin(struct settling *s, const struct run *run)
{
	*s = (struct settling){ .at_ns = UINT64_MAX };
	if (!cpuset_empty(&run->place.sut_cpus))
		look_again(s, true);
}

void run_settle(struct run *run, struct vm *vm, struct settling *s)
{
	struct run_record before = run->record;
	struct err err = { 0 };

	if (vm_settle(vm, &run->place, run->journal, &err) < 0 && !s->told) {
		s->told = true;
		log_warn("not everything of the guest is where it belongs: %s", err.text);
	}
	read_threads(vm, &run->record);
	read_irqs(run, &run->record);
	if (!is_same(&before, &run->record) && registry_write(&run->claim, &run->record, &err) < 0)
		log_debug("%s", err.text);
	look_again(s, !is_same(&before, &run->record));
}
