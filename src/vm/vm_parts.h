/* SPDX-License-Identifier: Apache-2.0 */
/* vm_parts - what vm.c, place.c, watch.c and memory.c share. Private to the room. */
#ifndef VM_PARTS_H
#define VM_PARTS_H

#include "vm/launch.h"
#include "vm/qmp.h"
#include "vm/vm.h"

struct vm {
	struct launch l;
	struct argv argv;
	struct qmp *qmp;
	bool qmp_gone; /* its connection ended */
	struct vm_memory memory;
	unsigned vcpus;
	pid_t vcpu_tid[VM_VCPUS_MAX];
	bool stopped;
	struct vm_end end;
};

/* place.c: learn the vCPU threads; put every thread where the placement says. */
int vm_learn_vcpus(struct vm *vm, uint64_t deadline_ns, struct err *err);
int vm_place(struct vm *vm, const struct placement *p, struct err *err);
int vm_place_check(const struct placement *p, unsigned vcpus, struct err *err);

/* memory.c: what of the wishes can be had here. */
struct vm_memory vm_memory_plan(const struct fs *fs, const struct placement *p, unsigned memory_mb);

/* watch.c: the guest's last words for the end of a sentence, "" when silent; malloc'ed. */
char *vm_last_words(const struct vm *vm);
/* The text after "Kernel panic - not syncing: " in a console, into buf; false when there is none. Total: any bytes. */
bool console_panic(const char *text, size_t len, char *buf, size_t cap);

#endif
