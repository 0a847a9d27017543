/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/fs_kept.h"
#include "base/fs_tree.h"
#include "base/text.h"
#include "base/vec.h"

int fs_open_root(struct fs *ret, const char *path, struct err *err)
{
	struct fs fs = { .live = text_eq(path, "/") };

	if (text_print(fs.path, sizeof(fs.path), "%s", path))
		return err_set(err, -ENAMETOOLONG, "the folder name \"%.80s...\" is too long (at most 255 bytes)", path);
	fs.root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fs.root < 0)
		return err_sys(err, -errno, "cannot open the folder %s as the root of a machine", path);
	*ret = fs;
	return 0;
}

void fs_note_gaps(struct fs *fs)
{
	if (!fs->gaps)
		fs->gaps = xalloc(1, sizeof(*fs->gaps));
}

void fs_close(struct fs *fs)
{
	free(fs->gaps);
	fs->gaps = NULL;
	fs_tree_free(fs->tree);
	fs->tree = NULL;
	kept_free(fs->kept);
	fs->kept = NULL;
	if (fs->root >= 0)
		close(fs->root);
	fs->root = -1;
}

bool fs_fork(const struct fs *fs, struct fs *ret)
{
	struct fs fork = { .live = fs->live, .root = fs->kept ? fcntl(fs->root, F_DUPFD_CLOEXEC, 3) : -1 };

	if (fork.root < 0)
		return false;
	text_print(fork.path, sizeof(fork.path), "%s", fs->path);
	fs_keep(&fork);
	*ret = fork;
	return true;
}

void fs_rejoin(const struct fs *fs, struct fs *forked)
{
	kept_merge(fs->kept, forked->kept);
	fs_close(forked);
}

int fs_missed(const struct fs *fs, const char *path, int r)
{
	struct fs_gaps *g = fs->gaps;

	if (!g || (r != -ENOENT && r != -ENOTDIR) || (fs->tree && fs_tree_surely_absent(fs->tree, path)))
		return r;
	if (g->n++ == 0)
		text_print(g->first, sizeof(g->first), "%s", path);
	return r;
}

static int open_inside(const struct fs *fs, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t) (unsigned) (flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? 0644 : 0,
		/* /proc/PID/root and the like would jump out of the root. */
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	/* -EAGAIN: a rename raced with ".." in the walk; the kernel asks to try again. */
	for (int tries = 0; tries < 100; tries++) {
		fd = syscall(SYS_openat2, fs->root, path, &how, sizeof(how));
		if (fd >= 0)
			return (int) fd;
		if (errno != EAGAIN && errno != EINTR)
			break;
	}
	return -errno;
}

/* Opening a device may do something (a watchdog starts, a tape winds): what a copy calls a device is left alone. */
static int open_of_copy(const struct fs *fs, const char *path, int flags)
{
	AUTO_CLOSE int fd = open_inside(fs, path, O_PATH | (flags & O_NOFOLLOW));
	char self[40];
	struct stat st;
	int r;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return -ENXIO;
	text_print(self, sizeof(self), "/proc/self/fd/%d", fd);
	r = open(self, (flags & ~O_NOFOLLOW) | O_CLOEXEC);
	return r < 0 ? -errno : r;
}

int fs_open(const struct fs *fs, const char *path, int flags)
{
	const struct kept *k = fs->kept ? kept_known(fs, path) : NULL;

	if (k && k->missing)
		return k->missing;
	if (fs->tree)
		return fs_missed(fs, path, fs_tree_open(fs->tree, path, flags));
	if (fs->live || flags & (O_PATH | O_CREAT))
		return fs_missed(fs, path, open_inside(fs, path, flags));
	return fs_missed(fs, path, open_of_copy(fs, path, flags));
}

/* Of the running machine nothing leads out: there a look at a name needs no descriptor. */
static int look_at(const struct fs *fs, const char *path, struct stat *st)
{
	AUTO_CLOSE int fd = -1;

	if (fs->live)
		return fstatat(fs->root, path, st, 0) < 0 ? -errno : 0;
	fd = open_inside(fs, path, O_PATH);
	if (fd < 0)
		return fd;
	return fstat(fd, st) < 0 ? -errno : 0;
}

bool fs_exists(const struct fs *fs, const char *path)
{
	struct stat st;

	if (fs->tree)
		return fs_missed(fs, path, fs_tree_exists(fs->tree, path) ? 0 : -ENOENT) == 0;
	if (fs->kept) {
		const struct kept *k = kept_known(fs, path);

		if (k && (k->missing || (k->read && !k->read_error) || (k->listed && !k->list_error)))
			return !k->missing;
	}
	return fs_missed(fs, path, look_at(fs, path, &st)) >= 0;
}

int fs_mode(const struct fs *fs, const char *path)
{
	enum fs_kind kind;
	unsigned mode;
	struct stat st;
	int r;

	if (fs->tree) {
		r = fs_tree_stat(fs->tree, path, &kind, &mode);
		return r < 0 ? fs_missed(fs, path, r) : (int) mode;
	}
	r = look_at(fs, path, &st);
	return r < 0 ? fs_missed(fs, path, r) : (int) (st.st_mode & 07777);
}

bool fs_is_dir(const struct fs *fs, const char *path)
{
	enum fs_kind kind;
	unsigned mode;
	struct stat st;

	if (fs->tree)
		return fs_tree_stat(fs->tree, path, &kind, &mode) == 0 && kind == FS_DIR;
	return look_at(fs, path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Until the end or cap bytes; sysfs and procfs may give a file in several pieces. */
static ssize_t read_some(int fd, char *buf, size_t cap)
{
	size_t used = 0;

	while (used < cap) {
		ssize_t n = read(fd, buf + used, cap - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t) n;
	}
	return (ssize_t) used;
}

static ssize_t copy_of_tree(const struct fs *fs, const char *path, char *buf, size_t cap)
{
	const char *data;
	size_t len;
	int r = fs_tree_data(fs->tree, path, &data, &len);

	if (r < 0)
		return fs_missed(fs, path, r);
	len = len < cap ? len : cap;
	memcpy(buf, data, len);
	return (ssize_t) len;
}

/*
 * An attribute of sysfs comes whole with the first read (Documentation/filesystems/sysfs.rst): nobody need ask for its end.
 * What is mounted below sys and is no sysfs has longer stories to tell.
 */
static bool comes_whole(const char *path)
{
	return text_starts(path, "sys/devices/") || text_starts(path, "sys/module/") || text_starts(path, "sys/class/") ||
	       text_starts(path, "sys/bus/") || text_starts(path, "sys/kernel/mm/") || text_starts(path, "sys/kernel/irq/");
}

/* The kernel may fetch and clear as much memory as is asked for, and most files have a few bytes. */
#define FIRST_READ 4096

static ssize_t read_first(const struct fs *fs, int fd, const char *path, char *buf, size_t cap)
{
	ssize_t n = fs->live && comes_whole(path) ? read(fd, buf, cap) : -1;

	/* Interrupted, or an error that the second look shall tell. */
	return n >= 0 ? n : read_some(fd, buf, cap);
}

ssize_t fs_read_past(const struct fs *fs, const char *path, char *buf, size_t cap)
{
	AUTO_CLOSE int fd = fs_open(fs, path, O_RDONLY | O_NONBLOCK);
	ssize_t n, more;

	if (fd < 0)
		return fd;
	n = read_first(fs, fd, path, buf, cap < FIRST_READ ? cap : FIRST_READ);
	if (n != FIRST_READ || cap == FIRST_READ)
		return n;
	more = read_some(fd, buf + n, cap - FIRST_READ);
	return more < 0 ? more : n + more;
}

static ssize_t copy_of_kept(const struct fs *fs, const char *path, char *buf, size_t cap)
{
	const struct kept *k = kept_file(fs, path);
	size_t len = k->len < cap ? k->len : cap;

	if (k->cut && cap > k->len)
		return fs_read_past(fs, path, buf, cap);
	if (k->read_error)
		return k->read_error;
	memcpy(buf, k->data, len);
	return (ssize_t) len;
}

int fs_read(const struct fs *fs, const char *path, char *buf, size_t cap)
{
	ssize_t n = fs->tree   ? copy_of_tree(fs, path, buf, cap - 1)
		    : fs->kept ? copy_of_kept(fs, path, buf, cap - 1)
			       : fs_read_past(fs, path, buf, cap - 1);

	if (n < 0)
		return (int) n;
	if (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return (int) n;
}

static int slurp(int fd, size_t max, char **ret, size_t *ret_len)
{
	size_t cap = 4096, len = 0;
	AUTO_FREE char *text = xalloc(cap, 1);

	for (;;) {
		ssize_t n = read_some(fd, text + len, cap - len - 1);

		if (n < 0)
			return (int) n;
		len += (size_t) n;
		if (len > max)
			return -EFBIG;
		if (len < cap - 1)
			break;
		cap *= 2;
		text = realloc(text, cap);
		if (!text)
			return -ENOMEM;
	}
	text[len] = '\0';
	if (ret_len)
		*ret_len = len;
	*ret = TAKE(text);
	return 0;
}

/* The whole of it when that is at hand; 1 when it has to be read from the machine. */
static int at_hand(const struct fs *fs, const char *path, const char **ret, size_t *ret_len)
{
	const struct kept *k;

	if (fs->tree)
		return fs_missed(fs, path, fs_tree_data(fs->tree, path, ret, ret_len));
	k = fs->kept ? kept_file(fs, path) : NULL;
	if (!k || k->cut)
		return 1;
	*ret = k->data;
	*ret_len = k->len;
	return k->read_error;
}

int fs_read_all(const struct fs *fs, const char *path, size_t max, char **ret, size_t *ret_len)
{
	AUTO_CLOSE int fd = -1;
	const char *data;
	size_t len;
	int r = at_hand(fs, path, &data, &len);

	if (r < 0 || (r == 0 && len > max))
		return r < 0 ? r : -EFBIG;
	if (r == 0) {
		*ret = memcpy(xalloc(len + 1, 1), data, len);
		if (ret_len)
			*ret_len = len;
		return 0;
	}
	fd = fs_open(fs, path, O_RDONLY | O_NONBLOCK);
	return fd < 0 ? fd : slurp(fd, max, ret, ret_len);
}

int fs_read_u64(const struct fs *fs, const char *path, uint64_t *ret)
{
	char buf[64];
	int r = fs_read(fs, path, buf, sizeof(buf));

	return r < 0 ? r : text_u64(text_trim(buf), ret);
}

int fs_read_i64(const struct fs *fs, const char *path, int64_t *ret)
{
	char buf[64];
	int r = fs_read(fs, path, buf, sizeof(buf));

	return r < 0 ? r : text_i64(text_trim(buf), ret);
}

int fs_read_cpulist(const struct fs *fs, const char *path, struct cpuset *ret)
{
	AUTO_FREE char *text = NULL;
	int r = fs_read_all(fs, path, 1 << 16, &text, NULL);

	return r < 0 ? r : cpuset_parse_list(text, ret);
}

int fs_read_cpumask(const struct fs *fs, const char *path, struct cpuset *ret)
{
	AUTO_FREE char *text = NULL;
	int r = fs_read_all(fs, path, 1 << 16, &text, NULL);

	return r < 0 ? r : cpuset_parse_mask(text, ret);
}

int fs_readlink(const struct fs *fs, const char *path, char *buf, size_t cap)
{
	AUTO_CLOSE int fd = -1;
	ssize_t n;

	if (fs->tree)
		return fs_missed(fs, path, fs_tree_readlink(fs->tree, path, buf, cap));
	fd = open_inside(fs, path, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return fs_missed(fs, path, fd);
	n = readlinkat(fd, "", buf, cap);
	if (n < 0)
		return errno == ENOENT ? -EINVAL : -errno; /* ENOENT: the fd is no link */
	if ((size_t) n >= cap)
		return -ENAMETOOLONG;
	buf[n] = '\0';
	return (int) n;
}

static int __attribute__((format(printf, 2, 0))) make_path(char path[512], const char *fmt, va_list ap)
{
	int n = vsnprintf(path, 512, fmt, ap);

	return n < 0 || n >= 512 ? -ENAMETOOLONG : 0;
}

int fs_readf(const struct fs *fs, char *buf, size_t cap, const char *fmt, ...)
{
	char path[512];
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = make_path(path, fmt, ap);
	va_end(ap);
	return r < 0 ? r : fs_read(fs, path, buf, cap);
}

bool fs_existsf(const struct fs *fs, const char *fmt, ...)
{
	char path[512];
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = make_path(path, fmt, ap);
	va_end(ap);
	return r == 0 && fs_exists(fs, path);
}

int fs_write(const struct fs *fs, const char *path, const char *text)
{
	AUTO_CLOSE int fd = fs->tree ? -EROFS : fs_open(fs, path, O_WRONLY | O_TRUNC);
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return fd;
	do
		n = write(fd, text, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t) n == len ? 0 : -EIO;
}

int file_read_all(const char *path, size_t max, char **ret, size_t *ret_len, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r;

	if (fd < 0)
		return err_sys(err, -errno, "cannot open %s", path);
	r = slurp(fd, max, ret, ret_len);
	if (r == -EFBIG)
		return err_set(err, r, "%s is too big: at most %zu bytes are read", path, max);
	return r < 0 ? err_sys(err, r, "cannot read %s", path) : 0;
}
