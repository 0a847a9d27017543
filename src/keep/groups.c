/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/groups.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/text.h"

int groups_open(const char *dir, int *ret_fd, struct err *err)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), r;

	if (fd >= 0 && inotify_add_watch(fd, dir, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) >= 0) {
		*ret_fd = fd;
		return 0;
	}
	r = -errno;
	if (fd >= 0)
		close(fd);
	return err_sys(err, r, "%s cannot be watched", dir);
}

/* The events of one read; a name is padded with NULs. */
static int each_of(const char *buf, size_t n, groups_came_fn *came, void *arg)
{
	struct inotify_event e;
	char name[NAME_MAX + 1];
	int r = 0;

	for (size_t at = 0; at + sizeof(e) <= n; at += sizeof(e) + e.len) {
		memcpy(&e, buf + at, sizeof(e));
		if (e.mask & IN_Q_OVERFLOW)
			r = -ENOBUFS;
		else if (e.mask & IN_ISDIR && e.len && e.len <= n - at - sizeof(e) &&
			 !text_print(name, sizeof(name), "%.*s", (int) e.len, buf + at + sizeof(e)))
			came(arg, name);
	}
	return r;
}

int groups_hear(int fd, groups_came_fn *came, void *arg)
{
	char buf[4096];
	ssize_t n;
	int r = 0;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		r = each_of(buf, (size_t) n, came, arg) < 0 ? -ENOBUFS : r;
	return r;
}
