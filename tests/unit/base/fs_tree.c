/* SPDX-License-Identifier: Apache-2.0 */
/* A machine in memory: links stay inside, errors are replayed, a recording holds what its reader saw. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fs_tree.h"
#include "base/text.h"
#include "base/vec.h"

static int put(struct fs_tree *t, const char *path, enum fs_kind kind, const char *data)
{
	struct fs_tree_entry e = { .path = path, .kind = kind, .mode = 0644, .data = data, .len = data ? strlen(data) : 0 };

	return fs_tree_add(t, &e);
}

static void open_tree(struct fs *fs)
{
	struct fs_tree *t = fs_tree_new();
	struct fs_tree_entry denied = { .path = "sys/kernel/debug", .kind = FS_DIR, .mode = 0700, .error = -EACCES };

	assert_int_equal(put(t, "sys/devices/a/value", FS_FILE, "7\n"), 0);
	assert_int_equal(put(t, "sys/class/x", FS_LINK, "../devices/a"), 0);
	assert_int_equal(put(t, "abs", FS_LINK, "/sys/class/x"), 0);
	assert_int_equal(put(t, "out", FS_LINK, "../../../../etc/passwd"), 0);
	assert_int_equal(put(t, "loop", FS_LINK, "loop"), 0);
	assert_int_equal(put(t, "dev/kvm", FS_OTHER, NULL), 0);
	assert_int_equal(fs_tree_add(t, &denied), 0);
	fs_of_tree(fs, t, "copy");
}

static void links_stay_inside(void **state)
{
	char buf[64];
	struct fs fs;

	(void) state;
	open_tree(&fs);
	assert_int_equal(fs_read(&fs, "sys/class/x/value", buf, sizeof(buf)), 1);
	assert_string_equal(buf, "7");
	assert_int_equal(fs_read(&fs, "abs/value", buf, sizeof(buf)), 1);
	assert_int_equal(fs_read(&fs, "../../abs/../a/value", buf, sizeof(buf)), 1);
	assert_int_equal(fs_readlink(&fs, "sys/class/x", buf, sizeof(buf)), 12);
	assert_string_equal(buf, "../devices/a");
	assert_int_equal(fs_readlink(&fs, "sys/class", buf, sizeof(buf)), -EINVAL);
	assert_int_equal(fs_read(&fs, "out", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(fs_read(&fs, "loop", buf, sizeof(buf)), -ELOOP);
	fs_close(&fs);
}

static void errors_are_replayed(void **state)
{
	struct fs_names names;
	char buf[64];
	struct fs fs;

	(void) state;
	open_tree(&fs);
	assert_int_equal(fs_read(&fs, "sys/kernel/debug/sched/preempt", buf, sizeof(buf)), -EACCES);
	assert_int_equal(fs_list(&fs, "sys/kernel/debug", &names), -EACCES);
	assert_int_equal(fs_read(&fs, "dev/kvm", buf, sizeof(buf)), -ENXIO);
	assert_true(fs_exists(&fs, "dev/kvm"));
	assert_int_equal(fs_read(&fs, "sys", buf, sizeof(buf)), -EISDIR);
	assert_int_equal(fs_read(&fs, "sys/nothing", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(fs_read(&fs, "sys/devices/a/value/x", buf, sizeof(buf)), -ENOTDIR);
	assert_int_equal(fs_write(&fs, "sys/devices/a/value", "8"), -EROFS);
	assert_int_equal(fs_answer(&fs, "never/asked", NULL, NULL, buf, sizeof(buf)), -ENODATA);
	fs_close(&fs);
}

static void bad_entries_are_refused(void **state)
{
	struct fs_tree *t = fs_tree_new();
	struct fs_tree_entry big = { .path = "big", .kind = FS_FILE, .data = "x", .len = FS_TREE_FILE_MAX + 1 };
	char *data = xalloc(FS_TREE_FILE_MAX, 1), name[32];
	int r = 0;

	(void) state;
	assert_int_equal(put(t, "../x", FS_FILE, ""), -EINVAL);
	assert_int_equal(put(t, "a/../../x", FS_FILE, ""), -EINVAL);
	assert_int_equal(put(t, "", FS_FILE, ""), -EINVAL);
	assert_int_equal(put(t, "/etc/x", FS_FILE, "1"), 0);
	assert_int_equal(put(t, "etc/x", FS_FILE, "2"), -EEXIST);
	assert_int_equal(put(t, "etc/x/y", FS_FILE, "2"), -ENOTDIR);
	assert_int_equal(put(t, "etc", FS_DIR, NULL), 0);
	assert_int_equal(fs_tree_add(t, &big), -EFBIG);
	big.data = data;
	big.len = FS_TREE_FILE_MAX;
	for (unsigned i = 0; i < 100 && r == 0; i++) {
		text_print(name, sizeof(name), "big%u", i);
		big.path = name;
		r = fs_tree_add(t, &big);
	}
	assert_int_equal(r, -E2BIG);
	free(data);
	fs_tree_free(t);
}

static void many_names(void **state)
{
	struct fs_tree *t = fs_tree_new();
	struct fs_names names;
	char path[64];
	struct fs fs;
	uint64_t n;

	(void) state;
	for (unsigned i = 0; i < 5000; i++) {
		text_print(path, sizeof(path), "d/%u", i);
		assert_int_equal(put(t, path, FS_FILE, path + 2), 0);
	}
	fs_of_tree(&fs, t, "copy");
	assert_int_equal(fs_list(&fs, "d", &names), 0);
	assert_int_equal(names.n, 5000);
	assert_string_equal(names.at[10], "10");
	assert_int_equal(fs_read_u64(&fs, "d/4999", &n), 0);
	assert_int_equal(n, 4999);
	fs_list_free(&names);
	assert_int_equal(fs_list_dirs(&fs, "d", &names), 0);
	assert_int_equal(names.n, 0);
	fs_list_free(&names);
	fs_close(&fs);
}

static void write_file(const char *dir, const char *name, const char *text)
{
	AUTO_FREE char *path = xprintf("%s/%s", dir, name);
	struct err err = { 0 };

	if (file_write_atomic(path, text, strlen(text), 0644, &err) < 0)
		fail_msg("%s", err.text);
}

static int note(void *arg, const struct fs_tree_entry *e)
{
	char *all = arg;
	size_t used = strlen(all);

	text_print(all + used, 1024 - used, "%s=%s%s ", e->path, e->data ? e->data : "", e->error ? "!" : "");
	return 0;
}

/* What is read twice is the same twice, though the file changed; what was listed is known by name. */
static void a_recording_holds_what_was_seen(void **state)
{
	char dir[] = "/tmp/vlat-tree-XXXXXX", buf[16], all[1024] = "";
	AUTO_FREE char *sub = NULL, *link = NULL;
	struct err err = { 0 };
	struct fs_names names;
	struct fs from, fs;

	(void) state;
	assert_non_null(mkdtemp(dir));
	sub = xprintf("%s/sub", dir);
	link = xprintf("%s/sub/link", dir);
	assert_int_equal(mkdir(sub, 0755), 0);
	assert_int_equal(symlink("../one", link), 0);
	write_file(dir, "one", "1");
	write_file(dir, "two", "2");
	write_file(dir, "unread", "x");
	assert_int_equal(fs_open_root(&from, dir, &err), 0);
	fs_record(&fs, &from);
	assert_int_equal(fs_read(&fs, "sub/link", buf, sizeof(buf)), 1);
	assert_string_equal(buf, "1");
	write_file(dir, "one", "changed");
	assert_int_equal(fs_read(&fs, "one", buf, sizeof(buf)), 1);
	assert_string_equal(buf, "1");
	assert_int_equal(fs_list(&fs, "", &names), 0);
	assert_int_equal(names.n, 4);
	fs_list_free(&names);
	assert_int_equal(fs_read(&fs, "two", buf, sizeof(buf)), 1);
	assert_int_equal(fs_tree_walk(fs.tree, note, all), 0);
	assert_string_equal(all, "one=1 sub= sub/link=../one two=2 unread=! ");
	fs_close(&fs);
	fs_close(&from);
	dir_remove_all(dir);
}

static bool count_lines(void *arg, const char *line)
{
	size_t *sum = arg;

	sum[0]++;
	sum[1] += strlen(line);
	return sum[0] < sum[2];
}

static void lines(void **state)
{
	struct fs_tree *t = fs_tree_new();
	size_t sum[3] = { 0, 0, 100 };
	char *text = xalloc(200002, 1);
	struct fs fs;

	(void) state;
	memset(text, 'x', 200000);
	text[3] = text[7] = '\n';
	assert_int_equal(put(t, "long", FS_FILE, text), 0);
	assert_int_equal(put(t, "empty", FS_FILE, ""), 0);
	fs_of_tree(&fs, t, "copy");
	assert_int_equal(fs_lines(&fs, "long", count_lines, sum), 0);
	assert_int_equal(sum[1], 200000 - 2); /* a line too long comes in pieces */
	assert_true(sum[0] > 4 && sum[0] < 9);
	sum[0] = 0;
	sum[2] = 2;
	assert_int_equal(fs_lines(&fs, "long", count_lines, sum), 0);
	assert_int_equal(sum[0], 2);
	sum[0] = 0;
	assert_int_equal(fs_lines(&fs, "empty", count_lines, sum), 0);
	assert_int_equal(sum[0], 0);
	assert_int_equal(fs_lines(&fs, "none", count_lines, sum), -ENOENT);
	fs_close(&fs);
	free(text);
}

/* A copy of a machine is data: what it calls a device or a pipe is not opened. */
static void a_copy_opens_no_devices(void **state)
{
	char dir[] = "/tmp/vlat-tree-XXXXXX", buf[16];
	AUTO_FREE char *fifo = NULL, *node = NULL;
	struct err err = { 0 };
	struct fs fs;

	(void) state;
	assert_non_null(mkdtemp(dir));
	fifo = xprintf("%s/fifo", dir);
	node = xprintf("%s/zero", dir);
	assert_int_equal(mkfifo(fifo, 0644), 0);
	assert_int_equal(fs_open_root(&fs, dir, &err), 0);
	assert_int_equal(fs_read(&fs, "fifo", buf, sizeof(buf)), -ENXIO);
	if (mknod(node, S_IFCHR | 0644, 1 << 8 | 5) == 0)
		assert_int_equal(fs_read(&fs, "zero", buf, sizeof(buf)), -ENXIO);
	else
		print_message("no device node tried: mknod needs root\n");
	fs_close(&fs);
	dir_remove_all(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_stay_inside),
		cmocka_unit_test(errors_are_replayed),
		cmocka_unit_test(bad_entries_are_refused),
		cmocka_unit_test(many_names),
		cmocka_unit_test(a_recording_holds_what_was_seen),
		cmocka_unit_test(lines),
		cmocka_unit_test(a_copy_opens_no_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
