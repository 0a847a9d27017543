/* SPDX-License-Identifier: Apache-2.0 */
#include "study/interference.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"

/*
 * --cpu 0: one for each CPU the machine is configured with, whatever CPUs this
 * process may use, so that all arms get the same.  Sizes are small: the load
 * shall disturb by what it does, not by filling memory or disks.
 */
const char *const interference_busy[] = {
	"stress-ng", "--quiet", "--cpu", "0",           "--vm", "1",           "--vm-bytes", "64M", "--switch",
	"1",         "--hdd",   "1",     "--hdd-bytes", "16M",  "--temp-path", ".",          NULL,
};

/* A wrong option or a missing right shows within this time; so does a load that is not there yet. */
#define SETTLE_NS (300 * NS_PER_MS)
#define LEAVE_NS  (500 * NS_PER_MS)

struct interference {
	struct child child;
	char program[64];
	char dir[PATH_MAX]; /* its working folder, ours to remove */
	int said;           /* its stdout and stderr */
};

static void load_free(struct interference *i)
{
	if (i->said >= 0)
		close(i->said);
	if (i->dir[0])
		dir_remove_all(i->dir);
	free(i);
}

int interference_available(const char *const *argv, struct err *err)
{
	char path[PATH_MAX];

	if (!argv || !argv[0] || program_find(argv[0], path, sizeof(path)) == 0)
		return 0;
	return err_set(err, -ENOENT,
		       "the background load '%s' is not installed: apt-get install %s (or dnf install %s), or measure "
		       "with --interference idle",
		       argv[0], argv[0], argv[0]);
}

/* A folder for what it writes, on the disk of the run's own folder. */
static int make_dir(struct interference *i, struct journal *j, struct err *err)
{
	int r;

	text_print(i->dir, sizeof(i->dir), "%s/load", journal_dir(j));
	r = journal_tree(j, i->dir, err);
	if (r < 0)
		return r;
	if (mkdir(i->dir, 0700) < 0 && errno != EEXIST) {
		r = -errno;
		return err_sys(err, r, "cannot make %s for the background load", i->dir);
	}
	return 0;
}

static int open_said(struct interference *i, struct err *err)
{
	char path[PATH_MAX + 16];
	int r;

	text_print(path, sizeof(path), "%s/said", i->dir);
	i->said = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (i->said >= 0)
		return 0;
	r = -errno;
	return err_sys(err, r, "cannot write %s", path);
}

static int launch(struct interference *i, const char *const *words, struct journal *j, struct err *err)
{
	struct spawn_opts how = SPAWN_OPTS_INIT;
	struct argv argv = { 0 };
	int r;

	how.out = how.err = i->said;
	how.chdir = i->dir;
	how.mark = journal_mark(j);
	how.new_session = true; /* a process group of its own: all of it can be ended */
	how.die_with_parent = true;
	argv_add_all(&argv, words);
	r = spawn(&i->child, &argv, &how, err);
	argv_free(&argv);
	return r;
}

int interference_start(struct interference **ret, const char *const *argv, struct journal *j, struct err *err)
{
	struct interference *i;
	int r = interference_available(argv, err);

	if (r < 0)
		return r;
	if (!argv || !argv[0]) {
		*ret = NULL;
		return 0;
	}
	i = xalloc(1, sizeof(*i));
	i->child = (struct child) CHILD_INIT;
	i->said = -1;
	text_print(i->program, sizeof(i->program), "%s", argv[0]);
	r = make_dir(i, j, err);
	if (r == 0)
		r = open_said(i, err);
	if (r == 0)
		r = launch(i, argv, j, err);
	if (r == 0 && stop_sleep(SETTLE_NS) < 0)
		r = err_set(err, -EINTR, "interrupted");
	if (r == 0)
		r = interference_check(i, err);
	if (r < 0) {
		interference_stop(i);
		return r;
	}
	*ret = i;
	return 0;
}

/* What it said last, on one line. */
static void last_words(const struct interference *i, char *buf, size_t cap)
{
	off_t size = lseek(i->said, 0, SEEK_END);
	ssize_t n = size < 0 ? -1 : pread(i->said, buf, cap - 1, size > (off_t) cap - 1 ? size - (off_t) cap + 1 : 0);

	buf[n > 0 ? n : 0] = '\0';
	for (char *c = buf; *c; c++)
		if ((unsigned char) *c < ' ')
			*c = ' ';
}

int interference_check(struct interference *i, struct err *err)
{
	char how[64], words[256];
	struct child_end end;

	if (!i || child_alive(&i->child))
		return 0;
	if (i->child.pid > 0) /* not reaped yet, so the group's number cannot be anybody else's */
		kill(-i->child.pid, SIGKILL);
	if (child_wait(&i->child, clock_ns() + NS_PER_S, &end) < 0)
		return err_set(err, -ECHILD, "the background load %s is gone", i->program);
	child_end_text(end, how, sizeof(how));
	last_words(i, words, sizeof(words));
	return err_set(err, -ECHILD, "the background load %s ended by itself (%s)%s%s", i->program, how, words[0] ? ": " : "",
		       words);
}

void interference_stop(struct interference *i)
{
	struct pollfd ended = { .events = POLLIN };

	if (!i)
		return;
	if (i->child.pid > 0) {
		ended.fd = i->child.pidfd;
		child_kill(&i->child, SIGTERM);
		poll(&ended, 1, (int) (LEAVE_NS / NS_PER_MS));
		kill(-i->child.pid, SIGKILL);
		child_stop(&i->child, 0);
	}
	load_free(i);
}
