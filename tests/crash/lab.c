/* SPDX-License-Identifier: Apache-2.0 */
#include "lab.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../hosts/big.h"
#include "../hosts/compare.h"
#include "../hosts/tree.h"
#include "journal/undo.h"
#include "tune/plan.h"

void need(bool ok, const char *what, const struct err *err)
{
	if (ok)
		return;
	fprintf(stderr, "%s%s%s\n", what, err ? ": " : "", err ? err->text : "");
	exit(1);
}

/* Files that vlat will make and replace for the next boots. */
static void put_etc(const char *dir)
{
	tree_put(dir, "etc/default/grub.d/50-cloud.cfg", "GRUB_TIMEOUT=0\n");
	tree_put(dir, "etc/default/grub", "GRUB_CMDLINE_LINUX=\"quiet\"\n# no newline at the end");
	tree_put(dir, "boot/grub/grubenv", "# GRUB Environment Block\nsaved_entry=0\n####");
}

static void lab_begin(struct lab *lab)
{
	struct plan *p;
	struct err err = { 0 };
	AUTO_FREE char *machine = xprintf("%s/", lab->dir);

	put_etc(lab->dir);
	put_etc(lab->original);
	fuse_machine(machine);
	/* A sync to disk is only counted here: memory is quicker. */
	text_print(lab->state, sizeof(lab->state), "%s%s.state", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp",
		   strrchr(lab->dir, '/'));
	setenv("VLAT_STATE", lab->state, 1);
	need(fs_open_root(&lab->fs, lab->dir, &err) == 0, "open", &err);
	need(host_facts_read(&lab->fs, &lab->facts, &err) == 0, "facts", &err);
	split_propose(&lab->facts.cpu, &lab->split);
	need(plan_make(&p, &lab->fs, &lab->facts, &lab->split, NULL, &err) == 0, "plan", &err);
	lab->steps = plan_changes(p);
	plan_free(p);
}

static void new_folder(char dir[64])
{
	text_print(dir, 64, "%s/vlat-crash-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	need(mkdtemp(dir) != NULL, "mkdtemp", NULL);
}

void lab_open_small(struct lab *lab)
{
	struct fs fs;

	tree_open("two-cpu-vm", lab->dir, &fs);
	fs_close(&fs);
	tree_open("two-cpu-vm", lab->original, &fs);
	fs_close(&fs);
	lab_begin(lab);
}

/* Half of the cards have managed interrupts, which the kernel lets nobody move: enough of the others. */
static const struct big_host many = { .name = "many", .packages = 1, .dies = 1, .cores = 12, .threads = 2, .irqs = 400,
				      .cmdline = "BOOT_IMAGE=/vmlinuz quiet", .isolated = "", .nohz_full = "(null)" };

static int unfold_one(void *arg, const struct fs_tree_entry *e)
{
	AUTO_FREE char *full = xprintf("%s/%s", (const char *) arg, e->path);

	if (e->kind == FS_DIR)
		return 0;
	tree_put(arg, e->path, e->data ? e->data : "");
	return chmod(full, e->mode);
}

/* The kernel shows an interrupt's handlers as folders; vlat knows by them that the number still means the same device. */
static void put_handlers(const char *dir)
{
	char path[80];

	for (unsigned i = 0; i < many.irqs; i++) {
		text_print(path, sizeof(path), "proc/irq/%u/card%u-rx-%u/", 24 + i, i / 64, i % 64);
		tree_put(dir, path, "");
	}
}

void lab_open_big(struct lab *lab)
{
	struct fs fs;

	new_folder(lab->dir);
	new_folder(lab->original);
	big_open(&many, &fs);
	need(fs_tree_walk(fs.tree, unfold_one, lab->dir) == 0, "unfold", NULL);
	need(fs_tree_walk(fs.tree, unfold_one, lab->original) == 0, "unfold", NULL);
	fs_close(&fs);
	put_handlers(lab->dir);
	put_handlers(lab->original);
	lab_begin(lab);
}

void lab_close(struct lab *lab)
{
	host_facts_free(&lab->facts);
	fs_close(&lab->fs);
	dir_remove_all(lab->dir);
	dir_remove_all(lab->original);
	dir_remove_all(lab->state);
}

int tune_once(const struct lab *lab)
{
	struct journal *j = NULL;
	struct plan *p = NULL;
	struct err err = { 0 }, close_err = { 0 };
	int r = journal_open(&j, "crash test", &err);

	if (r == 0)
		r = plan_make(&p, &lab->fs, &lab->facts, &lab->split, NULL, &err);
	if (r == 0)
		r = plan_apply(p, j, &err);
	if (r == 0)
		r = plan_revert(p, &err);
	plan_free(p);
	if (j && journal_close(j, &close_err) < 0 && r == 0)
		err = close_err, r = close_err.code;
	if (r < 0)
		printf("# %s\n", err.text);
	return r < 0;
}

int tune_and_tell(const struct lab *lab)
{
	struct journal *j = NULL;
	struct plan *p = NULL;
	struct err err = { 0 }, ignored = { 0 };
	int r = journal_open(&j, "crash test of both errors", &err);
	bool both;

	if (r == 0)
		r = plan_make(&p, &lab->fs, &lab->facts, &lab->split, NULL, &err);
	if (r == 0)
		r = plan_apply(p, j, &err);
	both = r < 0 && text_starts(err.text, "the tuning could not be applied: ") && strstr(err.text, "; and taking it back: run ");
	plan_free(p);
	journal_close(j, &ignored);
	return both;
}

int tune_and_die(const struct lab *lab)
{
	struct journal *j;
	struct plan *p;
	struct err err = { 0 };

	if (journal_open(&j, "crash test", &err) < 0 || plan_make(&p, &lab->fs, &lab->facts, &lab->split, NULL, &err) < 0 ||
	    plan_apply(p, j, &err) < 0)
		return 1;
	fuse_die();
	return 1;
}

/* As boot parameters and units are written: a new file, one replaced twice, one removed, in a folder of its own too. */
static int put_files(const struct lab *lab, struct journal *j, struct err *err)
{
	AUTO_FREE char *drop_in = xprintf("%s/etc/default/grub.d/99-vlat.cfg", lab->dir);
	AUTO_FREE char *grub = xprintf("%s/etc/default/grub", lab->dir), *env = xprintf("%s/boot/grub/grubenv", lab->dir);
	AUTO_FREE char *folder = xprintf("%s/etc/vlat/deep", lab->dir), *wish = xprintf("%s/wish.json", folder);
	int r = journal_put(j, drop_in, "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX isolcpus=1\"\n", 0644, err);

	if (r == 0)
		r = journal_put(j, grub, "GRUB_CMDLINE_LINUX=\"quiet isolcpus=1\"\n", 0644, err);
	if (r == 0)
		r = journal_put(j, grub, "GRUB_CMDLINE_LINUX=\"quiet isolcpus=1-2\"\n", 0644, err);
	if (r == 0)
		r = journal_put(j, env, NULL, 0, err);
	if (r == 0)
		r = journal_folder(j, folder, 0755, err);
	return r < 0 ? r : journal_put(j, wish, "{}\n", 0600, err);
}

int put_once(const struct lab *lab)
{
	struct journal *j = NULL;
	struct err err = { 0 }, close_err = { 0 };
	int r = journal_open(&j, "crash test of files", &err);

	if (r == 0)
		r = put_files(lab, j, &err);
	if (j && journal_close(j, &close_err) < 0 && r == 0)
		err = close_err, r = close_err.code;
	if (r < 0)
		printf("# %s\n", err.text);
	return r < 0;
}

int put_and_die(const struct lab *lab)
{
	struct journal *j;
	struct err err = { 0 };

	if (journal_open(&j, "crash test of files", &err) == 0 && put_files(lab, j, &err) == 0)
		fuse_die();
	return 1;
}

int revert_once(const struct lab *lab)
{
	const struct revert_options o = { .lasting = true }; /* as vlat revert does */
	struct revert_report report = { 0 };
	struct err err = { 0 };
	int r = journal_revert(&o, &report, &err);
	bool clean = r == 0 && revert_clean(&report);

	(void) lab;
	for (size_t i = 0; !clean && i < report.n; i++) {
		printf("# run %s: %s\n", report.at[i].id, report.at[i].text);
		for (size_t k = 0; k < report.at[i].report.n; k++) {
			const struct undo_item *it = &report.at[i].report.at[k];

			if (it->state == UNDO_FOREIGN || it->state == UNDO_FAILED)
				printf("#   %s: %s\n", it->what, it->text);
		}
	}
	revert_report_free(&report);
	return !clean;
}

int child(lab_fn *fn, const struct lab *lab, const struct fuse *fuse)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	need(pid >= 0, "fork", NULL);
	if (pid == 0) {
		/* What goes wrong on purpose is said many times over: only where nothing shall go wrong is it shown. */
		if (fuse && fuse->harm >= HARM_FAIL_ONCE && !freopen("/dev/null", "w", stdout))
			_exit(99);
		fuse_set(fuse);
		status = fn(lab);
		fuse_set(NULL);
		fflush(stdout);
		_exit(status);
	}
	need(waitpid(pid, &status, 0) == pid, "waitpid", NULL);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) <= 1)
		return WEXITSTATUS(status);
	fprintf(stderr, "harm at call %lu: status %#x\n", fuse ? fuse->at : 0, (unsigned) status);
	exit(1);
}

static size_t count_names(const char *dir)
{
	AUTO_DIR DIR *d = opendir(dir);
	const struct dirent *e;
	size_t n = 0;

	while (d && (e = readdir(d)))
		n += !text_eq(e->d_name, ".") && !text_eq(e->d_name, "..");
	return n;
}

/* Only what was written since the last look is read: afterwards its time is set far back. */
static size_t compare_written(const char *a, const char *b)
{
	static const struct timespec long_ago[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	AUTO_DIR DIR *d = opendir(b);
	const struct dirent *e;
	size_t differ = count_names(a) != count_names(b);

	if (differ)
		fprintf(stderr, "%s has other names than before\n", b);
	while (d && (e = readdir(d))) {
		AUTO_FREE char *x = xprintf("%s/%s", a, e->d_name), *y = xprintf("%s/%s", b, e->d_name);
		struct stat st;

		if (e->d_name[0] == '.' && strspn(e->d_name, ".") == strlen(e->d_name))
			continue;
		if (e->d_type == DT_DIR) {
			differ += compare_written(x, y);
		} else if (stat(y, &st) < 0 || st.st_mtim.tv_sec != long_ago[1].tv_sec) {
			differ += compare_files(x, y);
			utimensat(AT_FDCWD, y, long_ago, 0);
		}
	}
	return differ;
}

void nothing_left(const struct lab *lab, const char *of, unsigned long at)
{
	AUTO_FREE char *runs = xprintf("%s/runs", lab->state);
	size_t left = count_names(runs), differ = compare_written(lab->original, lab->dir);

	if (!differ && !left)
		return;
	fprintf(stderr, "%s, harm at call %lu: %zu files differ, %zu runs are left\n", of, at, differ, left);
	exit(1);
}

/* Nothing grows: no descriptor, no file of the state but its history, which is bounded. */
void cycles(const struct lab *lab, unsigned n)
{
	AUTO_FREE char *page = xprintf("%s/history", lab->state);
	size_t fds = 0, files = 0;
	struct stat st;

	for (unsigned i = 0; i < n; i++) {
		need(tune_once(lab) == 0, "a cycle", NULL);
		if (i == 0) {
			fds = count_names("/proc/self/fd");
			files = count_names(lab->state);
		}
	}
	nothing_left(lab, "cycles", n);
	need(compare_trees(lab->original, lab->dir) == 0, "a file differs", NULL);
	need(count_names("/proc/self/fd") == fds, "descriptors are left open", NULL);
	need(count_names(lab->state) <= files + 1, "files are left in the state folder", NULL);
	need(stat(page, &st) == 0 && st.st_size <= 256 << 10, "the history grows without bound", NULL);
}
