/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process 1 of the lab: modules, control line, root, job, end.
 *
 * The host may take the machine away at any time, as it does after EXIT: so
 * everything that has to survive is in the shared folders, whose writes go
 * through to the host, and they are unmounted before EXIT is sent.
 *
 * Messages go to the console; what stops the job goes to the person as FAIL.
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/text.h"
#include "wire.h"

#define PORTS     "/sys/class/virtio-ports"
#define APPEAR_NS (180 * NS_PER_S)
#define LATE_NS   (120 * NS_PER_S)
#define LEAVE_NS  (300 * NS_PER_S)

void init_say(const char *what, int code)
{
	printf("lab: %s%s%s\n", what, code ? ": " : "", code ? strerror(-code) : "");
	fflush(stdout);
}

static void mount_kernel(void)
{
	static const char *const mounts[][2] = { { "proc", "/proc" }, { "sysfs", "/sys" }, { "devtmpfs", "/dev" } };

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		mkdir(mounts[i][1], 0755);
		if (mount(mounts[i][0], mounts[i][1], mounts[i][0], MS_NOSUID, NULL) < 0 && errno != EBUSY)
			init_say(mounts[i][1], -errno);
	}
}

static void load(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST))
		init_say(path, -errno);
}

static void load_list(const char *list)
{
	char text[8192], line[256];
	const char *at = text;
	int fd = open(list, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0) {
		init_say(list, -errno);
		return;
	}
	text[n] = '\0';
	while (take_line(&at, line, sizeof(line)))
		load(line);
}

/* Beside the rest, as a process: loading is waiting for devices to answer. */
static pid_t load_late(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		load_list("/modules/late");
		_exit(0);
	}
	return pid;
}

static void wait_late(pid_t pid)
{
	uint64_t deadline = clock_ns() + LATE_NS;

	while (pid > 0 && waitpid(pid, NULL, WNOHANG) == 0 && clock_ns() < deadline)
		clock_sleep_ns(5 * NS_PER_MS);
}

static int try_port(const char *entry)
{
	char path[300], name[64] = "";
	AUTO_CLOSE int fd = -1;

	if (text_print(path, sizeof(path), PORTS "/%s/name", entry))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, name, sizeof(name) - 1) <= 0 || !text_eq(text_trim(name), LAB_PORT) ||
	    text_print(path, sizeof(path), "/dev/%s", entry))
		return -1;
	return open(path, O_RDWR | O_CLOEXEC);
}

static int open_port(void)
{
	uint64_t deadline = clock_ns() + APPEAR_NS;

	while (clock_ns() < deadline) {
		AUTO_DIR DIR *dir = opendir(PORTS);

		for (struct dirent *d; dir && (d = readdir(dir));) {
			int fd = d->d_name[0] == '.' ? -1 : try_port(d->d_name);

			if (fd >= 0)
				return fd;
		}
		clock_sleep_ns(5 * NS_PER_MS);
	}
	return -1;
}

/* A port whose other end is not open yet drops what is written. */
static void await_host(int port)
{
	uint64_t deadline = clock_ns() + APPEAR_NS;

	while (clock_ns() < deadline) {
		struct pollfd p = { .fd = port, .events = POLLOUT };

		if (poll(&p, 1, 0) >= 0 && !(p.revents & POLLHUP))
			return;
		clock_sleep_ns(5 * NS_PER_MS);
	}
}

void farewell_fail(struct farewell *ret, const char *what, int code)
{
	text_print(ret->data, sizeof(ret->data), "%s%s%s", what, code ? ": " : "", code ? strerror(-code) : "");
	ret->type = LAB_FAIL;
	ret->len = (uint32_t) strlen(ret->data);
	init_say(ret->data, 0);
}

static void work(int port, struct farewell *ret)
{
	struct job job = { 0 };
	const char *what = NULL;
	pid_t late = load_late();
	int r;

	await_host(port);
	frame_send(port, LAB_HELLO, NULL, 0);
	r = job_receive(port, &job);
	if (r < 0) {
		farewell_fail(ret, "the job did not arrive", r);
		return;
	}
	r = root_make(&job, &what);
	wait_late(late);
	if (r < 0)
		farewell_fail(ret, what, r);
	else
		job_run(port, &job, ret);
}

/*
 * The host ends the machine when it has read the last frame.  One was lost once, on a busy machine: it is sent until the host
 * has heard it, or nobody is there any more.
 */
static void say_farewell(int port, const struct farewell *f)
{
	uint64_t deadline = clock_ns() + LEAVE_NS;

	while (clock_ns() < deadline) {
		struct pollfd p = { .fd = port, .events = POLLOUT };

		if (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) && frame_send(port, f->type, f->data, f->len) < 0)
			init_say("the last frame could not be sent", 0);
		clock_sleep_ns(NS_PER_S);
	}
}

_Noreturn static void power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

int main(void)
{
	struct farewell last = { 0 };
	int port;

	mount_kernel();
	signal(SIGPIPE, SIG_IGN);
	load_list("/modules/early");
	port = open_port();
	if (port < 0) {
		init_say("no virtio port named " LAB_PORT " appeared", 0);
	} else {
		work(port, &last);
		sync();
		say_farewell(port, &last);
	}
	power_off();
}
