/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of fs.h that read folders, lines, and what is no file. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/fs_kept.h"
#include "base/fs_tree.h"
#include "base/text.h"
#include "base/vec.h"

/* "cpu2" before "cpu10". */
static int by_version(const void *a, const void *b)
{
	return strverscmp(*(char *const *) a, *(char *const *) b);
}

static bool wanted(const struct fs *fs, const char *path, const struct dirent64 *e, bool folders_only)
{
	char sub[512];

	if (text_eq(e->d_name, ".") || text_eq(e->d_name, ".."))
		return false;
	if (!folders_only || e->d_type == DT_DIR)
		return true;
	return e->d_type == DT_UNKNOWN && !text_print(sub, sizeof(sub), "%s/%s", path, e->d_name) && fs_is_dir(fs, sub);
}

/* Without the C library's stream of a folder, which asks two things more of the kernel and takes 32 kB. */
static int list(const struct fs *fs, const char *path, bool folders_only, struct fs_names *ret)
{
	AUTO_CLOSE int fd = fs_open(fs, path, O_RDONLY | O_DIRECTORY);
	VEC(char *) names = { 0 };
	_Alignas(struct dirent64) char buf[8192];
	ssize_t n = 0;

	if (fd < 0)
		return fd;
	while ((n = getdents64(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *e = (const void *) (buf + at);

			if (wanted(fs, path, e, folders_only))
				*vec_add(&names) = xstrdup(e->d_name);
			at += e->d_reclen;
		}
	}
	*ret = (struct fs_names){ .at = names.at, .n = names.n };
	return 0;
}

static int list_sorted(const struct fs *fs, const char *path, bool folders_only, struct fs_names *ret)
{
	int r = fs->tree ? fs_missed(fs, path, fs_tree_list(fs->tree, path, folders_only, ret))
			 : list(fs, path, folders_only, ret);

	if (r == 0 && ret->n)
		qsort(ret->at, ret->n, sizeof(*ret->at), by_version);
	return r;
}

int fs_list_past(const struct fs *fs, const char *path, struct fs_names *ret)
{
	return list_sorted(fs, path, false, ret);
}

int fs_list(const struct fs *fs, const char *path, struct fs_names *ret)
{
	const struct kept *k = fs->kept ? kept_folder(fs, path) : NULL;

	if (!k)
		return fs_list_past(fs, path, ret);
	if (k->list_error < 0)
		return k->list_error;
	*ret = (struct fs_names){ .at = xalloc(k->names.n, sizeof(*ret->at)), .n = k->names.n };
	for (size_t i = 0; i < k->names.n; i++)
		ret->at[i] = xstrdup(k->names.at[i]);
	return 0;
}

int fs_list_dirs(const struct fs *fs, const char *path, struct fs_names *ret)
{
	return list_sorted(fs, path, true, ret);
}

void fs_list_free(struct fs_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->at[i]);
	free(names->at);
	*names = (struct fs_names){ 0 };
}

/* What there is of lines in buf[0..len) goes out; returns how much of a line is left over at its start, or -1 to stop. */
static ssize_t give_lines(char *buf, size_t len, bool last, fs_line *fn, void *arg)
{
	char *at = buf, *end = buf + len;

	while (at < end) {
		char *newline = memchr(at, '\n', (size_t) (end - at));

		if (!newline && !last && (at > buf || len < FS_LINE_MAX))
			break;
		*(newline ? newline : end) = '\0';
		if (!fn(arg, at))
			return -1;
		at = newline ? newline + 1 : end;
	}
	memmove(buf, at, (size_t) (end - at));
	return end - at;
}

int fs_lines(const struct fs *fs, const char *path, fs_line *fn, void *arg)
{
	AUTO_CLOSE int fd = fs_open(fs, path, O_RDONLY | O_NONBLOCK);
	AUTO_FREE char *buf = xalloc(FS_LINE_MAX + 1, 1);
	ssize_t kept = 0, n = 1;

	if (fd < 0)
		return fd;
	while (n > 0 && kept >= 0) {
		n = read(fd, buf + kept, FS_LINE_MAX - (size_t) kept);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			return -errno;
		else
			kept = give_lines(buf, (size_t) (kept + n), n == 0, fn, arg);
	}
	return 0;
}

int fs_answer(const struct fs *fs, const char *name, fs_ask *ask, void *arg, char *buf, size_t cap)
{
	char path[160];
	int r;

	if (text_print(path, sizeof(path), FS_TREE_ANSWERS "/%s", name))
		return -ENAMETOOLONG;
	if (fs->tree)
		return fs_tree_answer(fs->tree, path, ask, arg, buf, cap);
	if (fs->live)
		return ask(arg, buf, cap);
	r = fs_read(fs, path, buf, cap);
	return r == -ENOENT || r == -ENOTDIR ? -ENODATA : r;
}
