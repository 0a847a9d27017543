/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the lab: what vlat changes it can change back, on a kernel that may be
 * tried with anything.
 *
 *	undo_inside knobs           every knob alone, there and back; then all at once while CPUs come and go
 *	undo_inside knob ID         one alone, which must be there
 *	undo_inside disk STEP DIR   files that last, on the disk mounted at DIR:
 *		new       make them, and a copy to compare with; then as apply
 *		apply     revert what the last power cut left, compare, and write without end
 *		revert    the same, but in the end revert without end
 *		boot      the same, but write the boot loader's files without end
 *		end       revert and compare
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../hosts/compare.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/text.h"
#include "journal/lasting.h"
#include "journal/undo.h"
#include "undo_boot.h"
#include "undo_knobs.h"

#define LASTING_FILES 24

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
	if (argc == 3 && text_eq(argv[1], "knob"))
		undo_knob(argv[2]);
	else
		undo_knobs();
	return 0;
}
