/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_tty - a container in a terminal: it has one of its own, keys and window
 * size reach it, and the caller's terminal is as it was after every end: by
 * itself, by SIGTERM of vlat, by SIGKILL of vlat.
 *
 *	run_tty VLAT AGENT TTY_INSIDE
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "e2e.h"
#include "program.h"

#define PATIENCE_NS (240 * NS_PER_S)

static const char *vlat_path;
static char rootfs[256];

struct terminal {
	int master, slave;
	pid_t vlat;
	struct termios before;
	char said[16384];
	size_t n;
};

static void become_vlat(const struct terminal *t)
{
	setsid();
	ioctl(t->slave, TIOCSCTTY, 0);
	for (int fd = 0; fd < 3; fd++)
		dup2(t->slave, fd);
	setenv("TERM", "vt-of-the-test", 1);
	execl(vlat_path, vlat_path, "run", "container", "--tuning", "none", "--grace", "1s", "--rootfs", rootfs, "--", "/inside",
	      (char *) NULL);
	_exit(99);
}

static void begin(struct terminal *t)
{
	struct winsize size = { .ws_row = 37, .ws_col = 91 };

	*t = (struct terminal){ .master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC) };
	check(t->master >= 0 && grantpt(t->master) == 0 && unlockpt(t->master) == 0);
	t->slave = open(ptsname(t->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	check(t->slave >= 0 && ioctl(t->master, TIOCSWINSZ, &size) == 0 && tcgetattr(t->slave, &t->before) == 0);
	t->vlat = fork();
	if (t->vlat == 0)
		become_vlat(t);
	check(t->vlat > 0);
}

/* Read until the words are there. */
static void await(struct terminal *t, const char *words)
{
	uint64_t deadline = clock_ns() + PATIENCE_NS;

	while (!strstr(t->said, words)) {
		struct pollfd p = { .fd = t->master, .events = POLLIN };
		ssize_t n = poll(&p, 1, 200) > 0 ? read(t->master, t->said + t->n, sizeof(t->said) - 1 - t->n) : 0;

		t->n += n > 0 ? (size_t) n : 0;
		if (clock_ns() < deadline && t->n + 1 < sizeof(t->said))
			continue;
		printf("FAILED: never said \"%s\", but:\n%s\n", words, t->said);
		exit(1);
	}
}

static void type(const struct terminal *t, const char *keys)
{
	check(write(t->master, keys, strlen(keys)) == (ssize_t) strlen(keys));
}

static int end_of(const struct terminal *t)
{
	int status;

	check(waitpid(t->vlat, &status, 0) == t->vlat);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool is_as_before(const struct terminal *t)
{
	struct termios now;

	check(tcgetattr(t->slave, &now) == 0);
	return now.c_iflag == t->before.c_iflag && now.c_oflag == t->before.c_oflag && now.c_lflag == t->before.c_lflag &&
	       now.c_cflag == t->before.c_cflag;
}

/* The guard of a killed vlat may be a moment behind it. */
static void expect_as_before(const struct terminal *t)
{
	for (int i = 0; i < 6000 && !is_as_before(t); i++)
		clock_sleep_ns(20 * NS_PER_MS);
	check(is_as_before(t));
}

static void finish(const struct terminal *t)
{
	struct said s;

	expect_as_before(t);
	close(t->slave);
	close(t->master);
	s = VLAT("revert");
	check(said_exit(&s, 0));
	said_free(&s);
	check(runs_left() == 0);
}

static void talk(void)
{
	struct winsize larger = { .ws_row = 50, .ws_col = 132 };
	struct terminal t;

	begin(&t);
	await(&t, "terminals 111 vt-of-the-test");
	await(&t, "begins 37x91");
	check(!is_as_before(&t)); /* raw */
	type(&t, "hello\r");
	await(&t, "typed <hello>");
	check(ioctl(t.master, TIOCSWINSZ, &larger) == 0);
	await(&t, "now 50x132");
	type(&t, "\003");
	await(&t, "interrupted");
	type(&t, "q\r");
	check(end_of(&t) == 5);
	finish(&t);
}

static void death(int sig)
{
	struct terminal t;

	begin(&t);
	await(&t, "begins 37x91");
	check(!is_as_before(&t));
	check(kill(t.vlat, sig) == 0);
	(void) end_of(&t);
	finish(&t);
}

/* Without a terminal there is none inside: what is piped comes through as it is. */
static void piped(void)
{
	struct said s = VLAT("run", "container", "--tuning", "none", "--rootfs", rootfs, "--", "/inside");

	check(said_has(&s, "terminals 000 none"));
	said_free(&s);
}

static void make_rootfs(const char *inside)
{
	AUTO_FREE char *data = NULL;
	struct err e = { 0 };
	char path[300];
	size_t len;

	text_print(rootfs, sizeof(rootfs), "%s/rootfs", getenv("VLAT_STATE"));
	text_print(path, sizeof(path), "%s/inside", rootfs);
	must(dir_make_all(rootfs, 0755, &e));
	must(file_read_all(inside, 16 << 20, &data, &len, &e));
	must(file_write_atomic(path, data, len, 0755, &e));
}

int main(int argc, char **argv)
{
	check(argc == 4);
	vlat_path = argv[1];
	program_is(argv[1]);
	e2e_begin("run_tty");
	check(setenv("VLAT_AGENT", argv[2], 1) == 0);
	make_rootfs(argv[3]);
	talk();
	death(SIGTERM);
	death(SIGHUP);
	death(SIGKILL);
	piped();
	check(dir_remove_all(rootfs) == 0);
	e2e_end();
	return 0;
}
