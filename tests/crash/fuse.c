/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

static struct fuse fuse;
static unsigned long calls;
static char machine[80];

void fuse_machine(const char *folder)
{
	text_print(machine, sizeof(machine), "%s", folder);
}

void fuse_set(const struct fuse *f)
{
	fuse = f ? *f : (struct fuse){ 0 };
	calls = 0;
}

unsigned long fuse_calls(void)
{
	return calls;
}

void fuse_die(void)
{
	kill(getpid(), SIGKILL);
	pause();
}

enum what { NEEDS_ROOM, NEEDS_DISK };

/* Count this call; true: it fails, errno is set.  `of_machine` = about a file of the machine. */
static bool fails(enum what what, bool of_machine)
{
	bool hit;

	if (fuse.state_only && of_machine)
		return false;
	calls++;
	hit = fuse.harm == HARM_FAIL_ONCE ? calls == fuse.at : fuse.harm == HARM_FAIL_ON && calls >= fuse.at;
	if (!hit || (fuse.code == ENOSPC && what != NEEDS_ROOM))
		return false;
	errno = fuse.code;
	return true;
}

static bool burns(enum moment when)
{
	return fuse.harm == HARM_KILL && calls == fuse.at && fuse.when == when;
}

static bool is_machine(int fd)
{
	char link[40], path[256];
	ssize_t n;

	text_print(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return machine[0] && text_starts(path, machine);
}

long __real_syscall(long nr, ...);
long __wrap_syscall(long nr, ...);
long __wrap_syscall(long nr, ...)
{
	struct open_how how;
	long a[4];
	va_list ap;

	va_start(ap, nr);
	for (size_t i = 0; i < ARRAY_SIZE(a); i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (nr == SYS_openat2) {
		how = *(const struct open_how *) a[2];
		how.flags &= ~(unsigned long long) O_TRUNC;
		a[2] = (long) &how;
	}
	return __real_syscall(nr, a[0], a[1], a[2], a[3]);
}

/* By its name, or by the descriptor of a file that was looked at before it is opened. */
static bool leads_to_machine(const char *path)
{
	static const char self[] = "/proc/self/fd/";

	return text_starts(path, self) ? is_machine(atoi(path + strlen(self))) : machine[0] && text_starts(path, machine);
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return __real_open64(path, leads_to_machine(path) ? flags & ~O_TRUNC : flags, mode);
}

ssize_t __real_write(int fd, const void *buf, size_t n);
int __real_ftruncate64(int fd, off_t size);
ssize_t __wrap_write(int fd, const void *buf, size_t n);
ssize_t __wrap_write(int fd, const void *buf, size_t n)
{
	bool kernel = is_machine(fd);
	ssize_t r;

	if (fd <= 2) /* what the test says itself */
		return __real_write(fd, buf, n);
	if (fails(NEEDS_ROOM, kernel))
		return -1;
	if (burns(BEFORE) || (kernel && burns(HALF)))
		fuse_die();
	if (burns(HALF)) {
		r = __real_write(fd, buf, n / 2);
		fuse_die();
	}
	r = __real_write(fd, buf, n);
	if (kernel && r >= 0 && __real_ftruncate64(fd, r) < 0)
		abort();
	if (burns(AFTER))
		fuse_die();
	return r;
}

#define WRAP(name, what, of_machine, params, args)                                                                               \
	int __real_##name params;                                                                                                \
	int __wrap_##name params;                                                                                                \
	int __wrap_##name params                                                                                                 \
	{                                                                                                                        \
		int r;                                                                                                           \
                                                                                                                                 \
		if (fails(what, of_machine))                                                                                     \
			return -1;                                                                                               \
		if (burns(BEFORE) || burns(HALF))                                                                                \
			fuse_die();                                                                                              \
		r = __real_##name args;                                                                                          \
		if (burns(AFTER))                                                                                                \
			fuse_die();                                                                                              \
		return r;                                                                                                        \
	}

WRAP(fdatasync, NEEDS_DISK, is_machine(fd), (int fd), (fd))
WRAP(fsync, NEEDS_DISK, is_machine(fd), (int fd), (fd))
WRAP(ftruncate64, NEEDS_DISK, is_machine(fd), (int fd, off_t size), (fd, size))
WRAP(mkdir, NEEDS_ROOM, leads_to_machine(path), (const char *path, mode_t mode), (path, mode))
WRAP(rename, NEEDS_DISK, leads_to_machine(to), (const char *from, const char *to), (from, to))
WRAP(unlink, NEEDS_DISK, leads_to_machine(path), (const char *path), (path))
WRAP(rmdir, NEEDS_DISK, leads_to_machine(path), (const char *path), (path))
WRAP(unlinkat, NEEDS_DISK, is_machine(dir), (int dir, const char *path, int flags), (dir, path, flags))
