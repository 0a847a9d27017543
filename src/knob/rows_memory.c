/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: memory management that stops or faults tasks. */
#include <string.h>

#include "base/text.h"
#include "base/vec.h"
#include "knob/internal.h"
#include "knob/look.h"

#define SYSCTL_VM "Documentation/admin-guide/sysctl/vm.rst"
#define HUGE_2M   "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
#define THP       "sys/kernel/mm/transparent_hugepage/"

const struct knob knob_mem_ksm = {
	.id = "mem.ksm",
	.title = "identical pages are not merged",
	.why = "ksmd burns a CPU, and a write to a merged page is a fault and a copy",
	.cost = "guests with equal contents use more memory",
	.source = "Documentation/admin-guide/mm/ksm.rst",
	ROLES(W("0|2", 6), W("0|2", 3), W("0|2", 3), W("0|2", 3)),
	.order = ORDER_MEMORY,
	FILES({ .path = "sys/kernel/mm/ksm/run", .form = VALUE_NUMBER, .want = "0" }),
};

/* "always" gives everybody huge pages and their compaction; "never" was somebody's decision. */
static bool thp_enabled(const struct knob_ctx *c, const char *now, char *buf, size_t cap)
{
	(void) c;
	return text_eq(now, "always") && !text_print(buf, cap, "madvise");
}

static bool thp_defrag(const struct knob_ctx *c, const char *now, char *buf, size_t cap)
{
	(void) c;
	return (text_eq(now, "always") || text_eq(now, "defer")) && !text_print(buf, cap, "madvise");
}

const struct knob knob_mem_thp = {
	.id = "mem.thp",
	.title = "transparent huge pages only for who asks",
	.why = "a fault that tries to build a huge page may compact memory first; QEMU asks for them and touches its memory "
	       "beforehand",
	.cost = "programs that do not ask have more TLB misses; the kernel works vm.min_free_kbytes out anew whenever this "
		"changes: one that it raises is put back, and at revert it is what it was",
	.source = "Documentation/admin-guide/mm/transhuge.rst; mm/khugepaged.c, set_recommended_min_free_kbytes()",
	ROLES(W("madvise|never|defer+madvise", 6), W("madvise|never|defer+madvise", 5), W("madvise|never|defer+madvise", 5),
	      W("madvise|never|defer+madvise", 5)),
	.dispute = "OpenShift and tuned set never, the kernel's default is always or madvise; madvise costs nothing to who "
		   "does not ask and keeps large guest memory on large pages",
	.order = ORDER_MEMORY,
	FILES({ .path = THP "enabled", .form = VALUE_CHOICE, .choose = thp_enabled, .follower = "proc/sys/vm/min_free_kbytes" },
	      { .path = THP "defrag", .form = VALUE_CHOICE, .choose = thp_defrag }),
};

const struct knob knob_mem_khugepaged = {
	.id = "mem.khugepaged",
	.title = "khugepaged does not compact memory",
	.why = "it takes a process's memory lock and moves its pages while the process runs",
	.cost = "fewer huge pages appear by themselves",
	.source = "Documentation/admin-guide/mm/transhuge.rst",
	EVERY_ROLE("0", 3),
	.order = ORDER_MEMORY,
	FILES({ .path = THP "khugepaged/defrag", .form = VALUE_NUMBER, .want = "0" }),
};

const struct knob knob_mem_compaction = {
	.id = "mem.compaction",
	.title = "no compaction in the background",
	.why = "kcompactd moves pages of running tasks, each of which then faults",
	.cost = "huge pages may be harder to get later; putting the old value back starts one pass of compaction",
	.source = SYSCTL_VM,
	ROLES(W("0", 4), W("<=20", 2), W("0", 3), W("0", 4)),
	.order = ORDER_MEMORY + 1, /* after huge pages were got */
	FILES({ .path = "proc/sys/vm/compaction_proactiveness", .form = VALUE_NUMBER, .want = "0" }),
};

const struct knob knob_mem_compact_unevictable = {
	.id = "mem.compact_unevictable",
	.title = "locked memory is not moved",
	.why = "compaction otherwise moves mlocked pages too: a minor fault in a task that locked them to have none",
	.cost = "memory gets more fragmented",
	.source = SYSCTL_VM,
	ROLES(W("0", 4), LEAVE, W("0", 3), W("0", 5)),
	.order = ORDER_MEMORY,
	FILES({ .path = "proc/sys/vm/compact_unevictable_allowed", .form = VALUE_NUMBER, .want = "0" }),
};

const struct knob knob_mem_zone_reclaim = {
	.id = "mem.zone_reclaim",
	.title = "take memory from another node rather than reclaim",
	.why = "reclaiming on the own node first stalls the allocation",
	.cost = "some memory is remote",
	.source = SYSCTL_VM,
	EVERY_ROLE("0", 4),
	.order = ORDER_MEMORY,
	FILES({ .path = "proc/sys/vm/zone_reclaim_mode", .form = VALUE_NUMBER, .want = "0" }),
};

static bool swappiness(const struct knob_ctx *c, const char *now, char *buf, size_t cap)
{
	uint64_t n;

	(void) c;
	return text_u64(now, &n) == 0 && n > 10 && !text_print(buf, cap, "10");
}

const struct knob knob_mem_swap = {
	.id = "mem.swap",
	.title = "programs are swapped out late",
	.why = "touching a page that was swapped out takes milliseconds",
	.cost = "the file cache shrinks instead",
	.source = SYSCTL_VM,
	EVERY_ROLE("<=10", 4),
	.check = check_swap,
	.cure = "sysctl -w vm.swappiness=10, or no swap at all",
	.order = ORDER_MEMORY,
	FILES({ .path = "proc/sys/vm/swappiness", .form = VALUE_NUMBER, .choose = swappiness }),
};

/* Setting a ratio zeroes its twin in bytes: a host that counts in bytes is left as it is. */
static int list_dirty(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	static const char *const bytes[] = { "proc/sys/vm/dirty_background_bytes", "proc/sys/vm/dirty_bytes" };

	(void) err;
	for (size_t i = 0; i < k->n_files; i++) {
		const char *path = k->files[i].path, *own = ctx_own(c, &k->files[i]);
		uint64_t now, in_bytes, want;

		if (fs_read_u64(c->fs, path, &now) < 0 || text_u64(k->files[i].want, &want) < 0)
			continue;
		if (fs_read_u64(c->fs, bytes[i], &in_bytes) == 0 && in_bytes > 0)
			list_absent(out, path, "this host limits dirty memory in bytes");
		else if (own)
			list_own(c, out, &k->files[i], own);
		else if (now < want) /* stricter already */
			list_absent(out, path, "is lower already");
		else
			list_value(c, out, path, VALUE_NUMBER, k->files[i].want);
	}
	return 0;
}

const struct knob knob_mem_dirty = {
	.id = "mem.dirty",
	.title = "dirty pages are written back early and steadily",
	.why = "bursts of write-back stall whoever writes, and keep kernel workers and disks busy at once",
	.cost = "less merging of writes",
	.source = SYSCTL_VM,
	.unit = "limits",
	EVERY_ROLE("*", 3),
	.order = ORDER_MEMORY,
	.list = list_dirty,
	FILES({ .path = "proc/sys/vm/dirty_background_ratio", .form = VALUE_NUMBER, .want = "3" },
	      { .path = "proc/sys/vm/dirty_ratio", .form = VALUE_NUMBER, .want = "10" }),
};

static int list_huge(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	unsigned mb = c->options ? c->options->vm_memory_mb : 0;
	uint64_t total = 0, free_pages = 0, need = mb / 2 + (mb % 2);
	const char *own = ctx_own(c, &k->files[0]);
	char want[24];
	bool here = false;

	(void) err;
	for (unsigned i = 0; i < c->facts->memory.n_huge; i++) {
		if (c->facts->memory.huge[i].kb == 2048) {
			total = c->facts->memory.huge[i].total;
			free_pages = c->facts->memory.huge[i].free;
			here = true;
		}
	}
	if (!here)
		list_absent(out, "huge pages of 2 MiB", "this kernel has none");
	else if (own)
		list_own(c, out, &k->files[0], own);
	else if (mb == 0)
		list_absent(out, "huge pages of 2 MiB", "no VM is to be started");
	else if (free_pages < need && c->facts->memory.available_bytes < 4 * need * (2u << 20))
		list_blocked(out, "huge pages of 2 MiB", "%llu are needed, which is more than a quarter of the free memory",
			     (unsigned long long) need);
	else {
		text_print(want, sizeof(want), "%llu",
			   (unsigned long long) (free_pages >= need ? total : total + need - free_pages));
		list_value(c, out, HUGE_2M, VALUE_NUMBER, want);
	}
	return 0;
}

const struct knob knob_mem_huge_2m = {
	.id = "mem.huge_2m",
	.title = "huge pages for guest memory",
	.why = "one TLB entry for 2 MiB instead of 512; such memory is never swapped, moved or split",
	.cost = "the memory is gone for everything else while the tuning lasts; the kernel compacts memory once to find it",
	.source = "Documentation/admin-guide/mm/hugetlbpage.rst",
	ROLES(W("*", 6), LEAVE, LEAVE, LEAVE),
	.check = check_huge_2m,
	.cure = "write the number of pages to /sys/devices/system/node/nodeN/hugepages/hugepages-2048kB/nr_hugepages, early "
		"after boot, or kernel parameter hugepages=N",
	.order = ORDER_MEMORY,
	.list = list_huge,
	FILES({ .path = HUGE_2M, .form = VALUE_NUMBER }),
};
