/* SPDX-License-Identifier: Apache-2.0 */
/* Fixture studies from folder to finished report, compared with tests/golden/report/NAME/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fixture.h"
#include "golden.h"
#include "report/report.h"

/* What changes without the report changing: vlat's version, and the style sheet, which has a file of its own. */
static char *steady(const char *text)
{
	static const char style[] = "<style>\n", end[] = "</style>", version[] = "vlat " VLAT_VERSION " from";
	struct sink s = { 0 };

	for (const char *p = text; *p;) {
		if (text_starts(p, version)) {
			sink_put(&s, "vlat VERSION from");
			p += strlen(version);
		} else if (text_starts(p, style)) {
			sink_put(&s, style);
			p = strstr(p, end);
		} else {
			sink_char(&s, *p++);
		}
	}
	return s.text;
}

static void check(const char *fixture, const char *file, const char *text)
{
	AUTO_FREE char *name = xprintf("report/%s/%s", fixture, file), *compared = steady(text);

	golden_check(name, compared);
}

static void check_study(const char *name, bool html, bool json)
{
	const struct text_options options = { .width = 100 };
	struct report *r = NULL;
	struct sink out = { 0 };
	struct err e = { 0 };

	if (report_load(&r, name, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(report_text(r, &out, &options, &e), 0);
	check(name, "report.txt", out.text);
	sink_free(&out);
	if (html) {
		report_html(r, &out);
		check(name, "report.html", out.text);
		sink_free(&out);
	}
	if (json) {
		assert_int_equal(report_json(r, &out, &e), 0);
		check(name, "report.json", out.text);
		sink_free(&out);
	}
	report_free(r);
}

static void test_welch(void **state)
{
	(void) state;
	check_study("welch", true, true);
}

static void test_quick_and_interrupted(void **state)
{
	(void) state;
	check_study("quick", false, false);
}

static void test_rival_and_hostile(void **state)
{
	(void) state;
	check_study("rival", true, false);
}

static void test_every_run_failed(void **state)
{
	(void) state;
	check_study("failed", true, true);
}

/* Written into its folder, it is what it is on stdout. */
static void test_written(void **state)
{
	struct report *r = NULL;
	struct sink html = { 0 };
	struct err e = { 0 };
	char *text;
	size_t len;

	(void) state;
	assert_int_equal(report_load(&r, "failed", &e), 0);
	assert_int_equal(report_write_all(r, &e), 0);
	report_html(r, &html);
	assert_int_equal(file_read_all("failed/report.html", 1 << 20, &text, &len, &e), 0);
	assert_string_equal(text, html.text);
	free(text);
	assert_int_equal(access("failed/report.json", R_OK), 0);
	assert_int_equal(access("failed/report.txt", R_OK), 0);
	sink_free(&html);
	report_free(r);
}

static char folder[] = "/tmp/vlat-report-XXXXXX";

/* Relative names: the report repeats the folder's. */
static int make_fixtures(void **state)
{
	(void) state;
	if (!mkdtemp(folder) || chdir(folder) < 0)
		return -1;
	for (size_t i = 0; i < n_fixtures; i++)
		if (fixture_write(&fixtures[i], fixtures[i].name) < 0)
			return -1;
	return 0;
}

static int remove_fixtures(void **state)
{
	(void) state;
	return dir_remove_all(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_welch),
		cmocka_unit_test(test_quick_and_interrupted),
		cmocka_unit_test(test_rival_and_hostile),
		cmocka_unit_test(test_every_run_failed),
		cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests(tests, make_fixtures, remove_fixtures);
}
