/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec - one virtual machine as a value, and the QEMU command line it becomes.
 *
 * qemu_argv() is pure: values in, words out; nothing is read or started.
 * What the installed QEMU understands was asked of the binary (vm/qemu.h),
 * never concluded from its version.  File descriptors appear by number: QEMU
 * inherits them, so no socket, tap or log has a name in the file system that
 * could clash, be guessed or be left behind.
 */
#ifndef VM_SPEC_H
#define VM_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/spawn.h"

#define VM_NICS_MAX   8
#define VM_QUEUES_MAX 8
#define VM_VCPUS_MAX  255
#define VM_MEMORY_MIN 64             /* MiB: a stock kernel does not boot in less */
#define VM_GUEST_AGENT "org.qemu.guest_agent.0" /* the port that a QEMU guest agent looks for */
#define VM_CONTROL    "org.vlat.ctl" /* name of the guest's virtio port */

struct vm_platform; /* vm/platform.h */

enum vm_accelerator { VM_TCG, VM_KVM };

struct vm_accel { /* how guest code is executed; found by vm/accel.h, which really boots a guest */
	enum vm_accelerator kind;
	char cpu[64];       /* -cpu value: "host,migratable=off", "max" */
	bool split_irqchip; /* a concession some KVM hosts need */
	char why[320];      /* one sentence: why this and nothing faster */
};

enum vm_nic_kind {
	VM_NIC_VIRTIO, /* on a tap or macvtap, in QEMU or, with vhost, in the host's kernel */
	VM_NIC_E1000E, /* an emulated card on a tap or macvtap */
	VM_NIC_VFIO,   /* a PCI function of the host, given away */
	VM_NIC_KINDS
};

struct vm_nic {
	enum vm_nic_kind kind;
	char mac[18];              /* "52:54:00:12:34:56"; the guest finds its interface by it.  VFIO: the device has its own */
	unsigned queues;           /* VIRTIO: pairs of queues, 0 = 1; each wants its fds */
	int tap_fd[VM_QUEUES_MAX]; /* IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, several with IFF_MULTI_QUEUE; the caller's */
	/*
	 * VIRTIO: vhost_fd[] are open /dev/vhost-net, one a queue.  Close them after vm_free(): while one is open,
	 * the kernel keeps all memory of the QEMU that used it, huge pages and assigned devices included.
	 */
	bool vhost;
	int vhost_fd[VM_QUEUES_MAX];
	char host[16]; /* VFIO: "0000:01:10.0", bound to vfio-pci */
};

enum vm_pages {
	VM_PAGES_PLACEMENT, /* what the tuning says, as far as it can be had */
	VM_PAGES_4K,
	VM_PAGES_2M, /* these two, or vm_start() fails with the reason */
	VM_PAGES_1G,
	VM_PAGES_AUTO, /* the largest that can be had */
};

enum vm_idle { VM_IDLE_HALT, VM_IDLE_HALTPOLL, VM_IDLE_POLL }; /* what a guest's idle vCPU does */

enum vm_disk_format { VM_DISK_RAW, VM_DISK_QCOW2 };

struct vm_disk {
	const char *path;           /* NULL = none */
	enum vm_disk_format format; /* never guessed from the contents, which the guest writes */
	bool read_only;
};

struct vm_spec {
	const struct vm_platform *platform; /* QEMU, kernel, initramfs, accelerator */
	const char *name;                   /* text_is_name(); QEMU's process is called vlat-NAME */
	unsigned vcpus;                     /* 1 .. VM_VCPUS_MAX */
	unsigned memory_mb;                 /* VM_MEMORY_MIN .. */
	enum vm_pages pages;
	bool on_node; /* guest memory from this NUMA node; else from that of the vCPUs' CPUs */
	unsigned node;
	struct vm_nic nics[VM_NICS_MAX];
	unsigned n_nics;
	const char *append; /* more words for the kernel command line, or NULL */
	bool isolate;       /* vCPU 0 keeps the guest's house, the others are for one thread each; vm/guest.h */
	enum vm_idle idle;
	bool cpu_pm; /* an idle vCPU keeps its CPU: refused unless that CPU is isolated */

	/* A system of the user's own instead of the agent: it may reboot, and its command line is what append says. */
	const char *kernel, *initrd; /* bzImage, initramfs; kernel NULL: the disk boots itself */
	struct vm_disk disk;
	/* Unix sockets made here: the serial console's (NULL = only recorded), the QEMU guest agent's (NULL = no such port). */
	const char *console, *agent;
};

static inline bool vm_is_own(const struct vm_spec *spec)
{
	return spec->kernel || spec->disk.path;
}

/* What vm_start() finds out before it builds the command line. */
struct vm_wiring {
	int qmp_fd, control_fd, console_fd; /* QEMU's ends */
	int listen_fd, agent_fd;            /* of the sockets spec->console and spec->agent */
	int disk_fd;                        /* when spec->disk.path */
	const char *kernel, *initrd;        /* paths that QEMU can open; NULL = none */
	const char *guest_words;            /* vm/guest.h */
	bool dedicated;                     /* every vCPU has a CPU to itself */
	bool prealloc, lock_memory;
	unsigned hugepage_kb; /* 0 = ordinary pages */
	int node;             /* memory from there only; -1 = anywhere */
};

int vm_spec_check(const struct vm_spec *spec, struct err *err); /* -EINVAL: names the member, the reason, the cure */
void qemu_argv(struct argv *ret, const struct vm_spec *spec, const struct vm_wiring *wiring);

#endif
