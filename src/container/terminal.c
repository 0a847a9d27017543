/* SPDX-License-Identifier: Apache-2.0 */
/*
 * terminal - a container's own terminal: the runtime makes it inside, where
 * /dev/pts is the container's, and hands its near end out through a socket.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "container/bundle.h"

#define HANDED_NS (60 * NS_PER_S) /* the runtime has ended by then: it is there, or never comes */

int terminal_listen(const struct container *c, char path[108], struct err *err)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(err, -errno, "no socket for a terminal");
	if (text_print(a.sun_path, sizeof(a.sun_path), "%s/tty", c->bundle))
		return err_set(err, -ENAMETOOLONG,
			       "the run's folder %.60s... has too long a name for the socket of a terminal: set VLAT_STATE to a "
			       "shorter one",
			       c->bundle);
	if (bind(fd, (struct sockaddr *) &a, sizeof(a)) < 0 || listen(fd, 1) < 0)
		return err_sys(err, -errno, "cannot listen on %s", a.sun_path);
	memcpy(path, a.sun_path, sizeof(a.sun_path));
	return TAKE_FD(fd);
}

static int receive_fd(int from)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char name[256];
	struct iovec io = { .iov_base = name, .iov_len = sizeof(name) };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	const struct cmsghdr *c;
	int fd;

	if (recvmsg(from, &m, MSG_CMSG_CLOEXEC) < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(int)))
		return -EPROTO;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

int terminal_take(const struct container *c, int listening, const struct container_user *user, struct err *err)
{
	const struct winsize size = { .ws_row = user->rows, .ws_col = user->columns };
	struct pollfd p = { .fd = listening, .events = POLLIN };
	AUTO_CLOSE int from = -1;
	int fd;

	if (poll(&p, 1, clock_left_ms(clock_ns() + HANDED_NS)) <= 0)
		return err_set(err, -EPROTO, "%s made no terminal for the container", c->runtime.name);
	from = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	fd = from < 0 ? -errno : receive_fd(from);
	if (fd >= 0 && ioctl(fd, TIOCSWINSZ, &size) < 0) {
		int code = -errno;

		close(fd);
		fd = code;
	}
	return fd < 0 ? err_sys(err, fd, "the terminal of the container, from %s", c->runtime.name) : fd;
}
