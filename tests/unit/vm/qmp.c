/* SPDX-License-Identifier: Apache-2.0 */
/* The client against a scripted QEMU: everything that may arrive, in any order and cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "vm/qmp.h"

#define SOON  (clock_ns() + 5 * NS_PER_S)
#define GREET "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"

/* One answer after each line that arrives; %s becomes the line's id. The first is sent at once. */
struct script {
	int fd;
	const char *const *answers; /* NULL-terminated */
	unsigned asked;             /* lines read */
};

static int ours, theirs;
static pthread_t thread;
static struct script script;

static bool read_line(int fd, char *buf, size_t cap)
{
	for (size_t n = 0; n + 1 < cap; n++) {
		if (read(fd, buf + n, 1) != 1)
			return false;
		if (buf[n] == '\n') {
			buf[n] = '\0';
			return true;
		}
	}
	return false;
}

static void answer(int fd, const char *text, const char *line)
{
	const char *id = strstr(line, "\"id\":"), *at = strstr(text, "ID");
	char out[1024];
	int n;

	id = id ? id + 5 + strspn(id + 5, " ") : "0";
	n = at ? snprintf(out, sizeof(out), "%.*s%.*s%s", (int) (at - text), text, (int) strspn(id, "0123456789"), id, at + 2)
	       : snprintf(out, sizeof(out), "%s", text);
	for (int i = 0; i < n; i++) /* byte by byte: every cut there can be */
		if (write(fd, out + i, 1) != 1)
			return;
}

static void *play(void *arg)
{
	struct script *s = arg;
	char line[1024] = "";

	for (size_t i = 0; s->answers[i]; i++) {
		if (i > 0 && !read_line(s->fd, line, sizeof(line)))
			break;
		s->asked += i > 0;
		answer(s->fd, s->answers[i], line);
	}
	close(s->fd);
	return NULL;
}

static void start(const char *const *answers)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	ours = fds[0];
	theirs = fds[1];
	script = (struct script){ .fd = theirs, .answers = answers };
	assert_int_equal(pthread_create(&thread, NULL, play, &script), 0);
}

static void finish(struct qmp *q)
{
	qmp_close(q);
	close(ours);
	pthread_join(thread, NULL);
}

#define OK     "{\"return\": {}, \"id\": ID}\r\n"
#define STATUS "{\"return\": {\"status\": \"prelaunch\", \"running\": false}, \"id\": ID}\r\n"
#define EVENT  "{\"timestamp\": {}, \"event\": \"STOP\"}\r\n{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true}}\r\n"

static void test_conversation(void **state)
{
	static const char *const answers[] = { GREET, EVENT OK, STATUS, EVENT "{\"return\": [1, 2], \"id\": ID}\r\n", NULL };
	struct qmp *q = NULL;
	json_t *got = NULL, *data = NULL;
	struct err err;

	(void) state;
	start(answers);
	assert_int_equal(qmp_open(&q, ours, SOON, &err), 0);
	assert_int_equal(qmp_call(q, "anything", json_pack("{s:i}", "a", 1), SOON, &got, &err), 0);
	assert_int_equal(json_array_size(got), 2);
	json_decref(got);
	/* Events were kept, those before the call and those in its answer. */
	assert_int_equal(qmp_seen(q, "STOP", NULL), 2);
	assert_int_equal(qmp_seen(q, "SHUTDOWN", &data), 2);
	assert_true(json_is_true(json_object_get(data, "guest")));
	assert_int_equal(qmp_seen(q, "RESUME", NULL), 0);
	finish(q);
}

static void test_refusals_are_sentences(void **state)
{
	static const char *const answers[] = {
		GREET,
		OK,
		STATUS,
		"{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such thing\"}, \"id\": ID}\r\n",
		"{\"error\": {\"desc\": \"bad syntax\"}}\r\n",
		NULL,
	};
	struct qmp *q = NULL;
	struct err err;

	(void) state;
	start(answers);
	assert_int_equal(qmp_open(&q, ours, SOON, &err), 0);
	assert_int_equal(qmp_call(q, "one", NULL, SOON, NULL, &err), -EREMOTEIO);
	assert_non_null(strstr(err.text, "QEMU refused one: no such thing"));
	assert_int_equal(qmp_call(q, "two", NULL, SOON, NULL, &err), -EREMOTEIO);
	assert_non_null(strstr(err.text, "bad syntax"));
	/* Now it is gone. */
	assert_int_equal(qmp_call(q, "three", NULL, SOON, NULL, &err), -EPIPE);
	assert_int_equal(qmp_pump(q, &err), -EPIPE);
	finish(q);
}

/* The greeting comes before the devices are made: a QEMU that greets and dies was never there. */
static void test_greeting_proves_nothing(void **state)
{
	static const char *const greets_and_dies[] = { GREET, NULL }, *const negotiates_and_dies[] = { GREET, OK, NULL },
				 *const dies[] = { "", NULL }, *const rude[] = { "{\"return\": {}}\r\n", NULL };
	struct qmp *q = NULL;
	struct err err;

	(void) state;
	start(greets_and_dies);
	assert_int_equal(qmp_open(&q, ours, SOON, &err), -EPIPE);
	finish(NULL);
	start(negotiates_and_dies);
	assert_int_equal(qmp_open(&q, ours, SOON, &err), -EPIPE);
	finish(NULL);
	start(dies);
	assert_int_equal(qmp_open(&q, ours, SOON, &err), -EPIPE);
	finish(NULL);
	start(rude);
	assert_int_equal(qmp_open(&q, ours, SOON, &err), -EBADMSG);
	finish(NULL);
	assert_null(q);
}

static void test_late_answer(void **state)
{
	static const char *const answers[] = { GREET, OK, STATUS, "", "{\"return\": 1, \"id\": 3}\r\n" OK, NULL };
	struct qmp *q = NULL;
	json_t *got = NULL;
	struct err err;

	(void) state;
	start(answers);
	assert_int_equal(qmp_open(&q, ours, SOON, &err), 0);
	assert_int_equal(qmp_call(q, "slow", NULL, clock_ns() + 20 * NS_PER_MS, NULL, &err), -ETIME);
	assert_non_null(strstr(err.text, "slow"));
	/* The answer to the call that was given up is not taken for the answer to this one. */
	assert_int_equal(qmp_call(q, "next", NULL, SOON, &got, &err), 0);
	assert_true(json_is_object(got));
	json_decref(got);
	finish(q);
}

static void test_status(void **state)
{
	static const char *const answers[] = { GREET, OK, STATUS, STATUS, "{\"return\": {}, \"id\": ID}\r\n", NULL };
	struct qmp *q = NULL;
	char status[32] = "";
	struct err err;

	(void) state;
	start(answers);
	assert_int_equal(qmp_open(&q, ours, SOON, &err), 0);
	assert_int_equal(qmp_status(q, SOON, status, sizeof(status), &err), 0);
	assert_string_equal(status, "prelaunch");
	assert_true(qmp_status(q, SOON, status, sizeof(status), &err) < 0);
	finish(q);
}

static void test_lines(void **state)
{
	static const struct {
		const char *line;
		enum qmp_kind kind;
	} good[] = {
		{ "{\"QMP\": {}}", QMP_GREETING },
		{ "{\"return\": [], \"id\": 7}\r", QMP_RETURN },
		{ "{\"error\": {}}", QMP_ERROR },
		{ "{\"event\": \"STOP\"}", QMP_EVENT },
	};
	static const char *const bad[] = {
		"", "{", "[]", "7", "{}", "{\"event\": 7}", "{\"id\": 7}", "{\"return\": }", "{\"return\": {}} {}", "\xff\xfe",
	};
	struct qmp_message m;
	struct err err;

	(void) state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(qmp_parse(good[i].line, strlen(good[i].line), &m, &err), 0);
		assert_int_equal(m.kind, good[i].kind);
		json_decref(m.json);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(qmp_parse(bad[i], strlen(bad[i]), &m, &err) < 0);
}

/* QEMU counts in unsigned 64 bits; what looks like a number in a string, or has a fraction, is left alone. */
static void test_large_numbers(void **state)
{
	static const char line[] = "{\"return\": {\"a\": 18446744073709551615, \"b\": [-9223372036854775809, 5], "
				   "\"c\": \"\\\"18446744073709551615\", \"d\": 0.12345678901234567890123}}";
	struct qmp_message m;
	struct err err = { 0 };

	(void) state;
	if (qmp_parse(line, strlen(line), &m, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(json_real_value(json_object_get(m.value, "a")) > 1.8e19);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(m.value, "b"), 1)), 5);
	assert_string_equal(json_string_value(json_object_get(m.value, "c")), "\"18446744073709551615");
	assert_true(json_real_value(json_object_get(m.value, "d")) < 0.2);
	json_decref(m.json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversation),
		cmocka_unit_test(test_refusals_are_sentences),
		cmocka_unit_test(test_greeting_proves_nothing),
		cmocka_unit_test(test_late_answer),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_large_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
