/* SPDX-License-Identifier: Apache-2.0 */
#include "host/cpu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "base/vec.h"

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

static void read_model(const struct fs *fs, char *buf, size_t cap)
{
	AUTO_FREE char *text = NULL;
	const char *at;
	char line[256];

	if (fs_read_all(fs, "proc/cpuinfo", 1 << 24, &text, NULL) < 0)
		return;
	for (at = text; take_line(&at, line, sizeof(line));) {
		char *colon = strchr(line, ':');

		if (colon && text_starts(line, "model name")) {
			text_print(buf, cap, "%s", text_trim(colon + 1));
			return;
		}
	}
}

/* An absent file, and the "(null)" of some kernels for an unset nohz_full, are the empty set. */
static struct cpuset read_optional(const struct fs *fs, const char *path)
{
	struct cpuset s;

	return fs_read_cpulist(fs, path, &s) < 0 ? (struct cpuset){ 0 } : s;
}

int cpu_facts_read(const struct fs *fs, struct cpu_facts *ret, struct err *err)
{
	VEC(struct cpu_fact) list = { 0 };
	struct cpu_facts f = { 0 };
	uint64_t smt = 0;
	int r = fs_read_cpulist(fs, CPU_DIR "/online", &f.online);

	if (r < 0 || cpuset_empty(&f.online))
		return err_sys(err, r < 0 ? r : -EINVAL, "cannot tell which CPUs are online: " CPU_DIR "/online below %s",
			       fs->path);
	f.possible = read_optional(fs, CPU_DIR "/possible");
	if (!cpuset_within(&f.online, &f.possible))
		f.possible = cpuset_or(&f.possible, &f.online);
	f.n_possible = (unsigned) cpuset_last(&f.possible) + 1;
	f.isolated = read_optional(fs, CPU_DIR "/isolated");
	f.nohz_full = read_optional(fs, CPU_DIR "/nohz_full");
	f.smt_active = fs_read_u64(fs, CPU_DIR "/smt/active", &smt) == 0 && smt == 1;
	for (int c = -1; (c = cpuset_next(&f.online, c)) >= 0;) {
		struct cpu_fact *fact = vec_add(&list);

		fact->cpu = (unsigned) c;
		fact->package = read_number(fs, fact->cpu, "physical_package_id");
		fact->core = read_number(fs, fact->cpu, "core_id");
		fact->node = -1;
		fact->siblings = read_siblings(fs, fact->cpu);
	}
	f.at = list.at;
	f.n = list.n;
	read_nodes(fs, &f);
	read_model(fs, f.model, sizeof(f.model));
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
	for (size_t i = 0; i < f->n; i++) {
		if (f->at[i].cpu == cpu)
			return &f->at[i];
	}
	return NULL;
}
