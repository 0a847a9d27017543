/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One tuning at a time on a host.  Two would see each other's values as what
 * was there before, and the first to revert would take the other's away.
 *
 * The lease is a name in the kernel (an abstract socket): it goes with its
 * holder, however that ends, and leaves no file.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "tune/internal.h"

#define WAIT_NS (60 * NS_PER_S)
#define LOOK_NS (50 * NS_PER_MS)

static int try_bind(int fd)
{
	static const char name[] = "vlat-tuning";
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + sizeof(name));

	memcpy(a.sun_path + 1, name, sizeof(name) - 1);
	return bind(fd, (struct sockaddr *) &a, len) < 0 ? -errno : 0;
}

int lease_take(int *ret_fd, struct err *err)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	uint64_t deadline = clock_ns() + WAIT_NS;
	bool told = false;
	int r;

	if (fd < 0)
		return err_sys(err, -errno, "no socket for the tuning lease");
	while ((r = try_bind(fd)) == -EADDRINUSE) {
		if (!told)
			log_note("another vlat is tuning this host: waiting for it");
		told = true;
		if (clock_ns() > deadline)
			return err_set(
				err, -EBUSY,
				"another vlat is tuning this host (it holds the socket @vlat-tuning): wait until it has ended");
		if (stop_sleep(LOOK_NS) < 0)
			return err_set(err, -EINTR, "interrupted while waiting for another vlat to end its tuning");
	}
	if (r < 0)
		return err_sys(err, r, "cannot take the tuning lease");
	*ret_fd = TAKE_FD(fd);
	return 0;
}
