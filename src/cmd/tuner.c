/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/tuner.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "base/vec.h"
#include "boot/boot.h"
#include "cmd/data_folder.h"
#include "knob/knob.h"

#define WISH_FORMAT 1

static const char *const wish_members[] = {
	"format", "profile", "level", "only", "skip", "cpus", "allow-insecure", "take-over", "vm-memory-mb",
};

json_t *wish_to_json(const struct tune_wish *w)
{
	char cpus[4096];

	return json_pack("{s:i, s:s, s:s?, s:s?, s:s?, s:s, s:b, s:b, s:i}", "format", WISH_FORMAT, "profile", w->profile,
			 "level", w->level, "only", w->only, "skip", w->skip, "cpus", cpuset_list(&w->cpus, cpus, sizeof(cpus)),
			 "allow-insecure", w->insecure, "take-over", w->take_over, "vm-memory-mb", (int) w->vm_memory_mb);
}

static int check_members(const json_t *o, struct err *err)
{
	const char *key;
	json_t *value;

	if (!json_is_object(o))
		return err_set(err, -EINVAL, "the wish is no JSON object");
	json_object_foreach ((json_t *) o, key, value) {
		bool known = false;

		for (size_t i = 0; i < ARRAY_SIZE(wish_members); i++)
			known |= text_eq(key, wish_members[i]);
		if (!known)
			return err_set(err, -EINVAL, "the wish has a member \"%.64s\", which this vlat does not know", key);
	}
	return jx_format(o, WISH_FORMAT, err);
}

static int get_text(const json_t *o, const char *member, const char **ret, struct err *err)
{
	const char *text = NULL;
	int r = jx_opt_str(o, member, &text, err);

	if (r == 0 && text)
		*ret = xstrdup(text);
	return r;
}

static int get_cpus(const json_t *o, struct cpuset *ret, struct err *err)
{
	const char *text = "";
	int r = jx_opt_str(o, "cpus", &text, err);

	if (r == 0 && *text && cpuset_parse_list(text, ret) < 0)
		r = err_set(err, -EINVAL, "\"cpus\": \"%.64s\" is no list of CPUs", text);
	return r;
}

int wish_from_json(const json_t *o, struct tune_wish *ret, struct err *err)
{
	uint64_t mb = 0;
	int r = check_members(o, err);

	*ret = (struct tune_wish){ .profile = NULL };
	if (r == 0)
		r = get_text(o, "profile", &ret->profile, err);
	if (r == 0 && !ret->profile)
		r = err_set(err, -EINVAL, "the wish names no \"profile\"");
	if (r == 0)
		r = get_text(o, "level", &ret->level, err);
	if (r == 0)
		r = get_text(o, "only", &ret->only, err);
	if (r == 0)
		r = get_text(o, "skip", &ret->skip, err);
	if (r == 0)
		r = get_cpus(o, &ret->cpus, err);
	if (r == 0)
		r = jx_opt_bool(o, "allow-insecure", &ret->insecure, err);
	if (r == 0)
		r = jx_opt_bool(o, "take-over", &ret->take_over, err);
	if (r == 0)
		r = jx_opt_u64(o, "vm-memory-mb", &mb, err);
	if (r == 0 && mb > 1u << 20)
		r = err_set(err, -ERANGE, "\"vm-memory-mb\": %llu is more than a TiB", (unsigned long long) mb);
	ret->vm_memory_mb = (unsigned) mb;
	if (r < 0)
		wish_free(ret);
	return r;
}

void wish_free(struct tune_wish *w)
{
	free((char *) w->profile);
	free((char *) w->level);
	free((char *) w->only);
	free((char *) w->skip);
	*w = (struct tune_wish){ .profile = NULL };
}

/* The words belong to text, or to the knob table. */
struct knob_ids {
	char *text;
	VEC(const char *) at;
};

static struct knob_ids *ids_split(const char *list)
{
	struct knob_ids *ids = xalloc(1, sizeof(*ids));

	ids->text = xstrdup(list);
	for (char *at = ids->text; at;) {
		char *word = text_trim(strsep(&at, ","));

		/* What only the kernel's command line can set is no step of the plan, and no wrong name either. */
		if (*word && (knob_find(word) || !boot_sets(word)))
			*vec_add(&ids->at) = word;
	}
	*vec_add(&ids->at) = NULL;
	return ids;
}

static void ids_free(struct knob_ids *ids)
{
	if (!ids)
		return;
	free(ids->text);
	vec_free(&ids->at);
	free(ids);
}

static bool in_list(const struct knob_ids *ids, const char *id)
{
	for (size_t i = 0; i + 1 < ids->at.n; i++)
		if (text_eq(ids->at.at[i], id))
			return true;
	return false;
}

/* A wrong id in --only or --skip is the plan's to refuse: it knows the nearest. */
static struct knob_ids *choose_knobs(const struct profile *p, enum level level, const struct knob_ids *only)
{
	struct knob_ids *ids = xalloc(1, sizeof(*ids));

	for (size_t i = 0; i < knob_count; i++) {
		const char *id = knob_table[i]->id;

		if (only ? in_list(only, id) : p ? profile_level_of(p, id) <= level : !knob_table[i]->disruptive)
			*vec_add(&ids->at) = id;
	}
	for (size_t i = 0; only && i + 1 < only->at.n; i++)
		if (!knob_find(only->at.at[i]))
			*vec_add(&ids->at) = only->at.at[i];
	*vec_add(&ids->at) = NULL;
	return ids;
}

static int choose_level(struct tuner *t, struct err *err)
{
	t->level = t->profile->level;
	if (!t->wish->level)
		return 0;
	for (unsigned i = 0; i < LEVEL_COUNT; i++) {
		if (text_eq(t->wish->level, level_names[i])) {
			t->level = (enum level) i;
			return 0;
		}
	}
	return err_set(err, -EINVAL, "there is no level \"%.32s\": safe, standard or extreme", t->wish->level);
}

static int load_profile(struct tuner *t, struct err *err)
{
	char shipped[PATH_MAX];
	const struct profile_folder folders[] = { { t->user_profiles ? t->user_profiles : USER_PROFILES, true },
						  { shipped, false } };
	int r;

	if (!t->wish->profile)
		return 0;
	r = data_folder("profiles", shipped, err);
	if (r == 0)
		r = profile_load(&t->profile, folders, ARRAY_SIZE(folders), t->wish->profile, err);
	return r < 0 ? r : choose_level(t, err);
}

static int read_host(struct tuner *t, struct err *err)
{
	int r = host_facts_read(&t->fs, &t->facts, err);

	if (r < 0)
		return r;
	if (!cpuset_empty(&t->wish->cpus))
		return split_from_isolated(&t->facts.cpu, &t->wish->cpus, &t->split, err);
	if (t->profile)
		return profile_split(t->profile, &t->facts.cpu, &t->split, err);
	split_propose(&t->facts.cpu, &t->split);
	return 0;
}

static int make_plan(struct tuner *t, struct err *err)
{
	struct plan_options o = { .allow_insecure = t->wish->insecure, .vm_memory_mb = t->wish->vm_memory_mb };

	if (t->wish->only)
		t->only = ids_split(t->wish->only);
	if (t->wish->skip)
		t->skip = ids_split(t->wish->skip);
	t->chosen = choose_knobs(t->profile, t->level, t->only);
	o.only = t->chosen->at.at;
	o.except = t->skip ? t->skip->at.at : NULL;
	if (t->profile) {
		o.insecure = (const char *const *) t->profile->insecure;
		o.own = t->profile->own;
		o.n_own = t->profile->n_own;
	}
	return plan_make(&t->plan, &t->fs, &t->facts, &t->split, &o, err);
}

int tuner_make(struct tuner *t, const struct tune_wish *wish, const struct fs *fs, struct err *err)
{
	int r = 0;

	*t = (struct tuner){ .user_profiles = t->user_profiles, .wish = wish, .fs = fs ? *fs : (struct fs){ .root = -1 } };
	if (!fs)
		r = fs_open_root(&t->fs, "/", err);
	if (r == 0)
		r = load_profile(t, err);
	if (r == 0)
		r = read_host(t, err);
	return r < 0 ? r : make_plan(t, err);
}

void tuner_free(struct tuner *t)
{
	plan_free(t->plan);
	ids_free(t->only);
	ids_free(t->skip);
	ids_free(t->chosen);
	host_facts_free(&t->facts);
	fs_close(&t->fs);
	profile_free(t->profile);
	*t = (struct tuner) TUNER_INIT;
}
