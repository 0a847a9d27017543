/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An audit asks for one file from several sides: a fact, the knob that judges
 * it, the check that holds it against others.  Each time costs a walk of the
 * path, an open, the work of whoever prints it in the kernel, and a close.  Kept
 * here it costs them once, and all sides see the same moment.
 *
 * A table of hashes by path, a power of two long, grown at half full.
 */
#include "base/fs_kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"

#define KEPT_BYTES  (1u << 16) /* of one file; more is read anew each time */
#define FIRST_SLOTS 2048

struct fs_kept {
	struct kept **at; /* NULL = free */
	size_t slots, n;
	char *buf;              /* KEPT_BYTES, for the file that is being read */
};

void fs_keep(struct fs *fs)
{
	if (!fs->live || fs->tree || fs->kept)
		return;
	fs->kept = xalloc(1, sizeof(*fs->kept));
	fs->kept->slots = FIRST_SLOTS;
	fs->kept->at = xalloc(FIRST_SLOTS, sizeof(*fs->kept->at));
	fs->kept->buf = xrealloc(NULL, KEPT_BYTES);
}

static void free_one(struct kept *f)
{
	fs_list_free(&f->names);
	free(f->path);
	free(f->data);
	free(f);
}

void kept_free(struct fs_kept *k)
{
	for (size_t i = 0; k && i < k->slots; i++)
		if (k->at[i])
			free_one(k->at[i]);
	if (k) {
		free(k->at);
		free(k->buf);
	}
	free(k);
}

static struct kept **slot_of(const struct fs_kept *k, const char *path)
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
	size_t i;

	for (const char *c = path; *c; c++)
		hash = (hash ^ (unsigned char) *c) * 0x100000001b3u;
	i = (size_t) (hash ^ hash >> 32) & (k->slots - 1);
	while (k->at[i] && !text_eq(k->at[i]->path, path))
		i = (i + 1) & (k->slots - 1);
	return &k->at[i];
}

static void grow(struct fs_kept *k)
{
	struct kept **old = k->at;
	size_t n = k->slots;

	k->slots *= 2;
	k->at = xalloc(k->slots, sizeof(*k->at));
	for (size_t i = 0; i < n; i++) {
		if (old[i])
			*slot_of(k, old[i]->path) = old[i];
	}
	free(old);
}

/* Of one file: each of the two sides may have read it, listed it, or found it missing. */
static void merge_one(struct kept *to, struct kept *from)
{
	if (!to->missing)
		to->missing = from->missing;
	if (!to->read && from->read) {
		to->read = true;
		to->read_error = from->read_error;
		to->data = TAKE(from->data);
		to->len = from->len;
		to->cut = from->cut;
	}
	if (!to->listed && from->listed) {
		to->listed = true;
		to->list_error = from->list_error;
		to->names = from->names;
		from->names = (struct fs_names){ 0 };
	}
}

void kept_merge(struct fs_kept *to, struct fs_kept *from)
{
	for (size_t i = 0; i < from->slots; i++) {
		struct kept **slot, *one = TAKE(from->at[i]);

		if (!one)
			continue;
		if (to->n * 2 >= to->slots)
			grow(to);
		slot = slot_of(to, one->path);
		if (*slot) {
			merge_one(*slot, one);
			free_one(one);
		} else {
			*slot = one;
			to->n++;
		}
	}
	from->n = 0;
}

static struct kept *of_path(struct fs_kept *k, const char *path)
{
	struct kept **slot;

	if (k->n * 2 >= k->slots)
		grow(k);
	slot = slot_of(k, path);
	if (!*slot) {
		*slot = xalloc(1, sizeof(**slot));
		(*slot)->path = xstrdup(path);
		k->n++;
	}
	return *slot;
}

static void note_missing(struct kept *f, int r)
{
	if (r == -ENOENT || r == -ENOTDIR)
		f->missing = r;
}

const struct kept *kept_file(const struct fs *fs, const char *path)
{
	struct fs_kept *k = fs->kept;
	struct kept *f = of_path(k, path);
	ssize_t n;

	if (f->read)
		return f;
	f->read = true;
	n = f->missing ? f->missing : fs_read_past(fs, path, k->buf, KEPT_BYTES);
	if (n < 0) {
		f->read_error = (int) n;
		note_missing(f, f->read_error);
		return f;
	}
	f->len = (size_t) n;
	f->cut = f->len == KEPT_BYTES;
	f->data = memcpy(xalloc(f->len + 1, 1), k->buf, f->len);
	return f;
}

const struct kept *kept_folder(const struct fs *fs, const char *path)
{
	struct kept *f = of_path(fs->kept, path);

	if (f->listed)
		return f;
	f->listed = true;
	f->list_error = f->missing == -ENOENT ? -ENOENT : fs_list_past(fs, path, &f->names);
	if (f->list_error == -ENOENT)
		f->missing = -ENOENT;
	return f;
}

const struct kept *kept_known(const struct fs *fs, const char *path)
{
	return *slot_of(fs->kept, path);
}
