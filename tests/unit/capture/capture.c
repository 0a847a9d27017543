/* SPDX-License-Identifier: Apache-2.0 */
/* A capture says what the machine said; what is hostile in one is refused by a sentence. */
#include "capture/capture.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../hosts/big.h"
#include "base/cleanup.h"
#include "base/fs_tree.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/facts.h"

static char work[64];

static int make_work(void **state)
{
	(void) state;
	strcpy(work, "/tmp/vlat-capture-XXXXXX");
	return mkdtemp(work) ? 0 : -1;
}

static int drop_work(void **state)
{
	(void) state;
	return dir_remove_all(work);
}

static char *look(const struct fs *fs)
{
	struct machine_facts m;
	struct err err = { 0 };
	json_t *j;
	char *text;

	if (machine_facts_read(fs, &m, &err) < 0)
		fail_msg("%s", err.text);
	j = machine_facts_json(&m);
	text = json_dumps(j, JSON_INDENT(1));
	json_decref(j);
	machine_facts_free(&m);
	return text;
}

static void open_or_fail(struct fs *fs, const char *path)
{
	struct err err = { 0 };

	if (capture_open(fs, path, &err) < 0)
		fail_msg("%s", err.text);
}

/* What was written reads as what was recorded, packed and unpacked. */
static void check_same(const struct fs *recorded)
{
	AUTO_FREE char *path = xprintf("%s/m.tar.zst", work), *dir = xprintf("%s/unpacked", work);
	AUTO_FREE char *before = look(recorded), *packed = NULL, *unpacked = NULL;
	struct run_result tar = { 0 };
	struct argv argv = { 0 };
	struct capture_sum sum;
	struct err err = { 0 };
	struct fs fs;

	if (capture_write(recorded, path, false, &sum, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(sum.files > 5);
	open_or_fail(&fs, path);
	packed = look(&fs);
	fs_close(&fs);
	assert_string_equal(packed, before);
	dir_remove_all(dir);
	assert_int_equal(mkdir(dir, 0755), 0);
	argv_add_all(&argv, (const char *const[]){ "tar", "--zstd", "-C", dir, "-xf", path, NULL });
	if (run(&tar, &argv, NULL, 60 * 1000000000ull, &err) < 0 || tar.end.code) {
		print_message("the unpacked capture is not tried: tar --zstd does not run (%s)\n", tar.err ? tar.err : err.text);
	} else {
		open_or_fail(&fs, dir);
		unpacked = look(&fs);
		fs_close(&fs);
		assert_string_equal(unpacked, before);
	}
	run_result_free(&tar);
	argv_free(&argv);
}

static void the_machine_we_run_on(void **state)
{
	struct err err = { 0 };
	struct fs live, recorded;

	(void) state;
	assert_int_equal(fs_open_root(&live, "/", &err), 0);
	fs_record(&recorded, &live);
	check_same(&recorded);
	fs_close(&recorded);
	fs_close(&live);
}

static void a_big_machine(void **state)
{
	struct fs fs;

	(void) state;
	big_open(&big_hosts[0], &fs);
	check_same(&fs);
	fs_close(&fs);
}

/* What could not be read gives, in the capture, the error that it gave; answers too. */
static void errors_and_answers(void **state)
{
	AUTO_FREE char *path = xprintf("%s/e.tar.zst", work);
	struct fs_tree_entry answer = { .path = FS_TREE_ANSWERS "/kvm/version", .kind = FS_FILE, .data = "12", .len = 2 };
	struct capture_sum sum;
	struct err err = { 0 };
	struct fs fs, again;
	char buf[32];

	(void) state;
	big_open(&big_hosts[4], &fs);
	assert_int_equal(fs_tree_fail(fs.tree, "sys/kernel/security/lockdown", -EACCES), 0);
	assert_int_equal(fs_tree_fail(fs.tree, "sys/fs", -EPERM), 0);
	assert_int_equal(fs_tree_add(fs.tree, &answer), 0);
	if (capture_write(&fs, path, false, &sum, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(sum.missing, 2);
	open_or_fail(&again, path);
	assert_int_equal(fs_read(&again, "sys/kernel/security/lockdown", buf, sizeof(buf)), -EACCES);
	assert_int_equal(fs_read(&again, "sys/fs/nothing", buf, sizeof(buf)), -EPERM);
	assert_int_equal(fs_answer(&again, "kvm/version", NULL, NULL, buf, sizeof(buf)), 2);
	assert_string_equal(buf, "12");
	assert_int_equal(fs_answer(&again, "kvm/other", NULL, NULL, buf, sizeof(buf)), -ENODATA);
	assert_int_equal(fs_mode(&again, "proc/irq/24/smp_affinity"), 0644);
	fs_close(&again);
	fs_close(&fs);
}

static const struct {
	const char *path, *text;
} private_files[] = {
	{ "proc/sys/kernel/hostname", "acme-db7\n" },
	{ "etc/hosts", "10.1.2.3 acme-db7 acme-db7.example # not acme-db77\nfe80::1ff:fe23:4567:890a x\n127.0.0.1 localhost\n" },
	{ "sys/class/net/eth0/address", "52:54:00:ab:cd:ef\n" },
	{ "sys/class/net/eth1/address", "52:54:00:AB:CD:EF\n" },
	{ "sys/class/dmi/id/product_serial", "S3CR3T99\n" },
	{ "etc/machine-id", "0123456789abcdef0123456789abcdef\n" },
	{ "proc/cmdline",
	  "root=UUID=6a2c1f5e-1111-2222-3333-444455556666 isolcpus=2-3 init=/home/alice/init -- --token topsecret\n" },
	{ "proc/100/comm", "alices-trader\n" },
	{ "proc/100/stat", "100 (alices-trader) S 1 100 100 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0\n" },
	{ "proc/100/cmdline", "/home/alice/alices-trader\0--password=hunter2" },
	{ "proc/200/comm", "irqbalance\n" },
	{ "proc/3/comm", "kworker/0:1\n" },
	{ "proc/3/stat", "3 (kworker/0:1) I 2 0 0 0 -1 69238880 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 "
			 "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n" },
	{ "proc/300/comm", "qemu-system-x86\n" },
	{ "proc/300/cmdline",
	  "/usr/bin/qemu-system-x86_64\0-name\0guest=payroll\0-m\0004096\0-drive\0file=/srv/payroll.img,if=virtio" },
	{ "sys/fs/cgroup/machine.slice/machine-qemu\\x2d3\\x2dpayroll.scope/cgroup.procs", "300\n" },
	{ "proc/self/cgroup", "0::/user.slice/docker-aaaabbbbccccddddeeeeffff00001111222233334444555566667777888899990.scope\n" },
	{ "proc/7/mountinfo", "27 1 254:0 / /home/alice rw - ext4 /dev/vda rw\n28 1 0:5 / /sys rw - sysfs sysfs rw\n" },
	{ "sys/devices/pci0000:00/0000:00:03.0/class", "0x020000\n" },
};

static size_t private_length(size_t i)
{
	return text_ends(private_files[i].path, "00/cmdline")
		       ? (i == 9 ? sizeof("/home/alice/alices-trader\0--password=hunter2")
				 : sizeof("/usr/bin/qemu-system-x86_64\0-name\0guest=payroll\0-m\0004096\0-drive\0"
					  "file=/srv/payroll.img,if=virtio"))
		       : strlen(private_files[i].text);
}

struct hunt {
	const char *word;
	unsigned found;
};

static int hunt_entry(void *arg, const struct fs_tree_entry *e)
{
	struct hunt *h = arg;

	if (strstr(e->path, h->word) || (e->data && memmem(e->data, e->len, h->word, strlen(h->word)))) {
		print_message("\"%s\" is in %s\n", h->word, e->path);
		h->found++;
	}
	return 0;
}

static void expect(const struct fs *fs, const char *path, const char *want)
{
	char buf[512];

	if (fs_read(fs, path, buf, sizeof(buf)) < 0)
		fail_msg("%s is not there", path);
	assert_string_equal(buf, want);
}

static void nothing_private_is_left(void **state)
{
	static const char *const secrets[] = { "acme-db7.", "10.1.2.3", "fe80::1",   "52:54",   "S3CR3T",  "89abcdef",
					       "6a2c1f5e",  "alice",    "topsecret", "hunter2", "payroll", "aaaabbbb" };
	AUTO_FREE char *path = xprintf("%s/private.tar.zst", work);
	struct hunt named = { .word = "guest=guest-300" };
	struct capture_sum sum;
	struct err err = { 0 };
	struct fs fs, again;

	(void) state;
	fs_of_tree(&fs, fs_tree_new(), "private");
	for (size_t i = 0; i < ARRAY_SIZE(private_files); i++) {
		struct fs_tree_entry e = { .path = private_files[i].path,
					   .kind = FS_FILE,
					   .mode = 0644,
					   .data = private_files[i].text,
					   .len = private_length(i) };

		assert_int_equal(fs_tree_add(fs.tree, &e), 0);
	}
	if (capture_write(&fs, path, true, &sum, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(sum.masked >= 15);
	open_or_fail(&again, path);
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++) {
		struct hunt h = { .word = secrets[i] };

		fs_tree_walk(again.tree, hunt_entry, &h);
		assert_int_equal(h.found, 0);
	}
	/* Two guests stay two. */
	fs_tree_walk(again.tree, hunt_entry, &named);
	assert_int_equal(named.found, 1);
	expect(&again, "proc/sys/kernel/hostname", "host");
	expect(&again, "sys/class/net/eth0/address", "02:00:00:00:00:05");
	expect(&again, "sys/class/net/eth1/address", "02:00:00:00:00:05"); /* the same by the same */
	expect(&again, "proc/100/comm", "task");
	expect(&again, "proc/200/comm", "irqbalance");
	expect(&again, "proc/3/comm", "kworker/0:1");
	expect(&again, "sys/devices/pci0000:00/0000:00:03.0/class", "0x020000");
	expect(&again, "proc/7/mountinfo", "27 1 254:0 / /masked rw - ext4 /dev/vda rw\n28 1 0:5 / /sys rw - sysfs sysfs rw");
	expect(&again, "etc/hosts", "192.0.2.1 host host.example # not acme-db77\n2001:db8::2 x\n127.0.0.1 localhost");
	fs_close(&again);
	fs_close(&fs);
}

/* --- hostile --- */

struct wanted_entry {
	const char *path;
	unsigned type;
	const char *target;
	int64_t size;
};

static void add_entry(struct archive *a, const struct wanted_entry *w)
{
	struct archive_entry *e = archive_entry_new();
	static const char zeros[1 << 16];

	archive_entry_set_pathname(e, w->path);
	archive_entry_set_filetype(e, w->type);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_size(e, w->type == AE_IFREG ? w->size : 0);
	if (w->type == AE_IFLNK)
		archive_entry_set_symlink(e, w->target);
	else if (w->target)
		archive_entry_set_hardlink(e, w->target);
	assert_true(archive_write_header(a, e) >= ARCHIVE_WARN);
	for (int64_t left = w->type == AE_IFREG && !w->target ? w->size : 0; left > 0;) {
		size_t n = left < (int64_t) sizeof(zeros) ? (size_t) left : sizeof(zeros);

		if (text_eq(w->path, FS_TREE_OWN "/capture"))
			archive_write_data(a, "format 1\n", n = 9);
		else
			archive_write_data(a, zeros, n);
		left -= (int64_t) n;
	}
	archive_entry_free(e);
}

static void write_hostile(const char *path, const struct wanted_entry *entries, size_t n, unsigned times)
{
	struct archive *a = archive_write_new();
	const struct wanted_entry mark = { FS_TREE_OWN "/capture", AE_IFREG, NULL, 9 };

	archive_write_set_format_pax_restricted(a);
	archive_write_add_filter_zstd(a);
	assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
	add_entry(a, &mark);
	for (unsigned t = 0; t < times; t++) {
		for (size_t i = 0; i < n; i++) {
			struct wanted_entry e = entries[i];
			char name[96];

			text_print(name, sizeof(name), "%s", e.path);
			if (times > 1)
				text_print(name, sizeof(name), "%s%u", e.path, t);
			e.path = name;
			add_entry(a, &e);
		}
	}
	archive_write_close(a);
	archive_write_free(a);
}

static void refused(const char *path, const char *word)
{
	struct err err = { 0 };
	struct fs fs;

	assert_true(capture_open(&fs, path, &err) < 0);
	if (!strstr(err.text, word))
		fail_msg("\"%s\" does not say \"%s\"", err.text, word);
}

static void hostile_entries(void **state)
{
	static const struct {
		struct wanted_entry e[2];
		size_t n;
		unsigned times;
		const char *word;
	} cases[] = {
		{ .e = { { "../../etc/passwd", AE_IFREG, NULL, 5 } }, .n = 1, .times = 1, .word = "no name inside" },
		{ .e = { { "a", AE_IFREG, NULL, 5 }, { "b", AE_IFREG, "a", 0 } }, .n = 2, .times = 1, .word = "no name inside" },
		{ .e = { { "a", AE_IFREG, NULL, 5 }, { "./a", AE_IFREG, NULL, 5 } }, .n = 2, .times = 1, .word = "twice" },
		{ .e = { { "big", AE_IFREG, NULL, 9 << 20 } }, .n = 1, .times = 1, .word = "larger" },
		{ .e = { { "bomb", AE_IFREG, NULL, 7 << 20 } }, .n = 1, .times = 8, .word = "more than a capture" },
		{ .e = { { "many", AE_IFREG, NULL, 0 } }, .n = 1, .times = 400000, .word = "more than a capture" },
		{ .e = { { "l", AE_IFLNK, "/", 0 }, { "l/etc/x", AE_IFREG, NULL, 1 } },
		  .n = 2,
		  .times = 1,
		  .word = "no name inside" },
	};
	AUTO_FREE char *path = xprintf("%s/hostile.tar.zst", work);

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		write_hostile(path, cases[i].e, cases[i].n, cases[i].times);
		refused(path, cases[i].word);
	}
}

/* Devices, pipes and links that lead out are data: nothing is opened through them. */
static void harmless_entries(void **state)
{
	static const struct wanted_entry entries[] = {
		{ "dev/kvm", AE_IFCHR, NULL, 0 },
		{ "proc/cmdline", AE_IFIFO, NULL, 0 },
		{ "etc", AE_IFLNK, "/../../../../../etc", 0 },
		{ "proc/version", AE_IFLNK, "../../../../../../proc/version", 0 },
	};
	AUTO_FREE char *path = xprintf("%s/harmless.tar.zst", work);
	char buf[64];
	struct fs fs;

	(void) state;
	write_hostile(path, entries, ARRAY_SIZE(entries), 1);
	open_or_fail(&fs, path);
	assert_true(fs_exists(&fs, "dev/kvm"));
	assert_int_equal(fs_read(&fs, "dev/kvm", buf, sizeof(buf)), -ENXIO);
	assert_int_equal(fs_read(&fs, "proc/cmdline", buf, sizeof(buf)), -ENXIO);
	assert_int_equal(fs_read(&fs, "etc/passwd", buf, sizeof(buf)), -ELOOP);
	assert_int_equal(fs_read(&fs, "proc/version", buf, sizeof(buf)), -ELOOP);
	fs_close(&fs);
}

static void put_file(const char *path, const char *data, size_t len)
{
	struct err err = { 0 };

	if (file_write_atomic(path, data, len, 0644, &err) < 0)
		fail_msg("%s", err.text);
}

static void no_captures(void **state)
{
	AUTO_FREE char *path = xprintf("%s/no.tar.zst", work), *good = xprintf("%s/good.tar.zst", work), *data = NULL;
	struct capture_sum sum;
	struct err err = { 0 };
	struct fs fs;
	size_t len;

	(void) state;
	refused("/nonexistent/x", "No such file");
	refused("/dev/null", "neither a folder nor");
	put_file(path, "", 0);
	refused(path, "no capture");
	put_file(path, "hello, this is no archive at all, is it\n", 40);
	refused(path, "no capture");
	big_open(&big_hosts[4], &fs);
	if (capture_write(&fs, good, false, &sum, &err) < 0)
		fail_msg("%s", err.text);
	fs_close(&fs);
	if (file_read_all(good, 1 << 24, &data, &len, &err) < 0)
		fail_msg("%s", err.text);
	/* cut short anywhere, it is refused, not half believed */
	for (size_t cut = 5; cut < len; cut += len / 7) {
		put_file(path, data, cut);
		refused(path, "no");
	}
}

static void other_formats(void **state)
{
	static const struct wanted_entry entries[] = { { "proc/stat", AE_IFREG, NULL, 3 } };
	AUTO_FREE char *path = xprintf("%s/f.tar.zst", work), *dir = xprintf("%s/folder", work);
	AUTO_FREE char *own = xprintf("%s/.vlat", dir), *mark = xprintf("%s/capture", own);
	struct archive *a = archive_write_new();

	(void) state;
	archive_write_set_format_pax_restricted(a);
	assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
	add_entry(a, &entries[0]);
	archive_write_close(a);
	archive_write_free(a);
	refused(path, "vlat capture makes one");
	assert_int_equal(mkdir(dir, 0755), 0);
	assert_int_equal(mkdir(own, 0755), 0);
	put_file(mark, "format 9\n", 9);
	refused(dir, "format 9");
	put_file(mark, "something\n", 10);
	refused(dir, "does not begin with a format");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_machine_we_run_on), cmocka_unit_test(a_big_machine),
		cmocka_unit_test(errors_and_answers),    cmocka_unit_test(nothing_private_is_left),
		cmocka_unit_test(hostile_entries),       cmocka_unit_test(harmless_entries),
		cmocka_unit_test(no_captures),           cmocka_unit_test(other_formats),
	};

	return cmocka_run_group_tests(tests, make_work, drop_work);
}
