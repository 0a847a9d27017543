/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the reader printed in the guest, as a tree.
 *
 * Nothing here is believed.  A line names a path that was asked for, or it is
 * passed over; links are walked in the tree, by text, and never on a disk; what
 * is not printable ASCII becomes '?', so that no byte of a guest's can move a
 * cursor or break JSON; the tree has its own bounds.  A guest can lie about
 * itself as it likes, and only about itself.
 */
#include <errno.h>
#include <string.h>

#include "audit/inside.h"
#include "base/cleanup.h"
#include "base/fs_tree.h"
#include "base/text.h"
#include "base/vec.h"

#define LINKS_MAX 40
#define PATH_MOST 1024

static bool is_plain(char c)
{
	return c >= ' ' && c <= '~';
}

static bool path_is_plain(const char *path, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_plain(path[i]))
			return false;
	}
	return len > 0 && len < PATH_MOST;
}

static void clean(char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		data[i] = is_plain(data[i]) || data[i] == '\n' || data[i] == '\t' ? data[i] : '?';
}

/* Puts one more component behind those that are resolved; ".." takes one off, and stops at the root. */
static bool step(char *done, size_t cap, const char *name, size_t len)
{
	size_t used = strlen(done);

	if (len == 0 || (len == 1 && name[0] == '.'))
		return true;
	if (len == 2 && name[0] == '.' && name[1] == '.') {
		char *slash = strrchr(done, '/');

		*(slash ? slash : done) = '\0';
		return true;
	}
	return !text_print(done + used, cap - used, "%s%.*s", used ? "/" : "", (int) len, name);
}

/* The path with every link on its way walked, but for the last one when `keep_last`; false when it leads nowhere. */
static bool resolve(struct fs_tree *t, const char *path, bool keep_last, char *done, size_t cap)
{
	char rest[PATH_MOST], target[PATH_MOST], next[2 * PATH_MOST];
	unsigned links = 0;

	done[0] = '\0';
	if (text_print(rest, sizeof(rest), "%s", path))
		return false;
	while (rest[0]) {
		size_t len = strcspn(rest, "/");
		const char *after = rest + len + strspn(rest + len, "/");
		size_t before = strlen(done);
		int n;

		if (!step(done, cap, rest, len))
			return false;
		n = keep_last && !*after ? -EINVAL : fs_tree_readlink(t, done, target, sizeof(target));
		if (n <= 0) {
			memmove(rest, after, strlen(after) + 1);
			continue;
		}
		if (links++ == LINKS_MAX || (size_t) n >= sizeof(target) ||
		    text_print(next, sizeof(next), "%s/%s", target, after) || text_print(rest, sizeof(rest), "%s", next))
			return false;
		done[target[0] == '/' ? 0 : before] = '\0';
	}
	return done[0] != '\0';
}

/* Where a capture keeps what is no file: a link of the guest's does not lead there. */
static bool is_own(const char *path)
{
	return text_eq(path, FS_TREE_OWN) || text_starts(path, FS_TREE_OWN "/");
}

static void add(struct fs_tree *t, const char *path, enum fs_kind kind, const char *target)
{
	struct fs_tree_entry e = { .kind = kind, .mode = kind == FS_FILE ? 0644 : 0755, .data = target, .len = strlen(target) };
	char real[PATH_MOST];

	/* A file whose content does not come is there, and could not be read. */
	if (kind == FS_FILE) {
		e.data = NULL;
		e.error = -EACCES;
	}
	if (!resolve(t, path, kind == FS_LINK, real, sizeof(real)) || is_own(real))
		return;
	e.path = real;
	(void) fs_tree_add(t, &e);
}

/* "444 proc/irq/24/smp_affinity": an interrupt that nobody may move. */
static void take_mode(struct fs_tree *t, const char *line)
{
	struct fs_tree_entry e = { .kind = FS_FILE, .error = -EACCES };

	while (*line >= '0' && *line <= '7' && e.mode < 01000)
		e.mode = e.mode << 3 | (unsigned) (*line++ - '0');
	if (*line++ != ' ' || !text_starts(line, "proc/irq/") || !text_ends(line, "/smp_affinity") || !inside_asks(line))
		return;
	e.mode &= 0777;
	e.path = line;
	(void) fs_tree_add(t, &e);
}

/* "l PATH\tTARGET", "d PATH", "m MODE PATH", or files: "f PATH", "x PATH". */
static void take_name(struct fs_tree *t, const char *line, size_t len, bool files)
{
	char path[PATH_MOST], *tab;

	if (len < 3 || len - 2 >= sizeof(path) || line[1] != ' ')
		return;
	memcpy(path, line + 2, len - 2);
	path[len - 2] = '\0';
	if (line[0] == 'm' && strlen(path) == len - 2 && path_is_plain(path, len - 2) && !files)
		take_mode(t, path);
	tab = strchr(path, '\t');
	if (tab)
		*tab++ = '\0';
	if (strlen(path) + (tab ? strlen(tab) + 1 : 0) != len - 2 || !path_is_plain(path, strlen(path)) ||
	    (tab && !path_is_plain(tab, strlen(tab))) || !inside_asks(path))
		return;
	if (!files && line[0] == 'l' && tab)
		add(t, path, FS_LINK, tab);
	else if (!files && line[0] == 'd')
		add(t, path, FS_DIR, "");
	else if (files && (line[0] == 'f' || line[0] == 'x'))
		add(t, path, FS_FILE, "");
}

/* Names up to the line "="; returns what is behind it. */
static const char *take_names(struct fs_tree *t, const char *at, const char *end, bool files)
{
	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t) (end - at));

		if (!nl)
			return end;
		if (nl - at == 1 && *at == '=')
			return nl + 1;
		take_name(t, at, (size_t) (nl - at), files);
		at = nl + 1;
	}
	return end;
}

#define HEAD "==> "
#define TAIL " <=="

/* Is this line head's name of the next file, one that was asked for? */
static bool take_head(const char *at, const char *end, char *path, size_t cap)
{
	const char *nl = memchr(at, '\n', (size_t) (end - at));
	size_t n = nl ? (size_t) (nl - at) : 0, around = strlen(HEAD) + strlen(TAIL);

	if (n <= around || n - around >= cap || memcmp(at, HEAD, strlen(HEAD)) != 0 ||
	    memcmp(nl - strlen(TAIL), TAIL, strlen(TAIL)) != 0)
		return false;
	memcpy(path, at + strlen(HEAD), n - around);
	path[n - around] = '\0';
	return path_is_plain(path, strlen(path)) && strlen(path) == n - around && inside_asks(path);
}

int inside_take_file(struct fs_tree *t, const char *path, char *data, size_t len)
{
	struct fs_tree_entry e = { .kind = FS_FILE, .mode = 0644, .data = data, .len = len };
	char real[PATH_MOST];

	if (!inside_asks(path) || !resolve(t, path, false, real, sizeof(real)) || is_own(real))
		return -EINVAL;
	clean(data, len);
	e.path = real;
	return fs_tree_add(t, &e);
}

struct body {
	char path[PATH_MOST];
	const char *from;
};

static size_t put_body(struct fs_tree *t, const struct body *b, const char *end)
{
	AUTO_FREE char *data = NULL;
	size_t len;

	if (!b->path[0])
		return 0;
	len = (size_t) (end - b->from);
	data = xalloc(1, len + 1);
	memcpy(data, b->from, len);
	return inside_take_file(t, b->path, data, len) == 0;
}

/* Between two files head puts an empty line, which is none of the first one's. */
static size_t take_bodies(struct fs_tree *t, const char *at, const char *end)
{
	struct body b = { .path = "" };
	size_t files = 0;

	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t) (end - at));
		char path[PATH_MOST];

		if (take_head(at, end, path, sizeof(path))) {
			files += put_body(t, &b, at > b.from && b.from && at[-1] == '\n' ? at - 1 : at);
			text_print(b.path, sizeof(b.path), "%s", path);
			b.from = nl + 1;
		}
		at = nl ? nl + 1 : end;
	}
	return files + put_body(t, &b, end);
}

size_t inside_take(struct fs_tree *t, const char *text, size_t len)
{
	/* Links first, so that every path finds its place; files last: those whose content came are there by then. */
	const char *end = text + len, *bodies = take_names(t, text, end, false);
	size_t files = take_bodies(t, bodies, end);

	take_names(t, text, bodies, true);
	return files;
}
