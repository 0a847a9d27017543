/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every neighbour is a program in a session of its own, as the services of a
 * host are.  It matters: the scheduler shares a CPU between groups (a control
 * group each, or with sched_autogroup a session each) before it shares it
 * between tasks, so one stress-ng with all of these workers would count as a
 * single competitor of the process that is measured, however many it starts.
 */
#include "study/interference.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"

/* Sizes are small: the load shall disturb by what it does, not by filling memory or disks. */
#define HOG "stress-ng", "--quiet", "--temp-path", "."
const char *const interference_busy[] = {
	"*", HOG, "--cpu",    "1",                       /* a CPU-bound neighbour for every CPU */
	"&", HOG, "--vm",     "1", "--vm-bytes",  "64M", /* page faults, TLB flushes, memory bandwidth */
	"&", HOG, "--switch", "1",                       /* wake-ups without end */
	"&", HOG, "--fork",   "1",                       /* processes that come and go */
	"&", HOG, "--hdd",    "1", "--hdd-bytes", "16M", /* disk interrupts, write-back */
	NULL,
};
#undef HOG

/* A wrong option or a missing right shows within this time; so does a load that is not there yet. */
#define SETTLE_NS (300 * NS_PER_MS)
#define LEAVE_NS  (500 * NS_PER_MS)

struct neighbour {
	struct child child;
	const char *name;
};

struct interference {
	VEC(struct neighbour) all;
	char dir[PATH_MAX]; /* their working folder, ours to remove */
	int said;           /* their stdout and stderr */
};

/* One program of a load. */
struct program {
	struct argv argv;
	const char *name; /* its first word, as long as the load's words live */
	unsigned copies;
};

/* Takes the next program off *word; copies 0 where there is none. */
static struct program next_program(const char *const **word)
{
	struct program p = { 0 };

	while (*word && **word && text_eq(**word, "&"))
		++*word;
	if (!*word || !**word)
		return p;
	p.copies = 1;
	if (text_eq(**word, "*")) {
		p.copies = (unsigned) sysconf(_SC_NPROCESSORS_ONLN);
		++*word;
	}
	p.name = **word && !text_eq(**word, "&") ? **word : NULL;
	for (; **word && !text_eq(**word, "&"); ++*word)
		argv_add(&p.argv, **word);
	return p;
}

static int program_available(const struct program *p, struct err *err)
{
	char path[PATH_MAX];

	if (!p->name)
		return err_set(err, -EINVAL, "the background load has a '*' without a program after it");
	if (program_find(p->name, path, sizeof(path)) == 0)
		return 0;
	return err_set(err, -ENOENT,
		       "the background load '%s' is not installed: apt-get install %s (or dnf install %s), or measure "
		       "with --interference idle",
		       p->name, p->name, p->name);
}

int interference_available(const char *const *argv, struct err *err)
{
	int r = 0;

	for (struct program p = next_program(&argv); r == 0 && p.copies; p = next_program(&argv)) {
		r = program_available(&p, err);
		argv_free(&p.argv);
	}
	return r;
}

/* A folder for what they write, on the disk of the run's own folder. */
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

static int launch(struct interference *i, const struct program *p, struct journal *j, struct err *err)
{
	struct spawn_opts how = SPAWN_OPTS_INIT;
	int r = 0;

	how.out = how.err = i->said;
	how.chdir = i->dir;
	how.mark = journal_mark(j);
	how.new_session = true; /* see above; and a process group of its own: all of it can be ended */
	how.die_with_parent = true;
	for (unsigned copy = 0; r == 0 && copy < p->copies; copy++) {
		struct neighbour *n = vec_add(&i->all);

		*n = (struct neighbour) { .child = CHILD_INIT, .name = p->name };
		r = spawn(&n->child, &p->argv, &how, err);
	}
	return r;
}

static int launch_all(struct interference *i, const char *const *argv, struct journal *j, struct err *err)
{
	int r = 0;

	for (struct program p = next_program(&argv); r == 0 && p.copies; p = next_program(&argv)) {
		r = launch(i, &p, j, err);
		argv_free(&p.argv);
	}
	return r;
}

int interference_start(struct interference **ret, const char *const *argv, struct journal *j, struct err *err)
{
	struct interference *i;
	int r = interference_available(argv, err);

	*ret = NULL;
	if (r < 0 || !argv || !argv[0])
		return r;
	i = xalloc(1, sizeof(*i));
	i->said = -1;
	r = make_dir(i, j, err);
	if (r == 0)
		r = open_said(i, err);
	if (r == 0)
		r = launch_all(i, argv, j, err);
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

/* What was said last, on one line. */
static void last_words(const struct interference *i, char *buf, size_t cap)
{
	off_t size = lseek(i->said, 0, SEEK_END);
	ssize_t n = size < 0 ? -1 : pread(i->said, buf, cap - 1, size > (off_t) cap - 1 ? size - (off_t) cap + 1 : 0);

	buf[n > 0 ? n : 0] = '\0';
	for (char *c = buf; *c; c++)
		if ((unsigned char) *c < ' ')
			*c = ' ';
}

static int gone(struct interference *i, struct neighbour *n, struct err *err)
{
	char how[64], words[256];
	struct child_end end;

	if (n->child.pid > 0) /* not reaped yet, so the group's number cannot be anybody else's */
		kill(-n->child.pid, SIGKILL);
	if (child_wait(&n->child, clock_ns() + NS_PER_S, &end) < 0)
		return err_set(err, -ECHILD, "the background load %s is gone", n->name);
	child_end_text(end, how, sizeof(how));
	last_words(i, words, sizeof(words));
	return err_set(err, -ECHILD, "the background load %s ended by itself (%s)%s%s", n->name, how, words[0] ? ": " : "",
		       words);
}

int interference_check(struct interference *i, struct err *err)
{
	for (size_t k = 0; i && k < i->all.n; k++)
		if (!child_alive(&i->all.at[k].child))
			return gone(i, &i->all.at[k], err);
	return 0;
}

/* All are asked before any is waited for: together they get LEAVE_NS. */
void interference_stop(struct interference *i)
{
	uint64_t deadline = clock_ns() + LEAVE_NS;

	if (!i)
		return;
	for (size_t k = 0; k < i->all.n; k++)
		if (i->all.at[k].child.pid > 0)
			child_kill(&i->all.at[k].child, SIGTERM);
	for (size_t k = 0; k < i->all.n; k++) {
		struct child *c = &i->all.at[k].child;
		struct pollfd ended = { .fd = c->pidfd, .events = POLLIN };
		uint64_t now = clock_ns();

		if (c->pid <= 0)
			continue;
		poll(&ended, 1, now < deadline ? (int) ((deadline - now) / NS_PER_MS) : 0);
		kill(-c->pid, SIGKILL);
		child_stop(c, 0);
	}
	if (i->said >= 0)
		close(i->said);
	if (i->dir[0])
		dir_remove_all(i->dir);
	vec_free(&i->all);
	free(i);
}
