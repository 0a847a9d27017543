/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/arrival.h"

#include <string.h>

#include "base/cursor.h"
#include "base/text.h"
#include "host/pci.h"
#include "journal/device.h"
#include "keep/identity.h"

#define US_PER_S 1000000u

/* What a setting is about; each may be missing. */
struct device {
	char address[PCI_ADDRESS_MAX]; /* "" = none */
	char netdev[32];               /* "" = none */
	uint64_t irq;
	bool has_irq;
};

static bool seen_line(void *arg, const char *line)
{
	uint64_t *us = arg;

	return !(take_text(&line, "I:") && take_u64(&line, us));
}

/* udev's clock stands still while the machine sleeps: what seems to have come later has. */
static bool came_since(const struct author *a, const char *record)
{
	char path[96];
	uint64_t us = 0;

	if (!a->since_s || !a->boot_s || text_print(path, sizeof(path), "run/udev/data/%s", record) ||
	    fs_lines(a->fs, path, seen_line, &us) < 0)
		return false;
	return us && a->boot_s + (int64_t) (us / US_PER_S) > a->since_s;
}

static void find_owner(const struct fs *fs, struct device *d)
{
	struct fs_names names;

	if (fs_list(fs, "sys/bus/pci/devices", &names) < 0)
		return;
	for (size_t i = 0; i < names.n && !d->address[0]; i++)
		if (card_has_interrupt(fs, names.at[i], d->irq))
			text_print(d->address, sizeof(d->address), "%s", names.at[i]);
	fs_list_free(&names);
}

/* "network card eth0 (0000:00:03.0)", "/sys/class/net/eth0/threaded", "/proc/irq/36/smp_affinity" */
static bool find_device(const struct fs *fs, const char *what, struct device *ret)
{
	struct device d = { 0 };
	struct err ignored = { 0 };

	if (take_text(&what, "network card ")) {
		text_print(d.netdev, sizeof(d.netdev), "%.*s", (int) strcspn(what, " "), what);
		what += strcspn(what, "(");
		if (take_text(&what, "("))
			text_print(d.address, sizeof(d.address), "%.*s", (int) strcspn(what, ")"), what);
	} else if (take_text(&what, "/sys/class/net/")) {
		text_print(d.netdev, sizeof(d.netdev), "%.*s", (int) strcspn(what, "/"), what);
		if (pci_of_netdev(fs, d.netdev, d.address, &ignored) < 0)
			d.address[0] = '\0';
	} else if (take_text(&what, "/proc/irq/") && take_u64(&what, &d.irq)) {
		d.has_irq = true;
		find_owner(fs, &d);
		if (!d.address[0] || !device_netdev(fs, d.address, d.netdev, sizeof(d.netdev)))
			d.netdev[0] = '\0';
	} else {
		return false;
	}
	*ret = d;
	return true;
}

static bool netdev_came(const struct author *a, const char *netdev)
{
	char path[64], record[32];
	uint64_t index;

	return netdev[0] && !text_print(path, sizeof(path), "sys/class/net/%s/ifindex", netdev) &&
	       fs_read_u64(a->fs, path, &index) == 0 &&
	       !text_print(record, sizeof(record), "n%llu", (unsigned long long) index) && came_since(a, record);
}

static bool address_came(const struct author *a, const char *address)
{
	char record[48];

	return address[0] && !text_print(record, sizeof(record), "+pci:%s", address) && came_since(a, record);
}

/* Threads of interrupts are there on kernels with PREEMPT_RT or threadirqs: "irq/36-eth0-rx-0". */
static bool thread_came(const struct author *a, uint64_t irq)
{
	char start[32];

	text_print(start, sizeof(start), "irq/%llu-", (unsigned long long) irq);
	for (size_t i = 0; i < a->names.n; i++)
		if (text_starts(a->names.at[i].comm, start))
			return author_started_after(a, a->names.at[i].pid);
	return false;
}

bool arrival_guess(const struct author *a, const char *what, char *buf, size_t cap)
{
	struct device d;

	if (!find_device(a->fs, what, &d))
		return false;
	if (address_came(a, d.address))
		text_print(buf, cap, "probably the kernel: the device at %s was removed and came back after the tuning",
			   d.address);
	else if (netdev_came(a, d.netdev))
		text_print(buf, cap, "probably the kernel: the driver of %s was loaded, or bound to it, again after the tuning",
			   d.netdev);
	else if (d.has_irq && thread_came(a, d.irq))
		text_print(buf, cap,
			   "probably the kernel: interrupt %llu was asked for anew after the tuning (a driver that was loaded "
			   "again, an interface that went down and up)",
			   (unsigned long long) d.irq);
	else
		return false;
	return true;
}
