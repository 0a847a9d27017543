/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qemu - the virtual machines that run on a host, whoever launched them: found
 * in /proc, told by their command lines and threads.
 */
#ifndef KNOB_QEMU_H
#define KNOB_QEMU_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/cpuset.h"
#include "base/fs.h"
#include "host/task.h"

enum launcher { LAUNCHER_HAND, LAUNCHER_LIBVIRT, LAUNCHER_PROXMOX, LAUNCHER_KUBEVIRT, LAUNCHER_OPENSTACK, LAUNCHER_VLAT,
		LAUNCHER_COUNT };

enum qemu_thread { QEMU_VCPU, QEMU_EMULATOR, QEMU_IOTHREAD, QEMU_VHOST, QEMU_OTHER };

struct qemu_task {
	enum qemu_thread kind;
	unsigned index; /* of the vCPU; found by name, else by order */
	const struct task_fact *task;
};

struct qemu {
	pid_t pid;
	char name[64]; /* -name, guest=...; "" = none */
	enum launcher launcher;
	char **argv; /* NULL-terminated; owned */
	size_t argc;
	bool kvm;                /* accelerator as asked for */
	bool default_kvm;        /* none was asked for, and the program's name makes it KVM where that can be had */
	bool named_threads;      /* debug-threads=on: else vCPU threads cannot be told from others by name */
	struct qemu_task *tasks; /* owned */
	size_t n_tasks;
};

struct qemus {
	struct qemu *at; /* ascending pid; owned */
	size_t n, cap;
	bool hidden; /* a process that looks like one does not show its command line to us */
};

/* only: 0, or that process alone.  tasks are borrowed. */
void qemus_read(const struct fs *fs, const struct task_facts *tasks, pid_t only, struct qemus *ret);
void qemus_free(struct qemus *q);
const char *launcher_name(enum launcher l);

/*
 * The words of an option, each time it is given: "-cpu" gives "host,pmu=off".
 * Both "-opt" and "--opt" count.  Start with *at = 0; NULL at the end.
 */
const char *qemu_option(const struct qemu *q, const char *name, size_t *at);
/* key=value out of "a,b=c,d=e" (",," is a comma in a value); a bare first word is the value of key "". "+key" and "-key" are on
 * and off.  JSON too, as libvirt writes it: there "" is the type or driver, and true and false are on and off. */
bool qemu_key(const char *text, const char *key, char *buf, size_t cap);
/* The last value of key in any -name option; false when it is nowhere. */
bool qemu_value(const struct qemu *q, const char *name, const char *key, char *buf, size_t cap);
/* By which its launcher knows it: its number (Proxmox), its name, else "NAME". */
void qemu_handle(const struct qemu *q, char *buf, size_t cap);
/* Where the vCPUs may run, all together. */
struct cpuset qemu_vcpu_cpus(const struct qemu *q);

/* /proc/PID/cmdline, n bytes, words ended by NUL; argv is one allocation and NULL-terminated. */
size_t qemu_line_words(const char *text, size_t n, char ***ret);

#endif
