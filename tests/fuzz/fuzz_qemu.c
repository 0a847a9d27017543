/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of a process that calls itself QEMU: any bytes at all. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "knob/qemu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const options[] = { "cpu", "name", "object", "netdev", "machine", "a" };
	static const char *const keys[] = { "", "guest", "pmu", "x" };
	struct qemu q = { 0 };
	char buf[32];

	q.argc = qemu_line_words((const char *) data, size, &q.argv);
	if (q.argv[q.argc] || q.argc > size)
		abort();
	for (size_t o = 0; o < sizeof(options) / sizeof(options[0]); o++) {
		size_t at = 0, times = 0;

		while (qemu_option(&q, options[o], &at)) {
			if (++times > q.argc)
				abort();
		}
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
			memset(buf, 'x', sizeof(buf));
			if (qemu_value(&q, options[o], keys[k], buf, sizeof(buf)) && strlen(buf) >= sizeof(buf))
				abort();
		}
	}
	free(q.argv);
	return 0;
}
