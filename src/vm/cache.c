/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/stop.h"
#include "base/text.h"

#define SCRATCH "making-"

static const char *env(const char *name)
{
	const char *v = getenv(name);

	return v && *v == '/' ? v : NULL;
}

static bool cache_root(char *buf, size_t cap)
{
	if (env("VLAT_CACHE"))
		return !text_print(buf, cap, "%s", env("VLAT_CACHE"));
	if (geteuid() == 0)
		return !text_print(buf, cap, "/var/cache/vlat");
	if (env("XDG_CACHE_HOME"))
		return !text_print(buf, cap, "%s/vlat", env("XDG_CACHE_HOME"));
	return env("HOME") && !text_print(buf, cap, "%s/.cache/vlat", env("HOME"));
}

int cache_dir(const char *kind, char *buf, size_t cap, struct err *err)
{
	char root[512];
	int r;

	if (!cache_root(root, sizeof(root)) || text_print(buf, cap, "%s/%s", root, kind))
		return err_set(err, -ENAMETOOLONG, "no usable cache folder: set VLAT_CACHE to an absolute path");
	r = dir_make_all(buf, 0755, err);
	if (r < 0)
		return err_in(err, "cache folder (VLAT_CACHE names another one)");
	if (access(buf, W_OK | X_OK) < 0)
		return err_sys(err, -errno, "cannot write to the cache folder %s: set VLAT_CACHE to another one", buf);
	return 0;
}

int cache_lock(const char *dir, uint64_t deadline_ns, int *ret_fd, struct err *err)
{
	char path[600];
	AUTO_CLOSE int fd = -1;

	if (text_print(path, sizeof(path), "%s/lock", dir))
		return err_set(err, -ENAMETOOLONG, "cache folder %s: the path is too long", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(err, -errno, "cannot open %s", path);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, -errno, "cannot lock %s", path);
		if (clock_ns() >= deadline_ns)
			return err_set(err, -ETIME, "another vlat has been filling %s for too long: wait for it, or end it", dir);
		if (stop_sleep(50 * NS_PER_MS) < 0)
			return err_set(err, -EINTR, "interrupted while waiting for another vlat");
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int cache_scratch(const char *dir, char *buf, size_t cap, struct err *err)
{
	cache_prune(dir, SCRATCH, 0); /* the lock is ours, so whoever made them is dead */
	if (text_print(buf, cap, "%s/" SCRATCH "XXXXXX", dir))
		return err_set(err, -ENAMETOOLONG, "cache folder %s: the path is too long", dir);
	if (!mkdtemp(buf))
		return err_sys(err, -errno, "cannot make a folder in %s", dir);
	/* The package tool may drop its privileges before it writes here. */
	return chmod(buf, 0755) < 0 ? err_sys(err, -errno, "cannot open up %s", buf) : 0;
}

void cache_prune(const char *dir, const char *prefix, uint64_t age_ns)
{
	AUTO_DIR DIR *d = opendir(dir);

	for (struct dirent *e; d && (e = readdir(d));) {
		char path[900];
		struct stat st;

		if (!text_starts(e->d_name, prefix) || text_print(path, sizeof(path), "%s/%s", dir, e->d_name) ||
		    lstat(path, &st) < 0)
			continue;
		if ((uint64_t) st.st_mtim.tv_sec * NS_PER_S + age_ns > clock_wall_ns())
			continue;
		if (S_ISDIR(st.st_mode))
			dir_remove_all(path);
		else
			unlink(path);
	}
}

uint64_t cache_hash(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3ull;
	return h;
}
