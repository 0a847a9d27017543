/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a new study: there is none yet, or an empty one, and it can be written. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "study/run_parts.h"

static bool is_empty(const char *dir)
{
	AUTO_DIR DIR *d = opendir(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (!text_eq(entry->d_name, ".") && !text_eq(entry->d_name, ".."))
			return false;
	return d != NULL;
}

static int check_existing(const char *dir, struct err *err)
{
	AUTO_FREE char *study = xprintf("%s/study.json", dir);
	struct stat st;

	if (stat(dir, &st) < 0)
		return err_sys(err, -errno, "cannot look at %s", dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, -ENOTDIR, "%s is not a folder; name another one with --out", dir);
	if (access(study, F_OK) == 0)
		return err_set(err, -EEXIST,
			       "%s holds a study already: go on with it (vlat study --resume %s) or name another folder "
			       "with --out",
			       dir, dir);
	if (!is_empty(dir))
		return err_set(err, -ENOTEMPTY, "%s is not empty; name another folder with --out", dir);
	return 0;
}

/* Writing is the only proof that it can be written: root's access(2) says yes to anything. */
static int try_write(const char *dir, struct err *err)
{
	AUTO_FREE char *probe = xprintf("%s/.probe", dir);
	int fd = open(probe, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), r = -errno;

	if (fd < 0)
		return err_sys(err, r, "cannot write into %s; name another folder with --out", dir);
	close(fd);
	unlink(probe);
	return 0;
}

int study_run_folder(struct study_run *r, const char *dir, struct err *err)
{
	AUTO_FREE char *own = xstrdup(dir);
	struct stat st;
	int rc = stat(own, &st) == 0 ? check_existing(own, err) : dir_make_all(own, 0755, err);

	if (rc == 0)
		rc = try_write(own, err);
	if (rc < 0)
		return rc;
	free(r->dir);
	r->dir = TAKE(own);
	return 0;
}
