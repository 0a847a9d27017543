/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "report/bootline.h"

static void expect(const char *cmdline, const char *wanted)
{
	AUTO_FREE char *got = bootline_public(cmdline);

	if (wanted)
		assert_string_equal(got, wanted);
	else
		assert_null(got);
}

static void test_what_bears_on_timing(void **state)
{
	(void) state;
	expect("", NULL);
	expect(" \n", NULL);
	expect("isolcpus=1 nohz_full=1\n", "isolcpus=1 nohz_full=1");
	expect("kvm.halt_poll_ns=0  rcutree.kthread_prio=11", "kvm.halt_poll_ns=0 rcutree.kthread_prio=11");
}

/* What names a disk, a person or a secret stays in study.json. */
static void test_the_rest_is_counted(void **state)
{
	(void) state;
	expect("root=UUID=11-22 ro quiet", "3 parameters that do not bear on timing");
	expect("root=/dev/sda1 mitigations=off", "mitigations=off, and 1 parameter that does not bear on timing");
	/* Only whole names: no prefix, nothing behind the sign of equality. */
	expect("isolcpusx=1 x=isolcpus tscx kvm", "4 parameters that do not bear on timing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_bears_on_timing),
		cmocka_unit_test(test_the_rest_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
