/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/option.h"

struct cfg {
	const char *name, *word, *what, *maybe;
	uint32_t count;
	uint64_t big, time_ns, bytes;
	double ratio;
	struct cpuset cpus;
	unsigned choice, set;
	bool json, checked;
	struct words rest;
};

static const char *const suts[] = { "native", "container", "vm", NULL };

static const char *const *dynamic_names(size_t *ret_n)
{
	static const char *const names[] = { "tcp-rr", "tcp-stream", "wakeup" };

	*ret_n = ARRAY_SIZE(names);
	return names;
}

static const struct option_row rows[] = {
	OPT_STR(struct cfg, name, .name = "name", .letter = 'n', .help = "h"),
	OPT_U32(struct cfg, count, .name = "count", .letter = 'c', .min = 1, .max = 100, .help = "h"),
	OPT_U64(struct cfg, big, .name = "big", .help = "h"),
	OPT_DURATION(struct cfg, time_ns, .name = "duration", .min = 100000000, .max = 3600000000000, .help = "h"),
	OPT_SIZE(struct cfg, bytes, .name = "bytes", .max = 65536, .help = "h"),
	OPT_DOUBLE(struct cfg, ratio, .name = "ratio", .max = 2, .help = "h"),
	OPT_CPUS(struct cfg, cpus, .name = "cpus", .help = "h"),
	OPT_CHOICE(struct cfg, choice, .name = "sut", .choices = suts, .help = "h"),
	OPT_WORD(struct cfg, word, .name = "workload", .choices_of = dynamic_names, .help = "h"),
	OPT_SET(struct cfg, set, .name = "suts", .choices = suts, .help = "h"),
	OPT_FLAG(struct cfg, json, .name = "json", .letter = 'j', .help = "h"),
	OPT_NO_FLAG(struct cfg, checked, .name = "no-check", .letter = 'x', .help = "h"),
};

struct help_cfg {
	bool help;
};

static const struct option_row help_rows[] = {
	OPT_FLAG(struct help_cfg, help, .name = "help", .letter = 'h', .ends = true, .help = "h"),
};

static const struct option_row arg_rows[] = {
	OPT_WORD(struct cfg, what, .name = "WORKLOAD", .choices_of = dynamic_names, .help = "what to measure"),
	OPT_STR(struct cfg, maybe, .name = "FILE", .optional = true, .help = "h"),
};

static const struct option_row rest_rows[] = {
	OPT_STR(struct cfg, maybe, .name = "FILE", .help = "a file"),
	OPT_REST(struct cfg, rest, .name = "WORD", .optional = true, .help = "h"),
};

static int parse(struct cfg *cfg, struct help_cfg *help, const struct option_row *args, size_t n_args, struct err *err,
		 const char *const *line)
{
	const struct option_table tables[] = {
		{ .rows = rows, .n = ARRAY_SIZE(rows), .cfg = cfg },
		{ .rows = help_rows, .n = ARRAY_SIZE(help_rows), .cfg = help },
	};
	const struct option_table arg_table = { .rows = args, .n = n_args, .cfg = cfg };
	int argc = 0;

	while (line[argc])
		argc++;
	*cfg = (struct cfg){ .checked = true, .count = 7 };
	*help = (struct help_cfg){ 0 };
	*err = (struct err){ 0 };
	return options_parse(tables, ARRAY_SIZE(tables), &arg_table, argc, (char **) (uintptr_t) line, err);
}

/* `cfg`, `help` and `err` of the caller are filled. */
#define PARSE(args, ...) parse(&cfg, &help, args, ARRAY_SIZE(args), &err, (const char *const[]){ __VA_ARGS__, NULL })

static void every_type(void **state)
{
	struct cfg cfg;
	struct help_cfg help;
	struct err err;

	(void) state;
	assert_int_equal(PARSE(arg_rows, "tcp-rr", "--name", "x y", "--count=3", "--big", "18446744073709551615", "--duration",
			       "500ms", "--bytes=4k", "--ratio", "1.5", "--cpus", "0-1,3", "--sut", "vm", "--workload=wakeup",
			       "--suts", "vm,native", "--json", "--no-check"),
			 0);
	assert_string_equal(cfg.what, "tcp-rr");
	assert_null(cfg.maybe);
	assert_string_equal(cfg.name, "x y");
	assert_int_equal(cfg.count, 3);
	assert_true(cfg.big == UINT64_MAX && cfg.time_ns == 500000000 && cfg.bytes == 4096 && cfg.ratio == 1.5);
	assert_int_equal(cpuset_count(&cfg.cpus), 3);
	assert_int_equal(cfg.choice, 2);
	assert_string_equal(cfg.word, "wakeup");
	assert_int_equal(cfg.set, 5);
	assert_true(cfg.json && !cfg.checked && !help.help);
	assert_int_equal(err.code, 0);
}

static void defaults_stay(void **state)
{
	struct cfg cfg;
	struct help_cfg help;
	struct err err;

	(void) state;
	assert_int_equal(PARSE(arg_rows, "wakeup"), 0);
	assert_true(cfg.count == 7 && cfg.checked && !cfg.json && !cfg.name);
}

static void short_forms(void **state)
{
	struct cfg cfg;
	struct help_cfg help;
	struct err err;

	(void) state;
	assert_int_equal(PARSE(arg_rows, "-jx", "-c5", "-n", "value", "wakeup"), 0);
	assert_true(cfg.json && !cfg.checked && cfg.count == 5);
	assert_string_equal(cfg.name, "value");
	assert_int_equal(PARSE(arg_rows, "-jc", "9", "wakeup"), 0);
	assert_int_equal(cfg.count, 9);
}

static void the_end_of_options(void **state)
{
	struct cfg cfg;
	struct help_cfg help;
	struct err err;

	(void) state;
	assert_int_equal(PARSE(arg_rows, "wakeup", "--", "--json"), 0);
	assert_string_equal(cfg.maybe, "--json");
	assert_false(cfg.json);
	assert_int_equal(PARSE(arg_rows, "wakeup", "-"), 0);
	assert_string_equal(cfg.maybe, "-");
	assert_int_equal(PARSE(rest_rows, "file", "--json", "prog", "--json", "-z"), 0);
	assert_true(cfg.json);
	assert_int_equal(cfg.rest.n, 3);
	assert_string_equal(cfg.rest.at[0], "prog");
	assert_string_equal(cfg.rest.at[2], "-z");
	/* The value of an option is a value, whatever it looks like. */
	assert_int_equal(PARSE(arg_rows, "--name", "--json", "wakeup"), 0);
	assert_string_equal(cfg.name, "--json");
}

static void help_ends_it(void **state)
{
	struct cfg cfg;
	struct help_cfg help;
	struct err err;

	(void) state;
	assert_int_equal(PARSE(arg_rows, "--help"), 0);
	assert_true(help.help);
	assert_int_equal(PARSE(arg_rows, "-jh", "--nonsense", "a", "b", "c"), 0);
	assert_true(help.help);
}

static void each_mistake_has_its_sentence(void **state)
{
	static const struct {
		const char *line[5], *text;
	} cases[] = {
		{ { "wakeup", "--jsn" }, "there is no option --jsn; did you mean --json?" },
		{ { "wakeup", "--hlep" }, "there is no option --hlep; did you mean --help?" },
		{ { "wakeup", "--frobnicate" }, "there is no option --frobnicate" },
		{ { "wakeup", "-z" }, "there is no option -z" },
		{ { "wakeup", "--json=1" }, "the option --json takes no value" },
		{ { "wakeup", "--name" }, "the option --name needs a value: TEXT" },
		{ { "wakeup", "--name=" }, "--name : it may not be empty" },
		{ { "wakeup", "-c" }, "the option -c needs a value: N" },
		{ { "wakeup", "--count", "x" }, "--count x: a whole number, not negative, is meant" },
		{ { "wakeup", "--count", "-3" }, "--count -3: a whole number, not negative, is meant" },
		{ { "wakeup", "--count", "0" }, "--count 0: at least 1 is meant" },
		{ { "wakeup", "--count", "101" }, "--count 101: at most 100 is meant" },
		{ { "wakeup", "--big", "18446744073709551616" }, "--big 18446744073709551616: the number is too large" },
		{ { "wakeup", "--duration", "-1s" }, "--duration -1s: a time such as 500ms, 2s or 3m, not negative, is meant" },
		{ { "wakeup", "--duration", "1ms" }, "--duration 1ms: at least 100 ms is meant" },
		{ { "wakeup", "--duration", "99999h" }, "--duration 99999h: at most 1 h 00 min is meant" },
		{ { "wakeup", "--bytes", "1M" }, "--bytes 1M: at most 64k is meant" },
		{ { "wakeup", "--bytes", "many" }, "--bytes many: a size such as 64, 4k or 2M, not negative, is meant" },
		{ { "wakeup", "--ratio", "nan" }, "--ratio nan: a number is meant" },
		{ { "wakeup", "--ratio", "-0.1" }, "--ratio -0.1: at least 0 is meant" },
		{ { "wakeup", "--cpus", "3-1" }, "--cpus 3-1: a list of CPUs such as 1 or 2-5,8 is meant" },
		{ { "wakeup", "--cpus", "" }, "--cpus : a list of CPUs such as 1 or 2-5,8 is meant" },
		{ { "wakeup", "--cpus", "5000" }, "--cpus 5000: CPU numbers end at 4095" },
		{ { "wakeup", "--sut", "continer" },
		  "--sut continer: one of native, container, vm is meant; did you mean container?" },
		{ { "wakeup", "--sut", "xyz" }, "--sut xyz: one of native, container, vm is meant" },
		{ { "wakeup", "--suts", "vm,nativ" },
		  "--suts vm,nativ: one of native, container, vm is meant; did you mean native?" },
		{ { "wakeup", "--suts", "vm," }, "--suts vm,: one of native, container, vm is meant" },
		{ { "tcp-r" }, "WORKLOAD \"tcp-r\": one of tcp-rr, tcp-stream, wakeup is meant; did you mean tcp-rr?" },
		{ { "--json" }, "the argument WORKLOAD is missing: what to measure, one of tcp-rr, tcp-stream, wakeup" },
		{ { "wakeup", "a", "b" }, "the argument \"b\" is one too many" },
	};
	struct cfg cfg;
	struct help_cfg help;
	struct err err;

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int r = parse(&cfg, &help, arg_rows, ARRAY_SIZE(arg_rows), &err, cases[i].line);

		if (r >= 0 || err.code != r || strcmp(err.text, cases[i].text) != 0)
			fail_msg("case %zu: %d \"%s\"\nwanted \"%s\"", i, r, err.text, cases[i].text);
	}
	assert_true(PARSE(rest_rows, "--json") < 0);
	assert_string_equal(err.text, "the argument FILE is missing: a file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type),	cmocka_unit_test(defaults_stay),
		cmocka_unit_test(short_forms),	cmocka_unit_test(the_end_of_options),
		cmocka_unit_test(help_ends_it), cmocka_unit_test(each_mistake_has_its_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
