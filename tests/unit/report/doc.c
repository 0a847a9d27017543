/* SPDX-License-Identifier: Apache-2.0 */
/* The two renderers: nothing of a text gets out of its place, and tables stay tables at any width. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/doc.h"

static const char evil[] = "</td></table><script>alert(\"1\")</script> & \033[2J\x07 \xc2\x9b"
			   "31m 'q'";

static void fill_evil(struct doc *d)
{
	static const struct column columns[] = { { .title = "a" },
						 { .title = "b", .number = true },
						 { .title = "c", .prose = true },
						 { .title = "d", .code = true } };
	struct table *t;
	struct card *card;
	struct sink svg = { 0 };

	d->title = xstrdup(evil);
	d->kicker = xstrdup(evil);
	d->footer = xstrdup(evil);
	doc_fact(d, "%s", evil);
	doc_section(d, "answer", "n", evil);
	card = doc_card(d);
	*card = (struct card){ .title = xstrdup(evil),
			       .chip = xstrdup(evil),
			       .big = xstrdup(evil),
			       .of = xstrdup(evil),
			       .verdict = xstrdup(evil),
			       .text = xstrdup(evil),
			       .sentence = xstrdup(evil),
			       .tone = TONE_BAD };
	doc_para(d, "%s", evil);
	doc_note(d, "%s", evil);
	doc_item(d, "%s", evil);
	doc_pair(d, evil, "%s", evil);
	doc_pre(d, evil);
	doc_heading(d, "%s", evil);
	sink_put(&svg, "<svg></svg>");
	doc_figure(d, evil, evil, &svg);
	t = doc_table(d, columns, ARRAY_SIZE(columns), "%s", evil);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		table_cell(t, i % 2 ? TONE_GOOD : TONE_PLAIN, "%s", evil);
		table_sub(t, "%s", evil);
	}
}

static void test_html_escapes_everything(void **state)
{
	struct doc d = { .script = SCRIPT_UNICODE };
	struct sink out = { 0 };

	(void) state;
	fill_evil(&d);
	doc_html(&d, &out);
	assert_null(strstr(out.text, "<script"));
	assert_null(strstr(out.text, "\"1\""));
	assert_null(strchr(out.text, '\033'));
	assert_null(strchr(out.text, '\a'));
	assert_non_null(strstr(out.text, "&lt;script&gt;alert(&quot;1&quot;)"));
	sink_free(&out);
	doc_free(&d);
}

/* Neither C0 nor C1 control characters reach a terminal, with or without our own colours. */
static void test_text_cannot_steer_the_terminal(void **state)
{
	const struct text_options plain = { .width = 60 }, color = { .width = 60, .color = true };
	struct doc d = { .script = SCRIPT_ASCII };
	struct sink out = { 0 };
	struct err e = { 0 };

	(void) state;
	fill_evil(&d);
	assert_int_equal(doc_text(&d, &out, &plain, &e), 0);
	for (const char *p = out.text; *p; p++)
		assert_true((unsigned char) *p >= 0x20 ? *p != 0x7f : *p == '\n');
	assert_null(strstr(out.text, "\xc2\x9b"));
	sink_free(&out);
	assert_int_equal(doc_text(&d, &out, &color, &e), 0);
	assert_null(strstr(out.text, "\033[2J"));
	assert_non_null(strstr(out.text, "\033[1m"));
	sink_free(&out);
	doc_free(&d);
}

static size_t longest_line(const char *text)
{
	size_t most = 0;

	while (*text) {
		size_t n = strcspn(text, "\n");

		most = n > most ? n : most;
		text += n + (text[n] == '\n');
	}
	return most;
}

static void fill_table(struct doc *d)
{
	static const struct column columns[] = { { .title = "System" },
						 { .title = "From", .number = true },
						 { .title = "To", .number = true, .below = true },
						 { .title = "Why", .prose = true } };
	struct table *t = doc_table(d, columns, ARRAY_SIZE(columns), "A table.");

	t->grouped = true;
	table_cell(t, TONE_PLAIN, "container");
	table_sub(t, "tcp-rr");
	table_cell(t, TONE_PLAIN, "9.10 ms");
	table_cell(t, TONE_PLAIN, "210 us");
	table_cell(t, TONE_PLAIN, "because other tasks on the measured CPU are what a response waits for");
	table_cell(t, TONE_PLAIN, "%s", "");
	table_cell(t, TONE_PLAIN, "1.00 ms");
	table_cell(t, TONE_PLAIN, "2 us");
	table_cell(t, TONE_PLAIN, "short");
}

static void test_table_on_a_terminal(void **state)
{
	const struct text_options narrow = { .width = 44 };
	struct doc d = { .script = SCRIPT_ASCII };
	struct sink out = { 0 };
	struct err e = { 0 };

	(void) state;
	fill_table(&d);
	assert_int_equal(doc_text(&d, &out, &narrow, &e), 0);
	assert_string_equal(out.text, "\nA table.\n"
				      "System     From/To  Why\n"
				      "container  9.10 ms  because other tasks on\n"
				      "            210 us  the measured CPU are\n"
				      "                    what a response waits\n"
				      "                    for\n"
				      "tcp-rr     1.00 ms  short\n"
				      "              2 us\n");
	sink_free(&out);
	doc_free(&d);
}

static void test_width_is_kept(void **state)
{
	(void) state;
	for (unsigned width = 40; width < 140; width += 7) {
		const struct text_options o = { .width = width };
		struct doc d = { .script = SCRIPT_ASCII };
		struct sink out = { 0 };
		struct err e = { 0 };

		fill_table(&d);
		doc_para(&d, "A long sentence that has to be broken somewhere, because a terminal ends where it ends and not a "
			     "letter later.");
		doc_note(&d,
			 "And a note, which is broken as well, but with its second and later lines set in below the first one.");
		assert_int_equal(doc_text(&d, &out, &o, &e), 0);
		assert_true(longest_line(out.text) <= width);
		sink_free(&out);
		doc_free(&d);
	}
}

static void test_percent_signs_stay_with_their_numbers(void **state)
{
	struct doc d = { .title = xstrdup("t"), .kicker = xstrdup("k"), .footer = xstrdup("f") };
	struct sink out = { 0 };

	(void) state;
	doc_para(&d, "95 %% & 5 %%, not a %% or %%");
	doc_para(&d, " %% 7 %%");
	doc_html(&d, &out);
	assert_non_null(strstr(out.text, "<p>95\xc2\xa0% &amp; 5\xc2\xa0%, not a % or %</p>"));
	assert_non_null(strstr(out.text, "<p> % 7\xc2\xa0%</p>"));
	sink_free(&out);
	doc_free(&d);
}

/* A web page's table: the group's name once, in a row of its own. */
static void test_table_on_a_page(void **state)
{
	struct doc d = { .title = xstrdup("t"), .kicker = xstrdup("k"), .footer = xstrdup("f") };
	struct sink out = { 0 };

	(void) state;
	fill_table(&d);
	doc_html(&d, &out);
	assert_non_null(strstr(out.text, "<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"3\"><span "
					 "class=\"stay\">container<span class=\"range\">tcp-rr</span></span></th></tr>"));
	assert_null(strstr(strstr(out.text, "rowgroup") + 1, "rowgroup"));
	assert_non_null(strstr(out.text, "<th scope=\"row\">9.10 ms</th><td class=\"n\">210 us</td>"));
	sink_free(&out);
	doc_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_html_escapes_everything),
		cmocka_unit_test(test_text_cannot_steer_the_terminal),
		cmocka_unit_test(test_table_on_a_terminal),
		cmocka_unit_test(test_width_is_kept),
		cmocka_unit_test(test_percent_signs_stay_with_their_numbers),
		cmocka_unit_test(test_table_on_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
