/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of the kernel one by one: command line, isolcpus=, meminfo, swaps, build configuration, ethtool answers; and the mask of
 * captures. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "host/cmdline.h"
#include "host/kernel.h"
#include "host/memory.h"
#include "host/nic_ethtool.h"
#include "host/virt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parameters(const char *text)
{
	struct cmdline_param p;
	struct isolcpus s;

	for (const char *at = text, *before = at; take_param(&at, &p); before = at) {
		if (at <= before)
			abort(); /* the contract: success moves the cursor */
		if (isolcpus_parse(p.value, &s) < 0 && memchr(s.bad, '\0', sizeof(s.bad)) == NULL)
			abort();
	}
	cmdline_find(text, "isolcpus", &p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct kernel_facts k = { .release = "" };
	struct swap_area area;
	double steal;

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	parameters(text);
	meminfo_bytes(text, "MemTotal");
	node_meminfo_bytes(text, "MemFree");
	for (const char *at = text; take_swap(&at, &area);) {
		if (area.used_bytes > area.bytes)
			abort();
	}
	kernel_config_parse(text, &k);
	if (k.n_options != n_kernel_option_names)
		abort();
	kernel_facts_free(&k);
	if (ethtool_word(text, "rx") < -1)
		abort();
	if (stat_steal_percent(text, &steal) && !(steal >= 0 && steal <= 100))
		abort();
	free(text);
	return 0;
}
