/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/entry.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/jsonx.h"

#define HEAD "{\"format\":1,\"run\":\"abc123\",\"boot\":\"b\",\"pid\":7,\"start\":9}\n"

static void parses(const char *line, struct entry *ret)
{
	AUTO_JSON json_t *o = NULL;
	struct err err = { 0 };

	assert_int_equal(jx_parse(line, strlen(line), "line", &o, &err), 0);
	assert_int_equal(entry_parse(o, ret, &err), 0);
}

static void refused(const char *line)
{
	AUTO_JSON json_t *o = NULL;
	struct err err = { 0 };
	struct entry e;

	assert_int_equal(jx_parse(line, strlen(line), "line", &o, &err), 0);
	assert_true(entry_parse(o, &e, &err) < 0);
	assert_true(err.text[0] != '\0');
}

static void test_round_trip(void **state)
{
	char *argv[] = { (char *) "/bin/true", (char *) "a b", NULL };
	const struct entry samples[] = {
		{ .seq = 1,
		  .kind = ENTRY_VALUE,
		  .form = VALUE_CPUMASK,
		  .path = (char *) "/proc/irq/1/smp_affinity",
		  .before = (char *) "3",
		  .after = (char *) "1",
		  .guard = (char *) "/proc/irq/1/eth0" },
		{ .seq = 2,
		  .kind = ENTRY_TASK,
		  .tid = 12,
		  .start = 1234567890123,
		  .before = (char *) "0-1",
		  .after = (char *) "0" },
		{ .seq = 3, .kind = ENTRY_COMMAND, .lasting = true, .argv = argv },
		{ .seq = 4, .kind = ENTRY_TREE, .lasting = true, .path = (char *) "/var/lib/vlat/x\n\"y" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		AUTO_FREE char *line = entry_line(&samples[i]), *again = NULL;
		struct entry e;

		assert_non_null(line);
		assert_null(strchr(line, '\n'));
		parses(line, &e);
		again = entry_line(&e);
		assert_string_equal(again, line);
		entry_free(&e);
	}
}

static void test_refusals(void **state)
{
	(void) state;
	refused("{\"seq\":1,\"kind\":\"value\",\"path\":\"relative\",\"before\":\"a\",\"after\":\"b\"}");
	refused("{\"seq\":1,\"kind\":\"tree\",\"path\":\"/a/../etc\"}");
	refused("{\"seq\":1,\"kind\":\"tree\",\"path\":\"/a/..\"}");
	refused("{\"seq\":1,\"kind\":\"tree\",\"path\":\"/\"}");
	refused("{\"seq\":1,\"kind\":\"value\",\"path\":\"/a\",\"before\":\"a\"}");
	refused("{\"seq\":1,\"kind\":\"task\",\"before\":\"0\",\"after\":\"1\"}");
	refused("{\"seq\":1,\"kind\":\"task\",\"tid\":-3,\"start\":1,\"before\":\"0\",\"after\":\"1\"}");
	refused("{\"seq\":1,\"kind\":\"command\",\"argv\":[]}");
	refused("{\"seq\":1,\"kind\":\"command\",\"argv\":[\"/a\",3]}");
	refused("{\"seq\":1,\"kind\":\"spell\",\"path\":\"/a\"}");
	refused("{\"kind\":\"tree\",\"path\":\"/a\"}");
}

static void test_text_with_torn_end(void **state)
{
	static const char text[] = HEAD "{\"seq\":1,\"kind\":\"tree\",\"path\":\"/a\"}\n{\"undone\":1,\"how\":\"undone\"}\n"
					"{\"seq\":2,\"kind\":\"tree\",\"path\":\"/b\"}\n{\"seq\":3,\"kind\":\"tr";
	struct journal_text t = { 0 };
	struct err err = { 0 };

	(void) state;
	assert_int_equal(journal_text_parse(text, strlen(text), &t, &err), 0);
	assert_int_equal(t.entries.n, 2);
	assert_true(t.entries.at[0].settled);
	assert_false(t.entries.at[1].settled);
	assert_int_equal(t.damaged, 0);
	assert_string_equal(text + t.whole, "{\"seq\":3,\"kind\":\"tr");
	assert_string_equal(t.head.run, "abc123");
	journal_text_free(&t);
}

static void test_text_with_damage_inside(void **state)
{
	static const char text[] =
		HEAD "garbage\n{\"seq\":2,\"kind\":\"tree\",\"path\":\"/b\"}\n{\"seq\":2,\"kind\":\"tree\",\"path\":\"/c\"}\n"
		     "{\"undone\":77}\n{\"left\":2,\"value\":\"x\"}\n";
	struct journal_text t = { 0 };
	struct err err = { 0 };

	(void) state;
	assert_int_equal(journal_text_parse(text, strlen(text), &t, &err), 0);
	assert_int_equal(t.entries.n, 1);
	assert_string_equal(t.entries.at[0].left, "x");
	assert_int_equal(t.damaged, 3);
	journal_text_free(&t);
}

static void test_heads(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"{}\n",
		"{\"format\":1,\"run\":\"abc\",\"boot\":\"b\",\"pid\":7,\"start\":9}",
		"{\"format\":1,\"run\":\"../x\",\"boot\":\"b\",\"pid\":7,\"start\":9}\n",
		"{\"format\":1,\"run\":\"toolongname\",\"boot\":\"b\",\"pid\":7,\"start\":9}\n",
		"{\"format\":1,\"run\":\"abc\",\"boot\":\"b\",\"pid\":0,\"start\":9}\n",
	};
	static const char newer[] = "{\"format\":2,\"run\":\"abc\",\"boot\":\"b\",\"pid\":7,\"start\":9}\n";
	struct journal_text t;
	struct err err = { 0 };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_true(journal_text_parse(bad[i], strlen(bad[i]), &t, &err) < 0);
	assert_true(journal_text_parse(newer, strlen(newer), &t, &err) < 0);
	assert_non_null(strstr(err.text, "format"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_text_with_torn_end),
		cmocka_unit_test(test_text_with_damage_inside),
		cmocka_unit_test(test_heads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
