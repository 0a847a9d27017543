/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trust.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define LINKS_MAX 40 /* as the kernel has it */

struct walk {
	const char *path; /* as it was asked for */
	uid_t owner;
	unsigned links;
	char at[PATH_MAX];   /* judged so far, no link in it; "" = the root */
	char rest[PATH_MAX]; /* what is still to be gone */
};

static int refuse(const struct walk *w, const char *what, const struct stat *st, struct err *err)
{
	if (S_ISLNK(st->st_mode))
		return err_set(err, -EPERM,
			       "the link %.150s belongs to user %u, who could have it lead elsewhere, and what is behind it "
			       "is obeyed: put the file itself there, or chown -h %u %.150s",
			       what, (unsigned) st->st_uid, (unsigned) w->owner, what);
	return err_set(err, -EPERM,
		       "%.150s may be written by others than %s, who could then have vlat obey what they like: chown %u %.100s "
		       "&& chmod go-w %.100s",
		       what, w->owner ? "you" : "root", (unsigned) w->owner, what, what);
}

static int judge(const struct walk *w, const char *what, const struct stat *st, bool last, struct err *err)
{
	bool open = !S_ISLNK(st->st_mode) && (st->st_mode & (S_IWGRP | S_IWOTH));

	if (open && !last && S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX))
		open = false;
	return open || (st->st_uid != 0 && st->st_uid != w->owner) ? refuse(w, what, st, err) : 0;
}

static int follow(struct walk *w, const char *link, struct err *err)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlink(link, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys(err, -errno, "cannot look at %.300s", link);
	target[n] = '\0';
	if (++w->links > LINKS_MAX)
		return err_set(err, -ELOOP, "%.300s leads through too many links", w->path);
	if (text_print(rest, sizeof(rest), "%s/%s", target, w->rest))
		return err_set(err, -ENAMETOOLONG, "%.300s leads to a name that is too long", w->path);
	memcpy(w->rest, rest, sizeof(rest));
	if (target[0] == '/')
		w->at[0] = '\0';
	return 0;
}

/* One name further: 1, or 0 at the end and where there is nothing. */
static int step(struct walk *w, struct err *err)
{
	char *name = w->rest + strspn(w->rest, "/"), *end = name + strcspn(name, "/"), next[PATH_MAX];
	bool last = end[strspn(end, "/")] == '\0';
	struct stat st;
	int r;

	if (!*name)
		return 0;
	r = text_print(next, sizeof(next), "%s/%.*s", w->at, (int) (end - name), name);
	memmove(w->rest, end, strlen(end) + 1);
	if (r)
		return err_set(err, -ENAMETOOLONG, "the path %.300s is too long", w->path);
	if (text_ends(next, "/."))
		return 1;
	if (text_ends(next, "/..")) {
		*(strrchr(w->at, '/') ? strrchr(w->at, '/') : w->at) = '\0';
		return 1;
	}
	if (lstat(next, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_sys(err, -errno, "cannot look at %.300s", next);
	r = judge(w, next, &st, last, err);
	if (r < 0)
		return r;
	if (S_ISLNK(st.st_mode))
		r = follow(w, next, err);
	else
		memcpy(w->at, next, sizeof(next));
	return r < 0 ? r : 1;
}

int trust_check(const char *path, uid_t owner, struct err *err)
{
	struct walk w = { .path = path, .owner = owner };
	struct stat st;
	int r = 1;

	if (path[0] != '/')
		return err_set(err, -EINVAL, "\"%.300s\" is no absolute path", path);
	if (text_print(w.rest, sizeof(w.rest), "%s", path))
		return err_set(err, -ENAMETOOLONG, "the path %.300s... is too long", path);
	if (stat("/", &st) == 0)
		r = judge(&w, "/", &st, false, err);
	r = r < 0 ? r : 1;
	while (r > 0)
		r = step(&w, err);
	return r;
}
