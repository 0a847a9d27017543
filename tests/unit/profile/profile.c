/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "knob/knob.h"
#include "profile/profile.h"

static char first[] = "/tmp/vlat-profile-a-XXXXXX", second[] = "/tmp/vlat-profile-b-XXXXXX";

static int make_folders(void **state)
{
	(void) state;
	return mkdtemp(first) && mkdtemp(second) ? 0 : -1;
}

static int remove_folders(void **state)
{
	(void) state;
	dir_remove_all(first);
	dir_remove_all(second);
	return 0;
}

static void put(const char *folder, const char *name, const char *text)
{
	AUTO_FREE char *path = xprintf("%s/%s.yaml", folder, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

static int get(struct profile **ret, const char *name, bool strict, struct err *err)
{
	const struct profile_folder folders[] = { { first, strict }, { second, false } };

	return profile_load(ret, folders, ARRAY_SIZE(folders), name, err);
}

static void a_text_is_refused(const char *text, const char *why)
{
	struct profile *p = NULL;
	struct err err = { 0 };

	assert_int_equal(profile_parse(&p, text, strlen(text), "x.yaml", &err), -EINVAL);
	assert_null(p);
	if (!strstr(err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

static void errors_name_line_and_column(void **state)
{
	(void) state;
	a_text_is_refused("", "the file is empty");
	a_text_is_refused("- a\n", "line 1, column 1: a profile is a list of 'key: value'");
	a_text_is_refused("title: x\n", "the profile has no name:");
	a_text_is_refused("name: x\nisolted: all\n",
			  "line 2, column 1: a profile has no key 'isolted', did you mean 'isolated'?");
	a_text_is_refused("name: x\nname: y\n", "line 2, column 1: 'name' stands here a second time");
	a_text_is_refused("name: ../x\n", "line 1, column 7: \"../x\" is no name of a profile");
	a_text_is_refused("name: x\nlevel: high\n", "line 2, column 8: \"high\" is no level");
	a_text_is_refused("name: x\nskip: mem.ksm\n", "line 2, column 7: 'skip' takes a list of knobs");
	a_text_is_refused("name: x\nskip:\n  - mem.ksm\n  - mem.kms\n",
			  "line 4, column 5: there is no knob \"mem.kms\"; did you mean mem.ksm?");
	a_text_is_refused("name: x\nlevels: {safe: mem.ksm}\n", "line 2, column 16: 'safe' takes a list of knobs");
	a_text_is_refused("name: x\n  y: [\n", "line 2");
	a_text_is_refused("name: x\nlevels:\n\tsafe: []\n", "line 3, column 1: the line begins with a tab");
	a_text_is_refused("name: x\nlevels:\n  safe: []\n  safe: []\n", "line 4, column 3: 'safe' stands here a second time");
	a_text_is_refused("name: [x]\n", "line 1, column 7: 'name' takes one line of text");
}

static void values_of_its_own(void **state)
{
	static const char text[] = "name: x\nset:\n  mem.swap: 5\n  mem.thp/enabled: never\n  iso.rcu_normal: 0\n"
				   "  pci.aspm: default\n";
	struct profile *p = NULL;
	struct err err = { 0 };

	(void) state;
	if (profile_parse(&p, text, sizeof(text) - 1, "x.yaml", &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(p->n_own, 4);
	assert_string_equal(own_value(p->own, p->n_own, &knob_find("mem.swap")->files[0]), "5");
	assert_null(own_value(p->own, p->n_own, &knob_find("mem.ksm")->files[0]));
	profile_free(p);
	a_text_is_refused("name: x\nset: [mem.swap]\n", "line 2, column 6: 'set' takes knobs with a value each");
	a_text_is_refused("name: x\nset:\n  mem.swop: 5\n",
			  "line 3, column 3: there is no knob \"mem.swop\"; did you mean mem.swap?");
	a_text_is_refused("name: x\nset:\n  mem.swap: few\n", "line 3, column 13: mem.swap: \"few\": a number is meant");
	a_text_is_refused("name: x\nset:\n  mem.swap: 5\n  mem.swap/swappiness: 6\n",
			  "line 4, column 3: 'mem.swap/swappiness' stands");
	a_text_is_refused("name: x\nset: {mem.thp: never}\n",
			  "mem.thp sets several files: say which, mem.thp/enabled, mem.thp/defrag");
	a_text_is_refused("name: x\nset: {mem.thp/defrags: never}\n", "mem.thp has no file \"defrags\": mem.thp/");
	a_text_is_refused("name: x\nset: {mem.dirty: 5}\n",
			  "mem.dirty sets several files: say which, mem.dirty/dirty_background_ratio");
	a_text_is_refused("name: x\nset: {mem.dirty/dirty_ratio: few}\n",
			  "line 2, column 30: mem.dirty: \"few\": a number is meant");
	a_text_is_refused("name: x\nset: {irq.affinity: 1}\n", "irq.affinity sets is worked out for each machine");
	a_text_is_refused("name: x\nset: {irq.default: 1}\n", "housekeeping CPUs: say those with 'isolated'");
	a_text_is_refused("name: x\nset: {mem.thp/enabled: \"a b\"}\n", "one of the words that stand in the file");
	a_text_is_refused("name: x\nset: {pwr.epp: \"../x\"}\n", "a word is meant");
	a_text_is_refused("name: x\nset: {mem.swap: [5]}\n", "'mem.swap' takes one line of text");
}

static void levels_and_skips(void **state)
{
	static const char text[] = "name: x\nlevel: extreme\nskip: [mem.ksm, mem.ksm]\nallow-insecure: [iso.split_lock]\n"
				   "levels:\n  safe: [mem.swap, mem.thp]\n  extreme: [mem.thp]\n";
	struct profile *p = NULL;
	struct err err = { 0 };

	(void) state;
	assert_int_equal(profile_parse(&p, text, sizeof(text) - 1, "x.yaml", &err), 0);
	assert_int_equal(p->level, LEVEL_EXTREME);
	assert_int_equal(p->n_skip, 1);
	assert_string_equal(p->insecure[0], "iso.split_lock");
	assert_null(p->insecure[1]);
	assert_int_equal(profile_level_of(p, "mem.ksm"), LEVEL_COUNT);
	assert_int_equal(profile_level_of(p, "mem.swap"), LEVEL_SAFE);
	assert_int_equal(profile_level_of(p, "mem.thp"), LEVEL_EXTREME); /* the last word counts */
	assert_int_equal(profile_level_of(p, "mem.dirty"), LEVEL_STANDARD);
	profile_free(p);
}

static void inherits_what_it_does_not_say(void **state)
{
	struct profile *p = NULL;
	struct err err = { 0 };

	(void) state;
	put(second, "ground", "name: ground\nlevel: safe\nskip: [mem.ksm]\nlevels: {safe: [mem.swap], extreme: [mem.thp]}\n");
	put(second, "middle",
	    "name: middle\nset: {mem.swap: 3, mem.ksm: 1}\ninherits: ground\nisolated: all - first_core\ntitle: m\n");
	put(first, "top",
	    "name: top\nset: {mem.swap: 4}\ninherits: middle\ntitle: t\nskip: [mem.dirty]\n"
	    "levels: {standard: [mem.thp]}\n");
	assert_int_equal(get(&p, "top", false, &err), 0);
	assert_string_equal(p->title, "t");
	assert_string_equal(p->isolated, "all - first_core");
	assert_int_equal(p->n_own, 2);
	assert_string_equal(own_value(p->own, p->n_own, &knob_find("mem.swap")->files[0]), "4"); /* its own, not the middle's */
	assert_string_equal(own_value(p->own, p->n_own, &knob_find("mem.ksm")->files[0]), "1");
	assert_int_equal(p->level, LEVEL_SAFE);
	assert_int_equal(p->n_skip, 2);
	assert_int_equal(profile_level_of(p, "mem.swap"), LEVEL_SAFE);
	assert_int_equal(profile_level_of(p, "mem.thp"), LEVEL_STANDARD);
	profile_free(p);
}

/* A user's folder comes first: a profile of his own replaces ours of that name. */
static void the_first_folder_wins(void **state)
{
	struct profile *p = NULL;
	struct err err = { 0 };

	(void) state;
	put(first, "both", "name: both\ntitle: mine\n");
	put(second, "both", "name: both\ntitle: shipped\n");
	assert_int_equal(get(&p, "both", false, &err), 0);
	assert_string_equal(p->title, "mine");
	profile_free(p);
}

static void what_cannot_be_loaded(void **state)
{
	struct profile *p = NULL;
	struct err err = { 0 };

	(void) state;
	assert_int_equal(get(&p, "nothing", false, &err), -ENOENT);
	assert_non_null(strstr(err.text, "there is no profile \"nothing\"; there are: "));
	assert_int_equal(get(&p, "../etc/passwd", false, &err), -EINVAL);
	put(first, "alias", "name: other\n");
	assert_int_equal(get(&p, "alias", false, &err), -EINVAL);
	assert_non_null(strstr(err.text, "calls itself other"));
	put(first, "a", "name: a\ninherits: b\n");
	put(first, "b", "name: b\ninherits: c\n");
	put(first, "c", "name: c\ninherits: a\n");
	assert_int_equal(get(&p, "a", false, &err), -ELOOP);
	assert_non_null(strstr(err.text, "a -> b -> c -> a"));
	put(first, "orphan", "name: orphan\ninherits: no-parent\n");
	assert_int_equal(get(&p, "orphan", false, &err), -ENOENT);
	assert_null(p);
}

static void a_file_that_others_may_write(void **state)
{
	AUTO_FREE char *path = xprintf("%s/loose.yaml", first);
	struct profile *p = NULL;
	struct err err = { 0 };

	(void) state;
	if (geteuid() != 0) {
		print_message("skipped: only root owns files as root\n");
		skip();
	}
	put(first, "loose", "name: loose\n");
	assert_int_equal(get(&p, "loose", true, &err), 0);
	profile_free(p);
	p = NULL;
	assert_int_equal(chmod(path, 0664), 0);
	assert_int_equal(get(&p, "loose", true, &err), -EPERM);
	assert_non_null(strstr(err.text, "chmod go-w"));
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chown(path, 65534, 0), 0);
	assert_int_equal(get(&p, "loose", true, &err), -EPERM);
	assert_null(p);
}

/* A link is as good as the folder of what it leads to. */
static void a_link_to_where_others_may_write(void **state)
{
	char elsewhere[] = "/tmp/vlat-profile-c-XXXXXX";
	AUTO_FREE char *path = NULL, *link = xprintf("%s/linked.yaml", first);
	struct profile *p = NULL;
	struct err err = { 0 };

	(void) state;
	if (geteuid() != 0) {
		print_message("skipped: only root owns files as root\n");
		skip();
	}
	assert_non_null(mkdtemp(elsewhere));
	path = xprintf("%s/linked.yaml", elsewhere);
	put(elsewhere, "linked", "name: linked\n");
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(get(&p, "linked", true, &err), 0);
	profile_free(p);
	p = NULL;
	assert_int_equal(chmod(elsewhere, 0770), 0);
	assert_int_equal(get(&p, "linked", true, &err), -EPERM);
	assert_non_null(strstr(err.text, elsewhere));
	assert_null(p);
	assert_int_equal(unlink(link), 0);
	dir_remove_all(elsewhere);
}

/* Two CPUs, one node: what comes with vlat must make sense on the smallest machine. */
static void all_that_comes_with_vlat(void **state)
{
	static const char *const names[] = { "base", "container-host", "guest", "realtime", "vm-host" };
	const struct profile_folder folder = { SOURCE_ROOT "/data/profiles", false };
	struct cpu_fact two[2] = { { .cpu = 0, .siblings = cpuset_one(0) }, { .cpu = 1, .core = 1, .siblings = cpuset_one(1) } };
	struct cpu_facts cpus = { .at = two, .n = 2, .n_possible = 2 };

	(void) state;
	cpuset_add(&cpus.online, 0);
	cpuset_add(&cpus.online, 1);
	cpus.possible = cpus.online;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct cpu_split split = { 0 };
		struct profile *p = NULL;
		struct err err = { 0 };

		if (profile_load(&p, &folder, 1, names[i], &err) < 0 || profile_split(p, &cpus, &split, &err) < 0)
			fail_msg("%s", err.text);
		assert_non_null(p->title);
		assert_true(split.possible);
		assert_true(cpuset_has(&split.isolated, 1));
		assert_true(cpuset_has(&split.housekeeping, 0));
		profile_free(p);
	}
}

/* Or a plain --apply would be refused wherever somebody is logged in over the card, or the default route leaves by it. */
static void no_card_is_reset_by_default(void **state)
{
	static const char *const names[] = { "container-host", "guest", "realtime", "vm-host" };
	static const char *const resets[] = { "irq.queue_count", "net.coalesce", "net.offloads", "net.ring" };
	const struct profile_folder folder = { SOURCE_ROOT "/data/profiles", false };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct profile *p = NULL;
		struct err err = { 0 };

		if (profile_load(&p, &folder, 1, names[i], &err) < 0)
			fail_msg("%s", err.text);
		for (size_t k = 0; k < ARRAY_SIZE(resets); k++)
			if (profile_level_of(p, resets[k]) <= p->level)
				fail_msg("%s takes %s by default", names[i], resets[k]);
		if (text_eq(names[i], "realtime")) {
			assert_int_equal(profile_level_of(p, "net.ring"), LEVEL_EXTREME); /* asked for, it is taken */
			assert_true(profile_level_of(p, "pwr.cpu_dma_latency") <= p->level);
		}
		profile_free(p);
	}
}

static void no_cpu_is_left(void **state)
{
	static const char text[] = "name: x\nisolated: all - first_core\n";
	struct cpu_fact one = { .cpu = 0, .siblings = cpuset_one(0) };
	struct cpu_facts cpus = { .at = &one, .n = 1, .online = cpuset_one(0), .n_possible = 1 };
	struct cpu_split split;
	struct profile *p = NULL;
	struct err err = { 0 };

	(void) state;
	assert_int_equal(profile_parse(&p, text, sizeof(text) - 1, "x.yaml", &err), 0);
	assert_int_equal(profile_split(p, &cpus, &split, &err), -EINVAL);
	assert_non_null(strstr(err.text, "leaves no CPU for latency work"));
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_name_line_and_column),
		cmocka_unit_test(levels_and_skips),
		cmocka_unit_test(values_of_its_own),
		cmocka_unit_test(inherits_what_it_does_not_say),
		cmocka_unit_test(the_first_folder_wins),
		cmocka_unit_test(what_cannot_be_loaded),
		cmocka_unit_test(a_file_that_others_may_write),
		cmocka_unit_test(a_link_to_where_others_may_write),
		cmocka_unit_test(all_that_comes_with_vlat),
		cmocka_unit_test(no_card_is_reset_by_default),
		cmocka_unit_test(no_cpu_is_left),
	};

	return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
