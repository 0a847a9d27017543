/* SPDX-License-Identifier: Apache-2.0 */
/* vlat study - many measurements in random order, and the report on them. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"
#include "cmd/command.h"
#include "cmd/study_file.h"
#include "cmd/table.h"
#include "cmd/term.h"
#include "report/report.h"
#include "run/pool.h"
#include "study/run.h"

#define STUDY_MOST_BYTES (1 << 20)

struct study_cfg {
	const char *study, *out, *resume;
	uint64_t seed;
	bool quick, plan, json;
	const char *kernel, *modules, *qemu, *accelerator, *device;
	bool offline;
};

static const struct study_cfg study_defaults = { .accelerator = "auto" };

static const char *const accelerator_choices[] = { "auto", "kvm", "tcg", NULL };

static const struct option_row study_args[] = {
	OPT_FILE(struct study_cfg, study, .name = "STUDY", .optional = true,
		 .help = "a study file (docs/studies.md), or the name of one that comes with vlat; default: welch"),
};

static const struct option_row study_options[] = {
	OPT_DIR(struct study_cfg, out, .name = "out", .letter = 'o',
		.help = "folder for the results, new or empty; default: results/ and a name made of time and study"),
	OPT_FLAG(struct study_cfg, quick, .name = "quick", .help = "few and short runs: shows that it works, concludes nothing"),
	OPT_DIR(struct study_cfg, resume, .name = "resume", .help = "go on with the study in this folder"),
	OPT_U64(struct study_cfg, seed, .name = "seed", .min = 1, .max = INT64_MAX,
		.help = "of the random order; default: chosen and told"),
	OPT_FLAG(struct study_cfg, plan, .name = "plan", .letter = 'n',
		 .help = "say what would be run, how long it takes and what each tuning changes; touch nothing"),
	OPT_FLAG(struct study_cfg, json, .name = "json", .help = "print the report as JSON"),
	OPT_FILE(struct study_cfg, kernel, .name = "kernel", .help = "guest kernel; default: a stock one of the distribution"),
	OPT_DIR(struct study_cfg, modules, .name = "modules", .help = "lib/modules/VERSION that belongs to --kernel"),
	OPT_FILE(struct study_cfg, qemu, .name = "qemu", .help = "QEMU binary; default: found on PATH"),
	OPT_WORD(struct study_cfg, accelerator, .name = "accelerator", .choices = accelerator_choices, .shown = "auto",
		 .help = "how guest code runs; auto = KVM if a guest really boots with it, else binary translation"),
	OPT_STR(struct study_cfg, device, .arg = "DEV", .name = "device",
		.help = "network interface or PCI address for the datapaths vf and pf; default: as the study file says"),
	OPT_FLAG(struct study_cfg, offline, .name = "offline", .help = "never download a guest kernel"),
};

static const struct example study_examples[] = {
	{ .line = "vlat study", .what = "measure native, container and VM, stock against tuned, on a busy host" },
	{ .line = "vlat study --quick", .what = "the same in a few minutes, too little to conclude" },
	{ .line = "vlat study --plan", .what = "see what that would run and change" },
	{ .line = "vlat study my.yaml --out r1 --seed 7", .what = "a study of your own, in an order that can be had again" },
	{ .line = "vlat study --resume r1", .what = "go on after Ctrl-C, a crash or a reboot" },
};

static const struct exit_row study_exits[] = {
	{ .code = EXIT_NO, .meaning = "some cells failed or are missing, or a result could not be written" },
};

static int check_cfg(const struct call *call)
{
	const struct study_cfg *cfg = call->config;

	if (cfg->resume && (cfg->study || cfg->out || cfg->quick || cfg->seed || cfg->plan))
		return cmd_usage(
			call,
			"--resume goes on with the study in its folder as it was begun: no STUDY, --out, --quick, --seed or "
			"--plan with it");
	if (cfg->plan && cfg->json)
		return cmd_usage(call, "--json prints the report of a finished study, and --plan finishes none: leave one out");
	return EXIT_OK;
}

static struct run_wish wish_of(const struct study_cfg *cfg)
{
	return (struct run_wish){
		.quick = cfg->quick,
		.seed = cfg->seed,
		.sut = { .kernel = cfg->kernel,
			 .modules = cfg->modules,
			 .qemu = cfg->qemu,
			 .accelerator = cfg->accelerator,
			 .device = cfg->device,
			 .offline = cfg->offline },
	};
}

static int make_run(const struct study_cfg *cfg, struct study_run **ret, struct err *err)
{
	struct run_wish wish = wish_of(cfg);
	AUTO_FREE char *yaml = NULL;
	char path[PATH_MAX];
	size_t len;
	int r;

	if (cfg->resume)
		return study_run_resume(ret, &wish, cfg->resume, err);
	r = study_file_find(cfg->study ? cfg->study : "welch", path, err);
	if (r == 0)
		r = file_read_all(path, STUDY_MOST_BYTES, &yaml, &len, err);
	return r < 0 ? r : study_run_new(ret, &wish, yaml, len, path, err);
}

static int print_plan(struct study_run *run)
{
	struct sink out = { 0 };
	struct err err = { 0 };

	if (study_run_preview(run, &out, &err) < 0) {
		sink_free(&out);
		return cmd_fail(&err);
	}
	return cmd_print(&out);
}

static int make_folder(const struct study_cfg *cfg, struct study_run *run, struct err *err)
{
	AUTO_FREE char *chosen = NULL;
	char stamp[32];

	if (cfg->resume)
		return 0;
	if (!cfg->out)
		chosen = xprintf("results/%s-%s", clock_stamp(stamp), study_run_spec(run)->name);
	return study_run_folder(run, cfg->out ? cfg->out : chosen, err);
}

static void show_state(void *arg, const struct run_view *s)
{
	const struct call *call = arg;
	char left[32];

	if (text_eq(s->doing, "failed"))
		log_warn("%s, %s, %s: %s", s->system, s->tuning, s->workload, s->text);
	if (call->common->quiet || text_eq(s->doing, "failed"))
		return;
	if (!s->block)
		term_status("%s", s->doing);
	else
		term_status("[%zu/%zu] block %u/%u  %s %s, tuning %s, host %s%s%s  about %s left", s->cell, s->cells, s->block,
			    s->blocks, s->doing, s->system, s->tuning, s->interference,
			    text_eq(s->doing, "measuring") ? ": " : "", text_eq(s->doing, "measuring") ? s->workload : "",
			    text_seconds(left, sizeof(left), ceil(s->left_s)));
}

/* Report files into the folder, the answer and the table on stdout. */
static int print_report(const struct call *call, const char *dir)
{
	const struct study_cfg *cfg = call->config;
	struct term t = term_look(STDOUT_FILENO);
	const struct text_options how = { .width = t.width, .color = t.color };
	struct report *report = NULL;
	struct sink out = { 0 };
	struct err err = { 0 };
	int r = report_load(&report, dir, &err);

	if (r == 0)
		r = report_write_all(report, &err);
	if (r == 0)
		r = cfg->json ? report_json(report, &out, &err) : report_brief(report, &out, &how, &err);
	report_free(report);
	if (r < 0) {
		sink_free(&out);
		return cmd_fail_as(EXIT_NO, &err);
	}
	if (!cfg->json)
		sink_printf(&out, "\nThe whole report: %s/report.html\n", dir);
	return cmd_print(&out);
}

/* What stopped the study, and how to go on: from what its folder holds, if it holds anything yet. */
static int explain_end(const struct study_run *run, const struct err *err)
{
	const char *dir = study_run_dir(run);
	AUTO_FREE char *study = xprintf("%s/study.json", dir);
	struct err full = *err;

	if (access(study, F_OK) == 0)
		err_set(&full, err->code, "%.300s; go on with: vlat study --resume %.180s", err->text, dir);
	else
		rmdir(dir);
	if (err->code == -EUCLEAN)
		return cmd_fail_as(EXIT_NOT_UNDONE, &full);
	if (err->code == -EPERM || err->code == -EACCES)
		return cmd_fail(&full);
	return cmd_fail_as(EXIT_NO, &full);
}

static int go(const struct call *call, struct study_run *run)
{
	const struct run_watch watch = { .tell = show_state, .arg = (void *) call };
	struct run_summary sum = { 0 };
	struct err err = { 0 };
	int r = study_run_go(run, &watch, &sum, &err), code;

	term_status_end();
	if (r < 0)
		return explain_end(run, &err);
	code = print_report(call, study_run_dir(run));
	if (sum.failed || sum.missing)
		log_warn("%zu of %zu cells failed, %zu are missing; the report counts them", sum.failed, sum.cells, sum.missing);
	return code == EXIT_OK && (sum.failed || sum.missing) ? EXIT_NO : code;
}

static int run_study(const struct call *call)
{
	const struct study_cfg *cfg = call->config;
	struct study_run *run = NULL;
	struct err err = { 0 };
	int code = check_cfg(call);

	if (code != EXIT_OK)
		return code;
	if (make_run(cfg, &run, &err) < 0)
		return cmd_fail(&err);
	if (cfg->plan)
		code = print_plan(run);
	else if (study_run_check(run, &err) < 0 || make_folder(cfg, run, &err) < 0)
		code = cmd_fail(&err);
	else {
		pool_await_idle();
		code = go(call, run);
	}
	study_run_free(run);
	return code;
}

const struct command cmd_study = {
	.name = "study",
	.brief = "measure stock against tuned, in random order, and report",
	.text = "Runs every combination of system under test, tuning, background load and workload in each of several blocks, "
		"in random order, and writes each finished measurement into a folder. At the end it makes the report there and "
		"prints the answer.\n\n"
		"What a tuning changes is put back after each group of measurements, at the end, and on Ctrl-C. After a kill or "
		"a crash 'vlat revert' puts it back, and --resume goes on: no finished measurement is lost.",
	ROWS(options, study_options),
	ROWS(args, study_args),
	ROWS(examples, study_examples),
	ROWS(exits, study_exits),
	CONFIG(study_defaults),
	.run = run_study,
};
