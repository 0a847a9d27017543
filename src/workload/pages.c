/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "workload/procfile.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define KB           1024ull
#define MB           (KB * KB)
#define SMAPS_MAX    (256 << 10)
#define LEAVE_KB     (64 * KB)          /* of what is available stays free: a measurement that is killed measures nothing */

static const struct {
	const char *name;
	uint64_t bytes;
	int flags;                      /* of mmap, for pages out of the reserved pool; 0 = there is none */
	const char *pool;
} kinds[PAGE_KINDS] = {
	[PAGE_4K] = { .name = "4k", .bytes = 4 * KB },
	[PAGE_2M] = { .name = "2m", .bytes = 2 * MB, .flags = MAP_HUGETLB | MAP_HUGE_2MB, .pool = "hugepages-2048kB" },
	[PAGE_1G] = { .name = "1g", .bytes = 1024 * MB, .flags = MAP_HUGETLB | MAP_HUGE_1GB, .pool = "hugepages-1048576kB" },
};

const char *pages_name(enum pages p)
{
	return kinds[p].name;
}

uint64_t pages_bytes(enum pages p)
{
	return kinds[p].bytes;
}

int pages_parse(const char *name, enum pages *ret)
{
	for (int i = 0; i < PAGE_KINDS; i++)
		if (text_eq(name, kinds[i].name)) {
			*ret = (enum pages) i;
			return 0;
		}
	return -EINVAL;
}

/* ---- what smaps says ---- */

/* "55d0c8a00000-55d0c8c00000 rw-p ...": a line that begins an area. */
static bool take_range(const char *at, uint64_t *begin, uint64_t *end)
{
	return take_hex(&at, begin) && take_char(&at, '-') && take_hex(&at, end) && *at == ' ';
}

static void take_member(const char *at, struct smaps_area *a)
{
	const struct {
		const char *name;
		uint64_t *to;
	} members[] = {
		{ "KernelPageSize:", &a->kernel_page_kb },
		{ "AnonHugePages:", &a->anon_huge_kb },
		{ "Private_Hugetlb:", &a->hugetlb_kb },
		{ "Rss:", &a->rss_kb },
	};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (take_text(&at, members[i].name) && take_blanks(&at)) {
			take_u64(&at, members[i].to);
			return;
		}
}

bool smaps_find(const char *text, uint64_t address, struct smaps_area *ret)
{
	struct smaps_area a = { 0 };
	uint64_t begin, end;
	bool inside = false;
	char line[160];

	while (take_line(&text, line, sizeof(line))) {
		if (take_range(line, &begin, &end)) {
			if (inside)
				break;
			inside = begin <= address && address < end;
			a = (struct smaps_area){ .begin = begin, .end = end };
		} else if (inside) {
			take_member(line, &a);
		}
	}
	if (inside)
		*ret = a;
	return inside;
}

static int smaps_read(uint64_t address, struct smaps_area *ret, struct err *err)
{
	AUTO_FREE char *text = malloc(SMAPS_MAX);
	int n = text ? procfile_read("/proc/self/smaps", text, SMAPS_MAX) : -ENOMEM;

	if (n < 0)
		return err_sys(err, n, "the size of pages cannot be checked: read /proc/self/smaps");
	if (!smaps_find(text, address, ret))
		return err_set(err, -EPROTO, "the size of pages cannot be checked: /proc/self/smaps does not show the mapping");
	return 0;
}

/* ---- making ---- */

static size_t round_up(size_t n, uint64_t to)
{
	return (size_t) ((n + to - 1) / to * to);
}

/* Every page, now.  The call of newer kernels fails where plain writing would be a SIGBUS. */
static int touch(struct mapping *m)
{
	if (madvise(m->at, m->bytes, MADV_POPULATE_WRITE) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	for (size_t i = 0; i < m->bytes; i += 4096)
		*(volatile unsigned char *) (m->at + i) = 0;
	return 0;
}

static int enough_memory(size_t bytes, struct err *err)
{
	uint64_t available_kb;
	char text[8192];

	if (procfile_read("/proc/meminfo", text, sizeof(text)) < 0 ||
	    procfile_field(text, "MemAvailable", 10, &available_kb) < 0 || bytes / KB + LEAVE_KB <= available_kb)
		return 0;
	return err_set(err, -ENOMEM, "a set of %llu MiB does not fit: %llu MiB are available here; give a smaller one (--set)",
		       (unsigned long long) (bytes / MB), (unsigned long long) (available_kb / KB));
}

/*
 * Ordinary memory with huge pages forbidden or wanted.  The advice comes
 * before the memory may be touched: with mlockall(MCL_FUTURE) it is there as
 * soon as it is writable.
 */
static int map_ordinary(struct mapping *m, size_t bytes, struct err *err)
{
	uint64_t align = kinds[PAGE_2M].bytes;
	int advice = m->pages == PAGE_4K ? MADV_NOHUGEPAGE : MADV_HUGEPAGE, r;

	m->bytes = round_up(bytes, kinds[m->pages].bytes);
	r = enough_memory(m->bytes, err);
	if (r < 0)
		return r;
	m->reserved_bytes = m->bytes + 2 * align;
	m->reserved = mmap(NULL, m->reserved_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->reserved == MAP_FAILED) {
		m->reserved = NULL;
		return err_sys(err, -errno, "no room for %zu MiB of memory", (size_t) (m->bytes / MB));
	}
	/* What is left at both ends stays forbidden: it keeps the area one of its own in smaps. */
	m->at = (unsigned char *) round_up((uintptr_t) m->reserved + 4096, align);
	/* A kernel without transparent huge pages does not know the advice, and gives none. */
	if (madvise(m->at, m->bytes, advice) < 0 && advice == MADV_HUGEPAGE)
		return err_sys(err, -errno, "the kernel gives no transparent huge pages");
	if (mprotect(m->at, m->bytes, PROT_READ | PROT_WRITE) < 0)
		return err_sys(err, -errno, "%zu MiB of memory", (size_t) (m->bytes / MB));
	r = touch(m);
	return r < 0 ? err_sys(err, r, "%zu MiB of memory", (size_t) (m->bytes / MB)) : 0;
}

static int map_reserved(struct mapping *m, size_t bytes, struct err *err)
{
	const char *pool = kinds[m->pages].pool;
	uint64_t page = kinds[m->pages].bytes;
	void *at;
	int r;

	m->bytes = m->reserved_bytes = round_up(bytes, page);
	at = mmap(NULL, m->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | kinds[m->pages].flags, -1, 0);
	if (at == MAP_FAILED && errno == EINVAL)
		return err_set(err, -EINVAL, "the CPU or the kernel has no pages of that size");
	if (at == MAP_FAILED && errno == ENOMEM)
		return err_set(err, -ENOMEM,
			       "%llu reserved page(s) of that size are wanted and not free (reserve them in"
			       " /sys/kernel/mm/hugepages/%s/nr_hugepages)",
			       (unsigned long long) (m->bytes / page), pool);
	if (at == MAP_FAILED)
		return err_sys(err, -errno, "pages of that size");
	m->at = m->reserved = at;
	r = touch(m);
	return r < 0 ? err_sys(err, r, "the control group or the node gives none of the reserved pages (%s)", pool) : 0;
}

/* The kernel's own word for what was given. */
static int check(struct mapping *m, struct err *err)
{
	uint64_t bytes_kb = m->bytes / KB;
	struct smaps_area a;
	int r = smaps_read((uintptr_t) m->at, &a, err);

	if (r < 0)
		return r;
	m->page_kb = a.kernel_page_kb;
	m->huge_kb = a.anon_huge_kb + a.hugetlb_kb;
	if (m->pages == PAGE_4K && (m->huge_kb || a.kernel_page_kb != 4))
		return err_set(err, -EPROTO, "the kernel gave huge pages where they were forbidden (%llu kB of them)",
			       (unsigned long long) m->huge_kb);
	if (m->pages != PAGE_4K && m->huge_kb < bytes_kb)
		return err_set(err, -ENOMEM, "only %llu of %llu MiB came in huge pages", (unsigned long long) (m->huge_kb / KB),
			       (unsigned long long) (bytes_kb / KB));
	return 0;
}

static int try(struct mapping *ret, enum pages p, size_t bytes, const char *from,
	       int (*map)(struct mapping *m, size_t bytes, struct err *err), struct err *err)
{
	struct mapping m = { .pages = p, .from = from };
	int r = map(&m, bytes, err);

	if (r == 0)
		r = check(&m, err);
	if (r == 0)
		*ret = m;
	else
		mapping_free(&m);
	return r;
}

int mapping_make(struct mapping *ret, enum pages p, size_t bytes, struct err *err)
{
	struct err pool = { 0 };
	int r;

	if (p == PAGE_4K)
		return try(ret, p, bytes, "anonymous", map_ordinary, err);
	r = try(ret, p, bytes, "hugetlb", map_reserved, &pool);
	if (r == 0)
		return 0;
	if (p == PAGE_1G)
		return err_set(err, r, "no 1 GiB pages: %s", pool.text);
	r = try(ret, p, bytes, "transparent", map_ordinary, err);
	if (r == -ENOMEM || r == -EINVAL)
		return err_in(err, "no 2 MiB pages: %.200s; and transparent ones", pool.text);
	return r;
}

void mapping_free(struct mapping *m)
{
	if (m->reserved)
		munmap(m->reserved, m->reserved_bytes);
	*m = (struct mapping){ .pages = m->pages };
}
