/* SPDX-License-Identifier: Apache-2.0 */
/* make-host NAME FILE.tar.zst: a machine of big.h as a capture, for what measures how long inspect and audit take. */
#include <stdio.h>

#include "big.h"
#include "capture/capture.h"

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 3 && i < sizeof(big_hosts) / sizeof(big_hosts[0]); i++) {
		struct capture_sum sum;
		struct err err = { 0 };
		struct fs fs;
		int r;

		if (!text_eq(argv[1], big_hosts[i].name))
			continue;
		big_open(&big_hosts[i], &fs);
		r = capture_write(&fs, argv[2], false, &sum, &err);
		fs_close(&fs);
		if (r < 0)
			fprintf(stderr, "make-host: %s\n", err.text);
		return r < 0;
	}
	fprintf(stderr, "usage: make-host NAME FILE.tar.zst, NAME one of:\n");
	for (size_t i = 0; i < sizeof(big_hosts) / sizeof(big_hosts[0]); i++)
		fprintf(stderr, "  %s\n", big_hosts[i].name);
	return 2;
}
