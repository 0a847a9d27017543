/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording tree asks `from` for what it does not know yet: for a name by
 * lstat, for a file's content when it is first read, for a folder's names when
 * it is first listed.  `from` is only ever given paths without links in them:
 * the tree walks those itself, and so keeps them.
 */
#include "base/fs_tree_nodes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

static void learn_kind(struct node *node, const struct stat *st, int fd)
{
	char target[1024];
	ssize_t n;

	node->probed = true;
	node->mode = (uint16_t) (st->st_mode & 07777);
	node->kind = S_ISDIR(st->st_mode) ? FS_DIR : S_ISREG(st->st_mode) ? FS_FILE : S_ISLNK(st->st_mode) ? FS_LINK : FS_OTHER;
	if (node->kind != FS_LINK)
		return;
	n = readlinkat(fd, "", target, sizeof(target));
	if (n < 0 || n == sizeof(target))
		tree_set_error(node, n < 0 ? -errno : -ENAMETOOLONG);
	else
		tree_set_data(node, xstrndup(target, (size_t) n), (size_t) n);
}

/* lstat of a name; NONE when there is none or the folder may not be entered. */
static uint32_t probe(struct fs_tree *t, uint32_t parent, const char *name, size_t len, uint32_t known)
{
	char path[PATH_BYTES];
	AUTO_CLOSE int fd = -1;
	struct stat st;
	size_t used;

	if (tree_path_of(t, parent, path) < 0)
		return NONE;
	used = strlen(path);
	if (text_print(path + used, sizeof(path) - used, "%s%.*s", used ? "/" : "", (int) len, name) ||
	    text_eq(path, FS_TREE_OWN) || text_starts(path, FS_TREE_OWN "/"))
		return NONE;
	fd = fs_open(&t->from, path, O_PATH | O_NOFOLLOW);
	if (fd < 0 && fd != -ENOENT && fd != -ENOTDIR)
		tree_set_error(&t->nodes.at[parent], fd);
	if (fd == -ENOENT && known == NONE && !t->from.gaps)
		tree_add_node(t, parent, name, len, FS_ABSENT);
	if (fd < 0 || fstat(fd, &st) < 0)
		return NONE;
	if (known == NONE)
		known = tree_add_node(t, parent, name, len, FS_OTHER);
	if (known != NONE)
		learn_kind(&t->nodes.at[known], &st, fd);
	return known;
}

uint32_t tree_lookup(struct fs_tree *t, uint32_t parent, const char *name, size_t len)
{
	uint32_t n = tree_find(t, parent, name, len);

	if (n != NONE && t->nodes.at[n].kind == FS_ABSENT)
		return NONE;
	if (!tree_recording(t) || (n != NONE && t->nodes.at[n].probed))
		return n;
	if (n == NONE && t->nodes.at[parent].listed)
		return NONE;
	n = probe(t, parent, name, len, n);
	return n;
}

void tree_learn_content(struct fs_tree *t, uint32_t n)
{
	char path[PATH_BYTES], *text;
	size_t len = 0;
	int r = tree_path_of(t, n, path);

	if (r == 0)
		r = fs_read_all(&t->from, path, FS_TREE_FILE_MAX, &text, &len);
	if (r == 0 && !tree_charge(t, len)) {
		free(text);
		r = -EFBIG;
	}
	if (r < 0)
		tree_set_error(&t->nodes.at[n], r);
	else
		tree_set_data(&t->nodes.at[n], text, len);
}

void tree_learn_names(struct fs_tree *t, uint32_t n)
{
	struct fs_names names;
	char path[PATH_BYTES];
	int r = tree_path_of(t, n, path);

	if (r == 0)
		r = fs_list(&t->from, *path ? path : ".", &names);
	t->nodes.at[n].listed = true;
	if (r < 0) {
		tree_set_error(&t->nodes.at[n], r);
		return;
	}
	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.at[i];

		if (tree_find(t, n, name, strlen(name)) == NONE)
			probe(t, n, name, strlen(name), NONE);
	}
	fs_list_free(&names);
}

void fs_tree_settle(struct fs_tree *t)
{
	t->from = (struct fs){ .root = -1 };
	/* All of a copy was listed: that says nothing of the machine. */
	for (size_t i = 0; i < t->nodes.n; i++)
		t->nodes.at[i].listed = false;
}

void fs_record(struct fs *ret, const struct fs *from)
{
	struct fs_tree *t = fs_tree_new();

	t->from = *from;
	fs_of_tree(ret, t, from->path);
}
