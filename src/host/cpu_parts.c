/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Caches are told per CPU, each as often as CPUs share it.  To read each once,
 * the n-th cache of a CPU is skipped when the n-th cache of an earlier CPU said
 * that this one shares it: indexes are the same on CPUs that share.
 */
#include "host/cpu_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/vec.h"

#define CPU_DIR     "sys/devices/system/cpu"
#define INDEXES_MAX 8

const char *cpu_kind_name(enum cpu_kind kind)
{
	static const char *const names[] = {
		[CPU_KIND_ONE] = "", [CPU_KIND_PERFORMANCE] = "performance", [CPU_KIND_EFFICIENT] = "efficient"
	};

	return names[kind];
}

static int cache_file(const struct fs *fs, unsigned cpu, unsigned index, const char *file, char *buf, size_t cap)
{
	return fs_readf(fs, buf, cap, CPU_DIR "/cpu%u/cache/index%u/%s", cpu, index, file);
}

static bool read_cache(const struct fs *fs, unsigned cpu, unsigned index, struct cache_fact *c)
{
	char text[64], path[96];
	uint64_t level, bytes;

	if (cache_file(fs, cpu, index, "level", text, sizeof(text)) < 0 || text_u64(text_trim(text), &level) < 0 || level > 9)
		return false;
	*c = (struct cache_fact){ .level = (unsigned) level, .type = 'u' };
	if (cache_file(fs, cpu, index, "type", text, sizeof(text)) > 0)
		c->type = text[0] == 'D' ? 'd' : text[0] == 'I' ? 'i' : 'u';
	if (cache_file(fs, cpu, index, "size", text, sizeof(text)) > 0 && text_size(text_trim(text), &bytes) == 0)
		c->bytes = bytes;
	text_print(path, sizeof(path), CPU_DIR "/cpu%u/cache/index%u/shared_cpu_list", cpu, index);
	if (fs_read_cpulist(fs, path, &c->cpus) < 0 || !cpuset_has(&c->cpus, cpu))
		c->cpus = cpuset_one(cpu);
	return true;
}

static int by_level(const void *a, const void *b)
{
	const struct cache_fact *x = a, *y = b;

	if (x->level != y->level)
		return x->level < y->level ? -1 : 1;
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	return cpuset_first(&x->cpus) - cpuset_first(&y->cpus);
}

void cpu_caches_read(const struct fs *fs, struct cpu_facts *f)
{
	struct cpuset covered[INDEXES_MAX] = { 0 };
	VEC(struct cache_fact) list = { 0 };

	for (size_t i = 0; i < f->n; i++) {
		for (unsigned index = 0; index < INDEXES_MAX; index++) {
			struct cache_fact c;

			if (cpuset_has(&covered[index], f->at[i].cpu))
				continue;
			if (!read_cache(fs, f->at[i].cpu, index, &c))
				break;
			covered[index] = cpuset_or(&covered[index], &c.cpus);
			*vec_add(&list) = c;
		}
	}
	if (list.n)
		qsort(list.at, list.n, sizeof(*list.at), by_level);
	f->caches = list.at;
	f->n_caches = list.n;
}

/* Intel registers one PMU for each kind of core; others tell by capacity. */
void cpu_kinds_read(const struct fs *fs, struct cpu_facts *f)
{
	struct cpuset fast, slow;
	int best = -1, least = INT32_MAX;

	if (fs_read_cpulist(fs, "sys/devices/cpu_core/cpus", &fast) == 0 &&
	    fs_read_cpulist(fs, "sys/devices/cpu_atom/cpus", &slow) == 0 && !cpuset_empty(&fast) && !cpuset_empty(&slow)) {
		for (size_t i = 0; i < f->n; i++)
			f->at[i].kind = cpuset_has(&slow, f->at[i].cpu) ? CPU_KIND_EFFICIENT : CPU_KIND_PERFORMANCE;
		f->hybrid = true;
		return;
	}
	for (size_t i = 0; i < f->n; i++) {
		best = f->at[i].capacity > best ? f->at[i].capacity : best;
		least = f->at[i].capacity < least ? f->at[i].capacity : least;
	}
	/* Favoured cores differ by some percent: that is no other kind. */
	f->hybrid = least > 0 && best > 0 && least < best * 3 / 4;
	for (size_t i = 0; f->hybrid && i < f->n; i++)
		f->at[i].kind = f->at[i].capacity < best * 3 / 4 ? CPU_KIND_EFFICIENT : CPU_KIND_PERFORMANCE;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static unsigned count_distinct(uint64_t *keys, size_t n)
{
	unsigned distinct = 0;

	qsort(keys, n, sizeof(*keys), by_number);
	for (size_t i = 0; i < n; i++)
		distinct += i == 0 || keys[i] != keys[i - 1];
	return distinct;
}

static uint64_t key3(int a, int b, int c)
{
	return (uint64_t) (uint16_t) a << 48 | (uint64_t) (uint16_t) b << 32 | (uint32_t) c;
}

void cpu_count(struct cpu_facts *f)
{
	uint64_t *packages = xalloc(f->n, sizeof(*packages)), *dies = xalloc(f->n, sizeof(*dies));
	uint64_t *clusters = xalloc(f->n, sizeof(*clusters)), *nodes = xalloc(f->n, sizeof(*nodes));
	size_t n_packages = 0, n_dies = 0, n_clusters = 0, n_nodes = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct cpu_fact *c = &f->at[i];
		struct cpuset core = cpuset_and(&c->siblings, &f->online);

		if (c->package >= 0)
			packages[n_packages++] = (uint64_t) c->package;
		if (c->die >= 0)
			dies[n_dies++] = key3(0, c->package, c->die);
		if (c->cluster >= 0 && c->cluster != 65535) /* 65535: the firmware does not say */
			clusters[n_clusters++] = key3(c->package, c->die, c->cluster);
		if (c->node >= 0)
			nodes[n_nodes++] = (uint64_t) c->node;
		f->n_cores += cpuset_first(&core) == (int) c->cpu;
	}
	f->n_packages = count_distinct(packages, n_packages);
	f->n_dies = count_distinct(dies, n_dies);
	f->n_clusters = count_distinct(clusters, n_clusters);
	f->n_nodes = count_distinct(nodes, n_nodes);
	free(packages);
	free(dies);
	free(clusters);
	free(nodes);
}
