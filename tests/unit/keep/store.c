/* SPDX-License-Identifier: Apache-2.0 */
/* The tuning stored for the next boots: what it says, who may have written it, and what its CPUs are called today. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "journal/lasting.h"
#include "journal/undo.h"
#include "keep/store.h"

static char dir[64];

static char *in(const char *name)
{
	return xprintf("%s/%s", dir, name);
}

static int set_up(void **state)
{
	AUTO_FREE char *st = NULL;

	(void) state;
	strcpy(dir, "/tmp/vlat-unit-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	st = in("state");
	return setenv("VLAT_STATE", st, 1);
}

static int tear_down(void **state)
{
	(void) state;
	return dir_remove_all(dir);
}

/* Two cores of two threads; `shift` renumbers them as another boot might. */
struct four {
	struct cpu_fact at[4];
	struct cpu_facts facts;
};

static void make_four(struct four *m, unsigned shift)
{
	*m = (struct four){ 0 };
	for (unsigned i = 0; i < 4; i++) {
		unsigned core = (i % 2 + shift) % 2;

		m->at[i] = (struct cpu_fact){ .cpu = i, .package = 0, .core = (int) core };
		cpuset_add(&m->at[i].siblings, i % 2);
		cpuset_add(&m->at[i].siblings, i % 2 + 2);
		cpuset_add(&m->facts.online, i);
	}
	m->facts.at = m->at;
	m->facts.n = 4;
	m->facts.n_possible = 4;
}

static void make(struct stored *s, const struct four *m, const char *isolated)
{
	AUTO_FREE char *net = in("root/sys/class/net"), *etc = in("root/etc"), *root = in("root"),
		       *id = in("root/etc/machine-id");
	json_t *wish = json_pack("{s:s, s:s}", "profile", "vm-host", "level", "standard");
	struct err err = { 0 };
	struct cpuset set;
	struct fs fs;

	assert_int_equal(dir_make_all(net, 0755, &err), 0);
	assert_int_equal(dir_make_all(etc, 0755, &err), 0);
	assert_int_equal(file_write_atomic(id, "0123456789abcdef0123456789abcdef\n", 33, 0644, &err), 0);
	assert_int_equal(fs_open_root(&fs, root, &err), 0);
	assert_int_equal(cpuset_parse_list(isolated, &set), 0);
	stored_make(s, &fs, "vm-host", wish, &m->facts, &set, true);
	json_decref(wish);
	fs_close(&fs);
}

static void says_what_it_was_told(void **state)
{
	struct stored s, back;
	struct err err = { 0 };
	struct cpuset cpus;
	struct four m;
	char list[32];
	char *text;

	(void) state;
	make_four(&m, 0);
	make(&s, &m, "1,3");
	text = stored_text(&s);
	assert_non_null(text);
	assert_int_equal(stored_parse(text, strlen(text), "it", &back, &err), 0);
	assert_string_equal(back.machine, "0123456789abcdef0123456789abcdef");
	assert_string_equal(back.profile, "vm-host");
	assert_true(back.cpus_named);
	assert_true(json_equal(back.wish, s.wish));
	assert_int_equal(stored_cpus(&back, &m.facts, &cpus, &err), 0);
	assert_string_equal(cpuset_list(&cpus, list, sizeof(list)), "1,3");
	stored_free(&s);
	stored_free(&back);
	free(text);
}

static void finds_its_cpus_by_where_they_sit(void **state)
{
	struct stored s;
	struct err err = { 0 };
	struct cpuset cpus = { 0 };
	struct four m, later;
	char list[32];

	(void) state;
	make_four(&m, 0);
	make_four(&later, 1);
	make(&s, &m, "1,3");
	assert_int_equal(stored_cpus(&s, &later.facts, &cpus, &err), 0);
	assert_string_equal(cpuset_list(&cpus, list, sizeof(list)), "0,2");
	later.facts.n = 2; /* CPUs 2 and 3 are offline */
	assert_int_equal(stored_cpus(&s, &later.facts, &cpus, &err), -ENODEV);
	assert_non_null(strstr(err.text, "package 0, core 1, thread 1 is not there"));
	stored_free(&s);
}

static void refuses_what_is_none(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "", "" },
		{ "[]", "no JSON object" },
		{ "{}", "format" },
		{ "{\"format\":2}", "format" },
		{ "{\"format\":1,\"written\":\"x\",\"machine\":\"\",\"profile\":\"p\",\"wish\":[],\"cpus_named\":true,"
		  "\"isolated\":[],"
		  "\"cards\":[]}",
		  "wish" },
		{ "{\"format\":1,\"written\":\"x\",\"machine\":\"\",\"profile\":\"p\",\"wish\":{},\"cpus_named\":true,"
		  "\"isolated\":[],"
		  "\"cards\":[{\"address\":\"../..\",\"port\":0,\"name\":\"e\",\"driver\":\"d\"}]}",
		  "no PCI address" },
		{ "{\"format\":1,\"written\":\"x\",\"machine\":\"\",\"profile\":\"p\",\"wish\":{},\"cpus_named\":true,"
		  "\"isolated\":[],"
		  "\"cards\":[{\"address\":\"0000:01:00.0\",\"port\":-1,\"name\":\"e\",\"driver\":\"d\"}]}",
		  "no machine has" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct stored s = { 0 };
		struct err err = { 0 };

		assert_true(stored_parse(bad[i].text, strlen(bad[i].text), "the file", &s, &err) < 0);
		if (!strstr(err.text, bad[i].why) || !strstr(err.text, "the file"))
			fail_msg("%s: \"%s\" does not say \"%s\"", bad[i].text, err.text, bad[i].why);
		assert_null(s.wish);
	}
}

static int load(const char *root, struct err *err)
{
	struct stored s = { 0 };
	int r;

	*err = (struct err){ 0 };
	r = stored_load(root, &s, err);
	stored_free(&s);
	return r;
}

/* Stored by a lasting journal, which is gone again after a revert, with the folder that was made for it. */
static void is_stored_and_removed(void **state)
{
	static const struct revert_options all = { .lasting = true }, others = { 0 };
	AUTO_FREE char *root = in("root"), *folder = in("root/etc/vlat"), *file = in("root/etc/vlat/tune.json");
	struct revert_report report = { 0 };
	struct journal *j = NULL;
	struct err err = { 0 };
	struct stored s;
	struct four m;

	(void) state;
	if (geteuid() != 0) {
		print_message("skipped: only what root has written is obeyed, and this is not root\n");
		skip();
	}
	make_four(&m, 0);
	make(&s, &m, "1");
	assert_int_equal(load(root, &err), -ENOENT);
	assert_non_null(strstr(err.text, "--persist"));
	assert_int_equal(journal_open_lasting(&j, "kept vm-host", &err), 0);
	if (stored_save(&s, root, j, &err) < 0)
		fail_msg("%s", err.text);
	journal_leave(j);
	assert_int_equal(load(root, &err), 0);
	assert_int_equal(journal_revert(&others, &report, &err), 0); /* clearing up leaves it */
	assert_int_equal(report.n, 0);
	assert_int_equal(load(root, &err), 0);
	assert_int_equal(chmod(folder, 0775), 0);
	assert_int_equal(load(root, &err), -EPERM);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(chmod(file, 0666), 0);
	assert_int_equal(load(root, &err), -EPERM);
	assert_non_null(strstr(err.text, "chmod go-w"));
	assert_int_equal(chmod(file, 0644), 0);
	assert_int_equal(journal_revert(&all, &report, &err), 0);
	assert_int_equal(report.n, 1);
	assert_int_equal(report.at[0].state, REVERT_CLEAN);
	assert_int_equal(access(folder, F_OK), -1);
	revert_report_free(&report);
	stored_free(&s);
}

static void another_machine_is_told(void **state)
{
	AUTO_FREE char *root = in("root"), *id = in("root/etc/machine-id");
	struct err err = { 0 };
	struct stored s;
	struct four m;
	struct fs fs;

	(void) state;
	make_four(&m, 0);
	make(&s, &m, "1");
	assert_int_equal(fs_open_root(&fs, root, &err), 0);
	assert_int_equal(stored_check_machine(&s, &fs, &err), 0);
	assert_int_equal(file_write_atomic(id, "ffff456789abcdef0123456789abcdef\n", 33, 0644, &err), 0);
	assert_int_equal(stored_check_machine(&s, &fs, &err), -EXDEV);
	assert_non_null(strstr(err.text, "another machine"));
	fs_close(&fs);
	stored_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(says_what_it_was_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(finds_its_cpus_by_where_they_sit, set_up, tear_down),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test_setup_teardown(is_stored_and_removed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_machine_is_told, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
