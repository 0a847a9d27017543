/* SPDX-License-Identifier: Apache-2.0 */
#include "host/cpu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/cpu_parts.h"

#define CPU_DIR  "sys/devices/system/cpu"
#define NODE_DIR "sys/devices/system/node"

static int read_number(const struct fs *fs, unsigned cpu, const char *file)
{
	char buf[32];
	int64_t n;

	if (fs_readf(fs, buf, sizeof(buf), CPU_DIR "/cpu%u/topology/%s", cpu, file) < 0 || text_i64(text_trim(buf), &n) < 0)
		return -1;
	return n < 0 || n > INT32_MAX ? -1 : (int) n;
}

/* Hardware threads of one core; a kernel that does not say has one thread a core. */
static struct cpuset read_siblings(const struct fs *fs, unsigned cpu)
{
	char path[96];
	struct cpuset s;

	text_print(path, sizeof(path), CPU_DIR "/cpu%u/topology/thread_siblings_list", cpu);
	if (fs_read_cpulist(fs, path, &s) < 0 || !cpuset_has(&s, cpu))
		return cpuset_one(cpu);
	return s;
}

static void read_nodes(const struct fs *fs, struct cpu_facts *f)
{
	struct fs_names names;

	if (fs_list(fs, NODE_DIR, &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		char path[96];
		struct cpuset cpus;
		uint64_t node;

		if (!text_starts(names.at[i], "node") || text_u64(names.at[i] + 4, &node) < 0 || node > 65535)
			continue;
		if (text_print(path, sizeof(path), NODE_DIR "/%s/cpulist", names.at[i]) || fs_read_cpulist(fs, path, &cpus) < 0)
			continue;
		for (size_t c = 0; c < f->n; c++) {
			if (cpuset_has(&cpus, f->at[c].cpu))
				f->at[c].node = (int) node;
		}
	}
	fs_list_free(&names);
}

/* "vendor_id : GenuineIntel" of the first processor. */
static void read_cpuinfo(const struct fs *fs, struct cpu_facts *f)
{
	const struct {
		const char *key;
		char *buf;
		size_t cap;
	} rows[] = {
		{ "model name", f->model, sizeof(f->model) },
		{ "vendor_id", f->vendor, sizeof(f->vendor) },
		{ "microcode", f->microcode, sizeof(f->microcode) },
	};
	AUTO_FREE char *text = NULL;
	char line[256];

	if (fs_read_all(fs, "proc/cpuinfo", 1 << 24, &text, NULL) < 0)
		return;
	for (const char *at = text; take_line(&at, line, sizeof(line)) && *line;) {
		char *colon = strchr(line, ':');

		for (size_t i = 0; colon && i < ARRAY_SIZE(rows); i++) {
			if (text_starts(line, rows[i].key))
				text_print(rows[i].buf, rows[i].cap, "%s", text_trim(colon + 1));
		}
	}
}

/* Where sysfs was not copied, as in a support archive: "processor : 3" lines. */
static struct cpuset online_by_cpuinfo(const struct fs *fs)
{
	struct cpuset set = { 0 };
	AUTO_FREE char *text = NULL;
	char line[256];

	if (fs_read_all(fs, "proc/cpuinfo", 1 << 24, &text, NULL) < 0)
		return set;
	for (const char *at = text; take_line(&at, line, sizeof(line));) {
		const char *colon = strchr(line, ':'), *number = colon ? colon + 1 : line;
		uint64_t n;

		if (text_starts(line, "processor") && colon && take_blanks(&number) && take_u64(&number, &n) && n < CPUSET_MAX)
			cpuset_add(&set, (unsigned) n);
	}
	return set;
}

/* An absent file, and the "(null)" of some kernels for an unset nohz_full, are the empty set. */
static struct cpuset read_optional(const struct fs *fs, const char *path)
{
	struct cpuset s;

	return fs_read_cpulist(fs, path, &s) < 0 ? (struct cpuset){ 0 } : s;
}

static void read_sets(const struct fs *fs, struct cpu_facts *f)
{
	uint64_t smt = 0;

	f->possible = read_optional(fs, CPU_DIR "/possible");
	if (!cpuset_within(&f->online, &f->possible))
		f->possible = cpuset_or(&f->possible, &f->online);
	f->n_possible = (unsigned) cpuset_last(&f->possible) + 1;
	f->present = read_optional(fs, CPU_DIR "/present");
	f->offline = cpuset_minus(&f->present, &f->online);
	f->isolated = read_optional(fs, CPU_DIR "/isolated");
	f->nohz_full = read_optional(fs, CPU_DIR "/nohz_full");
	f->smt_known = fs_read_u64(fs, CPU_DIR "/smt/active", &smt) == 0;
	f->smt_active = f->smt_known && smt == 1;
	if (fs_read(fs, CPU_DIR "/smt/control", f->smt_control, sizeof(f->smt_control)) < 0)
		f->smt_control[0] = '\0';
}

static int read_capacity(const struct fs *fs, unsigned cpu)
{
	char buf[32];
	int64_t n;

	if (fs_readf(fs, buf, sizeof(buf), CPU_DIR "/cpu%u/cpu_capacity", cpu) < 0 || text_i64(text_trim(buf), &n) < 0)
		return -1;
	return n < 0 || n > INT32_MAX ? -1 : (int) n;
}

static void read_one(const struct fs *fs, unsigned cpu, struct cpu_fact *fact)
{
	fact->cpu = cpu;
	fact->package = read_number(fs, cpu, "physical_package_id");
	fact->core = read_number(fs, cpu, "core_id");
	fact->die = read_number(fs, cpu, "die_id");
	fact->cluster = read_number(fs, cpu, "cluster_id");
	fact->capacity = read_capacity(fs, cpu);
	fact->node = -1;
	fact->siblings = read_siblings(fs, cpu);
}

int cpu_facts_read(const struct fs *fs, struct cpu_facts *ret, struct err *err)
{
	VEC(struct cpu_fact) list = { 0 };
	struct cpu_facts f = { 0 };
	int r = fs_read_cpulist(fs, CPU_DIR "/online", &f.online);

	if (r < 0)
		f.online = online_by_cpuinfo(fs);
	if (cpuset_empty(&f.online))
		return err_sys(err, r < 0 ? r : -EINVAL, "cannot tell which CPUs are online: " CPU_DIR "/online below %s",
			       fs->path);
	read_sets(fs, &f);
	for (int c = -1; (c = cpuset_next(&f.online, c)) >= 0;)
		read_one(fs, (unsigned) c, vec_add(&list));
	f.at = list.at;
	f.n = list.n;
	read_nodes(fs, &f);
	read_cpuinfo(fs, &f);
	cpu_caches_read(fs, &f);
	cpu_kinds_read(fs, &f);
	cpu_count(&f);
	*ret = f;
	return 0;
}

void cpu_facts_free(struct cpu_facts *f)
{
	free(f->at);
	free(f->caches);
	*f = (struct cpu_facts){ 0 };
}

const struct cpu_fact *cpu_fact(const struct cpu_facts *f, unsigned cpu)
{
	size_t low = 0, high = f->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (f->at[mid].cpu == cpu)
			return &f->at[mid];
		if (f->at[mid].cpu < cpu)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}
