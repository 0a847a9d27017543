/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are only looked at: memory. */
#include <string.h>

#include "base/text.h"
#include "knob/internal.h"
#include "knob/look.h"

#define SYSCTL_VM "Documentation/admin-guide/sysctl/vm.rst"
#define HUGE_DOC  "Documentation/admin-guide/mm/hugetlbpage.rst"

/* Enough is enough of either size: what counts is that guests can have them. */
int check_huge_2m(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct memory_facts *m = &c->facts->memory;
	uint64_t bytes = 0;
	char now[32];

	(void) k;
	(void) err;
	if (m->n_huge == 0) {
		list_absent(out, "huge pages", "this kernel has none");
		return 0;
	}
	for (unsigned i = 0; i < m->n_huge; i++)
		bytes += m->huge[i].total * m->huge[i].kb * 1024;
	text_bytes(now, sizeof(now), (double) bytes);
	look_says(out, bytes > 0, "memory set aside in huge pages", bytes ? now : "none", "the memory of the guests");
	return 0;
}

int check_swap(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	char want[32] = "";

	(void) err;
	look_want(k, c, VALUE_NUMBER, want, sizeof(want));
	if (c->facts->memory.swap_bytes == 0)
		look_says(out, true, "swap", "none set up", "none, or swappiness at most 10");
	else if (!look_path(c, out, "proc/sys/vm/swappiness", VALUE_NUMBER, want))
		look_missing(c, out, "proc/sys/vm/swappiness", "swappiness");
	return 0;
}

static const struct knob rows[] = {
	{
		.id = "mem.huge_1g",
		.title = "huge pages of 1 GiB",
		.why = "the fewest TLB misses and the flattest tables for guest memory; mem.huge_2m counts them too",
		.cost = "the memory is gone for everything else; after boot there is rarely a free GiB in one piece",
		.source = HUGE_DOC,
		.when = KNOB_BOOT,
		FILES({ .path = "sys/devices/system/node/node%s/hugepages/hugepages-1048576kB/nr_hugepages",
			.per = PER_NODE,
			.form = VALUE_NUMBER }),
		ROLES(W("?", 0), W("?", 0), W("?", 0), W("?", 0)),
		.cure = "kernel parameters hugepagesz=1G hugepages=N",
	},
	{
		.id = "mem.huge_overcommit",
		.title = "huge pages come from the pool only",
		.why = "pages beyond the pool are looked for at the moment of the fault: a stall, or a failure",
		.cost = "none",
		.source = HUGE_DOC,
		FILES({ .path = "sys/kernel/mm/hugepages/hugepages-%s/nr_overcommit_hugepages",
			.per = PER_NAME,
			.form = VALUE_NUMBER }),
		ROLES(W("0", 3), LEAVE, W("0", 3), W("0", 3)),
	},
	{
		.id = "mem.hvo",
		.title = "huge pages keep their descriptors",
		.why = "optimised ones must be built again when a page is freed: a VM stops slowly",
		.cost = "16 MiB for each GiB of 2 MiB pages",
		.source = SYSCTL_VM ", hugetlb_optimize_vmemmap",
		FILES({ .path = "proc/sys/vm/hugetlb_optimize_vmemmap", .form = VALUE_NUMBER }),
		ROLES(W("0", 2), LEAVE, LEAVE, W("0", 2)),
	},
	{
		.id = "mem.init_on_alloc",
		.title = "memory is cleared when it is freed",
		.why = "clearing large pages holds up whoever frees them",
		.cost = "without it, old contents can leak through bugs",
		.source = "Documentation/admin-guide/kernel-parameters.txt, init_on_free",
		.security = true,
		BOOT("init_on_free", "default", VALUE_TEXT),
		EVERY_ROLE("?", 0),
		.cure = "an operator's decision: init_on_free=0",
	},
	{
		.id = "mem.lru_gen",
		.title = "multi-generational reclaim",
		.why = "under memory pressure it walks page tables, those of guests too: only shown",
		.cost = "none while memory is free",
		.source = "Documentation/admin-guide/mm/multigen_lru.rst",
		FILES({ .path = "sys/kernel/mm/lru_gen/enabled", .form = VALUE_TEXT }),
		EVERY_ROLE("?", 0),
	},
	{
		.id = "mem.watermarks",
		.title = "memory is reclaimed before it is short",
		.why = "when kswapd wakes early, allocations need not reclaim themselves; boosts make it work in bursts",
		.cost = "some memory stays free",
		.source = SYSCTL_VM ", watermark_scale_factor, watermark_boost_factor",
		FILES({ .path = "proc/sys/vm/watermark_boost_factor", .form = VALUE_NUMBER, .want = "0" },
		      { .path = "proc/sys/vm/watermark_scale_factor", .form = VALUE_NUMBER, .want = ">=100" }),
		EVERY_ROLE("*", 3),
	},
};

LOOK_ROWS(look_memory, rows);
