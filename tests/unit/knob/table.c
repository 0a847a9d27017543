/* SPDX-License-Identifier: Apache-2.0 */
/* The table itself: order, ids, prose, paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "knob/doc.h"
#include "knob/knob.h"

static void test_sorted_and_found(void **state)
{
	(void) state;
	for (size_t i = 0; i < knob_count; i++) {
		if (i && strcmp(knob_table[i - 1]->id, knob_table[i]->id) >= 0)
			fail_msg("%s stands after %s", knob_table[i]->id, knob_table[i - 1]->id);
		assert_ptr_equal(knob_find(knob_table[i]->id), knob_table[i]);
	}
	assert_null(knob_find("iso."));
	assert_null(knob_find(""));
}

static void is_prose(const char *id, const char *what, const char *text, bool must)
{
	if (!text && !must)
		return;
	if (!text || strlen(text) < 4 || text_ends(text, ".") || text_ends(text, " ") || strchr(text, '\n'))
		fail_msg("%s: its %s is no plain sentence: %s", id, what, text ? text : "(none)");
}

static void test_prose(void **state)
{
	(void) state;
	for (size_t i = 0; i < knob_count; i++) {
		const struct knob *k = knob_table[i];

		is_prose(k->id, "title", k->title, true);
		is_prose(k->id, "why", k->why, true);
		is_prose(k->id, "cost", k->cost, true);
		is_prose(k->id, "risk", k->risk, false);
		is_prose(k->id, "refusal", k->refusal, false);
		if (!k->source || strlen(k->source) < 8)
			fail_msg("%s has no source", k->id);
		assert_true(k->order > 0);
		assert_true(k->list || k->n_files > 0);
	}
}

static size_t holes(const char *path)
{
	size_t n = 0;

	for (const char *at = path; (at = strstr(at, "%s")); at += 2)
		n++;
	return n;
}

static void test_files(void **state)
{
	(void) state;
	for (size_t i = 0; i < knob_count; i++) {
		for (size_t f = 0; f < knob_table[i]->n_files; f++) {
			const struct knob_file *file = &knob_table[i]->files[f];

			assert_true(file->path[0] != '/');
			assert_int_equal(holes(file->path), file->per != PER_HOST);
			if (knob_table[i]->list) /* it works them out; they are named for those who have a value of their own */
				assert_true(file->per == PER_HOST && !file->choose);
			else
				assert_true((file->want != NULL) != (file->choose != NULL));
		}
	}
}

/* What an insecure plan adds must be marked, and only that. */
static void test_security(void **state)
{
	static const char *const lowering[] = { "iso.split_lock", "kvm.nx_huge_pages" };
	size_t n = 0;

	(void) state;
	for (size_t i = 0; i < knob_count; i++)
		n += knob_table[i]->security;
	assert_int_equal(n, ARRAY_SIZE(lowering));
	for (size_t i = 0; i < ARRAY_SIZE(lowering); i++)
		assert_true(knob_find(lowering[i])->security);
}

static void test_doc_names_all(void **state)
{
	struct sink out = { 0 };

	(void) state;
	knob_doc(&out);
	for (size_t i = 0; i < knob_count; i++) {
		char heading[96];

		text_print(heading, sizeof(heading), "### `%s`: ", knob_table[i]->id);
		if (!strstr(out.text, heading))
			fail_msg("docs/knobs.md would not name %s: a new family?", knob_table[i]->id);
	}
	assert_null(strstr(out.text, "%s"));
	sink_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sorted_and_found), cmocka_unit_test(test_prose),         cmocka_unit_test(test_files),
		cmocka_unit_test(test_security),         cmocka_unit_test(test_doc_names_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
