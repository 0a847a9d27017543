/* SPDX-License-Identifier: Apache-2.0 */
/* vlat console - the serial console of a running virtual machine, in this terminal. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/stop.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/table.h"
#include "cmd/term.h"
#include "run/registry.h"

#define ESCAPE 0x1d /* Ctrl-] */

struct console_cfg {
	const char *name;
};

static const struct console_cfg console_defaults = { .name = NULL };

static const struct option_row console_args[] = {
	OPT_STR(struct console_cfg, name, .name = "NAME", .help = "a virtual machine, as vlat ps shows it"),
};

static const struct example console_examples[] = {
	{ .line = "vlat console db", .what = "the console of 'db'; Ctrl-] leaves it" },
};

static int find_socket(const char *name, struct run_record *ret, struct err *err)
{
	int r = registry_find(name, ret, err);

	if (r < 0)
		return r;
	if (ret->kind != RUN_VM)
		return err_set(err, -EINVAL, "'%s' is a %s: only virtual machines have a console", name,
			       run_kind_name(ret->kind));
	if (ret->state == RUN_DEAD)
		return err_set(err, -EUCLEAN, "the vlat that ran '%s' was killed: `vlat revert` cleans up after it", name);
	if (!ret->console[0])
		return err_set(err, -EAGAIN, "'%s' has no console yet: it is being started", name);
	return 0;
}

static int connect_to(const char *path, struct err *err)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(err, -errno, "no socket");
	if (text_print(a.sun_path, sizeof(a.sun_path), "%s", path))
		return err_set(err, -ENAMETOOLONG, "%s is too long a name for a socket", path);
	if (connect(fd, (struct sockaddr *) &a, sizeof(a)) < 0)
		return err_sys(err, -errno, "cannot reach the console %s", path);
	return TAKE_FD(fd);
}

/* Every key goes to the guest as it is typed, Ctrl-C too. */
static bool go_raw(struct termios *saved)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, saved) < 0)
		return false;
	raw = *saved;
	cfmakeraw(&raw);
	return tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static bool put(int fd, const char *data, ssize_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, data, (size_t) n);

		if (done < 0 && errno != EINTR)
			return false;
		if (done > 0) {
			data += done;
			n -= done;
		}
	}
	return true;
}

/* What was typed; false = leave.  The end of input leaves the guest's words to come. */
static bool from_keyboard(int fd, struct pollfd *in, bool tty)
{
	char buf[512];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));
	const char *escape = n > 0 && tty ? memchr(buf, ESCAPE, (size_t) n) : NULL;

	if (n <= 0) {
		in->fd = -1;
		return !tty;
	}
	return put(fd, buf, escape ? escape - buf : n) && !escape;
}

static void relay(int fd, bool tty)
{
	struct pollfd p[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
		{ .fd = stop_fd(), .events = POLLIN },
	};
	char buf[4096];

	while (!stop_wanted()) {
		if (poll(p, ARRAY_SIZE(p), -1) < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		if (p[1].revents) {
			ssize_t n = read(fd, buf, sizeof(buf));

			if (n <= 0 || !put(STDOUT_FILENO, buf, n))
				return;
		}
		if (p[0].revents && !from_keyboard(fd, &p[0], tty))
			return;
	}
}

static int run_console(const struct call *call)
{
	const struct console_cfg *cfg = call->config;
	struct run_record rec;
	struct termios saved;
	struct err err = { 0 };
	AUTO_CLOSE int fd = -1;
	bool tty;

	if (find_socket(cfg->name, &rec, &err) < 0)
		return cmd_fail(&err);
	fd = connect_to(rec.console, &err);
	if (fd < 0)
		return cmd_fail(&err);
	tty = go_raw(&saved);
	if (tty && !call->common->quiet)
		term_say(PAINT_DIM, "vlat:", "connected; Ctrl-] leaves the console, Return may wake it\r");
	relay(fd, tty);
	if (tty)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	return stop_wanted() ? EXIT_INTERRUPTED : EXIT_OK;
}

const struct command cmd_console = {
	.name = "console",
	.brief = "the serial console of a VM that vlat runs",
	.text = "Connects this terminal with the serial console of a virtual machine that 'vlat run vm' has started. Every key "
		"goes to the guest; Ctrl-] leaves. Where standard input is no terminal it is sent to the guest, and what the "
		"guest says is printed until the machine ends. One at a time can be connected.",
	ROWS(args, console_args),
	ROWS(examples, console_examples),
	CONFIG(console_defaults),
	.run = run_console,
};
