/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest says: the reader's words as a tree that the guest role is then audited on, and base64 of it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "audit/inside.h"
#include "base/cleanup.h"
#include "base/fs_tree.h"
#include "base/vec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing of the guest's moves a cursor, and nothing is where nobody asked for it. */
static int look_at(void *arg, const struct fs_tree_entry *e)
{
	(void) arg;
	if (strncmp(e->path, FS_TREE_OWN, strlen(FS_TREE_OWN)) == 0 || strstr(e->path, "/../"))
		abort();
	for (size_t i = 0; e->data && i < e->len; i++) {
		unsigned char c = (unsigned char) e->data[i];

		if (c != '\n' && c != '\t' && (c < ' ' || c > '~'))
			abort();
	}
	return 0;
}

static void audit_it(const struct fs *fs)
{
	struct audit_options o = { .role = "guest" };
	struct machine_facts machine = { 0 };
	struct audit *a = NULL;
	struct sink out = { 0 };
	struct jsonw w = { .out = &out };
	struct err err = { 0 };

	if (machine_facts_read(fs, &machine, &err) == 0 && audit_make(&a, fs, &machine, &o, &err) == 0)
		audit_json(a, false, &w, NULL);
	sink_free(&out);
	audit_free(a);
	machine_facts_free(&machine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *) data, size), *out = NULL;
	struct fs_tree *t = fs_tree_new();
	struct fs fs;
	size_t len;

	inside_take(t, (const char *) data, size);
	fs_tree_walk(t, look_at, NULL);
	fs_of_tree(&fs, t, "guest");
	audit_it(&fs);
	fs_close(&fs);
	if (inside_base64(text, &out, &len) == 0 && len > strlen(text))
		abort();
	return 0;
}
