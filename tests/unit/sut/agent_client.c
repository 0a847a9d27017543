/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "fake_agent.h"

/* Deadlines that are met at once, and one that shall pass. */
#define SOON (clock_ns() + 10 * NS_PER_S)
#define NOW  (clock_ns() + 30 * NS_PER_MS)

static void knows_nothing_more(void *arg, char *buf, size_t cap)
{
	text_print(buf, cap, "%s", (const char *) arg);
}

static struct agent *meet(struct fake_agent *f, const struct reply *replies, size_t n)
{
	fake_start(f, replies, n);
	return agent_open(&(struct agent_opts){
		.who = "the fake",
		.to = f->client_fd,
		.from = f->client_fd,
		.explain = knows_nothing_more,
		.arg = "killed by SIGKILL",
	});
}

static void part(struct agent *a, struct fake_agent *f)
{
	agent_close(a);
	fake_join(f);
	fake_free(f);
}

static void test_hello(void **state)
{
	static const struct reply replies[] = { { .json = HELLO_JSON } };
	struct fake_agent f;
	struct agent *a = meet(&f, replies, ARRAY_SIZE(replies));
	struct err err = { 0 };

	(void) state;
	assert_int_equal(agent_hello(a, SOON, &err), 0);
	assert_string_equal(agent_facts(a)->version, "0.1.0");
	assert_string_equal(agent_facts(a)->clocksource, "tsc");
	assert_int_equal(agent_facts(a)->pid, 7);
	assert_int_equal(agent_facts(a)->ncpus, 2);
	assert_true(agent_usable(a));
	agent_bye(a);
	agent_close(a);
	fake_join(&f);
	assert_int_equal(json_integer_value(json_object_get(fake_order(&f, "hello", 0), "protocol")), PROTOCOL_VERSION);
	assert_non_null(fake_order(&f, "bye", 0));
	fake_free(&f);
}

static void test_newer_protocol_is_refused(void **state)
{
	static const struct reply replies[] = { { .json = "{\"type\":\"hello\",\"protocol\":9,\"version\":\"7\"}" } };
	struct fake_agent f;
	struct agent *a = meet(&f, replies, ARRAY_SIZE(replies));
	struct err err = { 0 };

	(void) state;
	assert_int_equal(agent_hello(a, SOON, &err), -EPROTO);
	assert_non_null(strstr(err.text, "protocol 9"));
	assert_false(agent_usable(a));
	part(a, &f);
}

static void test_silence_ends_at_the_deadline(void **state)
{
	struct fake_agent f;
	struct agent *a = meet(&f, NULL, 0);
	struct err err = { 0 };

	(void) state;
	assert_int_equal(agent_hello(a, NOW, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "the fake did not answer in time"));
	assert_non_null(strstr(err.text, "killed by SIGKILL"));
	assert_false(agent_usable(a));
	part(a, &f);
}

static void test_death_is_noticed_at_once(void **state)
{
	static const struct reply replies[] = { { .hang_up = true } };
	struct fake_agent f;
	struct agent *a = meet(&f, replies, ARRAY_SIZE(replies));
	struct err err = { 0 };

	(void) state;
	/* With an hour to go, only the end of the stream can end this. */
	assert_int_equal(agent_hello(a, clock_ns() + 3600 * NS_PER_S, &err), -EPIPE);
	assert_non_null(strstr(err.text, "killed by SIGKILL"));
	part(a, &f);
}

/* The last frame of a dying agent still counts. */
static void test_frame_before_the_end(void **state)
{
	static const struct reply replies[] = { { .json = HELLO_JSON }, { .hang_up = true } };
	struct fake_agent f;
	struct agent *a = meet(&f, replies, ARRAY_SIZE(replies));
	struct err err = { 0 };
	json_t *frame = NULL;

	(void) state;
	assert_int_equal(agent_expect(a, "hello", SOON, &frame, &err), 0);
	json_decref(frame);
	assert_int_equal(agent_expect(a, "result", SOON, &frame, &err), -EPIPE);
	part(a, &f);
}

static void test_rubbish_is_named(void **state)
{
	static const struct reply replies[] = { { .raw = "\xff\xff\xff\xffHTTP/1.0" } };
	struct fake_agent f;
	struct agent *a = meet(&f, replies, ARRAY_SIZE(replies));
	struct err err = { 0 };

	(void) state;
	assert_int_equal(agent_hello(a, SOON, &err), -EMSGSIZE);
	assert_non_null(strstr(err.text, "the fake sent something that is no message"));
	assert_false(agent_usable(a));
	part(a, &f);
}

static void test_error_frame_leaves_the_agent_usable(void **state)
{
	static const struct reply replies[] = {
		{ .to = "configure", .json = "{\"type\":\"error\",\"code\":19,\"text\":\"no interface has that address\"}" },
	};
	struct fake_agent f;
	struct agent *a = meet(&f, replies, ARRAY_SIZE(replies));
	struct err err = { 0 };

	(void) state;
	assert_int_equal(agent_configure(a, "02:00:00:00:00:01", "198.18.0.2/24", SOON, &err), -ENODEV);
	assert_string_equal(err.text, "the fake: no interface has that address");
	assert_true(agent_usable(a));
	part(a, &f);
}

static void test_listening(void **state)
{
	static const struct reply replies[] = {
		{ .json = "{\"type\":\"progress\",\"done_s\":1,\"total_s\":2}" },
		{ .json = "{\"type\":\"listening\",\"port\":20001}" },
		{ .json = "{\"type\":\"listening\",\"port\":70000}" },
	};
	struct fake_agent f;
	struct agent *a = meet(&f, replies, ARRAY_SIZE(replies));
	struct err err = { 0 };
	uint16_t port = 0;

	(void) state;
	assert_int_equal(agent_listening(a, SOON, &port, &err), 0);
	assert_int_equal(port, 20001);
	assert_int_equal(agent_listening(a, SOON, &port, &err), -EPROTO);
	assert_int_equal(port, 20001);
	part(a, &f);
}

static void test_wait_for_two(void **state)
{
	static const struct reply quiet[1] = { { .to = "bye" } };
	static const struct reply talks[] = { { .json = "{\"type\":\"result\",\"id\":\"1\"}" } };
	struct fake_agent f[2];
	struct agent *a[2] = { meet(&f[0], quiet, 1), meet(&f[1], talks, 1) };
	struct err err = { 0 };
	json_t *frame = NULL;

	(void) state;
	assert_int_equal(agents_wait(a, 2, SOON, &frame, &err), 1);
	assert_string_equal(frame_type(frame), "result");
	json_decref(frame);
	/* Whichever of them dies ends the wait. */
	shutdown(f[1].fd, SHUT_RDWR);
	assert_int_equal(agents_wait(a, 2, SOON, &frame, &err), -EPIPE);
	assert_true(agent_usable(a[0]));
	assert_false(agent_usable(a[1]));
	part(a[0], &f[0]);
	part(a[1], &f[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_newer_protocol_is_refused),
		cmocka_unit_test(test_silence_ends_at_the_deadline),
		cmocka_unit_test(test_death_is_noticed_at_once),
		cmocka_unit_test(test_frame_before_the_end),
		cmocka_unit_test(test_rubbish_is_named),
		cmocka_unit_test(test_error_frame_leaves_the_agent_usable),
		cmocka_unit_test(test_listening),
		cmocka_unit_test(test_wait_for_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
