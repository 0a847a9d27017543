/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/bzimage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define MAGIC_AT   0x202 /* "HdrS" */
#define VERSION_AT 0x20e /* 16 bit: where the version text is, less 0x200 */

int bzimage_version(const void *head, size_t len, char *buf, size_t cap, struct err *err)
{
	const unsigned char *p = head;
	size_t at, n = 0;

	if (len < VERSION_AT + 2 || memcmp(p + MAGIC_AT, "HdrS", 4) != 0)
		return err_set(err, -ENOEXEC, "not a Linux kernel for x86 (a bzImage, as distributions put in /boot/vmlinuz-*)");
	at = 0x200u + (size_t) (p[VERSION_AT] | p[VERSION_AT + 1] << 8);
	if (at == 0x200u || at >= len)
		return err_set(err, -ENOEXEC, "a Linux kernel that does not tell its version");
	while (at + n < len && p[at + n] > ' ' && p[at + n] < 0x7f)
		n++;
	if (n == 0 || n >= cap || at + n == len)
		return err_set(err, -ENOEXEC, "a Linux kernel that does not tell its version");
	memcpy(buf, p + at, n);
	buf[n] = '\0';
	if (strchr(buf, '/') || text_starts(buf, ".")) /* it becomes part of a path */
		return err_set(err, -ENOEXEC, "a Linux kernel with the strange version '%s'", buf);
	return 0;
}

int bzimage_file_version(const char *path, char *buf, size_t cap, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	AUTO_FREE char *head = malloc(BZIMAGE_HEAD);
	ssize_t n;

	if (!head)
		return err_set(err, -ENOMEM, "out of memory");
	if (fd < 0)
		return err_sys(err, -errno, "cannot read kernel %s", path);
	n = read(fd, head, BZIMAGE_HEAD);
	if (n < 0)
		return err_sys(err, -errno, "cannot read kernel %s", path);
	if (bzimage_version(head, (size_t) n, buf, cap, err) < 0)
		return err_in(err, "kernel %s", path);
	return 0;
}
