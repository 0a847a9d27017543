/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 at every boundary.
 *
 * A child applies a plan to a machine in a folder, takes it back and closes its
 * journal; the linker sends its writes, syncs, renames and removals through the
 * wrappers below, which count them and kill the child at number N:
 * before the call, after half of a write, or after it.  Then `vlat revert` must
 * leave the folder as it was, byte for byte, and no run behind.  N = 1, 2, ...
 * until the child comes through.
 *
 * The same for revert: it is killed at every boundary too, and run again.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../hosts/compare.h"
#include "../hosts/tree.h"
#include "journal/undo.h"
#include "tune/plan.h"

enum moment { BEFORE, HALF, AFTER, MOMENTS };

static const char *const moment_names[] = { [BEFORE] = "before", [HALF] = "half through", [AFTER] = "after" };

/* Set in children only. */
static struct {
	unsigned long at, calls;
	enum moment when;
} fuse;

static void die(void)
{
	kill(getpid(), SIGKILL);
	pause();
}

static bool burns(enum moment when)
{
	if (when == BEFORE)
		fuse.calls++;
	return fuse.at && fuse.calls == fuse.at && fuse.when == when;
}

/*
 * Files of /proc and /sys take a write whole or not at all, and opening them
 * with O_TRUNC empties nothing.  The plain files of the folder are made to
 * behave so: the flag is dropped, the length is set after the write.
 */
static char machine[80];

static bool is_machine(int fd)
{
	char link[40], path[256];
	ssize_t n;

	text_print(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return machine[0] && text_starts(path, machine);
}

long __real_syscall(long nr, ...);
long __wrap_syscall(long nr, ...);
long __wrap_syscall(long nr, ...)
{
	struct open_how how;
	long a[4];
	va_list ap;

	va_start(ap, nr);
	for (size_t i = 0; i < ARRAY_SIZE(a); i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (nr == SYS_openat2) {
		how = *(const struct open_how *) a[2];
		how.flags &= ~(unsigned long long) O_TRUNC;
		a[2] = (long) &how;
	}
	return __real_syscall(nr, a[0], a[1], a[2], a[3]);
}

/* By its name, or by the descriptor of a file that was looked at before it is opened. */
static bool leads_to_machine(const char *path)
{
	static const char self[] = "/proc/self/fd/";

	return text_starts(path, self) ? is_machine(atoi(path + strlen(self))) : machine[0] && text_starts(path, machine);
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return __real_open64(path, leads_to_machine(path) ? flags & ~O_TRUNC : flags, mode);
}

ssize_t __real_write(int fd, const void *buf, size_t n);
int __real_ftruncate64(int fd, off_t size);
ssize_t __wrap_write(int fd, const void *buf, size_t n);
ssize_t __wrap_write(int fd, const void *buf, size_t n)
{
	bool kernel = is_machine(fd);
	ssize_t r;

	if (burns(BEFORE) || (kernel && burns(HALF)))
		die();
	if (burns(HALF)) {
		r = __real_write(fd, buf, n / 2);
		die();
	}
	r = __real_write(fd, buf, n);
	if (kernel && r >= 0 && __real_ftruncate64(fd, r) < 0)
		abort();
	if (burns(AFTER))
		die();
	return r;
}

#define WRAP(name, params, args)                                                                                                 \
	int __real_##name params;                                                                                                \
	int __wrap_##name params;                                                                                                \
	int __wrap_##name params                                                                                                 \
	{                                                                                                                        \
		int r;                                                                                                           \
                                                                                                                                 \
		if (burns(BEFORE) || burns(HALF))                                                                                \
			die();                                                                                                   \
		r = __real_##name args;                                                                                          \
		if (burns(AFTER))                                                                                                \
			die();                                                                                                   \
		return r;                                                                                                        \
	}

WRAP(fdatasync, (int fd), (fd))
WRAP(fsync, (int fd), (fd))
WRAP(ftruncate64, (int fd, off_t size), (fd, size))
WRAP(mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(rename, (const char *from, const char *to), (from, to))
WRAP(unlinkat, (int dir, const char *path, int flags), (dir, path, flags))

struct lab {
	char dir[64], original[64], state[80];
	struct fs fs, untouched;
	struct host_facts facts;
	struct cpu_split split;
};

static void need(bool ok, const char *what, const struct err *err)
{
	if (ok)
		return;
	fprintf(stderr, "%s%s%s\n", what, err ? ": " : "", err ? err->text : "");
	exit(1);
}

static void lab_open(struct lab *lab)
{
	struct err err = { 0 };

	tree_open("two-cpu-vm", lab->dir, &lab->fs);
	tree_open("two-cpu-vm", lab->original, &lab->untouched);
	text_print(machine, sizeof(machine), "%s/", lab->dir);
	/* A sync to disk is only counted here: memory is quicker. */
	text_print(lab->state, sizeof(lab->state), "%s%s.state", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp",
		   strrchr(lab->dir, '/'));
	setenv("VLAT_STATE", lab->state, 1);
	need(host_facts_read(&lab->fs, &lab->facts, &err) == 0, "facts", &err);
	split_propose(&lab->facts.cpu, &lab->split);
}

static void lab_close(struct lab *lab)
{
	host_facts_free(&lab->facts);
	tree_close(lab->dir, &lab->fs);
	tree_close(lab->original, &lab->untouched);
	dir_remove_all(lab->state);
}

/* What vlat does around one cell of a study. */
static int tune_once(const struct lab *lab)
{
	struct journal *j = NULL;
	struct plan *p = NULL;
	struct err err = { 0 };
	int r = journal_open(&j, "crash test", &err);

	if (r == 0)
		r = plan_make(&p, &lab->fs, &lab->facts, &lab->split, NULL, &err);
	if (r == 0)
		r = plan_apply(p, j, &err);
	if (r == 0)
		r = plan_revert(p, &err);
	plan_free(p);
	if (r == 0)
		r = journal_close(j, &err);
	if (r < 0)
		fprintf(stderr, "%s\n", err.text);
	return r < 0;
}

/* Killed after applying, so that revert has everything to do. */
static int tune_and_die(const struct lab *lab)
{
	struct journal *j;
	struct plan *p;
	struct err err = { 0 };

	if (journal_open(&j, "crash test", &err) < 0 || plan_make(&p, &lab->fs, &lab->facts, &lab->split, NULL, &err) < 0 ||
	    plan_apply(p, j, &err) < 0)
		return 1;
	die();
	return 1;
}

static int revert_once(const struct lab *lab)
{
	struct revert_options o = { 0 };
	struct revert_report report = { 0 };
	struct err err = { 0 };
	int r = journal_revert(&o, &report, &err);
	bool clean = r == 0 && revert_clean(&report);

	(void) lab;
	for (size_t i = 0; !clean && i < report.n; i++) {
		fprintf(stderr, "run %s: %s\n", report.at[i].id, report.at[i].text);
		for (size_t k = 0; k < report.at[i].report.n; k++) {
			const struct undo_item *it = &report.at[i].report.at[k];

			if (it->state == UNDO_FOREIGN || it->state == UNDO_FAILED)
				fprintf(stderr, "  %s: %s\n", it->what, it->text);
		}
	}
	revert_report_free(&report);
	return !clean;
}

/* true = came through with exit 0; false = killed where it should be; anything else ends the test. */
static bool child(int (*fn)(const struct lab *), const struct lab *lab, unsigned long at, enum moment when)
{
	int status;
	pid_t pid = fork();

	need(pid >= 0, "fork", NULL);
	if (pid == 0) {
		fuse.at = at;
		fuse.calls = 0;
		fuse.when = when;
		_exit(fn(lab));
	}
	need(waitpid(pid, &status, 0) == pid, "waitpid", NULL);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return false;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "killed %s call %lu: status %#x\n", moment_names[when], at, (unsigned) status);
		exit(1);
	}
	return true;
}

static void nothing_left(const struct lab *lab, unsigned long at, enum moment when, const char *of)
{
	AUTO_FREE char *runs = xprintf("%s/runs", lab->state);
	struct fs_names names = { 0 };
	struct fs fs;
	struct err err = { 0 };
	size_t left = 0, differ = compare_trees(lab->original, lab->dir);

	if (fs_open_root(&fs, runs, &err) == 0) {
		need(fs_list(&fs, ".", &names) == 0, "list runs", NULL);
		left = names.n;
		fs_list_free(&names);
		fs_close(&fs);
	}
	if (!differ && !left)
		return;
	fprintf(stderr, "%s killed %s call %lu: %zu files differ, %zu runs are left\n", of, moment_names[when], at, differ, left);
	exit(1);
}

static unsigned long kill_tuning_everywhere(const struct lab *lab, enum moment when)
{
	unsigned long at = 1;

	while (!child(tune_once, lab, at, when)) {
		need(child(revert_once, lab, 0, BEFORE), "revert after a kill", NULL);
		nothing_left(lab, at, when, "tuning");
		at++;
	}
	nothing_left(lab, at, when, "tuning");
	return at - 1;
}

static unsigned long kill_revert_everywhere(const struct lab *lab, enum moment when)
{
	unsigned long at = 0;
	bool through = false;

	while (!through) {
		need(!child(tune_and_die, lab, 0, BEFORE), "the tuning ends by a kill", NULL);
		through = child(revert_once, lab, ++at, when);
		need(child(revert_once, lab, 0, BEFORE), "revert after a killed revert", NULL);
		nothing_left(lab, at, when, "revert");
	}
	return at - 1;
}

/* What somebody else wrote after the kill is his. */
static void foreign_value_stays(const struct lab *lab)
{
	static const char path[] = "proc/sys/vm/stat_interval";
	struct revert_options o = { 0 };
	struct revert_report report = { 0 };
	struct err err = { 0 };
	char now[16];

	need(!child(tune_and_die, lab, 0, BEFORE), "the tuning ends by a kill", NULL);
	need(fs_write(&lab->fs, path, "42\n") == 0, "write", NULL);
	need(journal_revert(&o, &report, &err) == 0, "revert", &err);
	need(!revert_clean(&report) && report.at[0].report.count[UNDO_FOREIGN] == 1, "one foreign value is reported", NULL);
	revert_report_free(&report);
	need(fs_read(&lab->fs, path, now, sizeof(now)) > 0 && text_eq(now, "42"), "the foreign value stays", NULL);
	need(fs_write(&lab->fs, path, "1\n") == 0, "write", NULL);
	nothing_left(lab, 0, BEFORE, "foreign value");
}

int main(void)
{
	struct lab lab = { 0 };

	unsetenv("VLAT_LEAVE_ALONE");
	lab_open(&lab);
	for (int m = BEFORE; m < MOMENTS; m++) {
		unsigned long tuning = kill_tuning_everywhere(&lab, (enum moment) m),
			      revert = kill_revert_everywhere(&lab, (enum moment) m);

		printf("killed %s each of %lu calls of a tuning and %lu of a revert\n", moment_names[m], tuning, revert);
		need(tuning > 60 && revert > 40, "the wrappers saw too few calls: they are not linked in", NULL);
	}
	foreign_value_stays(&lab);
	lab_close(&lab);
	return 0;
}
