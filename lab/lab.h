/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lab - a whole host, emulated: q35 under TCG with an IOMMU that remaps
 * interrupts, PCIe root ports with network cards (igb: SR-IOV), huge pages,
 * any boot parameters, nested KVM; its root is this machine's own root, read
 * through 9p and written to memory.  See docs/lab.md.
 */
#ifndef LAB_LAB_H
#define LAB_LAB_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/spawn.h"
#include "vm/kernel.h"

#define LAB_NICS_MAX 8

/* Exit codes of the program: the command's own, or these. */
enum { LAB_TIMEOUT = 124, LAB_FAILED = 125, LAB_SIGNALLED = 128, LAB_INTERRUPTED = 130 };

/* The machine's own root comes first. */
enum { LAB_SHARE_ROOT, LAB_SHARE_OUT, LAB_SHARE_PERSIST, LAB_SHARES };

enum lab_nic { LAB_IGB, LAB_E1000E, LAB_VIRTIO, LAB_NIC_KINDS };

struct lab_kernel_row {
	const char *name;
	enum kernel_flavour flavour;
	bool backports; /* from the distribution's backports, by the apt configuration that install-deps made */
	const char *package; /* of the backports */
	bool virtiofs;  /* knows no 9p */
};
extern const struct lab_kernel_row lab_kernels[];
extern const size_t lab_n_kernels;

/* What is wanted. */
struct lab_spec {
	const struct lab_kernel_row *kernel;
	struct lab_kernel_row own;    /* what kernel points at when image is a kernel file of the user's */
	const char *image, *modules;  /* modules NULL = found by the image */
	const char *cmdline, *qemu_words, *smp; /* NULL = nothing more */
	unsigned cpus, memory_mb;
	enum lab_nic nics[LAB_NICS_MAX];
	unsigned n_nics;
	uint64_t disk_bytes; /* 0 = none */
	const char *out, *persist; /* absolute, or NULL */
	uint64_t timeout_ns;
	bool tty;
	const char *const *command; /* NULL-terminated */
};

/* What it is made of. */
struct lab_parts {
	char qemu[PATH_MAX];
	char qemu_data[PATH_MAX]; /* its tree's usr/share when it is not installed, else "" */
	char libraries[PATH_MAX]; /* "LD_LIBRARY_PATH=...", or "" */
	struct vm_kernel kernel;
	char vmlinux[PATH_MAX];   /* the same kernel unpacked, or "" */
	char initrd[PATH_MAX];
	char init[PATH_MAX];      /* lab-init, static */
	int control_fd, console_fd; /* QEMU's ends */
	int disk_fd;              /* a sparse file without a name; -1 = none */
	struct lab_share {
		const char *tag, *path; /* path NULL = not wanted */
		bool read_only;
		int fd;               /* of its virtiofsd; -1 = 9p, which is in QEMU */
		struct child server;
	} shares[LAB_SHARES];
};

int lab_nics_parse(struct lab_spec *spec, const char *text, struct err *err); /* "igb,virtio" */
int lab_spec_check(const struct lab_spec *spec, struct err *err);
const struct lab_kernel_row *lab_kernel_named(const char *name, struct err *err);

int lab_qemu_find(struct lab_parts *ret, const struct lab_spec *spec, struct err *err);
/* A kernel file instead of a row of the table: looks whether it can have its root through 9p. */
int lab_kernel_own(struct lab_spec *spec, const char *image, const char *modules, struct err *err);
int lab_kernel_find(struct lab_parts *ret, const struct lab_spec *spec, struct err *err);
void lab_vmlinux(struct lab_parts *parts);
int lab_image(struct lab_parts *ret, const struct lab_spec *spec, struct err *err);
void lab_argv(struct argv *ret, const struct lab_spec *spec, const struct lab_parts *parts); /* pure */

/* The server of one folder; *ret_fd is QEMU's end of its line. */
int virtiofs_start(struct child *ret, int *ret_fd, const char *folder, bool read_only, struct err *err);
/* What main() does when its first word is this: become the program behind it, with all mounts read only. */
#define VIRTIOFS_SERVE "--serve-read-only"
int virtiofs_serve(char **argv);

/* All of it: prepare, boot, run, end.  The exit code of the program, or negative with a sentence. */
int lab_run(const struct lab_spec *spec, struct err *err);

#endif
