/* SPDX-License-Identifier: Apache-2.0 */
/* The unit that tunes at boot: its text, held against systemd's own reader; installed and removed byte by byte. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../golden/golden.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/vec.h"
#include "journal/lasting.h"
#include "journal/undo.h"
#include "keep/unit.h"

static const struct unit_about plain = { .vlat = "/usr/bin/vlat", .profile = "vm-host" };

static char dir[64];

static int set_up(void **state)
{
	AUTO_FREE char *st = NULL;

	(void) state;
	strcpy(dir, "/tmp/vlat-unit-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	st = xprintf("%s/state", dir);
	return setenv("VLAT_STATE", st, 1);
}

static int tear_down(void **state)
{
	(void) state;
	return dir_remove_all(dir);
}

static void text_is_as_recorded(void **state)
{
	struct unit_about odd = plain;
	struct sink text = { 0 };
	struct err err = { 0 };

	(void) state;
	assert_int_equal(unit_text(&plain, &text, &err), 0);
	golden_check("keep/" UNIT_NAME, text.text);
	sink_free(&text);
	odd.vlat = "/opt/100% \"my\" $tools/vlat";
	odd.state = "/srv/state of $vlat";
	assert_int_equal(unit_text(&odd, &text, &err), 0);
	assert_non_null(strstr(text.text, "ExecStart=\"/opt/100%% \\\"my\\\" $$tools/vlat\" tune --stored\n"));
	assert_non_null(strstr(text.text, "Environment=\"VLAT_STATE=/srv/state of $vlat\"\n"));
	sink_free(&text);
	odd.vlat = "/opt/a\nExecStartPre=/bin/evil/vlat";
	assert_int_equal(unit_text(&odd, &text, &err), -EINVAL);
	sink_free(&text);
	odd = plain;
	odd.profile = "x\nUser=nobody";
	assert_int_equal(unit_text(&odd, &text, &err), -EINVAL);
	sink_free(&text);
}

/* What systemd-analyze says of such a unit; it must say nothing. */
static void judge(const char *name, const char *text)
{
	AUTO_FREE char *path = xprintf("%s/%s", dir, name), *said = NULL;
	struct run_result result = { 0 };
	struct argv argv = { 0 };
	struct err err = { 0 };
	char program[128];

	if (program_find("systemd-analyze", program, sizeof(program)) < 0) {
		print_message("skipped: there is no systemd-analyze here to judge the unit\n");
		skip();
	}
	assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, &err), 0);
	argv_add(&argv, program);
	argv_add(&argv, "verify");
	argv_add(&argv, "--man=no");
	argv_add(&argv, path);
	if (run(&result, &argv, NULL, 60 * NS_PER_S, &err) < 0)
		fail_msg("%s", err.text);
	said = xprintf("%s%s", result.out, result.err);
	if (result.end.signalled || result.end.code != 0 || strstr(said, name))
		fail_msg("systemd-analyze verify: %s", said);
	run_result_free(&result);
	argv_free(&argv);
}

static void systemd_understands_it(void **state)
{
	struct unit_about about = { .vlat = "/bin/true", .profile = "vm-host", .state = "/var/lib/vlat" };
	struct sink text = { 0 };
	struct err err = { 0 };

	(void) state;
	assert_int_equal(unit_text(&about, &text, &err), 0);
	judge(UNIT_NAME, text.text);
	sink_free(&text);
}

/* The one that comes with vlat, with a program that is surely there. */
static void systemd_understands_the_guards(void **state)
{
	static const char start[] = "ExecStart=vlat guard\n";
	AUTO_FREE char *text = NULL, *other = NULL;
	struct err err = { 0 };
	const char *at;

	(void) state;
	assert_int_equal(file_read_all(SOURCE_ROOT "/data/systemd/vlat-guard.service", 1 << 16, &text, NULL, &err), 0);
	at = strstr(text, start);
	assert_non_null(at);
	other = xprintf("%.*sExecStart=/bin/true guard\n%s", (int) (at - text), text, at + strlen(start));
	judge("vlat-guard.service", other);
}

static void is_installed_and_removed(void **state)
{
	static const struct revert_options all = { .lasting = true };
	AUTO_FREE char *etc = xprintf("%s/etc/systemd/system", dir), *file = xprintf("%s" UNIT_FILE, dir);
	AUTO_FREE char *link = xprintf("%s" UNIT_WANTS "/" UNIT_NAME, dir), *wants = xprintf("%s" UNIT_WANTS, dir);
	struct revert_report report = { 0 };
	struct journal *j = NULL;
	struct err err = { 0 };
	char target[64] = "";

	(void) state;
	assert_int_equal(dir_make_all(etc, 0755, &err), 0);
	assert_int_equal(file_write_atomic(file, "# of the user\n", 14, 0600, &err), 0); /* replaced, and given back */
	assert_int_equal(journal_open_lasting(&j, "kept vm-host", &err), 0);
	if (unit_install(j, dir, NULL, &plain, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(unit_install(j, dir, NULL, &plain, &err), 0); /* once more changes nothing */
	journal_leave(j);
	assert_int_equal(readlink(link, target, sizeof(target) - 1), strlen("../" UNIT_NAME));
	assert_string_equal(target, "../" UNIT_NAME);
	assert_int_equal(access(link, R_OK), 0);
	assert_int_equal(journal_revert(&all, &report, &err), 0);
	assert_int_equal(report.at[0].state, REVERT_CLEAN);
	assert_int_equal(access(wants, F_OK), -1);
	{
		AUTO_FREE char *now = NULL;

		assert_int_equal(file_read_all(file, 4096, &now, NULL, &err), 0);
		assert_string_equal(now, "# of the user\n");
	}
	revert_report_free(&report);
}

static void a_link_of_somebody_elses_stays(void **state)
{
	AUTO_FREE char *wants = xprintf("%s" UNIT_WANTS, dir), *link = xprintf("%s/" UNIT_NAME, wants);
	struct journal *j = NULL;
	struct err err = { 0 };

	(void) state;
	assert_int_equal(dir_make_all(wants, 0755, &err), 0);
	assert_int_equal(symlink("/dev/null", link), 0);
	assert_int_equal(journal_open_lasting(&j, "kept vm-host", &err), 0);
	assert_int_equal(unit_install(j, dir, NULL, &plain, &err), -EEXIST);
	assert_int_equal(journal_close(j, &(struct err){ 0 }), 0); /* nothing half done */
	{
		AUTO_FREE char *file = xprintf("%s" UNIT_FILE, dir);

		assert_int_equal(access(file, F_OK), -1);
	}
}

static void the_manager_is_told(void **state)
{
	AUTO_FREE char *path = xprintf("%s/notify", dir);
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un here = { .sun_family = AF_UNIX };
	char got[64] = "";

	(void) state;
	unsetenv("NOTIFY_SOCKET");
	assert_false(unit_is_supervised());
	assert_int_equal(unit_notify("READY=1"), 0);
	text_print(here.sun_path, sizeof(here.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *) &here, sizeof(here)), 0);
	setenv("NOTIFY_SOCKET", path, 1);
	assert_true(unit_is_supervised());
	assert_int_equal(unit_notify("READY=1"), 0);
	assert_int_equal(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT), strlen("READY=1"));
	assert_string_equal(got, "READY=1");
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(unit_notify("READY=1"), -EINVAL);
	unsetenv("NOTIFY_SOCKET");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_as_recorded),
		cmocka_unit_test_setup_teardown(systemd_understands_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(systemd_understands_the_guards, set_up, tear_down),
		cmocka_unit_test_setup_teardown(is_installed_and_removed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_link_of_somebody_elses_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_manager_is_told, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
