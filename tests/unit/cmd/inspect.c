/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every machine of tests/hosts, inspected: NAME.tree, NAME.tar.zst (a capture:
 * drop the file, run once with VLAT_GOLDEN=write, read the difference), and the
 * big ones that are made here.  Text for all, JSON for those that are small.
 */
#include "cmd/inspect_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../golden/golden.h"
#include "../../hosts/big.h"
#include "../../hosts/tree.h"
#include "capture/capture.h"

static void check(const char *name, const struct fs *fs, bool json_too)
{
	struct term term = { .width = 0 };
	struct machine_facts m;
	struct err err = { 0 };
	struct sink out = { 0 };
	char golden[128];

	if (machine_facts_read(fs, &m, &err) < 0)
		fail_msg("%s: %s", name, err.text);
	inspect_text(&m, &term, &out);
	text_print(golden, sizeof(golden), "inspect/%s.txt", name);
	golden_check(golden, out.text);
	sink_free(&out);
	if (json_too) {
		json_t *j = machine_facts_json(&m);
		char *text = json_dumps(j, JSON_INDENT(1));

		assert_non_null(text);
		text_print(golden, sizeof(golden), "inspect/%s.json", name);
		golden_check(golden, text);
		free(text);
		json_decref(j);
	}
	machine_facts_free(&m);
}

static void check_file(const char *file)
{
	AUTO_FREE char *path = xprintf(SOURCE_ROOT "/tests/hosts/%s", file), *name = xstrdup(file);
	struct err err = { 0 };
	char dir[64] = "";
	struct fs fs;

	*strchr(name, '.') = '\0';
	if (text_ends(file, ".tree"))
		tree_open(name, dir, &fs);
	else if (capture_open(&fs, path, &err) < 0)
		fail_msg("%s", err.text);
	check(name, &fs, true);
	if (dir[0])
		tree_close(dir, &fs);
	else
		fs_close(&fs);
}

static void test_all_hosts(void **state)
{
	struct fs_names files;
	struct err err = { 0 };
	struct fs folder;
	unsigned n = 0;

	(void) state;
	if (fs_open_root(&folder, SOURCE_ROOT "/tests/hosts", &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(fs_list(&folder, ".", &files), 0);
	for (size_t i = 0; i < files.n; i++) {
		if (text_ends(files.at[i], ".tree") || text_ends(files.at[i], ".tar.zst")) {
			check_file(files.at[i]);
			n++;
		}
	}
	fs_list_free(&files);
	fs_close(&folder);
	assert_true(n >= 5);
}

static void test_big_hosts(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(big_hosts); i++) {
		struct fs fs;

		big_open(&big_hosts[i], &fs);
		check(big_hosts[i].name, &fs, false);
		fs_close(&fs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_hosts),
		cmocka_unit_test(test_big_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
