/* SPDX-License-Identifier: Apache-2.0 */
/* However a lab ends, nothing of it goes on: on time-out, Ctrl-C, SIGTERM, SIGKILL, a shell's exit; two at once do not meet. */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "lab_test.h"

#define LONGEST_NS (300 * NS_PER_S)
#define GONE_NS    (120 * NS_PER_S)

/* Every lab of this program is told apart from all others by a boot parameter. */
static char *word(const char *what)
{
	return xprintf("labtest.%s=%d", what, (int) getpid());
}

static bool gone(const char *mark)
{
	uint64_t deadline = clock_ns() + GONE_NS;

	while (lab_processes(mark) && clock_ns() < deadline)
		clock_sleep_ns(50 * NS_PER_MS);
	return lab_processes(mark) == 0;
}

static void await_text(const char *path, const char *text)
{
	uint64_t deadline = clock_ns() + LONGEST_NS;

	for (;;) {
		AUTO_FREE char *now = NULL;
		struct err e;

		if (file_read_all(path, 1 << 20, &now, NULL, &e) >= 0 && strstr(now, text))
			return;
		if (clock_ns() > deadline)
			printf("# %s holds: %.2000s\n", path, now ? now : "nothing");
		check(clock_ns() < deadline);
		clock_sleep_ns(100 * NS_PER_MS);
	}
}

/* The time includes the boot: one that is longer on this machine has told nothing about the command. */
static void test_timeout(void)
{
	static const char *const limits[][2] = { { "30s", "30 s" }, { "2m", "2 min" }, { "8m", "8 min" } };
	AUTO_FREE char *mark = word("timeout");
	struct lab_said s = { 0 };
	size_t i = 0;

	do {
		lab_said_free(&s);
		s = LAB("--cmdline", mark, "--timeout", limits[i][0], "--", "sh", "-c", "echo alive; sleep 1000");
		lab_exited(&s, 124);
		check(gone(mark));
	} while ((strstr(s.err, "not up within") || !*s.out) && ++i < ARRAY_SIZE(limits));
	check(i < ARRAY_SIZE(limits));
	lab_is(s.out, "alive\n");
	lab_has(s.err, "did not end within");
	lab_has(s.err, limits[i][1]);
	lab_said_free(&s);
}

static void test_timeout_in_boot(void)
{
	AUTO_FREE char *mark = word("early");
	struct lab_said s = LAB("--cmdline", mark, "--timeout", "1s", "--", "true");

	lab_exited(&s, 124);
	lab_has(s.err, "not up within 1 s");
	check(gone(mark));
	lab_said_free(&s);
}

static void test_signal(int sig, int code)
{
	AUTO_FREE char *mark = word(sigabbrev_np(sig)), *file = xprintf("%s/%d", lab_folder("signals"), sig);
	struct child c = LAB_START(file, "--cmdline", mark, "--", "sh", "-c", "echo running; sleep 1000");
	struct child_end end;

	await_text(file, "running");
	check(lab_processes(mark) == 2); /* vlat-lab and QEMU: the count below can tell */
	child_kill(&c, sig);
	check(child_wait(&c, clock_ns() + GONE_NS, &end) == 0);
	check(code ? !end.signalled && end.code == code : end.signalled && end.code == sig);
	check(gone(mark));
}

/* The kernel panics: no waiting for the time-out, and the person sees why. */
static void test_no_boot(void)
{
	struct lab_said s = LAB("--cmdline", "rdinit=/nonsense init=/nonsense", "--", "true");

	lab_exited(&s, 125);
	lab_has(s.err, "ended by itself");
	lab_has(s.err, "Kernel panic");
	lab_said_free(&s);

	s = LAB("--qemu", "-device no-such-device", "--", "true");
	lab_exited(&s, 125);
	lab_has(s.err, "QEMU ended");
	lab_has(s.err, "no-such-device");
	lab_said_free(&s);
}

/* A QEMU that aborts before anything was run in it is started once more. */
static void test_crash_in_boot(void)
{
	const char *folder = lab_folder("crash"), *const words[] = { "--", "no-such-command", NULL };
	AUTO_FREE char *script = xprintf("%s/qemu", folder), *env = xprintf("VLAT_LAB_QEMU=%s", script);
	AUTO_FREE char *text = xprintf("#!/bin/sh\ncase \"$*\" in *-kernel*) [ -e %s/once ] || { >%s/once; kill -ABRT $$; } ;; esac\n"
				       "exec qemu-system-x86_64 \"$@\"\n",
				       folder, folder);
	struct lab_said s;
	struct err err;

	check(file_write_atomic(script, text, strlen(text), 0755, &err) == 0);
	s = lab_words(words, env);
	lab_has(s.err, "booting once more");
	lab_exited(&s, 127);
	lab_has(s.err, "no-such-command");
	lab_said_free(&s);
}

/* Each sees only its own, both succeed, and neither is waited for by the other. */
static void test_two(void)
{
	AUTO_FREE char *one = xprintf("%s/one", lab_folder("two")), *two = xprintf("%s/two", lab_folder("two"));
	struct child a, b;
	struct child_end end;

	a = LAB_START(one, "--cmdline", "lab.number=1", "--", "sh", "-c", "echo up; cat /proc/cmdline; sleep 2; echo done");
	b = LAB_START(two, "--cmdline", "lab.number=2", "--", "sh", "-c", "echo up; cat /proc/cmdline; sleep 2; echo done");
	check(child_wait(&a, clock_ns() + LONGEST_NS, &end) == 0 && !end.signalled && end.code == 0);
	check(child_wait(&b, clock_ns() + LONGEST_NS, &end) == 0 && !end.signalled && end.code == 0);
	await_text(one, "lab.number=1");
	await_text(two, "lab.number=2");
}

/* What is there until now on the terminal, until it says `word`; false = it ended without. */
static bool hear(int terminal, char *text, size_t cap, const char *word)
{
	uint64_t deadline = clock_ns() + LONGEST_NS;

	for (;;) {
		struct pollfd p = { .fd = terminal, .events = POLLIN };
		size_t len = strlen(text);
		ssize_t n;

		if (strstr(text, word))
			return true;
		check(len + 1 < cap && poll(&p, 1, clock_left_ms(deadline)) > 0);
		n = read(terminal, text + len, cap - len - 1);
		if (n <= 0)
			return false; /* EIO: nobody is at its other end any more */
		text[len + (size_t) n] = '\0';
	}
}

static void type(int terminal, const char *text)
{
	check(write(terminal, text, strlen(text)) == (ssize_t) strlen(text));
}

/* lab/shell, as a person has it: a terminal of this one's size, what is typed arrives, and the exit code is the shell's. */
static void test_shell(void)
{
	struct winsize size = { .ws_row = 33, .ws_col = 77 };
	char text[16384] = "";
	int terminal, status;
	pid_t pid = forkpty(&terminal, NULL, NULL, &size);

	check(pid >= 0);
	if (pid == 0) {
		if (setenv("VLAT_LAB", lab_program(), 1) == 0 && setenv("SHELL", "/bin/sh", 1) == 0)
			execl(SOURCE_ROOT "/lab/shell", "shell", NULL);
		_exit(127);
	}
	if (!hear(terminal, text, sizeof(text), "# "))
		lab_failed(__FILE__, __LINE__, text);
	type(terminal, "until test \"$(stty size)\" = \"33 77\"; do sleep 0.2; done; echo si''zed; read a; echo he''ard $a; exit 9\r");
	check(hear(terminal, text, sizeof(text), "sized"));
	type(terminal, "a word\r");
	check(hear(terminal, text, sizeof(text), "heard a word"));
	while (hear(terminal, text, sizeof(text), "\001")) /* never said: to its end */
		;
	check(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 9);
	close(terminal);
}

static void test_interrupt(void)
{
	test_signal(SIGINT, 130);
}

static void test_terminate(void)
{
	test_signal(SIGTERM, 130);
}

static void test_kill(void)
{
	test_signal(SIGKILL, 0);
}

static const struct lab_test tests[] = {
	{ "timeout-in-boot", test_timeout_in_boot }, { "timeout", test_timeout }, { "interrupt", test_interrupt },
	{ "terminate", test_terminate },             { "kill", test_kill },       { "no-boot", test_no_boot },
	{ "crash-in-boot", test_crash_in_boot }, { "two", test_two },
	{ "shell", test_shell },
};

int main(int argc, char **argv)
{
	return lab_main(argc, argv, tests, ARRAY_SIZE(tests));
}
