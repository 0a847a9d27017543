/* SPDX-License-Identifier: Apache-2.0 */
/* Stopping rivals and starting them again, with a systemctl that only notes what it is told. */
#include "tune/rival.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"
#include "journal/journal.h"
#include "tune/internal.h"

#define MASKED   "mask --runtime --now rival.service\n"
#define UNMASKED "unmask --runtime rival.service\n"
#define STARTED  "start rival.service\n"

static char dir[64], *path_before;

static int set_up(void **state)
{
	AUTO_FREE char *st = NULL, *path = NULL;

	(void) state;
	strcpy(dir, "/tmp/vlat-rival-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	st = xprintf("%s/state", dir);
	path_before = xstrdup(getenv("PATH"));
	path = xprintf("%s:%s", dir, path_before);
	return setenv("VLAT_STATE", st, 1) || setenv("PATH", path, 1);
}

static int tear_down(void **state)
{
	(void) state;
	setenv("PATH", path_before, 1);
	free(path_before);
	return dir_remove_all(dir);
}

/* What is told to a systemctl that knows these units as active, while the rival is stopped and put back. */
static void told(const char *active, const char *want)
{
	static const struct service_row row = { .name = "rival", .unit = "rival" };
	AUTO_FREE char *program = xprintf("%s/systemctl", dir), *log = xprintf("%s/told", dir), *text = NULL;
	AUTO_FREE char *script =
		xprintf("#!/bin/sh\n"
			"if [ \"$1\" = is-active ]; then case \" %s \" in *\" $3 \"*) exit 0 ;; esac; exit 3; fi\n"
			"[ \"$1\" = show ] || echo \"$@\" >>%s\n",
			active, log);
	struct plan p = { .lease = -1 };
	struct err err = { 0 };

	assert_int_equal(file_write_atomic(program, script, strlen(script), 0755, &err), 0);
	assert_int_equal(journal_open(&p.journal, "unit test", &err), 0);
	*vec_add(&p.rivals) = (struct rival){ .row = &row, .stoppable = true };
	if (rivals_stop(&p, &err) < 0 || journal_close(p.journal, &err) < 0)
		fail_msg("%s", err.text);
	vec_free(&p.rivals);
	assert_int_equal(file_read_all(log, 1 << 16, &text, NULL, &err), 0);
	assert_string_equal(text, want);
}

static void running_is_started_again(void **state)
{
	(void) state;
	told("rival.service multi-user.target", MASKED UNMASKED STARTED);
}

static void not_started_yet_is_started(void **state)
{
	(void) state;
	told("", MASKED UNMASKED STARTED);
}

static void stopped_stays_stopped(void **state)
{
	(void) state;
	told("multi-user.target", MASKED UNMASKED);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(running_is_started_again),
		T(not_started_yet_is_started),
		T(stopped_stays_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
