/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/numa_maps of a process that may name its files as it likes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "knob/numa_maps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *) data, size);
	struct numa_maps m;
	uint64_t largest = 0;

	numa_maps_parse(text, &m);
	for (unsigned i = 0; i < NUMA_MAPS_NODES; i++) {
		if (m.largest_node_kb[i] > m.kb[i])
			abort();
		largest = largest > UINT64_MAX - m.largest_node_kb[i] ? UINT64_MAX : largest + m.largest_node_kb[i];
	}
	if (largest != m.largest_kb)
		abort();
	free(text);
	return 0;
}
