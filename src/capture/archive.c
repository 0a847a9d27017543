/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An archive comes from anybody.  Nothing of it reaches a disk: entries become
 * entries of a tree in memory, whose budget bounds what a bomb can fill.  zstd
 * is unpacked here rather than by libarchive, because the frame's own header
 * says how much memory its window takes, and that has to be bounded too.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "capture/library.h"
#include "capture/parts.h"

#define WINDOW_LOG_MAX 23 /* 8 MB; what zstd(1) makes up to level 19 */
#define PIECE          65536
#define TAIL_PIECES    32 /* more than tar's padding after its end is no archive of ours */

struct source {
	struct library lib;
	struct archive *archive;
	int fd;
	struct zstd_library z;
	ZSTD_DStream *zstd; /* NULL: handed on as it is */
	ZSTD_inBuffer in;
	bool ended;
	bool whole; /* zstd's last frame is complete */
	char packed[PIECE], plain[PIECE];
};

static void drop_source(struct source **s)
{
	if ((*s)->archive)
		(*s)->lib.archive_read_free((*s)->archive);
	if ((*s)->zstd)
		(*s)->z.ZSTD_freeDStream((*s)->zstd);
	free(*s);
}

static ssize_t read_piece(struct source *s)
{
	ssize_t n;

	do
		n = read(s->fd, s->packed, sizeof(s->packed));
	while (n < 0 && errno == EINTR);
	return n;
}

static la_ssize_t give_plain(struct archive *a, void *arg, const void **ret)
{
	struct source *s = arg;
	ssize_t n = read_piece(s);

	if (n < 0)
		s->lib.archive_set_error(a, errno, "%s", strerror(errno));
	*ret = s->packed;
	return n;
}

static la_ssize_t give_unpacked(struct archive *a, void *arg, const void **ret)
{
	struct source *s = arg;
	ZSTD_outBuffer out = { .dst = s->plain, .size = sizeof(s->plain) };

	while (out.pos == 0) {
		size_t hint;

		if (s->in.pos == s->in.size) {
			ssize_t n = s->ended ? 0 : read_piece(s);

			if (n < 0) {
				s->lib.archive_set_error(a, errno, "%s", strerror(errno));
				return -1;
			}
			s->in = (ZSTD_inBuffer){ .src = s->packed, .size = (size_t) n };
			s->ended = n == 0;
		}
		hint = s->z.ZSTD_decompressStream(s->zstd, &out, &s->in);
		if (s->z.ZSTD_isError(hint)) {
			s->lib.archive_set_error(a, EINVAL, "%s", s->z.ZSTD_getErrorName(hint));
			return -1;
		}
		s->whole = hint == 0 || (s->whole && s->ended && out.pos == 0);
		if (s->ended && out.pos == 0)
			break;
	}
	*ret = s->plain;
	return (la_ssize_t) out.pos;
}

static bool is_zstd(int fd)
{
	static const unsigned char magic[] = { 0x28, 0xb5, 0x2f, 0xfd };
	unsigned char head[4];

	return pread(fd, head, sizeof(head), 0) == sizeof(head) && memcmp(head, magic, sizeof(head)) == 0;
}

static int open_archive(struct source *s)
{
	const struct library *l = &s->lib;

	s->archive = l->archive_read_new();
	if (!s->archive)
		return ARCHIVE_FATAL;
	l->archive_read_support_format_tar(s->archive);
	l->archive_read_support_filter_gzip(s->archive);
	if (!s->z.ZSTD_createDStream)
		return l->archive_read_open(s->archive, s, NULL, give_plain, NULL);
	s->zstd = s->z.ZSTD_createDStream();
	if (!s->zstd || s->z.ZSTD_isError(s->z.ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		return ARCHIVE_FATAL;
	return l->archive_read_open(s->archive, s, NULL, give_unpacked, NULL);
}

static int read_content(struct source *s, size_t len, char **ret)
{
	AUTO_FREE char *data = xalloc(len + 1, 1);
	size_t used = 0;

	while (used < len) {
		la_ssize_t n = s->lib.archive_read_data(s->archive, data + used, len - used);

		if (n <= 0)
			return -EIO;
		used += (size_t) n;
	}
	*ret = TAKE(data);
	return 0;
}

static const char *name_of(const struct library *l, struct archive_entry *e)
{
	const char *name = l->archive_entry_pathname(e);

	return name ? name : l->archive_entry_pathname_utf8(e);
}

static int take_entry(struct source *s, struct archive_entry *e, struct fs_tree *t)
{
	const struct library *l = &s->lib;
	struct fs_tree_entry entry = { .path = name_of(l, e), .kind = FS_OTHER, .mode = l->archive_entry_perm(e) & 07777 };
	AUTO_FREE char *data = NULL;
	int r;

	if (!entry.path || l->archive_entry_hardlink(e))
		return -EINVAL;
	switch (l->archive_entry_filetype(e)) {
	case AE_IFDIR:
		entry.kind = FS_DIR;
		break;
	case AE_IFLNK:
		entry.kind = FS_LINK;
		entry.data = l->archive_entry_symlink(e);
		entry.len = entry.data ? strlen(entry.data) : 0;
		break;
	case AE_IFREG:
		entry.kind = FS_FILE;
		if (l->archive_entry_size(e) < 0 || l->archive_entry_size(e) > (int64_t) FS_TREE_FILE_MAX)
			return -EFBIG;
		entry.len = (size_t) l->archive_entry_size(e);
		r = read_content(s, entry.len, &data);
		return r < 0 ? r : fs_tree_give(t, &entry, &data);
	default:
		break;
	}
	return fs_tree_add(t, &entry);
}

static const char *reason(int r)
{
	switch (r) {
	case -EFBIG:
		return "it is larger than any file of a machine that vlat reads";
	case -E2BIG:
		return "with it the archive holds more than a capture may";
	case -EEXIST:
		return "it is there twice";
	case -EIO:
		return "the archive ends in the middle of it";
	default:
		return "that is no name inside a machine";
	}
}

/* tar's end may come before the file's: what is packed after it tells whether the file was cut. */
static bool is_whole(struct source *s)
{
	const void *ignored;

	for (unsigned pieces = 0; s->zstd && pieces < TAIL_PIECES; pieces++) {
		la_ssize_t n = give_unpacked(s->archive, s, &ignored);

		if (n < 0)
			return false;
		if (n == 0)
			return s->whole;
	}
	return !s->zstd;
}

static int load_entries(struct source *s, struct fs_tree *t, const char *name, struct err *err)
{
	const struct library *l = &s->lib;
	struct archive_entry *e;
	int r;

	while ((r = l->archive_read_next_header(s->archive, &e)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
		r = take_entry(s, e, t);
		if (r < 0)
			return err_set(err, r == -E2BIG ? -EFBIG : -EINVAL, "%s is refused for its entry \"%.100s\": %s", name,
				       name_of(l, e) ? name_of(l, e) : "?", reason(r));
	}
	if (r != ARCHIVE_EOF || !is_whole(s))
		return err_set(err, -EINVAL, "%s cannot be read to its end (%s): was it cut short?", name,
			       l->archive_error_string(s->archive) ? l->archive_error_string(s->archive) : "damaged");
	return 0;
}

int archive_load(struct fs_tree *t, int fd, const char *name, struct err *err)
{
	AUTO(drop_source) struct source *s = xalloc(1, sizeof(*s));
	int r = library_load(&s->lib, err);

	if (r == 0 && is_zstd(fd))
		r = zstd_load(&s->z, err);
	if (r < 0)
		return r;
	s->fd = fd;
	if (open_archive(s) != ARCHIVE_OK)
		return err_set(err, -EINVAL, "%s is no capture: it cannot be read as a tar archive (%s)", name,
			       s->archive && s->lib.archive_error_string(s->archive) ? s->lib.archive_error_string(s->archive)
										     : "no memory");
	return load_entries(s, t, name, err);
}
