/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pages - memory of a page size that was asked for, and proof of it.
 *
 * Asking is not having: transparent huge pages are given when the kernel finds
 * some, and taken where nobody asked.  So the kind is switched on or off for
 * the mapping (madvise), the memory is touched, and /proc/self/smaps must then
 * agree.  What cannot be had is an error with the reason, never another kind.
 */
#ifndef WORKLOAD_PAGES_H
#define WORKLOAD_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum pages { PAGE_4K, PAGE_2M, PAGE_1G, PAGE_KINDS };

struct mapping {
	enum pages pages;
	unsigned char *at;      /* NULL = none */
	size_t bytes;           /* usable, a multiple of the page size */
	const char *from;       /* "anonymous", "transparent", "hugetlb" */
	uint64_t page_kb;       /* as smaps says: of the page tables the kernel fills in */
	uint64_t huge_kb;       /* how much of it is in huge pages */
	void *reserved;
	size_t reserved_bytes;
};

const char *pages_name(enum pages p);                   /* "4k", "2m", "1g" */
int pages_parse(const char *name, enum pages *ret);     /* -EINVAL */
uint64_t pages_bytes(enum pages p);

/* At least bytes, every page there.  -ENOMEM and others with the reason and the cure. */
int mapping_make(struct mapping *ret, enum pages p, size_t bytes, struct err *err);
void mapping_free(struct mapping *m);                   /* accepts an empty one */

/* What smaps says of the mapping that holds an address. */
struct smaps_area {
	uint64_t begin, end;
	uint64_t kernel_page_kb, anon_huge_kb, hugetlb_kb, rss_kb;
};
bool smaps_find(const char *text, uint64_t address, struct smaps_area *ret);    /* pure */

#endif
