/* SPDX-License-Identifier: Apache-2.0 */
/* Machines that change while they are read, that hold garbage, that are as large as a capture may be: read, or refused in words.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../hosts/tree.h"
#include "audit/audit.h"
#include "base/fs_tree.h"
#include "capture/capture.h"
#include "host/facts.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

/* All that inspect and audit do with a machine; a failure comes with a sentence. */
static bool look(const struct fs *fs, unsigned role)
{
	struct audit_options o = { .role = role_names[role % ROLE_COUNT] };
	struct machine_facts m;
	struct audit *a = NULL;
	struct err err = { 0 };
	json_t *j;
	int r = machine_facts_read(fs, &m, &err);

	if (r < 0) {
		assert_true(err.text[0] != '\0');
		return false;
	}
	j = machine_facts_json(&m);
	assert_non_null(j);
	json_decref(j);
	r = audit_make(&a, fs, &m, &o, &err);
	if (r < 0)
		assert_true(err.text[0] != '\0');
	audit_free(a);
	machine_facts_free(&m);
	return r == 0;
}

/* --- vanishing --- */

static const char *const restless[] = {
	"sys/devices/system/cpu/online",
	"sys/devices/system/cpu/cpu1/topology/thread_siblings_list",
	"sys/devices/system/node/node0/cpulist",
	"proc/cmdline",
	"proc/meminfo",
	"proc/cpuinfo",
	"proc/self/mountinfo",
	"proc/sys/vm/swappiness",
	"proc/sys/kernel/osrelease",
	"sys/kernel/mm/transparent_hugepage/enabled",
};

/* A file is gone, or a folder, or says something else; then it is as it was; the next time another one. */
static void change_one(const char *dir, unsigned turn, const char *was)
{
	const char *name = restless[turn % ARRAY_SIZE(restless)];
	AUTO_FREE char *path = xprintf("%s/%s", dir, name);

	switch (turn / ARRAY_SIZE(restless) % 4) {
	case 0:
		unlink(path);
		break;
	case 1:
		unlink(path);
		mkdir(path, 0755);
		rmdir(path);
		break;
	case 2:
		tree_put(dir, name, "0-1\n0-1\n0 1 2 3 4 5 6 7 8 9\n");
		break;
	default:
		tree_put(dir, name, "7");
		break;
	}
	tree_put(dir, name, was);
}

static void change_for_ever(const char *dir)
{
	char *was[ARRAY_SIZE(restless)];
	struct err err = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < ARRAY_SIZE(restless); i++) {
		AUTO_FREE char *path = xprintf("%s/%s", dir, restless[i]);

		if (file_read_all(path, 1 << 20, &was[i], NULL, &err) < 0)
			_exit(1);
	}
	for (unsigned turn = 0;; turn++)
		change_one(dir, turn, was[turn % ARRAY_SIZE(restless)]);
}

static pid_t start_changing(const char *dir)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		change_for_ever(dir);
	return child;
}

static void files_that_vanish_and_change(void **state)
{
	unsigned read = 0, refused = 0;
	char dir[64], out[96];
	struct fs fs;
	pid_t child;

	(void) state;
	tree_open("two-cpu-vm", dir, &fs);
	text_print(out, sizeof(out), "%s.tar.zst", dir);
	child = start_changing(dir);
	for (unsigned i = 0; i < 40; i++) {
		struct capture_sum sum;
		struct err err = { 0 };
		struct fs recorded, again;

		fs_record(&recorded, &fs);
		*(look(&recorded, i) ? &read : &refused) += 1;
		if (capture_write(&recorded, out, i % 2, &sum, &err) < 0 || capture_open(&again, out, &err) < 0)
			fail_msg("%s", err.text);
		look(&again, i);
		fs_close(&again);
		fs_close(&recorded);
		look(&fs, i);
	}
	assert_int_equal(waitpid(child, NULL, WNOHANG), 0); /* it did change them all the time */
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	unlink(out);
	print_message("%u machines were read, %u refused, while their files changed\n", read, refused);
	tree_close(dir, &fs);
}

/* --- garbage --- */

#define TEXT(s)                                                                                                                  \
	{                                                                                                                        \
		s, sizeof(s) - 1                                                                                                 \
	}

static const struct {
	const char *text;
	size_t len;
} garbage[] = {
	TEXT(""),
	TEXT("garbage\n"),
	TEXT("\xff\xfe\x80\n"),
	TEXT("\0\0\0\n"),
	TEXT("-1\n"),
	TEXT("18446744073709551616\n"),
	TEXT("0-99999999999\n"),
	TEXT("9-3,,4-\n"),
	TEXT("ffffffff,ffffffff,ffffffff,ffffffff,ffffffff,ffffffff,ffffffff,ffffffff,ffffffff\n"),
	TEXT("[[a] b] %n%s%99999d\n"),
	TEXT("MemTotal: -1 kB\nprocessor : 4294967295\nName:\n1: 2 3\n"),
};

struct copying {
	struct fs_tree *to;
	size_t files, wanted;
	unsigned which; /* of the garbage */
};

static int copy_entry(void *arg, const struct fs_tree_entry *from)
{
	struct copying *c = arg;
	struct fs_tree_entry e = *from;

	if (e.kind == FS_FILE && !e.error && c->files++ == c->wanted) {
		e.data = garbage[c->which].text;
		e.len = garbage[c->which].len;
	}
	assert_int_equal(fs_tree_add(c->to, &e), 0);
	return 0;
}

/* The machine with one file spoilt; false when there are not so many files. */
static bool spoil(const struct fs *from, size_t file, unsigned which, struct fs *ret)
{
	struct copying c = { .to = fs_tree_new(), .wanted = file, .which = which };

	fs_of_tree(ret, c.to, "spoilt");
	assert_int_equal(fs_tree_walk(from->tree, copy_entry, &c), 0);
	return c.files > file;
}

static void garbage_in_any_file(void **state)
{
	char dir[64];
	struct fs fs, recorded;
	size_t refused = 0, file = 0;
	bool more = true;

	(void) state;
	tree_open("server-v2", dir, &fs);
	fs_record(&recorded, &fs);
	for (unsigned r = 0; r < ROLE_COUNT; r++)
		assert_true(look(&recorded, r));
	for (; more; file++) {
		/* a third of the garbage for each file, every role and every garbage in turn */
		for (unsigned g = (unsigned) file % 3; more && g < ARRAY_SIZE(garbage); g += 3) {
			struct fs spoilt;

			more = spoil(&recorded, file, g, &spoilt);
			refused += more && !look(&spoilt, (unsigned) file + g);
			fs_close(&spoilt);
		}
	}
	assert_true(file > 100);
	print_message("%zu files, one by one; %zu machines were refused\n", file, refused);
	fs_close(&recorded);
	tree_close(dir, &fs);
}

/* --- as large as can be --- */

#define MOST_KB (64 * 1024)

static char *big_text(const char *line, size_t len)
{
	char *text = xalloc(len + 1, 1);
	size_t n = strlen(line);

	for (size_t at = 0; at < len; at += n)
		memcpy(text + at, line, len - at < n ? len - at : n);
	return text;
}

/* Files that are parsed, each at its largest, until the tree takes no more. */
static void fill(struct fs_tree *t)
{
	static const struct {
		const char *path, *line;
	} rows[] = {
		{ "proc/interrupts", "  1: 1 2 3 4 5 6 7 8 9 10 IO-APIC 1-edge timer\n" },
		{ "proc/cpuinfo", "processor\t: 1\nmodel name\t: x\nflags\t\t: fpu\n" },
		{ "proc/self/mountinfo", "22 27 0:21 / /proc ro,relatime - proc proc ro\n" },
		{ "proc/cmdline", "isolcpus=1,2,3 " },
		{ "boot/config-6.1", "CONFIG_NO_HZ_FULL=y\n" },
	};
	struct fs_tree_entry online = {
		.path = "sys/devices/system/cpu/online", .kind = FS_FILE, .mode = 0644, .data = "0-3", .len = 3
	};
	struct fs_tree_entry release = {
		.path = "proc/sys/kernel/osrelease", .kind = FS_FILE, .mode = 0644, .data = "6.1", .len = 3
	};

	fs_tree_add(t, &online);
	fs_tree_add(t, &release);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_FREE char *text = big_text(rows[i].line, FS_TREE_FILE_MAX - 4096);
		struct fs_tree_entry e = {
			.path = rows[i].path, .kind = FS_FILE, .mode = 0644, .data = text, .len = FS_TREE_FILE_MAX - 4096
		};

		fs_tree_add(t, &e);
	}
}

static void write_largest(const char *path)
{
	struct capture_sum sum;
	struct err err = { 0 };
	struct fs fs;

	fs_of_tree(&fs, fs_tree_new(), "large");
	fill(fs.tree);
	if (capture_write(&fs, path, false, &sum, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(sum.bytes > 30 << 20);
	fs_close(&fs);
}

/* The child's own most; what it got from its parent by the fork counts as well. */
static void open_and_look(const char *path)
{
	struct rusage use;
	struct err err = { 0 };
	struct fs fs;

	if (capture_open(&fs, path, &err) < 0)
		_exit(2);
	look(&fs, 0);
	fs_close(&fs);
	getrusage(RUSAGE_SELF, &use);
	dprintf(STDOUT_FILENO, "the largest capture takes %ld MB\n", use.ru_maxrss / 1024);
	_exit(use.ru_maxrss > MOST_KB);
}

static void little_memory_for_the_largest(void **state)
{
	char path[64] = "/tmp/vlat-large-XXXXXX";
	int fd = mkstemp(path), status;
	pid_t child;

	(void) state;
#ifdef SANITIZED
	print_message("not tried: the sanitizer's own memory is more than what is measured\n");
	close(fd);
	unlink(path);
	skip();
#endif
	assert_true(fd >= 0);
	close(fd);
	child = fork(); /* so that the one who measures has not held what the one who writes held */
	if (child == 0) {
		write_largest(path);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	child = fork();
	if (child == 0)
		open_and_look(path);
	assert_int_equal(waitpid(child, &status, 0), child);
	unlink(path);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(little_memory_for_the_largest),
		cmocka_unit_test(files_that_vanish_and_change),
		cmocka_unit_test(garbage_in_any_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
