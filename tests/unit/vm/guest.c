/* SPDX-License-Identifier: Apache-2.0 */
/* What is concluded about a guest: boot parameters, placement, panics on its console, QEMU's last words. */
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
#include "vm/drivers.h"
#include "vm/guest.h"
#include "vm/vm_parts.h"

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

static int placed(const struct placement *p, unsigned vcpus, bool cpu_pm, struct err *err)
{
	AUTO(fs_close) struct fs fs = { .root = -1 };
	struct vm_spec spec = { .vcpus = vcpus, .cpu_pm = cpu_pm };

	assert_int_equal(fs_open_root(&fs, "/proc/self/fdinfo", err), 0); /* a machine that says nothing */
	return vm_place_check(&fs, &spec, p, err);
}

static void test_place_check(void **state)
{
	struct placement p = { .sut_fifo = 10 };
	struct err err;

	(void) state;
	assert_int_equal(placed(NULL, 8, false, &err), 0);
	assert_int_equal(placed(&p, 8, false, &err), 0); /* anywhere */
	p.sut_cpus = cpuset_one(3);
	assert_int_equal(placed(&p, 1, false, &err), 0);
	assert_int_equal(placed(&p, 2, false, &err), -EINVAL);
	assert_non_null(strstr(err.text, "starve"));
	/* Beside the vCPU only above it; elsewhere as one likes. */
	p.emulator_cpus = cpuset_one(3);
	p.emulator_fifo = 10;
	assert_int_equal(placed(&p, 1, false, &err), -EINVAL);
	assert_non_null(strstr(err.text, "emulator"));
	p.emulator_fifo = 11;
	assert_int_equal(placed(&p, 1, false, &err), 0);
	p.emulator_fifo = 0;
	cpuset_add(&p.emulator_cpus, 0);
	assert_int_equal(placed(&p, 1, false, &err), 0);
	p.sut_fifo = 0;
	assert_int_equal(placed(&p, 2, false, &err), 0);
}

/* An idle vCPU that keeps its CPU: only where nothing else could want it. */
static void test_cpu_pm(void **state)
{
	struct placement p = { .sut_fifo = 1, .sut_cpus = cpuset_one(3) };
	struct err err;

	(void) state;
	assert_int_equal(placed(NULL, 1, true, &err), -EINVAL);
	assert_non_null(strstr(err.text, "needs a tuning"));
	assert_int_equal(placed(&p, 1, true, &err), -EINVAL);
	assert_non_null(strstr(err.text, "isolcpus=3"));
	strcpy(p.cgroup_iso, "/sys/fs/cgroup/x/iso");
	assert_int_equal(placed(&p, 1, true, &err), 0);
}

static const char *words(unsigned vcpus, bool isolate, enum vm_idle idle, enum vm_accelerator kind, bool dedicated, char why[256])
{
	static char buf[256];
	AUTO(sink_free) struct sink w = { 0 }, y = { 0 };
	struct vm_platform platform = { .accel = { .kind = kind } };
	struct vm_spec spec = { .platform = &platform, .vcpus = vcpus, .isolate = isolate, .idle = idle };

	guest_words(&spec, dedicated, &w, &y);
	snprintf(buf, sizeof(buf), "%s", w.text ? w.text : "");
	snprintf(why, 256, "%s", y.text ? y.text : "");
	return buf;
}

static void test_guest_words(void **state)
{
	char why[256];

	(void) state;
	assert_string_equal(words(4, false, VM_IDLE_HALT, VM_KVM, true, why), "");
	assert_string_equal(why, "");
	assert_string_equal(words(4, true, VM_IDLE_HALT, VM_KVM, true, why),
			    "isolcpus=managed_irq,domain,1-3 nohz_full=1-3 rcu_nocbs=1-3 irqaffinity=0 skew_tick=1");
	/* One vCPU leaves no choice. */
	assert_string_equal(words(1, true, VM_IDLE_POLL, VM_KVM, true, why), "idle=poll");
	assert_non_null(strstr(why, "it has one"));
	assert_string_equal(words(2, false, VM_IDLE_POLL, VM_KVM, false, why), "");
	assert_non_null(strstr(why, "whole CPUs"));
	assert_string_equal(words(2, false, VM_IDLE_HALTPOLL, VM_TCG, true, why), "");
	assert_non_null(strstr(why, "KVM"));
	assert_string_equal(words(2, false, VM_IDLE_HALTPOLL, VM_KVM, true, why), "cpuidle_haltpoll.force=1");
}

static int put(const char *folder, const char *name, const char *text)
{
	AUTO_FREE char *path = xprintf("%s/%s", folder, name);
	struct err err;

	return file_write_atomic(path, text, strlen(text), 0644, &err);
}

/* Which driver a card needs, by its numbers; and what is said where the guest lacks it. */
static void test_drivers(void **state)
{
	struct vm_platform p = { .drivers = "igbvf e1000e2", .kernel.version = "6.1-cloud" };
	struct vm_spec spec = { .platform = &p, .n_nics = 1, .nics = { { .kind = VM_NIC_E1000E } } };
	char root[] = "/tmp/vlat-drivers-XXXXXX";
	AUTO_FREE char *card = NULL;
	struct err err;
	struct fs fs;

	(void) state;
	assert_string_equal(driver_of(0x8086, 0x10ca), "igbvf");
	assert_string_equal(driver_of(0x15b3, 0x1018), "mlx5_core");
	assert_null(driver_of(0x1234, 0x10ca));
	assert_non_null(mkdtemp(root));
	card = xprintf("%s/sys/bus/pci/devices/0000:01:10.0", root);
	assert_int_equal(dir_make_all(card, 0755, &err), 0);
	assert_int_equal(fs_open_root(&fs, root, &err), 0);
	assert_int_equal(put(card, "vendor", "0x8086\n") | put(card, "device", "0x10ca\n"), 0);
	assert_int_equal(drivers_check(&fs, &spec, &err), -ENODEV);
	assert_non_null(strstr(err.text, "no driver e1000e, which an emulated card needs"));
	spec.nics[0] = (struct vm_nic){ .kind = VM_NIC_VFIO, .host = "0000:01:10.0" };
	assert_int_equal(drivers_check(&fs, &spec, &err), 0);
	strcpy(p.drivers, "igb");
	assert_int_equal(drivers_check(&fs, &spec, &err), -ENODEV);
	assert_non_null(strstr(err.text, "0000:01:10.0"));
	spec.kernel = "/their/own"; /* then it is theirs to have it */
	assert_int_equal(drivers_check(&fs, &spec, &err), 0);
	fs_close(&fs);
	dir_remove_all(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_panic),           cmocka_unit_test(test_tail),        cmocka_unit_test(test_explain),
		cmocka_unit_test(test_explain_silence), cmocka_unit_test(test_place_check), cmocka_unit_test(test_cpu_pm),
		cmocka_unit_test(test_guest_words),     cmocka_unit_test(test_drivers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
