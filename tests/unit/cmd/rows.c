/* SPDX-License-Identifier: Apache-2.0 */
/* What every command row owes its reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <string.h>

#include "base/sink.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/help.h"

/* A phrase that follows a name in a list: no capital letter (but names such as "VM", "CPUs"), no full stop. */
static void check_phrase(const char *who, const char *what, const char *text)
{
	if (!text || strlen(text) < 8)
		fail_msg("%s: %s has no help text", who, what);
	if (isupper((unsigned char) text[0]) && islower((unsigned char) text[1]))
		fail_msg("%s: the help of %s begins with a capital letter", who, what);
	if (text_ends(text, "."))
		fail_msg("%s: the help of %s ends with a full stop", who, what);
}

static void check_row(const char *who, const struct option_row *row, bool is_arg)
{
	size_t n;

	check_phrase(who, row->name, row->help);
	for (const char *p = row->name; *p; p++)
		if (is_arg ? !isupper((unsigned char) *p) && *p != '_'
			   : !islower((unsigned char) *p) && !isdigit((unsigned char) *p) && *p != '-')
			fail_msg("%s: the name %s is of the wrong kind", who, row->name);
	if (row->parse && !is_arg && (!option_arg(row) || text_eq(option_arg(row), "VALUE")))
		fail_msg("%s: --%s takes a value, but which?", who, row->name);
	if (row->parse == parse_choice || row->parse == parse_word || row->parse == parse_set)
		if (!option_choices(row, &n) || n == 0)
			fail_msg("%s: %s has no choices", who, row->name);
	if (row->parse == parse_set && option_choices(row, &n) && n > 32)
		fail_msg("%s: %s has more choices than an unsigned has bits", who, row->name);
	if (row->max && row->max < row->min)
		fail_msg("%s: the bounds of %s are the wrong way round", who, row->name);
}

static bool same_option(const struct option_row *a, const struct option_row *b)
{
	return text_eq(a->name, b->name) || (a->letter && a->letter == b->letter);
}

static void check_unique(const struct command *c)
{
	for (size_t i = 0; i < c->n_options; i++) {
		for (size_t k = 0; k < n_common_options; k++)
			if (same_option(&c->options[i], &common_options[k]))
				fail_msg("%s: --%s is an option of every command", c->name, c->options[i].name);
		for (size_t k = 0; k < i; k++)
			if (same_option(&c->options[i], &c->options[k]))
				fail_msg("%s: --%s and --%s are taken for each other", c->name, c->options[i].name,
					 c->options[k].name);
	}
}

/* The default shown must be one that the row itself would take, and mean what the config holds. */
static void check_shown(const struct command *c, const struct option_row *row)
{
	struct cpuset parsed = { 0 }; /* the largest field there is */
	struct err err = { 0 };
	bool is_small = row->parse == parse_u32 || row->parse == parse_micros || row->parse == parse_choice || row->parse == parse_set;
	size_t size = is_small ? 4 : 8;

	if (!c->defaults || !row->shown || !row->parse || row->parse == parse_cpulist || row->parse == parse_str ||
	    row->shown[0] == '\0')
		return;
	if (row->parse(row, row->shown, &parsed, &err) < 0)
		return; /* words, such as "as many as fit" */
	if (row->parse != parse_word && memcmp(&parsed, (const char *) c->defaults + row->offset, size) != 0)
		fail_msg("%s: --%s says its default is %s, but the config has another", c->name, row->name, row->shown);
}

static void check_examples(const struct command *c)
{
	AUTO_FREE char *begin = NULL;
	struct sink s = { 0 };

	sink_printf(&s, "vlat %s", c->name);
	begin = s.text;
	assert_true(c->n_examples > 0);
	for (size_t i = 0; i < c->n_examples; i++) {
		if (!strstr(c->examples[i].line, begin))
			fail_msg("%s: its example \"%s\" is of something else", c->name, c->examples[i].line);
		if (text_ends(c->examples[i].what, "."))
			fail_msg("%s: an example's sentence ends with a full stop", c->name);
	}
}

static void check_exits(const struct command *c)
{
	for (size_t i = 0; i < c->n_exits; i++) {
		bool known = false;

		for (size_t k = 0; k < n_exit_rows; k++)
			known = known || exit_rows[k].code == c->exits[i].code;
		if (!known)
			fail_msg("%s: exit code %d is not in the table of all exit codes", c->name, c->exits[i].code);
		check_phrase(c->name, "an exit code", c->exits[i].meaning);
	}
}

static void check_args(const struct command *c)
{
	for (size_t i = 0; i < c->n_args; i++) {
		check_row(c->name, &c->args[i], true);
		if (c->args[i].rest && i + 1 < c->n_args)
			fail_msg("%s: nothing can follow %s", c->name, c->args[i].name);
		if (i > 0 && c->args[i - 1].optional && !c->args[i].optional)
			fail_msg("%s: %s cannot be told from the argument before it", c->name, c->args[i].name);
	}
}

static void every_row_is_whole(void **state)
{
	(void) state;
	for (size_t i = 0; i < n_commands; i++) {
		const struct command *c = commands[i];

		check_phrase(c->name, "its brief", c->brief);
		assert_in_range(strlen(c->brief), 8, 60);
		assert_true(strlen(c->text) > 20 && c->run);
		assert_true(!c->n_options || c->config_size > 0);
		check_args(c);
		check_unique(c);
		check_examples(c);
		check_exits(c);
		for (size_t k = 0; k < c->n_options; k++) {
			check_row(c->name, &c->options[k], false);
			check_shown(c, &c->options[k]);
		}
	}
	for (size_t k = 0; k < n_common_options; k++)
		check_row("vlat", &common_options[k], false);
}

static void the_table_is_sorted(void **state)
{
	size_t n;
	const char *const *names = command_names(&n);

	(void) state;
	assert_int_equal(n, n_commands);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(names[i], commands[i]->name);
		assert_ptr_equal(command_find(names[i]), commands[i]);
		if (i > 0)
			assert_true(strcmp(names[i - 1], names[i]) < 0);
	}
	assert_null(command_find("no-such"));
	for (size_t i = 1; i < n_exit_rows; i++)
		assert_true(exit_rows[i - 1].code < exit_rows[i].code);
}

static void unknown_commands_get_a_hint(void **state)
{
	struct err err = { 0 };

	(void) state;
	assert_true(command_explain_unknown("wrkloads", &err) < 0);
	assert_string_equal(err.text, "there is no command \"wrkloads\"; did you mean workloads?");
	assert_true(command_explain_unknown("xyzzy", &err) < 0);
	assert_string_equal(err.text, "there is no command \"xyzzy\"");
}

static size_t widest_line(const char *text)
{
	size_t widest = 0;

	while (*text) {
		size_t n = strcspn(text, "\n");

		widest = n > widest ? n : widest;
		text += n + (text[n] == '\n');
	}
	return widest;
}

static void help_fits_the_terminal(void **state)
{
	static const unsigned widths[] = { 40, 80, 100 };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		struct sink out = { 0 };

		help_all(&out, widths[i]);
		if (widths[i] >= 80)
			assert_in_range(widest_line(out.text), 40, widths[i]);
		sink_free(&out);
	}
}

static void wrapping(void **state)
{
	struct sink out = { 0 };

	(void) state;
	wrap_text(&out, "aaa bbb  ccc\nddd", 0, 2, 9);
	assert_string_equal(out.text, "  aaa bbb\n  ccc ddd\n");
	sink_free(&out);
	wrap_text(&out, "one\n\n  kept   as\n  it is\n\ntwo", 0, 0, 80);
	assert_string_equal(out.text, "one\n\n  kept   as\n  it is\n\ntwo\n");
	sink_free(&out);
	sink_put(&out, "label-too-long");
	wrap_text(&out, "help", 14, 8, 80);
	assert_string_equal(out.text, "label-too-long\n        help\n");
	sink_free(&out);
	wrap_text(&out, "averyveryverylongword x", 0, 0, 5);
	assert_string_equal(out.text, "averyveryverylongword\nx\n");
	sink_free(&out);
	wrap_text(&out, "", 3, 5, 80);
	assert_string_equal(out.text, "  \n");
	sink_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_whole),
		cmocka_unit_test(the_table_is_sorted),
		cmocka_unit_test(unknown_commands_get_a_hint),
		cmocka_unit_test(help_fits_the_terminal),
		cmocka_unit_test(wrapping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
