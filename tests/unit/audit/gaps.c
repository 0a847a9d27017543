/* SPDX-License-Identifier: Apache-2.0 */
/* A copy that lacks files: "cannot see" where nobody looked, "not applicable" where somebody looked and found nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fs_tree.h"
#include "capture/capture.h"
#include "lab.h"

#define STAT_INTERVAL "iso.stat_interval"
#define HUNG_TASK     "iso.hung_task"

static enum audit_state state_in(const struct fs *fs, const char *id, char reason[200])
{
	struct audit_options o = { .role = "vm-host", .only = id };
	struct machine_facts machine;
	struct audit *a = NULL;
	struct err err = { 0 };
	enum audit_state s;

	if (machine_facts_read(fs, &machine, &err) < 0 || audit_make(&a, fs, &machine, &o, &err) < 0)
		fail_msg("%s", err.text);
	s = a->at[0].state;
	text_print(reason, 200, "%s", a->at[0].n_groups ? a->at[0].groups[0].first->reason : "");
	audit_free(a);
	machine_facts_free(&machine);
	return s;
}

static void is(const struct fs *fs, const char *id, enum audit_state want, const char *says)
{
	char reason[200];
	enum audit_state s = state_in(fs, id, reason);

	if (s != want)
		fail_msg("%s is \"%s\" (%s), not \"%s\"", id, audit_state_name(s), reason, audit_state_name(want));
	if (says && !strstr(reason, says))
		fail_msg("%s says \"%s\", not \"%s\"", id, reason, says);
}

/* What an older vlat would have made: a capture by one that knew these knobs only. */
static void capture_by(struct lab *lab, const char *const *ids, const char *path, bool anonymise)
{
	struct capture_sum sum;
	struct err err = { 0 };
	struct fs recorded;
	char ignored[200];

	fs_record(&recorded, &lab->fs);
	for (; *ids; ids++)
		state_in(&recorded, *ids, ignored);
	if (capture_write(&recorded, path, anonymise, &sum, &err) < 0)
		fail_msg("%s", err.text);
	fs_close(&recorded);
}

static void open_copy(struct fs *fs, const char *path)
{
	struct err err = { 0 };

	if (capture_open(fs, path, &err) < 0)
		fail_msg("%s", err.text);
}

/* server-v2 has no hung_task_timeout_secs. */
static void test_old_capture(void **state)
{
	static const char *const ids[] = { STAT_INTERVAL, HUNG_TASK, "irq.irqbalance", NULL };
	AUTO_FREE char *path = NULL;
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	path = xprintf("%s/old.tar.zst", lab.dir);
	is(&lab.fs, HUNG_TASK, AUDIT_ABSENT, "does not have it");
	for (unsigned anonymise = 0; anonymise < 2; anonymise++) {
		char reason[200];
		struct fs fs;

		capture_by(&lab, ids, path, anonymise);
		open_copy(&fs, path);
		assert_int_equal(state_in(&fs, STAT_INTERVAL, reason), state_in(&lab.fs, STAT_INTERVAL, reason));
		is(&fs, HUNG_TASK, AUDIT_ABSENT, "does not have it");
		assert_int_equal(state_in(&fs, "irq.irqbalance", reason), state_in(&lab.fs, "irq.irqbalance", reason));
		is(&fs, "iso.nmi_watchdog", AUDIT_UNSEEN, "does not hold /proc/sys/kernel/nmi_watchdog");
		fs_close(&fs);
	}
	lab_close(&lab);
}

/* What a part of a machine lacks is no better known of a capture of that part. */
static void test_capture_of_a_part(void **state)
{
	static const char *const ids[] = { HUNG_TASK, "irq.irqbalance", "pwr.governor", NULL };
	AUTO_FREE char *path = NULL;
	struct lab lab;
	struct fs fs;

	(void) state;
	lab_open(&lab, "sosreport");
	path = xprintf("%s/part.tar.zst", lab.dir);
	is(&lab.fs, HUNG_TASK, AUDIT_UNSEEN, "does not hold /proc/sys/kernel/hung_task_timeout_secs");
	is(&lab.fs, "irq.irqbalance", AUDIT_UNSEEN, "does not hold /proc/1");
	is(&lab.fs, "pwr.governor", AUDIT_DIFFERS, NULL);
	capture_by(&lab, ids, path, false);
	open_copy(&fs, path);
	is(&fs, HUNG_TASK, AUDIT_UNSEEN, "does not hold /proc/sys/kernel/hung_task_timeout_secs");
	is(&fs, "irq.irqbalance", AUDIT_UNSEEN, "does not hold /proc/1");
	is(&fs, "pwr.governor", AUDIT_DIFFERS, NULL);
	fs_close(&fs);
	lab_close(&lab);
}

/* Any folder that says nothing of itself may be a part. */
static void test_folder(void **state)
{
	struct lab lab;
	struct fs fs;

	(void) state;
	lab_open(&lab, "server-v2");
	open_copy(&fs, lab.dir);
	is(&fs, HUNG_TASK, AUDIT_UNSEEN, "does not hold /proc/sys/kernel/hung_task_timeout_secs");
	/* A role that wants nothing of it has not looked. */
	is(&fs, "gst.steal", AUDIT_ABSENT, NULL);
	fs_close(&fs);
	lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_old_capture),
		cmocka_unit_test(test_capture_of_a_part),
		cmocka_unit_test(test_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
