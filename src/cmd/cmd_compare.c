/* SPDX-License-Identifier: Apache-2.0 */
/* vlat compare - what changed between two studies. */
#include <errno.h>
#include <unistd.h>

#include "base/sink.h"
#include "cmd/command.h"
#include "cmd/table.h"
#include "cmd/term.h"
#include "report/versus_out.h"

struct compare_cfg {
	const char *before, *after;
	bool only_changes, json;
};

static const struct compare_cfg compare_defaults = { .before = NULL };

static const struct option_row compare_args[] = {
	OPT_DIR(struct compare_cfg, before, .name = "DIR_A", .help = "results folder that vlat study wrote"),
	OPT_DIR(struct compare_cfg, after, .name = "DIR_B", .help = "results folder that is held against it"),
};

static const struct option_row compare_options[] = {
	OPT_FLAG(struct compare_cfg, only_changes, .name = "only-changes",
		 .help = "leave out the rows that are neither better nor worse"),
	OPT_FLAG(struct compare_cfg, json, .name = "json", .help = "print JSON instead of text"),
};

static const struct example compare_examples[] = {
	{ .line = "vlat compare r1 r2", .what = "what changed from r1 to r2, say by another kernel" },
	{ .line = "vlat compare r1 r2 --only-changes", .what = "only what became better or worse" },
	{ .line = "vlat compare r1 r2 --json", .what = "every number of it, for a program to read" },
};

static const struct exit_row compare_exits[] = {
	{ .code = EXIT_OK, .meaning = "nothing became worse, as far as can be told" },
	{ .code = EXIT_NO, .meaning = "something became worse" },
	{ .code = EXIT_USAGE, .meaning = "wrong usage, a folder cannot be read, or the two have nothing in common" },
};

static size_t count_worse(const struct versus *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->rows.n; i++)
		n += v->rows.at[i].cmp.verdict == VERDICT_WORSE;
	return n;
}

static int show(const struct compare_cfg *cfg, const struct versus_view *v)
{
	struct term t = term_look(STDOUT_FILENO);
	const struct text_options layout = { .width = t.width ? t.width : 100, .color = t.color };
	struct sink out = { 0 };
	struct err err = { 0 };
	int r = cfg->json ? versus_json(v, &out, &err) : versus_text(v, &out, &layout, &err);

	if (r < 0) {
		sink_free(&out);
		return cmd_fail_as(EXIT_USAGE, &err);
	}
	r = cmd_print(&out);
	return r == EXIT_OK && count_worse(&v->versus) > 0 ? EXIT_NO : r;
}

static int compare(const struct compare_cfg *cfg, const struct report *a, const struct report *b)
{
	struct versus_view v = { .a = a, .b = b, .only_changes = cfg->only_changes };
	struct err err = { 0 };
	int code;

	versus_make(&v.versus, a->analysis, b->analysis);
	if (v.versus.rows.n > 0) {
		code = show(cfg, &v);
	} else {
		err_set(&err, -ENOENT,
			"%.120s and %.120s have nothing in common: no system, background load, workload and tuning that both "
			"have results of",
			cfg->before, cfg->after);
		code = cmd_fail(&err);
	}
	versus_free(&v.versus);
	return code;
}

static int run_compare(const struct call *call)
{
	const struct compare_cfg *cfg = call->config;
	struct report *a = NULL, *b = NULL;
	struct err err = { 0 };
	int r = report_load(&a, cfg->before, &err), code;

	if (r == 0)
		r = report_load(&b, cfg->after, &err);
	code = r < 0 ? cmd_fail(&err) : compare(cfg, a, b);
	report_free(a);
	report_free(b);
	return code;
}

const struct command cmd_compare = {
	.name = "compare",
	.brief = "show what changed between two studies",
	.text = "Compares two results folders: for each system under test, background load, workload and tuning that both have "
		"results of, the runs of DIR_B against those of DIR_A. Each change comes with its 95 % interval and a verdict: "
		"better, worse, no difference, or cannot tell, which is what few or noisy runs say.\n\n"
		"A change counts only beyond the noise that two identical arms show in either folder (their A/A pairs), and only "
		"if it is not to be expected by chance among so many comparisons. Whatever else differs between the two, such as "
		"machine, kernel, accelerator, durations or what the tuning wanted, is listed: it counts as change too.",
	ROWS(args, compare_args),
	ROWS(options, compare_options),
	ROWS(examples, compare_examples),
	ROWS(exits, compare_exits),
	CONFIG(compare_defaults),
	.run = run_compare,
};
