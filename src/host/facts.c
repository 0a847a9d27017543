/* SPDX-License-Identifier: Apache-2.0 */
#include "host/facts.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "host/service.h"

static void read_os(const struct fs *fs, struct host_facts *f)
{
	AUTO_FREE char *text = NULL;
	char line[256];

	if (fs_read(fs, "proc/sys/kernel/hostname", f->hostname, sizeof(f->hostname)) < 0 &&
	    fs_read(fs, "etc/hostname", f->hostname, sizeof(f->hostname)) < 0)
		f->hostname[0] = '\0';
	if (fs_read_all(fs, "etc/os-release", 1 << 16, &text, NULL) < 0)
		return;
	for (const char *at = text; take_line(&at, line, sizeof(line));) {
		char *value = line + strlen("PRETTY_NAME=");

		if (!text_starts(line, "PRETTY_NAME="))
			continue;
		if (*value == '"' && text_ends(value, "\"") && strlen(value) > 1)
			*strrchr(value++, '"') = '\0';
		text_print(f->os, sizeof(f->os), "%s", value);
	}
}

/* One writer per file: whoever else sets such values while we do is named. */
void host_facts_writers(struct host_facts *f, const struct process_names *processes)
{
	static const char *const known[] = { "irqbalance", "tuned",  "tuned-ppd", "power-profiles-", "ksmtuned", "numad",
					     "thermald",   "stalld", "crio",      "kubelet" };
	for (size_t i = 0; i < processes->n; i++) {
		const char *comm = processes->at[i].comm;

		for (size_t k = 0; k < ARRAY_SIZE(known); k++) {
			size_t len = strlen(f->writers);

			if (text_eq(comm, known[k]))
				text_print(f->writers + len, sizeof(f->writers) - len, "%s%s", len ? " " : "", comm);
		}
	}
}

static void read_governor(const struct fs *fs, struct host_facts *f)
{
	struct fs_names names;

	if (fs_list(fs, "sys/devices/system/cpu/cpufreq", &names) < 0)
		return;
	for (size_t i = 0; i < names.n && !f->governor[0]; i++) {
		if (fs_readf(fs, f->governor, sizeof(f->governor), "sys/devices/system/cpu/cpufreq/%s/scaling_governor",
			     names.at[i]) < 0)
			f->governor[0] = '\0';
	}
	fs_list_free(&names);
}

int host_facts_read_alone(const struct fs *fs, struct host_facts *ret, struct err *err)
{
	struct host_facts f = { 0 };
	struct err ignored;
	int r = cpu_facts_read(fs, &f.cpu, err);

	if (r == 0)
		r = kernel_facts_read(fs, &f.kernel, err);
	if (r < 0) {
		host_facts_free(&f);
		return r;
	}
	/* Without /proc/self/mountinfo, as in a support archive, no group is known: that is no reason to see nothing. */
	if (cgroup_facts_read(fs, &f.cgroup, &ignored) < 0)
		f.cgroup = (struct cgroup_facts){ .layout = HOST_CGROUPS_NONE };
	if (f.cgroup.cpu.version == 1)
		f.kernel.rt_group = fs_existsf(fs, "%s/cpu.rt_runtime_us", f.cgroup.cpu.dir) ? RT_GROUP_V1 : RT_GROUP_NO;
	memory_facts_read(fs, &f.memory);
	read_os(fs, &f);
	read_governor(fs, &f);
	f.kvm_device = fs_exists(fs, "dev/kvm");
	*ret = f;
	return 0;
}

int host_facts_read(const struct fs *fs, struct host_facts *ret, struct err *err)
{
	struct process_names processes;
	int r = host_facts_read_alone(fs, ret, err);

	if (r == 0 && process_names_read(fs, &processes) == 0) {
		host_facts_writers(ret, &processes);
		process_names_free(&processes);
	}
	return r;
}

void host_facts_free(struct host_facts *f)
{
	cpu_facts_free(&f->cpu);
	kernel_facts_free(&f->kernel);
	memory_facts_free(&f->memory);
}
