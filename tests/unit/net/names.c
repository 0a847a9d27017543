/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused before anything is opened, and the small texts. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "net/link.h"
#include "net/netns.h"
#include "net/offload.h"

static void test_mac(void **state)
{
	static const char *const bad[] = { "", "02:00:00:00:00", "02:00:00:00:00:0", "02:00:00:00:00:0g", "2:0:0:0:0:1",
					   "02:00:00:00:00:01:", "02:00:00:00:00:01 ", "02-00-00-00-00-01", "020:0:00:00:00:01" };
	struct mac mac = { { 9, 9, 9, 9, 9, 9 } };
	char text[18];

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(mac_parse(bad[i], &mac), -EINVAL);
		assert_int_equal(mac.at[0], 9);
	}
	assert_int_equal(mac_parse("02:76:6C:61:74:0f", &mac), 0);
	assert_string_equal(mac_text(&mac, text), "02:76:6c:61:74:0f");
}

/* Names that could lead out of /run/netns, or that no file can have. */
static void test_netns_names(void **state)
{
	static const char *const bad[] = { "", "../x", "a/b", ".", "..", "-x", "a b",
					   "0123456789012345678901234567890123456789012345678901234567890123456789" };

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = { 0 };
		int fd = -1;

		assert_true(netns_open(bad[i], &fd, &e) < 0);
		assert_int_equal(e.code, -EINVAL);
		assert_int_equal(netns_make(NULL, bad[i], &fd, &(struct err) { 0 }), -EINVAL);
		assert_int_equal(netns_delete(bad[i], &(struct err) { 0 }), -EINVAL);
		assert_int_equal(fd, -1);
	}
}

static int never(void *arg, struct err *err)
{
	(void) arg;
	(void) err;
	fail();
	return 0;
}

/* A fd that is no namespace: the function must not run where the caller is. */
static void test_not_a_namespace(void **state)
{
	struct err e = { 0 };

	(void) state;
	assert_int_equal(netns_run(-1, never, NULL, &e), -EBADF);
	assert_int_equal(netns_run(STDIN_FILENO, never, NULL, &e), -EINVAL);
	assert_int_equal(e.code, -EINVAL);
}

static void test_offloads(void **state)
{
	const struct offload *t;
	size_t n;

	(void) state;
	t = offload_table(&n);
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(offload_find(t[i].name), &t[i]);
		assert_true(i == 0 || strcmp(t[i - 1].name, t[i].name) < 0);
	}
	assert_null(offload_find("warp"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mac),
		cmocka_unit_test(test_netns_names),
		cmocka_unit_test(test_not_a_namespace),
		cmocka_unit_test(test_offloads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
