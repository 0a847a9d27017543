/* SPDX-License-Identifier: Apache-2.0 */
#include "host/service.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/proc_stat.h"
#include "base/text.h"
#include "base/vec.h"

/* clang-format off */
const struct service_row service_rows[] = {
	{ .name = "irqbalance", .comm = "irqbalance", .unit = "irqbalance", .config = "etc/default/irqbalance",
	  .fights = "rewrites the affinity of interrupts every ten seconds" },
	{ .name = "tuned", .comm = "tuned", .unit = "tuned", .config = "etc/tuned/active_profile",
	  .fights = "sets governors, sysctls, CPU latency and boot parameters by its own profile" },
	{ .name = "tuned-ppd", .comm = "tuned-ppd", .unit = "tuned-ppd",
	  .fights = "switches the profile of tuned when the desktop or the battery asks" },
	{ .name = "power-profiles-daemon", .comm = "power-profiles-", .unit = "power-profiles-daemon",
	  .fights = "sets governor, energy preference and turbo" },
	{ .name = "ksmtuned", .comm = "ksmtuned", .unit = "ksmtuned", .config = "etc/ksmtuned.conf",
	  .fights = "starts and stops the merging of equal pages" },
	{ .name = "numad", .comm = "numad", .unit = "numad",
	  .fights = "moves processes and their memory between NUMA nodes" },
	{ .name = "thermald", .comm = "thermald", .unit = "thermald",
	  .fights = "lowers the clock before the processor's own limit" },
	{ .name = "auto-cpufreq", .comm = "auto-cpufreq", .unit = "auto-cpufreq",
	  .fights = "sets governor and turbo by load" },
	{ .name = "tlp", .comm = "tlp", .unit = "tlp",
	  .fights = "sets governor, energy preference and PCIe power saving" },
	{ .name = "stalld", .comm = "stalld", .unit = "stalld",
	  .fights = "lends starved tasks a deadline on isolated CPUs" },
	{ .name = "kubelet", .comm = "kubelet", .unit = "kubelet", .config = "var/lib/kubelet/cpu_manager_state",
	  .fights = "writes the CPU sets of its containers" },
	{ .name = "cri-o", .comm = "crio", .unit = "crio",
	  .fights = "writes CPU sets, and interrupt affinity for annotated containers" },
	{ .name = "libvirtd", .comm = "libvirtd", .unit = "libvirtd",
	  .fights = "places the threads of its guests and writes their groups" },
	{ .name = "virtqemud", .comm = "virtqemud", .unit = "virtqemud",
	  .fights = "places the threads of its guests and writes their groups" },
	{ .name = "pve", .comm = "pvestatd", .unit = "pvestatd",
	  .fights = "Proxmox writes the groups and affinity of its guests" },
	{ .name = "uksmd", .comm = "uksmd", .unit = "uksmd", .fights = "merges equal pages from user space" },
	{ .name = "openvswitch", .comm = "ovs-vswitchd", .unit = "openvswitch-switch",
	  .fights = "pins its polling threads by pmd-cpu-mask" },
};
/* clang-format on */
const size_t n_service_rows = ARRAY_SIZE(service_rows);

/* By stat, which whoever looks at tasks reads as well; parts of machines hold comm alone. */
static bool read_name(const struct fs *fs, const char *pid, char *buf, size_t cap)
{
	struct proc_stat stat;
	char text[2048];

	if (fs_readf(fs, text, sizeof(text), "proc/%s/task/%s/stat", pid, pid) > 0 && proc_stat_parse(text, &stat)) {
		text_print(buf, cap, "%s", stat.comm);
		return true;
	}
	return fs_readf(fs, buf, cap, "proc/%s/comm", pid) > 0;
}

int process_names_read(const struct fs *fs, struct process_names *ret)
{
	VEC(struct process_name) list = { 0 };
	struct fs_names pids;
	int r = fs_list(fs, "proc", &pids);

	*ret = (struct process_names){ 0 };
	if (r < 0)
		return r;
	for (size_t i = 0; i < pids.n; i++) {
		struct process_name p = { 0 };
		uint64_t pid;

		if (text_u64(pids.at[i], &pid) < 0 || pid > INT32_MAX ||
		    !read_name(fs, pids.at[i], p.comm, sizeof(p.comm)))
			continue;
		p.pid = (pid_t) pid;
		*vec_add(&list) = p;
	}
	fs_list_free(&pids);
	*ret = (struct process_names){ .at = list.at, .n = list.n };
	return 0;
}

void process_names_free(struct process_names *p)
{
	free(p->at);
	*p = (struct process_names){ 0 };
}

static const char *const targets[] = { "multi-user", "graphical", "basic", "sysinit" };

/* Which of them have a folder of what they want: without systemd none, and nothing need be looked for there. */
static unsigned wanting_targets(const struct fs *fs)
{
	unsigned set = 0;

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		set |= (unsigned) fs_existsf(fs, "etc/systemd/system/%s.target.wants", targets[i]) << i;
	return set;
}

static bool is_enabled(const struct fs *fs, unsigned wanting, const char *unit)
{
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		char path[160], target[256];

		if (wanting & 1u << i &&
		    !text_print(path, sizeof(path), "etc/systemd/system/%s.target.wants/%s.service", targets[i], unit) &&
		    fs_readlink(fs, path, target, sizeof(target)) > 0)
			return true;
	}
	return false;
}

/* What a person wrote: no comments, no blank lines. */
static void read_config(const struct fs *fs, const char *path, char *buf, size_t cap)
{
	AUTO_FREE char *text = NULL;
	char line[256];
	size_t used = 0;

	buf[0] = '\0';
	if (fs_read_all(fs, path, 1 << 16, &text, NULL) < 0)
		return;
	for (const char *at = text; take_line(&at, line, sizeof(line));) {
		char *word = text_trim(line);

		if (!*word || *word == '#')
			continue;
		text_print(buf + used, cap - used, "%s%s", used ? "\n" : "", word);
		used = strlen(buf);
	}
}

static void look_for(const struct fs *fs, const struct service_row *row, const struct process_names *processes,
		     unsigned wanting, struct service_fact *s)
{
	*s = (struct service_fact){ .row = row };
	for (size_t i = 0; i < processes->n; i++) {
		if (!text_eq(processes->at[i].comm, row->comm))
			continue;
		if (!s->processes++)
			s->pid = processes->at[i].pid;
	}
	s->enabled = row->unit && is_enabled(fs, wanting, row->unit);
	if (row->config && (s->processes || s->enabled))
		read_config(fs, row->config, s->config, sizeof(s->config));
	if (row->config && !s->config[0] && text_starts(row->config, "etc/default/") && (s->processes || s->enabled)) {
		char path[128];

		text_print(path, sizeof(path), "etc/sysconfig/%s", row->config + strlen("etc/default/"));
		read_config(fs, path, s->config, sizeof(s->config));
	}
}

void service_facts_read(const struct fs *fs, const struct process_names *processes, struct service_facts *ret)
{
	VEC(struct service_fact) list = { 0 };
	unsigned wanting = wanting_targets(fs);

	for (size_t i = 0; i < n_service_rows; i++) {
		struct service_fact s;

		look_for(fs, &service_rows[i], processes, wanting, &s);
		if (s.processes || s.enabled)
			*vec_add(&list) = s;
	}
	*ret = (struct service_facts){ .at = list.at, .n = list.n };
}

void service_facts_free(struct service_facts *f)
{
	free(f->at);
	*f = (struct service_facts){ 0 };
}

const struct service_fact *service_fact(const struct service_facts *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++) {
		if (text_eq(f->at[i].row->name, name))
			return &f->at[i];
	}
	return NULL;
}

bool service_tuned_profile(const struct fs *fs, char *buf, size_t cap)
{
	int n = fs_read(fs, "etc/tuned/active_profile", buf, cap);

	if (n > 0 && *text_trim(buf))
		return true;
	buf[0] = '\0';
	return false;
}
