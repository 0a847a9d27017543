/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device - how a PCI device changes hands, and why it sometimes must not.
 *
 * Taking a device from vfio-pci, or removing a virtual function, waits in the
 * kernel until the last user has let go of it, and a process that waits there
 * cannot be killed.  So whoever comes here looks first whether somebody has
 * the IOMMU group open, by opening it himself: a group can be opened once only
 * (drivers/vfio/group.c), by way of /dev/vfio/devices too, and users in other
 * pid namespaces count.  Who it is, the links in /proc/PID/fd may tell.
 */
#include "journal/device.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

#define DEVICES   "sys/bus/pci/devices"
#define RETURN_NS (20 * NS_PER_S) /* a namespace that ends gives its devices back in a worker of the kernel */

static bool link_name(const struct fs *fs, const char *path, char *buf, size_t cap)
{
	char target[512];
	const char *slash;

	if (fs_readlink(fs, path, target, sizeof(target)) < 0)
		return false;
	slash = strrchr(target, '/');
	return !text_print(buf, cap, "%s", slash ? slash + 1 : target);
}

void device_driver(const struct fs *fs, const char *address, char *buf, size_t cap)
{
	char path[128];

	text_print(path, sizeof(path), DEVICES "/%s/driver", address);
	if (!link_name(fs, path, buf, cap))
		buf[0] = '\0';
}

int device_group(const struct fs *fs, const char *address)
{
	char path[128], name[32];
	uint64_t nr;

	text_print(path, sizeof(path), DEVICES "/%s/iommu_group", address);
	return link_name(fs, path, name, sizeof(name)) && text_u64(name, &nr) == 0 && nr < INT32_MAX ? (int) nr : -1;
}

static bool holds_open(const struct fs *fs, const char *pid, const char *node)
{
	struct fs_names fds = { 0 };
	char path[96], target[256];
	bool found = false;

	text_print(path, sizeof(path), "proc/%s/fd", pid);
	if (fs_list(fs, path, &fds) < 0)
		return false;
	for (size_t i = 0; i < fds.n && !found; i++) {
		text_print(path, sizeof(path), "proc/%s/fd/%s", pid, fds.at[i]);
		found = fs_readlink(fs, path, target, sizeof(target)) > 0 && text_eq(target, node);
	}
	fs_list_free(&fds);
	return found;
}

static bool find_holder(const struct fs *fs, const char *node, char *buf, size_t cap)
{
	struct fs_names pids = { 0 };
	bool found = false;
	uint64_t pid;

	if (fs_list(fs, "proc", &pids) < 0)
		return false;
	for (size_t i = 0; i < pids.n && !found; i++) {
		char comm[64] = "?";

		if (text_u64(pids.at[i], &pid) < 0 || !holds_open(fs, pids.at[i], node))
			continue;
		(void) fs_readf(fs, comm, sizeof(comm), "proc/%s/comm", pids.at[i]);
		text_print(buf, cap, "process %s (%s)", pids.at[i], comm);
		found = true;
	}
	fs_list_free(&pids);
	return found;
}

/* Whether somebody has the group open, found out by opening it; -1 = that cannot be told from here. */
static int is_open(const struct fs *fs, unsigned group, const char *node)
{
	AUTO_CLOSE int fd = -1;

	if (!fs->live)
		return -1;
	if (!fs_existsf(fs, "sys/class/vfio/%u", group))
		return 0; /* vfio has nothing of this group, so there is nothing to open */
	fd = open(node, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return 0;
	return errno == EBUSY ? 1 : -1;
}

/* All links of all processes are many: they are read for the name of a user that is there, or where nothing else tells. */
bool device_group_user(const struct fs *fs, unsigned group, char *buf, size_t cap)
{
	char node[32];
	int used;

	text_print(node, sizeof(node), "/dev/vfio/%u", group);
	used = is_open(fs, group, node);
	if (used == 0)
		return false;
	if (find_holder(fs, node, buf, cap))
		return true;
	text_print(buf, cap, "a process that is not to be seen from here");
	return used == 1;
}

static int write_to(const struct fs *fs, const char *address, const char *file, const char *text, struct err *err)
{
	char path[128];
	int r;

	text_print(path, sizeof(path), DEVICES "/%s/%s", address, file);
	r = fs_write(fs, path, text);
	return r < 0 ? err_sys(err, r, "cannot write \"%s\" to /%s", text[0] == '\n' ? "" : text, path) : 0;
}

static int refuse_open_group(const struct fs *fs, const char *address, struct err *err)
{
	int group = device_group(fs, address);
	char user[128];

	if (group < 0 || !device_group_user(fs, (unsigned) group, user, sizeof(user)))
		return 0;
	return err_set(err, -EBUSY, "%s is in use: its IOMMU group %d is open in %s; end that first", address, group, user);
}

static int take_back(const struct fs *fs, const char *address, struct err *err)
{
	char now[64];
	int r = 0;

	device_driver(fs, address, now, sizeof(now));
	if (text_starts(now, "vfio"))
		r = refuse_open_group(fs, address, err);
	if (r < 0 || !now[0])
		return r;
	r = write_to(fs, address, "driver/unbind", address, err);
	return r < 0 ? err_in(err, "taking %s from its driver %s", address, now) : 0;
}

/* "\n" alone clears the override; "" would be no write at all. */
int device_give(const struct fs *fs, const char *address, const char *driver, struct err *err)
{
	char now[64];
	int r;

	r = take_back(fs, address, err);
	if (r < 0)
		return r;
	r = write_to(fs, address, "driver_override", driver && driver[0] ? driver : "\n", err);
	if (r < 0 || (driver && !driver[0]))
		return r;
	r = fs_write(fs, "sys/bus/pci/drivers_probe", address);
	if (r < 0)
		return err_sys(err, r, "cannot have a driver looked for that takes %s", address);
	device_driver(fs, address, now, sizeof(now));
	if (driver ? text_eq(now, driver) : now[0] != '\0')
		return 0;
	if (driver)
		return err_set(err, -ENODEV, "%s was not taken by %s; its driver is %s (dmesg says more)", address, driver,
			       now[0] ? now : "none");
	return err_set(err, -ENODEV,
		       "no driver of this kernel has taken %s: load the one it asks for, with "
		       "modprobe $(cat /sys/bus/pci/devices/%s/modalias)",
		       address, address);
}

int device_lease(const struct fs *fs, const char *address, int *ret_fd, struct err *err)
{
	char path[96];
	AUTO_CLOSE int fd = -1;

	text_print(path, sizeof(path), DEVICES "/%s", address);
	fd = fs_open(fs, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return err_sys(err, fd, "cannot open /%s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, -EBUSY, "%s is in use by another run of vlat (vlat ps lists them)", address);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static bool first_in(const struct fs *fs, const char *folder, const char *start, char *buf, size_t cap)
{
	struct fs_names names = { 0 };
	bool found = false;

	if (fs_list(fs, folder, &names) < 0)
		return false;
	for (size_t i = 0; i < names.n && !found; i++)
		found = text_starts(names.at[i], start) && !text_print(buf, cap, "%s", names.at[i]);
	fs_list_free(&names);
	return found;
}

/* A virtio card's netdev lies one level deeper, below the virtio device. */
bool device_netdev(const struct fs *fs, const char *address, char *buf, size_t cap)
{
	char path[160], virtio[32];

	text_print(path, sizeof(path), DEVICES "/%s/net", address);
	if (first_in(fs, path, "", buf, cap))
		return true;
	text_print(path, sizeof(path), DEVICES "/%s", address);
	if (!first_in(fs, path, "virtio", virtio, sizeof(virtio)))
		return false;
	text_print(path, sizeof(path), DEVICES "/%s/%s/net", address, virtio);
	return first_in(fs, path, "", buf, cap);
}

bool device_await_netdev(const struct fs *fs, const char *address, char *buf, size_t cap, uint64_t timeout_ns)
{
	uint64_t deadline = clock_ns() + timeout_ns;

	while (!device_netdev(fs, address, buf, cap)) {
		if (clock_ns() >= deadline)
			return false;
		clock_sleep_ns(10 * NS_PER_MS);
	}
	return true;
}

/* A network driver has it, but this namespace does not see its netdev: it was moved. */
static bool is_elsewhere(const struct fs *fs, const char *address, uint64_t timeout_ns)
{
	char driver[64], netdev[32];

	device_driver(fs, address, driver, sizeof(driver));
	return driver[0] && !text_starts(driver, "vfio") && !text_eq(driver, "pci-stub") &&
	       !device_await_netdev(fs, address, netdev, sizeof(netdev), timeout_ns);
}

static bool is_used(const struct fs *fs, const char *address, char *buf, size_t cap)
{
	AUTO_CLOSE int lease = -1;
	int group = device_group(fs, address);
	char user[128];

	if (device_lease(fs, address, &lease, NULL) == -EBUSY) {
		text_print(buf, cap, "%s, by another run of vlat", address);
		return true;
	}
	if (group >= 0 && device_group_user(fs, (unsigned) group, user, sizeof(user))) {
		text_print(buf, cap, "%s, by %s", address, user);
		return true;
	}
	if (!is_elsewhere(fs, address, fs->live ? RETURN_NS : 0))
		return false;
	text_print(buf, cap, "%s, in another network namespace", address);
	return true;
}

bool device_vf_user(const struct fs *fs, const char *pf, char *buf, size_t cap)
{
	char path[128], address[32];

	for (unsigned i = 0;; i++) {
		text_print(path, sizeof(path), DEVICES "/%s/virtfn%u", pf, i);
		if (!link_name(fs, path, address, sizeof(address)))
			return false;
		if (is_used(fs, address, buf, cap))
			return true;
	}
}

/* What each refusal of the kernel means here: drivers/pci/iov.c and the drivers' sriov_configure(). */
static int explain_vfs(int code, const char *pf, unsigned n, struct err *err)
{
	switch (code) {
	case -ENOENT:
		return err_set(err, code,
			       "%s cannot make virtual functions: its driver offers none (is the network driver of the card "
			       "loaded, and bound to it?)",
			       pf);
	case -ERANGE:
		return err_set(err, code, "%s cannot make %u virtual functions: that is more than it has (sriov_totalvfs)", pf,
			       n);
	case -EBUSY:
		return err_set(err, code, "%s has virtual functions already: their number can only be changed by way of 0", pf);
	case -ENOMEM:
	case -ENOSPC:
		return err_set(
			err, code,
			"%s cannot make %u virtual functions: the firmware has left no memory window or bus number "
			"for them: switch on \"SR-IOV\" and \"Above 4G decoding\" there, or boot with pci=realloc,assign-busses",
			pf, n);
	default:
		return err_sys(err, code, "%s cannot be given %u virtual functions", pf, n);
	}
}

int device_set_vfs(const struct fs *fs, const char *pf, unsigned n, struct err *err)
{
	char path[128], text[16], used[192];
	uint64_t now;
	int r;

	if (n == 0 && device_vf_user(fs, pf, used, sizeof(used)))
		return err_set(err, -EBUSY, "the virtual functions of %s cannot be removed while one is in use (%s)", pf, used);
	text_print(path, sizeof(path), DEVICES "/%s/sriov_numvfs", pf);
	text_print(text, sizeof(text), "%u", n);
	r = fs_write(fs, path, text);
	if (r < 0)
		return explain_vfs(r, pf, n, err);
	r = fs_read_u64(fs, path, &now);
	if (r < 0)
		return err_sys(err, r, "cannot read /%s", path);
	if (now != n)
		return err_set(err, -EPROTO, "%s was asked for %u virtual functions and has %llu", pf, n,
			       (unsigned long long) now);
	return 0;
}
