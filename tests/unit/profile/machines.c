/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every profile on every machine of tests/hosts makes a plan, or says why it cannot: tests/golden/plans, one file a machine.
 * A capture that is dropped there becomes a test by itself (VLAT_GOLDEN=write makes what it should say).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../golden/golden.h"
#include "../../hosts/big.h"
#include "../../hosts/tree.h"
#include "capture/capture.h"
#include "cmd/tuner.h"

#define MOST 3 /* lines of a knob */

static const char *const profiles[] = { "vm-host", "container-host", "guest", "realtime" };

static const char *member(const json_t *step, const char *name)
{
	const char *text = json_string_value(json_object_get(step, name));

	return text ? text : "";
}

static bool alike(const json_t *a, const json_t *b)
{
	return text_eq(member(a, "knob"), member(b, "knob")) && text_eq(member(a, "state"), member(b, "state")) &&
	       text_eq(member(a, "before"), member(b, "before")) && text_eq(member(a, "after"), member(b, "after")) &&
	       text_eq(member(a, "reason"), member(b, "reason"));
}

static void put_step(const json_t *s, size_t same, struct sink *out)
{
	bool why = text_eq(member(s, "state"), "not applicable") || text_eq(member(s, "state"), "blocked");

	sink_printf(out, "  %s %s", member(s, "state"), member(s, "knob"));
	if (same > 1)
		sink_printf(out, ", %zu x", same);
	if (why)
		sink_printf(out, " %s: %s\n", member(s, "target"), member(s, "reason"));
	else
		sink_printf(out, " %s: %s -> %s\n", member(s, "target"), member(s, "before"), member(s, "after"));
}

/* What is alike in one line, "todo irq.affinity, 12 x irq 24 (eth0): 0-3 -> 0-1"; of one knob some lines only. */
static void put_steps(const json_t *steps, struct sink *out)
{
	size_t same, lines = 0, more = 0;
	const char *knob = "";

	for (size_t i = 0; i < json_array_size(steps); i += same) {
		const json_t *s = json_array_get(steps, i);

		for (same = 1; i + same < json_array_size(steps) && alike(s, json_array_get(steps, i + same));)
			same++;
		if (!text_eq(knob, member(s, "knob"))) {
			if (more)
				sink_printf(out, "  %s: and %zu more\n", knob, more);
			lines = more = 0;
		}
		knob = member(s, "knob");
		if (lines++ < MOST)
			put_step(s, same, out);
		else
			more += same;
	}
}

static void put_plan(const struct tuner *t, struct sink *out)
{
	char iso[VALUE_MAX], house[VALUE_MAX];
	json_t *steps = plan_json(t->plan);

	sink_printf(out, "%s, level %s: %zu changes; isolated %s, housekeeping %s\n", t->wish->profile, level_names[t->level],
		    plan_changes(t->plan), cpuset_list(&t->split.isolated, iso, sizeof(iso)),
		    cpuset_list(&t->split.housekeeping, house, sizeof(house)));
	assert_true(json_array_size(steps) > 10);
	put_steps(steps, out);
	json_decref(steps);
}

static bool has_one_core(const struct tuner *t)
{
	struct cpu_split split;

	split_propose(&t->facts.cpu, &split);
	return !split.possible;
}

/* The fs is the tuner's from here on. */
static void check_profile(struct fs *fs, const char *host, const char *profile, struct sink *out)
{
	struct tune_wish wish = { .profile = profile, .vm_memory_mb = 256 };
	struct tuner t = TUNER_INIT;
	struct err err = { 0 };
	int r;

	t.user_profiles = SOURCE_ROOT "/tests/none"; /* this machine may have profiles of its own, even of these names */
	r = tuner_make(&t, &wish, fs, &err);
	if (r == 0)
		put_plan(&t, out);
	else if (has_one_core(&t)) /* the only reason there may be */
		sink_printf(out, "%s: %s\n", profile, err.text);
	else
		fail_msg("%s, %s: %s", host, profile, err.text);
	tuner_free(&t);
}

typedef void open_fn(const void *what, struct fs *ret);

static void check_host(const char *host, open_fn *open, const void *what)
{
	struct sink out = { 0 };
	char name[128];

	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct fs fs;

		open(what, &fs);
		check_profile(&fs, host, profiles[i], &out);
	}
	text_print(name, sizeof(name), "plans/%s.txt", host);
	golden_check(name, out.text);
	sink_free(&out);
}

static void open_file(const void *what, struct fs *ret)
{
	AUTO_FREE char *path = xprintf(SOURCE_ROOT "/tests/hosts/%s", (const char *) what);
	struct err err = { 0 };

	if (capture_open(ret, path, &err) < 0)
		fail_msg("%s", err.text);
}

static void open_folder(const void *what, struct fs *ret)
{
	struct err err = { 0 };

	if (fs_open_root(ret, what, &err) < 0)
		fail_msg("%s", err.text);
}

static void open_big(const void *what, struct fs *ret)
{
	big_open(what, ret);
}

static void check_tree(const char *host)
{
	struct fs fs;
	char dir[64];

	tree_open(host, dir, &fs);
	check_host(host, open_folder, dir);
	tree_close(dir, &fs);
}

static void test_hosts(void **state)
{
	struct fs_names names;
	struct err err = { 0 };
	size_t hosts = 0;
	struct fs fs;

	(void) state;
	if (fs_open_root(&fs, SOURCE_ROOT "/tests/hosts", &err) < 0 || fs_list(&fs, ".", &names) < 0)
		fail_msg("cannot list tests/hosts: %s", err.text);
	for (size_t i = 0; i < names.n; i++) {
		AUTO_FREE char *host = xstrndup(names.at[i], strcspn(names.at[i], "."));

		if (text_ends(names.at[i], ".tree"))
			check_tree(host);
		else if (text_ends(names.at[i], ".tar.zst"))
			check_host(host, open_file, names.at[i]);
		else
			continue;
		hosts++;
	}
	assert_true(hosts >= 17);
	fs_list_free(&names);
	fs_close(&fs);
}

static void test_big_hosts(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(big_hosts); i++)
		check_host(big_hosts[i].name, open_big, &big_hosts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_hosts), cmocka_unit_test(test_big_hosts) };

	setenv("VLAT_DATA", SOURCE_ROOT "/data", 1);
	unsetenv("VLAT_LEAVE_ALONE");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
