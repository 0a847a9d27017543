/* SPDX-License-Identifier: Apache-2.0 */
/* facts - everything vlat knows about a host, read once: fs in, structs out, JSON for study.json. */
#ifndef HOST_FACTS_H
#define HOST_FACTS_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fs.h"
#include "host/cgroup_home.h"
#include "host/cmdline.h"
#include "host/cpu.h"
#include "host/irq.h"
#include "host/kernel.h"
#include "host/kvm.h"
#include "host/memory.h"
#include "host/nic.h"
#include "host/partition.h"
#include "host/pci.h"
#include "host/power.h"
#include "host/service.h"
#include "host/task.h"
#include "host/unseen.h"
#include "host/virt.h"

struct host_facts {
	struct cpu_facts cpu;
	struct kernel_facts kernel;
	struct cgroup_facts cgroup;
	struct memory_facts memory;
	char hostname[72];
	char os[128];                   /* PRETTY_NAME of /etc/os-release */
	char governor[24];              /* of the first policy; "" = none offered */
	bool kvm_device;                /* /dev/kvm exists; says nothing about booting */
	char writers[160];              /* other tuners found running: "irqbalance tuned" */
};

/* What inspect and audit see beyond what tuning needs; made by machine_facts_read(). */
struct machine_facts {
	struct host_facts host;
	struct cmdline_facts cmdline;
	struct irq_facts irq;
	struct power_facts power;
	struct nic_facts nic;
	struct pci_devices pci;         /* network devices */
	char iommu[256];                /* "" = there is one, else the sentence that says why not */
	struct kvm_facts kvm;
	struct virt_facts virt;
	struct partition_facts partition;
	struct service_facts service;
	struct task_facts *tasks;       /* NULL = not read on the way: task_facts_read() */
	struct unseens unseen;
	unsigned uid;                   /* who looked (of a capture: who made it) */
};

/* Fails only when this is no machine at all: parts that cannot be read are noted in unseen. */
int machine_facts_read(const struct fs *fs, struct machine_facts *ret, struct err *err);
void machine_facts_free(struct machine_facts *m);
/* Stable names, docs/inspect.md. */
json_t *machine_facts_json(const struct machine_facts *m);

int host_facts_read(const struct fs *fs, struct host_facts *ret, struct err *err);
/* The same for who reads the processes anyway: all but writers, and those. */
int host_facts_read_alone(const struct fs *fs, struct host_facts *ret, struct err *err);
void host_facts_writers(struct host_facts *f, const struct process_names *processes);
void host_facts_free(struct host_facts *f);
json_t *host_facts_json(const struct host_facts *f);    /* new reference */

#endif
