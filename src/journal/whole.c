/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole files on disk, which outlive a reboot and a power cut.
 *
 * The order, forwards and back: the intent with the old and the new bytes is
 * synced; a file of that content is made beside the real one and synced; it
 * takes the name; the folder is synced.  So the name leads to all of the old
 * or all of the new at any moment, also on a disk that loses its power, and
 * the journal knows both.  What a death in between leaves beside the file has a
 * name that only this run uses, and is removed by the undoing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "journal/counted.h"
#include "journal/internal.h"

#define WHOLE_MAX ((size_t) 1 << 20)

static const char *const labels[] = { "security.selinux", "system.posix_acl_access" };

struct owner {
	unsigned mode, uid, gid;
};

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !slash || slash == path ? xstrdup("/") : xstrndup(path, (size_t) (slash - path));
}

/* "/etc/default/.grub.vlat-r4k2az": no *.cfg, *.conf or *.service to those who read the folder. */
static char *beside(const struct journal *j, const char *path)
{
	AUTO_FREE char *folder = folder_of(path);

	return xprintf("%s/.%s.vlat-%s", folder[1] ? folder : "", strrchr(path, '/') + 1, j->head.run);
}

static int read_whole(int fd, size_t size, char **ret)
{
	AUTO_FREE char *text = xalloc(size + 1, 1);
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, text + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EAGAIN; /* somebody is shortening it */
		len += (size_t) n;
	}
	if (strlen(text) != len)
		return -EILSEQ;
	*ret = TAKE(text);
	return 0;
}

/* *ret stays NULL when there is no such file. */
static int look(const char *path, char **ret, struct stat *ret_st)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	if (fstat(fd, ret_st) < 0)
		return -errno;
	if (!S_ISREG(ret_st->st_mode))
		return -EINVAL;
	return ret_st->st_size > (off_t) WHOLE_MAX ? -EFBIG : read_whole(fd, (size_t) ret_st->st_size, ret);
}

static void copy_labels(const char *from, int to)
{
	char value[4096];

	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		ssize_t n = lgetxattr(from, labels[i], value, sizeof(value));

		if (n > 0 && fsetxattr(to, labels[i], value, (size_t) n, 0) < 0)
			continue; /* a filesystem without them, or what policy will put right */
	}
}

static int fill(int fd, const char *path, const char *text, const struct owner *o)
{
	size_t done = 0, len = strlen(text);

	while (done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t) n : 0;
	}
	copy_labels(path, fd);
	/* A filesystem without owners and modes (an EFI partition) refuses: that is how it was, too. */
	if (fchown(fd, o->uid, o->gid) < 0 && errno != EPERM && errno != EINVAL)
		return -errno;
	if (fchmod(fd, (mode_t) o->mode) < 0 && errno != EPERM)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

static int replace(const char *path, const char *temp, const char *text, const struct owner *o)
{
	AUTO_FREE char *folder = folder_of(path);
	AUTO_CLOSE int fd = -1;
	int r;

	if (unlink(temp) < 0 && errno != ENOENT)
		return -errno;
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = fill(fd, path, text, o);
	if (r == 0 && rename(temp, path) < 0)
		r = -errno;
	if (r < 0) {
		unlink(temp);
		return r;
	}
	return dir_sync(folder);
}

static int remove_file(const char *path)
{
	AUTO_FREE char *folder = folder_of(path);

	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	return dir_sync(folder);
}

static int look_before(const char *path, struct entry *e, struct owner *o, struct err *err)
{
	struct stat st;
	int r = path[0] == '/' ? look(path, &e->before, &st) : 0; /* the journal refuses such a path */

	if (r == -ELOOP)
		return err_set(err, r, "%s is a link; vlat does not follow it: change what it points at", path);
	if (r == -EINVAL)
		return err_set(err, r, "%s is no ordinary file", path);
	if (r == -EILSEQ)
		return err_set(err, r, "%s is no text: vlat could not put it back", path);
	if (r < 0)
		return err_sys(err, r, "cannot read %s", path);
	if (e->before) {
		*o = (struct owner){ .mode = st.st_mode & 07777, .uid = st.st_uid, .gid = st.st_gid };
		e->owner = xprintf("%04o %u %u", o->mode, o->uid, o->gid);
	}
	return 0;
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : !a && !b;
}

int journal_put(struct journal *j, const char *path, const char *text, unsigned mode, struct err *err)
{
	struct entry e = { .kind = ENTRY_FILE, .path = xstrdup(path), .lasting = true };
	AUTO_FREE char *temp = path[0] == '/' ? beside(j, path) : NULL;
	struct owner o = { .mode = mode, .uid = geteuid(), .gid = getegid() };
	int r = j->held ? err_set(err, -EINVAL, "%s: a file cannot be changed while intents are held", path) : 0;

	if (r == 0 && text && strlen(text) > WHOLE_MAX)
		r = err_set(err, -EFBIG, "what %s should hold is larger than 1 MiB", path);
	if (r == 0)
		r = look_before(path, &e, &o, err);
	if (r < 0 || same(e.before, text)) {
		entry_free(&e);
		return r;
	}
	e.after = text ? xstrdup(text) : NULL;
	r = journal_note(j, &e, err);
	if (r < 0)
		return r;
	r = text ? replace(path, temp, text, &o) : remove_file(path);
	return r < 0 ? err_sys(err, r, text ? "cannot write %s" : "cannot remove %s", path) : 0;
}

static enum undo_state not_undone(struct undo_item *item, const char *what, int code)
{
	text_print(item->text, sizeof(item->text), "%s: %s", what, strerror(-code));
	return UNDO_FAILED;
}

/* Where a file is now, and what is made beside it: that keeps the journal's name, so that a later undo finds it. */
struct spot {
	const char *path, *temp;
};

static int put_back(const struct entry *e, const struct spot *at)
{
	struct owner o = { 0 };
	char end;

	if (!e->before)
		return remove_file(at->path);
	if (sscanf(e->owner, "%o %u %u%c", &o.mode, &o.uid, &o.gid, &end) != 3 || o.mode > 07777)
		return -EINVAL;
	return replace(at->path, at->temp, e->before, &o);
}

static enum undo_state restore_file(const struct undo_ctx *c, const struct entry *e, const struct spot *at,
				    struct undo_item *item)
{
	AUTO_FREE char *folder = folder_of(at->path);
	int r;

	if (access(folder, F_OK) < 0) {
		text_print(item->text, sizeof(item->text), "its folder is gone");
		return UNDO_VOID;
	}
	if (c->dry)
		text_print(item->text, sizeof(item->text), "would %s", e->before ? "be as it was" : "be removed");
	else
		text_print(item->text, sizeof(item->text), "%s", e->before ? "as it was again" : "removed");
	r = c->dry ? 0 : put_back(e, at);
	return r < 0 ? not_undone(item, "cannot be put back", r) : UNDO_DONE;
}

/* A file system that is read-only says so first, of what is not there, too. */
static int why_still_there(const char *path, int error)
{
	struct stat st;

	return error == EROFS && lstat(path, &st) < 0 && errno == ENOENT ? -ENOENT : -error;
}

static int remove_beside(const char *temp)
{
	int r = unlink(temp) < 0 ? why_still_there(temp, errno) : 0;

	return r == -ENOENT || r == -ENOTDIR ? 0 : r;
}

enum undo_state undo_file(const struct undo_ctx *c, const struct entry *e, struct undo_item *item)
{
	AUTO_FREE char *now = NULL, *temp = beside(c->j, e->path), *counted = e->before ? counted_now(e->path) : NULL;
	const struct spot at = { .path = counted ? counted : e->path, .temp = temp };
	struct stat st;
	int r;

	text_print(item->what, sizeof(item->what), "%s", at.path);
	r = c->dry ? 0 : remove_beside(temp);
	if (r < 0)
		return not_undone(item, "what vlat left beside it cannot be removed", r);
	r = look(at.path, &now, &st);
	if (r < 0 && r != -EILSEQ && r != -EFBIG && r != -ELOOP && r != -EINVAL)
		return not_undone(item, "cannot be read", r);
	if (r == 0 && (same(now, e->before) || undo_went_further(c, e, now)))
		return UNDO_SAME;
	if (undo_is_forced(c, e) || (r == 0 && (same(now, e->after) || (e->left && same(now, e->left)))))
		return restore_file(c, e, &at, item);
	text_print(item->text, sizeof(item->text), "%s; somebody changed it since, left alone",
		   r == 0 && !now ? "is gone" : "is not what vlat wrote");
	return UNDO_FOREIGN;
}

static int make_one(struct journal *j, const char *path, unsigned mode, struct err *err)
{
	AUTO_FREE char *above = folder_of(path);
	struct entry e = { .kind = ENTRY_FOLDER, .lasting = true };
	struct stat st;
	int r;

	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? 0 : err_set(err, -ENOTDIR, "%s is there, but is no folder", path);
	e.path = xstrdup(path);
	r = journal_note(j, &e, err);
	if (r < 0)
		return r;
	if (mkdir(path, (mode_t) mode) < 0)
		return err_sys(err, -errno, "cannot make the folder %s", path);
	r = dir_sync(above);
	return r < 0 ? err_sys(err, r, "cannot write %s to disk", above) : 0;
}

int journal_folder(struct journal *j, const char *path, unsigned mode, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(path);
	int r = copy[0] == '/' ? 0 : err_set(err, -EINVAL, "\"%s\" is no absolute path of a folder", path);

	for (char *slash = copy; r == 0 && slash;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (copy[1])
			r = make_one(j, copy, mode, err);
		if (slash)
			*slash = '/';
	}
	return r;
}

/* Something of this run's in it could not be undone: then it is this folder's turn again, too, when revert is tried again. */
bool undo_holds_ours(const struct undo_ctx *c, const struct entry *e)
{
	size_t n = strlen(e->path);

	for (size_t i = 0; i < c->j->entries.n; i++) {
		const struct entry *in = &c->j->entries.at[i];

		if (!in->settled && in->path && strncmp(in->path, e->path, n) == 0 && in->path[n] == '/')
			return true;
	}
	return false;
}

enum undo_state undo_folder(const struct undo_ctx *c, const struct entry *e, struct undo_item *item)
{
	AUTO_FREE char *above = folder_of(e->path);
	int r;

	text_print(item->what, sizeof(item->what), "folder %s", e->path);
	text_print(item->text, sizeof(item->text), c->dry ? "would be removed when it is empty" : "removed");
	if (c->dry)
		return access(e->path, F_OK) == 0 ? UNDO_DONE : UNDO_SAME;
	r = rmdir(e->path) < 0 ? why_still_there(e->path, errno) : 0;
	if (r == -ENOENT || r == -ENOTDIR)
		return UNDO_SAME;
	if ((r == -ENOTEMPTY || r == -EEXIST) && undo_holds_ours(c, e))
		return not_undone(item, "what vlat has put there is there still", r);
	if (r == -ENOTEMPTY || r == -EEXIST) {
		text_print(item->text, sizeof(item->text), "holds what is not vlat's: left alone");
		return UNDO_FOREIGN;
	}
	r = r == 0 ? dir_sync(above) : r;
	return r < 0 ? not_undone(item, "cannot be removed", r) : UNDO_DONE;
}
