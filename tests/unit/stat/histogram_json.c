/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "stat/histogram_json.h"

static struct histogram h, back;

static void round_trip(void)
{
	struct err err = { 0 };
	json_t *json = histogram_to_json(&h), *again;
	char *text;

	assert_non_null(json);
	text = json_dumps(json, JSON_COMPACT);
	again = json_loads(text, 0, NULL);
	if (histogram_from_json(again, &back, &err) < 0)
		fail_msg("%s: %s", err.text, text);
	assert_memory_equal(&h, &back, sizeof(h));
	free(text);
	json_decref(json);
	json_decref(again);
}

static void test_round_trip(void **state)
{
	(void) state;
	histogram_clear(&h);
	round_trip();
	histogram_add(&h, 0);
	round_trip();
	for (uint64_t i = 1; i < 40; i++)
		histogram_add(&h, 1ull << i);   /* beyond the range too */
	round_trip();
	histogram_clear(&h);
	for (int i = 0; i < 100; i++)
		histogram_add(&h, INT64_MAX);   /* the sum of squares wraps: nonsense, but carried over faithfully */
	round_trip();
}

static void test_rejects(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "[]", "not an object" },
		{ "{}", "\"count\" is missing" },
		{ "{\"count\":-1,\"above\":0,\"sum_ns\":\"0\",\"sumsq_ns2\":\"0\",\"min_ns\":null,\"max_ns\":null,\"buckets\":[]}",
		  "\"count\" is something else" },
		{ "{\"count\":1.5,\"above\":0,\"sum_ns\":\"0\",\"sumsq_ns2\":\"0\",\"min_ns\":null,\"max_ns\":null,\"buckets\":[]}",
		  "\"count\" is something else" },
		{ "{\"count\":0,\"above\":0,\"sum_ns\":\"0\",\"sumsq_ns2\":\"0\",\"min_ns\":0,\"max_ns\":0,\"buckets\":[]}",
		  "not null" },
		{ "{\"count\":0,\"above\":0,\"sum_ns\":\"4\",\"sumsq_ns2\":\"0\",\"min_ns\":null,\"max_ns\":null,\"buckets\":[]}",
		  "it has a sum" },
		{ "{\"count\":0,\"above\":0,\"sum_ns\":\"4x\",\"sumsq_ns2\":\"0\",\"min_ns\":null,\"max_ns\":null,\"buckets\":[]}",
		  "\"sum_ns\" is not" },
		{ "{\"count\":0,\"above\":0,\"sum_ns\":\"0\",\"sumsq_ns2\":\"340282366920938463463374607431768211456\","
		  "\"min_ns\":null,\"max_ns\":null,\"buckets\":[]}",
		  "\"sumsq_ns2\" is not" },
		{ "{\"count\":1,\"above\":0,\"sum_ns\":\"5\",\"sumsq_ns2\":\"25\",\"min_ns\":5,\"max_ns\":5,\"buckets\":{}}",
		  "not a list" },
		{ "{\"count\":1,\"above\":0,\"sum_ns\":\"5\",\"sumsq_ns2\":\"25\",\"min_ns\":5,\"max_ns\":5,\"buckets\":[[5]]}",
		  "not a pair" },
		{ "{\"count\":1,\"above\":0,\"sum_ns\":\"5\",\"sumsq_ns2\":\"25\",\"min_ns\":5,\"max_ns\":5,\"buckets\":[[2048,1]]}",
		  "bucket 2048" },
		{ "{\"count\":2,\"above\":0,\"sum_ns\":\"9\",\"sumsq_ns2\":\"41\",\"min_ns\":4,\"max_ns\":5,\"buckets\":[[5,1],[4,1]]}",
		  "bucket 4" },
		{ "{\"count\":1,\"above\":0,\"sum_ns\":\"5\",\"sumsq_ns2\":\"25\",\"min_ns\":5,\"max_ns\":5,\"buckets\":[[5,2]]}",
		  "add up" },
		{ "{\"count\":2,\"above\":0,\"sum_ns\":\"5\",\"sumsq_ns2\":\"25\",\"min_ns\":5,\"max_ns\":5,\"buckets\":[[5,1]]}",
		  "add up" },
		{ "{\"count\":1,\"above\":0,\"sum_ns\":\"5\",\"sumsq_ns2\":\"25\",\"min_ns\":4,\"max_ns\":5,\"buckets\":[[5,1]]}",
		  "outside its buckets" },
		{ "{\"count\":1,\"above\":1,\"sum_ns\":\"5\",\"sumsq_ns2\":\"25\",\"min_ns\":5,\"max_ns\":5,\"buckets\":[[5,1]]}",
		  "last bucket" },
		{ "{\"count\":1,\"above\":0,\"sum_ns\":\"6\",\"sumsq_ns2\":\"25\",\"min_ns\":5,\"max_ns\":5,\"buckets\":[[5,1]]}",
		  "cannot come" },
		{ "{\"count\":1,\"above\":0,\"sum_ns\":\"5\",\"sumsq_ns2\":\"24\",\"min_ns\":5,\"max_ns\":5,\"buckets\":[[5,1]]}",
		  "cannot come" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err err = { 0 };
		json_t *json = json_loads(rows[i].text, 0, NULL);

		assert_non_null(json);
		assert_int_equal(histogram_from_json(json, &back, &err), -EINVAL);
		if (!strstr(err.text, rows[i].says))
			fail_msg("\"%s\" does not say \"%s\"", err.text, rows[i].says);
		json_decref(json);
	}
}

/* Unknown members are for newer versions to add. */
static void test_unknown_members_pass(void **state)
{
	json_t *json = json_loads("{\"count\":1,\"above\":0,\"sum_ns\":\"5\",\"sumsq_ns2\":\"25\",\"min_ns\":5,\"max_ns\":5,"
				  "\"buckets\":[[5,1]],\"colour\":\"blue\"}",
				  0, NULL);

	(void) state;
	assert_int_equal(histogram_from_json(json, &back, NULL), 0);
	assert_int_equal(back.count, 1);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_rejects),
		cmocka_unit_test(test_unknown_members_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
