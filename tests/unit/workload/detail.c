/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a record that only one workload has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "workload/memory.h"
#include "workload/vmexit.h"

/* {"x":0 PART } as JSON. */
static json_t *printed(void (*put)(struct out *o, const void *detail), const void *detail)
{
	AUTO_CLOSE int fd = memfd_create("record", MFD_CLOEXEC);
	struct out o = { .fd = fd };
	json_error_t why;
	json_t *json;

	out_printf(&o, "{\"x\":0");
	put(&o, detail);
	out_printf(&o, "}");
	assert_int_equal(out_flush(&o), 0);
	lseek(fd, 0, SEEK_SET);
	json = json_loadfd(fd, JSON_REJECT_DUPLICATES, &why);
	assert_non_null(json);
	return json;
}

static void put_memory(struct out *o, const void *detail)
{
	memory_put(o, detail);
}

static void put_vmexit(struct out *o, const void *detail)
{
	vmexit_put(o, detail);
}

static double number(const json_t *o, const char *a, const char *b)
{
	const json_t *v = b ? json_object_get(json_object_get(o, a), b) : json_object_get(o, a);

	assert_true(json_is_number(v));
	return json_number_value(v);
}

static void memory_tells_sizes_pages_and_the_page_walk(void **state)
{
	struct memory_detail *d = calloc(1, sizeof(*d));
	const json_t *m, *first, *second;
	json_t *json;

	(void) state;
	d->set_bytes = 32768;
	d->pages = PAGE_2M;
	d->kinds[PAGE_4K] = (struct memory_kind){ .from = "anonymous", .page_kb = 4 };
	d->kinds[PAGE_2M] = (struct memory_kind){ .from = "transparent", .page_kb = 4, .huge_kb = 2048 };
	err_set(&d->kinds[PAGE_1G].why, -ENOMEM, "no \"1 GiB\" pages");
	d->kinds[PAGE_4K].rungs[0] = (struct rung){ .min_ns = 1, .p50_ns = 2.5, .p99_ns = 3, .batches = 8 };
	d->kinds[PAGE_2M].rungs[0] = (struct rung){ .min_ns = 1, .p50_ns = 2, .p99_ns = 3, .batches = 8 };
	d->kinds[PAGE_2M].rungs[1] = (struct rung){ .min_ns = 4, .p50_ns = 5, .p99_ns = 6, .batches = 8 };
	d->n_caches = 1;
	d->caches[0].level = 1;
	d->caches[0].bytes = 49152;
	json = printed(put_memory, d);
	m = json_object_get(json, "memory");
	assert_true(number(m, "set_bytes", NULL) == 32768);
	assert_string_equal(json_string_value(json_object_get(m, "pages")), "2m");
	assert_int_equal(json_array_size(json_object_get(m, "sizes")), 2);
	first = json_array_get(json_object_get(m, "sizes"), 0);
	second = json_array_get(json_object_get(m, "sizes"), 1);
	assert_true(number(first, "bytes", NULL) == 16384 && number(first, "p50_ns", "4k") == 2.5);
	assert_true(number(first, "page_walk_ns", NULL) == 0.5);
	/* Not measured is null, never 0. */
	assert_true(json_is_null(json_object_get(json_object_get(first, "p50_ns"), "1g")));
	assert_true(json_is_null(json_object_get(second, "page_walk_ns")));
	assert_true(number(second, "p99_ns", "2m") == 6);
	m = json_array_get(json_object_get(m, "mappings"), 2);
	assert_true(json_is_null(json_object_get(m, "from")));
	assert_string_equal(json_string_value(json_object_get(m, "why")), "no \"1 GiB\" pages");
	json_decref(json);
	free(d);
}

static void exits_tell_prices_and_refusals(void **state)
{
	struct vmexit_detail *d = calloc(1, sizeof(*d));
	const json_t *exits, *p;
	json_t *json;

	(void) state;
	for (int i = 0; i < PRICE_KINDS; i++) {
		histogram_clear(&d->prices[i].inside);
		histogram_clear(&d->prices[i].outside);
	}
	err_set(&d->why, -ENOTSUP, "it emulates");
	json = printed(put_vmexit, d);
	exits = json_object_get(json, "exits");
	assert_true(json_is_false(json_object_get(exits, "usable")));
	assert_string_equal(json_string_value(json_object_get(exits, "why")), "it emulates");
	assert_int_equal(json_array_size(json_object_get(exits, "prices")), 0);
	json_decref(json);

	d->usable = true;
	histogram_add(&d->prices[PRICE_LOOP].inside, 500);
	histogram_add(&d->prices[PRICE_PORT].inside, 64);
	histogram_add(&d->prices[PRICE_PORT].outside, 32);
	err_set(&d->prices[PRICE_IPI].why, -ENOTSUP, "one CPU");
	json = printed(put_vmexit, d);
	exits = json_object_get(json, "exits");
	assert_int_equal(json_array_size(json_object_get(exits, "prices")), PRICE_KINDS);
	/* A thousand turns are one sample. */
	assert_true(number(json_array_get(json_object_get(exits, "prices"), PRICE_LOOP), "inside", "p50_ns") == 0.5);
	p = json_array_get(json_object_get(exits, "prices"), PRICE_PORT);
	assert_true(number(p, "inside", "max_ns") == 64 && number(p, "outside", "min_ns") == 32);
	p = json_array_get(json_object_get(exits, "prices"), PRICE_IPI);
	assert_true(number(p, "inside", "count") == 0);
	assert_string_equal(json_string_value(json_object_get(p, "why")), "one CPU");
	json_decref(json);
	free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_tells_sizes_pages_and_the_page_walk),
		cmocka_unit_test(exits_tell_prices_and_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
