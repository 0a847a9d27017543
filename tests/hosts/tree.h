/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree - a machine as one text file, unfolded into a folder for a test:
 *
 *	== sys/devices/system/cpu/online
 *	0-1
 *	== proc/irq/36/virtio1-req.0/
 *
 * Lines after "== PATH" are the file's content; a PATH that ends in "/" is a
 * folder.  Lines before the first are a comment.
 */
#ifndef TESTS_HOSTS_TREE_H
#define TESTS_HOSTS_TREE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/fs.h"
#include "base/sink.h"
#include "base/text.h"
#include "base/vec.h"

/* All folders above a path; the path itself when it ends in "/". */
static inline void tree_folders(const char *path)
{
	AUTO_FREE char *copy = xstrdup(path);

	for (char *c = copy + 1; *c; c++) {
		if (*c == '/') {
			*c = '\0';
			mkdir(copy, 0755);
			*c = '/';
		}
	}
}

static inline void tree_put(const char *dir, const char *path, const char *text)
{
	AUTO_FREE char *full = xprintf("%s/%s", dir, path);
	AUTO_FILE FILE *f = NULL;

	tree_folders(full);
	if (text_ends(path, "/"))
		return;
	f = fopen(full, "w");
	if (!f || fputs(text, f) < 0)
		abort();
}

static inline void tree_unfold(const char *text, const char *dir)
{
	struct sink content = { 0 };
	char line[4096], path[512] = "";

	while (take_line(&text, line, sizeof(line))) {
		if (!text_starts(line, "== ")) {
			if (path[0])
				sink_printf(&content, "%s\n", line);
			continue;
		}
		if (path[0])
			tree_put(dir, path, content.text ? content.text : "");
		sink_free(&content);
		text_print(path, sizeof(path), "%s", line + 3);
	}
	if (path[0])
		tree_put(dir, path, content.text ? content.text : "");
	sink_free(&content);
}

/* The machine tests/hosts/NAME.tree in a new folder, opened; the caller removes the folder. */
static inline void tree_open(const char *name, char dir[64], struct fs *fs)
{
	AUTO_FREE char *path = xprintf("%s/tests/hosts/%s.tree", SOURCE_ROOT, name), *text = NULL;
	struct err err = { 0 };

	strcpy(dir, "/tmp/vlat-host-XXXXXX");
	if (!mkdtemp(dir) || file_read_all(path, 1 << 20, &text, NULL, &err) < 0) {
		fprintf(stderr, "%s: %s\n", path, err.text);
		abort();
	}
	tree_unfold(text, dir);
	if (fs_open_root(fs, dir, &err) < 0)
		abort();
	/* Written by hand, a machine has what is written and no more; but a sosreport is known to be a part. */
	if (fs_exists(fs, "sos_reports"))
		fs_note_gaps(fs);
}

static inline void tree_close(const char *dir, struct fs *fs)
{
	fs_close(fs);
	dir_remove_all(dir);
}

#endif
