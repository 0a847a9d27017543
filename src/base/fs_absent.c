/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "This machine does not have it" and "nobody looked" are two answers.  A
 * recording keeps both kinds of knowledge: a name that was asked for in vain is
 * an entry of its own (FS_ABSENT, seen by no reader), and a folder that was
 * listed has nothing but what is in it.  Written as text and applied to the
 * opened copy, they tell there which of the missing are missing for sure.
 */
#include <errno.h>
#include <string.h>

#include "base/cursor.h"
#include "base/fs_tree_nodes.h"
#include "base/text.h"

int tree_miss(struct fs_tree *t, uint32_t parent, const char *name, size_t len)
{
	t->sure = t->nodes.at[parent].listed || tree_find(t, parent, name, len) != NONE;
	return -ENOENT;
}

bool fs_tree_surely_absent(struct fs_tree *t, const char *path)
{
	enum fs_kind kind;
	unsigned mode;
	int r = fs_tree_stat(t, path, &kind, &mode);

	return r != -ENOENT || t->sure;
}

bool fs_tree_knows_absences(const struct fs_tree *t)
{
	return t->knows || tree_recording(t);
}

void fs_tree_absences(const struct fs_tree *t, struct sink *out)
{
	bool whole = !t->from.gaps; /* what a part of a machine lacks, the machine may have */
	char path[PATH_BYTES];

	for (uint32_t n = 1; whole && n < t->nodes.n; n++) {
		const struct node *node = &t->nodes.at[n];
		bool told = node->kind == FS_ABSENT || (node->kind == FS_DIR && node->listed);

		if (told && tree_path_of(t, n, path) == 0 && !strchr(path, '\n'))
			sink_printf(out, "%s%s\n", path, node->kind == FS_DIR ? "/" : "");
	}
}

/* The entry of a path without links, "" the root; NONE. */
static uint32_t find_plain(const struct fs_tree *t, const char *path, size_t len)
{
	uint32_t n = 0;

	for (size_t at = 0; n != NONE && at < len;) {
		size_t part = strcspn(path + at, "/");

		part = part < len - at ? part : len - at;
		n = tree_find(t, n, path + at, part);
		at += part + 1;
	}
	return n;
}

static void know_absent(struct fs_tree *t, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	uint32_t parent = find_plain(t, path, slash ? (size_t) (slash - path) : 0);

	if (parent != NONE && *name && t->nodes.at[parent].kind == FS_DIR &&
	    tree_find(t, parent, name, strlen(name)) == NONE)
		tree_add_node(t, parent, name, strlen(name), FS_ABSENT);
}

void fs_tree_know_absences(struct fs_tree *t, const char *text)
{
	char line[PATH_BYTES];

	t->knows = true;
	while (take_line(&text, line, sizeof(line))) {
		size_t len = strlen(line);
		uint32_t n;

		if (len == 0 || line[len - 1] != '/') {
			know_absent(t, line);
			continue;
		}
		n = find_plain(t, line, len - 1);
		if (n != NONE && t->nodes.at[n].kind == FS_DIR)
			t->nodes.at[n].listed = true;
	}
}
