/* SPDX-License-Identifier: Apache-2.0 */
/* What is concluded about a guest: memory to be had, panics on its console, QEMU's last words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/vec.h"
#include "vm/vm_parts.h"

static char dir[64];

static void put(const char *name, const char *text)
{
	AUTO_FREE char *path = xprintf("%s/%s", dir, name), *folder = xstrndup(path, (size_t) (strrchr(path, '/') - path));
	struct err err;

	assert_int_equal(dir_make_all(folder, 0755, &err), 0);
	assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, &err), 0);
}

#define HUGE_DIR "sys/kernel/mm/hugepages/hugepages-2048kB/"

static void test_memory(void **state)
{
	struct placement wish = { .lock_memory = true, .hugepage_kb = 2048 };
	struct vm_memory m;
	struct err err;
	struct fs fs;

	(void) state;
	snprintf(dir, sizeof(dir), "/tmp/vlat-guest-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(fs_open_root(&fs, dir, &err), 0);

	/* Stock: nothing is touched, locked or huge, and no reason is needed. */
	m = vm_memory_plan(&fs, NULL, 256);
	assert_false(m.prealloc || m.locked || m.hugepage_kb);
	assert_string_equal(m.why, "");
	m = vm_memory_plan(&fs, &(struct placement){ 0 }, 256);
	assert_false(m.prealloc || m.locked || m.hugepage_kb);

	/* All of it. */
	put("proc/self/status", "Name:\tx\nCapEff:\t000001ffffffffff\n");
	put(HUGE_DIR "free_hugepages", "130\n");
	put(HUGE_DIR "resv_hugepages", "2\n");
	m = vm_memory_plan(&fs, &wish, 256);
	assert_true(m.prealloc && m.locked);
	assert_int_equal(m.hugepage_kb, 2048);
	assert_string_equal(m.why, "");

	/* One page short, for others have reserved what is free. */
	put(HUGE_DIR "resv_hugepages", "3\n");
	m = vm_memory_plan(&fs, &wish, 256);
	assert_int_equal(m.hugepage_kb, 0);
	assert_string_equal(m.why, "128 huge pages of 2048 KiB are needed, 127 are free");
	assert_true(m.prealloc && m.locked);

	/* No whole number of pages, no such pages. */
	wish.hugepage_kb = 1048576;
	m = vm_memory_plan(&fs, &wish, 256);
	assert_non_null(strstr(m.why, "no whole number"));
	m = vm_memory_plan(&fs, &wish, 1024);
	assert_non_null(strstr(m.why, "has no huge pages of 1048576"));

	/* No capability: the limit decides, and 2^40 MiB is beyond any. */
	put("proc/self/status", "CapEff:\t0000000000000000\n");
	wish.hugepage_kb = 0;
	m = vm_memory_plan(&fs, &wish, 1u << 31);
	if (m.locked)
		print_message("memlock is unlimited here: the refusal cannot be seen\n");
	else
		assert_non_null(strstr(m.why, "CAP_IPC_LOCK"));
	assert_true(m.prealloc);
	fs_close(&fs);
	dir_remove_all(dir);
}

static void test_panic(void **state)
{
	static const char console[] = "[    1.0] ok\n[    2.0] Kernel panic - not syncing: Attempted to kill init! "
				      "exitcode=0x00000100\n[ 2.1] CPU: 0\n";
	char why[32] = "";

	(void) state;
	assert_true(console_panic(console, sizeof(console) - 1, why, sizeof(why)));
	assert_string_equal(why, "Attempted to kill init! exitcod");
	for (size_t cut = 0; cut < 50; cut++)
		console_panic(console, cut, why, sizeof(why));
	assert_false(console_panic("Kernel panic", 12, why, sizeof(why)));
	assert_true(console_panic("Kernel panic - not syncing: ", 28, why, sizeof(why)));
	assert_string_equal(why, "");
}

static void assert_tail(const char *text, size_t bytes, const char *wanted)
{
	AUTO_CLOSE int fd = memfd_create("t", MFD_CLOEXEC);
	AUTO_FREE char *got = NULL;

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	got = tail_text(fd, bytes);
	assert_string_equal(got, wanted);
}

static void test_tail(void **state)
{
	(void) state;
	assert_tail("", 10, "");
	assert_tail("one\r\n\r\ntwo\r\n", 100, "one\ntwo");
	assert_tail("0123456789", 4, "6789");
	assert_tail("\033c\033[?7l\033[2JBooting\033[0m.\a\b\x7f\n", 100, "Booting.");
	assert_tail("end\033", 100, "end");
	assert_tail("end\033[", 100, "end");
}

/* A program that ends at once, in the place of QEMU: what it said and what helps is in the sentence. */
static void test_explain(void **state)
{
	static const char *const script = "echo \"qemu-system-x86_64: locking memory failed\" >&2; exit 3";
	AUTO(argv_free) struct argv argv = { 0 };
	AUTO(launch_free) struct launch l = LAUNCH_INIT;
	struct err err;

	(void) state;
	argv_add_all(&argv, (const char *const[]){ "/bin/sh", "-c", script, NULL });
	assert_int_equal(launch_prepare(&l, &err), 0);
	assert_int_equal(launch_start(&l, &argv, NULL, 0, NULL, &err), 0);
	assert_true(launch_ended(&l, clock_ns() + 10 * NS_PER_S));
	err_set(&err, -EPIPE, "gone");
	launch_explain(&l, &err);
	assert_int_equal(err.code, -EIO);
	assert_string_equal(
		err.text,
		"QEMU ended (exit status 3), saying: locking memory failed; raise the memlock limit (ulimit -l), or run as root");
}

static void test_explain_silence(void **state)
{
	AUTO(argv_free) struct argv argv = { 0 };
	AUTO(launch_free) struct launch l = LAUNCH_INIT;
	struct err err;

	(void) state;
	argv_add_all(&argv, (const char *const[]){ "/bin/sh", "-c", "kill -ABRT $$", NULL });
	assert_int_equal(launch_prepare(&l, &err), 0);
	assert_int_equal(launch_start(&l, &argv, NULL, 0, NULL, &err), 0);
	assert_true(launch_ended(&l, clock_ns() + 10 * NS_PER_S));
	err_set(&err, -EPIPE, "gone");
	launch_explain(&l, &err);
	assert_non_null(strstr(err.text, "SIGABRT"));
	assert_non_null(strstr(err.text, "gone"));
}

static void test_place_check(void **state)
{
	struct placement p = { .sut_fifo = 10 };
	struct err err;

	(void) state;
	assert_int_equal(vm_place_check(NULL, 8, &err), 0);
	assert_int_equal(vm_place_check(&p, 8, &err), 0); /* anywhere */
	p.sut_cpus = cpuset_one(3);
	assert_int_equal(vm_place_check(&p, 1, &err), 0);
	assert_int_equal(vm_place_check(&p, 2, &err), -EINVAL);
	assert_non_null(strstr(err.text, "starve"));
	/* Beside the vCPU only above it; elsewhere as one likes. */
	p.emulator_cpus = cpuset_one(3);
	p.emulator_fifo = 10;
	assert_int_equal(vm_place_check(&p, 1, &err), -EINVAL);
	assert_non_null(strstr(err.text, "emulator"));
	p.emulator_fifo = 11;
	assert_int_equal(vm_place_check(&p, 1, &err), 0);
	p.emulator_fifo = 0;
	cpuset_add(&p.emulator_cpus, 0);
	assert_int_equal(vm_place_check(&p, 1, &err), 0);
	p.sut_fifo = 0;
	assert_int_equal(vm_place_check(&p, 2, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),  cmocka_unit_test(test_panic),           cmocka_unit_test(test_tail),
		cmocka_unit_test(test_explain), cmocka_unit_test(test_explain_silence), cmocka_unit_test(test_place_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
