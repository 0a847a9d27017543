/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/interrupts of a machine with 1024 CPUs and 4096 interrupts has 46 MB,
 * so it is read line by line and only sums are kept.
 *
 * Who may move an interrupt: since Linux 6.11 the mode of smp_affinity tells
 * (kernel/irq/proc.c gives no write bit where the kernel refuses), before that
 * only debugfs does.  A kernel of the newer kind is known by having at least
 * one interrupt without the write bit.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/irq_parts.h"
#include "host/service.h"

struct counting {
	struct irq_facts *facts;
	unsigned *cpus; /* number of each column; owned */
	size_t n_cpus;
	bool head_seen;
	VEC(struct irq_row) rows;
};

static struct irq_fact *fact_of(struct irq_facts *f, unsigned nr)
{
	struct irq_fact key = { .nr = nr };

	return f->n ? bsearch(&key, f->at, f->n, sizeof(key), irq_by_number) : NULL;
}

/* "           CPU0       CPU2": online CPUs only. */
static void take_head(struct counting *c, const char *at)
{
	VEC(unsigned) cpus = { 0 };
	uint64_t cpu;

	c->head_seen = true;
	while (take_blanks(&at) && take_text(&at, "CPU") && take_u64(&at, &cpu) && cpu < CPUSET_MAX)
		*vec_add(&cpus) = (unsigned) cpu;
	c->cpus = cpus.at;
	c->n_cpus = cpus.n;
}

/* The part after the counts of "36: 0 5 PCI-MSIX-0000:00:02.0 1-edge virtio1-req.0". */
static void take_chip(struct irq_fact *f, const char *at)
{
	char word[64];

	if (take_blanks(&at) && take_word(&at, word, sizeof(word)))
		text_print(f->chip, sizeof(f->chip), "%s", word);
}

static void take_arch_row(struct counting *c, const char *label, size_t len, const char *at)
{
	struct irq_row row = { .count = 0 };
	uint64_t n;

	if (len >= sizeof(row.label))
		return;
	text_print(row.label, sizeof(row.label), "%.*s", (int) len, label);
	for (size_t i = 0; i < c->n_cpus && take_blanks(&at) && take_u64(&at, &n); i++) {
		row.count += n;
		if (n > row.worst) {
			row.worst = n;
			row.worst_cpu = c->cpus[i];
		}
	}
	take_blanks(&at);
	text_print(row.what, sizeof(row.what), "%s", at);
	*vec_add(&c->rows) = row;
}

static bool on_line(void *arg, const char *line)
{
	struct counting *c = arg;
	const char *at = line, *label;
	struct irq_fact *f;
	uint64_t nr, n;
	size_t len;

	if (!c->head_seen) {
		take_head(c, line);
		return c->n_cpus > 0;
	}
	take_blanks(&at);
	label = at;
	len = strcspn(at, ":");
	if (at[len] != ':')
		return true;
	if (!take_u64(&at, &nr) || at != label + len || nr > UINT32_MAX) {
		take_arch_row(c, label, len, label + len + 1);
		return true;
	}
	f = fact_of(c->facts, (unsigned) nr);
	at++;
	for (size_t i = 0; f && i < c->n_cpus && take_blanks(&at) && take_u64(&at, &n); i++) {
		f->count += n;
		if (n)
			cpuset_add(&f->counted, c->cpus[i]);
	}
	if (f)
		take_chip(f, at);
	return true;
}

/* "0,596345": possible CPUs in order. */
static void count_by_sysfs(const struct fs *fs, struct irq_fact *f)
{
	AUTO_FREE char *text = NULL;
	char path[64];
	unsigned cpu = 0;
	uint64_t n;

	text_print(path, sizeof(path), "sys/kernel/irq/%u/per_cpu_count", f->nr);
	if (fs_read_all(fs, path, 1 << 18, &text, NULL) < 0)
		return;
	for (const char *at = text; take_u64(&at, &n); cpu++) {
		f->count += n;
		if (n)
			cpuset_add(&f->counted, cpu);
		if (!take_char(&at, ','))
			break;
	}
}

static void read_counts(const struct fs *fs, struct irq_facts *f)
{
	struct counting c = { .facts = f };
	int r = fs_lines(fs, "proc/interrupts", on_line, &c);

	f->counts_known = r == 0 && c.n_cpus > 0;
	f->rows = c.rows.at;
	f->n_rows = c.rows.n;
	free(c.cpus);
	for (size_t i = 0; !f->counts_known && i < f->n; i++)
		count_by_sysfs(fs, &f->at[i]);
}

static void note_device(const struct fs *fs, const char *address, struct irq_facts *f)
{
	struct fs_names irqs;
	char path[160];

	if (text_print(path, sizeof(path), "sys/bus/pci/devices/%s/msi_irqs", address) || fs_list(fs, path, &irqs) < 0)
		return;
	for (size_t i = 0; i < irqs.n; i++) {
		struct irq_fact *one;
		uint64_t nr;

		if (text_u64(irqs.at[i], &nr) < 0 || nr > UINT32_MAX)
			continue;
		one = fact_of(f, (unsigned) nr);
		if (one)
			text_print(one->device, sizeof(one->device), "%s", address);
	}
	fs_list_free(&irqs);
}

static void read_devices(const struct fs *fs, struct irq_facts *f)
{
	struct fs_names devices;

	if (fs_list(fs, "sys/bus/pci/devices", &devices) < 0)
		return;
	for (size_t i = 0; i < devices.n; i++)
		note_device(fs, devices.at[i], f);
	fs_list_free(&devices);
}

static bool debugfs_says_managed(const struct fs *fs, const char *debugfs, unsigned nr, bool *ret)
{
	AUTO_FREE char *text = NULL;
	char path[128];

	if (!*debugfs || text_print(path, sizeof(path), "%s/irq/irqs/%u", debugfs, nr) ||
	    fs_read_all(fs, path, 1 << 16, &text, NULL) < 0)
		return false;
	*ret = strstr(text, "IRQD_AFFINITY_MANAGED") != NULL;
	return true;
}

static void read_managed(const struct fs *fs, const char *debugfs, struct irq_facts *f)
{
	bool newer = false;

	for (size_t i = 0; i < f->n; i++) {
		struct irq_fact *one = &f->at[i];
		char path[64];
		bool managed;
		int mode;

		text_print(path, sizeof(path), "proc/irq/%u/smp_affinity", one->nr);
		mode = fs_mode(fs, path);
		if (mode >= 0 && !(mode & 0222)) {
			newer = true;
			one->managed = strstr(one->chip, "MSI") ? IRQ_MANAGED_YES : IRQ_MANAGED_FIXED;
		}
		if (debugfs_says_managed(fs, debugfs, one->nr, &managed))
			one->managed = managed                               ? IRQ_MANAGED_YES
				       : one->managed == IRQ_MANAGED_UNKNOWN ? IRQ_MANAGED_NO
									     : IRQ_MANAGED_FIXED;
	}
	for (size_t i = 0; newer && i < f->n; i++) {
		if (f->at[i].managed == IRQ_MANAGED_UNKNOWN)
			f->at[i].managed = IRQ_MANAGED_NO;
	}
}

bool irq_of_thread(const char *comm, unsigned *ret)
{
	uint64_t nr;

	if (!take_text(&comm, "irq/") || !take_u64(&comm, &nr) || nr > UINT32_MAX || *comm != '-')
		return false;
	*ret = (unsigned) nr;
	return true;
}

void irq_facts_threads(const struct process_names *processes, struct irq_facts *f)
{
	for (size_t i = 0; i < processes->n; i++) {
		struct irq_fact *one;
		unsigned nr;

		if (!irq_of_thread(processes->at[i].comm, &nr))
			continue;
		one = fact_of(f, nr);
		if (one && !one->thread)
			one->thread = processes->at[i].pid;
	}
}

void irq_facts_details(const struct fs *fs, const char *debugfs, struct irq_facts *f)
{
	f->default_known = fs_read_cpumask(fs, "proc/irq/default_smp_affinity", &f->default_affinity) == 0;
	read_counts(fs, f);
	read_devices(fs, f);
	read_managed(fs, debugfs, f);
}
