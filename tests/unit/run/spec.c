/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong wishes are refused before anything is looked at, each by a sentence that names the option. */
#include "run/run.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "run/image.h"

static const char *const sleep_words[] = { "sleep", "1", NULL };

static void refused(void **state)
{
	const struct {
		struct run_spec spec;
		const char *says;
	} rows[] = {
		{ { .kind = RUN_NATIVE }, "nothing to run" },
		{ { .kind = RUN_NATIVE, .command = sleep_words, .disk.path = "x" }, "--disk is for `vlat run vm`" },
		{ { .kind = RUN_NATIVE, .command = sleep_words, .rootfs = "x" }, "--rootfs is for `vlat run container`" },
		{ { .kind = RUN_NATIVE, .command = sleep_words, .name = "a/b" }, "--name 'a/b'" },
		{ { .kind = RUN_NATIVE, .command = sleep_words, .cpus = "2-" }, "--cpus 2-" },
		{ { .kind = RUN_NATIVE, .command = sleep_words, .pool = "1" }, "--pool" },
		{ { .kind = RUN_NATIVE, .command = sleep_words, .priority = 3 }, "--priority 3 is for --policy fifo" },
		{ { .kind = RUN_NATIVE, .command = sleep_words, .policy = RUN_FIFO }, "--policy fifo without --cpus" },
		{ { .kind = RUN_NATIVE, .command = sleep_words, .policy = RUN_FIFO, .cpus = "1", .priority = 50 }, "at most 49" },
		{ { .kind = RUN_CONTAINER, .command = sleep_words }, "one of --rootfs" },
		{ { .kind = RUN_CONTAINER, .rootfs = "a", .bundle = "b", .command = sleep_words }, "not several" },
		{ { .kind = RUN_CONTAINER, .rootfs = "a" }, "add -- COMMAND" },
		{ { .kind = RUN_VM, .memory_mb = 512 }, "something to boot" },
		{ { .kind = RUN_VM, .memory_mb = 512, .disk.path = "d", .command = sleep_words }, "'sleep' cannot be started" },
		{ { .kind = RUN_VM, .memory_mb = 512, .kernel = "k" }, "has no root" },
		{ { .kind = RUN_VM, .memory_mb = 512, .disk.path = "d", .append = "quiet" }, "--append is for a --kernel" },
		{ { .kind = RUN_VM, .memory_mb = 32, .disk.path = "d" }, "--memory 32" },
		{ { .kind = RUN_VM, .memory_mb = 512, .disk.path = "d", .idle = VM_IDLE_POLL }, "--idle is a word for the kernel's" },
		{ { .kind = RUN_VM, .memory_mb = 512, .disk.path = "d", .isolate = true }, "--isolate-in-guest is a word" },
		{ { .kind = RUN_NATIVE, .command = sleep_words, .memory_mb = 64 }, "prlimit --as=67108864 sleep" },
		{ { .kind = RUN_NATIVE, .command = sleep_words, .on_node = true }, "--node is for `vlat run vm`" },
		{ { .kind = RUN_NATIVE, .command = sleep_words, .cpu_pm = true }, "--cpu-pm is for `vlat run vm`" },
		{ { .kind = RUN_NATIVE, .command = sleep_words, .tuner = &(struct run_tuner){ .name = "vm-host" } }, "--profile vm-host" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		if (run_spec_check(&rows[i].spec, &e) != -EINVAL || !strstr(e.text, rows[i].says))
			fail_msg("row %zu: \"%s\", not \"%s\"", i, e.text, rows[i].says);
	}
}

static void taken(void **state)
{
	const struct run_spec good[] = {
		{ .kind = RUN_NATIVE, .command = sleep_words, .tuned = true },
		{ .kind = RUN_NATIVE, .command = sleep_words, .tuned = true, .policy = RUN_FIFO, .priority = 49 },
		{ .kind = RUN_CONTAINER, .bundle = "b" },
		{ .kind = RUN_CONTAINER, .bundle = "b", .memory_mb = 1 },
		{ .kind = RUN_VM, .memory_mb = 512, .kernel = "k", .initrd = "i", .append = "quiet" },
		{ .kind = RUN_VM, .memory_mb = 512, .kernel = "k", .disk.path = "d" },
	};
	struct err e = { 0 };

	(void) state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (run_spec_check(&good[i], &e) < 0)
			fail_msg("row %zu: %s", i, e.text);
}

/* As docker and podman print it. */
static void images(void **state)
{
	static const char text[] = "{\"Hostname\":\"\",\"User\":\"\",\"Env\":[\"PATH=/bin\",\"A=b\"],\"Cmd\":[\"-c\",\"true\"],"
				   "\"WorkingDir\":\"/srv\",\"Entrypoint\":[\"/bin/sh\"],\"Labels\":null}\n";
	static const char *const bad[] = { "", "[]", "{\"Cmd\":\"x\"}", "{\"Env\":[1]}", "{\"WorkingDir\":7}" };
	struct container_user user = { .env = NULL };
	struct oci_user oci = { .rootfs = "/x" };
	struct image im;
	struct err e = { 0 };

	(void) state;
	assert_int_equal(image_parse(text, strlen(text), &im, &e), 0);
	image_fill(&im, NULL, &oci, &user);
	assert_string_equal(user.args[0], "/bin/sh"); /* the entry point, and the command as its words */
	assert_string_equal(user.args[2], "true");
	assert_null(user.args[3]);
	assert_string_equal(user.env[1], "A=b");
	assert_string_equal(oci.cwd, "/srv");
	image_fill(&im, sleep_words, &oci, &user);
	assert_string_equal(user.args[0], "sleep");
	image_free(&im);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (image_parse(bad[i], strlen(bad[i]), &im, &e) >= 0)
			fail_msg("taken: %s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(refused), cmocka_unit_test(taken), cmocka_unit_test(images) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
