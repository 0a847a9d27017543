/* SPDX-License-Identifier: Apache-2.0 */
/* vlat report - what a study found. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/sink.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/table.h"
#include "cmd/term.h"
#include "report/report.h"

struct report_cfg {
	const char *dir, *html;
	bool text, json, brief;
};

static const struct report_cfg report_defaults = { .dir = NULL };

static const struct option_row report_args[] = {
	OPT_DIR(struct report_cfg, dir, .name = "DIR", .help = "results folder that vlat study wrote"),
};

static const struct option_row report_options[] = {
	OPT_FLAG(struct report_cfg, text, .name = "text", .help = "print it as text; the default"),
	OPT_FLAG(struct report_cfg, brief, .name = "brief",
		 .help = "print only the answer and the table of the original experiment"),
	OPT_FLAG(struct report_cfg, json, .name = "json", .help = "print JSON: docs/report.md describes it"),
	OPT_FILE(struct report_cfg, html, .arg = "FILE", .name = "html",
		 .help = "write one web page with pictures that needs nothing else; - is standard output"),
};

static const struct example report_examples[] = {
	{ .line = "vlat report r1", .what = "print what the study in the folder r1 found" },
	{ .line = "vlat report r1 --html r1.html", .what = "the same with pictures, for a browser" },
	{ .line = "vlat report r1 --json", .what = "every number of it, for a program to read" },
};

static const struct exit_row report_exits[] = {
	{ .code = EXIT_OK, .meaning = "the report was made, whatever it says" },
	{ .code = EXIT_USAGE, .meaning = "wrong usage, or the folder holds no study that vlat can read" },
};

static int write_page(const char *path, struct sink *page)
{
	struct err err = { 0 };
	int r;

	if (text_eq(path, "-"))
		return cmd_print(page);
	r = file_write_atomic(path, page->text, page->len, 0644, &err);
	sink_free(page);
	return r < 0 ? cmd_fail_as(EXIT_USAGE, &err) : EXIT_OK;
}

/* Files get 100 columns, which also fit a page of paper. */
static struct text_options text_layout(void)
{
	struct term t = term_look(STDOUT_FILENO);

	return (struct text_options){ .width = t.width ? t.width : 100, .color = t.color };
}

static int show(const struct report_cfg *cfg, const struct report *r)
{
	struct text_options layout = text_layout();
	struct sink out = { 0 };
	struct err err = { 0 };
	int rc;

	if (cfg->html) {
		report_html(r, &out);
		return write_page(cfg->html, &out);
	}
	if (cfg->json)
		rc = report_json(r, &out, &err);
	else
		rc = cfg->brief ? report_brief(r, &out, &layout, &err) : report_text(r, &out, &layout, &err);
	if (rc == 0)
		return cmd_print(&out);
	sink_free(&out);
	return cmd_fail_as(EXIT_USAGE, &err);
}

static int run_report(const struct call *call)
{
	const struct report_cfg *cfg = call->config;
	struct report *r = NULL;
	struct err err = { 0 };
	int code;

	if ((cfg->html != NULL) + cfg->json + cfg->text + cfg->brief > 1)
		return cmd_usage(call, "give only one of --text, --brief, --json and --html");
	if (report_load(&r, cfg->dir, &err) < 0)
		return cmd_fail(&err);
	code = show(cfg, r);
	report_free(r);
	return code;
}

const struct command cmd_report = {
	.name = "report",
	.brief = "show what a study found",
	.text = "Reads a results folder and shows what the study found: first the answer in a sentence for each system under "
		"test, then the table of the original experiment beside the figures published in 2015, percentiles, the noise "
		"between identical arms, the platform, what the tuning changed and why, what is missing, and how to repeat "
		"it.\n\n"
		"Every change has a 95 % interval, and a verdict only where the interval allows one. Nothing but the folder is "
		"needed: a report can be made on another machine, and again later.",
	ROWS(args, report_args),
	ROWS(options, report_options),
	ROWS(examples, report_examples),
	ROWS(exits, report_exits),
	CONFIG(report_defaults),
	.run = run_report,
};
