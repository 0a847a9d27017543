/* SPDX-License-Identifier: Apache-2.0 */
/* numa_maps - where the pages of a process are: /proc/PID/numa_maps (numa(7)). */
#ifndef KNOB_NUMA_MAPS_H
#define KNOB_NUMA_MAPS_H

#include <stddef.h>
#include <stdint.h>

#define NUMA_MAPS_NODES 64

struct numa_maps {
	uint64_t kb[NUMA_MAPS_NODES]; /* on each node */
	uint64_t huge_kb;             /* of these on huge pages of a pool */
	uint64_t largest_kb;          /* the largest mapping: of a virtual machine its memory */
	uint64_t largest_node_kb[NUMA_MAPS_NODES];
};

/* Lines it does not understand count nothing; sums stop at the largest number. */
void numa_maps_parse(const char *text, struct numa_maps *ret);

#endif
