/* SPDX-License-Identifier: Apache-2.0 */
/* vlat tune - tune this host for a role and keep it so; by default only says what that would be. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sink.h"
#include "base/text.h"
#include "base/vec.h"
#include "cmd/command.h"
#include "cmd/data_folder.h"
#include "cmd/table.h"
#include "cmd/tune_hold.h"
#include "knob/knob.h"
#include "profile/profile.h"
#include "tune/plan.h"

#define USER_PROFILES "/etc/vlat/profiles"

struct tune_cfg {
	const char *role, *level, *only, *skip;
	struct cpuset cpus;
	uint32_t vm_memory_mb;
	bool apply, insecure, json;
};

static const struct tune_cfg tune_defaults = { .role = NULL };

static const struct option_row tune_options[] = {
	OPT_FLAG(struct tune_cfg, apply, .name = "apply", .help = "do it and keep it, until vlat revert"),
	OPT_CPUS(struct tune_cfg, cpus, .name = "cpus", .help = "CPUs for latency work, whole cores; else as the profile says"),
	OPT_WORD(struct tune_cfg, level, .name = "level", .arg = "LEVEL", .choices = level_names, .shown = "as the profile says",
		 .help = "how far to go: safe, standard or extreme"),
	OPT_STR(struct tune_cfg, only, .name = "only", .arg = "KNOB,...", .help = "these knobs alone"),
	OPT_STR(struct tune_cfg, skip, .name = "skip", .arg = "KNOB,...", .help = "all but these knobs"),
	OPT_FLAG(struct tune_cfg, insecure, .name = "allow-insecure", .help = "with the knobs that lower security"),
	OPT_U32(struct tune_cfg, vm_memory_mb, .name = "vm-memory", .arg = "MB", .max = 1u << 20,
		.help = "memory of the guests that huge pages are wanted for"),
	OPT_FLAG(struct tune_cfg, json, .name = "json", .help = "print JSON instead of text"),
};

static const struct option_row tune_args[] = {
	OPT_STR(struct tune_cfg, role, .name = "PROFILE",
		.help = "vm-host, container-host, guest, realtime, or a file of your own in " USER_PROFILES),
};

static const struct example tune_examples[] = {
	{ .line = "vlat tune vm-host", .what = "see what would be changed, from what to what, why, and at what cost" },
	{ .line = "sudo vlat tune vm-host --apply", .what = "do it, and keep it until it is reverted" },
	{ .line = "vlat tune realtime --cpus 2-3 --level safe", .what = "for given CPUs, only what nobody notices" },
};

static const struct exit_row tune_exits[] = {
	{ .code = EXIT_OK, .meaning = "the plan was shown, or applied" },
	{ .code = EXIT_USAGE, .meaning = "wrong usage, a faulty profile, or a machine that cannot be tuned so" },
};

/* Lists of knob ids for the plan, NULL-terminated; the words belong to text. */
struct ids {
	char *text;
	VEC(const char *) at;
};

static void ids_split(struct ids *ids, const char *list)
{
	ids->text = xstrdup(list);
	for (char *at = ids->text; at;) {
		char *word = strsep(&at, ",");

		if (*text_trim(word))
			*vec_add(&ids->at) = text_trim(word);
	}
	*vec_add(&ids->at) = NULL;
}

static void ids_free(struct ids *ids)
{
	free(ids->text);
	vec_free(&ids->at);
}

static bool in_list(const struct ids *ids, const char *id)
{
	for (size_t i = 0; i + 1 < ids->at.n; i++)
		if (text_eq(ids->at.at[i], id))
			return true;
	return false;
}

/* A wrong id in --only or --skip is the plan's to refuse: it knows the nearest. */
static void choose_knobs(const struct profile *p, enum level level, const struct ids *only, struct ids *ret)
{
	for (size_t i = 0; i < knob_count; i++) {
		const char *id = knob_table[i]->id;

		if (only->at.n ? in_list(only, id) : profile_level_of(p, id) <= level)
			*vec_add(&ret->at) = id;
	}
	for (size_t i = 0; i + 1 < only->at.n; i++)
		if (!knob_find(only->at.at[i]))
			*vec_add(&ret->at) = only->at.at[i];
	*vec_add(&ret->at) = NULL;
}

struct tuner {
	const struct tune_cfg *cfg;
	struct profile *profile;
	enum level level;
	struct fs fs;
	struct host_facts facts;
	struct cpu_split split;
	struct ids only, skip, chosen;
	struct plan *plan;
};

static int load_profile(struct tuner *t, struct err *err)
{
	char shipped[PATH_MAX];
	const struct profile_folder folders[] = { { USER_PROFILES, true }, { shipped, false } };
	int r = data_folder("profiles", shipped, err);

	if (r == 0)
		r = profile_load(&t->profile, folders, ARRAY_SIZE(folders), t->cfg->role, err);
	if (r < 0)
		return r;
	t->level = t->profile->level;
	for (unsigned i = 0; t->cfg->level && i < LEVEL_COUNT; i++)
		if (text_eq(t->cfg->level, level_names[i]))
			t->level = (enum level) i;
	return 0;
}

static int make_plan(struct tuner *t, struct err *err)
{
	const struct tune_cfg *cfg = t->cfg;
	struct plan_options o = { .allow_insecure = cfg->insecure, .vm_memory_mb = cfg->vm_memory_mb };
	int r = fs_open_root(&t->fs, "/", err);

	if (r == 0)
		r = host_facts_read(&t->fs, &t->facts, err);
	if (r == 0)
		r = cpuset_empty(&cfg->cpus) ? profile_split(t->profile, &t->facts.cpu, &t->split, err)
					     : split_from_isolated(&t->facts.cpu, &cfg->cpus, &t->split, err);
	if (cfg->only)
		ids_split(&t->only, cfg->only);
	if (cfg->skip)
		ids_split(&t->skip, cfg->skip);
	choose_knobs(t->profile, t->level, &t->only, &t->chosen);
	o.only = t->chosen.at.at;
	o.except = cfg->skip ? t->skip.at.at : NULL;
	o.insecure = (const char *const *) t->profile->insecure;
	return r < 0 ? r : plan_make(&t->plan, &t->fs, &t->facts, &t->split, &o, err);
}

static void tuner_free(struct tuner *t)
{
	plan_free(t->plan);
	ids_free(&t->only);
	ids_free(&t->skip);
	ids_free(&t->chosen);
	host_facts_free(&t->facts);
	fs_close(&t->fs);
	profile_free(t->profile);
}

static void put_head(const struct tuner *t, struct sink *out)
{
	sink_printf(out, "profile %s (%s), level %s\n\n", t->profile->name, t->profile->title ? t->profile->title : "no title",
		    level_names[t->level]);
}

static int put_json(const struct tuner *t, struct sink *out, struct err *err)
{
	char iso[256], house[256];
	json_t *o =
		json_pack("{s:i, s:s, s:s, s:s, s:s, s:o}", "format", 1, "profile", t->profile->name, "level",
			  level_names[t->level], "isolated", cpuset_list(&t->split.isolated, iso, sizeof(iso)), "housekeeping",
			  cpuset_list(&t->split.housekeeping, house, sizeof(house)), "steps", plan_json(t->plan));
	char *text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;

	json_decref(o);
	if (!text)
		return err_set(err, -EILSEQ, "the plan holds bytes that are no UTF-8 text: run without --json");
	sink_printf(out, "%s\n", text);
	free(text);
	return 0;
}

static int show(const struct tuner *t, struct sink *out, struct err *err)
{
	size_t n = plan_changes(t->plan);

	if (t->cfg->json)
		return put_json(t, out, err);
	put_head(t, out);
	plan_text(t->plan, out);
	sink_printf(out, n ? "\nNothing was changed. To do it: vlat tune %s --apply\n" : "\nThis host is tuned so already.\n",
		    t->cfg->role);
	return 0;
}

static int apply(struct tuner *t, struct sink *out, struct err *err)
{
	char run[16];
	int r;

	if (geteuid() != 0)
		return err_set(err, -EPERM, "--apply changes settings of the kernel: run it as root");
	put_head(t, out);
	r = tune_hold(t->plan, t->profile->name, run, out, err);
	if (r == 0)
		sink_printf(out, "\nIn force as run %s. vlat status looks after it, vlat revert puts everything back.\n", run);
	return r;
}

static int run_tune(const struct call *call)
{
	const struct tune_cfg *cfg = call->config;
	struct tuner t = { .cfg = cfg, .fs = { .root = -1 } };
	struct sink out = { 0 };
	struct err err = { 0 };
	int r;

	if (cfg->apply && cfg->json)
		return cmd_usage(call, "--json shows a plan; --apply does it: choose one");
	r = load_profile(&t, &err);
	if (r == 0)
		r = make_plan(&t, &err);
	if (r == 0)
		r = cfg->apply ? apply(&t, &out, &err) : show(&t, &out, &err);
	tuner_free(&t);
	if (r == 0)
		return cmd_print(&out);
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
		"it "
		"is asked to end (vlat revert, or a shutdown) it puts everything back, and when it is killed vlat revert does. "
		"A reboot ends the tuning too. vlat status tells what is in force, and what somebody else has changed of it.\n\n"
		"A profile of your own is a file in " USER_PROFILES
		", writable by root alone; one with the name of a shipped profile replaces it. docs/tune.md has its keys.",
	ROWS(options, tune_options),
	ROWS(args, tune_args),
	ROWS(examples, tune_examples),
	ROWS(exits, tune_exits),
	CONFIG(tune_defaults),
	.run = run_tune,
};
