/* SPDX-License-Identifier: Apache-2.0 */
/* An archive from anybody, given to --root: opened, read as a machine, or refused by a sentence. */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"
#include "capture/capture.h"
#include "host/facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine_facts m;
	struct err err = { 0 };
	struct fs fs;
	char path[40];
	int fd = memfd_create("archive", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t) size)
		abort();
	text_print(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (capture_open(&fs, path, &err) < 0) {
		if (!err.code || !err.text[0])
			abort(); /* the contract: a failure comes with a sentence */
	} else {
		if (fs.root >= 0 || fs.live)
			abort(); /* nothing of the archive is on a disk */
		if (machine_facts_read(&fs, &m, &err) == 0)
			machine_facts_free(&m);
		fs_close(&fs);
	}
	close(fd);
	return 0;
}
