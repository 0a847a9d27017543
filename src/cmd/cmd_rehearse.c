/* SPDX-License-Identifier: Apache-2.0 */
/* vlat rehearse - the next boot, tried out in an emulated host before the machine is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/sink.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/rehearse.h"
#include "cmd/table.h"
#include "cmd/tune_boot.h"

struct rehearse_cfg {
	struct tune_wish wish;
	const char *kernel, *modules, *boot_add, *inside;
	uint64_t timeout_ns;
	bool json;
};

static const struct rehearse_cfg rehearse_defaults = { .timeout_ns = 300 * NS_PER_S };

static const struct option_row rehearse_options[] = {
	OPT_CPUS(struct rehearse_cfg, wish.cpus, .name = "cpus",
		 .help = "CPUs for latency work, whole cores; else as the profile says"),
	OPT_WORD(struct rehearse_cfg, wish.level, .name = "level", .arg = "LEVEL", .choices = level_names,
		 .shown = "as the profile says", .help = "how far to go: safe, standard or extreme"),
	OPT_STR(struct rehearse_cfg, wish.only, .name = "only", .arg = "KNOB,...", .help = "these knobs alone"),
	OPT_STR(struct rehearse_cfg, wish.skip, .name = "skip", .arg = "KNOB,...", .help = "all but these knobs"),
	OPT_FLAG(struct rehearse_cfg, wish.insecure, .name = "allow-insecure", .help = "with the knobs that lower security"),
	OPT_STR(struct rehearse_cfg, boot_add, .name = "boot-add", .arg = "WORDS",
		.help = "kernel parameters of your own, beside the others"),
	OPT_FILE(struct rehearse_cfg, kernel, .name = "kernel", .shown = "the running one",
		 .help = "image of the kernel that is going to be booted"),
	OPT_DIR(struct rehearse_cfg, modules, .name = "modules", .help = "its modules, when they are not found by its path"),
	OPT_DURATION(struct rehearse_cfg, timeout_ns, .name = "timeout", .arg = "TIME", .shown = "5m", .min = 10 * NS_PER_S,
		     .help = "how long the emulated host may take"),
	OPT_STR(struct rehearse_cfg, inside, .name = "inside", .arg = "JOB", .help = "what is called in the emulated host"),
	OPT_FLAG(struct rehearse_cfg, json, .name = "json", .help = "print JSON instead of text"),
};

static const struct option_row rehearse_args[] = {
	OPT_STR(struct rehearse_cfg, wish.profile, .name = "PROFILE", .optional = true, .help = "as of vlat tune"),
};

static const struct example rehearse_examples[] = {
	{ .line = "sudo vlat rehearse vm-host",
	  .what = "see whether this machine would boot with that profile's kernel parameters" },
	{ .line = "sudo vlat rehearse realtime --kernel /boot/vmlinuz-6.1.0-50-rt-amd64", .what = "the same for another kernel" },
};

static const struct exit_row rehearse_exits[] = {
	{ .code = EXIT_OK, .meaning = "it boots, no parameter is dropped, and the profile could be applied and taken back" },
	{ .code = EXIT_NO, .meaning = "it does not boot, or something is dropped or failed" },
	{ .code = EXIT_USAGE, .meaning = "wrong usage, or it could not be rehearsed" },
};

/* All that are wanted, those too that this machine has been booted with already. */
static char *words_of(const struct boot_plan *p)
{
	struct sink s = { 0 };

	sink_put(&s, "");
	for (size_t i = 0; i < p->words.n; i++)
		if (p->words.at[i].state == BOOT_ADD || p->words.at[i].state == BOOT_SAME)
			sink_printf(&s, "%s%s", s.len ? " " : "", p->words.at[i].text);
	return s.text;
}

static int run_outside(const struct rehearse_cfg *cfg, struct rehearsed *done, struct err *err)
{
	struct rehearsal wanted = { .kernel = cfg->kernel, .modules = cfg->modules, .timeout_ns = cfg->timeout_ns };
	struct boot_plan boot = { .words = { .at = NULL } };
	struct tuner t = TUNER_INIT;
	char *words = NULL;
	int r = tuner_make(&t, &cfg->wish, NULL, err);

	if (r == 0)
		r = tune_boot_plan(&t, cfg->boot_add, true, &boot, err);
	if (r == 0) {
		words = words_of(&boot);
		wanted.tuner = &t;
		wanted.words = words;
		r = rehearse(&wanted, done, err);
	}
	free(words);
	boot_plan_free(&boot);
	tuner_free(&t);
	return r;
}

static int put(const struct rehearse_cfg *cfg, const struct rehearsed *done, struct sink *out, struct err *err)
{
	json_t *o = cfg->json ? rehearsed_json(done) : NULL;
	char *text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;

	json_decref(o);
	if (!cfg->json)
		rehearsed_text(done, out);
	else if (!text)
		return err_set(err, -EILSEQ, "the kernel said something that is no text: run without --json");
	else
		sink_printf(out, "%s\n", text);
	free(text);
	return 0;
}

static int run_rehearse(const struct call *call)
{
	const struct rehearse_cfg *cfg = call->config;
	struct rehearsed done = { .boots = false };
	struct sink out = { 0 };
	struct err err = { 0 };
	bool fine = true;
	int r, code;

	if (!cfg->inside == !cfg->wish.profile)
		return cmd_usage(call, "name a profile: vm-host, container-host, guest, realtime, or one of your own");
	r = cfg->inside ? rehearse_inside(cfg->inside, &out, &err) : run_outside(cfg, &done, &err);
	if (r == 0 && !cfg->inside) {
		r = put(cfg, &done, &out, &err);
		fine = rehearsed_is_fine(&done);
	}
	rehearsed_free(&done);
	if (r < 0) {
		sink_free(&out);
		return cmd_fail(&err);
	}
	code = cmd_print(&out);
	return code == EXIT_OK && !fine ? EXIT_NO : code;
}

const struct command cmd_rehearse = {
	.name = "rehearse",
	.brief = "try out the next boot in an emulated host",
	.text = "Boots a kernel, by default the one that runs, in a host emulated by QEMU with the kernel parameters of a "
		"profile, and tells whether it comes up, which parameters take effect and which are dropped, and whether the "
		"profile can be applied and taken back there. Nothing on this machine is changed, and what runs inside can "
		"change none of its files.\n\n"
		"The emulated host counts as many CPUs as this machine, of which a few are there. It has other devices, other "
		"firmware and one NUMA node: that a kernel boots there does not prove that it boots here, but what fails there "
		"fails here. Times in it mean nothing. docs/lab.md tells what it needs.",
	ROWS(options, rehearse_options),
	ROWS(args, rehearse_args),
	ROWS(examples, rehearse_examples),
	ROWS(exits, rehearse_exits),
	CONFIG(rehearse_defaults),
	.run = run_rehearse,
};
