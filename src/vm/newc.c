/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/newc.h"

#include <string.h>
#include <sys/stat.h>

struct entry {
	const char *name;
	mode_t mode;
	unsigned nlink, major, minor;
	const void *data;
	uint32_t len;
};

static void pad4(struct sink *s)
{
	static const char zeros[4];

	sink_putn(s, zeros, -s->len & 3);
}

/* "070701", thirteen numbers of eight hex digits, the name with its NUL, the data; both padded to four bytes. */
static void put(struct newc *n, const struct entry *e)
{
	const uint32_t field[13] = {
		++n->inode, e->mode, 0, 0,        e->nlink, 0 /* mtime */,
		e->len,     0,       0, e->major, e->minor, (uint32_t) strlen(e->name) + 1,
		0,
	};

	sink_put(&n->out, "070701");
	for (size_t i = 0; i < sizeof(field) / sizeof(field[0]); i++)
		sink_printf(&n->out, "%08x", field[i]);
	sink_putn(&n->out, e->name, strlen(e->name) + 1);
	pad4(&n->out);
	sink_putn(&n->out, e->data, e->len);
	pad4(&n->out);
}

void newc_dir(struct newc *n, const char *name, mode_t perm)
{
	put(n, &(struct entry){ .name = name, .mode = S_IFDIR | perm, .nlink = 2, .data = "" });
}

void newc_file(struct newc *n, const char *name, mode_t perm, const void *data, uint32_t len)
{
	put(n, &(struct entry){ .name = name, .mode = S_IFREG | perm, .nlink = 1, .data = data, .len = len });
}

void newc_char_node(struct newc *n, const char *name, mode_t perm, unsigned major, unsigned minor)
{
	put(n, &(struct entry){ .name = name, .mode = S_IFCHR | perm, .nlink = 1, .data = "", .major = major, .minor = minor });
}

void newc_end(struct newc *n)
{
	n->inode = UINT32_MAX; /* the trailer has inode 0 */
	put(n, &(struct entry){ .name = "TRAILER!!!", .nlink = 1, .data = "" });
}

void newc_free(struct newc *n)
{
	sink_free(&n->out);
}
