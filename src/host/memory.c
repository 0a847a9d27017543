/* SPDX-License-Identifier: Apache-2.0 */
#include "host/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "base/value.h"
#include "base/vec.h"

#define THP_DIR "sys/kernel/mm/transparent_hugepage"
#define KSM_DIR "sys/kernel/mm/ksm"

static bool line_bytes(const char *at, const char *key, uint64_t *ret)
{
	uint64_t kb;

	if (!take_text(&at, key) || !take_char(&at, ':') || !take_blanks(&at) || !take_u64(&at, &kb) || kb > UINT64_MAX / 1024)
		return false;
	*ret = kb * 1024;
	return true;
}

uint64_t meminfo_bytes(const char *text, const char *key)
{
	uint64_t bytes = 0;
	char line[128];

	while (take_line(&text, line, sizeof(line))) {
		if (line_bytes(line, key, &bytes))
			return bytes;
	}
	return 0;
}

uint64_t node_meminfo_bytes(const char *text, const char *key)
{
	uint64_t bytes = 0, node;
	char line[128];

	while (take_line(&text, line, sizeof(line))) {
		const char *at = line;

		if (take_text(&at, "Node ") && take_u64(&at, &node) && take_blanks(&at) && line_bytes(at, key, &bytes))
			return bytes;
	}
	return 0;
}

/* A blank in the name is written as \040; a name that does not fit is cut. */
bool take_swap(const char **at, struct swap_area *ret)
{
	char line[512];

	while (take_line(at, line, sizeof(line))) {
		const char *p = line;
		char name[256], type[32];
		uint64_t kb, used;

		if (!take_word(&p, name, sizeof(name)) || !take_blanks(&p) || !take_word(&p, type, sizeof(type)) ||
		    !take_blanks(&p) || !take_u64(&p, &kb) || !take_blanks(&p) || !take_u64(&p, &used))
			continue;
		if (kb > UINT64_MAX / 1024 || used > kb)
			continue;
		*ret = (struct swap_area){ .bytes = kb * 1024, .used_bytes = used * 1024 };
		text_print(ret->name, sizeof(ret->name), "%s", name);
		return true;
	}
	return false;
}

static uint64_t read_count(const struct fs *fs, const char *dir, const char *pool, const char *file)
{
	char path[192];
	uint64_t n = 0;

	if (text_print(path, sizeof(path), "%s/%s/%s", dir, pool, file) || fs_read_u64(fs, path, &n) < 0)
		return 0;
	return n;
}

/* Pools below dir, which is the machine's or a node's hugepages folder; returns how many. */
static unsigned read_pools(const struct fs *fs, const char *dir, struct huge_pool pools[HUGE_SIZES])
{
	struct fs_names names;
	unsigned n = 0;

	if (fs_list(fs, dir, &names) < 0)
		return 0;
	for (size_t i = 0; i < names.n && n < HUGE_SIZES; i++) {
		const char *at = names.at[i];
		char path[192];
		uint64_t kb, total;

		if (!take_text(&at, "hugepages-") || !take_u64(&at, &kb) || !text_eq(at, "kB") || kb > UINT32_MAX)
			continue;
		if (text_print(path, sizeof(path), "%s/%s/nr_hugepages", dir, names.at[i]) || fs_read_u64(fs, path, &total) < 0)
			continue;
		pools[n++] = (struct huge_pool){
			.kb = (unsigned) kb,
			.total = total,
			.free = read_count(fs, dir, names.at[i], "free_hugepages"),
			.surplus = read_count(fs, dir, names.at[i], "surplus_hugepages"),
			.overcommit = read_count(fs, dir, names.at[i], "nr_overcommit_hugepages"),
			.reserved = read_count(fs, dir, names.at[i], "resv_hugepages"),
		};
	}
	fs_list_free(&names);
	return n;
}

static void read_distances(const struct fs *fs, const char *dir, struct numa_node *node)
{
	VEC(unsigned) list = { 0 };
	char text[4096], path[128];
	const char *at = text;
	uint64_t n;

	if (text_print(path, sizeof(path), "%s/distance", dir) || fs_read(fs, path, text, sizeof(text)) < 0)
		return;
	while (take_blanks(&at) && take_u64(&at, &n) && n <= 255)
		*vec_add(&list) = (unsigned) n;
	node->distances = list.at;
	node->n_distances = list.n;
}

static bool read_node(const struct fs *fs, const char *name, struct numa_node *ret)
{
	struct numa_node node = { 0 };
	AUTO_FREE char *text = NULL;
	char dir[96], path[128];
	uint64_t nr;

	if (!text_starts(name, "node") || text_u64(name + 4, &nr) < 0 || nr > 65535)
		return false;
	node.node = (unsigned) nr;
	text_print(dir, sizeof(dir), "sys/devices/system/node/%.40s", name);
	text_print(path, sizeof(path), "%s/cpulist", dir);
	if (fs_read_cpulist(fs, path, &node.cpus) < 0)
		node.cpus = (struct cpuset){ 0 };
	text_print(path, sizeof(path), "%s/meminfo", dir);
	if (fs_read_all(fs, path, 1 << 16, &text, NULL) == 0) {
		node.total_bytes = node_meminfo_bytes(text, "MemTotal");
		node.free_bytes = node_meminfo_bytes(text, "MemFree");
	}
	text_print(path, sizeof(path), "%s/hugepages", dir);
	node.n_huge = read_pools(fs, path, node.huge);
	read_distances(fs, dir, &node);
	*ret = node;
	return true;
}

static void read_nodes(const struct fs *fs, struct memory_facts *m)
{
	VEC(struct numa_node) list = { 0 };
	struct fs_names names;

	if (fs_list(fs, "sys/devices/system/node", &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		struct numa_node node;

		if (read_node(fs, names.at[i], &node))
			*vec_add(&list) = node;
	}
	fs_list_free(&names);
	m->nodes = list.at;
	m->n_nodes = list.n;
}

static void read_swaps(const struct fs *fs, struct memory_facts *m)
{
	VEC(struct swap_area) list = { 0 };
	AUTO_FREE char *text = NULL;
	struct swap_area area;

	if (fs_read_all(fs, "proc/swaps", 1 << 16, &text, NULL) < 0)
		return;
	for (const char *at = text; take_swap(&at, &area);)
		*vec_add(&list) = area;
	m->swaps = list.at;
	m->n_swaps = list.n;
}

static void read_choice(const struct fs *fs, const char *path, char *buf, size_t cap)
{
	char text[128];

	buf[0] = '\0';
	if (fs_read(fs, path, text, sizeof(text)) > 0 && !value_clean(VALUE_CHOICE, text, buf, cap))
		buf[0] = '\0';
}

static int64_t read_or_none(const struct fs *fs, const char *path)
{
	int64_t n;

	return fs_read_i64(fs, path, &n) < 0 || n < 0 ? -1 : n;
}

static int read_int(const struct fs *fs, const char *path)
{
	int64_t n = read_or_none(fs, path);

	return n > INT32_MAX ? -1 : (int) n;
}

static void read_background(const struct fs *fs, struct memory_facts *m)
{
	read_choice(fs, THP_DIR "/enabled", m->thp, sizeof(m->thp));
	read_choice(fs, THP_DIR "/defrag", m->thp_defrag, sizeof(m->thp_defrag));
	read_choice(fs, THP_DIR "/shmem_enabled", m->thp_shmem, sizeof(m->thp_shmem));
	m->khugepaged_defrag = read_int(fs, THP_DIR "/khugepaged/defrag");
	m->ksm_run = read_int(fs, KSM_DIR "/run");
	m->ksm_merge_across_nodes = read_int(fs, KSM_DIR "/merge_across_nodes");
	m->ksm_pages_sharing = read_or_none(fs, KSM_DIR "/pages_sharing");
	m->swappiness = read_int(fs, "proc/sys/vm/swappiness");
	m->numa_balancing = read_int(fs, "proc/sys/kernel/numa_balancing");
	m->zone_reclaim = read_int(fs, "proc/sys/vm/zone_reclaim_mode");
	m->stat_interval = read_int(fs, "proc/sys/vm/stat_interval");
}

void memory_facts_read(const struct fs *fs, struct memory_facts *ret)
{
	struct memory_facts m = { 0 };
	AUTO_FREE char *text = NULL;

	if (fs_read_all(fs, "proc/meminfo", 1 << 16, &text, NULL) == 0) {
		m.total_bytes = meminfo_bytes(text, "MemTotal");
		m.available_bytes = meminfo_bytes(text, "MemAvailable");
		m.swap_bytes = meminfo_bytes(text, "SwapTotal");
		m.swap_free_bytes = meminfo_bytes(text, "SwapFree");
		m.locked_bytes = meminfo_bytes(text, "Mlocked");
		m.anon_huge_bytes = meminfo_bytes(text, "AnonHugePages");
	}
	m.n_huge = read_pools(fs, "sys/kernel/mm/hugepages", m.huge);
	read_nodes(fs, &m);
	read_swaps(fs, &m);
	read_background(fs, &m);
	*ret = m;
}

void memory_facts_free(struct memory_facts *m)
{
	for (size_t i = 0; i < m->n_nodes; i++)
		free(m->nodes[i].distances);
	free(m->nodes);
	free(m->swaps);
	*m = (struct memory_facts){ 0 };
}
