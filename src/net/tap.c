/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap - a tap device as a fd.  The device belongs to the namespace in which
 * /dev/net/tun was opened and, not being persistent, dies with the last copy
 * of the fd: whoever is killed leaves none.  Documentation/networking/tuntap.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "net/link.h"
#include "net/netns.h"

struct tap {
	const char *name;
	int fd;
};

static int make_here(void *arg, struct err *err)
{
	struct tap *tap = arg;
	struct ifreq req = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	AUTO_CLOSE int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		return err_set(err, -errno, "no /dev/net/tun: the kernel lacks the driver for taps (try: modprobe tun)");
	if (fd < 0)
		return err_sys(err, -errno, "cannot open /dev/net/tun");
	if (text_print(req.ifr_name, sizeof(req.ifr_name), "%s", tap->name))
		return err_set(err, -ENAMETOOLONG, "\"%.64s\" is too long for the name of a link", tap->name);
	if (ioctl(fd, TUNSETIFF, &req) < 0)
		return err_sys(err, -errno, "cannot make the tap %s", tap->name);
	tap->fd = TAKE_FD(fd);
	return 0;
}

int tap_make(int ns_fd, const char *name, int *ret_fd, struct err *err)
{
	struct tap tap = { .name = name, .fd = -1 };
	int r = netns_run(ns_fd, make_here, &tap, err);

	if (r < 0)
		return r;
	*ret_fd = tap.fd;
	return 0;
}
