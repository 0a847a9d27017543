/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where journals live.  A run's folder appears complete (made under a name
 * that starts with a dot, its journal written and locked, then renamed) and
 * disappears complete (renamed to such a name, then removed), so whatever is
 * found under a plain name has a journal with a whole first line.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/proc_stat.h"
#include "base/text.h"
#include "base/trust.h"
#include "journal/internal.h"

int journal_state_dir(char *buf, size_t cap, struct err *err)
{
	const char *own = getenv("VLAT_STATE"), *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	bool cut;

	if (own && *own)
		cut = text_print(buf, cap, "%s", own);
	else if (geteuid() == 0)
		cut = text_print(buf, cap, "/var/lib/vlat");
	else if (xdg && *xdg)
		cut = text_print(buf, cap, "%s/vlat", xdg);
	else if (home && *home)
		cut = text_print(buf, cap, "%s/.local/state/vlat", home);
	else
		return err_set(err, -ENOENT, "no folder for vlat's journals: set VLAT_STATE or HOME");
	if (cut || buf[0] != '/')
		return err_set(err, -EINVAL,
			       "the folder for vlat's journals (VLAT_STATE) must be an absolute path, not too long");
	return geteuid() == 0 ? trust_check(buf, 0, err) : 0; /* others obey in their own name alone */
}

/* Undoing obeys what lies there, as root: nobody else may have a say in it. */
int state_check(const char *path, mode_t kind, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return err_sys(err, -errno, "cannot look at %s", path);
	if ((st.st_mode & S_IFMT) != kind)
		return err_set(err, -ENOTDIR, "%s is no %s: vlat follows no links here; set VLAT_STATE to another place",
			       path, kind == S_IFDIR ? "folder" : "ordinary file");
	if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return err_set(err, -EPERM,
			       "%s must belong to the user who runs vlat and be writable by nobody else, for what stands there "
			       "is obeyed: look at it, then chown %u and chmod go-w it",
			       path, (unsigned) geteuid());
	if (kind == S_IFREG && st.st_nlink > 1)
		return err_set(err, -EPERM, "%s has a second name, so somebody else may have made it: look at it, and remove it",
			       path);
	return 0;
}

int runs_dir(char *buf, size_t cap, bool make, struct err *err)
{
	char state[288];
	int r = journal_state_dir(state, sizeof(state), err);

	if (r < 0)
		return r;
	if (text_print(buf, cap, "%s/runs", state))
		return err_set(err, -ENAMETOOLONG, "the folder %s has too long a name", state);
	if (!make && access(buf, F_OK) < 0)
		return -ENOENT;
	if (make) {
		r = dir_make_all(buf, 0700, err);
		if (r < 0)
			return err_in(err, "make the folder for journals");
	}
	r = state_check(state, S_IFDIR, err);
	return r < 0 ? r : state_check(buf, S_IFDIR, err);
}

/* Starts with a letter: it becomes part of interface and cgroup names. */
static int make_id(char id[RUN_ID_MAX + 1], struct err *err)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	unsigned char raw[6];

	if (getrandom(raw, sizeof(raw), 0) != sizeof(raw))
		return err_sys(err, -errno, "no random numbers for a run id");
	id[0] = (char) ('a' + raw[0] % 26);
	for (size_t i = 1; i < sizeof(raw); i++)
		id[i] = digits[raw[i] % 36];
	id[sizeof(raw)] = '\0';
	return 0;
}

static int fill_head(struct journal_head *h, const char *why, struct err *err)
{
	struct proc_stat self;
	int r = boot_id_here(h->boot, err);

	if (r < 0)
		return r;
	r = proc_stat_read(getpid(), &self);
	if (r < 0)
		return err_sys(err, r, "cannot read /proc/self/stat");
	machine_id_here(h->machine);
	h->pid = getpid();
	h->start = self.start_time;
	clock_stamp(h->created);
	h->created_ns = clock_wall_ns();
	text_print(h->why, sizeof(h->why), "%s", why);
	return make_id(h->run, err);
}

int dir_sync(const char *dir)
{
	AUTO_CLOSE int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* Some filesystems (FUSE, 9p) have no fsync of folders. */
	return fd < 0 || (fsync(fd) < 0 && errno != EINVAL && errno != EROFS) ? -errno : 0;
}

/* The folder under its dotted name, with a locked journal of one line. */
static int start_folder(struct journal *j, const char *dotted, struct err *err)
{
	AUTO_FREE char *line = head_line(&j->head);
	char path[400];
	int r;

	if (!line)
		return err_set(err, -EINVAL, "the reason for this run cannot be written as JSON text");
	if (mkdir(dotted, 0700) < 0)
		return err_sys(err, -errno, "cannot make %s", dotted);
	text_print(path, sizeof(path), "%s/journal", dotted);
	j->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (j->fd < 0)
		return err_sys(err, -errno, "cannot make %s", path);
	if (flock(j->fd, LOCK_EX | LOCK_NB) < 0)
		return err_sys(err, -errno, "cannot lock %s", path);
	r = journal_write(j, line, true, err);
	if (r < 0)
		return r;
	r = dir_sync(dotted);
	return r < 0 ? err_sys(err, r, "cannot write %s to disk", dotted) : 0;
}

/* The names of the journals' folder and of the state folder itself, after a power cut too. */
static int sync_names(const char *runs)
{
	AUTO_FREE char *copy = xstrdup(runs);
	int r = dir_sync(runs);

	for (int up = 0; r == 0 && up < 2 && strrchr(copy, '/') > copy; up++) {
		*strrchr(copy, '/') = '\0';
		r = dir_sync(copy);
	}
	return r == -EACCES ? 0 : r; /* somebody else's folder above ours */
}

int run_create(struct journal *j, const char *why, unsigned flags, struct err *err)
{
	char runs[300], dotted[340];
	int r = runs_dir(runs, sizeof(runs), true, err);

	if (r < 0)
		return r;
	j->head.lasting = flags & HEAD_LASTING;
	j->head.tuning = flags & HEAD_TUNING;
	r = fill_head(&j->head, why, err);
	if (r < 0)
		return r;
	text_print(dotted, sizeof(dotted), "%s/.new-%s", runs, j->head.run);
	text_print(j->dir, sizeof(j->dir), "%s/%s", runs, j->head.run);
	text_print(j->mark, sizeof(j->mark), "VLAT_RUN=%s", j->head.run);
	r = start_folder(j, dotted, err);
	if (r == 0 && rename(dotted, j->dir) < 0)
		r = err_sys(err, -errno, "cannot rename %s to %s", dotted, j->dir);
	if (r < 0) {
		dir_remove_all(dotted);
		return r;
	}
	r = sync_names(runs);
	if (r < 0)
		return err_sys(err, r, "cannot write %s to disk", runs);
	history_begin(&j->head);
	return 0;
}

int run_remove(const char *dir, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(dir);
	char *name = strrchr(copy, '/');
	char gone[400];
	int r;

	*name++ = '\0';
	text_print(gone, sizeof(gone), "%s/.gone-%s", copy, name);
	if (rename(dir, gone) < 0)
		return err_sys(err, -errno, "cannot rename %s to %s", dir, gone);
	dir_sync(copy); /* or a power cut brings it back, and what the user sets to the same value until then is undone */
	r = dir_remove_all(gone);
	return r < 0 ? err_sys(err, r, "cannot remove %s", gone) : 0;
}
