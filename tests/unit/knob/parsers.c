/* SPDX-License-Identifier: Apache-2.0 */
/* Wants, QEMU's words, numa_maps, names of containers' groups: what is taken and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "knob/containers.h"
#include "knob/numa_maps.h"
#include "knob/qemu.h"
#include "knob/role.h"

static void test_want_met(void **state)
{
	static const struct {
		enum value_form form;
		const char *now, *want;
		bool met;
	} rows[] = {
		{ VALUE_NUMBER, "0", "0", true },
		{ VALUE_NUMBER, "N", "0", true },
		{ VALUE_NUMBER, "Y\n", "1", true },
		{ VALUE_NUMBER, "1", "0", false },
		{ VALUE_NUMBER, "600", "0|>=600", true },
		{ VALUE_NUMBER, "0", "0|>=600", true },
		{ VALUE_NUMBER, "120", "0|>=600", false },
		{ VALUE_NUMBER, "-1", ">=10", false },
		{ VALUE_NUMBER, "ten", ">=10", false },
		{ VALUE_NUMBER, "", ">=10", false },
		{ VALUE_NUMBER, "99999999999999999999", ">=10", false },
		{ VALUE_NUMBER, "-1", "!0", true },
		{ VALUE_NUMBER, "N", "!0", false },
		{ VALUE_NUMBER, "3\t4\t1\t7", "3 4 1 7", true },
		{ VALUE_CHOICE, "always [madvise] never", "madvise|never", true },
		{ VALUE_CHOICE, "[always] madvise never", "madvise|never", false },
		{ VALUE_CPULIST, "2-7", ">=2,3,4", true },
		{ VALUE_CPULIST, "2", ">=2-3", false },
		{ VALUE_CPULIST, "", ">=2-3", false },
		{ VALUE_CPULIST, "0-1", "<=0-3", true },
		{ VALUE_CPULIST, "0-4", "<=0-3", false },
		{ VALUE_CPULIST, "0-1", "^2-3", true },
		{ VALUE_CPULIST, "0-2", "^2-3", false },
		{ VALUE_CPULIST, "(null)", "^2-3", false },
		{ VALUE_CPUMASK, "00000003", "^c", true },
		{ VALUE_CPUMASK, "ff", "^c", false },
		{ VALUE_CPULIST, "", "", true },
		{ VALUE_CPULIST, "3", "", false },
		{ VALUE_TEXT, "anything at all", "?", true },
		{ VALUE_TEXT, "poll", "!poll", false },
		{ VALUE_TEXT, "halt", "!poll", true },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (want_met(rows[i].form, rows[i].now, rows[i].want) != rows[i].met)
			fail_msg("\"%s\" against \"%s\" is not %d", rows[i].now, rows[i].want, rows[i].met);
	}
}

static void words_are(const char *want, const char *words, const char *literal)
{
	char buf[128];

	assert_string_equal(want_words(want, buf, sizeof(buf)), words);
	assert_string_equal(want_literal(want, buf, sizeof(buf)), literal);
}

static void test_want_words(void **state)
{
	(void) state;
	words_are("0", "0", "0");
	words_are("madvise|never", "madvise or never", "madvise");
	words_are(">=10", "at least 10", "10");
	words_are("0|>=600", "0 or at least 600", "0");
	words_are("<=0-3", "at most 0-3", "0-3");
	words_are("!off", "not off", "");
	words_are("^2-3", "without 2-3", "");
	words_are("", "not given", "");
}

static void test_roles(void **state)
{
	enum role r = ROLE_GUEST;

	(void) state;
	assert_true(role_parse("realtime", &r) && r == ROLE_REALTIME);
	assert_false(role_parse("real-time", &r));
	assert_int_equal(r, ROLE_REALTIME);
	assert_int_equal(severity_of(0), SEVERITY_INFO);
	assert_int_equal(severity_of(3), SEVERITY_LOW);
	assert_int_equal(severity_of(4), SEVERITY_MEDIUM);
	assert_int_equal(severity_of(7), SEVERITY_HIGH);
}

static void test_qemu_argv(void **state)
{
	static const char text[] = "qemu-system-x86_64\0-cpu\0host,pmu=off\0-name\0guest=a,,b,debug-threads=on\0--cpu\0max";
	struct qemu q = { 0 };
	char buf[64];
	size_t at = 0;

	(void) state;
	q.argc = qemu_line_words(text, sizeof(text) - 1, &q.argv);
	assert_int_equal(q.argc, 7);
	assert_string_equal(q.argv[6], "max");
	assert_null(q.argv[7]);
	assert_string_equal(qemu_option(&q, "cpu", &at), "host,pmu=off");
	assert_string_equal(qemu_option(&q, "cpu", &at), "max");
	assert_null(qemu_option(&q, "cpu", &at));
	assert_true(qemu_value(&q, "name", "guest", buf, sizeof(buf)));
	assert_string_equal(buf, "a,b");
	assert_true(qemu_value(&q, "cpu", "pmu", buf, sizeof(buf)));
	assert_string_equal(buf, "off");
	assert_false(qemu_value(&q, "machine", "hpet", buf, sizeof(buf)));
	free(q.argv);
	/* A process that has rewritten its command line: nothing, or no NUL at all. */
	assert_int_equal(qemu_line_words("", 0, &q.argv), 0);
	assert_null(q.argv[0]);
	free(q.argv);
	assert_int_equal(qemu_line_words("abc", 3, &q.argv), 1);
	assert_string_equal(q.argv[0], "abc");
	free(q.argv);
}

static void test_qemu_key(void **state)
{
	char buf[16] = "kept";

	(void) state;
	assert_true(qemu_key("host,+invtsc,-hle", "invtsc", buf, sizeof(buf)));
	assert_string_equal(buf, "on");
	assert_true(qemu_key("host,+invtsc,-hle", "hle", buf, sizeof(buf)));
	assert_string_equal(buf, "off");
	assert_true(qemu_key("host,migratable=no", "", buf, sizeof(buf)));
	assert_string_equal(buf, "host");
	assert_false(qemu_key("type=q35", "", buf, sizeof(buf)));
	assert_false(qemu_key("tap,queuesize=4", "queues", buf, sizeof(buf)));
	assert_false(qemu_key("", "x", buf, sizeof(buf)));
	/* The last one counts; what does not fit is not half taken. */
	assert_true(qemu_key("a=1,a=2", "a", buf, sizeof(buf)));
	assert_string_equal(buf, "2");
	assert_false(qemu_key("a=0123456789abcdef", "a", buf, sizeof(buf)));
}

static void test_numa_maps(void **state)
{
	struct numa_maps m;

	(void) state;
	numa_maps_parse("7f00 default file=/memfd:m huge anon=512 dirty=512 N0=500 N1=12 kernelpagesize_kB=2048\n"
			"5500 default anon=3 N1=3 kernelpagesize_kB=4\n"
			"5600 default heap N99=5 N1=x Nx=4 kernelpagesize_kB=4\n"
			"garbage without end",
			&m);
	assert_int_equal(m.kb[0], 500 * 2048);
	assert_int_equal(m.kb[1], 12 * 2048 + 3 * 4);
	assert_int_equal(m.huge_kb, 512 * 2048);
	assert_int_equal(m.largest_kb, 512 * 2048);
	assert_int_equal(m.largest_node_kb[1], 12 * 2048);
	numa_maps_parse("", &m);
	assert_int_equal(m.largest_kb, 0);
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_container_names(void **state)
{
	struct container_fact c = { 0 };

	(void) state;
	assert_true(container_name("docker-" ID ".scope", "system.slice", &c));
	assert_string_equal(c.engine, "docker");
	assert_string_equal(c.id, ID);
	assert_true(container_name("libpod-" ID ".scope", "user.slice", &c));
	assert_string_equal(c.engine, "podman");
	assert_true(container_name("cri-containerd-" ID ".scope", "kubepods-pod1.slice", &c));
	assert_string_equal(c.engine, "containerd");
	assert_true(container_name(ID, "docker", &c));
	assert_true(container_name("lxc.payload.web", "", &c));
	assert_string_equal(c.id, "web");
	assert_true(container_name("machine-web\\x2d1.scope", "machine.slice", &c));
	assert_string_equal(c.engine, "systemd-nspawn");
	assert_string_equal(c.id, "web\\x2d1");
	assert_true(container_name("systemd-nspawn@deb.service", "machine.slice", &c));
	assert_string_equal(c.engine, "systemd-nspawn");
	assert_string_equal(c.id, "deb");
	assert_true(container_name(ID, "kubepods-pod1", &c));
	assert_string_equal(c.engine, "containerd");
	assert_false(container_name("systemd-nspawn@.service", "machine.slice", &c));
	assert_false(container_name("machine-qemu\\x2d1\\x2dweb.scope", "machine.slice", &c));
	assert_false(container_name("machine-web.slice", "", &c));
	assert_false(container_name(ID, "somewhere", &c));
	assert_false(container_name("libpod-conmon-" ID ".scope", "user.slice", &c));
	assert_false(container_name("docker.service", "system.slice", &c));
	assert_false(container_name("docker-0123.scope", "system.slice", &c));
	assert_false(container_name("lxc.payload.", "", &c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_want_met),        cmocka_unit_test(test_want_words), cmocka_unit_test(test_roles),
		cmocka_unit_test(test_qemu_argv),       cmocka_unit_test(test_qemu_key),   cmocka_unit_test(test_numa_maps),
		cmocka_unit_test(test_container_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
