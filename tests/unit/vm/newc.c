/* SPDX-License-Identifier: Apache-2.0 */
/* The archive, byte by byte by hand, and read by somebody else's reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/spawn.h"
#include "vm/newc.h"

static void test_bytes(void **state)
{
	static const char wanted[] = "070701"
				     "00000001"
				     "000081ed"
				     "00000000"
				     "00000000"
				     "00000001"
				     "00000000"
				     "00000005"
				     "00000000"
				     "00000000"
				     "00000000"
				     "00000000"
				     "00000005"
				     "00000000"
				     "init\0"
				     "\0" /* 110 + 5 = 115, padded to 116 */
				     "hello"
				     "\0\0\0" /* 121, padded to 124 */
				     "070701"
				     "00000002"
				     "00002180"
				     "00000000"
				     "00000000"
				     "00000001"
				     "00000000"
				     "00000000"
				     "00000000"
				     "00000000"
				     "00000005"
				     "00000001"
				     "0000000c"
				     "00000000"
				     "dev/console\0"
				     "\0\0";
	struct newc n = { 0 };

	(void) state;
	newc_file(&n, "init", 0755, "hello", 5);
	newc_char_node(&n, "dev/console", 0600, 5, 1);
	assert_int_equal(n.out.len, sizeof(wanted) - 1);
	assert_memory_equal(n.out.text, wanted, sizeof(wanted) - 1);
	newc_end(&n);
	assert_int_equal(n.out.len % 4, 0);
	assert_memory_equal(n.out.text + sizeof(wanted) - 1, "07070100000000", 14);
	newc_free(&n);
}

static void make(struct newc *n)
{
	char data[5000];

	memset(data, 'x', sizeof(data));
	newc_dir(n, "a", 0755);
	newc_file(n, "a/b", 0640, data, sizeof(data));
	newc_file(n, "a/empty", 0600, "", 0);
	newc_end(n);
}

static void test_reproducible(void **state)
{
	struct newc a = { 0 }, b = { 0 };

	(void) state;
	make(&a);
	clock_sleep_ns(5 * NS_PER_MS);
	make(&b);
	assert_int_equal(a.out.len, b.out.len);
	assert_memory_equal(a.out.text, b.out.text, a.out.len);
	newc_free(&a);
	newc_free(&b);
}

static void test_cpio_reads_it(void **state)
{
	struct argv argv = { 0 };
	struct spawn_opts opts = SPAWN_OPTS_INIT;
	char path[] = "/tmp/vlat-newc-XXXXXX";
	struct run_result out;
	struct newc n = { 0 };
	struct err err;
	int fd;

	(void) state;
	if (program_find("cpio", path, sizeof(path)) < 0) {
		print_message("skipped: no cpio here to read the archive with\n");
		skip();
	}
	memcpy(path, "/tmp/vlat-newc-XXXXXX", sizeof(path));
	fd = mkstemp(path);
	assert_true(fd >= 0);
	make(&n);
	assert_int_equal(sink_write(&n.out, fd), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	argv_add_all(&argv, (const char *const[]){ "cpio", "-tv", "--quiet", "--numeric-uid-gid", NULL });
	opts.in = fd;
	assert_int_equal(run(&out, &argv, &opts, 10 * NS_PER_S, &err), 0);
	assert_int_equal(out.end.code, 0);
	assert_string_equal(out.err, "");
	assert_non_null(strstr(out.out, "drwxr-xr-x   2 0        0               0 Jan  1  1970 a\n"));
	assert_non_null(strstr(out.out, "-rw-r-----   1 0        0            5000 Jan  1  1970 a/b\n"));
	assert_non_null(strstr(out.out, "-rw-------   1 0        0               0 Jan  1  1970 a/empty\n"));
	run_result_free(&out);
	argv_free(&argv);
	newc_free(&n);
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_reproducible),
		cmocka_unit_test(test_cpio_reads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
