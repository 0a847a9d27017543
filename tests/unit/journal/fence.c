/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who reverts within a fence: what the journals name is undone, by the process
 * itself or by its hands; what they did not name when they were read is not.
 * Each test runs in a child, for a fence is for good.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/ids.h"
#include "base/spawn.h"
#include "base/text.h"
#include "journal/fence.h"
#include "journal/hands.h"

static char lab[64];

static char *in(const char *name)
{
	return xprintf("%s/%s", lab, name);
}

static void put(const char *name, const char *text)
{
	AUTO_FREE char *path = in(name);
	struct err err = { 0 };

	assert_int_equal(file_write_atomic(path, text, strlen(text), 0600, &err), 0);
}

static bool holds(const char *name, const char *want)
{
	AUTO_FREE char *text = NULL, *path = in(name);
	struct err err = { 0 };

	return file_read_all(path, 4096, &text, NULL, &err) == 0 && text_eq(text, want);
}

static bool is_there(const char *name)
{
	AUTO_FREE char *path = in(name);

	return access(path, F_OK) == 0;
}

static int set_up(void **state)
{
	AUTO_FREE char *st = NULL, *runs = NULL;

	(void) state;
	strcpy(lab, "/tmp/vlat-unit-XXXXXX");
	if (!mkdtemp(lab))
		return -1;
	st = in("state");
	runs = in("state/runs");
	put("knob", "after\n");
	put("other", "after\n");
	return setenv("VLAT_STATE", st, 1) || mkdir(st, 0700) || mkdir(runs, 0700);
}

static int tear_down(void **state)
{
	AUTO_FREE char *mounted = in("mounted");

	(void) state;
	umount2(mounted, MNT_DETACH);
	return dir_remove_all(lab);
}

/* A run whose owner is dead; each %s in the lines is the lab. */
static void dead_run(const char *id, const char *lines)
{
	AUTO_FREE char *dir = xprintf("%s/state/runs/%s", lab, id), *name = xprintf("state/runs/%s/journal", id);
	struct sink text = { 0 };
	struct err err = { 0 };
	char boot[BOOT_ID_CAP];

	assert_int_equal(boot_id_here(boot, &err), 0);
	sink_printf(&text, "{\"format\":1,\"run\":\"%s\",\"boot\":\"%s\",\"pid\":4194303,\"start\":1,\"why\":\"test\"}\n", id, boot);
	for (const char *at = lines, *hole; *at; at = hole) {
		hole = strstr(at, "%s");
		sink_printf(&text, "%.*s%s", (int) (hole ? hole - at : (ptrdiff_t) strlen(at)), at, hole ? lab : "");
		hole = hole ? hole + 2 : at + strlen(at);
	}
	assert_int_equal(mkdir(dir, 0700), 0);
	put(name, text.text);
	sink_free(&text);
}

#define CHECK(what)                                                                                                              \
	do {                                                                                                                     \
		if (!(what)) {                                                                                                   \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what);                                       \
			return 1;                                                                                                \
		}                                                                                                                \
	} while (0)

static void in_child(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int more(void *arg, char *text, size_t cap, struct err *err)
{
	(void) err;
	text_print(text, cap, "done outside");
	put(arg, "more\n"); /* outside of what the fence leaves open */
	return 7;
}

static bool may_write(const char *name)
{
	AUTO_FREE char *path = in(name);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0;
}

/* All runs; how many items ended so. */
static size_t revert(const struct revert_options *o, enum undo_state s)
{
	struct revert_report r = { 0 };
	struct err err = { 0 };
	size_t n = 0;

	if (journal_revert(o, &r, &err) < 0)
		return 99;
	for (size_t i = 0; i < r.n; i++)
		n += r.at[i].report.count[s];
	revert_report_free(&r);
	return n;
}

static const char knob_line[] =
	"{\"seq\":1,\"kind\":\"value\",\"form\":\"text\",\"path\":\"%s/knob\",\"before\":\"before\",\"after\":\"after\"}\n";

static int only_what_is_named(void)
{
	struct revert_options o = { .lasting = true };
	struct err err = { 0 };

	CHECK(revert_confine(&o, NULL, NULL, &err) == 0);
	CHECK(may_write("knob"));
	CHECK(!may_write("other") && errno == EACCES);
	CHECK(open("/etc/vlat-must-not-be", O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES);
	CHECK(open("/proc/sys/vm/swappiness", O_WRONLY) < 0 && errno == EACCES);
	CHECK(revert(&o, UNDO_DONE) == 1);
	CHECK(holds("knob", "before\n"));
	CHECK(!is_there("state/runs/aaa"));
	revert_confine_end(&o);
	return 0;
}

static void test_only_what_is_named(void **state)
{
	(void) state;
	dead_run("aaa", knob_line);
	in_child(only_what_is_named);
}

/* As if the parser had let them pass: forged once the journals were read. */
static int forged_later(void)
{
	struct revert_options o = { .lasting = true };
	struct err err = { 0 };

	CHECK(revert_confine(&o, NULL, NULL, &err) == 0);
	dead_run("bbb", "{\"seq\":1,\"kind\":\"value\",\"form\":\"text\",\"path\":\"%s/other\",\"before\":\"b\",\"after\":\"after\"}\n"
			"{\"seq\":2,\"kind\":\"file\",\"path\":\"%s/made\",\"before\":\"x\",\"owner\":\"0644 0 0\"}\n"
			"{\"seq\":3,\"kind\":\"folder\",\"path\":\"%s/empty\"}\n"
			"{\"seq\":4,\"kind\":\"tree\",\"path\":\"%s/vlat-tree\"}\n"
			"{\"seq\":5,\"kind\":\"mount\",\"path\":\"%s/mounted\"}\n"
			"{\"seq\":6,\"kind\":\"command\",\"argv\":[\"/bin/mkdir\",\"%s/by-program\"]}\n");
	CHECK(revert(&o, UNDO_FAILED) >= 6);
	CHECK(holds("other", "after\n"));
	CHECK(!is_there("made") && is_there("empty") && is_there("vlat-tree/file") && !is_there("by-program"));
	CHECK(is_there("state/runs/bbb"));
	revert_confine_end(&o);
	return 0;
}

/* And a revert that has read them undoes them all, within its fence: they were refused for nothing else. */
static int read_again(void)
{
	struct revert_options o = { .lasting = true };
	struct err err = { 0 };

	CHECK(revert_confine(&o, NULL, NULL, &err) == 0);
	CHECK(revert(&o, UNDO_FAILED) == 0);
	CHECK(holds("other", "b\n") && holds("made", "x"));
	CHECK(!is_there("empty") && !is_there("vlat-tree") && is_there("by-program"));
	CHECK(!is_there("state/runs/bbb"));
	revert_confine_end(&o);
	return 0;
}

static void test_forged_later(void **state)
{
	AUTO_FREE char *empty = in("empty"), *tree = in("vlat-tree"), *mounted = in("mounted");

	(void) state;
	assert_int_equal(mkdir(empty, 0700) | mkdir(tree, 0700) | mkdir(mounted, 0700), 0);
	put("vlat-tree/file", "x");
	in_child(forged_later);
	in_child(read_again);
}

/* Mounts are taken off, programs run, and more is done where there is no fence. */
static int by_its_hands(void)
{
	struct revert_options o = { .lasting = true };
	struct err err = { 0 };
	char text[64], name[] = "more";
	AUTO_FREE char *mounted = in("mounted");

	CHECK(revert_confine(&o, more, name, &err) == 0);
	CHECK(umount2(mounted, MNT_DETACH) < 0 && errno == EPERM);
	CHECK(revert(&o, UNDO_FAILED) == 0);
	CHECK(!is_there("mounted/in-it") && is_there("by-program") && !is_there("state/runs/ccc"));
	CHECK(!may_write("by-program"));
	CHECK(revert_do_more(&o, text, sizeof(text), &err) == 7);
	CHECK(text_eq(text, "done outside") && holds("more", "more\n"));
	revert_confine_end(&o);
	return 0;
}

static void test_by_its_hands(void **state)
{
	AUTO_FREE char *mounted = in("mounted");

	(void) state;
	assert_int_equal(mkdir(mounted, 0700), 0);
	assert_int_equal(mount("none", mounted, "tmpfs", 0, "size=64k"), 0);
	put("mounted/in-it", "x");
	dead_run("ccc", "{\"seq\":1,\"kind\":\"mount\",\"path\":\"%s/mounted\"}\n"
			"{\"seq\":2,\"kind\":\"command\",\"argv\":[\"/bin/touch\",\"%s/by-program\"]}\n");
	in_child(by_its_hands);
}

/* A process of the run, which nobody within the fence could know by its environment. */
static int ends_processes(void)
{
	struct revert_options o = { .lasting = true };
	struct spawn_opts opts = SPAWN_OPTS_INIT;
	struct argv argv = { 0 };
	struct child c = CHILD_INIT;
	struct err err = { 0 };

	argv_add(&argv, "sleep");
	argv_add(&argv, "600");
	opts.mark = "VLAT_RUN=ddd";
	CHECK(spawn(&c, &argv, &opts, &err) == 0);
	CHECK(revert_confine(&o, NULL, NULL, &err) == 0);
	CHECK(revert(&o, UNDO_FAILED) == 0);
	CHECK(!child_alive(&c));
	revert_confine_end(&o);
	argv_free(&argv);
	return 0;
}

static void test_ends_processes(void **state)
{
	(void) state;
	dead_run("ddd", knob_line);
	in_child(ends_processes);
}

/* Hands that were killed: what needs them stays for the next revert, the rest is undone. */
static int without_hands(void)
{
	struct revert_options o = { .lasting = true };
	struct err err = { 0 };

	CHECK(revert_confine(&o, NULL, NULL, &err) == 0);
	CHECK(kill(hands_pid(o.hands), SIGKILL) == 0);
	CHECK(revert(&o, UNDO_FAILED) >= 1);
	CHECK(holds("knob", "before\n") && !is_there("by-program") && is_there("state/runs/eee"));
	revert_confine_end(&o);
	return 0;
}

static void test_without_hands(void **state)
{
	(void) state;
	dead_run("eee", "{\"seq\":1,\"kind\":\"value\",\"form\":\"text\",\"path\":\"%s/knob\",\"before\":\"before\",\"after\":\"after\"}\n"
			"{\"seq\":2,\"kind\":\"command\",\"argv\":[\"/bin/touch\",\"%s/by-program\"]}\n");
	in_child(without_hands);
}

/* As on a kernel without it. */
static int no_landlock(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { .len = ARRAY_SIZE(code), .filter = code };
	struct revert_options o = { .lasting = true };
	struct err err = { 0 };

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
	CHECK(fence_missing() != NULL);
	CHECK(revert_confine(&o, NULL, NULL, &err) == -EOPNOTSUPP);
	CHECK(text_eq(err.text, fence_missing()) && !o.hands);
	CHECK(revert(&o, UNDO_DONE) == 1);
	CHECK(holds("knob", "before\n"));
	return 0;
}

static void test_no_landlock(void **state)
{
	(void) state;
	dead_run("fff", knob_line);
	in_child(no_landlock);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_only_what_is_named), T(test_forged_later),  T(test_by_its_hands),
		T(test_ends_processes),     T(test_without_hands), T(test_no_landlock),
	};

	if (fence_missing() || geteuid() != 0 || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		print_message("%s: not tried\n", fence_missing() ? fence_missing() : "a mount namespace of its own needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
