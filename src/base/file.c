/* SPDX-License-Identifier: Apache-2.0 */
/* Files and folders of vlat's own: written whole or not at all, removed without ever leaving their tree. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t) n;
	}
	return 0;
}

/* The rename is only as durable as the folder that holds the name. */
static int sync_parent(const char *path)
{
	AUTO_FREE char *copy = xstrdup(path);
	AUTO_CLOSE int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	/* Some filesystems (FUSE, 9p) have no fsync of folders. */
	return fsync(fd) < 0 && errno != EINVAL && errno != EROFS ? -errno : 0;
}

static int fill_file(int fd, const void *data, size_t len, unsigned mode)
{
	int r = fchmod(fd, (mode_t) mode) < 0 ? -errno : write_all(fd, data, len);

	if (r < 0)
		return r;
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

int file_write_atomic(const char *path, const void *data, size_t len, unsigned mode, struct err *err)
{
	AUTO_FREE char *temp = xprintf("%s.XXXXXX", path);
	AUTO_CLOSE int fd = mkostemp(temp, O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_sys(err, -errno, "cannot create a file beside %s", path);
	r = fill_file(fd, data, len, mode);
	if (r == 0 && rename(temp, path) < 0)
		r = -errno;
	if (r < 0) {
		unlink(temp);
		return err_sys(err, r, "cannot write %s", path);
	}
	r = sync_parent(path);
	return r < 0 ? err_sys(err, r, "cannot sync the folder of %s", path) : 0;
}

int dir_make_all(const char *path, unsigned mode, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(path);
	struct stat st;

	for (char *p = copy + (*copy == '/');; p++) {
		char was = *p;

		if (was != '/' && was != '\0')
			continue;
		*p = '\0';
		if (*copy && mkdir(copy, (mode_t) mode) < 0 && errno != EEXIST)
			return err_sys(err, -errno, "cannot make the folder %s", copy);
		*p = was;
		if (was == '\0')
			break;
	}
	if (stat(path, &st) < 0)
		return err_sys(err, -errno, "cannot look at %s", path);
	return S_ISDIR(st.st_mode) ? 0 : err_set(err, -ENOTDIR, "%s is there, but is no folder", path);
}

/* A folder below dir on the same mount, not through a link: -EXDEV and -ELOOP otherwise. */
static int open_below(int dir, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
	};
	long fd = syscall(SYS_openat2, dir, name, &how, sizeof(how));

	return fd < 0 ? -errno : (int) fd;
}

static int empty_dir(int dir_fd, unsigned depth);

static int remove_below(int dir, const char *name, unsigned depth)
{
	AUTO_CLOSE int sub = -1;
	int r;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	sub = open_below(dir, name);
	if (sub < 0)
		return sub == -ENOTDIR ? -EPERM : sub;
	r = empty_dir(sub, depth + 1);
	if (r < 0)
		return r;
	return unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

/* Goes on after a failure, so that as much as possible is gone; the first failure is the answer. */
static int empty_dir(int dir_fd, unsigned depth)
{
	int fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0), first = 0;
	AUTO_DIR DIR *dir = NULL;
	const struct dirent *e;

	if (depth > 64 || fd < 0)
		return depth > 64 ? -ELOOP : -errno;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((e = readdir(dir))) {
		int r;

		if (text_eq(e->d_name, ".") || text_eq(e->d_name, ".."))
			continue;
		r = remove_below(dir_fd, e->d_name, depth);
		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

int dir_remove_all(const char *path)
{
	AUTO_CLOSE int dir = -1;
	int r;

	if (path[0] != '/' || text_eq(path, "/"))
		return -EINVAL;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? 0 : -errno;
	r = empty_dir(dir, 0);
	if (r < 0)
		return r;
	return rmdir(path) < 0 && errno != ENOENT ? -errno : 0;
}
