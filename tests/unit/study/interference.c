/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "base/text.h"
#include "journal/journal.h"
#include "study/interference.h"

static char state_dir[] = "/tmp/vlat-interference-XXXXXX";

static int make_state(void **state)
{
	struct journal *j = NULL;
	struct err err = { 0 };

	if (!mkdtemp(state_dir) || setenv("VLAT_STATE", state_dir, 1) < 0 || journal_open(&j, "test", &err) < 0)
		return -1;
	*state = j;
	return 0;
}

static int remove_state(void **state)
{
	struct err err = { 0 };
	int r = journal_close(*state, &err);

	dir_remove_all(state_dir);
	return r;
}

static void test_idle_is_nothing(void **state)
{
	static const char *const none[] = { NULL };
	struct interference *i = NULL;
	struct err err = { 0 };

	assert_int_equal(interference_available(NULL, &err), 0);
	assert_int_equal(interference_start(&i, none, *state, &err), 0);
	assert_null(i);
	assert_int_equal(interference_check(i, &err), 0);
	interference_stop(i);
}

static void test_missing_program_names_the_cure(void **state)
{
	static const char *const argv[] = { "vlat-no-such-load", "--all", NULL };
	struct interference *i = NULL;
	struct err err = { 0 };

	assert_int_equal(interference_start(&i, argv, *state, &err), -ENOENT);
	assert_non_null(strstr(err.text, "vlat-no-such-load"));
	assert_non_null(strstr(err.text, "--interference idle"));
	assert_null(i);
}

/* A load that ends at once (here: a wrong option) is an error of the start, with what it said. */
static void test_load_that_ends_at_once(void **state)
{
	static const char *const argv[] = { "sleep", "--no-such-option", NULL };
	struct interference *i = NULL;
	struct err err = { 0 };

	assert_int_equal(interference_start(&i, argv, *state, &err), -ECHILD);
	assert_non_null(strstr(err.text, "exit status 1"));
	assert_non_null(strstr(err.text, "no-such-option"));
	assert_null(i);
}

/* Every process that carries the run's mark, this test's children; *leaders: those that lead a session. */
static size_t marked_and_leaders(const char *mark, size_t *leaders)
{
	AUTO_DIR DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t n = 0;

	while ((entry = readdir(proc))) {
		AUTO_FREE char *env = NULL;
		char path[300];
		size_t len = 0;
		struct err err = { 0 };

		text_print(path, sizeof(path), "/proc/%s/environ", entry->d_name);
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || file_read_all(path, 1 << 20, &env, &len, &err) < 0)
			continue;
		if (!memmem(env, len, mark, strlen(mark)))
			continue;
		n++;
		*leaders += getsid(atoi(entry->d_name)) == atoi(entry->d_name);
	}
	return n;
}

static size_t marked(const char *mark)
{
	size_t leaders = 0;

	return marked_and_leaders(mark, &leaders);
}

/* SIGKILL has been sent; the kernel takes a moment. */
static bool gone_within_2s(const char *mark)
{
	for (int wait = 0; wait < 100 && marked(mark); wait++)
		clock_sleep_ns(20 * NS_PER_MS);
	return !marked(mark);
}

static void test_death_and_stop(void **state)
{
	/* A parent with a child of its own, as stress-ng is; this one does not end its child when it is ended. */
	static const char *const argv[] = { "find", "/dev/null", "-exec", "sleep", "1000", ";", NULL };
	const char *mark = journal_mark(*state);
	struct interference *i = NULL;
	struct err err = { 0 };

	assert_int_equal(interference_start(&i, argv, *state, &err), 0);
	assert_int_equal(interference_check(i, &err), 0);
	assert_int_equal(marked(mark), 2);
	interference_stop(i);
	assert_true(gone_within_2s(mark));
}

/* Two programs, the first once for each CPU; each is the leader of a session, or the scheduler might take them for one. */
static void test_neighbours(void **state)
{
	static const char *const argv[] = { "*", "sleep", "1000", "&", "sleep", "2000", NULL };
	size_t copies = (size_t) sysconf(_SC_NPROCESSORS_ONLN), leaders = 0;
	struct interference *i = NULL;
	struct err err = { 0 };

	assert_int_equal(interference_start(&i, argv, *state, &err), 0);
	assert_int_equal(marked_and_leaders(journal_mark(*state), &leaders), copies + 1);
	assert_int_equal(leaders, copies + 1);
	interference_stop(i);
	assert_true(gone_within_2s(journal_mark(*state)));
}

static void test_one_neighbour_dies(void **state)
{
	static const char *const argv[] = { "sleep", "1000", "&", "sleep", "0.6", NULL };
	struct interference *i = NULL;
	struct err err = { 0 };

	assert_int_equal(interference_start(&i, argv, *state, &err), 0);
	while (interference_check(i, &err) == 0)
		clock_sleep_ns(20 * NS_PER_MS);
	assert_non_null(strstr(err.text, "ended by itself"));
	interference_stop(i);
	assert_true(gone_within_2s(journal_mark(*state)));
}

static void test_words_without_a_program(void **state)
{
	static const char *const star[] = { "sleep", "1", "&", "*", NULL }, *const last[] = { "sleep", "1", "&", "no-such-load", NULL };
	struct interference *i = NULL;
	struct err err = { 0 };

	assert_int_equal(interference_start(&i, star, *state, &err), -EINVAL);
	assert_non_null(strstr(err.text, "'*'"));
	assert_int_equal(interference_start(&i, last, *state, &err), -ENOENT);
	assert_null(i);
}

static void test_death_is_noticed(void **state)
{
	static const char *const argv[] = { "sleep", "0.6", NULL };
	struct interference *i = NULL;
	struct err err = { 0 };

	assert_int_equal(interference_start(&i, argv, *state, &err), 0);
	while (marked(journal_mark(*state)))
		clock_sleep_ns(20 * NS_PER_MS);
	assert_int_equal(interference_check(i, &err), -ECHILD);
	assert_non_null(strstr(err.text, "ended by itself"));
	interference_stop(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idle_is_nothing),
		cmocka_unit_test(test_missing_program_names_the_cure),
		cmocka_unit_test(test_load_that_ends_at_once),
		cmocka_unit_test(test_death_and_stop),
		cmocka_unit_test(test_death_is_noticed),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_one_neighbour_dies),
		cmocka_unit_test(test_words_without_a_program),
	};

	return cmocka_run_group_tests(tests, make_state, remove_state);
}
