/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/proc_stat.h"
#include "base/sink.h"
#include "base/text.h"
#include "base/vec.h"
#include "capture/capture.h"
#include "capture/library.h"
#include "capture/mask.h"
#include "capture/parts.h"

/* 2000-01-01: a capture tells nothing by its times, and tar(1) finds 1970 implausible. */
#define ENTRY_TIME 946684800

struct writing {
	struct library lib;
	struct archive *archive;
	struct mask *mask; /* NULL: as it is */
	struct sink errors;
	struct capture_sum sum;
};

static int put_as(struct writing *w, struct archive_entry *e, const char *path, enum fs_kind kind, unsigned mode,
		  const char *data, size_t len)
{
	const struct library *l = &w->lib;

	l->archive_entry_set_pathname(e, path);
	l->archive_entry_set_mtime(e, ENTRY_TIME, 0);
	l->archive_entry_set_filetype(e, kind == FS_DIR ? AE_IFDIR : kind == FS_LINK ? AE_IFLNK : AE_IFREG);
	l->archive_entry_set_perm(e, (__LA_MODE_T) (kind == FS_DIR ? 0755 : kind == FS_LINK ? 0777 : (mode & 0777) | 0400));
	if (kind == FS_LINK)
		l->archive_entry_set_symlink(e, data);
	else
		l->archive_entry_set_size(e, kind == FS_FILE ? (int64_t) len : 0);
	if (l->archive_write_header(w->archive, e) != ARCHIVE_OK)
		return -EIO;
	return kind == FS_FILE && len && l->archive_write_data(w->archive, data, len) != (la_ssize_t) len ? -EIO : 0;
}

static int put(struct writing *w, const char *path, enum fs_kind kind, unsigned mode, const char *data, size_t len)
{
	struct archive_entry *e = w->lib.archive_entry_new();
	int r;

	if (!e)
		return -ENOMEM;
	r = put_as(w, e, path, kind, mode, data, len);
	w->lib.archive_entry_free(e);
	if (r < 0)
		return r;
	w->sum.files += kind == FS_FILE && len;
	w->sum.bytes += kind == FS_FILE ? len : 0;
	return 0;
}

static void note_missing(struct writing *w, const char *path, int error)
{
	w->sum.missing++;
	sink_printf(&w->errors, "%s %s\n", errno_name(error), path);
}

static int put_masked(struct writing *w, const struct fs_tree_entry *e, const char *path)
{
	struct sink data = { 0 };
	int r;

	if (e->kind == FS_LINK)
		mask_text(w->mask, e->data, e->len, &data);
	else
		mask_file(w->mask, e->path, e->data, e->len, &data);
	r = put(w, path, e->kind, e->mode, data.text, data.len);
	sink_free(&data);
	return r;
}

/* What could not be taken keeps its place and its mode, empty; the list of errors says why. */
static int put_entry(struct writing *w, const struct fs_tree_entry *e, const char *path)
{
	int error = e->kind == FS_OTHER && !e->error ? -ENXIO : e->error;

	if (error)
		note_missing(w, path, error);
	if (e->kind == FS_DIR)
		return put(w, path, FS_DIR, 0755, NULL, 0);
	if (error || e->kind == FS_OTHER)
		return put(w, path, FS_FILE, e->mode, "", 0);
	return w->mask ? put_masked(w, e, path) : put(w, path, e->kind, e->mode, e->data ? e->data : "", e->len);
}

static int on_entry(void *arg, const struct fs_tree_entry *e)
{
	struct writing *w = arg;
	struct sink name = { 0 };
	const char *path = e->path;
	int r = 0;

	/* Of a capture that is written again: they are made anew. */
	if (text_eq(path, CAPTURE_MARK) || text_eq(path, CAPTURE_ERRORS) || text_eq(path, CAPTURE_ABSENT))
		return 0;
	if (w->mask) {
		mask_text(w->mask, e->path, strlen(e->path), &name);
		path = name.text;
	}
	/* A newline would make two lines of the list of errors; nothing of the kernel's is called so. */
	if (!strchr(path, '\n'))
		r = put_entry(w, e, path);
	sink_free(&name);
	return r;
}

/* Kernel threads keep their names, so who is one has to be known. */
static void learn_kernel_threads(const struct fs *fs, struct mask *m)
{
	struct fs_names pids;

	if (fs_list(fs, "proc", &pids) < 0)
		return;
	for (size_t i = 0; i < pids.n; i++) {
		struct proc_stat stat;
		char text[1024];
		uint64_t pid;

		if (text_u64(pids.at[i], &pid) == 0 && fs_readf(fs, text, sizeof(text), "proc/%s/stat", pids.at[i]) > 0 &&
		    proc_stat_parse(text, &stat) && stat.flags & PROC_PF_KTHREAD)
			mask_keep_pid(m, (long) pid);
	}
	fs_list_free(&pids);
}

static bool was_anonymised(const struct fs *fs)
{
	char mark[256];

	return fs_read(fs, CAPTURE_MARK, mark, sizeof(mark)) > 0 && strstr(mark, "\nanonymised yes");
}

static int put_absences(struct writing *w, const struct fs *fs)
{
	struct sink list = { 0 }, masked = { 0 };
	int r;

	if (!fs_tree_knows_absences(fs->tree))
		return 0;
	fs_tree_absences(fs->tree, &list);
	if (w->mask && list.len)
		mask_text(w->mask, list.text, list.len, &masked);
	r = put(w, CAPTURE_ABSENT, FS_FILE, 0644, w->mask ? masked.text : list.text, w->mask ? masked.len : list.len);
	sink_free(&list);
	sink_free(&masked);
	return r;
}

static int put_all(struct writing *w, const struct fs *fs)
{
	AUTO_FREE char *mark = xprintf("format %d\nvlat " VLAT_VERSION "\nanonymised %s\n", CAPTURE_FORMAT,
				       w->mask || was_anonymised(fs) ? "yes" : "no");
	int r = put(w, CAPTURE_MARK, FS_FILE, 0644, mark, strlen(mark));

	if (r == 0)
		r = put_absences(w, fs);
	w->sum.files = w->sum.bytes = 0;
	if (r == 0)
		r = fs_tree_walk(fs->tree, on_entry, w);
	if (r == 0 && w->errors.len)
		r = put(w, CAPTURE_ERRORS, FS_FILE, 0644, w->errors.text, w->errors.len);
	return r;
}

static int write_archive(struct writing *w, const struct fs *fs, int fd)
{
	const struct library *l = &w->lib;
	struct archive *a = w->archive = l->archive_write_new();
	int r = -EIO;

	if (a && l->archive_write_set_format_pax_restricted(a) == ARCHIVE_OK &&
	    l->archive_write_add_filter_zstd(a) >= ARCHIVE_WARN && l->archive_write_open_fd(a, fd) == ARCHIVE_OK) {
		r = put_all(w, fs);
		if (r == 0 && l->archive_write_close(a) != ARCHIVE_OK)
			r = -EIO;
		if (r < 0 && l->archive_errno(a) > 0)
			r = -l->archive_errno(a);
	}
	if (a)
		l->archive_write_free(a);
	return r;
}

int capture_write(const struct fs *recorded, const char *path, bool anonymise, struct capture_sum *ret, struct err *err)
{
	AUTO_FREE char *temp = xprintf("%s.XXXXXX", path);
	struct writing w = { .mask = NULL };
	AUTO_CLOSE int fd = -1;
	char host[80];
	int r = library_load(&w.lib, err);

	if (r < 0)
		return err_in(err, "cannot write %s", path);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, -errno, "cannot create a file beside %s", path);
	if (anonymise) {
		w.mask = mask_new(fs_read(recorded, "proc/sys/kernel/hostname", host, sizeof(host)) > 0 ? host : "");
		learn_kernel_threads(recorded, w.mask);
	}
	r = write_archive(&w, recorded, fd);
	if (r == 0 && (fsync(fd) < 0 || rename(temp, path) < 0))
		r = -errno;
	if (r < 0)
		unlink(temp);
	w.sum.masked = w.mask ? mask_count(w.mask) : 0;
	sink_free(&w.errors);
	if (w.mask)
		mask_free(w.mask);
	if (r < 0)
		return err_sys(err, r, "cannot write %s", path);
	*ret = w.sum;
	return 0;
}
