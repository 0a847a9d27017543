/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/spawn.h"
#include "base/text.h"

#define LONG_NS (20 * NS_PER_S) /* far more than anything here takes, far less than for ever */

static struct argv words(const char *const *w)
{
	struct argv a = { 0 };

	argv_add_all(&a, w);
	return a;
}
#define WORDS(...) words((const char *const[]){ __VA_ARGS__, NULL })

/* Run, and give what it wrote; it must have exited with the code. */
static char *output_of(struct argv a, const struct spawn_opts *o, int code)
{
	struct run_result r = { 0 };
	struct err err = { 0 };
	char *out;

	if (run(&r, &a, o, LONG_NS, &err) < 0)
		fail_msg("%s", err.text);
	assert_false(r.end.signalled);
	assert_int_equal(r.end.code, code);
	out = TAKE(r.out);
	run_result_free(&r);
	argv_free(&a);
	return out;
}

static void argv_prints_as_a_shell_needs_it(void **state)
{
	struct argv a = WORDS("qemu", "-name", "a b", "", "it's", "x=1,y=/z");
	AUTO_FREE char *text = NULL;

	(void) state;
	argv_addf(&a, "%d%%", 5);
	text = argv_text(&a);
	assert_string_equal(text, "qemu -name 'a b' '' 'it'\\''s' x=1,y=/z 5%");
	assert_int_equal(a.n, 7);
	assert_null(a.at[7]);
	argv_free(&a);
}

static void collects_output_and_end(void **state)
{
	struct argv a = WORDS("sh", "-c", "echo out; echo err >&2; exit 3");
	struct run_result r = { 0 };
	struct err err = { 0 };
	char text[64];

	(void) state;
	assert_int_equal(run(&r, &a, NULL, LONG_NS, &err), 0);
	assert_string_equal(r.out, "out\n");
	assert_string_equal(r.err, "err\n");
	assert_string_equal(child_end_text(r.end, text, sizeof(text)), "exit status 3");
	run_result_free(&r);
	argv_free(&a);
}

static void death_by_signal_is_no_exit_code(void **state)
{
	struct argv a = WORDS("sh", "-c", "kill -KILL $$");
	struct run_result r = { 0 };
	struct err err = { 0 };
	char text[64];

	(void) state;
	assert_int_equal(run(&r, &a, NULL, LONG_NS, &err), 0);
	assert_true(r.end.signalled);
	assert_string_equal(child_end_text(r.end, text, sizeof(text)), "killed by SIGKILL");
	run_result_free(&r);
	argv_free(&a);
}

static void failures_before_exec_are_errors(void **state)
{
	struct spawn_opts o = SPAWN_OPTS_INIT;
	struct argv none = WORDS("no-such-program-anywhere"), dir = WORDS("/etc"), text = WORDS("/etc/passwd"),
		    yes = WORDS("true");
	struct child c = CHILD_INIT;
	struct err err = { 0 };

	(void) state;
	assert_int_equal(spawn(&c, &none, &o, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no-such-program-anywhere"));
	assert_int_equal(spawn(&c, &dir, &o, &err), -EISDIR);
	assert_non_null(strstr(err.text, "/etc: it is a folder"));
	assert_int_equal(spawn(&c, &text, &o, &err), -EACCES);
	o.chdir = "/no/such";
	assert_int_equal(spawn(&c, &yes, &o, &err), -ENOENT);
	assert_non_null(strstr(err.text, "folder"));
	o.chdir = NULL;
	o.netns_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(spawn(&c, &yes, &o, &err), -EINVAL);
	assert_non_null(strstr(err.text, "network namespace"));
	assert_int_equal(c.pid, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombie of a failed start */
	close(o.netns_fd);
	argv_free(&none);
	argv_free(&dir);
	argv_free(&text);
	argv_free(&yes);
}

static void an_output_without_reader_does_not_block(void **state)
{
	/* 3 MiB, of which one is kept. */
	AUTO_FREE char *out = output_of(WORDS("head", "-c", "3145728", "/dev/zero"), NULL, 0);

	(void) state;
	assert_non_null(out);
}

static void a_daemon_left_behind_does_not_hold_us(void **state)
{
	AUTO_FREE char *out = output_of(WORDS("sh", "-c", "sleep 1000 & echo $!"), NULL, 0);
	uint64_t pid;

	(void) state;
	assert_int_equal(text_u64(text_trim(out), &pid), 0);
	assert_int_equal(kill((pid_t) pid, SIGKILL), 0); /* it lives, with our pipe in its hands */
}

static void too_long_is_stopped(void **state)
{
	struct argv a = WORDS("sleep", "1000");
	struct run_result r = { 0 };
	struct err err = { 0 };

	(void) state;
	assert_int_equal(run(&r, &a, NULL, 50 * NS_PER_MS, &err), -ETIME);
	assert_non_null(strstr(err.text, "sleep 1000"));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	argv_free(&a);
}

/*
 * As signal(sig, SIG_DFL), but also for the two that the C library keeps to
 * itself and refuses (32, 33): some parents ignore them, and exec passes that on.
 */
static void forget_signal(int sig)
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		uint64_t mask;
	} act = { .handler = SIG_DFL };

	syscall(SYS_rt_sigaction, sig, &act, NULL, sizeof(act.mask));
}

static void the_child_is_clean(void **state)
{
	/*
	 * Signals: vlat ignores SIGPIPE and may block others; a child must not inherit that, but what vlat's parent ignored.
	 * Files: none but the three.
	 */
	static const char script[] = "grep -E '^Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd | wc -l";
	AUTO_CLOSE int stray = open("/dev/null", O_RDONLY), kept = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct spawn_opts o = SPAWN_OPTS_INIT;
	AUTO_FREE char *out = NULL, *with = NULL;
	sigset_t set, old;

	(void) state;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	for (int sig = 1; sig < NSIG; sig++)
		forget_signal(sig); /* whatever the test was started with */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	out = output_of(WORDS("sh", "-c", script), &o, 0);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	/* 0, 1, 2 and the folder that ls itself reads. */
	assert_string_equal(out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000001\n4\n");
	o.keep_fds = &kept;
	o.n_keep_fds = 1;
	with = output_of(WORDS("sh", "-c", "ls /proc/self/fd | wc -l"), &o, 0);
	assert_string_equal(with, "5\n");
	(void) stray;
}

static void standard_fds_may_be_crossed(void **state)
{
	struct argv a = WORDS("sh", "-c", "echo to-out; echo to-err >&2");
	struct spawn_opts o = SPAWN_OPTS_INIT;
	struct child c = CHILD_INIT;
	struct child_end end;
	struct err err = { 0 };
	int saved[2] = { dup(1), dup(2) }, one[2], two[2], r;
	char buf[32] = "";

	(void) state;
	assert_int_equal(pipe(one) | pipe(two), 0);
	dup2(one[1], 1);
	dup2(two[1], 2);
	o.out = 2; /* swapped */
	o.err = 1;
	r = spawn(&c, &a, &o, &err);
	dup2(saved[0], 1);
	dup2(saved[1], 2);
	assert_int_equal(r, 0);
	assert_int_equal(child_wait(&c, clock_ns() + LONG_NS, &end), 0);
	assert_int_equal(read(one[0], buf, sizeof(buf)), 7);
	assert_memory_equal(buf, "to-err\n", 7);
	for (int i = 0; i < 2; i++) {
		close(saved[i]);
		close(one[i]);
		close(two[i]);
	}
	argv_free(&a);
}

static void environment_and_mark(void **state)
{
	static const char *const env[] = { "A=1", "VLAT_RUN=old", NULL };
	struct spawn_opts o = SPAWN_OPTS_INIT;
	AUTO_FREE char *both = NULL, *inherited = NULL;

	(void) state;
	o.mark = "VLAT_RUN=1m4k2a";
	setenv("UNIT_SPAWN", "seen", 1);
	inherited = output_of(WORDS("sh", "-c", "echo $VLAT_RUN $UNIT_SPAWN"), &o, 0);
	assert_string_equal(inherited, "1m4k2a seen\n");
	o.env = env;
	both = output_of(WORDS("env"), &o, 0);
	assert_string_equal(both, "VLAT_RUN=1m4k2a\nA=1\n");
}

static void affinity_folder_session(void **state)
{
	struct spawn_opts o = SPAWN_OPTS_INIT;
	struct cpuset mine, one;
	AUTO_FREE char *out = NULL;
	char expect[64], list[16];

	(void) state;
	assert_int_equal(cpuset_get_affinity(0, &mine), 0);
	one = cpuset_one((unsigned) cpuset_last(&mine));
	o.affinity = &one;
	o.chdir = "/proc";
	o.new_session = true;
	out = output_of(WORDS("sh", "-c",
			      "pwd; grep Cpus_allowed_list /proc/self/status; "
			      "read -r pid x y z pgrp sid rest </proc/$$/stat; test $pid = $sid && echo leader"),
			&o, 0);
	snprintf(expect, sizeof(expect), "/proc\nCpus_allowed_list:\t%s\nleader\n", cpuset_list(&one, list, sizeof(list)));
	assert_string_equal(out, expect);
}

static void stops_a_deaf_child(void **state)
{
	struct argv a = WORDS("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done");
	struct spawn_opts o = SPAWN_OPTS_INIT;
	struct child c = CHILD_INIT;
	struct err err = { 0 };
	int fds[2];
	char byte;

	(void) state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	o.out = fds[1];
	assert_int_equal(spawn(&c, &a, &o, &err), 0);
	assert_int_equal(read(fds[0], &byte, 1), 1); /* it is deaf from here on */
	assert_true(child_alive(&c));
	assert_int_equal(child_wait(&c, clock_ns() + NS_PER_MS, NULL), -ETIME);
	child_stop(&c, 20 * NS_PER_MS);
	assert_int_equal(c.pid, 0);
	assert_false(child_alive(&c));
	assert_int_equal(child_kill(&c, SIGTERM), -ESRCH);
	child_stop(&c, NS_PER_S); /* an empty child is fine */
	assert_int_equal(child_wait(&c, 0, NULL), -ECHILD);
	close(fds[0]);
	close(fds[1]);
	argv_free(&a);
}

static void start_time_is_an_identity(void **state)
{
	struct argv a = WORDS("sleep", "1000");
	struct child c = CHILD_INIT;
	struct err err = { 0 };
	uint64_t now, mine;
	pid_t pid;

	(void) state;
	assert_int_equal(spawn(&c, &a, NULL, &err), 0);
	assert_int_equal(process_start_time(c.pid, &now), 0);
	assert_int_equal(process_start_time(getpid(), &mine), 0);
	assert_true(now == c.start_time && now >= mine && mine > 0);
	pid = c.pid;
	child_stop(&c, LONG_NS);
	assert_int_equal(process_start_time(pid, &now), -ESRCH);
	argv_free(&a);
}

/* A parent that is killed at once after it told us its child's pid. */
static void dies(int (*prepare)(void *arg))
{
	int fds[2];
	pid_t middle, leaf = 0;
	struct pollfd p;

	assert_int_equal(pipe(fds), 0);
	middle = fork();
	if (middle == 0) {
		struct spawn_opts o = SPAWN_OPTS_INIT;
		struct argv a = WORDS("sleep", "1000");
		struct child c = CHILD_INIT;
		struct err err = { 0 };

		o.die_with_parent = true;
		o.prepare = prepare;
		o.out = fds[1]; /* open as long as the leaf lives */
		if (spawn(&c, &a, &o, &err) < 0 || write(fds[1], &c.pid, sizeof(c.pid)) < 0)
			_exit(1);
		raise(SIGKILL);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &leaf, sizeof(leaf)), sizeof(leaf));
	waitpid(middle, NULL, 0);
	p = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	assert_int_equal(poll(&p, 1, 20000), 1);
	assert_int_equal(read(fds[0], &leaf, 1), 0); /* end of file: nobody holds it any more */
	close(fds[0]);
}

static void dies_with_its_parent(void **state)
{
	(void) state;
	dies(NULL);
}

static int become_nobody(void *arg)
{
	(void) arg;
	return syscall(SYS_setresuid, 65534, 65534, 65534) < 0 ? -errno : 0;
}

/* The kernel forgets the tie when the user changes: it has to be tied again. */
static void dies_with_its_parent_as_another_user(void **state)
{
	(void) state;
	if (geteuid() != 0) {
		print_message("skipped: only root can become somebody else\n");
		skip();
	}
	dies(become_nobody);
}

static int refuse(void *arg)
{
	return *(const int *) arg;
}

static void what_prepare_refuses_is_not_started(void **state)
{
	struct spawn_opts o = SPAWN_OPTS_INIT;
	struct argv a = WORDS("true");
	struct child c = CHILD_INIT;
	struct err err = { 0 };
	int code = -EACCES;

	(void) state;
	o.prepare = refuse;
	o.prepare_arg = &code;
	assert_int_equal(spawn(&c, &a, &o, &err), -EACCES);
	assert_non_null(strstr(err.text, "could not prepare it"));
	assert_int_equal(c.pid, 0);
	code = 0;
	free(output_of(WORDS("true"), &o, 0));
	argv_free(&a);
}

static void enters_namespaces(void **state)
{
	struct spawn_opts o = SPAWN_OPTS_INIT;
	AUTO_FREE char *name = NULL, *hidden = NULL;
	char expect[64];
	struct stat st;
	AUTO_CLOSE int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	(void) state;
	if (unshare(CLONE_NEWNET) < 0) {
		print_message("skipped: cannot make a network namespace: %s\n", strerror(errno));
		skip();
	}
	o.netns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	assert_int_equal(fstat(o.netns_fd, &st), 0);
	snprintf(expect, sizeof(expect), "net:[%llu]\n", (unsigned long long) st.st_ino);
	name = output_of(WORDS("readlink", "/proc/self/ns/net"), &o, 0);
	assert_string_equal(name, expect);
	o.hide_unified_cgroup = true;
	hidden = output_of(WORDS("grep", "-c", " /sys/fs/cgroup/unified ", "/proc/self/mountinfo"), &o, 1);
	assert_string_equal(hidden, "0\n");
	close(o.netns_fd);
}

/* Each bad end is told with the words of the program and what it complained of; a silent one without a loose colon. */
static void a_program_that_must_end_well(void **state)
{
	static const struct {
		const char *script;
		int code;
		const char *says;
	} cases[] = {
		{ "exit 0", 0, "" },
		{ "echo said; echo the disk is gone >&2; exit 3", -EIO, "exit status 3: the disk is gone" },
		{ "exit 4", -EIO, "exit status 4" },
		{ "kill -9 $$", -EIO, "SIGKILL" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(argv_free) struct argv a = WORDS("sh", "-c", cases[i].script);
		struct err err = { 0 };

		assert_int_equal(run_well(&a, NULL, LONG_NS, &err), cases[i].code);
		assert_true(text_ends(err.text, cases[i].says));
		assert_true(cases[i].code == 0 || text_starts(err.text, "sh -c"));
	}
}

/* Room for no descriptor more than the pipe by which the child reports. */
static struct rlimit two_descriptors_left(void)
{
	struct rlimit old, few;
	int first, next;

	do {
		first = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
		assert_true(first >= 0);
		next = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
		close(next);
	} while (next != first + 1); /* those between are kept filled */
	close(first);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = (struct rlimit){ .rlim_cur = (rlim_t) first + 2, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	return old;
}

/* Before it has its descriptors a child has nothing else to tell by, and silence is success. */
static void want_of_descriptors_is_told(void **state)
{
	AUTO(argv_free) struct argv a = WORDS("true");
	struct spawn_opts o = SPAWN_OPTS_INIT;
	struct child c = CHILD_INIT;
	struct err err = { 0 };
	struct rlimit old = two_descriptors_left();
	int r = spawn(&c, &a, &o, &err);

	(void) state;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(r, -EMFILE);
	assert_non_null(strstr(err.text, "Too many open files"));
}

static void finds_programs(void **state)
{
	char buf[256], tiny[4];

	(void) state;
	assert_int_equal(program_find("sh", buf, sizeof(buf)), 0);
	assert_true(text_ends(buf, "/sh"));
	assert_int_equal(program_find("sh", tiny, sizeof(tiny)), -ENOENT);
	assert_int_equal(program_find("", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(program_find("/bin/sh", buf, sizeof(buf)), 0);
	assert_int_equal(program_find("./nothing", buf, sizeof(buf)), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(argv_prints_as_a_shell_needs_it),
		cmocka_unit_test(collects_output_and_end),
		cmocka_unit_test(death_by_signal_is_no_exit_code),
		cmocka_unit_test(failures_before_exec_are_errors),
		cmocka_unit_test(an_output_without_reader_does_not_block),
		cmocka_unit_test(a_daemon_left_behind_does_not_hold_us),
		cmocka_unit_test(too_long_is_stopped),
		cmocka_unit_test(the_child_is_clean),
		cmocka_unit_test(standard_fds_may_be_crossed),
		cmocka_unit_test(environment_and_mark),
		cmocka_unit_test(affinity_folder_session),
		cmocka_unit_test(stops_a_deaf_child),
		cmocka_unit_test(start_time_is_an_identity),
		cmocka_unit_test(dies_with_its_parent),
		cmocka_unit_test(dies_with_its_parent_as_another_user),
		cmocka_unit_test(what_prepare_refuses_is_not_started),
		cmocka_unit_test(enters_namespaces),
		cmocka_unit_test(a_program_that_must_end_well),
		cmocka_unit_test(want_of_descriptors_is_told),
		cmocka_unit_test(finds_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
