/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap - a tap device as a fd.  The device belongs to the namespace in which
 * /dev/net/tun was opened and, not being persistent, dies with the last copy
 * of the fd: whoever is killed leaves none.  Documentation/networking/tuntap.
 *
 * Several queues are several fds of one link.  The kernel spreads flows over
 * those that the guest's driver has switched on.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"
#include "net/link.h"
#include "net/netns.h"

struct tap {
	const char *name;
	int *fds;
	unsigned queues, made;
};

static int open_queue(struct tap *tap, struct err *err)
{
	const int several = tap->queues > 1 ? IFF_MULTI_QUEUE : 0;
	struct ifreq req = { .ifr_flags = (short) (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | several) };
	AUTO_CLOSE int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		return err_set(err, -errno, "no /dev/net/tun: the kernel lacks the driver for taps (try: modprobe tun)");
	if (fd < 0)
		return err_sys(err, -errno, "cannot open /dev/net/tun");
	if (text_print(req.ifr_name, sizeof(req.ifr_name), "%s", tap->name))
		return err_set(err, -ENAMETOOLONG, "\"%.64s\" is too long for the name of a link", tap->name);
	if (ioctl(fd, TUNSETIFF, &req) < 0)
		return err_sys(err, -errno, "cannot make queue %u of the tap %s", tap->made, tap->name);
	tap->fds[tap->made++] = TAKE_FD(fd);
	return 0;
}

static int make_here(void *arg, struct err *err)
{
	struct tap *tap = arg;
	int r = 0;

	while (r == 0 && tap->made < tap->queues)
		r = open_queue(tap, err);
	return r;
}

int tap_make(int ns_fd, const char *name, int *ret_fds, unsigned queues, struct err *err)
{
	struct tap tap = { .name = name, .fds = ret_fds, .queues = queues };
	int r = netns_run(ns_fd, make_here, &tap, err);

	while (r < 0 && tap.made > 0) {
		close(ret_fds[--tap.made]);
		ret_fds[tap.made] = -1;
	}
	return r;
}

/* Of all queues that the link could have the kernel shows those that are in use: rx-0 .. rx-N. */
static int count_here(void *arg, struct err *err)
{
	struct fs_names names = { 0 };
	struct fs fs = { .root = -1 };
	struct tap *tap = arg;
	char path[64];
	int r = netns_own_sysfs(err);

	if (r == 0)
		r = fs_open_root(&fs, "/", err);
	if (r < 0)
		return r;
	text_print(path, sizeof(path), "sys/class/net/%s/queues", tap->name);
	r = fs_list(&fs, path, &names);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		tap->made += text_starts(names.at[i], "rx-");
	fs_list_free(&names);
	fs_close(&fs);
	return r < 0 ? err_sys(err, r, "cannot look at the queues of the tap %s", tap->name) : 0;
}

int tap_queues(int ns_fd, const char *name, unsigned *ret, struct err *err)
{
	struct tap tap = { .name = name };
	int r = netns_run(ns_fd, count_here, &tap, err);

	if (r == 0)
		*ret = tap.made;
	return r;
}
