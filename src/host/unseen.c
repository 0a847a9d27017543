/* SPDX-License-Identifier: Apache-2.0 */
#include "host/unseen.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "base/vec.h"

static const char *cure_of(const struct fs *fs, int r)
{
	if (r == -ENODATA)
		return "make the capture anew with this version of vlat";
	if (r == -EACCES || r == -EPERM)
		return fs->live ? "run as root" : "make the capture as root";
	if (r == -EFBIG)
		return "it is too big to be read whole";
	return "";
}

void unseen_say(struct unseens *u, const char *what, const char *why, const char *cure)
{
	struct unseen *e;

	for (size_t i = 0; i < u->n; i++) {
		if (text_eq(u->at[i].what, what))
			return; /* the first reason stands for all */
	}
	e = vec_add(u);
	text_print(e->what, sizeof(e->what), "%s", what);
	text_print(e->why, sizeof(e->why), "%s", why);
	text_print(e->cure, sizeof(e->cure), "%s", cure);
}

void unseen_note(struct unseens *u, const struct fs *fs, const char *what, const char *path, int r)
{
	char why[160];

	if (r >= 0 || r == -ENOENT || r == -ENOTDIR)
		return;
	text_print(why, sizeof(why), "%s: %s", path, r == -ENODATA ? "not in the capture" : strerror(-r));
	unseen_say(u, what, why, cure_of(fs, r));
}

void unseen_free(struct unseens *u)
{
	vec_free(u);
}
