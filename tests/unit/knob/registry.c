/* SPDX-License-Identifier: Apache-2.0 */
/* Every knob, those that are only looked at too: explanation, source, cure; and the catalogue is covered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/fs.h"
#include "base/text.h"
#include "knob/doc.h"
#include "knob/knob.h"

static void is_prose(const char *id, const char *what, const char *text, bool must)
{
	if (!text && !must)
		return;
	if (!text || strlen(text) < 4 || text_ends(text, ".") || text_ends(text, " ") || strchr(text, '\n') || strstr(text, "  "))
		fail_msg("%s: its %s is no plain sentence: %s", id, what, text ? text : "(none)");
}

static void test_prose(void **state)
{
	const struct knob *k;

	(void) state;
	for (size_t i = 0; (k = knob_at(i)); i++) {
		is_prose(k->id, "title", k->title, true);
		is_prose(k->id, "why", k->why, true);
		is_prose(k->id, "cost", k->cost, true);
		is_prose(k->id, "risk", k->risk, false);
		is_prose(k->id, "cure", k->cure, false);
		is_prose(k->id, "dispute", k->dispute, false);
		if (!k->source || strlen(k->source) < 6)
			fail_msg("%s has no source", k->id);
		if (strlen(k->title) > 72)
			fail_msg("%s: its title is too long for a line", k->id);
	}
	assert_true(knob_count >= 47);
}

static bool known_form(const char *want)
{
	const char *at = strchr(want, '@');

	return !at || text_eq(at, "@iso") || text_eq(at, "@house");
}

/* Something is wanted in at least one role, and the audit can tell how to get it. */
static void test_roles_and_cures(void **state)
{
	const struct knob *k;

	(void) state;
	for (size_t i = 0; (k = knob_at(i)); i++) {
		bool wanted = false, judged = false;

		for (unsigned r = 0; r < ROLE_COUNT; r++) {
			const char *want = k->role[r].want;

			wanted = wanted || want;
			judged = judged || (want && !text_eq(want, "?"));
			if (want && !known_form(want))
				fail_msg("%s wants \"%s\": CPUs are @iso or @house, at the end", k->id, want);
			if (k->role[r].effect > 9 || (want && text_eq(want, "?") != (k->role[r].effect == 0)))
				fail_msg("%s as %s: effect %u with want %s", k->id, role_names[r], k->role[r].effect,
					 want ? want : "none");
		}
		if (!wanted && i >= knob_count)
			fail_msg("%s is neither tuned nor wanted in any role", k->id);
		if (!k->check && !k->list && !k->n_files && !k->boot.name)
			fail_msg("%s cannot be looked at", k->id);
		if (judged && !k->cure && k->check)
			fail_msg("%s is judged by code and names no cure", k->id);
		if (k->when == KNOB_BOOT && k->n_files && judged && !k->cure)
			fail_msg("%s takes effect at boot: a file to write is no cure", k->id);
	}
}

static void test_ids(void **state)
{
	const struct knob *k, *other;

	(void) state;
	for (size_t i = 0; (k = knob_at(i)); i++) {
		assert_ptr_equal(knob_find_any(k->id), k);
		for (size_t n = i + 1; (other = knob_at(n)); n++) {
			if (text_eq(k->id, other->id))
				fail_msg("%s is there twice", k->id);
		}
		/* What is only looked at never enters a plan. */
		assert_int_equal(i < knob_count, knob_find(k->id) != NULL);
		if (i >= knob_count)
			assert_int_equal(k->order, 0);
	}
	assert_null(knob_find_any("iso."));
	assert_string_equal(knob_nearest("pwr.governer")->id, "pwr.governor");
	assert_null(knob_nearest("completely.else"));
}

static void test_files(void **state)
{
	const struct knob *k;

	(void) state;
	for (size_t i = 0; (k = knob_at(i)); i++) {
		for (size_t f = 0; f < k->n_files; f++) {
			const char *hole = strstr(k->files[f].path, "%s");

			assert_true(k->files[f].path[0] != '/');
			assert_int_equal(hole != NULL, k->files[f].per != PER_HOST);
			assert_true(!hole || !strstr(hole + 2, "%s"));
		}
	}
}

static char *read_whole(const char *path)
{
	struct err err = { 0 };
	char *text = NULL;

	if (file_read_all(path, 1 << 20, &text, NULL, &err) < 0)
		fail_msg("%s", err.text);
	return text;
}

/* Each id of the catalogue is a knob, or docs/knobs-not.md says why it is none; never both. */
static void test_catalogue(void **state)
{
	AUTO_FREE char *catalogue = read_whole(SOURCE_ROOT "/tests/unit/knob/catalogue.txt");
	AUTO_FREE char *not = read_whole(SOURCE_ROOT "/docs/knobs-not.md");
	char id[64], quoted[80];
	size_t n = 0;

	(void) state;
	for (const char *at = catalogue; take_line(&at, id, sizeof(id)); n++) {
		bool listed;

		text_print(quoted, sizeof(quoted), "\n| `%s` |", id);
		listed = strstr(not, quoted) != NULL;
		if (listed == (knob_find_any(id) != NULL))
			fail_msg("%s is %s", id,
				 listed ? "a knob, and docs/knobs-not.md says it is none"
					: "neither a knob nor in docs/knobs-not.md");
	}
	assert_int_equal(n, 197);
}

static void test_doc_names_all(void **state)
{
	struct sink out = { 0 };
	const struct knob *k;

	(void) state;
	knob_doc(&out);
	for (size_t i = 0; (k = knob_at(i)); i++) {
		char heading[96];

		text_print(heading, sizeof(heading), "### `%s`: ", k->id);
		if (!strstr(out.text, heading))
			fail_msg("docs/knobs.md would not name %s: a new family?", k->id);
	}
	sink_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prose), cmocka_unit_test(test_roles_and_cures), cmocka_unit_test(test_ids),
		cmocka_unit_test(test_files), cmocka_unit_test(test_catalogue),       cmocka_unit_test(test_doc_names_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
