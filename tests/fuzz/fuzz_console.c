/* SPDX-License-Identifier: Apache-2.0 */
/* A guest writes what it likes on its console: nothing of it may reach a terminal as a command. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vm/vm_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("console", MFD_CLOEXEC);
	char why[32], *tail;

	if (fd < 0 || write(fd, data, size) != (ssize_t) size)
		abort();
	tail = tail_text(fd, 300);
	for (const char *p = tail; *p; p++) {
		if ((unsigned char) *p < ' ' && *p != '\n')
			abort();
	}
	if (console_panic((const char *) data, size, why, sizeof(why)) && strlen(why) >= sizeof(why))
		abort();
	free(tail);
	close(fd);
	return 0;
}
