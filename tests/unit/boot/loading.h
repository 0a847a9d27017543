/* SPDX-License-Identifier: Apache-2.0 */
/* loading - parameters into a loader's configuration and out again, on a machine of machine.h; for files that include cmocka.h.
 */
#ifndef TESTS_BOOT_LOADING_H
#define TESTS_BOOT_LOADING_H

#include "machine.h"

static inline void plan_for(struct machine *m, const char *extra, struct boot_plan *ret)
{
	const struct boot_options o = { .role = ROLE_VM_HOST, .level = 1, .extra = extra };
	struct boot_words words = { 0 };
	struct err err = { 0 };

	if (boot_wanted(&words, &m->fs, &m->facts, &m->split, &o, &err) < 0 ||
	    boot_plan_make(ret, &m->fs, &m->facts, &words, &err) < 0)
		fail_msg("%s", err.text);
}

static inline void apply(struct machine *m, bool once, char run[16])
{
	struct boot_plan p;
	struct err err = { 0 };

	plan_for(m, NULL, &p);
	assert_true(p.adds >= 3);
	if (boot_apply(&p, &m->fs, "vm-host", once, run, &err) < 0)
		fail_msg("%s", err.text);
	boot_plan_free(&p);
}

static inline void revert(const char *run)
{
	const struct revert_options o = { .run = run, .lasting = true };
	struct revert_report report = { 0 };
	struct err err = { 0 };

	if (journal_revert(&o, &report, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < report.n && !revert_clean(&report); i++)
		for (size_t k = 0; k < report.at[i].report.n; k++)
			print_error("%s: %s\n", report.at[i].report.at[k].what, report.at[i].report.at[k].text);
	assert_true(revert_clean(&report));
	revert_report_free(&report);
}

static inline void has(const struct machine *m, const char *path, const char *text)
{
	AUTO_FREE char *now = content(m, path);

	if (!strstr(now, text))
		fail_msg("/%s lacks \"%s\":\n%s", path, text, now);
}

static inline void lacks(const struct machine *m, const char *path, const char *text)
{
	AUTO_FREE char *now = content(m, path);

	if (strstr(now, text))
		fail_msg("/%s has \"%s\":\n%s", path, text, now);
}

#endif
