/* SPDX-License-Identifier: Apache-2.0 */
/*
 * macvtap - the character device of a macvtap that lives in a namespace.
 *
 * The kernel numbers these devices over all namespaces, but names the node
 * after the link's index, which is unique in its own namespace only: two
 * runs would both have a /dev/tap3, and the second none at all.  So the
 * number is read from the namespace's own sysfs and the node made by hand,
 * both in a mount namespace of the one thread that needs them; they end with
 * it, and nothing shows in the host's /dev.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/fs.h"
#include "base/text.h"
#include "net/link.h"
#include "net/netns.h"

#define NODE "/sys/tap"

struct macvtap {
	const char *name;
	int *fds;
	unsigned queues, opened;
};

static bool number_parse(const char *text, dev_t *ret)
{
	uint64_t major, minor;

	if (!take_u64(&text, &major) || !take_char(&text, ':') || !take_u64(&text, &minor) || major > 4095 || minor > 1048575)
		return false;
	*ret = makedev((unsigned) major, (unsigned) minor);
	return true;
}

/* /sys/class/net/NAME/macvtap/tapN/dev, and directly /sys/class/net/NAME/tapN/dev on older kernels. */
static bool find_number(const struct fs *fs, const char *folder, dev_t *ret)
{
	struct fs_names names = { 0 };
	bool found = false;
	char text[32];

	if (fs_list(fs, folder, &names) < 0)
		return false;
	for (size_t i = 0; i < names.n && !found; i++)
		found = text_starts(names.at[i], "tap") &&
			fs_readf(fs, text, sizeof(text), "%s/%s/dev", folder, names.at[i]) > 0 && number_parse(text, ret);
	fs_list_free(&names);
	return found;
}

static int read_number(const char *name, dev_t *ret, struct err *err)
{
	struct fs fs;
	char folder[96];
	bool found;
	int r = fs_open_root(&fs, "/", err);

	if (r < 0)
		return r;
	text_print(folder, sizeof(folder), "sys/class/net/%s/macvtap", name);
	found = find_number(&fs, folder, ret);
	if (!found) {
		text_print(folder, sizeof(folder), "sys/class/net/%s", name);
		found = find_number(&fs, folder, ret);
	}
	fs_close(&fs);
	return found ? 0 : err_set(err, -ENODEV, "the macvtap %s has no character device", name);
}

static int open_queue(struct macvtap *m, struct err *err)
{
	const int several = m->queues > 1 ? IFF_MULTI_QUEUE : 0;
	struct ifreq req = { .ifr_flags = (short) (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | several) };
	AUTO_CLOSE int fd = open(NODE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, -errno, "cannot open queue %u of the macvtap %s", m->opened, m->name);
	if (ioctl(fd, TUNSETIFF, &req) < 0)
		return err_sys(err, -errno, "cannot set up queue %u of the macvtap %s", m->opened, m->name);
	m->fds[m->opened++] = TAKE_FD(fd);
	return 0;
}

static int open_here(void *arg, struct err *err)
{
	struct macvtap *m = arg;
	dev_t number = 0;
	int r = netns_own_sysfs(err);

	if (r == 0)
		r = read_number(m->name, &number, err);
	if (r < 0)
		return r;
	if (mount("none", "/sys", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=700,size=64k") < 0 ||
	    mknod(NODE, S_IFCHR | 0600, number) < 0)
		return err_sys(err, -errno, "cannot make the device node of the macvtap %s", m->name);
	while (r == 0 && m->opened < m->queues)
		r = open_queue(m, err);
	return r;
}

int macvtap_open(int ns_fd, const char *name, int *ret_fds, unsigned queues, struct err *err)
{
	struct macvtap m = { .name = name, .fds = ret_fds, .queues = queues };
	int r = netns_run(ns_fd, open_here, &m, err);

	while (r < 0 && m.opened > 0) {
		close(ret_fds[--m.opened]);
		ret_fds[m.opened] = -1;
	}
	return r;
}

int vhost_net_open(int *ret_fd, struct err *err)
{
	int fd = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		return err_set(err, -ENODEV,
			       "no /dev/vhost-net: the kernel lacks the driver, or it is not loaded: modprobe vhost_net");
	if (fd < 0)
		return err_sys(err, -errno, "cannot open /dev/vhost-net");
	*ret_fd = fd;
	return 0;
}
