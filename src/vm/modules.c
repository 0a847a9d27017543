/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/modules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/fs.h"
#include "base/text.h"
#include "vm/unpack.h"

#define FOLDERS_DEEP_MAX 16
#define DEPENDS_DEEP_MAX 32

/* Below lib/modules/VERSION; links ("build", "source") lead out of it and are not followed. */
static int walk(struct modules *m, const char *dir, unsigned depth, struct err *err)
{
	AUTO_DIR DIR *d = opendir(dir);
	int r = 0;

	if (!d)
		return err_sys(err, -errno, "cannot read the modules folder %s", dir);
	for (struct dirent *e; r >= 0 && (e = readdir(d));) {
		struct module_file f = { 0 };

		if (e->d_name[0] == '.' || depth >= FOLDERS_DEEP_MAX)
			continue;
		if (e->d_type == DT_DIR) {
			AUTO_FREE char *below = xprintf("%s/%s", dir, e->d_name);

			r = walk(m, below, depth + 1, err);
		} else if (e->d_type == DT_REG && module_of_path(e->d_name, f.name, sizeof(f.name), &f.packing)) {
			f.path = xprintf("%s/%s", dir, e->d_name);
			*vec_add(&m->files) = f;
		}
	}
	return r;
}

static int by_name(const void *a, const void *b)
{
	const struct module_file *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : strcmp(x->path, y->path);
}

int modules_open(struct modules *ret, const char *dir, struct err *err)
{
	AUTO(modules_close) struct modules m = { 0 };
	AUTO_FREE char *list = xprintf("%s/modules.builtin", dir);
	size_t len;
	int r = walk(&m, dir, 0, err);

	if (r < 0)
		return r;
	if (access(list, F_OK) != 0)
		m.builtin = xstrdup("");
	else if ((r = file_read_all(list, 4 << 20, &m.builtin, &len, err)) < 0)
		return r;
	if (m.files.n > 0)
		qsort(m.files.at, m.files.n, sizeof(*m.files.at), by_name);
	*ret = m;
	m = (struct modules){ 0 };
	return 0;
}

void modules_close(struct modules *m)
{
	for (size_t i = 0; i < m->files.n; i++) {
		free(m->files.at[i].path);
		free(m->files.at[i].data);
	}
	vec_free(&m->files);
	vec_free(&m->order);
	free(m->builtin);
	m->builtin = NULL;
}

/* modules.builtin holds one "kernel/drivers/virtio/virtio_pci.ko" a line. */
bool modules_is_builtin(const struct modules *m, const char *name)
{
	char line[512], folded[64], wanted[64];
	const char *at = m->builtin;
	enum module_packing packing;

	module_fold(wanted, sizeof(wanted), name, strlen(name));
	while (take_line(&at, line, sizeof(line))) {
		if (module_of_path(line, folded, sizeof(folded), &packing) && text_eq(folded, wanted))
			return true;
	}
	return false;
}

static int compare_name(const void *key, const void *file)
{
	return strcmp(key, ((const struct module_file *) file)->name);
}

static struct module_file *find(const struct modules *m, const char *name)
{
	char folded[64];

	module_fold(folded, sizeof(folded), name, strlen(name));
	return m->files.n ? bsearch(folded, m->files.at, m->files.n, sizeof(*m->files.at), compare_name) : NULL;
}

static bool in_order(const struct modules *m, const struct module_file *f)
{
	for (size_t i = 0; i < m->order.n; i++) {
		if (m->order.at[i] == f)
			return true;
	}
	return false;
}

/* A module for another kernel would be refused inside the guest, where the reason is hard to see. */
static int check_version(const struct module_file *f, const struct modinfo *info, const char *version, struct err *err)
{
	const char *magic = modinfo_get(info, "vermagic", 0);
	size_t n = version ? strlen(version) : 0;

	if (!version || !magic || (strncmp(magic, version, n) == 0 && (magic[n] == ' ' || magic[n] == '\0')))
		return 0;
	return err_set(err, -ENOEXEC,
		       "kernel module %s is for kernel %.64s, the guest's kernel is %s: give the modules folder that belongs"
		       " to it",
		       f->path, magic, version);
}

static int add(struct modules *m, const char *name, const char *version, unsigned depth, struct err *err);

/* The comma-separated names in depends=. */
static int add_hard(struct modules *m, const struct modinfo *info, const char *version, unsigned depth, struct err *err)
{
	const char *p = modinfo_get(info, "depends", 0);
	int r = 0;

	while (r >= 0 && p && *p) {
		size_t n = strcspn(p, ",");
		AUTO_FREE char *name = xstrndup(p, n);

		if (n > 0)
			r = add(m, name, version, depth, err);
		p += n + (p[n] == ',');
	}
	return r;
}

/* softdep=pre: a b post: c  Only "pre" is wanted; what fails there is done without, as modprobe does. */
static void add_soft(struct modules *m, const struct modinfo *info, const char *version, unsigned depth)
{
	const char *p;

	for (unsigned nth = 0; (p = modinfo_get(info, "softdep", nth)); nth++) {
		bool pre = false;
		char word[64];

		while (take_blanks(&p) && take_word(&p, word, sizeof(word))) {
			struct err ignored;

			if (text_ends(word, ":"))
				pre = text_eq(word, "pre:");
			else if (pre)
				add(m, word, version, depth, &ignored);
		}
	}
}

static int add(struct modules *m, const char *name, const char *version, unsigned depth, struct err *err)
{
	struct module_file *f = find(m, name);
	struct modinfo info;
	int r;

	if (modules_is_builtin(m, name) || (f && in_order(m, f)))
		return 0;
	if (!f)
		return err_set(err, -ENOENT, "kernel module %s is neither among the guest kernel's modules nor built into it",
			       name);
	if (depth > DEPENDS_DEEP_MAX)
		return err_set(err, -ELOOP, "kernel modules depend on each other in a circle (%s)", f->path);
	if (!f->data && (r = module_read(f->path, f->packing, &f->data, &f->len, err)) < 0)
		return r;
	r = modinfo_find(&info, f->data, f->len, err);
	if (r < 0)
		return err_in(err, "kernel module %s", f->path);
	r = check_version(f, &info, version, err);
	if (r >= 0)
		r = add_hard(m, &info, version, depth + 1, err);
	if (r < 0)
		return depth < 2 ? err_in(err, "needed by %s", f->name) : r;
	add_soft(m, &info, version, depth + 1);
	if (!in_order(m, f))
		*vec_add(&m->order) = f;
	return 0;
}

int modules_add(struct modules *m, const char *name, const char *version, struct err *err)
{
	return add(m, name, version, 0, err);
}
