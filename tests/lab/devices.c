/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual functions, whole cards and VFIO on a card that is real to the kernel: lab_devices_inside does it, in the lab. */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "lab_test.h"

int main(int argc, char **argv)
{
	AUTO_FREE char *self = realpath("/proc/self/exe", NULL);
	AUTO_FREE char *inside = NULL;
	struct lab_said s;

	lab_begin(argc, argv);
	check(self);
	inside = xprintf("%s/lab_devices_inside", dirname(self));
	s = LAB("--kernel", "backports", "--nic", "igb,virtio", "--timeout", "8m", "--", inside);
	fputs(s.out, stdout);
	fputs(s.err, stderr);
	lab_exited(&s, 0);
	lab_has(s.out, "all devices are as they were");
	lab_said_free(&s);
	return 0;
}
