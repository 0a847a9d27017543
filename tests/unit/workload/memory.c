/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "workload/chase.h"
#include "workload/memory.h"

#define MB (1ull << 20)

/* From any line every other is reached once before it comes round: one cycle, whatever the size. */
static void every_line_is_visited_once(void **state)
{
	(void) state;
	for (unsigned bits = 4; bits <= 16; bits++) {
		size_t lines = 1ull << bits;
		unsigned char *memory = aligned_alloc(CHASE_LINE, lines * CHASE_LINE), *seen = calloc(lines, 1);
		void *at = memory;

		chase_lay(memory, bits, 0, lines / 2);
		chase_lay(memory, bits, lines / 2, lines);
		for (size_t i = 0; i < lines; i++) {
			size_t line = (size_t) ((unsigned char *) at - memory) / CHASE_LINE;

			assert_true(line < lines && !seen[line]);
			seen[line] = 1;
			at = *(void **) at;
		}
		assert_ptr_equal(at, memory);
		assert_ptr_equal(chase_hops(memory, (unsigned) lines), memory);
		assert_ptr_not_equal(chase_hops(memory, 16 < lines ? 16 : 0), lines > 16 ? memory : NULL);
		free(seen);
		free(memory);
	}
}

/* No stride: two hops in a row are the same distance apart about as often as chance has it, and seldom in one page. */
static void the_order_has_no_pattern(void **state)
{
	const unsigned bits = 16;
	const uint64_t n = 1ull << bits, page_lines = 4096 / CHASE_LINE;
	uint64_t same_page = 0, same_stride = 0, before = chase_order(0, bits), stride = 0;

	(void) state;
	for (uint64_t k = 1; k < n; k++) {
		uint64_t line = chase_order(k, bits), now = (line - before) & (n - 1);

		same_page += line / page_lines == before / page_lines;
		same_stride += now == stride;
		before = line;
		stride = now;
	}
	/* Chance: one hop in 1024 stays in its page, one in 65536 repeats its stride. */
	assert_true(same_page < n / 256);
	assert_true(same_stride < n / 64);
}

static void a_set_is_chosen_beyond_the_last_cache(void **state)
{
	(void) state;
	assert_int_equal(memory_auto_set(0, 16384 * MB), 64 * MB);
	assert_int_equal(memory_auto_set(33 * MB, 16384 * MB), 128 * MB);
	assert_int_equal(memory_auto_set(300 * MB, 16384 * MB), 1024 * MB);
	assert_int_equal(memory_auto_set(2048 * MB, 65536 * MB), 1024 * MB);
	/* Never more than a quarter of what is free. */
	assert_int_equal(memory_auto_set(300 * MB, 200 * MB), 32 * MB);
	assert_int_equal(memory_auto_set(0, 0), 1 * MB);
}

static void a_rung_is_told_by_its_quantiles(void **state)
{
	uint64_t took[200];
	struct rung r;

	(void) state;
	for (unsigned i = 0; i < 200; i++)
		took[i] = 1000 * (200 - i);
	r = rung_of(took, 200, 1000);
	assert_int_equal(r.batches, 200);
	assert_true(r.min_ns == 1 && r.p50_ns == 100 && r.p99_ns == 198);
	assert_int_equal(rung_of(took, 0, 1000).batches, 0);
	r = rung_of(took, 1, 1000);
	assert_true(r.min_ns == 1 && r.p50_ns == 1 && r.p99_ns == 1);
}

static const char smaps[] = "7f0000000000-7f0000002000 rw-p 00000000 00:00 0 \n"
			    "Size:                  8 kB\n"
			    "KernelPageSize:        4 kB\n"
			    "Rss:                   8 kB\n"
			    "AnonHugePages:         0 kB\n"
			    "VmFlags: rd wr mr mw me ac nh \n"
			    "7f0000200000-7f0000400000 rw-p 00000000 00:0f 1234                 /anon_hugepage (deleted)\n"
			    "KernelPageSize:     2048 kB\n"
			    "Rss:                   0 kB\n"
			    "Private_Hugetlb:    2048 kB\n"
			    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n"
			    "KernelPageSize:        4 kB\n";

static void smaps_shows_the_area_of_an_address(void **state)
{
	struct smaps_area a = { .begin = 7 };

	(void) state;
	assert_true(smaps_find(smaps, 0x7f0000001fff, &a));
	assert_true(a.kernel_page_kb == 4 && a.rss_kb == 8 && a.anon_huge_kb == 0 && a.hugetlb_kb == 0);
	assert_true(smaps_find(smaps, 0x7f0000200000, &a));
	assert_true(a.begin == 0x7f0000200000 && a.end == 0x7f0000400000);
	assert_true(a.kernel_page_kb == 2048 && a.rss_kb == 0 && a.hugetlb_kb == 2048);
	a.begin = 7;
	assert_false(smaps_find(smaps, 0x7f0000002000, &a));
	assert_false(smaps_find("", 0, &a));
	assert_false(smaps_find("7f00-\n7f00-9f00\nRss: 1 kB\n", 0x8000, &a));
	assert_int_equal(a.begin, 7);
}

/* What the kernel of this machine says about a mapping that was made with huge pages forbidden, and with them wanted. */
static void pages_are_what_was_asked_for_or_an_error(void **state)
{
	(void) state;
	for (int p = 0; p < PAGE_KINDS; p++) {
		struct mapping m = { 0 };
		struct err err = { 0 };
		int r = mapping_make(&m, (enum pages) p, 8 * MB, &err);

		if (r < 0) {
			assert_int_not_equal(p, PAGE_4K);
			assert_true(err.code == r && strlen(err.text) > 20);
			printf("skipped: %s pages are not to be had here: %s\n", pages_name((enum pages) p), err.text);
			continue;
		}
		assert_true(m.bytes >= 8 * MB && (uintptr_t) m.at % pages_bytes((enum pages) p) == 0);
		assert_true(p == PAGE_4K ? m.huge_kb == 0 : m.huge_kb == m.bytes / 1024);
		memset(m.at, 1, m.bytes);
		mapping_free(&m);
		assert_null(m.at);
		mapping_free(&m);
	}
}

static void too_large_a_set_is_refused_before_it_hurts(void **state)
{
	struct mapping m = { 0 };
	struct err err = { 0 };

	(void) state;
	assert_int_equal(mapping_make(&m, PAGE_4K, 1ull << 46, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "does not fit"));
	assert_null(m.reserved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_is_visited_once),
		cmocka_unit_test(the_order_has_no_pattern),
		cmocka_unit_test(a_set_is_chosen_beyond_the_last_cache),
		cmocka_unit_test(a_rung_is_told_by_its_quantiles),
		cmocka_unit_test(smaps_shows_the_area_of_an_address),
		cmocka_unit_test(pages_are_what_was_asked_for_or_an_error),
		cmocka_unit_test(too_large_a_set_is_refused_before_it_hurts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
