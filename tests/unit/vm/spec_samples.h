/* SPDX-License-Identifier: Apache-2.0 */
/* spec_samples - the VMs whose command lines are golden and are checked against the installed QEMU. */
#ifndef TEST_SPEC_SAMPLES_H
#define TEST_SPEC_SAMPLES_H

#include "vm/platform.h"
#include "vm/spec.h"

struct sample {
	const char *name;
	struct vm_platform platform;
	struct vm_spec spec;
	struct vm_wiring wiring;
};

#define ALL_CAPS ((1ull << QEMU_CAPS) - 1)
#define SAMPLE_PLATFORM(...)                                                                                                     \
	{                                                                                                                        \
		.qemu = { .path = "/usr/bin/qemu-system-x86_64", .caps = { .bits = ALL_CAPS } },                                 \
		.kernel = { .image = "/boot/vmlinuz-6.1", .version = "6.1" }, .initrd = "/cache/a.img", .accel = {               \
			__VA_ARGS__                                                                                              \
		}                                                                                                                \
	}
#define SAMPLE_FDS .qmp_fd = 10, .control_fd = 11, .console_fd = 12

static const struct sample samples[] = {
	{
		.name = "tcg-stock",
		.platform = SAMPLE_PLATFORM(.kind = VM_TCG, .cpu = "max"),
		.spec = { .name = "r1",
			  .vcpus = 1,
			  .memory_mb = 256,
			  .n_nics = 1,
			  .nics = { { .tap_fd = 20, .mac = "52:54:00:12:34:56" } } },
		.wiring = { SAMPLE_FDS },
	},
	{
		.name = "tcg-locked",
		.platform = SAMPLE_PLATFORM(.kind = VM_TCG, .cpu = "max"),
		.spec = { .name = "r1", .vcpus = 2, .memory_mb = 512, .append = "isolcpus=1 nohz_full=1" },
		.wiring = { SAMPLE_FDS, .dedicated = true, .prealloc = true, .lock_memory = true },
	},
	{
		.name = "kvm-hugepages",
		.platform = SAMPLE_PLATFORM(.kind = VM_KVM, .cpu = "host,migratable=off"),
		.spec = { .name = "r1",
			  .vcpus = 4,
			  .memory_mb = 1024,
			  .n_nics = 2,
			  .nics = { { .tap_fd = 20, .mac = "52:54:00:12:34:56" },
				    { .tap_fd = 21, .mac = "52:54:00:12:34:57" } } },
		.wiring = { SAMPLE_FDS, .dedicated = true, .prealloc = true, .lock_memory = true, .hugepage_kb = 2048 },
	},
	{
		.name = "kvm-split-irqchip",
		.platform =
			SAMPLE_PLATFORM(.kind = VM_KVM, .cpu = "host,migratable=off,-arch-capabilities", .split_irqchip = true),
		.spec = { .name = "r1", .vcpus = 1, .memory_mb = 256 },
		.wiring = { SAMPLE_FDS },
	},
};
#define N_SAMPLES (sizeof(samples) / sizeof(samples[0]))

static inline struct argv sample_argv(const struct sample *s)
{
	struct vm_spec spec = s->spec;
	struct argv argv = { 0 };

	spec.platform = &s->platform;
	qemu_argv(&argv, &spec, &s->wiring);
	return argv;
}

#endif
