/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the lab: what vlat changes it can change back, on a kernel that may be
 * tried with anything.
 *
 *	undo_inside knobs           every knob alone, there and back; then all at once while CPUs come and go
 *	undo_inside disk STEP DIR   files that last, on the disk mounted at DIR:
 *		new       make them, and a copy to compare with; then as apply
 *		apply     revert what the last power cut left, compare, and write without end
 *		revert    the same, but in the end revert without end
 *		boot      the same, but write the boot loader's files without end
 *		end       revert and compare
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../e2e/snapshot.h"
#include "../hosts/compare.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/proc_stat.h"
#include "base/text.h"
#include "journal/lasting.h"
#include "journal/undo.h"
#include "tune/internal.h"
#include "undo_boot.h"

#define LASTING_FILES 24
#define CYCLES        4

static void need(bool ok, const char *what, const struct err *err)
{
	if (ok)
		return;
	printf("FAILED %s%s%s\n", what, err ? ": " : "", err ? err->text : "");
	exit(1);
}

/* ---- knobs ---- */

struct host {
	struct fs fs;
	struct host_facts facts;
	struct cpu_split split;
};

static void host_open(struct host *h)
{
	struct err err = { 0 };

	need(fs_open_root(&h->fs, "/", &err) == 0 && host_facts_read(&h->fs, &h->facts, &err) == 0, "facts", &err);
	split_propose(&h->facts.cpu, &h->split);
}

static void host_close(struct host *h)
{
	host_facts_free(&h->facts);
	fs_close(&h->fs);
}

/* What a knob would touch, and how that is before it does. */
struct seen {
	enum setting_kind kind;
	enum value_form form;
	char *path, *before;
	pid_t tid;
	uint64_t start;
};
typedef VEC(struct seen) seen_vec;

static void look_before(const struct plan *p, seen_vec *ret)
{
	for (size_t i = 0; i < p->steps.n; i++) {
		for (size_t k = 0; k < p->steps.at[i].settings.n; k++) {
			const struct setting *s = &p->steps.at[i].settings.at[k];

			if (s->state == SETTING_TODO)
				*vec_add(ret) = (struct seen){ .kind = s->kind,
							       .form = s->form,
							       .path = xstrdup(s->path ? s->path : ""),
							       .before = xstrdup(s->before ? s->before : ""),
							       .tid = s->tid,
							       .start = s->start };
		}
	}
}

/* A cpuset that holds tasks cannot be emptied again: then all CPUs are listed, which means the same. */
static bool is_all_cpus(const struct fs *fs, const struct seen *s, const char *now)
{
	struct cpuset cpus, online;

	return text_ends(s->path, "/cpuset.cpus") && !s->before[0] && cpuset_parse_list(now, &cpus) == 0 &&
	       fs_read_cpulist(fs, "sys/devices/system/cpu/online", &online) == 0 && cpuset_equal(&cpus, &online);
}

static bool is_back(const struct fs *fs, const struct seen *s)
{
	char now[VALUE_MAX];
	struct cpuset cpus, before;
	int r;

	switch (s->kind) {
	case SETTING_VALUE:
		r = fs_read(fs, s->path, now, sizeof(now));
		if (r == -ENOENT && !s->before[0]) /* it came with a controller, and went with it */
			return true;
		return r >= 0 && (value_same(s->form, now, s->before) || is_all_cpus(fs, s, now));
	case SETTING_TASK:
		return !proc_is_alive(s->tid, s->start) || cpuset_get_affinity(s->tid, &cpus) < 0 ||
		       (cpuset_parse_list(s->before, &before) == 0 && cpuset_equal(&cpus, &before));
	case SETTING_GROUP:
		return !fs_exists(fs, s->path);
	default:
		return true; /* what lives only as long as vlat does, and policies, which the snapshot compares */
	}
}

static size_t not_back(const struct fs *fs, seen_vec *seen)
{
	size_t n = 0;

	for (size_t i = 0; i < seen->n; i++) {
		if (!is_back(fs, &seen->at[i])) {
			char now[VALUE_MAX] = "";

			fs_read(fs, seen->at[i].path, now, sizeof(now));
			printf("FAILED not as it was: %s is \"%.100s\", was \"%.100s\"\n", seen->at[i].path, now,
			       seen->at[i].before);
			n++;
		}
		free(seen->at[i].path);
		free(seen->at[i].before);
	}
	vec_free(seen);
	return n;
}

static const char *first_reason(const struct plan *p, size_t *ret_done)
{
	const char *reason = "is so already, or this machine does not have it";

	*ret_done = 0;
	for (size_t i = 0; i < p->steps.n; i++) {
		for (size_t k = 0; k < p->steps.at[i].settings.n; k++) {
			const struct setting *s = &p->steps.at[i].settings.at[k];

			*ret_done += s->state == SETTING_DONE;
			if ((s->state == SETTING_BLOCKED || s->state == SETTING_FAILED) && s->reason[0])
				reason = s->reason;
		}
	}
	return reason;
}

/* 0 = nothing to do, 1 = there and back, 2 = blocked. */
static int try_knob(const struct host *h, const struct knob *k)
{
	const char *only[] = { k->id, NULL }, *reason;
	const struct plan_options o = { .allow_insecure = true, .only = only, .vm_memory_mb = 64 };
	struct journal *j;
	struct plan *p;
	seen_vec seen = { 0 };
	struct err err = { 0 };
	size_t done, n;
	int changed;

	need(plan_make(&p, &h->fs, &h->facts, &h->split, &o, &err) == 0, k->id, &err);
	n = plan_changes(p);
	look_before(p, &seen);
	need(journal_open(&j, k->id, &err) == 0 && plan_apply(p, j, &err) == 0, k->id, &err);
	reason = first_reason(p, &done);
	if (done)
		printf("knob %s: %zu of %zu changed and back\n", k->id, done, n);
	else
		printf("knob %s: %s: %s\n", k->id, n ? "blocked" : "nothing to do", reason);
	changed = plan_verify(p, &err);
	need(changed == 0, "is not as it was written a moment ago", NULL);
	need(plan_revert(p, &err) == 0, k->id, &err);
	plan_free(p);
	need(journal_close(j, &err) == 0, k->id, &err);
	need(not_back(&h->fs, &seen) == 0, k->id, NULL);
	return done ? 1 : n ? 2 : 0;
}

/*
 * Two things the kernel does by itself while CPU 3 is away.  A task leaves a cpuset, as the controller is switched off, with what
 * that had just then, and is not shown the CPU when it comes back (cpuset_attach() skips tasks where the sets are equal).  And a
 * driver spreads its interrupts anew whenever a CPU comes or goes, perhaps between vlat's look and its write.  Both are known by
 * what is there: all CPUs but that one.  Nothing else may differ, and no task outside of control groups.
 */
static bool is_cut(const char *line)
{
	const char *cpus = line[0] == '+' ? "0-2" : "0-3", *at = strstr(line, "): cpus ");

	if (text_starts(line + 1, " file /proc/irq/"))
		return strstr(line, "/smp_affinity_list: ") && text_ends(line, cpus);
	return text_starts(line + 1, " task ") && at && text_starts(at + strlen("): cpus "), cpus) &&
	       strstr(at, " groups 0::/") && !text_ends(line, "groups 0::/");
}

static bool cut_by_kernel(const char *text)
{
	char line[1024];

	while (take_line(&text, line, sizeof(line)))
		if (line[0] && !is_cut(line))
			return false;
	return true;
}

static void all_same(const struct snapshot *before, const char *of, bool cpus_go)
{
	struct sink left = { 0 };

	if (!snapshot_settle(before, NULL, 60000, &left))
		return;
	if (cpus_go && cut_by_kernel(left.text)) {
		printf("# cut by the kernel:\n%s", left.text);
		sink_free(&left);
		return;
	}
	printf("FAILED %s: left behind or changed:\n%.4000s\n", of, left.text);
	exit(1);
}

static void knobs_one_by_one(void)
{
	struct host h;
	struct snapshot before;
	unsigned count[3] = { 0 };

	host_open(&h);
	need(knob_find("iso.partition") != NULL, "no knob iso.partition", NULL);
	try_knob(&h, knob_find("iso.partition")); /* is_all_cpus(): from here on the groups list theirs */
	snapshot_take(&before, NULL);
	for (size_t i = 0; i < knob_count; i++)
		count[try_knob(&h, knob_table[i])]++;
	all_same(&before, "knobs", false);
	snapshot_free(&before);
	host_close(&h);
	printf("knobs-changed=%u\nknobs-blocked=%u\nknobs-nothing=%u\n", count[1], count[2], count[0]);
}

/* ---- CPUs that come and go ---- */

static void set_online(const char *cpu, const char *word)
{
	char path[80];
	struct fs fs;
	struct err err = { 0 };

	text_print(path, sizeof(path), "sys/devices/system/cpu/%s/online", cpu);
	if (fs_open_root(&fs, "/", &err) < 0 || fs_write(&fs, path, word) < 0)
		printf("# %s cannot be set to %s now\n", cpu, word); /* a partition that would be left without CPUs keeps it */
	fs_close(&fs);
}

/* Until the other end of the pipe is closed. */
static pid_t toggle(const char *cpu, const int ends[2])
{
	struct pollfd end = { .fd = ends[0] };
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(ends[1]);
	while (poll(&end, 1, 0) == 0) {
		set_online(cpu, "0");
		clock_sleep_ns(100 * NS_PER_MS);
		set_online(cpu, "1");
		clock_sleep_ns(100 * NS_PER_MS);
	}
	set_online(cpu, "1");
	fflush(NULL);
	_exit(0);
}

/* Facts may be old by the time they are used: an error is an answer, what stays behind is none. */
static bool tune_meanwhile(unsigned *ret_refused)
{
	const struct plan_options o = { 0 };
	struct host h;
	struct journal *j;
	struct plan *p = NULL;
	struct err err = { 0 };
	int r;

	host_open(&h);
	need(journal_open(&j, "all knobs", &err) == 0, "journal", &err);
	r = plan_make(&p, &h.fs, &h.facts, &h.split, &o, &err);
	if (r == 0)
		r = plan_apply(p, j, &err);
	if (r == 0)
		r = plan_revert(p, &err);
	if (r < 0) {
		printf("# while CPUs come and go: %s\n", err.text);
		++*ret_refused;
	}
	plan_free(p);
	r = journal_close(j, &err);
	if (r < 0)
		printf("# while CPUs come and go: %s\n", err.text);
	host_close(&h);
	return r == 0;
}

/* The kernel changes some settings by itself when groups are made: those must come back too. */
static void all_at_once(void)
{
	struct snapshot before;
	unsigned refused = 0;

	snapshot_take(&before, NULL);
	need(tune_meanwhile(&refused) && !refused, "all knobs at once", NULL);
	all_same(&before, "all knobs at once", false);
	snapshot_free(&before);
	printf("all-at-once=yes\n");
}

static void hotplug(void)
{
	const struct revert_options o = { 0 };
	struct revert_report report = { 0 };
	unsigned refused = 0, left = 0;
	int ends[2];
	struct snapshot before;
	struct err err = { 0 };
	pid_t pid;

	set_online("cpu3", "0"); /* what the kernel itself changes then belongs to before */
	set_online("cpu3", "1");
	snapshot_take(&before, NULL);
	fflush(NULL);
	need(pipe(ends) == 0, "pipe", NULL);
	pid = toggle("cpu3", ends);
	for (int i = 0; i < CYCLES; i++)
		left += !tune_meanwhile(&refused);
	close(ends[1]);
	need(waitpid(pid, NULL, 0) == pid, "waitpid", NULL);
	close(ends[0]);
	need(journal_revert(&o, &report, &err) == 0, "revert", &err);
	for (size_t i = 0; i < report.n; i++)
		need(report.at[i].state == REVERT_CLEAN, report.at[i].text, NULL);
	revert_report_free(&report);
	all_same(&before, "hotplug", true);
	snapshot_free(&before);
	printf("hotplug-cycles=%d\nhotplug-refused=%u\nhotplug-left-for-revert=%u\n", CYCLES, refused, left);
}

/* ---- files on a disk whose power is cut ---- */

struct disk {
	char files[256], copy[256];
};

static void write_plain(const char *dir, unsigned n)
{
	AUTO_FREE char *path = xprintf("%s/f%u", dir, n);
	AUTO_FREE char *text = xprintf("file %u as the user wrote it\n%*s.", n, (int) (n * 300), "");
	struct err err = { 0 };

	need(n % 3 == 0 || file_write_atomic(path, text, strlen(text), 0600 + n % 8, &err) == 0, path, &err);
}

static void disk_new(const struct disk *d)
{
	struct err err = { 0 };

	need(dir_make_all(d->files, 0755, &err) == 0 && dir_make_all(d->copy, 0755, &err) == 0, "folders", &err);
	for (unsigned i = 0; i < LASTING_FILES; i++) {
		write_plain(d->files, i);
		write_plain(d->copy, i);
	}
	sync();
}

/* One in three is made, one replaced, one removed; and a folder. */
static void put_all(const struct disk *d, struct journal *j, unsigned round)
{
	AUTO_FREE char *deep = xprintf("%s/new/deep", d->files);
	struct err err = { 0 };

	need(journal_folder(j, deep, 0755, &err) == 0, "folder", &err);
	for (unsigned i = 0; i < LASTING_FILES; i++) {
		AUTO_FREE char *path = xprintf("%s/f%u", d->files, i);
		AUTO_FREE char *text = xprintf("vlat, round %u%*s\n", round, (int) (i * 200), "");

		need(journal_put(j, path, i % 3 == 2 ? NULL : text, 0644, &err) == 0, path, &err);
	}
}

static void revert_disk(void)
{
	const struct revert_options o = { .lasting = true };
	struct revert_report report = { 0 };
	struct err err = { 0 };

	need(journal_revert(&o, &report, &err) == 0, "revert", &err);
	for (size_t i = 0; i < report.n; i++) {
		const size_t *n = report.at[i].report.count;

		printf("# run %s: %zu undone, %zu as before, %s\n", report.at[i].id, n[UNDO_DONE], n[UNDO_SAME],
		       report.at[i].text);
		for (size_t k = 0; k < report.at[i].report.n && report.at[i].state != REVERT_CLEAN; k++)
			printf("#   %s: %s\n", report.at[i].report.at[k].what, report.at[i].report.at[k].text);
		need(report.at[i].state == REVERT_CLEAN, "not all was reverted", NULL);
	}
	printf("reverted-runs=%zu\n", report.n);
	revert_report_free(&report);
}

static void check_disk(const struct disk *d)
{
	need(compare_trees(d->copy, d->files) == 0, "a file is not as it was", NULL);
	for (unsigned i = 0; i < LASTING_FILES; i++) {
		AUTO_FREE char *a = xprintf("%s/f%u", d->copy, i), *b = xprintf("%s/f%u", d->files, i);
		struct stat x, y;

		need(i % 3 == 0 || (stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_mode == y.st_mode), "a mode differs", NULL);
	}
	printf("equal=yes\n");
}

/* Until the power is cut. */
static void write_without_end(const struct disk *d, bool cut_in_revert)
{
	for (unsigned round = 0;; round++) {
		struct journal *j;
		struct err err = { 0 };

		need(journal_open_lasting(&j, "power cut", &err) == 0, "journal", &err);
		if (!cut_in_revert)
			printf("writing=%u\n", round);
		put_all(d, j, round);
		journal_leave(j);
		if (cut_in_revert)
			printf("reverting=%u\n", round);
		revert_disk();
	}
}

static int disk(const char *step, const char *dir)
{
	struct disk d;
	AUTO_FREE char *state = xprintf("%s/state", dir);

	text_print(d.files, sizeof(d.files), "%s/files", dir);
	text_print(d.copy, sizeof(d.copy), "%s/copy", dir);
	setenv("VLAT_STATE", state, 1);
	if (text_eq(step, "new"))
		boot_disk_new(dir), disk_new(&d);
	revert_disk();
	check_disk(&d);
	boot_disk_check(dir);
	if (text_eq(step, "boot"))
		boot_disk_write(dir, revert_disk);
	if (!text_eq(step, "end"))
		write_without_end(&d, text_eq(step, "revert"));
	return 0;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!getenv("LAB")) {
		fprintf(stderr, "undo_inside: skipped: it changes everything it can, so it runs in the lab only\n");
		return 77;
	}
	if (argc == 4 && text_eq(argv[1], "disk"))
		return disk(argv[2], argv[3]);
	setenv("VLAT_STATE", "/tmp/vlat-state", 1);
	knobs_one_by_one();
	all_at_once();
	hotplug();
	return 0;
}
