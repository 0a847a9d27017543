/* SPDX-License-Identifier: Apache-2.0 */
/* vm_parts - what vm.c, place.c, watch.c and memory.c share. Private to the room. */
#ifndef VM_PARTS_H
#define VM_PARTS_H

#include "base/fs.h"
#include "base/sink.h"
#include "vm/confine.h"
#include "vm/files.h"
#include "vm/launch.h"
#include "vm/qmp.h"
#include "vm/vm.h"

struct vm {
	struct launch l;
	struct argv argv;
	struct qmp *qmp;
	bool qmp_gone; /* its connection ended */
	struct vm_memory memory;
	struct vm_files files;
	struct confine confine;
	struct sink guest_words, guest_why;
	char vfio[VM_NICS_MAX][16]; /* PCI addresses of assigned devices */
	unsigned n_vfio;
	bool own; /* the user's system, not the agent */
	unsigned vcpus;
	pid_t vcpu_tid[VM_VCPUS_MAX];
	bool stopped;
	struct vm_end end;
};

/* place.c: learn the vCPU threads; put every thread where the placement says. */
int vm_learn_vcpus(struct vm *vm, uint64_t deadline_ns, struct err *err);
int vm_place(struct vm *vm, const struct placement *p, struct err *err);
int vm_place_check(const struct fs *fs, const struct vm_spec *spec, const struct placement *p, struct err *err);
/* Each vCPU has a CPU to itself, ahead of every ordinary task. */
bool vm_is_dedicated(const struct placement *p, unsigned vcpus);

/* settle.c: kernel threads of vhost that serve this QEMU (before Linux 6.4; then they are among its own); free(*ret). */
int vm_vhost_threads(const struct vm *vm, const struct fs *fs, pid_t **ret, size_t *ret_n, struct err *err);

/* memory.c: what of the wishes can be had here; a wish by name that cannot be is an error. */
int vm_memory_plan(struct vm_memory *ret, const struct fs *fs, const struct vm_spec *spec, const struct placement *p,
		   struct journal *j, struct err *err);

/* watch.c: the guest's last words for the end of a sentence, "" when silent; malloc'ed. */
char *vm_last_words(const struct vm *vm);
/* The text after "Kernel panic - not syncing: " in a console, into buf; false when there is none. Total: any bytes. */
bool console_panic(const char *text, size_t len, char *buf, size_t cap);

#endif
