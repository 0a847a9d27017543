/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory - how much there is and where, huge pages, and what works on memory
 * behind one's back (THP, KSM, swap, NUMA balancing).
 * Documentation/admin-guide/mm/{hugetlbpage,transhuge,ksm,numaperf}.rst.
 */
#ifndef HOST_MEMORY_H
#define HOST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/fs.h"

#define HUGE_SIZES 4

struct huge_pool {
	unsigned kb;                    /* 2048, 1048576 */
	uint64_t total, free;
	uint64_t surplus, overcommit, reserved; /* pools of a node have no overcommit and reserved */
};

struct numa_node {
	unsigned node;
	struct cpuset cpus;             /* empty: memory only */
	uint64_t total_bytes, free_bytes;
	struct huge_pool huge[HUGE_SIZES];
	unsigned n_huge;
	unsigned *distances;            /* to the nodes of memory_facts.nodes, in their order; owned, may be NULL */
	size_t n_distances;
};

struct swap_area {
	char name[96];                  /* "/dev/sda2" */
	uint64_t bytes, used_bytes;
};

struct memory_facts {
	uint64_t total_bytes, available_bytes, swap_bytes;
	uint64_t swap_free_bytes, locked_bytes, anon_huge_bytes;
	struct huge_pool huge[HUGE_SIZES];
	unsigned n_huge;
	struct numa_node *nodes;        /* ascending; owned; none where the kernel has no NUMA */
	size_t n_nodes;
	struct swap_area *swaps;        /* owned */
	size_t n_swaps;
	char thp[16], thp_defrag[20], thp_shmem[16];    /* the choice in brackets; "" = not there */
	int khugepaged_defrag;                          /* -1 = not told, as all below */
	int ksm_run, ksm_merge_across_nodes;
	int64_t ksm_pages_sharing;
	int swappiness, numa_balancing, zone_reclaim, stat_interval;
};

void memory_facts_read(const struct fs *fs, struct memory_facts *ret);
void memory_facts_free(struct memory_facts *m);
/* "KEY:   123 kB" out of meminfo's text, in bytes; 0 when it is not there. */
uint64_t meminfo_bytes(const char *text, const char *key);
/* "Node 0 MemTotal:  123 kB" lines of a node's meminfo. */
uint64_t node_meminfo_bytes(const char *text, const char *key);
/* /proc/swaps below its head; false at the end. */
bool take_swap(const char **at, struct swap_area *ret);

#endif
