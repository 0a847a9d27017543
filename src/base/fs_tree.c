/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries are numbered; 0 is the root.  A hash over (parent, name) finds a
 * child, lists of siblings give a folder's content.  A path is walked one name
 * at a time, links put their target in front of what is left, ".." of the root
 * is the root: the same rules as openat2() with RESOLVE_IN_ROOT.
 */
#include "base/fs_tree_nodes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"

bool tree_recording(const struct fs_tree *t)
{
	return t->from.path[0] != '\0';
}

static size_t hash(const struct fs_tree *t, uint32_t parent, const char *name, size_t len)
{
	uint64_t h = 0xcbf29ce484222325ull ^ parent;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char) name[i]) * 0x100000001b3ull;
	return (h ^ h >> 29) & (t->n_buckets - 1);
}

static void put_in_bucket(struct fs_tree *t, uint32_t n)
{
	struct node *node = &t->nodes.at[n];
	size_t b = hash(t, node->parent, node->name, strlen(node->name));

	node->bucket = t->buckets[b];
	t->buckets[b] = n;
}

static void grow_buckets(struct fs_tree *t)
{
	t->n_buckets *= 4;
	free(t->buckets);
	t->buckets = xalloc(t->n_buckets, sizeof(*t->buckets));
	memset(t->buckets, 0xff, t->n_buckets * sizeof(*t->buckets));
	for (uint32_t i = 1; i < t->nodes.n; i++)
		put_in_bucket(t, i);
}

uint32_t tree_find(const struct fs_tree *t, uint32_t parent, const char *name, size_t len)
{
	for (uint32_t n = t->buckets[hash(t, parent, name, len)]; n != NONE; n = t->nodes.at[n].bucket) {
		const struct node *node = &t->nodes.at[n];

		if (node->parent == parent && strlen(node->name) == len && memcmp(node->name, name, len) == 0)
			return n;
	}
	return NONE;
}

bool tree_charge(struct fs_tree *t, size_t bytes)
{
	if (bytes > FS_TREE_MAX - t->used) {
		t->full = true;
		return false;
	}
	t->used += bytes;
	return true;
}

uint32_t tree_add_node(struct fs_tree *t, uint32_t parent, const char *name, size_t len, enum fs_kind kind)
{
	uint32_t n = (uint32_t) t->nodes.n;
	struct node *node;

	if (!tree_charge(t, FS_TREE_ENTRY + len))
		return NONE;
	node = vec_add(&t->nodes);
	*node = (struct node){ .parent = parent,
			       .child = NONE,
			       .sibling = t->nodes.at[parent].child,
			       .kind = (uint8_t) kind,
			       .mode = kind == FS_DIR ? 0755 : 0644,
			       .name = xstrndup(name, len) };
	t->nodes.at[parent].child = n;
	if (t->nodes.n > t->n_buckets)
		grow_buckets(t);
	else
		put_in_bucket(t, n);
	return n;
}

struct fs_tree *fs_tree_new(void)
{
	struct fs_tree *t = xalloc(1, sizeof(*t));
	struct node *root = vec_add(&t->nodes);

	t->from.root = -1;
	t->n_buckets = 256;
	grow_buckets(t);
	*root = (struct node){
		.child = NONE, .sibling = NONE, .bucket = NONE, .kind = FS_DIR, .mode = 0755, .probed = true, .name = xstrdup("")
	};
	return t;
}

void fs_tree_free(struct fs_tree *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->nodes.n; i++) {
		free(t->nodes.at[i].name);
		free(t->nodes.at[i].data);
	}
	vec_free(&t->nodes);
	free(t->buckets);
	free(t);
}

bool fs_tree_full(const struct fs_tree *t)
{
	return t->full;
}

/* "a/b/c" of an entry; -ENAMETOOLONG. */
int tree_path_of(const struct fs_tree *t, uint32_t n, char path[PATH_BYTES])
{
	size_t at = PATH_BYTES - 1;

	path[at] = '\0';
	for (; n != 0; n = t->nodes.at[n].parent) {
		size_t len = strlen(t->nodes.at[n].name);

		if (at < len + 1)
			return -ENAMETOOLONG;
		if (path[at])
			path[--at] = '/';
		at -= len;
		memcpy(path + at, t->nodes.at[n].name, len);
	}
	memmove(path, path + at, PATH_BYTES - at);
	return 0;
}

void tree_set_data(struct node *node, char *data, size_t len)
{
	free(node->data);
	node->data = data;
	node->len = (uint32_t) len;
	node->read = true;
}

void tree_set_error(struct node *node, int error)
{
	node->error = (int16_t) error;
	node->read = true;
}

/* --- walking --- */

/* What is left to walk: text of the path, with links' targets put in front. */
struct walk {
	char left[PATH_BYTES];
	unsigned links;
};

static int put_in_front(struct walk *w, const struct node *link, const char *rest)
{
	AUTO_FREE char *tail = xstrdup(rest);

	if (++w->links > LINKS_MAX)
		return -ELOOP;
	if (!link->data)
		return link->error ? link->error : -ENODATA;
	return text_print(w->left, sizeof(w->left), "%s/%s", link->data, tail) ? -ENAMETOOLONG : 0;
}

/* The entry of a path, or a negative errno. follow: a link at the end is walked too. */
static int64_t resolve(struct fs_tree *t, const char *path, bool follow)
{
	struct walk w = { .links = 0 };
	const char *at = w.left;
	uint32_t n = 0;

	if (text_print(w.left, sizeof(w.left), "%s", path))
		return -ENAMETOOLONG;
	while (*(at += strspn(at, "/"))) {
		size_t len = strcspn(at, "/");
		const char *name = at, *rest = at + len + strspn(at + len, "/");
		uint32_t next;
		int r;

		if (t->nodes.at[n].kind != FS_DIR)
			return -ENOTDIR;
		at = rest;
		if (len == 1 && name[0] == '.')
			continue;
		next = len == 2 && memcmp(name, "..", 2) == 0 ? t->nodes.at[n].parent : tree_lookup(t, n, name, len);
		if (next == NONE) /* a folder that cannot be entered says so */
			return t->nodes.at[n].error ? t->nodes.at[n].error : tree_miss(t, n, name, len);
		if (t->nodes.at[next].kind != FS_LINK || (!*rest && !follow)) {
			n = next;
			continue;
		}
		n = t->nodes.at[next].data && t->nodes.at[next].data[0] == '/' ? 0 : n;
		r = put_in_front(&w, &t->nodes.at[next], rest);
		if (r < 0)
			return r;
		at = w.left;
	}
	return n;
}

int fs_tree_stat(struct fs_tree *t, const char *path, enum fs_kind *ret_kind, unsigned *ret_mode)
{
	int64_t n = resolve(t, path, true);

	if (n < 0)
		return (int) n;
	*ret_kind = t->nodes.at[n].kind;
	*ret_mode = t->nodes.at[n].mode;
	return 0;
}

bool fs_tree_exists(struct fs_tree *t, const char *path)
{
	return resolve(t, path, true) >= 0;
}

int fs_tree_data(struct fs_tree *t, const char *path, const char **ret, size_t *ret_len)
{
	int64_t n = resolve(t, path, true);
	const struct node *node;

	if (n < 0)
		return (int) n;
	if (t->nodes.at[n].kind == FS_DIR)
		return -EISDIR;
	if (t->nodes.at[n].kind == FS_OTHER)
		return t->nodes.at[n].error ? t->nodes.at[n].error : -ENXIO;
	if (tree_recording(t) && !t->nodes.at[n].read)
		tree_learn_content(t, (uint32_t) n);
	node = &t->nodes.at[n];
	if (node->error)
		return node->error;
	*ret = node->data ? node->data : "";
	*ret_len = node->len;
	return 0;
}

int fs_tree_readlink(struct fs_tree *t, const char *path, char *buf, size_t cap)
{
	int64_t n = resolve(t, path, false);
	const struct node *node;

	if (n < 0)
		return (int) n;
	node = &t->nodes.at[n];
	if (node->kind != FS_LINK)
		return -EINVAL;
	if (!node->data)
		return node->error ? node->error : -ENODATA;
	return text_print(buf, cap, "%s", node->data) ? -ENAMETOOLONG : (int) node->len;
}

int fs_tree_list(struct fs_tree *t, const char *path, bool folders_only, struct fs_names *ret)
{
	int64_t n = resolve(t, path, true);
	VEC(char *) names = { 0 };

	if (n < 0)
		return (int) n;
	if (t->nodes.at[n].kind != FS_DIR)
		return -ENOTDIR;
	if (tree_recording(t) && !t->nodes.at[n].listed)
		tree_learn_names(t, (uint32_t) n);
	if (t->nodes.at[n].error)
		return t->nodes.at[n].error;
	for (uint32_t c = t->nodes.at[n].child; c != NONE; c = t->nodes.at[c].sibling) {
		const struct node *e = &t->nodes.at[c];

		if (e->kind != FS_ABSENT && (!folders_only || e->kind == FS_DIR) && !(n == 0 && text_eq(e->name, FS_TREE_OWN)))
			*vec_add(&names) = xstrdup(e->name);
	}
	*ret = (struct fs_names){ .at = names.at, .n = names.n };
	return 0;
}

/* Files become what read() works on: memory with a name. */
int fs_tree_open(struct fs_tree *t, const char *path, int flags)
{
	AUTO_CLOSE int fd = -1;
	const char *data;
	size_t len;
	int r;

	if ((flags & O_ACCMODE) != O_RDONLY)
		return -EROFS;
	if (flags & O_DIRECTORY)
		return fs_tree_exists(t, path) ? -EOPNOTSUPP : -ENOENT;
	r = fs_tree_data(t, path, &data, &len);
	if (r < 0)
		return r;
	fd = memfd_create("vlat-copy", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, data, len) != (ssize_t) len || lseek(fd, 0, SEEK_SET) != 0)
		return -EIO;
	return TAKE_FD(fd);
}

/* --- putting in --- */

static bool good_name(const char *name, size_t len)
{
	return len <= 255 && !(len == 2 && memcmp(name, "..", 2) == 0);
}

/* The folder above the last name of a path, made where it is not; the name in *ret_name. */
static int make_parents(struct fs_tree *t, const char *path, uint32_t *ret, const char **ret_name, size_t *ret_len)
{
	uint32_t n = 0;
	unsigned depth = 0;

	for (;;) {
		size_t len;
		uint32_t next;

		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (!good_name(path, len) || ++depth > DEPTH_MAX)
			return -EINVAL;
		if (path[len + strspn(path + len, "/")] == '\0') {
			*ret = n;
			*ret_name = path;
			*ret_len = len;
			return len ? 0 : -EINVAL;
		}
		if (len != 1 || *path != '.') {
			next = tree_find(t, n, path, len);
			if (next == NONE)
				next = tree_add_node(t, n, path, len, FS_DIR);
			if (next == NONE)
				return -E2BIG;
			if (t->nodes.at[next].kind != FS_DIR)
				return -ENOTDIR;
			n = next;
		}
		path += len;
	}
}

int fs_tree_give(struct fs_tree *t, const struct fs_tree_entry *e, char **data)
{
	const char *name;
	struct node *node;
	uint32_t parent, n;
	size_t len;
	int r = make_parents(t, e->path, &parent, &name, &len);

	if (r < 0 || (len == 1 && *name == '.'))
		return r;
	if (e->len > FS_TREE_FILE_MAX)
		return -EFBIG;
	n = tree_find(t, parent, name, len);
	if (n != NONE)
		return e->kind == FS_DIR && t->nodes.at[n].kind == FS_DIR ? 0 : -EEXIST;
	if (*data && !tree_charge(t, e->len))
		return -E2BIG;
	n = tree_add_node(t, parent, name, len, e->kind);
	if (n == NONE)
		return -E2BIG;
	node = &t->nodes.at[n];
	node->probed = true;
	node->mode = (uint16_t) (e->mode & 07777);
	if (*data)
		tree_set_data(node, TAKE(*data), e->len);
	if (e->error)
		tree_set_error(node, e->error);
	return 0;
}

int fs_tree_add(struct fs_tree *t, const struct fs_tree_entry *e)
{
	AUTO_FREE char *copy = e->data && e->len <= FS_TREE_FILE_MAX ? memcpy(xalloc(e->len + 1, 1), e->data, e->len) : NULL;

	return fs_tree_give(t, e, &copy);
}

int fs_tree_fail(struct fs_tree *t, const char *path, int error)
{
	struct fs_tree_entry e = { .path = path, .kind = FS_FILE, .mode = 0644, .error = error };
	const char *name;
	uint32_t parent, n;
	size_t len;
	int r = make_parents(t, path, &parent, &name, &len);

	if (r < 0)
		return r;
	n = tree_find(t, parent, name, len);
	if (n == NONE)
		return fs_tree_add(t, &e);
	tree_set_error(&t->nodes.at[n], error);
	return 0;
}

int fs_tree_answer(struct fs_tree *t, const char *path, fs_ask *ask, void *arg, char *buf, size_t cap)
{
	struct fs_tree_entry e = { .path = path, .kind = FS_FILE, .mode = 0644 };
	const char *data;
	size_t len;
	int r = fs_tree_data(t, path, &data, &len);

	if (r == 0) {
		text_print(buf, cap, "%s", data);
		return (int) strlen(buf);
	}
	if (r != -ENOENT || !tree_recording(t) || !t->from.live)
		return r == -ENOENT ? -ENODATA : r;
	r = ask(arg, buf, cap);
	e.error = r < 0 ? r : 0;
	e.data = r < 0 ? NULL : buf;
	e.len = r < 0 ? 0 : (size_t) r;
	fs_tree_add(t, &e);
	return r;
}

/* --- an fs of it --- */

void fs_of_tree(struct fs *ret, struct fs_tree *t, const char *name)
{
	*ret = (struct fs){ .root = -1, .tree = t };
	text_print(ret->path, sizeof(ret->path), "%s", name);
}

/* --- walking all --- */

static int by_name(const void *a, const void *b, void *arg)
{
	const struct fs_tree *t = arg;

	return strcmp(t->nodes.at[*(const uint32_t *) a].name, t->nodes.at[*(const uint32_t *) b].name);
}

static int walk_from(struct fs_tree *t, uint32_t n, fs_tree_fn *fn, void *arg)
{
	VEC(uint32_t) children = { 0 };
	int r = 0;

	for (uint32_t c = t->nodes.at[n].child; c != NONE; c = t->nodes.at[c].sibling) {
		if (t->nodes.at[c].kind != FS_ABSENT)
			*vec_add(&children) = c;
	}
	if (children.n)
		qsort_r(children.at, children.n, sizeof(*children.at), by_name, t);
	for (size_t i = 0; r == 0 && i < children.n; i++) {
		const struct node *node = &t->nodes.at[children.at[i]];
		char path[PATH_BYTES];
		struct fs_tree_entry e = { .path = path,
					   .kind = node->kind,
					   .mode = node->mode,
					   .error = node->error,
					   .data = node->data,
					   .len = node->len };

		r = tree_path_of(t, children.at[i], path);
		if (r < 0)
			break;
		/* Only the name was seen. */
		if (tree_recording(t) && node->kind == FS_FILE && !node->read)
			e.error = -ENODATA;
		r = fn(arg, &e);
		if (r == 0)
			r = walk_from(t, children.at[i], fn, arg);
	}
	vec_free(&children);
	return r;
}

int fs_tree_walk(struct fs_tree *t, fs_tree_fn *fn, void *arg)
{
	return walk_from(t, 0, fn, arg);
}
