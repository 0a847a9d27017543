/* SPDX-License-Identifier: Apache-2.0 */
/* A whole machine of garbage: "PATH\0CONTENT\0" pairs become files, links and errors, and all facts are read from them. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs_tree.h"
#include "host/facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(struct fs_tree *t, char *path, const char *content, size_t len)
{
	struct fs_tree_entry e = { .path = path, .kind = FS_FILE, .mode = 0644, .data = content, .len = len };

	if (path[0] == '>') { /* ">link" */
		e.kind = FS_LINK;
		e.path++;
	} else if (path[0] == '!') {
		e.error = -EACCES;
		e.path++;
	}
	fs_tree_add(t, &e);
}

static void read_machine(struct fs *fs)
{
	struct machine_facts m;
	struct err err = { 0 };
	json_t *j;

	if (machine_facts_read(fs, &m, &err) < 0)
		return;
	j = machine_facts_json(&m);
	if (!j)
		abort();
	json_decref(j);
	machine_facts_free(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fs_tree *t = fs_tree_new();
	char *text = malloc(size + 2), *at = text, *end = text + size;
	struct fs fs;

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = text[size + 1] = '\0';
	while (at < end) {
		char *content = at + strlen(at) + 1;
		size_t len = content < end ? strlen(content) : 0;

		if (*at && content <= end)
			add(t, at, content, len);
		at = content + len + 1;
	}
	fs_of_tree(&fs, t, "fuzz");
	read_machine(&fs);
	fs_close(&fs);
	free(text);
	return 0;
}
