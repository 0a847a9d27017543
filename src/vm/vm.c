/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/vm.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/vec.h"
#include "vm/vm_parts.h"

#define START_NS     (60 * NS_PER_S) /* usually 0.1: this is for a cold cache on a slow disk of a busy machine */
#define START_GIB_NS (3 * NS_PER_S)  /* more per GiB that is touched page by page */
#define STEP_NS      NS_PER_S        /* one step of vm_stop() */

int vm_control_fd(const struct vm *vm)
{
	return vm->l.control;
}

pid_t vm_pid(const struct vm *vm)
{
	return vm->l.child.pid;
}

const struct argv *vm_argv(const struct vm *vm)
{
	return &vm->argv;
}

const struct vm_memory *vm_memory(const struct vm *vm)
{
	return &vm->memory;
}

static bool is_dedicated(const struct placement *p, unsigned vcpus)
{
	return p && p->sut_fifo && cpuset_count(&p->sut_cpus) >= vcpus;
}

static int plan(struct vm *vm, const struct vm_spec *spec, const struct placement *p, struct err *err)
{
	AUTO(fs_close) struct fs fs = { .root = -1 };
	struct vm_wiring w;
	int r = fs_open_root(&fs, "/", err);

	if (r >= 0)
		r = launch_prepare(&vm->l, err);
	if (r < 0)
		return r;
	vm->vcpus = spec->vcpus;
	vm->memory = vm_memory_plan(&fs, p, spec->memory_mb);
	if (vm->memory.hugepage_kb && !qemu_has(&spec->platform->qemu.caps, QEMU_CAP_MEMFD_HUGETLB)) {
		vm->memory.hugepage_kb = 0;
		text_print(vm->memory.why, sizeof(vm->memory.why), "this QEMU cannot use huge pages");
	}
	w = (struct vm_wiring){
		.qmp_fd = vm->l.qmp_theirs,
		.control_fd = vm->l.control_theirs,
		.console_fd = vm->l.console_theirs,
		.dedicated = is_dedicated(p, spec->vcpus),
		.prealloc = vm->memory.prealloc,
		.lock_memory = vm->memory.locked,
		.hugepage_kb = vm->memory.hugepage_kb,
	};
	qemu_argv(&vm->argv, spec, &w);
	return 0;
}

static int launch(struct vm *vm, const struct vm_spec *spec, struct journal *j, struct err *err)
{
	AUTO_FREE char *line = argv_text(&vm->argv);
	int taps[VM_NICS_MAX];

	for (unsigned i = 0; i < spec->n_nics; i++)
		taps[i] = spec->nics[i].tap_fd;
	log_debug("%s", line);
	return launch_start(&vm->l, &vm->argv, taps, spec->n_nics, j ? journal_mark(j) : NULL, err);
}

/* From a started process to a running guest; every thread is in its place before the first guest instruction. */
static int bring_up(struct vm *vm, const struct vm_spec *spec, const struct placement *p, struct err *err)
{
	uint64_t deadline = clock_ns() + START_NS + spec->memory_mb / 1024 * START_GIB_NS;
	char status[32];
	int r = qmp_open(&vm->qmp, vm->l.qmp, deadline, err);

	if (r >= 0)
		r = qmp_status(vm->qmp, deadline, status, sizeof(status), err);
	if (r >= 0 && !text_eq(status, "prelaunch"))
		r = err_set(err, -EPROTO, "QEMU is '%s' before it was told to run", status);
	if (r >= 0)
		r = vm_learn_vcpus(vm, deadline, err);
	if (r >= 0)
		r = vm_place(vm, p, err);
	if (r >= 0)
		r = qmp_call(vm->qmp, "cont", NULL, deadline, NULL, err);
	if (r == -EPIPE || r == -ETIME)
		launch_explain(&vm->l, err);
	return r < 0 ? err->code : 0;
}

int vm_start(struct vm **ret, const struct vm_spec *spec, const struct placement *placement, struct journal *j, struct err *err)
{
	AUTO(vm_freep) struct vm *vm = NULL;
	int r = vm_spec_check(spec, err);

	if (r >= 0)
		r = vm_place_check(placement, spec->vcpus, err);
	if (r < 0)
		return r;
	vm = xalloc(1, sizeof(*vm));
	vm->l = (struct launch) LAUNCH_INIT;
	r = plan(vm, spec, placement, err);
	if (r >= 0)
		r = launch(vm, spec, j, err);
	if (r >= 0)
		r = bring_up(vm, spec, placement, err);
	if (r < 0)
		return r;
	*ret = TAKE(vm);
	return 0;
}

static const char *end_it(struct vm *vm, uint64_t grace_ns)
{
	static const struct {
		const char *name;
		int signal;
	} signals[] = { { .name = "SIGTERM", .signal = SIGTERM }, { .name = "SIGKILL", .signal = SIGKILL } };

	if (launch_ended(&vm->l, grace_ns ? clock_ns() + grace_ns : 1))
		return "by itself";
	if (vm->qmp) {
		qmp_send(vm->qmp, "quit");
		if (launch_ended(&vm->l, clock_ns() + STEP_NS))
			return "quit";
	}
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		child_kill(&vm->l.child, signals[i].signal);
		if (launch_ended(&vm->l, clock_ns() + STEP_NS * (i + 1)))
			return signals[i].name;
	}
	return "not at all";
}

void vm_stop(struct vm *vm, uint64_t grace_ns, struct vm_end *ret)
{
	if (!vm->stopped) {
		vm->stopped = true;
		vm->end.how = end_it(vm, grace_ns);
		vm->end.end = vm->l.end;
	}
	if (ret)
		*ret = vm->end;
}

void vm_free(struct vm *vm)
{
	if (!vm)
		return;
	if (vm->l.child.pid > 0)
		vm_stop(vm, 0, NULL);
	qmp_close(vm->qmp);
	launch_free(&vm->l);
	argv_free(&vm->argv);
	free(vm);
}
