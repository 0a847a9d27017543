/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "workload/protocol.h"

#define SOON (clock_ns() + 5 * NS_PER_S)

/* A frame of this text; returns its length. */
static size_t frame(char *buf, const char *text)
{
	size_t n = strlen(text);

	buf[0] = buf[1] = 0;
	buf[2] = (char) (n >> 8);
	buf[3] = (char) n;
	memcpy(buf + 4, text, n);
	return 4 + n;
}

static void decodes_a_whole_frame(void **state)
{
	char buf[256];
	size_t n = frame(buf, "{\"type\":\"bye\"}"), used = 0;
	json_t *msg = NULL;

	(void) state;
	assert_int_equal(frame_decode(buf, n, FRAME_MAX, &msg, &used, NULL), 1);
	assert_int_equal(used, n);
	assert_string_equal(frame_type(msg), "bye");
	json_decref(msg);
}

static void waits_for_the_rest(void **state)
{
	char buf[256];
	size_t n = frame(buf, "{\"type\":\"bye\"}"), used = 0;
	json_t *msg = NULL;

	(void) state;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(frame_decode(buf, i, FRAME_MAX, &msg, &used, NULL), 0);
	assert_int_equal(used, 0);
	assert_null(msg);
}

static void skips_what_is_no_message(void **state)
{
	static const char *const bad[] = {
		"", "x", "[1]", "{}", "{\"type\":7}", "{\"type\":\"a\",\"type\":\"b\"}", "{\"type\":\"a\"} x", "\xff\xfe"
	};
	char buf[256];

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		size_t n = frame(buf, bad[i]), used = 0;
		json_t *msg = NULL;
		struct err err = { 0 };

		assert_int_equal(frame_decode(buf, n, FRAME_MAX, &msg, &used, &err), -EBADMSG);
		assert_int_equal(used, n);
		assert_null(msg);
		assert_int_not_equal(err.code, 0);
	}
}

static void refuses_a_length_beyond_the_limit(void **state)
{
	static const unsigned char head[] = { 0x47, 0x45, 0x54, 0x20 }; /* "GET " */
	size_t used = 0;
	json_t *msg = NULL;
	struct err err = { 0 };

	(void) state;
	assert_int_equal(frame_decode(head, sizeof(head), FRAME_MAX, &msg, &used, &err), -EMSGSIZE);
	assert_int_equal(used, 0);
}

static void reads_frames_however_they_arrive(void **state)
{
	struct frame_reader r = { .max = FRAME_MAX_AGENT };
	char buf[256];
	size_t n = frame(buf, "{\"type\":\"one\"}");
	json_t *msg;
	int fd[2];

	(void) state;
	n += frame(buf + n, "{\"type\":\"two\"}");
	assert_int_equal(pipe(fd), 0);
	for (size_t i = 0; i < n - 1; i++) {
		assert_int_equal(write(fd[1], buf + i, 1), 1);
		assert_int_equal(frame_fill(&r, fd[0]), 1);
	}
	assert_int_equal(frame_take(&r, &msg, NULL), 1);
	assert_string_equal(frame_type(msg), "one");
	json_decref(msg);
	assert_int_equal(frame_take(&r, &msg, NULL), 0);
	assert_int_equal(write(fd[1], buf + n - 1, 1), 1);
	assert_int_equal(frame_receive(&r, fd[0], SOON, &msg, NULL), 1);
	assert_string_equal(frame_type(msg), "two");
	json_decref(msg);
	frame_reader_free(&r);
	close(fd[0]);
	close(fd[1]);
}

static void never_holds_more_than_one_frame_of_the_largest_size(void **state)
{
	struct frame_reader r = { .max = 5000 };
	char buf[8192] = { 0, 0, 0x13, (char) 0x88 };   /* 5000 */
	json_t *msg;
	int fd[2], n;

	(void) state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], buf, sizeof(buf)), sizeof(buf));
	while (r.len < 5004) {
		n = frame_fill(&r, fd[0]);
		assert_true(n > 0);
	}
	assert_int_equal(frame_fill(&r, fd[0]), -EMSGSIZE);
	assert_int_equal(r.cap, 5004);
	assert_int_equal(frame_take(&r, &msg, NULL), -EBADMSG);
	assert_int_equal(r.len, 0);
	frame_reader_free(&r);
	close(fd[0]);
	close(fd[1]);
}

static void tells_silence_from_the_end(void **state)
{
	struct frame_reader r = { .max = FRAME_MAX };
	struct err err = { 0 };
	json_t *msg;
	int fd[2];

	(void) state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(frame_receive(&r, fd[0], clock_ns() + NS_PER_MS, &msg, &err), -ETIMEDOUT);
	close(fd[1]);
	assert_int_equal(frame_receive(&r, fd[0], SOON, &msg, &err), -EPIPE);
	close(fd[0]);
	frame_reader_free(&r);
}

static void sends_what_it_can_receive(void **state)
{
	struct frame_reader r = { .max = FRAME_MAX };
	json_t *out = json_pack("{s:s, s:i}", "type", "progress", "done_s", 3), *in;
	int fd[2];

	(void) state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(frame_send(fd[1], out, SOON, NULL), 0);
	assert_int_equal(frame_receive(&r, fd[0], SOON, &in, NULL), 1);
	assert_true(json_equal(in, out));
	json_decref(in);
	json_decref(out);
	frame_reader_free(&r);
	close(fd[0]);
	close(fd[1]);
}

/* A reader that does not read: the deadline ends it, though the pipe blocks. */
static void a_full_pipe_meets_the_deadline(void **state)
{
	char big[200000];
	int fd[2];

	(void) state;
	memset(big, 'x', sizeof(big));
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(frame_write_all(fd[1], big, sizeof(big), clock_ns() + 20 * NS_PER_MS), -ETIMEDOUT);
	close(fd[0]);
	close(fd[1]);
}

static void tokens_are_hex(void **state)
{
	uint8_t token[TOKEN_BYTES], back[TOKEN_BYTES];
	char hex[2 * TOKEN_BYTES + 1];

	(void) state;
	assert_int_equal(token_make(token), 0);
	token_to_hex(token, hex);
	assert_int_equal(strlen(hex), 32);
	assert_int_equal(token_from_hex(hex, back), 0);
	assert_true(token_equal(token, back));
	for (size_t i = 0; i < TOKEN_BYTES; i++) {
		back[i] ^= 0x80;
		assert_false(token_equal(token, back));
		back[i] ^= 0x80;
	}
	assert_int_equal(token_from_hex("0123", back), -EINVAL);
	assert_int_equal(token_from_hex("0123456789abcdef0123456789abcdeg", back), -EINVAL);
	assert_int_equal(token_from_hex("0123456789ABCDEF0123456789abcdef", back), 0);
	assert_int_equal(back[5], 0xab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_a_whole_frame),
		cmocka_unit_test(waits_for_the_rest),
		cmocka_unit_test(skips_what_is_no_message),
		cmocka_unit_test(refuses_a_length_beyond_the_limit),
		cmocka_unit_test(reads_frames_however_they_arrive),
		cmocka_unit_test(never_holds_more_than_one_frame_of_the_largest_size),
		cmocka_unit_test(tells_silence_from_the_end),
		cmocka_unit_test(sends_what_it_can_receive),
		cmocka_unit_test(a_full_pipe_meets_the_deadline),
		cmocka_unit_test(tokens_are_hex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
