/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a profile's file, and all that it inherits. */
#include "profile/profile.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/sink.h"
#include "base/text.h"
#include "base/trust.h"
#include "base/vec.h"
#include "profile/internal.h"

#define ENDING ".yaml"
enum { MOST_BYTES = 1 << 18, MOST_DEPTH = 16 };

struct search {
	const struct profile_folder *folders;
	size_t n;
	const char *chain[MOST_DEPTH]; /* names on the way here */
	size_t depth;
	struct err *err;
};

static int read_file(const struct profile_folder *f, const char *name, struct profile **ret, struct err *err)
{
	AUTO_FREE char *text = NULL;
	char path[PATH_MAX];
	size_t len = 0;
	int r;

	if (text_print(path, sizeof(path), "%s/%s" ENDING, f->path, name))
		return err_set(err, -ENAMETOOLONG, "the path of the profile %s is too long", name);
	if (access(path, F_OK) < 0)
		return -ENOENT;
	/* The folder too, and not as one on the way: whoever may write there adds profiles. */
	r = f->strict ? trust_check(f->path, 0, err) : 0;
	if (r == 0 && f->strict)
		r = trust_check(path, 0, err);
	if (r == 0)
		r = file_read_all(path, MOST_BYTES, &text, &len, err);
	if (r == 0)
		r = profile_parse(ret, text, len, path, err);
	if (r == 0 && !text_eq((*ret)->name, name)) {
		r = err_set(err, -EINVAL, "%s: the profile calls itself %s; file and name must agree", path, (*ret)->name);
		profile_free(*ret);
		*ret = NULL;
	}
	return r == -ENOENT ? -EIO : r;
}

typedef VEC(char *) name_vec;

static void list_folder(const char *path, name_vec *names)
{
	struct fs_names files = { 0 };
	struct err ignored = { 0 };
	struct fs fs;

	if (fs_open_root(&fs, path, &ignored) < 0)
		return;
	if (fs_list(&fs, ".", &files) == 0)
		for (size_t i = 0; i < files.n; i++)
			if (text_ends(files.at[i], ENDING))
				*vec_add(names) = xstrndup(files.at[i], strlen(files.at[i]) - strlen(ENDING));
	fs_list_free(&files);
	fs_close(&fs);
}

static int unknown(const struct search *s, const char *name)
{
	struct sink list = { 0 };
	name_vec names = { 0 };
	const char *near;

	for (size_t i = 0; i < s->n; i++)
		list_folder(s->folders[i].path, &names);
	for (size_t i = 0; i < names.n; i++)
		sink_printf(&list, "%s%s", i ? ", " : "", names.at[i]);
	near = text_nearest(name, (const char *const *) names.at, names.n);
	err_set(s->err, -ENOENT, "there is no profile \"%.64s\"; there are: %s%s%s%s", name, list.text ? list.text : "none",
		near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	sink_free(&list);
	for (size_t i = 0; i < names.n; i++)
		free(names.at[i]);
	vec_free(&names);
	return -ENOENT;
}

static int circle(const struct search *s, const char *name)
{
	struct sink path = { 0 };

	for (size_t i = 0; i < s->depth; i++)
		sink_printf(&path, "%s -> ", s->chain[i]);
	err_set(s->err, -ELOOP, "profiles inherit in a circle, or too deep: %s%s", path.text ? path.text : "", name);
	sink_free(&path);
	return -ELOOP;
}

static int load(struct search *s, const char *name, struct profile **ret)
{
	struct profile *p = NULL, *parent = NULL;
	int r = -ENOENT;

	if (!text_is_name(name))
		return err_set(s->err, -EINVAL, "\"%.64s\" is no name of a profile: letters, digits, '.', '_' and '-'", name);
	for (size_t i = 0; i < s->depth; i++)
		if (text_eq(s->chain[i], name))
			return circle(s, name);
	if (s->depth == MOST_DEPTH)
		return circle(s, name);
	for (size_t i = 0; r == -ENOENT && i < s->n; i++)
		r = read_file(&s->folders[i], name, &p, s->err);
	if (r < 0)
		return r == -ENOENT ? unknown(s, name) : r;
	s->chain[s->depth++] = p->name;
	if (p->inherits)
		r = load(s, p->inherits, &parent);
	s->depth--;
	if (r < 0) {
		profile_free(p);
		return r;
	}
	if (parent)
		profile_inherit(p, parent);
	profile_free(parent);
	*ret = p;
	return 0;
}

int profile_load(struct profile **ret, const struct profile_folder *folders, size_t n, const char *name, struct err *err)
{
	struct search s = { .folders = folders, .n = n, .err = err };

	return load(&s, name, ret);
}
