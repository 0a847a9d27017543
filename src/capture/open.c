/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "capture/capture.h"
#include "capture/parts.h"

#define DEPTH_MAX 64

/* "format 1" in the first line, or a sentence. */
static int check_mark(const char *text, const char *name, struct err *err)
{
	uint64_t format;

	if (!take_text(&text, "format ") || !take_u64(&text, &format))
		return err_set(err, -EINVAL, "%s is no capture: its " CAPTURE_MARK " does not begin with a format", name);
	if (format != CAPTURE_FORMAT)
		return err_set(err, -EINVAL,
			       "%s has format %llu, this vlat reads format %d: use the vlat that made it, or a newer one", name,
			       (unsigned long long) format, CAPTURE_FORMAT);
	return 0;
}

static int finish(struct fs *fs, const char *name, struct err *err)
{
	AUTO_FREE char *errors = NULL, *absent = NULL;
	char mark[256];
	int r = fs_read(fs, CAPTURE_MARK, mark, sizeof(mark));

	if (r < 0)
		return err_set(err, -EINVAL,
			       "%s is no capture of a machine: it holds no " CAPTURE_MARK " (vlat capture makes one)", name);
	r = check_mark(mark, name, err);
	if (r < 0)
		return r;
	if (fs_read_all(fs, CAPTURE_ERRORS, FS_TREE_FILE_MAX, &errors, NULL) == 0)
		errors_apply(fs->tree, errors);
	/* Without the list it is from a vlat that took all that it knew of: as complete as that vlat was. */
	if (fs_read_all(fs, CAPTURE_ABSENT, FS_TREE_FILE_MAX, &absent, NULL) == 0) {
		fs_tree_know_absences(fs->tree, absent);
		fs_note_gaps(fs);
	}
	return 0;
}

static int open_archive_file(struct fs *ret, int fd, const char *path, struct err *err)
{
	struct fs_tree *t = fs_tree_new();
	struct fs fs;
	int r;

	fs_of_tree(&fs, t, path);
	r = archive_load(t, fd, path, err);
	if (r == 0)
		r = finish(&fs, path, err);
	if (r < 0)
		fs_close(&fs);
	else
		*ret = fs;
	return r;
}

/* By listing and reading everything once, a recording fs comes to hold it. */
static void see_all(const struct fs *fs, const char *dir, unsigned depth)
{
	struct fs_names names;

	if (depth > DEPTH_MAX || fs_list(fs, dir, &names) < 0)
		return;
	for (size_t i = 0; i < names.n && !fs_tree_full(fs->tree); i++) {
		char path[2048], target[8];
		const char *data;
		size_t len;
		int r;

		if (text_print(path, sizeof(path), "%s%s%s", dir, *dir ? "/" : "", names.at[i]))
			continue;
		r = fs_readlink(fs, path, target, sizeof(target));
		if (r != -EINVAL)
			continue;
		if (fs_is_dir(fs, path))
			see_all(fs, path, depth + 1);
		else
			fs_tree_data(fs->tree, path, &data, &len);
	}
	fs_list_free(&names);
}

static int copy_own(const struct fs *from, struct fs_tree *t, const char *dir, unsigned depth)
{
	struct fs_names names;
	int r = 0;

	if (depth > DEPTH_MAX || fs_list(from, dir, &names) < 0)
		return 0;
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		struct fs_tree_entry e = { .kind = FS_FILE, .mode = 0644 };
		AUTO_FREE char *data = NULL;
		char path[2048];

		if (text_print(path, sizeof(path), "%s/%s", dir, names.at[i]))
			continue;
		if (fs_is_dir(from, path)) {
			r = copy_own(from, t, path, depth + 1);
		} else if (fs_read_all(from, path, FS_TREE_FILE_MAX, &data, &e.len) == 0) {
			e.path = path;
			r = fs_tree_give(t, &e, &data);
		}
	}
	fs_list_free(&names);
	return r;
}

/* An unpacked capture is held in memory as its archive would be, so that it answers the same. */
static int open_unpacked(struct fs *ret, struct fs *folder, struct err *err)
{
	struct fs fs;
	int r;

	fs_record(&fs, folder);
	see_all(&fs, "", 0);
	r = copy_own(folder, fs.tree, FS_TREE_OWN, 0);
	if (r < 0 || fs_tree_full(fs.tree)) {
		fs_close(&fs);
		return err_set(err, -EFBIG, "the folder %s holds more than a capture may", folder->path);
	}
	fs_tree_settle(fs.tree);
	r = finish(&fs, folder->path, err);
	if (r < 0) {
		fs_close(&fs);
		return r;
	}
	fs_close(folder);
	*ret = fs;
	return 0;
}

static int open_folder(struct fs *ret, const char *path, struct err *err)
{
	struct fs folder;
	int r = fs_open_root(&folder, path, err);

	if (r < 0)
		return r;
	if (folder.live || !fs_exists(&folder, CAPTURE_MARK)) {
		if (!folder.live)
			fs_note_gaps(&folder);
		*ret = folder;
		return 0;
	}
	r = open_unpacked(ret, &folder, err);
	if (r < 0)
		fs_close(&folder);
	return r;
}

int capture_open(struct fs *ret, const char *path, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (stat(path, &st) < 0)
		return err_sys(err, -errno, "cannot open %s as the root of a machine", path);
	if (S_ISDIR(st.st_mode))
		return open_folder(ret, path, err);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "%s is neither a folder nor a capture's archive", path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_sys(err, -errno, "cannot open %s", path);
	return open_archive_file(ret, fd, path, err);
}
