/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "workload/protocol.h"

#define TOKEN   "\"token\":\"000102030405060708090a0b0c0d0e0f\""
#define CLIENT  "\"workload\":\"tcp-rr\",\"side\":\"client\",\"peer\":\"198.18.0.2\",\"port\":20000," TOKEN

static int parse(const char *text, struct job *ret, struct err *err)
{
	json_t *json = json_loads(text, 0, NULL);
	int r;

	assert_non_null(json);
	r = job_from_json(json, ret, err);
	json_decref(json);
	return r;
}

static void what_is_absent_has_its_default(void **state)
{
	const struct job fresh = JOB_INIT;
	struct job job;

	(void) state;
	assert_int_equal(parse("{\"workload\":\"wakeup\"}", &job, NULL), 0);
	assert_ptr_equal(job.workload, workload_find("wakeup"));
	assert_int_equal(job.side, SIDE_ALONE);
	assert_true(job.duration_s == fresh.duration_s && job.warmup_s == fresh.warmup_s && job.rate == 0);
	assert_int_equal(job.interval_us, 1000);
	assert_int_equal(job.silence_ms, 5000);
	assert_true(cpuset_empty(&job.cpus));
	assert_int_equal(job.fifo, 0);
	assert_false(job.lock_memory);
	assert_true(job.pages == PAGE_4K && job.set_kb == 0 && job.ladder);
}

static void goes_there_and_back(void **state)
{
	struct job a = JOB_INIT, b;
	json_t *json;

	(void) state;
	a.workload = workload_find("udp-rr");
	a.side = SIDE_CLIENT;
	strcpy(a.id, "0007-x");
	strcpy(a.peer, "fd00::2");
	a.port = 65535;
	memset(a.token, 0xa5, sizeof(a.token));
	a.duration_s = 2.25;
	a.warmup_s = 0;
	a.rate = 1234.5;
	a.request_bytes = 65507;
	a.response_bytes = 7;
	a.direction = DIRECTION_BOTH;
	a.interval_us = 50;
	a.timeout_ms = 60000;
	a.silence_ms = 100;
	a.pages = PAGE_1G;
	a.set_kb = 64 << 20;
	a.ladder = false;
	cpuset_add(&a.cpus, 3);
	cpuset_add(&a.cpus, 4000);
	a.fifo = 99;
	a.lock_memory = true;
	strcpy(a.group, "/sys/fs/cgroup/vlat-x/iso/cgroup.threads");
	json = job_to_json(&a);
	memset(&b, 0xee, sizeof(b));
	assert_int_equal(job_from_json(json, &b, NULL), 0);
	json_decref(json);
	assert_string_equal(a.id, b.id);
	assert_string_equal(a.peer, b.peer);
	assert_ptr_equal(a.workload, b.workload);
	assert_memory_equal(a.token, b.token, TOKEN_BYTES);
	assert_true(a.side == b.side && a.port == b.port && a.duration_s == b.duration_s && a.warmup_s == b.warmup_s &&
		    a.rate == b.rate);
	assert_true(a.request_bytes == b.request_bytes && a.response_bytes == b.response_bytes && a.direction == b.direction);
	assert_true(a.interval_us == b.interval_us && a.timeout_ms == b.timeout_ms && a.silence_ms == b.silence_ms);
	assert_true(cpuset_equal(&a.cpus, &b.cpus) && a.fifo == b.fifo && b.lock_memory);
	assert_string_equal(a.group, b.group);
	assert_true(a.pages == b.pages && a.set_kb == b.set_kb && a.ladder == b.ladder);
}

/* The text, and a word that the sentence must hold. */
static const struct {
	const char *text, *says;
} refused[] = {
	{ .text = "{}", .says = "workload" },
	{ .text = "{\"workload\":\"wakeupp\"}", .says = "did you mean wakeup?" },
	{ .text = "{\"workload\":7}", .says = "workload must be a text" },
	{ .text = "{\"workload\":\"wakeup\",\"side\":\"client\"," TOKEN "}", .says = "alone" },
	{ .text = "{\"workload\":\"wakeup\",\"side\":\"both\"}", .says = "side 'both'" },
	{ .text = "{\"workload\":\"wakeup\",\"rate\":5}", .says = "takes no rate" },
	{ .text = "{\"workload\":\"wakeup\",\"duration_s\":0}", .says = "duration_s" },
	{ .text = "{\"workload\":\"wakeup\",\"duration_s\":-1}", .says = "duration_s" },
	{ .text = "{\"workload\":\"wakeup\",\"duration_s\":1e300}", .says = "duration_s" },
	{ .text = "{\"workload\":\"wakeup\",\"duration_s\":\"2\"}", .says = "duration_s must be a number" },
	{ .text = "{\"workload\":\"wakeup\",\"interval_us\":9}", .says = "interval_us" },
	{ .text = "{\"workload\":\"wakeup\",\"interval_us\":1000.5}", .says = "whole number" },
	{ .text = "{\"workload\":\"memory\",\"set_kb\":15}", .says = "set_kb" },
	{ .text = "{\"workload\":\"memory\",\"set_kb\":48}", .says = "48 KiB is no power of two" },
	{ .text = "{\"workload\":\"memory\",\"pages\":\"8k\"}", .says = "pages '8k'" },
	{ .text = "{\"workload\":\"memory\",\"pages\":2}", .says = "pages must be a text" },
	{ .text = "{\"workload\":\"memory\",\"ladder\":1}", .says = "ladder" },
	{ .text = "{\"workload\":\"wakeup\",\"silence_ms\":99}", .says = "silence_ms" },
	{ .text = "{\"workload\":\"wakeup\",\"cpus\":\"1-\"}", .says = "cpus '1-'" },
	{ .text = "{\"workload\":\"wakeup\",\"group\":\"/etc/passwd\"}", .says = "group '/etc/passwd'" },
	{ .text = "{\"workload\":\"wakeup\",\"group\":\"x/cgroup.threads\"}", .says = "cgroup.threads" },
	{ .text = "{\"workload\":\"wakeup\",\"policy\":\"rr\"}", .says = "policy 'rr'" },
	{ .text = "{\"workload\":\"wakeup\",\"policy\":\"fifo\"}", .says = "priority" },
	{ .text = "{\"workload\":\"wakeup\",\"policy\":\"fifo\",\"priority\":100}", .says = "priority" },
	{ .text = "{\"workload\":\"wakeup\",\"lock_memory\":1}", .says = "lock_memory" },
	{ .text = "{\"workload\":\"wakeup\",\"id\":\"../x\"}", .says = "id" },
	{ .text = "{\"workload\":\"wakeup\",\"id\":\"0123456789012345678901234567890123\"}", .says = "id" },
	{ .text = "{\"workload\":\"tcp-rr\"," TOKEN "}", .says = "client or server" },
	{ .text = "{\"workload\":\"tcp-rr\",\"side\":\"server\"}", .says = "token" },
	{ .text = "{\"workload\":\"tcp-rr\",\"side\":\"server\",\"token\":\"12\"}", .says = "token" },
	{ .text = "{\"workload\":\"tcp-rr\",\"side\":\"client\"," TOKEN "}", .says = "address and port" },
	{ .text = "{\"workload\":\"tcp-rr\",\"side\":\"client\",\"peer\":\"localhost\",\"port\":5," TOKEN "}",
	  .says = "peer 'localhost'" },
	{ .text = "{" CLIENT ",\"port\":65536}", .says = "port" },
	{ .text = "{" CLIENT ",\"request_bytes\":0}", .says = "request_bytes" },
	{ .text = "{" CLIENT ",\"response_bytes\":1048577}", .says = "response_bytes" },
	{ .text = "{" CLIENT ",\"rate\":0.5}", .says = "rate" },
	{ .text = "{" CLIENT ",\"rate\":1000000,\"duration_s\":5000}", .says = "samples" },
	{ .text = "{" CLIENT ",\"direction\":\"left\"}", .says = "direction 'left'" },
	{ .text = "{\"workload\":\"udp-rr\",\"side\":\"server\",\"request_bytes\":65508," TOKEN "}", .says = "65507" },
};

static void refuses_with_a_sentence(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct job job;
		struct err err = { 0 };

		assert_int_equal(parse(refused[i].text, &job, &err), -EINVAL);
		if (!strstr(err.text, refused[i].says))
			fail_msg("%s: the sentence is: %s", refused[i].text, err.text);
	}
}

static void names_agree_with_rows(void **state)
{
	size_t n;
	const char *const *names = workload_names(&n);

	(void) state;
	for (size_t i = 0; i < n; i++) {
		const struct workload *w = workload_at(i);

		assert_string_equal(names[i], w->name);
		assert_ptr_equal(workload_find(names[i]), w);
		assert_true(w->brief && w->client);
		assert_int_equal(w->peer, w->server != NULL);
		assert_true(!w->sizes || w->min_bytes <= w->max_bytes);
	}
	assert_null(workload_at(n));
	assert_null(workload_find("none"));
	assert_null(workload_find(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_absent_has_its_default),
		cmocka_unit_test(goes_there_and_back),
		cmocka_unit_test(refuses_with_a_sentence),
		cmocka_unit_test(names_agree_with_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
