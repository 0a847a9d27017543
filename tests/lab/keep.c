/* SPDX-License-Identifier: Apache-2.0 */
/* A tuning that stays while a driver is loaded again and CPUs go and come; the guard beside it. */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "lab_test.h"

static const char *vlat; /* argv of the program, set once by main() */

static void test_keep(void)
{
	struct lab_said s = LAB("--kernel", "backports", "--nic", "igb", "--cpus", "4", "--timeout", "10m", "--", "sh",
				SOURCE_ROOT "/tests/lab/keep.sh", vlat);

	printf("%s%s", s.out, s.err);
	lab_exited(&s, 0);
	lab_is(lab_value(&s, "tuned"), "0");
	check(atoi(lab_value(&s, "irqs")) > 1);
	lab_is(lab_value(&s, "astray-tuned"), "0");
	check(atoi(lab_value(&s, "astray-came")) > 0); /* or nothing was to be done */
	lab_is(lab_value(&s, "astray-later"), "0");
	lab_is(lab_value(&s, "default"), "f"); /* somebody's, and left so */
	lab_has(lab_value(&s, "broken"), "2-3");
	lab_is(lab_value(&s, "astray-offline"), "0");
	lab_is(lab_value(&s, "partition"), "isolated");
	lab_is(lab_value(&s, "guard-cpus"), "0");
	lab_is(lab_value(&s, "guard-listens"), "yes");
	lab_is(lab_value(&s, "trace-events"), "4");
	lab_is(lab_value(&s, "guard-looks"), "yes");
	check(atoi(lab_value(&s, "guard-ran")) > 0);
	lab_is(lab_value(&s, "guard-disturbs"), "0");
	check(atoi(lab_value(&s, "shell-disturbs")) > 0); /* or the tracer would see nothing of the guard either */
	lab_is(lab_value(&s, "guard-threads"), "0");
	lab_is(lab_value(&s, "guard-children"), "0");
	lab_is(lab_value(&s, "guard"), "0");
	lab_is(lab_value(&s, "verify"), "1");
	lab_is(lab_value(&s, "differs"), "1");
	lab_is(lab_value(&s, "differs-default"), "yes");
	lab_is(lab_value(&s, "revert"), "0");
	lab_is(lab_value(&s, "left"), "0");
	lab_said_free(&s);
}

static const struct lab_test tests[] = {
	{ "keep", test_keep },
};

int main(int argc, char **argv)
{
	/* VLAT-LAB VLAT [TEST] */
	check(argc > 2);
	vlat = argv[2];
	argv[2] = argv[1];
	return lab_main(argc - 1, argv + 1, tests, ARRAY_SIZE(tests));
}
