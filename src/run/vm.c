/* SPDX-License-Identifier: Apache-2.0 */
/* vm - a machine of the user's own: its disk or kernel, on vlat's QEMU command line and in vlat's place. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/vec.h"
#include "run/parts.h"
#include "vm/nic.h"
#include "vm/platform.h"
#include "vm/vm.h"

struct guest {
	struct vm_platform *platform;
	struct vm *vm;
	struct settling settling;
	char agent[128]; /* the guest agent's socket, beside the console's: `vlat audit vm NAME --inside` finds it there */
};

/* An accelerator counts only after a guest has really run with it: a guest with the agent, before the user's. */
static int prepare(struct run *run, struct guest *g, struct err *err)
{
	const struct run_spec *s = run->spec;
	char agent[PATH_MAX];
	struct vm_wish wish = { .agent = agent, .qemu = s->qemu, .accelerator = s->accelerator, .offline = s->offline,
				.own = true };
	int r = run_agent(s, agent, sizeof(agent), err);

	return r < 0 ? r : vm_platform_prepare(&g->platform, &wish, run->journal, err);
}

static int fill_spec(struct run *run, struct guest *g, struct vm_spec *spec, struct err *err)
{
	const struct run_spec *s = run->spec;
	struct run_record *rec = &run->record;
	unsigned n = cpuset_count(&rec->cpus);

	*spec = (struct vm_spec){
		.platform = g->platform,
		.name = journal_run(run->journal),
		.vcpus = n ? n : 1,
		.memory_mb = s->memory_mb,
		.pages = s->pages,
		.on_node = s->on_node,
		.node = s->node,
		.cpu_pm = s->cpu_pm,
		.isolate = s->isolate,
		.idle = s->idle,
		.append = s->append,
		.kernel = s->kernel,
		.initrd = s->initrd,
		.disk = s->disk,
		.console = rec->console,
		.agent = g->agent,
	};
	if (text_print(rec->console, sizeof(rec->console), "%s/console", journal_dir(run->journal)) || strlen(rec->console) > 107)
		return err_set(
			err, -ENAMETOOLONG,
			"the run's folder %.60s... has too long a name for the console's socket: set VLAT_STATE to a shorter "
			"one",
			journal_dir(run->journal));
	text_print(g->agent, sizeof(g->agent), "%s/agent", journal_dir(run->journal));
	spec->n_nics = run->wired;
	if (run->wired)
		nic_of_wire(&spec->nics[0], &run->wire);
	text_print(rec->what, sizeof(rec->what), "%.250s", s->disk.path ? s->disk.path : s->kernel);
	text_print(rec->accelerator, sizeof(rec->accelerator), "%s", g->platform->accel.kind == VM_KVM ? "kvm" : "tcg");
	rec->emulator_cpus = run->place.emulator_cpus;
	return 0;
}

/* What its threads and its memory really got. */
static void read_back(struct run *run, const struct guest *g)
{
	AUTO_FREE struct vm_thread *threads = NULL;
	const struct vm_memory *m = vm_memory(g->vm);
	struct err err = { 0 };
	size_t n = 0;

	run->record.workload = vm_pid(g->vm);
	run->record.hugepage_kb = m->hugepage_kb;
	if (m->why[0])
		log_note("guest memory: %s", m->why);
	if (vm_threads(g->vm, &threads, &n, &err) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (threads[i].kind == VM_THREAD_VCPU)
			run_read_policy(run, threads[i].tid);
}

static int start(struct run *run, struct err *err)
{
	struct guest *g = xalloc(1, sizeof(*g));
	struct vm_spec spec;
	bool placed = !cpuset_empty(&run->place.sut_cpus);
	int r;

	run->work = g;
	r = prepare(run, g, err);
	if (r == 0)
		r = run_wire(run, WIRE_VM, err);
	if (r == 0)
		r = fill_spec(run, g, &spec, err);
	if (r == 0)
		r = vm_start(&g->vm, &spec, placed ? &run->place : NULL, run->journal, err);
	if (r < 0)
		return r;
	read_back(run, g);
	settling_begin(&g->settling, run);
	if (g->platform->accel.kind == VM_TCG)
		log_note("guest code is translated, not executed by the processor: %s", g->platform->accel.why);
	return 0;
}

/* A guest that switched itself off is no failure; one that died is. */
static int judge(struct run *run, struct guest *g, struct err *err)
{
	struct vm_end end;

	vm_stop(g->vm, 0, &end);
	if (run->end.asked || (!end.end.signalled && end.end.code == 0 && text_eq(end.how, "by itself"))) {
		run->end.code = 0;
		return 0;
	}
	run->end.by_signal = end.end.signalled;
	run->end.code = end.end.code;
	return err_in(err, "the virtual machine");
}

static int wait_for(struct run *run, int fd, uint64_t deadline_ns, struct err *err)
{
	struct guest *g = run->work;
	int r;

	for (;;) {
		r = vm_watch(g->vm, fd, g->settling.at_ns < deadline_ns ? g->settling.at_ns : deadline_ns, err);
		if (r != -ETIME || clock_ns() >= deadline_ns)
			break;
		run_settle(run, g->vm, &g->settling);
	}
	if (r == 0)
		return 1;
	return r == -ETIME || r == -EINTR ? r : judge(run, g, err);
}

static void ask(struct run *run, int sig)
{
	struct guest *g = run->work;
	struct err err = { 0 };

	(void) sig;
	if (vm_powerdown(g->vm, &err) < 0)
		log_warn("the guest's power button cannot be pressed: %s", err.text);
	else
		log_note("the guest was asked to shut down");
}

static void end_it(struct run *run)
{
	struct guest *g = run->work;

	log_note("the guest is switched off");
	vm_stop(g->vm, 0, NULL);
}

static void free_it(struct run *run)
{
	struct guest *g = run->work;

	if (!g)
		return;
	vm_free(g->vm);
	vm_platform_free(g->platform);
	free(g);
	run->work = NULL;
}

const struct work_ops work_vm = {
	.start = start,
	.wait = wait_for,
	.ask = ask,
	.kill = end_it,
	.free = free_it,
};
