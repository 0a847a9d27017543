/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory: what the placement asks for, cut down to what this machine
 * gives, with the reason.  Asking QEMU for more would only end it at start.
 */
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/fs.h"
#include "base/text.h"
#include "vm/vm_parts.h"

#define OVERHEAD_MB      640 /* QEMU itself with mlockall: text, heaps, translated code */
#define CAP_IPC_LOCK_BIT 14  /* linux/capability.h */

static bool may_lock_any(const struct fs *fs)
{
	char status[8192];
	const char *at;
	uint64_t caps = 0;

	if (fs_read(fs, "proc/self/status", status, sizeof(status)) < 0)
		return false;
	at = strstr(status, "CapEff:");
	return at && take_text(&at, "CapEff:") && take_blanks(&at) && take_hex(&at, &caps) && caps >> CAP_IPC_LOCK_BIT & 1;
}

static void plan_lock(const struct fs *fs, struct vm_memory *m, unsigned memory_mb)
{
	uint64_t need = ((uint64_t) memory_mb + OVERHEAD_MB) << 20;
	struct rlimit limit;

	m->locked = may_lock_any(fs) || (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur >= need);
	if (!m->locked)
		text_print(m->why, sizeof(m->why), "not locked: it would need CAP_IPC_LOCK or a memlock limit of %llu MiB",
			   (unsigned long long) (need >> 20));
}

static void plan_hugepages(const struct fs *fs, struct vm_memory *m, unsigned memory_mb, unsigned page_kb)
{
	unsigned page_mb = page_kb / 1024, need = page_mb ? memory_mb / page_mb : 0;
	char path[96];
	uint64_t idle = 0, reserved = 0;
	size_t said = strlen(m->why);
	const char *sep = said ? "; " : "";

	text_print(path, sizeof(path), "sys/kernel/mm/hugepages/hugepages-%ukB/free_hugepages", page_kb);
	if (!page_mb || memory_mb % page_mb) {
		text_print(m->why + said, sizeof(m->why) - said, "%s%u MiB are no whole number of %u KiB pages", sep, memory_mb,
			   page_kb);
		return;
	}
	if (fs_read_u64(fs, path, &idle) < 0) {
		text_print(m->why + said, sizeof(m->why) - said, "%sthis machine has no huge pages of %u KiB", sep, page_kb);
		return;
	}
	text_print(path, sizeof(path), "sys/kernel/mm/hugepages/hugepages-%ukB/resv_hugepages", page_kb);
	fs_read_u64(fs, path, &reserved); /* promised to others already */
	if (idle < reserved + need) {
		text_print(m->why + said, sizeof(m->why) - said, "%s%u huge pages of %u KiB are needed, %llu are free", sep, need,
			   page_kb, (unsigned long long) (idle > reserved ? idle - reserved : 0));
		return;
	}
	m->hugepage_kb = page_kb;
}

struct vm_memory vm_memory_plan(const struct fs *fs, const struct placement *p, unsigned memory_mb)
{
	struct vm_memory m = { 0 };

	if (!p)
		return m;
	if (p->lock_memory)
		plan_lock(fs, &m, memory_mb);
	if (p->hugepage_kb)
		plan_hugepages(fs, &m, memory_mb, p->hugepage_kb);
	/* Touched before the start even where it cannot be locked: a page fault in the guest is then none on the host. */
	m.prealloc = p->lock_memory || m.hugepage_kb;
	return m;
}
