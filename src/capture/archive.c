/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An archive comes from anybody.  Nothing of it reaches a disk: entries become
 * entries of a tree in memory, whose budget bounds what a bomb can fill.  zstd
 * is unpacked here rather than by libarchive, because the frame's own header
 * says how much memory its window takes, and that has to be bounded too.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "capture/parts.h"

#define WINDOW_LOG_MAX 23 /* 8 MB; what zstd(1) makes up to level 19 */
#define PIECE          65536
#define TAIL_PIECES    32 /* more than tar's padding after its end is no archive of ours */

struct source {
	int fd;
	ZSTD_DStream *zstd; /* NULL: handed on as it is */
	ZSTD_inBuffer in;
	bool ended;
	bool whole; /* zstd's last frame is complete */
	char packed[PIECE], plain[PIECE];
};

static void drop_source(struct source **s)
{
	if (*s)
		ZSTD_freeDStream((*s)->zstd);
	free(*s);
}

static void drop_archive(struct archive **a)
{
	archive_read_free(*a);
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
		archive_set_error(a, errno, "%s", strerror(errno));
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
				archive_set_error(a, errno, "%s", strerror(errno));
				return -1;
			}
			s->in = (ZSTD_inBuffer){ .src = s->packed, .size = (size_t) n };
			s->ended = n == 0;
		}
		hint = ZSTD_decompressStream(s->zstd, &out, &s->in);
		if (ZSTD_isError(hint)) {
			archive_set_error(a, EINVAL, "%s", ZSTD_getErrorName(hint));
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

static int open_archive(struct archive *a, struct source *s)
{
	archive_read_support_format_tar(a);
	archive_read_support_filter_gzip(a);
	if (!is_zstd(s->fd))
		return archive_read_open(a, s, NULL, give_plain, NULL);
	s->zstd = ZSTD_createDStream();
	if (!s->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		return ARCHIVE_FATAL;
	return archive_read_open(a, s, NULL, give_unpacked, NULL);
}

static int read_content(struct archive *a, size_t len, char **ret)
{
	AUTO_FREE char *data = xalloc(len + 1, 1);
	size_t used = 0;

	while (used < len) {
		la_ssize_t n = archive_read_data(a, data + used, len - used);

		if (n <= 0)
			return -EIO;
		used += (size_t) n;
	}
	*ret = TAKE(data);
	return 0;
}

static const char *name_of(struct archive_entry *e)
{
	const char *name = archive_entry_pathname(e);

	return name ? name : archive_entry_pathname_utf8(e);
}

static int take_entry(struct archive *a, struct archive_entry *e, struct fs_tree *t)
{
	struct fs_tree_entry entry = { .path = name_of(e), .kind = FS_OTHER, .mode = archive_entry_perm(e) & 07777 };
	AUTO_FREE char *data = NULL;
	int r = 0;

	if (!entry.path || archive_entry_hardlink(e))
		return -EINVAL;
	switch (archive_entry_filetype(e)) {
	case AE_IFDIR:
		entry.kind = FS_DIR;
		break;
	case AE_IFLNK:
		entry.kind = FS_LINK;
		entry.data = archive_entry_symlink(e);
		entry.len = entry.data ? strlen(entry.data) : 0;
		break;
	case AE_IFREG:
		entry.kind = FS_FILE;
		if (archive_entry_size(e) < 0 || archive_entry_size(e) > (int64_t) FS_TREE_FILE_MAX)
			return -EFBIG;
		entry.len = (size_t) archive_entry_size(e);
		r = read_content(a, entry.len, &data);
		entry.data = data;
		break;
	default:
		break;
	}
	return r < 0 ? r : fs_tree_add(t, &entry);
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
static bool is_whole(struct archive *a, struct source *s)
{
	const void *ignored;

	for (unsigned pieces = 0; s->zstd && pieces < TAIL_PIECES; pieces++) {
		la_ssize_t n = give_unpacked(a, s, &ignored);

		if (n < 0)
			return false;
		if (n == 0)
			return s->whole;
	}
	return !s->zstd;
}

int archive_load(struct fs_tree *t, int fd, const char *name, struct err *err)
{
	AUTO(drop_archive) struct archive *a = archive_read_new();
	AUTO(drop_source) struct source *s = xalloc(1, sizeof(*s));
	struct archive_entry *e;
	int r;

	s->fd = fd;
	if (!a || open_archive(a, s) != ARCHIVE_OK)
		return err_set(err, -EINVAL, "%s is no capture: it cannot be read as a tar archive (%s)", name,
			       a && archive_error_string(a) ? archive_error_string(a) : "no memory");
	while ((r = archive_read_next_header(a, &e)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
		r = take_entry(a, e, t);
		if (r < 0)
			return err_set(err, r == -E2BIG ? -EFBIG : -EINVAL, "%s is refused for its entry \"%.100s\": %s", name,
				       name_of(e) ? name_of(e) : "?", reason(r));
	}
	if (r != ARCHIVE_EOF || !is_whole(a, s))
		return err_set(err, -EINVAL, "%s cannot be read to its end (%s): was it cut short?", name,
			       archive_error_string(a) ? archive_error_string(a) : "damaged");
	return 0;
}
