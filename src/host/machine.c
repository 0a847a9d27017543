/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/facts.h"
#include "host/iommu.h"

static int ask_uid(void *arg, char *buf, size_t cap)
{
	(void) arg;
	text_print(buf, cap, "%u", (unsigned) geteuid());
	return (int) strlen(buf);
}

static unsigned read_uid(const struct fs *fs)
{
	char text[16];
	uint64_t uid;

	return fs_answer(fs, "uid", ask_uid, NULL, text, sizeof(text)) >= 0 && text_u64(text, &uid) == 0 && uid <= UINT32_MAX
		       ? (unsigned) uid
		       : UINT32_MAX;
}

/* Files that only tell some people: the reader is asked once more what it would get. */
static void note(struct machine_facts *m, const struct fs *fs, const char *what, const char *path)
{
	char buf[16];

	unseen_note(&m->unseen, fs, what, path, fs_read(fs, path, buf, sizeof(buf)));
}

static void note_debugfs(struct machine_facts *m, const struct fs *fs)
{
	const char *dir = m->host.kernel.debugfs;
	char path[96];

	if (!*dir) {
		if (!m->host.kernel.realtime && strstr(m->host.kernel.version, "PREEMPT_DYNAMIC"))
			unseen_say(&m->unseen, "whether the preemption model was switched since boot", "debugfs is not mounted",
				   "mount -t debugfs none /sys/kernel/debug");
		return;
	}
	text_print(path, sizeof(path), "%s/sched/preempt", dir);
	note(m, fs, "the preemption model that runs", path);
}

/* A copy that vlat did not make, as an unpacked support archive, holds what somebody thought of. */
static void note_missing(struct machine_facts *m, const struct fs *fs)
{
	static const struct {
		const char *what, *path;
	} rows[] = {
		{ "which CPUs belong together, isolated CPUs", "sys/devices/system/cpu/online" },
		{ "the kernel's command line", "proc/cmdline" },
		{ "how much memory there is", "proc/meminfo" },
		{ "where interrupts go", "proc/irq" },
		{ "how often interrupts came", "proc/interrupts" },
		{ "control groups", "proc/self/mountinfo" },
		{ "network interfaces", "sys/class/net" },
		{ "idle states and frequencies", "sys/devices/system/cpu/cpu0" },
		{ "transparent huge pages", "sys/kernel/mm" },
	};

	for (size_t i = 0; m->uid == UINT32_MAX && i < ARRAY_SIZE(rows); i++) {
		if (!fs_exists(fs, rows[i].path))
			unseen_say(&m->unseen, rows[i].what, "this copy of a machine does not hold it", "vlat capture takes all");
	}
}

static void note_unseen(struct machine_facts *m, const struct fs *fs, int config)
{
	note_missing(m, fs);
	note_debugfs(m, fs);
	note(m, fs, "how much memory there is", "proc/meminfo");
	note(m, fs, "how much the kernel is locked down", "sys/kernel/security/lockdown");
	note(m, fs, "counts of interrupts", "proc/interrupts");
	unseen_note(&m->unseen, fs, "the kernel's build configuration", "boot/config-*", config);
	if (!m->power.qos_known)
		unseen_say(&m->unseen, "the CPU latency that somebody asks for",
			   fs->live ? "/dev/cpu_dma_latency is for root" : "/dev/cpu_dma_latency was not asked",
			   fs->live ? "run as root" : "make the capture as root");
	if (m->partition.cut)
		unseen_say(&m->unseen, "all control groups", "there are more than are looked at", "");
	if (m->kvm.usable == KVM_UNKNOWN)
		unseen_say(&m->unseen, "whether KVM answers", m->kvm.why, "");
}

static int read_irqs(const struct fs *fs, struct machine_facts *m, struct err *err)
{
	int r = irq_facts_read(fs, &m->irq, err);

	if (r == 0)
		irq_facts_details(fs, m->host.kernel.debugfs, &m->irq);
	return r;
}

/*
 * Half of what is read needs nothing of the other half: on the running machine, where each file is a walk through the kernel,
 * a thread of its own reads it, by a reader of its own.
 */
struct second_half {
	const struct fs *fs;
	struct fs forked;
	bool threaded;
	pthread_t thread;
	struct process_names processes;
	int processes_error;
	struct task_facts *tasks;
	struct kernel_config *config;
};

/* Most files of theirs were just read for their names. */
static struct task_facts *read_tasks(const struct fs *fs)
{
	AUTO_FREE struct task_facts *t = xalloc(1, sizeof(*t));
	struct err ignored;

	return task_facts_read(fs, t, &ignored) == 0 ? TAKE(t) : NULL;
}

static void *read_second(void *arg)
{
	struct second_half *h = arg;

	h->processes_error = process_names_read(h->fs, &h->processes);
	if (h->fs == &h->forked)
		h->tasks = read_tasks(h->fs);
	kernel_config_look(h->config);
	return NULL;
}

static void second_begin(struct second_half *h, const struct fs *fs)
{
	*h = (struct second_half){ .fs = fs, .config = kernel_config_begin(fs) };
	if (!fs_fork(fs, &h->forked))
		return;
	h->fs = &h->forked;
	h->threaded = pthread_create(&h->thread, NULL, read_second, h) == 0;
	if (!h->threaded) {
		fs_close(&h->forked);
		h->fs = fs;
	}
}

static void second_end(struct second_half *h, const struct fs *fs)
{
	if (!h->threaded) {
		read_second(h);
		return;
	}
	pthread_join(h->thread, NULL);
	fs_rejoin(fs, &h->forked);
}

static void second_drop(struct second_half *h)
{
	process_names_free(&h->processes);
	if (h->tasks)
		task_facts_free(h->tasks);
	free(h->tasks);
}

/* On a machine without PCI there is nothing to say. */
static void read_pci(const struct fs *fs, struct machine_facts *m)
{
	struct err err = { 0 };

	if (pci_network_devices(fs, &m->pci, &err) < 0)
		m->pci = (struct pci_devices){ 0 };
	if (iommu_check(fs, &err) < 0)
		text_print(m->iommu, sizeof(m->iommu), "%s", err.text);
}

/* Returns what became of the interrupts, for the unseen. */
static int read_first(const struct fs *fs, struct machine_facts *m, struct err *no_irqs)
{
	int r = read_irqs(fs, m, no_irqs);

	m->uid = read_uid(fs);
	power_facts_read(fs, &m->host.cpu.online, &m->power);
	nic_facts_read(fs, &m->nic);
	read_pci(fs, m);
	kvm_facts_read(fs, &m->kvm);
	virt_facts_read(fs, &m->virt);
	partition_facts_read(fs, &m->host.cgroup, &m->partition);
	return r;
}

int machine_facts_read(const struct fs *fs, struct machine_facts *ret, struct err *err)
{
	struct machine_facts m = { .uid = 0 };
	struct second_half second;
	struct err no_irqs = { 0 };
	int r, irqs = 0, config;

	second_begin(&second, fs);
	r = host_facts_read_alone(fs, &m.host, err);
	if (r == 0)
		irqs = read_first(fs, &m, &no_irqs);
	second_end(&second, fs);
	config = kernel_config_end(second.config, fs, &m.host.kernel);
	if (r < 0) {
		second_drop(&second);
		host_facts_free(&m.host);
		return r;
	}
	host_facts_writers(&m.host, &second.processes);
	m.tasks = second.tasks;
	unseen_note(&m.unseen, fs, "processes", "proc", second.processes_error);
	if (irqs < 0)
		unseen_say(&m.unseen, "interrupts", no_irqs.text, "");
	irq_facts_threads(&second.processes, &m.irq);
	cmdline_facts_read(fs, &m.host.kernel, &m.host.cpu, &m.cmdline);
	service_facts_read(fs, &second.processes, &m.service);
	note_unseen(&m, fs, config);
	process_names_free(&second.processes);
	*ret = m;
	return 0;
}

void machine_facts_free(struct machine_facts *m)
{
	host_facts_free(&m->host);
	cmdline_facts_free(&m->cmdline);
	irq_facts_free(&m->irq);
	power_facts_free(&m->power);
	nic_facts_free(&m->nic);
	pci_devices_free(&m->pci);
	kvm_facts_free(&m->kvm);
	partition_facts_free(&m->partition);
	service_facts_free(&m->service);
	if (m->tasks)
		task_facts_free(m->tasks);
	free(m->tasks);
	unseen_free(&m->unseen);
}
