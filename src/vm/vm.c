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
#include "vm/drivers.h"
#include "vm/guest.h"
#include "vm/vm_parts.h"

#define START_NS     (180 * NS_PER_S) /* usually 0.1: only a hang takes longer, on the busiest machine; an end is seen at once */
#define START_GIB_NS (3 * NS_PER_S)  /* more per GiB that is touched page by page */
#define HEED_NS      (30 * NS_PER_S) /* for QEMU to heed a word that needs no work */
#define QUIT_NS      (3 * NS_PER_S)  /* for QEMU to end as asked, disks flushed */
#define KILLED_NS    (60 * NS_PER_S) /* what is killed is gone when the kernel has freed its memory; its devices, too */

typedef VEC(int) int_vec;

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

struct vm_rights vm_rights(const struct vm *vm)
{
	return (struct vm_rights){ .uid = vm->confine.on ? vm->confine.uid : geteuid(), .why = vm->confine.why };
}

const char *vm_guest_words(const struct vm *vm)
{
	return vm->guest_words.text ? vm->guest_words.text : "";
}

const char *vm_guest_why(const struct vm *vm)
{
	return vm->guest_why.text ? vm->guest_why.text : "";
}

/* What is asked for, against what this QEMU was built with. */
static int check_caps(const struct vm_spec *spec, struct err *err)
{
	const struct qemu *q = &spec->platform->qemu;
	unsigned long long missing = 0;

	for (unsigned i = 0; i < spec->n_nics; i++) {
		if (spec->nics[i].kind == VM_NIC_E1000E && !qemu_has(&q->caps, QEMU_CAP_E1000E))
			missing |= 1ull << QEMU_CAP_E1000E;
		if (spec->nics[i].kind == VM_NIC_VFIO && !qemu_has(&q->caps, QEMU_CAP_VFIO))
			missing |= 1ull << QEMU_CAP_VFIO;
		if (spec->nics[i].kind == VM_NIC_VFIO && !qemu_has(&q->caps, QEMU_CAP_ROOT_PORT))
			missing |= 1ull << QEMU_CAP_ROOT_PORT;
	}
	if (spec->disk.path && !qemu_has(&q->caps, QEMU_CAP_VIRTIO_BLK))
		missing |= 1ull << QEMU_CAP_VIRTIO_BLK;
	if (spec->cpu_pm && !qemu_has(&q->caps, QEMU_CAP_CPU_PM))
		missing |= 1ull << QEMU_CAP_CPU_PM;
	for (unsigned i = 0; i < QEMU_CAPS; i++) {
		if (missing >> i & 1)
			return err_set(err, -EOPNOTSUPP,
				       "QEMU %s (%s) was built without %s: install your distribution's full QEMU for x86-64",
				       q->path, q->caps.version, qemu_cap_name(i));
	}
	return 0;
}

/* The nodes of the IOMMU groups, and that each device waits there for us. */
static int find_vfio(struct vm *vm, const struct fs *fs, const struct vm_spec *spec, char nodes[][24], struct err *err)
{
	for (unsigned i = 0; i < spec->n_nics; i++) {
		const char *host = spec->nics[i].host;
		char path[80], link[256];

		if (spec->nics[i].kind != VM_NIC_VFIO)
			continue;
		text_print(path, sizeof(path), "sys/bus/pci/devices/%s/driver", host);
		if (fs_readlink(fs, path, link, sizeof(link)) < 0 || !text_ends(link, "/vfio-pci"))
			return err_set(err, -ENODEV, "device %s is not at vfio-pci, so no guest can have it: bind it first",
				       host);
		text_print(path, sizeof(path), "sys/bus/pci/devices/%s/iommu_group", host);
		if (fs_readlink(fs, path, link, sizeof(link)) < 0 || !strrchr(link, '/'))
			return err_set(err, -ENODEV,
				       "device %s is in no IOMMU group: switch the IOMMU on (firmware, intel_iommu=on)", host);
		text_print(nodes[vm->n_vfio], 24, "/dev/vfio/%.10s", strrchr(link, '/') + 1);
		text_print(vm->vfio[vm->n_vfio++], sizeof(vm->vfio[0]), "%s", host);
	}
	return 0;
}

static int plan_rights(struct vm *vm, const struct fs *fs, const struct vm_spec *spec, struct err *err)
{
	char nodes[VM_NICS_MAX][24];
	struct confine_wish wish = { .name = spec->name, .kvm = spec->platform->accel.kind == VM_KVM };
	int r = find_vfio(vm, fs, spec, nodes, err);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < vm->n_vfio; i++)
		wish.vfio[wish.n_vfio++] = nodes[i];
	wish.lock = vm->memory.locked || vm->n_vfio;
	confine_plan(&vm->confine, &wish);
	vm->l.confine = &vm->confine;
	if (vm->confine.why[0])
		log_debug("%s", vm->confine.why);
	return 0;
}

static void wire(const struct vm *vm, const struct vm_spec *spec, const struct placement *p, struct vm_wiring *ret)
{
	*ret = (struct vm_wiring){
		.qmp_fd = vm->l.qmp_theirs,
		.control_fd = vm->l.control_theirs,
		.console_fd = vm->l.console_theirs,
		.listen_fd = vm->files.listen_fd,
		.agent_fd = vm->files.agent_fd,
		.disk_fd = vm->files.disk_fd,
		.kernel = vm->files.kernel[0] ? vm->files.kernel : NULL,
		.initrd = vm->files.initrd[0] ? vm->files.initrd : NULL,
		.guest_words = vm_guest_words(vm),
		.dedicated = vm_is_dedicated(p, spec->vcpus),
		.prealloc = vm->memory.prealloc,
		.lock_memory = vm->memory.locked,
		.hugepage_kb = vm->memory.hugepage_kb,
		.node = vm->memory.node,
	};
}

static int plan(struct vm *vm, const struct vm_spec *spec, const struct placement *p, struct journal *j, struct err *err)
{
	AUTO(fs_close) struct fs fs = { .root = -1 };
	struct vm_wiring w;
	int r = fs_open_root(&fs, "/", err);

	if (r >= 0)
		r = vm_place_check(&fs, spec, p, err);
	if (r >= 0)
		r = check_caps(spec, err);
	if (r >= 0)
		r = drivers_check(&fs, spec, err);
	if (r >= 0)
		r = launch_prepare(&vm->l, err);
	if (r >= 0)
		r = vm_memory_plan(&vm->memory, &fs, spec, p, j, err);
	if (r >= 0)
		r = plan_rights(vm, &fs, spec, err);
	if (r >= 0)
		r = files_open(&vm->files, spec, vm->confine.on, err);
	if (r < 0)
		return r;
	vm->vcpus = spec->vcpus;
	vm->own = vm_is_own(spec);
	guest_words(spec, vm_is_dedicated(p, spec->vcpus), &vm->guest_words, &vm->guest_why);
	wire(vm, spec, p, &w);
	qemu_argv(&vm->argv, spec, &w);
	return 0;
}

/* Everything that QEMU inherits besides its own ends of the channels. */
static void gather_fds(const struct vm *vm, const struct vm_spec *spec, int_vec *ret)
{
	const int files[] = { vm->files.kernel_fd, vm->files.initrd_fd, vm->files.disk_fd, vm->files.listen_fd,
			       vm->files.agent_fd };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (files[i] >= 0)
			*vec_add(ret) = files[i];
	}
	for (unsigned i = 0; i < spec->n_nics; i++) {
		const struct vm_nic *nic = &spec->nics[i];

		for (unsigned q = 0; nic->kind != VM_NIC_VFIO && q < (nic->queues ? nic->queues : 1); q++) {
			*vec_add(ret) = nic->tap_fd[q];
			if (nic->vhost)
				*vec_add(ret) = nic->vhost_fd[q];
		}
	}
}

static int launch(struct vm *vm, const struct vm_spec *spec, struct journal *j, struct err *err)
{
	AUTO_FREE char *line = argv_text(&vm->argv);
	int_vec fds = { 0 };
	int r;

	gather_fds(vm, spec, &fds);
	log_debug("%s", line);
	r = launch_start(&vm->l, &vm->argv, fds.at, fds.n, j ? journal_mark(j) : NULL, err);
	vec_free(&fds);
	files_hand_over(&vm->files);
	return r;
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

	if (r < 0)
		return r;
	vm = xalloc(1, sizeof(*vm));
	vm->l = (struct launch) LAUNCH_INIT;
	vm->files = (struct vm_files) VM_FILES_INIT;
	r = plan(vm, spec, placement, j, err);
	if (r >= 0)
		r = launch(vm, spec, j, err);
	if (r >= 0)
		r = bring_up(vm, spec, placement, err);
	if (r < 0)
		return r;
	*ret = TAKE(vm);
	return 0;
}

int vm_powerdown(struct vm *vm, struct err *err)
{
	if (vm->qmp_gone || !vm->qmp)
		return err_set(err, -ESHUTDOWN, "QEMU is gone");
	return qmp_call(vm->qmp, "system_powerdown", NULL, clock_ns() + HEED_NS, NULL, err);
}

static const char *end_it(struct vm *vm, uint64_t grace_ns)
{
	static const struct {
		const char *name;
		int signal;
		uint64_t within_ns;
	} signals[] = { { .name = "SIGTERM", .signal = SIGTERM, .within_ns = QUIT_NS },
			{ .name = "SIGKILL", .signal = SIGKILL, .within_ns = KILLED_NS } };

	if (launch_ended(&vm->l, grace_ns ? clock_ns() + grace_ns : 1))
		return "by itself";
	if (vm->qmp) {
		qmp_send(vm->qmp, "quit");
		if (launch_ended(&vm->l, clock_ns() + QUIT_NS))
			return "quit";
	}
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		child_kill(&vm->l.child, signals[i].signal);
		if (launch_ended(&vm->l, clock_ns() + signals[i].within_ns))
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
	files_close(&vm->files);
	argv_free(&vm->argv);
	sink_free(&vm->guest_words);
	sink_free(&vm->guest_why);
	free(vm);
}
