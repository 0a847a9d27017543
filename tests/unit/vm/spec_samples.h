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
#define SAMPLE_FDS                                                                                                               \
	.qmp_fd = 10, .control_fd = 11, .console_fd = 12, .listen_fd = 13, .disk_fd = 14, .kernel = "/boot/vmlinuz-6.1",         \
	.initrd = "/cache/a.img"
#define ANY_NODE .node = -1

static const struct sample samples[] = {
	{
		.name = "tcg-stock",
		.platform = SAMPLE_PLATFORM(.kind = VM_TCG, .cpu = "max"),
		.spec = { .name = "r1",
			  .vcpus = 1,
			  .memory_mb = 256,
			  .n_nics = 1,
			  .nics = { { .tap_fd = { 20 }, .mac = "52:54:00:12:34:56" } } },
		.wiring = { SAMPLE_FDS, ANY_NODE },
	},
	{
		.name = "tcg-locked",
		.platform = SAMPLE_PLATFORM(.kind = VM_TCG, .cpu = "max"),
		.spec = { .name = "r1", .vcpus = 2, .memory_mb = 512, .append = "isolcpus=1 nohz_full=1" },
		.wiring = { SAMPLE_FDS, ANY_NODE, .dedicated = true, .prealloc = true, .lock_memory = true },
	},
	{
		.name = "kvm-hugepages",
		.platform = SAMPLE_PLATFORM(.kind = VM_KVM, .cpu = "host,migratable=off"),
		.spec = { .name = "r1",
			  .vcpus = 4,
			  .memory_mb = 1024,
			  .n_nics = 2,
			  .nics = { { .tap_fd = { 20 }, .mac = "52:54:00:12:34:56" },
				    { .tap_fd = { 21 }, .mac = "52:54:00:12:34:57" } } },
		.wiring = { SAMPLE_FDS, ANY_NODE, .dedicated = true, .prealloc = true, .lock_memory = true, .hugepage_kb = 2048 },
	},
	{
		.name = "kvm-isolated-1g",
		.platform = SAMPLE_PLATFORM(.kind = VM_KVM, .cpu = "host,migratable=off"),
		.spec = { .name = "r1", .vcpus = 2, .memory_mb = 2048, .cpu_pm = true, .append = "mitigations=off" },
		.wiring = { SAMPLE_FDS, ANY_NODE, .dedicated = true, .prealloc = true, .lock_memory = true,
			    .hugepage_kb = 1048576, .guest_words = "isolcpus=managed_irq,domain,1" },
	},
	{
		.name = "kvm-vhost-queues",
		.platform = SAMPLE_PLATFORM(.kind = VM_KVM, .cpu = "host,migratable=off"),
		.spec = { .name = "r1",
			  .vcpus = 4,
			  .memory_mb = 512,
			  .n_nics = 2,
			  .nics = { { .tap_fd = { 20 }, .vhost = true, .vhost_fd = { 30 }, .mac = "52:54:00:12:34:56" },
				    { .queues = 2,
				      .tap_fd = { 21, 22 },
				      .vhost = true,
				      .vhost_fd = { 31, 32 },
				      .mac = "52:54:00:12:34:57" } } },
		.wiring = { SAMPLE_FDS, ANY_NODE },
	},
	{
		.name = "tcg-e1000e",
		.platform = SAMPLE_PLATFORM(.kind = VM_TCG, .cpu = "max"),
		.spec = { .name = "r1",
			  .vcpus = 1,
			  .memory_mb = 256,
			  .n_nics = 1,
			  .nics = { { .kind = VM_NIC_E1000E, .tap_fd = { 20 }, .mac = "52:54:00:12:34:56" } } },
		.wiring = { SAMPLE_FDS, ANY_NODE },
	},
	{
		.name = "kvm-vfio",
		.platform = SAMPLE_PLATFORM(.kind = VM_KVM, .cpu = "host,migratable=off"),
		.spec = { .name = "r1",
			  .vcpus = 1,
			  .memory_mb = 512,
			  .n_nics = 2,
			  .nics = { { .kind = VM_NIC_VFIO, .host = "0000:01:10.0" },
				    { .kind = VM_NIC_VFIO, .host = "0000:01:10.2" } } },
		.wiring = { SAMPLE_FDS, .node = 1 },
	},
	{
		.name = "own-disk",
		.platform = SAMPLE_PLATFORM(.kind = VM_KVM, .cpu = "host,migratable=off"),
		.spec = { .name = "web",
			  .vcpus = 2,
			  .memory_mb = 1024,
			  .disk = { .path = "/srv/a disk,x=y.qcow2", .format = VM_DISK_QCOW2 },
			  .console = "/run/vlat/web.sock",
			  .agent = "/run/vlat/web-agent.sock" },
		.wiring = { .qmp_fd = 10,
			    .control_fd = 11,
			    .console_fd = 12,
			    .listen_fd = 13,
			    .agent_fd = 16,
			    .disk_fd = 14,
			    .node = -1 },
	},
	{
		.name = "own-kernel",
		.platform = SAMPLE_PLATFORM(.kind = VM_TCG, .cpu = "max"),
		.spec = { .name = "web",
			  .vcpus = 1,
			  .memory_mb = 256,
			  .kernel = "/srv/bzImage",
			  .disk = { .path = "/dev/vg/web", .read_only = true },
			  .append = "root=/dev/vda ro" },
		.wiring = { .qmp_fd = 10,
			    .control_fd = 11,
			    .console_fd = 12,
			    .disk_fd = 14,
			    .node = -1,
			    .kernel = "/proc/self/fd/15" },
	},
	{
		.name = "kvm-split-irqchip",
		.platform =
			SAMPLE_PLATFORM(.kind = VM_KVM, .cpu = "host,migratable=off,-arch-capabilities", .split_irqchip = true),
		.spec = { .name = "r1", .vcpus = 1, .memory_mb = 256 },
		.wiring = { SAMPLE_FDS, ANY_NODE },
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
