/* SPDX-License-Identifier: Apache-2.0 */
/* What resets the card of the default route: refused, put back by a clock, confirmed, reverted, and reverted after a kill. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "lab_test.h"

static const char *vlat; /* argv of the program, set once by main() */

static void is_refused(const char *said)
{
	check(text_starts(said, "2 "));
	lab_has(said, "net.ring would reset the network card eth0");
	lab_has(said, "the default route leaves by it, by way of br0");
	lab_has(said, "--confirm-within");
}

static void test_nic(void)
{
	struct lab_said s = LAB("--kernel", "backports", "--nic", "igb", "--cpus", "2", "--timeout", "10m", "--", "sh",
				SOURCE_ROOT "/tests/lab/nic.sh", vlat);

	printf("%s%s", s.out, s.err);
	lab_exited(&s, 0);
	lab_is(lab_value(&s, "ring-before"), "256");
	is_refused(lab_value(&s, "refused"));
	lab_is(lab_value(&s, "ring-refused"), "256");
	lab_is(lab_value(&s, "runs-refused"), "0");
	lab_is(lab_value(&s, "ring-unconfirmed"), "256");
	lab_is(lab_value(&s, "runs-unconfirmed"), "0");
	lab_is(lab_value(&s, "history"), "1");
	lab_is(lab_value(&s, "tuned"), "0");
	lab_is(lab_value(&s, "clock"), "own 0");
	lab_is(lab_value(&s, "confirmed"), "0");
	lab_is(lab_value(&s, "ring-confirmed"), "512");
	lab_is(lab_value(&s, "revert"), "0");
	lab_is(lab_value(&s, "ring-reverted"), "256");
	lab_is(lab_value(&s, "again"), "0");
	lab_is(lab_value(&s, "ring-killed"), "512");
	lab_is(lab_value(&s, "revert-killed"), "0");
	lab_is(lab_value(&s, "ring-end"), "256");
	lab_is(lab_value(&s, "status-without"), "0"); /* a card that is gone was changed by nobody */
	lab_is(lab_value(&s, "ring-again"), "512");
	lab_is(lab_value(&s, "status-again"), "0");
	check(text_starts(lab_value(&s, "status-forgotten"), "1 "));
	lab_has(lab_value(&s, "status-forgotten"), "drifted  network card eth0");
	lab_is(lab_value(&s, "ring-remembered"), "512");
	lab_is(lab_value(&s, "revert-again"), "0");
	lab_is(lab_value(&s, "ring-back"), "256");
	lab_is(lab_value(&s, "revert-reloaded"), "0"); /* the driver has forgotten it: so it is as it was */
	lab_is(lab_value(&s, "ring-reloaded"), "256");
	lab_is(lab_value(&s, "runs-left"), "0");
	lab_said_free(&s);
}

static const struct lab_test tests[] = {
	{ "nic", test_nic },
};

int main(int argc, char **argv)
{
	/* VLAT-LAB VLAT [TEST] */
	check(argc > 2);
	vlat = argv[2];
	argv[2] = argv[1];
	return lab_main(argc - 1, argv + 1, tests, ARRAY_SIZE(tests));
}
