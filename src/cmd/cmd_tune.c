/* SPDX-License-Identifier: Apache-2.0 */
/* vlat tune - tune this host for a role and keep it so; by default only says what that would be. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/sink.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/table.h"
#include "cmd/tune_confirm.h"
#include "cmd/tune_hold.h"
#include "cmd/tune_keep.h"
#include "cmd/tune_look.h"
#include "cmd/tune_save.h"

struct tune_cfg {
	struct tune_wish wish;
	const char *boot_add;
	bool boot, try_boot;
	const char *save, *from, *root;
	bool apply, json;
	bool persist, stored, force;
	uint64_t confirm_ns; /* 0 = nobody has to */
};

static const struct tune_cfg tune_defaults = { .root = "/" };

static const struct option_row tune_options[] = {
	OPT_FLAG(struct tune_cfg, apply, .name = "apply", .help = "do it and keep it, until vlat revert"),
	OPT_CPUS(struct tune_cfg, wish.cpus, .name = "cpus",
		 .help = "CPUs for latency work, whole cores; else as the profile says"),
	OPT_WORD(struct tune_cfg, wish.level, .name = "level", .arg = "LEVEL", .choices = level_names,
		 .shown = "as the profile says", .help = "how far to go: safe, standard or extreme"),
	OPT_STR(struct tune_cfg, wish.only, .name = "only", .arg = "KNOB,...", .help = "these knobs alone"),
	OPT_STR(struct tune_cfg, wish.skip, .name = "skip", .arg = "KNOB,...", .help = "all but these knobs"),
	OPT_FLAG(struct tune_cfg, wish.insecure, .name = "allow-insecure", .help = "with the knobs that lower security"),
	OPT_U32(struct tune_cfg, wish.vm_memory_mb, .name = "vm-memory", .arg = "MB", .max = 1u << 20,
		.help = "memory of the guests that huge pages are wanted for"),
	OPT_FILE(struct tune_cfg, save, .name = "save", .arg = "FILE", .help = "write the plan into a file, for --from"),
	OPT_FILE(struct tune_cfg, from, .name = "from", .arg = "FILE",
		 .help = "the plan of such a file; refused when this host is not as it was then"),
	OPT_FLAG(struct tune_cfg, boot, .name = "boot", .help = "with --apply: set the kernel parameters, too, for every boot"),
	OPT_FLAG(struct tune_cfg, try_boot, .name = "try-boot",
		 .help = "with --apply: set them for the next boot alone; vlat verify makes them the default"),
	OPT_STR(struct tune_cfg, boot_add, .name = "boot-add", .arg = "WORDS",
		.help = "kernel parameters of your own, beside the others"),
	OPT_FLAG(struct tune_cfg, persist, .name = "persist", .help = "with --apply: again at every boot, until vlat revert"),
	OPT_FLAG(struct tune_cfg, stored, .name = "stored", .help = "apply what --persist has stored: what the boot calls"),
	OPT_FLAG(struct tune_cfg, wish.take_over, .name = "take-over",
		 .help = "stop and mask irqbalance, tuned and the like while the tuning is in force"),
	OPT_FLAG(struct tune_cfg, force, .name = "force", .help = "also when CPU 0, or where guests run, is to be isolated"),
	OPT_FILE(struct tune_cfg, root, .name = "root", .arg = "WHAT", .shown = "/",
		 .help = "the plan for another machine: a capture, or a folder with a copy of its /proc and /sys"),
	OPT_DURATION(struct tune_cfg, confirm_ns, .name = "confirm-within", .arg = "TIME",
		     .help = "with --apply: put it back by itself unless vlat confirm comes in that time"),
	OPT_FLAG(struct tune_cfg, json, .name = "json", .help = "print JSON instead of text"),
};

static const struct option_row tune_args[] = {
	OPT_STR(struct tune_cfg, wish.profile, .name = "PROFILE", .optional = true,
		.help = "vm-host, container-host, guest, realtime, or a file of your own in " USER_PROFILES),
};

static const struct example tune_examples[] = {
	{ .line = "vlat tune vm-host", .what = "see what would be changed, from what to what, why, and at what cost" },
	{ .line = "sudo vlat tune vm-host --apply", .what = "do it, and keep it until it is reverted" },
	{ .line = "vlat tune vm-host --save plan.json",
	  .what = "keep it to be read; vlat tune --from plan.json --apply does it" },
	{ .line = "sudo vlat tune vm-host --apply --persist", .what = "the same, now and at every boot" },
	{ .line = "sudo vlat tune vm-host --apply --confirm-within 60", .what = "put back by itself unless vlat confirm comes" },
	{ .line = "vlat tune realtime --cpus 2-3 --level safe", .what = "for given CPUs, only what nobody notices" },
};

static const struct exit_row tune_exits[] = {
	{ .code = EXIT_OK, .meaning = "the plan was shown, or applied" },
	{ .code = EXIT_USAGE, .meaning = "wrong usage, a faulty profile, or a machine that cannot be tuned so" },
};

static void show_text(const struct tune_look *l, const struct tune_cfg *cfg, struct sink *out)
{
	const char *file = cfg->save ? cfg->save : cfg->from, *profile = l->t.wish->profile;
	AUTO_FREE char *then = NULL;

	if (!text_eq(cfg->root, "/"))
		then = xprintf("This is a copy of a machine. To do it there: vlat tune %s --apply", profile);
	else if (file)
		then = xprintf("Nothing was changed. To do it: vlat tune --from %s --apply", file);
	else
		then = xprintf("Nothing was changed. To do it: vlat tune %s --apply", profile);
	tune_look_text(l, then, out);
}

/* The clock runs before anything is changed: the change itself may be what cuts us off. */
static int hold(struct tuner *t, uint64_t confirm_ns, char run[16], struct sink *out, struct err *err)
{
	struct hold_clock clock = { .fd = -1, .died = confirm_clock_died };
	int r = confirm_ns ? confirm_arm(confirm_ns, &clock.fd, err) : 0;

	if (r < 0)
		return r;
	r = tune_hold(t->plan, t->profile->name, confirm_ns ? &clock : NULL, run, out, err);
	if (clock.fd >= 0)
		close(clock.fd);
	if (confirm_ns && r < 0)
		confirm_disarm();
	else if (confirm_ns)
		r = confirm_name(run, err);
	return r;
}

static int apply(struct tune_look *l, const struct tune_cfg *cfg, struct sink *out, struct err *err)
{
	char run[16];
	int r;

	if (geteuid() != 0)
		return err_set(err, -EPERM, "--apply changes settings of the kernel: run it as root");
	tune_look_head(l, out);
	r = hold(&l->t, cfg->confirm_ns, run, out, err);
	if (r < 0)
		return r;
	sink_printf(out, "\nIn force as run %s. vlat status looks after it, vlat revert puts everything back.\n", run);
	if (cfg->confirm_ns)
		sink_printf(out, "Say vlat confirm within %.0f s, or it is put back by itself.\n",
			    (double) cfg->confirm_ns / NS_PER_S);
	r = cfg->persist ? tune_persist(&l->t, out, err) : 0;
	return r < 0 ? err_in(err, "the tuning is in force (run %s), but not stored for the next boots", run) : 0;
}

static bool says_wish(const struct tune_wish *w)
{
	return w->profile || w->level || w->only || w->skip || w->insecure || w->take_over || w->vm_memory_mb ||
	       !cpuset_empty(&w->cpus);
}

static const char *misused(const struct tune_cfg *cfg)
{
	if (cfg->apply && cfg->json)
		return "--json shows a plan; --apply does it: choose one";
	if (cfg->apply && cfg->save)
		return "--save keeps a plan for later; --apply does it: choose one";
	if (!text_eq(cfg->root, "/") && (cfg->apply || cfg->save || cfg->from))
		return "--root shows the plan of another machine: --apply, --save and --from work there";
	if (cfg->from && says_wish(&cfg->wish))
		return "--from takes the profile and all that goes with it from the file: leave the others out";
	if (cfg->persist && !cfg->apply)
		return "--persist keeps what --apply does: give both";
	if (cfg->confirm_ns && !cfg->apply)
		return "--confirm-within takes back what --apply does: give both";
	if (cfg->confirm_ns && (cfg->persist || cfg->boot || cfg->try_boot))
		return "--confirm-within is for what --apply does now: confirm it, then store it or set the boot loader";
	if (cfg->confirm_ns && (cfg->confirm_ns < NS_PER_S || cfg->confirm_ns > 86400 * NS_PER_S))
		return "--confirm-within takes from one second to a day, such as 60 or 5m";
	if (!cfg->from && !cfg->wish.profile)
		return "name a profile: vm-host, container-host, guest, realtime, or one of your own";
	if ((cfg->boot || cfg->try_boot) && !cfg->apply)
		return "the plan shows the kernel parameters by itself; --boot and --try-boot say what --apply shall do";
	return NULL;
}

/* The plan that is asked for: made of the command line, or of a file, which must still say the same. */
static int look(struct tune_look *l, struct saved_plan *saved, const struct tune_cfg *cfg, struct err *err)
{
	int r = cfg->from ? saved_load(cfg->from, saved, err) : 0;

	if (r == 0)
		r = tune_look_make(l, cfg->from ? &saved->wish : &cfg->wish, cfg->root, cfg->boot_add, cfg->boot || cfg->try_boot,
				   err);
	if (r == 0 && cfg->from)
		r = saved_check(saved, &l->t, err);
	return r == 0 && cfg->save ? tune_save(&l->t, cfg->save, err) : r;
}

/* What the boot calls: everything else is in the file. */
static int run_stored(const struct call *call, const struct tune_cfg *cfg)
{
	struct sink out = { 0 };
	struct err err = { 0 };
	int r;

	if (says_wish(&cfg->wish) || cfg->apply || cfg->persist || cfg->json || cfg->from || cfg->save)
		return cmd_usage(call, "--stored takes everything from what --persist has stored: leave the others out");
	r = geteuid() == 0 ? tune_stored(&out, &err)
			   : err_set(&err, -EPERM, "--stored changes settings of the kernel: run it as root");
	if (r == 0)
		return cmd_print(&out);
	sink_free(&out);
	return cmd_fail(&err);
}

/* The boot loader first: one that cannot be told leaves nothing done. */
static int apply_all(struct tune_look *l, const struct tune_cfg *cfg, struct sink *out, bool *ret_boot_is_set, struct err *err)
{
	int r;

	if (cfg->confirm_ns)
		plan_may_reset(l->t.plan);
	r = plan_check_lifelines(l->t.plan, err);
	if (r == 0)
		r = way_clear(&l->way, l->t.plan, l->t.wish->take_over, cfg->force, err);

	if (r == 0 && (cfg->boot || cfg->try_boot)) {
		r = tune_boot_apply(&l->t, &l->boot, cfg->try_boot, out, err);
		*ret_boot_is_set = r == 0;
	}
	return r < 0 ? r : apply(l, cfg, out, err);
}

static int run_tune(const struct call *call)
{
	const struct tune_cfg *cfg = call->config;
	struct saved_plan saved = { .changes = NULL };
	struct tune_look l = TUNE_LOOK_INIT;
	struct sink out = { 0 };
	struct err err = { 0 };
	bool boot_is_set = false;
	int r;

	if (cfg->stored)
		return run_stored(call, cfg);
	if (misused(cfg))
		return cmd_usage(call, "%s", misused(cfg));
	r = look(&l, &saved, cfg, &err);
	if (r == 0 && cfg->apply)
		r = apply_all(&l, cfg, &out, &boot_is_set, &err);
	else if (r == 0 && cfg->json)
		r = tune_look_json(&l, &out, &err);
	else if (r == 0)
		show_text(&l, cfg, &out);
	tune_look_free(&l);
	saved_free(&saved);
	if (r == 0)
		return cmd_print(&out);
	if (boot_is_set)
		cmd_print(&out); /* that part stays, and how to take it back stands there */
	else
		sink_free(&out);
	return cmd_fail(&err);
}

const struct command cmd_tune = {
	.name = "tune",
	.brief = "tune this host for a role, and keep it so",
	.text = "Reads a profile and this host, and prints what tuning would change: from what to what, why, and at what cost. "
		"Nothing is changed without --apply.\n\n"
		"With --apply each change is written down on disk before it is made, and read back afterwards; what the kernel "
		"refuses is reported, and the rest goes on. A small process stays and keeps what only an open file keeps; when "
		"it is asked to end (vlat revert, or a shutdown) it puts everything back, and when it is killed vlat revert "
		"does. A reboot ends the tuning too, unless --persist stores it: then systemd applies it early at each boot. "
		"vlat status tells what is in force, and what somebody else has changed of it.\n\n"
		"A profile of your own is a file in " USER_PROFILES
		", writable by root alone; one with the name of a shipped profile replaces it. docs/tune.md has its keys.",
	ROWS(options, tune_options),
	ROWS(args, tune_args),
	ROWS(examples, tune_examples),
	ROWS(exits, tune_exits),
	CONFIG(tune_defaults),
	.run = run_tune,
};
