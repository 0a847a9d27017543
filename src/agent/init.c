/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init - theory of operation
 *
 * Process 1 must not end: the kernel panics.  So process 1 does little: it
 * mounts proc, sysfs and devtmpfs, loads the modules named in /modules/order,
 * starts a child that does the rest, reaps whatever dies, and turns the power
 * off when that child is gone, for whatever reason.  A crash of the agent is
 * then a machine that powers off, and vlat sees its control line end.
 *
 * The control line is the virtio-serial port named org.vlat.ctl.  Without udev
 * there is no /dev/virtio-ports; the name is in /sys/class/virtio-ports.
 * Nothing may be sent before the host has opened its end: it would be dropped.
 *
 * What goes wrong is printed on the console, where vlat looks for it.
 */
#include "agent/init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/measurement.h"
#include "agent/session.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/fs.h"
#include "base/text.h"
#include "workload/procfile.h"

#define PORT_NAME    "org.vlat.ctl"
#define PORTS        "/sys/class/virtio-ports"
#define APPEAR_NS    (20 * NS_PER_S)
#define CONNECT_NS   (60 * NS_PER_S)

static const struct {
	const char *type, *where;
} mounts[] = {
	{ .type = "proc", .where = "/proc" },
	{ .type = "sysfs", .where = "/sys" },
	{ .type = "devtmpfs", .where = "/dev" },
};

static void say(const char *what, int code)
{
	printf("vlat-agent: %s%s%s\n", what, code ? ": " : "", code ? strerror(-code) : "");
	fflush(stdout);
}

/* EBUSY: the kernel has mounted /dev already. */
static void mount_all(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		mkdir(mounts[i].where, 0755);
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, MS_NOSUID, NULL) < 0 && errno != EBUSY)
			say(mounts[i].where, -errno);
	}
}

static void console_open(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

static void module_load(const char *name)
{
	char path[512];
	AUTO_CLOSE int fd = -1;

	if (text_print(path, sizeof(path), "%s%s", *name == '/' ? "" : "/modules/", name))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		say(path, -errno);
	} else if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST) {
		int code = -errno;

		/* What the kernel calls ENOENT is a symbol that no module has brought yet. */
		say(path, code == -ENOENT ? 0 : code);
		if (code == -ENOENT)
			say("  it needs a module that is not above it in /modules/order", 0);
	}
}

static void modules_load(void)
{
	char text[16384], line[256];
	const char *at = text;

	if (procfile_read("/modules/order", text, sizeof(text)) < 0)
		return;
	while (take_line(&at, line, sizeof(line)))
		if (*line && *line != '#')
			module_load(line);
}

/* Is this entry of /sys/class/virtio-ports ours?  Then its device node is opened. */
static int port_try(const char *entry)
{
	char path[300], name[64];
	int n;

	if (text_print(path, sizeof(path), PORTS "/%s/name", entry))
		return -1;
	n = procfile_read(path, name, sizeof(name));
	if (n <= 0 || !text_eq(text_trim(name), PORT_NAME) || text_print(path, sizeof(path), "/dev/%s", entry))
		return -1;
	return open(path, O_RDWR | O_CLOEXEC);
}

static int port_find(void)
{
	AUTO_DIR DIR *dir = opendir(PORTS);
	const struct dirent *d;
	int fd = -1;

	while (dir && fd < 0 && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			fd = port_try(d->d_name);
	return fd;
}

static int port_open(void)
{
	uint64_t deadline = clock_ns() + APPEAR_NS;
	int fd;

	while ((fd = port_find()) < 0 && clock_ns() < deadline)
		clock_sleep_ns(10 * NS_PER_MS);
	return fd;
}

/* A port whose other end nobody has opened hangs up at once. */
static bool port_connected(int fd)
{
	uint64_t deadline = clock_ns() + CONNECT_NS;

	while (clock_ns() < deadline) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };

		if (poll(&p, 1, 0) >= 0 && !(p.revents & POLLHUP))
			return true;
		clock_sleep_ns(10 * NS_PER_MS);
	}
	return false;
}

static int control_open(void)
{
	int fd = port_open();

	if (fd < 0)
		say("no virtio-serial port named " PORT_NAME " appeared; are virtio_pci and virtio_console in /modules/order?",
		    0);
	else if (!port_connected(fd))
		say("nobody opened the other end of " PORT_NAME, 0);
	else
		return fd;
	return -1;
}

static int work(void)
{
	char clocksource[64];
	struct ticks ticks;
	struct session_opts opts = { .init = true, .ticks = &ticks, .clocksource = clocksource };
	struct err err;
	int r;

	procfile_clocksource(clocksource, sizeof(clocksource));
	ticks_init(&ticks, clocksource);
	opts.in = opts.out = control_open();
	r = opts.in < 0 ? -1 : measurement_signals(&err);
	if (opts.in < 0)
		return 1;
	if (r == 0)
		r = session_run(&opts, &err);
	if (r < 0)
		say(err.text, 0);
	return r < 0;
}

/* Reap everything; back when the worker is gone. */
static void worker_wait(pid_t worker)
{
	int status = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, 0)) != worker)
		if (pid < 0 && errno != EINTR)
			break;
	if (pid == worker && WIFSIGNALED(status))
		printf("vlat-agent: killed by signal %d\n", WTERMSIG(status));
}

_Noreturn static void power_off(void)
{
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	reboot((int) RB_HALT_SYSTEM);
	for (;;)
		pause();
}

_Noreturn void init_run(void)
{
	pid_t worker;

	mount_all();
	console_open();
	modules_load();
	worker = fork();
	if (worker == 0)
		_exit(work());
	if (worker < 0)
		say("fork", -errno);
	else
		worker_wait(worker);
	power_off();
}
